package runner

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/store"
)

// loading counts what is read of contacts.
type loading struct {
	store.Store
	loads atomic.Int64
}

func (c *loading) Load(ctx context.Context, key store.Key) (store.Contact, error) {
	c.loads.Add(1)
	return c.Store.Load(ctx, key)
}

func TestWhoWritesAgainSoonIsNotReadAnew(t *testing.T) {
	t.Parallel()
	counted := &loading{}
	r := newReal(t, t.TempDir(), func(s store.Store) store.Store { counted.Store = s; return counted })
	tell := func(person, n int, text string) {
		t.Helper()
		if err := r.runner.Receive(t.Context(), []Inbound{inbound(person, n, text)}); err != nil {
			t.Fatalf("receive: %v", err)
		}
	}
	tell(1, 0, "hello")
	before := counted.loads.Load()
	tell(1, 1, "note")
	tell(1, 2, "a rumour")
	equal(t, "loads for two more messages", before, counted.loads.Load())
	tell(1, 3, "delete")
	before = counted.loads.Load()
	tell(1, 4, "hello")
	if counted.loads.Load() == before {
		t.Error("a person was not read anew after the erasure")
	}
}

// closedOnce cannot open anything while it is told so.
type closedOnce struct {
	Keys
	closed atomic.Bool
}

func (k *closedOnce) Open(pack string, contact store.Key, kind keys.Kind, sealed []byte) ([]byte, error) {
	if k.closed.Load() {
		return nil, keys.ErrClosed
	}
	return k.Keys.Open(pack, contact, kind, sealed)
}

func TestWhatCouldNotBeReadIsNotRemembered(t *testing.T) {
	t.Parallel()
	r := newReal(t, t.TempDir(), nil)
	key := store.Key{7}
	k := &closedOnce{Keys: r.config.Keys}
	config := r.config
	config.Keys = k
	other := New(config)
	p := person{session: engine.New()}
	p.session.Seed = 42
	sealed, err := k.Seal("sample", key, keys.Session, p.append(nil))
	if err != nil {
		t.Fatalf("seal: %v", err)
	}
	if _, err := r.config.Store.Commit(t.Context(), []store.Turn{{Key: key, Pack: "sample", At: time.Now(), Session: sealed}}); err != nil {
		t.Fatalf("commit: %v", err)
	}
	s := other.shards[0]
	var told error
	k.closed.Store(true)
	s.take(t.Context(), []*job{{key: key, origin: inside, change: func(*draft) error { return errSkip }, done: func(err error) { told = err }}})
	if !errors.Is(told, keys.ErrClosed) {
		t.Fatalf("the job ended with %v", told)
	}
	k.closed.Store(false)
	s.take(t.Context(), []*job{{key: key, origin: inside, change: func(d *draft) error {
		equal(t, "seed", uint64(42), d.person.session.Seed)
		return errSkip
	}, done: func(err error) { told = err }}})
	if told != nil {
		t.Errorf("the job ended with %v", told)
	}
}

func TestATalkIsReadAnewOnceAFieldIsPastItsDateOrANamePassed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	var r rested
	of := func(n byte, until time.Time) *talk { return &talk{key: store.Key{n}, until: until, passed: 3} }
	for n, until := range []time.Time{{}, now.Add(time.Second), now, {}} {
		r.keep(of(byte(n), until))
	}
	for n, want := range []bool{true, true, false} {
		if got := r.take(store.Key{byte(n)}, 3, now) != nil; got != want {
			t.Errorf("talk %d is remembered: %t", n, got)
		}
	}
	if r.take(store.Key{3}, 4, now) != nil {
		t.Error("a talk from before a name passed is remembered")
	}
	if r.take(store.Key{0}, 3, now) != nil {
		t.Error("a talk that was taken is still there")
	}
	dated := of(9, time.Time{})
	dated.dated([]store.Field{{}, {Kept: now.Add(time.Hour)}, {Kept: now}})
	equal(t, "until", now, dated.until)
	for n := range 1000 {
		r.keep(of(byte(n), time.Time{}))
		r.keep(&talk{key: store.Key{byte(n), byte(n >> 8), 1}})
	}
	if n := len(r.young) + len(r.old); n > restedTalks {
		t.Errorf("%d talks are remembered", n)
	}
}
