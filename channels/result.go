package channels

import "time"

// Result is how one attempt to send ended.
type Result struct {
	Class      Class
	ProviderID string        // of Accepted: the provider's id of the part
	Code       string        // of all others: the provider's or our own, such as "131047", "label-too-long", "timeout"
	RetryAfter time.Duration // the provider's or the code's own wait; 0: the sender's backoff
	// Tries is how often this part may be tried in all because of this code; 0: as often as its class allows.
	Tries int
	// Known are identities of the person that the answer names. They are aliases: what was there is not replaced.
	Known []Identity
}

// Class says what to do about a send. Each calls for one behaviour, whatever the channel and its codes.
type Class uint8

const (
	NoClass Class = iota
	// Accepted: the provider has it. What becomes of it is told by Status, if at all.
	Accepted
	// UnknownOutcome: it may have been accepted. Wait for a Status with our id, then try once more and count it.
	UnknownOutcome
	// Retry: nothing was sent, try again with backoff.
	Retry
	// PairThrottled: this person has had too many; others go on.
	PairThrottled
	// SenderThrottled: the account sends too fast; all of it waits.
	SenderThrottled
	// Suspended: the provider holds the account back for how it is used: pause what nobody asked for, alert.
	Suspended
	// OutsideWindow: only a template may go now, else the part waits for the person's next message.
	OutsideWindow
	// Unreachable: this person cannot be reached here. Never again with this part; another channel may do.
	Unreachable
	// Forbidden: the account may not write to people of this person's country. As Unreachable, and an operator is told.
	Forbidden
	// Stopped: the person wants no more of it: record the opt-out.
	Stopped
	// PersonChanged: the phone may be in other hands: hold it and alert whoever works on the case.
	PersonChanged
	// RequestBug: the request itself is wrong. Never again; alert the makers.
	RequestBug
	// TemplateUnusable: missing, paused, or not as it was approved: the part waits, alert.
	TemplateUnusable
	// MediaUnusable: the file was not taken: tried again a time or two, then alert.
	MediaUnusable
	// Unauthorized: the channel stops with its queue kept, until an operator gives a new token or permission.
	Unauthorized
	// AccountBlocked: as Unauthorized, for payment, terms, name or registration.
	AccountBlocked
	// Restricted: the provider has locked or restricted the account for integrity: stop and page, never loop.
	Restricted
)

var classes = [...]string{NoClass: "none", Accepted: "accepted", UnknownOutcome: "unknown-outcome", Retry: "retry",
	PairThrottled: "pair-throttled", SenderThrottled: "sender-throttled", Suspended: "suspended", OutsideWindow: "outside-window",
	Unreachable: "unreachable", Forbidden: "forbidden", Stopped: "stopped", PersonChanged: "person-changed", RequestBug: "request-bug",
	TemplateUnusable: "template-unusable", MediaUnusable: "media-unusable", Unauthorized: "unauthorized",
	AccountBlocked: "account-blocked", Restricted: "restricted"}

// String is a stable word for figures and logs.
func (c Class) String() string {
	if int(c) < len(classes) {
		return classes[c]
	}
	return "none"
}

// Classes lists every class a result can have.
func Classes() []Class {
	all := make([]Class, 0, len(classes))
	for c := Accepted; int(c) < len(classes); c++ {
		all = append(all, c)
	}
	return all
}

// Again tells whether the same part may be sent again by itself, after a wait.
func (c Class) Again() bool {
	switch c {
	case Retry, PairThrottled, SenderThrottled, Suspended, MediaUnusable:
		return true
	}
	return false
}

// StopsAccount tells whether nothing may be sent from the account until an operator has acted.
func (c Class) StopsAccount() bool {
	return c == Unauthorized || c == AccountBlocked || c == Restricted
}
