package syntax

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/dsl/diag"
)

// guess recognises what a writer meant. It reports the line, and where the meaning is certain enough it reads on
// with it.
func (s *scan) guess(l *line, text []byte, p Place) bool {
	switch {
	case s.guessComment(l, text), s.unknownGate(l, text, p), s.guessSet(l, text, p), s.guessOption(l, text, p), s.guessDay(l, text, p), s.guessAlways(l, text, p), s.guessCase(l, text, p), s.guessOther(l, text, p),
		s.guessNear(l, text, p), s.guessRest(l, text, p):
		return true
	}
	return false
}

// correct reports that the first n bytes should be the keyword, and takes the line for that one.
func (s *scan) correct(l *line, n int, keyword string, h *Head, format string, args ...any) {
	at := s.at(l.start, l.start+int32(n))
	s.report(l.number, diag.New(diag.Error, "unknown-line", at, format, args...).
		WithHelp("For example: %s", h.Example).WithFix(at, keyword, false))
	l.head, l.bad, l.guessed = h, true, true
}

// guessOption: "* Yes", "1. Yes", "-Yes", where an option or a wording can stand.
func (s *scan) guessOption(l *line, text []byte, p Place) bool {
	h, _ := s.table.at[p].keyword([]byte("-"))
	if h == nil {
		return false
	}
	n := bulletLen(text)
	if n == 0 {
		return false
	}
	s.correct(l, n, "- ", h, `an option begins with "- "`)
	return true
}

// guessComment: "// a comment".
func (s *scan) guessComment(l *line, text []byte) bool {
	for _, sign := range commentSigns {
		rest, ok := bytes.CutPrefix(text, []byte(sign))
		if !ok || len(rest) > 0 && (rest[0] == '-' || rest[0] == '>') {
			continue
		}
		at := s.at(l.start, l.start+int32(len(sign)))
		s.report(l.number, diag.New(diag.Error, "unknown-line", at, `a comment begins with "#"`).WithFix(at, "#", false))
		return true
	}
	return false
}

// guessSet: "x = 3".
func (s *scan) guessSet(l *line, text []byte, p Place) bool {
	n := wordLen(text)
	rest := text[n:]
	rest = rest[spaceLen(rest):]
	if n == 0 || !s.can(p, "set") || len(rest) < 2 || rest[0] != '=' || rest[1] == '=' {
		return false
	}
	h, _ := s.table.at[p].keyword([]byte("set"))
	s.report(l.number, diag.New(diag.Error, "unknown-line", s.at(l.start, l.start+int32(n)), `a value is given with "set"`).
		WithHelp("For example: %s", h.Example).WithFix(s.at(l.start, l.start), "set ", false))
	l.head, l.bad, l.guessed = h, true, true
	return true
}

// bulletLen returns the length of a list's sign, with the space behind it: "* ", "1) ", "• ", "-" without space.
func bulletLen(text []byte) int {
	r, n := utf8.DecodeRune(text)
	switch {
	case r == '-' && len(text) > 1:
		return 1
	case strings.ContainsRune("*+", r) && len(text) > 1 && text[1] == ' ', strings.ContainsRune("•●▪◦‣·–—−", r):
		return n + spaceLen(text[n:])
	}
	for n = 0; n < len(text) && '0' <= text[n] && text[n] <= '9'; n++ {
	}
	if n > 0 && n <= 2 && n+1 < len(text) && (text[n] == '.' || text[n] == ')') && text[n+1] == ' ' {
		return n + 1 + spaceLen(text[n+1:])
	}
	if n > 0 && n <= 2 && n+3 < len(text) && string(text[n:n+3]) == "\ufe0f" {
		return n + len("\ufe0f\u20e3") + 1 // a keycap, 1️⃣
	}
	return 0
}

// guessCase: "Say: Hello".
func (s *scan) guessCase(l *line, text []byte, p Place) bool {
	head := text[:min(len(text), 64)]
	lower := bytes.ToLower(head)
	if len(lower) != len(head) || bytes.Equal(lower, head) {
		return false
	}
	h, n := s.table.find(p, lower)
	if h == nil || n == 0 {
		h, n = s.table.any.keyword(lower)
		if h == nil || h.row != "" || !s.looksLike(h, text, n) {
			return false
		}
		at := s.at(l.start, l.start+int32(n))
		s.report(l.number, diag.New(diag.Error, "unknown-line", at, `"%s" is written in small letters`, clip(text[:n])).
			WithHelp(`A "%s" line stands %s.`, h.Keyword, h.Below[0]).WithFix(at, h.Keyword, false))
		l.head, l.bad, l.guessed = h, true, true
		return true
	}
	s.correct(l, n, h.Keyword, h, `"%s" is written in small letters`, clip(text[:n]))
	return true
}

// guessOther: "elseif", "goto", "otherwise", "endif".
func (s *scan) guessOther(l *line, text []byte, p Place) bool {
	n := wordLen(text)
	if blockEnds[strings.ToLower(string(text[:min(len(text), max(n, 1))]))] {
		s.report(l.number, diag.New(diag.Error, "unknown-line", s.at(l.start, l.end), `a block needs no "%s"`, clip(text)).
			WithHelp("It ends where the indentation ends. Remove this line."))
		return true
	}
	if n == 0 || n > 24 {
		return false
	}
	word := strings.ToLower(string(text[:n]))
	if word == "go" && bytes.HasPrefix(text[n:], []byte(" to ")) {
		word, n = "go to", n+len(" to")
	}
	var h *Head
	keyword := ""
	for _, k := range strings.Split(otherWords[word], "|") {
		if found, _ := s.table.at[p].keyword([]byte(k)); k != "" && found != nil && found.Keyword == k {
			h, keyword = found, k
			break
		}
	}
	if h == nil {
		return false
	}
	rest := bytes.TrimSpace(text[n:])
	fixed := keyword
	switch {
	case h.bare != nil && h.Text == NoText && len(rest) > 0:
		return false
	case h.Text == Block || h.Text == OneLine:
		if bytes.IndexByte(text, ':') < 0 {
			if r, _ := utf8.DecodeRune(text); unicode.IsUpper(r) {
				return false // a sentence that begins with such a word
			}
			fixed += ":"
		}
	case h.Text == Label && len(rest) > 0 && rest[0] == ':':
		n += bytes.IndexByte(text[n:], ':') + 1
	}
	s.correct(l, n, fixed, h, `"%s" is written "%s" here`, clip(text[:n]), keyword)
	if keyword == "->" && len(rest) > 0 && !isTarget(rest) {
		s.dropFix()
	}
	return true
}

