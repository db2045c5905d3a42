// Package ast is the tree of a flow file: an outline of lines, each with one head. The scanner balances the
// outline, so it can always be built; a line that cannot be read is a Bad head with its children kept. Which
// head may stand below which is decided by one table in syntax; consumers may rely on it: a misplaced line is
// not in the tree they get.
//
// The tree imports nothing. Positions are byte offsets into the file's source.
//
// The parser tags are the grammar of each line, read by participle in syntax. Word, Phrase, Number, Date, Time,
// Path, Expr and Comma are kinds of tokens; a Time token's value is its minute of the day, and a date is three Date
// tokens.
package ast

import "fmt"

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
	Text   string `parser:"@(Word | Phrase)"`
	EndPos Position
}

// Span of the name.
func (n Name) Span() Span { return Span{n.Pos.Filename, n.Pos.Offset, n.EndPos.Offset} }

// Expr is the source of an expression, checked for size and depth, not yet parsed.
type Expr struct {
	Pos    Position
	Source string `parser:"@Expr"`
	EndPos Position
}

// Span of the expression.
func (e Expr) Span() Span { return Span{e.Pos.Filename, e.Pos.Offset, e.EndPos.Offset} }

// Target is where a move goes: a step, a flow.step, a flow, or one of the words end, back, next, continue.
// With a library: library.flow.step.
type Target struct {
	Pos    Position
	Parts  []string `parser:"@Word ('.' @Word)*"`
	EndPos Position
}

// Span of the target's name, without the arrow.
func (t Target) Span() Span { return Span{t.Pos.Filename, t.Pos.Offset, t.EndPos.Offset} }

// Duration as written: 24 hours.
type Duration struct {
	Pos    Position
	N      int    `parser:"@Number"`
	Unit   string `parser:"@Word"` // second minute hour day week month year, singular
	EndPos Position
}

// Type of a field, column, argument or answer.
type Type struct {
	Pos  Position
	Name string `parser:"@('yes' 'or' 'no' | Word)"` // text number date time phone email "yes or no" location image audio video document language choice list
	// UpTo is the longest text, in characters; 0 where none is written.
	UpTo int `parser:"( 'up' 'to' @Number"`
	// From and To bound a number; nil where not written.
	From *float64 `parser:"| 'from' @Number"`
	To   *float64 `parser:"'to' @Number )?"`
	// Values are the words of a choice type: low, medium, high.
	Values []Name `parser:"( (?! Comma ('kept' | 'public' | 'personal' | 'sensitive' | 'translated')) Comma @@ )*"`
	EndPos Position
}

