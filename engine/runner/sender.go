package runner

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"baraza/engine/keys"
	"baraza/engine/store"
)

// Codes of waiting messages that are ours; the provider's are positive.
const (
	codeSending = -1 // handed to the provider, and nobody knows yet what became of it
	codeParked  = -2 // waits for the person's next message
)

// CodeSending and CodeParked are the same for those who list what waits.
const (
	CodeSending = codeSending
	CodeParked  = codeParked
)

// pauseOfRounds is between two looks at a queue that is longer than one look, or at an account that is full.
const pauseOfRounds = 10 * time.Millisecond

// triesOfMedia is how often a part whose file was not taken is sent.
const triesOfMedia = 3

// sender sends the first waiting part of each contact, so a person's parts leave in order while others go on.
// Before a part is handed over that is written down: should nobody come back, its second sending is known to be
// one, and waits for the provider's echo of our name first.
type sender struct {
	r     *Runner
	woken chan struct{}

	mu     sync.Mutex
	busy   map[store.Key]bool
	active map[string]int          // by sender
	paused map[string]time.Time    // by sender: nothing goes until then
	nudges map[string]time.Time    // by sender: nothing that nobody asked for goes until then
	slowed map[string]time.Time    // by sender: its pace refused a part a moment ago
	paced  map[store.Key]time.Time // whose next part waits for the pace. It is kept here alone: a restart forgets it
	back   map[store.Key]bool      // came back while a part of theirs was under way
	// stuck are those whose first part waits because the provider calls the window closed, which may be open by our clock,
	// because a template is not to be used, or because nothing unasked may go; and until when that is of use. It is kept
	// here alone: after a restart it is known when the part is tried again.
	stuck  map[store.Key]time.Time
	after  store.Message       // where the next round goes on, when one does not see all
	mended time.Time           // when rows of the queue were last taken out
	told   map[store.Hash]bool // names that are somebody else's, reported already
}

func newSender(r *Runner) *sender {
	return &sender{r: r, woken: make(chan struct{}, 1), busy: map[store.Key]bool{}, active: map[string]int{},
		paused: map[string]time.Time{}, nudges: map[string]time.Time{}, slowed: map[string]time.Time{},
		paced: map[store.Key]time.Time{}, back: map[store.Key]bool{}, stuck: map[store.Key]time.Time{}, told: map[store.Hash]bool{}}
}

func (s *sender) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Resume lets a sender send again that stopped because of its token, its account or a restriction. That it stopped is
// not kept: after a restart one part is tried, and stops it again where nothing has changed.
func (r *Runner) Resume(from Sender) {
	r.sender.mu.Lock()
	delete(r.sender.paused, from.String())
	delete(r.sender.nudges, from.String())
	r.sender.mu.Unlock()
	r.sender.wake()
}

// Stopped lists the senders that hold back now, and until when.
func (r *Runner) Stopped() map[string]time.Time {
	r.sender.mu.Lock()
	defer r.sender.mu.Unlock()
	held := map[string]time.Time{}
	for name, until := range r.sender.paused {
		if until.After(r.now()) {
			held[name] = until
		}
	}
	return held
}

func (s *sender) run(ctx context.Context) error {
	var sends errgroup.Group
	for {
		now := s.r.now()
		next, err := s.round(ctx, &sends, now)
		if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrUnknown) {
			s.r.log.Error("the outbox could not be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return sends.Wait()
		case <-s.woken:
		case <-s.r.config.Clock.After(max(next.Sub(now), time.Millisecond)):
		}
	}
}

// round starts what may go, and says when to look again. Of a long queue it looks at a part, and the next round goes
// on behind it.
func (s *sender) round(ctx context.Context, sends *errgroup.Group, now time.Time) (time.Time, error) {
	const page, pages = 256, 8
	horizon := now.Add(s.r.timing.Poll)
	next := horizon
	s.forget(now)
	if s.after.ID != 0 { // those before it have their turn soon
		next = now.Add(pauseOfRounds)
	}
	q := store.OutboxQuery{Of: store.All, State: store.Waiting, Until: horizon, Limit: page, After: s.after}
	for range pages {
		s.after = store.Message{}
		heads, err := s.r.config.Store.Outbox(ctx, q)
		var damaged *store.DamagedError
		if errors.As(err, &damaged) {
			s.bury(ctx, sends, damaged)
		} else if err != nil {
			return now.Add(time.Second), err
		}
		for _, m := range heads {
			if m.Ready.After(now) {
				return minTime(next, m.Ready), nil
			}
			if free := s.take(m, now); free.IsZero() {
				sends.Go(func() error {
					defer s.free(m)
					s.send(ctx, m)
					return nil
				})
			} else {
				next = minTime(next, free)
			}
		}
		if len(heads) < page {
			return next, nil
		}
		q.After = heads[len(heads)-1]
	}
	s.after = store.Message{ID: q.After.ID, Ready: q.After.Ready}
	return minTime(next, now.Add(pauseOfRounds)), nil
}

