package runner

import (
	"context"
	"errors"
	"sync"
	"time"

	"baraza/engine/store"
)

const (
	sweepEvery = time.Hour
	sweepAgain = time.Minute // after one that failed
	sweepPiece = 256         // things a transaction
	// sweepsToTell is how many sweeps fail one after the other before operators are told.
	sweepsToTell = 5
)

// sweeper deletes what is past its date: fields, records, messages, cases, entries, deduplication keys. What a wrong
// clock deletes does not come back, so it does not sweep where the last sweep was more than a day ago, be it that the
// clock leapt or that nobody served, before an operator has said that the clock is right (ConfirmClock).
type sweeper struct {
	r     *Runner
	woken chan struct{}

	failures int // one after the other; of run alone

	mu        sync.Mutex
	last      time.Time
	held      bool
	confirmed bool
}

func newSweeper(r *Runner) *sweeper { return &sweeper{r: r, woken: make(chan struct{}, 1)} }

func (s *sweeper) confirm() {
	s.mu.Lock()
	s.confirmed = s.held
	s.mu.Unlock()
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

func (s *sweeper) run(ctx context.Context) error {
	for {
		pause := sweepEvery
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.r.log.Error("what is past its date was not deleted", "error", err)
			pause = sweepAgain
			s.r.trouble(err)
			s.failed(true)
			if errors.Is(err, store.ErrUnknown) {
				s.r.group.Reopen()
			}
		} else if err == nil {
			s.failed(false)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.woken:
		case <-s.r.config.Clock.After(pause):
		}
	}
}

// failed has operators told where sweeps fail for so long that it is no passing trouble.
func (s *sweeper) failed(now bool) {
	if !now {
		s.failures = 0
		return
	}
	if s.failures++; s.failures >= sweepsToTell {
		s.r.tell("sweep-failed", Warning)
	}
}

func (s *sweeper) round(ctx context.Context) error {
	last, err := s.r.lastSweep(ctx)
	if err != nil {
		return err
	}
	now := s.r.now()
	if !s.may(last, now) {
		return nil
	}
	for {
		swept, err := s.r.config.Store.Sweep(ctx, now, sweepPiece)
		if errors.Is(err, store.ErrUnknown) {
			s.r.Figures.Unknown.Add(1)
		}
		if err != nil {
			return err
		}
		s.r.Figures.addSwept(swept)
		if !swept.More {
			break
		}
		if !s.r.wait(ctx, s.r.timing.TimerPause) { // turns go between
			return nil
		}
	}
	if s.r.config.Sweep != nil {
		return s.r.config.Sweep(ctx, now)
	}
	return nil
}

// lastSweep is when the store was last swept; long ago where nobody can read it, so that an operator is asked.
func (r *Runner) lastSweep(ctx context.Context) (time.Time, error) {
	last, err := r.config.Store.LastSweep(ctx)
	if errors.Is(err, store.ErrDamaged) {
		return time.Unix(0, 0), nil
	}
	return last, err
}

// may tells whether the clock can be believed.
func (s *sweeper) may(last, now time.Time) bool {
	s.mu.Lock()
	doubtful := !last.IsZero() && now.Sub(last) > jumpBelieved && !s.confirmed
	fresh := doubtful && !s.held
	s.last, s.held = last, doubtful
	if !doubtful {
		s.confirmed = false
	}
	s.mu.Unlock()
	if fresh {
		s.r.Figures.SweepsHeld.Add(1)
		s.r.log.Error("nothing is deleted until an operator confirms the clock: the last time was more than a day ago", "last", last, "now", now)
		s.r.alert(Alert{Code: "sweep-held", Severity: Warning, At: now})
	}
	return !doubtful
}
