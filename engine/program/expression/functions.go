package expression

import (
	"strings"

	"baraza/engine/program"
)

// Function is one function of the language, for Check, for hints and for the reference.
type Function struct {
	Name   string
	Params []Param
	Result string // "number": what it gives, in the words of the reference
	Doc    string // one sentence
	// Example is a whole expression.
	Example string

	repeats bool // the last parameter may be given several times
	gives   func(arguments []Type) Type
}

// Param is one value that a function takes.
type Param struct {
	Name  string // as the reference writes it
	wants want
}

// want says which values a parameter takes.
type want uint8

const (
	wantName     want = iota // a name or a column that may be unset
	wantMany                 // a list or table
	wantRows                 // a table or a list of rows
	wantNumbers              // a list of numbers, or numbers
	wantNumber               //
	wantText                 // what is written in letters: text, choice, phone, email
	wantDate                 //
	wantPlace                // a location, or a row with the columns lat and lon
	wantHours                // the bare name of hours or of a team
	wantLanguage             // a language's tag
)

// wanted says in words what a parameter takes.
var wanted = [...]string{
	wantName: "a name", wantMany: "a list or a table", wantRows: "a table or a list of rows", wantNumbers: "numbers or a list of numbers",
	wantNumber: "a number", wantText: "a text", wantDate: "a date", wantPlace: "a location or row with lat and lon",
	wantHours: "the name of hours or of a team", wantLanguage: "a language",
}

var functions = []Function{
	{Name: "known", Params: []Param{{"name", wantName}}, Result: "yes or no", gives: always(program.YesNo),
		Doc: "Whether a name has a value.", Example: `known(city)`},
	{Name: "count", Params: []Param{{"list", wantMany}}, Result: "number", gives: always(program.NumberKind),
		Doc: "How many entries a list or a table has.", Example: `count(needs) > 2`},
	{Name: "sum", Params: []Param{{"numbers", wantNumbers}}, Result: "number", repeats: true, gives: always(program.NumberKind),
		Doc: "The numbers added up.", Example: `sum(adults, children)`},
	{Name: "max", Params: []Param{{"numbers", wantNumbers}}, Result: "number", repeats: true, gives: always(program.NumberKind),
		Doc: "The largest of the numbers.", Example: `max(0, 18 - age)`},
	{Name: "min", Params: []Param{{"numbers", wantNumbers}}, Result: "number", repeats: true, gives: always(program.NumberKind),
		Doc: "The smallest of the numbers.", Example: `min(people, 10)`},
	{Name: "row", Params: []Param{{"rows", wantRows}, {"id", wantText}}, Result: "row, or unset", gives: rowOf(true),
		Doc: "The row whose id is given, unset where there is none.", Example: `row(offices, "nairobi")`},
	{Name: "nearest", Params: []Param{{"rows", wantRows}, {"place", wantPlace}}, Result: "row", gives: rowOf(false),
		Doc: "The row whose lat and lon are nearest to a place.", Example: `nearest(offices, here)`},
	{Name: "distance_km", Params: []Param{{"place", wantPlace}, {"place", wantPlace}}, Result: "number", gives: always(program.NumberKind),
		Doc: "How many kilometres lie between two places, as the crow flies, with one decimal.", Example: `distance_km(here, nearest(offices, here)) < 5`},
	{Name: "today", Result: "date", gives: always(program.DateKind),
		Doc: "The date of the message, in the pack's timezone.", Example: `visit == today()`},
	{Name: "now", Result: "time", gives: always(program.TimeKind),
		Doc: "The time of the message, in the pack's timezone.", Example: `now() > "12:00"`},
	{Name: "days_until", Params: []Param{{"date", wantDate}}, Result: "number", gives: always(program.NumberKind),
		Doc: "How many days from today until a date; below 0 when it is past.", Example: `days_until(visit) <= 1`},
	{Name: "lower", Params: []Param{{"text", wantText}}, Result: "text", gives: always(program.TextKind),
		Doc: "The text in small letters.", Example: `lower(place) contains "camp"`},
	{Name: "trim", Params: []Param{{"text", wantText}}, Result: "text", gives: always(program.TextKind),
		Doc: "The text without spaces at its ends.", Example: `trim(nickname)`},
	{Name: "is_open", Params: []Param{{"hours", wantHours}}, Result: "yes or no", gives: always(program.YesNo),
		Doc: "Whether hours, or the hours of a team, are open now.", Example: `is_open(protection)`},
	{Name: "opens", Params: []Param{{"hours", wantHours}}, Result: "text", gives: always(program.TextKind),
		Doc: "When hours, or the hours of a team, open next, in words.", Example: `opens(protection)`},
	{Name: "format_date", Params: []Param{{"date", wantDate}}, Result: "text", gives: always(program.TextKind),
		Doc: "The date as the person's language writes it.", Example: `format_date(visit)`},
	{Name: "format_number", Params: []Param{{"number", wantNumber}}, Result: "text", gives: always(program.TextKind),
		Doc: "The number as the person's language writes it.", Example: `format_number(people)`},
	{Name: "language_name", Params: []Param{{"language", wantLanguage}}, Result: "text", gives: always(program.TextKind),
		Doc: "The name of a language in that language.", Example: `language_name(language)`},
}

// Functions is every function, in the order of the reference.
func Functions() []Function { return append([]Function(nil), functions...) }

// Signature is the function as the reference writes it: "nearest(rows, place)".
func (f Function) Signature() string {
	names := make([]string, len(f.Params))
	for i, p := range f.Params {
		names[i] = p.Name
	}
	list := strings.Join(names, ", ")
	if f.repeats {
		list += ", …"
	}
	return f.Name + "(" + list + ")"
}

func always(kind program.Kind) func([]Type) Type {
	return func([]Type) Type { return Type{Kind: kind} }
}

// rowOf gives a row of the rows in the first argument.
func rowOf(optional bool) func([]Type) Type {
	return func(arguments []Type) Type {
		row := Type{Kind: program.RowKind, Optional: optional}
		if rows := arguments[0]; rows.Elem != nil {
			row.Columns, row.Table = rows.Elem.Columns, rows.Elem.Table
		}
		return row
	}
}

func function(name string) (Function, bool) {
	for _, f := range functions {
		if f.Name == name {
			return f, true
		}
	}
	return Function{}, false
}

// otherNames are what functions of ours are called elsewhere.
var otherNames = map[string]string{
	"len": "count", "length": "count", "size": "count", "number": "count", "total": "sum", "average": "sum",
	"is_set": "known", "isset": "known", "exists": "known", "defined": "known", "has_value": "known",
	"lowercase": "lower", "tolower": "lower", "to_lower": "lower", "strip": "trim",
	"distance": "distance_km", "closest": "nearest", "find": "row", "get": "row", "lookup": "row",
	"date": "today", "time": "now", "days": "days_until", "open": "is_open", "hours": "opens",
	"highest": "max", "lowest": "min", "format": "format_date",
}

func unknownFunction(t token) *Problem {
	p := &Problem{Code: "unknown-function", Start: t.start, End: t.end, Message: `there is no function called "` + t.text + `"`}
	if ours, ok := otherNames[strings.ToLower(t.text)]; ok {
		f, _ := function(ours)
		p.Help = []string{"There is " + f.Signature() + ": " + f.Doc}
		return p
	}
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = f.Name
	}
	p.Help = suggest("function", t.text, names)
	if p.Help == nil {
		p.Help = []string{"The functions are: " + strings.Join(names, ", ") + "."}
	}
	p.Fix = replaceBy(t.text, names, t.start, t.end)
	return p
}
