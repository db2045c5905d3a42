package rounds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// Fits says what of a persona a program does not have: its language, a field, a consent. A round that does not fit could
// not begin.
func (p *Persona) Fits(prog *program.Program) error {
	_, err := newTalk(Session{Persona: *p}, prog, namesOf(prog))
	return err
}

// given is a field of a persona as a test gives it.
type given struct{ name, source string }

// givens are the fields of a persona by name. What stands for a number, and yes or no, is one where the field is
// declared so; all else is a text.
func (p *Persona) givens(prog *program.Program) []given {
	var out []given
	for name, value := range p.Fields {
		g := given{name, strconv.Quote(value)}
		for _, f := range prog.Fields {
			_, err := strconv.ParseFloat(value, 64)
			if f.Name == name && (f.Type == program.NumberKind && err == nil || f.Type == program.YesNo && (value == "yes" || value == "no")) {
				g.source = value
			}
		}
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b given) int { return strings.Compare(a.name, b.name) })
	return out
}

// value is what the test would read.
func (g given) value(p *program.Program, at time.Time) (any, error) {
	if !slices.ContainsFunc(p.Fields, func(f program.Field) bool { return f.Name == g.name }) {
		return nil, fmt.Errorf("the pack has no field %q", clip(g.name, 40))
	}
	x, err := expression.Compile(g.source)
	if err != nil {
		return nil, fmt.Errorf("%s is no value for the field %q", clip(g.source, 40), g.name)
	}
	return x.Eval(&expression.Env{Program: p, At: at, Zone: at.Location(), Var: func(string) (any, bool) { return nil, false }})
}
