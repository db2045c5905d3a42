package pack

import (
	"slices"

	"baraza/channels/capability"
	"baraza/dsl/ast"
)

// tests gathers the tests of the pack and resolves what they name. Those of a library are the library's own.
func (b *builder) tests() {
	for _, o := range b.units[0].outlines {
		for _, line := range o.tests {
			b.p.Tests = append(b.p.Tests, &Test{Title: Written(line.Text), Line: line, File: o.file})
			for _, child := range line.Children {
				b.testLine(child)
			}
		}
	}
}

func (b *builder) testLine(line *ast.Line) {
	switch h := line.Head.(type) {
	case *ast.Given:
		if h.Consent != nil {
			b.named("consent", *h.Consent)
		}
		if h.Name != nil && h.Name.Text != languageName {
			b.named("field", *h.Name)
		}
		if h.Expr != nil {
			u := &use{expr: h.Expr}
			if h.Name != nil {
				if f := b.names.fields[h.Name.Text]; f != nil {
					t := f.Type
					u.wants, u.typ, u.for_ = wantValue, &t, f.Name
				}
			}
			b.testExpr(u)
		}
	case *ast.InLanguage:
		if !slices.Contains(b.p.Languages, h.Tag.Text) {
			b.unknown("unknown-language", "language", h.Tag, b.p.Languages, nil)
		}
	case *ast.OnChannel:
		if _, ok := capability.Named(h.Name.Text); !ok {
			b.unknown("unknown-channel", "channel", h.Name, channelNames(), nil)
		}
	case *ast.Bot:
		if h.Template != nil {
			b.named("template", *h.Template)
		}
	case *ast.FetchGiven:
		b.named("service", h.Name)
	case *ast.Expect:
		switch {
		case h.Cond != nil:
			b.testExpr(&use{expr: h.Cond, wants: wantCondition})
		case h.Target != nil:
			b.target(nil, h.Target, plainMove)
		case h.Name != nil && h.Kind == "saved":
			b.named("record", *h.Name)
		case h.Name != nil:
			b.named("team", *h.Name)
		}
	}
}

func (b *builder) testExpr(u *use) {
	typ, problems := typed(u, plainScope{b: b, set: true})
	for _, p := range problems {
		if p.Code != "quoted-sentence" { // nobody reads it: it is what a person wrote
			b.report(exprProblem(p, spanOf(u.expr)))
		}
	}
	b.p.Exprs[u.expr] = typ
}

// named reports a name that no declaration has.
func (b *builder) named(kind string, name ast.Name) {
	if !b.names.has(kind, name.Text) {
		b.unknown("unknown-"+kind, kind, name, b.names.all(kind), b.where(kind))
	}
}
