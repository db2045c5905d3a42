package pack

import (
	"slices"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// typedFlow is a flow with all that was found out about its lines. It is kept as long as its file, the
// declarations and what it needs of other flows stay the same.
type typedFlow struct {
	key      flowKey
	needs    string // of other flows: see builder.needs
	flow     *Flow
	problems diag.List
	exprs    []typedExpr
	strings  []*String
	// returned is the type of a call's value; Optional where the flow may end without one.
	returned Type
	done     bool
	full     bool // more variables than there may be, and not all of them known

	uses        []*use
	texts       map[*ast.Text]textUse
	wrong       map[*ast.Text]bool // texts with a problem: their translations have it too
	shows       []shown
	returns     []*use
	definitions map[string][]definition
	order       []string // of variables as they were found
	types       map[string]*Type
	numbers     map[string]int
	entries     []*bits
	// translated keeps the work done for translations that did not change.
	translated map[*ast.Text]*typedText
	b          *builder // only while it is typed
}

type typedExpr struct {
	expr *ast.Expr
	typ  Type
}

// typedText is a translation with its expressions.
type typedText struct {
	exprs    []typedExpr
	problems diag.List
}

// shown is `show COLUMN` of a question whose answers are rows.
type shown struct {
	rows   *use
	column ast.Name
}

func (t *typedFlow) report(d diag.Diagnostic) { t.problems = append(t.problems, d) }

// typeFlow walks a flow and types everything in it.
func (b *builder) typeFlow(t *typedFlow) {
	f := t.flow
	t.b = b
	t.texts, t.definitions = map[*ast.Text]textUse{}, map[string][]definition{}
	t.wrong = map[*ast.Text]bool{}
	t.types, t.translated = map[string]*Type{}, map[*ast.Text]*typedText{}
	w := &walker{
		b: b, t: t, flow: f, unit: b.units[f.unit], numbers: map[string]int{}, paths: map[string]bits{},
	}
	w.walk()
	t.numbers = w.numbers
	for _, name := range t.order {
		f.Vars[name].Type = t.variable(name)
	}
	t.returned = t.returnType(w.ends)
	t.entries = entries(t.firstEntries(w), w.edges)
	for _, u := range t.uses {
		t.check(u)
	}
	for _, s := range t.shows {
		t.show(s)
	}
	stringsOf(t)
	t.uses, t.shows, t.returns, t.definitions = nil, nil, nil, nil
	t.done = true
}

// firstEntries are the ways into a flow: its triggers, moves from elsewhere and calls.
func (t *typedFlow) firstEntries(w *walker) []*bits {
	f := t.flow
	in := make([]*bits, len(f.Steps))
	if len(in) == 0 {
		return in
	}
	var takes bits
	for _, v := range f.Takes {
		takes = takes.with(w.number(v.Name))
	}
	enter := func(i int, set bits) {
		if in[i] != nil {
			set = set.and(*in[i])
		}
		in[i] = &set
	}
	for _, trigger := range f.Triggers {
		set := takes
		if trigger.Head.As != nil {
			set = set.with(w.number(trigger.Head.As.Text))
		}
		enter(0, set)
	}
	for i, entered := range t.b.entered[f] {
		switch {
		case entered && i == 0:
			enter(0, takes)
		case entered:
			enter(i, nil)
		}
	}
	if in[0] == nil { // nothing leads here yet; a caller would give what it takes
		enter(0, takes)
	}
	return in
}

// scope is what a name means at one place of a flow.
type scope struct {
	t    *typedFlow
	rows *rowScope
	// set is what surely has a value here; nil: everything, where nothing is to be said about it.
	set *bits
	// reads marks variables as used.
	reads bool
}

var _ expression.Scope = scope{}

func (s scope) Type(name string) (Type, bool) {
	t, b := s.t, s.t.b
	for r := s.rows; r != nil; r = r.outer {
		if r.name == name {
			if v := t.flow.Vars[name]; v != nil && s.reads {
				v.Used = true
			}
			return s.columns(name, t.row(r.rows)), true
		}
	}
	if v := t.flow.Vars[name]; v != nil {
		if s.reads {
			v.Used = true
		}
		typ := s.columns(name, t.variable(name))
		typ.Optional = s.unset(name)
		return typ, true
	}
	if name == languageName {
		return Type{Kind: program.LanguageKind}, true
	}
	if f := b.names.fields[b.units[t.flow.unit].bound("field", name)]; f != nil {
		typ := f.Type
		typ.Optional = s.unset(name)
		return typ, true
	}
	if typ, ok := b.names.declaredType(b.units[t.flow.unit], name); ok {
		return typ, true
	}
	if t.flow.lines.broken || t.full || b.hidden() { // it may stand in a line that could not be read
		return Type{}, true
	}
	return Type{}, false
}

// declaredType is the type of a name that is no value of a person: a table, or what opening hours belong to.
func (n *names) declaredType(u *unit, name string) (Type, bool) {
	if t := n.tables[u.bound("table", name)]; t != nil {
		row := rowOf(t.Name, t.Columns)
		if hasBad(t.Line) { // a column may stand in a line that could not be read
			row = Type{}
		}
		return Type{Kind: program.ListKind, Elem: &row}, true
	}
	if n.teams[u.bound("team", name)] != nil || n.hours[u.bound("hours", name)] != nil {
		return Type{Kind: program.HoursKind}, true
	}
	return Type{}, false
}

func (s scope) unset(name string) bool {
	if s.set == nil || s.t.flow.lines.broken || s.t.full {
		return false
	}
	n, ok := s.t.numbers[name]
	return !ok || !s.set.has(n)
}

// columns are a row's with those of which a condition tested that they are set.
func (s scope) columns(name string, t Type) Type {
	if s.set == nil || t.Kind != program.RowKind {
		return t
	}
	own := false
	for i, c := range t.Columns {
		if !c.Type.Optional {
			continue
		}
		if n, tested := s.t.numbers[name+"."+c.Name]; tested && s.set.has(n) {
			if !own {
				t.Columns, own = slices.Clone(t.Columns), true
			}
			t.Columns[i].Type.Optional = false
		}
	}
	return t
}

func (s scope) Names() []string {
	t, b := s.t, s.t.b
	names := slices.Clone(t.order)
	for r := s.rows; r != nil; r = r.outer {
		if !slices.Contains(names, r.name) {
			names = append(names, r.name)
		}
	}
	names = append(names, b.names.all("field")...)
	names = append(names, languageName)
	names = append(names, b.names.all("table")...)
	names = append(names, b.names.all("team")...)
	names = append(names, b.names.all("hours")...)
	return b.budgets[t.flow.outline].take(names)
}

// variable is the type of a variable: what all lines that set it agree on.
func (t *typedFlow) variable(name string) Type {
	if typ, ok := t.types[name]; ok {
		if typ == nil { // it is set by way of itself: the other lines say what it is
			return Type{}
		}
		return *typ
	}
	t.types[name] = nil
	var typ Type
	var first ast.Span
	for _, d := range t.definitions[name] {
		next := t.defined(d)
		if next.Kind == program.Any {
			continue
		}
		if typ.Kind == program.Any {
			typ, first = next, d.at
			continue
		}
		both, ok := merge(typ, next, d.value)
		if !ok {
			t.report(diag.New(diag.Error, "type-mismatch", span(d.at), "%q is %s here and %s elsewhere", name, aKind(next), aKind(typ)).
				WithNote(span(first), "here it is %s", aKind(typ)).WithHelp("Give one of them another name."))
			continue
		}
		typ = both
	}
	t.types[name] = &typ
	return typ
}

func (t *typedFlow) defined(d definition) Type {
	switch {
	case d.expr != nil:
		typ, _ := expression.Check(d.expr.expr.Source, scope{t: t, rows: d.expr.rows})
		typ.Optional = false
		return typ
	case d.rows != nil:
		return t.row(d.rows)
	}
	return d.typ
}

// row is the type of one of some rows.
func (t *typedFlow) row(rows *use) Type {
	if rows.row == nil {
		rows.row = &Type{}
		list, _ := expression.Check(rows.expr.Source, scope{t: t, rows: rows.rows})
		if list.Kind == program.ListKind && list.Elem != nil {
			rows.row = list.Elem
		}
	}
	return *rows.row
}

func (t *typedFlow) returnType(ends bool) Type {
	var out Type
	for i, u := range t.returns {
		typ, _ := expression.Check(u.expr.Source, scope{t: t, rows: u.rows})
		if i == 0 {
			out = typ
			continue
		}
		both, ok := merge(out, typ, u.expr)
		if !ok {
			first := t.returns[0].expr
			t.report(diag.New(diag.Error, "type-mismatch", spanOf(u.expr), "this flow returns %s here and %s elsewhere", aKind(typ), aKind(out)).
				WithNote(spanOf(first), "here it is %s", aKind(out)).WithHelp("Return values of one kind."))
			continue
		}
		both.Optional = both.Optional || typ.Optional
		out = both
	}
	out.Optional = out.Optional || ends || len(t.returns) == 0
	return out
}