// guessDay: "monday", "Mon".
func (s *scan) guessDay(l *line, text []byte, p Place) bool {
	n := wordLen(text)
	if p != InHours || n < 3 {
		return false
	}
	if s.guessOpening(l, text) {
		return true
	}
	for _, d := range days {
		if strings.EqualFold(string(text[:3]), d) && n <= len("wednesday") {
			h, _ := s.table.at[p].keyword([]byte(d))
			s.correct(l, n, d, h, `a day is written with three small letters, such as "%s"`, d)
			return true
		}
	}
	return false
}

// guessAlways: "always" below hours.
func (s *scan) guessAlways(l *line, text []byte, p Place) bool {
	word := strings.ToLower(string(bytes.TrimRight(text, ":")))
	if p != InHours || word != "always" && word != "24/7" && word != "24h" && word != "always open" && word != "open" {
		return false
	}
	s.report(l.number, diag.New(diag.Error, "unknown-line", s.at(l.start, l.end), "hours without lines below them are always open").
		WithHelp("Remove this line."))
	return true
}

// whenWritten: "if refused -> menu" where the line with "when" can stand.
func (s *scan) whenWritten(l *line, text []byte, p Place) bool {
	rest, ok := bytes.CutPrefix(text, []byte("if "))
	if !ok || len(rest) > maxHead {
		return false
	}
	h, _ := s.table.find(p, append([]byte("when "), rest...))
	if h == nil || len(h.words) < 2 || h.words[0] != "when" {
		return false
	}
	s.correct(l, len("if"), "when", h, `"if" is written "when" here`)
	return true
}

// guessRest: "hand over protection", "when understood": the first word is right and the next is not.
func (s *scan) guessRest(l *line, text []byte, p Place) bool {
	n := wordLen(text)
	var heads []*Head
	for _, h := range s.table.at[p].all {
		if len(h.words) > 1 && h.words[0] == string(text[:n]) {
			heads = append(heads, h)
		}
	}
	if n == 0 || len(heads) == 0 {
		return false
	}
	at := s.at(l.start, l.start+int32(n))
	d := diag.New(diag.Error, "unknown-line", at, `a line with "%s" begins with "%s"`, heads[0].words[0], heads[0].Keyword)
	if len(heads) > 1 {
		var rest []string
		for _, h := range heads {
			rest = append(rest, strings.Join(h.words[1:], " "))
		}
		d = diag.New(diag.Error, "unknown-line", at, `I do not know what stands after "%s" here`, heads[0].words[0]).
			WithHelp("It can be: %s.", strings.Join(rest, ", "))
	}
	s.report(l.number, d.WithHelp("For example: %s", heads[0].Example))
	l.head, l.bad, l.guessed = heads[0], true, true
	return true
}

// dropFix takes the fix from the problem reported last, where it would not be the whole change.
func (s *scan) dropFix() {
	if n := len(s.list); n > 0 {
		s.list[n-1].Fix = nil
	}
}

// maxCompared bounds the words of one file that are compared with every keyword.
const maxCompared = 100

// guessNear: "sya: Hello", "asK", "whn refused".
func (s *scan) guessNear(l *line, text []byte, p Place) bool {
	if s.compared >= maxCompared {
		return false
	}
	s.compared++
	first := wordLen(text)
	if first == 0 || first > 40 {
		return false
	}
	if r, _ := utf8.DecodeRune(text); unicode.IsUpper(r) && bytes.IndexByte(text, ':') < 0 && len(bytes.Fields(text)) >= 3 {
		return false // a sentence
	}
	var best *Head
	bestLen := 0
	for words := 3; words >= 1 && best == nil; words-- {
		n := wordsLen(text, words)
		if n == 0 {
			continue
		}
		var keywords []string
		byKeyword := map[string]*Head{}
		for _, h := range s.table.at[p].all {
			if len(h.words) == words && h.Keyword != "-" && h.Keyword != "->" {
				keywords = append(keywords, h.Keyword)
				byKeyword[h.Keyword] = h
			}
		}
		near := diag.Nearest(string(text[:n]), keywords)
		if len(near) == 0 || !close(string(text[:n]), near[0]) {
			continue
		}
		best, bestLen = byKeyword[near[0]], n
	}
	if best == nil || !s.looksLike(best, text, bestLen) && best.Text != Block {
		return false
	}
	rest := text[bestLen:]
	if last := best.words[len(best.words)-1]; wordLen(rest[spaceLen(rest):]) == len(last) && bytes.HasPrefix(rest[spaceLen(rest):], []byte(last)) {
		bestLen += spaceLen(rest) + len(last) // "remind me in"
	}
	s.correct(l, bestLen, best.Keyword, best, `I do not know "%s"; "%s" looks like it`, clip(text[:bestLen]), best.Keyword)
	return true
}
