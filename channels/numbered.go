package channels

import (
	"strconv"
	"strings"

	"baraza/channels/markup"
	"baraza/engine"
)

// Numbered is a message as one text in canonical markup, for where nothing can be tapped: its header, the text, a
// line for each option with what can be written instead, its link, and its footer.
func Numbered(m engine.Outgoing) string {
	var b strings.Builder
	for i := range m.Options {
		o := &m.Options[i]
		if i > 0 {
			b.WriteByte('\n')
		}
		if o.Number >= 0 {
			b.WriteString(strconv.Itoa(o.Number))
			b.WriteString(". ")
		} else {
			b.WriteString("- ")
		}
		b.WriteString(o.Label)
		if o.About != "" {
			b.WriteString(" (")
			b.WriteString(o.About)
			b.WriteByte(')')
		}
	}
	return Framed(m.Header, m.Text, b.String(), Linked(m), m.Footer)
}

// Linked is the link of a message in canonical markup, for where no button opens it: the label, and below it the
// address on a line of its own, so that the two do not mix where the label runs from right to left. "" without a link.
func Linked(m engine.Outgoing) string {
	if m.Link == "" {
		return ""
	}
	return m.LinkLabel + ":\n" + markup.Escape(m.Link)
}

// Framed puts texts one below the other, leaving out those that are empty.
func Framed(texts ...string) string {
	var kept []string
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			kept = append(kept, t)
		}
	}
	return strings.Join(kept, "\n\n")
}
