package desk_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"baraza/engine/keys"
	"baraza/engine/runner"
	"baraza/engine/store"
)

// An attacker has a country's key, reads the formats in engine/keys, and has every file. It is written without that
// package, so that what it cannot open is not a matter of what the package likes to open.
type attacker struct {
	t       *testing.T
	country string
	wrapID  []byte
	wrap    cipher.AEAD
}

const (
	slotSize  = 128
	chunkSize = 512 * slotSize
	gcmTag    = 16
)

func derive(t *testing.T, secret, salt []byte, what string, n int) []byte {
	t.Helper()
	key, err := hkdf.Key(sha256.New, secret, salt, what, n)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func aead(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newAttacker(t *testing.T, country string, key keys.CountryKey) *attacker {
	return &attacker{t: t, country: country, wrapID: derive(t, key[:], nil, "baraza country key id", 4),
		wrap: aead(t, derive(t, key[:], nil, "baraza country key wrap", 32))}
}

// slots gives every key that is wrapped at any place of a file.
func (a *attacker) slots(file []byte, each func(kind byte, key []byte)) {
	for at := 0; ; at++ {
		next := bytes.Index(file[at:], a.wrapID)
		if next < 0 {
			return
		}
		at += next
		begin := at - 30
		if begin < 0 || begin+slotSize > len(file) {
			continue
		}
		s := file[begin : begin+slotSize]
		if key, err := a.wrap.Open(nil, s[34:46], s[46:94], append(bytes.Clone(s[:30]), a.country...)); err == nil {
			each(s[0], key)
		}
	}
}

// keysIn are the keys in the files: wrapped ones, and those in backups that a week's key among them opens.
func (a *attacker) keysIn(files map[string][]byte) [][]byte {
	const week = 4
	var all, weeks [][]byte
	note := func(kind byte, key []byte) {
		if all = append(all, key); kind == week {
			weeks = append(weeks, key)
		}
	}
	for _, file := range files {
		a.slots(file, note)
	}
	for _, file := range files {
		if !bytes.HasPrefix(file, []byte("bzkeys")) {
			continue
		}
		for _, key := range weeks {
			a.slots(a.unsealed(file, key), note)
		}
	}
	return all
}

func (a *attacker) unsealed(file, week []byte) (plain []byte) {
	head, rest := file[:48], file[48:]
	sealer := aead(a.t, derive(a.t, week, head[16:], "baraza backup of keys", 32))
	for n := uint64(0); len(rest) > 0; n++ {
		chunk := rest[:min(len(rest), chunkSize+gcmTag)]
		rest = rest[len(chunk):]
		for _, last := range []byte{0, 1} {
			nonce := append(binary.BigEndian.AppendUint64(nil, n), 0, 0, 0, last)
			if some, err := sealer.Open(nil, nonce, chunk, head); err == nil {
				plain = append(plain, some...)
			}
		}
	}
	return plain
}

// opened gives the values that some key opens.
func (a *attacker) opened(all [][]byte, values []sealedValue) (out []sealedValue) {
	var ciphers []cipher.AEAD
	for _, key := range all {
		ciphers = append(ciphers, aead(a.t, key))
	}
	for _, v := range values {
		for _, c := range ciphers {
			if _, err := c.Open(nil, v.sealed[5:17], v.sealed[17:], v.bound(a.country)); err == nil {
				out = append(out, v)
				break
			}
		}
	}
	return out
}

// bare tells whether 32 bytes at any place of a file are themselves a key that opens the value.
func (a *attacker) bare(file []byte, v sealedValue) bool {
	bound := v.bound(a.country)
	for at := 0; at+32 <= len(file); at++ {
		if file[at] == 0 && file[at+31] == 0 {
			continue
		}
		if _, err := aead(a.t, file[at:at+32]).Open(nil, v.sealed[5:17], v.sealed[17:], bound); err == nil {
			return true
		}
	}
	return false
}

// sealedValue is what was encrypted once, wherever it is kept now.
type sealedValue struct {
	contact store.Key
	kind    keys.Kind
	plain   string
	sealed  []byte
}

func (v sealedValue) bound(country string) []byte {
	return append(append(append(bytes.Clone(v.contact[:]), country...), 0), v.kind...)
}

// recorder notes everything that is sealed. With lazy it forgets to destroy keys, as a program with that flaw would.
type recorder struct {
	runner.Keys
	lazy bool

	mu     sync.Mutex
	values []sealedValue
}

func (r *recorder) Seal(pack string, contact store.Key, kind keys.Kind, plain []byte) ([]byte, error) {
	sealed, err := r.Keys.Seal(pack, contact, kind, plain)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values = append(r.values, sealedValue{contact, kind, string(plain), bytes.Clone(sealed)})
	return sealed, err
}

func (r *recorder) Erase(pack string, e store.Erasure) error {
	if r.lazy {
		return nil
	}
	return r.Keys.Erase(pack, e)
}

// of are the values of a contact; of the zero key those that belong to none.
func (r *recorder) of(contact store.Key) (out []sealedValue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.values {
		if v.contact == contact {
			out = append(out, v)
		}
	}
	return out
}

// filesIn reads all files below the folders.
func filesIn(t *testing.T, folders ...string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			body, err := os.ReadFile(path)
			out[path] = bytes.TrimRight(body, "\x00") // a store's file has room at its end
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
