package syntax

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"baraza/dsl/diag"
)

// meant recognises what a writer meant whose line is right up to one word or sign, and reports the line with the
// change.
func (p *parse) meant(l *line, stop *token) bool {
	if l.head.row == "opening line" && p.guessOpening(l, p.src[l.start:l.end]) {
		return true
	}
	return p.slashes(l, stop) || p.countWord(l, stop) || p.missingFor(l, stop) || p.extraFor(l, stop) || p.missingComma(l, stop) || p.markSlip(l, stop) ||
		p.columnColon(l, stop) || p.valuesBelow(l, stop) || p.typeInWords(l, stop)
}

// keywordColon: "source: https://example.org", "if: age < 18".
func (s *scan) keywordColon(l *line, n int32) {
	if l.head.Keyword == "" || l.head.Keyword == "->" || l.head.read == nil || strings.Contains(l.head.Shape, l.head.Keyword+":") || n >= l.end || s.src[n] != ':' {
		return
	}
	rest := n + 1 + int32(spaceLen(s.src[n+1:l.end]))
	if rest >= l.end {
		return
	}
	s.report(l.number, diag.New(diag.Error, "unexpected-words", s.at(n, n+1), `a "%s" line has no colon behind its first word`, l.head.Keyword).
		WithFix(s.at(n, rest), " ", false))
}

// expectations are what people write for the words behind expect.
var expectations = []struct{ written, meant string }{
	{"hand over to", "handed to"}, {"handed over to", "handed to"}, {"hand to", "handed to"}, {"end", "ended"}, {"save", "saved"}, {"alert", "alerted"}, {"step", "at"},
}

// expected: "expect hand over to desk".
func (s *scan) expected(l *line, from int32) {
	if l.head.Keyword != "expect" {
		return
	}
	from += int32(spaceLen(s.src[from:l.end]))
	for _, e := range expectations {
		name, ok := bytes.CutPrefix(s.src[from:l.end], []byte(e.written))
		if !ok || (e.meant == "ended") != (len(name) == 0) || len(name) > 0 && (name[0] != ' ' || !isTarget(bytes.TrimSpace(name))) {
			continue
		}
		at := s.at(from, from+int32(len(e.written)))
		s.report(l.number, diag.New(diag.Error, "unexpected-words", at, `"%s" is written "%s" here`, e.written, e.meant).WithFix(at, e.meant, false))
		return
	}
}

// slashes: "field risk: low/medium/high".
func (p *parse) slashes(l *line, stop *token) bool {
	if p.src[stop.start] != '/' || l.head.Keyword == "ask" || !strings.Contains(l.head.Shape, "TYPE") {
		return false
	}
	end := stop.start
	for end < l.end && p.src[end] != ',' {
		end++
	}
	words := strings.Split(string(p.src[stop.start:end]), "/")
	for i, w := range words {
		words[i] = strings.TrimSpace(w)
	}
	p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(stop.start, stop.end), "a comma stands between words, not a slash").
		WithFix(p.at(trimEnd(p.src, l.start, stop.start), end), strings.Join(words, ", "), false))
	return true
}

// countWords are the words for how many times.
var countWords = map[string]string{"once": "1 time", "twice": "2 times", "thrice": "3 times", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}

// countWord: "when not understood twice", "up to three".
func (p *parse) countWord(l *line, stop *token) bool {
	word := string(p.src[stop.start:stop.end])
	plain, ok := countWords[word]
	if !ok || !strings.Contains(l.head.Shape, "times") && (!strings.ContainsAny(l.head.Shape, "N") || strings.HasSuffix(plain, "s")) {
		return false
	}
	next := p.tokenAfter(l, stop.end)
	timed := next != nil && bytes.HasPrefix(p.src[next.start:next.end], []byte("time"))
	if strings.Contains(plain, " ") == timed || l.head.Keyword != "when not understood" {
		return false
	}
	at := p.at(stop.start, stop.end)
	p.report(l.number, diag.New(diag.Error, "unexpected-words", at, `"%s" is written "%s" here`, word, plain).WithFix(at, plain, false))
	return true
}

// missingFor: "when silent 2 hours -> later".
func (p *parse) missingFor(l *line, stop *token) bool {
	before := p.tokenBefore(l, stop.start)
	if stop.kind != numberToken || before == nil || !strings.Contains(l.head.Shape, l.head.Keyword+" for DURATION") || string(p.src[before.start:before.end]) == "for" {
		return false
	}
	p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(stop.start, stop.end), `"for" stands before the length of time`).
		WithFix(p.at(stop.start, stop.start), "for ", false))
	return true
}

// extraFor: "field town: text, kept for 30 days".
func (p *parse) extraFor(l *line, stop *token) bool {
	before, next := p.tokenBefore(l, stop.start), p.tokenAfter(l, stop.end)
	if string(p.src[stop.start:stop.end]) != "for" || before == nil || next == nil || next.kind != numberToken {
		return false
	}
	word := string(p.src[before.start:before.end])
	if !strings.Contains(l.head.Shape, word+" DURATION") {
		return false
	}
	p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(stop.start, stop.end), `the length of time follows "%s" at once`, word).
		WithFix(p.at(stop.start, next.start), "", false))
	return true
}

