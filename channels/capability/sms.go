package capability

import "strings"

// The room in an SMS of 140 bytes (3GPP TS 23.040): a text in several parts gives six bytes of each to the
// header that joins them.
const (
	septetsAlone   = 160
	septetsInAPart = 153
	unitsAlone     = 70
	unitsInAPart   = 67
)

// The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1). A character of the extension
// is sent as an escape and a second septet.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// Segments says how many SMS a text is sent as, and whether a character outside the GSM alphabet turns all of
// it into UCS-2 (unicode), with less than half the room. A character that takes two units is never cut in half,
// so a part may be left one unit short. The empty text is no SMS.
func Segments(s string) (parts int, unicode bool) {
	if s == "" {
		return 0, false
	}
	if _, ok := septets(s); ok {
		return pack(s, septetWidth, septetsAlone, septetsInAPart), false
	}
	return pack(s, utf16Width, unitsAlone, unitsInAPart), true
}

// OutsideGSM returns the first character of s that makes an SMS change to UCS-2; false where there is none.
func OutsideGSM(s string) (rune, bool) {
	for _, r := range s {
		if septetWidth(r) == 0 {
			return r, true
		}
	}
	return 0, false
}

// septets is the length of s in the GSM alphabet; false where a character is missing from it.
func septets(s string) (int, bool) {
	n := 0
	for _, r := range s {
		width := septetWidth(r)
		if width == 0 {
			return 0, false
		}
		n += width
	}
	return n, true
}

// septetWidth is 0 for a character the alphabet does not have.
func septetWidth(r rune) int {
	switch {
	case strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmExtension, r):
		return 2
	}
	return 0
}

// pack counts the parts of s: one if all of it fits alone, else as many as it takes with the joining header.
func pack(s string, width func(rune) int, alone, inAPart int) int {
	total, parts, used := 0, 1, 0
	for _, r := range s {
		w := width(r)
		total += w
		if used+w > inAPart {
			parts++
			used = 0
		}
		used += w
	}
	if total <= alone {
		return 1
	}
	return parts
}
