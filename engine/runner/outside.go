package runner

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
)

const (
	outsideAtOnce  = 64
	triesOfFetch   = 3 // processes that may ask before the answer is that it failed
	triesOfNotice  = 20
	longestBackoff = 10 * time.Minute
	lightsAtOnce   = 8
	lightTime      = 5 * time.Second
)

// Fetcher asks another system. It retries what is worth it by itself.
type Fetcher interface {
	Fetch(context.Context, Question) (map[string]any, error)
}

// Question is a fetch.
type Question struct {
	Pack    string
	Service *program.Service
	Program *program.Program
	Args    []engine.Value
	// Key is the same however often the fetch is asked, and says nothing about the contact: a service that
	// changes something can know it again by it.
	Key string
}

// outside carries out what asks elsewhere: fetches and notices. It is told of them after the commit that wrote
// them down; a process that dies before they are done finds their timers. What waits for a service or a team that does not
// answer is in a lane of its own, so that it holds up nothing of other countries, and no alert.
type outside struct {
	r     *Runner
	woken chan struct{}

	mu     sync.Mutex
	lanes  map[string]*lane // that have something to do
	saying map[timerID]bool // notices that wait in a lane, or are being said

	lights atomic.Int64
}

type lane struct {
	queue   []func(context.Context)
	running int
}

func newOutside(r *Runner) *outside {
	return &outside{r: r, woken: make(chan struct{}, 1), lanes: map[string]*lane{}, saying: map[timerID]bool{}}
}

// start hands over to the lane of what has none of its own, and does not wait. An idle runner carries nothing out: the
// next one finds it.
func (o *outside) start(f func(context.Context)) { o.startIn("", f) }

func (o *outside) startIn(name string, f func(context.Context)) {
	if o.r.config.Idle {
		return
	}
	o.mu.Lock()
	l := o.lanes[name]
	if l == nil {
		l = &lane{}
		o.lanes[name] = l
	}
	l.queue = append(l.queue, f)
	o.mu.Unlock()
	o.wake()
}

func (o *outside) wake() {
	select {
	case o.woken <- struct{}{}:
	default:
	}
}

// light does what is nice to have: at once, for some seconds at most, or not at all.
func (o *outside) light(f func(context.Context)) {
	if o.r.config.Idle {
		return
	}
	if o.lights.Add(1) > lightsAtOnce {
		o.lights.Add(-1)
		o.r.Figures.TypingSkipped.Add(1)
		return
	}
	o.start(func(ctx context.Context) {
		defer o.lights.Add(-1)
		defer func() {
			if recover() != nil {
				o.r.Figures.Panics.Add(1)
			}
		}()
		ctx, cancel := context.WithTimeout(ctx, lightTime)
		defer cancel()
		f(ctx)
		o.r.Figures.Typing.Add(1)
	})
}

func (o *outside) run(ctx context.Context) error {
	var g errgroup.Group
	for {
		select {
		case <-ctx.Done():
			return g.Wait()
		case <-o.woken:
		}
		o.mu.Lock()
		for name, l := range o.lanes {
			for ; len(l.queue) > 0 && l.running < outsideAtOnce && ctx.Err() == nil; l.queue = l.queue[1:] {
				f := l.queue[0]
				l.running++
				g.Go(func() error {
					f(ctx)
					o.done(name, l)
					return nil
				})
			}
		}
		o.mu.Unlock()
	}
}

func (o *outside) done(name string, l *lane) {
	o.mu.Lock()
	l.running--
	if l.running == 0 && len(l.queue) == 0 {
		delete(o.lanes, name)
	}
	o.mu.Unlock()
	o.wake()
}

// says marks a notice as under way; false where it is already, as when its timer comes before its turn in the lane.
func (o *outside) says(id timerID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.saying[id] {
		return false
	}
	o.saying[id] = true
	return true
}

func (o *outside) said(id timerID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.saying, id)
}

// fetch writes the question down, to be asked after the commit.
func (d *draft) fetch(e *engine.Effect) {
	p := pending{number: e.Fetch, service: e.Name, args: e.Args, tries: 1}
	d.person.fetches = append(d.person.fetches, p)
	d.timer(fetchTimer|e.Fetch, d.now.Add(d.r.timing.FetchAgain), FetchTimer)
	d.ask(p)
}

func (d *draft) ask(p pending) {
	r, key, pack, on := d.r, d.t.key, d.pack, d.p
	d.after = append(d.after, func(store.Result) {
		r.outside.startIn("services of "+pack, func(ctx context.Context) { r.fetch(ctx, on, pack, key, p) })
	})
}

// fetch asks as the program says on which the conversation is, nil for what serves now, and whatever comes of it becomes
// an event.
func (r *Runner) fetch(ctx context.Context, on *program.Program, pack string, key store.Key, p pending) {
	r.Figures.Fetches.Add(1)
	ev := engine.Event{Kind: engine.Fetched, Fetch: p.number, Failed: true}
	answer, err := r.question(ctx, on, pack, key, p)
	if ctx.Err() != nil {
		return // the timer asks again
	}
	if err == nil {
		ev.Answer, ev.Failed = answer, false
	} else {
		r.Figures.FetchesFailed.Add(1)
		r.log.Warn("a fetch got no answer", "contact", key, "service", p.service, "error", err)
	}
	j := &job{key: key, origin: fromFetch, event: ev}
	if err := r.do(ctx, j); err != nil && ctx.Err() == nil {
		r.log.Error("the answer of a fetch was not kept", "contact", key, "service", p.service, "error", err)
	}
}

