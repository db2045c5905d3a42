package pack

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"
)

// units of durations in seconds. A month has 30 days and a year 365.
var units = map[string]int{
	"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400, "year": 365 * 86400,
}

// maxDuration keeps sums of durations far from any overflow: a hundred years.
const maxDuration = 100 * 365 * 86400

// Seconds of a duration, at most a hundred years.
func Seconds(d ast.Duration) int {
	if d.N > maxDuration {
		return maxDuration
	}
	return min(d.N*units[d.Unit], maxDuration)
}

func days(d *ast.Duration) int {
	if d == nil {
		return 0
	}
	return (Seconds(*d) + 86399) / 86400
}

// kinds of the types as written.
var kinds = map[string]program.Kind{
	"text": program.TextKind, "number": program.NumberKind, "date": program.DateKind, "time": program.TimeKind,
	"phone": program.PhoneKind, "email": program.EmailKind, "yes or no": program.YesNo,
	"location": program.LocationKind, "image": program.MediaKind, "audio": program.MediaKind,
	"video": program.MediaKind, "document": program.MediaKind, "sticker": program.MediaKind,
	"language": program.LanguageKind, "choice": program.ChoiceKind, "list": program.ListKind,
}

func typeOf(t ast.Type) Type {
	out := Type{Kind: kinds[t.Name]}
	for _, v := range t.Values {
		out.Values = append(out.Values, v.Text)
	}
	return out
}

// classes of values by their mark.
var classes = map[string]program.Class{
	"public": program.Public, "personal": program.Personal, "sensitive": program.Sensitive,
}

func classOf(marks []ast.Name) program.Class {
	for _, m := range marks {
		if c, ok := classes[m.Text]; ok {
			return c
		}
	}
	return program.Plain
}

func marked(marks []ast.Name, word string) bool {
	return slices.ContainsFunc(marks, func(m ast.Name) bool { return m.Text == word })
}

// prop is the text of a child such as `why: …`, nil where there is none.
func prop(line *ast.Line, name string) *ast.Text {
	for _, child := range line.Children {
		if p, ok := child.Head.(*ast.Prop); ok && p.Name == name {
			return child.Text
		}
	}
	return nil
}

func (b *builder) field(u *unit, line *ast.Line, h *ast.Field) {
	if !b.claim("field", h.Name, u) {
		return
	}
	if t, taken := b.at[named{"table", h.Name.Text}]; taken {
		b.report(diag.New(diag.Error, "duplicate-name", spanOf(h.Name), "a table is called %q too", h.Name.Text).
			WithNote(span(t.span), "the table is here").WithHelp("Give one of them another name."))
	}
	f := &Field{
		Name: h.Name.Text, Line: line, Type: typeOf(h.Type), Class: classOf(h.Marks), KeptDays: days(h.Kept),
		Why: prop(line, "why"),
	}
	f.Type.Optional = true
	b.names.fields[f.Name] = f
	b.p.Fields = append(b.p.Fields, f)
}

// weekdays by their word, Sunday first as in time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (b *builder) hours(u *unit, line *ast.Line, h *ast.Hours) {
	if !b.claim("hours", h.Name, u) {
		return
	}
	out := &Hours{Name: h.Name.Text, Line: line, Always: true}
	var seen [7]*ast.Line
	for _, child := range line.Children {
		switch c := child.Head.(type) {
		case *ast.Days:
			out.Always = false
			for _, day := range c.Days {
				i := slices.Index(weekdays, day)
				if i < 0 {
					continue
				}
				if seen[i] != nil && seen[i] != child {
					b.report(diag.New(diag.Error, "duplicate-name", span(child.Span), "%q stands in two lines of these hours", day).
						WithNote(span(seen[i].Span), "the first is here").
						WithHelp("Write all times of a day on one line, with a comma between them."))
					break
				}
				seen[i] = child
				for _, t := range c.Times {
					out.Days[i] = append(out.Days[i], program.Span{From: t.From, To: t.To})
				}
			}
			b.times(c.Times)
		case *ast.Closed:
			out.Always = false
			for _, d := range c.Dates {
				out.Closed = append(out.Closed, isoDate(d))
			}
		case *ast.Bad:
			out.Always = false
		}
	}
	b.names.hours[out.Name] = out
	b.p.Hours = append(b.p.Hours, out)
}

// times reports openings that run into each other; each of them was looked at by syntax.
func (b *builder) times(times []ast.Times) {
	for i, t := range times[min(1, len(times)):] {
		if t.From >= times[i].To {
			continue
		}
		at := diag.Span{File: t.Pos.Filename, Start: t.Pos.Offset, End: t.EndPos.Offset}
		b.report(diag.New(diag.Error, "wrong-value", at, "this opening begins before the one before it ends").
			WithHelp("Write the openings of a day in their order."))
		return
	}
}

func isoDate(d ast.Date) string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// areas are what stands before a city in the names of timezones.
var areas = []string{"Africa", "America", "Asia", "Europe", "Pacific", "Indian", "Atlantic", "Australia"}

