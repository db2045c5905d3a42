package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// life is one process, from its start to its crash. What it does after its death reaches nobody.
type life struct {
	s      *sim
	n      int
	store  *boltstore.Store
	rings  runner.Rings
	runner *runner.Runner
	dead   atomic.Bool
	crash  chan struct{}
	once   sync.Once
}

// dies ends the process at a named point.
func (l *life) dies(where, about string) {
	if l.dead.Swap(true) {
		return
	}
	l.s.fault(where, about)
	l.once.Do(func() { close(l.crash) })
}

func (s *sim) running() *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life
}

// opens makes a process on what the one before it left.
func (s *sim) opens(n int) *life {
	l := &life{s: s, n: n, crash: make(chan struct{})}
	var err error
	if l.store, err = boltstore.Open(filepath.Join(s.dir, "data"), boltstore.Options{}); err != nil {
		s.t.Fatalf("seed %d: open the store: %v", s.seed, err)
	}
	open := func(name, country string, secret byte) *keys.Ring {
		r, err := keys.Open(filepath.Join(s.dir, name), country, []keys.CountryKey{{secret}}, keys.Options{Random: &bytesOf{s: s, name: name}})
		if err != nil {
			s.t.Fatalf("seed %d: open the keys: %v", s.seed, err)
		}
		return r
	}
	l.rings = runner.Rings{Packs: map[string]*keys.Ring{"ke": open("keys.one", "KE", 1), "ec": open("keys.two", "EC", 2)}, Clock: clock{s}}
	l.runner = runner.New(runner.Config{
		Store: &faultyStore{Store: l.store, l: l}, Keys: &faultyKeys{l.rings, l}, Clock: clock{s}, Shards: 4, Group: []int{0, 1, 2, 4}[s.seed%4],
		Program:  func(pack string) *program.Program { return s.programs[pack] },
		Channels: map[string]runner.Channel{"whatsapp": sending{s, l}}, Freeze: s.freeze,
		Fetcher: elsewhere{s, l}, Notifier: team{s, l},
		Random: func() uint64 { // not a stream, which would carry one chance of the scheduler on for ever
			at := fmt.Sprint("random", time.Since(s.begun))
			return s.number(at, s.nth(at))
		},
		Log:    slog.New(slog.NewJSONHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Timing: runner.Timing{Resolve: 90 * time.Second, UnknownTries: 1000, Park: 10 * time.Minute},
	})
	return l
}

func (l *life) close() {
	if err := l.store.Close(); err != nil {
		l.s.t.Errorf("close the store: %v", err)
	}
	for _, r := range l.rings.Packs {
		if err := r.Close(); err != nil {
			l.s.t.Errorf("close the keys: %v", err)
		}
	}
}

// check is that of the store.
func (l *life) check(s *sim) {
	err := l.store.Check(context.Background(), func(problem string) {
		if !s.knowsDamage(l, problem) {
			s.fail("I4", "%s", problem)
		}
	})
	if err != nil {
		s.fail("I4", "check: %v", err)
	}
}

// knowsDamage tells whether the words are about whom bits were flipped of: a check has to find that.
func (s *sim) knowsDamage(l *life, words string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults["bits flipped"] > 0 && strings.Contains(words, keyOf(l.rings, s.people[2]).String())
}

// restarts runs one process after the other.
func (s *sim) restarts(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		l := s.opens(n)
		s.tell("process starts", "")
		s.mu.Lock()
		s.life = l
		s.mu.Unlock()
		living, kill := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- l.runner.Run(living) }()
		watched := make(chan struct{})
		go func() { defer close(watched); l.watchesFreeze(living) }()
		var err error
		select {
		case <-l.crash:
			kill()
			<-ended
		case err = <-ended:
		case <-ctx.Done():
			err = <-ended
		}
		kill()
		<-watched
		if err != nil && !errors.Is(err, errNoDisk) {
			s.fail("I4", "the process ended: %v", err)
		}
		s.mu.Lock()
		s.unknown += l.runner.Figures.OutboxUnknown.Load()
		s.life = nil
		s.mu.Unlock()
		s.ended(l)
		l.close()
		s.flips(n)
		select {
		case <-time.After(time.Duration(1+s.draw("down", n)) * time.Second / 4):
		case <-ctx.Done():
		}
	}
}

// flips a bit of what is kept of a person, while no process is there.
func (s *sim) flips(n int) {
	if !s.has("flip") || s.draw("flip", n) >= 40 {
		return
	}
	victim := s.people[2]
	l := s.opens(-1)
	key := keyOf(l.rings, victim)
	l.close()
	db, err := bolt.Open(filepath.Join(s.dir, "data"), 0o600, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	hit := false
	err = db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("contacts"))
		row := slices.Clone(b.Get(key[:]))
		if len(row) == 0 {
			return nil
		}
		hit = true
		row[s.number("where", n)%uint64(len(row))] ^= 1 << (s.number("bit", n) % 8)
		return b.Put(key[:], row)
	})
	if err = errors.Join(err, db.Close()); err != nil {
		s.t.Fatal(err)
	}
	if hit {
		s.fault("bits flipped", victim.String())
	}
}

