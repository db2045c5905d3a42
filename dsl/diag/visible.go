package diag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// A flow comes from anywhere, and its lines are printed on terminals. What has no look of its own, or would
// move the cursor, turn the reading direction or hide a letter, is shown as a sign instead.

// A cell is one character as it is shown, and the bytes of the line it stands for.
type cell struct {
	text       string
	width      int // in columns of a terminal
	start, end int // offsets in the line
}

// tabText is how a tab is shown: marked, since that it is no space is mostly the point.
const tabText = "⇥   "

// cells splits a text into what is shown.
func cells(line []byte) []cell {
	row := make([]cell, 0, len(line))
	for at := 0; at < len(line); {
		n := clusterLen(line[at:])
		text := visible(line[at : at+n])
		row = append(row, cell{text, uniseg.StringWidth(text), at, at + n})
		at += n
	}
	return row
}

// shown is a text, such as a message with a writer's word in it, that can be printed.
func shown(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = ' ' <= s[i] && s[i] < 0x7f
	}
	if plain {
		return s
	}
	var b strings.Builder
	for _, c := range cells([]byte(s)) {
		b.WriteString(c.text)
	}
	return b.String()
}

// visible returns how one character is shown.
func visible(cluster []byte) string {
	base, size := utf8.DecodeRune(cluster)
	if size == len(cluster) && unicode.IsPrint(base) && base != utf8.RuneError {
		return string(cluster)
	}
	var b strings.Builder
	for at := 0; at < len(cluster); {
		r, n := utf8.DecodeRune(cluster[at:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, "⟨0x%02X⟩", cluster[at])
		case r == '\t':
			b.WriteString(tabText)
		case r < ' ':
			b.WriteRune(0x2400 + r) // the pictures of control characters
		case r == 0x7f:
			b.WriteRune('␡')
		case hidden(r, base):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
		at += n
	}
	return b.String()
}

// hidden tells whether a character of a cluster has no look of its own. The joiners belong to the spelling of
// many scripts and of emoji, and the tags to some flags; after other letters they are hidden too.
func hidden(r, base rune) bool {
	switch {
	case r == '\u200c' || r == '\u200d':
		return base < utf8.RuneSelf || base == r
	case 0xe0020 <= r && r <= 0xe007f:
		return base != 0x1f3f4
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false // Arabic number signs: seen, though of the class of the hidden
	case r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0:
		return true // Hangul fillers: letters that look like nothing
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}
