package syntax

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"baraza/dsl/diag"
)

// lexOption cuts "- [id] LABEL -> target". The label is text, so a colon or quote in it means nothing.
func (s *scan) lexOption(l *line, keyword int32) {
	if l.bad {
		s.emit(mutedToken, l.start, l.end, l.number)
		return
	}
	s.emit(opToken, l.start, keyword, l.number)
	at := keyword + s.whiteSpace(l, keyword, l.end)
	if at < l.end && s.src[at] == '[' {
		at = s.optionID(l, at)
		at += s.whiteSpace(l, at, l.end)
	}
	label, move := s.splitLabel(l, at)
	if at < label {
		s.emit(textToken, at, label, l.number)
		s.texts = append(s.texts, textRow{at, label, l.number, false})
		l.texts = 1
	} else if !s.has[l.number] {
		s.report(l.number, diag.New(diag.Error, "missing-value", s.at(l.start, l.end), "this option has no label").
			WithHelp("For example: %s", l.head.Example))
	}
	s.emit(spaceToken, label, move, l.number)
	for at := move; at < l.end; {
		at = s.lexOne(l, at, l.end)
	}
}

// optionID emits "[id]" and returns where it ends. What is no id stays part of the label only if nobody can have
// meant it as one.
func (s *scan) optionID(l *line, at int32) int32 {
	n := bytes.IndexByte(s.src[at:l.end], ']')
	if n < 0 {
		s.report(l.number, diag.New(diag.Error, "unfinished-line", s.at(at, l.end), "the id of this option has no closing ]").
			WithHelp("For example: %s", l.head.Example))
		return at
	}
	end := at + int32(n) + 1
	inner := s.src[at+1 : end-1]
	id := bytes.TrimSpace(inner)
	if wordLen(id) != len(id) || len(id) == 0 {
		d := diag.New(diag.Error, "name-shape", s.at(at, end), `"%s" is not a name, so it cannot be an id`, clip(id))
		if name := nameOf(string(id)); name != "" {
			d = d.WithFix(s.at(at, end), "["+name+"]", false)
		}
		s.report(l.number, d.WithHelp("An id is a name of small letters, digits and _, such as [nairobi]."))
		s.emit(spaceToken, at, end, l.number)
		return end
	}
	s.emit(opToken, at, at+1, l.number)
	for i := at + 1; i < end-1; {
		i = s.lexOne(l, i, end-1)
	}
	s.emit(opToken, end-1, end, l.number)
	return end
}

// splitLabel returns where an option's label ends and where its move begins; both are the line's end without one.
func (s *scan) splitLabel(l *line, from int32) (label, move int32) {
	text := s.src[from:l.end]
	at, n := lastArrow(text)
	if at < 0 {
		return l.end, l.end
	}
	rest := bytes.TrimSpace(text[at+n:])
	spaced := (at == 0 || text[at-1] == ' ') && (at+n == len(text) || text[at+n] == ' ')
	label = trimEnd(s.src, from, from+int32(at))
	move = from + int32(at)
	span := s.at(move, move+int32(n))
	plain := n == 2 && text[at] == '-'
	switch {
	case plain && spaced && isTarget(rest):
		return label, move
	case plain && spaced && len(rest) == 0:
		s.report(l.number, diag.New(diag.Error, "unfinished-line", span, `there is no step behind this "->"`).
			WithHelp("For example: %s", l.head.Example))
		return label, l.end
	case plain && spaced:
		d := diag.New(diag.Error, "name-shape", s.at(move+int32(n), l.end), `"%s" is not the name of a step`, clip(rest)).
			WithHelp(`A name has small letters, digits and _ and no spaces. An arrow that belongs to the label is written \->.`)
		if name := targetOf(string(rest)); name != "" {
			d = d.WithFix(s.at(l.end-int32(len(rest)), l.end), name, false)
		}
		s.report(l.number, d)
		return label, l.end
	case isTarget(rest) && lowerTarget(rest) && (spaced || plain || at > 0 && text[at-1] == ' '):
		d := diag.New(diag.Error, "wrong-arrow", span, `an arrow is written " -> ", not "%s"`, text[at:at+n]).
			WithHelp(`An arrow that belongs to the label is written \%s.`, string(text[at:at+n])).
			WithFix(s.at(label, l.end-int32(len(rest))), " -> ", true)
		s.report(l.number, d)
		return label, move
	}
	return l.end, l.end
}

// lastArrow returns the place and length of the last arrow of a label, -1 for none: not an escaped one, and not
// one in a {hole}.
func lastArrow(text []byte) (at, n int) {
	at = -1
	depth := 0
	for i := 0; i < len(text); {
		switch text[i] {
		case '\\':
			_, size := utf8.DecodeRune(text[min(i+1, len(text)-1):])
			if a := arrowLen(text[min(i+1, len(text)):]); a > 0 {
				size = a
			}
			i += 1 + size
			continue
		case '{':
			depth++
		case '}':
			depth = max(0, depth-1)
		}
		if a := arrowLen(text[i:]); a > 0 {
			if depth == 0 {
				at, n = i, a
			}
			i += a
			continue
		}
		_, size := utf8.DecodeRune(text[i:])
		i += size
	}
	return at, n
}

// isTarget tells whether a text is names with dots between them.
func isTarget(text []byte) bool {
	for parts := 0; parts < 3; parts++ {
		n := wordLen(text)
		if n == 0 {
			return false
		}
		if n == len(text) {
			return true
		}
		if text[n] != '.' {
			return false
		}
		text = text[n+1:]
	}
	return false
}

// lowerTarget tells whether a target has no capital letters, so that nobody can take it for more of a label.
func lowerTarget(text []byte) bool { return bytes.Equal(text, bytes.ToLower(text)) }

// targetOf makes a target of what was written in its place, "" where that is no use.
func targetOf(text string) string {
	if strings.Contains(text, ".") {
		return ""
	}
	return nameOf(text)
}
