package answer

import (
	"strconv"
	"strings"
	"unicode"
)

// A DateOrder is how a country writes dates in digits.
type DateOrder uint8

const (
	// DayFirst: 5/3/2026 is the fifth of March. "12/25/2026" is refused, not turned round.
	DayFirst DateOrder = iota
	// MonthFirst: 3/5/2026 is the fifth of March.
	MonthFirst
)

const (
	maxDateBytes = 128
	firstYear    = 1900 // years of other calendars lie before
	lastYear     = 2199 // or behind these
)

// ParseDate reads a date of the Gregorian calendar: 2026-03-05 (also with "/" or "."), 5/3/2026 with "/", ".",
// "-" or spaces in the order given, and dates with a month's name ("5 de marzo de 2026", "March 5, 2026").
// Digits may be of any script. The year has four digits, from 1900 to 2199; the day must exist.
func ParseDate(text string, order DateOrder) (y, m, d int, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxDateBytes {
		return 0, 0, 0, false
	}
	parts, ok := dateParts(text)
	if !ok {
		return 0, 0, 0, false
	}
	switch {
	case parts[1].month > 0 && parts[0].isYear(): // 2026 March 5
		y, m, d = parts[0].value, parts[1].month, parts[2].day()
	case parts[1].month > 0:
		y, m, d = parts[2].year(), parts[1].month, parts[0].day()
	case parts[0].month > 0:
		y, m, d = parts[2].year(), parts[0].month, parts[1].day()
	case parts[2].month > 0: // no language writes the month last
		return 0, 0, 0, false
	case parts[0].isYear():
		y, m, d = parts[0].value, parts[1].day(), parts[2].day()
	case order == MonthFirst:
		y, m, d = parts[2].year(), parts[0].day(), parts[1].day()
	default:
		y, m, d = parts[2].year(), parts[1].day(), parts[0].day()
	}
	return y, m, d, isDate(y, m, d)
}

// A datePart is a number, with the count of its digits, or a month's name.
type datePart struct {
	value, digits, month int
}

func (p datePart) isYear() bool { return p.digits == 4 }

// year and day are 0, which no date has, where the part has not that many digits.
func (p datePart) year() int {
	if p.digits != 4 {
		return 0
	}
	return p.value
}

func (p datePart) day() int {
	if p.digits > 2 {
		return 0
	}
	return p.value
}

// dateParts cuts a date into its three parts. Numbers next to each other must be parted by one mark, the same
// throughout, or by spaces.
func dateParts(text string) (parts [3]datePart, ok bool) {
	n, mark, marks, named := 0, rune(0), 0, false
	words, ok := dateWords(text)
	if !ok {
		return parts, false
	}
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w.mark != 0:
			if mark != 0 && mark != w.mark {
				return parts, false
			}
			mark = w.mark
			marks++
			continue
		case dateFillers[w.text]:
			continue
		case n == len(parts):
			return parts, false
		}
		part, used := readDatePart(words[i:])
		if used == 0 {
			return parts, false
		}
		parts[n] = part
		named = named || part.month > 0
		n++
		i += used - 1
	}
	return parts, n == len(parts) && (named || marks != 1)
}

func readDatePart(words []dateWord) (datePart, int) {
	w := words[0].text
	if digits := trimOrdinal(w); allDigits(digits) && len(digits) <= 4 {
		value, err := strconv.Atoi(digits)
		if err != nil {
			return datePart{}, 0
		}
		return datePart{value: value, digits: len(digits)}, 1
	}
	if len(words) > 1 {
		if m := months[w+" "+words[1].text]; m > 0 {
			return datePart{month: m}, 2
		}
	}
	if m := months[w]; m > 0 {
		return datePart{month: m}, 1
	}
	return datePart{}, 0
}

func trimOrdinal(word string) string {
	for _, ending := range [...]string{"st", "nd", "rd", "th", "er", "o"} {
		if digits, ok := strings.CutSuffix(word, ending); ok && allDigits(digits) {
			return digits
		}
	}
	return word
}

// A dateWord is a folded word or the mark between two numbers.
type dateWord struct {
	text string
	mark rune
}

func dateWords(text string) ([]dateWord, bool) {
	var words []dateWord
	begin := -1
	end := func(i int) {
		if begin < 0 {
			return
		}
		for word := range strings.FieldsSeq(Fold(text[begin:i])) {
			words = append(words, dateWord{text: word})
		}
		begin = -1
	}
	for i, r := range text {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.M, r), isDropped(r):
			if begin < 0 {
				begin = i
			}
			continue
		}
		end(i)
		switch {
		case r == '/', r == '-', r == '.':
			words = append(words, dateWord{mark: r})
		case r == '–', r == '‐', r == '−', r == '‑':
			words = append(words, dateWord{mark: '-'})
		case r == '／':
			words = append(words, dateWord{mark: '/'})
		case unicode.IsSpace(r), r == ',', r == '،', r == '，':
		default:
			return nil, false
		}
	}
	end(len(text))
	for len(words) > 0 && words[len(words)-1].mark == '.' { // the sentence's own stop
		words = words[:len(words)-1]
	}
	return words, marksPart(words)
}

// marksPart says whether each mark stands alone between two words: "-5/3/2026" and "5//3" are no dates. A stop
// may end an abbreviated month.
func marksPart(words []dateWord) bool {
	for i, w := range words {
		if w.mark != 0 && (i == 0 || i == len(words)-1 || words[i-1].mark != 0) {
			return false
		}
	}
	return true
}

func isDate(y, m, d int) bool {
	if y < firstYear || y > lastYear || m < 1 || m > 12 || d < 1 {
		return false
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[m-1]
	if m == 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		days++
	}
	return d <= days
}
