package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What Inexact looks at: longer messages are cut, since an answer that far in was not meant as one.
const (
	maxInexactBytes = 16 << 10
	maxInexactWords = 512
	maxOccurrences  = 64 // more than this many hits fit more than one option, or nobody could say which
)

// slipLetters is the least letters of a word in which a slip is forgiven. Vowel signs are not counted: a word with
// few letters and many signs is a short word.
const slipLetters = 5

// Inexact takes what Exact does not: an option's own words (the whole label or also-word) inside a longer
// answer, when only one option fits; else the words but for one slip, when only one option is that near.
// It looks at the first 16 KiB and 512 words.
//
// Inside an answer the conversation's language goes before the others, and words that are part of another
// option's longer words do not count. Two things keep it from taking the opposite of what was said: a denial
// up to three words before the option's words ("I do not live in Quito"; in some languages after them), and words of one or two letters, which
// say too little ("no" in "no entiendo"), unless all the rest is courtesy ("no, gracias").
//
// A slip is one letter too many, too few, wrong, or two exchanged, or one space too many or too few, in a
// word of the option with five letters or more; never in a word with digits. On a sensitive step
// the match says Ask.
func (c *Choices) Inexact(lang, text string, sensitive bool) (Match, bool) {
	full := firstWords(Fold(clip(text, maxInexactBytes)), maxInexactWords)
	bare := StripEmoji(full)
	m := c.inside(lang, full, bare)
	if m.How == NotUnderstood {
		m = c.slip(bare)
		m.Ask = sensitive && m.How == Slip
	}
	return m, m.Index >= 0
}

func clip(s string, size int) string {
	if len(s) <= size {
		return s
	}
	for size > 0 && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size]
}

func firstWords(folded string, n int) string {
	for i := range len(folded) {
		if folded[i] == ' ' {
			if n--; n == 0 {
				return folded[:i]
			}
		}
	}
	return folded
}

func (c *Choices) inside(lang, full, bare string) Match {
	own := c.fitting(bare, func(p *phrase) bool { return !p.emoji && (p.lang == lang || p.lang == "") })
	if own == nil {
		own = c.fitting(bare, func(p *phrase) bool { return !p.emoji && p.lang != lang && p.lang != "" })
	}
	text := bare
	if own == nil && c.phrases.emoji {
		own, text = c.fitting(full, func(p *phrase) bool { return p.emoji }), full
	}
	if own == nil {
		return nothing
	}
	option := own[0].key
	if number, _, ok := leadingNumber(bare); ok && own[0].start > 0 {
		if at, ok := c.numbers[number]; ok && at != option {
			return Match{Index: -1, How: Ambiguous} // "3. Offices", where offices are number 2
		}
	}
	for _, o := range own {
		if o.key != option {
			return Match{Index: -1, How: Ambiguous}
		}
		if denied(lang, o, text) {
			return Match{Index: -1, How: Ambiguous}
		}
	}
	return Match{Index: option, How: Inside}
}

// fitting lists the occurrences that count: not part of longer ones, and at least one that tells enough. Those
// that tell too little to be taken may still contradict ("yes and no").
func (c *Choices) fitting(text string, fits func(*phrase) bool) []occurrence {
	var all []occurrence
	c.phrases.find(text, func(o occurrence) bool {
		if fits(o.phrase) && (o.letters > 0 || o.emoji) {
			all = append(all, o)
		}
		return len(all) < maxOccurrences
	})
	var own []occurrence
	enough := false
	for _, o := range all {
		covered := false
		for _, other := range all {
			longer := other.end-other.start > o.end-o.start
			covered = covered || longer && other.start <= o.start && o.end <= other.end
		}
		if !covered {
			own = append(own, o)
			enough = enough || tellsEnough(o.phrase) || isCourtesyBut(text, o)
		}
	}
	if !enough {
		return nil
	}
	return own
}

// tellsEnough keeps short words and numbers from being found in sentences that mean something else. In
// scripts without spaces two signs are a word.
func tellsEnough(p *phrase) bool {
	if p.spaceless {
		return p.runes >= 2
	}
	return p.letters >= 3 || p.emoji
}

// slip compares word by word; option's words of all languages together, since a slip belongs to none.
func (c *Choices) slip(text string) Match {
	words := strings.Count(text, " ") + 1
	if text == "" || words > c.maxWords+1 {
		return nothing
	}
	m := nothing
	for i := range c.phrases.list {
		p := &c.phrases.list[i]
		if p.emoji || p.letters < slipLetters || p.key == m.Index || !isSlipOf(p, text, words) {
			continue
		}
		if m.Index >= 0 {
			return Match{Index: -1, How: Ambiguous}
		}
		m = Match{Index: p.key, How: Slip}
	}
	return m
}

func isSlipOf(p *phrase, text string, words int) bool {
	if d := len(p.text) - len(text); d > utf8.UTFMax || d < -utf8.UTFMax {
		return false
	}
	if words != p.words {
		return isSpacingOf(p.text, text)
	}
	slips := 0
	for want, got := p.text, text; want != "" || got != ""; {
		var w, g string
		w, want, _ = strings.Cut(want, " ")
		g, got, _ = strings.Cut(got, " ")
		if w == g {
			continue
		}
		if slips++; slips > 1 || countLetters(w) < slipLetters || hasDigit(w) || hasDigit(g) || !oneEdit(w, g) {
			return false
		}
	}
	return slips == 1
}

// isSpacingOf says whether got is want with one space more or less, beside a long enough word and no digits.
func isSpacingOf(want, got string) bool {
	long, short := want, got
	if len(short) > len(long) {
		long, short = short, long
	}
	at := 0
	for at < len(short) && long[at] == short[at] {
		at++
	}
	if len(long) != len(short)+1 || long[at] != ' ' || long[at+1:] != short[at:] {
		return false
	}
	start := strings.LastIndexByte(short[:at], ' ') + 1
	joined := short[start:wordEnd(short, at)]
	return countLetters(joined) >= slipLetters && !hasDigit(joined)
}

func countLetters(word string) int {
	n := 0
	for _, r := range word {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

func hasDigit(word string) bool { return strings.IndexFunc(word, unicode.IsNumber) >= 0 }

// oneEdit says whether a becomes b by one insertion, deletion, substitution or transposition.
func oneEdit(a, b string) bool {
	for a != "" && b != "" { // the common beginning
		r, size := utf8.DecodeRuneInString(a)
		s, _ := utf8.DecodeRuneInString(b)
		if r != s {
			break
		}
		a, b = a[size:], b[size:]
	}
	for a != "" && b != "" { // the common end
		r, size := utf8.DecodeLastRuneInString(a)
		s, _ := utf8.DecodeLastRuneInString(b)
		if r != s {
			break
		}
		a, b = a[:len(a)-size], b[:len(b)-size]
	}
	if len(a) > 2*utf8.UTFMax || len(b) > 2*utf8.UTFMax {
		return false
	}
	x, y := []rune(a), []rune(b)
	switch {
	case len(x) <= 1 && len(y) <= 1:
		return len(x)+len(y) > 0
	case len(x) == 2 && len(y) == 2:
		return x[0] == y[1] && x[1] == y[0]
	}
	return false
}
