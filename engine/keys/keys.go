// Package keys holds what makes stored conversations readable, and destroys it. Every contact has a data key of
// its own; what the store keeps of the contact is sealed with it, so that erasing a person is destroying 32 bytes,
// wherever copies of the ciphertext lie by then. The package stands beside package store: the runner seals with it
// before a commit and opens after a load.
//
// A Ring is the keys of one country in a file of their own, each wrapped by the country key from the
// configuration. The file is made of slots of one size, and a slot is overwritten where it lies: no free page and
// no older version of the file keeps a destroyed key. The file is no part of a backup of the data. Backups of the
// keys are sealed with the key of their week (Weeks), which is destroyed after 35 days, so that an erasure reaches
// the last backup too.
//
// The same file holds the secret of the country's keyed hashes, which outlives rotations of the country key, and
// a tombstone for each erasure, so that a restored backup of data erases again.
package keys

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"baraza/engine/store"
)

// CountryKey wraps the keys of a country's contacts. It comes from the configuration, never from the store.
type CountryKey [32]byte

var (
	// ErrNoKey: the contact has no key, or the one this was sealed with was destroyed.
	ErrNoKey = errors.New("there is no key")
	// ErrCountryKey: none of the country keys given is the one that was used.
	ErrCountryKey = errors.New("none of the country keys fits")
	// ErrSealed: it was not sealed for this contact and kind, or was changed since.
	ErrSealed = errors.New("the seal does not fit")
	// ErrLocked: another process has the file open.
	ErrLocked = errors.New("another process has the keys open")
	// ErrFormat: the file was written in a format this program does not know.
	ErrFormat = errors.New("unknown format of the keys")
	// ErrMoved: the country key was rotated while the keys were copied. The copy would lack some: make it again.
	ErrMoved = errors.New("the country key was rotated meanwhile")
	// ErrClosed: the ring was closed.
	ErrClosed = errors.New("the keys are closed")
)

var order = binary.BigEndian

// Options of a ring; the zero Options are for everyday use.
type Options struct {
	// Random is where keys and nonces come from; nil stands for the system's.
	Random io.Reader
	// Cached is how many contacts' keys are held ready; 0 stands for 8,192, about 10 MB.
	Cached int
}

// Ring is the keys of one country. Its methods may be called from any goroutine.
type Ring struct {
	country string
	wraps   []wrap // of the country keys, newest first
	random  io.Reader
	hashes  hashes

	// syncing is held while the file is put on the disk, and taken before mu, which is not: sealing goes on.
	syncing sync.Mutex

	mu    sync.Mutex
	slots *slots
	// newest is the slot of each contact's newest key; older leads from it to those before, of which there are
	// any only while a contact is erased and begun anew.
	newest map[store.Key]uint32
	older  map[uint32]uint32
	erased []store.Erasure
	// lastErased is when each erased contact last was, in milliseconds: what begins later has a later time, also
	// where the clock went back meanwhile.
	lastErased map[store.Key]uint64
	cache      cache
	closed     bool
}

// wrap is a country key in use.
type wrap struct {
	id   uint32 // tells it from other country keys, and nothing about it
	aead cipher.AEAD
}

// keySize is that of every key here: AES-256.
const keySize = 32

func newWrap(key CountryKey) (wrap, error) {
	id, err := hkdf.Key(sha256.New, key[:], nil, "baraza country key id", 4)
	if err != nil {
		return wrap{}, err
	}
	kek, err := hkdf.Key(sha256.New, key[:], nil, "baraza country key wrap", keySize)
	if err != nil {
		return wrap{}, err
	}
	aead, err := sealer(kek)
	return wrap{order.Uint32(id), aead}, err
}

