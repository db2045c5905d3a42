// Package program is the compiled state machine: plain data that dsl writes and engine reads. It is a leaf.
//
// A state is a place where a conversation waits. Between states run straight-line instructions (Code), bounded
// by the compiler. Everything is an index into a slice of the Program, so that a program can be written to a
// file, compared and hashed; only Machine (see machine.go) adds what is made once in memory.
package program

// Format is the version of this layout; a reader refuses another one.
const Format = 1

// None marks an index that is not set.
const None = -1

// Program is one pack, compiled. It is immutable and safe for concurrent use.
type Program struct {
	Format    int
	Hash      string // of the pack's content: the release's identity, 16 hex characters
	Pack      string // "ec"
	Title     string
	Country   string   // ISO 3166-1 alpha-2
	Timezone  string   // IANA name
	Languages []string // BCP 47, the source language first
	Example   bool
	Channels  []Channel

	Notice   int // consent; None
	Language int // state of the language question (ask … as language in a step in every language); None
	Start    int // pc
	Fallback int // pc; what an unmatched first message and a stale place get
	// Silent is the pack's line for every question that says nothing else; Seconds 0: none.
	Silent Silence

	Strings  []String
	Exprs    []Expr
	Code     []Op
	States   []State
	Places   []Place // return places of calls and loops, by identity
	Flows    []Flow
	Steps    []Step
	Triggers []Trigger
	Fields   []Field
	Hours    []Hours
	Teams    []Team
	Words    []Words
	Consents []Consent
	Tables   []Table
	Records  []Record
	Template []Template
	Services []Service
	Texts    Texts

	// Needs are what a release of the pack needs before it serves people; left out where there is nothing, so that what
	// was compiled before there were any reads and hashes as it did.
	Needs []Need `json:",omitempty"`

	machine machine
}

// Channel is what rendering on one channel needs to be decided while the conversation runs.
type Channel struct {
	Name    string
	Buttons int // at most so many options are reply buttons; 0: the channel has none
	// ButtonLabel is the longest label of a button in the channel's unit (already measured by the compiler: see State.Ask.Wide).
	Rows int // at most so many options are one list; more are paged; 0: numbered text
	Body int // longest body in the channel's unit; 0: no limit
	// Audio says that the channel takes audio; the audio of a step is left out on the others.
	Audio bool
}

// Text is one wording in one language, split once. Literals hold canonical markup: *bold* _italic_ ~struck~,
// with \* \_ \~ and \\ for the characters themselves.
type Text []Segment

// Segment is a piece of a text: exactly one of Literal, Value, and Plural/Select (with Cases) counts, by Kind.
type Segment struct {
	Kind    SegmentKind
	Literal string
	Expr    int // for Value, Plural, Select
	Cases   []Case
}

// SegmentKind says what a segment is.
type SegmentKind uint8

const (
	Literal SegmentKind = iota
	Value               // the expression's value, formatted for the language, never markup
	Plural              // Cases by CLDR category or "=N"; Number inside them is #
	Select              // Cases by value, "other" last
	Number              // # inside a plural
)

// Case of a plural or select.
type Case struct {
	Key  string
	Text Text
}

// String is one text with its stable id, in every language of the pack. Texts is indexed like
// Program.Languages; a nil Text means that the language has no translation and the source is shown.
type String struct {
	ID    string
	Texts []Text
}

// Expr is one expression; Source has passed the caps. The engine compiles it once.
type Expr struct {
	Source string
	// Var is the variable's or field's name where the whole expression is just that, else "".
	Var string
	// Type is the kind of the result, for formatting.
	Type Kind
}

// Kind is the type of a value. Values at run time: nil (unset), bool, float64, string (also date "2006-01-02",
// time "15:04", phone in E.164, choice by option id), []any, *Row, Location, Media.
type Kind uint8

