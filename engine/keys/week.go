package keys

import (
	"bufio"
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"baraza/engine/store"
)

// WeekKept is how long the key of a week is kept, from the week's beginning. No backup of keys can be opened later.
const WeekKept = 35 * 24 * time.Hour

const week = 7 * 24 * time.Hour

// ErrWeek: the key of the week of a backup was destroyed, or is in another file.
var ErrWeek = errors.New("the key of that week is gone")

// Weeks are the keys that backups of a ring are sealed with, one a week, in a file of their own. Keep a copy of the
// file where the backups are not, overwrite that copy whenever the file changes, and keep no older one: a backup
// can be opened for as long as any copy has the key of its week.
type Weeks struct {
	ring *Ring // only wraps and unwraps

	mu     sync.Mutex
	slots  *slots
	closed bool
}

// OpenWeeks opens the week keys of a country at path, or makes the file. See Open for the rest.
func OpenWeeks(path, country string, countryKeys []CountryKey, opts Options) (*Weeks, error) {
	wraps, err := wrapsOf(countryKeys)
	if err != nil {
		return nil, err
	}
	w := &Weeks{ring: &Ring{country: country, wraps: wraps, random: opts.Random}}
	if w.ring.random == nil {
		w.ring.random = rand.Reader
	}
	if w.slots, err = openSlots(path); err != nil {
		return nil, fmt.Errorf("open the week keys %s: %w", path, err)
	}
	return w, nil
}

// usable opens the file anew where a sync failed: nobody ends the process for keys of backups.
func (w *Weeks) usable() error {
	if w.closed {
		return ErrClosed
	}
	if w.slots.failed == nil {
		return nil
	}
	next, err := w.slots.again()
	if err == nil {
		w.slots = next
	}
	return err
}

func weekOf(at time.Time) uint64 { return uint64(max(at.UnixMilli(), 0)) / uint64(week.Milliseconds()) }

// key finds the key of a week, or makes it.
func (w *Weeks) key(number uint64, create bool) (key []byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return nil, err
	}
	err = w.slots.each(func(_ uint32, s slot) error {
		if s.kind() == kindWeek && order.Uint64(s[contactAt:]) == number {
			var err error
			key, err = w.ring.unwrap(s)
			return err
		}
		return nil
	})
	if err != nil || key != nil {
		return key, err
	}
	if !create {
		return nil, ErrWeek
	}
	key = make([]byte, keySize)
	if _, err := io.ReadFull(w.ring.random, key); err != nil {
		return nil, err
	}
	s := slot{kindWeek, format}
	order.PutUint64(s[contactAt:], number)
	if err := w.ring.wrapInto(&s, key); err != nil {
		return nil, err
	}
	if _, err := w.slots.add(s); err != nil {
		return nil, err
	}
	return key, w.slots.sync()
}

// Destroy overwrites the keys of weeks that began WeekKept ago or longer, on the disk when it returns, and tells
// how many. Call it daily.
func (w *Weeks) Destroy(now time.Time) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return 0, err
	}
	var old []uint32
	err := w.slots.each(func(n uint32, s slot) error {
		began := time.UnixMilli(int64(order.Uint64(s[contactAt:])) * week.Milliseconds())
		if s.kind() == kindWeek && !began.Add(WeekKept).After(now) {
			old = append(old, n)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, n := range old {
		if err := w.slots.clear(n); err != nil {
			return 0, err
		}
	}
	return len(old), w.slots.sync()
}

// Rotate wraps the keys of all weeks with the newest country key.
func (w *Weeks) Rotate() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	next, err := w.slots.rewrite(func(s slot) (slot, error) {
		key, err := w.ring.unwrap(s)
		if err != nil {
			return s, err
		}
		return s, w.ring.wrapInto(&s, key)
	})
	if next != nil {
		w.slots = next
	}
	return err
}

// Close ends the week keys.
func (w *Weeks) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	return w.slots.close()
}

// A backup: magic 8 · week 8 · salt 32, then chunks of chunkSize bytes of the file, each sealed with a key made of
// the week's key and the salt. The nonce of a chunk is its number and whether it is the last.
const (
	backupMagic = "bzkeys\x00\x01"
	backupHead  = 8 + 8 + 32
	chunkSize   = 512 * slotSize
)

