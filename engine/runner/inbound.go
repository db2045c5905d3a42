package runner

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/store"
)

// Receive takes what a provider tells, and returns nil only after all of it is on the disk: then the caller may
// acknowledge it. After an error the whole batch may be given again; what was kept of it is recognised. Messages of
// one person are taken in the order of their times.
func (r *Runner) Receive(ctx context.Context, batch []Inbound) error {
	leave, err := r.enter(batch)
	if err != nil {
		return err
	}
	defer leave()
	return r.receive(ctx, batch)
}

// intake is what Receive has under way.
type intake struct{ events, bytes atomic.Int64 }

// enter counts a batch in. A single one may be larger than the bounds, for it would never get smaller.
func (r *Runner) enter(batch []Inbound) (leave func(), err error) {
	events, bytes := int64(len(batch)), int64(0)
	for i := range batch {
		in := &batch[i]
		bytes += int64(len(in.Event.Text) + len(in.Raw) + len(in.Text) + len(in.ID) + 256)
	}
	leave = func() {
		r.intake.events.Add(-events)
		r.intake.bytes.Add(-bytes)
	}
	e, b := r.intake.events.Add(events), r.intake.bytes.Add(bytes)
	if e > events && (e > int64(r.config.IntakeEvents) || b > int64(r.config.IntakeBytes)) {
		leave()
		r.Figures.Busy.Add(1)
		return nil, ErrBusy
	}
	return leave, nil
}

func (r *Runner) receive(ctx context.Context, batch []Inbound) error {
	if len(batch) == 1 {
		in := batch[0]
		j, err := r.jobOf(ctx, &in)
		if err != nil || j == nil {
			return err
		}
		return r.do(ctx, j)
	}
	order := make([]int, len(batch))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return batch[a].At.Compare(batch[b].At) })
	told := make(chan error, len(batch))
	var failed error
	var contacts []store.Key
	jobs := map[store.Key][]*job{} // together, so that none of one person overtakes another of the batch
	for _, i := range order {
		in := batch[i]
		j, err := r.jobOf(ctx, &in)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if j == nil {
			continue
		}
		j.done = func(err error) { told <- err }
		if jobs[j.key] == nil {
			contacts = append(contacts, j.key)
		}
		jobs[j.key] = append(jobs[j.key], j)
	}
	waits := 0
	for _, key := range contacts {
		if err := r.submit(ctx, jobs[key]...); err != nil {
			failed = errors.Join(failed, err)
			break
		}
		waits += len(jobs[key])
	}
	for range waits {
		if err := r.await(ctx, told); err != nil {
			failed = errors.Join(failed, err)
			if ctx.Err() != nil {
				break
			}
		}
	}
	return failed
}

// jobOf says whose it is and what has to be done about it; nil for what needs nothing.
func (r *Runner) jobOf(ctx context.Context, in *Inbound) (*job, error) {
	if in.Kind == StatusReceived {
		return r.statusJob(ctx, in)
	}
	if in.Kind == MessageReceived && len(in.From) == 0 { // it would come again for days
		in.Kind, in.Code = Unknown, "from-nobody"
	}
	key, first, err := r.resolve(ctx, in)
	if err != nil {
		return nil, err
	}
	j := &job{key: key, pack: in.Pack, first: first, origin: inside, noted: in.At,
		notes: []store.Hash{r.config.Keys.Hash(in.Pack, keys.ForEvent, in.Channel, in.Account, strconv.Itoa(int(in.Kind)), in.ID)}}
	switch in.Kind {
	case MessageReceived:
		j.origin, j.event, j.in = fromPerson, in.Event, in
		if j.event.Kind == 0 {
			j.event.Kind = engine.Message
		}
	case Edited, Reaction, Revoked:
		class := map[InboundKind]uint8{Edited: Edit, Reaction: Reacted, Revoked: Withdrawn}[in.Kind]
		e := Entry{Text: in.Event.Text, About: in.Message}
		j.change = func(d *draft) error { return d.keepIfNoticed(class, e) }
	case IdentityChanged:
		j.change = func(d *draft) error { return d.renamed(in) }
	case KeyChanged:
		j.change = func(d *draft) error { d.report("key-changed", ""); return nil }
	case PreferenceChanged:
		j.change = func(d *draft) error { return d.preference(in.Stops) }
	case AlertRaised:
		r.log.Warn("the account has news", "pack", in.Pack, "channel", in.Channel, "code", in.Code)
		j.change = func(d *draft) error {
			d.alert(Alert{Code: in.Code, Subject: in.Subject, Severity: in.Weight, Channel: in.Channel, Account: in.Account})
			return d.keep(Account, 0, &Entry{Code: in.Code, Text: in.Text, Subject: in.Subject})
		}
	case Returned:
		j.notes, j.change = nil, (*draft).returned
	default:
		j.change = func(d *draft) error { return d.keep(Strange, 0, &Entry{Code: in.Code, Raw: in.Raw}) }
	}
	return j, nil
}

