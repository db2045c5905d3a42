package boltstore_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// What an everyday turn weighs: a session and a reply, sealed, an entry that says what happened, a timer set and one
// canceled, and the reply before settled.
const (
	sessionBytes = 300
	replyBytes   = 250
	entryBytes   = 60
)

func everyday(k store.Key, revision uint64, sealed []byte, at time.Time, hash store.Hash, before []uint64) store.Turn {
	turn := store.Turn{
		Key: k, Pack: "ec", Expect: revision, At: at, Dedupe: []store.Seen{{Hash: hash, At: at}},
		Session: sealed[:sessionBytes],
		Outbox:  []store.Message{{Channel: "whatsapp", Kept: at.Add(30 * 24 * time.Hour), Sealed: sealed[:replyBytes]}},
		Cancel:  []uint32{uint32(revision)}, Timers: []store.Timer{{Number: uint32(revision + 1), Due: at.Add(24 * time.Hour)}},
		Journal: []store.Entry{{Kept: at.Add(30 * 24 * time.Hour), Sealed: sealed[:entryBytes]}},
	}
	for _, id := range before {
		turn.Settle = append(turn.Settle, store.Settlement{ID: id, State: store.Accepted, SealedID: sealed[:70]})
	}
	return turn
}

// BenchmarkCommit is a turn from its submission to the disk, with so many writers at once that share commits. Each
// writer is a contact; among others are 10,000 that were there before.
func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(writers, "-writers"), func(b *testing.B) {
			s := openAt(b, filepath.Join(b.TempDir(), "store"))
			defer func() { _ = s.Close() }()
			populate(b, s, 10000)
			commits(b, s, writers)
		})
	}
}

// BenchmarkCommitAmong is the same among so many conversations: its cost may not grow with them.
func BenchmarkCommitAmong(b *testing.B) {
	for _, there := range []int{1000, 100000} {
		b.Run(fmt.Sprint(there, "-contacts"), func(b *testing.B) {
			s := openAt(b, filepath.Join(b.TempDir(), "store"))
			defer func() { _ = s.Close() }()
			populate(b, s, there)
			commits(b, s, 256)
		})
	}
}

func spread(n uint64) (k store.Key) {
	binary.BigEndian.PutUint64(k[:], n*0x9E3779B97F4A7C15)
	k[15] = 1
	return k
}

func populate(b *testing.B, s *boltstore.Store, n int) {
	b.Helper()
	ctx := context.Background()
	sealed := make([]byte, 512)
	var turns []store.Turn
	for i := range n {
		turns = append(turns, store.Turn{
			Key: spread(uint64(1<<32 + i)), Pack: "ec", At: start, Session: sealed[:sessionBytes],
			Timers: []store.Timer{{Number: 1, Due: start.Add(24 * time.Hour)}},
		})
		if len(turns) == 5000 || i == n-1 {
			_, err := s.Commit(ctx, turns)
			check(b, err)
			turns = turns[:0]
		}
	}
}

func commits(b *testing.B, s *boltstore.Store, writers int) {
	ctx, stop := context.WithCancel(context.Background())
	g := store.NewGroup(s, 0, nil)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	was, err := s.Stats(ctx)
	check(b, err)
	var turn atomic.Int64
	var wait sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for w := range writers {
		wait.Go(func() {
			k, sealed := spread(uint64(w)), make([]byte, 512)
			random := rand.NewChaCha8([32]byte{byte(w)})
			_, _ = random.Read(sealed)
			var revision uint64
			var before []uint64
			for {
				n := turn.Add(1)
				if n > int64(b.N) {
					return
				}
				var hash store.Hash
				_, _ = random.Read(hash[:])
				r, err := g.Submit(ctx, everyday(k, revision, sealed, start.Add(time.Duration(n)*time.Millisecond), hash, before))
				if err != nil || r.Outcome != store.Committed {
					b.Error(r, err)
					return
				}
				revision, before = r.Revision, r.Messages
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	stop()
	check(b, <-ended)
	is, err := s.Stats(context.Background())
	check(b, err)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
	b.ReportMetric(float64(is.Turns-was.Turns)/float64(is.Commits-was.Commits), "turns/commit")
	b.ReportMetric(float64(is.WrittenBytes-was.WrittenBytes)/float64(b.N), "written-B/turn")
}

// BenchmarkFloor is what the disk and bbolt ask for the same bytes and no more: one writer goroutine puts one value
// a turn, keys in the order of time, in one bucket.
func BenchmarkFloor(b *testing.B) {
	for _, writers := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(writers, "-writers"), func(b *testing.B) {
			db, err := bolt.Open(filepath.Join(b.TempDir(), "floor"), 0o600, &bolt.Options{
				NoFreelistSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: 1 << 30,
			})
			check(b, err)
			defer func() { _ = db.Close() }()
			check(b, db.Update(func(tx *bolt.Tx) error {
				_, err := tx.CreateBucket([]byte("turns"))
				return err
			}))
			floor(b, db, writers)
		})
	}
}

func floor(b *testing.B, db *bolt.DB, writers int) {
	// A turn's rows: session, reply, entry, and some 200 bytes of keys, times, checksums.
	value := make([]byte, sessionBytes+replyBytes+entryBytes+200)
	queue, done := make(chan chan error, 512), make(chan struct{})
	seq, commits, written := uint64(0), 0, int64(0)
	go func() {
		defer close(done)
		for first := range queue {
			waiting := []chan error{first}
			for more := true; more && len(waiting) < 512; {
				select {
				case w, ok := <-queue:
					if more = ok; ok {
						waiting = append(waiting, w)
					}
				default:
					more = false
				}
			}
			tx, err := db.Begin(true)
			if err == nil {
				bucket := tx.Bucket([]byte("turns"))
				bucket.FillPercent = 0.95
				for range waiting {
					seq++
					if err = bucket.Put(binary.BigEndian.AppendUint64(nil, seq), value); err != nil {
						break
					}
				}
				if err == nil {
					err = tx.Commit()
				}
				stats := tx.Stats()
				commits++
				written += stats.GetPageAlloc()
			}
			for _, w := range waiting {
				w <- err
			}
		}
	}()
	var turn atomic.Int64
	var wait sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range writers {
		wait.Go(func() {
			told := make(chan error, 1)
			for turn.Add(1) <= int64(b.N) {
				queue <- told
				if err := <-told; err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	close(queue)
	<-done
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
	b.ReportMetric(float64(b.N)/float64(commits), "turns/commit")
	b.ReportMetric(float64(written)/float64(b.N), "written-B/turn")
}

// BenchmarkLoad reads a contact.
func BenchmarkLoad(b *testing.B) {
	s := openAt(b, filepath.Join(b.TempDir(), "store"))
	defer func() { _ = s.Close() }()
	populate(b, s, 100000)
	ctx := context.Background()
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		n++
		if c, err := s.Load(ctx, spread(1<<32+n%100000)); err != nil || c.Revision != 1 {
			b.Fatal(c, err)
		}
	}
}

// BenchmarkOpen opens a store of 100,000 contacts, whose pages are gone through.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store")
	s := openAt(b, path)
	populate(b, s, 100000)
	check(b, s.Close())
	for b.Loop() {
		check(b, openAt(b, path).Close())
	}
}
