package pack

import (
	"slices"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

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
