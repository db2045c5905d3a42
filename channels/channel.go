// Package channels is the edge where conversations meet the outside world: what a provider tells becomes an
// Inbound, what a flow sends becomes Parts, and every send ends in a Result with a Class. A channel translates and
// decides nothing: it keeps no conversation, and retries, order and pace belong to who calls it.
//
// The interface has to fit a provider that calls us over a webhook with receipts and a 24-hour window (WhatsApp),
// one that we ask for news and that tells nothing about delivery (Telegram), and a socket in a web page. Each
// passes the one suite of channeltest.
package channels

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"time"

	"baraza/channels/capability"
	"baraza/engine"
)

// Channel is one way to reach people. It is safe for concurrent use.
type Channel interface {
	// Name is the channel's word in a pack, such as "whatsapp"; Capability, the record its texts were checked with.
	Name() string
	Capability() capability.Channel

	// Parts renders a message into the requests it takes, in order. It is pure and total: the same message gives
	// the same parts, and what cannot be sent as the flow means it is a *Refusal, never cut to fit.
	Parts(engine.Outgoing) ([]Part, error)

	// Send hands one part to the provider. It tries once (but uploads media before), and always says how it ended:
	// an error of any kind is a Class of the result.
	Send(context.Context, Delivery) Result

	// Handler takes the provider's calls and gives what they bring to the inbox; nil for a channel that is not called.
	Handler(Inbox) http.Handler

	// Run fetches what the provider has until the context is done and returns its error then. A channel that is
	// called instead returns nil at once.
	Run(context.Context, Inbox) error
}

// Typist is a channel that can show that an answer is being written.
type Typist interface {
	// ShowTyping also marks the message with the provider's id as read, where the channel knows that.
	ShowTyping(ctx context.Context, account string, to []Identity, message string) Result
}

// MediaFetcher is a channel whose incoming media is fetched by id.
type MediaFetcher interface {
	// FetchMedia opens what a person sent. The reader ends with an error where the content is longer than the
	// channel allows, or is not what the attachment's checksum says.
	FetchMedia(ctx context.Context, account string, a Attachment) (io.ReadCloser, error)
}

// Inbox takes what arrives.
type Inbox interface {
	// Receive returns nil only after all of it is durable; the provider hears "received" after that and not before.
	// What comes again must be recognised by its ID. It does not keep the slice.
	Receive(context.Context, []Inbound) error
}

// MediaSource opens the media of the release that a message came from, by path inside the pack.
type MediaSource = fs.FS

// Identity is one name by which a channel knows a person. It is opaque: compared and sent back, never parsed. A
// person may have several and they may change.
type Identity struct {
	Channel string // "whatsapp"
	Kind    string // one of the Kind constants
	Value   string // as the provider wrote it
}

// Kinds of identities.
const (
	Phone        = "wa_phone"        // digits without "+", as WhatsApp writes them
	ScopedID     = "wa_bsuid"        // WhatsApp's id within one business portfolio; there even without a phone
	ParentID     = "wa_parent_bsuid" // the same across linked portfolios
	TelegramUser = "telegram_user"
	WebSession   = "web_session" // hash of the secret that a person's page keeps
)

// Delivery is one part on its way to one person.
type Delivery struct {
	ID      string     // ours, at most 64 bytes of ASCII; a provider that can, echoes it in each Status
	Account string     // the sender: the phone number id of WhatsApp, the bot of Telegram
	To      []Identity // every known one of the person; the channel takes the best
	Part    Part
	ReplyTo string      // provider's id of the message to quote; "": none
	Media   MediaSource // where Part.Media is opened; may be nil where the part has none
}

// Part is one request to the provider, rendered but for the person, our id and the ids of uploaded media. It can be
// stored and sent by a later process.
type Part struct {
	Kind  string       // of the provider, for figures: "text", "interactive", "template" …
	Body  []byte       // in the channel's own form
	Media engine.Media // a file of the pack to upload first; Kind "" for none
	// Anytime says that the part may go at any time; any other only while the channel's window is open.
	Anytime bool
}

// Windowed is a channel on which free messages may only follow a message of the person.
type Windowed interface {
	// WindowCloses is until when, after a message of this time, parts that are not Anytime may be sent.
	WindowCloses(lastMessage time.Time) time.Time
}

// Refusal is the error of Parts: the message cannot be sent as it is.
type Refusal struct {
	Code string // stable, such as "label-too-long"
	What string // the limit and the measure, without content
}

func (r *Refusal) Error() string { return r.Code + ": " + r.What }
