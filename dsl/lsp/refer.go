package lsp

import (
	"bytes"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// target notes the library, flow and step of a place to go to.
func (w *walker) target(t *ast.Target) {
	if t == nil {
		return
	}
	d := w.pack.Resolve(w.scopeFlow(), *t)
	at := partSpans(w.file, t)
	if d == nil || d.Flow == nil || at == nil {
		return
	}
	last := len(t.Parts) - 1
	add := func(i int, thing *thing) {
		if i >= 0 && thing != nil {
			w.uses = append(w.uses, use{at: at[i], thing: thing})
		}
	}
	flowAt := last
	if d.Kind == pack.ToStep && d.Step != nil {
		add(last, w.step(d.Step))
		flowAt--
	}
	add(flowAt, w.names.flow(d.Flow))
	u := w.unitOf(w.file.Name)
	for i := 0; i < flowAt && u != nil; i++ {
		lib := u.libraries[t.Parts[i]]
		add(i, lib)
		u = w.unitAt(lib, u)
	}
}

// unitAt is the unit that a library's name stands for in another one; nil where it is not there.
func (w *walker) unitAt(lib *thing, from *unit) *unit {
	if lib == nil {
		return nil
	}
	h, ok := lib.line.Head.(*ast.Use)
	if !ok {
		return nil
	}
	for _, u := range w.units {
		if u.prefix == joined(from.prefix, h.Path) {
			return u
		}
	}
	return nil
}

// scopeFlow is the flow by which targets are resolved: for a library's lines outside flows any of its flows, so that
// the library's own flows come first.
func (w *walker) scopeFlow() *pack.Flow {
	if w.flow != nil || w.unitOf(w.file.Name).prefix == "" {
		return w.flow
	}
	for _, f := range w.pack.Flows {
		if w.unitOf(f.File.Name) == w.unitOf(w.file.Name) {
			return f
		}
	}
	return nil
}

// partSpans are the places of a target's parts; nil where the source is not as it says.
func partSpans(f *ast.File, t *ast.Target) []diag.Span {
	at := t.Pos.Offset
	spans := make([]diag.Span, len(t.Parts))
	for i, part := range t.Parts {
		n := bytes.Index(f.Source[min(at, len(f.Source)):min(t.EndPos.Offset, len(f.Source))], []byte(part))
		if n < 0 {
			return nil
		}
		spans[i] = diag.Span{File: f.Name, Start: at + n, End: at + n + len(part)}
		at += n + len(part)
	}
	return spans
}

// parts notes the names in the holes of a text.
func (w *walker) parts(parts []ast.Part) {
	cases := func(c *ast.Cases) {
		w.expr(&c.Value)
		for _, k := range c.Cases {
			w.parts(k.Text)
		}
	}
	for i := range parts {
		switch p := &parts[i]; {
		case p.Hole != nil:
			w.expr(p.Hole)
		case p.Plural != nil:
			cases(p.Plural)
		case p.Select != nil:
			cases(p.Select)
		}
	}
}

// expr notes the names of an expression, its columns, and the answers that it compares with.
func (w *walker) expr(e *ast.Expr) {
	if e == nil || !bytes.HasPrefix(w.file.Source[min(e.Pos.Offset, len(w.file.Source)):], []byte(e.Source)) {
		return
	}
	pieces := expression.Pieces(e.Source)
	span := func(p expression.Piece) diag.Span {
		return diag.Span{File: w.file.Name, Start: e.Pos.Offset + p.Start, End: e.Pos.Offset + p.End}
	}
	var v value      // of the path so far
	var named string // the name of which the last comparison is
	for i, p := range pieces {
		after := func(text string) bool { return i > 0 && pieces[i-1].Text == text }
		switch {
		case p.Kind == expression.NamePiece && after("."):
			t := w.columnOf(v, p.Text)
			if t != nil {
				w.uses = append(w.uses, use{at: span(p), thing: t})
			}
			v, named = w.columnValue(v, p.Text), ""
		case p.Kind == expression.NamePiece && i+1 < len(pieces) && pieces[i+1].Text == "(":
			v = value{}
		case p.Kind == expression.NamePiece:
			var t *thing
			if t, v = w.resolve(p.Text); t != nil {
				w.uses = append(w.uses, use{at: span(p), thing: t})
				named = p.Text
			}
		case p.Kind == expression.QuotePiece && named != "" && v.typ.Kind == program.ChoiceKind && (after("==") || after("!=")):
			if t := w.answer(named, strings.Trim(p.Text, `"'`)); t != nil {
				at := span(p)
				at.Start, at.End = at.Start+1, at.End-1
				w.uses = append(w.uses, use{at: at, thing: t})
			}
		}
	}
}

// name notes a name that stands for its value.
func (w *walker) name(name ast.Name) {
	t, _ := w.resolve(name.Text)
	w.add(name, t, false)
}

// resolve finds what a name of an expression stands for, and its value: the row of a loop, a value of the flow, a
// field, a table, a team or hours.
func (w *walker) resolve(name string) (*thing, value) {
	for i := len(w.rows) - 1; i >= 0; i-- {
		if r := w.rows[i]; r.thing != nil && r.thing.name == name {
			return r.thing, r.value
		}
	}
	if t := w.find(w.file.Name, fieldName, name); t != nil {
		if f := w.pack.Field(w.flow, name); f != nil {
			return t, value{typ: f.Type}
		}
		return t, value{}
	}
	if w.flow != nil {
		if t := w.variable(w.flow, name); t != nil {
			return t, w.variableValue(w.flow, name)
		}
	}
	if t := w.find(w.file.Name, tableName, name); t != nil {
		return t, value{typ: pack.Type{Kind: program.ListKind}, lines: t.line}
	}
	if w.test {
		return w.anyVariable(name)
	}
	for _, k := range []kind{teamName, hoursName} {
		if t := w.find(w.file.Name, k, name); t != nil {
			return t, value{typ: pack.Type{Kind: program.HoursKind}}
		}
	}
	return nil, value{}
}

// anyVariable is the value of any flow that a test reads, where only one flow has one of this name.
func (w *walker) anyVariable(name string) (*thing, value) {
	var found *thing
	for _, f := range w.pack.Flows {
		if f.Vars[name] == nil {
			continue
		}
		if found != nil {
			return nil, value{}
		}
		found = w.variable(f, name)
	}
	if found == nil {
		return nil, value{}
	}
	return found, w.variableValue(found.flow, name)
}
