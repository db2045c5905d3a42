package answer

import (
	"slices"
	"strings"
	"unicode"
)

// maxSeveralBytes and maxSeveralWords bound what is read as a list of options: longer texts are none.
const (
	maxSeveralBytes = 4 << 10
	maxSeveralWords = 128
)

// conjunctions are the folded words that part a list, in every language: none of them means
// something else in another of these languages, so they need not be kept apart. "Or" is not among them.
var conjunctions = []string{"and", "y", "e", "et", "na", "iyo", "و", "اور", "und", "ve", "и", "та", "और", "एवं", "এবং", "ও", "আর", "እና"}

// Several reads a list of options: numbers, labels and also-words parted by commas, semicolons or lines of any
// script, by "&", "+" or "and" in the languages we know ("1, 3", "١ و ٣", "food and water"), or numbers by
// spaces alone. Every part must match exactly; one that does not refuses the whole. A label that itself
// has a comma or an "and" is tried first. The indexes come in the order of the message, each once.
func (c *Choices) Several(lang, text string) ([]int, bool) {
	if len(text) > maxSeveralBytes {
		return nil, false
	}
	if m, ok := c.Exact(lang, text); ok {
		return []int{m.Index}, true
	}
	list, ok := readList(text)
	if !ok {
		return nil, false
	}
	options := make([]int, 0, 8)
	r := listReader{c: c, lang: lang, list: list, dead: make([]bool, 2*len(list.words))}
	if !r.read(0, 0, &options) {
		return nil, false
	}
	slices.Reverse(options) // read fills it from the end
	return unique(options), true
}

func unique(options []int) []int {
	seen := options[:0]
	for _, option := range options {
		if !slices.Contains(seen, option) {
			seen = append(seen, option)
		}
	}
	return seen
}

// A list is a message cut into folded words. Words lie side by side in text, one space between.
type list struct {
	text  string
	words []listWord
}

type listWord struct {
	start, end int
	parted     bool // a comma or the like stands before it
}

func readList(text string) (list, bool) {
	var l list
	var b strings.Builder
	for part := range strings.FieldsFuncSeq(text, isListMark) {
		if joinsDigits(part) {
			return list{}, false
		}
		folded := StripEmoji(Fold(part))
		if folded == "" {
			continue
		}
		parted := len(l.words) > 0
		for word := range strings.SplitSeq(folded, " ") {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			start := b.Len()
			b.WriteString(word)
			l.words = append(l.words, listWord{start, b.Len(), parted})
			parted = false
		}
		if len(l.words) > maxSeveralWords {
			return list{}, false
		}
	}
	l.text = b.String()
	return l, len(l.words) > 0
}

func isListMark(r rune) bool {
	switch r {
	case ',', '،', '，', '、', '､', '﹐', ';', '；', '؛', '\n', '\r', '&', '+', '＆', '＋', '|', '•', '·':
		return true
	}
	return false
}

// joinsDigits finds what makes one value of two numbers, such as "1.5", "1 - 3" or "1/2": not a list. What only
// ends a number, as in "1. 2.", does not join.
func joinsDigits(part string) bool {
	number, joined := false, false // a number came before; so did a joining mark after it
	var last rune
	for _, r := range part {
		switch {
		case unicode.IsDigit(r):
			if joined {
				return true
			}
			number = true
		case unicode.IsSpace(r):
			joined = joined && last != '.' && last != ')' && last != ':'
		case unicode.IsPunct(r), unicode.IsSymbol(r):
			joined = joined || number
		case isDropped(r), unicode.Is(unicode.M, r):
			continue
		default:
			number, joined = false, false
		}
		last = r
	}
	return false
}

// A listReader finds a way to cut a list into options, the longest words first. What failed once from a place
// is not tried again, so it is linear in words times the words of the longest label.
type listReader struct {
	c    *Choices
	lang string
	list list
	dead []bool
}

// read cuts the list from word i on, less the skipped bytes of that word, and appends the options found, the
// last one first.
func (r *listReader) read(i, skip int, options *[]int) bool {
	words := r.list.words
	if i == len(words) {
		return true
	}
	memo := 2*i + min(skip, 1)
	if r.dead[memo] {
		return false
	}
	for j := min(len(words), i+max(r.c.maxWords, 1)); j > i; j-- {
		m, ok := r.c.Exact(r.lang, r.list.text[words[i].start+skip:words[j-1].end])
		if ok && r.after(j, m.How == ByNumber, options) {
			*options = append(*options, m.Index)
			return true
		}
	}
	r.dead[memo] = true
	return false
}

// after reads on behind an option that ended before word j.
func (r *listReader) after(j int, number bool, options *[]int) bool {
	words := r.list.words
	if j == len(words) {
		return true
	}
	next := r.list.text[words[j].start:words[j].end]
	if slices.Contains(conjunctions, next) && j+1 < len(words) && r.read(j+1, 0, options) {
		return true
	}
	if words[j].parted && r.read(j, 0, options) {
		return true
	}
	const attached = "و" // the Arabic "and" is written onto its word
	if len(next) > len(attached) && strings.HasPrefix(next, attached) && r.read(j, len(attached), options) {
		return true
	}
	return number && allDigits(next) && r.read(j, 0, options)
}
