package syntax

import (
	"bytes"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// checkHead reports what is wrong with a head that its grammar allows. It returns false where nothing can be done
// with it.
func (p *parse) checkHead(l *line, head ast.Head) bool {
	if !p.checkValues(l, head) {
		return false
	}
	switch h := head.(type) {
	case *ast.Ask:
		return p.checkAsk(l, h)
	case *ast.Say:
		return h.Kind != "link" || p.checkAddress(l, h)
	case *ast.Field:
		return p.checkType(l, h.Type, fieldTypes, "field") && p.checkMarks(l, h.Marks, classMarks)
	case *ast.Column:
		marks := classMarks
		if l.head.kind == "table" {
			marks = []string{"translated"}
		}
		return p.checkType(l, h.Type, columnTypes[l.head.kind], l.head.kind) && p.checkMarks(l, h.Marks, marks)
	case *ast.Takes:
		return p.checkType(l, h.Type, fieldTypes, "takes")
	case *ast.Words:
		return p.checkMarks(l, h.Marks, []string{"safety", "inside"})
	case *ast.Record:
		return p.checkMarks(l, h.Marks, append([]string{"anonymous"}, classMarks...))
	case *ast.Days:
		return p.checkTimes(l, h)
	case *ast.At:
		return p.checkTimeTokens(l)
	}
	return true
}

var (
	classMarks  = []string{"public", "personal", "sensitive"}
	fieldTypes  = []string{"text", "number", "date", "time", "phone", "email", "yes or no", "location", "language", "choice"}
	askTypes    = []string{"text", "number", "date", "time", "phone", "email", "yes or no", "location", "image", "audio", "video", "document", "language"}
	columnTypes = map[string][]string{
		"table":   {"text", "number", "date", "time", "phone", "email", "yes or no", "choice"},
		"record":  {"text", "number", "date", "time", "phone", "email", "yes or no", "location", "image", "audio", "video", "document", "choice"},
		"send":    {"text", "number", "date", "time", "phone", "email", "yes or no", "location", "choice"},
		"returns": {"text", "number", "date", "time", "phone", "email", "yes or no", "location", "choice", "list"},
	}
)

func (p *parse) checkAsk(l *line, h *ast.Ask) bool {
	switch {
	case h.Several && h.Name == nil:
		p.unfinished(l)
		return false
	case h.Several && (h.Rows != nil || h.Type != nil):
		at := p.at(int32(h.Name.EndPos.Offset), l.headEnd)
		p.report(l.number, diag.New(diag.Error, "unexpected-words", at, `"ask several" takes the options below it and no type`).
			WithHelp("For example: %s", l.head.Example))
		return false
	case h.Rows != nil && h.Name == nil:
		p.unfinished(l)
		return false
	case h.Type != nil:
		return p.checkType(l, *h.Type, askTypes, "ask")
	}
	return true
}

func (p *parse) checkType(l *line, t ast.Type, allowed []string, where string) bool {
	for _, a := range allowed {
		if a == t.Name {
			return true
		}
	}
	d := diag.New(diag.Error, "wrong-value", p.at(int32(t.Pos.Offset), int32(t.EndPos.Offset)), `the type "%s" cannot stand here`, t.Name)
	if where == "ask" && t.Name == "choice" {
		d = d.WithHelp("Write the answers to choose from as options below: - [low] Low")
	} else {
		d = d.WithHelp("It can be: %s.", joinTypes(allowed))
	}
	p.report(l.number, d)
	return false
}

func joinTypes(names []string) string {
	var b bytes.Buffer
	for i, n := range names {
		if i > 0 {
			b.WriteString("; ")
		}
		if n == "choice" {
			n = "two words or more, such as: low, medium, high"
		}
		b.WriteString(n)
	}
	return b.String()
}

func (p *parse) checkMarks(l *line, marks []ast.Name, allowed []string) bool {
	for _, m := range marks {
		ok := false
		for _, a := range allowed {
			ok = ok || a == m.Text
		}
		if ok {
			continue
		}
		help := "It can be: " + joinTypes(allowed) + "."
		p.report(l.number, diag.New(diag.Error, "unexpected-words", diag.Span(m.Span()), `I did not expect "%s" here`, clip([]byte(m.Text))).
			WithHelps(suggest("word", m.Text, allowed, help)...).WithHelp("For example: %s", l.head.Example))
		return false
	}
	return true
}

func (p *parse) checkTimes(l *line, h *ast.Days) bool {
	if !p.checkTimeTokens(l) {
		return false
	}
	for _, t := range h.Times {
		if t.To <= t.From {
			p.report(l.number, diag.New(diag.Error, "wrong-value", p.at(int32(t.Pos.Offset), int32(t.EndPos.Offset)), "it closes before it opens").
				WithHelp("A time past midnight is above 24:00, such as 20:00-26:00."))
			return false
		}
	}
	return true
}

func (p *parse) checkTimeTokens(l *line) bool {
	for _, t := range p.tokens[l.first:l.last] {
		if t.kind != timeToken {
			continue
		}
		text := string(p.src[t.start:t.end])
		if _, ok := minuteOf(text); !ok {
			p.report(l.number, diag.New(diag.Error, "wrong-value", p.at(t.start, t.end), `"%s" is not a time`, text).
				WithHelp("Times go from 00:00 to 48:00, such as 08:30."))
			return false
		}
	}
	return true
}

// maxCount bounds the counts and durations that can be written; no flow needs a larger one.
const maxCount = 100000

// checkValues checks the durations, dates and types of a head, and completes them.
func (p *parse) checkValues(l *line, head ast.Head) bool {
	if d := durationOf(head); d != nil && !p.checkDuration(l, d) {
		return false
	}
	for _, d := range datesOf(head) {
		if d.Year < 1900 || d.Month < 1 || d.Month > 12 || d.Day < 1 || d.Day > daysOf(d.Year, d.Month) {
			written := p.src[d.Pos.Offset:d.EndPos.Offset]
			p.report(l.number, diag.New(diag.Error, "wrong-value", p.at(int32(d.Pos.Offset), int32(d.EndPos.Offset)), `"%s" is not a day of the calendar`, clip(written)).
				WithHelp("A date is written year-month-day, such as 2026-12-25."))
			return false
		}
	}
	t := typeOf(head)
	return t == nil || p.completeType(l, t)
}

func (p *parse) checkDuration(l *line, d *ast.Duration) bool {
	unit, ok := units[d.Unit]
	at := p.at(int32(d.Pos.Offset), int32(d.EndPos.Offset))
	switch {
	case !ok:
		at.Start = at.End - len(d.Unit)
		wrong := diag.New(diag.Error, "wrong-value", at, `"%s" is not a length of time`, clip([]byte(d.Unit)))
		if other, ok := otherUnits[d.Unit]; ok {
			if p.src[at.Start-1] != ' ' {
				other = " " + other
			}
			p.report(l.number, wrong.WithFix(at, other, false))
			return false
		}
		p.report(l.number, wrong.
			WithHelps(suggest("word", d.Unit, unitNames, "It is one of: "+strings.Join(unitNames, ", ")+".")...))
		return false
	case d.N < 1 || d.N > maxCount:
		p.report(l.number, diag.New(diag.Error, "wrong-value", at, "a length of time is from 1 to %d", maxCount))
		return false
	}
	d.Unit = unit
	return true
}

// completeType makes a choice of the words that are no type.
func (p *parse) completeType(l *line, t *ast.Type) bool {
	if t.Name == "yesorno" {
		t.Name = "yes or no"
	}
	first := ast.Name{Pos: t.Pos, Text: t.Name, EndPos: t.Pos}
	first.EndPos.Offset += len(t.Name)
	first.EndPos.Column += len(t.Name)
	known := slices.Contains(typeNames, t.Name)
	switch {
	case known && len(t.Values) > 0:
		p.checkMarks(l, t.Values[:1], valueMarks)
		return false
	case t.UpTo > 0 && t.Name != "text", t.From != nil && t.Name != "number", t.From != nil && *t.From > *t.To:
		p.report(l.number, diag.New(diag.Error, "wrong-value", diag.Span{File: p.file.Name, Start: t.Pos.Offset, End: t.EndPos.Offset}, "the bounds of this type do not fit it").
			WithHelp("They are written: text up to 60, or number from 1 to 10."))
		return false
	case known:
		return true
	case len(t.Values) == 0 && otherTypes[t.Name] != "":
		p.report(l.number, diag.New(diag.Error, "wrong-value", diag.Span(first.Span()), `"%s" is not a type`, t.Name).
			WithFix(diag.Span(first.Span()), otherTypes[t.Name], false))
		return false
	case len(t.Values) == 0:
		p.report(l.number, diag.New(diag.Error, "wrong-value", diag.Span(first.Span()), `"%s" is not a type`, clip([]byte(t.Name))).
			WithHelps(suggest("type", t.Name, typeNames, "It can be: "+joinTypes(append(typeNames[:len(typeNames):len(typeNames)], "choice"))+".")...))
		return false
	}
	t.Values = append([]ast.Name{first}, t.Values...)
	t.Name = "choice"
	return true
}

// valueMarks are what can stand behind a type, separated by commas.
var valueMarks = []string{"public", "personal", "sensitive", "translated", "kept"}

// suggest names the similar words, or else what there is.
func suggest(kind, name string, candidates []string, otherwise string) []string {
	if similar := diag.Similar(kind, name, candidates, nil); similar != "" {
		return []string{similar}
	}
	return []string{otherwise}
}
