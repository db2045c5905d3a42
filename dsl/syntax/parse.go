// Package syntax turns one flow file into its outline (dsl/ast) and says what cannot be read in it. It is the
// first stage of dsl: pack, check and compile read the outline.
//
// A file goes through three passes, none of which stops at a mistake. The scanner cuts it into tokens and lines
// without losing a byte; by the statement table (Heads) it knows what each line is, and so whether text follows.
// The head of each line is then read by participle, line by line, with the grammar in the tags of its struct; a
// line that does not fit is explained from its tokens and becomes a Bad head. Last, what only lines together can
// have wrong is looked at. A line has at most one problem: the one that the first pass found.
//
// Texts never go through participle, nor does a file that passes a cap.
package syntax

import (
	"bytes"
	"errors"
	"slices"

	"baraza/dsl/ast"
	"baraza/dsl/diag"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// ParseFile reads one flow file. The name is its path inside the pack. The tree is never nil; where a cap is
// passed or the file is no text it has no lines. The problems are in the order of the source.
func ParseFile(name string, src []byte) (*ast.File, diag.List) {
	p := parseFile(name, src)
	return p.file, p.list
}

// parse is the reading of one file.
type parse struct {
	*scan
	file  *ast.File
	nodes []ast.Line
	calls int // of the grammar library
	names []nameCheck
}

func parseFile(name string, src []byte) *parse {
	p := &parse{scan: newScan(name, src), file: &ast.File{Name: name, Source: src}}
	p.check()
	if !p.refused {
		p.run()
	}
	if !p.refused {
		p.build()
		p.structure()
		p.forgive()
		p.whole()
	}
	if p.refused {
		p.file.Lines = nil
	}
	p.file.Comments = p.notes
	p.file.Broken = p.list.Any(diag.Error)
	p.list.Sort()
	return p
}

// build reads the heads and texts and puts the lines below each other.
func (p *parse) build() {
	p.nodes = make([]ast.Line, len(p.lines))
	for i := range p.lines {
		l := &p.lines[i]
		node := &p.nodes[i]
		node.Span = p.span(l.start, l.end)
		node.End = int(l.after)
		node.Head = p.head(l)
		node.Text = p.text(l, node.Head)
		if l.parent < 0 {
			p.file.Lines = append(p.file.Lines, node)
		} else {
			above := &p.nodes[l.parent]
			above.Children = append(above.Children, node)
		}
	}
	for i := len(p.lines) - 1; i >= 0; i-- {
		if above := p.lines[i].parent; above >= 0 {
			p.nodes[above].End = max(p.nodes[above].End, p.nodes[i].End)
		}
	}
}

// forgive takes back what was said below a line that has a problem of its own, where it may be the same mistake:
// about the place of lines, and about anything below a line of which it is not certain what it is.
func (p *parse) forgive() {
	misplaced := make([]bool, len(p.lines))
	for _, i := range p.below {
		misplaced[i] = true
	}
	doubtful := make([]bool, len(p.lines))
	forgiven := map[int]bool{} // by the offset of the source line
	for i := range p.lines {
		l := &p.lines[i]
		_, unread := p.nodes[i].Head.(*ast.Bad)
		doubtful[i] = unread && (l.bad || misplaced[i])
		if l.owner < 0 {
			continue
		}
		above := &p.lines[l.owner]
		row := l.head != nil && l.head.row != ""
		switch {
		case doubtful[l.owner]:
			doubtful[i] = true
		case misplaced[i] && p.has[above.number]:
		case row && (above.bad || misplaced[l.owner]):
		default:
			continue
		}
		if p.has[l.number] {
			forgiven[int(l.row)] = true
		}
	}
	if len(forgiven) == 0 {
		return
	}
	p.list = slices.DeleteFunc(p.list, func(d diag.Diagnostic) bool {
		return forgiven[bytes.LastIndexByte(p.src[:d.Span.Start], '\n')+1]
	})
}

// head reads the head of a line.
func (p *parse) head(l *line) ast.Head {
	if l.muted || l.head == nil || l.bad {
		return p.unread(l)
	}
	var head ast.Head
	if l.head.read == nil {
		head = l.head.bare()
		if t := p.tokenAfter(l, l.start+int32(p.keywordLen(l))); t != nil {
			p.explain(l, int(t.start))
			return p.unread(l)
		}
	} else {
		tokens := &headTokens{scan: p.scan, tokens: p.tokens[l.first:l.last], line: l.number, start: l.row, end: trimEnd(p.src, l.start, l.headEnd)}
		lex, err := lexer.Upgrade(tokens, lexer.TokenType(spaceToken))
		if err == nil {
			p.calls++
			head, err = l.head.read.parse(lex)
		}
		if err != nil {
			p.failed(l, err)
			return p.unread(l)
		}
	}
	complete(l.head, head)
	if !p.checkHead(l, head) {
		return p.unread(l)
	}
	p.checkNames(l, head)
	return head
}

// unread is the head of a line that could not be read.
func (p *parse) unread(l *line) ast.Head {
	text := p.src[l.start:l.end]
	return &ast.Bad{Word: clip(text[:wordOrSign(text)])}
}

// failed reports what the grammar library did not take, from the line's tokens; its own words are for authors of
// grammars.
func (p *parse) failed(l *line, err error) {
	var where participle.Error
	if errors.As(err, &where) {
		p.explain(l, where.Position().Offset)
		return
	}
	p.explain(l, int(l.headEnd))
}

// tokenAfter returns the first token of a head, not white space, that begins at or behind an offset.
func (p *parse) tokenAfter(l *line, offset int32) *token {
	for i := l.first; i < l.last; i++ {
		t := &p.tokens[i]
		if t.start >= offset && t.kind != spaceToken && t.kind != colonToken && t.kind != textToken {
			return t
		}
	}
	return nil
}
