package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
	"baraza/engine/store/boltstore"
	"baraza/engine/store/storetest"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// filled is a store after so many turns; it is closed, and its file returned.
func filled(t testing.TB, turns int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	s := openAt(t, path)
	for n := 1; n <= turns; n++ {
		_, err := commitTurn(s, n)
		check(t, err)
	}
	check(t, store.Erase(context.Background(), s, store.Key{9}, start, store.Hash{9}))
	check(t, s.Close())
	file, err := os.ReadFile(path)
	check(t, err)
	page := os.Getpagesize()
	used := len(bytes.TrimRight(file, "\x00"))
	return file[:(used+page-1)/page*page]
}

func write(t testing.TB, file []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "store")
	check(t, os.WriteFile(path, file, 0o600))
	return path
}

func TestASecondProcessIsToldSo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store")
	s := openAt(t, path)
	options := boltstore.Options{LockWait: time.Millisecond}
	for range 2 {
		if _, err := boltstore.Open(path, options); !errors.Is(err, store.ErrLocked) {
			t.Errorf("a second one: got %v, want %v", err, store.ErrLocked)
		}
		if err := boltstore.Restore(context.Background(), path, bytes.NewReader(nil), nil, options); !errors.Is(err, store.ErrLocked) {
			t.Errorf("a restore: got %v, want %v", err, store.ErrLocked)
		}
		check(t, s.Compact(context.Background())) // the new file is locked as well
	}
	check(t, s.Close())
	check(t, openAt(t, path).Close())
}

func TestAnotherFormatIsNotOpened(t *testing.T) {
	t.Parallel()
	newer := write(t, filled(t, 1))
	db, err := bolt.Open(newer, 0o600, nil)
	check(t, err)
	check(t, db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte{0, 0, 0, 0, 0, 0, 0, 3})
	}))
	check(t, db.Close())
	other := filepath.Join(t.TempDir(), "other")
	db, err = bolt.Open(other, 0o600, nil)
	check(t, err)
	check(t, db.Close())
	for says, path := range map[string]string{
		"newer": newer, "another program's": other, "text": write(t, bytes.Repeat([]byte("text "), 5000)), "short": write(t, []byte("text")),
	} {
		before, err := os.ReadFile(path)
		check(t, err)
		if _, err := boltstore.Open(path, boltstore.Options{}); !errors.Is(err, store.ErrFormat) {
			t.Errorf("%s: got %v, want %v", says, err, store.ErrFormat)
		}
		after, err := os.ReadFile(path)
		check(t, err)
		if !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed", says)
		}
	}
}

func TestAnUnknownCommitIsSettled(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, filepath.Join(t.TempDir(), "store"))
	defer func() { _ = s.Close() }()
	_, err := commitTurn(s, 1)
	check(t, err)
	s.CutOff()
	turn := store.Turn{Key: person(2), At: start, Session: []byte("x"), Dedupe: []store.Seen{{Hash: store.Hash{2}, At: start}}}
	if _, err := s.Commit(ctx, []store.Turn{turn}); !errors.Is(err, store.ErrUnknown) {
		t.Fatalf("commit: got %v, want %v", err, store.ErrUnknown)
	}
	if _, err := s.Load(ctx, person(1)); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("reading before it is settled: got %v, want %v", err, store.ErrUnknown)
	}
	if _, err := s.Commit(ctx, []store.Turn{turn}); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("commit before it is settled: got %v, want %v", err, store.ErrUnknown)
	}
	check(t, s.Reopen(ctx))
	c, err := s.Load(ctx, person(1))
	check(t, err)
	if c.Revision != 1 {
		t.Errorf("the contact before: got revision %d, want 1", c.Revision)
	}
	results, err := s.Commit(ctx, []store.Turn{turn})
	check(t, err)
	if got := results[0].Outcome; got != store.Committed {
		t.Errorf("again: got %v, want committed", got)
	}
}

