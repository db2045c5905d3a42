package runner

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
	"baraza/engine/store/storetest"
)

// locked are keys of which some cannot be used for now, as where a country's old key is not in the configuration.
type locked struct {
	Keys
	mu    sync.Mutex
	which map[store.Key]bool
}

// lock says whose cannot be used, and gives whose could not be until then.
func (k *locked) lock(which map[store.Key]bool) (before map[store.Key]bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	before, k.which = k.which, which
	return before
}

func (k *locked) Open(pack string, key store.Key, what keys.Kind, sealed []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.which[key] {
		return nil, errors.New("none of the country keys fits")
	}
	return k.Keys.Open(pack, key, what, sealed)
}

// lockedWorld has people write who then cannot be read, and some who can.
func lockedWorld(t *testing.T, change func(*Config), test func(t *testing.T, w *world, k *locked, sick, sound []Identity)) {
	var k *locked
	inWorld(t, func(c *Config) {
		k = &locked{Keys: c.Keys}
		c.Keys = k
		c.Timing.TimerBatch = 2
		if change != nil {
			change(c)
		}
	}, func(t *testing.T, w *world) {
		var sick, sound []Identity
		which := map[store.Key]bool{}
		for n := range 9 {
			id := Identity{"whatsapp", "wa_phone", fmt.Sprintf("25470000010%d", n)}
			if n < 6 {
				sick = append(sick, id)
				which[keyOf(k, id)] = true
			} else {
				sound = append(sound, id)
			}
			if err := w.runner.Receive(t.Context(), []Inbound{w.from(id, "hello")}); err != nil {
				t.Fatalf("receive: %v", err)
			}
			w.settles()
		}
		w.phone.take()
		w.stop() // nobody of them is remembered
		w.start()
		k.lock(which)
		test(t, w, k, sick, sound)
	})
}

func TestTimersThatCannotBeCarriedOutKeepNobodyElseWaiting(t *testing.T) {
	lockedWorld(t, nil, func(t *testing.T, w *world, k *locked, sick, sound []Identity) {
		w.passes(3*time.Hour + time.Minute)
		if got := len(w.phone.take()); got != len(sound) {
			t.Errorf("%d people were asked whether they are there, want the %d who can be", got, len(sound))
		}
		w.passes(40 * time.Minute)
		k.lock(nil)
		w.passes(2 * longestBackoff)
		if got := len(w.phone.take()); got != len(sick) {
			t.Errorf("%d people were asked once they could be, want %d", got, len(sick))
		}
		if left := len(w.runner.timers.failed); left > 0 {
			t.Errorf("%d timers are still known as failed", left)
		}
	})
}

func TestWhoCannotBeAnsweredAfterAFreezeKeepsNobodyElseWaiting(t *testing.T) {
	s := &stop{}
	lockedWorld(t, func(c *Config) { c.Freeze = s.of }, func(t *testing.T, w *world, k *locked, sick, sound []Identity) {
		s.t, s.w = t, w
		s.freezes()
		which := k.lock(nil)
		for _, id := range append(sick, sound...) {
			if err := w.runner.Receive(t.Context(), []Inbound{w.from(id, "held")}); err != nil {
				t.Fatalf("receive: %v", err)
			}
		}
		w.settles()
		w.phone.take() // the notice
		w.stop()
		w.start()
		k.lock(which)
		s.is.Store(&Freeze{Resuming: true})
		thaws := func() error {
			return w.runner.Thaw(t.Context(), []string{"sample"}, func() error { s.is.Store(nil); return nil })
		}
		if err := thaws(); err == nil || s.is.Load() != nil {
			t.Errorf("at the end of the freeze: %v, and the country stands as %+v; want an error, and that it is served", err, s.is.Load())
		}
		w.settles()
		if got := w.phone.take(); len(got) != 2*len(sound) {
			t.Errorf("%d parts went out to the %d who can be answered: %q", len(got), len(sound), got)
		}
		k.lock(nil)
		if err := thaws(); err != nil {
			t.Errorf("once they can be answered: %v", err)
		}
		w.settles()
		if got := w.phone.take(); len(got) != 2*len(sick) {
			t.Errorf("%d parts went out to the other %d: %q", len(got), len(sick), got)
		}
		s.nothingHeld()
	})
}

// spoilt are keys of which nobody knows what was kept, from the first erasure on.
type spoilt struct {
	Keys
	now atomic.Bool
}

var errSpoilt = errors.New("nobody knows whether the keys were kept")

func (k *spoilt) Erase(string, store.Erasure) error {
	k.now.Store(true)
	return errSpoilt
}

func (k *spoilt) Sync() error {
	if k.now.Load() {
		return errSpoilt
	}
	return nil
}

func TestARunnerEndsWhereAnErasureLeavesItUnknownWhatIsKeptOfTheKeys(t *testing.T) {
	t.Parallel()
	p := packOf(t)
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, store: storetest.NewMemory(), phone: &phone{}}
		r := New(Config{Store: w.store, Keys: &spoilt{Keys: newRings()}, Clock: realClock{}, Random: func() uint64 { return 1 },
			Program: func(string) *program.Program { return p }, Channels: map[string]Channel{"whatsapp": w.phone}})
		ended := make(chan error, 1)
		go func() { ended <- r.Run(t.Context()) }()
		if err := r.Receive(t.Context(), []Inbound{w.message("hello")}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := r.Erase(t.Context(), keyOf(r.config.Keys, ana), time.Time{}); !errors.Is(err, errSpoilt) {
			t.Errorf("the erasure says %v, want %v", err, errSpoilt)
		}
		synctest.Wait()
		select {
		case err := <-ended:
			if !errors.Is(err, errSpoilt) {
				t.Errorf("the runner ended with %v, want %v", err, errSpoilt)
			}
		default:
			t.Error("the runner goes on")
		}
	})
}