// bytesOf are random bytes of the seed. Many read them at once.
type bytesOf struct {
	s    *sim
	name string
}

func (b *bytesOf) Read(p []byte) (int, error) {
	n := b.s.nth("bytes of " + b.name)
	for i := range p {
		p[i] = byte(b.s.number(b.name, n, i))
	}
	return len(p), nil
}

// clock is what the processes take for the time.
type clock struct{ s *sim }

type skew struct{ atomic.Int64 }

func (c clock) Now() time.Time { return time.Now().Add(time.Duration(c.s.skew.Load())) }

// After never ends at the same moment for two: which of them ran first would be chance.
func (c clock) After(d time.Duration) <-chan time.Time {
	at := fmt.Sprint("after", d, time.Since(c.s.begun))
	return time.After(d + time.Duration(c.s.number(at, c.s.nth(at))%uint64(time.Millisecond)))
}

// skewsClocks has the clock jump and each process begin with one that is a little off; at the end it is set right.
func (s *sim) skewsClocks() {
	for n := range 8 {
		s.sleeps(time.Duration(1+s.draw("jump after", n))*9*time.Second, "jump", n)
		if s.has("clock") {
			off := time.Duration(s.draw("jump", n)-50) * 73 * time.Second // an hour forth or back
			if s.draw("drift", n) < 50 {
				off /= 120
			}
			s.skew.Store(int64(off))
			s.fault("clock jumped", off.String())
		}
	}
	<-time.After(faultyFor - time.Since(s.begun))
	s.skew.Store(0)
}

// faultyKeys are the keys of one process.
type faultyKeys struct {
	runner.Rings
	l *life
}

func (k *faultyKeys) Begin(pack string, key store.Key, at time.Time) error {
	if k.l.dead.Load() {
		return runner.ErrStopped
	}
	if err := k.Rings.Begin(pack, key, at); err != nil {
		return err
	}
	if s := k.l.s; s.has("process") && s.draw("crash in erasure", key, s.nth("begin"+key.String())) < 20 {
		k.l.dies("crash in an erasure", "the new key is there, nothing is committed")
		return runner.ErrStopped
	}
	return nil
}

func (k *faultyKeys) Erase(pack string, e store.Erasure) error {
	if k.l.dead.Load() {
		return runner.ErrStopped
	}
	if s := k.l.s; pack != "" && s.has("process") && s.draw("crash after erasure", e.Key, s.nth("erase"+e.Key.String())) < 30 {
		k.l.dies("crash after an erasure", "committed, and the keys are still there")
		return runner.ErrStopped
	}
	return k.Rings.Erase(pack, e)
}

// Sync waits until everybody else waits too: while a process is in the kernel, others run when they like.
func (k *faultyKeys) Sync() error {
	s := k.l.s
	s.sleeps(0, "sync", time.Since(s.begun))
	if s.has("disk") && !k.l.dead.Load() && s.number("sync", s.nth("sync"))%300 == 0 {
		s.fault("keys not synced", "")
		return errNoDisk
	}
	return k.Rings.Sync()
}

var errNoDisk = errors.New("the disk does not come back")

// faultyStore is the store of one process.
type faultyStore struct {
	*boltstore.Store
	l      *life
	broken atomic.Bool // nobody knows; Reopen settles it
}

var _ store.Store = (*faultyStore)(nil)

func (f *faultyStore) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	s, whose := f.l.s, turns[0].Key.String()[:6]
	if err := f.refuses(); err != nil {
		return nil, err
	}
	n := s.nth("commit" + whose)
	s.sleeps(time.Duration(1+s.draw("fsync", whose, n))*time.Millisecond, whose, n)
	if f.l.dead.Load() {
		return nil, store.ErrClosed
	}
	fate := s.draw("commit", whose, n)
	if s.has("process") {
		switch {
		case fate < 1:
			f.l.dies("crash before the commit", fmt.Sprint(len(turns), " turns"))
			return nil, store.ErrClosed
		case fate < 2:
			_, _ = f.keeps(ctx, turns)
			f.l.dies("crash after the commit", fmt.Sprint(len(turns), " turns"))
			return nil, store.ErrClosed
		}
	}
	if s.has("disk") && fate >= 2 && fate < 8 {
		f.broken.Store(true)
		if fate < 5 {
			_, _ = f.keeps(ctx, turns)
			s.fault("commit unknown, kept", "")
		} else {
			s.fault("commit unknown, lost", "")
		}
		return nil, store.ErrUnknown
	}
	if s.diskFull() {
		s.fault("commit on a full disk", "")
		return nil, store.ErrFull
	}
	if s.has("conflict") && fate >= 8 && fate < 20 {
		if victim := slices.IndexFunc(turns, func(t store.Turn) bool { return t.Expect != store.Any && (t.Pack == "ke" || !s.oneCountry()) }); victim >= 0 {
			// The turn meets a revision that is not the one it expects; those behind it find out for themselves.
			turns = slices.Clone(turns)
			turns[victim].Expect += 1000
			s.fault("conflict", turns[victim].Key.String()[:6])
		}
	}
	return f.keeps(ctx, turns)
}