const (
	Any Kind = iota
	TextKind
	NumberKind
	YesNo
	DateKind
	TimeKind
	PhoneKind
	EmailKind
	LocationKind
	MediaKind
	LanguageKind
	ChoiceKind // one option id
	ListKind
	RowKind
	HoursKind // opening hours, or a team by its hours: no value, only an argument of opens and is_open
)

// Op is one instruction. Which fields count is said at each code. Unused indexes are None.
type Op struct {
	Code  OpCode
	Text  int      // Strings
	Expr  int      // Exprs
	To    int      // pc
	State int      // States
	Ref   int      // what Code says
	Name  string   // variable, or what Code says
	Path  string   // media, or the address of a link
	Paths []string // the same by Program.Languages, where a language has its own file; else nil
	N     int
	Args  []Arg
	Texts []int // of SayOneOf and SayLink
	Flag  bool
}

// Arg is a named expression.
type Arg struct {
	Name string
	Expr int
}

// OpCode names an instruction.
type OpCode uint8

const (
	_                 OpCode = iota
	OpSay                    // Text
	OpSayOneOf               // Texts; N: a number for this place, so that two places vary apart
	OpSayMedia               // Name image audio video document sticker, Path (audio of a step: Flag), Text caption or None
	OpSayLocation            // Args lat, lon; Text name
	OpSayContact             // Name number; Text name
	OpSayLink                // Path https address; Text; Texts the button's label
	OpSayTemplate            // Ref template, Args
	OpAsk                    // State: send the question and wait. Also asked again by pc
	OpNeed                   // State: go on at once if the consent is recorded and current; else ask and wait
	OpHandOver               // State: open a case and wait
	OpFetch                  // State: ask the service and wait
	OpWait                   // N seconds before the next message (an effect, not a state: the conversation does not stop)
	OpKeep                   // State: nothing is sent, the conversation goes on waiting at State (end of a when block)
	OpJump                   // To
	OpJumpUnless             // Expr, To
	OpStep                   // Ref step: the conversation enters it (for marks, back and the trace); goes on
	OpMove                   // Ref step; a move by -> target; Flag: leaves loops; N 1: to another flow, abandons callers
	OpEnd                    // the conversation ends
	OpCall                   // Ref flow, Args, Name of the result or "", State None; Places[N] is where it returns
	OpReturn                 // Expr or None: return to the caller; without a caller it ends the conversation
	OpForEach                // Places[N] loop; Expr rows, Ref: where Expr or None, Name row variable, Path: "" ; To: after the loop; Text: limit in N of the place
	OpNext                   // Places[N]: the next row of the loop, or To its end
	OpBack                   // ask again the question answered before this one
	OpSet                    // Name, Expr; Flag: a field
	OpSave                   // Ref record, Name or "", Args columns
	OpAlert                  // Ref team, Text, Flag urgent
	OpRemind                 // N seconds, To pc of the target, Ref template or None, Args; Name: identity "flow.step" of the target
	OpCancelReminders        //
	OpHide                   // Text
	OpOptOut                 //
	OpOptIn                  //
	OpErase                  //
	OpExport                 //
)

// State is a place where a conversation waits.
type State struct {
	Identity  string // flow.step, flow.step.name, or flow.step#hash for an unnamed question
	Hash      uint64 // of Identity
	Signature uint64 // of kind, type, option ids and the variables readable from here on
	Kind      StateKind
	Flow      int
	Step      int
	PC        int // the op that enters it
	Next      int // the line below
	Ask       *Ask
	Consent   int // of NeedState; of AskState None
	HandOver  *HandOver
	Fetch     *FetchCall
	Whens     []When
	// Reads are the variables that may be read from here on, sorted; the signature covers them.
	Reads []string
}

// StateKind says what the conversation waits for.
type StateKind uint8

const (
	AskState StateKind = iota + 1
	NeedState
	HandOverState
	FetchState
)

