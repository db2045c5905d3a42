// Package boltstore keeps conversations in one bbolt file, for one process. It is the store that needs nothing
// installed; package store says what it promises.
//
// The file is laid out so that a turn touches few pages. Everything of a contact that a turn reads lies in one
// value. What every turn adds (messages, journal, deduplication keys, timers, dates to delete at) is keyed by
// time or by a counter, so that all turns of a commit share the last pages of those buckets. Nothing is looked up
// by a random key that grows with the history.
//
//	contacts    contact                → everything a turn reads
//	identities  identity               → contact, suppressed
//	log         counter                → message, journal entry, or what holds their chain together
//	queue       ready, counter         → contact: the first waiting message of each contact
//	waiting     contact, counter       the waiting messages of each contact
//	dead        counter                → contact: failed and dead messages
//	timers      due, contact, number   as set; the contact says which of them still count
//	items       kind, ID               → case, record, consent
//	itemsof     contact, kind, ID      those of a contact
//	kept        date, what             what may have to be deleted then; rows of the log with one date share a row
//	seen        day → second, hash     deduplication keys
//	tombstones  time, contact          → erasure
//	meta        format, floor of seen, leases
//
// A value ends with a checksum over its bucket, key and bytes. A canceled timer and a moved date leave their row
// behind: it is dropped when its time comes, on pages that are being written anyway.
package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"baraza/engine/store"
)

// format is the version of the layout and of every row. A file of another one is not opened.
const format = 2

// patience is how long a commit waits for backups: where the file outgrows what is mapped of it, which is rare, it has to
// wait for all that read, and everybody with it.
const patience = 30 * time.Second

// Options of a store; the zero Options are for everyday use.
type Options struct {
	// LockWait is how long to wait for another process to let go of the file; 0 stands for a second.
	LockWait time.Duration
	// MapBytes is how much address space the file may grow into before it has to be mapped anew, for which a
	// commit waits for every reader, also for a backup. It costs no memory. 0 stands for 4 GiB (1 GiB at most
	// where addresses have 32 bits, and nothing on Windows, where the file would get that size).
	MapBytes int
}

// Store is a store in one file.
type Store struct {
	path string
	opts Options

	// mu is held for reading by every call, and for writing by what puts another file handle into db.
	mu     sync.RWMutex
	db     *bolt.DB
	file   *os.File // of db
	closed bool
	// writing is held by the one who writes, and taken before mu. bbolt has such a lock too, but lets it go
	// before broken is set.
	writing sync.Mutex
	room    room        // of the transaction that writes
	names   names       // that were written
	broken  atomic.Bool // answered ErrUnknown, and waits for Reopen

	leases leases
	stale  stale
	astray astray

	backups    backups
	compacting sync.RWMutex  // held for reading by each backup, and taken first
	patience   time.Duration // of a commit with backups that are in its way

	commits, turns, written atomic.Int64
	record                  atomic.Pointer[recording]
}

var _ store.File = (*Store)(nil)

// Open opens the store at path, or makes one. ErrLocked: another process has it. ErrFormat: another version of
// this program wrote it, or it is no store. ErrDamaged: the file cannot be read as a whole; restore a backup.
func Open(path string, opts Options) (*Store, error) {
	s := &Store{path: path, opts: opts, names: names{}, patience: patience}
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = create(path, opts)
	}
	if err == nil {
		err = s.open()
	}
	if err != nil {
		return nil, fmt.Errorf("open the store %s: %w", path, err)
	}
	return s, nil
}

// create makes an empty store. It appears at path as a whole: an empty file there is one that was cut off, and
// taking it for a new store would lose everything without a word.
func create(path string, opts Options) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := f.Close(); err != nil {
		return err
	}
	db, err := bolt.Open(f.Name(), 0o600, boltOptions(opts))
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			if _, err := tx.CreateBucket(b.name); err != nil {
				return err
			}
		}
		return tx.Bucket(meta.name).Put(formatKey, order.AppendUint64(nil, format))
	})
	if closed := db.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	// Not a renaming, which would replace the store of a process that was quicker.
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// open fills db and what is held in memory of the file.
func (s *Store) open() error {
	db, file, err := openFile(s.path, s.opts)
	if err != nil {
		return err
	}
	err = guarded(func() error {
		return db.View(func(tx *bolt.Tx) error {
			if err := known(tx); err != nil {
				return err
			}
			return s.leases.read(tx)
		})
	})
	if err != nil {
		_ = db.Close()
		return err
	}
	s.db, s.file = db, file
	s.broken.Store(false)
	return nil
}

