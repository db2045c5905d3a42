package check

import (
	"fmt"

	"baraza/channels/capability"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
)

// piece is a part of a message that a channel limits.
type piece struct {
	code  string
	noun  string // "label", "text", …
	help  string
	limit func(capability.Channel) int // 0: none
	// sent: the piece is a message by itself, and so counts in parts where a channel sends parts.
	sent bool
	// below is what stands below it in a language on a channel where it cannot be tapped.
	below func(lang string) string
}

const (
	shorten = "Shorten it. What people need to know more can stand in the question's text."
	split   = "Shorten it, or say a part of it in a message of its own."
)

var (
	bodyPiece     = piece{"text-too-long", "text", split, func(c capability.Channel) int { return c.Body }, true, nil}
	questionPiece = piece{"text-too-long", "text", split, func(c capability.Channel) int { return c.BodyWithOptions }, true, nil}
	headerPiece   = piece{"text-too-long", "header", "Shorten it, or put it into the question's text.", func(c capability.Channel) int { return c.Header }, false, nil}
	footerPiece   = piece{"text-too-long", "footer", "Shorten it, or put it into the question's text.", func(c capability.Channel) int { return c.Footer }, false, nil}
	captionPiece  = piece{"caption-too-long", "caption", "Keep one sentence, and say the rest in a message of its own.", func(c capability.Channel) int { return c.Caption }, false, nil}
	listPiece     = piece{"label-too-long", "list button", "Shorten it to a word or two.", func(c capability.Channel) int { return c.ListButton }, false, nil}
	linkPiece     = piece{"label-too-long", "button", "Shorten it to a word or two. What people find on the page can stand in the text.", func(c capability.Channel) int { return c.LinkLabel }, false, nil}
	aboutPiece    = piece{"label-too-long", "second line", shorten, func(c capability.Channel) int { return c.RowAbout }, false, nil}
)

// labelPiece is a label among so many options: where they do not fit on buttons they become a list, whose rows
// are wider.
func labelPiece(n int) piece {
	return piece{"label-too-long", "label", shorten, func(c capability.Channel) int {
		switch {
		case c.Rows > 0:
			return c.RowLabel
		case n <= c.Buttons:
			return c.ButtonLabel
		}
		return 0
	}, false, nil}
}

// lengths measures all that a flow sends, in every language, on every channel.
func lengths(c *flow) {
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		switch h := l.Head.(type) {
		case *ast.Say:
			switch h.Kind {
			case "", "text", "one of":
				c.measure(bodyPiece, l.Text)
			case "image", "video", "document":
				c.measure(captionPiece, l.Text)
			case "link":
				c.measureLink(l, h)
			}
		case *ast.Wording, *ast.Hide:
			c.measure(bodyPiece, l.Text)
		case *ast.When:
			c.measure(bodyPiece, l.Text)
		case *ast.Ask:
			c.measureQuestion(l, h)
		}
	})
}

// measureLink looks at the button, and at the text above it. Where there is no button, its label and the address
// stand below the text.
func (c *flow) measureLink(l *ast.Line, h *ast.Say) {
	button := prop(l, "button")
	if button == nil {
		return
	}
	labels := map[string]string{}
	for _, w := range c.wordings(button.Text) {
		labels[w.lang] = plain(w.parts, c.filler(w.lang))
	}
	text := questionPiece
	text.sent = true
	text.below = func(lang string) string {
		label, ok := labels[lang]
		if !ok {
			label = labels[c.pack.Languages[0]]
		}
		return "\n\n" + label + ": " + h.Address
	}
	c.measure(text, textOf(l))
	c.measure(linkPiece, button.Text)
}

func (c *flow) measureQuestion(l *ast.Line, h *ast.Ask) {
	all := options(l)
	n := len(all)
	if prop(l, "skip") != nil {
		n++
	}
	if h.Several {
		n++ // the one that says Done
	}
	body := bodyPiece
	if n > 0 || h.Rows != nil {
		body = questionPiece
	}
	c.measure(body, textOf(l))
	for name, p := range map[string]piece{
		"header": headerPiece, "footer": footerPiece, "list button": listPiece, "skip": labelPiece(n), "why": bodyPiece,
	} {
		if line := prop(l, name); line != nil {
			c.measure(p, line.Text)
		}
	}
	for _, o := range all {
		c.measure(labelPiece(n), o.Text)
		if about := prop(o, "about"); about != nil {
			c.measure(aboutPiece, about.Text)
		}
	}
	c.measureRows(l, h)
}

// measureRows looks at the labels that come from a table: its own cells.
func (c *flow) measureRows(l *ast.Line, h *ast.Ask) {
	if h.Rows == nil || h.Show == nil {
		return
	}
	t := c.tables[h.Rows.Source]
	if t == nil {
		return
	}
	for _, lang := range c.pack.Languages {
		for row := range t.Rows {
			text := c.cell(t, row, h.Show.Text, lang)
			for _, ch := range c.channels {
				limit := labelPiece(len(t.Rows)).limit(ch)
				if n := ch.Unit.Len(text); limit > 0 && n > limit {
					c.add(diag.New(diag.Error, "label-too-long", diag.Span(h.Show.Span()), "this label has %d %s, and %s shows %d: %s", n, ch.Unit, ch.Title, limit, quoted(text)).
						WithHelp("The label is in the table %q, in the column %q. Shorten it there, or show another column.", t.Name, h.Show.Text))
					return
				}
			}
		}
	}
}

// measure reports a text once: at the language and the channel where most is missing.
func (c *flow) measure(p piece, t *ast.Text) {
	d, long := c.tooLong(p, t, c.filler)
	if !long {
		return
	}
	if c.cut == nil {
		c.cut = map[*ast.Text]bool{}
	}
	c.cut[t] = true
	c.add(d)
}

