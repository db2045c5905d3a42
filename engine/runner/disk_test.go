//go:build unix

package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/keys"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// meetsFull has one person write until the disk is full; then reading goes on, and once room makes some the same
// messages are taken, without a restart, those of somebody new too.
func meetsFull(ctx context.Context, r *Runner, room func() error) error {
	if err := r.Receive(ctx, []Inbound{inbound(1, 0, "hello")}); err != nil {
		return fmt.Errorf("with room: %w", err)
	}
	n := 1
	for ; ; n++ {
		err := r.Receive(ctx, []Inbound{inbound(1, n, strings.Repeat("water ", 9))})
		if errors.Is(err, store.ErrFull) {
			break
		}
		if err != nil {
			return fmt.Errorf("message %d on a full disk: got %w, want %w", n, err, store.ErrFull)
		}
		if n == 100_000 {
			return errors.New("the disk was never full")
		}
	}
	stranger := []Inbound{inbound(2, 0, "hello")}
	// What is smaller may still find room.
	if err := r.Receive(ctx, stranger); err != nil && !errors.Is(err, store.ErrFull) && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("a stranger on a full disk: %w", err)
	}
	key := keyOf(r.config.Keys, inbound(1, 0, "").From[0])
	if c, err := r.config.Store.Load(ctx, key); err != nil || c.Session == nil {
		return fmt.Errorf("reading on a full disk: %w", err)
	}
	if err := room(); err != nil {
		return err
	}
	if err := r.Receive(ctx, []Inbound{inbound(1, n, "water")}); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if err := r.Receive(ctx, stranger); err != nil {
		return fmt.Errorf("a stranger with room again: %w", err)
	}
	return nil
}

// TestAFullDiskRefusesAndRecovers runs on a disk of two megabytes.
func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root; TestAFileThatMayNotGrowRefusesAndRecovers is the part that does not")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be mounted here: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("unmount: %s", out)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newReal(t, dir, nil)
	if err := meetsFull(t.Context(), r.runner, func() error { return os.Remove(ballast) }); err != nil {
		t.Error(err)
	}
	r.stop()
	checked(t, dir)
}

// TestAFileThatMayNotGrowRefusesAndRecovers limits the size of files of a process of its own.
func TestAFileThatMayNotGrowRefusesAndRecovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if said := runChild(t, dir, []string{"CHILD_FILE_LIMIT=300000"}); !slices.Equal(said, []string{"recovered"}) {
		t.Errorf("the process said %q, want that it recovered", said)
	}
	checked(t, dir)
}