func (r *Runner) question(ctx context.Context, on *program.Program, pack string, key store.Key, p pending) (answer map[string]any, err error) {
	defer func() {
		if recover() != nil {
			answer, err = nil, errFetchPanic
		}
	}()
	if on == nil {
		if on, err = r.program(pack); err != nil {
			return nil, err
		}
	}
	if r.config.Fetcher == nil {
		return nil, errNoFetcher
	}
	for i := range on.Services {
		if s := &on.Services[i]; s.Name == p.service {
			mark := r.config.Keys.Hash(pack, keys.ForLog, "fetch", key.String(), strconv.FormatUint(uint64(p.number), 10))
			return r.config.Fetcher.Fetch(ctx, Question{Pack: pack, Service: s, Program: on, Args: p.args, Key: mark.String()})
		}
	}
	return nil, errNoService
}

// answered takes a fetch from the list of those that wait.
func (d *draft) answered(number uint32) {
	d.person.fetches = slices.DeleteFunc(d.person.fetches, func(p pending) bool { return p.number == number })
	d.cancel(fetchTimer | number)
}

// lostFetch asks again for what a process that died had asked; after some tries the answer is that it failed.
func (d *draft) lostFetch(x store.Timer) error {
	number := x.Number &^ fetchTimer
	for i := range d.person.fetches {
		p := &d.person.fetches[i]
		if p.number != number {
			continue
		}
		if waits, err := d.fetchWaits(number); err != nil || waits {
			return cmp.Or(err, errFrozen)
		}
		d.stepped = true
		p.tries++
		d.timer(x.Number, d.now.Add(d.r.timing.FetchAgain), FetchTimer)
		if p.tries <= triesOfFetch {
			d.ask(*p)
			return nil
		}
		r, key := d.r, d.t.key
		j := &job{key: key, origin: fromFetch, event: engine.Event{Kind: engine.Fetched, Fetch: number, Failed: true}}
		d.after = append(d.after, func(store.Result) {
			r.outside.start(func(ctx context.Context) { _ = r.do(ctx, j) })
		})
		return nil
	}
	d.turn.Cancel = append(d.turn.Cancel, x.Number)
	return nil
}

// sayNotice has the notice said after the commit; the timer, moved on, says it again should nobody come back.
func (d *draft) sayNotice(x store.Timer) error {
	r, key, pack := d.r, d.t.key, d.pack
	for i := range d.person.notices {
		n := d.person.notices[i]
		if n.number != x.Number {
			continue
		}
		if r.config.Notifier == nil {
			d.stepped = true
			d.person.notices = slices.Delete(d.person.notices, i, i+1)
			break
		}
		d.turn.Timers = append(d.turn.Timers, store.Timer{Number: x.Number, Due: d.now.Add(r.timing.FetchAgain), Class: NoticeTimer})
		d.after = append(d.after, func(store.Result) {
			id := timerID{key, n.number}
			if r.config.Idle || !r.outside.says(id) {
				return
			}
			r.outside.startIn("teams of "+pack, func(ctx context.Context) {
				defer r.outside.said(id)
				r.notify(ctx, pack, key, n)
			})
		})
		return nil
	}
	d.turn.Cancel = append(d.turn.Cancel, x.Number)
	return nil
}

func (r *Runner) notify(ctx context.Context, pack string, key store.Key, n waitingNotice) {
	said := n.notice
	said.Pack, said.Contact, said.Number = pack, key, n.number&^noticeTimer
	err := r.say(ctx, said)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		r.Figures.Notices.Add(1)
	} else {
		r.log.Warn("a team could not be told", "contact", key, "kind", said.Kind.String(), "team", said.To, "error", err)
	}
	j := &job{key: key, origin: inside, change: func(d *draft) error { return d.noticeSaid(n.number, err) }}
	if err := r.do(ctx, j); err != nil && ctx.Err() == nil {
		r.log.Error("it was not kept that a team was told", "contact", key, "error", err)
	}
}

func (r *Runner) say(ctx context.Context, n Notice) (err error) {
	defer func() {
		if recover() != nil {
			err = errNoticePanic
		}
	}()
	return r.config.Notifier.Notify(ctx, n)
}

func (d *draft) noticeSaid(number uint32, failed error) error {
	i := slices.IndexFunc(d.person.notices, func(n waitingNotice) bool { return n.number == number })
	if i < 0 {
		return errSkip // what it was about is settled
	}
	d.stepped = true
	n := &d.person.notices[i]
	n.tries++
	if failed != nil && n.tries < triesOfNotice {
		d.timer(number, d.now.Add(d.r.backoff(n.tries)), NoticeTimer)
		return nil
	}
	if failed != nil {
		d.report("team-not-told", n.notice.Kind.String()+" "+n.notice.To)
	}
	d.person.notices = slices.Delete(d.person.notices, i, i+1)
	d.turn.Cancel = append(d.turn.Cancel, number)
	return nil
}

// backoff doubles from two seconds with each try, with jitter.
func (r *Runner) backoff(tries int) time.Duration {
	d := 2 * time.Second << min(max(tries-1, 0), 12)
	return r.jitter(min(d, longestBackoff))
}

// typing has the channel show that somebody writes, where the person waits for the answer.
func (d *draft) typing(effects []engine.Effect) {
	if d.j.origin != fromPerson || d.person.message == "" {
		return
	}
	takes := d.pause > 0 && len(d.turn.Outbox) > 0 ||
		slices.ContainsFunc(effects, func(e engine.Effect) bool { return e.Kind == engine.Fetch })
	if !takes {
		return
	}
	typist, ok := d.r.config.Channels[d.person.channel].(Typist)
	if !ok {
		return
	}
	r, account, to, message := d.r, d.person.account, d.person.to, d.person.message
	d.after = append(d.after, func(store.Result) {
		r.outside.light(func(ctx context.Context) { typist.ShowTyping(ctx, account, to, message) })
	})
}
