// Package runner makes a step last. Events come in, each changes its conversation exactly once, and what came of
// it is on the disk before anyone hears that the event was taken. It stands between the channels, whose words it
// takes through small interfaces of its own, and the store below:
//
//	Receive → shard: load, engine.Step, effects → one store.Turn → store.Group → acknowledged
//	                                                                  ├→ sender: what leaves, in order
//	                                                                  ├→ timers: what wakes
//	                                                                  └→ fetches and notices: what asks elsewhere
//
// The events of one contact are stepped by one goroutine, its shard, in the order they came; a shard steps ahead
// of the commits, counting the revisions itself, so that many turns share an fsync. Whatever has to happen outside
// a turn (a send, a fetch, a word to a team) is first written down in the turn, and done after its commit: a
// process that dies in between finds it there. So nothing is lost, and only what was handed to someone else
// between their yes and our commit of it can happen twice.
//
// Logs and figures hold keys of contacts, codes and numbers, never what anyone wrote.
package runner

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/store"
)

var (
	// ErrStopped: the runner is not running, or ended before the event was kept.
	ErrStopped = errors.New("the runner has stopped")
	// ErrFenced: another process holds the contact's partition by now, and will do it.
	ErrFenced = errors.New("another process serves this conversation")
	// ErrNoPack: no program serves the pack.
	ErrNoPack = errors.New("no program serves the pack")
	// ErrBusy: too much is under way. Nothing was taken; the provider is told to come again.
	ErrBusy = errors.New("too much is under way, come again")
	// ErrNoContact: staff wrote to a contact that is not there, or no longer.
	ErrNoContact = errors.New("there is no such contact")
	// ErrLeft: staff replied in a case that the person has just left. Nothing was kept or sent.
	ErrLeft = errors.New("the person has left the case")
	// ErrUnreadable is what Keys.Open returns for what nobody can read any more: its key was destroyed or its
	// bytes are damaged. Any other error of Open is taken to pass.
	ErrUnreadable = errors.New("sealed content cannot be read")
)

// Clock tells the time; in tests it is a fake one.
type Clock interface {
	Now() time.Time
	// After sends once, d from now.
	After(d time.Duration) <-chan time.Time
}

// Config is what a Runner is made of. Store, Keys, Program and Clock are needed; Random too.
type Config struct {
	Store store.Store
	Keys  Keys
	// Program gives what serves a pack now; nil for a pack nobody serves.
	Program func(pack string) *program.Program
	// Release gives the program on which a conversation goes on, as release.Serving.Choose does; nil: what serves now.
	Release func(pack string, contact store.Key, now time.Time, s engine.Session, message bool) (p *program.Program, displaced bool)
	// Freeze gives the emergency stop of a pack; nil for none. It is asked for each turn and before each send.
	Freeze func(pack string) *Freeze
	// Channels by their word in a pack.
	Channels map[string]Channel
	Fetcher  Fetcher  // nil: every fetch fails
	Notifier Notifier // nil: teams hear nothing; cases are in the store
	// Alert tells the operators; nil: they find it in the journal. It may be called from several goroutines.
	Alert  func(context.Context, Alert)
	Clock  Clock
	Random func() uint64 // for seeds of conversations and jitter; safe for concurrent use
	Log    *slog.Logger  // nil: none
	// Epoch is the lease under which this process holds a partition; nil where it holds none.
	Epoch func(partition int) uint64

	Shards int // goroutines that step; 0: 16
	Group  int // turns a commit at most; 0: the group's own
	Timing Timing

	// Sweep is called after each sweep of the store, for what else has a date, such as the keys of weeks; now is the
	// time of the sweep.
	Sweep func(ctx context.Context, now time.Time) error

	// Intake bounds what Receive has under way at once: events, and bytes of what they bring. What would go beyond
	// is refused with ErrBusy, unless nothing else is under way. 0: 4,096 events, 64 MB.
	IntakeEvents, IntakeBytes int

	// Idle is for the commands of operators while nobody serves: turns are committed, and nothing is sent, woken,
	// fetched, said or swept. All that is done by whoever serves next.
	Idle bool
	// Mute is for who measures: everything is done but sending; the outbox grows.
	Mute bool
}