// checked holds that a check of the store finds nothing.
func checked(t *testing.T, dir string) {
	t.Helper()
	s, err := boltstore.Open(filepath.Join(dir, "data"), boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Check(t.Context(), func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}

// bySender has the phone show each part with the number it goes to.
func (r *real) bySender() *[]string {
	var got []string
	r.phone.result = func(d Delivery) Result {
		r.phone.mu.Lock()
		defer r.phone.mu.Unlock()
		got = append(got, d.To[0].Value[len(d.To[0].Value)-1:]+" "+string(d.Part.Body))
		return Result{Class: Accepted}
	}
	return &got
}

func settles(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// TestAFlippedBitHurtsOneConversationAtMost flips a bit in any value that is kept of one person. Whatever it hits, the
// person's next message is taken and answered, and nobody else notices.
func TestAFlippedBitHurtsOneConversationAtMost(t *testing.T) {
	t.Parallel()
	tries := 40
	if os.Getenv("CI") == "true" {
		tries = 200
	}
	began := 0
	synctest.Test(t, func(t *testing.T) {
		base := memoryDir(t)
		r := newReal(t, base, nil)
		for n, text := range []string{"hello", "note", "a rumour", "Nairobi", "person"} {
			for person := range 2 {
				if err := r.runner.Receive(t.Context(), []Inbound{inbound(person, n, text)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		settles(time.Second)
		hurt := keyOf(r.config.Keys, inbound(0, 0, "").From[0])
		r.stop()
		for seed := range tries {
			dir := memoryDir(t)
			for _, name := range []string{"data", "keys"} {
				b, err := os.ReadFile(filepath.Join(base, name))
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			where := flip(t, filepath.Join(dir, "data"), hurt, rand.New(rand.NewPCG(uint64(seed), 7)))
			r := newReal(t, dir, nil)
			got := r.bySender()
			for person := range 2 {
				if err := r.runner.Receive(t.Context(), []Inbound{inbound(person, 9, "stop")}); err != nil {
					t.Errorf("seed %d, a bit of %s: person %d: %v", seed, where, person, err)
				}
			}
			settles(time.Minute)
			r.stop()
			began += int(r.runner.Figures.Replaced.Load())
			answers := map[byte]int{}
			for _, line := range *got {
				answers[line[0]]++
			}
			if answers['0'] == 0 || !slices.Contains(*got, "1 We will not write to you any more.") || answers['1'] > 2 {
				t.Errorf("seed %d, a bit of %s: the phones got %q", seed, where, *got)
			}
		}
	})
	if began == 0 {
		t.Error("no conversation began anew: the bits were flipped elsewhere")
	}
}

// memoryDir is a folder whose fsync costs nothing, where there is one.
func memoryDir(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("/dev/shm"); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "flip")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// flip changes a bit of a value that names the contact, or lies under a key that does.
func flip(t *testing.T, path string, key store.Key, random *rand.Rand) (where string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ bucket, key []byte }
	var rows []row
	err = db.Update(func(tx *bolt.Tx) error {
		err := tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				if len(v) > 0 && string(name) != "meta" && (bytes.Contains(k, key[:]) || bytes.Contains(v, key[:])) {
					rows = append(rows, row{bytes.Clone(name), bytes.Clone(k)})
				}
				return nil
			})
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		hit := rows[random.IntN(len(rows))]
		if random.IntN(3) == 0 { // the contact itself is one row of many
			hit = row{[]byte("contacts"), key[:]}
		}
		b := tx.Bucket(hit.bucket)
		v := bytes.Clone(b.Get(hit.key))
		v[random.IntN(len(v))] ^= 1 << random.IntN(8)
		where = string(hit.bucket)
		return b.Put(hit.key, v)
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return where
}

// TestABackupOfYesterdaySendsNothingAgain restores a backup that was made while a message waited, and before somebody
// was erased.
func TestABackupOfYesterdaySendsNothingAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first := newReal(t, dir, nil)
		receive := func(r *real, batch ...Inbound) {
			t.Helper()
			if err := r.runner.Receive(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			settles(time.Second)
		}
		yesterday := []Inbound{inbound(1, 0, "hello"), inbound(1, 1, "water"), inbound(2, 0, "hello"), inbound(2, 1, "zanzibar")}
		receive(first, yesterday...)
		first.phone.take()
		first.phone.result = func(Delivery) Result { return Result{Class: Unauthorized} }
		waits := inbound(1, 2, "bread")
		receive(first, waits)
		var backup bytes.Buffer
		if _, err := first.config.Store.(store.File).Backup(t.Context(), &backup); err != nil {
			t.Fatal(err)
		}
		first.phone.result = nil
		first.runner.Resume(Sender{"sample", "whatsapp", "100"})
		settles(time.Second)
		equal(t, "what left after the backup", []string{"Heard bread.", "Write a word."}, first.phone.take())
		<-time.After(24 * time.Hour)
		erased := keyOf(first.config.Keys, inbound(2, 0, "").From[0])
		receive(first, inbound(2, 2, "delete"))
		tombstones := first.ring.Erased()
		first.stop()

		if err := boltstore.Restore(t.Context(), filepath.Join(dir, "data"), &backup, tombstones, boltstore.Options{}); err != nil {
			t.Fatal(err)
		}
		second := newReal(t, dir, nil)
		receive(second, append(yesterday, waits)...)
		settles(time.Hour)
		equal(t, "what leaves after the restore", nil, second.phone.take())
		dead, err := second.config.Store.Outbox(t.Context(), store.OutboxQuery{Of: store.All, State: store.Dead, Limit: 9})
		if err != nil || len(dead) != 2 || dead[0].Code != boltstore.Restored {
			t.Errorf("what waited is for an operator to see: %v, %v", dead, err)
		}
		c, err := second.config.Store.Load(t.Context(), erased)
		if err != nil || c.Session != nil || len(c.Identities) > 0 {
			t.Errorf("who was erased is back: %+v, %v", c, err)
		}
		owner, err := second.config.Store.Find(t.Context(), second.runner.identityHash("sample", inbound(2, 0, "").From[0]))
		if err != nil || !owner.Suppressed {
			t.Errorf("who was erased may be written to: %+v, %v", owner, err)
		}
		receive(second, inbound(1, 3, "tea"))
		equal(t, "what leaves to who writes again", []string{"Heard tea.", "Write a word."}, second.phone.take())
	})
}

// TestWhatWaitsForAContactThatCannotBeReadStillLeaves: it cannot be settled until the conversation begins anew.
func TestWhatWaitsForAContactThatCannotBeReadStillLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first := newReal(t, dir, nil)
		first.phone.result = func(Delivery) Result { return Result{Class: Retry, RetryAfter: time.Minute} }
		if err := first.runner.Receive(t.Context(), []Inbound{inbound(1, 0, "hello")}); err != nil {
			t.Fatal(err)
		}
		settles(time.Second)
		key := keyOf(first.config.Keys, inbound(1, 0, "").From[0])
		first.stop()
		db, err := bolt.Open(filepath.Join(dir, "data"), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bolt.Tx) error {
			v := bytes.Clone(tx.Bucket([]byte("contacts")).Get(key[:]))
			v[len(v)/2] ^= 1
			return tx.Bucket([]byte("contacts")).Put(key[:], v)
		})
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		second := newReal(t, dir, nil)
		settles(5 * time.Minute)
		equal(t, "what the phone got", []string{"Write a word."}, second.phone.take())
		equal(t, "conversations that began anew", int64(1), second.runner.Figures.Replaced.Load())
		checked := 0
		for _, e := range reports(t, second, key) {
			if strings.HasPrefix(e, "contact-unreadable") {
				checked++
			}
		}
		equal(t, "reports of it", 1, checked)
	})
}

// reports are the codes and texts of a contact's reports.
func reports(t *testing.T, r *real, key store.Key) (out []string) {
	t.Helper()
	list, err := r.config.Store.Journal(t.Context(), store.JournalQuery{Key: key, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		var entry Entry
		if e.Class == ReportEntry {
			if err := OpenEntry(r.config.Keys, "sample", e, &entry); err != nil {
				t.Fatal(err)
			}
			out = append(out, entry.Code+" "+entry.Text)
		}
	}
	return out
}

// unknownOnce keeps the first erasure and says that nobody knows.
type unknownOnce struct {
	store.Store
	said bool
}

func (u *unknownOnce) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	results, err := u.Store.Commit(ctx, turns)
	if !u.said && slices.ContainsFunc(turns, func(t store.Turn) bool { return t.Erase != nil }) {
		u.said = true
		return nil, store.ErrUnknown
	}
	return results, err
}

func TestAnErasureOfUnknownOutcomeDestroysTheKeysAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReal(t, t.TempDir(), func(s store.Store) store.Store { return &unknownOnce{Store: s} })
		receive := func(n int, text string) {
			t.Helper()
			if err := r.runner.Receive(t.Context(), []Inbound{inbound(1, n, text)}); err != nil {
				t.Fatal(err)
			}
		}
		receive(0, "hello")
		key := keyOf(r.config.Keys, inbound(1, 0, "").From[0])
		before, err := r.config.Store.Load(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		receive(1, "delete")
		settles(time.Second)
		if _, err := r.config.Keys.Open("sample", key, keys.Session, before.Session); !errors.Is(err, ErrUnreadable) {
			t.Errorf("the old session can still be opened: %v", err)
		}
	})
}

