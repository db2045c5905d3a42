package runner

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"baraza/engine/keys"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// settable is a clock whose time of day can be set, and that knows how much time has passed.
type settable struct {
	shifted
	begun time.Time
}

func (c settable) Elapsed() time.Duration { return time.Since(c.begun) }

// inSettableWorld is inWorld with a clock that set moves from the true time.
func inSettableWorld(t *testing.T, change func(*Config), test func(t *testing.T, w *world, set func(time.Duration))) {
	var by atomic.Int64
	inWorld(t, func(c *Config) {
		by.Store(0)
		c.Clock = settable{shifted{&by}, time.Now()}
		if change != nil {
			change(c)
		}
	}, func(t *testing.T, w *world) {
		test(t, w, func(d time.Duration) { by.Store(int64(d)) })
	})
}

const tenYears = 10 * 365 * 24 * time.Hour

func TestAClockThatLeapsTenYearsAndComesBackWakesNobodyAndForgetsNobody(t *testing.T) {
	var alerts atomic.Int64
	tell := func(context.Context, Alert) { alerts.Add(1) }
	inSettableWorld(t, func(c *Config) { alerts.Store(0); c.Alert = tell }, func(t *testing.T, w *world, set func(time.Duration)) {
		const people = 20
		for n := range people {
			if err := w.runner.Receive(t.Context(), []Inbound{inbound(100+n, 1, "hello")}); err != nil {
				t.Fatalf("receive: %v", err)
			}
		}
		w.hears("hello")
		w.hears("later")
		w.phone.take()
		set(tenYears)
		w.passes(10 * time.Minute)
		equal(t, "nobody is woken", nil, w.phone.take())
		other := inbound(101, 2, "water") // what is planned now is not planned for in ten years
		if err := w.runner.Receive(t.Context(), []Inbound{other}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		equal(t, "who writes is answered", []string{"Heard water.", "Write a word."}, w.phone.take())
		set(0)
		w.passes(4 * time.Hour)
		equal(t, "each is asked once", people, len(w.phone.take()))
		w.passes(48 * time.Hour)
		equal(t, "the reminder", []string{"template callback_reminder"}, w.phone.take())
		equal(t, "jumps", int64(1), w.runner.Figures.ClockJumps.Load())
		equal(t, "alerts", int64(1), alerts.Load())
		equal(t, "late timers", int64(0), w.runner.Figures.LateTimers.Load())
	})
}

func TestAMachineThatStartsTenYearsAheadWakesNobodyUntilItsClockIsSet(t *testing.T) {
	for _, confirmed := range []bool{false, true} {
		t.Run(fmt.Sprintf("confirmed %v", confirmed), func(t *testing.T) {
			inSettableWorld(t, nil, func(t *testing.T, w *world, set func(time.Duration)) {
				w.hears("hello")
				w.hears("later")
				w.phone.take()
				w.stop()
				set(tenYears)
				w.start()
				w.passes(30 * time.Minute)
				timers, err := w.store.Due(t.Context(), store.All, store.Timer{}, time.Now().AddDate(1, 0, 0), 10)
				if err != nil || len(timers) == 0 {
					t.Errorf("timers that still wait: %d, %v", len(timers), err)
				}
				equal(t, "jumps", int64(1), w.runner.Figures.ClockJumps.Load())
				if confirmed {
					w.runner.ConfirmClock()
					w.passes(time.Minute)
					equal(t, "dropped as late", int64(1), w.runner.Figures.LateTimers.Load())
					return
				}
				set(0)
				w.passes(49 * time.Hour)
				equal(t, "the reminder", []string{"template callback_reminder"}, w.phone.take())
			})
		})
	}
}

func TestAClockSetBackAnHourNeitherRepeatsNorLosesATimer(t *testing.T) {
	inSettableWorld(t, nil, func(t *testing.T, w *world, set func(time.Duration)) {
		w.hears("hello")
		w.phone.take()
		w.passes(2 * time.Hour)
		set(-time.Hour)
		w.passes(2*time.Hour + time.Minute)
		equal(t, "the nudge", []string{"Are you still there?"}, w.phone.take())
		w.passes(24 * time.Hour)
		equal(t, "no other", nil, w.phone.take())
		equal(t, "jumps", int64(0), w.runner.Figures.ClockJumps.Load())
	})
}

func TestAClockThatStaysAheadIsBelievedAfterAnHourOrAnOperatorsWord(t *testing.T) {
	for _, confirmed := range []bool{false, true} {
		t.Run(fmt.Sprintf("confirmed %v", confirmed), func(t *testing.T) {
			inSettableWorld(t, nil, func(t *testing.T, w *world, set func(time.Duration)) {
				w.hears("hello")
				w.hears("later")
				w.phone.take()
				set(50 * time.Hour) // as when the machine was suspended
				w.passes(30 * time.Minute)
				equal(t, "doubted", nil, w.phone.take())
				if confirmed {
					w.runner.ConfirmClock()
					w.passes(time.Minute)
				} else {
					w.passes(time.Hour)
				}
				equal(t, "the reminder that is due", []string{"template callback_reminder"}, w.phone.take())
			})
		})
	}
}

// Everything of a contact over the real file, with what is left of it as its dates come.
func TestEverythingGoesAtItsDate(t *testing.T) {
	swept := 0
	hook := func(context.Context, time.Time) error { swept++; return nil }
	inWorld(t, func(c *Config) { c.Sweep, c.Timing.Poll = hook, time.Hour }, func(t *testing.T, w *world) {
		w.stop()
		file, err := boltstore.Open(filepath.Join(t.TempDir(), "data"), boltstore.Options{})
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		defer file.Close()
		w.store, w.config.Store = file, file
		w.start()
		for _, text := range []string{"hello", "note", "a rumour", "Nairobi", "person", "are you there"} {
			w.hears(text)
		}
		number := w.items(store.Case)[0].Number
		if err := w.runner.Done(t.Context(), w.key(), number, ""); err != nil {
			t.Fatalf("done: %v", err)
		}
		left := func() string {
			c, err := w.store.Load(t.Context(), w.key())
			if err != nil {
				t.Fatalf("load: %v", err)
			}
			journal, err := w.store.Journal(t.Context(), store.JournalQuery{Key: w.key(), Classes: 1<<MessageIn | 1<<MessageOut, Limit: 100})
			if err != nil {
				t.Fatalf("journal: %v", err)
			}
			messages, err := w.store.Outbox(t.Context(), store.OutboxQuery{Key: w.key(), Limit: 100})
			if err != nil {
				t.Fatalf("outbox: %v", err)
			}
			city := slices.ContainsFunc(c.Fields, func(f store.Field) bool { return f.Name == "city" })
			return fmt.Sprintf("%v field, %v record, %v case, %v journal, %v messages", city, len(w.items(store.Record)) > 0,
				len(w.items(store.Case)) > 0, len(journal) > 0, len(messages) > 0)
		}
		w.passes(29 * 24 * time.Hour)
		equal(t, "after 29 days", "true field, true record, true case, true journal, true messages", left())
		w.passes(48 * time.Hour)
		equal(t, "after 31 days", "false field, false record, true case, false journal, false messages", left())
		w.passes(60 * 24 * time.Hour)
		equal(t, "after 91 days", "false field, false record, false case, false journal, false messages", left())
		f := &w.runner.Figures
		if f.SweptFields.Load() != 1 || f.SweptItems.Load() != 2 || f.SweptMessages.Load() == 0 || f.SweptEntries.Load() == 0 {
			t.Errorf("figures: %d fields, %d items, %d messages, %d entries", f.SweptFields.Load(), f.SweptItems.Load(), f.SweptMessages.Load(), f.SweptEntries.Load())
		}
		if swept < 24*91 {
			t.Errorf("the hook was called %d times in 91 days", swept)
		}
		w.hears("hello")
		equal(t, "the contact itself is still there", true, w.entries(MessageIn) != nil)
	})
}

func TestNothingIsSweptAfterALeapBeforeAnOperatorConfirmsTheClock(t *testing.T) {
	inSettableWorld(t, nil, func(t *testing.T, w *world, set func(time.Duration)) {
		w.hears("hello")
		w.stop()
		set(tenYears) // the machine starts with a wrong clock
		w.start()
		w.passes(3 * time.Hour)
		equal(t, "what is still there", []string{"hello"}, w.entries(MessageIn))
		if _, held := w.runner.SweepHeld(); !held {
			t.Errorf("the sweep is not held back")
		}
		equal(t, "held, told once", int64(1), w.runner.Figures.SweepsHeld.Load())
		set(0)
		w.stop()
		w.start()
		w.passes(2 * time.Hour)
		if _, held := w.runner.SweepHeld(); held {
			t.Errorf("the sweep is held back though the clock is right again")
		}
		set(32 * 24 * time.Hour)
		w.passes(3 * time.Hour)
		equal(t, "what is still there", []string{"hello"}, w.entries(MessageIn))
		w.runner.ConfirmClock()
		w.passes(time.Minute)
		equal(t, "what is past its date", nil, w.entries(MessageIn))
		_, held := w.runner.SweepHeld()
		equal(t, "held", false, held)
	})
}

func TestKeysOfARingBeginInTheirOrderAlsoWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ring, err := keys.Open(filepath.Join(dir, "keys"), "KE", []keys.CountryKey{{1}}, keys.Options{})
	if err != nil {
		t.Fatalf("open the keys: %v", err)
	}
	defer ring.Close()
	var by atomic.Int64
	k := Rings{Packs: map[string]*keys.Ring{"sample": ring}, Clock: shifted{&by}}
	key := keyOf(k, ana)
	if _, err := k.Seal("sample", key, keys.Session, []byte("first")); err != nil {
		t.Fatalf("seal: %v", err)
	}
	begun := k.Begun("sample", key)
	by.Store(-int64(time.Hour))
	if err := k.Begin("sample", key, k.Clock.Now()); err != nil {
		t.Fatalf("begin: %v", err)
	}
	if again := k.Begun("sample", key); !again.After(begun) {
		t.Errorf("the next key began at %v, the one before at %v", again, begun)
	}
	equal(t, "of a pack without keys", time.Time{}, k.Begun("other", key))
}

