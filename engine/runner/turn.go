package runner

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
)

// errHold: the turn reads what a turn under way may be changing; it is built anew when none is.
var errHold = errors.New("waits for the turns under way")

// errSkip: nothing is to be changed after all.
var errSkip = errors.New("nothing to change")

// draft is a turn that is being made of an event.
type draft struct {
	r     *Runner
	shard *shard
	ctx   context.Context
	t     *talk
	j     *job
	p     *program.Program
	pack  string
	now   time.Time

	person  person // as it becomes
	stepped bool   // the person is written
	turn    store.Turn
	after   []func(store.Result)
	refs    []store.Hash // references of records reserved until the commit is settled
	moved   int          // of the outbox, first: what waited, and goes out from where the person writes now
	pause   time.Duration
	freeze  *Freeze        // of the pack; nil for none
	unheard []engine.Event // what the person wrote meanwhile and is not taken for an answer
	erased  time.Time      // of the erasure in the turn
	problem error          // of what had to be done after the commit
	late    bool           // a timer so late that nothing is said any more
	private bool           // what is said is not kept: a sensitive step, or no notice accepted
	before  bool           // the notice was accepted before this event
}

// build makes the turn of the job; nil where nothing has to be committed.
func (s *shard) build(ctx context.Context, t *talk, j *job) (*draft, error) {
	r := s.r
	d := &draft{r: r, shard: s, ctx: ctx, t: t, j: j, now: r.now(), pack: t.pack}
	if d.pack == "" || j.pack != "" && (t.fresh || j.origin == fromPerson) {
		d.pack = j.pack
	}
	if j.must && t.fresh {
		return nil, ErrNoContact
	}
	d.freeze = r.freeze(d.pack)
	var err error
	if j.origin == inside {
		err = d.inside()
	} else if t.fresh && j.origin != fromPerson {
		err = d.orphan()
	} else {
		err = d.stepSafely()
	}
	if err == nil {
		err = d.seal()
	}
	if err != nil {
		d.release()
		if errors.Is(err, errSkip) {
			return nil, nil
		}
		return nil, err
	}
	return d, nil
}

// start puts down what every turn of the job has.
func (d *draft) start() {
	d.turn = store.Turn{Key: d.t.key, Expect: store.Any, Lease: d.r.epoch(d.t.key), At: d.now}
	at := d.j.noted
	if at.IsZero() && len(d.j.notes) > 0 {
		// Two days' keys, so that what comes again over midnight meets one of them.
		day := d.now.UTC().Truncate(24 * time.Hour)
		for _, h := range d.j.notes {
			d.turn.Dedupe = append(d.turn.Dedupe, store.Seen{Hash: h, At: day}, store.Seen{Hash: h, At: day.Add(-24 * time.Hour)})
		}
	} else {
		for _, h := range d.j.notes {
			d.turn.Dedupe = append(d.turn.Dedupe, store.Seen{Hash: h, At: at})
		}
	}
	if d.j.timer != nil {
		d.turn.Cancel = append(d.turn.Cancel, d.j.timer.Number)
	}
	d.after, d.pause, d.moved, d.stepped, d.unheard = nil, 0, 0, false, nil
	d.person = d.t.person.clone()
}

// orphan settles a timer, an answer or what was held of a contact that is not there any more.
func (d *draft) orphan() error {
	if d.j.timer == nil && d.j.origin != fromHold {
		return errSkip
	}
	d.start()
	if d.j.origin == fromHold {
		if err := d.dropHeld("nobody can answer it"); err != nil {
			return err
		}
	}
	if d.t.replaces {
		d.begin()
	}
	return nil
}

func (d *draft) inside() error {
	d.start()
	if d.t.replaces {
		d.begin()
	}
	return d.j.change(d)
}

// begin is a contact about whom nothing is known, or nothing that can be read.
func (d *draft) begin() {
	d.stepped = true
	d.person = person{session: engine.New()}
	d.person.session.Seed = d.r.config.Random()
	if d.t.replaces {
		d.r.Figures.Replaced.Add(1)
		d.report("contact-unreadable", "began anew")
	}
}

// stepSafely steps; an event that panics three times is set aside, and the conversation stays as it was.
func (d *draft) stepSafely() error {
	for try := 1; ; try++ {
		err, panicked := d.contained()
		if !panicked {
			return err
		}
		d.release()
		d.r.Figures.Panics.Add(1)
		if try < triesOfPanic {
			continue
		}
		d.start()
		d.r.Figures.SetAside.Add(1)
		d.r.log.Error("an event was set aside", "contact", d.t.key, "pack", d.pack, "origin", int(d.j.origin))
		if d.j.origin == fromHold { // what the turn would have settled is settled
			if err := d.thawUnstepped(); err != nil {
				return err
			}
		}
		d.note(SetAside, d.setAside())
		d.alert(Alert{Code: "event-set-aside", Severity: Warning})
		d.askForPerson()
		return nil
	}
}

