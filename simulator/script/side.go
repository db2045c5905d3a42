package script

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
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
			row += word
		}
		out = append(out, row)
	}
	return out
}
