package rounds

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// An invitation's token and a session's secret are 128 random bits in the letters of an address. They are kept only
// as hashes: who reads the file cannot begin or go on in anybody's name.
const secretBytes = 16

// A passphrase is a word that a designer tells a room, not a password: the token before it is what cannot be guessed.
const (
	phraseRounds = 100_000
	phraseTries  = 20 // wrong ones in an hour, by round
)

// kept is a round as it lies in the file.
type kept struct {
	Round
	Token  []byte // its hash
	Salt   []byte `json:",omitempty"`
	Phrase []byte `json:",omitempty"` // the passphrase, hardened
}

func (f *File) secret() (string, error) {
	var b [secretBytes]byte
	if _, err := io.ReadFull(f.random, b[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// hashOf is what is kept of a token or secret. No salt: 128 random bits cannot be tried.
func hashOf(secret string) []byte {
	h := sha256.Sum256([]byte("baraza simulator " + secret))
	return h[:]
}

// isSecret refuses what cannot be a token or secret before anything is done with it.
func isSecret(s string) bool { return len(s) == base64.RawURLEncoding.EncodedLen(secretBytes) }

// CreateRound keeps a new round and gives it with the token of its link. The token is told this once; who loses it
// makes another round. Of the round given, Pack, Version, Title, Persona, Tasks, Uses, Expires and Keep count; the
// zero Version is Draft, and zero times are two weeks and 90 days from now.
func (f *File) CreateRound(r Round, passphrase string) (Round, string, error) {
	now := f.now()
	made, err := f.newID()
	if err != nil {
		return Round{}, "", err
	}
	r.ID, r.Created, r.Used, r.Participants, r.Unrecorded, r.Revoked = made.String(), now, 0, 0, 0, false
	r.HasPassphrase = passphrase != ""
	if r.Version == "" {
		r.Version = Draft
	}
	if r.Expires.IsZero() {
		r.Expires = now.Add(DefaultExpiry)
	}
	if r.Keep.IsZero() {
		r.Keep = now.Add(max(DefaultKeep, r.Expires.Sub(now)))
	}
	if err := r.check(now); err != nil {
		return Round{}, "", err
	}
	if len(passphrase) > maxPhrase {
		return Round{}, "", fmt.Errorf("a passphrase has at most %d bytes", maxPhrase)
	}
	token, err := f.secret()
	if err != nil {
		return Round{}, "", err
	}
	k := kept{Round: r, Token: hashOf(token)}
	if r.HasPassphrase {
		k.Salt = make([]byte, 16)
		if _, err := io.ReadFull(f.random, k.Salt); err != nil {
			return Round{}, "", err
		}
		if k.Phrase, err = harden(passphrase, k.Salt); err != nil {
			return Round{}, "", err
		}
	}
	err = f.db.Update(func(tx *bolt.Tx) error {
		if err := f.room(tx); err != nil {
			return err
		}
		if n := tx.Bucket(roundsBucket).Stats().KeyN; n >= MaxRounds {
			return fmt.Errorf("%d rounds are kept: %w; delete some that are over", n, ErrFull)
		}
		if err := tx.Bucket(tokensBucket).Put(k.Token, made[:]); err != nil {
			return err
		}
		return f.putRound(tx, made, &k)
	})
	return r, token, err
}

// harden makes a passphrase slow to try. How it is typed on a phone does not count: case and spaces at its ends.
func harden(passphrase string, salt []byte) ([]byte, error) {
	return pbkdf2.Key(sha256.New, strings.ToLower(strings.TrimSpace(passphrase)), salt, phraseRounds, sha256.Size)
}

func (f *File) putRound(tx *bolt.Tx, r id, k *kept) error {
	return f.put(tx.Bucket(roundsBucket), r[:], id{}, roundKind, k)
}

func (f *File) round(tx *bolt.Tx, r id) (*kept, error) {
	var k kept
	ok, err := f.get(tx.Bucket(roundsBucket), r[:], id{}, roundKind, &k)
	if err == nil && !ok {
		err = ErrNoRound
	}
	return &k, err
}

// changeRound reads a round, changes it and keeps it.
func (f *File) changeRound(name string, change func(tx *bolt.Tx, k *kept) error) error {
	r, ok := parseID(name)
	if !ok {
		return ErrNoRound
	}
	return f.db.Update(func(tx *bolt.Tx) error {
		k, err := f.round(tx, r)
		if err != nil {
			return err
		}
		if err := change(tx, k); err != nil {
			return err
		}
		return f.putRound(tx, r, k)
	})
}

// Round finds a round by its id.
func (f *File) Round(name string) (r Round, err error) {
	i, ok := parseID(name)
	if !ok {
		return r, ErrNoRound
	}
	err = f.db.View(func(tx *bolt.Tx) error {
		k, err := f.round(tx, i)
		r = k.Round
		return err
	})
	return r, err
}

// Rounds lists them, the newest first.
func (f *File) Rounds() ([]Round, error) {
	var all []Round
	err := f.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(roundsBucket).ForEach(func(_, v []byte) error {
			var k kept
			if err := f.unseal(v, id{}, roundKind, &k); err != nil {
				return err
			}
			all = append(all, k.Round)
			return nil
		})
	})
	slices.SortFunc(all, func(a, b Round) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all, err
}

// Revoke takes an invitation back: nobody begins any more. Who has begun goes on.
func (f *File) Revoke(round string) error {
	return f.changeRound(round, func(_ *bolt.Tx, k *kept) error {
		k.Revoked = true
		return nil
	})
}

// Enter says what an invitation is for. It uses nothing up: programs that look at links before people do, and
// people who only look, cost no place.
func (f *File) Enter(token, passphrase string) (Round, error) {
	k, err := f.byToken(token)
	if err != nil {
		return Round{}, err
	}
	if err := f.knows(k, passphrase); err != nil {
		return Round{}, err
	}
	return k.Round, k.open(f.now())
}

func (f *File) byToken(token string) (k *kept, err error) {
	if !isSecret(token) {
		return nil, ErrNoRound
	}
	err = f.db.View(func(tx *bolt.Tx) error {
		r := tx.Bucket(tokensBucket).Get(hashOf(token))
		if r == nil {
			return ErrNoRound
		}
		k, err = f.round(tx, id(r))
		return err
	})
	return k, err
}

// open says whether somebody may still begin.
func (k *kept) open(now time.Time) error {
	switch {
	case k.Revoked:
		return ErrRevoked
	case !now.Before(k.Expires):
		return ErrExpired
	case k.Used >= k.Uses:
		return ErrUsed
	}
	return nil
}

// knows compares the passphrase. After twenty wrong ones within an hour none is looked at.
func (f *File) knows(k *kept, passphrase string) error {
	if !k.HasPassphrase {
		return nil
	}
	if passphrase == "" || len(passphrase) > maxPhrase {
		return ErrPassphrase
	}
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock() // one at a time: hardening is work that nobody may set off at will
	tries := slices.DeleteFunc(f.tries[k.ID], func(at time.Time) bool { return now.Sub(at) >= time.Hour })
	f.tries[k.ID] = tries
	if len(tries) >= phraseTries {
		return ErrTooMany
	}
	given, err := harden(passphrase, k.Salt)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(given, k.Phrase) != 1 {
		f.tries[k.ID] = append(tries, now)
		return ErrPassphrase
	}
	return nil
}

// Begin begins the session of a tester who has read what is recorded and said yes or no to it. This, and nothing
// before it, uses up one of the invitation's places. version is the hash of the program, start the session's clock.
// The secret lets the tester's page find the session again (see Resume); it is told this once. Of a session that
// is not recorded nothing is kept, so that it has no secret.
func (f *File) Begin(token, passphrase string, record bool, version string, start time.Time) (Session, string, error) {
	k, err := f.byToken(token)
	if err != nil {
		return Session{}, "", err
	}
	if err := f.knows(k, passphrase); err != nil {
		return Session{}, "", err
	}
	made, err := f.newID()
	if err != nil {
		return Session{}, "", err
	}
	now := f.now()
	s := Session{
		ID: made.String(), Round: k.ID, Pack: k.Pack, Version: version, Persona: k.Persona, Language: k.Persona.Language,
		Recorded: record, Begun: now, Start: start.Truncate(time.Minute), Clock: start.Truncate(time.Minute),
	}
	secret := ""
	if record {
		if secret, err = f.secret(); err != nil {
			return Session{}, "", err
		}
		if err := f.beginKey(made); err != nil {
			return Session{}, "", err
		}
	}
	err = f.changeRound(k.ID, func(tx *bolt.Tx, k *kept) error {
		if err := errors.Join(k.open(now), f.room(tx)); err != nil {
			return err
		}
		k.Used++
		if !record {
			k.Unrecorded++
			return nil
		}
		k.Participants++
		s.Tester = k.Participants
		if err := tx.Bucket(secretsBucket).Put(hashOf(secret), made[:]); err != nil {
			return err
		}
		return f.putSession(tx, made, &s)
	})
	if err != nil {
		return Session{}, "", errors.Join(err, f.destroy(made))
	}
	return s, secret, nil
}

// Resume finds the session that a page's secret belongs to.
func (f *File) Resume(secret string) (Session, error) {
	if !isSecret(secret) {
		return Session{}, ErrNoSession
	}
	var s *Session
	err := f.db.View(func(tx *bolt.Tx) error {
		of := tx.Bucket(secretsBucket).Get(hashOf(secret))
		if of == nil {
			return ErrNoSession
		}
		var err error
		s, err = f.session(tx, id(of))
		return err
	})
	if err != nil {
		return Session{}, err
	}
	return *s, nil
}
