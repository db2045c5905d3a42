package syntax

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// tables is the statement table with its ways of finding a line.
type tables struct {
	all []*Head
	at  [places]index
	any index // every line with a keyword, of any place
}

// index finds the lines of one place.
type index struct {
	all     []*Head
	byFirst map[string][]*Head // by the first word, longest keyword first
	row     *Head              // the line without a keyword, where the place has one
}

var table = sync.OnceValue(func() *tables {
	t := &tables{}
	for _, s := range sections() {
		for _, h := range s.heads {
			h.words = strings.Fields(h.Keyword)
			t.all = append(t.all, h)
			for _, p := range h.Below {
				t.at[p].add(h)
			}
			t.any.add(h)
		}
	}
	for p := range t.at {
		t.at[p].sort()
	}
	t.any.sort()
	return t
})

func (x *index) add(h *Head) {
	if h.variant {
		return
	}
	x.all = append(x.all, h)
	if h.row != "" {
		x.addRow(h)
		return
	}
	if x.byFirst == nil {
		x.byFirst = make(map[string][]*Head)
	}
	x.byFirst[h.words[0]] = append(x.byFirst[h.words[0]], h)
}

// addRow knows the two rows that begin with a word of their own: a day, and a library's name with a dot.
func (x *index) addRow(h *Head) {
	switch h.row {
	case openingRow:
		if x.byFirst == nil {
			x.byFirst = make(map[string][]*Head)
		}
		for _, d := range days {
			x.byFirst[d] = append(x.byFirst[d], h)
		}
	case libraryRow: // found by its dot
	default:
		x.row = h
	}
}

func (x *index) sort() {
	for _, heads := range x.byFirst {
		slices.SortStableFunc(heads, func(a, b *Head) int { return len(b.words) - len(a.words) })
	}
}

const (
	openingRow = "opening line"
	libraryRow = "library line"
)

var days = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// keyword returns the line of this place that begins with the text's first words, and how many bytes they take;
// nil where none does. Rows that begin with a name are not found.
func (x *index) keyword(text []byte) (*Head, int) {
	first := firstWord(text)
	if n := arrowLen(text); n > 0 {
		if heads := x.byFirst["->"]; len(heads) > 0 {
			return heads[0], n
		}
		return nil, 0
	}
	for _, h := range x.byFirst[string(text[:first])] {
		if h.row != "" {
			return h, 0
		}
		if n := h.match(text); n > 0 {
			return h, n
		}
	}
	return nil, 0
}

// find returns the line of this place that the text can be. Rows count.
func (t *tables) find(p Place, text []byte) (*Head, int) {
	x := &t.at[p]
	if h, n := x.keyword(text); h != nil {
		return h, n
	}
	if p == Margin && isBind(text) {
		for _, h := range x.all {
			if h.row == libraryRow {
				return h, 0
			}
		}
	}
	return nil, 0
}

// isBind tells whether a text begins like safety.team.
func isBind(text []byte) bool {
	n := firstWord(text)
	return n > 0 && n+1 < len(text) && text[n] == '.' && firstWord(text[n+1:]) > 0
}

// match returns how many bytes of the text are the keyword, 0 where it is another.
func (h *Head) match(text []byte) int {
	at := 0
	for i, w := range h.words {
		if i > 0 {
			at += spaceLen(text[at:])
		}
		n := firstWord(text[at:])
		if n != len(w) || string(text[at:at+n]) != w {
			return 0
		}
		at += n
	}
	return at
}

// firstWord returns the length of the word, arrow or dash that the text begins with, 0 for anything else. A dash
// is one only before a space or the end.
func firstWord(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	if text[0] == '-' {
		switch {
		case len(text) > 1 && text[1] == '>':
			return 2
		case len(text) == 1 || text[1] == ' ' || text[1] == '\t':
			return 1
		}
		return 0
	}
	return wordLen(text)
}

// wordLen returns the length of the word at the text's start: letters, marks, digits and _, not beginning with a
// digit; a hyphen only between two of them, as in pt-br.
func wordLen(text []byte) int {
	n := 0
	for n < len(text) {
		c := text[n]
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_':
			n++
			continue
		case '0' <= c && c <= '9':
			if n == 0 {
				return 0
			}
			n++
			continue
		case c == '-':
			if n == 0 || n+1 == len(text) || !wordRune(text[n+1:]) {
				return n
			}
			n++
			continue
		case c < utf8.RuneSelf:
			return n
		}
		r, size := utf8.DecodeRune(text[n:])
		if !(unicode.IsLetter(r) || n > 0 && (unicode.IsMark(r) || unicode.IsDigit(r))) {
			return n
		}
		n += size
	}
	return n
}

// wordRune tells whether the text begins with a letter, digit or _.
func wordRune(text []byte) bool {
	r, _ := utf8.DecodeRune(text)
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// spaceLen returns the length of the white space that the text begins with.
func spaceLen(text []byte) int {
	n := 0
	for n < len(text) && (text[n] == ' ' || text[n] == '\t') {
		n++
	}
	return n
}
