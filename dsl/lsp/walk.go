package lsp

import (
	"baraza/dsl/ast"
	"baraza/dsl/pack"
)

// walker finds the names of one file and what each stands for.
type walker struct {
	*names
	file *ast.File
	flow *pack.Flow // whose lines are walked; nil outside flows
	test bool
	rows []row // innermost last
	uses []use
}

// row is the name of a loop's or a condition's row, visible below it.
type row struct {
	thing *thing
	value value
}

// value is what is known of a value: its type, and the line below which its columns are declared.
type value struct {
	typ   pack.Type
	lines *ast.Line
}

func (w *walker) walk() {
	for _, line := range w.file.Lines {
		w.test = false
		switch line.Head.(type) {
		case *ast.Flow:
			w.flow = w.flows[line]
		case *ast.Step, *ast.Trigger, *ast.Takes:
		case *ast.Test:
			w.flow, w.test = nil, true
		default:
			w.flow = nil
		}
		w.line(line)
	}
}

// add notes a name that stands for a thing; nil is nothing.
func (w *walker) add(name ast.Name, t *thing, sets bool) {
	if t != nil {
		w.uses = append(w.uses, use{at: nameSpan(name), thing: t, sets: sets})
	}
}

// declared notes the name of a declaration.
func (w *walker) declared(k kind, names ...ast.Name) {
	for _, name := range names {
		w.add(name, w.find(w.file.Name, k, name.Text), false)
	}
}

// sets notes a name that gets a value: a field or a value of the flow.
func (w *walker) sets(name *ast.Name) {
	if name == nil {
		return
	}
	if t := w.find(w.file.Name, fieldName, name.Text); t != nil {
		w.add(*name, t, true)
	} else if w.flow != nil {
		w.add(*name, w.variable(w.flow, name.Text), true)
	}
}

// line notes the names of a line and of those below it.
func (w *walker) line(line *ast.Line) {
	depth := len(w.rows)
	if !w.declaration(line) && !w.statement(line) {
		w.testLine(line)
	}
	if line.Text != nil {
		w.parts(line.Text.Parts)
	}
	for _, child := range line.Children {
		w.line(child)
	}
	w.rows = w.rows[:depth]
}

// declaration notes the names of a pack's own lines. It is false for others.
func (w *walker) declaration(line *ast.Line) bool {
	if k, name := declares(line); k != 0 {
		w.add(name, w.find(w.file.Name, k, name.Text), true)
		if h, ok := line.Head.(*ast.Field); ok {
			for _, v := range h.Type.Values {
				w.owned(optionName, v, line, line)
			}
		}
		for _, child := range line.Children {
			w.column(child, line)
		}
		return true
	}
	switch h := line.Head.(type) {
	case *ast.Use:
		w.add(h.As, w.unitOf(w.file.Name).libraries[h.As.Text], true)
	case *ast.Bind:
		w.bind(h)
	case *ast.Notice:
		w.declared(consentName, h.Consent)
	case *ast.Start:
		w.target(&h.Target)
	case *ast.Fallback:
		w.target(&h.Target)
	case *ast.Silent:
		w.target(&h.Target)
	case *ast.HoursRef:
		w.declared(hoursName, h.Name)
	case *ast.Escalate:
		w.declared(teamName, h.To)
	case *ast.Covers:
		w.declared(fieldName, h.Names...)
	case *ast.ReadBy:
		w.declared(teamName, h.Teams...)
	case *ast.Receives:
		w.declared(fieldName, h.Names...)
	default:
		return false
	}
	return true
}

// column notes the columns below a declaration.
func (w *walker) column(line, owner *ast.Line) {
	switch h := line.Head.(type) {
	case *ast.Column:
		w.owned(columnName, h.Name, line, owner)
		for _, child := range line.Children {
			w.column(child, line)
		}
	case *ast.Send, *ast.Returns:
		for _, child := range line.Children {
			w.column(child, line)
		}
	}
}

func (w *walker) owned(k kind, name ast.Name, line, owner *ast.Line) {
	t := w.thing(k, name, line, w.flow)
	t.owner = owner
	w.add(name, t, true)
}

// bind notes "safety.team staff is protection": a library, its name for something, and the pack's.
func (w *walker) bind(h *ast.Bind) {
	lib := w.unitOf(w.file.Name).libraries[h.Library.Text]
	w.add(h.Library, lib, false)
	for k := range kindWords {
		if kindWords[k] != h.Kind.Text || k == 0 {
			continue
		}
		w.declared(kind(k), h.Value)
		for _, u := range w.units {
			if t := u.declared[h.Kind.Text+" "+h.Name.Text]; t != nil && u.prefix != "" && u != w.unitOf(w.file.Name) {
				w.add(h.Name, t, false)
				return
			}
		}
	}
}

