// Package storetest holds what every store of conversations promises: Exercise runs the promises of package store
// against one, compares it with Memory over random histories, and Lasting does so for what must survive a restart.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/store"
)

// Open opens the store in a folder that is there and empty at first. A store that lasts finds what it had when the
// same folder is opened again.
type Open func(t testing.TB, dir string) store.Store

// start is when tests begin.
var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func key(n int) store.Key {
	return store.Key{byte(n * 67), byte(n)}
}

func hash(name string) (h store.Hash) {
	copy(h[:], name)
	return h
}

// Exercise runs everything that holds for a store while it is open.
func Exercise(t *testing.T, open Open) {
	t.Helper()
	for _, test := range []struct {
		says string
		run  func(t *testing.T, s store.Store)
	}{
		{"a turn goes in whole", wholeTurn},
		{"a turn that expects another revision leaves no trace", conflicts},
		{"an event counts once", duplicates},
		{"the store knows when it was last swept", lastSweep},
		{"events older than what is remembered count as seen", oldEvents},
		{"a turn that does not apply keeps no other from applying", oneOfMany},
		{"a turn without expectation leaves the revision", anyRevision},
		{"an identity leads to its contact", identities},
		{"fields are set and unset", fields},
		{"messages of a contact leave in order", outboxOrder},
		{"what became of a message is kept and never goes back", ranks},
		{"failed and dead messages are listed until they wait again", deadLetters},
		{"timers are due in their order until a turn takes them", timersDue},
		{"cases, records and consents are found", items},
		{"the journal is read forwards and by contact backwards", journal},
		{"a partition has one owner, and who had it before is fenced", leases},
		{"an erasure leaves the tombstone and nothing else", erasure},
		{"a contact begins anew in the turn that erases it", erasedAnew},
		{"a sweep deletes what is past its date", sweeping},
		{"what is given and returned is not shared", unshared},
		{"a closed store answers that it is closed", closing},
		{"many at once lose nothing", concurrent},
	} {
		t.Run(test.says, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir())
			t.Cleanup(func() { _ = s.Close() })
			test.run(t, s)
		})
	}
	t.Run("random histories look as in memory", func(t *testing.T) {
		t.Parallel()
		histories(t, open, false)
	})
}

// Lasting runs what holds for a store that is closed and opened again.
func Lasting(t *testing.T, open Open) {
	t.Helper()
	t.Run("random histories with restarts look as in memory", func(t *testing.T) {
		t.Parallel()
		histories(t, open, true)
	})
	t.Run("a lease is another's after a restart, and its epoch grows", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		ctx := context.Background()
		s := open(t, dir)
		first, err := s.Lease(ctx, 3, "a", start, time.Minute)
		check(t, err)
		check(t, s.Close())
		s = open(t, dir)
		defer func() { _ = s.Close() }()
		second, err := s.Lease(ctx, 3, "b", at(10), time.Minute)
		check(t, err)
		if second.Epoch <= first.Epoch {
			t.Errorf("epochs: got %d after %d, want a greater one", second.Epoch, first.Epoch)
		}
	})
}

func commit(t testing.TB, s store.Store, turns ...store.Turn) []store.Result {
	t.Helper()
	results, err := s.Commit(context.Background(), turns)
	check(t, err)
	if len(results) != len(turns) {
		t.Fatalf("got %d results for %d turns", len(results), len(turns))
	}
	return results
}

// must commits one turn that has to apply.
func must(t testing.TB, s store.Store, turn store.Turn) store.Result {
	t.Helper()
	r := commit(t, s, turn)[0]
	if r.Outcome != store.Committed {
		t.Fatalf("got %v, want committed", r.Outcome)
	}
	return r
}

