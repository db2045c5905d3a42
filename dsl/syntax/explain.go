package syntax

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/dsl/diag"
)

// explain reports that a line cannot be read from an offset on.
func (p *parse) explain(l *line, offset int) {
	stop := p.tokenAfter(l, int32(offset))
	if stop != nil && p.meant(l, stop) || p.missingColon(l, stop) {
		return
	}
	if stop == nil {
		p.unfinished(l)
		return
	}
	if p.colonTooMuch(l, stop) || p.quotedName(l, stop) || p.missingSign(l, stop) || p.wrongNumber(l, stop) || p.spacedName(l, stop) || p.blockEnd(l, stop) {
		return
	}
	word := clip(p.src[stop.start:stop.end])
	d := diag.New(diag.Error, "unexpected-words", p.at(stop.start, stop.end), `I did not expect "%s" here`, word)
	if word == `"` || len(word) > 2 && word[0] == '"' {
		d = diag.New(diag.Error, "unexpected-words", p.at(stop.start, stop.end), "I did not expect a quote here")
	}
	p.report(l.number, d.WithHelp("This line is written: %s", l.head.Shape).WithHelp("For example: %s", l.head.Example))
}

func (p *parse) unfinished(l *line) {
	end := trimEnd(p.src, l.start, max(l.headEnd, l.start+1))
	if n := l.start + int32(p.keywordLen(l)); l.colon == n && n > l.start && l.texts > 0 {
		p.report(l.number, diag.New(diag.Error, "unfinished-line", p.at(n, n+1), `a name stands between "%s" and the colon`, l.head.Keyword).
			WithHelp("For example: %s", l.head.Example))
		return
	}
	if n := int32(p.keywordLen(l)); n > 1 && l.start+n == end && len(l.head.words) > 0 && l.head.Keyword != "->" {
		p.report(l.number, diag.New(diag.Error, "missing-value", p.at(l.start, end), `nothing stands after "%s"`, l.head.Keyword).
			WithHelp("For example: %s", l.head.Example))
		return
	}
	p.report(l.number, diag.New(diag.Error, "unfinished-line", p.at(l.start, end), `this "%s" line is not finished`, l.head.Name()).
		WithHelp("This line is written: %s", l.head.Shape).
		WithHelp("For example: %s", l.head.Example))
}

// missingColon recognises a line whose text begins without a colon, and a row without the colon in its middle.
func (p *parse) missingColon(l *line, stop *token) bool {
	h := l.head
	takesText := h.Text == Title || h.Text == OneLine || h.Text == Block || h.Text == MayBlock
	if !takesText || l.colon >= 0 {
		if stop != nil && h.Text == NoText && bytes.Contains([]byte(h.Shape), []byte(": ")) && !p.hasSign(l, ':') {
			return p.colonInShape(l, stop)
		}
		return false
	}
	if stop == nil {
		return false
	}
	if at, n := lastArrow(p.src[stop.start:l.end]); h.Text == MayBlock && at > 0 && isTarget(bytes.TrimSpace(p.src[int(stop.start)+at+n:l.end])) {
		return false // it moves, so it has no text
	}
	before := p.insertAt(l, stop)
	fixed := ": "
	rest := before + int32(spaceLen(p.src[before:l.end]))
	if r, n := utf8.DecodeRune(p.src[rest:]); strings.ContainsRune(";,-=.|؛،", r) {
		rest += int32(n)
		rest += int32(spaceLen(p.src[rest:l.end])) // that was meant for the colon
	}
	p.report(l.number, diag.New(diag.Error, "missing-colon", p.at(before, before), `there is no colon after "%s"`, clip(p.src[l.start:before])).
		WithHelp("A colon and a space stand before the text.").
		WithHelp("For example: %s", h.Example).
		WithFix(p.at(before, rest), fixed, false))
	return true
}

// insertAt returns where the colon must stand: behind the keyword where what follows looks like the beginning of
// a sentence, else before the words that do not fit.
func (p *parse) insertAt(l *line, stop *token) int32 {
	keyword := l.start + int32(p.keywordLen(l))
	first := p.tokenAfter(l, keyword)
	if first == nil {
		return trimEnd(p.src, l.start, l.end)
	}
	if r, _ := utf8.DecodeRune(p.src[first.start:]); first.start < stop.start && unicode.IsUpper(r) {
		return keyword
	}
	return trimEnd(p.src, l.start, stop.start)
}

func (p *parse) hasSign(l *line, sign byte) bool {
	for _, t := range p.tokens[l.first:l.last] {
		if t.kind == opToken && p.src[t.start] == sign {
			return true
		}
	}
	return false
}

// colonInShape: "field city text", "also kalobeyei".
func (p *parse) colonInShape(l *line, stop *token) bool {
	before := p.tokenBefore(l, stop.start)
	if before == nil {
		return false
	}
	rest := before.end + int32(spaceLen(p.src[before.end:l.end]))
	p.report(l.number, diag.New(diag.Error, "missing-colon", p.at(before.end, before.end), `there is no colon after "%s"`, clip(p.src[l.start:before.end])).
		WithHelp("For example: %s", l.head.Example).
		WithFix(p.at(before.end, rest), ": ", false))
	return true
}

func (p *parse) tokenBefore(l *line, offset int32) *token {
	var last *token
	for i := l.first; i < l.last; i++ {
		if t := &p.tokens[i]; t.start < offset && t.kind != spaceToken {
			last = t
		}
	}
	return last
}

