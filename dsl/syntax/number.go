package syntax

import (
	"unicode"
	"unicode/utf8"

	"baraza/dsl/diag"
)

// number measures the number, date or time at an offset; n is 0 for none. A sign counts only behind white space.
func (s *scan) number(l *line, at, end int32) (k kind, n int) {
	text := s.src[at:end]
	if (text[0] == '-' || text[0] == '+') && (at == 0 || s.src[at-1] == ' ' || s.src[at-1] == '\t') {
		n = 1
	}
	d := digits(text[n:])
	if d == 0 {
		return opToken, s.otherDigits(l, at, text)
	}
	n += d
	if d > 9 {
		s.report(l.number, diag.New(diag.Error, "wrong-value", s.at(at, at+int32(n)), "this number is too large"))
	}
	rest := text[n:]
	if rest1 := digitsAfter(rest, '-'); rest1 > 0 && d <= 4 {
		if rest2 := digitsAfter(rest[rest1:], '-'); rest2 > 0 {
			return dateToken, n + rest1 + rest2
		}
	}
	if rest1 := digitsAfter(rest, ':'); rest1 == 3 && d <= 2 {
		return timeToken, n + rest1
	}
	return numberToken, n + digitsAfter(rest, '.')
}

func digits(text []byte) int {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}

// digitsAfter measures a sign and the digits behind it, 0 where they are not there.
func digitsAfter(text []byte, sign byte) int {
	if len(text) < 2 || text[0] != sign {
		return 0
	}
	if n := digits(text[1:]); n > 0 {
		return n + 1
	}
	return 0
}

// otherDigits reports digits of another script and returns their length.
func (s *scan) otherDigits(l *line, at int32, text []byte) int {
	n, plain := 0, ""
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if r < utf8.RuneSelf || !unicode.IsDigit(r) {
			break
		}
		plain += string('0' + (r-zeroOf(r))%10)
		n += size
	}
	if n > 0 {
		s.report(l.number, diag.New(diag.Error, "full-width-punctuation", s.at(at, at+int32(n)), `the number "%s" is not written with the digits 0 to 9`, clip(text[:n])).
			WithFix(s.at(at, at+int32(n)), plain, true))
	}
	return n
}

// zeroOf returns the zero of a digit's script: digits stand in tens.
func zeroOf(r rune) rune {
	zero := r
	for zero > 0 && r-zero < 9 && unicode.IsDigit(zero-1) {
		zero--
	}
	return zero
}