func wrapsOf(country []CountryKey) ([]wrap, error) {
	if len(country) == 0 {
		return nil, ErrCountryKey
	}
	var all []wrap
	for _, key := range country {
		w, err := newWrap(key)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

func sealer(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Open opens the keys of a country at path, or makes the file. country is its name in the configuration and is
// bound into every seal. Of the country keys the first wraps; all unwrap. A key that was used and is not among them
// is met when a contact needs it, as ErrCountryKey, or here when it is that of the whole file.
func Open(path, country string, countryKeys []CountryKey, opts Options) (*Ring, error) {
	r, err := open(path, country, countryKeys, opts)
	if err != nil {
		return nil, fmt.Errorf("open the keys %s: %w", path, err)
	}
	return r, nil
}

func open(path, country string, countryKeys []CountryKey, opts Options) (*Ring, error) {
	wraps, err := wrapsOf(countryKeys)
	if err != nil {
		return nil, err
	}
	r := &Ring{country: country, wraps: wraps, random: opts.Random}
	if r.random == nil {
		r.random = rand.Reader
	}
	r.cache.limit = opts.Cached
	if r.cache.limit <= 0 {
		r.cache.limit = 8192
	}
	if r.slots, err = openSlots(path); err != nil {
		return nil, err
	}
	if err := r.read(countryKeys); err != nil {
		_ = r.slots.close()
		return nil, err
	}
	return r, nil
}

// read fills what is held in memory, and begins a new file.
func (r *Ring) read(countryKeys []CountryKey) error {
	if r.slots.count == 0 {
		if err := r.begin(countryKeys[len(countryKeys)-1]); err != nil {
			return err
		}
	}
	r.newest, r.older, r.lastErased = map[store.Key]uint32{}, map[uint32]uint32{}, map[store.Key]uint64{}
	head := false
	err := r.slots.each(func(n uint32, s slot) error {
		switch s.kind() {
		case kindHead:
			head = true
			return r.readHead(s)
		case kindKey:
			r.index(n, s)
		case kindTombstone:
			r.noteErased(s.tombstone())
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !head {
		return fmt.Errorf("%w: the file has no head", ErrFormat)
	}
	if _, there := r.newest[Country]; there {
		return nil
	}
	// The file is new, or the process before died, or the disk had no room, right behind its head.
	if err := r.addKey(Country, time.Time{}); err != nil {
		return err
	}
	return r.slots.sync()
}

func (r *Ring) noteErased(e store.Erasure) {
	r.erased = append(r.erased, e)
	r.lastErased[e.Key] = max(r.lastErased[e.Key], millis(e.At))
}

// index notes where a contact's key is. Slots are used again, so that a later slot may hold an earlier key.
func (r *Ring) index(n uint32, s slot) {
	have, found := r.newest[s.contact()]
	if !found {
		r.newest[s.contact()] = n
		return
	}
	last, err := r.slots.read(have)
	if err == nil && last.created() > s.created() {
		// Put it below the newest.
		if below, ok := r.older[have]; ok {
			r.older[n] = below
		}
		r.older[have] = n
		return
	}
	r.older[n] = have
	r.newest[s.contact()] = n
}

// begin writes the head of a new file: the secret of the keyed hashes, which comes from the oldest country key.
func (r *Ring) begin(oldest CountryKey) error {
	secret, err := hkdf.Key(sha256.New, oldest[:], nil, "baraza keyed hashes of "+r.country, keySize)
	if err != nil {
		return err
	}
	s := slot{kindHead, format}
	if err := r.wrapInto(&s, secret); err != nil {
		return err
	}
	_, err = r.slots.add(s)
	return err
}

func (r *Ring) readHead(s slot) error {
	if s[1] != format {
		return fmt.Errorf("%w: the file has format %d, this program knows %d", ErrFormat, s[1], format)
	}
	secret, err := r.unwrap(s)
	if err != nil {
		return err
	}
	return r.hashes.set(secret)
}

// wrapInto wraps a key with the newest country key and puts it into a slot whose other parts are set: they are
// bound to it.
func (r *Ring) wrapInto(s *slot, key []byte) error {
	if _, err := io.ReadFull(r.random, s.nonce()); err != nil {
		return err
	}
	order.PutUint32(s.wrapID(), r.wraps[0].id)
	r.wraps[0].aead.Seal(s.wrapped()[:0], s.nonce(), key, s.bound(r.country))
	return nil
}

func (r *Ring) unwrap(s slot) ([]byte, error) {
	for _, w := range r.wraps {
		if w.id != order.Uint32(s.wrapID()) {
			continue
		}
		key, err := w.aead.Open(nil, s.nonce(), s.wrapped(), s.bound(r.country))
		if err != nil {
			return nil, ErrCountryKey
		}
		return key, nil
	}
	return nil, ErrCountryKey
}

// addKey makes a key for a contact.
func (r *Ring) addKey(contact store.Key, at time.Time) error {
	key := make([]byte, keySize)
	if _, err := io.ReadFull(r.random, key); err != nil {
		return err
	}
	s := slot{kindKey}
	copy(s[contactAt:], contact[:])
	if _, err := io.ReadFull(r.random, s.life()); err != nil {
		return err
	}
	order.PutUint64(s[createdAt:], millis(at))
	if err := r.wrapInto(&s, key); err != nil {
		return err
	}
	n, err := r.slots.add(s)
	if err != nil {
		return err
	}
	r.index(n, s)
	return nil
}

// Begin makes a new key for the contact, which Seal uses from then on: for one that the store does not know, and
// for what comes after an erasure; at is then later than the erasure. A clock that went back does not matter: the key
// begins after the contact's newest and after its last erasure in any case. It may be used at once; Sync puts it on
// the disk, which has to be done before a commit of what it sealed.
func (r *Ring) Begin(contact store.Key, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	r.cache.drop(contact)
	ms := millis(at)
	if begun := r.begun(contact); begun > 0 {
		ms = max(ms, begun+1)
	}
	if erased, was := r.lastErased[contact]; was {
		ms = max(ms, erased+1)
	}
	return r.addKey(contact, moment(ms))
}

// Begun is when the contact's newest key was begun; the zero time where it has none. An erasure that is to destroy it
// must not be earlier.
func (r *Ring) Begun(contact store.Key) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ms := r.begun(contact); ms > 0 {
		return moment(ms)
	}
	return time.Time{}
}

// Knows tells whether the contact has a key here, or a tombstone.
func (r *Ring) Knows(contact store.Key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, has := r.newest[contact]
	_, had := r.lastErased[contact]
	return has || had
}

func (r *Ring) begun(contact store.Key) uint64 {
	n, found := r.newest[contact]
	if !found || r.closed {
		return 0
	}
	s, err := r.slots.read(n)
	if err != nil {
		return 0
	}
	return s.created()
}

// Sync puts new keys on the disk. Where none is new it costs nothing.
func (r *Ring) Sync() error {
	r.syncing.Lock()
	defer r.syncing.Unlock()
	r.mu.Lock()
	s, needed, err := r.slots, r.slots.dirty, r.slots.failed
	if r.closed {
		err = ErrClosed
	}
	s.dirty = false
	r.mu.Unlock()
	if err != nil || !needed {
		return err
	}
	if err := s.file.Sync(); err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		return s.fail(err)
	}
	return nil
}

// Erase destroys the contact's keys that were begun at or before then, on the disk when it returns, and leaves a
// tombstone. Doing so again changes nothing.
func (r *Ring) Erase(e store.Erasure) error { return r.Replay([]store.Erasure{e}) }

// Replay does what Erase does for all erasures of a store: at its opening, since a process may have died between
// the commit of an erasure and its Erase, and after a restore.
func (r *Ring) Replay(all []store.Erasure) error {
	r.syncing.Lock()
	defer r.syncing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	var failed error
	for _, e := range all {
		if err := r.erase(e); err != nil {
			failed = err
		}
	}
	return cmp.Or(r.slots.sync(), failed) // what was destroyed is, whatever failed behind it
}

func (r *Ring) erase(e store.Erasure) error {
	if e.Key == (store.Key{}) {
		return fmt.Errorf("erase: %w", ErrNoKey)
	}
	free, kept, err := r.begunUntil(e.Key, millis(e.At))
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(r.erased, func(has store.Erasure) bool {
		return has.Key == e.Key && millis(has.At) == millis(e.At)
	})
	if known && len(free) == 0 {
		return nil
	}
	for _, n := range free {
		if err := r.slots.clear(n); err != nil {
			return r.slots.fail(err)
		}
	}
	r.cache.drop(e.Key)
	delete(r.newest, e.Key)
	for _, n := range kept {
		delete(r.older, n)
		s, err := r.slots.read(n)
		if err != nil {
			return r.slots.fail(err)
		}
		r.index(n, s)
	}
	if known {
		return nil
	}
	// Each finds room where a key was, but for those of who had none or is known by many identities. Where there is no room
	// for one, the keys are gone all the same, and the store knows that too.
	all := tombstones(e)
	for _, s := range all {
		if _, err := r.slots.add(s); err != nil {
			return err
		}
	}
	for _, s := range all {
		r.noteErased(s.tombstone())
	}
	return nil
}

// begunUntil divides the slots of a contact's keys.
func (r *Ring) begunUntil(contact store.Key, ms uint64) (until, after []uint32, err error) {
	n, found := r.newest[contact]
	for found {
		s, err := r.slots.read(n)
		if err != nil && !errors.Is(err, ErrNoKey) {
			return nil, nil, err
		}
		// A damaged one goes too: nobody can say when it was begun.
		goes := err != nil || s.created() <= ms
		below, more := r.older[n]
		if goes {
			until = append(until, n)
			delete(r.older, n)
		} else {
			after = append(after, n)
		}
		n, found = below, more
	}
	slices.Reverse(after)
	return until, after, nil
}

// Erased lists the erasures that the file knows of.
func (r *Ring) Erased() []store.Erasure {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := slices.Clone(r.erased)
	for i := range out {
		out[i].Suppress = slices.Clone(out[i].Suppress)
	}
	return out
}

// Rotate wraps every key with the newest country key. It writes a new file and puts it in the place of the old one;
// the country keys before may then leave the configuration.
func (r *Ring) Rotate() error {
	r.syncing.Lock()
	defer r.syncing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	// The file is written without its free slots, so that slots move.
	next, err := r.slots.rewrite(func(s slot) (slot, error) {
		if s.kind() == kindTombstone {
			return s, nil
		}
		key, err := r.unwrap(s)
		if err != nil {
			return s, err
		}
		err = r.wrapInto(&s, key)
		clear(key)
		return s, err
	})
	if next == nil {
		return fmt.Errorf("rotate the country key: %w", err)
	}
	r.slots = next
	r.newest, r.older = map[store.Key]uint32{}, map[uint32]uint32{}
	read := r.slots.each(func(n uint32, s slot) error {
		if s.kind() == kindKey {
			r.index(n, s)
		}
		return nil
	})
	if read != nil { // where keys are is not known any more
		return r.slots.fail(read)
	}
	if err != nil {
		return fmt.Errorf("rotate the country key: %w", err)
	}
	return nil
}

// Contacts is how many contacts have a key.
func (r *Ring) Contacts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.newest) - 1 // but for the country's own
}

// Close ends the ring.
func (r *Ring) Close() error {
	r.syncing.Lock()
	defer r.syncing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	r.cache = cache{}
	err := r.slots.sync()
	if closed := r.slots.close(); err == nil {
		err = closed
	}
	return err
}
