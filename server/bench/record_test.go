package bench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// rowsOf reads the rows of a bbolt file by bucket, nested ones by their path.
func rowsOf(t *testing.T, db *bolt.DB) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	var walk func(path string, b *bolt.Bucket) error
	walk = func(path string, b *bolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			if v == nil {
				return walk(path+"/"+string(k), b.Bucket(k))
			}
			if all[path] == nil {
				all[path] = map[string]string{}
			}
			all[path][string(k)] = string(v)
			return nil
		})
	}
	err := db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error { return walk(string(name), b) })
	})
	if err != nil {
		t.Fatalf("read %s: %v", db.Path(), err)
	}
	return all
}

func TestTheFloorPutsTheVeryRowsOfTheStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := boltstore.Open(filepath.Join(dir, "data"), boltstore.Options{})
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	r, err := newRecorder(filepath.Join(dir, "record"))
	if err != nil {
		t.Fatalf("begin the record: %v", err)
	}
	s.Record(r.add)
	at := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)
	var sent []uint64
	for n := range 60 {
		turns := make([]store.Turn, 3)
		for i := range turns {
			turns[i] = store.Turn{Key: store.Key{byte(i)}, Pack: "ec", Expect: uint64(n), At: at.Add(time.Duration(n) * time.Second),
				Dedupe: []store.Seen{{Hash: store.Hash{byte(n), byte(i)}, At: at}}, Session: []byte("a session"),
				Outbox:  []store.Message{{Channel: "ec/whatsapp/1", Kept: at.AddDate(0, 0, 30), Sealed: []byte("a message")}},
				Timers:  []store.Timer{{Number: 1, Due: at.Add(time.Hour)}},
				Journal: []store.Entry{{Class: 1, Kept: at.AddDate(0, 0, 30), Sealed: []byte("what was said")}}}
			if n%3 == 2 {
				turns[i].Settle = []store.Settlement{{ID: sent[len(sent)-3], State: store.Gone}}
				turns[i].Cancel = []uint32{1}
			}
		}
		results, err := s.Commit(t.Context(), turns)
		if err != nil {
			t.Fatalf("commit: %v", err)
		}
		for _, result := range results {
			if result.Outcome != store.Committed {
				t.Fatalf("a turn is %s", result.Outcome)
			}
			sent = append(sent, result.Messages...)
		}
	}
	s.Record(nil)
	if err := s.Close(); err != nil {
		t.Fatalf("close the store: %v", err)
	}
	if err := r.close(); err != nil {
		t.Fatalf("end the record: %v", err)
	}
	if r.turns != 180 || r.rows < 5*180 {
		t.Errorf("%d turns with %d rows are recorded", r.turns, r.rows)
	}
	f, err := newRows(filepath.Join(dir, "rows"), filepath.Join(dir, "record"))
	if err != nil {
		t.Fatalf("open the floor: %v", err)
	}
	for range r.turns {
		if err := f.commit(bare{told: make(chan error, 1)}); err != nil {
			t.Fatalf("commit to the floor: %v", err)
		}
	}
	data, err := bolt.Open(filepath.Join(dir, "data"), 0o600, &bolt.Options{Timeout: time.Second, ReadOnly: true})
	if err != nil {
		t.Fatalf("open the store's file: %v", err)
	}
	defer data.Close()
	want, got := rowsOf(t, data), rowsOf(t, f.db)
	delete(want, "meta") // is not written by turns
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the floor's rows are not the store's (-want +got):\n%s", diff)
	}
	// At its end the record begins again, in an empty file.
	first := f.db.Path()
	if err := f.commit(bare{told: make(chan error, 1)}); err != nil {
		t.Fatalf("commit to the floor: %v", err)
	}
	if f.db.Path() == first {
		t.Error("the record began again in the same file")
	}
	if err := f.close(); err != nil {
		t.Errorf("close the floor: %v", err)
	}
}