// Arg is name = expression, or a bare name in "template x with nickname" and "share a, b".
type Arg struct {
	Name Name  `parser:"@@"`
	Expr *Expr `parser:"('=' @@)?"` // nil: the value of the variable with that name
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
	// Count marks the # of a plural, which stands for the number; Literal is then "#".
	Count  bool
	Hole   *Expr
	Plural *Cases
	Select *Cases
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
	Pack struct { // pack ke: TITLE
		ID Name `parser:"'pack' @@"`
	}
	Use struct {
		Path string `parser:"'use' @Path"`
		As   Name   `parser:"'as' @@"`
	} // use ../shared as safety
	Bind struct { // safety.team staff is protection
		Library Name `parser:"@@ '.'"`
		Kind    Name `parser:"@@"`
		Name    Name `parser:"@@"`
		Value   Name `parser:"'is' @@"`
	}
	Country struct { // country KE
		Code Name `parser:"'country' @@"`
	}
	Timezone struct { // timezone Africa/Nairobi
		Name string `parser:"'timezone' @Path"`
	}
	Languages struct { // languages en, sw
		Tags []Name `parser:"'languages' @@ (Comma @@)*"`
	}
	Channels struct { // channels whatsapp, sms
		Names []Name `parser:"'channels' @@ (Comma @@)*"`
	}
	Notice struct { // notice service_notice
		Consent Name `parser:"'notice' @@"`
	}
	Start struct { // start welcome
		Target Target `parser:"'start' @@"`
	}
	Fallback struct { // fallback welcome.menu
		Target Target `parser:"'fallback' @@"`
	}
	Silent struct { // silent for 24 hours -> end
		For    Duration `parser:"'silent' 'for' @@"`
		Target Target   `parser:"'->' @@"`
	}
	Example struct{} // example
	Needs   struct{} // release needs
	Gate    struct { // tests pass, coverage 90   (below release needs)
		Name    string // as program.Gates has it
		AtLeast *int   `parser:"'coverage' @Number"` // percent; nil where the gate takes none
	}

	Hours struct { // hours office; without children: always open
		Name Name `parser:"'hours' @@"`
	}
	Days struct { // mon to thu 08:30-17:00, 18:00-20:00
		Days  []string `parser:"@('mon'|'tue'|'wed'|'thu'|'fri'|'sat'|'sun') ( @'to' @('mon'|'tue'|'wed'|'thu'|'fri'|'sat'|'sun') | (Comma @('mon'|'tue'|'wed'|'thu'|'fri'|'sat'|'sun'))+ )?"` // mon … sun, the range spelled out
		Times []Times  `parser:"@@ (Comma @@)*"`
	}
	Closed struct { // closed 2026-12-25, 2027-01-01
		Dates []Date `parser:"'closed' @@ (Comma @@)*"`
	}

	Team struct { // team protection: TITLE
		Name Name `parser:"'team' @@"`
	}
	HoursRef struct { // hours office, below a team
		Name Name `parser:"'hours' @@"`
	}
	Answer struct { // answer within 4 hours
		Within Duration `parser:"'answer' 'within' @@"`
	}
	Escalate struct { // escalate after 30 minutes to protection_lead
		After Duration `parser:"'escalate' 'after' @@"`
		To    Name     `parser:"'to' @@"`
	}

	Field struct { // field city: text, personal, kept 1 year
		Name  Name      `parser:"'field' @@ ':'"`
		Type  Type      `parser:"@@"`
		Marks []Name    `parser:"( Comma ( (?! 'kept') @@"` // public personal sensitive
		Kept  *Duration `parser:"| 'kept' @@ ) )*"`
	}
	Words struct { // words stop, safety, inside
		Name  Name   `parser:"'words' @@"`
		Marks []Name `parser:"(Comma @@)*"`
	}
	WordRow struct { // en: stop, halt   (below words)
		Lang  Name   `parser:"@@ ':'"`
		Words []Name `parser:"@@ (Comma @@)*"`
	}
	Consent struct { // consent callback, version 2
		Name    Name `parser:"'consent' @@"`
		Version int  `parser:"Comma 'version' @Number"`
	}
	Covers struct { // covers nickname, callback_number
		Names []Name `parser:"'covers' @@ (Comma @@)*"`
	}
	Table struct { // table offices from tables/offices.csv
		Name Name   `parser:"'table' @@"`
		Path string `parser:"'from' @Path"`
	}
	Column struct { // town: text, translated   (below table, record, send, returns)
		Name  Name   `parser:"@@ ':'"`
		Type  Type   `parser:"@@"`
		Marks []Name `parser:"(Comma @@)*"` // translated public personal sensitive
	}
	Record struct { // record rumour, anonymous, kept 1 year
		Name  Name      `parser:"'record' @@"`
		Marks []Name    `parser:"( Comma ( (?! 'kept') @@"`
		Kept  *Duration `parser:"| 'kept' @@ ) )*"`
	}
	ReadBy struct { // read by protection
		Teams []Name `parser:"'read' 'by' @@ (Comma @@)*"`
	}
	Template struct { // template call_reminder, utility
		Name     Name `parser:"'template' @@"`
		Category Name `parser:"Comma @@"`
	}
	Sample struct { // sample name: Ana
		Name Name `parser:"'sample' @@"`
	}
	Service struct { // service cases
		Name Name `parser:"'service' @@"`
	}
	Request struct { // get https://… ; the URL's {holes} are in Line.Text
		Method string `parser:"@('get'|'post'|'put')"`
		URL    string `parser:"@Path"`
	}
	Header struct { // header Authorization: secret CASES_TOKEN
		Name   string `parser:"'header' @Word ':'"`
		Secret string `parser:"'secret' @Word"`
	}
	Timeout struct { // timeout 5 seconds
		After Duration `parser:"'timeout' @@"`
	}
	Send     struct{} // send
	Returns  struct{} // returns
	Receives struct { // may receive nickname
		Names []Name `parser:"'may' 'receive' @@ (Comma @@)*"`
	}
	Texts   struct{} // texts
	TextRow struct { // not understood: TEXT   (below texts; the name keeps its spaces)
		Name Name `parser:"@@"`
	}

	Flow struct { // flow welcome: TITLE
		Name Name `parser:"'flow' @@"`
	}
	Takes struct { // takes city: text
		Name Name `parser:"'takes' @@ ':'"`
		Type Type `parser:"@@"`
	}
	Trigger struct { // on message a, b
		// Kind: message, containing, words, any message, image audio video document location sticker contact, template
		Kind   string
		Words  []Name `parser:"'on' ( 'message' 'containing'? @@ (Comma @@)*"` // of message and containing
		Name   Name   `parser:"| 'words' @@ | 'template' @@"`                  // of words and template
		Button string `parser:"@Phrase?"`                                      // of template: the button's text
		As     *Name  `parser:"| ( 'any' 'message' | 'image' | 'audio' | 'video' | 'document' | 'location' | 'sticker' | 'contact' ) ('as' @@)? )"`
	}
	Anywhere struct { // anywhere / anywhere, then back
		ThenBack bool `parser:"'anywhere' (Comma @('then' 'back'))?"`
	}
	Step struct { // step menu
		Name Name `parser:"'step' @@"`
	}
	Mark struct { // a mark below a step: source URL, review by DATE, public, sensitive, for children, audio PATH, in every language, moved from STEP
		Kind string  // source, review by, public, sensitive, for children, audio, in every language, moved from
		Path string  `parser:"  ('source' | 'audio') @Path"` // of source and audio
		Date *Date   `parser:"| 'review' 'by' @@"`
		From *Target `parser:"| 'moved' 'from' @@"`
	}
)

