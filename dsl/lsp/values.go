package lsp

import (
	"path"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/pack"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// variableValue is a flow's value with the line that declares its columns.
func (w *walker) variableValue(f *pack.Flow, name string) value {
	v := value{typ: f.Vars[name].Type}
	if v.typ.Table != "" {
		if t := w.find(f.File.Name, tableName, v.typ.Table); t != nil {
			v.lines = t.line
		}
		return v
	}
	if v.typ.Kind == program.RowKind {
		v.lines = w.givenBy(f, name)
	}
	return v
}

// givenBy is the record or the answer of a service that a value of the flow is.
func (w *walker) givenBy(f *pack.Flow, name string) *ast.Line {
	var found *ast.Line
	eachLine(f, func(line *ast.Line) {
		switch h := line.Head.(type) {
		case *ast.Save:
			if h.As != nil && h.As.Text == name {
				if t := w.find(f.File.Name, recordName, h.Record.Text); t != nil {
					found = t.line
				}
			}
		case *ast.Fetch:
			if h.Name.Text == name {
				if t := w.find(f.File.Name, serviceName, h.Service.Text); t != nil {
					found = below[*ast.Returns](t.line)
				}
			}
		}
	})
	return found
}

// answer is the answer with an id that a name can have: of a question of the flow, or a value of a field.
func (w *walker) answer(name, id string) *thing {
	if t := w.find(w.file.Name, fieldName, name); t != nil {
		for _, v := range t.line.Head.(*ast.Field).Type.Values {
			if v.Text == id {
				return w.thing(optionName, v, t.line, nil)
			}
		}
		return nil
	}
	if w.flow == nil {
		return nil
	}
	var found *thing
	eachLine(w.flow, func(line *ast.Line) {
		h, ok := line.Head.(*ast.Ask)
		if !ok || h.Name == nil || h.Name.Text != name || found != nil {
			return
		}
		for _, child := range line.Children {
			if o, ok := child.Head.(*ast.Option); ok && o.ID != nil && o.ID.Text == id {
				found = w.thing(optionName, *o.ID, child, w.flow)
				found.owner = line
			}
		}
	})
	return found
}

// valueOf is the value of an expression that is a path of names; of others only the type is known.
func (w *walker) valueOf(e *ast.Expr) value {
	v := value{typ: w.pack.Exprs[e]}
	pieces := expression.Pieces(e.Source)
	for i, p := range pieces {
		switch {
		case i%2 == 1 && p.Text != "." || i%2 == 0 && p.Kind != expression.NamePiece:
			return w.withTable(v)
		case i == 0:
			_, at := w.resolve(p.Text)
			v.lines = at.lines
		case i%2 == 0:
			v.lines = w.columnValue(value{lines: v.lines}, p.Text).lines
		}
	}
	return w.withTable(v)
}

func (w *walker) withTable(v value) value {
	table := v.typ.Table
	if v.typ.Elem != nil {
		table = v.typ.Elem.Table
	}
	if table != "" && v.lines == nil {
		if t := w.find(w.file.Name, tableName, table); t != nil {
			v.lines = t.line
		}
	}
	return v
}

// elementOf is one row of some rows.
func (w *walker) elementOf(rows value) value {
	v := value{lines: rows.lines}
	if rows.typ.Elem != nil {
		v.typ = *rows.typ.Elem
	}
	return v
}

// columnOf is a column of a row by its name; nil where it is not declared.
func (n *names) columnOf(v value, name string) *thing {
	line := columnLine(v.lines, name)
	if line == nil {
		return nil
	}
	t := n.thing(columnName, line.Head.(*ast.Column).Name, line, nil)
	t.owner = v.lines
	return t
}

func (n *names) columnValue(v value, name string) value {
	out := value{lines: columnLine(v.lines, name)}
	for _, c := range v.typ.Columns {
		if c.Name == name {
			out.typ = c.Type
		}
	}
	return out
}

func columnLine(owner *ast.Line, name string) *ast.Line {
	if owner == nil {
		return nil
	}
	for _, child := range owner.Children {
		if h, ok := child.Head.(*ast.Column); ok && h.Name.Text == name {
			return child
		}
	}
	return nil
}

// below is the first line of a kind directly below another.
func below[H ast.Head](line *ast.Line) *ast.Line {
	for _, child := range line.Children {
		if _, ok := child.Head.(H); ok {
			return child
		}
	}
	return nil
}

// eachLine goes through all lines of a flow's steps.
func eachLine(f *pack.Flow, do func(*ast.Line)) {
	var walk func([]*ast.Line)
	walk = func(lines []*ast.Line) {
		for _, line := range lines {
			do(line)
			walk(line.Children)
		}
	}
	for _, s := range f.Steps {
		walk(s.Line.Children)
	}
}

// parentOf is the line that another stands below; nil at the margin.
func parentOf(f *ast.File, line *ast.Line) *ast.Line {
	var find func(lines []*ast.Line, above *ast.Line) (*ast.Line, bool)
	find = func(lines []*ast.Line, above *ast.Line) (*ast.Line, bool) {
		for _, l := range lines {
			if l == line {
				return above, true
			}
			if l.Span.Start <= line.Span.Start && line.Span.Start < l.End {
				if p, ok := find(l.Children, l); ok {
					return p, true
				}
			}
		}
		return nil, false
	}
	p, _ := find(f.Lines, nil)
	return p
}

// joined is the folder of a library, as the names of its files begin.
func joined(prefix, written string) string {
	return strings.TrimSuffix(path.Join(prefix, written), "/") + "/"
}
