// Package rounds keeps what community testers did before a release: rounds of testing with their invitations, the
// sessions of the testers, what they remarked, and what follows from it: transcripts, tests, reports. All of it lies
// in files of its own, apart from production's, and every session is sealed with a key of its own, so that deleting
// a session is destroying that key.
//
// A session never holds what may tell who a tester is: phone numbers, mail addresses and long numbers are masked
// before anything is kept (see Mask), and what the flow needs as an answer is replaced by a made-up one of the same
// kind (see Talk). A tester who does not want to be recorded can try all the same; of that session nothing is kept
// but that it took place.
package rounds

import (
	"errors"
	"time"

	"baraza/engine"
)

// Draft is the version of a round that tries the newest draft.
const Draft = "draft"

// Round is an invitation to try a pack.
type Round struct {
	ID      string
	Pack    string // name of the pack
	Version string // the program's hash, or Draft
	Title   string
	Persona Persona
	Tasks   []Task

	Uses    int // testers at most
	Used    int // who agreed to begin, recorded or not
	Created time.Time
	Expires time.Time // nobody begins from then on
	Keep    time.Time // when Sweep deletes the round with its sessions
	Revoked bool

	HasPassphrase bool
	// Participants counts those who were recorded; it numbers them. Unrecorded counts those who were not.
	Participants, Unrecorded int
}

// Persona is who the testers are to the flow when a session begins.
type Persona struct {
	Language string            // "" where the flow is to ask
	Fields   map[string]string // what is stored about the person, by the field's name; as a flow writes values
	Consents []string          // given before
	Channel  string            // "" for the pack's first
	Answers  map[string]string // of services, as JSON objects; a service without one fails

	Device     string // presets of the page; they do not reach the flow
	Connection string
}

// Task is what a tester is asked to find or do, in a believable goal that does not give the answer away.
type Task struct {
	ID    string
	Text  map[string]string // by language
	Reach string            // the flow.step that counts as reached; "" where only the tester can say
}

// Session is what one tester did. Turns and Remarks are filled where one session is asked for, not in lists.
type Session struct {
	ID       string
	Round    string
	Pack     string
	Version  string // of the program it began on
	Persona  Persona
	Tester   int // participant number within the round, from 1; 0 where not recorded
	Recorded bool
	Language string // the newest
	Begun    time.Time
	Ended    time.Time // zero while it goes on
	Start    time.Time // of the session's clock
	Clock    time.Time // where it has got to
	Face     int       // 0 none, 1 bad, 2 so so, 3 good
	Tasks    []TaskResult
	Count    int // turns
	Bytes    int // kept for it, media apart
	Blessed  bool

	Turns   []Turn   `json:",omitempty"`
	Remarks []Remark `json:",omitempty"`
	Media   []Media  `json:",omitempty"`
}

// Outcomes of a task, in the tester's own word.
const (
	Done       = "done"
	GaveUp     = "gave up"
	NeededHelp = "needed help"
)

// TaskResult is how a task went.
type TaskResult struct {
	ID      string
	Reach   string // as of the Task
	Begun   time.Time
	Ended   time.Time // zero while it goes on
	Outcome string    // "" while it goes on
	Reached bool      // the step that counts was entered; true where the task names none and the tester was done
	Turns   int       // of the person
	Missed  int       // of those, not understood
}

// Who a turn is by.
const (
	Person  = "person"
	Bot     = "bot"
	Staff   = "staff"
	Outside = "outside" // what the flow asked of the world
	Clock   = "clock"
	Studio  = "studio" // what the designer changed
)