func outcome(t testing.TB, s store.Store, turn store.Turn, want store.Outcome) {
	t.Helper()
	if got := commit(t, s, turn)[0].Outcome; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func load(t testing.TB, s store.Store, k store.Key) store.Contact {
	t.Helper()
	c, err := s.Load(context.Background(), k)
	check(t, err)
	return c
}

func heads(t testing.TB, s store.Store, until time.Time) []string {
	t.Helper()
	list, err := s.Outbox(context.Background(), store.OutboxQuery{Of: store.All, Until: until, Limit: 100})
	check(t, err)
	return texts(list)
}

func texts(list []store.Message) (out []string) {
	for _, m := range list {
		out = append(out, string(m.Sealed))
	}
	return out
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, alike); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func message(text string) store.Message {
	return store.Message{Channel: "main", Class: 2, Sealed: []byte(text)}
}

// full is a turn with something of everything.
func full(k store.Key) store.Turn {
	return store.Turn{
		Key: k, Pack: "ec", At: start,
		Dedupe:     []store.Seen{{Hash: hash("event"), At: start}},
		Session:    []byte("session"),
		Identities: []store.Identity{{Hash: hash("phone"), Sealed: []byte("+1")}},
		Fields:     []store.Field{{Name: "city", Kept: at(60), Sealed: []byte("Quito")}, {Name: "age", Sealed: []byte("30")}},
		Outbox:     []store.Message{message("hello"), message("menu")},
		Timers:     []store.Timer{{Number: 7, Due: at(5), Class: 1}},
		Items: []store.Item{
			{Kind: store.Case, ID: hash("case"), Pack: "ec", Class: "staff", Number: 1, State: store.CaseOpen, Urgent: true, At: start, Sealed: []byte("summary")},
			{Kind: store.Record, ID: hash("rumour"), Anonymous: true, Pack: "ec", Class: "rumour", At: start, Kept: at(90), Sealed: []byte("text")},
			{Kind: store.Consent, ID: hash("notice"), Class: "notice", Number: 2, At: start, Sealed: []byte("en")},
		},
		Journal: []store.Entry{{Class: 4, Ref: 9, Kept: at(30), Sealed: []byte("hi")}},
	}
}

func wholeTurn(t *testing.T, s store.Store) {
	k := key(1)
	r := must(t, s, full(k))
	if len(r.Messages) != 2 || r.Messages[0] == 0 || r.Messages[1] <= r.Messages[0] {
		t.Fatalf("messages: got %v, want two growing IDs", r.Messages)
	}
	same(t, "contact", store.Contact{
		Key: k, Pack: "ec", Revision: 1, Since: start, Session: []byte("session"),
		Identities: []store.Identity{{Hash: hash("phone"), Sealed: []byte("+1")}},
		Fields:     []store.Field{{Name: "city", Kept: at(60), Sealed: []byte("Quito")}, {Name: "age", Sealed: []byte("30")}},
		Timers:     []store.Timer{{Key: k, Number: 7, Due: at(5), Class: 1}},
	}, load(t, s, k))
	d := DumpOf(t, s, 10, []store.Key{k}, []store.Hash{hash("phone")})
	d.Renumber(func(uint64) uint64 { return 0 })
	hello := store.Message{Key: k, Channel: "main", Class: 2, At: start, Ready: start, Sealed: []byte("hello")}
	menu := hello
	menu.Sealed = []byte("menu")
	entry := store.Entry{Key: k, Class: 4, Ref: 9, At: start, Kept: at(30), Sealed: []byte("hi")}
	items := full(k).Items
	items[0].Key, items[2].Key = k, k
	same(t, "everything", Dump{
		Contacts: []store.Contact{load(t, s, k)}, Owners: map[store.Hash]store.Owner{hash("phone"): {Key: k, Found: true}},
		Due: []store.Timer{{Key: k, Number: 7, Due: at(5), Class: 1}}, Heads: []store.Message{hello},
		Messages: map[store.Key][]store.Message{k: {menu, hello}}, Entries: []store.Entry{entry},
		Histories: map[store.Key][]store.Entry{k: {entry}},
		Items:     map[store.ItemKind][]store.Item{store.Case: items[:1], store.Record: items[1:2], store.Consent: items[2:]},
	}, d)
}

func conflicts(t *testing.T, s store.Store) {
	k := key(1)
	must(t, s, store.Turn{Key: k, At: start, Session: []byte("one")})
	before := DumpOf(t, s, 10, []store.Key{k}, nil)
	for _, expect := range []uint64{0, 2} {
		turn := full(k)
		turn.Expect = expect
		if r := commit(t, s, turn)[0]; r.Outcome != store.Conflict || r.Revision != 1 {
			t.Errorf("expecting %d: got %v at %d, want conflict at 1", expect, r.Outcome, r.Revision)
		}
	}
	same(t, "after the conflicts", before, DumpOf(t, s, 10, []store.Key{k}, []store.Hash{hash("phone")}))
	// The event of the conflict was not remembered.
	turn := full(k)
	turn.Expect = 1
	must(t, s, turn)
}

func duplicates(t *testing.T, s store.Store) {
	k := key(1)
	event := []store.Seen{{Hash: hash("e"), At: at(1)}}
	must(t, s, store.Turn{Key: k, At: start, Dedupe: event, Session: []byte("one")})
	before := DumpOf(t, s, 10, []store.Key{k}, nil)
	again := full(k)
	again.Expect, again.Dedupe = 1, append([]store.Seen{{Hash: hash("new"), At: at(1)}}, event...)
	outcome(t, s, again, store.Duplicate)
	again.Expect = 0 // stepped before the first one was known of
	outcome(t, s, again, store.Duplicate)
	again.Key = key(2)
	outcome(t, s, again, store.Duplicate)
	same(t, "after the duplicates", before, DumpOf(t, s, 10, []store.Key{k}, nil))
	must(t, s, store.Turn{Key: k, Expect: 1, At: start, Dedupe: []store.Seen{{Hash: hash("new"), At: at(1)}}})
	must(t, s, store.Turn{Key: k, Expect: 2, At: start, Dedupe: []store.Seen{{Hash: hash("e"), At: at(2)}}})
}

func oldEvents(t *testing.T, s store.Store) {
	k := key(1)
	day := 24 * 60
	must(t, s, store.Turn{Key: k, At: start, Dedupe: []store.Seen{{Hash: hash("e"), At: start}}})
	sweep(t, s, at(7*day))
	outcome(t, s, store.Turn{Key: k, Expect: 1, At: at(7 * day), Dedupe: []store.Seen{{Hash: hash("e"), At: start}}}, store.Duplicate)
	if got := sweep(t, s, at(10*day)); got.DedupeDays != 1 {
		t.Errorf("days swept: got %d, want 1", got.DedupeDays)
	}
	outcome(t, s, store.Turn{Key: k, Expect: 1, At: at(10 * day), Dedupe: []store.Seen{{Hash: hash("f"), At: start}}}, store.Duplicate)
	must(t, s, store.Turn{Key: k, Expect: 1, At: at(10 * day), Dedupe: []store.Seen{{Hash: hash("f"), At: at(3 * day)}}})
}

func sweep(t Failing, s store.Store, now time.Time) (all store.Swept) {
	t.Helper()
	for {
		some, err := s.Sweep(context.Background(), now, 3)
		check(t, err)
		all.Fields += some.Fields
		all.Messages += some.Messages
		all.Entries += some.Entries
		all.Items += some.Items
		all.DedupeDays += some.DedupeDays
		if !some.More {
			return all
		}
	}
}

func oneOfMany(t *testing.T, s store.Store) {
	must(t, s, store.Turn{Key: key(1), At: start, Session: []byte("one"), Dedupe: []store.Seen{{Hash: hash("e"), At: start}}})
	results := commit(t, s,
		store.Turn{Key: key(2), At: start, Session: []byte("two")},
		store.Turn{Key: key(1), At: start, Session: []byte("lost"), Expect: 0},
		store.Turn{Key: key(1), At: start, Session: []byte("lost"), Expect: 1, Dedupe: []store.Seen{{Hash: hash("e"), At: start}}},
		store.Turn{Key: key(2), At: start, Session: []byte("three"), Expect: 1},
		store.Turn{Key: key(2), At: start, Session: []byte("lost"), Expect: 1},
		store.Turn{Key: key(3), At: start, Session: []byte("four"), Dedupe: []store.Seen{{Hash: hash("f"), At: start}}},
		store.Turn{Key: key(3), At: start, Session: []byte("lost"), Expect: 1, Dedupe: []store.Seen{{Hash: hash("f"), At: start}}},
	)
	var got []string
	for _, r := range results {
		got = append(got, r.Outcome.String())
	}
	same(t, "outcomes", []string{"committed", "conflict", "duplicate", "committed", "conflict", "committed", "duplicate"}, got)
	for n, want := range map[int]string{1: "one", 2: "three", 3: "four"} {
		if got := string(load(t, s, key(n)).Session); got != want {
			t.Errorf("contact %d: got %q, want %q", n, got, want)
		}
	}
}

func anyRevision(t *testing.T, s store.Store) {
	k := key(1)
	must(t, s, store.Turn{Key: k, At: start, Session: []byte("one")})
	r := must(t, s, store.Turn{Key: k, Expect: store.Any, At: start, Journal: []store.Entry{{Sealed: []byte("note")}}})
	if r.Revision != 1 {
		t.Errorf("revision after a note: got %d, want 1", r.Revision)
	}
	if r = must(t, s, store.Turn{Key: k, Expect: store.Any, At: start, Session: []byte("two")}); r.Revision != 2 {
		t.Errorf("revision after a session: got %d, want 2", r.Revision)
	}
	must(t, s, store.Turn{Key: key(2), Expect: store.Any, At: start})
	if c := load(t, s, key(2)); !c.Since.IsZero() {
		t.Errorf("a turn that changes nothing made %v", c)
	}
}

func closing(t *testing.T, s store.Store) {
	check(t, s.Close())
	check(t, s.Close())
	ctx := context.Background()
	_, err := s.Commit(ctx, []store.Turn{{Key: key(1)}})
	_, err2 := s.Load(ctx, key(1))
	_, err3 := s.Lease(ctx, 1, "a", start, time.Minute)
	for _, err := range []error{err, err2, err3, s.Reopen(ctx)} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("got %v, want %v", err, store.ErrClosed)
		}
	}
}

