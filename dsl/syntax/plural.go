package syntax

import (
	"bytes"
	"slices"

	"baraza/dsl/ast"
)

// pluralKeys are the categories of CLDR; =2 is an exact number.
var pluralKeys = []string{"zero", "one", "two", "few", "many", "other"}

const pluralExample = "For example: {n, plural, one {# office} other {# offices}}"

// cases reads {n, plural, one {…} other {…}} and select, from the comma on.
func (t *textReader) cases(open, from, to, comma, depth int) (part ast.Part, ok bool) {
	at := comma + 1 + spaceLen(t.buf[comma+1:])
	n := wordLen(t.buf[at:])
	kind := string(t.buf[at : at+n])
	after := at + n + spaceLen(t.buf[at+n:])
	row := t.buf[open:]
	if i := bytes.IndexByte(row, '\n'); i >= 0 {
		row = row[:i]
	}
	if kind != "plural" && kind != "select" && bytes.IndexByte(row, '}') < 0 {
		return part, t.openBrace(open)
	}
	if kind != "plural" && kind != "select" || after >= len(t.buf) || t.buf[after] != ',' {
		d := t.report(open, max(at+n, open+1), "plural-shape", `I did not expect a comma behind "%s"`, clip(t.buf[from:to]))
		d.Help = []string{"A value that is shown is one name or expression.", pluralExample}
		return part, t.skip(open)
	}
	if depth >= maxCases {
		d := t.report(open, after, "expression-too-deep", "there are more than %d plurals in each other", maxCases)
		d.Help = []string{"Write the texts apart, with if and else."}
		return part, t.skip(open)
	}
	t.i = comma
	if !t.checkHole(open, from, to) {
		return part, t.skip(open)
	}
	cases := &ast.Cases{Value: t.expr(from, to)}
	t.i = after + 1
	if !t.caseList(open, kind, depth, cases) {
		return part, t.skip(open)
	}
	part = ast.Part{Span: t.spanOf(open, t.i)}
	if kind == "plural" {
		part.Plural = cases
	} else {
		part.Select = cases
	}
	return part, true
}

// caseList reads the cases and the brace that closes them.
func (t *textReader) caseList(open int, kind string, depth int, cases *ast.Cases) bool {
	for {
		t.i, _ = t.trim(t.i, len(t.buf))
		if t.i >= len(t.buf) {
			return t.openBraceAt(open)
		}
		if t.buf[t.i] == '}' {
			t.i++
			break
		}
		c, ok := t.oneCase(open, kind, depth, cases)
		if !ok {
			return false
		}
		cases.Cases = append(cases.Cases, c)
	}
	if !slices.ContainsFunc(cases.Cases, func(c ast.Case) bool { return c.Key == "other" }) {
		d := t.report(open, t.i, "plural-shape", `this %s has no case "other"`, kind)
		d.Help = []string{pluralExample}
	}
	return true
}

func (t *textReader) oneCase(open int, kind string, depth int, cases *ast.Cases) (c ast.Case, ok bool) {
	start := t.i
	for t.i < len(t.buf) && bytes.IndexByte([]byte(" \t\n{}"), t.buf[t.i]) < 0 {
		t.i++
	}
	c.Key = string(t.buf[start:t.i])
	end := t.i
	t.i, _ = t.trim(t.i, len(t.buf))
	switch {
	case t.i >= len(t.buf):
		return c, t.openBraceAt(open)
	case t.buf[t.i] != '{' || start == end:
		d := t.report(start, max(end, start+1), "plural-shape", `the case "%s" has no text in braces`, clip([]byte(c.Key)))
		d.Help = []string{pluralExample}
		return c, false
	case !validKey(kind, c.Key):
		d := t.report(start, end, "plural-shape", `"%s" is not a case of a %s`, clip([]byte(c.Key)), kind)
		if kind == "plural" {
			d.Help = suggest("case", c.Key, pluralKeys, "The cases are zero, one, two, few, many and other, or a number such as =0.")
		}
		d.Help = append(d.Help, pluralExample)
		return c, false
	case slices.ContainsFunc(cases.Cases, func(o ast.Case) bool { return o.Key == c.Key }):
		t.report(start, end, "plural-shape", `the case "%s" stands here twice`, c.Key)
		return c, false
	}
	t.i++
	c.Text = t.parts(depth+1, kind == "plural")
	if t.i >= len(t.buf) {
		return c, t.openBraceAt(open)
	}
	t.i++
	return c, true
}

func validKey(kind, key string) bool {
	if kind == "select" {
		return wordLen([]byte(key)) == len(key)
	}
	return slices.Contains(pluralKeys, key) || key[0] == '=' && len(key) > 1 && len(key) < 8 && digits([]byte(key[1:])) == len(key)-1
}

// openBraceAt reports a brace that is not closed before the text's end.
func (t *textReader) openBraceAt(open int) bool {
	d := t.report(open, open+1, "open-brace", "this { has no } behind it")
	d.Help = []string{"Each { needs a } of its own.", pluralExample}
	t.i = len(t.buf)
	return false
}

// skip goes behind the brace that closes the one at an offset, or to the end.
func (t *textReader) skip(open int) bool {
	depth := 0
	for t.i = open; t.i < len(t.buf); t.i++ {
		switch t.buf[t.i] {
		case '{':
			depth++
		case '}':
			depth--
			if depth == 0 {
				t.i++
				return false
			}
		}
	}
	return false
}
