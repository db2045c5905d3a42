package answer

import "strings"

// Choices are a question's options, ready for comparing.
type Choices struct {
	numbers  map[int]int
	byLang   map[string]map[string]int // folded words of one language -> option, or several
	anyLang  map[string]int            // the same over all languages
	phrases  phraseSet                 // for Inexact; a phrase's key is its option
	maxWords int                       // of the longest words
}

// maxExactBytes bounds what is folded to be looked up whole.
const maxExactBytes = 64 << 10

// several marks words that name more than one option, which therefore name none.
const several = -1

// Prepare folds the options' words once. A language may be empty: its words count as the conversation's, in
// whatever language that is. Words that fold to nothing are left out.
func Prepare(options []Option) *Choices {
	c := &Choices{
		numbers: make(map[int]int, len(options)),
		byLang:  map[string]map[string]int{},
		anyLang: map[string]int{},
	}
	for i, option := range options {
		if option.Number > 0 {
			enter(c.numbers, option.Number, i)
		}
	}
	// Words as written go in before words without their emoji: of "Yes" and "👍 Yes", "yes" is the first.
	for i, option := range options {
		for _, words := range option.Words {
			for _, text := range words.Exact {
				c.add(words.Lang, Fold(text), i)
			}
		}
	}
	plain := newStripped(c)
	for i, option := range options {
		for _, words := range option.Words {
			for _, text := range words.Exact {
				folded := Fold(text)
				if bare := StripEmoji(folded); bare != folded {
					plain.add(words.Lang, bare, i)
				}
			}
		}
	}
	plain.merge()
	c.phrases.build()
	return c
}

func (c *Choices) add(lang, folded string, option int) {
	if folded == "" {
		return
	}
	if c.byLang[lang] == nil {
		c.byLang[lang] = map[string]int{}
	}
	enter(c.byLang[lang], folded, option)
	enter(c.anyLang, folded, option)
	c.maxWords = max(c.maxWords, strings.Count(folded, " ")+1)
	c.phrases.add(phrase{text: folded, lang: lang, key: option})
}

func enter[K comparable](m map[K]int, key K, option int) {
	if had, ok := m[key]; ok && had != option {
		option = several
	}
	m[key] = option
}

// stripped collects words without their emoji, which count only where no option has them as written.
type stripped struct {
	into  *Choices
	words *Choices
}

func newStripped(c *Choices) stripped {
	return stripped{into: c, words: &Choices{byLang: map[string]map[string]int{}, anyLang: map[string]int{}}}
}

func (s stripped) add(lang, folded string, option int) { s.words.add(lang, folded, option) }

func (s stripped) merge() {
	for lang, words := range s.words.byLang {
		for folded, option := range words {
			if _, ok := s.into.byLang[lang][folded]; !ok {
				s.into.byLang[lang][folded] = option
			}
		}
	}
	for folded, option := range s.words.anyLang {
		if _, ok := s.into.anyLang[folded]; !ok {
			s.into.anyLang[folded] = option
		}
	}
	for _, p := range s.words.phrases.list {
		s.into.phrases.add(p)
	}
}

// Exact takes a number, a label or an also-word that is the whole message: in lang first, then in the other
// languages. A label that is itself a number ("2") goes before the option of that number, since the person
// reads the label and does not always see numbers. A number written before its own option's label ("2. Offices")
// is understood too. Words that name two options are Ambiguous and not taken.
//
// A message of more than 64 KiB is none of these.
func (c *Choices) Exact(lang, text string) (Match, bool) {
	if len(text) > maxExactBytes {
		return nothing, false
	}
	var buf [128]byte
	folded := AppendFold(buf[:0], text)
	if m, found := c.label(lang, folded); found {
		return taken(m.Index, m.How)
	}
	if n, ok := Index(text); ok {
		if option, ok := c.numbers[n]; ok {
			return taken(option, ByNumber)
		}
	}
	var bareBuf [128]byte
	if bare := appendStripped(bareBuf[:0], folded); len(bare) < len(folded) {
		if m, found := c.label(lang, bare); found {
			return taken(m.Index, m.How)
		}
		folded = bare
	}
	if number, rest, ok := leadingNumber(folded); ok {
		if m, found := c.label(lang, rest); found && m.Index >= 0 && c.hasNumber(m.Index, number) {
			return taken(m.Index, m.How)
		}
	}
	return nothing, false
}

var nothing = Match{Index: -1}

func taken(option int, how How) (Match, bool) {
	if option == several {
		return Match{Index: -1, How: Ambiguous}, false
	}
	return Match{Index: option, How: how}, true
}

// label looks folded words up; the index may be several.
func (c *Choices) label(lang string, folded []byte) (Match, bool) {
	if len(folded) == 0 {
		return nothing, false
	}
	if option, ok := c.byLang[lang][string(folded)]; ok {
		return Match{Index: option, How: ByLabel}, true
	}
	if option, ok := c.byLang[""][string(folded)]; ok {
		return Match{Index: option, How: ByLabel}, true
	}
	if option, ok := c.anyLang[string(folded)]; ok {
		return Match{Index: option, How: ByOtherLanguage}, true
	}
	return nothing, false
}

func (c *Choices) hasNumber(option, number int) bool {
	at, ok := c.numbers[number]
	return ok && at == option
}

// leadingNumber splits "2 offices".
func leadingNumber[T string | []byte](folded T) (number int, rest T, ok bool) {
	end := wordEnd(folded, 0)
	if end == 0 || end > 4 || end >= len(folded)-1 {
		return 0, rest, false
	}
	for i := range end {
		if folded[i] < '0' || folded[i] > '9' {
			return 0, rest, false
		}
		number = number*10 + int(folded[i]-'0')
	}
	return number, folded[end+1:], true
}
