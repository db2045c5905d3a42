package answer

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxMarks bounds the combining marks kept on one letter. No script needs as many; text made of marks alone
// shrinks to this, and the normaliser never meets the long runs which it would have to cut on its own.
const maxMarks = 16

// Fold gives the form in which texts are compared. It is idempotent.
//
// Compatibility forms (full width, ligatures, circled letters), case, diacritics and Arabic letter variants
// become one; digits of any script become ASCII. Diacritics are folded for Latin, Greek, Cyrillic, Arabic and
// Hebrew only: the vowel signs of Indic scripts and Thai carry the word. Apostrophes and invisible controls
// vanish ("don't" is "dont"), other punctuation ends a word ("a-b" is "a b"). An emoji is a word of its own,
// without its modifiers and variation selectors. Words are separated by one space. What is not UTF-8 counts
// as punctuation.
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	return string(AppendFold(make([]byte, 0, len(s)+len(s)/8+4), s))
}

// AppendFold appends Fold(s) to dst, for callers that keep a buffer.
func AppendFold(dst []byte, s string) []byte {
	f := folder{start: len(dst)}
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			dst = f.ascii(dst, s[i])
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError:
			f.gap = true
		case isApostrophe(r): // before decomposing, which would make a space of some of them
		default:
			dst = f.decomposed(dst, r, s[i:i+size])
		}
		i += size
	}
	if f.compose { // by way of a string, so that a caller's buffer may stay on its stack
		dst = append(dst[:f.start], norm.NFC.String(string(dst[f.start:]))...)
	}
	return dst
}

// A folder is the state of one folding. The text is handed through its methods, not kept, for the same reason.
type folder struct {
	start   int  // where the folded text begins
	gap     bool // a word ended; the space is written when the next one begins
	marks   int  // kept on the present letter
	compose bool // something was written that may compose with what precedes it
}

func (f *folder) decomposed(dst []byte, r rune, encoded string) []byte {
	d := norm.NFKD.PropertiesString(encoded).Decomposition()
	if d == nil {
		return f.rune(dst, r)
	}
	for len(d) > 0 {
		part, size := utf8.DecodeRune(d)
		dst = f.rune(dst, part)
		d = d[size:]
	}
	return dst
}

func (f *folder) ascii(dst []byte, c byte) []byte {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
	case 'A' <= c && c <= 'Z':
		c += 'a' - 'A'
	case c == '\'' || c == '`':
		return dst
	default:
		f.gap = true
		return dst
	}
	dst = f.space(dst)
	f.marks = 0
	return append(dst, c)
}

// rune folds one rune that has no decomposition.
func (f *folder) rune(dst []byte, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		return f.ascii(dst, byte(r))
	case unicode.IsLetter(r): // first, since most are
		if !isSilentLetter(r) {
			return f.letter(dst, unicode.ToLower(r))
		}
	case isDropped(r):
	case unicode.Is(unicode.M, r):
		if !isDiacritic(r) && (f.gap || f.marks < maxMarks) {
			dst = utf8.AppendRune(f.space(dst), r)
			f.marks++
			f.compose = true
		}
	case unicode.IsDigit(r):
		return f.ascii(dst, '0'+byte(digit(r)))
	case unicode.IsNumber(r): // a numeral of letters, such as the Roman ones
		return f.letter(dst, unicode.ToLower(r))
	case unicode.IsPunct(r), unicode.In(r, unicode.Z, unicode.Cc, unicode.Sm, unicode.Sc, unicode.Sk), r == utf8.RuneError:
		f.gap = true
	default: // an emoji, or what a later Unicode may say is one
		f.gap = true
		dst = utf8.AppendRune(f.space(dst), r)
		f.gap = true
	}
	return dst
}

func (f *folder) letter(dst []byte, r rune) []byte {
	dst = f.space(dst)
	f.marks = 0
	if plain, ok := plainLetter(r); ok {
		return append(dst, plain...)
	}
	// The second half of a Hangul syllable: the only letters that compose with the one before.
	f.compose = f.compose || 0x1161 <= r && r <= 0x11FF
	return utf8.AppendRune(dst, r)
}

// space parts the word that begins from the one before.
func (f *folder) space(dst []byte) []byte {
	if !f.gap {
		return dst
	}
	f.gap, f.marks = false, 0
	if len(dst) > f.start {
		dst = append(dst, ' ')
	}
	return dst
}

// isFolded recognises the common case, text that is plain already, without allocating.
func isFolded(s string) bool {
	space := true // a space may not come here
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			space = false
		case c == ' ' && !space:
			space = true
		default:
			return false
		}
	}
	return !space || s == ""
}

// StripEmoji drops the emoji from a folded text, so that those around a word do not hide it.
func StripEmoji(folded string) string {
	for i := 0; i < len(folded); i++ {
		if folded[i] >= utf8.RuneSelf {
			return string(appendStripped(make([]byte, 0, len(folded)), folded))
		}
	}
	return folded
}

// appendStripped works word by word: Fold made each emoji a word of one rune.
func appendStripped[T string | []byte](dst []byte, folded T) []byte {
	start := len(dst)
	for i := 0; i < len(folded); {
		end := wordEnd(folded, i)
		if word := folded[i:end]; !isEmoji(word) {
			if len(dst) > start {
				dst = append(dst, ' ')
			}
			dst = append(dst, word...)
		}
		i = end + 1
	}
	return dst
}

// wordEnd is where the word of a folded text that begins at i ends.
func wordEnd[T string | []byte](folded T, i int) int {
	for i < len(folded) && folded[i] != ' ' {
		i++
	}
	return i
}

func isEmoji[T string | []byte](word T) bool {
	if len(word) == 0 || len(word) > utf8.UTFMax || word[0] < utf8.RuneSelf {
		return false
	}
	r, size := utf8.DecodeRuneInString(string(word))
	return size == len(word) && !unicode.In(r, unicode.L, unicode.M, unicode.N)
}
