package runner

import (
	"context"
	"sync"
	"time"

	"baraza/engine/store"
)

// Steady is a Clock that can also say how much time has passed since some moment, whatever is done meanwhile to the
// time of day. With one a Runner notices that the time of day was set.
type Steady interface{ Elapsed() time.Duration }

const (
	// jumpBelieved is by how much the time of day may be set and is believed at once.
	jumpBelieved = 24 * time.Hour
	// jumpDoubted is how long a larger jump is doubted. Until then the runner counts on from the time it had.
	jumpDoubted = time.Hour
	// downBelieved is how long nobody may have served, as the store knows it. After longer, timers wait at the start
	// for as long as a jump is doubted: a machine may start with a clock that is years ahead, which is soon set.
	downBelieved = 30 * 24 * time.Hour
)

// watch is the time the runner goes by. Timers, deadlines and dates are all of it, so that a clock that leaps by years
// and comes back neither wakes everyone at once, nor plans something for years ahead.
type watch struct {
	clock  Clock
	steady Steady // nil: the clock is believed
	doubts func() // told of a doubt, once each

	mu      sync.Mutex
	wall    time.Time     // believed last
	elapsed time.Duration // then
	doubt   bool
	since   time.Duration // of the doubt
	believe bool          // an operator says that the clock is right
	unsure  bool          // the time it began with is doubtful itself, so that whatever it is set to is believed
}

func newWatch(c Clock, doubts func()) *watch {
	w := &watch{clock: c, doubts: doubts}
	if w.steady, _ = c.(Steady); w.steady != nil {
		w.wall, w.elapsed = c.Now().Round(0), w.steady.Elapsed()
	}
	return w
}

func (w *watch) now() time.Time {
	wall := w.clock.Now()
	if w.steady == nil {
		return wall
	}
	wall = wall.Round(0)
	elapsed := w.steady.Elapsed()
	w.mu.Lock()
	expected := w.wall.Add(elapsed - w.elapsed)
	jump := wall.Sub(expected).Abs()
	fresh := jump > jumpBelieved && !w.doubt && !w.unsure
	if fresh {
		w.doubt, w.since, w.believe = true, elapsed, false
	}
	if jump <= jumpBelieved || w.believe || w.unsure || elapsed-w.since >= jumpDoubted {
		w.wall, w.elapsed, w.doubt, w.believe = wall, elapsed, false, false
		expected = wall
	}
	w.mu.Unlock()
	if fresh {
		w.doubts()
	}
	return expected
}

func (w *watch) begin(unsure bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unsure = unsure
}

func (w *watch) confirm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.believe = w.doubt
}

// doubtful is when the clock jumped by more than is believed.
func (r *Runner) doubtful() {
	r.Figures.ClockJumps.Add(1)
	r.log.Error("the clock leapt, or nobody served for very long: nobody is woken by it until it is set back, an operator confirms it or an hour has passed")
	r.alert(Alert{Code: "clock-jumped", Severity: Critical, At: r.config.Clock.Now()})
}

// trustsStart waits while it is doubtful that the clock is right at the start; false when ctx ended.
func (r *Runner) trustsStart(ctx context.Context) bool {
	begun, told := time.Duration(0), false
	defer r.watch.begin(false)
	for ; begun < jumpDoubted; begun += r.timing.Poll {
		last, err := r.lastSweep(ctx)
		if err == nil && (last.IsZero() || r.now().Sub(last) <= downBelieved) {
			return true
		}
		if err == nil && !told {
			told = true
			r.watch.begin(true)
			r.doubtful()
		}
		select {
		case <-ctx.Done():
			return false
		case <-r.confirmed:
			return true
		case <-r.config.Clock.After(r.timing.Poll):
		}
	}
	return true
}

// ConfirmClock is an operator's word that the time of day is right: a jump is believed, and a sweep that was held back
// goes on.
func (r *Runner) ConfirmClock() {
	r.watch.confirm()
	r.sweeper.confirm()
	select {
	case r.confirmed <- struct{}{}:
	default:
	}
	r.timers.wake()
	r.sender.wake()
}

// SweepHeld tells that nothing is swept until ConfirmClock, since the last sweep was so long ago that the clock may be
// wrong, and when that was.
func (r *Runner) SweepHeld() (last time.Time, held bool) {
	r.sweeper.mu.Lock()
	defer r.sweeper.mu.Unlock()
	return r.sweeper.last, r.sweeper.held
}

// addSwept counts.
func (f *Figures) addSwept(s store.Swept) {
	f.SweptFields.Add(int64(s.Fields))
	f.SweptMessages.Add(int64(s.Messages))
	f.SweptEntries.Add(int64(s.Entries))
	f.SweptItems.Add(int64(s.Items))
}

// Now is the time the runner goes by: what else has to last as long as timers do goes by it too.
func (r *Runner) Now() time.Time { return r.now() }
