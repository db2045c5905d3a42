package engine

import "time"

// Event is something that happens to one contact: a message, a due timer, the answer of a fetch, a word of
// staff. Everything Step may know about the outside is in it.
type Event struct {
	Kind EventKind
	// At is the event's time; it is the conversation's clock.
	At time.Time
	// Channel is a name of program.Channels, such as "whatsapp"; an unknown one is treated as plain text.
	Channel string
	// Language is what the channel's profile says, "" where it says nothing.
	Language string

	Text     string  // of Message: what was written; of StaffReply: the reply; caption of media
	Token    string  // of Message: the tapped option's id, else ""
	Media    Media   // of Message: what was sent; Kind "" for text
	Location *LatLon // of Message
	Template string  // of Message: the template whose button (Text) was tapped
	// Anew, of Message: what was known of the contact cannot be read any more; the person is told that it begins anew.
	Anew bool
	// Displaced, of Message: the conversation cannot go on with this program where it is (Session.Fate). It goes on where
	// a step says "moved from", else begins its step again, or the flow, with a word of regret.
	Displaced bool

	Timer uint32 // of TimerDue: the number given in SetTimer

	Fetch uint32 // of Fetched: the number given in Fetch
	// Answer is the fetched value by column, of the shapes the service declares; nil when Failed.
	Answer map[string]any
	Failed bool

	Case uint32 // of staff events: the number given in OpenCase
}

// EventKind says what happened.
type EventKind uint8

const (
	Message EventKind = iota + 1
	TimerDue
	Fetched
	StaffReply // a person of the team writes
	StaffDone  // the team closes the case
	// Back, Restart and SetLanguage are what `chat` and the simulator do on a tester's behalf.
	GoBack
	Restart
	SetLanguage // Text is the language
	// Resume, after a time in which automated replies were held: what was said did not arrive, or what the person wrote
	// was not taken. The open question is asked again.
	Resume
)

// Media is something received or sent that is not text.
type Media struct {
	Kind string // image audio video document sticker contact
	ID   string // opaque, given by the channel or a path inside the pack
}

// LatLon is a place in degrees.
type LatLon struct{ Lat, Lon float64 }
