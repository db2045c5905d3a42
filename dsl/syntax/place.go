package syntax

import (
	"bytes"

	"baraza/dsl/diag"
)

// run is lines one below the other with the same mistake in their indentation: one message is enough.
type run struct {
	kind    runKind
	anchor  int32 // the line they belong below
	problem int   // in the list, -1 where none was added
	start   int32 // offset of the first row
	delta   int32 // columns to the right, negative to the left
	head    *Head // of misplaced lines
}

type runKind uint8

const (
	noRun    runKind = iota
	belowRun         // they belong below the line above them
	aboveRun         // they belong to an outer level
	lostRun          // they belong somewhere else
)

// place finds the line's level and the line above it, decides what it is, and returns its index.
func (s *scan) place(r sourceRow) int32 {
	f := s.level(r)
	if s.refused {
		return -1
	}
	text := s.src[r.first:r.end]
	l := line{number: r.number, row: r.start, start: r.first, end: r.end, indent: r.indent, parent: f.owner, owner: f.owner}
	switch {
	case f.muted:
		l.muted = true
	default:
		s.identify(&l, f, text)
	}
	if l.head != nil && !l.bad {
		s.known++
	}
	index := int32(len(s.lines))
	s.lines = append(s.lines, l)
	if f.owner >= 0 && s.has[l.number] {
		s.below = append(s.below, index)
	}
	top := &s.frames[len(s.frames)-1]
	top.alone = top.last < 0
	top.last = index
	return index
}

// level opens and closes blocks until the innermost is the row's.
func (s *scan) level(r sourceRow) *frame {
	top := &s.frames[len(s.frames)-1]
	if r.indent > top.indent && r.indent != top.alt {
		if top.last >= 0 {
			return s.pushFrame(r, top)
		}
		if !s.has[r.number] && len(s.frames) == 1 {
			s.report(r.number, diag.New(diag.Error, "wrong-indentation", s.at(r.start, r.first), "the first line does not start at the margin").
				WithFix(s.at(r.start, r.first), "", true))
		}
		top.alt = r.indent
		return top
	}
	var popped frame
	for len(s.frames) > 1 && r.indent < top.indent && r.indent != top.alt {
		popped = *top
		s.popFrame(r.start)
		top = &s.frames[len(s.frames)-1]
	}
	if r.indent > top.indent && r.indent != top.alt {
		return s.oddLevel(r, top, popped)
	}
	return top
}

func (s *scan) pushFrame(r sourceRow, top *frame) *frame {
	if len(s.frames) >= maxDepth || r.indent > maxIndent {
		s.refuse(r.number, tooDeep(s.at(r.start, r.first)))
		return top
	}
	owner := &s.lines[top.last]
	f := frame{indent: r.indent, alt: r.indent, owner: top.last, last: -1, muted: owner.muted || owner.hush || owner.head == nil}
	s.frames = append(s.frames, f)
	s.emit(indentToken, r.first, r.first, r.number)
	return &s.frames[len(s.frames)-1]
}

func (s *scan) popFrame(at int32) {
	top := len(s.frames) - 1
	s.closeRun(&s.frames[top], at)
	s.frames = s.frames[:top]
	s.emit(dedentToken, at, at, 0)
}

