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
			s := newScan(name, src)
			s.run()
			variants, silent := 0, 0
			for i, tok := range s.tokens {
				switch tok.kind {
				case spaceToken, newlineToken, indentToken, dedentToken, commentToken:
					continue
				}
				for k, j := range junk {
					if len(src) > 2000 && (i+k)%2 == 0 {
						continue // half of them for each word of a long file
					}
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
			if silent == variants {
				t.Errorf("%d damaged files and no problem", variants)
			}
		})
	}
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
	if at == damaged || at == damaged+1 && indentation(lines.Text(at)) > indentation(text) {
		return "" // a line that became a good one of another kind is not at fault, but what stands below it
	}
	return fmt.Sprintf("the problem is on line %d, the damage on line %d", at, damaged)
}

func indentation(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " ")) }