// Place is a return place or a loop, by identity, so that it survives a release.
type Place struct {
	Identity  string
	Hash      uint64
	Signature uint64 // of what a loop goes through, and the variables readable from here on
	Flow      int
	Step      int
	PC        int // where a call returns to; the op OpForEach of a loop
	UpTo      int // of a loop: rows at most
	None      int // of a loop: pc of "when none", or program.None
}

// Ask is a question.
type Ask struct {
	Name    string // variable; "" for a menu
	Field   bool   // the name is a contact field
	Type    Kind
	UpTo    int // longest text in characters; 0: the engine's own limit
	From    *float64
	To      *float64
	Several bool

	Text, Header, Footer, ListButton, Why, Skip int // Strings or None
	Image                                       string
	Images                                      []string // by Program.Languages, or nil

	// Media are the kinds taken where Type is MediaKind: image audio video document; nil: any of them.
	Media []string

	Options []Option
	Rows    *Rows // options from a table or list, before Options

	Sensitive bool // of its step
	Public    bool
	// EveryLanguage sends the text in every language of the pack, one below the other.
	EveryLanguage bool
	// Wide says per channel (index of Program.Channels) that some label is too long for a button in some language.
	Wide []bool
}

// Option is one answer.
type Option struct {
	ID    string // written, or "1", "2" … by number among those without one
	Label int    // String
	About int    // String or None
	Also  []Also
	If    int // Expr or None
	PC    int // its statements, which jump to Next of the state or move away
}

// Also is the further words of an option in one language.
type Also struct {
	Lang  string
	Words []string
}

// Rows are options made from rows.
type Rows struct {
	Expr  int    // the rows: a table or a list
	Row   string // name of the row inside Where, as written after ask
	Where int    // Expr or None, with Row bound
	Show  string // column whose value is the label
}

// WhenKind says what a when line waits for.
type WhenKind uint8

const (
	WhenNotUnderstood WhenKind = iota + 1
	WhenSilent
	WhenRefused
	WhenNone
	WhenFailed
	WhenWaiting
	WhenOutsideHours
	WhenAnswered
	WhenNoAnswer
	WhenDone
	WhenMedia
)

// When is one when line of a state. PC None: only Text is sent and the conversation keeps waiting.
type When struct {
	Kind    WhenKind
	Times   int // of WhenNotUnderstood: at the Nth miss; 0: each
	Seconds int // of WhenSilent and WhenNoAnswer
	Media   []string
	Var     string // as NAME
	Text    int
	PC      int
}

// Silence is the pack's "silent for".
type Silence struct {
	Seconds int
	PC      int // of a move, or None: end
}

// HandOver gives the conversation to people.
type HandOver struct {
	Team    int
	Urgent  bool
	If      int // Expr: urgent only if; None
	Summary int // String
	Text    int // String or None: longer text for the team
	Share   []string
}

// FetchCall asks another system.
type FetchCall struct {
	Name    string // variable that gets the answer
	Service int
	Args    []Arg
}

// Flow is one flow.
type Flow struct {
	Name  string // with its library: "safety.person"
	Title string
	PC    int
	Takes []Param
	First int // Steps
}

// Param is an argument that a flow takes.
type Param struct {
	Name string
	Type Kind
}

// Step is one step.
type Step struct {
	Flow          int
	Name          string
	PC            int
	Public        bool
	Sensitive     bool
	ForChildren   bool
	EveryLanguage bool
	Audio         string
	Sources       []string
	ReviewBy      string // 2027-03-31 or ""
	MovedFrom     []string
	// File, Line of the step's head, for traces and coverage.
	File string
	Line int
}

// TriggerKind says what starts a flow.
type TriggerKind uint8

const (
	OnMessage TriggerKind = iota + 1
	OnContaining
	OnWords
	OnAnyMessage
	OnMedia
	OnTemplate
)

