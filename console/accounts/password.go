package accounts

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// What a hash of a password costs: 19 MiB and two passes, as OWASP advises; a fraction of a second of one core.
const (
	hashKiB    = 19 << 10
	hashPasses = 2
	hashSize   = 32
	saltSize   = 16
)

// Bounds on hashing, so that many sign-ins at once take neither all memory nor all cores from conversations.
const (
	hashesAtOnce = 2
	hashesWait   = 32
)

// Bounds on a password. The longest is far beyond any sentence.
const (
	leastPassword = 12  // characters
	mostPassword  = 512 // bytes
)

// errBusy: too many want to sign in at this moment.
var errBusy = &Problem{503, "Many people are signing in at this moment. Wait a little and try again."}

// hasher hashes passwords, a few at a time.
type hasher struct {
	slots chan struct{}
	queue atomic.Int32
	done  atomic.Int64 // hashes, for tests
	blank string       // the hash of no password, for accounts that are not there
}

func newHasher() (*hasher, error) {
	h := &hasher{slots: make(chan struct{}, hashesAtOnce)}
	var err error
	h.blank, err = h.hash(context.Background(), rand.Text())
	return h, err
}

// slot waits for a turn. Who is known already finds a place in the queue that strangers have filled.
func (h *hasher) slot(ctx context.Context, known bool) (release func(), err error) {
	most := int32(hashesWait)
	if known {
		most *= 2
	}
	defer h.queue.Add(-1)
	if h.queue.Add(1) > most {
		return nil, errBusy
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *hasher) derive(ctx context.Context, password string, salt []byte, kib, passes uint32, known bool) ([]byte, error) {
	release, err := h.slot(ctx, known)
	if err != nil {
		return nil, err
	}
	defer release()
	h.done.Add(1)
	return argon2.IDKey([]byte(norm.NFKC.String(password)), salt, passes, kib, 1, hashSize), nil
}

// hash is what is kept of a password, in the usual form: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt)
	sum, err := h.derive(ctx, password, salt, hashKiB, hashPasses, true)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, hashKiB, hashPasses, b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

// check tells whether a password is the one of a hash; "" for an account that is not there costs the same. known: the
// browser was here before.
func (h *hasher) check(ctx context.Context, password, hash string, known bool) (bool, error) {
	there := hash != ""
	if !there {
		hash = h.blank
	}
	salt, want, kib, passes, err := readHash(hash)
	if err != nil {
		return false, err
	}
	if len(password) > mostPassword {
		password = "" // longer than any; it is hashed all the same
		there = false
	}
	got, err := h.derive(ctx, password, salt, kib, passes, known)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && there, nil
}

func readHash(hash string) (salt, sum []byte, kib, passes uint32, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, nil, 0, 0, errors.New("a hash of a password cannot be read")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &kib, &passes); err != nil || kib > 1<<20 || passes > 100 {
		return nil, nil, 0, 0, errors.New("a hash of a password cannot be read")
	}
	b64 := base64.RawStdEncoding
	salt, wrongSalt := b64.DecodeString(parts[4])
	sum, wrongSum := b64.DecodeString(parts[5])
	return salt, sum, kib, passes, errors.Join(wrongSalt, wrongSum)
}

//go:embed common.txt
var common []byte

// unfit says what keeps a text from being a password of an account; "" for nothing. It gives the word of the reason.
func unfit(password, account string) string {
	folded := strings.ToLower(norm.NFKC.String(password))
	switch {
	case !utf8.ValidString(password) || len(password) > mostPassword:
		return "password-long"
	case utf8.RuneCountInString(norm.NFKC.String(password)) < leastPassword:
		return "password-short"
	case strings.Contains(folded, account) && len(folded) < len(account)+leastPassword/2, folded == account:
		return "password-name"
	case repeats(folded) || bytes.Contains(common, []byte("\n"+folded+"\n")):
		return "password-common"
	}
	return ""
}

// repeats tells of a text that is one short part again and again, or a run such as 123456….
func repeats(text string) bool {
	runes := []rune(text)
	for size := 1; size <= 4; size++ {
		again := true
		for i := size; i < len(runes) && again; i++ {
			again = runes[i] == runes[i-size]
		}
		if again {
			return true
		}
	}
	up, down := true, true
	for i := 1; i < len(runes); i++ {
		up, down = up && runes[i] == runes[i-1]+1, down && runes[i] == runes[i-1]-1
	}
	return up || down
}
