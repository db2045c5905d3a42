package store

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// Group commits the turns of many goroutines together, so that a commit and its fsync are shared by all who wait
// for one. A turn that comes while nothing is under way is committed at once, by itself; those that come during a
// commit go together in the next.
//
// One goroutine has to be in Run. It also opens the store again after ErrUnknown; who was in the commit under way
// hears of ErrUnknown, loads again and submits again. Who meets ErrUnknown elsewhere asks for it with Reopen.
type Group struct {
	store  Store
	before func() error
	queue  chan submission
	reopen chan struct{}
	limit  int
	done   chan struct{} // closed when Run has returned

	begun  atomic.Int64 // of the commit under way, in nanoseconds since 1970; 0: none is
	failed atomic.Pointer[failure]
	// unknown is how many commits one after the other ended so, of Run alone.
	unknown int
}

// failure is how the last commit failed.
type failure struct {
	err error
	at  time.Time
}

const (
	longest = 30 * time.Second // that a commit may take
	// unknownPause doubles with each commit of unknown outcome that follows another, up to longestPause.
	unknownPause = 5 * time.Millisecond
	longestPause = 2 * time.Second
	failsFor     = time.Minute // that a failure counts, since whoever asks may be who lets nobody try
)

// ErrStuck: a commit, or opening the store again, takes so long that nothing is kept for now.
var ErrStuck = errors.New("the disk does not answer")

type submission struct {
	turn Turn
	tell func(Result, error)
}

// NewGroup returns a group of at most limit turns a commit; 0 stands for 512. before, if not nil, is called before
// each commit; when it returns an error no turn is committed any more, and Run ends with it: keys.Ring.Sync belongs
// here, of which nobody knows after an error what it kept.
func NewGroup(s Store, limit int, before func() error) *Group {
	if limit <= 0 {
		limit = 512
	}
	return &Group{store: s, before: before, queue: make(chan submission, limit), reopen: make(chan struct{}, 1), limit: limit, done: make(chan struct{})}
}

// Submit waits until the turn is committed, or is not. An error of ctx says only that nobody waited any longer.
func (g *Group) Submit(ctx context.Context, t Turn) (Result, error) {
	type answer struct {
		result Result
		err    error
	}
	told := make(chan answer, 1)
	if err := g.Go(ctx, t, func(r Result, err error) { told <- answer{r, err} }); err != nil {
		return Result{}, err
	}
	select {
	case a := <-told:
		return a.result, a.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// Go hands the turn over and returns; turns are committed in the order in which they were handed over. tell is
// called once, from Run's goroutine or, of what comes as Run ends, from one that is in Go, and must not wait for
// anything. Where Go returns an error, it is not called and the turn is not committed.
func (g *Group) Go(ctx context.Context, t Turn, tell func(Result, error)) error {
	select {
	case <-g.done:
		return ErrClosed
	default:
	}
	select {
	case g.queue <- submission{t, tell}:
		select {
		case <-g.done: // Run may have turned the last ones away before this one lay there
			g.turnAway()
		default:
		}
		return nil
	case <-g.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Reopen asks Run to open the store again, and does not wait. It is for who wrote without the group, as a sweep does, and
// for who reads and waits: as long as nobody submits a turn, Run would not learn that the store is to be opened again, nor
// that what before looks at can be kept no more, upon which it ends.
func (g *Group) Reopen() {
	select {
	case g.reopen <- struct{}{}:
	default:
	}
}

// Health is nil where turns are kept as far as one can know: no commit is stuck, and the last one did not fail a moment ago.
func (g *Group) Health() error {
	now := time.Now()
	if begun := g.begun.Load(); begun != 0 && now.UnixNano()-begun > int64(longest) {
		return ErrStuck
	}
	if f := g.failed.Load(); f != nil && now.Sub(f.at) < failsFor {
		return f.err
	}
	return nil
}

// begins notes when a commit begins; ends, how it ended.
func (g *Group) begins() { g.begun.Store(time.Now().UnixNano()) }

func (g *Group) ends(err error) {
	g.begun.Store(0)
	switch {
	case err != nil:
		g.failed.Store(&failure{err, time.Now()})
	case g.failed.Load() != nil:
		g.failed.Store(nil)
	}
}

// Run commits until ctx ends, then what was handed over before, and returns nil. It returns an error when the store
// cannot be opened again or was closed; what is still waiting then hears of ErrClosed. Run is called once.
func (g *Group) Run(ctx context.Context) error {
	err := g.run(ctx)
	close(g.done)
	g.turnAway()
	return err
}

// turnAway tells those who are still waiting that nobody commits any more.
func (g *Group) turnAway() {
	for {
		select {
		case s := <-g.queue:
			s.tell(Result{}, ErrClosed)
		default:
			return
		}
	}
}

func (g *Group) run(ctx context.Context) error {
	together := make([]submission, 0, g.limit)
	turns := make([]Turn, 0, g.limit)
	for {
		together = together[:0]
		select {
		case s := <-g.queue:
			together = append(together, s)
		default:
			select {
			case s := <-g.queue:
				together = append(together, s)
			case <-g.reopen:
				if err := g.again(); err != nil {
					return err
				}
				continue
			case <-ctx.Done():
				return nil
			}
		}
	more:
		for len(together) < g.limit {
			select {
			case s := <-g.queue:
				together = append(together, s)
			default:
				break more
			}
		}
		turns = turns[:0]
		for i := range together {
			turns = append(turns, together[i].turn)
		}
		if err := g.commit(turns, together); err != nil {
			return err
		}
		if g.unknown > 1 { // turns come back at once, and opening the store again reads all of it
			select {
			case <-time.After(min(unknownPause<<min(g.unknown, 10), longestPause)):
			case <-ctx.Done():
			}
		}
		clear(turns)
		clear(together)
	}
}

// again opens the store again where it has to be, and looks whether there can be another commit.
func (g *Group) again() (err error) {
	g.begins()
	defer func() {
		if g.begun.Store(0); err != nil {
			g.ends(err)
		}
	}()
	if g.before != nil {
		if err := g.before(); err != nil {
			return err
		}
	}
	return g.store.Reopen(context.Background())
}

// commit returns an error when no later commit can succeed.
func (g *Group) commit(turns []Turn, together []submission) error {
	var results []Result
	var err, lasting error
	g.begins()
	if g.before != nil {
		err = g.before()
		lasting = err
	}
	if err == nil {
		// Not the context of Run: what was handed over is committed also while the program ends.
		results, err = g.store.Commit(context.Background(), turns)
	}
	if errors.Is(err, ErrUnknown) && lasting == nil {
		lasting = g.store.Reopen(context.Background())
	} else if errors.Is(err, ErrClosed) {
		lasting = err
	}
	if errors.Is(err, ErrUnknown) {
		g.unknown++
	} else {
		g.unknown = 0
	}
	if g.unknown == 1 { // it is settled, and the next may be kept
		g.ends(lasting)
	} else {
		g.ends(err)
	}
	for i := range together {
		if err != nil {
			together[i].tell(Result{}, err)
			continue
		}
		together[i].tell(results[i], nil)
	}
	return lasting
}
