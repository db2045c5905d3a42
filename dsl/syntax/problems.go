package syntax

import (
	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// maxProblems is how many problems of one file are kept. Nobody reads more, and a hostile file has one on each
// line.
const maxProblems = 500

// problems is what is wrong with a file: at most one problem a line, the one that was found first.
type problems struct {
	file string
	src  []byte
	list diag.List
	has  map[int32]bool // lines with one
	// compared counts the words that were compared with all others, which is slow and done for the first only.
	compared int
}

func newProblems(file string, src []byte) problems {
	return problems{file: file, src: src, has: make(map[int32]bool)}
}

// report adds a problem, unless its line has one. It returns the problem's index, -1 if it was not added.
func (p *problems) report(number int32, d diag.Diagnostic) int {
	if p.has[number] || len(p.list) >= maxProblems {
		return -1
	}
	p.has[number] = true
	p.list = append(p.list, d)
	return len(p.list) - 1
}

func (p *problems) span(start, end int32) ast.Span {
	return ast.Span{File: p.file, Start: int(start), End: int(end)}
}

func (p *problems) at(start, end int32) diag.Span {
	return diag.Span{File: p.file, Start: int(start), End: int(end)}
}

// refuse drops what was found so far: of a file that is not read at all one problem is enough.
func (s *scan) refuse(number int32, d diag.Diagnostic) {
	s.refused = true
	s.list = nil
	s.has = map[int32]bool{}
	s.report(number, d)
}
