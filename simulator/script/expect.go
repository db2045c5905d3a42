package script

import (
	"cmp"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/engine"
	"baraza/engine/program/expression"
	"baraza/simulator"
)

// language is the name that is always known: the person's language.
const language = "language"

func (r *runner) expect(l *ast.Line, h *ast.Expect) *problem {
	expect := func(ok bool, actual, says string) *problem {
		if ok {
			return nil
		}
		return r.differ(r.written(l), actual, wrong("%s", says))
	}
	switch h.Kind {
	case "ended":
		return expect(!r.talk.Session.IsOpen(), r.place(), "the conversation has not ended")
	case "at":
		return expect(r.isAt(h.Target), r.place(), "the conversation waits somewhere else")
	case "saved":
		return expect(r.did(engine.SaveRecord, h.Name.Text), r.all(engine.SaveRecord, "saved", "nothing was saved"), "no such record was saved")
	case "handed":
		return expect(r.did(engine.OpenCase, h.Name.Text), r.all(engine.OpenCase, "handed to", "nothing was handed over"), "the conversation was not handed over to that team")
	case "alerted":
		return expect(r.did(engine.Alert, h.Name.Text), r.all(engine.Alert, "alerted", "no team was alerted"), "that team was not alerted")
	}
	v, err := r.eval(h.Cond)
	return expect(err == nil && expression.Truth(v), r.values(h.Cond), "this does not hold")
}

// isAt says that the conversation waits in the step that a target names.
func (r *runner) isAt(t *ast.Target) bool {
	if !r.talk.Session.IsOpen() {
		return false
	}
	d := r.pack.Resolve(nil, *t)
	where := r.talk.Session.Where(r.prog)
	return d != nil && d.Step != nil && d.Step.Full() == where.Flow+"."+where.Step
}

// place is where the conversation waits, in words.
func (r *runner) place() string {
	where := r.talk.Session.Where(r.prog)
	switch {
	case !r.talk.Session.IsOpen():
		return "the conversation has ended"
	case where.Step == "":
		return "waits at " + where.Identity
	}
	return "waits at " + where.Flow + "." + where.Step
}

func (r *runner) did(kind engine.EffectKind, name string) bool {
	return slices.ContainsFunc(r.talk.Lines, func(l simulator.Line) bool {
		return l.Effect != nil && l.Effect.Kind == kind && l.Effect.Name == name
	})
}

// all names what was done of a kind.
func (r *runner) all(kind engine.EffectKind, did, nothing string) string {
	var names []string
	for _, l := range r.talk.Lines {
		if l.Effect != nil && l.Effect.Kind == kind && !slices.Contains(names, l.Effect.Name) {
			names = append(names, l.Effect.Name)
		}
	}
	if len(names) == 0 {
		return nothing
	}
	return did + " " + strings.Join(names, ", ")
}

// eval runs an expression of a test against what the contact and the conversation hold.
func (r *runner) eval(e *ast.Expr) (any, error) {
	x, err := expression.Compile(e.Source)
	if err != nil {
		return nil, err
	}
	env := &expression.Env{Program: r.prog, At: r.talk.Now, Zone: r.talk.Now.Location(), Var: r.variable}
	env.Lang = max(0, slices.Index(r.prog.Languages, r.talk.Session.Contact.Language))
	return x.Eval(env)
}

func (r *runner) variable(name string) (any, bool) {
	if name == language {
		return cmp.Or(r.talk.Session.Contact.Language, r.prog.Languages[0]), true
	}
	for _, v := range r.talk.Session.Variables(r.prog) {
		if v.Name == name {
			return v.Value, true
		}
	}
	return nil, false
}

// values tells what the names of a condition are.
func (r *runner) values(e *ast.Expr) string {
	var parts []string
	for _, name := range expression.Names(e.Source) {
		v, _ := r.variable(name)
		parts = append(parts, name+" is "+simulator.ValueText(v))
	}
	if len(parts) == 0 {
		return "no"
	}
	return strings.Join(parts, ", ")
}