// TestACutOffFile cuts a file everywhere, or loses all from there on: it is refused, or what is lost are values that
// a check names.
func TestACutOffFile(t *testing.T) {
	t.Parallel()
	file := filled(t, 12)
	look := func(size int, says string, cut []byte) {
		s, err := boltstore.Open(write(t, cut), boltstore.Options{})
		if err != nil {
			if !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrFormat) {
				t.Errorf("%s at %d: got %v, want it damaged", says, size, err)
			}
			return
		}
		defer func() { _ = s.Close() }()
		problems := 0
		check(t, s.Check(context.Background(), func(string) { problems++ }))
		for p := range people {
			c, err := s.Load(context.Background(), person(p))
			if problems == 0 && err != nil || err == nil && c.Revision != 4 {
				t.Errorf("%s at %d: got %v, %v, with %d problems found", says, size, c, err, problems)
			}
		}
	}
	for size := 0; size < len(file); size += 512 {
		look(size, "cut", file[:size])
		lost := make([]byte, len(file))
		copy(lost, file[:size])
		look(size, "lost", lost)
	}
	if _, err := boltstore.Open(write(t, nil), boltstore.Options{}); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("an empty file: got %v, want it damaged", err)
	}
	check(t, openAt(t, write(t, file)).Close())
}

// TestAFlippedBitInAContact shows what the runner meets.
func TestAFlippedBitInAContact(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "store")
	s := openAt(t, path)
	hurt, well := store.Key{1}, store.Key{2}
	for k, text := range map[store.Key]string{hurt: "look for this", well: "session"} {
		_, err := s.Commit(ctx, []store.Turn{{
			Key: k, At: start, Session: []byte(text), Timers: []store.Timer{{Number: 1, Due: start}},
			Identities: []store.Identity{{Hash: store.Hash(k)}}, Outbox: []store.Message{{Sealed: []byte("m")}}, Journal: []store.Entry{{Sealed: []byte("j")}},
		}})
		check(t, err)
	}
	check(t, s.Close())
	file, err := os.ReadFile(path)
	check(t, err)
	for at := 0; ; {
		next := bytes.Index(file[at:], []byte("look for this"))
		if next < 0 {
			break
		}
		at += next + 1
		file[at] ^= 8
	}
	s = openAt(t, write(t, file))
	defer func() { _ = s.Close() }()

	_, err = s.Load(ctx, hurt)
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) || damaged.Key != hurt || !errors.Is(err, store.ErrDamaged) {
		t.Fatalf("got %v, want that contact %v is damaged", err, hurt)
	}
	c, err := s.Load(ctx, well)
	check(t, err)
	same(t, "the other", "session", string(c.Session))
	due, err := s.Due(ctx, store.All, store.Timer{}, start, 9)
	if len(due) != 1 || due[0].Key != well || !errors.As(err, &damaged) || damaged.Key != hurt {
		t.Errorf("due: got %v, %v, want that of the other and the damage", due, err)
	}
	problems := 0
	check(t, s.Check(ctx, func(string) { problems++ }))
	if problems == 0 {
		t.Error("a check finds nothing")
	}
	results, err := s.Commit(ctx, []store.Turn{
		{Key: hurt, Expect: 1, At: start, Session: []byte("x")},
		{Key: well, Expect: 1, At: start, Session: []byte("on")},
		{Key: hurt, Expect: store.Any, At: start, Journal: []store.Entry{{}}},
		{Key: hurt, Expect: store.Any, At: start, Session: []byte("anew")},
	})
	check(t, err)
	var got []store.Outcome
	for _, r := range results {
		got = append(got, r.Outcome)
	}
	same(t, "outcomes", []store.Outcome{store.Damaged, store.Committed, store.Damaged, store.Committed}, got)
	c, err = s.Load(ctx, hurt)
	check(t, err)
	if string(c.Session) != "anew" || c.Revision <= 1 || c.Revision != results[3].Revision {
		t.Errorf("replaced: got %+v", c)
	}
	// Whoever stepped from the old one has to look again.
	results, err = s.Commit(ctx, []store.Turn{{Key: hurt, Expect: 2, At: start, Session: []byte("late")}})
	check(t, err)
	same(t, "from before", store.Conflict, results[0].Outcome)
	// Its messages are still there, and an erasure finds what the lost list knew.
	heads, err := s.Outbox(ctx, store.OutboxQuery{Of: store.All, Until: start, Limit: 9})
	check(t, err)
	same(t, "heads", 2, len(heads))
}