// Times is an opening from minute to minute of the day; To may pass 24:00.
type Times struct {
	Pos    Position
	From   int `parser:"@Time '-'"`
	To     int `parser:"@Time"`
	EndPos Position
}

// Date as written.
type Date struct {
	Pos    Position
	Year   int `parser:"@Date"`
	Month  int `parser:"@Date"`
	Day    int `parser:"@Date"`
	EndPos Position
}

// String is the date as written: 2027-03-31.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Heads of statements.
type (
	Say struct { // say: TEXT · say image PATH: CAPTION · say location LAT, LON: NAME · say contact … · say link ADDRESS: TEXT · say template NAME with ARGS
		Kind     string // "" text, image audio video document sticker, location, contact, link, template, one of
		Path     string `parser:"'say' ( ('image' | 'audio' | 'video' | 'document' | 'sticker') @Path"` // of media
		Lat      *Expr  `parser:"| 'location' @@"`
		Lon      *Expr  `parser:"Comma @@"`
		Phone    string `parser:"| 'contact' @Phrase"` // of contact: the number; the name is the text
		Address  string `parser:"| 'link' @Path"`      // of link: https; its button is a Prop below
		Template *Name  `parser:"| 'template' @@"`
		With     []Arg  `parser:"('with' @@ (Comma @@)*)? )"`
	}
	Wording struct{} // - TEXT below say one of
	Ask     struct { // ask [NAME] [as TYPE]: TEXT · ask several NAME: · ask ROW from ROWS where COND show COLUMN:
		Several bool  `parser:"'ask' @'several'?"`
		Name    *Name `parser:"((?! 'as') @@)?"`
		Rows    *Expr `parser:"( 'from' @@"` // of "from"
		Where   *Expr `parser:"('where' @@)?"`
		Show    *Name `parser:"('show' @@)?"`
		Type    *Type `parser:"| 'as' @@ )?"`
	}
	Option struct { // - [id] LABEL -> target
		ID     *Name   `parser:"'-' ('[' @@ ']')?"`
		Target *Target `parser:"('->' @@)?"`
	}
	Prop struct { // text: header: footer: list button: why: skip: about: below ask or option; image PATH; ask: yes: no: seen by: full text: below consent; body: header: footer: button: below template; text: button: below say link
		Name string
		Path string `parser:"'image' @Path"` // of image
	}
	Also struct { // also: kalobeyei, x
		Words []Name `parser:"'also' ':' @@ (Comma @@)*"`
	}
	OnlyIf struct { // only if COND
		Cond Expr `parser:"'only' 'if' @@"`
	}
	When struct { // when not understood 2 times -> person
		// Kind: not understood, silent, refused, none, failed, waiting, outside hours, answered, no answer, done, media
		Kind   string    `parser:"'when' ( 'refused' | 'none' | 'failed' | 'waiting' | 'answered' | 'done' | 'outside' 'hours'"`
		Times  int       `parser:"| 'not' 'understood' ( @Number ('times' | 'time') )?"` // not understood N times; 0: each
		For    *Duration `parser:"| ( 'silent' | 'no' 'answer' ) 'for' @@"`              // silent, no answer
		Media  []string  `parser:"| @('location' | 'image' | 'audio' | 'video' | 'document' | 'sticker' | 'contact') ( 'or' @('location' | 'image' | 'audio' | 'video' | 'document' | 'sticker' | 'contact') )*"`
		As     *Name     `parser:"('as' @@)? )"`
		Target *Target   `parser:"('->' @@)?"`
	}
	If struct { // if COND
		Cond Expr `parser:"'if' @@"`
	}
	ElseIf struct { // else if COND
		Cond Expr `parser:"'else' 'if' @@"`
	}
	Else    struct{} // else
	ForEach struct { // for each office in offices where …, up to 3
		Row   Name  `parser:"'for' 'each' @@"`
		Rows  Expr  `parser:"'in' @@"`
		Where *Expr `parser:"('where' @@)?"`
		UpTo  int   `parser:"(Comma 'up' 'to' @Number)?"` // 0 where not written
	}
	Set struct { // set NAME = EXPR
		Name Name `parser:"'set' @@ '='"`
		Expr Expr `parser:"@@"`
	}
	Move struct { // -> target
		Target Target `parser:"'->' @@"`
	}
	Call struct { // call FLOW with a = EXPR as NAME
		Flow Target `parser:"'call' @@"`
		With []Arg  `parser:"('with' @@ (Comma @@)*)?"`
		As   *Name  `parser:"('as' @@)?"`
	}
	Return struct { // return EXPR
		Expr *Expr `parser:"'return' @@?"`
	}
	End  struct{} // end
	Need struct { // need consent callback
		Consent Name `parser:"'need' 'consent' @@"`
	}
	HandOver struct { // hand over to TEAM, urgent if COND: SUMMARY
		Team   Name  `parser:"'hand' 'over' 'to' @@"`
		Urgent bool  `parser:"(Comma @'urgent')?"`
		If     *Expr `parser:"('if' @@)?"`
	}
	Share struct { // share nickname, callback_number
		Names []Name `parser:"'share' @@ (Comma @@)*"`
	}
	Alert struct { // alert TEAM, urgent: TEXT
		Team   Name `parser:"'alert' @@"`
		Urgent bool `parser:"(Comma @'urgent')?"`
	}
	Save struct { // save rumour as report
		Record Name  `parser:"'save' @@"`
		As     *Name `parser:"('as' @@)?"`
	}
	Assign struct { // heard = what   (below save)
		Name Name `parser:"@@ '='"`
		Expr Expr `parser:"@@"`
	}
	Fetch struct { // fetch status from cases with number = n
		Name    Name  `parser:"'fetch' @@"`
		Service Name  `parser:"'from' @@"`
		With    []Arg `parser:"('with' @@ (Comma @@)*)?"`
	}
	Remind struct { // remind in 2 days -> consent
		In     Duration `parser:"'remind' 'in' @@"`
		Target Target   `parser:"'->' @@"`
	}
	TemplateUse struct { // template call_reminder with nickname   (below remind)
		Name Name  `parser:"'template' @@"`
		With []Arg `parser:"('with' @@ (Comma @@)*)?"`
	}
	CancelReminders struct{} // cancel reminders
	Wait            struct { // wait 3 seconds
		For Duration `parser:"'wait' @@"`
	}
	Hide          struct{} // hide: TEXT
	OptOut        struct{} // opt out
	OptIn         struct{} // opt in
	EraseContact  struct{} // erase contact
	ExportContact struct{} // export contact
)

