package answer

import "unicode"

// plainLetter gives the letters that stand for r where decomposing does not find them: r is lower case and
// without marks. Strokes and hooks count as diacritics, since most phone keyboards lack them.
func plainLetter(r rune) (string, bool) {
	switch r {
	// Arabic script. Hamza on a carrier decomposes and is gone by now.
	case 'ٱ':
		return "ا", true
	case 'ى', 'ی':
		return "ي", true
	case 'ک', 'ڪ':
		return "ك", true
	case 'ة', 'ۃ', 'ہ', 'ھ', 'ە':
		return "ه", true
	// Greek
	case 'ς':
		return "σ", true
	// Latin
	case 'ß':
		return "ss", true
	case 'æ':
		return "ae", true
	case 'œ':
		return "oe", true
	case 'þ':
		return "th", true
	case 'ø', 'ɔ':
		return "o", true
	case 'đ', 'ð', 'ɗ', 'ɖ':
		return "d", true
	case 'ł':
		return "l", true
	case 'ħ':
		return "h", true
	case 'ŧ':
		return "t", true
	case 'ı':
		return "i", true
	case 'ŋ', 'ɲ':
		return "n", true
	case 'ɓ':
		return "b", true
	case 'ƙ':
		return "k", true
	case 'ƴ':
		return "y", true
	case 'ɛ', 'ə', 'ǝ':
		return "e", true
	}
	return "", false
}

// isApostrophe recognises what stands inside a word without parting it.
func isApostrophe(r rune) bool {
	switch r {
	case '\'', '`', '´', '‘', '’', '‛', '′', '＇', '׳', '״', 'ꞌ', 'Ꞌ', '՚':
		return true
	}
	return 0x02B9 <= r && r <= 0x02BF || r == 0x02C8 // modifier letters used as apostrophes, hamza and ayn
}

// isDropped recognises what leaves no trace, not even the end of a word.
func isDropped(r rune) bool {
	const lightSkin, darkSkin = 0x1F3FB, 0x1F3FF
	return isSilentLetter(r) || lightSkin <= r && r <= darkSkin || unicode.Is(unicode.Cf, r)
}

// isSilentLetter recognises those of them that Unicode counts as letters, and the apostrophes.
func isSilentLetter(r rune) bool {
	switch r {
	case 'ـ', 'ء', 'ٴ': // tatweel, hamza on the line
		return true
	case 0x115F, 0x1160: // Hangul fillers, which show nothing
		return true
	}
	return isApostrophe(r)
}

// isDiacritic tells the marks that people leave out from those that carry the word. A mark of no script of its
// own (Inherited) is one of Latin, Greek, Cyrillic, Arabic or Hebrew, or shows nothing, but for the two
// that turn one kana into another.
func isDiacritic(r rune) bool {
	if r == 0x3099 || r == 0x309A {
		return false
	}
	return unicode.In(r, unicode.Inherited, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew)
}

// digit is the value of a decimal digit of any script. Unicode keeps each script's ten in order, and no range
// of its table begins in the middle of ten.
func digit(r rune) int {
	if '0' <= r && r <= '9' {
		return int(r - '0')
	}
	for _, block := range unicode.Nd.R16 {
		if rune(block.Lo) <= r && r <= rune(block.Hi) {
			return int(r-rune(block.Lo)) % 10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if rune(block.Lo) <= r && r <= rune(block.Hi) {
			return int(r-rune(block.Lo)) % 10
		}
	}
	return 0 // unreachable: callers asked unicode.IsDigit
}

// isSpaceless recognises scripts whose words are not parted by spaces.
func isSpaceless(r rune) bool {
	return r > 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao,
		unicode.Khmer, unicode.Myanmar, unicode.Tibetan)
}
