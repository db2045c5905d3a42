package answer

import (
	"cmp"
	"slices"
	"strings"
)

// An Entry is one word or phrase that calls something out: a safety word or a trigger.
type Entry struct {
	// Key is the caller's own, and what a match returns.
	Key  int
	Lang string
	Word string
	// Inside allows it within a longer message too.
	Inside bool
}

// A WordList is a prepared list of entries of every language.
type WordList struct {
	whole   map[string]int // folded word -> key
	phrases phraseSet      // of those allowed inside, the longest first; a phrase's key is the entry's
}

// PrepareWords folds the entries once. Of entries with equal words the first counts. Words of digits alone
// would take numbers away from questions and are left out, as are those that fold to nothing.
func PrepareWords(entries []Entry) *WordList {
	w := &WordList{whole: make(map[string]int, len(entries))}
	for _, e := range entries {
		folded := Fold(e.Word)
		if folded == "" || allDigits(strings.ReplaceAll(folded, " ", "")) {
			continue
		}
		if _, ok := w.whole[folded]; !ok {
			w.whole[folded] = e.Key
		}
		if e.Inside {
			w.phrases.add(phrase{text: folded, lang: e.Lang, key: e.Key})
		}
	}
	slices.SortStableFunc(w.phrases.list, func(a, b phrase) int { return cmp.Compare(b.runes, a.runes) })
	w.phrases.build()
	return w
}

// Whole finds the entry that is the whole message, whatever its language, but for punctuation and emoji around.
// Never by slip, never from digits. A message of more than 64 KiB is no word.
func (w *WordList) Whole(text string) (key int, ok bool) {
	if len(w.whole) == 0 || len(text) > maxExactBytes {
		return 0, false
	}
	var buf, bareBuf [128]byte
	folded := AppendFold(buf[:0], text)
	if key, ok := w.whole[string(folded)]; ok {
		return key, true
	}
	bare := appendStripped(bareBuf[:0], folded)
	if len(bare) == len(folded) {
		return 0, false
	}
	key, ok = w.whole[string(bare)]
	return key, ok
}

// Inside finds the longest entry marked Inside that stands in the message at the borders of words, or anywhere
// in scripts that do not part words. It looks at the whole message.
func (w *WordList) Inside(text string) (key int, ok bool) {
	if len(w.phrases.list) == 0 {
		return 0, false
	}
	full := Fold(text)
	best := w.longest(StripEmoji(full), false)
	if w.phrases.emoji {
		if p := w.longest(full, true); p != nil && (best == nil || p.runes > best.runes) {
			best = p
		}
	}
	if best == nil {
		return 0, false
	}
	return best.key, true
}

// longest is the longest phrase found; of equally long ones, the entry that came first.
func (w *WordList) longest(text string, emoji bool) *phrase {
	var best *phrase
	rank := len(w.phrases.list)
	w.phrases.find(text, func(o occurrence) bool {
		if at := o.rank; o.emoji == emoji && at < rank {
			best, rank = o.phrase, at
		}
		return rank > 0
	})
	return best
}
