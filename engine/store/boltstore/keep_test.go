package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"baraza/engine/store"
	"baraza/engine/store/boltstore"
	"baraza/engine/store/storetest"
)

// everyone is the contacts of turnOf.
func everyone() (keys []store.Key, identities []store.Hash) {
	for p := range people {
		keys = append(keys, person(p))
		identities = append(identities, store.Hash(person(p)))
	}
	return keys, identities
}

func TestCompactionKeepsEverythingAndGivesSpaceBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "store")
	s := openAt(t, path)
	for n := 1; n <= 60; n++ {
		_, err := commitTurn(s, n)
		check(t, err)
	}
	lease, err := s.Lease(ctx, 3, "a", start, 1e9)
	check(t, err)
	keys, identities := everyone()
	want := storetest.DumpOf(t, s, 100, keys, identities)
	before, err := s.Stats(ctx)
	check(t, err)
	check(t, s.Compact(ctx))
	after, err := s.Stats(ctx)
	check(t, err)
	if after.FreeBytes >= before.FreeBytes || after.FileBytes >= before.FileBytes {
		t.Errorf("bytes: got %d free of %d, before %d of %d", after.FreeBytes, after.FileBytes, before.FreeBytes, before.FileBytes)
	}
	same(t, "after compaction", want, storetest.DumpOf(t, s, 100, keys, identities))
	if outcome, err := commitTurn(s, 61); outcome != store.Committed || err != nil {
		t.Errorf("the next turn: %v, %v", outcome, err)
	}
	if outcome, err := commitTurn(s, 60); outcome != store.Duplicate || err != nil {
		t.Errorf("an old event: %v, %v", outcome, err)
	}
	want = storetest.DumpOf(t, s, 100, keys, identities)
	check(t, s.Close())
	s = openAt(t, path)
	defer func() { _ = s.Close() }()
	same(t, "opened again", want, storetest.DumpOf(t, s, 100, keys, identities))
	again, err := s.Lease(ctx, 3, "a", start, 1e9)
	check(t, err)
	same(t, "lease", lease, again)
	sane(t, s, "compacted")
	if left, _ := filepath.Glob(path + ".*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestStatsCount(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "store"))
	defer func() { _ = s.Close() }()
	for n := 1; n <= 9; n++ {
		_, err := commitTurn(s, n)
		check(t, err)
	}
	got, err := s.Stats(context.Background())
	check(t, err)
	if got.FileBytes == 0 || got.WrittenBytes == 0 {
		t.Errorf("bytes: %+v", got)
	}
	got.FileBytes, got.FreeBytes, got.WrittenBytes = 0, 0, 0
	// Timers count as set, with those canceled since.
	same(t, "stats", store.Stats{
		Contacts: 3, Identities: 3, Waiting: 3, Timers: 9, Items: 3, Log: 18, Dedupe: 9, Commits: 9, Turns: 9,
	}, got)
}

func TestABackupIsOfOneMomentAndComesBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "store"))
	defer func() { _ = s.Close() }()
	for n := 1; n <= 30; n++ {
		_, err := commitTurn(s, n)
		check(t, err)
	}
	old, err := s.Lease(ctx, person(1).Partition(), "a", start, 1e9)
	check(t, err)
	// Turns go on while it is written.
	var backup bytes.Buffer
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 31; n <= 50; n++ {
			if _, err := commitTurn(s, n); err != nil {
				t.Error(err)
			}
		}
	})
	n, err := s.Backup(ctx, &backup)
	check(t, err)
	wait.Wait()
	if n != int64(backup.Len()) {
		t.Errorf("bytes: got %d, wrote %d", n, backup.Len())
	}
	erased := store.Erasure{Key: person(0), At: minute(60), Suppress: []store.Hash{store.Hash(person(0))}}
	check(t, store.Erase(ctx, s, erased.Key, erased.At, erased.Suppress...))
	tombstones, err := s.Tombstones(ctx, start)
	check(t, err)
	// One is about a life before the contact that is in the backup.
	tombstones = append(tombstones, store.Erasure{Key: person(2), At: start})

	path := filepath.Join(dir, "restored")
	check(t, os.WriteFile(path, []byte("what is there is replaced"), 0o600))
	check(t, boltstore.Restore(ctx, path, &backup, tombstones, boltstore.Options{}))
	r := openAt(t, path)
	defer func() { _ = r.Close() }()
	sane(t, r, "restored")
	keys, identities := everyone()
	d := storetest.DumpOf(t, r, 100, keys, identities)
	if len(d.Contacts) != 2 || d.Contacts[0].Key != person(1) || d.Contacts[1].Key != person(2) || d.Contacts[0].Revision < 10 {
		t.Errorf("contacts: %+v", d.Contacts)
	}
	same(t, "the erased identity", store.Owner{Suppressed: true}, d.Owners[store.Hash(person(0))])
	same(t, "tombstones", []store.Erasure{tombstones[1], tombstones[0]}, d.Tombstones)
	if len(d.Heads) != 0 || len(d.Dead) != 2 || d.Dead[0].Code != boltstore.Restored {
		t.Errorf("messages that waited: %+v, dead %+v, want all dead", d.Heads, d.Dead)
	}
	results, err := r.Commit(ctx, []store.Turn{{Key: person(1), Expect: d.Contacts[0].Revision, Lease: old.Epoch, At: start}})
	check(t, err)
	same(t, "under the lease before", store.Fenced, results[0].Outcome)
}

