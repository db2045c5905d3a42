package boltstore_test

import (
	"path/filepath"
	"testing"
	"time"

	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// What turns of one commit keep until the same time shares a row among the dates, and is deleted piece by piece.
func TestRowsWithOneDateShareARowAndAreSweptInPieces(t *testing.T) {
	t.Parallel()
	s, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer s.Close()
	dates := 0
	s.Record(func(changes []boltstore.Change) {
		for _, c := range changes {
			if string(c.Bucket) == "kept" {
				dates++
			}
		}
	})
	now := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)
	until := now.AddDate(0, 0, 30)
	turns := make([]store.Turn, 200)
	for i := range turns {
		entry := store.Entry{Class: 1, Kept: until, Sealed: []byte("what was said")}
		turns[i] = store.Turn{Key: store.Key{byte(i)}, At: now, Session: []byte("a session"), Journal: []store.Entry{entry, entry}}
	}
	turns[150].Journal[0].Kept = until.Add(time.Hour)
	if _, err := s.Commit(t.Context(), turns); err != nil {
		t.Fatalf("commit: %v", err)
	}
	if dates != 4 { // 256 and 44 rows, the one of another date, and 99 behind it
		t.Errorf("400 rows with two dates have %d rows among the dates", dates)
	}
	if err := store.Erase(t.Context(), s, turns[3].Key, now); err != nil {
		t.Fatalf("erase: %v", err)
	}
	if err := s.Check(t.Context(), func(problem string) { t.Errorf("check: %s", problem) }); err != nil {
		t.Fatalf("check: %v", err)
	}
	swept := 0
	for looks := 1; ; looks++ {
		out, err := s.Sweep(t.Context(), until, 100)
		if err != nil {
			t.Fatalf("sweep: %v", err)
		}
		if out.Entries > 100 {
			t.Errorf("a sweep of 100 things deleted %d", out.Entries)
		}
		swept += out.Entries
		if err := s.Check(t.Context(), func(problem string) { t.Errorf("check after sweep %d: %s", looks, problem) }); err != nil {
			t.Fatalf("check: %v", err)
		}
		if !out.More {
			break
		}
		if looks > 10 {
			t.Fatal("sweeping does not end")
		}
	}
	if swept != 397 {
		t.Errorf("%d entries were swept, not 397: 2 were erased and 1 is kept for longer", swept)
	}
	if out, err := s.Sweep(t.Context(), until.Add(time.Hour), 100); err != nil || out.Entries != 1 {
		t.Errorf("an hour later %d entries were swept: %v", out.Entries, err)
	}
}
