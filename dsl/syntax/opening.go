package syntax

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"baraza/dsl/diag"
)

var (
	writtenDays = regexp.MustCompile(`(?i)^(sun|mon|tue|wed|thu|fri|sat)[a-z]*(?:\s*(?:-|–|—|to|until|till|through)\s*(sun|mon|tue|wed|thu|fri|sat)[a-z]*)?:?\s+(.+)$`)
	writtenTime = regexp.MustCompile(`(?i)^(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?\s*(?:-|–|—|to|until|till)\s*(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?$`)
	betweenTime = regexp.MustCompile(`\s*(?:,|;|&|\band\b)\s*`)
)

// openingLine writes a line of opening hours in our form, where people wrote it in theirs: "Sunday to Thursday
// 8-15". It is "" where it is not certain what was meant.
func openingLine(text string) string {
	if len(text) > 200 {
		return ""
	}
	found := writtenDays.FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	line := strings.ToLower(found[1])
	if found[2] != "" {
		line += " to " + strings.ToLower(found[2])
	}
	for i, part := range betweenTime.Split(strings.TrimSpace(found[3]), -1) {
		t := writtenTime.FindStringSubmatch(part)
		if t == nil {
			return ""
		}
		from, ok1 := clock(t[1], t[2], t[3])
		to, ok2 := clock(t[4], t[5], t[6])
		if !ok1 || !ok2 || from >= to {
			return ""
		}
		if i > 0 {
			line += ","
		}
		line += " " + from + "-" + to
	}
	return line
}

// clock is a time of day; half says am or pm, or nothing.
func clock(hour, minute, half string) (string, bool) {
	h, _ := strconv.Atoi(hour)
	switch {
	case half != "" && (h < 1 || h > 12), h > 24, minute > "59":
		return "", false
	case strings.EqualFold(half, "pm") && h < 12:
		h += 12
	case strings.EqualFold(half, "am") && h == 12:
		h = 0
	}
	if minute == "" {
		minute = "00"
	}
	return fmt.Sprintf("%02d:%s", h, minute), true
}

// closedDay: "friday closed".
func closedDay(text string) bool {
	found := writtenDays.FindStringSubmatch(text[:min(len(text), 200)])
	return found != nil && strings.EqualFold(strings.TrimSpace(found[3]), "closed")
}

// guessOpening recognises a line of opening hours in another form. It reports the line and says so.
func (s *problems) guessOpening(l *line, text []byte) bool {
	at := s.at(l.start, l.end)
	if closedDay(string(text)) {
		s.report(l.number, diag.New(diag.Error, "unknown-line", at, "a day without a line is closed").
			WithHelp("Remove this line. Single days on which you are closed are written: closed 2026-12-25"))
		return true
	}
	plain := openingLine(string(text))
	if plain == "" || plain == string(text) {
		return false
	}
	s.report(l.number, diag.New(diag.Error, "wrong-value", at, "days have three small letters, and times are like 08:30-17:00").
		WithFix(at, plain, false))
	return true
}