func TestARestoreThatFailsLeavesWhatIsThere(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	file := filled(t, 9)
	path := write(t, file)
	for says, backup := range map[string][]byte{"half": file[:len(file)/2], "text": []byte("no backup"), "empty": nil} {
		err := boltstore.Restore(ctx, path, bytes.NewReader(backup), nil, boltstore.Options{})
		if !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrFormat) {
			t.Errorf("%s: got %v, want it refused", says, err)
		}
	}
	s := openAt(t, path)
	defer func() { _ = s.Close() }()
	if c, err := s.Load(ctx, person(1)); err != nil || c.Revision != 3 {
		t.Errorf("after failed restores: got %v, %v", c, err)
	}
	if left, _ := filepath.Glob(path + ".*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// stuck takes the first bytes of a backup, and the rest when it is let go.
type stuck struct {
	begun, goes chan struct{}
	once        sync.Once
}

func (w *stuck) Write(b []byte) (int, error) {
	w.once.Do(func() { close(w.begun) })
	<-w.goes
	return len(b), nil
}

// within runs do, which is not to wait for ever.
func within(t *testing.T, says string, do func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatalf("%s: it never ended", says)
		return nil
	}
}

func TestABackupThatNobodyTakesHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, filepath.Join(t.TempDir(), "store"))
	backs := func() (*stuck, chan error) {
		w, ended := &stuck{begun: make(chan struct{}), goes: make(chan struct{})}, make(chan error, 1)
		go func() { _, err := s.Backup(ctx, w); ended <- err }()
		<-w.begun
		return w, ended
	}
	cutOff := func(says string, w *stuck, ended chan error) {
		t.Helper()
		close(w.goes)
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "cut off") {
			t.Errorf("%s: the backup ended with %v, want that it was cut off", says, err)
		}
	}
	_, err := commitTurn(s, 1)
	check(t, err)

	w, ended := backs()
	if err := within(t, "compacting", func() error { return s.Compact(ctx) }); !errors.Is(err, store.ErrCopied) {
		t.Errorf("compacting beside a backup: got %v, want %v", err, store.ErrCopied)
	}
	_, err = commitTurn(s, 2)
	check(t, err)
	s.CutOff()
	if _, err := commitTurn(s, 3); !errors.Is(err, store.ErrUnknown) {
		t.Fatalf("got %v, want %v", err, store.ErrUnknown)
	}
	check(t, within(t, "opening it again", func() error { return s.Reopen(ctx) }))
	_, err = commitTurn(s, 3)
	check(t, err)
	cutOff("opened again", w, ended)

	check(t, s.Compact(ctx))
	var whole bytes.Buffer
	if n, err := s.Backup(ctx, &whole); err != nil || n != int64(whole.Len()) {
		t.Errorf("a backup afterwards: %d bytes of %d, %v", n, whole.Len(), err)
	}
	w, ended = backs()
	check(t, within(t, "closing", s.Close))
	cutOff("closed", w, ended)
}

func TestABackupThatNobodyTakesDoesNotKeepTheFileFromGrowing(t *testing.T) {
	t.Parallel()
	s, err := boltstore.Open(filepath.Join(t.TempDir(), "store"), boltstore.Options{MapBytes: 1 << 16})
	check(t, err)
	defer func() { _ = s.Close() }()
	s.Impatient(10 * time.Millisecond)
	w, ended := &stuck{begun: make(chan struct{}), goes: make(chan struct{})}, make(chan error, 1)
	go func() { _, err := s.Backup(context.Background(), w); ended <- err }()
	<-w.begun
	check(t, within(t, "a large commit", func() error {
		_, err := s.Commit(context.Background(), []store.Turn{{Key: store.Key{1}, At: start, Session: make([]byte, 1<<20)}})
		return err
	}))
	close(w.goes)
	if err := <-ended; err == nil {
		t.Error("the backup was not cut off")
	}
}