// marks are the words that stand behind a comma in a line's shape: "kept" and "personal" of a field.
func (h *Head) marks() []string {
	var words []string
	for _, part := range strings.Split(h.Shape, ", ")[1:] {
		for _, word := range strings.Split(part[:len(part)-len(strings.TrimLeft(part, "abcdefghijklmnopqrstuvwxyz|"))], "|") {
			if word != "" {
				words = append(words, word)
			}
		}
	}
	return words
}

// missingComma: "anywhere then back", "name: text translated", "hand over to desk urgent".
func (p *parse) missingComma(l *line, stop *token) bool {
	word := string(p.src[stop.start:stop.end])
	before := p.tokenBefore(l, stop.start)
	if before == nil || before.kind == commaToken || !slices.Contains(l.head.marks(), word) {
		return false
	}
	p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(stop.start, stop.end), `a comma stands before "%s"`, word).
		WithFix(p.at(before.end, stop.start), ", ", true))
	return true
}

// markSlip: "field town: text, keep 1 year".
func (p *parse) markSlip(l *line, stop *token) bool {
	before := p.tokenBefore(l, stop.start)
	if before == nil || before.kind != wordToken {
		return false
	}
	comma := p.tokenBefore(l, before.start)
	word := string(p.src[before.start:before.end])
	near := diag.Nearest(word, l.head.marks())
	if comma == nil || comma.kind != commaToken || len(near) == 0 || near[0] == word {
		return false
	}
	at := p.at(before.start, before.end)
	fix := at
	if next := p.tokenAfter(l, stop.end); string(p.src[stop.start:stop.end]) == "for" && next != nil {
		fix = p.at(before.start, next.start-1)
	}
	p.report(l.number, diag.New(diag.Error, "unexpected-words", at, `I do not know "%s" here; "%s" looks like it`, clip([]byte(word)), near[0]).
		WithFix(fix, near[0], false))
	return true
}

// columnColon: "town: town" below save.
func (p *parse) columnColon(l *line, stop *token) bool {
	if l.head.row != "column line" || p.src[stop.start] != ':' || p.tokenAfter(l, stop.end) == nil {
		return false
	}
	p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(stop.start, stop.end), `a column gets its value by "=", not by ":"`).
		WithFix(p.at(stop.start, stop.end), " =", false))
	return true
}

// valuesBelow: "send number: text", "returns status: text".
func (p *parse) valuesBelow(l *line, stop *token) bool {
	if l.head.bare == nil || !l.head.NeedsLines || !bytes.Contains(p.src[stop.start:l.end], []byte(":")) {
		return false
	}
	before := trimEnd(p.src, l.start, stop.start)
	p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(stop.start, l.end), `what belongs to "%s" stands below it, a line each`, l.head.Keyword).
		WithHelp(`Write only "%s", and below it, indented:  %s`, l.head.Keyword, clip(p.src[stop.start:l.end])).
		WithFix(p.at(before, stop.start), "\n"+strings.Repeat(" ", int(min(l.indent, maxHead))+2), false))
	return true
}

// typeInWords: "as yes/no", "as phone number", "as free text".
func (p *parse) typeInWords(l *line, stop *token) bool {
	if l.head.Keyword != "ask" {
		return false
	}
	before := p.tokenBefore(l, stop.start)
	if before == nil {
		return false
	}
	as := p.tokenBefore(l, before.start)
	if as == nil || string(p.src[as.start:as.end]) != "as" {
		return false
	}
	last := stop
	for t := p.tokenAfter(l, stop.end); t != nil; t = p.tokenAfter(l, t.end) {
		last = t
	}
	at := p.at(before.start, last.end)
	written, first := clip(p.src[before.start:last.end]), string(p.src[before.start:before.end])
	d := diag.New(diag.Error, "wrong-value", at, `"%s" is not a type`, written)
	switch {
	case written == "yes/no":
		d = d.WithFix(at, "yes or no", false)
	case slices.Contains(askTypes, first) && last == stop && last.kind == wordToken:
		d = d.WithFix(at, first, false)
	case slices.Contains(askTypes, string(p.src[stop.start:stop.end])) && last == stop:
		d = d.WithFix(at, string(p.src[stop.start:stop.end]), false)
	case first == "text" && strings.Contains(written, "up to "):
		return false
	default:
		d = d.WithHelp("It can be: %s.", joinTypes(askTypes))
	}
	p.report(l.number, d)
	return true
}

// plainDate writes a date in our form where it can be read in one way only, else it is "".
func plainDate(written string) string {
	sign := strings.IndexAny(written, "./-")
	if sign < 0 {
		return ""
	}
	parts := strings.Split(written, written[sign:sign+1])
	if len(parts) != 3 {
		return ""
	}
	var n [3]int
	for i, part := range parts {
		if len(part) == 0 || len(part) > 4 {
			return ""
		}
		for _, c := range part {
			if c < '0' || '9' < c {
				return ""
			}
			n[i] = 10*n[i] + int(c-'0')
		}
	}
	year, month, day := n[0], n[1], n[2]
	if len(parts[2]) == 4 {
		year, month, day = n[2], n[1], n[0]
		if month > 12 {
			month, day = day, month
		} else if day <= 12 && day != month && written[sign] != '.' {
			return "" // the order of day and month depends on the country
		}
	} else if len(parts[0]) != 4 {
		return ""
	}
	if month < 1 || month > 12 || day < 1 || day > daysOf(year, month) {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}
