// Package format is the one printing of a flow file. It stands beside check and compile: it reads what syntax
// reads and gives back text that means the same.
//
// A file is printed from its outline: heads from the tree, each in one way; texts and expressions as they were
// written. The printing goes through three forms. The outline with its comments, in the order of the source, is
// turned into rows, each with its indentation and whether the author left a blank line above it; the blank lines
// are then settled, at the margin by what stands next to what; and the rows are written.
//
// What an author arranges on purpose is kept: the order of lines, the grouping by blank lines inside a block, the
// line breaks of a text, and which short declarations stand together.
package format

import (
	"bytes"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/syntax"
)

// Source prints a flow file in its canonical form. The name is the one that problems carry.
//
// A file with an error is not printed: the source comes back untouched, with its problems. Warnings come back
// beside the printed file. Formatting what is formatted changes nothing.
func Source(name string, src []byte) ([]byte, diag.List) {
	file, problems := syntax.ParseFile(name, src)
	if file == nil || file.Broken || problems.Any(diag.Error) {
		return src, problems
	}
	return File(file), problems
}

// File prints a tree that was read without an error. The tree's own source must still be in it.
func File(file *ast.File) []byte {
	p := &page{src: file.Source}
	p.fill(file)
	p.separate()
	return p.bytes()
}

// The indentation of what stands below a line. Below an option it is twice as deep, so that it stands clear of the
// label, which itself begins after the dash.
const (
	level       = 2
	belowOption = 2 * level
)

// page is a file on its way to paper.
type page struct {
	src  []byte
	rows []row
}

// row is one printed line.
type row struct {
	indent int // columns
	words  string
	gap    bool      // a blank line stands above it
	line   *ast.Line // nil for a comment and for a row of a text
}

func (p *page) bytes() []byte {
	var out bytes.Buffer
	out.Grow(len(p.src) + len(p.src)/16)
	for _, r := range p.rows {
		if r.gap {
			out.WriteByte('\n')
		}
		for range r.indent {
			out.WriteByte(' ')
		}
		out.WriteString(r.words)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// separate settles the blank lines at the margin: one between two blocks, wherever the comments between them have
// one, else above the first of these; none where the file begins. Small declarations of one kind may stand together.
func (p *page) separate() {
	var above *ast.Line // the block above, nil before the first
	first := 0          // of the comments above the next block
	blank := false      // among the rows from first on
	for i := range p.rows {
		r := &p.rows[i]
		if r.indent > 0 {
			first, blank = i+1, false
			continue
		}
		blank = blank || r.gap
		if r.line == nil {
			continue
		}
		if above != nil && !blank && !together(above, r.line) {
			p.rows[first].gap = true
		}
		above, first, blank = r.line, i+1, false
	}
	if len(p.rows) > 0 {
		p.rows[0].gap = false
	}
}

// together tells whether two blocks at the margin may stand without a blank line between them: small declarations
// of one kind, and a flow with what it takes.
func together(a, b *ast.Line) bool {
	kind := groupOf(a)
	return kind != noGroup && kind == groupOf(b) || isFlow(a) && groupOf(b) == takesGroup
}

type group uint8

const (
	noGroup group = iota
	libraryGroup
	hoursGroup
	teamGroup
	fieldGroup
	wordsGroup
	takesGroup
	triggerGroup
)

func groupOf(l *ast.Line) group {
	oneLine := len(l.Children) == 0
	switch l.Head.(type) {
	case *ast.Use, *ast.Bind:
		return libraryGroup
	case *ast.Hours:
		if oneLine {
			return hoursGroup
		}
	case *ast.Team:
		if oneLine {
			return teamGroup
		}
	case *ast.Field:
		return fieldGroup
	case *ast.Words:
		return wordsGroup
	case *ast.Takes:
		return takesGroup
	case *ast.Trigger:
		return triggerGroup
	}
	return noGroup
}

func isFlow(l *ast.Line) bool {
	_, ok := l.Head.(*ast.Flow)
	return ok
}