// Timing are the waits and terms; those left zero are as said.
type Timing struct {
	Resolve      time.Duration // how long a send of unknown outcome waits for a status; 2 minutes
	SendTimeout  time.Duration // of one part; 30 seconds
	GiveUp       time.Duration // age at which a part nobody takes is a dead letter; 72 hours
	Park         time.Duration // how often a part that waits for the window is looked at; 1 hour
	FetchAgain   time.Duration // how long a fetch may be lost before another process asks again; 1 minute
	MessageKept  time.Duration // journal and outbox; 30 days
	CaseKept     time.Duration // from done; 90 days
	LateSilence  time.Duration // a silence noticed later than that still moves the conversation, but says nothing; 6 hours
	LateReminder time.Duration // the same of reminders; 24 hours
	Poll         time.Duration // how often timers and outbox are looked at without being woken; 30 seconds
	TimerPause   time.Duration // between two batches of timers while many are due; 50 ms
	TimerBatch   int           // timers woken together; 64
	SendsAtOnce  int           // of one sender; 32
	UnknownTries int           // sendings of a part of which nobody knows whether any was taken; 3
}

func (t Timing) filled() Timing {
	d := func(v *time.Duration, or time.Duration) {
		if *v <= 0 {
			*v = or
		}
	}
	d(&t.Resolve, 2*time.Minute)
	d(&t.SendTimeout, 30*time.Second)
	d(&t.GiveUp, 72*time.Hour)
	d(&t.Park, time.Hour)
	d(&t.FetchAgain, time.Minute)
	d(&t.MessageKept, 30*24*time.Hour)
	d(&t.CaseKept, 90*24*time.Hour)
	d(&t.LateSilence, 6*time.Hour)
	d(&t.LateReminder, 24*time.Hour)
	d(&t.Poll, 30*time.Second)
	d(&t.TimerPause, 50*time.Millisecond)
	if t.TimerBatch <= 0 {
		t.TimerBatch = 64
	}
	if t.SendsAtOnce <= 0 {
		t.SendsAtOnce = 32
	}
	if t.UnknownTries <= 0 {
		t.UnknownTries = 3
	}
	return t
}

// Figures count what happened since the start. Each may be read at any time.
type Figures struct {
	Messages                                                          atomic.Int64 // of people, each counted when it is kept
	Turns, Duplicates, Conflicts, Unknown, Panics, SetAside, Replaced atomic.Int64
	Sent, Retried, Parked, Dropped, Dead                              atomic.Int64
	OutboxUnknown                                                     atomic.Int64 // parts sent again though the first may have been taken
	Timers, LateTimers, Fetches, FetchesFailed, Notices               atomic.Int64
	Busy                                                              atomic.Int64 // batches refused with ErrBusy
	Paced                                                             atomic.Int64 // times that a part waited for the pace of its channel
	Typing, TypingSkipped                                             atomic.Int64
	Alerts                                                            atomic.Int64
	SweptFields, SweptMessages, SweptEntries, SweptItems              atomic.Int64
	ClockJumps, SweepsHeld                                            atomic.Int64
	HeldMessages, HeldReplies, FreezeNotices                          atomic.Int64 // of freezes
}

// Runner runs conversations. New makes one, Run runs it; Receive, Reply and Done may be called meanwhile.
type Runner struct {
	Figures Figures

	config  Config
	timing  Timing
	log     *slog.Logger
	group   *store.Group
	shards  []*shard
	sender  *sender
	timers  *timers
	outside *outside
	sweeper *sweeper
	watch   *watch
	// confirmed hears of ConfirmClock while timers wait for it at the start.
	confirmed chan struct{}
	refs      references
	intake    intake
	troubles  troubles
	stopped   chan struct{} // closed when Run has returned
	halting   atomic.Bool
	passed    atomic.Int64 // turns that took a name from whoever had it
}

