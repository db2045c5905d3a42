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
	active map[string]int       // by sender
	paused map[string]time.Time // by sender: nothing goes until then
	nudges map[string]time.Time // by sender: nothing that nobody asked for goes until then
}

func newSender(r *Runner) *sender {
	return &sender{r: r, woken: make(chan struct{}, 1), busy: map[store.Key]bool{}, active: map[string]int{},
		paused: map[string]time.Time{}, nudges: map[string]time.Time{}}
}

func (s *sender) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Resume lets a sender send again that stopped because of its token, its account or a restriction.
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

// round starts what may go, and says when to look again.
func (s *sender) round(ctx context.Context, sends *errgroup.Group, now time.Time) (time.Time, error) {
	const page = 256
	horizon := now.Add(s.r.timing.Poll)
	next := horizon
	q := store.OutboxQuery{Of: store.All, State: store.Waiting, Until: horizon, Limit: page}
	for {
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
}

// bury removes a message that cannot be read, for it would hold up all behind it.
func (s *sender) bury(ctx context.Context, sends *errgroup.Group, damaged *store.DamagedError) {
	if damaged.ID == 0 {
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
	delete(s.busy, m.Key)
	if s.active[m.Channel]--; s.active[m.Channel] <= 0 {
		delete(s.active, m.Channel)
	}
	s.mu.Unlock()
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
	if !s.mark(ctx, m) {
		return
	}
	if m.Code == codeSending {
		r.Figures.OutboxUnknown.Add(1)
	}
	result := s.try(ctx, channel, Delivery{ID: partID(m.ID, m.Key), Pack: from.Pack, Account: from.Account, To: d.to, Part: d.part, ReplyTo: d.replyTo})
	m.Code = codeSending
	m.Tries++
	s.settle(ctx, m, s.plan(m, result, r.now()), result)
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
	_, err := s.submit(ctx, store.Turn{Key: m.Key, Expect: store.Any, Lease: r.epoch(m.Key), At: r.now(),
		Settle: []store.Settlement{{ID: m.ID, State: store.Waiting, Code: codeSending, Ready: r.now().Add(r.timing.Resolve)}}})
	if err != nil {
		return false
	}
	// An erasure may have come in between, or the echo of an earlier sending.
	now, err := r.config.Store.Message(ctx, m.ID)
	return err == nil && now.State == store.Waiting && now.Code == codeSending
}

// submit commits a turn that only settles, which can be repeated, until it is known to be kept or ctx ends.
func (s *sender) submit(ctx context.Context, t store.Turn) (store.Result, error) {
	for tries := 1; ; tries++ {
		result, err := s.r.group.Submit(context.WithoutCancel(ctx), t)
		switch {
		case err == nil && result.Outcome == store.Committed:
			return result, nil
		case err == nil:
			return result, errors.New("a settlement came back " + result.Outcome.String())
		case errors.Is(err, store.ErrClosed):
			return result, err
		}
		if !s.r.wait(ctx, s.r.jitter(min(reopenPause<<min(tries, 8), 5*time.Second))) {
			return result, err
		}
	}
}

// verdict is what becomes of a part.
type verdict struct {
	state  store.State
	ready  time.Time
	code   int
	report string // what an operator should see; "" for nothing
}

// plan says what a result means for the part.
func (s *sender) plan(m store.Message, result Result, now time.Time) verdict {
	r := s.r
	sent := (m.Tries + 1) / 2 // each sending is settled as waiting twice: when it is handed over and when it failed
	again := func(wait time.Duration) verdict {
		if now.Sub(m.At) > r.timing.GiveUp || result.Tries > 0 && sent >= result.Tries {
			return verdict{state: store.Dead, code: result.Code, report: result.Class.String()}
		}
		return verdict{state: store.Waiting, ready: now.Add(max(wait, result.RetryAfter)), code: max(result.Code, 0)}
	}
	dead := verdict{state: store.Dead, code: result.Code, report: result.Class.String()}
	switch result.Class {
	case Accepted:
		return verdict{state: store.Accepted}
	case UnknownOutcome, NoClass:
		// Once or twice more, after the time in which the provider would have echoed our name.
		v := again(r.timing.Resolve)
		if v.state == store.Waiting && sent >= r.timing.UnknownTries {
			return dead
		}
		if v.state == store.Waiting {
			v.code = codeSending
		}
		return v
	case Retry, PairThrottled, SenderThrottled, Suspended:
		return again(r.backoff(sent))
	case OutsideWindow:
		if m.Class == Nudge {
			return verdict{state: store.Gone, report: "window closed"}
		}
		return verdict{state: store.Waiting, ready: now.Add(r.timing.Park), code: codeParked}
	case TemplateUnusable:
		v := again(r.timing.Park)
		v.report = result.Class.String()
		return v
	case MediaUnusable:
		if sent >= triesOfMedia {
			return dead
		}
		return again(r.backoff(sent))
	case Unauthorized, AccountBlocked, Restricted: // kept until an operator has acted
		return verdict{state: store.Waiting, ready: now, code: result.Code, report: result.Class.String()}
	}
	return dead // Unreachable, Stopped, PersonChanged, RequestBug
}

// settle writes down what became of the part, and holds the sender back where the result says so.
func (s *sender) settle(ctx context.Context, m store.Message, v verdict, result Result) {
	r := s.r
	s.hold(m.Channel, result)
	switch v.state {
	case store.Accepted:
		r.Figures.Sent.Add(1)
	case store.Waiting:
		r.Figures.Retried.Add(1)
	case store.Dead:
		r.Figures.Dead.Add(1)
	case store.Gone:
		r.Figures.Dropped.Add(1)
	}
	news := store.Settlement{ID: m.ID, State: v.state, Ready: v.ready, Code: v.code}
	from, _ := ParseSender(m.Channel)
	if result.ProviderID != "" {
		news.Provider = r.config.Keys.Hash(from.Pack, keys.ForProvider, from.Channel, result.ProviderID)
		sealed, err := r.config.Keys.Seal(from.Pack, m.Key, keys.ProviderID, []byte(result.ProviderID))
		if err != nil {
			r.log.Error("a provider's id could not be sealed", "message", m.ID, "error", err)
		}
		news.SealedID = sealed
	}
	if v.report == "" {
		if _, err := s.submit(ctx, store.Turn{Key: m.Key, Expect: store.Any, Lease: r.epoch(m.Key), At: r.now(),
			Settle: []store.Settlement{news}}); err != nil {
			r.log.Error("it was not kept what became of a part", "message", m.ID, "state", int(v.state), "error", err)
		}
		return
	}
	code := map[store.State]string{store.Dead: "dead-letter", store.Gone: "nudge-dropped"}[v.state]
	if code == "" {
		code = "not-sent"
	}
	r.log.Warn("a part does not go", "contact", m.Key, "message", m.ID, "code", code, "why", v.report, "provider-code", v.code)
	j := &job{key: m.Key, pack: from.Pack, origin: inside, change: func(d *draft) error {
		d.turn.Settle = append(d.turn.Settle, news)
		d.report(code, v.report+" "+strconv.Itoa(v.code))
		if result.Class == Stopped {
			return d.preference(true)
		}
		return nil
	}}
	err := r.do(context.WithoutCancel(ctx), j)
	if err != nil { // the conversation cannot be written to, or the runner stops: at least the part is settled
		_, err = s.submit(ctx, store.Turn{Key: m.Key, Expect: store.Any, Lease: r.epoch(m.Key), At: r.now(), Settle: []store.Settlement{news}})
	}
	if err != nil {
		r.log.Error("it was not kept what became of a part", "message", m.ID, "state", int(v.state), "error", err)
	}
}

// hold keeps the sender, or its unasked messages, back.
func (s *sender) hold(name string, result Result) {
	now := s.r.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch result.Class {
	case SenderThrottled:
		s.paused[name] = now.Add(max(result.RetryAfter, time.Second))
	case Suspended:
		s.nudges[name] = now.Add(max(result.RetryAfter, time.Hour))
	case Unauthorized, AccountBlocked, Restricted:
		s.paused[name] = now.AddDate(100, 0, 0)
	}
}
