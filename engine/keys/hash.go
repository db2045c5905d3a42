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

// hasher makes one hash at a time, without allocating.
type hasher struct {
	mac hash.Hash
	buf []byte
	sum [sha256.Size]byte
}

// set derives a key for each purpose.
func (h *hashes) set(secret []byte) error {
	for p := range h.pools {
		key, err := hkdf.Key(sha256.New, secret, nil, "baraza hash for "+purposeNames[p], keySize)
		if err != nil {
			return err
		}
		h.pools[p] = &sync.Pool{New: func() any { return &hasher{mac: hmac.New(sha256.New, key)} }}
	}
	return nil
}

// Hash is the keyed hash of the parts in their order; "ab", "c" and "a", "bc" differ. Only who holds the country key
// can tell what it is of, and it stays the same when the country key is rotated.
func (r *Ring) Hash(p Purpose, parts ...string) store.Hash {
	h := r.hashes.pools[p].Get().(*hasher)
	for _, part := range parts {
		h.buf = append(binary.BigEndian.AppendUint32(h.buf, uint32(len(part))), part...)
	}
	h.mac.Reset()
	h.mac.Write(h.buf)
	out := store.Hash(h.mac.Sum(h.sum[:0])[:16])
	clear(h.buf)
	h.buf = h.buf[:0]
	r.hashes.pools[p].Put(h)
	return out
}

// Contact is the key of a contact that comes with an identity nobody has. attempt is 0, and greater when the store
// knows another contact of that key: one whose identity passed to someone else.
func (r *Ring) Contact(identity store.Hash, attempt byte) store.Key {
	return store.Key(r.Hash(forContact, string(identity[:]), string([]byte{attempt})))
}
