package accounts

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// keyring are the keys that come of the key of the configuration, one for each purpose.
type keyring struct {
	phones  []cipher.AEAD // the first seals; all open
	browser cipher.AEAD   // what a browser keeps between two pages, which it may neither read nor change
	devices []byte        // signs what tells a browser that was here before
	copies  [][]byte      // sign copies of the file; the first signs, all tell
}

func newKeyring(key [32]byte, old [][32]byte) (r keyring, err error) {
	derive := func(from [32]byte, purpose string) []byte {
		out, wrong := hkdf.Key(sha256.New, from[:], nil, "baraza console "+purpose, 32)
		err = errors.Join(err, wrong)
		return out
	}
	sealing := func(key []byte) cipher.AEAD {
		block, wrong := aes.NewCipher(key)
		if err = errors.Join(err, wrong); err != nil {
			return nil
		}
		aead, wrong := cipher.NewGCMWithRandomNonce(block)
		err = errors.Join(err, wrong)
		return aead
	}
	r.browser = sealing(derive(key, "browsers"))
	r.devices = derive(key, "devices")
	for _, k := range append([][32]byte{key}, old...) {
		r.phones = append(r.phones, sealing(derive(k, "phones")))
		r.copies = append(r.copies, derive(k, "copies"))
	}
	return r, err
}

// seal binds a secret to the account whose it is, so that it opens for no other.
func (r *keyring) seal(account string, plain []byte) []byte {
	return r.phones[0].Seal(nil, nil, plain, []byte(account))
}

// unseal gives the secret back, and whether an earlier key had sealed it.
func (r *keyring) unseal(account string, sealed []byte) (plain []byte, old bool, err error) {
	for i, aead := range r.phones {
		if plain, err := aead.Open(nil, nil, sealed, []byte(account)); err == nil {
			return plain, i > 0, nil
		}
	}
	return nil, false, errors.New("no key of the console opens it")
}

// rewrap seals everything with the first key, and refuses keys that open nothing.
func (r *keyring) rewrap(db *bbolt.DB, path string) error {
	return db.Update(func(tx *bbolt.Tx) error {
		meta, check := tx.Bucket(metaBucket), []byte("key")
		if sealed := meta.Get(check); sealed != nil {
			if _, _, err := r.unseal("", sealed); err != nil {
				return fmt.Errorf("console.key is not the key that %s was sealed with; put that one under console.old_keys", path)
			}
		}
		if err := meta.Put(check, r.seal("", check)); err != nil {
			return err
		}
		var again []*kept
		var problems []error
		err := each(tx, accountBucket, func(_ []byte, k *kept) bool {
			if k.Phone == nil {
				return false
			}
			switch plain, old, err := r.unseal(k.Name, k.Phone); {
			case err != nil:
				problems = append(problems, fmt.Errorf("the phone's secret of %s: %w", k.Name, err))
			case old:
				k.Phone = r.seal(k.Name, plain)
				again = append(again, k)
			}
			return false
		})
		problems = append(problems, err)
		for _, k := range again {
			problems = append(problems, k.put(tx))
		}
		return errors.Join(problems...)
	})
}

// mostKept is how long a value can be that a browser keeps for us.
const mostKept = 3000

// give is a value that a browser keeps and hands back, sealed for one purpose.
func (r *keyring) give(purpose string, v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(r.browser.Seal(nil, nil, plain, []byte(purpose))), nil
}

// take reads what give gave; false for anything else.
func (r *keyring) take(purpose, text string, v any) bool {
	if len(text) > mostKept {
		return false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	plain, err := r.browser.Open(nil, nil, sealed, []byte(purpose))
	return err == nil && json.Unmarshal(plain, v) == nil
}

// device is a sign that the account once signed in with this browser. It opens nothing: it keeps those who guess from
// elsewhere from making the account's owner wait.
func (r *keyring) device(account string) string {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(append(nonce, r.deviceSum(account, nonce)...))
}

func (r *keyring) deviceSum(account string, nonce []byte) []byte {
	mac := hmac.New(sha256.New, r.devices)
	mac.Write(nonce)
	mac.Write([]byte(account))
	return mac.Sum(nil)
}

// known gives what tells the browser from others, where its sign is one of this account.
func (r *keyring) known(account, sign string) (string, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(sign)
	if err != nil || len(raw) != 16+sha256.Size || !hmac.Equal(raw[16:], r.deviceSum(account, raw[:16])) {
		return "", false
	}
	return string(raw[:16]), true
}

// secret is something new that nobody can guess, in letters, and the hash by which it is kept.
func secret() (text string, hash []byte) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw), hashOf(raw)
}

func hashOf(raw []byte) []byte {
	sum := sha256.Sum256(raw)
	return sum[:]
}

// secretHash is the hash of a secret that somebody shows; false for what can be none. It takes the one way there is to
// write a secret, so that one session has not several names.
func secretHash(text string) ([]byte, bool) {
	if len(text) != 43 {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != 32 {
		return nil, false
	}
	return hashOf(raw), true
}
