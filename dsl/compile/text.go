package compile

import (
	"strings"

	"baraza/dsl/ast"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// string is the index of the string made of a text, None for no text.
func (c *compiler) string(t *ast.Text) int {
	if t == nil {
		return program.None
	}
	s := c.pack.StringOf(t)
	if s == nil {
		return program.None
	}
	if i, ok := c.strings[s]; ok {
		return i
	}
	out := program.String{ID: s.ID, Texts: make([]program.Text, len(c.out.Languages))}
	for i, lang := range c.out.Languages {
		if i == 0 {
			out.Texts[i] = c.text(s.Text.Parts)
			continue
		}
		if cat := c.pack.Translations[lang]; cat != nil {
			if tr := cat.Entries[s.ID]; tr != nil && tr.Text != nil {
				out.Texts[i] = c.text(tr.Text.Parts)
			}
		}
	}
	i := len(c.out.Strings)
	c.out.Strings = append(c.out.Strings, out)
	c.strings[s] = i
	return i
}

// text splits parts into segments once; neighbouring literals are joined.
func (c *compiler) text(parts []ast.Part) program.Text {
	out := program.Text{}
	for _, part := range parts {
		seg := c.segment(part)
		if last := len(out) - 1; seg.Kind == program.Literal && last >= 0 && out[last].Kind == program.Literal {
			out[last].Literal += seg.Literal
			continue
		}
		out = append(out, seg)
	}
	return out
}

func (c *compiler) segment(part ast.Part) program.Segment {
	switch {
	case part.Hole != nil:
		return program.Segment{Kind: program.Value, Expr: c.expr(part.Hole)}
	case part.Plural != nil:
		return program.Segment{Kind: program.Plural, Expr: c.expr(&part.Plural.Value), Cases: c.pluralCases(part.Plural)}
	case part.Select != nil:
		return program.Segment{Kind: program.Select, Expr: c.expr(&part.Select.Value), Cases: c.cases(part.Select)}
	}
	return program.Segment{Kind: program.Literal, Literal: part.Literal, Expr: program.None}
}

func (c *compiler) cases(cs *ast.Cases) []program.Case {
	var out []program.Case
	for _, k := range cs.Cases {
		out = append(out, program.Case{Key: k.Key, Text: c.text(k.Text)})
	}
	return out
}

// pluralCases are cases in which # is the number.
func (c *compiler) pluralCases(cs *ast.Cases) []program.Case {
	var out []program.Case
	for _, k := range cs.Cases {
		var parts program.Text
		for _, part := range k.Text {
			if part.Count {
				parts = append(parts, program.Segment{Kind: program.Number, Expr: program.None})
				continue
			}
			parts = append(parts, c.segment(part))
		}
		out = append(out, program.Case{Key: k.Key, Text: parts})
	}
	return out
}

// expr is the index of an expression; None for nil.
func (c *compiler) expr(e *ast.Expr) int {
	if e == nil {
		return program.None
	}
	source := c.bound(strings.TrimSpace(e.Source))
	key := exprKey{source, c.pack.Exprs[e].Kind}
	if i, ok := c.exprs[key]; ok {
		return i
	}
	out := program.Expr{Source: source, Type: key.kind}
	if isName(source) {
		out.Var = source
	}
	i := len(c.out.Exprs)
	c.out.Exprs = append(c.out.Exprs, out)
	c.exprs[key] = i
	return i
}

// bound writes the pack's names for those that a library binds: is_open(staff) with "safety.team staff is
// protection" is is_open(protection). Quoted words stay.
func (c *compiler) bound(source string) string {
	if c.flow == nil || c.flow.Lib == "" {
		return source
	}
	for _, name := range expression.Names(source) {
		if own := c.boundName(name); own != name {
			source = expression.Rename(source, name, own)
		}
	}
	return source
}

// boundName is what a name in an expression of the present flow stands for: a field, else a variable of the flow,
// else one of the other things that expressions name.
func (c *compiler) boundName(name string) string {
	if own := c.pack.Bound(c.flow, "field", name); own != name || c.flow.Vars[name] != nil {
		return own
	}
	for _, kind := range []string{"team", "hours", "table"} {
		if own := c.pack.Bound(c.flow, kind, name); own != name {
			return own
		}
	}
	return name
}

// reading is the expression that reads one variable.
func (c *compiler) reading(name string, kind program.Kind) int {
	key := exprKey{name, kind}
	if i, ok := c.exprs[key]; ok {
		return i
	}
	i := len(c.out.Exprs)
	c.out.Exprs = append(c.out.Exprs, program.Expr{Source: name, Var: name, Type: kind})
	c.exprs[key] = i
	return i
}

// isName says that a source is one variable and nothing else. yes and no are values.
func isName(source string) bool {
	if source == "" || source == "yes" || source == "no" {
		return false
	}
	for i, r := range source {
		switch {
		case r == '_', r >= 'a' && r <= 'z', r > 127:
		case i > 0 && r >= '0' && r <= '9':
		default:
			return false
		}
	}
	return true
}
