package syntax

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"baraza/dsl/diag"
)

// junk is what a slip of the hand or of an editor puts where a word was.
var junk = []string{"", "xyzzy", "=>", "->", "“", "3", "?", "say", "when", ":", "(", `"`, "{", "…", "1.", "}", "\u200b", "- ", "End"}

// Of a good file with one token replaced by junk at most one thing is said, and about the line that was damaged.
func TestOneDamagedTokenGivesAtMostOneProblemOnItsLine(t *testing.T) {
	t.Parallel()
	for name, src := range goodFiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variants, silent := 0, 0
			for _, part := range partsOf(src) {
				if _, list := ParseFile(name, part); len(list) > 0 {
					t.Fatalf("not a good part:\n%s\n%s", part, show(part, list))
				}
				v, s := damageEveryToken(t, name, part)
				variants, silent = variants+v, silent+s
			}
			if silent > variants/2 {
				t.Errorf("of %d damaged files %d have no problem", variants, silent)
			}
		})
	}
}

// partsOf cuts a file at its margin, so that a test of every token need not read all of it again. Steps and
// triggers get a flow.
func partsOf(src []byte) [][]byte {
	var parts [][]byte
	for _, row := range bytes.SplitAfter(src, []byte("\n")) {
		margin := len(row) > 1 && row[0] != ' ' && row[0] != '#'
		if !margin && len(parts) == 0 {
			continue
		}
		if margin {
			parts = append(parts, nil)
		}
		last := &parts[len(parts)-1]
		if h, _ := table().find(Margin, row); margin && h != nil && slices.Contains([]string{"step", "on", "takes"}, string(row[:firstWord(row)])) {
			*last = []byte("flow a: A\n")
		}
		*last = append(*last, row...)
	}
	return parts
}

// damageEveryToken returns how many damaged files it made and how many of them are as good as before.
func damageEveryToken(t *testing.T, name string, src []byte) (variants, silent int) {
	s := newScan(name, src)
	s.run()
	for _, tok := range s.tokens {
		switch tok.kind {
		case spaceToken, newlineToken, indentToken, dedentToken, commentToken:
			continue
		}
		for _, j := range junk {
			damaged := slices.Concat(src[:tok.start], []byte(j), src[tok.end:])
			variants++
			_, list := ParseFile(name, damaged)
			if len(list) == 0 {
				silent++
				continue
			}
			if why := elsewhere(damaged, int(tok.start), list); why != "" {
				t.Errorf("line %d, %q replaced by %q: %s\n%s", tok.line, src[tok.start:tok.end], j, why, show(damaged, list))
			}
		}
	}
	return variants, silent
}

// elsewhere says what is wrong with the problems of a file damaged at a place, "" for nothing.
func elsewhere(src []byte, start int, list diag.List) string {
	lines := diag.NewLines(src)
	damaged := lines.LineAt(start)
	text := lines.Text(damaged)
	if len(bytes.TrimSpace(text)) == 0 || bytes.HasPrefix(bytes.TrimSpace(text), []byte("#")) {
		return "" // the line is gone, and what stood below it is below another one
	}
	if len(list) > 1 {
		return fmt.Sprintf("%d problems", len(list))
	}
	at := lines.LineAt(list[0].Span.Start)
	if at == damaged || at == damaged+1 {
		return "" // a line that became a good one of another kind is not at fault, but the next one
	}
	return fmt.Sprintf("the problem is on line %d, the damage on line %d", at, damaged)
}
