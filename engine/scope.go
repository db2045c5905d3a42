package engine

import (
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// evaluator is one compiled expression; bare is set where it is a name alone, which needs no machine.
type evaluator struct {
	*expression.Expression
	bare string
}

// compileExprs compiles every expression once. One that does not compile reads as unset; the checker has
// refused its pack.
func compileExprs(p *program.Program) []evaluator {
	out := make([]evaluator, len(p.Exprs))
	for i := range p.Exprs {
		out[i].bare = p.Exprs[i].Var
		if e, err := expression.Compile(p.Exprs[i].Source); err == nil {
			out[i].Expression = e
		}
	}
	return out
}

// entryOf finds the value of a name: a variable, else a field.
func (t *turn) entryOf(name string) (entry, bool) {
	if e, ok := t.s.here.vars.find(name); ok {
		return e, true
	}
	if t.s.draft != "" {
		if e, ok := t.s.draft.find(name); ok {
			return e, true
		}
	}
	return t.s.Contact.Fields.find(name)
}

// lookup is what expressions read names with.
func (t *turn) lookup(name string) (any, bool) {
	if e, ok := t.entryOf(name); ok {
		v := t.m.resolve(e.value())
		return v, v != nil
	}
	if name == "language" {
		return t.p.Languages[t.lang], true
	}
	return nil, false
}

// environment is what an expression runs in; bound and row are a where's.
func (t *turn) environment(bound string, row *program.Row) *expression.Env {
	env := t.env
	env.Bound, env.Row = bound, nil
	if row != nil {
		env.Row = row
	}
	env.Program, env.Lang, env.At, env.Zone = t.p, t.lang, t.ev.At, t.m.zone
	env.Library = ""
	if t.flow >= 0 && t.flow < len(t.p.Flows) {
		env.Library, _, _ = cutLibrary(t.p.Flows[t.flow].Name)
	}
	return env
}

// eval runs an expression; what goes wrong while it runs is reported and reads as unset.
func (t *turn) eval(i int) any {
	if i < 0 || i >= len(t.m.exprs) {
		return nil
	}
	return t.evalIn(i, t.environment("", nil))
}

func (t *turn) evalIn(i int, env *expression.Env) any {
	e := t.m.exprs[i].Expression
	if e == nil {
		return nil
	}
	v, err := e.Eval(env)
	if err != nil {
		t.report("expression", t.stepName())
		return nil
	}
	return v
}

func (t *turn) holds(i int) bool { return expression.Truth(t.eval(i)) }

// values evaluates named expressions.
func (t *turn) values(args []program.Arg) []Value {
	if len(args) == 0 {
		return nil
	}
	out := make([]Value, len(args))
	for i, a := range args {
		out[i] = Value{a.Name, t.eval(a.Expr)}
	}
	return out
}

// set changes a variable or field; nil unsets it. What is too large is reported and not kept.
func (t *turn) set(name string, value any, field bool) {
	if name == "language" {
		if lang, ok := value.(string); ok {
			if i := t.m.languageOf(lang); i != program.None {
				t.setLanguage(i)
				return
			}
		}
	}
	if table, ok := value.(*program.Table); ok {
		list := make([]any, 0, min(len(table.Rows), maxRows))
		for i := range table.Rows[:min(len(table.Rows), maxRows)] {
			list = append(list, &table.Rows[i])
		}
		value = list
	}
	before := &t.s.here.vars
	if field {
		before = &t.s.Contact.Fields
		if t.noticePending() {
			before = &t.s.draft
		}
	}
	after := before.with(&t.scratch, name, value)
	if len(after) > len(*before)+maxValueBytes+len(name)+16 || len(after) > maxHeldBytes {
		t.report("value-too-large", name)
		return
	}
	*before = after
	if field && !t.noticePending() {
		t.emitField(name, value)
	}
}

func (t *turn) emitField(name string, value any) {
	e := t.add(SetField)
	e.Name, e.Value = name, value
}

// noticePending tells whether the pack has a notice that this person has not accepted in its present version.
func (t *turn) noticePending() bool {
	return t.p.Notice >= 0 && t.p.Notice < len(t.p.Consents) && !t.consented(t.p.Notice)
}

// consented tells whether the present version of a consent is recorded.
func (t *turn) consented(i int) bool {
	c := &t.p.Consents[i]
	e, ok := t.s.Contact.Consents.find(c.Name)
	if !ok || e.kind != valueInt {
		return false
	}
	r := reader{s: e.payload}
	return r.int() == int64(c.Version)
}
