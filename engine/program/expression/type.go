// Package expression is the language's expressions: the caps that hold before any parser sees a source (Guard),
// the types (Check), the functions, and running them (Compile, Eval). dsl/pack types expressions with it and the
// engine runs them with it, so that both agree. expr-lang parses and runs; what it may be given is decided here.
package expression

import "baraza/engine/program"

// Type is the static type of a value.
type Type struct {
	Kind   program.Kind
	Values []string // of ChoiceKind: the option ids
	Elem   *Type    // of ListKind
	// Columns of RowKind and Table, the table's name, where it is a row of one.
	Columns []Column
	Table   string
	// Optional: may be unset; reading it outside known() is an error.
	Optional bool
}

// Column is one column of a row.
type Column struct {
	Name string
	Type Type
}

// Problem is what is wrong with a source, for diagnostics. Start and End are byte offsets into the source.
type Problem struct {
	Code       string // a catalog code, such as "may-be-unset"
	Message    string
	Start, End int
	Help       []string
	Fix        *Replace
}

// Replace is a replacement of Source[Start:End].
type Replace struct {
	Start, End int
	Text       string
}

// Scope tells the type of a name; ok is false where there is no such name.
type Scope interface {
	Type(name string) (t Type, ok bool)
	// Names are all that could be written here, for similar names.
	Names() []string
}
