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
	// failed are those that could not be carried out, and until when others go before them: who can never be woken, as
	// where a country left the configuration, keeps nobody else waiting.
	failed map[timerID]failure
}

type failure struct {
	tries int
	until time.Time
}

type timerID struct {
	key    store.Key
	number uint32
}

// lookahead is among how many due timers the packs take turns.
const lookahead = 1024

// forgotten is after how long it is forgotten that a timer failed which nobody has tried again.
const forgotten = time.Hour

func newTimers(r *Runner) *timers {
	return &timers{r: r, woken: make(chan struct{}, 1), busy: map[timerID]bool{}, frozen: map[timerID]bool{}, failed: map[timerID]failure{}}
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
	var failed error
	failures := 0
	for range waits {
		if err := t.r.await(ctx, told); err != nil && ctx.Err() == nil {
			failed = err
			failures++
			if whole(err) {
				next = horizon
			}
		}
	}
	if failed != nil {
		t.r.log.Error("timers could not be carried out", "timers", failures, "error", failed)
	}
	return next, nil
}

// whole tells an error that is about the store, and so about all timers.
func whole(err error) bool {
	return errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrClosed) || errors.Is(err, ErrStopped)
}

// ripe are timers that are due, taken, and when the next one is. It looks past those that are frozen or failed, however
// many.
func (t *timers) ripe(ctx context.Context, now, horizon time.Time) (ripe []store.Timer, next time.Time, err error) {
	var after store.Timer
	again := t.forget(now)
	for {
		due, err := t.r.config.Store.Due(ctx, store.All, after, horizon, lookahead)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return nil, horizon, err
		}
		for _, x := range due {
			if x.Due.After(now) {
				return ripe, minTime(x.Due, again), nil
			}
			if !t.rests(x, now) && !t.waits(ctx, x) && t.take(x) {
				ripe = append(ripe, x)
			}
		}
		if len(due) < lookahead || len(ripe) > 0 {
			return ripe, minTime(horizon, again), nil
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

// fails has a timer tried again later, and ever more rarely.
func (t *timers) fails(x store.Timer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := timerID{x.Key, x.Number}
	f := failure{tries: t.failed[id].tries + 1}
	f.until = t.r.now().Add(max(t.r.timing.Poll, t.r.backoff(f.tries)))
	t.failed[id] = f
}

// rests tells whether a timer failed just now.
func (t *timers) rests(x store.Timer, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed[timerID{x.Key, x.Number}].until.After(now)
}

// forget drops those that nobody has tried again, since they are gone, and says when the next of the others is to be.
func (t *timers) forget(now time.Time) (again time.Time) {
	again = now.Add(t.r.timing.Poll)
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, f := range t.failed {
		if now.Sub(f.until) > forgotten {
			delete(t.failed, id)
		} else if f.until.After(now) {
			again = minTime(again, f.until)
		}
	}
	return again
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

func (t *timers) well(x store.Timer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.failed, timerID{x.Key, x.Number})
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
		if err == nil {
			t.well(x)
		} else if !whole(err) {
			t.fails(x)
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
