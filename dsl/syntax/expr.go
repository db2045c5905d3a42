package syntax

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"baraza/dsl/diag"
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

// checkExpr holds the caps on an expression and reports the slips that can be seen without reading it.
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
	switch {
	case deepest > maxBrackets:
		s.refuse(number, tooManyBrackets(s.at(start, end)))
	case len(text) > maxExpr:
		s.report(number, diag.New(diag.Error, "expression-too-long", s.at(start, end), "this expression is longer than %d characters", maxExpr).
			WithHelp(`Give a part of it a name first: set name = …`))
	case deepest > maxNesting:
		s.report(number, diag.New(diag.Error, "expression-too-deep", s.at(start, end), "this expression has more than %d brackets in each other", maxNesting).
			WithHelp(`Give a part of it a name first: set name = …`))
	default:
		s.exprSlips(number, start, end)
	}
}

// exprSlips reports what other languages write in an expression, and what only looks like a plain sign.
func (s *scan) exprSlips(number, start, end int32) {
	text := s.src[start:end]
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch c {
		case '"':
			n := bytes.IndexByte(text[i+1:], '"')
			if n < 0 {
				at := start + int32(i)
				s.report(number, diag.New(diag.Error, "open-quote", s.at(at, end), "this text has no closing quote").
					WithHelp(`Write a plain quote " at its end.`))
				continue
			}
			i += n + 1
		case '&', '|':
			if i+1 < len(text) && text[i+1] == c {
				s.doubledSign(number, start+int32(i), c)
				i++
			}
		case '=':
			s.checkEqual(number, start, i, text)
			if i+1 < len(text) && text[i+1] == '=' {
				i++
			}
		}
		if c < utf8.RuneSelf {
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		at := s.at(start+int32(i), start+int32(i+size))
		switch {
		case isCurly(r):
			s.report(number, s.curlyQuotes(start+int32(i), end, r))
		case wideSpaceLen(text[i:]) > 0 || hiddenLen(text[i:]) > 0:
			s.reportSpace(number, start+int32(i), int32(size))
		case narrow(r) != r:
			s.report(number, fullWidth(at, r))
		}
		i += size - 1
	}
}

// doubledSign reports && and ||.
func (s *scan) doubledSign(number, at int32, sign byte) {
	word := "and"
	if sign == '|' {
		word = "or"
	}
	s.report(number, diag.New(diag.Error, "unexpected-words", s.at(at, at+2), `"%c%c" is written "%s"`, sign, sign, word).
		WithFix(s.at(at, at+2), word, false))
}

// checkEqual reports a single = where values are compared.
func (s *scan) checkEqual(number, start int32, i int, text []byte) {
	if i > 0 && bytes.IndexByte([]byte("=!<>"), text[i-1]) >= 0 || i+1 < len(text) && (text[i+1] == '=' || text[i+1] == '>') {
		return
	}
	at := s.at(start+int32(i), start+int32(i)+1)
	s.report(number, diag.New(diag.Error, "unexpected-words", at, `two values are compared with "==", not with "="`).
		WithFix(at, "==", false))
}
