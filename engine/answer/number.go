package answer

import (
	"strconv"
	"strings"
	"unicode"
)

// maxNumeral bounds what is read as a number, in runes, and maxDigits what a float64 holds exactly.
const (
	maxNumeral = 64
	maxDigits  = 15
)

// Number reads a whole message as a number: digits of any script, with a sign or a decimal mark, and
// punctuation or emoji around ("٢", "2.", "(2)", "1️⃣", "3,5"). Thousands marks are for ParseNumber. Number words
// are not guessed.
func Number(s string) (float64, bool) {
	n, ok := readNumeral(s)
	if !ok || n.dashAfter || strings.ContainsAny(n.core, " 'T") {
		return 0, false
	}
	return n.value()
}

// Index reads a whole message as the whole number of an option, at most nine digits.
func Index(s string) (int, bool) {
	n, ok := readNumeral(s)
	if !ok || n.sign != 0 || len(n.core) > 9 || !allDigits(n.core) {
		return 0, false
	}
	i, err := strconv.Atoi(n.core)
	return i, err == nil
}

// ParseNumber reads a number that was asked for, in any script's digits, with thousands and decimal marks:
// "1 234", "1.234.567,5", "12,34,567", "١٬٢٣٤٫٥". One mark before exactly three digits, as in "1,234" or
// "1.234", can be read in two ways a thousand times apart, so it is not read at all; "0,125" and "1234,567"
// have one reading. So have units, signs and words: none.
func ParseNumber(text string) (float64, bool) {
	n, ok := readNumeral(text)
	if !ok || n.dashAfter {
		return 0, false
	}
	return n.value()
}

// A numeral is a message that holds one number: core has ASCII digits and the marks between them, where
// 'D' is the Arabic decimal mark, 'T' the Arabic thousands mark, and comma, stop, space and apostrophe stand
// for all their forms.
type numeral struct {
	core      string
	sign      byte
	dashAfter bool // as in "2-": fine for an option, doubtful for a value
}

func readNumeral(s string) (numeral, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 4*maxNumeral {
		return numeral{}, false
	}
	var buf [4 * maxNumeral]byte
	marks := buf[:0]
	for _, r := range s {
		kind := numeralMark(r)
		switch kind {
		case 0:
			return numeral{}, false
		case ignored:
		case circled:
			marks = strconv.AppendInt(append(marks, 'e'), int64(circledValue(r)), 10)
			marks = append(marks, 'e')
		default:
			marks = append(marks, kind)
		}
	}
	// Only what can stand around a number is cut off; a stop or comma before it may be its decimal mark.
	core := strings.TrimRight(string(marks), "pe ,.'-")
	dashAfter := strings.Contains(string(marks[len(core):]), "-")
	core = strings.TrimLeft(core, "pe '")
	var sign byte
	if core != "" && (core[0] == '-' || core[0] == '+') {
		sign, core = core[0], core[1:]
	}
	if core == "" || strings.ContainsAny(core, "pe-+") || !strings.ContainsAny(core, "0123456789") {
		return numeral{}, false
	}
	return numeral{core, sign, dashAfter}, true
}

const (
	ignored = 'i'
	circled = 'c'
)

// numeralMark classifies a rune of a numeral; 0 means that there is none.
func numeralMark(r rune) byte {
	switch r {
	case '.', '．':
		return '.'
	case ',', '،', '，':
		return ','
	case '٫':
		return 'D'
	case '٬':
		return 'T'
	case '\'', '’', '‘':
		return '\''
	case '-', '−', '－', '‐', '‑', '–':
		return '-'
	case '+', '＋':
		return '+'
	case '%', '٪', '‰', '％', '/', '⁄': // change the value
		return 0
	case 0x20E3: // the frame of a keycap
		return ignored
	}
	switch {
	case unicode.IsDigit(r):
		return '0' + byte(digit(r))
	case circledValue(r) > 0:
		return circled
	case unicode.In(r, unicode.Zs, unicode.Cc):
		return ' '
	case isDropped(r), unicode.Is(unicode.Variation_Selector, r):
		return ignored
	case unicode.IsPunct(r):
		return 'p'
	case unicode.Is(unicode.So, r) && r != unicode.ReplacementChar:
		return 'e'
	}
	return 0
}

// circledValue is the number that one rune shows whole, or 0: ① to ⑳ and the keycap ten.
func circledValue(r rune) int {
	switch {
	case '①' <= r && r <= '⑳':
		return int(r-'①') + 1
	case r == '🔟':
		return 10
	}
	return 0
}

func (n numeral) value() (float64, bool) {
	whole, fraction, ok := splitNumeral(n.core)
	if !ok || len(whole)+len(fraction) > maxDigits {
		return 0, false
	}
	text := whole
	if fraction != "" {
		text += "." + fraction
	}
	v, err := strconv.ParseFloat(text, 64)
	if n.sign == '-' && v != 0 {
		v = -v
	}
	return v, err == nil
}

// splitNumeral parts a core into its whole and fractional digits, or refuses it.
func splitNumeral(core string) (whole, fraction string, ok bool) {
	last := strings.LastIndexAny(core, ",.'T D")
	if last < 0 {
		return core, "", true
	}
	mark, left, right := core[last], core[:last], core[last+1:]
	if right == "" {
		return "", "", false // unreachable: marks at the end were cut off
	}
	lone := !strings.ContainsAny(left, ",.'T D")
	switch {
	case mark == '\'' || mark == ' ' || mark == 'T', !lone && strings.IndexByte(left, mark) >= 0:
		whole, ok = ungroup(core, mark)
		return whole, "", ok
	case !lone: // another mark before this one: that one groups, this one is the decimal mark
		whole, ok = ungroup(left, left[strings.IndexAny(left, ",.'T D")])
		return whole, right, ok
	case mark == 'D':
		return left, right, left != ""
	case left == "":
		return "0", right, mark == '.'
	case len(right) == 3 && len(left) <= 3 && left[0] != '0':
		return "", "", false // thousands or decimals: see ParseNumber
	}
	return left, right, true
}

// ungroup takes out the thousands marks where they stand as people set them: threes, or twos before the last
// three as in India.
func ungroup(s string, mark byte) (string, bool) {
	groups := strings.Split(s, string(mark))
	n := len(groups) - 1
	if n == 0 || len(groups[n]) != 3 || groups[0] == "" || groups[0][0] == '0' {
		return "", false
	}
	size := 3
	if n > 1 {
		size = len(groups[1])
	}
	if size != 2 && size != 3 || len(groups[0]) > size {
		return "", false
	}
	for i, g := range groups {
		if !allDigits(g) || i > 0 && i < n && len(g) != size {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
