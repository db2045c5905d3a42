package runner

import (
	"maps"
	"time"

	"baraza/engine/store"
)

// waits asks the channel for its pace. The part then stays where it is, the first of its contact, so that those
// behind it keep their order.
func (s *sender) waits(c Channel, from Sender, key store.Key, to []Identity) bool {
	p, ok := c.(Paced)
	if !ok {
		return false
	}
	now := s.r.now()
	wait := p.Wait(from.Account, to, now)
	if wait <= 0 {
		return false
	}
	s.r.Figures.Paced.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paced[key] = now.Add(wait)
	// Where it is the account that is full, asking for all others at once would be in vain.
	s.slowed[from.String()] = now.Add(min(wait, pauseOfRounds))
	return true
}

// forget drops what has rested, so that nothing stays of who has nothing to send any more.
func (s *sender) forget(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rested := func(until time.Time) bool { return !until.After(now) }
	maps.DeleteFunc(s.paced, func(_ store.Key, until time.Time) bool { return rested(until) })
	maps.DeleteFunc(s.slowed, func(_ string, until time.Time) bool { return rested(until) })
	maps.DeleteFunc(s.refused, func(_ store.Key, until time.Time) bool { return rested(until) })
}

// refuse notes that the provider calls the person's window closed. A day and an hour later it is closed by our clock too.
func (s *sender) refuse(key store.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[key] = s.r.now().Add(25 * time.Hour)
}

// wasRefused tells whether the provider has called the person's window closed since they last wrote.
func (s *sender) wasRefused(key store.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.refused[key].IsZero()
}

// opened forgets that, for the person has written.
func (s *sender) opened(key store.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.refused, key)
}

// returned notes that the person came back, for a part of theirs that fails at this moment: what became of it is not in
// the store before it is free.
func (s *sender) returned(key store.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[key] {
		s.back[key] = true
	}
}

// pairBackoff is the wait after the nth refusal because one person got too many: 4^n seconds, the first being 0.
func pairBackoff(n int) time.Duration {
	return min(time.Second<<(2*min(max(n, 0), 6)), 20*time.Minute)
}
