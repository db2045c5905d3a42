package pack

import (
	"baraza/dsl/ast"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// plainScope is what names mean outside flows: in the texts of declarations and in tests.
type plainScope struct {
	b *builder
	// extra are names that only this place has.
	extra []ColumnType
	// only: nothing but extra.
	only bool
	// set: fields have values, and the variables of every flow are known (a test's conditions).
	set bool
}

func (s plainScope) Type(name string) (Type, bool) {
	for _, c := range s.extra {
		if c.Name == name {
			return c.Type, true
		}
	}
	if s.only {
		return Type{}, false
	}
	if name == languageName {
		return Type{Kind: program.LanguageKind}, true
	}
	if f := s.b.names.fields[name]; f != nil {
		t := f.Type
		t.Optional = !s.set
		return t, true
	}
	if t, ok := s.b.names.declaredType(s.b.units[0], name); ok {
		return t, true
	}
	if s.set {
		if t, ok := s.b.anyVariable(name); ok {
			return t, true
		}
	}
	return Type{}, s.b.hidden() || s.set && s.b.p.Broken
}

func (s plainScope) Names() []string {
	var names []string
	for _, c := range s.extra {
		names = append(names, c.Name)
	}
	if s.only {
		return names
	}
	for _, kind := range []string{"field", "table", "team", "hours"} {
		names = append(names, s.b.names.all(kind)...)
	}
	if s.set {
		seen := map[string]bool{}
		for _, f := range s.b.p.Flows {
			for _, name := range s.b.typed[f].order {
				if !seen[name] {
					seen[name] = true
					names = append(names, name)
				}
			}
		}
	}
	return s.b.budget.take(append(names, languageName))
}

// anyVariable is a variable of whatever flow; where flows differ, it is some value.
func (b *builder) anyVariable(name string) (Type, bool) {
	if t, ok := b.variables[name]; ok {
		return t, true
	}
	t, ok := b.findVariable(name)
	if ok {
		b.variables[name] = t
	}
	return t, ok
}

func (b *builder) findVariable(name string) (Type, bool) {
	var out Type
	found := false
	for _, f := range b.p.Flows {
		v := f.Vars[name]
		if v == nil {
			continue
		}
		if found {
			both, ok := merge(out, v.Type, nil)
			if !ok {
				return Type{}, true
			}
			out = both
			continue
		}
		out, found = v.Type, true
	}
	out.Optional = false
	return out, found
}

// textValues are the names that the engine gives to its own texts.
var textValues = map[string][]ColumnType{
	"did you mean": {{Name: "label", Type: Type{Kind: program.TextKind}}},
}

// declaredScope is what names mean in a string of a declaration.
func (b *builder) declaredScope(s *String) expression.Scope {
	switch h := s.Line.Head.(type) {
	case *ast.Template:
		out := plainScope{b: b, only: true}
		if t := b.names.templates[h.Name.Text]; t != nil {
			for _, p := range t.Params {
				out.extra = append(out.extra, ColumnType{Name: p, Type: Type{Kind: program.TextKind}})
			}
		}
		return out
	case *ast.TextRow:
		return plainScope{b: b, extra: textValues[h.Name.Text]}
	}
	return plainScope{b: b}
}

// declaredTexts types the expressions in the texts of declarations.
func (b *builder) declaredTexts() {
	check := func(t *ast.Text, s expression.Scope) {
		for e, wants := range holesOf(t) {
			u := &use{expr: e, wants: wants}
			typ, problems := typed(u, s)
			for _, p := range problems {
				b.report(exprProblem(p, spanOf(e)))
			}
			b.p.declaredExprs[e] = typ
		}
	}
	plain := plainScope{b: b}
	for _, f := range b.p.Fields {
		check(f.Why, plain)
	}
	for _, r := range b.p.Records {
		check(r.Why, plain)
	}
	for _, t := range b.p.Teams {
		check(t.Line.Text, plain)
	}
	for _, c := range b.p.Consents {
		for _, t := range []*ast.Text{c.Ask, c.Yes, c.No, c.SeenBy, c.FullText} {
			check(t, plain)
		}
	}
	for _, t := range b.p.Templates {
		params := b.declaredScope(&String{Line: t.Line})
		check(t.Footer, params)
		for _, button := range t.Buttons {
			check(button, params)
		}
	}
	for _, line := range b.p.Texts {
		check(line.Text, plainScope{b: b, extra: textValues[line.Head.(*ast.TextRow).Name.Text]})
	}
	for _, s := range b.p.Services {
		if hasBad(s.Line) { // what is sent may stand in a line that could not be read
			continue
		}
		sent := plainScope{b: b, only: true}
		for _, c := range s.Send {
			sent.extra = append(sent.extra, ColumnType{Name: c.Name, Type: c.Type})
		}
		check(s.URLText, sent)
	}
}