// bury removes a message that cannot be read, for it would hold up all behind it.
func (s *sender) bury(ctx context.Context, sends *errgroup.Group, damaged *store.DamagedError) {
	if damaged.ID == 0 {
		return
	}
	if damaged.Key == (store.Key{}) {
		s.mend(ctx, sends)
		return
	}
	sends.Go(func() error {
		j := &job{key: damaged.Key, origin: inside, change: func(d *draft) error {
			d.turn.Settle = append(d.turn.Settle, store.Settlement{ID: damaged.ID, State: store.Gone})
			d.report("message-unreadable", "")
			return nil
		}}
		_ = s.r.do(ctx, j)
		return nil
	})
}

// mend has the store take rows out of its queue that lead to no message: its next commit does, and there may be none for
// hours. Nothing is woken by it, so that rows that cannot be taken out either cost a commit each time that the queue is
// looked at anyway, and no more.
func (s *sender) mend(ctx context.Context, sends *errgroup.Group) {
	r, now := s.r, s.r.now()
	if now.Sub(s.mended).Abs() < r.timing.Poll {
		return
	}
	s.mended = now
	r.tell("queue-damaged", Warning)
	sends.Go(func() error {
		_, err := r.group.Submit(context.WithoutCancel(ctx), store.Turn{Expect: store.Any, At: now})
		if err != nil {
			r.log.Error("the queue could not be mended", "error", err)
		}
		return nil
	})
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// take marks the contact busy; else it says when to look again. What is busy or full wakes the sender when it ends.
func (s *sender) take(m store.Message, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.paused[m.Channel]
	if n := s.nudges[m.Channel]; n.After(until) && (m.Class == Nudge || m.Class == Template) {
		until = n
		s.stuck[m.Key] = n.Add(25 * time.Hour)
	}
	if p := s.paced[m.Key]; p.After(until) {
		until = p
	}
	if p := s.slowed[m.Channel]; p.After(until) {
		until = p
	}
	switch {
	case until.After(now):
		return until
	case s.busy[m.Key] || s.active[m.Channel] >= s.r.timing.SendsAtOnce:
		return now.Add(s.r.timing.Poll)
	}
	s.busy[m.Key] = true
	s.active[m.Channel]++
	return time.Time{}
}

func (s *sender) free(m store.Message) {
	s.mu.Lock()
	back := s.back[m.Key]
	delete(s.busy, m.Key)
	delete(s.back, m.Key)
	if s.active[m.Channel]--; s.active[m.Channel] <= 0 {
		delete(s.active, m.Channel)
	}
	s.mu.Unlock()
	if back {
		r := s.r
		r.outside.start(func(ctx context.Context) {
			_ = r.do(ctx, &job{key: m.Key, origin: inside, change: (*draft).returned}) // else it goes when its wait is over
		})
	}
	s.wake()
}

// send tries one part once.
func (s *sender) send(ctx context.Context, m store.Message) {
	r := s.r
	from, ok := ParseSender(m.Channel)
	channel := r.config.Channels[from.Channel]
	if !ok || channel == nil {
		s.settle(ctx, m, verdict{state: store.Dead, report: "no channel"}, Result{})
		return
	}
	if r.holds(&m) {
		s.holdBack(ctx, m)
		return
	}
	plain, err := r.config.Keys.Open(from.Pack, m.Key, keys.Message, m.Sealed)
	var d delivery
	if err == nil {
		d, err = readDelivery(plain)
	}
	if errors.Is(err, ErrUnreadable) || errors.Is(err, errWire) {
		s.settle(ctx, m, verdict{state: store.Dead, report: "unreadable"}, Result{})
		return
	}
	if err != nil {
		r.log.Error("a part could not be opened", "message", m.ID, "error", err)
		s.settle(ctx, m, verdict{state: store.Waiting, ready: r.now().Add(r.backoff(m.Tries)), code: m.Code}, Result{})
		return
	}
	v, err := s.mayGo(ctx, m, &d, channel)
	if err != nil {
		r.log.Error("it is not known whether a part may go", "message", m.ID, "error", err)
		s.settle(ctx, m, verdict{state: store.Waiting, ready: r.now().Add(r.backoff(m.Tries)), code: m.Code}, Result{})
		return
	}
	if v != nil {
		s.settle(ctx, m, *v, Result{})
		return
	}
	if s.waits(channel, from, m.Key, d.to) || !s.mark(ctx, m) {
		return
	}
	if r.holds(&m) { // frozen while it was being written down
		s.holdBack(ctx, m)
		return
	}
	if m.Code == codeSending {
		r.Figures.OutboxUnknown.Add(1)
	}
	result := s.try(ctx, channel, Delivery{ID: partID(m.ID, m.Key), Pack: from.Pack, Account: from.Account, To: d.to, Part: d.part, ReplyTo: d.replyTo})
	m.Code = codeSending
	m.Tries++
	s.settle(ctx, m, s.plan(m, result, r.now()), result)
	s.learn(ctx, from, m.Key, d.to, result.Known)
}

// try sends; a channel that panics may have sent.
func (s *sender) try(ctx context.Context, c Channel, d Delivery) (result Result) {
	defer func() {
		if recover() != nil {
			s.r.Figures.Panics.Add(1)
			result = Result{Class: UnknownOutcome}
		}
	}()
	// A send under way is finished when the runner stops; it ends by its own time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.r.timing.SendTimeout)
	defer cancel()
	return c.Send(ctx, d)
}

// mayGo looks at what changed since the part was written: an opt-out, an erasure, the window. nil: it may.
func (s *sender) mayGo(ctx context.Context, m store.Message, d *delivery, c Channel) (*verdict, error) {
	r, now := s.r, s.r.now()
	unasked := m.Class == Nudge || m.Class == Template
	closes := c.WindowCloses(d.last)
	closed := !d.part.Anytime && !closes.IsZero() && !now.Before(closes)
	if !unasked && !closed {
		return nil, nil
	}
	contact, err := r.loadContact(ctx, m.Key)
	if err != nil {
		return nil, err
	}
	var p person
	if contact.Session != nil {
		if p, err = r.openPerson(contact); err != nil && !errors.Is(err, ErrUnreadable) {
			return nil, err
		}
	}
	if unasked {
		suppressed := p.session.Contact.OptedOut
		from, _ := ParseSender(m.Channel)
		for _, id := range d.to {
			owner, err := r.config.Store.Find(ctx, r.identityHash(from.Pack, id))
			if err != nil {
				return nil, err
			}
			suppressed = suppressed || owner.Suppressed
		}
		if suppressed {
			return &verdict{state: store.Gone, report: "opted out"}, nil
		}
	}
	if closed {
		closes = c.WindowCloses(p.last)
		closed = closes.IsZero() || !now.Before(closes)
	}
	switch {
	case closed && m.Class == Nudge:
		return &verdict{state: store.Gone, report: "window closed"}, nil
	case closed:
		r.Figures.Parked.Add(1)
		return &verdict{state: store.Waiting, ready: now.Add(r.timing.Park), code: codeParked}, nil
	}
	return nil, nil
}

// mark writes down that the part is handed over. False when it must not be: it is gone, or somebody else's.
func (s *sender) mark(ctx context.Context, m store.Message) bool {
	r := s.r
	from, _ := ParseSender(m.Channel)
	_, err := s.submit(ctx, from.Pack, store.Turn{Key: m.Key, Expect: store.Any, Lease: r.epoch(m.Key), At: r.now(),
		Settle: []store.Settlement{{ID: m.ID, State: store.Waiting, Code: codeSending, Ready: r.now().Add(r.timing.Resolve)}}})
	if err != nil {
		return false
	}
	// An erasure may have come in between, or the echo of an earlier sending.
	now, err := r.config.Store.Message(ctx, m.ID)
	return err == nil && now.State == store.Waiting && now.Code == codeSending
}

// submit commits a turn that only settles, which can be repeated, until it is known to be kept or ctx ends.
func (s *sender) submit(ctx context.Context, pack string, t store.Turn) (store.Result, error) {
	for tries := 1; ; tries++ {
		result, err := s.r.group.Submit(context.WithoutCancel(ctx), t)
		switch {
		case err == nil && result.Outcome == store.Committed:
			return result, nil
		case err == nil && result.Outcome == store.Damaged:
			return result, s.anew(ctx, pack, t)
		case err == nil:
			return result, errors.New("a settlement came back " + result.Outcome.String())
		case errors.Is(err, store.ErrClosed):
			return result, err
		}
		s.r.trouble(err)
		if !s.r.wait(ctx, s.r.jitter(min(reopenPause<<min(tries, 8), 5*time.Second))) {
			return result, err
		}
	}
}

// anew settles a part of a contact that cannot be read: the conversation begins anew in the same turn, for else
// nothing of the person's could leave any more.
func (s *sender) anew(ctx context.Context, pack string, t store.Turn) error {
	return s.r.do(context.WithoutCancel(ctx), &job{key: t.Key, pack: pack, origin: inside, change: func(d *draft) error {
		d.turn.Settle = append(d.turn.Settle, t.Settle...)
		return nil
	}})
}

// settle writes down what became of the part, and holds the sender back where the result says so.
func (s *sender) settle(ctx context.Context, m store.Message, v verdict, result Result) {
	r := s.r
	stops := s.hold(m.Channel, result)
	from, _ := ParseSender(m.Channel)
	if a := suspended(result, stops); a.Code != "" {
		a.Pack, a.Channel, a.Account, a.At = from.Pack, from.Channel, from.Account, r.now()
		r.alert(a)
	}
	r.count(v.state)
	if v.state == store.Waiting && (result.Class == OutsideWindow || result.Class == TemplateUnusable) {
		s.sticks(m.Key)
	}
	news := store.Settlement{ID: m.ID, State: v.state, Ready: v.ready, Code: v.code}
	if result.ProviderID != "" {
		news.Provider = r.config.Keys.Hash(from.Pack, keys.ForProvider, from.Channel, result.ProviderID)
		sealed, err := r.config.Keys.Seal(from.Pack, m.Key, keys.ProviderID, []byte(result.ProviderID))
		if err != nil {
			r.log.Error("a provider's id could not be sealed", "message", m.ID, "error", err)
		}
		news.SealedID = sealed
	}
	if v.report == "" {
		if _, err := s.submit(ctx, from.Pack, store.Turn{Key: m.Key, Expect: store.Any, Lease: r.epoch(m.Key), At: r.now(),
			Settle: []store.Settlement{news}}); err != nil {
			r.log.Error("it was not kept what became of a part", "message", m.ID, "state", int(v.state), "error", err)
		}
		return
	}
	code := reportOf(v.state)
	r.log.Warn("a part does not go", "contact", m.Key, "message", m.ID, "code", code, "why", v.report, "provider-code", v.code)
	j := &job{key: m.Key, pack: from.Pack, origin: inside, change: func(d *draft) error {
		if _, err := r.config.Store.Message(d.ctx, m.ID); errors.Is(err, store.ErrNotFound) {
			return errSkip // erased meanwhile: nothing may begin anew of it
		}
		d.turn.Settle = append(d.turn.Settle, news)
		d.report(code, v.report+" "+strconv.Itoa(v.code))
		if a := alertOf(v, result, stops); a.Code != "" {
			a.Channel, a.Account = from.Channel, from.Account
			d.alert(a)
		}
		if result.Class == Stopped {
			return d.preference(true)
		}
		return nil
	}}
	err := r.do(context.WithoutCancel(ctx), j)
	if err != nil { // the conversation cannot be written to, or the runner stops: at least the part is settled
		_, err = s.submit(ctx, from.Pack, store.Turn{Key: m.Key, Expect: store.Any, Lease: r.epoch(m.Key), At: r.now(), Settle: []store.Settlement{news}})
	}
	if err != nil {
		r.log.Error("it was not kept what became of a part", "message", m.ID, "state", int(v.state), "error", err)
	}
}
