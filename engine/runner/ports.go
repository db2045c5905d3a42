package runner

import (
	"context"
	"strconv"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/store"
)

// Keys seals what is kept and hashes what is looked up, with the keys of a pack's country. Rings are the real ones.
// It is safe for concurrent use.
type Keys interface {
	Hash(pack string, p keys.Purpose, parts ...string) store.Hash
	// Contact is the key of whoever first comes with the identity; attempt grows while the key is another's.
	Contact(pack string, identity store.Hash, attempt byte) store.Key
	// Seal encrypts with the newest key of the contact, which it makes at first; keys.Country is the contact of
	// what must not be linked to one. It keeps nothing of plain.
	Seal(pack string, contact store.Key, kind keys.Kind, plain []byte) ([]byte, error)
	// Open is the other way; ErrUnreadable where nobody can read it any more.
	Open(pack string, contact store.Key, kind keys.Kind, sealed []byte) ([]byte, error)
	// Begin makes a new key for what is kept after an erasure; at is later than it. Erase destroys those begun
	// until the erasure; pack "" stands for all packs. Both may be called again.
	Begin(pack string, contact store.Key, at time.Time) error
	// Begun is when the contact's newest key was begun; the zero time where there is none or nobody can say.
	Begun(pack string, contact store.Key) time.Time
	Erase(pack string, e store.Erasure) error
	// Sync makes the keys made so far durable; it is called before each commit.
	Sync() error
}

// Identity is one name by which a channel knows a person.
type Identity struct{ Channel, Kind, Value string }

// Channel is one way out. It is safe for concurrent use.
type Channel interface {
	// Parts renders a message into the requests it takes; it is pure. What cannot be sent is an error whose
	// text holds no content.
	Parts(engine.Outgoing) ([]Part, error)
	// Send tries once and says how it ended.
	Send(context.Context, Delivery) Result
	// WindowCloses is until when, after a message of this time, parts that are not Anytime may go; the zero time
	// where they always may.
	WindowCloses(lastMessage time.Time) time.Time
}

// Paced is a Channel that keeps to the pace its provider allows, of an account and of each person.
type Paced interface {
	// Wait is asked before each attempt: 0 means that the part goes now, and is counted; else it is asked again
	// after so long, and the others go on. It does not wait itself. Who it is asked for has no other part under way.
	Wait(account string, to []Identity, now time.Time) time.Duration
}

// Typist is a Channel that can show that an answer is being written.
type Typist interface {
	// ShowTyping marks the message of the provider's id as read and shows that somebody writes. It is called
	// after the commit of a turn whose answer takes a while: one with a pause before a message, or with a fetch.
	// It is called once or, when much is going on, not at all, and nobody hears how it ended.
	ShowTyping(ctx context.Context, account string, to []Identity, message string)
}

// Part is one request to the provider.
type Part struct {
	Kind    string
	Body    []byte
	Media   engine.Media
	Anytime bool
}

// Delivery is one part on its way.
type Delivery struct {
	ID      string // ours: the same however often it is tried
	Pack    string
	Account string
	To      []Identity
	Part    Part
	ReplyTo string // provider's id; "": none
}

// Result is how one attempt ended.
type Result struct {
	Class      Class
	ProviderID string
	Code       int           // the provider's, for people; 0: none
	RetryAfter time.Duration // 0: our own backoff
	Tries      int           // at most so many for this code; 0: as the class says
	// Known are names of the person that the answer tells. They are kept beside those there are, unless they are
	// somebody else's.
	Known []Identity
}

// Class says what to do about an attempt.
type Class uint8

const (
	NoClass Class = iota
	Accepted
	UnknownOutcome   // it may have been taken: wait for a status, then once more, counted
	Retry            // again, with backoff
	PairThrottled    // this person has had too many
	SenderThrottled  // all of the sender waits
	Suspended        // what nobody asked for waits
	OutsideWindow    // waits for the person's next message
	Unreachable      // never again
	Stopped          // the person wants no more: recorded as opt-out
	PersonChanged    // the phone may be in other hands
	RequestBug       // never again
	TemplateUnusable // waits, people see it
	MediaUnusable    // a time or two
	Unauthorized     // the sender stops until Resume
	AccountBlocked   // likewise
	Restricted       // likewise
	Forbidden        // never again, and an operator is told: the account may not write to this person's country
)

