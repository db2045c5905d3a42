package desk

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"baraza/engine/store"
)

// letters of a case's word: 32 that nobody takes for one another when they are read out or written by hand.
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// shortest is how many letters a case's word has where they are enough to tell cases apart; keyLetters how many
// say the whole key.
const (
	shortest   = 4
	keyLetters = 26
)

// spell writes a key in letters, five bits each. The first ones are a word for it: as a hash, it says nothing.
func spell(key store.Key) string {
	var b strings.Builder
	bits, n := uint32(0), 0
	for _, x := range key {
		bits, n = bits<<8|uint32(x), n+8
		for n >= 5 {
			n -= 5
			b.WriteByte(letters[bits>>n&31])
		}
	}
	b.WriteByte(letters[bits<<(5-n)&31])
	return b.String()
}

// Word is what people call a case: K7F3-2. Of two cases whose words are equal, Desk names longer ones.
func Word(key store.Key, number uint32) string { return wordOf(key, number, shortest) }

func wordOf(key store.Key, number uint32, length int) string {
	return spell(key)[:length] + "-" + strconv.FormatUint(uint64(number), 10)
}

// said is a case's word as somebody wrote it.
type said struct {
	begins string // of the spelt key
	number uint32
}

// readWord takes small letters, O for 0, I and L for 1, and a key of 32 hexadecimal digits in place of the letters.
func readWord(text string) (said, bool) {
	text = strings.TrimSpace(text)
	at := strings.LastIndexAny(text, "-–. ")
	if at < 0 {
		return said{}, false
	}
	_, size := cutRune(text[at:])
	number, err := strconv.ParseUint(text[at+size:], 10, 32)
	if err != nil || number == 0 {
		return said{}, false
	}
	name := text[:at]
	if key, ok := ParseKey(name); ok {
		return said{spell(key), uint32(number)}, true
	}
	name = strings.Map(func(c rune) rune {
		switch c {
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return c
	}, strings.ToUpper(name))
	if len(name) < shortest || len(name) > keyLetters || strings.Trim(name, letters) != "" {
		return said{}, false
	}
	return said{name, uint32(number)}, true
}

func cutRune(s string) (rune, int) {
	for _, c := range s {
		return c, len(string(c))
	}
	return 0, 0
}

func (s said) means(key store.Key, number uint32) bool {
	return number == s.number && strings.HasPrefix(spell(key), s.begins)
}

// within is the partition in which the case has to be: the first letters say it.
func (s said) within() store.Set {
	first := strings.IndexByte(letters, s.begins[0])<<5 | strings.IndexByte(letters, s.begins[1])
	return 1 << (first >> 4) // six of ten bits
}

// ParseKey reads the key of a contact as it stands in logs: 32 hexadecimal digits.
func ParseKey(text string) (store.Key, bool) {
	raw, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != len(store.Key{}) {
		return store.Key{}, false
	}
	return store.Key(raw), true
}

// words gives each case the shortest word that no other of them has.
func words(cases []store.Item) map[store.Hash]string {
	sorted := slices.Clone(cases)
	slices.SortFunc(sorted, func(a, b store.Item) int { return slices.Compare(a.Key[:], b.Key[:]) })
	common := func(a, b store.Key) (n int) {
		x, y := spell(a), spell(b)
		for n < len(x) && x[n] == y[n] {
			n++
		}
		return n
	}
	// One length for a contact, so that its cases are seen to be one person's.
	length := map[store.Key]int{}
	for i := range sorted {
		key := sorted[i].Key
		if i == 0 || sorted[i-1].Key == key {
			continue
		}
		before := sorted[i-1].Key
		needed := min(common(before, key)+1, keyLetters)
		length[before], length[key] = max(length[before], needed), max(length[key], needed)
	}
	out := map[store.Hash]string{}
	for _, it := range cases {
		out[it.ID] = wordOf(it.Key, it.Number, max(length[it.Key], shortest))
	}
	return out
}
