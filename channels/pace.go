package channels

import (
	"sync"
	"time"
)

// A Limit lets one message pass every so often, and Burst at once after a rest.
type Limit struct {
	Every time.Duration
	Burst int
}

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
