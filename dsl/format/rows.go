package format

import (
	"bytes"

	"golang.org/x/text/unicode/bidi"

	"baraza/dsl/ast"
)

// rung is one level that is open at some line: its indentation in the source and on the page.
type rung struct{ source, page int }

// owed is the move of an option that is printed below the option, after all that stands there.
type owed struct {
	indent int // of the option
	target string
}

// filler turns the outline and the comments into rows.
type filler struct {
	*page
	comments []ast.Comment // those not yet printed
	rungs    []rung        // open levels, the outermost first
	owed     []owed        // the innermost last
}

func (p *page) fill(file *ast.File) {
	f := &filler{page: p, comments: file.Comments, rungs: []rung{{}}}
	f.lines(file.Lines, 0)
	f.before(len(f.src), 0)
}

// lines prints lines that stand one below the other, with their children.
func (f *filler) lines(lines []*ast.Line, indent int) {
	for _, l := range lines {
		f.before(l.Span.Start, indent)
		f.line(l, indent)
		below := indent + level
		if _, ok := l.Head.(*ast.Option); ok {
			below = indent + belowOption
		}
		column := f.column(l.Span.Start)
		for len(f.rungs) > 1 && f.rungs[len(f.rungs)-1].page >= indent {
			f.rungs = f.rungs[:len(f.rungs)-1]
		}
		if indent > 0 {
			f.rungs = append(f.rungs, rung{column, indent})
		}
		if holdsLines(l) {
			f.rungs = append(f.rungs, rung{column + 1, below})
		}
		f.lines(l.Children, below)
	}
}

// before prints the comments that stand before an offset, where a line begins at the given indentation, or the
// file ends. A comment stands on the level that its own indentation shows, but not further out than the line
// below it. What options are owed is printed as soon as something stands outside them.
func (f *filler) before(offset, indent int) {
	for len(f.comments) > 0 && f.comments[0].Span.Start < offset {
		c := f.comments[0]
		f.comments = f.comments[1:]
		column := f.column(c.Span.Start)
		at := indent
		for _, r := range f.rungs {
			if r.source <= column {
				at = max(at, r.page)
			}
		}
		f.pay(at)
		f.add(at, c.Text, c.Span.Start, nil)
	}
	f.pay(indent)
}

// pay prints the moves of the options that a row at this indentation stands outside of.
func (f *filler) pay(indent int) {
	for n := len(f.owed); n > 0 && f.owed[n-1].indent >= indent; n-- {
		o := f.owed[n-1]
		f.owed = f.owed[:n-1]
		f.rows = append(f.rows, row{indent: o.indent + belowOption, words: "-> " + o.target})
	}
}

// add appends a row. The blank line above it stays, unless it is the first of its block or goes on with an if.
func (f *filler) add(indent int, words string, offset int, l *ast.Line) {
	r := row{indent: indent, words: words, gap: f.blankAbove(offset), line: l}
	if n := len(f.rows); n == 0 || f.rows[n-1].indent < indent && f.rows[n-1].line != nil || goesOn(l) {
		r.gap = false
	}
	f.rows = append(f.rows, r)
}

func goesOn(l *ast.Line) bool {
	if l == nil {
		return false
	}
	switch l.Head.(type) {
	case *ast.Else, *ast.ElseIf:
		return true
	}
	return false
}

// line prints one line and its text.
func (f *filler) line(l *ast.Line, indent int) {
	words := f.head(l.Head)
	option, isOption := l.Head.(*ast.Option)
	move := ""
	if isOption && option.Target != nil {
		move = target(*option.Target)
		if l.Text != nil && rightToLeft(l.Text) {
			f.owed = append(f.owed, owed{indent, move})
			move = ""
		}
	}
	switch text := l.Text; {
	case text == nil, textInHead(l.Head):
	case text.Block:
		words += ":"
	default:
		words += separator(l.Head) + f.between(textSpan(text))
	}
	if move != "" {
		words += " -> " + move
	}
	f.add(indent, words, l.Span.Start, l)
	if l.Text != nil && l.Text.Block {
		for _, s := range l.Text.Lines {
			f.add(indent+level, f.between(s), s.Start, nil)
		}
	}
}

// textSpan is the place of a text that stands on its head's line.
func textSpan(t *ast.Text) ast.Span {
	if len(t.Lines) > 0 {
		return t.Lines[0]
	}
	return t.Span
}

// separator stands between a head and the text on its line.
func separator(h ast.Head) string {
	switch h.(type) {
	case *ast.Option, *ast.Wording, *ast.Test:
		return " "
	}
	return ": "
}

// textInHead tells whether the head's own words are all of the line.
func textInHead(h ast.Head) bool {
	_, ok := h.(*ast.Request)
	return ok
}

// between returns the source of a span.
func (p *page) between(s ast.Span) string { return string(p.src[s.Start:s.End]) }

// column counts the characters between the start of the source line and an offset.
func (p *page) column(offset int) int {
	return len([]rune(string(p.src[p.lineStart(offset):offset])))
}

func (p *page) lineStart(offset int) int {
	return bytes.LastIndexByte(p.src[:offset], '\n') + 1
}

// blankAbove tells whether the source line above the one of an offset is blank.
func (p *page) blankAbove(offset int) bool {
	start := p.lineStart(offset)
	if start == 0 {
		return false
	}
	return len(bytes.TrimSpace(p.src[p.lineStart(start-1):start])) == 0
}

// rightToLeft tells whether the first letter of a text that has a direction is written from right to left.
// Expressions have none: they are names in any script, while the text around them is what people read.
func rightToLeft(t *ast.Text) bool {
	for _, part := range t.Parts {
		for _, r := range part.Literal {
			properties, _ := bidi.LookupRune(r)
			switch properties.Class() {
			case bidi.R, bidi.AL:
				return true
			case bidi.L:
				return false
			}
		}
	}
	return false
}
