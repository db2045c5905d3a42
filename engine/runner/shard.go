package runner

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"baraza/engine/store"
)

const (
	triesOfConflict = 8 // a turn that never meets the revision it was stepped from is refused then
	triesOfPanic    = 3 // then the event is set aside

	plainKept = 64 << 10 // what is longer is not kept for the next
)

// talk is a contact as its shard sees it while turns of it are under way: as it will be after them. When none is left
// it is remembered for a while (rested).
//
// Stepping ahead relies on there being no other writer of its partition (a lease where there are several processes):
// one that made just as many turns as one of ours lost would go unnoticed by the next of ours. Erasures by operators
// are no such writer, for they begin the revisions anew.
type talk struct {
	key        store.Key
	pack       string
	revision   uint64 // after the turns under way
	fresh      bool   // nothing kept, or nothing that can be read
	replaces   bool   // what is kept cannot be read: the next turn replaces it
	person     person
	identities map[store.Hash]bool
	passed     int64     // Runner.passed when it was read
	until      time.Time // a field is past its date then, and the contact to be read anew; zero: none has one

	flying  []*job // handed over, in order
	again   []*job // came back and have to be stepped anew, in order
	waiting []*job // wait for those under way
	stale   bool   // a turn under way did not apply, so later ones were stepped from what never was
	holds   bool   // the next event needs what is under way in the store first
	refused error  // what is under way and waits is refused with it
}

// shard steps the events of its contacts, one at a time. Only its goroutine touches talks.
type shard struct {
	r     *Runner
	in    chan []*job // of one contact, in order
	wake  chan struct{}
	ended chan struct{} // closed when nothing is taken any more
	talks map[store.Key]*talk
	rests rested
	plain []byte // of draft.plain

	mu   sync.Mutex
	told []outcome // what the group said, in its order
	room []outcome // for what it says next
}

type outcome struct {
	t      *talk
	j      *job
	d      *draft
	result store.Result
	err    error
}

func newShard(r *Runner) *shard {
	return &shard{r: r, in: make(chan []*job, 256), wake: make(chan struct{}, 1), ended: make(chan struct{}), talks: map[store.Key]*talk{}}
}

func (s *shard) run(ctx context.Context) error {
	for {
		select {
		case jobs := <-s.in:
			s.take(ctx, jobs)
		case <-s.wake:
			s.settle(ctx)
		case <-ctx.Done():
			s.wind(ctx)
			return nil
		}
	}
}

// wind waits for what is under way, and turns the rest away.
func (s *shard) wind(ctx context.Context) {
	for len(s.talks) > 0 {
		<-s.wake
		s.settle(ctx)
	}
	close(s.ended)
	s.turnAway()
}

// turnAway tells those who still wait that nobody takes them any more.
func (s *shard) turnAway() {
	for {
		select {
		case jobs := <-s.in:
			finishAll(jobs, ErrStopped)
		default:
			return
		}
	}
}

func (s *shard) take(ctx context.Context, jobs []*job) {
	key := jobs[0].key
	t := s.talks[key]
	if t == nil {
		if t = s.rests.take(key, s.r.passed.Load(), s.r.now()); t == nil {
			t = &talk{key: key, stale: true}
		}
		s.talks[key] = t
	}
	t.waiting = append(t.waiting, jobs...)
	s.work(ctx, t)
}

// work steps what waits, as far as it can without what is under way.
func (s *shard) work(ctx context.Context, t *talk) {
	for len(t.waiting) > 0 && !(t.stale || t.holds) || len(t.waiting) > 0 && len(t.flying) == 0 {
		j := t.waiting[0]
		if ctx.Err() != nil {
			t.waiting = t.waiting[1:]
			j.finish(ErrStopped)
			continue
		}
		if t.stale {
			if err := s.load(ctx, t); err != nil {
				s.r.trouble(err)
				finishAll(t.waiting, err)
				t.waiting = nil
				break
			}
		}
		t.holds = false
		d, err := s.build(ctx, t, j)
		if errors.Is(err, errHold) {
			t.holds = true
			if len(t.flying) > 0 {
				return
			}
			continue // it holds for nothing: the next round builds it with the store at rest
		}
		t.waiting = t.waiting[1:]
		if err != nil {
			s.r.trouble(err)
			j.finish(err)
			continue
		}
		if d == nil { // nothing to commit
			j.finish(nil)
			continue
		}
		s.commit(ctx, t, j, d)
	}
	if len(t.flying) == 0 && len(t.waiting) == 0 {
		delete(s.talks, t.key)
		if !t.stale && !t.holds && !t.fresh && !t.replaces {
			s.rests.keep(t)
		}
	}
}

