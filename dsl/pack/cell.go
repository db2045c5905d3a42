package pack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"baraza/dsl/diag"
	"baraza/engine/program"

	"golang.org/x/text/language"
)

// A cellForm says how the cells of one kind are written.
type cellForm struct {
	read func(string) (any, bool)
	is   string // "is not a number"
	like string // what to write
}

var cellForms = map[program.Kind]cellForm{
	program.NumberKind:   {readNumber, "is not a number", "Write digits and, for fractions, a point: -0.1807"},
	program.DateKind:     {readDate, "is not a date", "Write year, month, day: 2027-03-31"},
	program.TimeKind:     {readTime, "is not a time", "Write hours and minutes: 08:30"},
	program.PhoneKind:    {readPhone, "is not a phone number", "Write digits, with spaces between them where that helps: +593 2 000 0000"},
	program.EmailKind:    {readEmail, "is not an e-mail address", "For example: help@example.org"},
	program.YesNo:        {readYesNo, "is neither yes nor no", "Write yes or no."},
	program.LocationKind: {readLocation, "is not a place", "Write latitude and longitude: -0.1807 -78.4678"},
	program.LanguageKind: {readLanguage, "is not the code of a language", "Write a short code such as es or sw."},
}

// cell reads one cell; problem is the end of a sentence that begins with the column's name and line.
func (r *sheetReader) cell(c Column, cell string) (value any, problem string) {
	if len(cell) > MaxCell {
		return nil, fmt.Sprintf("is longer than %d KiB", MaxCell>>10)
	}
	if c.Type.Kind == program.TextKind || c.Type.Kind == program.MediaKind {
		return cell, ""
	}
	if cell == "" {
		return nil, ""
	}
	if c.Type.Kind == program.ChoiceKind {
		if slices.Contains(c.Type.Values, cell) {
			return cell, ""
		}
		return nil, fmt.Sprintf("is none of its values: %q", clip(cell))
	}
	form, ok := cellForms[c.Type.Kind]
	if !ok {
		return cell, ""
	}
	if value, ok = form.read(cell); !ok {
		return nil, fmt.Sprintf("%s: %q", form.is, clip(cell))
	}
	return value, ""
}

func (r *sheetReader) cellHelp(c Column, cell string) []string {
	if c.Type.Kind != program.ChoiceKind && strings.ContainsFunc(cell, func(r rune) bool { return r > 0x7f && unicode.IsDigit(r) }) {
		return []string{"Write it with the digits 0 to 9."}
	}
	if c.Type.Kind == program.ChoiceKind {
		return diag.Suggest("value", cell, c.Type.Values, nil)
	}
	if form, ok := cellForms[c.Type.Kind]; ok && len(cell) <= MaxCell {
		return []string{form.like}
	}
	return []string{"Make it shorter."}
}

// clip keeps a cell in a message short.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// readNumber takes decimal numbers alone: what ParseFloat reads besides is a slip in a table.
func readNumber(s string) (any, bool) {
	if strings.Trim(s, "0123456789.-") != "" {
		return nil, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

func readDate(s string) (any, bool) {
	_, err := time.Parse(time.DateOnly, s)
	return s, err == nil
}

func readTime(s string) (any, bool) {
	t, err := time.Parse("15:04", s)
	return t.Format("15:04"), err == nil
}

// readPhone takes whatever people can dial: a table of contacts has short numbers too.
func readPhone(s string) (any, bool) {
	digits := 0
	for i, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i == 0, strings.ContainsRune(" -().*#", c):
		default:
			return nil, false
		}
	}
	return s, digits >= 3 && digits <= 15
}

func readEmail(s string) (any, bool) {
	name, host, ok := strings.Cut(s, "@")
	return s, ok && name != "" && strings.Contains(host, ".") && !strings.ContainsAny(s, " ,;") && !strings.Contains(host, "@")
}

func readYesNo(s string) (any, bool) {
	switch strings.ToLower(s) {
	case "yes":
		return true, true
	case "no":
		return false, true
	}
	return nil, false
}

func readLocation(s string) (any, bool) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
	if len(parts) != 2 {
		return nil, false
	}
	lat, ok1 := readNumber(parts[0])
	lon, ok2 := readNumber(parts[1])
	if !ok1 || !ok2 || lat.(float64) < -90 || lat.(float64) > 90 || lon.(float64) < -180 || lon.(float64) > 180 {
		return nil, false
	}
	return program.Location{Lat: lat.(float64), Lon: lon.(float64)}, true
}

func readLanguage(s string) (any, bool) {
	_, err := language.Parse(s)
	return s, err == nil
}
