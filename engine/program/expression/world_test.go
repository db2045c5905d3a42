package expression_test

import (
	"flag"
	"slices"
	"time"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

var update = flag.Bool("update", false, "rewrite golden files")

// scope is a small pack's names.
type scope []expression.Column

func (s scope) Type(name string) (expression.Type, bool) {
	for _, c := range s {
		if c.Name == name {
			return c.Type, true
		}
	}
	return expression.Type{}, false
}

func (s scope) Names() []string {
	var names []string
	for _, c := range s {
		names = append(names, c.Name)
	}
	return names
}

func kind(k program.Kind) expression.Type { return expression.Type{Kind: k} }

func maybe(t expression.Type) expression.Type {
	t.Optional = true
	return t
}

func choice(values ...string) expression.Type {
	return expression.Type{Kind: program.ChoiceKind, Values: values}
}

func listOf(t expression.Type) expression.Type {
	return expression.Type{Kind: program.ListKind, Elem: &t, Table: t.Table}
}

var officeType = expression.Type{Kind: program.RowKind, Table: "offices", Columns: []expression.Column{
	{Name: "id", Type: kind(program.TextKind)}, {Name: "town", Type: kind(program.TextKind)}, {Name: "name", Type: kind(program.TextKind)},
	{Name: "lat", Type: kind(program.NumberKind)}, {Name: "lon", Type: kind(program.NumberKind)},
	{Name: "until", Type: maybe(kind(program.DateKind))},
}}

var names = scope{
	{"age", kind(program.NumberKind)}, {"people", kind(program.NumberKind)},
	{"city", choice("nairobi", "kakuma", "other")}, {"answer", choice("yes", "no")},
	{"needs", listOf(choice("food", "water", "shelter"))}, {"ages", listOf(kind(program.NumberKind))},
	{"place", kind(program.TextKind)}, {"ready", kind(program.YesNo)}, {"visit", kind(program.DateKind)}, {"at", kind(program.TimeKind)},
	{"here", kind(program.LocationKind)}, {"photo", kind(program.MediaKind)}, {"callback_number", kind(program.PhoneKind)},
	{"language", expression.Type{Kind: program.LanguageKind, Values: []string{"en", "sw", "so"}}},
	{"nickname", maybe(kind(program.TextKind))}, {"children", maybe(kind(program.NumberKind))},
	{"offices", listOf(officeType)}, {"office", officeType}, {"protection", kind(program.HoursKind)},
	{"नाम", kind(program.TextKind)}, {"anything", kind(program.Any)},
}

// world is a pack that runs, at 2026-11-24 10:15 in Nairobi, a Tuesday.
func world() *expression.Env {
	values := map[string]any{
		"age": 20.0, "people": 1234.5, "city": "nairobi", "answer": "yes", "needs": []any{"food", "water"}, "ages": []any{4.0, 9.5},
		"place": " Kakuma Camp ", "ready": true, "visit": "2026-11-30", "at": "14:00", "here": program.Location{Lat: -1.3, Lon: 36.8},
		"callback_number": "+254700123456", "language": "sw", "नाम": "Ana", "count_of_all": 3,
	}
	return &expression.Env{
		Var: func(name string) (any, bool) {
			v, ok := values[name]
			return v, ok
		},
		Bound: "office", Row: &pack.Tables[0].Rows[1],
		Program: pack, At: time.Date(2026, 11, 24, 7, 15, 0, 0, time.UTC), Zone: nairobi,
	}
}

var nairobi = time.FixedZone("EAT", 3*60*60)

var pack = &program.Program{
	Timezone: "Africa/Nairobi", Languages: []string{"en", "sw"},
	Tables: []program.Table{{Name: "offices", Rows: []program.Row{
		officeRow("nairobi", "Nairobi office", "Ofisi ya Nairobi", -1.2921, 36.8219),
		officeRow("kakuma", "Kakuma office", "", 3.7167, 34.8667),
	}}, {Name: "safety.offices"}},
	Hours: []program.Hours{
		{Name: "always", Always: true},
		{Name: "office", Days: [7][]program.Span{1: morning, 2: {span(510, 720), span(840, 1020)}, 3: morning, 4: morning, 5: morning}, Closed: []string{"2026-11-25"}},
		{Name: "night", Days: [7][]program.Span{2: {span(1320, 1800)}}},
		{Name: "never"},
	},
	Teams: []program.Team{{Name: "protection", Hours: 1}, {Name: "hotline", Hours: program.None}},
}

// packIn is the pack in one language, for a test to change.
func packIn(lang string) *program.Program {
	return &program.Program{Timezone: pack.Timezone, Languages: []string{lang}, Tables: pack.Tables, Hours: slices.Clone(pack.Hours), Teams: pack.Teams}
}

var morning = []program.Span{span(510, 720)}

func span(from, to int) program.Span { return program.Span{From: from, To: to} }

func officeRow(id, name, swahili string, lat, lon float64) program.Row {
	return program.Row{ID: id, Table: "offices", Columns: []string{"id", "town", "name", "lat", "lon", "until"},
		Cells:      []any{id, id, name, lat, lon, nil},
		Translated: [][]string{nil, nil, {"", swahili}, nil, nil, nil}}
}