// Backup writes a copy of the keys, sealed with the key of the week of at. Sealing and erasing go on meanwhile. ErrMoved: Rotate
// was called meanwhile.
func (r *Ring) Backup(ctx context.Context, w io.Writer, weeks *Weeks, at time.Time) error {
	key, err := weeks.key(weekOf(at), true)
	if err != nil {
		return fmt.Errorf("back up the keys: %w", err)
	}
	head := make([]byte, backupHead)
	copy(head, backupMagic)
	order.PutUint64(head[8:], weekOf(at))
	if _, err := io.ReadFull(r.random, head[16:]); err != nil {
		return err
	}
	aead, err := backupSealer(key, head)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	r.mu.Lock()
	from := r.slots
	r.mu.Unlock()
	chunk := make([]byte, chunkSize)
	for n := uint64(0); ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		some, last, err := r.chunk(from, n, chunk)
		if err != nil {
			return fmt.Errorf("back up the keys: %w", err)
		}
		if _, err := w.Write(aead.Seal(nil, chunkNonce(n, last), some, head)); err != nil {
			return err
		}
		if last {
			return nil
		}
	}
}

// chunk reads a part of the file as it is between two changes.
func (r *Ring) chunk(file *slots, n uint64, chunk []byte) (some []byte, last bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, false, ErrClosed
	}
	if r.slots != file {
		return nil, false, ErrMoved
	}
	end := int64(r.slots.count) * slotSize
	from := min(int64(n)*chunkSize, end)
	some = chunk[:min(chunkSize, end-from)]
	_, err = r.slots.file.ReadAt(some, from)
	if errors.Is(err, io.EOF) && len(some) == 0 {
		err = nil
	}
	return some, from+int64(len(some)) == end, err
}

func backupSealer(key, head []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, head[16:], "baraza backup of keys", keySize)
	if err != nil {
		return nil, err
	}
	return sealer(derived)
}

func chunkNonce(n uint64, last bool) []byte {
	nonce := order.AppendUint64(make([]byte, 0, 12), n)
	if last {
		return append(nonce, 0, 0, 0, 1)
	}
	return append(nonce, 0, 0, 0, 0)
}

// Restore puts a backup of keys in the place of the file at path, which must not be open and need not be there,
// after it has destroyed the keys of all that was erased since: erased comes from the store, and from the file that
// is replaced, where that can be read. ErrWeek: it can be opened no more.
func Restore(path string, backup io.Reader, weeks *Weeks, erased []store.Erasure, country string, countryKeys []CountryKey, opts Options) error {
	if old, err := Open(path, country, countryKeys, opts); err == nil {
		erased = append(old.Erased(), erased...)
		defer func() { _ = old.Close() }() // nobody opens it meanwhile
	} else if errors.Is(err, ErrLocked) {
		return err
	}
	name := path + ".restore"
	defer func() { _ = os.Remove(name) }()
	if err := unseal(name, backup, weeks); err != nil {
		return fmt.Errorf("restore the keys %s: %w", path, err)
	}
	r, err := Open(name, country, countryKeys, opts)
	if err != nil {
		return err
	}
	err = r.Replay(erased)
	if closed := r.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(name, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return err
}

// unseal writes what a backup holds to a file.
func unseal(name string, backup io.Reader, weeks *Weeks) error {
	in := bufio.NewReaderSize(backup, 2*chunkSize)
	head := make([]byte, backupHead)
	if _, err := io.ReadFull(in, head); err != nil || string(head[:8]) != backupMagic {
		return fmt.Errorf("%w: it is not a backup of keys", ErrFormat)
	}
	key, err := weeks.key(order.Uint64(head[8:]), false)
	if err != nil {
		return err
	}
	aead, err := backupSealer(key, head)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = unsealChunks(out, in, aead, head)
	if synced := out.Sync(); err == nil {
		err = synced
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	return err
}

func unsealChunks(out io.Writer, in *bufio.Reader, aead cipher.AEAD, head []byte) error {
	buf := make([]byte, chunkSize+aead.Overhead())
	for n := uint64(0); ; n++ {
		got, err := io.ReadFull(in, buf)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: the backup ends too early", ErrSealed)
		}
		_, after := in.Peek(1)
		last := errors.Is(after, io.EOF)
		plain, err := aead.Open(nil, chunkNonce(n, last), buf[:got], head)
		if err != nil {
			return fmt.Errorf("%w: the backup was changed, or ends too early", ErrSealed)
		}
		if _, err := out.Write(plain); err != nil || last {
			return err
		}
	}
}