// OperatorKey is the contact under which the journal has what is about nobody, such as news of an account.
func OperatorKey(k Keys, pack string) store.Key {
	return k.Contact(pack, k.Hash(pack, keys.ForIdentity, "", "operator", pack), 0)
}

// resolve finds the contact by any of its names; a new one begins under the first of them, whose hash it gives too.
func (r *Runner) resolve(ctx context.Context, in *Inbound) (key store.Key, first store.Hash, err error) {
	if len(in.From) == 0 {
		return OperatorKey(r.config.Keys, in.Pack), first, nil
	}
	first = r.identityHash(in.Pack, in.From[0])
	for n, ids := range [...][]Identity{in.From, in.Was} {
		for i, id := range ids {
			h := first
			if n > 0 || i > 0 {
				h = r.identityHash(in.Pack, id)
			}
			owner, err := r.find(ctx, h)
			if err != nil {
				return store.Key{}, first, err
			}
			if owner.Found {
				return owner.Key, first, nil
			}
		}
	}
	key, err = r.newKey(ctx, in.Pack, first)
	return key, first, err
}

// newKey is the key of a contact whose identity nobody has. A contact of that key that has other identities had this
// one before it passed on: it is somebody else.
func (r *Runner) newKey(ctx context.Context, pack string, identity store.Hash) (store.Key, error) {
	for attempt := byte(0); ; attempt++ {
		key := r.config.Keys.Contact(pack, identity, attempt)
		c, err := r.loadContact(ctx, key)
		for errors.Is(err, store.ErrUnknown) {
			if r.halting.Load() || !r.reopens(ctx) {
				return key, ErrStopped
			}
			c, err = r.loadContact(ctx, key)
		}
		if errors.Is(err, store.ErrDamaged) || err == nil && len(c.Identities) == 0 || attempt == 255 {
			return key, nil
		}
		if err != nil {
			return key, err
		}
		if slices.ContainsFunc(c.Identities, func(i store.Identity) bool { return i.Hash == identity }) {
			return key, nil // it came in between
		}
	}
}

// find is Find that waits while the store is opened again.
func (r *Runner) find(ctx context.Context, h store.Hash) (store.Owner, error) {
	for {
		owner, err := r.config.Store.Find(ctx, h)
		if errors.Is(err, store.ErrDamaged) {
			// Whoever it led to is found by the key that the identity gives, or begins anew.
			r.log.Error("an identity cannot be read", "identity", h)
			return store.Owner{}, nil
		}
		if !errors.Is(err, store.ErrUnknown) {
			return owner, err
		}
		if r.halting.Load() || !r.reopens(ctx) {
			return owner, ErrStopped
		}
	}
}

// keepIfNoticed keeps words only of who has accepted the notice.
func (d *draft) keepIfNoticed(class uint8, e Entry) error {
	var err error
	if d.p, _, err = d.r.release(d.pack, d.t.key, d.now, d.t.person.session, false); err != nil {
		return err
	}
	if d.t.fresh || !d.noticed(d.t.person.session) {
		e.Text = ""
	}
	return d.keep(class, 0, &e)
}

// renamed gives the contact the names it has from now on, and takes them from whoever had them.
func (d *draft) renamed(in *Inbound) error {
	for _, id := range in.Was {
		if !slices.Contains(in.From, id) {
			d.turn.Identities = append(d.turn.Identities, store.Identity{Hash: d.r.identityHash(d.pack, id), Drop: true})
		}
	}
	for _, id := range in.From {
		sealed, err := d.r.config.Keys.Seal(d.pack, d.t.key, keys.Identity, appendIdentity(id))
		if err != nil {
			return err
		}
		d.turn.Identities = append(d.turn.Identities, store.Identity{Hash: d.r.identityHash(d.pack, id), Sealed: sealed, Take: true})
	}
	if !d.t.fresh {
		d.stepped = true
		d.person.to = slices.DeleteFunc(d.person.to, func(id Identity) bool { return slices.Contains(in.Was, id) })
		d.person.to = merged(in.From, d.person.to, d.person.channel)
	}
	d.report("identity-changed", "")
	return nil
}

// preference is what the person told the provider rather than us. Only stopping counts: to be written to again
// needs the person's word in the flow.
func (d *draft) preference(stops bool) error {
	if !stops || d.t.fresh || d.person.session.Contact.OptedOut {
		return nil
	}
	d.stepped = true
	d.person.session.Contact.OptedOut = true
	return d.keep(OptedOut, 0, &Entry{Code: "provider"})
}

