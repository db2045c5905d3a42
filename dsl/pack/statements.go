package pack

import (
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// statement walks one line and gives the state below it. Its cases are the rows of the statement table in
// docs/language.md; what is not here has neither names nor texts.
func (w *walker) statement(line *ast.Line, st state) state {
	switch h := line.Head.(type) {
	case *ast.Say:
		w.say(line, h, st)
	case *ast.Ask:
		return w.ask(line, h, st)
	case *ast.Need:
		w.consentNamed(h.Consent)
		return w.waits(line, st, st)
	case *ast.HandOver:
		return w.handOver(line, h, st)
	case *ast.Fetch:
		return w.fetch(line, h, st)
	case *ast.ForEach:
		return w.forEach(line, h, st)
	case *ast.Set:
		return w.setLine(h, st)
	case *ast.Move:
		return w.move(&h.Target, st)
	case *ast.Call:
		return w.call(h, st)
	case *ast.Return:
		if h.Expr == nil {
			w.ends = w.ends || !st.dead
		} else {
			w.t.returns = append(w.t.returns, w.use(h.Expr, st, wantAny))
		}
		return state{dead: true}
	case *ast.End:
		return state{dead: true}
	case *ast.Alert:
		w.teamNamed(h.Team)
		w.text(line.Text, st)
	case *ast.Save:
		return w.save(line, h, st)
	case *ast.Remind:
		for _, child := range line.Children {
			if c, ok := child.Head.(*ast.TemplateUse); ok {
				w.templateArgs(c.Name, c.With, st)
			}
		}
	case *ast.Hide:
		w.text(line.Text, st)
		return state{dead: true}
	case *ast.If, *ast.ElseIf, *ast.Else:
		return w.body([]*ast.Line{line}, st) // an else without an if: reported as misplaced
	}
	return st
}

func (w *walker) say(line *ast.Line, h *ast.Say, st state) {
	w.text(line.Text, st)
	if h.Lat != nil {
		w.use(h.Lat, st, wantNumber)
		w.use(h.Lon, st, wantNumber)
	}
	if h.Template != nil {
		w.templateArgs(*h.Template, h.With, st)
	}
	for _, child := range line.Children {
		if _, ok := child.Head.(*ast.Wording); ok {
			w.text(child.Text, st)
		}
	}
}

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
	w.below = append(w.below, &out)
	for _, child := range line.Children {
		switch c := child.Head.(type) {
		case *ast.Option:
			options++
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

func (w *walker) handOver(line *ast.Line, h *ast.HandOver, st state) state {
	w.teamNamed(h.Team)
	w.use(h.If, st, wantCondition)
	w.text(line.Text, st)
	for _, child := range line.Children {
		switch c := child.Head.(type) {
		case *ast.Prop:
			w.text(child.Text, st)
		case *ast.Share:
			for _, name := range c.Names {
				w.bare(name, st, wantMaybe)
			}
		}
	}
	hasDone := slices.ContainsFunc(whenLines(line), func(l *ast.Line) bool { return l.Head.(*ast.When).Kind == "done" })
	if hasDone {
		return w.waits(line, st, state{dead: true})
	}
	return w.waits(line, st, st)
}

func (w *walker) fetch(line *ast.Line, h *ast.Fetch, st state) state {
	s := w.b.names.services[w.unit.bound("service", h.Service.Text)]
	answer := Type{}
	if s == nil {
		w.b.unknownIn(w.t, "service", h.Service)
		w.args(h.With, st)
	} else {
		var wanted []ColumnType
		for _, c := range s.Send {
			wanted = append(wanted, ColumnType{Name: c.Name, Type: c.Type})
		}
		w.given("service", h.Service, h.With, wanted, hasBad(s.Line), st)
		answer = Type{Kind: program.RowKind, Columns: s.Returns}
	}
	w.define(h.Name, definition{typ: answer})
	return w.waits(line, st, w.set(st, h.Name.Text))
}

func (w *walker) forEach(line *ast.Line, h *ast.ForEach, st state) state {
	rows := w.use(&h.Rows, st, wantRows)
	outer := w.rows
	w.collides(h.Row)
	w.rows = &rowScope{name: h.Row.Text, rows: rows, outer: outer}
	var body []*ast.Line
	var none *ast.Line
	for _, child := range line.Children {
		if c, ok := child.Head.(*ast.When); ok && c.Kind == "none" {
			none = child
			continue
		}
		body = append(body, child)
	}
	in := w.withoutLost(st, body)
	in = in.loseAll(w.paths[h.Row.Text]) // each round has a row of its own
	w.use(h.Where, st, wantCondition)
	out := state{dead: true}
	w.loops = append(w.loops, &out)
	end := w.body(body, in)
	w.loops = w.loops[:len(w.loops)-1]
	out = join(out, end)
	w.rows = outer
	if none == nil {
		return join(out, st)
	}
	c := none.Head.(*ast.When)
	w.text(none.Text, st)
	end = w.body(none.Children, st)
	if c.Target != nil {
		end = w.move(c.Target, end)
	}
	return join(out, end)
}

func (w *walker) setLine(h *ast.Set, st state) state {
	u := w.use(&h.Expr, st, wantAny)
	if f := w.field(h.Name.Text); f != nil {
		t := f.Type
		t.Optional = false
		u.wants, u.typ, u.for_ = wantValue, &t, f.Name
	} else if h.Name.Text == languageName {
		u.wants, u.typ, u.for_ = wantValue, &Type{Kind: program.LanguageKind}, languageName
	}
	w.define(h.Name, definition{expr: u, value: &h.Expr})
	u.setter = true
	if givesNothing(h.Expr.Source) {
		return w.unset(st, h.Name.Text)
	}
	return w.set(st, h.Name.Text)
}

// givesNothing says that an expression may have no value although everything in it has, like row(offices, id)
// for an id that is not there.
func givesNothing(source string) bool {
	if !strings.Contains(source, "row") {
		return false
	}
	t, _ := expression.Check(source, anything{})
	return t.Optional
}

// anything is a scope in which every name has some value.
type anything struct{}

func (anything) Type(string) (Type, bool) { return Type{}, true }
func (anything) Names() []string          { return nil }

func (w *walker) call(h *ast.Call, st state) state {
	d := w.b.p.Resolve(w.flow, h.Flow)
	if d == nil || d.Kind != ToFlow {
		w.args(h.With, st)
		if h.As != nil {
			w.define(*h.As, definition{})
			return w.set(st, h.As.Text)
		}
		return st
	}
	wanted := takesOf(d.Flow)
	w.given("flow", ast.Name{Pos: h.Flow.Pos, Text: strings.Join(h.Flow.Parts, "."), EndPos: h.Flow.EndPos}, h.With, wanted, d.Flow.lines.broken || d.Flow.outline.hides, st)
	if h.As == nil {
		return st
	}
	returned := w.b.returns(d.Flow)
	w.define(*h.As, definition{typ: Type{Kind: returned.Kind, Values: returned.Values, Elem: returned.Elem, Columns: returned.Columns, Table: returned.Table}})
	if returned.Optional {
		return w.unset(st, h.As.Text)
	}
	return w.set(st, h.As.Text)
}

// takesOf are the arguments of a flow, from its lines: it need not have been walked.
func takesOf(f *Flow) []ColumnType {
	var out []ColumnType
	for _, line := range f.lines.takes[:min(len(f.lines.takes), MaxColumns)] {
		h := line.Head.(*ast.Takes)
		out = append(out, ColumnType{Name: h.Name.Text, Type: typeOf(h.Type)})
	}
	return out
}

// given checks values that are given by name to something that wants certain names.
func (w *walker) given(kind string, to ast.Name, with []ast.Arg, wanted []ColumnType, unsure bool, st state) {
	var names []string
	for _, c := range wanted {
		names = append(names, c.Name)
	}
	seen, slip := map[string]bool{}, false
	for _, a := range with {
		i := slices.Index(names, a.Name.Text)
		switch {
		case i >= 0 && seen[a.Name.Text]:
			w.t.report(diag.New(diag.Error, "wrong-arguments", spanOf(a.Name), "%q is given twice", a.Name.Text).
				WithHelp("Take one of them out."))
		case i < 0 && !unsure:
			near := w.b.budgets[w.flow.outline].take(names)
			d := diag.New(diag.Error, "wrong-arguments", spanOf(a.Name), "%s %q takes no %q", kind, to.Text, a.Name.Text).
				WithHelps(diag.Suggest("name", a.Name.Text, near, nil)...)
			if len(names) == 0 {
				d = d.WithHelp("It takes nothing.")
			} else if near := diag.Nearest(a.Name.Text, near); len(near) > 0 && a.Expr != nil {
				d = d.WithFix(spanOf(a.Name), near[0], false)
			}
			w.t.report(d)
			slip = true
		}
		seen[a.Name.Text] = true
		typ := Type{}
		if i >= 0 {
			typ = wanted[i].Type
		}
		if a.Expr != nil {
			w.fit(a.Expr, st, typ, a.Name.Text)
		} else {
			w.bare(a.Name, st, wantAny)
		}
	}
	if unsure || slip { // what is missing may be what has a slip
		return
	}
	for _, name := range names {
		if !seen[name] {
			w.t.report(diag.New(diag.Error, "wrong-arguments", spanOf(to), "%s %q needs %q", kind, to.Text, name).
				WithHelp("Give it at the end of the line:  with %s = …", name))
			return
		}
	}
}

// args walks values whose receiver is not known.
func (w *walker) args(with []ast.Arg, st state) {
	for _, a := range with {
		if a.Expr != nil {
			w.use(a.Expr, st, wantAny)
		} else {
			w.bare(a.Name, st, wantAny)
		}
	}
}

// bare notes a name that stands for its value.
func (w *walker) bare(name ast.Name, st state, wants want) {
	w.use(&ast.Expr{Pos: name.Pos, Source: name.Text, EndPos: name.EndPos}, st, wants)
}

func (w *walker) templateArgs(name ast.Name, with []ast.Arg, st state) {
	t := w.b.names.templates[w.unit.bound("template", name.Text)]
	if t == nil {
		w.b.unknownIn(w.t, "template", name)
		w.args(with, st)
		return
	}
	var wanted []ColumnType
	for _, param := range t.Params {
		wanted = append(wanted, ColumnType{Name: param})
	}
	w.given("template", name, with, wanted, hasBad(t.Line), st)
}

func (w *walker) save(line *ast.Line, h *ast.Save, st state) state {
	r := w.b.names.records[w.unit.bound("record", h.Record.Text)]
	row := Type{}
	if r == nil {
		w.b.unknownIn(w.t, "record", h.Record)
	} else {
		row = rowOf("", r.Columns)
	}
	written := map[string]bool{}
	for _, child := range line.Children {
		a, ok := child.Head.(*ast.Assign)
		if !ok {
			continue
		}
		written[a.Name.Text] = true
		i := slices.IndexFunc(row.Columns, func(c ColumnType) bool { return c.Name == a.Name.Text })
		if i < 0 {
			if r != nil && !hasBad(r.Line) {
				w.t.report(unknownColumn("record", r.Name, a.Name, row.Columns))
			}
			w.use(&a.Expr, st, wantAny)
			continue
		}
		w.fit(&a.Expr, st, row.Columns[i].Type, a.Name.Text)
	}
	if h.As == nil {
		return st
	}
	if r != nil {
		for i := range row.Columns {
			row.Columns[i].Type.Optional = !written[row.Columns[i].Name]
		}
		row.Columns = append(row.Columns, ColumnType{Name: "reference", Type: Type{Kind: program.TextKind}})
	}
	w.define(*h.As, definition{typ: row})
	return w.set(st, h.As.Text)
}

func unknownColumn(kind, of string, name ast.Name, columns []ColumnType) diag.Diagnostic {
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	d := diag.New(diag.Error, "unknown-column", spanOf(name), "%s %q has no column %q", kind, of, name.Text).
		WithHelps(diag.Suggest("column", name.Text, names, nil)...)
	if near := diag.Nearest(name.Text, names); len(near) > 0 {
		d = d.WithFix(spanOf(name), near[0], false)
	}
	return d
}

func (w *walker) field(name string) *Field {
	return w.b.names.fields[w.unit.bound("field", name)]
}

func (w *walker) teamNamed(name ast.Name) {
	if w.b.names.teams[w.unit.bound("team", name.Text)] == nil {
		w.b.unknownIn(w.t, "team", name)
	}
}

func (w *walker) consentNamed(name ast.Name) {
	if w.b.names.consents[w.unit.bound("consent", name.Text)] == nil {
		w.b.unknownIn(w.t, "consent", name)
	}
}
