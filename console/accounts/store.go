package accounts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"baraza/console/role"
)

// The file's buckets. Keys are names of accounts, and SHA-256 of what somebody holds.
var (
	accountBucket = []byte("accounts")
	sessionBucket = []byte("sessions")
	tokenBucket   = []byte("tokens")
	linkBucket    = []byte("links")
	metaBucket    = []byte("meta")
)

// format is that of the file. A later one is not guessed at.
const format = 1

// kept is an account as it is stored.
type kept struct {
	Name    string                 `json:"name"`
	Email   string                 `json:"email,omitempty"`
	Roles   map[string][]role.Role `json:"roles"`
	Created time.Time              `json:"created"`
	Last    *time.Time             `json:"last,omitempty"`
	Closed  *time.Time             `json:"closed,omitempty"`
	SignIn  string                 `json:"sign_in,omitempty"`
	// Password is its hash with the parameters of it, Phone the sealed secret of the phone, Step the last interval of
	// which a code was used, and Codes are hashes of recovery codes that were not used.
	Password string   `json:"password,omitempty"`
	Phone    []byte   `json:"phone,omitempty"`
	Step     int64    `json:"step,omitempty"`
	Codes    [][]byte `json:"codes,omitempty"`
	// Issuer and Subject are who the identity provider says it is.
	Issuer  string `json:"issuer,omitempty"`
	Subject string `json:"subject,omitempty"`
	// Epoch counts up when all sessions end: those of an earlier one are none.
	Epoch uint64 `json:"epoch"`
}

// live tells whether somebody can sign in.
func (k *kept) live() bool { return k.Closed == nil && k.SignIn != ByNothing }

// nobody takes from an account all by which somebody can sign in as it.
func (k *kept) nobody() {
	k.SignIn, k.Password, k.Phone, k.Codes, k.Issuer, k.Subject = ByNothing, "", nil, nil, "", ""
}

type session struct {
	Account string    `json:"account"`
	Epoch   uint64    `json:"epoch"`
	Begun   time.Time `json:"begun"`
	Seen    time.Time `json:"seen"`
}

type keptToken struct {
	Account string `json:"account"`
	Token
}

// link is an invitation that was not used yet, or a new beginning of an account. Password and Phone are what was chosen
// so far, until a code shows that the phone has the secret.
type link struct {
	Account  string    `json:"account"`
	By       string    `json:"by"` // account; "" for a command on the machine
	Until    time.Time `json:"until"`
	Password string    `json:"password,omitempty"`
	Phone    []byte    `json:"phone,omitempty"`
}

// openFile opens the file, or begins one, for its owner alone.
func openFile(path string) (*bbolt.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, err
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("the accounts in %s: %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{accountBucket, sessionBucket, tokenBucket, linkBucket, metaBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(metaBucket)
		want := fmt.Appendf(nil, "%d", format)
		if have := meta.Get([]byte("format")); have != nil && string(have) != string(want) {
			return fmt.Errorf("the accounts in %s have format %s, and this program knows %d; use a later one", path, have, format)
		}
		return meta.Put([]byte("format"), want)
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// get reads one value; nil where there is none.
func get[T any](tx *bbolt.Tx, bucket, key []byte) (*T, error) {
	raw := tx.Bucket(bucket).Get(key)
	if raw == nil {
		return nil, nil
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("an entry of %s cannot be read: %w", bucket, err)
	}
	return v, nil
}

func put(tx *bbolt.Tx, bucket, key []byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put(key, raw)
}

// each visits the values of a bucket in the order of their keys. What visit returns true for is deleted.
func each[T any](tx *bbolt.Tx, bucket []byte, visit func(key []byte, v *T) (drop bool)) error {
	var dropped [][]byte
	err := tx.Bucket(bucket).ForEach(func(key, raw []byte) error {
		v := new(T)
		if err := json.Unmarshal(raw, v); err != nil {
			return fmt.Errorf("an entry of %s cannot be read: %w", bucket, err)
		}
		key = bytes.Clone(key) // the file's own bytes do not last
		if visit(key, v) {
			dropped = append(dropped, key)
		}
		return nil
	})
	for _, key := range dropped {
		if err == nil {
			err = tx.Bucket(bucket).Delete(key)
		}
	}
	return err
}

// account reads an account; nil where there is none.
func account(tx *bbolt.Tx, name string) (*kept, error) {
	return get[kept](tx, accountBucket, []byte(name))
}

func (k *kept) put(tx *bbolt.Tx) error { return put(tx, accountBucket, []byte(k.Name), k) }

// signOutAll ends the sessions of an account.
func (k *kept) signOutAll(tx *bbolt.Tx) error {
	k.Epoch++
	return each(tx, sessionBucket, func(_ []byte, s *session) bool { return s.Account == k.Name })
}