// brokenBySweep answers ErrUnknown to a sweep, and then to everything until it is opened again, as a file does whose
// fsync failed.
type brokenBySweep struct {
	store.Store
	sweeps, reopened int
	broken           bool
}

func (b *brokenBySweep) Sweep(ctx context.Context, now time.Time, limit int) (store.Swept, error) {
	if b.sweeps++; b.sweeps == 1 {
		b.broken = true
		return store.Swept{}, store.ErrUnknown
	}
	return b.Store.Sweep(ctx, now, limit)
}

func (b *brokenBySweep) Find(ctx context.Context, h store.Hash) (store.Owner, error) {
	if b.broken {
		return store.Owner{}, store.ErrUnknown
	}
	return b.Store.Find(ctx, h)
}

func (b *brokenBySweep) Reopen(ctx context.Context) error {
	b.broken = false
	b.reopened++
	return b.Store.Reopen(ctx)
}

func TestASweepWhoseCommitFailsHoldsNobodyUp(t *testing.T) {
	var b *brokenBySweep
	inWorld(t, func(c *Config) {
		b = &brokenBySweep{Store: c.Store}
		c.Store = b
	}, func(t *testing.T, w *world) {
		w.settles() // swept
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.runner.Receive(ctx, []Inbound{w.message("hello")}); err != nil {
			t.Errorf("receive: %v", err)
		}
		w.settles()
		equal(t, "sent", 1, len(w.phone.take()))
		equal(t, "commits of unknown outcome", int64(1), w.runner.Figures.Unknown.Load())
		equal(t, "reopened", true, b.reopened > 0)
		w.passes(2 * sweepAgain)
		equal(t, "swept again", 2, b.sweeps)
	})
}