// contained is step whose panic ends with it. What was being said is not in the log: a panic's text may hold it.
func (d *draft) contained() (err error, panicked bool) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err, panicked = nil, true
			d.r.log.Error("a turn panicked", "contact", d.t.key, "pack", d.pack, "stack", string(frames(debug.Stack())))
		}
	}()
	return d.step(), false
}

// step is the turn of an event that the program sees.
func (d *draft) step() error {
	d.start()
	if d.t.fresh {
		d.begin()
	}
	d.stepped = true
	ev := d.j.event
	ev.At = d.now
	var err error
	if d.p, ev.Displaced, err = d.r.release(d.pack, d.t.key, d.now, d.person.session, ev.Kind == engine.Message || d.j.origin == fromHold); err != nil {
		return err
	}
	if d.j.origin == fromPerson {
		ev.Anew = d.t.replaces
		if err := d.arrived(&ev); err != nil {
			return err
		}
	} else {
		ev.Channel = d.person.channel
	}
	if d.j.origin == fromHold {
		if goes, err := d.thaw(&ev); err != nil || !goes {
			return err
		}
	} else if waits, err := d.frozen(&ev); err != nil || waits {
		return err
	}
	if d.j.timer != nil {
		d.r.Figures.Timers.Add(1)
		d.late = d.r.isLate(*d.j.timer, d.now)
		if d.late {
			d.r.Figures.LateTimers.Add(1)
		}
	}
	d.before = d.noticed(d.person.session)
	sensitive := d.sensitive(d.person.session)
	for seed := d.person.session.Seed; ; {
		session, effects := engine.Step(d.p, d.person.session, ev)
		clash, err := d.clashes(effects)
		if err != nil {
			return err
		}
		if clash { // another contact's record has the number: the same turn with other numbers
			seed = mixed(seed)
			d.person.session.Seed = seed
			continue
		}
		d.private = sensitive || d.sensitive(session) || !d.before && !d.noticed(session)
		d.person.session = session
		for _, words := range append(d.unheard, ev) {
			if err := d.heard(words); err != nil {
				return err
			}
		}
		if err := d.effects(effects); err != nil {
			return err
		}
		d.typing(effects)
		switch ev.Kind {
		case engine.StaffReply:
			if !slices.ContainsFunc(effects, func(e engine.Effect) bool { return e.Kind == engine.Send && e.Send.Staff }) {
				return ErrLeft
			}
			return d.settleCase(ev.Case, store.CaseAnswered, false)
		case engine.StaffDone:
			return d.settleCase(ev.Case, store.CaseDone, false)
		case engine.Fetched:
			d.answered(ev.Fetch)
		}
		return nil
	}
}

func mixed(seed uint64) uint64 {
	seed += 0x9E3779B97F4A7C15
	seed = (seed ^ seed>>30) * 0xBF58476D1CE4E5B9
	return seed ^ seed>>27
}

// arrived notes where the person wrote from.
func (d *draft) arrived(ev *engine.Event) error {
	in := d.j.in
	ev.Channel = in.Channel
	elsewhere := !d.t.fresh && d.person.account != "" && d.person.account != in.Account && d.person.channel == in.Channel
	d.person.channel, d.person.account, d.person.message = in.Channel, in.Account, in.Message
	before := d.person.last
	at := in.At
	if at.IsZero() || at.After(d.now) {
		at = d.now
	}
	if at.After(before) {
		d.person.last = at
	}
	d.person.to = merged(in.From, d.person.to, in.Channel)
	for i, id := range in.From {
		if i == 0 && d.pack == in.Pack && d.t.identities[d.j.first] {
			continue
		}
		if err := d.identify(id); err != nil {
			return err
		}
	}
	if elsewhere {
		return d.follow(Sender{d.pack, in.Channel, in.Account}, false)
	}
	return d.unpark(before)
}

// merged are the names of a person on the channel, those just seen first.
func merged(seen, known []Identity, channel string) []Identity {
	const most = 8
	out := slices.Clone(seen)
	for _, id := range known {
		if id.Channel == channel && !slices.ContainsFunc(seen, func(n Identity) bool { return n.Kind == id.Kind }) && len(out) < most {
			out = append(out, id)
		}
	}
	return out
}

