package boltstore

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
)

// leases are the partitions held. The file keeps owners and epochs; until when is kept in memory, since the file
// is locked for one process and leases end with it.
type leases struct {
	mu   sync.Mutex
	held [store.Partitions]store.Lease
}

func (l *leases) read(tx *bolt.Tx) error {
	r := reader{tx: tx}
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.held {
		v, err := r.get(meta, leaseKeyOf(p))
		if err != nil {
			return err
		}
		until := l.held[p].Until
		l.held[p] = store.Lease{Partition: p}
		if len(v) >= 8 {
			l.held[p] = store.Lease{Partition: p, Epoch: order.Uint64(v), Owner: string(v[8:]), Until: until}
		}
	}
	return nil
}

func (l *leases) epoch(p int) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[p].Epoch
}

// Lease takes or keeps a partition. Only another owner costs a commit.
func (s *Store) Lease(ctx context.Context, partition int, owner string, now time.Time, ttl time.Duration) (store.Lease, error) {
	s.mu.RLock()
	err := s.usable()
	s.mu.RUnlock()
	if err != nil {
		return store.Lease{}, err
	}
	s.leases.mu.Lock()
	have := s.leases.held[partition]
	if have.Owner == owner && have.Epoch != 0 {
		have.Until = moment(millis(now.Add(ttl)))
		s.leases.held[partition] = have
		s.leases.mu.Unlock()
		return have, nil
	}
	s.leases.mu.Unlock()
	if have.Epoch != 0 && now.Before(have.Until) {
		return store.Lease{}, store.ErrHeld
	}
	next := store.Lease{Partition: partition, Owner: owner, Epoch: have.Epoch + 1, Until: moment(millis(now.Add(ttl)))}
	err = s.update(ctx, func(w *writer) error {
		if w.leases.epoch(partition) != have.Epoch {
			return store.ErrHeld // someone else was quicker
		}
		w.kept = func() {
			s.leases.mu.Lock()
			s.leases.held[partition] = next
			s.leases.mu.Unlock()
		}
		return w.put(meta, leaseKeyOf(partition), append(order.AppendUint64(nil, next.Epoch), owner...))
	})
	if err != nil {
		return store.Lease{}, err
	}
	return next, nil
}

// stale are rows of timers that Due met and that count no more. The next commits drop them, for reading cannot.
type stale struct {
	mu   sync.Mutex
	rows map[string]struct{}
}

// Bounds of stale: rows remembered, and rows dropped a commit.
const (
	staleKept    = 8192
	staleDropped = 256
)

func (s *stale) note(k []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows = make(map[string]struct{})
	}
	if len(s.rows) < staleKept {
		s.rows[string(bytes.Clone(k))] = struct{}{}
	}
}

// take gives some of the rows, which are remembered no more.
func (s *stale) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := slices.Collect(maps.Keys(s.rows))
	rows = rows[:min(len(rows), staleDropped)]
	for _, k := range rows {
		delete(s.rows, k)
	}
	return rows
}

// drop deletes some of the rows. Each is looked at again, since it may have been set anew.
func (s *stale) drop(w *writer) error {
	for _, k := range s.take() {
		t := parseTimerKey([]byte(k))
		c, found, err := w.contact(t.Key)
		if err != nil {
			continue
		}
		if _, ok := set(c, found, t); ok {
			continue
		}
		if err := w.delete(timers, []byte(k)); err != nil {
			return err
		}
	}
	return nil
}
