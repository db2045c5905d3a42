package channels

import (
	"strconv"
	"strings"

	"baraza/engine"
)

// Numbered is a question as one text in canonical markup, for where nothing can be tapped: its header, the text, a
// line for each option with what can be written instead, and its footer.
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
	return Framed(m.Header, m.Text, b.String(), m.Footer)
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