// colonTooMuch: "if x:", "step menu:", "end: Bye".
func (p *parse) colonTooMuch(l *line, stop *token) bool {
	if p.src[stop.start] != ':' || l.head.Text != NoText || stop.kind != opToken {
		return false
	}
	at := p.at(stop.start, stop.end)
	if next := p.tokenAfter(l, stop.end); next != nil {
		p.report(l.number, diag.New(diag.Error, "unexpected-words", at, `a "%s" line takes no text`, l.head.Name()).
			WithHelp("For example: %s", l.head.Example))
		return true
	}
	p.report(l.number, diag.New(diag.Error, "unexpected-words", at, `a "%s" line has no colon at its end`, l.head.Name()).
		WithFix(p.at(trimEnd(p.src, l.start, stop.start), l.end), "", true))
	return true
}

// wrongNumber: a date or a time in another form than ours.
func (p *parse) wrongNumber(l *line, stop *token) bool {
	before := p.tokenBefore(l, stop.start)
	if before == nil || before.kind != numberToken && stop.kind != numberToken {
		return false
	}
	shape := l.head.Shape
	at := p.at(stop.start, stop.end)
	if before.kind == numberToken && before.end == stop.start {
		at = p.at(before.start, trimEnd(p.src, before.start, p.runEnd(l, before.start)))
	} else if stop.kind == numberToken {
		at = p.at(stop.start, p.runEnd(l, stop.start))
	}
	written := clip(p.src[at.Start:at.End])
	switch {
	case bytes.Contains([]byte(shape), []byte("DATE")):
		d := diag.New(diag.Error, "wrong-value", at, `"%s" is not written as a date`, written).
			WithHelp("A date is written year-month-day, such as 2026-12-25.")
		if plain := plainDate(written); plain != "" {
			d = d.WithFix(at, plain, false)
		}
		p.report(l.number, d)
	case bytes.Contains([]byte(shape), []byte("TIME-TIME")):
		p.report(l.number, diag.New(diag.Error, "wrong-value", at, `"%s" is not written as a time`, written).
			WithHelp("Times are written 08:30-17:00."))
	default:
		return false
	}
	return true
}

// runEnd returns the end of what stands together without a space.
func (p *parse) runEnd(l *line, at int32) int32 {
	for at < l.end && p.src[at] != ' ' && p.src[at] != ',' {
		at++
	}
	return at
}

// spacedName: "step find office", "step 2nd".
func (p *parse) spacedName(l *line, stop *token) bool {
	shape := strings.TrimPrefix(l.head.Shape, l.head.Keyword+" ")
	if n := strings.IndexAny(shape, " :,"); n > 0 {
		shape = shape[:n]
	}
	if !slices.Contains([]string{"NAME", "TARGET", "STEP", "FLOW", "RECORD", "TEAM", "CONSENT"}, shape) {
		return false
	}
	first := p.tokenAfter(l, l.start+int32(p.keywordLen(l)))
	if first != stop && p.tokenAfter(l, first.end) != stop || stop.kind != wordToken && stop.kind != numberToken {
		return false
	}
	last := stop
	for t := stop; t != nil && (t.kind == wordToken || t.kind == numberToken); t = p.tokenAfter(l, t.end) {
		last = t
	}
	at := p.at(first.start, last.end)
	text := p.src[first.start:last.end]
	d := diag.New(diag.Error, "name-shape", at, `"%s" is not written like a name`, clip(text)).
		WithHelp("A name has small letters of one script, digits and _, and begins with a letter.")
	if name := nameOf(string(text)); name != "" {
		d = d.WithFix(at, name, false)
	}
	p.report(l.number, d)
	return true
}

// blockEnd: "end if".
func (p *parse) blockEnd(l *line, stop *token) bool {
	word := string(p.src[stop.start:stop.end])
	if l.head.Keyword != "end" || word != "if" && word != "for" && word != "step" && word != "while" {
		return false
	}
	p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(stop.start, stop.end), `a block needs no "end %s"`, word).
		WithHelp("It ends where the indentation ends. Remove this line."))
	return true
}

// quotedName: -> "menu".
func (p *parse) quotedName(l *line, stop *token) bool {
	text := p.src[stop.start:stop.end]
	if len(text) < 3 || text[0] != '"' || !isTarget(text[1:len(text)-1]) {
		return false
	}
	at := p.at(stop.start, stop.end)
	p.report(l.number, diag.New(diag.Error, "unexpected-words", at, "a name stands without quotes").
		WithFix(at, string(text[1:len(text)-1]), false))
	return true
}

// missingSign: "set x to 3" without its equals sign.
func (p *parse) missingSign(l *line, stop *token) bool {
	word := string(p.src[stop.start:stop.end])
	before := p.tokenBefore(l, stop.start)
	switch {
	case l.head.Keyword == "set" && before != nil && before.kind == wordToken && before.start > l.start && stop.kind != opToken && !p.hasSign(l, '='):
		at := p.at(before.end, stop.start)
		if next := p.tokenAfter(l, stop.end); word == "to" && next != nil {
			at = p.at(before.end, next.start)
		}
		p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(stop.start, stop.end), `a value is given with "="`).
			WithFix(at, " = ", false))
	default:
		return false
	}
	return true
}
