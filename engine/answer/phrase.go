package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A phrase is folded words that may stand inside a longer text.
type phrase struct {
	text string
	lang string
	key  int
	rank int // its place in the set
	// counted by add
	words, runes int
	letters      int  // with vowel signs and other marks
	emoji        bool // has one, so it is sought in the text as written
	spaceless    bool // in a script that does not part words, so it is sought anywhere
}

// A phraseSet finds its phrases in a text in one walk over its words. Phrases of scripts without spaces are
// sought one by one, and only in texts of such scripts.
type phraseSet struct {
	list      []phrase
	byFirst   map[string][]int // first word -> places in list
	spaceless []int
	emoji     bool // some phrase has one
}

func (s *phraseSet) add(p phrase) {
	if p.text == "" {
		return
	}
	p.words = strings.Count(p.text, " ") + 1
	p.runes = utf8.RuneCountInString(p.text)
	for word := range strings.SplitSeq(p.text, " ") {
		p.emoji = p.emoji || isEmoji(word)
	}
	for _, r := range p.text {
		if unicode.In(r, unicode.L, unicode.M) {
			p.letters++
		}
		p.spaceless = p.spaceless || isSpaceless(r)
	}
	s.list = append(s.list, p)
}

func (s *phraseSet) build() {
	s.byFirst = make(map[string][]int, len(s.list))
	for i := range s.list {
		p := &s.list[i]
		p.rank = i
		s.emoji = s.emoji || p.emoji
		if p.spaceless {
			s.spaceless = append(s.spaceless, i)
			continue
		}
		first := p.text[:wordEnd(p.text, 0)]
		s.byFirst[first] = append(s.byFirst[first], i)
	}
}

// An occurrence is a phrase found at text[start:end].
type occurrence struct {
	*phrase
	start, end int
}

// find visits the occurrences of phrases in a folded text until visit says no.
func (s *phraseSet) find(text string, visit func(occurrence) bool) {
	for i := 0; i < len(text) && len(s.byFirst) > 0; {
		end := wordEnd(text, i)
		for _, at := range s.byFirst[text[i:end]] {
			p := &s.list[at]
			stop := i + len(p.text)
			if strings.HasPrefix(text[i:], p.text) && (stop == len(text) || text[stop] == ' ') {
				if !visit(occurrence{p, i, stop}) {
					return
				}
			}
		}
		i = end + 1
	}
	if len(s.spaceless) == 0 || strings.IndexFunc(text, isSpaceless) < 0 {
		return
	}
	for _, at := range s.spaceless {
		p := &s.list[at]
		for from := 0; ; {
			i := strings.Index(text[from:], p.text)
			if i < 0 {
				break
			}
			start, stop := from+i, from+i+len(p.text)
			// A mark after the match belongs to its last letter, which is then another letter.
			next, _ := utf8.DecodeRuneInString(text[stop:])
			if (stop == len(text) || !unicode.Is(unicode.M, next)) && !visit(occurrence{p, start, stop}) {
				return
			}
			from = stop
		}
	}
}
