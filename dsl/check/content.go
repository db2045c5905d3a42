package check

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/answer"
	"baraza/engine/program"
)

// pastReview compares "review by" with the day of the check.
func pastReview(c *flow) {
	if c.options.Today == "" {
		return
	}
	for _, s := range c.flow.Steps {
		if s.ReviewBy == nil || s.ReviewBy.Date == nil {
			continue
		}
		d := s.ReviewBy.Date
		day := fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
		if day >= c.options.Today {
			continue
		}
		at := stepName(s)
		if s.ReviewLine != nil {
			at = span(s.ReviewLine)
		}
		c.add(diag.New(diag.Warning, "past-review", at, "this step was to be reviewed by %s", day).
			WithHelp("Compare the text with its source, correct it, and write a new date."))
	}
}

// asksForIdentity looks for questions whose answer could be used against a person. A menu about such papers asks
// for none of it.
func asksForIdentity(c *flow) {
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		h, ok := l.Head.(*ast.Ask)
		if !ok || h.Name == nil || h.Rows != nil || len(options(l)) > 0 {
			return
		}
		for _, w := range c.wordings(textOf(l)) {
			folded := " " + answer.Fold(plain(w.parts, nil)) + " "
			for _, phrase := range identityPhrases[base(w.lang)] {
				if strings.Contains(folded, " "+answer.Fold(phrase)+" ") {
					c.add(diag.New(diag.Warning, "asks-for-identity", w.at, "this question asks for %q, which a chat should not hold", phrase).
						WithHelp("Ask only what the answer depends on, such as whether there is a paper.").
						WithHelp("If a colleague needs the number, let the colleague see it at the office."))
					return
				}
			}
		}
	})
}

// base is a language without its region: pt of pt-BR.
func base(lang string) string {
	lang, _, _ = strings.Cut(lang, "-")
	return lang
}

// heavyReading counts what a reader has to take in at once.
func heavyReading(c *flow) {
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		switch h := l.Head.(type) {
		case *ast.Say:
			if h.Kind == "" || h.Kind == "text" || h.Kind == "one of" || h.Kind == "link" {
				c.readable(textOf(l))
			}
		case *ast.Wording, *ast.Hide, *ast.When:
			c.readable(l.Text)
		case *ast.Ask:
			c.readable(textOf(l))
		}
	})
}

func (c *flow) readable(t *ast.Text) {
	if t == nil || c.cut[t] {
		return
	}
	if d, heavy := c.heavy(t); heavy {
		c.add(d)
	}
}

// heavy says what makes a text hard to read, in the first language where it is.
func (env *surroundings) heavy(t *ast.Text) (diag.Diagnostic, bool) {
	for _, w := range env.wordings(t) {
		limit, ok := readingLimits[base(w.lang)]
		if !ok {
			limit = readingLimits[""]
		}
		text := plain(w.parts, func(*ast.Expr) string { return "value" })
		why, help := limit.heavy(text)
		if why == "" {
			continue
		}
		return diag.New(diag.Warning, "heavy-reading", w.at, "this text is hard to read: %s%s", why, env.inLanguage(w.lang)).WithHelp("%s", help), true
	}
	return diag.Diagnostic{}, false
}

// heavy says which limit a text is over; "" for none.
func (r reading) heavy(text string) (why, help string) {
	if n := utf8.RuneCountInString(text); n > r.characters {
		return fmt.Sprintf("it has %d characters", n), "Leave out what only some people need, or let them ask for it."
	}
	sentences := sentencesOf(text)
	for _, s := range sentences {
		if n := len(strings.Fields(s)); n > r.words {
			return fmt.Sprintf("a sentence has %d words", n), "Make short sentences, one thought each."
		}
	}
	if len(sentences) > r.sentences {
		return fmt.Sprintf("it has %d sentences", len(sentences)), "Say first what to do. Leave the rest out, or let people ask for it."
	}
	return "", ""
}