// openFile opens path, looks at its pages, and makes sure that the file it has locked is still the one at path:
// while it waited for the lock, another process may have put a compacted file there.
func openFile(path string, opts Options) (*bolt.DB, *os.File, error) {
	for range 10 {
		var file *os.File
		o := *boltOptions(opts)
		o.OpenFile = func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			if f, err = os.OpenFile(name, flag&^os.O_CREATE, mode); err != nil {
				return nil, err
			}
			file = f
			if err := lock(f, o.Timeout); err != nil {
				return nil, err
			}
			info, err := f.Stat()
			if err != nil {
				return nil, err
			}
			return f, sound(f, info.Size())
		}
		var db *bolt.DB
		err := guarded(func() (err error) {
			db, err = bolt.Open(path, 0o600, &o)
			return err
		})
		if err != nil {
			if file != nil {
				_ = file.Close() // and lets go of the lock
			}
			if errors.Is(err, bolterrors.ErrTimeout) {
				err = store.ErrLocked
			}
			return nil, nil, err
		}
		locked, err := file.Stat()
		if err != nil {
			_ = db.Close()
			return nil, nil, err
		}
		if there, err := os.Stat(path); err == nil && os.SameFile(locked, there) {
			return db, file, nil
		}
		_ = db.Close()
	}
	return nil, nil, store.ErrLocked
}

func boltOptions(opts Options) *bolt.Options {
	wait := opts.LockWait
	if wait <= 0 {
		wait = time.Second
	}
	mapped := opts.MapBytes
	if mapped == 0 {
		mapped = mapBytes
	}
	return &bolt.Options{
		Timeout: wait,
		// The list of free pages is made at opening instead of being written with each commit, whose cost would
		// otherwise grow with what was ever deleted.
		NoFreelistSync:  true,
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: mapped,
	}
}

// known tells whether a file has the format of this program.
func known(tx *bolt.Tx) error {
	var has uint64
	if b := tx.Bucket(meta.name); b != nil {
		if v := b.Get(formatKey); len(v) == 8 {
			has = order.Uint64(v)
		}
	}
	switch {
	case has == 0:
		return fmt.Errorf("%w: the file holds something else", store.ErrFormat)
	case has != format:
		return fmt.Errorf("%w: the file has format %d, this program knows %d", store.ErrFormat, has, format)
	}
	for _, b := range buckets {
		if tx.Bucket(b.name) == nil {
			return &store.DamagedError{Where: b.says}
		}
	}
	return nil
}

// guarded turns a panic of bbolt over pages that make no sense, and a fault over pages that are not there, into
// an error.
func guarded(do func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if p := recover(); p != nil {
			err = fmt.Errorf("%w (%v)", &store.DamagedError{Where: "a page"}, p)
		}
	}()
	return do()
}

// usable tells why the store cannot be used; mu is held.
func (s *Store) usable() error {
	switch {
	case s.closed:
		return store.ErrClosed
	case s.broken.Load():
		return store.ErrUnknown
	}
	return nil
}

// view runs do on the store as it is now.
func (s *Store) view(ctx context.Context, do func(r *reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return err
	}
	return guarded(func() error {
		tx, err := s.db.Begin(false)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		return do(&reader{tx: tx})
	})
}

// update runs do and commits. An error of do means that nothing was kept; of the commit, what commitFailed says.
func (s *Store) update(ctx context.Context, do func(w *writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return err
	}
	committing := false
	err := guarded(func() error {
		tx, err := s.db.Begin(true)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		s.room.again()
		w := &writer{reader: reader{tx: tx, names: s.names}, leases: &s.leases, room: &s.room}
		if err := do(w); err != nil {
			return err
		}
		before := tx.ID() - 1
		committing = true
		late := time.AfterFunc(s.patience, func() { s.backups.cut()() })
		defer late.Stop()
		if err := tx.Commit(); err != nil {
			return s.commitFailed(before, err)
		}
		stats := tx.Stats()
		s.commits.Add(1)
		s.written.Add(stats.GetPageAlloc())
		if w.kept != nil {
			w.kept()
		}
		return nil
	})
	if committing && errors.Is(err, store.ErrDamaged) {
		err = fmt.Errorf("%w: %w", store.ErrUnknown, err)
	}
	if errors.Is(err, store.ErrUnknown) {
		s.broken.Store(true)
	}
	return err
}

// commitFailed says what an error of a commit means. After a disk without room, the file shows that nothing of the
// commit arrived. After anything else what the file shows may not be what the disk holds.
func (s *Store) commitFailed(before int, failed error) error {
	if noRoom(failed) {
		shown := -1
		err := s.db.View(func(tx *bolt.Tx) error {
			shown = tx.ID()
			return nil
		})
		if err == nil && shown == before {
			return fmt.Errorf("%w: %w", store.ErrFull, failed)
		}
	}
	return fmt.Errorf("%w: %w", store.ErrUnknown, failed)
}

// Reopen reads the file anew. What the system still holds of it in memory is dropped first, for after a failed
// fsync that may be what never reached the disk.
func (s *Store) Reopen(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.broken.Load() {
		defer s.backups.cut()()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	if !s.broken.Load() {
		return nil
	}
	if s.db != nil {
		_ = s.db.Close()
		s.db = nil
		forget(s.path)
	}
	if err := s.open(); err != nil {
		return fmt.Errorf("reopen the store %s: %w", s.path, err)
	}
	return nil
}

// Close waits for the calls under way, but for backups, which it cuts off.
func (s *Store) Close() error {
	defer s.backups.cut()()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// syncDir makes the names in a folder last.
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
