package syntax

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program/expression"
)

const (
	maxHoles = 200 // {…} in one text
	maxCases = 3   // plurals and selects in each other
)

// ParseText reads a text that stands by itself, such as a translation: src[start:end], its lines divided by
// newlines. The problems are in the order of the source.
func ParseText(name string, src []byte, start, end int) (*ast.Text, diag.List) {
	s := &scan{name: name, src: src, problems: newProblems(name, src)}
	s.checkCharacters(start, end)
	if s.refused {
		return &ast.Text{Span: s.span(int32(start), int32(end))}, s.list
	}
	number := int32(bytes.Count(src[:start], []byte{'\n'}) + 1)
	blank := false
	for at := start; at <= end; number++ {
		stop := end
		if i := bytes.IndexByte(src[at:end], '\n'); i >= 0 {
			stop = at + i
		}
		first, last := at+spaceLen(src[at:stop]), stop
		for last > first && bytes.IndexByte([]byte(" \t\r"), src[last-1]) >= 0 {
			last--
		}
		if first < last {
			s.texts = append(s.texts, textRow{int32(first), int32(last), number, blank && len(s.texts) > 0})
		}
		blank = first == last
		at = stop + 1
	}
	text := s.readText(s.texts)
	if text == nil {
		text = &ast.Text{Span: s.span(int32(start), int32(end))}
	}
	s.list.Sort()
	return text, s.list
}

// text reads the text of a line, nil where it has none.
func (p *parse) text(l *line, head ast.Head) *ast.Text {
	rows := p.texts[l.text : l.text+l.texts]
	switch head.(type) {
	case *ast.Bad:
		return nil
	case *ast.Request:
		for _, t := range p.tokens[l.first:l.last] {
			if t.kind == pathToken {
				rows = []textRow{{t.start, t.end, l.number, false}}
			}
		}
	case *ast.Pack, *ast.Team, *ast.Flow, *ast.Test, *ast.Person, *ast.Bot, *ast.Staff, *ast.Sample:
		return p.plainText(l, rows)
	}
	if len(rows) == 0 {
		return nil
	}
	text := p.readText(rows)
	text.Block = l.block
	return text
}

// plainText is a text in which {…} means nothing: a title, or what a test's person writes.
func (p *parse) plainText(l *line, rows []textRow) *ast.Text {
	if len(rows) == 0 {
		return nil
	}
	t := newTextReader(p.scan, rows)
	text := t.empty()
	text.Block = l.block
	text.Parts = []ast.Part{{Span: text.Span, Literal: string(t.buf)}}
	return text
}

// textReader cuts a text into its parts.
type textReader struct {
	*scan
	rows   []textRow
	starts []int // where each row begins in buf
	buf    []byte
	i      int
	holes  int
}

func newTextReader(s *scan, rows []textRow) *textReader {
	t := &textReader{scan: s, rows: rows}
	if len(rows) == 1 {
		t.buf = s.src[rows[0].start:rows[0].end]
		return t
	}
	t.starts = make([]int, len(rows))
	for i, r := range rows {
		if i > 0 {
			t.buf = append(t.buf, '\n')
			if r.paragraph {
				t.buf = append(t.buf, '\n')
			}
		}
		t.starts[i] = len(t.buf)
		t.buf = append(t.buf, s.src[r.start:r.end]...)
	}
	return t
}

func (t *textReader) empty() *ast.Text {
	text := &ast.Text{Span: t.span(t.rows[0].start, t.rows[len(t.rows)-1].end), Lines: make([]ast.Span, len(t.rows))}
	for i, r := range t.rows {
		text.Lines[i] = t.span(r.start, r.end)
	}
	return text
}

func (s *scan) readText(rows []textRow) *ast.Text {
	if len(rows) == 0 {
		return nil
	}
	t := newTextReader(s, rows)
	text := t.empty()
	text.Parts = t.parts(0, false)
	return text
}

// row returns the row that holds an offset of buf.
func (t *textReader) row(i int) (textRow, int) {
	if len(t.starts) == 0 {
		return t.rows[0], i
	}
	n, ok := slices.BinarySearch(t.starts, i)
	if !ok {
		n--
	}
	return t.rows[n], i - t.starts[n]
}

// source returns the offset in the file of one in buf.
func (t *textReader) source(i int) int32 {
	r, n := t.row(i)
	return min(r.start+int32(n), r.end)
}

func (t *textReader) number(i int) int32 {
	r, _ := t.row(i)
	return r.number
}

