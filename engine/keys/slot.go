package keys

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"baraza/engine/store"
)

// slot is a place in a file of keys. All slots have one size that divides a sector, so that a disk writes one or
// does not. What a kind does not use is zero.
//
//	kind 1 · version or count 1 · life 4 · contact or week 16 · created 8 · country key 4 · nonce 12 · wrapped 48
//	· 30 of nothing · checksum 4
//
// A tombstone has up to four suppressed identities where keys have what is wrapped.
type slot [slotSize]byte

const (
	slotSize = 128
	// format is the version of the file.
	format = 1
)

// Kinds of slots; a free one is zero from end to end.
const (
	kindFree uint8 = iota
	kindHead
	kindKey
	kindTombstone
	kindWeek
)

// Where the parts of a slot begin.
const (
	lifeAt      = 2
	contactAt   = 6
	createdAt   = 22
	wrapIDAt    = 30
	nonceAt     = 34
	wrappedAt   = 46
	wrappedEnd  = wrappedAt + keySize + 16
	suppressAt  = 30
	checksumAt  = slotSize - 4
	suppressed  = 4
	suppressEnd = suppressAt + 16*suppressed
)

func (s *slot) kind() uint8        { return s[0] }
func (s *slot) life() []byte       { return s[lifeAt : lifeAt+4] }
func (s *slot) contact() store.Key { return store.Key(s[contactAt : contactAt+16]) }
func (s *slot) created() uint64    { return order.Uint64(s[createdAt:]) }
func (s *slot) wrapID() []byte     { return s[wrapIDAt : wrapIDAt+4] }
func (s *slot) nonce() []byte      { return s[nonceAt : nonceAt+12] }
func (s *slot) wrapped() []byte    { return s[wrappedAt:wrappedEnd] }

// bound is what is authenticated along with a wrapped key: everything that says whose it is.
func (s *slot) bound(country string) []byte {
	return append(append([]byte(nil), s[:wrapIDAt]...), country...)
}

func (s *slot) tombstone() store.Erasure {
	e := store.Erasure{Key: s.contact(), At: moment(s.created())}
	for i := range int(s[1]) {
		e.Suppress = append(e.Suppress, store.Hash(s[suppressAt+16*i:suppressAt+16*i+16]))
	}
	return e
}

// tombstones writes an erasure down, in several slots where it suppresses many identities.
func tombstones(e store.Erasure) []slot {
	var all []slot
	rest := e.Suppress
	for first := true; first || len(rest) > 0; first = false {
		n := min(len(rest), suppressed)
		s := slot{kindTombstone, byte(n)}
		copy(s[contactAt:], e.Key[:])
		order.PutUint64(s[createdAt:], millis(e.At))
		for i, hash := range rest[:n] {
			copy(s[suppressAt+16*i:], hash[:])
		}
		rest = rest[n:]
		all = append(all, s)
	}
	return all
}

func millis(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(t.UnixMilli(), 0)) + 1
}

func moment(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms - 1)).UTC()
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// slots is a file of slots. Whoever has it sees to it that one goroutine uses it at a time.
type slots struct {
	path  string
	file  *os.File
	count uint32
	free  []uint32
	dirty bool
	// failed is the error of a sync. What the file holds is not known after it: the process has to open it anew.
	failed error
}

