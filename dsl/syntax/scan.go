package syntax

import (
	"bytes"

	"baraza/dsl/ast"
)

// The caps on one file. They hold before the grammar library sees anything.
const (
	maxFile     = 1 << 20 // bytes
	maxRows     = 20000   // lines that are not blank
	maxHead     = 8 << 10 // bytes of a line that is not text
	maxDepth    = 64      // levels of indentation
	maxIndent   = 1 << 10 // columns of indentation, that is 16 for each level
	maxBrackets = 64      // brackets within brackets, in one line
)

// scan is the lossless scanner: it cuts a file into tokens and lines, and never fails. It knows, for every line,
// below which other line it stands, and finds by the statement table what it is: what the rest of the line means,
// and whether the lines below are text, depends on that.
type scan struct {
	name   string
	src    []byte
	tokens []token
	lines  []line
	texts  []textRow
	notes  []ast.Comment
	problems
	refused bool // a cap is passed; nothing of the file is used

	below []int32 // lines whose place is wrong, if that of the line above is right

	table   *tables
	frames  []frame
	tabs    tabRun
	rows    int // lines that are not blank
	known   int // lines that are in the table
	unknown int
}

// line is one line that is neither blank nor comment nor text.
type line struct {
	number     int32
	row        int32 // offset of the source line
	start, end int32 // of its characters, without indentation and trailing spaces
	indent     int32
	parent     int32 // index, -1 at the margin
	owner      int32 // the line that it is indented below; another than parent where the indentation is wrong
	head       *Head // nil: not known
	headEnd    int32 // where the head ends and the text, or nothing, begins
	first      int32 // tokens of the head
	last       int32
	text       int32 // rows of the text
	texts      int32
	colon      int32 // offset of the colon that starts the text, -1 without one
	after      int32 // offset after its last row
	block      bool  // the text stands on the lines below
	// muted: it stands below a line that could not be read, and nothing is said about it.
	muted bool
	// bad: its problem is reported; the head is known well enough to read what stands below.
	bad bool
	// guessed: the head is a guess; what does not fit below it is not reported.
	guessed bool
	// hush: the lines below are muted.
	hush bool
}

// textRow is one source line of a text, without indentation and trailing spaces.
type textRow struct {
	start, end int32
	number     int32
	paragraph  bool // blank lines stand above it
}

// sourceRow is one line of the file.
type sourceRow struct {
	number     int32
	start      int32
	first, end int32 // of what is not white space; equal in a blank line
	next       int32 // the line below
	indent     int32 // columns
	tab        bool  // a tab in the indentation
}

// frame is one level of indentation.
type frame struct {
	indent, alt int32 // alt: an indentation that was reported and is taken for this level
	owner       int32 // the line above, -1 at the margin
	last        int32 // the last line of this level, -1 before the first
	muted       bool
	alone       bool // it has one line so far
	texts       bool // its last lines are taken for a text that stands too far to the left
	run         run
}

func newScan(name string, src []byte) *scan {
	s := &scan{name: name, src: src, table: table(), problems: newProblems(name, src)}
	s.tokens = make([]token, 0, len(src)/5+8)
	s.lines = make([]line, 0, len(src)/32+4)
	s.frames = append(s.frames, frame{owner: -1, last: -1})
	return s
}

// run scans the whole file.
func (s *scan) run() {
	at := int32(0)
	if bytes.HasPrefix(s.src, []byte(byteOrderMark)) {
		at = int32(len(byteOrderMark))
		s.emit(spaceToken, 0, at, 1)
	}
	number := int32(1)
	for at < int32(len(s.src)) && !s.refused {
		r := s.sourceRow(at, number)
		at, number = s.read(r)
	}
	for len(s.frames) > 1 {
		s.popFrame(int32(len(s.src)))
	}
	s.closeRun(&s.frames[0], int32(len(s.src)))
	s.tabs.report(s)
}

func (s *scan) emit(k kind, start, end, number int32) {
	if start < end || k == indentToken || k == dedentToken {
		s.tokens = append(s.tokens, token{k, start, end, number})
	}
}

// sourceRow measures the line that begins at an offset. A tab counts as two columns.
func (s *scan) sourceRow(at, number int32) sourceRow {
	r := sourceRow{number: number, start: at}
	end := int32(len(s.src))
	r.next = end
	if i := bytes.IndexByte(s.src[at:], '\n'); i >= 0 {
		end = at + int32(i)
		r.next = end + 1
	}
	if end > at && s.src[end-1] == '\r' {
		end--
	}
	r.first = at
	for r.first < end {
		c := s.src[r.first]
		if c == ' ' {
			r.indent++
			r.first++
			continue
		}
		if c == '\t' {
			r.indent += 2
			r.tab = true
			r.first++
			continue
		}
		n := wideSpaceLen(s.src[r.first:end])
		if n == 0 {
			break
		}
		r.indent++
		r.first += int32(n)
	}
	r.end = end
	for r.end > r.first && (s.src[r.end-1] == ' ' || s.src[r.end-1] == '\t' || s.src[r.end-1] == '\r') {
		r.end--
	}
	return r
}