func (t *textReader) spanOf(from, to int) ast.Span {
	return ast.Span{File: t.name, Start: int(t.source(from)), End: int(t.source(to))}
}

func (t *textReader) position(i int) ast.Position {
	r, n := t.row(i)
	begin := bytes.LastIndexByte(t.src[:r.start], '\n') + 1
	offset := int(r.start) + n
	return ast.Position{Filename: t.name, Offset: offset, Line: int(r.number), Column: offset - begin + 1}
}

func (t *textReader) report(from, to int, code, format string, args ...any) *diag.Diagnostic {
	d := diag.New(diag.Error, code, diag.Span(t.spanOf(from, to)), format, args...)
	if i := t.scan.report(t.number(from), d); i >= 0 {
		return &t.list[i]
	}
	return &diag.Diagnostic{} // the line has its problem; what is added to this one is lost
}

// parts reads up to the end, or in a case up to the brace that closes it, which stays.
func (t *textReader) parts(depth int, plural bool) []ast.Part {
	var parts []ast.Part
	var literal []byte
	start := t.i
	flush := func(end int) {
		if end > start {
			if literal == nil {
				literal = t.buf[start:end]
			}
			parts = append(parts, ast.Part{Span: t.spanOf(start, end), Literal: string(literal)})
		}
		literal = nil
	}
	keep := func(s []byte) {
		if literal != nil {
			literal = append(literal, s...)
		}
	}
	for t.i < len(t.buf) {
		c := t.buf[t.i]
		switch {
		case c == '\\':
			plain, width := unescape(t.buf[t.i:], plural)
			if plain != nil && literal == nil {
				literal = append(make([]byte, 0, len(t.buf)-start), t.buf[start:t.i]...)
			}
			if plain == nil {
				plain = t.buf[t.i : t.i+width]
			}
			keep(plain)
			t.i += width
		case c == '{':
			flush(t.i)
			if part, ok := t.brace(depth); ok {
				parts = append(parts, part)
			}
			start = t.i
		case c == '}' && depth > 0:
			flush(t.i)
			return parts
		case c == '}':
			d := t.report(t.i, t.i+1, "open-brace", "this } has no { before it")
			d.Help = []string{`To show the sign itself, write \}.`}
			d.Fix = &diag.Fix{Span: d.Span, Text: `\}`}
			keep(t.buf[t.i : t.i+1])
			t.i++
		case c == '#' && plural:
			flush(t.i)
			parts = append(parts, ast.Part{Span: t.spanOf(t.i, t.i+1), Literal: "#", Count: true})
			t.i++
			start = t.i
		default:
			keep(t.buf[t.i : t.i+1])
			t.i++
		}
	}
	flush(len(t.buf))
	return parts
}

// unescape reads what begins with a backslash: what it stands for, nil where it stays as it is, and its width.
func unescape(text []byte, plural bool) (plain []byte, width int) {
	if len(text) == 1 {
		return nil, 1
	}
	if n := arrowLen(text[1:]); n > 0 {
		return text[1 : 1+n], 1 + n
	}
	switch c := text[1]; {
	case c == '{' || c == '}' || c == '#' && plural:
		return text[1:2], 2
	case c < utf8.RuneSelf:
		return nil, 2
	}
	return nil, 1
}

// brace reads a {…}. ok is false where it is reported and skipped.
func (t *textReader) brace(depth int) (part ast.Part, ok bool) {
	open := t.i
	t.holes++
	if t.holes > maxHoles {
		if t.holes == maxHoles+1 {
			t.report(open, open+1, "too-large", "this text has more than %d {…}", maxHoles)
		}
		t.i++
		return part, false
	}
	if bytes.HasPrefix(t.buf[open:], []byte("{{")) {
		return t.doubleBrace()
	}
	t.i++
	stop := t.exprEnd(t.i)
	if stop < 0 {
		return part, t.openBrace(open)
	}
	from, to := t.trim(t.i, stop)
	if t.buf[stop] == ',' {
		return t.cases(open, from, to, stop, depth)
	}
	t.i = stop + 1
	if !t.checkHole(open, from, to) {
		return part, false
	}
	expr := t.expr(from, to)
	return ast.Part{Span: t.spanOf(open, t.i), Hole: &expr}, true
}

