package accounts

import (
	"hash/maphash"
	"sync"
	"time"
)

// pace makes those who guess wait, longer each time. It is a table of fixed size, whose places are found by a hash that
// nobody outside can compute: no number of names and addresses makes it grow or lets another's waits be forgotten. Names
// that no account has wait as others do.
type pace struct {
	seed  maphash.Seed
	mu    sync.Mutex
	slots [1 << 14]slot
}

type slot struct {
	fails       int
	last, until time.Time
}

// A claim is one of the counts that a try is held against: so many failures are free, and each further one doubles the
// wait, from a second up to most.
type claim struct {
	key  string
	free int
	most time.Duration
}

// forgets is after how long without a failure a count begins anew.
const forgets = time.Hour

func newPace() *pace { return &pace{seed: maphash.MakeSeed()} }

func (p *pace) at(key string) *slot {
	return &p.slots[maphash.String(p.seed, key)%uint64(len(p.slots))]
}

// try counts a try as a failure, so that a thousand at once are not free; good takes that back. Where a claim has to wait
// nothing is counted: who guesses on meanwhile does not make the wait any longer.
func (p *pace) try(now time.Time, claims ...claim) (good func(), wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range claims {
		s := p.at(c.key)
		if now.Sub(s.last) > forgets || s.last.Sub(now) > forgets { // also where the clock was set back
			*s = slot{}
		}
		wait = max(wait, min(s.until.Sub(now), c.most))
	}
	if wait > 0 {
		return nil, wait
	}
	for _, c := range claims {
		s := p.at(c.key)
		s.fails++
		s.last = now
		if over := s.fails - c.free; over > 0 {
			s.until = now.Add(min(time.Second<<min(over-1, 20), c.most))
		}
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range claims {
			s := p.at(c.key)
			s.fails = max(s.fails-1, 0)
			s.until = time.Time{}
		}
	}, 0
}

// forget begins the counts of keys anew.
func (p *pace) forget(keys ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range keys {
		*p.at(key) = slot{}
	}
}

// claims are what a try at an account is held against. what is "password" or "code". A browser in which the account
// signed in before has a count of its own, so that whoever guesses elsewhere cannot keep its owner out.
func claims(what, account, address, device string) []claim {
	all := []claim{{what + " from " + address, 30, 5 * time.Minute}}
	if device != "" {
		return append(all, claim{what + " of " + account + " at " + device, 5, 15 * time.Minute})
	}
	return append(all,
		claim{what + " of " + account + " from " + address, 5, 15 * time.Minute},
		claim{what + " of " + account, 20, 15 * time.Minute})
}

// seldom lets a few records through, and counts the others.
type seldom struct {
	mu     sync.Mutex
	left   float64
	last   time.Time
	missed int
}

const (
	seldomMost  = 20
	seldomEvery = 30 * time.Second
)

// may tells whether one more is let through, and how many were not since the last that was.
func (s *seldom) may(now time.Time) (ok bool, missed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.IsZero() {
		s.left, s.last = seldomMost, now
	}
	if passed := now.Sub(s.last); passed > 0 {
		s.left = min(seldomMost, s.left+float64(passed)/float64(seldomEvery))
	}
	s.last = now
	if s.left < 1 {
		s.missed++
		return false, 0
	}
	s.left--
	missed, s.missed = s.missed, 0
	return true, missed
}