var classNames = [...]string{"none", "accepted", "unknown-outcome", "retry", "pair-throttled", "sender-throttled", "suspended",
	"outside-window", "unreachable", "stopped", "person-changed", "request-bug", "template-unusable", "media-unusable",
	"unauthorized", "account-blocked", "restricted", "forbidden"}

func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return classNames[0]
}

// Inbound is one thing that a provider tells. Which fields count is said at each kind.
type Inbound struct {
	Kind InboundKind
	// ID is the same on every delivery of the thing. It may hold a phone number, and is kept as a keyed hash.
	ID      string
	Pack    string
	Channel string
	Account string
	From    []Identity // the surest first; none where it is about no person
	// At is the provider's time, the same on every delivery. Where it is zero, what comes again is recognised
	// for a day only.
	At time.Time

	Message string       // provider's id of the message; of Edited, Reaction, Revoked: of the one it is about
	Event   engine.Event // of MessageReceived, Edited, Reaction; Channel and At are set here
	Status  Status       // of StatusReceived
	Was     []Identity   // of IdentityChanged: those that From replace
	Stops   bool         // of PreferenceChanged
	Code    string       // of AlertRaised and Unknown: stable, without content
	Text    string       // of AlertRaised: what the provider says
	Subject string       // of AlertRaised: what it is about, such as a template; "" for the account
	Weight  Severity     // of AlertRaised
	Raw     []byte       // of Unknown: as it came
}

// InboundKind says what an Inbound is.
type InboundKind uint8

const (
	MessageReceived InboundKind = iota + 1
	StatusReceived
	Reaction
	Edited
	Revoked
	IdentityChanged
	KeyChanged
	PreferenceChanged
	AlertRaised
	Unknown
	// Returned: the person can be reached again, as when a web page is opened anew. What failed to reach them goes
	// now. It needs From alone, may be told any number of times and leaves no trace.
	Returned
)

// Status is what became of a part.
type Status struct {
	OurID      string // Delivery.ID, where the provider echoes it
	ProviderID string
	State      store.State // Accepted, Sent, Delivered, Read or Failed
	Class      Class       // of Failed
	Code       int
}

// Severity says how soon an operator has to look.
type Severity uint8

const (
	Info     Severity = iota // for the record
	Warning                  // today
	Critical                 // messages do not go out, or soon will not
)

func (s Severity) String() string {
	return [...]string{"info", "warning", "critical"}[min(s, Critical)]
}

// Alert is a word to the operators. It holds no content and names nobody. The journal has what it is about, for it
// is told after the commit of that; a process that dies in between does not tell it again.
type Alert struct {
	Code     string // stable: "dead-letter", "sender-stopped", "account_update/disabled_update"
	Subject  string // a template, a class of result; "" where the code says all
	Severity Severity
	Pack     string // the sender it is about, as far as it is about one
	Channel  string
	Account  string
	Contact  store.Key // zero where it is about nobody
	At       time.Time
}

// Notifier tells teams that something waits for them. It holds no content and nobody's name: who may, reads the
// case itself. It is tried again until it returns nil, so a notice may come twice: Notice.ID is then the same.
type Notifier interface {
	Notify(context.Context, Notice) error
}

// Notice is a word to a team.
type Notice struct {
	Kind    NoticeKind
	Pack    string
	Team    string // whose case it is
	To      string // the team that is told
	Contact store.Key
	Number  uint32 // of the notice, within the contact
	Case    uint32 // within the contact; 0 of alerts
	Urgent  bool
	At      time.Time // when it happened
}

// NoticeKind says what a team is told.
type NoticeKind uint8

const (
	CaseOpened NoticeKind = iota + 1
	CaseWaits             // nobody has answered within the time the team promises
	CaseEscalated
	CaseWord   // the person wrote again
	CaseClosed // the person left
	AlertSent  // a flow alerts the team
	ExportAsked
	EventSetAside // something the person sent could not be answered: somebody has to look
)

var noticeNames = [...]string{"none", "case-opened", "case-waits", "case-escalated", "case-word", "case-closed", "alert", "export-asked", "event-set-aside"}

// ID is the same however often the notice is said, and says nothing about the contact to who does not know its key.
func (n Notice) ID() string {
	return n.Contact.String() + "-" + strconv.FormatUint(uint64(n.Number), 36)
}

func (k NoticeKind) String() string {
	if int(k) < len(noticeNames) {
		return noticeNames[k]
	}
	return noticeNames[0]
}
