package capability

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// A Unit is how a channel counts the length of a text.
type Unit uint8

const (
	// Graphemes are what a reader takes for one character: 👩‍👩‍👧 is one.
	Graphemes Unit = iota
	// CodePoints are Unicode code points: 👩‍👩‍👧 is five.
	CodePoints
	// UTF16 is UTF-16 code units, which JavaScript counts: 👩‍👩‍👧 is eight.
	UTF16
	// GSM is the units of one SMS: septets where the GSM alphabet has every character (some take two), and
	// UTF-16 units of the whole text where it lacks one.
	GSM
)

// String names the unit as people read it in a diagnostic: "characters" for all but SMS, whose septets a writer
// cannot see.
func (u Unit) String() string {
	if u == GSM {
		return "SMS characters"
	}
	return "characters"
}

// Len is the length of s in this unit. A byte that is not UTF-8 counts as one replacement character.
func (u Unit) Len(s string) int {
	switch u {
	case CodePoints:
		return utf8.RuneCountInString(s)
	case UTF16:
		return utf16Len(s)
	case GSM:
		if n, ok := septets(s); ok {
			return n
		}
		return utf16Len(s)
	}
	return uniseg.GraphemeClusterCount(s)
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += utf16Width(r)
	}
	return n
}

// utf16Width is 2 for the code points beyond the first plane, most emoji among them.
func utf16Width(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}
