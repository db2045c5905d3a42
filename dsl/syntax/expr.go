package syntax

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"baraza/dsl/diag"
	"baraza/engine/program/expression"
)

// lexExpr emits the expression at an offset as one token, up to the end or to what ends it, and holds the caps.
func (s *scan) lexExpr(l *line, until []string, at, end int32) int32 {
	n := s.exprLen(s.src[at:end], until)
	stop := trimEnd(s.src, at, at+int32(n))
	s.endOfCondition(l, at, stop)
	s.checkExpr(l.number, at, stop)
	s.emit(exprToken, at, stop, l.number)
	return stop
}

// endOfCondition reports what other languages put behind a condition: a colon, "then", a bracket.
func (s *scan) endOfCondition(l *line, start, end int32) {
	text := s.src[start:end]
	for _, tail := range []string{":", " then", " {", " do"} {
		if cut, ok := bytes.CutSuffix(text, []byte(tail)); ok && len(cut) > 0 {
			from := trimEnd(s.src, start, start+int32(len(cut)))
			s.report(l.number, diag.New(diag.Error, "unexpected-words", s.at(end-int32(len(strings.TrimSpace(tail))), end), `this "%s" line ends with its condition, without "%s"`, l.head.Name(), strings.TrimSpace(tail)).
				WithFix(s.at(from, end), "", true))
			return
		}
	}
}

// exprLen measures an expression: up to one of the words or signs that end it, outside quotes and brackets.
func (s *scan) exprLen(text []byte, until []string) int {
	depth, word := 0, false // word: the character before belongs to a word
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch c {
		case '"':
			if n := bytes.IndexByte(text[i+1:], '"'); n >= 0 {
				i += n + 1
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		case ',':
			if depth == 0 && endsAtComma(text[i:], until) {
				return i
			}
		default:
			if depth == 0 && !word && endsAtWord(text[i:], until) {
				return i
			}
		}
		word = c == '_' || c == '.' || c >= utf8.RuneSelf || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	}
	return len(text)
}

func endsAtComma(text []byte, until []string) bool {
	for _, u := range until {
		if u == "," {
			return true
		}
		if u == ", up to" {
			at := 1 + spaceLen(text[1:])
			if wordsLen(text[at:], 2) > 0 && wordLen(text[at:]) == 2 && string(text[at:at+2]) == "up" {
				return true
			}
		}
	}
	return false
}

func endsAtWord(text []byte, until []string) bool {
	for _, u := range until {
		if u[0] != ',' && text[0] == u[0] && wordLen(text) == len(u) && string(text[:len(u)]) == u {
			return true
		}
	}
	return false
}

// checkExpr holds the caps on an expression and reports what can be seen wrong without knowing any name.
func (s *scan) checkExpr(number, start, end int32) {
	text := s.src[start:end]
	depth, deepest := 0, 0
	for _, c := range text {
		switch c {
		case '(', '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ')', ']', '}':
			depth--
		}
	}
	if deepest > maxBrackets {
		s.refuse(number, tooManyBrackets(s.at(start, end)))
		return
	}
	if len(text) == 0 || s.has[number] {
		return
	}
	if s.checkEqual(number, start, text) {
		return
	}
	if p := expression.Guard(string(text)); p != nil {
		d := diag.New(diag.Error, p.Code, s.at(start+int32(p.Start), start+int32(p.End)), "%s", p.Message).WithHelps(p.Help...)
		if p.Fix != nil {
			d = d.WithFix(s.at(start+int32(p.Fix.Start), start+int32(p.Fix.End)), p.Fix.Text, false)
		}
		s.report(number, d)
	}
}

// checkEqual reports a single = where values are compared, the commonest slip of people who know formulas.
func (s *scan) checkEqual(number, start int32, text []byte) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			n := bytes.IndexByte(text[i+1:], '"')
			if n < 0 {
				return false
			}
			i += n + 1
		case '=':
			if i+1 < len(text) && (text[i+1] == '=' || text[i+1] == '>') {
				i++
				continue
			}
			if i == 0 || bytes.IndexByte([]byte("=!<>"), text[i-1]) >= 0 {
				continue
			}
			at := s.at(start+int32(i), start+int32(i)+1)
			s.report(number, diag.New(diag.Error, "unexpected-words", at, `two values are compared with "==", not with "="`).
				WithFix(at, "==", false))
			return true
		}
	}
	return false
}