// diskFull: for some minutes, once or twice.
func (s *sim) diskFull() bool {
	if !s.has("full") {
		return false
	}
	for n := range 2 {
		from := time.Duration(s.draw("full from", n)) * time.Minute / 4
		if at := time.Since(s.begun); at >= from && at < from+time.Duration(s.draw("full for", n))*6*time.Second {
			if s.nth(fmt.Sprint("full", n)) == 1 {
				s.fault("disk full", "")
			}
			return true
		}
	}
	return false
}

// keeps commits, and puts down what was committed.
func (f *faultyStore) keeps(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	results, err := f.Store.Commit(ctx, turns)
	if err != nil {
		return nil, err
	}
	s := f.l.s
	for i, r := range results {
		if r.Outcome == store.Committed {
			s.committed(&turns[i])
		}
	}
	return results, nil
}

func (s *sim) committed(t *store.Turn) {
	s.mu.Lock()
	h := &s.history
	for i, e := range t.Dedupe {
		if slices.ContainsFunc(t.Dedupe[:i], func(had store.Seen) bool { return had.Hash == e.Hash }) {
			continue // of two days
		}
		h.times[e.Hash]++
		if h.what[e.Hash] == "" {
			h.what[e.Hash] = "an event of " + t.Key.String()[:6]
		}
	}
	s.notesHeld(t)
	if t.Erase != nil {
		h.erased[t.Key] = append(h.erased[t.Key], h.sealed[t.Key]...)
		h.sealed[t.Key] = nil
		h.silent[t.Key] = time.Now()
	}
	if t.Session != nil {
		h.sealed[t.Key] = append(h.sealed[t.Key], slices.Clone(t.Session))
	}
	for _, e := range t.Journal {
		switch e.Class {
		case runner.OptedOut:
			h.silent[t.Key] = time.Now()
		case runner.OptedIn:
			delete(h.silent, t.Key)
		}
	}
	s.mu.Unlock()
	if t.Erase != nil {
		s.fault("erasure", t.Key.String()[:6])
	}
}

func (f *faultyStore) Reopen(ctx context.Context) error {
	s := f.l.s
	s.sleeps(300*time.Millisecond, "reopen", f.l.n)
	if s.draw("reopen", f.l.n) < 8 && f.broken.Load() && !f.l.dead.Load() {
		s.fault("reopening failed", "")
		return errNoDisk
	}
	f.broken.Store(false)
	return f.Store.Reopen(ctx)
}

// Sweep commits too, and without the group that the turns go through.
func (f *faultyStore) Sweep(ctx context.Context, now time.Time, limit int) (store.Swept, error) {
	if err := f.refuses(); err != nil {
		return store.Swept{}, err
	}
	s := f.l.s
	if fate := s.draw("sweep", s.nth("sweep")); s.has("disk") && fate < 20 {
		f.broken.Store(true)
		if fate < 10 {
			_, _ = f.Store.Sweep(ctx, now, limit)
			s.fault("sweep unknown, kept", "")
		} else {
			s.fault("sweep unknown, lost", "")
		}
		return store.Swept{}, store.ErrUnknown
	}
	return f.Store.Sweep(ctx, now, limit)
}

func (f *faultyStore) refuses() error {
	switch {
	case f.l.dead.Load():
		return store.ErrClosed
	case f.broken.Load():
		return store.ErrUnknown
	}
	return nil
}

func (f *faultyStore) Load(ctx context.Context, key store.Key) (store.Contact, error) {
	if err := f.refuses(); err != nil {
		return store.Contact{}, err
	}
	return f.Store.Load(ctx, key)
}

func (f *faultyStore) Find(ctx context.Context, h store.Hash) (store.Owner, error) {
	if err := f.refuses(); err != nil {
		return store.Owner{}, err
	}
	return f.Store.Find(ctx, h)
}

func (f *faultyStore) Outbox(ctx context.Context, q store.OutboxQuery) ([]store.Message, error) {
	if err := f.refuses(); err != nil {
		return nil, err
	}
	return f.Store.Outbox(ctx, q)
}

func (f *faultyStore) Due(ctx context.Context, of store.Set, after store.Timer, until time.Time, limit int) ([]store.Timer, error) {
	if err := f.refuses(); err != nil {
		return nil, err
	}
	return f.Store.Due(ctx, of, after, until, limit)
}

func (f *faultyStore) Message(ctx context.Context, id uint64) (store.Message, error) {
	if err := f.refuses(); err != nil {
		return store.Message{}, err
	}
	return f.Store.Message(ctx, id)
}

func (f *faultyStore) Items(ctx context.Context, q store.ItemQuery) ([]store.Item, error) {
	if err := f.refuses(); err != nil {
		return nil, err
	}
	return f.Store.Items(ctx, q)
}