// returned lets go at once what waits because the person could not be reached. What waits for their next message, or
// to learn what became of a sending, waits on.
func (d *draft) returned() error {
	if d.t.fresh && !d.t.replaces && d.t.revision == 0 {
		return errSkip
	}
	if len(d.t.flying) > 0 {
		return errHold
	}
	waiting, err := d.r.config.Store.Outbox(d.ctx, store.OutboxQuery{Key: d.t.key, Limit: 200})
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	for _, m := range waiting {
		if m.State == store.Waiting && m.Tries > 0 && m.Code >= 0 && m.Ready.After(d.now) {
			d.turn.Settle = append(d.turn.Settle, store.Settlement{ID: m.ID, State: store.Waiting, Ready: d.now, Code: m.Code})
		}
	}
	d.r.sender.returned(d.t.key)
	if len(d.turn.Settle) == 0 {
		return errSkip
	}
	return nil
}

// statusJob settles a part. What is not ours, or no longer there, needs nothing.
func (r *Runner) statusJob(ctx context.Context, in *Inbound) (*job, error) {
	m, err := r.partOf(ctx, in)
	if err != nil || m == nil {
		return nil, err
	}
	s := store.Settlement{ID: m.ID, State: in.Status.State, Code: in.Status.Code}
	sender, _ := ParseSender(m.Channel)
	pack := sender.Pack
	j := &job{key: m.Key, pack: pack, origin: inside}
	held, stops := false, false
	j.change = func(d *draft) error {
		if in.Status.State == store.Failed { // what comes of it depends on what is known by now
			if len(d.t.flying) > 0 {
				return errHold
			}
			now, err := r.config.Store.Message(d.ctx, m.ID)
			if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) {
				return errSkip
			} else if err != nil {
				return err
			}
			m = &now
		}
		if in.Status.ProviderID != "" {
			s.Provider = r.config.Keys.Hash(pack, keys.ForProvider, in.Channel, in.Status.ProviderID)
		}
		if !s.Follows(m) {
			return errSkip
		}
		if s.Provider != m.Provider {
			sealed, err := r.config.Keys.Seal(pack, m.Key, keys.ProviderID, []byte(in.Status.ProviderID))
			if err != nil {
				return err
			}
			s.SealedID = sealed
		}
		d.turn.Settle = append(d.turn.Settle, s)
		if in.Status.State == store.Failed {
			if !held { // once, also where the turn is built again
				held, stops = true, r.sender.hold(m.Channel, Result{Class: in.Status.Class, Code: in.Status.Code})
			}
			d.failed(m, in.Status, stops)
		}
		return nil
	}
	return j, nil
}

// partOf finds the message by our name of it, else by the provider's among those of the person.
func (r *Runner) partOf(ctx context.Context, in *Inbound) (*store.Message, error) {
	if id, key, ok := parsePartID(in.Status.OurID); ok {
		m, err := r.config.Store.Message(ctx, id)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) || err == nil && m.Key.String()[:8] != key {
			return nil, nil
		}
		return &m, err
	}
	if len(in.From) == 0 || in.Status.ProviderID == "" {
		return nil, nil
	}
	key, _, err := r.resolve(ctx, in)
	if err != nil {
		return nil, err
	}
	messages, err := r.config.Store.Outbox(ctx, store.OutboxQuery{Key: key, Limit: 200})
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return nil, err
	}
	h := r.config.Keys.Hash(in.Pack, keys.ForProvider, in.Channel, in.Status.ProviderID)
	for i := range messages {
		if messages[i].Provider == h {
			return &messages[i], nil
		}
	}
	return nil, nil
}

// failed plans what comes after a part that the provider took and then gave up, as if it had said so at once; stops tells
// that its sender holds back because of it.
func (d *draft) failed(m *store.Message, s Status, stops bool) {
	result := Result{Class: s.Class, Code: s.Code}
	plan := d.r.sender.plan(*m, result, d.now)
	next := store.Settlement{ID: m.ID, State: plan.state, Ready: plan.ready, Code: plan.code}
	if plan.code == codeParked {
		d.r.sender.refuse(m.Key)
	}
	d.r.count(plan.state)
	from, _ := ParseSender(m.Channel)
	tell := func(a Alert) {
		if a.Code != "" {
			a.Channel, a.Account = from.Channel, from.Account
			d.alert(a)
		}
	}
	tell(suspended(result, stops))
	if plan.report != "" {
		d.report(reportOf(plan.state), plan.report+" "+strconv.Itoa(plan.code))
		tell(alertOf(plan, result, stops))
	}
	d.turn.Settle = append(d.turn.Settle, next)
	if s.Class == Stopped && !d.t.fresh {
		if err := d.preference(true); err != nil {
			d.r.log.Error("an opt-out was not kept", "contact", d.t.key, "error", err)
		}
	}
}