func unshared(t *testing.T, s store.Store) {
	k := key(1)
	turn := full(k)
	must(t, s, turn)
	want := DumpOf(t, s, 10, []store.Key{k}, nil)
	for _, b := range [][]byte{turn.Session, turn.Identities[0].Sealed, turn.Fields[0].Sealed, turn.Outbox[0].Sealed, turn.Items[0].Sealed, turn.Journal[0].Sealed} {
		clear(b)
	}
	got := DumpOf(t, s, 10, []store.Key{k}, nil)
	same(t, "after the caller wrote into what it gave", want, got)
	for _, b := range [][]byte{got.Contacts[0].Session, got.Contacts[0].Identities[0].Sealed, got.Contacts[0].Fields[0].Sealed,
		got.Heads[0].Sealed, got.Items[store.Case][0].Sealed, got.Entries[0].Sealed} {
		clear(b)
	}
	same(t, "after the caller wrote into what it got", want, DumpOf(t, s, 10, []store.Key{k}, nil))
}

// concurrent lets many count in one contact each and all in a common one.
func concurrent(t *testing.T, s store.Store) {
	const people, turns = 8, 25
	ctx, stop := context.WithCancel(context.Background())
	g := store.NewGroup(s, 16, nil)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	var wait sync.WaitGroup
	for p := range people {
		wait.Go(func() {
			for n := range turns {
				for _, k := range []store.Key{key(p + 1), key(100)} {
					event := fmt.Sprintf("%d.%d.%d", p, n, k[1])
					if err := count(ctx, g, s, k, event); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wait.Wait()
	stop()
	check(t, <-ended)
	if _, err := g.Submit(context.Background(), store.Turn{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("after the end: got %v, want %v", err, store.ErrClosed)
	}
	for p := range people {
		if got := load(t, s, key(p+1)).Revision; got != turns {
			t.Errorf("contact %d: got %d turns, want %d", p+1, got, turns)
		}
	}
	if got := load(t, s, key(100)).Revision; got != people*turns {
		t.Errorf("the common contact: got %d turns, want %d", got, people*turns)
	}
	list, err := s.Outbox(context.Background(), store.OutboxQuery{Key: key(100), Limit: 1000})
	check(t, err)
	if len(list) != people*turns {
		t.Fatalf("messages of the common contact: got %d, want %d", len(list), people*turns)
	}
	for i, m := range list {
		if want := fmt.Sprint(people*turns - i); string(m.Sealed) != want {
			t.Fatalf("message %d from the end: got %s, want %s", i, m.Sealed, want)
		}
	}
}

// count submits one event until it is in, each time from the newest revision, and submits it once more: a provider
// that delivers twice.
func count(ctx context.Context, g *store.Group, s store.Store, k store.Key, event string) error {
	for range 2 {
		for {
			c, err := s.Load(ctx, k)
			if err != nil {
				return err
			}
			r, err := g.Submit(ctx, store.Turn{
				Key: k, Expect: c.Revision, At: start, Dedupe: []store.Seen{{Hash: hash(event), At: start}},
				Session: []byte("s"), Outbox: []store.Message{message(fmt.Sprint(c.Revision + 1))},
			})
			if err != nil {
				return err
			}
			if r.Outcome == store.Committed || r.Outcome == store.Duplicate {
				break
			}
		}
	}
	return nil
}