// commit hands the turn over, and goes on as if it had been kept.
func (s *shard) commit(ctx context.Context, t *talk, j *job, d *draft) {
	tell := func(result store.Result, err error) {
		s.mu.Lock()
		s.told = append(s.told, outcome{t, j, d, result, err})
		s.mu.Unlock()
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	if err := s.r.group.Go(ctx, d.turn, tell); err != nil {
		d.release()
		t.stale = true
		j.finish(ErrStopped)
		return
	}
	t.flying = append(t.flying, j)
	if d.stepped {
		t.person, t.pack, t.fresh, t.replaces = d.person, d.pack, false, false
		t.revision++
	}
	t.dated(d.turn.Fields)
	for _, i := range d.turn.Identities {
		t.identities[i.Hash] = !i.Drop
	}
	// What begins anew is read anew: keys and revisions are others then.
	if d.turn.Erase != nil || d.turn.Expect == store.Any && d.stepped {
		t.holds, t.stale = true, true
	}
}

// settle takes what the group said.
func (s *shard) settle(ctx context.Context) {
	s.mu.Lock()
	told := s.told
	s.told, s.room = s.room, nil
	s.mu.Unlock()
	for i := range told {
		o := &told[i]
		s.settled(ctx, o)
		t := o.t
		if len(t.flying) == 0 {
			t.waiting = append(t.again, t.waiting...)
			if t.refused != nil {
				finishAll(t.waiting, t.refused)
				t.waiting = nil
			}
			t.again, t.holds, t.refused = nil, false, nil
		}
		s.work(ctx, t)
	}
	clear(told)
	s.mu.Lock()
	s.room = told[:0]
	s.mu.Unlock()
}

func (s *shard) settled(ctx context.Context, o *outcome) {
	t, j := o.t, o.j
	t.flying = t.flying[1:]
	o.d.release()
	s.r.trouble(o.err)
	switch {
	case o.err == nil && o.result.Outcome == store.Committed:
		s.r.Figures.Turns.Add(1)
		if j.origin == fromPerson {
			s.r.Figures.Messages.Add(1)
		}
		if slices.ContainsFunc(o.d.turn.Identities, func(i store.Identity) bool { return i.Take }) {
			s.r.passed.Add(1)
		}
		j.finish(o.d.committed(o.result))
	case o.err == nil && o.result.Outcome == store.Duplicate:
		s.r.Figures.Duplicates.Add(1)
		t.stale = true
		// It may be a turn of ours whose commit nobody knew about: what follows from it is in the store.
		s.r.sender.wake()
		s.r.timers.wake()
		j.finish(nil)
	case o.err == nil && o.result.Outcome == store.Fenced:
		t.stale = true
		j.finish(ErrFenced)
	case t.refused != nil:
		j.finish(t.refused)
	case o.err == nil: // Conflict, Damaged
		s.r.Figures.Conflicts.Add(1)
		// Those behind a turn that did not apply come back without a fault of theirs.
		if !t.stale {
			j.conflicts++
		}
		t.stale = true
		if j.conflicts > triesOfConflict {
			j.finish(errors.New("the turn never met the revision it was stepped from"))
			return
		}
		t.again = append(t.again, j)
	case errors.Is(o.err, store.ErrUnknown):
		s.r.Figures.Unknown.Add(1)
		t.stale = true
		if o.d.turn.Erase != nil {
			s.r.finishErasure(ctx, o.d)
		}
		t.again = append(t.again, j)
	default:
		// Those behind it are refused too: who gives them again gives them in their order.
		t.stale, t.refused = true, o.err
		j.finish(o.err)
	}
}

func finishAll(jobs []*job, err error) {
	for _, j := range jobs {
		j.finish(err)
	}
}

// load reads the contact as the store has it. While the store is being opened again it waits.
func (s *shard) load(ctx context.Context, t *talk) error {
	passed := s.r.passed.Load()
	c, err := s.r.loadContact(ctx, t.key)
	for errors.Is(err, store.ErrUnknown) {
		if !s.r.reopens(ctx) {
			return ErrStopped
		}
		c, err = s.r.loadContact(ctx, t.key)
	}
	damaged := errors.Is(err, store.ErrDamaged)
	if err != nil && !damaged {
		return err
	}
	*t = talk{key: t.key, flying: t.flying, again: t.again, waiting: t.waiting, identities: map[store.Hash]bool{}, passed: passed}
	t.dated(c.Fields)
	t.pack, t.revision, t.replaces, t.fresh = c.Pack, c.Revision, damaged, damaged || c.Session == nil
	for _, i := range c.Identities {
		t.identities[i.Hash] = true
	}
	if t.fresh {
		return nil
	}
	t.person, err = s.r.openPerson(c)
	if errors.Is(err, ErrUnreadable) || errors.Is(err, errWire) {
		t.person, t.replaces, t.fresh = person{}, true, true
		return nil
	}
	t.stale = err != nil // what was not read is not remembered
	return err
}
