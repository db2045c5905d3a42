package whatsapp_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"baraza/channels/whatsapp"
)

func TestAPairGetsABurstAndThenOneInSixSeconds(t *testing.T) {
	t.Parallel()
	p, now := whatsapp.NewPace(), morning
	for i := range 4 {
		if wait := p.Wait(account, "ana", now); wait != 0 {
			t.Fatalf("message %d waits %s", i+1, wait)
		}
	}
	if wait := p.Wait(account, "ana", now); wait != 6*time.Second {
		t.Errorf("the fifth waits %s", wait)
	}
	if wait := p.Wait(account, "eva", now); wait != 0 {
		t.Errorf("another person waits %s", wait)
	}
	if wait := p.Wait(account, "ana", now.Add(6*time.Second)); wait != 0 {
		t.Errorf("six seconds later it waits %s", wait)
	}
	p.Hold(account, "eva", now, 16*time.Second)
	if wait := p.Wait(account, "eva", now); wait != 16*time.Second {
		t.Errorf("who is held for 16 s waits %s", wait)
	}
	p.Hold(account, "", now, time.Minute)
	if wait := p.Wait(account, "new", now); wait != time.Minute {
		t.Errorf("an account that is held for a minute waits %s", wait)
	}
	if wait := p.Wait("another", "new", now); wait != 0 {
		t.Errorf("another account waits %s", wait)
	}
}

func TestNoLimitIsEverExceeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		l := whatsapp.Limit{Every: time.Duration(rapid.IntRange(1, 9).Draw(r, "every")) * time.Second, Burst: rapid.IntRange(1, 5).Draw(r, "burst")}
		var full time.Time
		var went []time.Time
		now := morning
		for range rapid.IntRange(1, 60).Draw(r, "messages") {
			now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(r, "gap")) * time.Millisecond)
			next, wait := l.Next(full, now)
			if wait > 0 {
				if next != full {
					r.Fatal("a refused message is counted")
				}
				if _, again := l.Next(full, now.Add(wait)); again > 0 {
					r.Fatalf("after the wait of %s it waits %s more", wait, again)
				}
				continue
			}
			full, went = next, append(went, now)
		}
		for i := range went {
			for j := i; j < len(went); j++ {
				most := l.Burst + int(went[j].Sub(went[i])/l.Every)
				if j-i+1 > most {
					r.Fatalf("%d messages in %s", j-i+1, went[j].Sub(went[i]))
				}
			}
		}
	})
}

func TestBackoffGrowsToABound(t *testing.T) {
	t.Parallel()
	for n, want := range []time.Duration{time.Second, 4 * time.Second, 16 * time.Second, 64 * time.Second, 256 * time.Second, 1024 * time.Second, 20 * time.Minute} {
		if got := whatsapp.PairBackoff(n); got != want {
			t.Errorf("PairBackoff(%d) is %s, not %s", n, got, want)
		}
	}
	if got := whatsapp.PairBackoff(1 << 30); got != 20*time.Minute {
		t.Errorf("a long storm waits %s", got)
	}
	if got := whatsapp.Backoff(2, 0.5); got != 20*time.Second {
		t.Errorf("Backoff with half the jitter is %s", got)
	}
	if got := whatsapp.Backoff(9, 0); got != 5*time.Minute {
		t.Errorf("a late Backoff is %s", got)
	}
}

func TestTheWindowClosesAMarginEarly(t *testing.T) {
	t.Parallel()
	if got, want := whatsapp.WindowCloses(morning), morning.Add(24*time.Hour-5*time.Minute); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !whatsapp.WindowCloses(time.Time{}).IsZero() {
		t.Error("a window is open for somebody who never wrote")
	}
}
