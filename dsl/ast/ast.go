// Package ast is the tree of a flow file: an outline of lines, each with one head. The scanner balances the
// outline, so it can always be built; a line that cannot be read is a Bad head with its children kept. Which
// head may stand below which is decided by one table in syntax; consumers may rely on it: a misplaced line is
// not in the tree they get.
//
// The tree imports nothing. Positions are byte offsets into the file's source.
package ast

// Position has the layout that the grammar library fills.
type Position struct {
	Filename string
	Offset   int // bytes
	Line     int // from 1
	Column   int // from 1
}

// Span is a place in one file, End exclusive. It has the same layout as diag.Span, so one converts to the other.
type Span struct {
	File       string
	Start, End int
}

// File is one flow file. Broken says that it has a syntax problem, which holds back the checks that depend on
// its names.
type File struct {
	Name   string // path inside the pack, such as "offices.flow"
	Source []byte
	Lines  []*Line
	Broken bool
	// Comments are the comment lines in source order; the formatter puts them back by position.
	Comments []Comment
}

// Comment is one line that begins with #.
type Comment struct {
	Span Span
	Text string // from # to the line's end, trailing spaces dropped
}

// Line is one line of the outline with what is indented below it.
type Line struct {
	Span     Span // the line's own characters, without indentation, text block and children
	Head     Head
	Text     *Text   // what stands after the head's colon; nil where there is none
	Children []*Line // in source order; a Bad child stands where the unreadable line was
	End      int     // offset after the last line that belongs to this one
}

// Head is what the first words of a line say. Its concrete types are pointers to the structs below.
type Head interface{ head() }

// Name is a written name, or a dotted one in Target.
type Name struct {
	Pos    Position
	Text   string
	EndPos Position
}

// Span of the name.
func (n Name) Span() Span { return Span{n.Pos.Filename, n.Pos.Offset, n.EndPos.Offset} }

// Expr is the source of an expression, checked for size and depth, not yet parsed.
type Expr struct {
	Pos    Position
	Source string
	EndPos Position
}

// Span of the expression.
func (e Expr) Span() Span { return Span{e.Pos.Filename, e.Pos.Offset, e.EndPos.Offset} }

// Target is where a move goes: a step, a flow.step, a flow, or one of the words end, back, next, continue.
// With a library: library.flow.step.
type Target struct {
	Pos    Position
	Parts  []string
	EndPos Position
}

// Span of the target's name, without the arrow.
func (t Target) Span() Span { return Span{t.Pos.Filename, t.Pos.Offset, t.EndPos.Offset} }

// Duration as written: 24 hours.
type Duration struct {
	Pos    Position
	N      int
	Unit   string // second minute hour day week month year, singular
	EndPos Position
}

// Type of a field, column, argument or answer.
type Type struct {
	Pos  Position
	Name string // text number date time phone email "yes or no" location image audio video document language choice list
	// UpTo is the longest text, in characters; 0 where none is written.
	UpTo int
	// From and To bound a number; nil where not written.
	From, To *float64
	// Values are the words of a choice type: low, medium, high.
	Values []Name
	EndPos Position
}

// Arg is name = expression, or a bare name in "template x with nickname" and "share a, b".
type Arg struct {
	Name Name
	Expr *Expr // nil: the value of the variable with that name
}

// Text is the words that people see: pieces in order.
type Text struct {
	Span  Span // from the first to the last character of the text
	Parts []Part
	// Block says that it stood on the lines below its head.
	Block bool
	// Lines are the spans of the source lines of the text, for checks that speak of one line.
	Lines []Span
}

// Part is a piece of a text: exactly one of Literal, Hole, Plural and Select is set.
// Literal keeps markup as written (*bold*) and keeps \* \_ \~ and \\ escaped; \{ \} \-> \=> \→ are unescaped.
type Part struct {
	Span    Span
	Literal string
	Hole    *Expr
	Plural  *Cases
	Select  *Cases
}

// Cases are ICU's {n, plural, one {…} other {…}} and select. In a plural # stands as the part Literal "#"
// inside Cases.Text; an exact case is "=0".
type Cases struct {
	Value Expr
	Cases []Case
}

// Case is one of them.
type Case struct {
	Key  string
	Text []Part
}

// Bad is a line that could not be read; its problem has been reported.
type Bad struct{ Word string }

