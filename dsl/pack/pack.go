// Package pack is a country pack as the checks and the compiler see it: its declarations by name, every
// reference resolved, every variable and expression typed, its tables and translations read. It is built
// from the outlines that syntax reads (Build) and reports what it cannot resolve; a reference that was
// reported is nil or unresolved here, and later passes stay silent about it.
package pack

import (
	"baraza/dsl/ast"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// Pack is one pack with the libraries it uses. Slices are in source order: pack.flow first, then the other
// files by path, then the libraries.
type Pack struct {
	Files []*ast.File
	// Broken says that some file has a syntax problem: checks that say "nobody reaches", "unused",
	// "unknown" hold back.
	Broken bool

	Line      *ast.Line // of the pack head; nil in a pack without one
	ID, Title string
	Country   string
	Timezone  string
	Languages []string // source language first; never empty after Build ("en" where none is written)
	Channels  []string // names of capability.All; "whatsapp" where none is written
	Example   bool
	Notice    *Consent
	Start     *Dest
	Fallback  *Dest
	Silent    *Silent
	Needs     []program.Need // gates of a release, in source order

	Flows     []*Flow
	Fields    []*Field
	Hours     []*Hours
	Teams     []*Team
	Words     []*Words
	Consents  []*Consent
	Tables    []*Table
	Records   []*Record
	Templates []*Template
	Services  []*Service
	Texts     []*ast.Line // TextRow lines; the source language's engine texts
	Tests     []*Test
	Libraries []*Library

	// Strings is every string of the pack with its stable id, in source order.
	Strings []*String
	// Translations by language, of those in locale/.
	Translations map[string]*Catalogue

	// Types of every expression that could be typed.
	Exprs map[*ast.Expr]Type

	// Media is the files of media/ by path inside the pack ("media/map.png"), with their size in bytes.
	Media map[string]int64
	// Hash is 16 hex characters of the SHA-256 over all files of the pack and its libraries, by path.
	Hash string

	stringOf map[*ast.Text]*String
	alsoOf   map[*ast.Line]*String

	units         []*unit
	names         *names
	declaredExprs map[*ast.Expr]Type
	// catalogues are the files of each language as they were read, the pack's own first.
	catalogues map[string][]catalogueEntries
}

// StringOf gives the string made of a text.
func (p *Pack) StringOf(t *ast.Text) *String { return p.stringOf[t] }

// AlsoOf gives the string made of an also line, which has words and no text of its own.
func (p *Pack) AlsoOf(line *ast.Line) *String { return p.alsoOf[line] }

// Library is a pack used by this one.
type Library struct {
	Alias string
	Path  string
	Line  *ast.Line
}

// Silent is "silent for 24 hours -> end".
type Silent struct {
	Line    *ast.Line
	Seconds int
	To      *Dest
}

// Flow is one flow. Lib is the alias of its library, "" for the pack's own.
type Flow struct {
	Lib, Name string
	Title     string
	Line      *ast.Line
	File      *ast.File
	Triggers  []*Trigger
	Takes     []*Var
	Steps     []*Step
	Vars      map[string]*Var // every variable that some line of the flow sets, and what it takes

	unit    int // index of its pack or library
	outline *outline
	lines   *flowLines
	steps   map[string]*Step
}

// Full is the flow's name with its library: "safety.person".
func (f *Flow) Full() string {
	if f.Lib != "" {
		return f.Lib + "." + f.Name
	}
	return f.Name
}

// Step is one step with its marks apart from its statements.
type Step struct {
	Flow  *Flow
	Name  string
	Line  *ast.Line
	Index int // in Flow.Steps
	Body  []*ast.Line

	Public, Sensitive, ForChildren, EveryLanguage bool
	Audio                                         *ast.Line
	Sources                                       []*ast.Line
	ReviewBy                                      *ast.Mark
	ReviewLine                                    *ast.Line
	MovedFrom                                     []*ast.Line
}

// Full is flow.step.
func (s *Step) Full() string { return s.Flow.Full() + "." + s.Name }

// DestKind says what a target is.
type DestKind uint8

const (
	ToStep DestKind = iota + 1
	ToFlow
	ToEnd
	ToBack
	ToNext
	ToContinue
)

// Dest is a resolved target.
type Dest struct {
	Kind DestKind
	Flow *Flow
	Step *Step // of ToStep; of ToFlow the flow's first step, nil if it has none
}

// Trigger starts a flow.
type Trigger struct {
	Line     *ast.Line
	Head     *ast.Trigger
	Flow     *Flow
	Words    *Words    // of words
	Template *Template // of template
	Anywhere bool
	ThenBack bool
}

// Type is the static type of a value.
type Type = expression.Type

// ColumnType is one column of a row.
type ColumnType = expression.Column

// Var is a variable of a flow's run.
type Var struct {
	Name string
	Type Type
	Span ast.Span // where it first gets a value
	Used bool
}

// Field, Hours … are the declarations with the lines they stand on.
type (
	Field struct {
		Name     string
		Line     *ast.Line
		Type     Type
		Class    program.Class
		KeptDays int
		Why      *ast.Text
	}
	Hours struct {
		Name   string
		Line   *ast.Line
		Always bool
		Days   [7][]program.Span // Sunday first
		Closed []string
	}
	Team struct {
		Name, Title string
		Line        *ast.Line
		Hours       *Hours
		AnswerIn    int // seconds
		Escalations []Escalation
	}
	Escalation struct {
		Seconds int
		To      *Team
	}
	Words struct {
		Name           string
		Line           *ast.Line
		Safety, Inside bool
		Lists          []WordList
	}
	WordList struct {
		Lang  string
		Line  *ast.Line
		Words []ast.Name
	}
	Consent struct {
		Name                           string
		Line                           *ast.Line
		Version                        int
		Covers                         []*Field
		Ask, Yes, No, SeenBy, FullText *ast.Text
	}
	Column struct {
		Name       string
		Line       *ast.Line
		Type       Type
		Translated bool
		Class      program.Class
	}
	Table struct {
		Name    string
		Line    *ast.Line
		Path    string
		Columns []Column
		Rows    []program.Row // empty where the file has problems
	}
	Record struct {
		Name      string
		Line      *ast.Line
		Columns   []Column
		KeptDays  int
		Anonymous bool
		Class     program.Class
		Why       *ast.Text
		ReadBy    []*Team
	}
	Template struct {
		Name, Category       string
		Line                 *ast.Line
		Body, Header, Footer *ast.Text
		Buttons              []*ast.Text
		Params               []string
		Samples              []program.Sample
	}
	Service struct {
		Name        string
		Line        *ast.Line
		Method, URL string
		URLText     *ast.Text
		Headers     []program.ServiceHeader
		Seconds     int
		Send        []Column
		Returns     []ColumnType
		Receives    []*Field
	}
	Test struct {
		Title string
		Line  *ast.Line
		File  *ast.File
	}
)

// String is one text that people see.
type String struct {
	// ID is flow.step plus its role or option id, numbered only among equals: "offices.town.ask",
	// "offices.town.nairobi", "offices.town.nairobi.about", "offices.show.say", "offices.show.say.2".
	// Declarations: "consent.callback.ask", "field.city.why", "texts.more", "team.protection.title",
	// "template.call_reminder.body". Those of a library begin with its alias.
	ID   string
	Role string // say ask option about header footer list_button why skip when text caption wording …
	Text *ast.Text
	File *ast.File
	Line *ast.Line
	Step *Step // nil for declarations
	// Inherited: a template's body goes to the provider; not shown as is.
}

// Catalogue is the translations of one language.
type Catalogue struct {
	Lang string
	File string // locale/sw.po
	// Entries by string id. Text is parsed like a text of the source, so its holes are typed too.
	Entries map[string]*Translation
}

// Translation of one string.
type Translation struct {
	ID     string
	Source string // msgid as the translator saw it
	Text   *ast.Text
	Fuzzy  bool
	Span   ast.Span // of the msgstr in the PO file
}
