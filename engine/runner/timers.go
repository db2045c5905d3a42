package runner

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"baraza/engine"
	"baraza/engine/store"
)

// timers wakes conversations. What is due lies in the store, so a process that starts after days finds it all; it
// is woken in batches with a pause between, the packs taking turns, so that people who write meanwhile are heard.
type timers struct {
	r     *Runner
	woken chan struct{}

	mu   sync.Mutex
	busy map[timerID]bool // handed to a shard, or being carried out
	// frozen are those that are due and wait until their country is served again. They are kept here alone: a restart
	// finds them anew.
	frozen map[timerID]bool
}

type timerID struct {
	key    store.Key
	number uint32
}

// lookahead is among how many due timers the packs take turns.
const lookahead = 1024

func newTimers(r *Runner) *timers {
	return &timers{r: r, woken: make(chan struct{}, 1), busy: map[timerID]bool{}, frozen: map[timerID]bool{}}
}

func (t *timers) wake() {
	select {
	case t.woken <- struct{}{}:
	default:
	}
}

func (t *timers) run(ctx context.Context) error {
	if !t.r.trustsStart(ctx) {
		return nil
	}
	for {
		now := t.r.now()
		next, err := t.round(ctx, now)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, store.ErrUnknown) {
			t.r.log.Error("timers could not be read", "error", err)
		}
		pause := min(t.r.timing.Poll, max(next.Sub(now), t.r.timing.TimerPause))
		select {
		case <-ctx.Done():
			return nil
		case <-t.woken:
			if !t.r.wait(ctx, t.r.timing.TimerPause) { // batches are paced, whoever wakes them
				return nil
			}
		case <-t.r.config.Clock.After(pause):
		}
	}
}

// round wakes a batch and waits for it; it says when the next is due.
func (t *timers) round(ctx context.Context, now time.Time) (time.Time, error) {
	horizon := now.Add(t.r.timing.Poll)
	ripe, next, err := t.ripe(ctx, now, horizon)
	if err != nil {
		return horizon, err
	}
	if len(ripe) > t.r.timing.TimerBatch {
		ripe, next = t.fair(ctx, ripe), now
	}
	told := make(chan error, len(ripe))
	waits := 0
	for _, x := range ripe {
		if err := t.r.submit(ctx, t.job(x, func(err error) { told <- err })); err != nil {
			t.free(x.Key, x.Number)
			continue
		}
		waits++
	}
	for range waits {
		if err := t.r.await(ctx, told); err != nil && ctx.Err() == nil {
			t.r.log.Error("a timer could not be carried out", "error", err)
			next = horizon
		}
	}
	return next, nil
}

// ripe are timers that are due, taken, and when the next one is. It looks past those that are frozen, however many.
func (t *timers) ripe(ctx context.Context, now, horizon time.Time) (ripe []store.Timer, next time.Time, err error) {
	var after store.Timer
	for {
		due, err := t.r.config.Store.Due(ctx, store.All, after, horizon, lookahead)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return nil, horizon, err
		}
		for _, x := range due {
			if x.Due.After(now) {
				return ripe, x.Due, nil
			}
			if !t.waits(ctx, x) && t.take(x) {
				ripe = append(ripe, x)
			}
		}
		if len(due) < lookahead || len(ripe) > 0 {
			return ripe, horizon, nil
		}
		after = due[len(due)-1]
	}
}

// waits tells whether a timer's country is frozen. The shard of the contact says so of the first one; from then on it
// is looked up, so that a heap of them does not hold up the timers of others.
func (t *timers) waits(ctx context.Context, x store.Timer) bool {
	t.mu.Lock()
	frozen, some := t.frozen[timerID{x.Key, x.Number}], len(t.frozen) > 0
	t.mu.Unlock()
	if frozen || !some || x.Class != SilenceTimer && x.Class != ReminderTimer {
		return frozen
	}
	c, err := t.r.loadContact(ctx, x.Key)
	if err != nil || t.r.freeze(c.Pack) == nil || c.Session == nil {
		return false
	}
	if x.Class == SilenceTimer { // it may be one of a case
		p, err := t.r.openPerson(c)
		if err != nil {
			return false
		}
		on, _, err := t.r.release(c.Pack, x.Key, t.r.now(), p.session, false)
		if err != nil || p.session.Passage(on, engine.Event{Kind: engine.TimerDue, Timer: x.Number}) != engine.Held {
			return false
		}
	}
	t.freeze(x)
	return true
}

func (t *timers) freeze(x store.Timer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.frozen[timerID{x.Key, x.Number}] = true
}

// thaw has what waited looked at again.
func (t *timers) thaw() {
	t.mu.Lock()
	clear(t.frozen)
	t.mu.Unlock()
	t.wake()
}

func (t *timers) take(x store.Timer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := timerID{x.Key, x.Number}
	if t.busy[id] {
		return false
	}
	t.busy[id] = true
	return true
}

func (t *timers) free(key store.Key, number uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.busy, timerID{key, number})
}

// fair takes a batch in which each pack has its turn, and gives the rest free.
func (t *timers) fair(ctx context.Context, ripe []store.Timer) []store.Timer {
	turn := map[string]int{}
	type placed struct {
		timer store.Timer
		round int
	}
	order := make([]placed, 0, len(ripe))
	for _, x := range ripe {
		pack := ""
		if c, err := t.r.loadContact(ctx, x.Key); err == nil {
			pack = c.Pack
		}
		order = append(order, placed{x, turn[pack]})
		turn[pack]++
	}
	slices.SortStableFunc(order, func(a, b placed) int { return cmp.Compare(a.round, b.round) })
	batch := make([]store.Timer, 0, t.r.timing.TimerBatch)
	for i, x := range order {
		if i < t.r.timing.TimerBatch {
			batch = append(batch, x.timer)
		} else {
			t.free(x.timer.Key, x.timer.Number)
		}
	}
	return batch
}

// job is what the timer wakes.
func (t *timers) job(x store.Timer, told func(error)) *job {
	done := func(err error) {
		if errors.Is(err, errFrozen) {
			t.freeze(x)
			err = nil
		}
		t.free(x.Key, x.Number)
		told(err)
	}
	j := &job{key: x.Key, done: done}
	switch x.Class {
	case FetchTimer:
		j.origin, j.change = inside, func(d *draft) error { return d.lostFetch(x) }
	case NoticeTimer:
		j.origin, j.change = inside, func(d *draft) error { return d.sayNotice(x) }
	default:
		j.origin, j.timer = fromTimer, &x
		j.event = engine.Event{Kind: engine.TimerDue, Timer: x.Number}
	}
	return j
}

// isLate tells whether a timer comes so late that what it would say is stale.
func (r *Runner) isLate(x store.Timer, now time.Time) bool {
	late := now.Sub(x.Due)
	switch x.Class {
	case SilenceTimer:
		return late > r.timing.LateSilence
	case ReminderTimer:
		return late > r.timing.LateReminder
	}
	return false
}
