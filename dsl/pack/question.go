package pack

import (
	"slices"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"
)

// ask walks a question: the state below it is that of any answer that goes on.
func (w *walker) ask(line *ast.Line, h *ast.Ask, st state) state {
	st = w.withoutLost(st, whenLines(line)) // a when block may run and the question be asked again
	row := w.askRows(h, st)
	name := ""
	if h.Name != nil {
		name = h.Name.Text
		w.define(*h.Name, w.answer(line, h, row))
		w.fieldType(h)
	}
	w.text(line.Text, st)
	answered := st
	if name != "" {
		answered = w.set(st, name)
	}
	out := state{dead: true}
	options := 0
	ids := map[string]diag.Span{}
	w.below = append(w.below, &out)
	for _, child := range line.Children {
		switch c := child.Head.(type) {
		case *ast.Option:
			options++
			w.optionID(c, ids)
			chosen := answered
			if h.Rows != nil && name != "" {
				chosen = w.unset(st, name)
			}
			out = join(out, w.option(child, c, st, chosen))
		case *ast.Prop:
			w.text(child.Text, st)
		}
	}
	if h.Rows != nil || h.Type != nil || options == 0 || h.Several {
		out = join(out, answered)
	}
	if prop(line, "skip") != nil {
		skipped := st
		if name != "" {
			skipped = w.unset(st, name)
		}
		out = join(out, skipped)
	}
	w.whens(line, st, &out)
	w.below = w.below[:len(w.below)-1]
	return out
}

// optionID reports an id that another option of the question has: an answer would not tell which was meant.
func (w *walker) optionID(o *ast.Option, ids map[string]diag.Span) {
	if o.ID == nil {
		return
	}
	if first, taken := ids[o.ID.Text]; taken {
		w.t.report(diag.New(diag.Error, "duplicate-name", spanOf(*o.ID), "two options have the id %q", o.ID.Text).
			WithNote(first, "the first one is here").
			WithHelp("Give one of them another id. The flow knows the answer by it."))
		return
	}
	ids[o.ID.Text] = spanOf(*o.ID)
}

func whenLines(line *ast.Line) []*ast.Line {
	var out []*ast.Line
	for _, child := range line.Children {
		if _, ok := child.Head.(*ast.When); ok {
			out = append(out, child)
		}
	}
	return out
}

// askRows walks `from ROWS where COND show COLUMN`.
func (w *walker) askRows(h *ast.Ask, st state) *use {
	if h.Rows == nil {
		return nil
	}
	rows := w.use(h.Rows, st, wantRows)
	if h.Name == nil {
		return rows
	}
	outer := w.rows
	w.rows = &rowScope{name: h.Name.Text, rows: rows, outer: outer}
	w.use(h.Where, st, wantCondition)
	w.rows = outer
	if h.Show != nil {
		w.t.shows = append(w.t.shows, shown{rows: rows, column: *h.Show})
	}
	return rows
}

// answer is the type of what a question asks for.
func (w *walker) answer(line *ast.Line, h *ast.Ask, rows *use) definition {
	choice := Type{Kind: program.ChoiceKind}
	options := 0
	for _, child := range line.Children {
		if o, ok := child.Head.(*ast.Option); ok {
			options++
			if o.ID != nil {
				choice.Values = append(choice.Values, o.ID.Text)
			}
		}
	}
	switch {
	case rows != nil:
		return definition{rows: rows}
	case h.Several:
		return definition{typ: Type{Kind: program.ListKind, Elem: &choice}}
	case h.Type != nil:
		return definition{typ: typeOf(*h.Type)}
	case options > 0:
		return definition{typ: choice}
	}
	return definition{typ: Type{Kind: program.TextKind}}
}

// fieldType reports a question of another type than the field it fills.
func (w *walker) fieldType(h *ast.Ask) {
	f := w.field(h.Name.Text)
	if f == nil || h.Type == nil {
		return
	}
	if asked := typeOf(*h.Type); !fits(f.Type, asked, "") {
		at := diag.Span{File: h.Type.Pos.Filename, Start: h.Type.Pos.Offset, End: h.Type.EndPos.Offset}
		w.t.report(diag.New(diag.Error, "type-mismatch", at, "field %q is %s, not %s", f.Name, aKind(f.Type), aKind(asked)).
			WithNote(span(f.Line.Span), "the field is here").
			WithHelp("Leave the type out: the field gives it."))
	}
}

// option walks an answer: asked is the state of the question, chosen that of the answer.
func (w *walker) option(line *ast.Line, h *ast.Option, asked, chosen state) state {
	w.text(line.Text, asked)
	var statements []*ast.Line
	for _, child := range line.Children {
		switch c := child.Head.(type) {
		case *ast.Prop:
			w.text(child.Text, asked)
		case *ast.OnlyIf:
			w.use(&c.Cond, asked, wantCondition)
			whenTrue, _ := knows(c.Cond.Source)
			chosen = w.known(chosen, whenTrue)
		case *ast.Also:
		default:
			statements = append(statements, child)
		}
	}
	chosen = w.body(statements, chosen)
	if h.Target != nil {
		return w.move(h.Target, chosen)
	}
	return chosen
}

// goesOn are the when lines after which the conversation goes on below; after others it keeps waiting.
var goesOn = []string{"failed", "refused", "none", "done"}

// whens walks the when lines of a question or the like; what goes on below joins out.
func (w *walker) whens(line *ast.Line, st state, out *state) {
	for _, child := range line.Children {
		h, ok := child.Head.(*ast.When)
		if !ok {
			continue
		}
		in := st
		if h.As != nil {
			kinds := h.Media
			w.define(*h.As, definition{typ: sentType(kinds)})
			in = w.set(st, h.As.Text)
		}
		w.text(child.Text, in)
		end := w.body(child.Children, in)
		if h.Target != nil {
			end = w.move(h.Target, end)
		}
		if slices.Contains(goesOn, h.Kind) {
			*out = join(*out, end)
		}
	}
}

// waits walks a statement that waits and then goes on with the state answered.
func (w *walker) waits(line *ast.Line, st, answered state) state {
	st = w.withoutLost(st, whenLines(line))
	out := answered
	w.below = append(w.below, &out)
	w.whens(line, st, &out)
	w.below = w.below[:len(w.below)-1]
	return out
}
