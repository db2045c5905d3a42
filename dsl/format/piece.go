package format

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"baraza/dsl/ast"
)

// The pieces that heads are made of.

func expr(e ast.Expr) string { return strings.TrimSpace(e.Source) }

func target(t ast.Target) string { return strings.Join(t.Parts, ".") }

func where(e *ast.Expr) string {
	if e == nil {
		return ""
	}
	return " where " + expr(*e)
}

func as(n *ast.Name) string {
	if n == nil {
		return ""
	}
	return " as " + n.Text
}

func urgent(is bool) string {
	if is {
		return ", urgent"
	}
	return ""
}

// spaced puts a space before words, if there are any.
func spaced(words string) string {
	if words == "" {
		return ""
	}
	return " " + words
}

func with(args []ast.Arg) string {
	if len(args) == 0 {
		return ""
	}
	return " with " + join(args, func(a ast.Arg) string {
		if a.Expr == nil {
			return a.Name.Text
		}
		return a.Name.Text + " = " + expr(*a.Expr)
	})
}

func marks(names []ast.Name) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString(", " + n.Text)
	}
	return b.String()
}

func join[T any](all []T, one func(T) string) string {
	parts := make([]string, len(all))
	for i, v := range all {
		parts[i] = one(v)
	}
	return strings.Join(parts, ", ")
}

func date(d ast.Date) string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// clock writes a minute of the day; past midnight the hours go on above 24.
func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

func times(t ast.Times) string { return clock(t.From) + "-" + clock(t.To) }

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

var week = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// days writes three days or more that follow each other as a range, others as a list.
func days(all []string) string {
	if len(all) < 3 {
		return strings.Join(all, ", ")
	}
	first := slices.Index(week, all[0])
	for i, d := range all {
		if first < 0 || week[(first+i)%len(week)] != d {
			return strings.Join(all, ", ")
		}
	}
	return all[0] + " to " + all[len(all)-1]
}

// duration keeps its unit: 24 hours are not a day.
func duration(d ast.Duration) string {
	if d.N == 1 {
		return "1 " + d.Unit
	}
	return strconv.Itoa(d.N) + " " + d.Unit + "s"
}

func kept(d *ast.Duration) string {
	if d == nil {
		return ""
	}
	return ", kept " + duration(*d)
}

func (p *page) typ(t ast.Type) string {
	switch {
	case len(t.Values) > 0:
		return p.list(t.Values)
	case t.UpTo > 0:
		return t.Name + " up to " + strconv.Itoa(t.UpTo)
	}
	s := t.Name
	if t.From != nil {
		s += " from " + number(*t.From)
	}
	if t.To != nil {
		s += " to " + number(*t.To)
	}
	return s
}

// commas are the signs that part words in other scripts than the Latin, and how they are printed. Each stays where
// its script is written; elsewhere it becomes a plain one.
var commas = []struct {
	sign, printed string
	scripts       []*unicode.RangeTable
}{
	{"،", "، ", []*unicode.RangeTable{unicode.Arabic, unicode.Syriac, unicode.Thaana}},
	{"，", "，", []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo}},
	{"、", "、", []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo}},
}

// list prints names with the commas between them.
func (p *page) list(names []ast.Name) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(p.comma(names, i))
		}
		b.WriteString(n.Text)
	}
	return b.String()
}

// comma returns what stands before the i-th of the names.
func (p *page) comma(names []ast.Name, i int) string {
	sign := strings.TrimSpace(string(p.src[names[i-1].EndPos.Offset:names[i].Pos.Offset]))
	for _, c := range commas {
		if c.sign == sign && slices.ContainsFunc(names, func(n ast.Name) bool { return written(n.Text, c.scripts) }) {
			return c.printed
		}
	}
	return ", "
}

// written tells whether a letter of one of the scripts is in the text.
func written(text string, scripts []*unicode.RangeTable) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, scripts...) })
}
