package runner

import (
	"errors"
	"fmt"
	"time"

	"baraza/engine/keys"
	"baraza/engine/store"
)

// Rings are the keys of the packs that are served, by pack. Packs that share a ring share their contacts.
type Rings struct {
	Packs map[string]*keys.Ring
	Clock Clock
}

func (r Rings) of(pack string) (*keys.Ring, error) {
	if ring := r.Packs[pack]; ring != nil {
		return ring, nil
	}
	return nil, fmt.Errorf("keys of pack %q: %w", pack, ErrNoPack)
}

// Hash is the zero hash for a pack without a ring; nothing is received for one.
func (r Rings) Hash(pack string, p keys.Purpose, parts ...string) store.Hash {
	ring, err := r.of(pack)
	if err != nil {
		return store.Hash{}
	}
	return ring.Hash(p, parts...)
}

func (r Rings) Contact(pack string, identity store.Hash, attempt byte) store.Key {
	ring, err := r.of(pack)
	if err != nil {
		return store.Key{}
	}
	return ring.Contact(identity, attempt)
}

func (r Rings) Seal(pack string, contact store.Key, kind keys.Kind, plain []byte) ([]byte, error) {
	ring, err := r.of(pack)
	if err != nil {
		return nil, err
	}
	sealed, err := ring.Seal(contact, kind, plain)
	if errors.Is(err, keys.ErrNoKey) && contact != keys.Country {
		// An erasure replayed at the next start destroys what was begun until then, so the time has to be true.
		if err = ring.Begin(contact, r.Clock.Now()); err == nil {
			sealed, err = ring.Seal(contact, kind, plain)
		}
	}
	return sealed, err
}

func (r Rings) Open(pack string, contact store.Key, kind keys.Kind, sealed []byte) ([]byte, error) {
	ring, err := r.of(pack)
	if err != nil {
		return nil, err
	}
	plain, err := ring.Open(contact, kind, sealed)
	if errors.Is(err, keys.ErrNoKey) || errors.Is(err, keys.ErrSealed) {
		return nil, errors.Join(ErrUnreadable, err)
	}
	return plain, err
}

func (r Rings) Begin(pack string, contact store.Key, at time.Time) error {
	ring, err := r.of(pack)
	if err != nil {
		return err
	}
	return ring.Begin(contact, at)
}

// Begun is the zero time for a pack without a ring.
func (r Rings) Begun(pack string, contact store.Key) time.Time {
	ring, err := r.of(pack)
	if err != nil {
		return time.Time{}
	}
	return ring.Begun(contact)
}

// Erase with pack "" is of a contact whose pack nobody knows any more: it is for the countries that know the contact, and
// for all where none does, so that no erasure is lost.
func (r Rings) Erase(pack string, e store.Erasure) error {
	if pack != "" {
		ring, err := r.of(pack)
		if err != nil {
			return err
		}
		return ring.Erase(e)
	}
	known := false
	for _, ring := range r.Packs {
		known = known || ring.Knows(e.Key)
	}
	for _, ring := range r.Packs {
		if known && !ring.Knows(e.Key) {
			continue
		}
		if err := ring.Erase(e); err != nil {
			return err
		}
	}
	return nil
}

func (r Rings) Sync() error {
	for _, ring := range r.Packs {
		if err := ring.Sync(); err != nil {
			return err
		}
	}
	return nil
}