func TestErasingADamagedContactFindsEverything(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	file := filled(t, 9)
	k := person(1)
	path := write(t, file)
	// The contact's row is the one that bbolt finds; old copies lie on free pages.
	db, err := bolt.Open(path, 0o600, nil)
	check(t, err)
	check(t, db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("contacts"))
		row := bytes.Clone(b.Get(k[:]))
		row[3] ^= 1
		return b.Put(k[:], row)
	}))
	check(t, db.Close())
	s := openAt(t, path)
	defer func() { _ = s.Close() }()
	if _, err := s.Load(ctx, k); !errors.Is(err, store.ErrDamaged) {
		t.Fatalf("got %v, want it damaged", err)
	}
	check(t, store.Erase(ctx, s, k, minute(100)))
	sane(t, s, "after the erasure")
	d := storetest.DumpOf(t, s, 100, []store.Key{k}, []store.Hash{store.Hash(k)})
	for _, e := range d.Entries {
		if e.Key == k {
			t.Errorf("an entry is left: %v", e)
		}
	}
	if len(d.Contacts) != people-1 || len(d.Messages) != 0 || len(d.Owners) != 0 || len(d.Items[store.Case]) != people-1 || len(d.Heads) != people-1 {
		t.Errorf("left: %+v", d)
	}
}

// TestFlippedBits flips bits anywhere in the file. It is refused, or what it shows is what was kept: nothing is
// shown that was not, and nothing panics.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	file := filled(t, 12)
	shown := func(s store.Store) (out map[string]bool, failed int) {
		ctx := context.Background()
		out = map[string]bool{}
		note := func(err error) {
			if err != nil {
				failed++
				if !errors.Is(err, store.ErrDamaged) {
					t.Errorf("got %v, want it damaged or nothing", err)
				}
			}
		}
		for p := range people {
			c, err := s.Load(ctx, person(p))
			note(err)
			if err == nil && c.Revision > 0 {
				out[fmt.Sprintf("%+v", c)] = true
			}
			messages, err := s.Outbox(ctx, store.OutboxQuery{Key: person(p), Limit: 99})
			note(err)
			for _, m := range messages {
				out[fmt.Sprintf("%+v", m)] = true
			}
			o, err := s.Find(ctx, store.Hash(person(p)))
			note(err)
			if o.Found {
				out[fmt.Sprintf("%+v", o)] = true
			}
		}
		timers, err := s.Due(ctx, store.All, store.Timer{}, minute(10000), 99)
		note(err)
		for _, timer := range timers {
			out[fmt.Sprintf("%+v", timer)] = true
		}
		heads, err := s.Outbox(ctx, store.OutboxQuery{Of: store.All, Until: minute(10000), Limit: 99})
		note(err)
		for _, m := range heads {
			out[fmt.Sprintf("%+v", m)] = true
		}
		entries, err := s.Journal(ctx, store.JournalQuery{Of: store.All, Limit: 99})
		note(err)
		for _, e := range entries {
			out[fmt.Sprintf("%+v", e)] = true
		}
		items, err := s.Items(ctx, store.ItemQuery{Kind: store.Case, Of: store.All, Limit: 99})
		note(err)
		for _, it := range items {
			out[fmt.Sprintf("%+v", it)] = true
		}
		tombstones, err := s.Tombstones(ctx, time.Time{})
		note(err)
		for _, e := range tombstones {
			out[fmt.Sprintf("%+v", e)] = true
		}
		return out, failed
	}
	s := openAt(t, write(t, file))
	want, _ := shown(s)
	check(t, s.Close())
	if len(want) < 30 {
		t.Fatalf("the store shows %d things, want 30 and more", len(want))
	}
	tries := 400
	if testing.Short() {
		tries = 50
	}
	refused, hurt := 0, 0
	for seed := range tries {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		changed := bytes.Clone(file)
		for range 1 + random.IntN(3) {
			changed[8192+random.IntN(len(file)-8192)] ^= 1 << random.IntN(8)
		}
		path := write(t, changed)
		s, err := boltstore.Open(path, boltstore.Options{})
		if err != nil {
			refused++
			if !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrFormat) {
				t.Errorf("seed %d: got %v, want it damaged", seed, err)
			}
			continue
		}
		got, failed := shown(s)
		hurt += min(failed, 1)
		for thing := range got {
			if !want[thing] {
				t.Errorf("seed %d: shows %s", seed, thing)
			}
		}
		// Whatever is there, a turn of someone new is kept.
		results, err := s.Commit(context.Background(), []store.Turn{{Key: store.Key{200}, At: start, Session: []byte("new")}})
		if err != nil || results[0].Outcome != store.Committed {
			t.Errorf("seed %d: a new contact: %v, %v", seed, results, err)
		}
		check(t, s.Close())
	}
	if refused == 0 || hurt == 0 {
		t.Errorf("of %d files %d were refused and %d showed damage; want some of both", tries, refused, hurt)
	}
}
