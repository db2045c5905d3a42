// Package quote writes texts as encoding/json does, byte for byte, for what nearly every turn writes: what knows its
// shape beforehand needs no reflection.
package quote

import "unicode/utf8"

const hex = "0123456789abcdef"

// Append appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func Append(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
				i++
				continue
			}
			b = escape(append(b, s[from:i]...), c)
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b = append(append(b, s[from:i]...), `\ufffd`...)
			from = i + n
		case r == '\u2028' || r == '\u2029': // lines end there in JavaScript
			b = append(append(b, s[from:i]...), `\u202`...)
			b = append(b, hex[r&0xF])
			from = i + n
		}
		i += n
	}
	return append(append(b, s[from:]...), '"')
}

// escape appends a character that cannot stand in a JSON string, or not in one within HTML.
func escape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
}
