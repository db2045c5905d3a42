package rounds

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// Fits says what of a persona a program does not have: its language, a field, a value for one, a consent. A round that
// does not fit could not begin.
func (p *Persona) Fits(prog *program.Program) error {
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		if err := fits(prog, name, p.Fields[name]); err != nil {
			return err
		}
	}
	_, err := newTalk(Session{Persona: *p}, prog, namesOf(prog))
	return err
}

// given is a field of a persona as a test gives it.
type given struct{ name, source string }

// givens are the fields of a persona by name.
func (p *Persona) givens(prog *program.Program) []given {
	var out []given
	for name, value := range p.Fields {
		out = append(out, givenOf(prog, name, value))
	}
	slices.SortFunc(out, func(a, b given) int { return strings.Compare(a.name, b.name) })
	return out
}

// givenOf is a field with a value. What stands for a number, and yes or no, is one where the field is declared so; all
// else is a text.
func givenOf(prog *program.Program, name, value string) given {
	g := given{name, strconv.Quote(value)}
	for _, f := range prog.Fields {
		_, err := strconv.ParseFloat(value, 64)
		if f.Name == name && (f.Type == program.NumberKind && err == nil || f.Type == program.YesNo && (value == "yes" || value == "no")) {
			g.source = value
		}
	}
	return g
}

// fits says which fields the pack has, and what a field takes, where a value is not that. "" fits every field.
func fits(p *program.Program, name, value string) error {
	var all []string
	for i := range p.Fields {
		if f := &p.Fields[i]; f.Name == name {
			if len(value) > maxValue || strings.ContainsFunc(value, unicode.IsControl) || !utf8.ValidString(value) {
				return unfitf("the value of %q is one line of at most %d bytes", name, maxValue)
			}
			if takes := taken(p, f, value); value != "" && takes != "" {
				return unfitf("the field %q takes %s, not %q", name, takes, clip(value, 40))
			}
			return nil
		}
		all = append(all, p.Fields[i].Name)
	}
	return unfitf("the pack has no field %q; it has %s", clip(name, 40), listed(all))
}

// taken says what a field takes where a value is not that; "" where it is.
func taken(p *program.Program, f *program.Field, value string) string {
	ok, takes := true, ""
	switch f.Type {
	case program.NumberKind:
		n, err := strconv.ParseFloat(value, 64)
		ok, takes = err == nil && strings.Trim(value, "-.0123456789") == "" && !math.IsInf(n, 0), "a number such as 12 or 1.5"
	case program.YesNo:
		ok, takes = value == "yes" || value == "no", "yes or no"
	case program.DateKind:
		_, err := time.Parse(time.DateOnly, value)
		ok, takes = err == nil, "a date such as 1990-12-31"
	case program.TimeKind:
		_, err := time.Parse("15:04", value)
		ok, takes = err == nil, "a time such as 09:30"
	case program.PhoneKind:
		digits, plus := strings.CutPrefix(value, "+")
		ok, takes = plus && len(digits) > 5 && len(digits) < 16 && strings.Trim(digits, "0123456789") == "", "a made-up phone number with its country, such as +15550100200"
	case program.EmailKind:
		name, host, at := strings.Cut(value, "@")
		ok, takes = at && name != "" && strings.Contains(host, "."), "an address such as person@example.org"
	case program.LanguageKind:
		ok, takes = slices.Contains(p.Languages, value), listed(p.Languages)
	case program.ChoiceKind:
		ok, takes = len(f.Values) == 0 || slices.Contains(f.Values, value), listed(f.Values)
	case program.LocationKind, program.MediaKind, program.ListKind, program.RowKind:
		ok, takes = false, "only what the conversation itself puts there"
	}
	if ok {
		return ""
	}
	return takes
}

// listed names all of a few things.
func listed(all []string) string {
	switch n := len(all); n {
	case 0:
		return "none"
	case 1:
		return all[0]
	default:
		return strings.Join(all[:n-1], ", ") + " or " + all[n-1]
	}
}

// value is what the test would read.
func (g given) value(p *program.Program, at time.Time) (any, error) {
	if !slices.ContainsFunc(p.Fields, func(f program.Field) bool { return f.Name == g.name }) {
		return nil, unfitf("the pack has no field %q", clip(g.name, 40))
	}
	x, err := expression.Compile(g.source)
	if err != nil {
		return nil, unfitf("%s is no value for the field %q", clip(g.source, 40), g.name)
	}
	return x.Eval(&expression.Env{Program: p, At: at, Zone: at.Location(), Var: func(string) (any, bool) { return nil, false }})
}
