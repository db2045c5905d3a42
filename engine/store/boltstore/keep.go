package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
)

// Stats counts by walking the pages.
func (s *Store) Stats(ctx context.Context) (out store.Stats, err error) {
	err = s.view(ctx, func(r *reader) error {
		count := func(b bucket) int { return r.bucket(b).Stats().KeyN }
		out = store.Stats{
			Contacts: count(contacts), Identities: count(identities), Waiting: count(waiting), Dead: count(dead),
			Timers: count(timers), Items: count(items), Log: count(loglines), Tombstones: count(tombstones),
		}
		days := r.bucket(seen)
		err := days.ForEachBucket(func(k []byte) error {
			out.Dedupe += days.Bucket(k).Stats().KeyN
			return nil
		})
		stats := s.db.Stats()
		page := int64(s.db.Info().PageSize)
		out.FileBytes = r.tx.Size()
		out.FreeBytes = int64(stats.FreePageN+stats.PendingPageN) * page
		out.Commits, out.Turns, out.WrittenBytes = s.commits.Load(), s.turns.Load(), s.written.Load()
		return err
	})
	return out, err
}

// Written is Commits, Turns and WrittenBytes of Stats, which cost nothing to ask for.
func (s *Store) Written() (commits, turns, bytes int64) {
	return s.commits.Load(), s.turns.Load(), s.written.Load()
}

// Backup writes the file as of now. Whoever takes it slowly holds nobody up: what needs the file for itself, such as opening
// it again, cuts the backup off.
func (s *Store) Backup(ctx context.Context, w io.Writer) (n int64, err error) {
	if !s.compacting.TryRLock() {
		return 0, store.ErrCopied
	}
	defer s.compacting.RUnlock()
	from, to := io.Pipe()
	defer s.backups.begin(to)()
	read := make(chan error, 1)
	go func() {
		err := s.view(ctx, func(r *reader) error {
			_, err := r.tx.WriteTo(stopping{ctx, to})
			return err
		})
		_ = to.CloseWithError(err) // the end of the file where it is nil
		read <- err
	}()
	n, err = io.Copy(w, from)
	_ = from.CloseWithError(err)
	if failed := <-read; err == nil {
		err = failed
	}
	return n, err
}

var errCutOff = errors.New("the backup was cut off, for it held the store up or that was opened again or closed; make it again")

// backups are those under way.
type backups struct {
	mu   sync.Mutex
	all  map[*io.PipeWriter]bool
	over bool // none may begin
}

func (b *backups) begin(to *io.PipeWriter) (end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		_ = to.CloseWithError(errCutOff)
	}
	if b.all == nil {
		b.all = map[*io.PipeWriter]bool{}
	}
	b.all[to] = true
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.all, to)
	}
}

// cut ends those under way, and lets none begin until again is called.
func (b *backups) cut() (again func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	for to := range b.all {
		_ = to.CloseWithError(errCutOff)
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.over = false
	}
}

// stopping is a writer that stops when its context ends.
type stopping struct {
	ctx context.Context
	w   io.Writer
}

func (s stopping) Write(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.w.Write(p)
}

// compactStep is how many bytes go into one transaction of a compaction.
const compactStep = 16 << 20

// Compact writes a new file and goes on with it. It does not begin while a backup is made, for which it would have to wait.
func (s *Store) Compact(ctx context.Context) error {
	if !s.compacting.TryLock() {
		return store.ErrCopied
	}
	defer s.compacting.Unlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	next, file, err := s.compacted(ctx)
	if err != nil {
		return fmt.Errorf("compact the store %s: %w", s.path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		_ = next.Close()
		_ = os.Remove(next.Path())
		return err
	}
	// The new file stays open and locked: no other process can come between.
	if err := replace(next.Path(), s.path); err != nil {
		_ = next.Close()
		return fmt.Errorf("compact the store %s: %w", s.path, err)
	}
	_ = s.db.Close()
	s.db, s.file = next, file
	return nil
}

// compacted writes all that counts to a new file beside the old one and leaves it open.
func (s *Store) compacted(ctx context.Context) (next *bolt.DB, file *os.File, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	name := s.path + ".compact"
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err // left there by a process that was killed
	}
	err = guarded(func() error {
		o := *boltOptions(s.opts)
		o.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		}
		next, err = bolt.Open(name, 0o600, &o)
		if err != nil {
			return err
		}
		next.NoSync = true
		if err := bolt.Compact(next, s.db, compactStep); err != nil {
			return err
		}
		next.NoSync = false
		return next.Sync()
	})
	if err != nil {
		if next != nil {
			_ = next.Close()
		}
		_ = os.Remove(name)
		return nil, nil, err
	}
	return next, file, nil
}

// replace puts a file that is on the disk in the place of another.
func replace(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}