// A bit of an erasure and one of the time of the last sweep keep nobody from being served, and operators hear of both.
func TestADamagedErasureOrDateOfASweepKeepsNobodyFromBeingServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newReal(t, dir, nil)
		for _, m := range []Inbound{inbound(1, 0, "hello"), inbound(2, 0, "hello"), inbound(2, 1, "delete")} {
			if err := r.runner.Receive(t.Context(), []Inbound{m}); err != nil {
				t.Fatal(err)
			}
			settles(time.Second)
		}
		r.stop()
		damaged := 0
		inFile(t, dir, func(tx *bolt.Tx) error {
			for _, name := range []string{"tombstones", "meta"} {
				b := tx.Bucket([]byte(name))
				c := b.Cursor()
				for k, v := c.First(); k != nil; k, v = c.Next() {
					if name == "meta" && string(k) != "swept" {
						continue
					}
					v = bytes.Clone(v)
					v[0] ^= 4
					damaged++
					if err := b.Put(bytes.Clone(k), v); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if damaged != 2 {
			t.Fatalf("%d rows were damaged", damaged)
		}
		var alerts []string
		var mu sync.Mutex
		next := newRealOf(t, dir, nil, func(c *Config) {
			c.Alert = func(_ context.Context, a Alert) {
				mu.Lock()
				defer mu.Unlock()
				alerts = append(alerts, a.Code)
			}
		})
		if err := next.runner.Receive(t.Context(), []Inbound{inbound(1, 1, "water")}); err != nil {
			t.Error(err)
		}
		settles(time.Minute)
		equal(t, "what leaves", []string{"Heard water.", "Write a word."}, next.phone.take())
		slices.Sort(alerts)
		equal(t, "alerts", []string{"clock-jumped", "erasure-unreadable", "sweep-held"}, alerts)
		next.runner.ConfirmClock()
		settles(time.Minute)
		if last, err := next.config.Store.LastSweep(t.Context()); err != nil || last.IsZero() {
			t.Errorf("after the clock was confirmed the last sweep was at %v, %v", last, err)
		}
		next.stop()
	})
}

// inFile changes the file of a store that nobody has open, as a bad disk does.
func inFile(t *testing.T, dir string, do func(tx *bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, "data"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(do), db.Close()); err != nil {
		t.Fatal(err)
	}
}