// oddLevel is a row that comes back to a level that there is not: between top, and the block that was just
// closed. It is taken for the one where such a line can stand, the outer one if in doubt.
func (s *scan) oddLevel(r sourceRow, top *frame, inner frame) *frame {
	text := s.src[r.first:r.end]
	outer := top.indent
	level := outer
	h, _ := s.table.find(s.opens(top.owner), text)
	if last := inner.last; h == nil && last >= 0 && s.has[s.lines[last].number] && s.lines[last].indent == inner.indent && inner.alone {
		// The one line that made this level is wrong itself; what follows is right.
		inner.indent, inner.alt = r.indent, r.indent
		s.frames = append(s.frames, inner)
		s.emit(indentToken, r.first, r.first, r.number)
		return &s.frames[len(s.frames)-1]
	}
	if h == nil {
		h, _ = s.table.find(s.opens(inner.owner), text)
		if row := s.table.at[s.opens(inner.owner)].row; h == nil && row != nil && s.fitsRow(row, text) {
			h = row
		}
		if h != nil && !inner.muted {
			level = inner.indent
			inner.alt = r.indent
			inner.run = run{}
			s.frames = append(s.frames, inner)
			s.emit(indentToken, r.first, r.first, r.number)
			top = &s.frames[len(s.frames)-1]
		}
	}
	top.alt = r.indent
	if !top.muted && !inner.muted && !r.tab {
		s.report(r.number, diag.New(diag.Error, "wrong-indentation", s.at(r.start, r.first), "this line is on no level of the lines above").
			WithHelp("It starts with %s; the lines above start with %d or %d.", spaces(r.indent), outer, inner.indent).
			WithFix(s.at(r.start, r.first), string(bytes.Repeat([]byte{' '}, int(level))), false))
	}
	return top
}

// opens is the place below a line; Nowhere for one whose place is not known, or that has a text and so no lines.
func (s *scan) opens(index int32) Place {
	if index < 0 {
		return Margin
	}
	l := &s.lines[index]
	if l.muted || l.head == nil || l.head.Text == MayBlock && l.colon >= 0 {
		return Nowhere
	}
	return l.head.Opens
}

// identify finds what a line is. Where it may not stand it looks for the mistake.
func (s *scan) identify(l *line, f *frame, text []byte) {
	p := s.opens(f.owner)
	h, _ := s.table.find(p, text)
	if h == nil && f.owner >= 0 && s.lines[f.owner].guessed && s.table.at[p].row == nil {
		l.muted = true
		return
	}
	if h == nil {
		if row := s.table.at[p].row; row != nil && s.fitsRow(row, text) {
			h = row
		}
	}
	if h != nil {
		s.closeRun(f, l.row)
		l.head, f.texts = h, false
		return
	}
	if s.nearGate(l, text, p) || s.whenWritten(l, text, p) || s.moved(l, f, text) {
		return
	}
	s.closeRunUnless(f, lostRun, l.row)
	if f.owner >= 0 && p == Nowhere {
		s.nothingBelow(l, f)
		return
	}
	if row := s.table.at[p].row; row != nil && firstWord(text) > 0 {
		l.head = row // its shape is explained when it is read
		return
	}
	s.lost(l, f, text, p)
}

// fitsRow tells whether a text has the sign that makes it a row, so that a line that was meant for an outer level
// is not taken for one.
func (s *scan) fitsRow(row *Head, text []byte) bool {
	sign := byte(':')
	if row.Below[0] == InSave {
		sign = '='
	}
	return bytes.IndexByte(text, sign) > 0 && (row.Text == Block || wordLen(text) > 0)
}

// hasText tells whether a line has a text of its own and so no lines below.
func (s *scan) hasText(index int32) bool {
	l := &s.lines[index]
	if l.head == nil || l.texts == 0 && l.colon < 0 {
		return false
	}
	switch l.head.Text {
	case Block, MayBlock:
		return true
	case Rest:
		return l.head.Opens == Nowhere
	}
	return false
}

// moved recognises a line whose only mistake is its indentation. It is put where it belongs, so that what stands
// below it is read as it was meant.
func (s *scan) moved(l *line, f *frame, text []byte) bool {
	for _, anchor := range []int32{f.run.anchorOf(belowRun), f.last} {
		if anchor < 0 || s.lines[anchor].muted || s.lines[anchor].head == nil {
			continue
		}
		h, n := s.table.find(s.opens(anchor), text)
		if h == nil || !s.looksLike(h, text, n) {
			continue
		}
		s.toAnchor(l, f, h, anchor)
		return true
	}
	for k := len(s.frames) - 2; k >= 0; k-- {
		outer := &s.frames[k]
		h, n := s.table.find(s.opens(outer.owner), text)
		if h == nil || outer.muted || !s.looksLike(h, text, n) || s.hasText(f.owner) && !s.surely(h, text) {
			continue
		}
		l.head, l.parent = h, outer.owner
		if f.run.kind == aboveRun && f.run.anchor == outer.owner {
			return true
		}
		for i := k; i < len(s.frames); i++ {
			s.closeRun(&s.frames[i], l.row)
		}
		problem := s.report(l.number, s.tooFarRight(l, f, outer))
		f.run = run{kind: aboveRun, anchor: outer.owner, problem: problem, start: l.row, delta: outer.indent - l.indent}
		return true
	}
	return false
}

