package pack

import (
	"slices"
	"strings"

	"baraza/dsl/ast"
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
		switch child.Head.(type) {
		case *ast.Wording, *ast.Prop:
			w.text(child.Text, st)
		}
	}
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
		if !hasBad(s.Line) { // else a column may stand in a line that could not be read
			answer = Type{Kind: program.RowKind, Columns: s.Returns}
		}
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