// New returns a runner that does nothing yet.
func New(config Config) *Runner {
	if config.Shards <= 0 {
		config.Shards = 16
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.IntakeEvents <= 0 {
		config.IntakeEvents = 4096
	}
	if config.IntakeBytes <= 0 {
		config.IntakeBytes = 64 << 20
	}
	r := &Runner{config: config, timing: config.Timing.filled(), log: config.Log, stopped: make(chan struct{}), confirmed: make(chan struct{})}
	r.group = store.NewGroup(config.Store, config.Group, config.Keys.Sync)
	for range config.Shards {
		r.shards = append(r.shards, newShard(r))
	}
	r.sender, r.timers, r.outside, r.sweeper = newSender(r), newTimers(r), newOutside(r), newSweeper(r)
	r.watch = newWatch(config.Clock, r.doubtful)
	return r
}

// Run runs until ctx ends; what was taken by then is committed first. It returns an error when the store cannot go
// on. It is called once.
func (r *Runner) Run(ctx context.Context) error {
	defer close(r.stopped)
	if err := r.replayErasures(ctx); err != nil {
		if ctx.Err() != nil { // it was ended before it began
			return nil
		}
		return err
	}
	// Commits go on until everything that commits has ended.
	commits, commitsCtx := errgroup.WithContext(context.WithoutCancel(ctx))
	commitsCtx, stopCommits := context.WithCancel(commitsCtx)
	defer stopCommits()
	working, halt := context.WithCancel(ctx)
	defer halt()
	commits.Go(func() error {
		defer halt()
		return r.group.Run(commitsCtx)
	})
	work, workCtx := errgroup.WithContext(working)
	for _, s := range r.shards {
		work.Go(func() error { return s.run(workCtx) })
	}
	if !r.config.Idle {
		if !r.config.Mute {
			work.Go(func() error { return r.sender.run(workCtx) })
		}
		work.Go(func() error { return r.timers.run(workCtx) })
		work.Go(func() error { return r.outside.run(workCtx) })
		work.Go(func() error { return r.sweeper.run(workCtx) })
	}
	work.Go(func() error {
		<-workCtx.Done()
		r.halting.Store(true)
		return nil
	})
	err := work.Wait()
	stopCommits()
	return errors.Join(err, commits.Wait())
}

// replayErasures destroys the keys of contacts whose erasure was committed by a process that died before it
// could do so.
func (r *Runner) replayErasures(ctx context.Context) error {
	erased, err := r.config.Store.Tombstones(ctx, time.Time{})
	if errors.Is(err, store.ErrDamaged) { // of the others all is known, and people want to be served
		r.log.Error("an erasure cannot be read, so it is not known whether the keys of a contact are destroyed; the backup and the keys know of it too", "error", err)
		r.alert(Alert{Code: "erasure-unreadable", Severity: Warning, At: r.now()})
	} else if err != nil {
		return err
	}
	for _, e := range erased {
		if err := r.config.Keys.Erase("", e); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) now() time.Time { return r.watch.now() }

func (r *Runner) epoch(key store.Key) uint64 {
	if r.config.Epoch == nil {
		return 0
	}
	return r.config.Epoch(key.Partition())
}

// wait waits for d; false when ctx ended first.
func (r *Runner) wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-r.config.Clock.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// reopens waits a moment for the store to be opened again, and asks for it; false when ctx ended first.
func (r *Runner) reopens(ctx context.Context) bool {
	r.group.Reopen()
	return r.wait(ctx, reopenPause)
}

// shardOf is where the contact's events are stepped.
func (r *Runner) shardOf(key store.Key) *shard {
	return r.shards[(int(key[0])<<8|int(key[1]))%len(r.shards)]
}

// jitter is d, up to a fifth more.
func (r *Runner) jitter(d time.Duration) time.Duration {
	return d + time.Duration(r.config.Random()%uint64(d/5+1))
}