func (r run) anchorOf(k runKind) int32 {
	if r.kind == k {
		return r.anchor
	}
	return -1
}

// toAnchor puts a line below the one above it, at the same indentation.
func (s *scan) toAnchor(l *line, f *frame, h *Head, anchor int32) {
	l.head, l.parent = h, anchor
	if f.run.kind == belowRun {
		if anchor != f.run.anchor {
			f.run.delta = 0 // more than one level; no single change is right
		}
		return
	}
	s.closeRun(f, l.row)
	above := s.lines[anchor].head.Name()
	d := diag.New(diag.Error, "misplaced-line", s.at(l.start, l.start+int32(wordOrSign(s.src[l.start:l.end]))),
		`this line belongs below "%s", further to the right`, above).
		WithHelp("Use two more spaces in front of it, and of the lines that belong to it.")
	problem := s.report(l.number, d)
	f.run = run{kind: belowRun, anchor: anchor, problem: problem, start: l.row, delta: 2}
}

func (s *scan) tooFarRight(l *line, f *frame, outer *frame) diag.Diagnostic {
	at := s.at(l.start, l.start+int32(wordOrSign(s.src[l.start:l.end])))
	owner := s.lines[f.owner].head
	if outer.owner < 0 {
		return diag.New(diag.Error, "wrong-indentation", at, `"%s" starts at the margin`, l.head.Name()).
			WithHelp("Remove the spaces in front of it.")
	}
	d := diag.New(diag.Error, "wrong-indentation", at, `"%s" cannot stand below "%s"`, l.head.Name(), owner.Name())
	if s.opens(f.owner) == Nowhere {
		d = diag.New(diag.Error, "wrong-indentation", at, `nothing can stand below this "%s" line`, owner.Name())
	}
	return d.WithHelp(`Start it where the "%s" line starts, with %s in front.`, owner.Name(), spaces(outer.indent))
}

// closeRun gives the first of a run's lines the fix for all of them. The run ends before the offset.
func (s *scan) closeRun(f *frame, end int32) {
	r := f.run
	f.run = run{}
	if r.kind != belowRun && r.kind != aboveRun || r.problem < 0 || r.delta == 0 || r.problem >= len(s.list) {
		return
	}
	text := string(s.src[r.start:end])
	fixed, ok := shift(text, int(r.delta))
	if ok && len(text) < maxHead {
		s.list[r.problem].Fix = &diag.Fix{Span: s.at(r.start, end), Text: fixed, Safe: r.kind == aboveRun}
	}
}

func (s *scan) closeRunUnless(f *frame, k runKind, end int32) {
	if f.run.kind != k {
		s.closeRun(f, end)
	}
}

// shift moves every line of a text to the right or the left; ok is false where there is nothing to take away.
func shift(text string, columns int) (shifted string, ok bool) {
	var b bytes.Buffer
	for len(text) > 0 {
		row := text
		if i := bytes.IndexByte([]byte(text), '\n'); i >= 0 {
			row = text[:i+1]
		}
		text = text[len(row):]
		blank := len(bytes.TrimSpace([]byte(row))) == 0
		switch {
		case blank:
		case columns > 0:
			b.WriteString("                "[:min(columns, 16)])
		case spaceLen([]byte(row)) < -columns:
			return "", false
		default:
			row = row[-columns:]
		}
		b.WriteString(row)
	}
	return b.String(), true
}
