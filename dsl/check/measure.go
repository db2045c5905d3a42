package check

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/program"
)

// wording is a text in one language.
type wording struct {
	lang  string
	at    diag.Span
	parts []ast.Part
}

// wordings are a text in its own language and in every one it was translated to.
func (env *surroundings) wordings(t *ast.Text) []wording {
	if t == nil {
		return nil
	}
	p := env.pack
	all := []wording{{p.Languages[0], diag.Span(t.Span), t.Parts}}
	s := p.StringOf(t)
	if s == nil {
		return all
	}
	for _, lang := range p.Languages[1:] {
		if cat := p.Translations[lang]; cat != nil {
			if tr := cat.Entries[s.ID]; tr != nil && tr.Text != nil && !tr.Fuzzy {
				all = append(all, wording{lang, diag.Span(tr.Span), tr.Text.Parts})
			}
		}
	}
	return all
}

// plain is a text as a phone shows it: marks of escapes taken away, of the cases of a plural the longest, and
// for a value what fill gives; nothing where fill is nil.
func plain(parts []ast.Part, fill func(*ast.Expr) string) string {
	if len(parts) == 1 && parts[0].Hole == nil && parts[0].Plural == nil && parts[0].Select == nil {
		return unescape(parts[0].Literal)
	}
	var b strings.Builder
	for i := range parts {
		part := &parts[i]
		switch {
		case part.Hole != nil:
			if fill != nil {
				b.WriteString(fill(part.Hole))
			}
		case part.Plural != nil:
			b.WriteString(longest(part.Plural, fill))
		case part.Select != nil:
			b.WriteString(longest(part.Select, fill))
		default:
			b.WriteString(unescape(part.Literal))
		}
	}
	return b.String()
}

func longest(cases *ast.Cases, fill func(*ast.Expr) string) string {
	most := ""
	for _, c := range cases.Cases {
		if s := plain(c.Text, fill); len(s) > len(most) {
			most = s
		}
	}
	return most
}

// unescape takes the stroke away before the marks that stand for themselves.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`*_~\`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// What a value is taken to need in a text, in characters, where nothing says more. A text without a bound counts
// nothing: an error must not rest on a guess.
const (
	numberRoom = 6
	dateRoom   = 12
	timeRoom   = 5
	phoneRoom  = 16
	textRoom   = 0
	placeRoom  = 24
)

// filler estimates the values of a flow's texts in a language: those of a table by its longest cell, answers by
// the bound they were asked with.
func (c *flow) filler(lang string) func(*ast.Expr) string {
	return func(e *ast.Expr) string { return strings.Repeat("n", c.room(e, lang)) }
}

func (c *flow) room(e *ast.Expr, lang string) int {
	t, ok := c.pack.Exprs[e]
	if !ok {
		return 0
	}
	if row, column, ok := strings.Cut(strings.TrimSpace(e.Source), "."); ok {
		if v := c.flow.Vars[row]; v != nil && v.Type.Table != "" {
			return c.cellRoom(v.Type.Table, column, lang)
		}
	}
	switch t.Kind {
	case program.NumberKind:
		return numberRoom
	case program.DateKind:
		return dateRoom
	case program.TimeKind:
		return timeRoom
	case program.PhoneKind:
		return phoneRoom
	case program.LocationKind:
		return placeRoom
	case program.YesNo:
		return 3
	case program.ChoiceKind:
		return c.choiceRoom(strings.TrimSpace(e.Source), t.Values)
	}
	if n := c.bound(strings.TrimSpace(e.Source)); n > 0 {
		return n
	}
	return textRoom
}

// choiceRoom is the longest label of the question that asks for a name, or else its longest value.
func (c *flow) choiceRoom(name string, values []string) int {
	most := 0
	for _, l := range c.asking()[name] {
		for _, o := range options(l) {
			most = max(most, len([]rune(label(o))))
		}
	}
	for _, v := range values {
		most = max(most, len([]rune(v)))
	}
	return most
}

// bound is the "up to" of a text; 0 where none is written.
func (c *flow) bound(name string) int {
	most := 0
	for _, l := range c.asking()[name] {
		if t := l.Head.(*ast.Ask).Type; t != nil {
			most = max(most, t.UpTo)
		}
	}
	if f := c.fields[name]; most == 0 && f != nil {
		if h, ok := f.Line.Head.(*ast.Field); ok {
			most = h.Type.UpTo
		}
	}
	return most
}

// asking are the questions of the flow by the name they fill.
func (c *flow) asking() map[string][]*ast.Line {
	if c.asks == nil {
		c.asks = map[string][]*ast.Line{}
		for i := range c.route.points {
			if l := c.route.points[i].line; c.route.points[i].kind == atAsk {
				if h := l.Head.(*ast.Ask); h.Name != nil {
					c.asks[h.Name.Text] = append(c.asks[h.Name.Text], l)
				}
			}
		}
	}
	return c.asks
}

// cellOf is a column of a table in a language.
type cellOf struct{ table, column, lang string }

// cellRoom is the longest cell of a column. It is measured once a run: a table may have thousands of rows.
func (env *surroundings) cellRoom(table, column, lang string) int {
	key := cellOf{table, column, lang}
	if n, ok := env.cells.Load(key); ok {
		return n.(int)
	}
	most := textRoom
	if t := env.tables[table]; t != nil && len(t.Rows) > 0 {
		most = 0
		for i := range t.Rows {
			most = max(most, utf8.RuneCountInString(env.cell(t, i, column, lang)))
		}
	}
	env.cells.Store(key, most)
	return most
}

// cell is what people read of a table in a language; "" for a column that is not there.
func (env *surroundings) cell(t *pack.Table, row int, column, lang string) string {
	r := &t.Rows[row]
	i := slices.IndexFunc(t.Columns, func(c pack.Column) bool { return c.Name == column })
	if i < 0 || i >= len(r.Cells) {
		return ""
	}
	if n := slices.Index(env.pack.Languages, lang); n >= 0 && i < len(r.Translated) && n < len(r.Translated[i]) && r.Translated[i][n] != "" {
		return r.Translated[i][n]
	}
	switch v := r.Cells[i].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}