// Heads of declarations. Comments show the written line.
type (
	Pack struct{ ID Name } // pack ke: TITLE
	Use  struct {
		Path string
		As   Name
	} // use ../shared as safety
	Bind      struct{ Library, Kind, Name, Value Name } // safety.team staff is protection
	Country   struct{ Code Name }                       // country KE
	Timezone  struct{ Name string }                     // timezone Africa/Nairobi
	Languages struct{ Tags []Name }                     // languages en, sw
	Channels  struct{ Names []Name }                    // channels whatsapp, sms
	Notice    struct{ Consent Name }                    // notice service_notice
	Start     struct{ Target Target }                   // start welcome
	Fallback  struct{ Target Target }                   // fallback welcome.menu
	Silent    struct {
		For    Duration
		Target Target
	} // silent for 24 hours -> end
	Example struct{} // example

	Hours struct{ Name Name } // hours office; without children: always open
	Days  struct {            // mon to thu 08:30-17:00, 18:00-20:00
		Days  []string // mon … sun, the range spelled out
		Times []Times
	}
	Closed struct{ Dates []Date } // closed 2026-12-25, 2027-01-01

	Team     struct{ Name Name }       // team protection: TITLE
	HoursRef struct{ Name Name }       // hours office, below a team
	Answer   struct{ Within Duration } // answer within 4 hours
	Escalate struct {
		After Duration
		To    Name
	} // escalate after 30 minutes to protection_lead

	Field struct { // field city: text, personal, kept 1 year
		Name  Name
		Type  Type
		Marks []Name // public personal sensitive
		Kept  *Duration
	}
	Words struct { // words stop, safety, inside
		Name  Name
		Marks []Name
	}
	WordRow struct { // en: stop, halt   (below words)
		Lang  Name
		Words []Name
	}
	Consent struct { // consent callback, version 2
		Name    Name
		Version int
	}
	Covers struct{ Names []Name } // covers nickname, callback_number
	Table  struct {
		Name Name
		Path string
	} // table offices from tables/offices.csv
	Column struct { // town: text, translated   (below table, record, send, returns)
		Name  Name
		Type  Type
		Marks []Name // translated public personal sensitive
	}
	Record struct { // record rumour, anonymous, kept 1 year
		Name  Name
		Marks []Name
		Kept  *Duration
	}
	ReadBy   struct{ Teams []Name }        // read by protection
	Template struct{ Name, Category Name } // template call_reminder, utility
	Sample   struct{ Name Name }           // sample name: Ana
	Service  struct{ Name Name }           // service cases
	Request  struct{ Method, URL string }  // get https://… ; the URL's {holes} are in Line.Text
	Header   struct{ Name, Secret string } // header Authorization: secret CASES_TOKEN
	Timeout  struct{ After Duration }      // timeout 5 seconds
	Send     struct{}                      // send
	Returns  struct{}                      // returns
	Receives struct{ Names []Name }        // may receive nickname
	Texts    struct{}                      // texts
	TextRow  struct{ Name Name }           // not understood: TEXT   (below texts; the name keeps its spaces)

	Flow  struct{ Name Name } // flow welcome: TITLE
	Takes struct {
		Name Name
		Type Type
	} // takes city: text
	Trigger struct { // on message a, b
		// Kind: message, containing, words, any message, image audio video document location sticker contact, template
		Kind   string
		Words  []Name // of message and containing
		Name   Name   // of words and template
		Button string // of template: the button's text
		As     *Name
	}
	Anywhere struct{ ThenBack bool } // anywhere / anywhere, then back
	Step     struct{ Name Name }     // step menu
	Mark     struct {                // a mark below a step: source URL, review by DATE, public, sensitive, for children, audio PATH, in every language, moved from STEP
		Kind string // source, review by, public, sensitive, for children, audio, in every language, moved from
		Path string // of source and audio
		Date *Date
		From *Target
	}
)

// Times is an opening from minute to minute of the day; To may pass 24:00.
type Times struct {
	Pos      Position
	From, To int
	EndPos   Position
}

// Date as written.
type Date struct {
	Pos              Position
	Year, Month, Day int
	EndPos           Position
}

