package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
)

// Restored is the code of messages that were waiting when a backup was made: they have gone out since, or not. They
// are dead, and an operator decides.
const Restored = -1

// Restore puts a backup in the place of the store at path, which must not be open; it need not be there. Erasures
// that were made since the backup come first: no contact of erased is in the file when it takes its place. Leases
// pass on, so that turns of whoever held them before are fenced.
func Restore(ctx context.Context, path string, backup io.Reader, erased []store.Erasure, opts Options) error {
	if err := restore(ctx, path, backup, erased, opts); err != nil {
		return fmt.Errorf("restore the store %s: %w", path, err)
	}
	return nil
}

func restore(ctx context.Context, path string, backup io.Reader, erased []store.Erasure, opts Options) error {
	// Whoever holds the old file must not be left with one that has no name.
	if _, err := os.Stat(path); err == nil {
		old, _, err := openFile(path, opts)
		if err == nil {
			defer func() { _ = old.Close() }()
		} else if errors.Is(err, store.ErrLocked) {
			return err
		}
	}
	name := path + ".restore"
	if err := copyTo(name, backup); err != nil {
		return err
	}
	defer func() { _ = os.Remove(name) }()
	s, err := Open(name, opts)
	if err != nil {
		return err
	}
	err = s.begin(ctx, erased)
	// A copy without what was erased: the backup's pages still have it.
	if err == nil {
		err = s.Compact(ctx)
	}
	if closed := s.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return replace(name, path)
}

func copyTo(name string, from io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if synced := f.Sync(); err == nil {
		err = synced
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// begin makes a restored copy one that can be used.
func (s *Store) begin(ctx context.Context, erased []store.Erasure) error {
	for some := range slices.Chunk(erased, 100) {
		err := s.update(ctx, func(w *writer) error {
			for i := range some {
				if err := w.eraseAgain(some[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := s.update(ctx, (*writer).passLeases); err != nil {
		return err
	}
	if err := s.endWaiting(ctx); err != nil {
		return err
	}
	return s.refreshLeases()
}

// eraseAgain applies an erasure to a contact that was there before it.
func (w *writer) eraseAgain(e store.Erasure) error {
	c, found, err := w.contact(e.Key)
	if err != nil || !found || !c.Since.After(e.At) {
		return w.erase(&store.Turn{Key: e.Key, Erase: &e}, c, err != nil)
	}
	// A later life of the contact stays; the tombstone is there for older backups.
	var value []byte
	for _, identity := range e.Suppress {
		value = append(value, identity[:]...)
	}
	return w.put(tombstones, tombstoneKey(e.At, e.Key), value)
}

func (w *writer) passLeases() error {
	for p := range store.Partitions {
		if err := w.put(meta, leaseKeyOf(p), order.AppendUint64(nil, w.leases.epoch(p)+1)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) refreshLeases() error {
	return s.db.View(func(tx *bolt.Tx) error { return s.leases.read(tx) })
}

// endWaiting settles every waiting message as dead, a thousand at a time.
func (s *Store) endWaiting(ctx context.Context) error {
	for more := true; more; {
		err := s.update(ctx, func(w *writer) error {
			type one struct {
				key store.Key
				id  uint64
			}
			var found []one
			c := w.bucket(waiting).Cursor()
			for k, _ := c.First(); k != nil && len(found) < 1000; k, _ = c.Next() {
				found = append(found, one{store.Key(k[:16]), order.Uint64(k[16:])})
			}
			more = len(found) == 1000
			for _, f := range found {
				err := w.requeue(f.key, func() error {
					if _, _, err := w.logged(f.id); err != nil {
						return w.cutOut(f.key, f.id)
					}
					return w.settle(f.key, &store.Settlement{ID: f.id, State: store.Dead, Code: Restored})
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