// identify adds a name that nobody else has.
func (d *draft) identify(id Identity) error {
	h := d.r.identityHash(d.pack, id)
	if d.t.identities[h] {
		return nil
	}
	owner, err := d.r.config.Store.Find(d.ctx, h)
	damaged := errors.Is(err, store.ErrDamaged)
	if err != nil && !damaged {
		return err
	}
	if owner.Found && owner.Key != d.t.key {
		d.report("identity-elsewhere", id.Kind)
		return nil
	}
	if owner.Suppressed { // somebody of this name was erased: what nobody asked for needs their opt in
		d.person.session.Contact.OptedOut = true
	}
	sealed, err := d.r.config.Keys.Seal(d.pack, d.t.key, keys.Identity, appendIdentity(id))
	if err != nil {
		return err
	}
	d.turn.Identities = append(d.turn.Identities, store.Identity{Hash: h, Sealed: sealed, Take: damaged})
	return nil
}

func appendIdentity(id Identity) []byte {
	var w writer
	w.identities([]Identity{id})
	return w.b
}

func (r *Runner) identityHash(pack string, id Identity) store.Hash {
	return r.config.Keys.Hash(pack, keys.ForIdentity, id.Channel, id.Kind, id.Value)
}

// unpark lets parts go that waited for the person to write. What nobody asked for and could not go is stale now, and would
// hold up the answer.
func (d *draft) unpark(before time.Time) error {
	c := d.r.config.Channels[d.person.channel]
	if c == nil || before.IsZero() {
		return nil
	}
	closes, stuck := c.WindowCloses(before), d.r.sender.isStuck(d.t.key)
	if !stuck && (closes.IsZero() || d.now.Before(closes.Add(-d.r.timing.Park))) {
		return nil
	}
	if len(d.t.flying) > 0 {
		return errHold
	}
	waiting, err := d.r.config.Store.Outbox(d.ctx, store.OutboxQuery{Key: d.t.key, Limit: 200})
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	for _, m := range waiting {
		handedOver := m.Code == codeSending && m.Ready.After(d.now)
		switch {
		case m.State != store.Waiting:
		case m.Code == codeParked:
			d.turn.Settle = append(d.turn.Settle, store.Settlement{ID: m.ID, State: store.Waiting, Ready: d.now})
		case stuck && !handedOver && (m.Class == Nudge || m.Class == Template):
			d.turn.Settle = append(d.turn.Settle, store.Settlement{ID: m.ID, State: store.Gone})
			d.r.count(store.Gone)
			d.report("nudge-dropped", "the person wrote")
		}
	}
	if stuck {
		d.after = append(d.after, func(store.Result) { d.r.sender.goesOn(d.t.key) })
	}
	return nil
}

// seal writes the person down.
func (d *draft) seal() error {
	if !d.stepped {
		if d.turn.Pack == "" && d.t.fresh && d.turn.Erase == nil {
			d.turn.Pack = d.pack
		}
		return nil
	}
	if d.turn.Erase != nil && !d.person.session.IsOpen() {
		// Nothing is left but what it still says: whoever comes next with these identities is new.
		d.turn.Pack, d.turn.Expect = d.pack, d.t.revision
		return nil
	}
	if d.turn.Erase != nil {
		d.t.identities = map[store.Hash]bool{}
		for _, id := range d.person.to {
			if err := d.identify(id); err != nil {
				return err
			}
		}
	}
	sealed, err := d.sealPlain(keys.Session, d.person.append(d.plain()))
	if err != nil {
		return err
	}
	d.turn.Session, d.turn.Pack = sealed, d.pack
	d.turn.Expect = d.t.revision
	if d.t.replaces {
		d.turn.Expect = store.Any
	}
	return nil
}

// committed does what may be done once the turn is on the disk. It runs on the shard and does not wait.
func (d *draft) committed(result store.Result) error {
	for _, f := range d.after {
		f(result)
	}
	if len(d.turn.Outbox) > 0 || len(d.turn.Settle) > 0 {
		d.r.sender.wake()
	}
	if len(d.turn.Timers) > 0 {
		d.r.timers.wake()
	}
	if d.j.origin == inside { // the others are settled by the tombstone at the next start
		return d.problem
	}
	return nil
}

// release gives the reserved references free.
func (d *draft) release() {
	d.r.refs.release(d.refs)
	d.refs = nil
}

// noticed tells whether messages may be kept: the pack has no notice, or it was accepted.
func (d *draft) noticed(s engine.Session) bool {
	if d.p.Notice < 0 || d.p.Notice >= len(d.p.Consents) {
		return true
	}
	c := &d.p.Consents[d.p.Notice]
	v, ok := s.Contact.Consents.Get(c.Name)
	n, _ := v.(float64)
	return ok && int(n) == c.Version
}

// sensitive tells whether the conversation stands on a sensitive step.
func (d *draft) sensitive(s engine.Session) bool {
	w := s.Where(d.p)
	if w.Step == "" {
		return false
	}
	for i := range d.p.Steps {
		st := &d.p.Steps[i]
		if st.Sensitive && st.Name == w.Step && st.Flow >= 0 && st.Flow < len(d.p.Flows) && d.p.Flows[st.Flow].Name == w.Flow {
			return true
		}
	}
	return false
}
