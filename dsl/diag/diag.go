// Package diag is what the language says to a writer: a diagnostic, lists of them, and their printing for
// people (Render) and for programs (JSON). It is a leaf: every stage of dsl makes diagnostics, the command
// line, the simulator and editors show them.
//
// Every code has one page in catalog/, which is the documentation, the text of `baraza explain` and, through
// its examples, the test of the code.
package diag

// Severity says whether a problem stops a release.
type Severity uint8

const (
	// Error: the flow cannot run as written.
	Error Severity = iota + 1
	// Warning: it can, but a person would be stuck, surprised or never get there.
	Warning
)

// A Span is a place in one file: byte offsets, End exclusive. An empty File means the pack as a whole.
type Span struct {
	File       string
	Start, End int
}

// A Diagnostic is one mistake and its one message.
type Diagnostic struct {
	Code     string // the catalog page's name, such as "unknown-step"
	Severity Severity
	// Message stands alone: lower case, no full stop, names the thing in quotes.
	Message string
	Span    Span     // the smallest place
	Notes   []Note   // other places that take part, such as the first of two equal names
	Help    []string // sentences: facts first, then what to write
	Fix     *Fix     // nil where no single replacement is right
}

// A Note points at a second place.
type Note struct {
	Span    Span
	Message string
}

// A Fix is a replacement of the bytes of Span. Safe means that it can be applied without a look.
type Fix struct {
	Span Span
	Text string
	Safe bool
}

// A List is the problems of one run, in the order they were found until Sort.
type List []Diagnostic