// Heads of statements.
type (
	Say struct { // say: TEXT · say image PATH: CAPTION · say location LAT, LON: NAME · say contact … · say template NAME with ARGS
		Kind     string // "" text, image audio video document sticker, location, contact, template, one of
		Path     string // of media
		Lat, Lon *Expr
		Phone    string // of contact: the number; the name is the text
		Template *Name
		With     []Arg
	}
	Wording struct{} // - TEXT below say one of
	Ask     struct { // ask [NAME] [as TYPE]: TEXT · ask several NAME: · ask ROW from ROWS where COND show COLUMN:
		Name    *Name
		Type    *Type
		Several bool
		Rows    *Expr // of "from"
		Where   *Expr
		Show    *Name
	}
	Option struct { // - [id] LABEL -> target
		ID     *Name
		Target *Target
	}
	Prop struct { // text: header: footer: list button: why: skip: about: below ask or option; image PATH; ask: yes: no: seen by: full text: below consent; body: header: footer: button: below template
		Name string
		Path string // of image
	}
	Also   struct{ Words []Name } // also: kalobeyei, x
	OnlyIf struct{ Cond Expr }    // only if COND
	When   struct {               // when not understood 2 times -> person
		// Kind: not understood, silent, refused, none, failed, waiting, outside hours, answered, no answer, done, media
		Kind   string
		Times  int       // not understood N times; 0: each
		For    *Duration // silent, no answer
		Media  []string  // media: location image audio video document sticker contact
		As     *Name     // media
		Target *Target
	}
	If      struct{ Cond Expr }
	ElseIf  struct{ Cond Expr }
	Else    struct{}
	ForEach struct { // for each office in offices where …, up to 3
		Row   Name
		Rows  Expr
		Where *Expr
		UpTo  int // 0 where not written
	}
	Set struct {
		Name Name
		Expr Expr
	}
	Move struct{ Target Target } // -> target
	Call struct {                // call FLOW with a = EXPR as NAME
		Flow Target
		With []Arg
		As   *Name
	}
	Return   struct{ Expr *Expr }
	End      struct{}
	Need     struct{ Consent Name } // need consent callback
	HandOver struct {               // hand over to TEAM, urgent if COND: SUMMARY
		Team   Name
		Urgent bool
		If     *Expr
	}
	Share struct{ Names []Name } // share nickname, callback_number
	Alert struct {               // alert TEAM, urgent: TEXT
		Team   Name
		Urgent bool
	}
	Save struct { // save rumour as report
		Record Name
		As     *Name
	}
	Assign struct {
		Name Name
		Expr Expr
	} // heard = what   (below save)
	Fetch struct { // fetch status from cases with number = n
		Name    Name
		Service Name
		With    []Arg
	}
	Remind struct { // remind in 2 days -> consent
		In     Duration
		Target Target
	}
	TemplateUse struct {
		Name Name
		With []Arg
	} // template call_reminder with nickname   (below remind)
	CancelReminders struct{}
	Wait            struct{ For Duration }
	Hide            struct{}
	OptOut          struct{}
	OptIn           struct{}
	EraseContact    struct{}
	ExportContact   struct{}
)

// Heads of tests.
type (
	Test  struct{} // test TITLE
	Given struct {
		Name    *Name
		Expr    *Expr
		Consent *Name
	} // given city = "x" · given consent NAME
	InLanguage struct{ Tag Name }  // language en
	OnChannel  struct{ Name Name } // channel sms
	At         struct {
		Date   Date
		Minute int
	} // at 2026-11-20 09:00
	Person struct { // person: TEXT · person taps: LABEL · person sends image
		Does     string // writes, taps, sends
		Kind     string // of sends: image audio video document sticker location contact
		Lat, Lon *float64
	}
	Bot struct { // bot: TEXT · bot offers: A, B · bot location · bot image · bot template NAME
		Does     string // says, offers, location, image audio video document sticker contact, template
		Template *Name
		Labels   []Name // of offers
	}
	After      struct{ For Duration } // after 25 hours
	Staff      struct{ Done bool }    // staff: TEXT · staff done
	FetchGiven struct {               // fetch NAME: FILE · fetch NAME failed
		Name   Name
		Path   string
		Failed bool
	}
	Expect struct { // expect COND · expect at flow.step · expect ended · saved RECORD · handed to TEAM · alerted TEAM
		Kind   string // condition at ended saved handed alerted
		Cond   *Expr
		Target *Target
		Name   *Name
	}
)
