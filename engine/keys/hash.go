package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"

	"baraza/engine/store"
)

// Purpose keeps hashes for different uses apart: equal values have different hashes.
type Purpose uint8

const (
	// ForIdentity is of channel, kind and value of an identity.
	ForIdentity Purpose = iota
	// ForEvent is of channel and the provider's id of an event.
	ForEvent
	// ForProvider is of channel and the provider's id of a message we sent.
	ForProvider
	// ForItem is of what names a case, record or consent.
	ForItem
	// ForLog is of what a log has to tell apart and must not show.
	ForLog
	forContact
	purposes
)

var purposeNames = [purposes]string{"identity", "event", "provider", "item", "log", "contact"}

// hashes are the keyed hashes of a country: HMAC-SHA256, of which 16 bytes are kept.
type hashes struct {
	pools [purposes]*sync.Pool
}

// set derives a key for each purpose.
func (h *hashes) set(secret []byte) error {
	for p := range h.pools {
		key, err := hkdf.Key(sha256.New, secret, nil, "baraza hash for "+purposeNames[p], keySize)
		if err != nil {
			return err
		}
		h.pools[p] = &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}
	}
	return nil
}

// Hash is the keyed hash of the parts in their order; "ab", "c" and "a", "bc" differ. Only who holds the country key
// can tell what it is of, and it stays the same when the country key is rotated.
func (r *Ring) Hash(p Purpose, parts ...string) store.Hash {
	mac := r.hashes.pools[p].Get().(hash.Hash)
	mac.Reset()
	var length [4]byte
	for _, part := range parts {
		binary.BigEndian.PutUint32(length[:], uint32(len(part)))
		mac.Write(length[:])
		mac.Write([]byte(part))
	}
	var sum [sha256.Size]byte
	out := store.Hash(mac.Sum(sum[:0])[:16])
	r.hashes.pools[p].Put(mac)
	return out
}

// Contact is the key of a contact that comes with an identity nobody has. attempt is 0, and greater when the store
// knows another contact of that key: one whose identity passed to someone else.
func (r *Ring) Contact(identity store.Hash, attempt byte) store.Key {
	return store.Key(r.Hash(forContact, string(identity[:]), string([]byte{attempt})))
}