// statement notes the names of a flow's line. It is false for others.
func (w *walker) statement(line *ast.Line) bool {
	switch h := line.Head.(type) {
	case *ast.Flow:
		if w.flow != nil {
			w.add(h.Name, w.names.flow(w.flow), true)
		}
	case *ast.Takes:
		w.sets(&h.Name)
	case *ast.Trigger:
		w.trigger(h)
	case *ast.Step:
		w.add(h.Name, w.thing(stepName, h.Name, line, w.flow), true)
	case *ast.Say:
		w.expr(h.Lat)
		w.expr(h.Lon)
		if h.Template != nil {
			w.declared(templateName, *h.Template)
			w.arguments(h.With, nil)
		}
	case *ast.Ask:
		w.ask(line, h)
	case *ast.Option:
		w.option(line, h)
	case *ast.OnlyIf:
		w.expr(&h.Cond)
	case *ast.When:
		w.sets(h.As)
		w.target(h.Target)
	case *ast.If:
		w.expr(&h.Cond)
	case *ast.ElseIf:
		w.expr(&h.Cond)
	case *ast.ForEach:
		w.forEach(line, h)
	case *ast.Set:
		w.sets(&h.Name)
		w.expr(&h.Expr)
	case *ast.Move:
		w.target(&h.Target)
	case *ast.Call:
		w.call(h)
	case *ast.Return:
		w.expr(h.Expr)
	case *ast.Need:
		w.declared(consentName, h.Consent)
	case *ast.HandOver:
		w.declared(teamName, h.Team)
		w.expr(h.If)
	case *ast.Share:
		for _, name := range h.Names {
			w.name(name)
		}
	case *ast.Alert:
		w.declared(teamName, h.Team)
	case *ast.Save:
		w.save(line, h)
	case *ast.Fetch:
		w.fetch(h)
	case *ast.Remind:
		w.target(&h.Target)
	case *ast.TemplateUse:
		w.declared(templateName, h.Name)
		w.arguments(h.With, nil)
	default:
		return false
	}
	return true
}

func (w *walker) testLine(line *ast.Line) {
	switch h := line.Head.(type) {
	case *ast.Given:
		if h.Name != nil {
			w.declared(fieldName, *h.Name)
		}
		if h.Consent != nil {
			w.declared(consentName, *h.Consent)
		}
		w.expr(h.Expr)
	case *ast.Bot:
		if h.Template != nil {
			w.declared(templateName, *h.Template)
		}
	case *ast.FetchGiven:
		w.declared(serviceName, h.Name)
	case *ast.Expect:
		w.expr(h.Cond)
		w.target(h.Target)
		if h.Name != nil && h.Kind == "saved" {
			w.declared(recordName, *h.Name)
		} else if h.Name != nil {
			w.declared(teamName, *h.Name)
		}
	}
}

func (w *walker) trigger(h *ast.Trigger) {
	switch h.Kind {
	case "words":
		w.declared(wordsName, h.Name)
	case "template":
		w.declared(templateName, h.Name)
	}
	w.sets(h.As)
}

func (w *walker) ask(line *ast.Line, h *ast.Ask) {
	w.expr(h.Rows)
	w.sets(h.Name)
	if h.Rows == nil {
		return
	}
	rows := w.elementOf(w.valueOf(h.Rows))
	if h.Name != nil && w.flow != nil {
		w.rows = append(w.rows, row{w.variable(w.flow, h.Name.Text), rows})
	}
	w.expr(h.Where)
	if h.Name != nil && w.flow != nil {
		w.rows = w.rows[:len(w.rows)-1]
	}
	if h.Show != nil {
		w.add(*h.Show, w.columnOf(rows, h.Show.Text), false)
	}
}

func (w *walker) option(line *ast.Line, h *ast.Option) {
	w.target(h.Target)
	if h.ID == nil {
		return
	}
	w.owned(optionName, *h.ID, line, parentOf(w.file, line))
}

func (w *walker) forEach(line *ast.Line, h *ast.ForEach) {
	w.expr(&h.Rows)
	t := w.thing(rowName, h.Row, line, w.flow)
	w.add(h.Row, t, true)
	w.rows = append(w.rows, row{t, w.elementOf(w.valueOf(&h.Rows))}) // until the end of the line
	w.expr(h.Where)
}

func (w *walker) call(h *ast.Call) {
	w.target(&h.Flow)
	w.sets(h.As)
	d := (*pack.Dest)(nil)
	if w.flow != nil {
		d = w.pack.Resolve(w.flow, h.Flow)
	}
	w.arguments(h.With, func(name string) *thing {
		if d == nil || d.Kind != pack.ToFlow {
			return nil
		}
		for _, v := range d.Flow.Takes {
			if v.Name == name {
				return w.variable(d.Flow, name)
			}
		}
		return nil
	})
}

func (w *walker) save(line *ast.Line, h *ast.Save) {
	w.declared(recordName, h.Record)
	w.sets(h.As)
	t := w.find(w.file.Name, recordName, h.Record.Text)
	for _, child := range line.Children {
		a, ok := child.Head.(*ast.Assign)
		if !ok {
			continue
		}
		if t != nil {
			w.add(a.Name, w.columnOf(value{lines: t.line}, a.Name.Text), false)
		}
		w.expr(&a.Expr)
	}
}

func (w *walker) fetch(h *ast.Fetch) {
	w.declared(serviceName, h.Service)
	w.sets(&h.Name)
	t := w.find(w.file.Name, serviceName, h.Service.Text)
	w.arguments(h.With, func(name string) *thing {
		if t == nil {
			return nil
		}
		return w.columnOf(value{lines: below[*ast.Send](t.line)}, name)
	})
}

// arguments notes name = value, and a bare name, which is both.
func (w *walker) arguments(with []ast.Arg, receiver func(string) *thing) {
	for _, a := range with {
		n := len(w.uses)
		if receiver != nil {
			w.add(a.Name, receiver(a.Name.Text), true)
		}
		if a.Expr != nil {
			w.expr(a.Expr)
			continue
		}
		w.name(a.Name)
		for i := n; i < len(w.uses); i++ {
			w.uses[i].stands = true
		}
	}
}
