package script

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"baraza/dsl/ast"
)

// sideWidth is the widest column of a comparison, so that two fit a terminal.
const sideWidth = 56

func columns(s string) int { return uniseg.StringWidth(s) }

// side prints two texts beside each other, line by line, each broken at the column's width.
func side(w io.Writer, width int, mark, left, right string) {
	l, r := fold(left, width), fold(right, sideWidth)
	for i := range max(len(l), len(r)) {
		a, b := "", ""
		if i < len(l) {
			a = l[i]
		}
		if i < len(r) {
			b = r[i]
		}
		line := mark + a + strings.Repeat(" ", max(0, width-columns(a))) + " | " + b
		fmt.Fprintln(w, strings.TrimRight(line, " "))
		mark = "  "
	}
}

// fold breaks a text into lines of at most width columns, at words where it can.
func fold(s string, width int) []string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		row := ""
		for _, word := range strings.SplitAfter(line, " ") {
			if row != "" && columns(row)+columns(strings.TrimRight(word, " ")) > width {
				out, row = append(out, strings.TrimRight(row, " ")), ""
			}
			for columns(strings.TrimRight(word, " ")) > width { // a link, or a script without spaces
				part := cut(word, width)
				out, word = append(out, part), word[len(part):]
			}
			row += word
		}
		out = append(out, strings.TrimRight(row, " "))
	}
	return out
}

// cut is the beginning of a text that fits a width, at least one character.
func cut(s string, width int) string {
	n, used := 0, 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if used += g.Width(); used > width && n > 0 {
			break
		}
		n += len(g.Str())
	}
	return s[:n]
}

// Write prints a failed test: where, what, and both transcripts side by side.
func (r Result) Write(w io.Writer, lineOf func(ast.Span) int) {
	fmt.Fprintf(w, "%s:%d: %s\n", r.Span.File, lineOf(r.Span), r.Problem)
	fmt.Fprintf(w, "  in the test %q\n", r.Test.Title)
	if r.Help != "" {
		fmt.Fprintf(w, "  %s\n", r.Help)
	}
	fmt.Fprintln(w)
	if len(r.Rows) == 0 {
		return
	}
	WriteRows(w, "expected", "actual", r.Rows)
	fmt.Fprintln(w)
}
