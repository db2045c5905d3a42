package accounts

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// Codes of phones are those that every authenticator makes: RFC 6238 with SHA-1, 6 digits, 30 seconds.
const (
	codeStep   = 30 * time.Second
	phoneBytes = 20
)

var codeRules = totp.ValidateOpts{Period: uint(codeStep / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// newPhone is a secret for a phone, in the letters that authenticators take.
func newPhone() string {
	raw := make([]byte, phoneBytes)
	_, _ = rand.Read(raw)
	return base32.StdEncoding.EncodeToString(raw)
}

// phoneAddress is what the phone reads from the picture.
func phoneAddress(secret, issuer, account string) (string, error) {
	raw, err := base32.StdEncoding.DecodeString(secret)
	if err != nil {
		return "", err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account, Secret: raw,
		Period: codeRules.Period, Digits: codeRules.Digits, Algorithm: codeRules.Algorithm})
	if err != nil {
		return "", err
	}
	return key.URL(), nil
}

// stepOf finds the interval that a code belongs to: the one of now, or one beside it for a clock that is a little off.
// Those up to used were used before and are none.
func stepOf(secret, code string, now time.Time, used int64) (step int64, ok bool) {
	code = strings.Join(strings.Fields(code), "")
	here := now.Unix() / int64(codeStep/time.Second)
	for _, at := range []int64{here, here - 1, here + 1} {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(at*int64(codeStep/time.Second), 0), codeRules)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at > used {
			step, ok = at, true
		}
	}
	return step, ok
}

// recoveryCodes is how many an account has at first.
const recoveryCodes = 10

// codeLetters have none that look like another.
const codeLetters = "abcdefghjkmnpqrstuvwxyz23456789"

// newCodes are recovery codes, such as k3vd-29xm-hq7t, and their hashes. A code has 59 bits, so that a plain hash does.
func newCodes() (codes []string, hashes [][]byte) {
	for range recoveryCodes {
		var b strings.Builder
		for i := 0; i < 12; {
			var one [1]byte
			_, _ = rand.Read(one[:])
			if int(one[0]) >= 256/len(codeLetters)*len(codeLetters) {
				continue // so that each letter is as likely as the others
			}
			if i > 0 && i%4 == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(codeLetters[int(one[0])%len(codeLetters)])
			i++
		}
		codes, hashes = append(codes, b.String()), append(hashes, codeHash(b.String()))
	}
	return codes, hashes
}

// codeHash is that of a recovery code however it was typed.
func codeHash(code string) []byte {
	return hashOf([]byte(strings.ToLower(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, code))))
}

// useCode takes a code of the phone, or a recovery code, from an account. What was taken cannot be used again.
func (a *Accounts) useCode(k *kept, code string, now time.Time) (recovery, ok bool) {
	secret, _, err := a.keys.unseal(k.Name, k.Phone)
	if err != nil {
		a.log.Error("a phone's secret cannot be read", "error", err)
		return false, false
	}
	if step, ok := stepOf(string(secret), code, now, k.Step); ok {
		k.Step = step
		return false, true
	}
	hash := codeHash(code)
	i := slices.IndexFunc(k.Codes, func(have []byte) bool { return subtle.ConstantTimeCompare(have, hash) == 1 })
	if i < 0 {
		return false, false
	}
	k.Codes = slices.Delete(k.Codes, i, i+1)
	return true, true
}