// exprEnd returns where the expression of a hole ends: at its } or at a comma, outside quotes and brackets, in
// the same row; -1 where neither comes.
func (t *textReader) exprEnd(i int) int {
	depth := 0
	for ; i < len(t.buf); i++ {
		switch t.buf[i] {
		case '\n':
			return -1
		case '"':
			rest := t.buf[i+1:]
			if n := bytes.IndexByte(rest, '"'); n >= 0 && bytes.IndexByte(rest[:n], '\n') < 0 {
				i += n + 1
			}
		case '(', '[', '{':
			depth++
		case ')', ']':
			depth = max(0, depth-1)
		case '}':
			if depth == 0 || bytes.IndexByte(t.buf[t.i:i], '{') < 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

func (t *textReader) openBrace(open int) bool {
	end := open
	for end < len(t.buf) && t.buf[end] != '\n' {
		end++
	}
	d := t.report(open, open+1, "open-brace", "this { has no } behind it")
	d.Help = []string{`Write } where the value ends. To show the sign itself, write \{.`}
	t.i = end
	return false
}

func (t *textReader) doubleBrace() (part ast.Part, ok bool) {
	open := t.i
	n := bytes.Index(t.buf[open:], []byte("}}"))
	if nl := bytes.IndexByte(t.buf[open:], '\n'); n < 0 || nl >= 0 && nl < n {
		return part, t.openBrace(open)
	}
	inner := bytes.TrimSpace(t.buf[open+2 : open+n])
	d := t.report(open, open+n+2, "open-brace", "a value stands in single braces here")
	d.Fix = &diag.Fix{Span: d.Span, Text: "{" + string(inner) + "}"}
	t.i = open + n + 2
	return part, false
}

func (t *textReader) trim(from, to int) (int, int) {
	for from < to && (t.buf[from] == ' ' || t.buf[from] == '\t' || t.buf[from] == '\n') {
		from++
	}
	for to > from && (t.buf[to-1] == ' ' || t.buf[to-1] == '\t' || t.buf[to-1] == '\n') {
		to--
	}
	return from, to
}

// checkHole holds the caps on the expression in a hole and recognises what is none.
func (t *textReader) checkHole(open, from, to int) bool {
	number := t.number(open)
	text := t.buf[from:to]
	var d *diag.Diagnostic
	if name, ok := spacedWords(text); ok && !t.has[number] {
		d = t.report(from, to, "name-shape", `"%s" is not written like a name`, clip(text))
		d.Help = []string{"A name has small letters, digits and _ and no spaces."}
		if name != "" {
			d.Fix = &diag.Fix{Span: d.Span, Text: name}
		}
		return false
	}
	switch {
	case len(text) > expression.MaxBytes:
		t.checkExpr(number, t.source(from), t.source(from)+int32(to-from))
		return false
	case len(text) == 0:
		d = t.report(open, t.i, "missing-value", "there is nothing between { and }")
	case !beginsValue(text) || !endsValue(text):
		d = t.report(open, t.i, "wrong-value", `"%s" is not a value`, clip(text))
	default:
		t.checkExpr(number, t.source(from), t.source(from)+int32(to-from))
		return true
	}
	d.Help = []string{`Between { and } stands a name or an expression, such as {city}. To show the braces themselves, write \{ and \}.`}
	if len(text) > 0 {
		d.Fix = &diag.Fix{Span: d.Span, Text: `\{` + string(t.buf[open+1:t.i-1]) + `\}`}
	}
	return false
}

// spacedWords recognises words where a name should be, such as {your name}, and makes a name of them.
func spacedWords(text []byte) (name string, ok bool) {
	words := bytes.Fields(text)
	if len(words) < 2 || len(text) > maxName {
		return "", false
	}
	for _, w := range words {
		if wordLen(w) != len(w) || taken[string(w)] != "" {
			return "", false
		}
	}
	return nameOf(string(text)), true
}

func beginsValue(text []byte) bool {
	r, _ := utf8.DecodeRune(text)
	return r == '_' || r == '(' || r == '"' || r == '-' || r == '[' || r == '\'' || r == '#' || unicode.IsLetter(r) || unicode.IsDigit(r) || isCurly(r)
}

func endsValue(text []byte) bool {
	r, _ := utf8.DecodeLastRune(text)
	return r == '_' || r == ')' || r == '"' || r == ']' || r == '}' || r == '\'' || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || isCurly(r)
}

func (t *textReader) expr(from, to int) ast.Expr {
	return ast.Expr{Pos: t.position(from), Source: string(t.buf[from:to]), EndPos: t.position(to)}
}
