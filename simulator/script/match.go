package script

import (
	"strings"

	"baraza/channels/markup"
	"baraza/dsl/ast"
	"baraza/engine"
	"baraza/engine/program"
)

// anything is the character that matches any text, also none.
const anything = "…"

// pattern is a test's text; a hole, which a test cannot know the value of, matches anything.
func pattern(t *ast.Text) string {
	if t == nil {
		return ""
	}
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Hole != nil || p.Plural != nil || p.Select != nil {
			b.WriteString(anything)
			continue
		}
		b.WriteString(p.Literal)
	}
	return b.String()
}

// wording is a compiled text as a pattern.
func wording(t program.Text) string {
	var b strings.Builder
	for _, s := range t {
		if s.Kind == program.Literal {
			b.WriteString(s.Literal)
			continue
		}
		b.WriteString(anything)
	}
	return b.String()
}

// matches compares a pattern with a whole text. Escapes, direction isolates and runs of white space do not count.
func matches(pattern, text string) bool {
	parts := strings.Split(even(pattern), anything)
	rest := even(text)
	for i, part := range parts {
		if i > 0 {
			part = strings.TrimSpace(part)
		}
		if i < len(parts)-1 {
			part = strings.TrimRight(part, " \n")
		}
		switch {
		case i == 0:
			if !strings.HasPrefix(rest, part) {
				return false
			}
			rest = rest[len(part):]
		case i == len(parts)-1 && part != "":
			return strings.HasSuffix(rest, part)
		default:
			at := strings.Index(rest, part)
			if at < 0 {
				return false
			}
			rest = rest[at+len(part):]
		}
	}
	return len(parts) > 1 || rest == ""
}

// even drops what a person does not see, so that a test is written as the message reads.
func even(s string) string {
	s = strings.NewReplacer(`\*`, "*", `\_`, "_", `\~`, "~", `\\`, `\`, "\u2066", "", "\u2067", "", "\u2068", "", "\u2069", "").Replace(s)
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// otherWording accepts any wording of the "say one of" that a message came from.
func (r *runner) otherWording(want string, m *engine.Outgoing) bool {
	for _, op := range r.prog.Code {
		if op.Code != program.OpSayOneOf || !r.has(op.Texts, m.String) {
			continue
		}
		for _, t := range op.Texts {
			for _, text := range r.prog.Strings[t].Texts {
				if w := wording(text); matches(want, w) || matches(w, want) {
					return true
				}
			}
		}
	}
	return false
}

func (r *runner) has(texts []int, id string) bool {
	for _, t := range texts {
		if r.prog.Strings[t].ID == id {
			return true
		}
	}
	return false
}

func labels(m *engine.Outgoing) []string {
	var out []string
	for _, o := range m.Options {
		out = append(out, markup.Plain(o.Label))
	}
	return out
}

// kindOf is the word after "bot" for a message.
func kindOf(m *engine.Outgoing) string {
	switch {
	case m.Media.Kind != "":
		return m.Media.Kind
	case m.Place != nil:
		return "location"
	case m.Contact != "":
		return "contact"
	case m.Template != "":
		return "template"
	}
	return "says"
}

func expectedText(l *ast.Line, h *ast.Bot) string {
	switch {
	case h.Does == "says":
		return "bot: " + pattern(l.Text)
	case h.Template != nil:
		return "bot template " + h.Template.Text
	}
	return "bot " + h.Does
}

// actualText is what a bot line is compared with: the message without header, footer and options.
func actualText(m *engine.Outgoing) string { return m.Text }

// actual is a message as a line of the transcript, written like the line that would expect it.
func actual(m *engine.Outgoing) string {
	kind := kindOf(m)
	switch kind {
	case "says":
		return "bot: " + even(m.Text)
	case "template":
		return "bot template " + m.Template
	}
	return "bot " + kind
}
