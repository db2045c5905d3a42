package pack

import (
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// columnsOf reads the lines below table, record, send and returns.
func (b *builder) columnsOf(line *ast.Line) []Column {
	var out []Column
	for _, child := range line.Children {
		h, ok := child.Head.(*ast.Column)
		if !ok {
			continue
		}
		if len(out) == MaxColumns {
			b.report(diag.New(diag.Error, "too-large", spanOf(h.Name), "there are more than %d columns here", MaxColumns).
				WithHelp("Take out those that the flows do not use."))
			return out
		}
		if i := slices.IndexFunc(out, func(c Column) bool { return c.Name == h.Name.Text }); i >= 0 {
			b.duplicate("column", h.Name, out[i].Line.Head.(*ast.Column).Name.Span())
			continue
		}
		c := Column{
			Name: h.Name.Text, Line: child, Type: typeOf(h.Type), Translated: marked(h.Marks, "translated"),
			Class: classOf(h.Marks),
		}
		if h.Type.Name == "list" {
			row := Type{Kind: program.RowKind}
			for _, inner := range b.columnsOf(child) {
				row.Columns = append(row.Columns, ColumnType{Name: inner.Name, Type: inner.Type})
			}
			c.Type.Elem = &row
		}
		out = append(out, c)
	}
	return out
}

// rowOf is the type of a row with these columns.
func rowOf(table string, columns []Column) Type {
	t := Type{Kind: program.RowKind, Table: table}
	for _, c := range columns {
		t.Columns = append(t.Columns, ColumnType{Name: c.Name, Type: c.Type})
	}
	return t
}

func (b *builder) record(u *unit, line *ast.Line, h *ast.Record) {
	if !b.claim("record", h.Name, u) {
		return
	}
	r := &Record{
		Name: h.Name.Text, Line: line, Columns: b.columnsOf(line), KeptDays: days(h.Kept),
		Anonymous: marked(h.Marks, "anonymous"), Class: classOf(h.Marks), Why: prop(line, "why"),
	}
	for _, child := range line.Children {
		if read, ok := child.Head.(*ast.ReadBy); ok {
			for _, name := range read.Teams {
				b.later("team", name, u, func(name string) bool {
					t := b.names.teams[name]
					if t != nil {
						r.ReadBy = append(r.ReadBy, t)
					}
					return t != nil
				})
			}
		}
	}
	b.names.records[r.Name] = r
	b.p.Records = append(b.p.Records, r)
}

func (b *builder) template(u *unit, line *ast.Line, h *ast.Template) {
	if !b.claim("template", h.Name, u) {
		return
	}
	t := &Template{
		Name: h.Name.Text, Category: h.Category.Text, Line: line,
		Body: prop(line, "body"), Header: prop(line, "header"), Footer: prop(line, "footer"),
	}
	for _, text := range []*ast.Text{t.Body, t.Header} {
		b.params(t, text)
	}
	for _, child := range line.Children {
		switch c := child.Head.(type) {
		case *ast.Prop:
			if c.Name == "button" {
				t.Buttons = append(t.Buttons, child.Text)
			}
		case *ast.Sample:
			if !slices.Contains(t.Params, c.Name.Text) {
				if !hasBad(line) {
					b.unknown("unknown-name", "hole", c.Name, t.Params, nil)
				}
				continue
			}
			t.Samples = append(t.Samples, program.Sample{Name: c.Name.Text, Value: Written(child.Text)})
		}
	}
	b.names.templates[t.Name] = t
	b.p.Templates = append(b.p.Templates, t)
}

// params takes the names between braces, which are all that a channel lets a template have.
func (b *builder) params(t *Template, text *ast.Text) {
	for e := range exprsOf(text) {
		name := strings.TrimSpace(e.Source)
		if !isName(name) {
			b.report(diag.New(diag.Error, "expression-not-allowed", spanOf(e), "a template has only names between braces").
				WithHelp("Write a name such as {name}, and give its value where the template is used:  with name = …"))
			continue
		}
		if !slices.Contains(t.Params, name) && len(t.Params) < MaxColumns {
			t.Params = append(t.Params, name)
		}
		b.p.declaredExprs[e] = Type{Kind: program.TextKind}
	}
}

// fetchSeconds is how long a service may take where its timeout is not written.
const fetchSeconds = 10

func (b *builder) service(u *unit, line *ast.Line, h *ast.Service) {
	if !b.claim("service", h.Name, u) {
		return
	}
	s := &Service{Name: h.Name.Text, Line: line, Seconds: fetchSeconds}
	for _, child := range line.Children {
		switch c := child.Head.(type) {
		case *ast.Request:
			s.Method, s.URL, s.URLText = c.Method, c.URL, child.Text
		case *ast.Header:
			s.Headers = append(s.Headers, program.ServiceHeader{Name: c.Name, Secret: c.Secret})
		case *ast.Timeout:
			s.Seconds = Seconds(c.After)
		case *ast.Send:
			s.Send = b.columnsOf(child)
		case *ast.Returns:
			for _, col := range b.columnsOf(child) {
				s.Returns = append(s.Returns, expression.Column{Name: col.Name, Type: col.Type})
			}
		case *ast.Receives:
			for _, name := range c.Names {
				b.laterField(name, u, func(f *Field) { s.Receives = append(s.Receives, f) })
			}
		}
	}
	b.names.services[s.Name] = s
	b.p.Services = append(b.p.Services, s)
}

// isName says that an expression is one name and nothing else.
func isName(source string) bool {
	names := expression.Names(source)
	return len(names) == 1 && names[0] == source
}
