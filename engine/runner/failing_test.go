package runner

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"baraza/engine/keys"
	"baraza/engine/store"
)

// locked are keys of which some cannot be used for now, as where a country's old key is not in the configuration.
type locked struct {
	Keys
	mu    sync.Mutex
	which map[store.Key]bool
}

func (k *locked) lock(which map[store.Key]bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.which = which
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
func lockedWorld(t *testing.T, test func(t *testing.T, w *world, k *locked, sick, sound []Identity)) {
	var k *locked
	inWorld(t, func(c *Config) {
		k = &locked{Keys: c.Keys}
		c.Keys = k
		c.Timing.TimerBatch = 2
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
	lockedWorld(t, func(t *testing.T, w *world, k *locked, sick, sound []Identity) {
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
