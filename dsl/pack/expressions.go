package pack

import (
	"cmp"
	"iter"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// holesOf goes through the expressions of a text with what each is used for.
func holesOf(t *ast.Text) iter.Seq2[*ast.Expr, want] {
	return func(yield func(*ast.Expr, want) bool) {
		if t != nil {
			holesIn(t.Parts, yield)
		}
	}
}

func holesIn(parts []ast.Part, yield func(*ast.Expr, want) bool) bool {
	cases := func(c *ast.Cases, wants want) bool {
		if !yield(&c.Value, wants) {
			return false
		}
		for _, k := range c.Cases {
			if !holesIn(k.Text, yield) {
				return false
			}
		}
		return true
	}
	for i := range parts {
		ok := true
		switch p := &parts[i]; {
		case p.Hole != nil:
			ok = yield(p.Hole, wantHole)
		case p.Plural != nil:
			ok = cases(p.Plural, wantPlural)
		case p.Select != nil:
			ok = cases(p.Select, wantSelect)
		}
		if !ok {
			return false
		}
	}
	return true
}

// exprsOf goes through the expressions of a text.
func exprsOf(t *ast.Text) iter.Seq[*ast.Expr] {
	return func(yield func(*ast.Expr) bool) {
		for e := range holesOf(t) {
			if !yield(e) {
				return
			}
		}
	}
}

// check types one expression where it stands.
func (t *typedFlow) check(u *use) {
	s := scope{t: t, rows: u.rows, reads: true}
	if in := t.entries[u.step]; in != nil && !u.st.dead {
		set := u.st.after(*in)
		s.set = &set
	}
	typ, problems := typed(u, s)
	for _, p := range problems {
		t.report(exprProblem(p, spanOf(u.expr)))
		t.wrong[u.text] = true
	}
	t.exprs = append(t.exprs, typedExpr{u.expr, typ})
}

// typed types one expression in a scope and checks that it fits what it is used for.
func typed(u *use, s expression.Scope) (Type, []expression.Problem) {
	source := u.expr.Source
	if u.wants == wantCondition {
		return Type{Kind: program.YesNo}, expression.CheckCondition(source, s)
	}
	if u.wants == wantMaybe {
		s = lenient{s}
	}
	typ, problems := expression.Check(source, s)
	if len(problems) > 0 {
		if p := &problems[0]; u.wants == wantRows && p.Code == "unknown-name" && source[p.Start:p.End] == strings.TrimSpace(source) {
			p.Code, p.Message = "unknown-table", "there is no table called "+quote(source[p.Start:p.End])
		}
		return Type{}, problems
	}
	if p := misused(u, typ); p != nil {
		p.Start, p.End = 0, len(source)
		return typ, []expression.Problem{*p}
	}
	return typ, nil
}

// lenient is a scope in which what may be unset is no problem.
type lenient struct{ expression.Scope }

func (l lenient) Type(name string) (Type, bool) {
	t, ok := l.Scope.Type(name)
	t.Optional = false
	return t, ok
}

// misused says why a value does not fit where it is used, nil where it does.
func misused(u *use, t Type) *expression.Problem {
	source := strings.TrimSpace(u.expr.Source)
	p := &expression.Problem{Code: "type-mismatch"}
	say := func(message string, help ...string) *expression.Problem {
		p.Message, p.Help = message, help
		return p
	}
	if t.Kind == program.Any {
		return nil
	}
	if t.Optional && !u.setter && u.wants != wantMaybe {
		return &expression.Problem{Code: "may-be-unset", Message: quote(source) + " may be unset",
			Help: []string{"Keep it first, on a line of its own: set found = " + source, "Then test it: if known(found)"}}
	}
	switch u.wants {
	case wantHole:
		switch t.Kind {
		case program.RowKind:
			help := "Name one of its columns, such as {" + source + ".name}."
			if len(t.Columns) > 0 {
				help = "Name one of its columns:  {" + source + "." + t.Columns[0].Name + "}"
			}
			return say(quote(source)+" is a row, so it cannot be shown", help)
		case program.MediaKind, program.LocationKind:
			return say(quote(source)+" is "+kindNames[t.Kind]+", so it cannot be shown in a text", "Take it out of the text.")
		case program.ListKind:
			if t.Elem != nil && t.Elem.Kind == program.RowKind {
				return say(quote(source)+" is a list of rows, so it cannot be shown", "Show its rows one by one:  for each row in "+source)
			}
		}
	case wantPlural, wantNumber:
		if t.Kind != program.NumberKind {
			return say(quote(source)+" is "+aKind(t)+", not a number", "A number is needed here, such as count(…) or an answer asked as number.")
		}
	case wantSelect:
		if !isWritten(t.Kind) && t.Kind != program.YesNo {
			return say(quote(source)+" is "+aKind(t)+", not one of a few words", "Use plural for numbers, and select for answers.")
		}
	case wantRows:
		if t.Kind != program.ListKind || t.Elem != nil && t.Elem.Kind != program.RowKind && t.Elem.Kind != program.Any {
			return say(quote(source)+" is "+aKind(t)+", not a table or a list of rows", "Name a table of the pack, or a list that a service returns.")
		}
	case wantValue:
		if !fits(*u.typ, t, source) {
			if text, ok := literal(u.expr); ok && u.typ.Kind == program.ChoiceKind {
				p.Code = "unknown-option-value"
				return say(quote(u.for_)+" cannot be "+quote(text), diag.Suggest("value", text, u.typ.Values, nil)...)
			}
			if u.typ.Kind == program.TextKind && t.Kind == program.NumberKind && isName(source) {
				return say(quote(u.for_)+" takes a text, and "+quote(source)+" is a number", "Ask for it as text, or declare "+quote(u.for_)+" as number.")
			}
			return say(quote(u.for_)+" takes "+aKind(*u.typ)+", and "+quote(source)+" is "+aKind(t), cmp.Or(cellForms[u.typ.Kind].like, "Give it "+aKind(*u.typ)+"."))
		}
	}
	return nil
}

// quote puts a writer's words into a message.
func quote(s string) string {
	if strings.HasPrefix(s, `"`) {
		return s
	}
	return `"` + s + `"`
}

// exprProblem is the diagnostic of a problem in an expression that stands at a place of a file.
func exprProblem(p expression.Problem, at diag.Span) diag.Diagnostic {
	shift := func(start, end int) diag.Span {
		return diag.Span{File: at.File, Start: min(at.Start+start, at.End), End: min(at.Start+end, at.End)}
	}
	d := diag.New(diag.Error, p.Code, shift(p.Start, p.End), "%s", p.Message).WithHelps(p.Help...)
	if p.Fix != nil {
		d = d.WithFix(shift(p.Fix.Start, p.Fix.End), p.Fix.Text, false)
	}
	return d
}

// show checks the column whose values are the labels of a question's rows.
func (t *typedFlow) show(s shown) {
	row := t.row(s.rows)
	if row.Kind != program.RowKind || t.flow.lines.broken {
		return
	}
	for _, c := range row.Columns {
		if c.Name != s.column.Text {
			continue
		}
		if !isWritten(c.Type.Kind) {
			t.report(diag.New(diag.Error, "type-mismatch", spanOf(s.column), "column %q is %s, so it cannot be shown", c.Name, aKind(c.Type)).
				WithHelp("Show a column of text."))
		}
		return
	}
	of := row.Table
	if of == "" {
		of = strings.TrimSpace(s.rows.expr.Source)
	}
	t.report(unknownColumn("table", of, s.column, row.Columns))
}
