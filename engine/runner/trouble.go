package runner

import (
	"errors"
	"sync"
	"syscall"
	"time"

	"baraza/engine/store"
)

// troubleAgain is after how long operators are told again of the same trouble.
const troubleAgain = time.Hour

// troubles are those of the machine that operators were told of, by code.
type troubles struct {
	mu   sync.Mutex
	told map[string]time.Time
}

// Health is nil where turns are kept, as far as one can know; else it says why not.
func (r *Runner) Health() error { return r.group.Health() }

// trouble tells operators of an error that is the machine's, and of nothing else. People are refused meanwhile and come
// again, so that nobody else would say it.
func (r *Runner) trouble(err error) {
	switch {
	case errors.Is(err, store.ErrFull), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		r.tell("disk-full", Critical)
	case errors.Is(err, store.ErrUnknown), errors.Is(err, syscall.EIO), errors.Is(err, syscall.EROFS):
		r.tell("disk-fails", Critical)
	}
}

func (r *Runner) tell(code string, s Severity) {
	now := r.now()
	r.troubles.mu.Lock()
	last, was := r.troubles.told[code]
	fresh := !was || now.Sub(last).Abs() >= troubleAgain
	if fresh {
		if r.troubles.told == nil {
			r.troubles.told = map[string]time.Time{}
		}
		r.troubles.told[code] = now
	}
	r.troubles.mu.Unlock()
	if fresh {
		r.alert(Alert{Code: code, Severity: s, At: now})
	}
}