// Heads of tests.
type (
	Test  struct{} // test TITLE; the title is the line's text
	Given struct { // given city = "x" · given consent NAME
		Name    *Name `parser:"'given' ( (?! 'consent') @@ '='"`
		Expr    *Expr `parser:"@@"`
		Consent *Name `parser:"| 'consent' @@ )"`
	}
	InLanguage struct { // language en
		Tag Name `parser:"'language' @@"`
	}
	OnChannel struct { // channel sms
		Name Name `parser:"'channel' @@"`
	}
	At struct { // at 2026-11-20 09:00
		Date   Date `parser:"'at' @@"`
		Minute int  `parser:"@Time"`
	}
	Person struct { // person: TEXT · person taps: LABEL · person sends image
		Does string // writes, taps, sends
		// Kind of sends: image audio video document sticker location contact
		Kind string   `parser:"'person' 'sends' @('image' | 'audio' | 'video' | 'document' | 'sticker' | 'location' | 'contact')"`
		Lat  *float64 `parser:"( @Number"`
		Lon  *float64 `parser:"Comma @Number )?"`
	}
	Bot struct { // bot: TEXT · bot offers: A, B · bot location · bot image · bot link: LABEL · bot template NAME
		Does     string // says, offers, location, image audio video document sticker contact, link, template
		Template *Name  `parser:"'bot' ( 'template' @@"`
		Labels   []Name `parser:"| 'offers' ':' @@ (Comma @@)* )"` // of offers
	}
	After struct { // after 25 hours
		For Duration `parser:"'after' @@"`
	}
	Staff      struct{ Done bool } // staff: TEXT · staff done
	FetchGiven struct {            // fetch SERVICE: FILE · fetch SERVICE failed
		Name   Name   `parser:"'fetch' @@"`
		Path   string `parser:"( ':' @Path"`
		Failed bool   `parser:"| @'failed' )"`
	}
	Expect struct { // expect COND · expect at flow.step · expect ended · saved RECORD · handed to TEAM · alerted TEAM
		Kind   string  // condition at ended saved handed alerted
		Cond   *Expr   `parser:"'expect' ( @@"`
		Target *Target `parser:"| 'at' @@"`
		Name   *Name   `parser:"| ( 'saved' | 'handed' 'to' | 'alerted' ) @@ )"`
	}
)

// Source is the line as written in its file.
func (l *Line) Source(file []byte) []byte {
	if l.Span.End > len(file) || l.Span.Start > l.Span.End {
		return nil
	}
	return file[l.Span.Start:l.Span.End]
}
