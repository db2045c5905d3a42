package script

import (
	"io"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/syntax"
	"baraza/engine"
)

// Expecting is a message as the lines of a test that expect it, indented as below "test".
func Expecting(m *engine.Outgoing) []string {
	var out []string
	switch kind := kindOf(m); kind {
	case "says":
		out = Line("bot", m.Text)
	case "link":
		if even(m.Text) != "" {
			out = Line("bot", m.Text)
		}
		out = append(out, Line("bot link", linkText(m))...)
	case "template":
		out = []string{"  bot template " + m.Template}
	default:
		if out = []string{"  bot " + kind}; even(m.Text) != "" {
			out = Line("bot "+kind, m.Text)
		}
	}
	if offers := "  bot offers: " + strings.Join(labels(m), ", "); len(m.Options) > 0 && reads(offers, m) {
		out = append(out, offers)
	}
	return out
}

// Line is a line of a test with a text, which stands below it where it has several lines. What is empty stands for
// anything.
func Line(head, text string) []string {
	text = strings.ReplaceAll(even(text), `\`, `\\`)
	if text == "" {
		text = anything
	}
	rows := strings.Split(text, "\n")
	if len(rows) == 1 {
		return []string{"  " + head + ": " + text}
	}
	out := []string{"  " + head + ":"}
	for _, row := range rows {
		out = append(out, "    "+row)
	}
	return out
}

// reads says that a line of options is read as these; a label may have what divides them, or be no words.
func reads(offers string, m *engine.Outgoing) bool {
	file, problems := syntax.ParseFile("offers.flow", []byte("test offers\n"+offers+"\n"))
	if len(problems) > 0 || len(file.Lines) != 1 || len(file.Lines[0].Children) != 1 {
		return false
	}
	h, ok := file.Lines[0].Children[0].Head.(*ast.Bot)
	if !ok {
		return false
	}
	var read []string
	for _, n := range h.Labels {
		read = append(read, n.Text)
	}
	return even(strings.Join(read, ", ")) == even(strings.Join(labels(m), ", "))
}

// WriteRows prints two transcripts side by side, with a sign where they differ.
func WriteRows(w io.Writer, left, right string, rows []Row) {
	width := columns(left)
	for _, x := range rows {
		for line := range strings.SplitSeq(x.Expected, "\n") {
			width = min(max(width, columns(line)), sideWidth)
		}
	}
	side(w, width, "  ", left, right)
	for _, x := range rows {
		mark := "  "
		if x.Differs {
			mark = "✗ "
		}
		side(w, width, mark, x.Expected, x.Actual)
	}
}