// Trigger starts Flow at PC.
type Trigger struct {
	Kind     TriggerKind
	Flow     int
	PC       int
	Words    []string // of OnMessage, OnContaining
	Ref      int      // of OnWords: Words; of OnTemplate: Template
	Media    string
	Button   string // of OnTemplate
	As       string
	Anywhere bool
	ThenBack bool
	Name     string // for the session and the trace: "words office", "message hola"
}

// Class is how careful one has to be with a value.
type Class uint8

const (
	Plain Class = iota // not declared: encrypted like personal, not personal by itself
	Public
	Personal
	Sensitive
)

// Field is kept on the contact.
type Field struct {
	Name     string
	Type     Kind
	Values   []string // of a choice
	Class    Class
	KeptDays int // 0: not written
	Why      int // String or None
	// Purposes are the consents that cover the field.
	Purposes []string
	// FlowsTo are the places its value reaches: "text flow.step", "service cases", "record rumour", "team protection", "template x".
	FlowsTo []string
}

// Hours are opening hours. Days[0] is Sunday, as in time.Weekday.
type Hours struct {
	Name   string
	Always bool
	Days   [7][]Span
	Closed []string // 2026-12-25
}

// Span is minutes of a day, End may pass 1440.
type Span struct{ From, To int }

// Team answers people.
type Team struct {
	Name        string
	Title       string
	Hours       int // None: always
	AnswerIn    int // seconds; 0: not promised
	Escalations []Escalation
}

// Escalation after so many seconds without an answer.
type Escalation struct {
	Seconds int
	To      int // Team
}

// Words are a named list in each language.
type Words struct {
	Name   string
	Safety bool
	Inside bool
	Lists  []Also // by language
}

// Consent is what a person is asked to agree to.
type Consent struct {
	Name                           string
	Version                        int
	Covers                         []string
	Ask, Yes, No, SeenBy, FullText int    // Strings; None where not written
	TextHash                       uint64 // of the source wording
	State                          int    // the state that asks the pack's notice; None for consents asked by need
}

// Table is rows known at release.
type Table struct {
	Name    string
	Columns []Column
	Rows    []Row
}

// Column of a table or record.
type Column struct {
	Name       string
	Type       Kind
	Values     []string // of a choice
	Translated bool
	Class      Class
}

// Row of a table or of a fetched list. Cells is by column; a translated cell is in Translated[column][language].
type Row struct {
	ID         string // the value of its id column, else its number from 1
	Table      string // "" for a fetched row
	Columns    []string
	Cells      []any
	Translated [][]string // by column; nil where not translated; by Program.Languages
}

// Record is what save keeps.
type Record struct {
	Name      string
	Columns   []Column
	KeptDays  int
	Anonymous bool
	Class     Class
	Why       int
	ReadBy    []int
	FlowsTo   []string
}

// Template is a message approved by the channel beforehand.
type Template struct {
	Name     string
	Category string
	Body     int
	Header   int
	Footer   int
	Buttons  []int
	Params   []string // the body's names in order of first use
	Samples  []Sample
}

// Sample value of a template's parameter.
type Sample struct{ Name, Value string }

// Service is another system.
type Service struct {
	Name     string
	Method   string
	URL      Text // source language only
	Headers  []ServiceHeader
	Seconds  int
	Send     []Column
	Returns  []Shape
	Receives []string
}

// ServiceHeader has its value in a secret of the configuration.
type ServiceHeader struct{ Name, Secret string }

// Shape is a returned value; Columns of a list of rows.
type Shape struct {
	Name    string
	Type    Kind
	Columns []Shape
}

// Location is a place on Earth in degrees.
type Location struct{ Lat, Lon float64 }

// Texts are the engine's own words as the pack writes them; Strings or None where the pack writes none, and
// then the built-in wording of the language counts (see engine/words.go).
type Texts struct {
	More, NotUnderstood, MovedOn, DidYouMean, OldButton, Continue, Menu, Done, Restart, WhyNone, TooLong, Unsupported int
}