// timezone reports a zone that this computer does not know.
func (b *builder) timezone(line *ast.Line, name string) {
	if _, err := time.LoadLocation(name); err == nil && name != "Local" && name != "" {
		return
	}
	at := span(line.Span)
	if i := strings.LastIndex(string(b.src.files[at.File][at.Start:at.End]), name); i >= 0 && name != "" {
		at.Start += i
		at.End = at.Start + len(name)
	}
	d := diag.New(diag.Error, "unknown-name", at, "I know no timezone called %q", name).
		WithHelp("Write a continent and a city. For example:  timezone Africa/Nairobi")
	for _, area := range areas {
		if zone := area + "/" + name; !strings.Contains(name, "/") {
			if _, err := time.LoadLocation(zone); err == nil {
				d = d.WithFix(at, zone, false)
				break
			}
		}
	}
	b.report(d)
}

func (b *builder) team(u *unit, line *ast.Line, h *ast.Team) {
	if !b.claim("team", h.Name, u) {
		return
	}
	t := &Team{Name: h.Name.Text, Title: Written(line.Text), Line: line}
	for _, child := range line.Children {
		switch c := child.Head.(type) {
		case *ast.HoursRef:
			b.later("hours", c.Name, u, func(name string) bool {
				t.Hours = b.names.hours[name]
				return t.Hours != nil
			})
		case *ast.Answer:
			t.AnswerIn = Seconds(c.Within)
		case *ast.Escalate:
			b.later("team", c.To, u, func(name string) bool {
				to := b.names.teams[name]
				if to != nil {
					t.Escalations = append(t.Escalations, Escalation{Seconds(c.After), to})
				}
				return to != nil
			})
		}
	}
	b.names.teams[t.Name] = t
	b.p.Teams = append(b.p.Teams, t)
}

func (b *builder) words(u *unit, line *ast.Line, h *ast.Words) {
	if !b.claim("words", h.Name, u) {
		return
	}
	w := &Words{Name: h.Name.Text, Line: line, Safety: marked(h.Marks, "safety"), Inside: marked(h.Marks, "inside")}
	for _, child := range line.Children {
		row, ok := child.Head.(*ast.WordRow)
		if !ok {
			continue
		}
		lang := row.Lang.Text
		if i := slices.IndexFunc(w.Lists, func(l WordList) bool { return l.Lang == lang }); i >= 0 {
			b.report(diag.New(diag.Error, "duplicate-name", spanOf(row.Lang), "the language %q stands here twice", lang).
				WithNote(span(w.Lists[i].Line.Span), "the first is here").
				WithHelp("Write all words of a language on one line, with a comma between them."))
			continue
		}
		if !slices.Contains(b.p.Languages, lang) {
			if u.index == 0 && b.languagesAreRead() { // a library may know more languages than the pack
				b.unknown("unknown-language", "language", row.Lang, b.p.Languages, nil)
			}
			continue
		}
		w.Lists = append(w.Lists, WordList{lang, child, row.Words})
	}
	b.names.words[w.Name] = w
	b.p.Words = append(b.p.Words, w)
}

func (b *builder) consent(u *unit, line *ast.Line, h *ast.Consent) {
	if !b.claim("consent", h.Name, u) {
		return
	}
	c := &Consent{
		Name: h.Name.Text, Line: line, Version: h.Version, Ask: prop(line, "ask"), Yes: prop(line, "yes"),
		No: prop(line, "no"), SeenBy: prop(line, "seen by"), FullText: prop(line, "full text"),
	}
	for _, child := range line.Children {
		if covers, ok := child.Head.(*ast.Covers); ok {
			for _, name := range covers.Names {
				b.laterField(name, u, func(f *Field) { c.Covers = append(c.Covers, f) })
			}
		}
	}
	b.names.consents[c.Name] = c
	b.p.Consents = append(b.p.Consents, c)
}

func (b *builder) laterField(name ast.Name, u *unit, add func(*Field)) {
	b.later("field", name, u, func(name string) bool {
		f := b.names.fields[name]
		if f != nil {
			add(f)
		}
		return f != nil
	})
}

// TextNames are the engine's own texts that a pack can word itself, below `texts`.
var TextNames = []string{
	"more", "not understood", "moved on", "did you mean", "old button", "continue", "menu", "done", "restart",
	"why none", "too long", "unsupported",
}

func (b *builder) texts(u *unit, line *ast.Line) {
	for _, child := range line.Children {
		row, ok := child.Head.(*ast.TextRow)
		if !ok {
			continue
		}
		name := strings.Join(strings.Fields(row.Name.Text), " ")
		if !slices.Contains(TextNames, name) {
			b.report(unknownName("unknown-name", "text", row.Name.Text, spanOf(row.Name), b.budget.take(TextNames), nil))
			continue
		}
		key := named{"text", name}
		if first, taken := b.at[key]; taken {
			if first.unit == u {
				b.duplicate("text", row.Name, first.span)
			}
			continue
		}
		b.keep(key, u, row.Name.Span())
		b.p.Texts = append(b.p.Texts, child)
	}
}
