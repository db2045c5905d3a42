package script

import (
	"fmt"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
)

// next is the next message of the bot that no line was about, nil for none. What staff write has its line already.
func (r *runner) next() *engine.Outgoing {
	for r.read < len(r.talk.Lines) {
		line := r.talk.Lines[r.read]
		r.read++
		if line.Who == simulator.Bot {
			r.told = false
			return line.Send
		}
	}
	return nil
}

// nothingMore says what the bot also said before the test goes on.
func (r *runner) nothingMore() *problem {
	m := r.next()
	if m == nil {
		return nil
	}
	return r.differ("", actual(m), r.opening(m, "the bot also says something that the test has no line for"))
}

// opening is a problem with a message, with help where the message is one that opens every conversation.
func (r *runner) opening(m *engine.Outgoing, says string) *problem {
	if i := r.prog.Language; i != program.None && m.String == r.id(r.prog.States[i].Ask.Text) {
		return &problem{"the bot asks for the language first", fmt.Sprintf("Begin the test with \"language %s\", or let the person answer.", r.prog.Languages[0])}
	}
	if i := r.prog.Notice; i != program.None && m.String == r.id(r.prog.Consents[i].Ask) {
		return &problem{"the bot shows the notice first", fmt.Sprintf("Begin the test with \"given consent %s\", or let the person answer.", r.prog.Consents[i].Name)}
	}
	return &problem{says: says}
}

func (r *runner) id(text int) string {
	if text == program.None {
		return ""
	}
	return r.prog.Strings[text].ID
}

func (r *runner) bot(l *ast.Line, h *ast.Bot) *problem {
	if h.Does == "offers" {
		return r.offers(h)
	}
	expected := expectedText(l, h)
	if r.last != nil && !r.told && h.Does != "says" && kindOf(r.last) == h.Does && r.fits(l, h, r.last) {
		r.told = true // a line about the text of the message stood before
		r.both(expected)
		return nil
	}
	m := r.next()
	if m == nil {
		return r.differ(expected, "the bot says nothing more", wrong("the bot says nothing here"))
	}
	r.last, r.told = m, h.Does != "says"
	if !r.fits(l, h, m) {
		if want := pattern(l.Text); strings.Contains(want, "...") && matches(strings.ReplaceAll(want, "...", anything), m.Text) {
			return r.differ(expected, actual(m), &problem{"the bot says something else", "Three full stops are only that. One sign, …, stands for anything; copy it from here."})
		}
		return r.differ(expected, actual(m), r.opening(m, "the bot says something else"))
	}
	r.rows = append(r.rows, Row{Expected: expected, Actual: actual(m)})
	return nil
}

// fits compares a bot line with a message: the kind, and the text where the line has one.
func (r *runner) fits(l *ast.Line, h *ast.Bot, m *engine.Outgoing) bool {
	if h.Does != "says" && kindOf(m) != h.Does || h.Template != nil && m.Template != h.Template.Text {
		return false
	}
	if l.Text == nil {
		return true
	}
	want := pattern(l.Text)
	if h.Does == "link" { // its text has a line of its own
		return matches(want, m.LinkLabel) || matches(want, linkText(m))
	}
	return matches(want, m.Text) || r.otherWording(want, m)
}

func (r *runner) offers(h *ast.Bot) *problem {
	var want []string
	for _, n := range h.Labels {
		want = append(want, n.Text)
	}
	expected := "bot offers: " + strings.Join(want, ", ")
	if r.last == nil {
		r.last = r.next()
	}
	// Compared as written, since a label may hold a comma.
	if r.last == nil || even(strings.Join(labels(r.last), ", ")) != even(strings.Join(want, ", ")) {
		return r.differ(expected, offered(r.last), wrong("the bot offers something else"))
	}
	r.both(expected)
	return nil
}

func labels(m *engine.Outgoing) []string {
	var out []string
	for _, o := range m.Options {
		out = append(out, simulator.Label(o))
	}
	return out
}

func offered(m *engine.Outgoing) string {
	if m == nil || len(m.Options) == 0 {
		return "nothing is offered"
	}
	return "bot offers: " + strings.Join(labels(m), ", ")
}

// otherWording accepts any wording of the "say one of" that a message came from.
func (r *runner) otherWording(want string, m *engine.Outgoing) bool {
	from := func(s int) bool { return r.prog.Strings[s].ID == m.String }
	for _, op := range r.prog.Code {
		if op.Code != program.OpSayOneOf || !slices.ContainsFunc(op.Texts, from) {
			continue
		}
		for _, t := range op.Texts {
			for _, text := range r.prog.Strings[t].Texts {
				if w := wording(text); text != nil && (matches(want, w) || matches(w, want)) {
					return true
				}
			}
		}
	}
	return false
}

// kindOf is the word after "bot" for a message.
func kindOf(m *engine.Outgoing) string {
	switch {
	case m.Template != "":
		return "template"
	case m.Media.Kind != "":
		return m.Media.Kind
	case m.Place != nil:
		return "location"
	case m.Contact != "":
		return "contact"
	case m.Link != "":
		return "link"
	}
	return "says"
}

// linkText is what a test can say of a link: its button and where that leads.
func linkText(m *engine.Outgoing) string { return m.LinkLabel + ": " + m.Link }

func expectedText(l *ast.Line, h *ast.Bot) string {
	does := "bot " + h.Does
	switch {
	case h.Does == "says":
		does = "bot"
	case h.Template != nil:
		does = "bot template " + h.Template.Text
	}
	if l.Text == nil {
		return does
	}
	return does + ": " + pattern(l.Text)
}

// actual is a message as a line of the transcript, written like the line that would expect it.
func actual(m *engine.Outgoing) string {
	does := "bot " + kindOf(m)
	switch kindOf(m) {
	case "says":
		return "bot: " + even(m.Text)
	case "link":
		return "bot: " + even(m.Text) + "\nbot link: " + even(linkText(m))
	case "template":
		return "bot template " + m.Template
	}
	if m.Text == "" {
		return does
	}
	return does + ": " + even(m.Text)
}
