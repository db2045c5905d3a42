package whatsapp

import "strings"

// Variants are the other ways in which WhatsApp may write the same phone number, digits alone, the given one first.
// They are for finding a contact only: what the API gave is stored and sent back as it came.
func Variants(phone string) []string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	all := []string{digits}
	switch {
	case strings.HasPrefix(digits, "55") && len(digits) == 13 && digits[4] == '9' && mobileInBrazil(digits[5]):
		all = append(all, digits[:4]+digits[5:])
	case strings.HasPrefix(digits, "55") && len(digits) == 12 && mobileInBrazil(digits[4]):
		all = append(all, digits[:4]+"9"+digits[4:])
	case strings.HasPrefix(digits, "549") && len(digits) == 13:
		all = append(all, "54"+digits[3:])
	case strings.HasPrefix(digits, "54") && len(digits) == 12 && digits[2] != '9':
		all = append(all, "549"+digits[2:])
	case strings.HasPrefix(digits, "521") && len(digits) == 13:
		all = append(all, "52"+digits[3:])
	case strings.HasPrefix(digits, "52") && len(digits) == 12:
		all = append(all, "521"+digits[2:])
	}
	return all
}

// mobileInBrazil: what follows the mobile 9; landlines begin with 2 to 5.
func mobileInBrazil(first byte) bool { return first >= '6' }