func (env *surroundings) tooLong(p piece, t *ast.Text, fill func(lang string) func(*ast.Expr) string) (worst diag.Diagnostic, long bool) {
	if t == nil {
		return worst, false
	}
	over := 0
	for _, w := range env.wordings(t) {
		text, estimated := "", false
		for _, ch := range env.channels {
			limit := p.limit(ch)
			parts := p.sent && ch.Parts > 0
			if limit == 0 && !parts {
				continue
			}
			if text == "" {
				text = plain(w.parts, fill(w.lang))
				estimated = holds(w.parts)
			}
			text := text
			if p.below != nil && !ch.Links {
				text += p.below(w.lang)
			}
			if n := ch.Unit.Len(text); limit > 0 && n > limit && n-limit > over {
				over, long = n-limit, true
				worst = env.length(p, w, ch, text, n, limit, estimated)
			}
			if parts && over == 0 {
				if n, unicode := capability.Segments(text); n > ch.Parts {
					worst, long = env.parts(w, ch, text, n, unicode), true
				}
			}
		}
	}
	return worst, long
}

// length says by how much a text is too long, and how that was counted.
func (env *surroundings) length(p piece, w wording, ch capability.Channel, text string, n, limit int, estimated bool) diag.Diagnostic {
	has := fmt.Sprintf("has %d", n)
	if estimated {
		has = fmt.Sprintf("can have %d", n)
	}
	d := diag.New(diag.Error, p.code, w.at, "this %s %s %s, and %s shows %d%s", p.noun, has, ch.Unit, ch.Title, limit, env.inLanguage(w.lang))
	if parts, unicode := capability.Segments(text); ch.Unit == capability.GSM && parts > 1 {
		d = d.WithHelp("It would be sent as %d SMS%s.", parts, because(text, unicode))
	}
	if estimated {
		d = d.WithHelp("The values in {…} are counted by the longest that they can be.")
	}
	return d.WithHelp("%s", p.help)
}

func (env *surroundings) parts(w wording, ch capability.Channel, text string, n int, unicode bool) diag.Diagnostic {
	return diag.New(diag.Warning, "too-many-parts", w.at, "this text goes out as %d %s, each of which is paid%s", n, ch.Title, env.inLanguage(w.lang)).
		WithHelp("It has %d characters%s.", ch.Unit.Len(text), because(text, unicode)).
		WithHelp("Shorten it: %d parts are the most that people get whole and in order.", ch.Parts)
}

// because names the character that halves the room of an SMS.
func because(text string, unicode bool) string {
	if r, ok := capability.OutsideGSM(text); unicode && ok {
		return fmt.Sprintf(", since %q is not in the alphabet of SMS and every part then holds 67 characters", string(r))
	}
	return ""
}

// inLanguage names the language where a pack has more than one.
func (env *surroundings) inLanguage(lang string) string {
	if len(env.pack.Languages) < 2 {
		return ""
	}
	return " (" + lang + ")"
}

func holds(parts []ast.Part) bool {
	for _, p := range parts {
		if p.Hole != nil || p.Plural != nil || p.Select != nil {
			return true
		}
	}
	return false
}

// quoted is a text short enough for a message.
func quoted(s string) string {
	r := []rune(s)
	if len(r) > 30 {
		s = string(r[:30]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// declaredLengths measures what declarations say: consents and templates.
func declaredLengths(w *whole) {
	fill := func(string) func(*ast.Expr) string { return nil }
	measure := func(p piece, t *ast.Text) {
		if d, long := w.tooLong(p, t, fill); long {
			w.add(d)
		}
	}
	for _, x := range w.pack.Consents {
		measure(questionPiece, x.Ask)
		measure(labelPiece(2), x.Yes)
		measure(labelPiece(2), x.No)
	}
	templates := func(limit int) func(capability.Channel) int {
		return func(c capability.Channel) int {
			if c.Templates {
				return limit
			}
			return 0
		}
	}
	for _, t := range w.pack.Templates {
		measure(piece{"text-too-long", "template", "Shorten it: a template is approved as a whole.", templates(templateBody), false, nil}, t.Body)
		measure(piece{"text-too-long", "header", "Shorten it.", templates(templateLine), false, nil}, t.Header)
		measure(piece{"text-too-long", "footer", "Shorten it.", templates(templateLine), false, nil}, t.Footer)
		for _, b := range t.Buttons {
			measure(piece{"label-too-long", "button", "Shorten it to a word or two.", templates(templateButton), false, nil}, b)
		}
	}
}

// WhatsApp's limits of a template: its body, its header and footer, and a button.
const (
	templateBody   = 1024
	templateLine   = 60
	templateButton = 25
)

// pages of options are the most that people look through: the first has one row for "more", and so has each
// but the last.
const pages = 2

// tooManyOptions warns where a list has more pages than people look at.
func tooManyOptions(c *flow) {
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		if _, ok := l.Head.(*ast.Ask); !ok {
			return
		}
		n := len(options(l))
		if prop(l, "skip") != nil {
			n++
		}
		for _, ch := range c.channels {
			once := max(ch.Rows, ch.Buttons)
			if once == 0 || n <= pages*once-1 {
				continue
			}
			c.add(diag.New(diag.Warning, "too-many-options", span(l), "this question has %d options, and %s shows %d at once", n, ch.Title, once).
				WithHelp("Ask a broader question first, and then only what depends on its answer.").
				WithHelp("Or keep the rows in a table, and let people write the name:  ask … as text"))
			return
		}
	})
}
