package rounds

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"baraza/dsl/diag"
	"baraza/dsl/syntax"
)

// What stands in place of what was masked. It says what was there, not how long it was.
const (
	maskedNumber = "••••••"
	maskedMail   = "•••@•••"
)

// digitsMasked is from how many digits on a number is masked. Phone numbers have six at least, within their town,
// and identity papers more. What a flow asks stays as it is: choices have one or two digits, years and short codes
// of emergency services three or four, and several choices are written with commas, which join nothing here. A date
// with its year goes, since nothing tells a date of birth from others.
const digitsMasked = 6

// Mask takes from a text what may tell who somebody is: mail addresses, and numbers of six digits or more in any
// script, also where signs and spaces stand between the digits, as in phone numbers. Names and places stay: nothing
// finds them surely, which is why the tester's page asks for made-up ones. Masking what is masked changes nothing.
func Mask(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return isDigit(r) || isAt(r) }) {
		return text
	}
	return maskNumbers(maskMails(text, func(string) string { return maskedMail }))
}

func isAt(r rune) bool { return r == '@' || r == '＠' || r == '﹫' }

// maskMails puts something else in the place of every address: letters, digits and the signs of addresses of any script on
// both sides of the at sign. That a domain has a dot is not asked for, since names of payment services have none.
func maskMails(text string, by func(string) string) string {
	var b strings.Builder
	kept := 0 // what stands before it is in b
	for i, r := range text {
		if !isAt(r) || i < kept {
			continue
		}
		from, to := i, i+utf8.RuneLen(r)
		for from > kept {
			r, size := utf8.DecodeLastRuneInString(text[kept:from])
			if !isMail(r) {
				break
			}
			from -= size
		}
		for to < len(text) {
			r, size := utf8.DecodeRuneInString(text[to:])
			if !isMail(r) && !isAt(r) {
				break
			}
			to += size
		}
		if from == i || to == i+utf8.RuneLen(r) {
			continue // nothing before or behind it
		}
		b.WriteString(text[kept:from])
		b.WriteString(by(text[from:to]))
		kept = to
	}
	return b.String() + text[kept:]
}

func isMail(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || isDigit(r) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
}

// maskNumbers puts a sign in the place of every number with too many digits.
func maskNumbers(text string) string {
	var b strings.Builder
	kept := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !isDigit(r) {
			i += size
			continue
		}
		end, digits := number(text[i:])
		if digits >= digitsMasked {
			b.WriteString(text[kept:i])
			b.WriteString(maskedNumber)
			kept = i + end
		}
		i += end
	}
	return b.String() + text[kept:]
}

// number tells where a number ends that a text begins with, and how many digits it has.
func number(text string) (end, digits int) {
	for i, r := range text {
		switch {
		case isDigit(r):
			digits++
			end = i + utf8.RuneLen(r)
		case !joins(r):
			return end, digits
		}
	}
	return end, digits
}

// isDigit: the digits of any script, also raised, encircled and the like, and numerals such as ten of Ethiopic.
func isDigit(r rune) bool { return unicode.IsNumber(r) }

// joins says that a sign between two digits leaves them one number: how people write phone numbers, and what a
// keyboard puts between digits unseen.
func joins(r rune) bool {
	return strings.ContainsRune("+-./\\()[]_*~·'’", r) || unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) ||
		unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me) || r == '−' || r == '（' || r == '）' || r == '．' || r == '＋'
}

// plainText is what somebody wrote without bytes that are no text and signs that steer a terminal.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "�"))
}

// written is what a person wrote as a test can write it: without characters that nobody sees, and without white space
// at the ends of lines. The joiners that Persian and emoji need stay.
func written(s string) string {
	s = withoutHidden(plainText(s), func(r rune) bool { return r == '\u200c' || r == '\u200d' })
	if _, problems := syntax.ParseText("", []byte(s), 0, len(s)); slices.ContainsFunc(problems, func(d diag.Diagnostic) bool { return d.Code == "hidden-character" }) {
		s = withoutHidden(s, func(rune) bool { return false })
	}
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimSpace(line)
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func withoutHidden(s string, but func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Zs, r):
			return ' '
		case !but(r) && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co):
			return -1
		case r == 0x34f, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0, r == 0x2800:
			return -1
		}
		return r
	}, s)
}
