package answer

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// ParsePhone reads a phone number in any script's digits and gives it as E.164 ("+593991234567"). country is the
// two-letter code of the country whose national form is understood; where it is empty only numbers with "+" are.
// The number must exist in its country's numbering plan, so placeholders such as "+00 000 000 0000" do not pass,
// and words around it are not skipped.
func ParsePhone(text, country string) (e164 string, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > 256 {
		return "", false
	}
	plain := make([]byte, 0, 32)
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			plain = append(plain, '0'+byte(digit(r)))
		case r == '+' || r == '＋':
			if len(plain) > 0 {
				return "", false
			}
			plain = append(plain, '+')
		case isPhoneMark(r):
		default:
			return "", false
		}
	}
	if len(plain) < 5 || len(plain) > 20 {
		return "", false
	}
	number, err := phonenumbers.Parse(string(plain), strings.ToUpper(country))
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

func isPhoneMark(r rune) bool {
	switch r {
	case '-', '.', '(', ')', '/', '‐', '‑', '–', '−', '（', '）':
		return true
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Zs) || r == 0x20E3 || unicode.Is(unicode.Variation_Selector, r)
}

// ParseEmail reads one e-mail address as people have them: ASCII, no quoted local part, a domain with a dot. The
// domain comes back in lower case, the local part as written.
func ParseEmail(text string) (string, bool) {
	text = strings.Trim(strings.TrimSpace(text), "<>.,;:()\"'* \u200e\u200f")
	if len(text) >= 7 && strings.EqualFold(text[:7], "mailto:") {
		text = text[7:]
	}
	local, domain, found := strings.Cut(strings.Replace(clip(text, 512), "＠", "@", 1), "@")
	if !found || len(local) > 64 || len(local)+len(domain)+1 > 254 || !isLocalPart(local) {
		return "", false
	}
	domain = strings.ToLower(domain)
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if !isDomainLabel(label) {
			return "", false
		}
	}
	last := labels[len(labels)-1]
	if len(labels) < 2 || len(last) < 2 || strings.IndexAny(last, "0123456789") == 0 {
		return "", false
	}
	return local + "@" + domain, true
}

func isLocalPart(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isAlphanumeric(c) && strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) < 0 {
			return false
		}
		if c == '.' && (i == 0 || i == len(s)-1 || s[i-1] == '.') {
			return false
		}
	}
	return s != ""
}

func isDomainLabel(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && (s[i] != '-' || i == 0 || i == len(s)-1) {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