// finish emits what follows a row's last character.
func (s *scan) finish(r sourceRow) {
	end := r.next
	if end > r.start && s.src[end-1] == '\n' {
		end--
		if end > r.end && s.src[end-1] == '\r' {
			end--
		}
	}
	s.emit(spaceToken, r.end, end, r.number)
	s.emit(newlineToken, end, r.next, r.number)
}

// read takes the row and, if a text follows, its rows. It returns where to go on.
func (s *scan) read(r sourceRow) (next, number int32) {
	switch {
	case r.first == r.end:
		s.emit(spaceToken, r.start, r.end, r.number)
		s.finish(r)
		return r.next, r.number + 1
	case s.src[r.first] == '#':
		s.emit(spaceToken, r.start, r.first, r.number)
		s.emit(commentToken, r.first, r.end, r.number)
		s.notes = append(s.notes, ast.Comment{Span: s.span(r.first, r.end), Text: string(s.src[r.first:r.end])})
		s.finish(r)
		return r.next, r.number + 1
	}
	s.rows++
	if s.rows > maxRows {
		s.refuse(r.number, tooManyRows(s.span(r.first, r.end)))
		return r.next, r.number + 1
	}
	s.emit(spaceToken, r.start, r.first, r.number)
	if r.tab {
		s.tabbed(r)
	}
	s.oddSpace(r)
	index := s.place(r)
	if s.refused {
		return r.next, r.number + 1
	}
	l := &s.lines[index]
	s.content(l)
	s.finish(r)
	l.after = r.next
	if l.block {
		return s.block(index, r)
	}
	return r.next, r.number + 1
}

// content cuts the line's own characters into tokens.
func (s *scan) content(l *line) {
	l.first = int32(len(s.tokens))
	l.headEnd = l.end
	l.colon = -1
	l.text = int32(len(s.texts))
	switch {
	case l.muted:
		s.emit(mutedToken, l.start, l.end, l.number)
	case l.head == nil:
		if l.end-l.start > maxHead {
			s.refuse(l.number, lineTooLong(s.span(l.start, l.end)))
			return
		}
		s.emit(mutedToken, l.start, l.end, l.number)
	default:
		if l.end-l.start > maxHead && !s.longText(l) {
			s.refuse(l.number, lineTooLong(s.span(l.start, l.end)))
			return
		}
		s.headAndText(l)
	}
	l.last = int32(len(s.tokens))
}

// longText tells whether a long line is long by its text only.
func (s *scan) longText(l *line) bool {
	switch l.head.Text {
	case NoText:
		return false
	case Rest, Label:
		return true
	}
	colon, _ := s.findColon(l, l.start)
	return colon >= 0 && colon-l.start <= maxHead
}

// block reads the rows of a text that stands below its line: all that are more indented, and the blank ones
// between them.
func (s *scan) block(index int32, head sourceRow) (next, number int32) {
	l := &s.lines[index]
	at, number := head.next, head.number+1
	paragraph, goesOn := false, int32(0)
	for at < int32(len(s.src)) {
		r := s.sourceRow(at, number)
		if r.first == r.end {
			if at >= goesOn {
				if goesOn = s.textGoesOn(r, head.indent); goesOn == 0 {
					break
				}
			}
			s.emit(spaceToken, r.start, r.end, r.number)
			s.finish(r)
			paragraph = l.texts > 0
			at, number = r.next, number+1
			continue
		}
		if r.indent <= head.indent {
			break
		}
		if r.tab {
			s.tabbed(r)
		}
		s.emit(spaceToken, r.start, r.first, r.number)
		s.emit(textToken, r.first, r.end, r.number)
		s.finish(r)
		s.texts = append(s.texts, textRow{r.first, r.end, r.number, paragraph})
		l.texts++
		l.after = r.next
		paragraph = false
		at, number = r.next, number+1
	}
	return at, number
}

// textGoesOn returns where more of a text stands below the blank row, 0 where there is none.
func (s *scan) textGoesOn(r sourceRow, indent int32) int32 {
	for r.next < int32(len(s.src)) {
		r = s.sourceRow(r.next, r.number+1)
		if r.first < r.end {
			if r.indent > indent {
				return r.start
			}
			return 0
		}
	}
	return 0
}
