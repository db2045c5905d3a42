package api

import (
	"sync"
	"time"
)

// Bounds of one account, its tokens with it: what it may have under way at once, and ask in a row and from then on.
const (
	atOnce    = 4
	inARow    = 60
	perSecond = 10
)

// pace bounds what an account may ask, so that a script that runs wild keeps nobody from being answered. The zero pace is ready.
type pace struct {
	mu    sync.Mutex
	known map[string]*asking
}

// asking is what an account does.
type asking struct {
	underWay int
	left     float64 // how often it may ask now
	at       time.Time
}

// enter lets a request in, which calls leave at its end; else leave is nil, and wait says in how many seconds to ask again.
func (p *pace) enter(account string, now time.Time) (leave func(), wait int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.known[account]
	if a == nil {
		p.forget(now)
		a = &asking{left: inARow, at: now}
		p.known[account] = a
	}
	a.refill(now)
	if a.left < 1 || a.underWay == atOnce {
		return nil, 1
	}
	a.left--
	a.underWay++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		a.underWay--
	}, 0
}

func (a *asking) refill(now time.Time) {
	if passed := now.Sub(a.at); passed > 0 {
		a.left = min(inARow, a.left+passed.Seconds()*perSecond)
	}
	a.at = now // also where the clock was set back
}

// forget drops those of whom nothing is left to know.
func (p *pace) forget(now time.Time) {
	if p.known == nil {
		p.known = map[string]*asking{}
	}
	for account, a := range p.known {
		if a.refill(now); a.underWay == 0 && a.left == inARow {
			delete(p.known, account)
		}
	}
}
