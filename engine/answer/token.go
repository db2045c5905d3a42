package answer

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
)

// An option's token is what a button carries: "b", the asking in base 36, ".", the identity hash in base 36,
// ".", the option's key. It is ASCII, at most 47 bytes, and fits WhatsApp's button ids and Telegram's callback data.

const (
	tokenMark = "b"
	// maxKey is the longest option id that goes into a token as it is: 7 digits of asking, 13 of
	// identity, the mark and two stops leave 25 of 48 bytes.
	maxKey = 24
	// maxKeyDigits keeps ids that may be a phone or document number out of tokens.
	maxKeyDigits = 5
	hashMark     = '~'
	hashBytes    = 13 // 21 characters, 104 bits
	hashLength   = 1 + 21
)

const hashAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

var hashEncoding = base32.NewEncoding(hashAlphabet).WithPadding(base32.NoPadding)

// AppendToken appends the token of an option to dst: asking counts the questions of the conversation, identity is
// the hash of the question's identity, option the option's id.
func AppendToken(dst []byte, asking uint32, identity uint64, option string) []byte {
	dst = append(dst, tokenMark...)
	dst = strconv.AppendUint(dst, uint64(asking), 36)
	dst = append(dst, '.')
	dst = strconv.AppendUint(dst, identity, 36)
	dst = append(dst, '.')
	return append(dst, OptionKey(option)...)
}

// ParseToken reads a token back; option is the OptionKey of the id. Only what AppendToken writes is a token.
func ParseToken(s string) (asking uint32, identity uint64, option string, ok bool) {
	if len(s) > 48 || !strings.HasPrefix(s, tokenMark) {
		return 0, 0, "", false
	}
	first, rest, _ := strings.Cut(s[len(tokenMark):], ".")
	second, option, _ := strings.Cut(rest, ".")
	a, okAsking := parse36(first, 32)
	identity, okIdentity := parse36(second, 64)
	if !okAsking || !okIdentity || !isPlainKey(option) && !isHashKey(option) {
		return 0, 0, "", false
	}
	return uint32(a), identity, option, true
}

func parse36(s string, bits int) (uint64, bool) {
	if s == "" || len(s) > 1 && s[0] == '0' || strings.ToLower(s) != s {
		return 0, false
	}
	v, err := strconv.ParseUint(s, 36, bits)
	return v, err == nil
}

// OptionKey is what a token carries for an option's id: the id itself when it is short, plain ASCII and no
// number that could be a person's, else a hash of it. The key of a key is the key.
func OptionKey(id string) string {
	if isPlainKey(id) || isHashKey(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return string(hashMark) + hashEncoding.EncodeToString(sum[:hashBytes])
}

func isPlainKey(s string) bool {
	digits := 0
	for i := range len(s) {
		c := s[i]
		if '0' <= c && c <= '9' {
			digits++
		} else if ('a' > c || c > 'z') && c != '_' && c != '-' {
			return false
		}
	}
	return 0 < len(s) && len(s) <= maxKey && digits <= maxKeyDigits
}

func isHashKey(s string) bool {
	return len(s) == hashLength && s[0] == hashMark && strings.Trim(s[1:], hashAlphabet) == ""
}
