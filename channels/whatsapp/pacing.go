package whatsapp

import (
	"sync"
	"time"
)

// A Limit lets one message pass every so often, and Burst at once after a rest.
type Limit struct {
	Every time.Duration
	Burst int
}

// Limits of the platform, kept to with room: bursts to one person are borrowed from the minutes after.
var (
	PairLimit   = Limit{Every: 6 * time.Second, Burst: 4}
	SenderLimit = Limit{Every: time.Second / 80, Burst: 40}
)

// Next decides about one message. full is when the limit will have rested, the zero time at first: it is all that is
// kept. Without a wait the message may go and then is the new full; else it may not before the wait is over.
func (l Limit) Next(full, now time.Time) (then time.Time, wait time.Duration) {
	if l.Every <= 0 {
		return full, 0
	}
	if full.Before(now) {
		full = now
	}
	if wait = full.Sub(now) - time.Duration(max(l.Burst, 1)-1)*l.Every; wait > 0 {
		return full, wait
	}
	return full.Add(l.Every), 0
}

// Pace keeps the limits of senders and pairs in memory. It knows no clock: a restart forgets it, which costs one
// burst.
type Pace struct {
	Sender, Pair Limit

	mu      sync.Mutex
	senders map[string]time.Time
	pairs   map[pair]time.Time
	calls   int
}

type pair struct{ account, person string }

// NewPace keeps to the platform's limits.
func NewPace() *Pace { return &Pace{Sender: SenderLimit, Pair: PairLimit} }

// Wait is how long a message to a person has to wait; 0 means that it goes now, and is counted.
func (p *Pace) Wait(account, person string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.senders == nil {
		p.senders, p.pairs = map[string]time.Time{}, map[pair]time.Time{}
	}
	p.forget(now)
	who := pair{account, person}
	ofPair, wait := p.Pair.Next(p.pairs[who], now)
	if wait > 0 {
		return wait
	}
	ofSender, wait := p.Sender.Next(p.senders[account], now)
	if wait > 0 {
		return wait
	}
	p.pairs[who], p.senders[account] = ofPair, ofSender
	return 0
}

// Hold lets nothing pass to a person, or with person "" from the account, for so long.
func (p *Pace) Hold(account, person string, now time.Time, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.senders == nil {
		p.senders, p.pairs = map[string]time.Time{}, map[pair]time.Time{}
	}
	if person == "" {
		p.senders[account] = later(p.senders[account], now.Add(wait+time.Duration(max(p.Sender.Burst, 1)-1)*p.Sender.Every))
		return
	}
	who := pair{account, person}
	p.pairs[who] = later(p.pairs[who], now.Add(wait+time.Duration(max(p.Pair.Burst, 1)-1)*p.Pair.Every))
}

// forget drops pairs that have rested, now and then: they are as if never seen.
func (p *Pace) forget(now time.Time) {
	if p.calls++; p.calls < 1024 {
		return
	}
	p.calls = 0
	for who, full := range p.pairs {
		if !full.After(now) {
			delete(p.pairs, who)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// mostPairWait bounds the doubling waits; the platform's own limit is over long before.
const mostPairWait = 20 * time.Minute

// PairBackoff is the wait after the nth refusal for the pair limit, the first being 0: 4^n seconds.
func PairBackoff(n int) time.Duration {
	wait := time.Second
	for range max(n, 0) {
		if wait *= 4; wait >= mostPairWait {
			return mostPairWait
		}
	}
	return wait
}

// Backoff is the wait after the nth failure that passes by itself, the first being 0: 1, 4, 16, 64 seconds, then five
// minutes, longer by up to a half as jitter, in [0, 1), says.
func Backoff(n int, jitter float64) time.Duration {
	wait := 5 * time.Minute
	if n < 4 {
		wait = PairBackoff(n)
	}
	return wait + time.Duration(jitter*float64(wait)/2)
}
