package engine

import "time"

// Effect is something the outside has to do, as data. One struct serves all kinds, so that a turn's effects
// are one slice; which fields count is said at each kind.
type Effect struct {
	Kind EffectKind
	Flag bool // of OpenCase, Alert: urgent; of RecordConsent: agreed; of SaveRecord: an update; of Unsend: all

	// Numbers within the contact.
	Timer uint32 // of SetTimer, CancelTimer
	Fetch uint32 // of Fetch
	Case  uint32 // of OpenCase, CaseMessage, CloseCase

	Send *Outgoing // of Send
	Due  time.Time // of SetTimer

	Args    []Value // of Fetch: send values; of SaveRecord: columns; of OpenCase: shared values
	Name    string  // service, record, field, consent, team, language: what Kind says
	Value   any     // of SetField: nil unsets
	Text    string  // of OpenCase: summary; of Alert: text; of CaseMessage: the person's words; of Report: what happened
	More    string  // of OpenCase: the longer text
	Media   Media   // of CaseMessage
	Ref     string  // of SaveRecord: the reference number
	Code    string  // of Report: stable code, such as "old-tap", "reminder-dropped", "turn-too-long"
	Hash    uint64  // of RecordConsent: of the shown wording
	Seconds int     // of Pause
	Version int     // of RecordConsent
}

// Value is a named value.
type Value struct {
	Name  string
	Value any
}

// EffectKind says what has to be done.
type EffectKind uint8

const (
	Send          EffectKind = iota + 1 // Send
	Pause                               // Seconds before the next Send, with typing shown
	SetTimer                            // Timer, Due; of a reminder as it is planned: Name its target flow.step, Ref its template
	CancelTimer                         // Timer
	Fetch                               // Fetch, Name service, Args
	OpenCase                            // Case, Name team, Text, More, Args, Flag
	CaseMessage                         // Case, Text or Media: the person wrote while people own the conversation
	CloseCase                           // Case
	SaveRecord                          // Name record, Ref, Args, Flag
	SetField                            // Name, Value
	RecordConsent                       // Name, Version, Hash, Flag; Text: language shown
	Alert                               // Name team, Text, Flag
	OptOut
	OptIn
	Erase
	Export
	Unsend // Flag: nothing said before this turn leaves any more; else nothing that people wrote before it
	Ended  // the conversation ended
	Report // Code, Text: something an operator should see; never content
)

// Outgoing is one message as the flow means it; the channel decides its bytes.
type Outgoing struct {
	// Text is canonical markup: *bold* _italic_ ~struck~ where the author wrote it; \* \_ \~ \\ are the
	// characters themselves, also everywhere inside values put into the text. Inserted numbers, codes and
	// links are wrapped in U+2066 … U+2069 in right-to-left languages.
	Text                       string
	Language                   string
	String                     string // the text's stable id
	Header, Footer, ListButton string
	Media                      Media // Kind "" for a text; ID is the path inside the pack
	Place                      *LatLon
	Contact                    string // phone number of a contact card; its name is Text
	Link, LinkLabel            string // an https address, and what its button says; the words above it are Text
	Template                   string // name; Args its parameters
	Args                       []Value
	// Params are the template's parameters in its own order, as people read them, in canonical markup.
	Params []string
	// Asks is "location" where the question wants a place on the map; "" for anything else.
	Asks    string
	Options []Choice
	// Style says how the options look: none, buttons, a list, or numbers in the text.
	Style Style
	// Staff: the text is a person's reply, not the flow's.
	Staff bool
	// Safety: a safety word's flow says it. It goes also while other automated replies are held.
	Safety bool
}

// Choice is an option as sent.
type Choice struct {
	Token  string // at most 48 ASCII bytes; comes back in Event.Token
	Label  string
	About  string
	Number int // what can be written instead; 0 for "More…", which is 0 itself; -1: only its label
}

// Style of options.
type Style uint8

const (
	NoOptions Style = iota
	Buttons
	List
	Numbers
)
