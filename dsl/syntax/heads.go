package syntax

import (
	"slices"

	"baraza/dsl/ast"
)

// A Place is where a line stands: below which line, or at the margin.
type Place uint8

// The places of the language. Nothing stands below a line whose place is Nowhere.
const (
	Nowhere Place = iota
	Margin
	InPack
	InNeeds
	InHours
	InTeam
	InField
	InWords
	InConsent
	InTable
	InRecord
	InTemplate
	InService
	InSend
	InReturns
	InTexts
	InTrigger
	InStep
	InBlock
	InForEach
	InAsk
	InOption
	InWordings
	InLink
	InNeed
	InHandOver
	InSave
	InFetch
	InRemind
	InTest
	places
)

// placeNames say where, after "stands".
var placeNames = [places]string{
	Nowhere: "nowhere", Margin: "at the margin", InPack: `below "pack"`, InNeeds: `below "release needs"`, InHours: `below "hours"`,
	InTeam: `below "team"`, InField: `below "field"`, InWords: `below "words"`, InConsent: `below "consent"`,
	InTable: `below "table"`, InRecord: `below "record"`, InTemplate: `below "template"`,
	InService: `below "service"`, InSend: `below "send"`, InReturns: `below "returns"`, InTexts: `below "texts"`,
	InTrigger: `below an "on" line`, InStep: `below "step"`, InBlock: `below "if", "else" or "when"`,
	InForEach: `below "for each"`, InAsk: `below "ask"`, InOption: "below an option", InWordings: `below "say one of"`,
	InLink: `below "say link"`,
	InNeed: `below "need consent"`, InHandOver: `below "hand over to"`, InSave: `below "save"`,
	InFetch: `below "fetch"`, InRemind: `below "remind"`, InTest: `below "test"`,
}

// String says where, such as: below "ask".
func (p Place) String() string { return placeNames[p] }

// A TextRule says which text a line takes.
type TextRule uint8

const (
	// NoText: a colon in the line is part of what it says.
	NoText TextRule = iota
	// Title: after the colon, one line, may be left out. Lines may stand below.
	Title
	// OneLine: after the colon, one line, or in a text: line below.
	OneLine
	// Block: after the colon, or on the more-indented lines below it. Nothing else stands below.
	Block
	// MayBlock: like Block, may be left out; without it lines may stand below.
	MayBlock
	// Rest: what follows the first words, without a colon.
	Rest
	// Label: an option's, up to its move.
	Label
)

// A Head is a kind of line: how it begins, what it says and where it stands. Scanner, grammar, hints, completion
// and the reference all read the same table.
type Head struct {
	// Keyword is the words it begins with; rows that begin with a name have none.
	Keyword string
	// Shape shows all that may be written, names in capitals: ask [NAME] [as TYPE]: TEXT.
	Shape string
	// Example is one line, ready to copy.
	Example string
	// Means is one sentence.
	Means string
	Text  TextRule
	Below []Place
	// Opens is the place below this line; Nowhere where nothing stands there.
	Opens Place
	// NeedsLines says that the line means nothing without lines below it.
	NeedsLines bool

	words []string  // of Keyword
	kind  string    // tells apart lines that share a struct
	lex   []lexRule // which tokens are not plain words
	read  *reader   // nil: nothing follows the keyword
	bare  func() ast.Head
	row   string // what a row is called; "" for a line with a keyword
	// variant: only for the reference; the line is read by the entry above it with the same keyword.
	variant bool
}

// Name is what a message calls the line.
func (h *Head) Name() string {
	if h.row != "" {
		return h.row
	}
	return h.Keyword
}

var (
	margin     = []Place{Margin}
	statements = []Place{InStep, InBlock, InForEach, InOption}
	inStep     = []Place{InStep}
	inAsk      = []Place{InAsk}
	inTest     = []Place{InTest}
)

// Heads returns every kind of line, in the order of the reference: a pack's declarations, flows, statements,
// what stands below them, tests. The heads themselves are shared.
func Heads() []*Head { return slices.Clone(table().all) }

// HeadsAt returns the kinds of lines of one place, in the same order; completion offers them.
func HeadsAt(p Place) []*Head { return slices.Clone(table().at[p].all) }

// Sections are the table's parts with their titles, for the reference.
func Sections(yield func(title string, heads []*Head) bool) {
	at := 0
	all := table().all
	for _, s := range sections() {
		if !yield(s.title, all[at:at+len(s.heads)]) {
			return
		}
		at += len(s.heads)
	}
}

type section struct {
	title string
	heads []*Head
}

func sections() []section {
	return []section{
		{"What a pack declares", declarations()},
		{"Flows and steps", flowLines()},
		{"Statements", statementLines()},
		{"Below a statement", belowStatements()},
		{"Tests", testLines()},
	}
}