func openSlots(path string) (*slots, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &slots{path: path, file: f}
	if err := s.start(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return s, nil
}

func (s *slots) start() error {
	if err := lock(s.file); err != nil {
		return err
	}
	held, err := s.file.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Stat(s.path); err != nil || !os.SameFile(held, there) {
		return ErrLocked // it was being replaced
	}
	if held.Size() == 0 {
		return syncDir(filepath.Dir(s.path))
	}
	// A slot cut off at the end was never synced, and so nothing that counts was sealed with it.
	s.count = uint32(held.Size() / slotSize)
	return s.each(func(n uint32, one slot) error {
		if one.kind() == kindFree {
			s.free = append(s.free, n)
		}
		return nil
	})
}

// each reads the slots in order. One whose checksum is wrong is left out: the key in it is lost, and whoever looks
// for it is told so.
func (s *slots) each(do func(n uint32, one slot) error) error {
	const together = 512
	buf := make([]byte, together*slotSize)
	for n := uint32(0); n < s.count; n += together {
		some := buf[:min(together, s.count-n)*slotSize]
		if _, err := s.file.ReadAt(some, int64(n)*slotSize); err != nil {
			return err
		}
		for i := uint32(0); i < uint32(len(some)/slotSize); i++ {
			one := slot(some[i*slotSize:])
			if !one.whole() {
				if n+i == 0 {
					return fmt.Errorf("%w: it is not a file of keys", ErrFormat)
				}
				continue
			}
			if err := do(n+i, one); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *slot) whole() bool {
	return *s == slot{} || order.Uint32(s[checksumAt:]) == crc32.Checksum(s[:checksumAt], castagnoli)
}

func (s *slots) read(n uint32) (one slot, err error) {
	if _, err := s.file.ReadAt(one[:], int64(n)*slotSize); err != nil {
		return one, err
	}
	if !one.whole() {
		return one, fmt.Errorf("slot %d of the keys is damaged: %w", n, ErrNoKey)
	}
	return one, nil
}

func (s *slots) write(n uint32, one slot) error {
	order.PutUint32(one[checksumAt:], crc32.Checksum(one[:checksumAt], castagnoli))
	return s.put(n, one)
}

func (s *slots) put(n uint32, one slot) error {
	if s.failed != nil {
		return s.failed
	}
	s.dirty = true
	_, err := s.file.WriteAt(one[:], int64(n)*slotSize)
	return err
}

// clear overwrites a slot with zeros.
func (s *slots) clear(n uint32) error {
	if err := s.put(n, slot{}); err != nil {
		return err
	}
	s.free = append(s.free, n)
	return nil
}

// add writes a slot where there is room.
func (s *slots) add(one slot) (uint32, error) {
	if n := len(s.free); n > 0 {
		at := s.free[n-1]
		if err := s.write(at, one); err != nil {
			return 0, err
		}
		s.free = s.free[:n-1]
		return at, nil
	}
	if err := s.write(s.count, one); err != nil {
		return 0, err
	}
	s.count++
	return s.count - 1, nil
}

func (s *slots) sync() error {
	if s.failed != nil || !s.dirty {
		return s.failed
	}
	if err := s.file.Sync(); err != nil {
		return s.fail(err)
	}
	s.dirty = false
	return nil
}

// again opens the file anew after a sync that failed, and writes each slot once more: what the system shows of it may be
// what never reached the disk.
func (s *slots) again() (*slots, error) {
	_ = s.close()
	next, err := openSlots(s.path)
	if err != nil {
		return nil, err
	}
	err = next.each(func(n uint32, one slot) error { return next.put(n, one) })
	if err == nil {
		err = next.sync()
	}
	if err != nil {
		_ = next.close()
		return nil, err
	}
	return next, nil
}

func (s *slots) fail(err error) error {
	s.failed = fmt.Errorf("nobody knows whether the keys were kept: %w", err)
	return s.failed
}

// rewrite puts a new file in the place of this one, which has every slot but the free ones as change gives it.
// Where it returns nil, this one goes on. An error beside the new one is that nobody knows whether its name lasts.
func (s *slots) rewrite(change func(slot) (slot, error)) (*slots, error) {
	name := s.path + ".new"
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	next, err := openSlots(name)
	if err != nil {
		return nil, err
	}
	err = s.each(func(_ uint32, one slot) error {
		if one.kind() == kindFree {
			return nil
		}
		changed, err := change(one)
		if err != nil {
			return err
		}
		_, err = next.add(changed)
		return err
	})
	if err == nil {
		err = next.sync()
	}
	if err == nil {
		err = os.Rename(name, s.path)
	}
	if err != nil {
		_ = next.close()
		_ = os.Remove(name)
		return nil, err
	}
	next.path = s.path
	_ = s.close()
	return next, syncDir(filepath.Dir(s.path))
}

func (s *slots) close() error { return s.file.Close() }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	return err
}
