package channels

import (
	"time"

	"baraza/engine"
)

// Inbound is one thing a provider tells. Which fields count is said at each Kind.
type Inbound struct {
	Kind InboundKind
	// ID recognises what is delivered again: the same on every delivery, another for anything else of the channel
	// and account. It may hold a phone number: store a keyed hash of it.
	ID       string
	Channel  string
	Account  string     // the number or bot it came to; "" where the provider tells only the business
	Business string     // the provider's id of the business account, where it has one
	From     []Identity // the person, the surest identity first; none where it is about no person
	At       time.Time  // of the provider; zero where it gives none

	// Message is the provider's id of the message itself, to quote it, to mark it as read, to find it when it is
	// edited; of Reaction, Edit and Revoke: of the message they are about.
	Message string
	// About is the provider's id of the message that this one answers; "" where it says nothing.
	About string

	Event      engine.Event // of MessageReceived; of Edited: what it says now; of Reaction: Text the emoji, "" taken back
	Attachment *Attachment  // of MessageReceived with media to fetch

	Status Status     // of StatusReceived
	Was    []Identity // of IdentityChanged: those that are no longer the person's
	// Key names the person's device key where the provider tells it; a change may mean another person holds the phone.
	Key   string
	Stops bool  // of PreferenceChanged: no more of it, else it may come again
	Alert Alert // of AlertRaised
	// Reason says without content why something was not read whole: "kind", "malformed", "group", "unsupported". It is
	// set for Unknown, and for a message that nobody here can read: its Event.Media.Kind is Unreadable.
	Reason string
	Raw    []byte // of Unknown, and of a message whose kind is not known: the element as it came
}

// Unreadable is the kind of media by which a flow learns that a person sent something nobody here can read, so that it
// can say so.
const Unreadable = "unsupported"

// InboundKind says what an Inbound is.
type InboundKind uint8

const (
	NoKind InboundKind = iota
	MessageReceived
	StatusReceived    // what became of a message of ours
	Reaction          // an emoji on a message, or taken back
	Edited            // a person changed a message of theirs
	Revoked           // a person deleted a message of theirs; stored copies must go too
	IdentityChanged   // From are the person's identities from now on, in place of Was
	KeyChanged        // the person's device key changed: hold what only they may read
	PreferenceChanged // the person stopped or resumed a kind of message at the provider, Alert.Code says which
	AlertRaised       // something for the operator
	Unknown           // a kind we do not know, or an element that cannot be read: kept as it came
	Returned          // the person can be reached again: what waits for them may go now; no event, the ID random
)

var inboundKinds = [...]string{MessageReceived: "message", StatusReceived: "status", Reaction: "reaction", Edited: "edit",
	Revoked: "revoke", IdentityChanged: "identity-change", KeyChanged: "key-change", PreferenceChanged: "preference",
	AlertRaised: "alert", Unknown: "unknown", Returned: "returned"}

// String is a stable word for figures and files.
func (k InboundKind) String() string {
	if int(k) < len(inboundKinds) && inboundKinds[k] != "" {
		return inboundKinds[k]
	}
	return "none"
}

// Attachment is received media, to be fetched soon: providers keep it for days.
type Attachment struct {
	ID     string // equals Event.Media.ID
	Type   string // MIME type as the provider says
	SHA256 []byte // of the content; nil where the provider does not say
	Name   string // of a document, as the person named it
	Voice  bool   // recorded, not a file
}

// Status is what became of one part.
type Status struct {
	OurID      string // Delivery.ID echoed; "" where the provider echoes nothing
	ProviderID string // as in Result.ProviderID
	Rank       Rank
	Class      Class  // of Failed: why
	Code       string // of Failed: the provider's code
}

// Rank is how far a part has come. Providers tell it late, twice and out of order: Latest is what counts.
type Rank uint8

const (
	Pending   Rank = iota
	Taken          // the provider has accepted it
	Sent           // on its way to the phone
	Delivered      // on the phone
	Read           // where the person lets it be seen
	Played         // a voice message
	Failed         // the end of this attempt; another one has another provider id
)

var ranks = [...]string{"pending", "accepted", "sent", "delivered", "read", "played", "failed"}

func (r Rank) String() string {
	if int(r) < len(ranks) {
		return ranks[r]
	}
	return "none"
}

// Latest is the rank after hearing of another, whatever the order they are told in.
func Latest(a, b Rank) Rank { return max(a, b) }

// Alert is something about the account that an operator has to see. It holds no content and names nobody.
type Alert struct {
	Severity Severity
	Subject  string    // what it is about, a template "call_reminder/es", a number of ours; "" for the account
	Code     string    // stable: the provider's event in lower case, such as "account_update/disabled_update"
	Text     string    // what the provider says about it, bounded
	Until    time.Time // of a restriction: its end; zero where none is told
}

// Severity of an alert.
type Severity uint8

const (
	Info     Severity = iota // for the record
	Warning                  // look at it today
	Critical                 // messages do not go out, or soon will not
)

func (s Severity) String() string {
	return [...]string{"info", "warning", "critical"}[min(s, Critical)]
}
