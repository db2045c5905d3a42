package pack

import (
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// walker goes once through the lines of a flow. It resolves the declarations that they name, finds every
// variable and every expression, and what is surely set where each stands. Types come afterwards, since a
// variable may be read above the line that sets it.
type walker struct {
	b    *builder
	t    *typedFlow
	flow *Flow
	unit *unit

	numbers map[string]int  // of names and "row.column" paths, for states
	paths   map[string]bits // numbers of the paths that begin with a name
	edges   [][]edge        // by step
	step    int
	rows    *rowScope // innermost
	loops   []*state  // where `-> next` goes on
	below   []*state  // where `-> continue` goes on
	// ends says that the flow can end without a `return` of a value.
	ends bool
	full bool // more variables than there may be
}

// rowScope is the row of a for each, or of a where, visible in its block.
type rowScope struct {
	name  string
	rows  *use
	outer *rowScope
}

// use is an expression with all that its type depends on.
type use struct {
	expr  *ast.Expr
	rows  *rowScope
	st    state
	step  int
	wants want
	typ   *Type // of wants wantValue: what it must fit; nil: anything
	for_  string
	// setter: the value may be none, and then unsets what it is set to.
	setter bool
	row    *Type     // of wantRows, once it is known
	text   *ast.Text // that it stands in
}

// want says what an expression is used for.
type want uint8

const (
	wantAny want = iota
	wantCondition
	wantHole
	wantPlural
	wantSelect
	wantRows
	wantNumber
	wantValue // fits use.typ
	wantMaybe // a bare name that may be unset
)

// definition is one place where a variable gets its value.
type definition struct {
	at    ast.Span
	typ   Type      // where it is known from the line alone
	expr  *use      // of set
	rows  *use      // of ask ROW from
	value *ast.Expr // of set, for what a literal may be
}

// textUse is a text with the state in which it is sent, so that its translations are typed as it is.
type textUse struct {
	rows *rowScope
	st   state
	step int
}

func (w *walker) walk() {
	f := w.flow
	for i, line := range f.lines.takes {
		h := line.Head.(*ast.Takes)
		if i == MaxColumns {
			w.t.report(diag.New(diag.Error, "too-large", spanOf(h.Name), "this flow takes more than %d values", MaxColumns).
				WithHelp("Take out those that it does not use."))
			break
		}
		v := &Var{Name: h.Name.Text, Type: typeOf(h.Type), Span: h.Name.Span()}
		if slices.ContainsFunc(f.Takes, func(o *Var) bool { return o.Name == v.Name }) {
			w.t.report(diag.New(diag.Error, "duplicate-name", span(v.Span), "this flow takes %q twice", v.Name).
				WithHelp("Take one of them out."))
			continue
		}
		f.Takes = append(f.Takes, v)
		w.define(h.Name, definition{at: v.Span, typ: v.Type})
	}
	for _, t := range f.Triggers {
		if t.Head.As != nil {
			w.define(*t.Head.As, definition{at: t.Head.As.Span(), typ: sentType([]string{t.Head.Kind})})
		}
	}
	for _, s := range f.Steps {
		w.facts(s.Body)
	}
	w.edges = make([][]edge, len(f.Steps))
	for i, s := range f.Steps {
		w.step = i
		end := w.body(s.Body, state{})
		if end.dead {
			continue
		}
		if i+1 < len(f.Steps) {
			w.edges[i] = append(w.edges[i], edge{i + 1, end})
			continue
		}
		w.ends = true
	}
}

// sentType is the type of what a person sends that is no text.
func sentType(kinds []string) Type {
	kind := func(k string) program.Kind {
		switch k {
		case "any message", "message", "containing":
			return program.TextKind
		case "location":
			return program.LocationKind
		case "image", "audio", "video", "document", "sticker":
			return program.MediaKind
		}
		return program.Any
	}
	if len(kinds) == 0 {
		return Type{}
	}
	first := kind(kinds[0])
	for _, k := range kinds[1:] {
		if kind(k) != first {
			return Type{}
		}
	}
	return Type{Kind: first}
}

// facts gives numbers to the paths that conditions test, before any state is made: a row that is replaced
// loses what was known of its columns.
func (w *walker) facts(lines []*ast.Line) {
	for _, line := range lines {
		switch h := line.Head.(type) {
		case *ast.If:
			w.fact(h.Cond.Source)
		case *ast.ElseIf:
			w.fact(h.Cond.Source)
		case *ast.OnlyIf:
			w.fact(h.Cond.Source)
		}
		w.facts(line.Children)
	}
}

func (w *walker) fact(source string) {
	whenTrue, whenFalse := knows(source)
	for _, name := range append(whenTrue, whenFalse...) {
		w.number(name)
	}
}

// knows spares the parser the conditions that test nothing.
func knows(source string) (whenTrue, whenFalse []string) {
	if !strings.Contains(source, "known") {
		return nil, nil
	}
	return expression.Knows(source)
}

// MaxVariables is how many values one flow can have. The work of following them grows with their number.
const MaxVariables = 500

// maxNumbers bounds the names and paths that are followed.
const maxNumbers = 2 * MaxVariables

// number of a name or path.
func (w *walker) number(name string) int {
	n, ok := w.numbers[name]
	if !ok {
		if len(w.numbers) >= maxNumbers {
			return maxNumbers // nothing is said of those above
		}
		n = len(w.numbers)
		w.numbers[name] = n
		if row, _, path := strings.Cut(name, "."); path {
			w.paths[row] = w.paths[row].with(n)
		}
	}
	return n
}

// set is the state after a name got a value: what was known of its columns is not known of the new one's.
func (w *walker) set(st state, name string) state {
	return st.loseAll(w.paths[name]).gain(w.number(name))
}

func (w *walker) unset(st state, name string) state {
	return st.loseAll(w.paths[name]).lose(w.number(name))
}

func (w *walker) known(st state, names []string) state {
	for _, name := range names {
		st = st.gain(w.number(name))
	}
	return st
}

// withoutLost is the state at the start of lines that are run again and again: what they may unset is not
// surely set there.
func (w *walker) withoutLost(st state, lines []*ast.Line) state {
	for _, line := range lines {
		if h, ok := line.Head.(*ast.Ask); ok && h.Name != nil && (prop(line, "skip") != nil || h.Rows != nil) {
			st = w.unset(st, h.Name.Text)
		}
		if name := assigned(line); name != "" {
			st = st.loseAll(w.paths[name])
			if _, ok := line.Head.(*ast.Set); ok {
				st = w.unset(st, name)
			}
		}
		st = w.withoutLost(st, line.Children)
	}
	return st
}

// assigned is the name that a line gives a value, "" for none.
func assigned(line *ast.Line) string {
	name := func(n *ast.Name) string {
		if n == nil {
			return ""
		}
		return n.Text
	}
	switch h := line.Head.(type) {
	case *ast.Ask:
		return name(h.Name)
	case *ast.Set:
		return h.Name.Text
	case *ast.Fetch:
		return h.Name.Text
	case *ast.Save:
		return name(h.As)
	case *ast.Call:
		return name(h.As)
	case *ast.When:
		return name(h.As)
	}
	return ""
}

// define notes a place where a variable gets a value. Fields and the language are no variables.
func (w *walker) define(name ast.Name, d definition) {
	d.at = name.Span()
	if w.b.names.fields[w.unit.bound("field", name.Text)] != nil || name.Text == languageName {
		return
	}
	if w.collides(name) {
		return
	}
	v := w.flow.Vars[name.Text]
	if v == nil {
		if len(w.t.order) == MaxVariables && !w.full {
			w.full = true
			w.t.report(diag.New(diag.Error, "too-large", spanOf(name), "this flow has more than %d values", MaxVariables).
				WithHelp("Divide it into several flows. A call gives values from one to another."))
		}
		w.t.full = w.full
		if w.full {
			return
		}
		v = &Var{Name: name.Text, Span: d.at}
		w.flow.Vars[name.Text] = v
		w.t.order = append(w.t.order, name.Text)
	}
	w.t.definitions[name.Text] = append(w.t.definitions[name.Text], d)
}

// languageName is always known: the person's language.
const languageName = "language"

// collides reports a name of a flow that a table has.
func (w *walker) collides(name ast.Name) bool {
	t := w.b.names.tables[w.unit.bound("table", name.Text)]
	if t != nil {
		w.t.report(diag.New(diag.Error, "duplicate-name", spanOf(name), "a table is called %q too", name.Text).
			WithNote(span(t.Line.Span), "the table is here").WithHelp("Give this one another name."))
	}
	return t != nil
}

// body walks lines in order; if, else if and else are one statement.
func (w *walker) body(lines []*ast.Line, st state) state {
	for i := 0; i < len(lines); i++ {
		if _, ok := lines[i].Head.(*ast.If); !ok {
			st = w.statement(lines[i], st)
			continue
		}
		out := state{dead: true}
		for first := true; i < len(lines); i, first = i+1, false {
			var cond *ast.Expr
			switch h := lines[i].Head.(type) {
			case *ast.If:
				if first {
					cond = &h.Cond
				}
			case *ast.ElseIf:
				cond = &h.Cond
			case *ast.Else:
				out = join(out, w.body(lines[i].Children, st))
				st = state{dead: true}
				i++
			}
			if cond == nil {
				break
			}
			w.use(cond, st, wantCondition)
			whenTrue, whenFalse := knows(cond.Source)
			out = join(out, w.body(lines[i].Children, w.known(st, whenTrue)))
			st = w.known(st, whenFalse)
		}
		i--
		st = join(out, st)
	}
	return st
}

// use notes an expression.
func (w *walker) use(e *ast.Expr, st state, wants want) *use {
	if e == nil {
		return nil
	}
	u := &use{expr: e, rows: w.rows, st: st, step: w.step, wants: wants}
	w.t.uses = append(w.t.uses, u)
	return u
}

// fit notes an expression whose value goes to something with a type.
func (w *walker) fit(e *ast.Expr, st state, typ Type, receiver string) {
	u := w.use(e, st, wantValue)
	u.typ, u.for_ = &typ, receiver
}

// text notes a text and the expressions in it.
func (w *walker) text(t *ast.Text, st state) {
	if t == nil {
		return
	}
	w.t.texts[t] = textUse{w.rows, st, w.step}
	for e, wants := range holesOf(t) {
		w.use(e, st, wants).text = t
	}
}

// move is where a target leads. What stands below is not reached by way of it.
func (w *walker) move(t *ast.Target, st state) state {
	d := w.b.p.Resolve(w.flow, *t)
	dead := state{dead: true}
	if d == nil || st.dead {
		return dead
	}
	switch {
	case d.Kind == ToNext && len(w.loops) > 0:
		to := w.loops[len(w.loops)-1]
		*to = join(*to, st)
	case d.Kind == ToContinue && len(w.below) > 0:
		to := w.below[len(w.below)-1]
		*to = join(*to, st)
	case d.Kind == ToStep && d.Flow == w.flow:
		w.edges[w.step] = append(w.edges[w.step], edge{d.Step.Index, st})
	}
	return dead
}
