package channels_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"baraza/channels"
)

const account = "100000000000001"

var morning = time.Date(2026, 10, 5, 8, 0, 0, 0, time.UTC)

// pairs is a pace of four at once to one person, and then one in six seconds.
func pairs() *channels.Pace {
	return &channels.Pace{Sender: channels.Limit{Every: time.Second / 80, Burst: 40}, Pair: channels.Limit{Every: 6 * time.Second, Burst: 4}}
}

func TestAPairGetsABurstAndThenOneInSixSeconds(t *testing.T) {
	t.Parallel()
	p, now := pairs(), morning
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
	if wait := p.Wait("another", "new", now); wait != 0 {
		t.Errorf("another account waits %s", wait)
	}
}

func TestNoLimitIsEverExceeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		l := channels.Limit{Every: time.Duration(rapid.IntRange(1, 9).Draw(r, "every")) * time.Second, Burst: rapid.IntRange(1, 5).Draw(r, "burst")}
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
