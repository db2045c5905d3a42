package keys

import (
	"crypto/cipher"
	"fmt"
	"io"

	"baraza/engine/store"
)

// Kind says what a sealed value is. It is bound into the seal, so that one cannot be put in the place of another.
type Kind string

const (
	Session    Kind = "session"
	Identity   Kind = "identity"
	Field      Kind = "field" // field.NAME
	Message    Kind = "message"
	ProviderID Kind = "provider id"
	Case       Kind = "case"
	Record     Kind = "record"
	Consent    Kind = "consent"
	Entry      Kind = "entry"
)

// Country is the contact of what belongs to none, such as an anonymous record. Its key is there from the start
// and is never erased.
var Country store.Key

// A sealed value: version 1 · life of the key 4 · nonce 12 · ciphertext · tag 16.
const (
	sealVersion = 1
	sealHead    = 1 + 4 + 12
	// Overhead is how many bytes longer a sealed value is.
	Overhead = sealHead + 16
)

// Seal encrypts a value of the contact with its newest key; ErrNoKey when it has none. The result says nothing but
// the length.
func (r *Ring) Seal(contact store.Key, kind Kind, plain []byte) ([]byte, error) {
	k, err := r.newestKey(contact)
	if err != nil {
		return nil, fmt.Errorf("seal a %s of %s: %w", kind, contact, err)
	}
	out := make([]byte, sealHead, Overhead+len(plain))
	out[0] = sealVersion
	order.PutUint32(out[1:], k.life)
	if _, err := io.ReadFull(r.random, out[5:sealHead]); err != nil {
		return nil, err
	}
	return k.aead.Seal(out, out[5:sealHead], plain, r.bound(contact, kind)), nil
}

// Open decrypts what Seal gave for the same contact and kind. ErrNoKey: the key was destroyed, or is not of this
// country. ErrSealed: it is something else.
func (r *Ring) Open(contact store.Key, kind Kind, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead || sealed[0] != sealVersion {
		return nil, fmt.Errorf("open a %s of %s: %w", kind, contact, ErrSealed)
	}
	k, err := r.keyOf(contact, order.Uint32(sealed[1:]))
	if err != nil {
		return nil, fmt.Errorf("open a %s of %s: %w", kind, contact, err)
	}
	plain, err := k.aead.Open(nil, sealed[5:sealHead], sealed[sealHead:], r.bound(contact, kind))
	if err != nil {
		return nil, fmt.Errorf("open a %s of %s: %w", kind, contact, ErrSealed)
	}
	return plain, nil
}

func (r *Ring) bound(contact store.Key, kind Kind) []byte {
	b := make([]byte, 0, len(contact)+len(r.country)+1+len(kind))
	b = append(append(append(b, contact[:]...), r.country...), 0)
	return append(b, kind...)
}

// opened is a key ready for use.
type opened struct {
	life uint32
	aead cipher.AEAD
}

// newestKey finds the key to seal with.
func (r *Ring) newestKey(contact store.Key) (opened, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return opened{}, ErrClosed
	}
	if k, ok := r.cache.get(contact); ok {
		return k, nil
	}
	n, ok := r.newest[contact]
	if !ok {
		return opened{}, ErrNoKey
	}
	k, err := r.openSlot(n)
	if err == nil {
		r.cache.put(contact, k)
	}
	return k, err
}

// keyOf finds the key of a life of the contact.
func (r *Ring) keyOf(contact store.Key, life uint32) (opened, error) {
	k, err := r.newestKey(contact)
	if err != nil || k.life == life {
		return k, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return opened{}, ErrClosed
	}
	for n, ok := r.newest[contact]; ok; n, ok = r.older[n] {
		if k, err := r.openSlot(n); err != nil || k.life == life {
			return k, err
		}
	}
	return opened{}, ErrNoKey
}

func (r *Ring) openSlot(n uint32) (opened, error) {
	s, err := r.slots.read(n)
	if err != nil {
		return opened{}, err
	}
	key, err := r.unwrap(s)
	if err != nil {
		return opened{}, err
	}
	aead, err := sealer(key)
	clear(key)
	return opened{order.Uint32(s.life()), aead}, err
}

// cache holds the keys used last: two halves, of which the older one is let go when the younger one is full.
type cache struct {
	limit      int
	young, old map[store.Key]opened
}

func (c *cache) get(contact store.Key) (opened, bool) {
	if k, ok := c.young[contact]; ok {
		return k, true
	}
	k, ok := c.old[contact]
	if ok {
		c.put(contact, k)
	}
	return k, ok
}

func (c *cache) put(contact store.Key, k opened) {
	if c.young == nil || len(c.young) >= (c.limit+1)/2 {
		c.old, c.young = c.young, make(map[store.Key]opened)
	}
	c.young[contact] = k
}

func (c *cache) drop(contact store.Key) {
	delete(c.young, contact)
	delete(c.old, contact)
}