// sentencesOf cuts a text at the signs that end a sentence and at its lines. A dot inside a number or an address
// ends none.
func sentencesOf(text string) []string {
	var out []string
	add := func(s string) {
		if strings.ContainsFunc(s, unicode.IsLetter) {
			out = append(out, s)
		}
	}
	start := 0
	for i, r := range text {
		end := i + utf8.RuneLen(r)
		next, _ := utf8.DecodeRuneInString(text[min(end, len(text)):])
		switch {
		case r == '\n', strings.ContainsRune("!?؟。።۔।", r):
		case strings.ContainsRune(".…:", r) && (end >= len(text) || unicode.IsSpace(next)):
		default:
			continue
		}
		add(text[start:end])
		start = end
	}
	add(text[start:])
	return out
}

// placeholderContact is for a release: while a flow is written, placeholders are right.
func placeholderContact(c *flow) {
	if !c.options.Release {
		return
	}
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		if d, found := c.placeholder(l.Text); found {
			if d.Span.File == c.flow.File.Name {
				d.Span = c.toPlaceholder(d.Span)
			}
			c.add(d)
		}
		h, ok := l.Head.(*ast.Say)
		if !ok {
			return
		}
		if found, ok := placeholderIn(h.Phone); ok {
			c.add(diag.New(diag.Warning, "placeholder-contact", span(l), "%q looks like a placeholder", found).
				WithHelp("Write the real number."))
		}
		if found, ok := placeholderIn(h.Address); ok {
			c.add(diag.New(diag.Warning, "placeholder-contact", c.pathSpan(l, h.Address), "%q looks like a placeholder", found).
				WithHelp("Write the real address."))
		}
	})
}

// toPlaceholder narrows a place of the flow's file to the placeholder in it.
func (c *flow) toPlaceholder(at diag.Span) diag.Span {
	if src := c.flow.File.Source; 0 <= at.Start && at.Start <= at.End && at.End <= len(src) {
		if begin, end, found := program.Placeholder(string(src[at.Start:at.End])); found {
			return diag.Span{File: at.File, Start: at.Start + begin, End: at.Start + end}
		}
	}
	return at
}

func placeholderIn(text string) (string, bool) {
	begin, end, found := program.Placeholder(text)
	return text[begin:end], found
}

func (env *surroundings) placeholder(t *ast.Text) (diag.Diagnostic, bool) {
	for _, w := range env.wordings(t) {
		if found, ok := placeholderIn(plain(w.parts, nil)); ok {
			return diag.New(diag.Warning, "placeholder-contact", w.at, "%q looks like a placeholder", found).
				WithHelp("Write the real number or address."), true
		}
	}
	return diag.Diagnostic{}, false
}

// declaredContent looks at what declarations say, and at the mark of an example.
func declaredContent(w *whole) {
	for _, x := range w.pack.Consents {
		if d, heavy := w.heavyText(x.Ask); heavy {
			w.add(d)
		}
	}
	if !w.options.Release {
		return
	}
	for _, x := range w.pack.Consents {
		for _, t := range []*ast.Text{x.Ask, x.SeenBy, x.FullText} {
			if d, found := w.placeholder(t); found {
				w.add(d)
			}
		}
	}
	for _, x := range w.pack.Tables {
		t := program.Table{Name: x.Name, Rows: x.Rows}
		for _, c := range x.Columns {
			t.Columns = append(t.Columns, program.Column{Name: c.Name})
		}
		for _, found := range t.Placeholders(w.pack.Languages) {
			w.add(diag.New(diag.Warning, "placeholder-contact", span(x.Line), "%q looks like a placeholder", found.Text).
				WithHelp("It stands in %s. Write the real number or address there.", found.Where))
		}
	}
	if w.pack.Example {
		at := w.place()
		if w.pack.Line != nil {
			for _, l := range w.pack.Line.Children {
				if _, ok := l.Head.(*ast.Example); ok {
					at = span(l)
				}
			}
		}
		w.add(diag.New(diag.Warning, "placeholder-contact", at, "this pack is still marked as an example").
			WithHelp("When every contact in it is real, remove this line."))
	}
}

func (w *whole) heavyText(t *ast.Text) (diag.Diagnostic, bool) {
	if t == nil {
		return diag.Diagnostic{}, false
	}
	return w.heavy(t)
}
