package answer

import (
	"strconv"
	"strings"
	"unicode"
)

// ParseTime reads a time of day as minutes after midnight, 0 to 1439: "14:30", "14.30", "14h30", "14h", "2:30 pm",
// "2pm", "2.30 p. m.", "٢:٣٠ م", in any script's digits. Without am or pm it is a time of 24 hours, so "2:30" is in
// the night. A number alone is not a time. Nor are Swahili hours ("saa nane"): they count from six, and
// people who use them write clock times too.
func ParseTime(text string) (minutes int, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 64 {
		return 0, false
	}
	clock, half := splitHalf(text)
	if half == noHalf {
		return 0, false
	}
	hour, minute, bare, ok := splitClock(clock)
	switch {
	case !ok || minute > 59:
		return 0, false
	case half == wholeDay:
		return hour*60 + minute, hour <= 23 && !bare
	case hour < 1 || hour > 12:
		return 0, false
	}
	hour %= 12
	if half == afternoon {
		hour += 12
	}
	return hour*60 + minute, true
}

const (
	noHalf = iota // the words around the clock are not understood
	wholeDay
	morning
	afternoon
)

// halves are the folded words that say which half of the day is meant, spaces left out.
var halves = map[string]int{
	"": wholeDay, "hrs": wholeDay, "hs": wholeDay,
	"am": morning, "pm": afternoon,
	"ص": morning, "صباحا": morning, "م": afternoon, "مسا": afternoon,
	"asubuhi": noHalf, "jioni": noHalf, // Swahili hours
}

// splitHalf takes the words off the end of a time.
func splitHalf(text string) (clock string, half int) {
	at := len(text)
	for i, r := range text {
		if unicode.IsLetter(r) && r != 'h' && r != 'H' {
			at = i
			break
		}
	}
	words := strings.ReplaceAll(Fold(text[at:]), " ", "")
	clock = text[:at]
	// "14 hrs": the h went with the clock
	head := strings.TrimRight(clock, "hH")
	if words == "rs" || words == "s" {
		clock, words = head, "h"+words
	}
	if strings.ContainsAny(head, ":：.") { // "14:30 h"
		clock = head
	}
	return clock, halves[words]
}

// hSpacing closes up "14 h 30".
var hSpacing = strings.NewReplacer(" h ", "h", " H ", "h", " h", "h", " H", "h", "h ", "h", "H ", "h")

// splitClock reads "14:30", "14h30", "14h" and "14". A bare hour is for am and pm only.
func splitClock(clock string) (hour, minute int, bare, ok bool) {
	var digits [2][]byte
	n, marks := 0, 0
	for _, r := range hSpacing.Replace(strings.TrimSpace(clock)) {
		switch {
		case unicode.IsDigit(r):
			digits[n] = append(digits[n], '0'+byte(digit(r)))
		case (r == ':' || r == '：' || r == '.' || r == 'h' || r == 'H') && n == 0 && len(digits[0]) > 0:
			n, marks = 1, marks+1
			bare = r != 'h' && r != 'H'
		case unicode.Is(unicode.Cf, r):
		default:
			return 0, 0, false, false
		}
	}
	switch {
	case marks == 0:
		bare = true
	case len(digits[1]) == 2:
		bare = false
	case len(digits[1]) != 0 || bare:
		return 0, 0, false, false // "14:", "14:3"
	}
	if len(digits[0]) < 1 || len(digits[0]) > 2 {
		return 0, 0, false, false
	}
	hour, _ = strconv.Atoi(string(digits[0]))
	minute, _ = strconv.Atoi("0" + string(digits[1]))
	return hour, minute, bare, true
}