// Turn is one line of a session, as the tester may see it: masked.
type Turn struct {
	N    int       // from 1
	At   time.Time // of the session's clock
	Wall time.Time `json:",omitzero"`
	Who  string
	// Does is what a person, the staff or the designer did; "" for what the flow did by itself.
	Does Act    `json:",omitempty"`
	Text string `json:",omitempty"` // in plain words, without options
	// Masked says that Text is not what was written; Instead is then what the flow was given, and "" where that is
	// Text.
	Masked  bool           `json:",omitempty"`
	Instead string         `json:",omitempty"`
	Token   string         `json:",omitempty"` // of Tap: where the option was not the newest of its label
	Kind    string         `json:",omitempty"` // of media: image audio video document sticker contact location
	Place   *engine.LatLon `json:",omitempty"`
	Media   string         `json:",omitempty"` // id of what was sent, where it was kept
	For     time.Duration  `json:",omitempty"` // of Advance

	Send    *engine.Outgoing `json:",omitempty"` // the message as a page shows it
	Options []string         `json:",omitempty"` // labels, in plain words
	Effect  string           `json:",omitempty"` // of Outside: what was done; see effectNames
	Name    string           `json:",omitempty"` // of Outside: the team, record, service, consent

	String   string `json:",omitempty"` // stable id of the text
	Hash     string `json:",omitempty"` // of its wording in Language
	Flow     string `json:",omitempty"`
	Step     string `json:",omitempty"`
	Language string `json:",omitempty"`
	Version  string `json:",omitempty"` // of the program, where it differs from the session's

	Missed  bool     `json:",omitempty"` // the person was not understood
	Visited []string `json:",omitempty"` // steps entered because of this turn, as flow.step
	// Tried are the sensitive ones among them, each with a hash of all that people meet there as it was then.
	Tried map[string]string `json:",omitempty"`
}

// Act is something done to a conversation.
type Act string

// Acts of the tester, of who answers as the team, and of the designer.
const (
	Write       Act = "write"
	Tap         Act = "tap"
	SendMedia   Act = "send"
	StaffReply  Act = "reply"
	StaffDone   Act = "done"
	Advance     Act = "advance"
	SetLanguage Act = "language"
	SetChannel  Act = "channel"
	SetAnswer   Act = "answer"  // of a service; Name the service, Text the JSON, "" where it fails
	SetField    Act = "field"   // of the contact; Name the field, Instead its value, "" where nothing is known
	GiveConsent Act = "consent" // of the contact; Name the consent
	GoBack      Act = "back"
	Restart     Act = "restart" // a new conversation of the same persona
	NewDraft    Act = "draft"
)

// Kinds of remarks.
const (
	Unclear = "unclear"
	Wrong   = "wrong"
	Harmful = "harmful"
	Better  = "better" // Text is the wording proposed
)

// Remark is what a tester or a designer says about a message. It stays with the message's string when that is edited.
type Remark struct {
	ID     string
	Turn   int // 0 where it is about the whole
	Kind   string
	Text   string    `json:",omitempty"` // masked
	Voice  string    `json:",omitempty"` // id of a voice note
	At     time.Time // of the wall
	Author string    `json:",omitempty"` // "" the tester; else who watches

	Message  string `json:",omitempty"` // the text it is about, as it was shown
	String   string `json:",omitempty"`
	Hash     string `json:",omitempty"`
	Flow     string `json:",omitempty"`
	Step     string `json:",omitempty"`
	Language string `json:",omitempty"`
	Version  string `json:",omitempty"`

	Settled *Settled `json:",omitempty"` // nil while it is open
}

// Media is what lies sealed beside a session: a voice note or a photo.
type Media struct {
	ID    string
	Kind  string // audio or image
	Type  string // such as audio/ogg
	Bytes int
	At    time.Time
}

// What can be wrong with an invitation, a session or what is to be kept. Who shows one to a tester has the words of
// the pack's language for it; these are for designers.
var (
	ErrNoRound    = errors.New("there is no such invitation")
	ErrRevoked    = errors.New("the invitation was taken back")
	ErrExpired    = errors.New("the invitation has run out")
	ErrUsed       = errors.New("as many people as were invited have begun")
	ErrPassphrase = errors.New("the passphrase is another one")
	ErrTooMany    = errors.New("too many wrong passphrases; try again in an hour")
	ErrNoSession  = errors.New("there is no such session")
	ErrEnded      = errors.New("the session has ended")
	ErrOrder      = errors.New("these turns do not follow the last one that was kept")
	ErrNoMedia    = errors.New("there is no such recording or photo")
	ErrFull       = errors.New("there is no room for more")
)
