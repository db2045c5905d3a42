package runner

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
)

// Classes of messages that leave.
const (
	Reply    uint8 = iota + 1 // to the person's own word
	Staff                     // a person of the team wrote it
	Nudge                     // nobody asked for it: a reminder, an answer to silence
	Template                  // one the provider approved beforehand
	Urgent                    // a safety word's flow says it, or it is the notice of a freeze
)

// Numbers of timers: those of the engine are below fetchTimer.
const (
	fetchTimer  = 1 << 30
	noticeTimer = 1 << 31
)

// Classes of timers.
const (
	SilenceTimer uint8 = iota + 1
	ReminderTimer
	FetchTimer  // a fetch that may have been lost
	NoticeTimer // a word to a team
)

// afterErasure is how much later what comes after an erasure begins. Times are kept in milliseconds.
const afterErasure = time.Millisecond

// references are the records' numbers in turns under way: the store does not know of them yet.
type references struct {
	mu    sync.Mutex
	taken map[store.Hash]bool
}

func (r *references) reserve(h store.Hash) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken[h] {
		return false
	}
	if r.taken == nil {
		r.taken = map[store.Hash]bool{}
	}
	r.taken[h] = true
	return true
}

func (r *references) release(hashes []store.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range hashes {
		delete(r.taken, h)
	}
}

// clashes reserves the numbers of new records; true when one belongs to another record.
func (d *draft) clashes(effects []engine.Effect) (bool, error) {
	for i := range effects {
		e := &effects[i]
		if e.Kind != engine.SaveRecord || e.Flag {
			continue
		}
		id := d.recordID(e.Ref)
		there, err := d.items(store.ItemQuery{Kind: store.Record, Of: store.All, ID: id, Limit: 1})
		if err != nil {
			d.release()
			return false, err
		}
		if len(there) > 0 || !d.r.refs.reserve(id) {
			d.release()
			return true, nil
		}
		d.refs = append(d.refs, id)
	}
	return false, nil
}

func (d *draft) recordID(ref string) store.Hash {
	return d.r.config.Keys.Hash(d.pack, keys.ForItem, "record", d.pack, ref)
}

func (d *draft) caseID(number uint32) store.Hash {
	return d.r.config.Keys.Hash(d.pack, keys.ForItem, "case", d.t.key.String(), strconv.FormatUint(uint64(number), 10))
}

// items reads items; one that cannot be read counts as not there.
func (d *draft) items(q store.ItemQuery) ([]store.Item, error) {
	found, err := d.r.config.Store.Items(d.ctx, q)
	if errors.Is(err, store.ErrDamaged) {
		err = nil
	}
	return found, err
}

// effects puts down what the step wants done.
func (d *draft) effects(effects []engine.Effect) error {
	if slices.ContainsFunc(effects, func(e engine.Effect) bool { return e.Kind == engine.Erase }) {
		// All that this turn seals has to outlive the erasure.
		if len(d.t.flying) > 0 {
			return errHold
		}
		d.erased = d.erasureTime(d.now)
		if err := d.r.config.Keys.Begin(d.pack, d.t.key, d.erased.Add(afterErasure)); err != nil {
			return err
		}
	}
	for i := range effects {
		if err := d.effect(&effects[i]); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) effect(e *engine.Effect) error {
	switch e.Kind {
	case engine.Send:
		return d.send(e.Send)
	case engine.Pause:
		d.pause += time.Duration(e.Seconds) * time.Second
	case engine.SetTimer:
		t := store.Timer{Number: e.Timer, Due: e.Due, Class: SilenceTimer}
		if e.Name != "" {
			t.Class = ReminderTimer
		} else if d.j.timer != nil && d.j.timer.Number == e.Timer {
			t.Class = d.j.timer.Class
		}
		d.turn.Timers = append(d.turn.Timers, t)
	case engine.CancelTimer:
		d.cancel(e.Timer)
	case engine.Fetch:
		d.fetch(e)
	case engine.OpenCase, engine.CaseMessage, engine.CloseCase:
		return d.caseEffect(e)
	case engine.SaveRecord:
		return d.record(e)
	case engine.SetField:
		return d.field(e)
	case engine.RecordConsent:
		return d.consent(e)
	case engine.Alert:
		d.timer(d.person.notify(Notice{Kind: AlertSent, Team: e.Name, To: e.Name, Urgent: e.Flag, At: d.now}), d.now, NoticeTimer)
		return d.keepWords(AlertEntry, map[string]any{"team": e.Name, "text": e.Text, "urgent": e.Flag})
	case engine.OptOut:
		return d.keep(OptedOut, 0, &Entry{})
	case engine.OptIn:
		return d.optIn()
	case engine.Erase:
		d.erase()
	case engine.Export:
		n := Notice{Kind: ExportAsked, At: d.now}
		if len(d.p.Teams) > 0 {
			n.To = d.p.Teams[firstTeam(d.p)].Name
		}
		d.timer(d.person.notify(n), d.now, NoticeTimer)
		return d.keep(ExportEntry, 0, &Entry{})
	case engine.Unsend:
		return d.unsend(e.Flag)
	case engine.Report:
		d.report(e.Code, e.Text)
	}
	return nil
}

// unsend deletes what was said to the person before this turn and has not left, or of it what people wrote: they want
// nothing more of it, and somebody else may hold the phone.
func (d *draft) unsend(all bool) error {
	if len(d.t.flying) > 0 {
		return errHold
	}
	d.dropMoved(all)
	q := store.OutboxQuery{Key: d.t.key, Limit: 256}
	for {
		list, err := d.r.config.Store.Outbox(d.ctx, q)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		for _, m := range list {
			left := m.State != store.Waiting && m.State != store.Failed && m.State != store.Dead
			if !left && (all || m.Class == Staff) {
				d.turn.Settle = append(d.turn.Settle, store.Settlement{ID: m.ID, State: store.Gone})
			}
		}
		if len(list) < q.Limit {
			return nil
		}
		q.After = list[len(list)-1]
	}
}

func (d *draft) timer(number uint32, due time.Time, class uint8) {
	d.turn.Timers = append(d.turn.Timers, store.Timer{Number: number, Due: due, Class: class})
}

// cancel cancels a timer, also one that this turn has just set.
func (d *draft) cancel(number uint32) {
	for i, t := range d.turn.Timers {
		if t.Number == number {
			d.turn.Timers = append(d.turn.Timers[:i], d.turn.Timers[i+1:]...)
			break
		}
	}
	d.turn.Cancel = append(d.turn.Cancel, number)
}

func (d *draft) field(e *engine.Effect) error {
	f := store.Field{Name: e.Name}
	if e.Value != nil {
		for i := range d.p.Fields {
			if decl := &d.p.Fields[i]; decl.Name == e.Name && decl.KeptDays > 0 {
				f.Kept = d.now.AddDate(0, 0, decl.KeptDays)
			}
		}
		sealed, err := d.r.config.Keys.Seal(d.pack, d.t.key, fieldKind(e.Name), fieldBytes(e.Name, e.Value))
		if err != nil {
			return err
		}
		f.Sealed = sealed
	}
	d.turn.Fields = append(d.turn.Fields, f)
	return nil
}

func (d *draft) consent(e *engine.Effect) error {
	at := d.now.UTC().Format(time.RFC3339)
	sealed, err := d.sealed(keys.Consent, map[string]any{"version": e.Version, "wording": strconv.FormatUint(e.Hash, 16),
		"agreed": e.Flag, "language": e.Text, "at": at})
	if err != nil {
		return err
	}
	state := store.ItemState(2)
	if e.Flag {
		state = 1
	}
	d.turn.Items = append(d.turn.Items, store.Item{Kind: store.Consent,
		ID: d.r.config.Keys.Hash(d.pack, keys.ForItem, "consent", d.t.key.String(), e.Name), Pack: d.pack, Class: e.Name,
		Number: uint32(e.Version), State: state, At: d.now, Sealed: sealed})
	return nil
}

// sealed is v as JSON, encrypted for the contact.
func (d *draft) sealed(what keys.Kind, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return d.r.config.Keys.Seal(d.pack, d.t.key, what, plain)
}

// plain is room for what is sealed next: each shard makes one thing at a time, and none is needed once it is sealed.
func (d *draft) plain() []byte { return d.shard.plain[:0] }

// sealPlain is content that was written into plain, encrypted for the contact.
func (d *draft) sealPlain(what keys.Kind, plain []byte) ([]byte, error) {
	sealed, err := d.r.config.Keys.Seal(d.pack, d.t.key, what, plain)
	if cap(plain) <= plainKept {
		d.shard.plain = plain
	}
	return sealed, err
}

// record keeps a record; an update changes the columns it names. Anonymous ones are sealed with the country's key,
// since nothing may link them to the contact.
func (d *draft) record(e *engine.Effect) error {
	it := store.Item{Kind: store.Record, ID: d.recordID(e.Ref), Pack: d.pack, Class: e.Name, State: 1, At: d.now}
	for i := range d.p.Records {
		if decl := &d.p.Records[i]; decl.Name == e.Name {
			it.Anonymous = decl.Anonymous
			if decl.KeptDays > 0 {
				it.Kept = d.now.AddDate(0, 0, decl.KeptDays)
			}
		}
	}
	owner := d.t.key
	if it.Anonymous {
		owner = store.Key{}
	}
	columns := map[string]any{}
	if e.Flag {
		if err := d.had(owner, &it, columns); err != nil {
			return err
		}
	}
	for _, a := range e.Args {
		columns[a.Name] = plainValue(a.Value)
	}
	columns["reference"] = e.Ref
	plain, err := json.Marshal(columns)
	if err != nil {
		return err
	}
	if it.Sealed, err = d.r.config.Keys.Seal(d.pack, owner, keys.Record, plain); err != nil {
		return err
	}
	d.putItem(it)
	return nil
}

// had reads the record that is updated: this turn's own, or the store's.
func (d *draft) had(owner store.Key, it *store.Item, columns map[string]any) error {
	var before *store.Item
	for i := range d.turn.Items {
		if x := &d.turn.Items[i]; x.Kind == store.Record && x.ID == it.ID {
			before = x
		}
	}
	if before == nil {
		if len(d.t.flying) > 0 {
			return errHold
		}
		there, err := d.items(store.ItemQuery{Kind: store.Record, Of: store.All, ID: it.ID, Limit: 1})
		if err != nil {
			return err
		}
		if len(there) == 0 {
			return nil
		}
		before = &there[0]
	}
	it.At = before.At
	if !it.Anonymous && it.Kept.IsZero() {
		it.Kept = before.Kept
	}
	plain, err := d.r.config.Keys.Open(d.pack, owner, keys.Record, before.Sealed)
	if errors.Is(err, ErrUnreadable) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, &columns)
}

// putItem puts the item in place of one of the same turn.
func (d *draft) putItem(it store.Item) {
	for i := range d.turn.Items {
		if d.turn.Items[i].Kind == it.Kind && d.turn.Items[i].ID == it.ID {
			d.turn.Items[i] = it
			return
		}
	}
	d.turn.Items = append(d.turn.Items, it)
}

// plainValue is a value as JSON has it.
func plainValue(v any) any {
	switch x := v.(type) {
	case *program.Row:
		if x == nil {
			return nil
		}
		cells := map[string]any{"id": x.ID}
		for i := range min(len(x.Columns), len(x.Cells)) {
			cells[x.Columns[i]] = plainValue(x.Cells[i])
		}
		return cells
	case []any:
		list := make([]any, len(x))
		for i := range x {
			list[i] = plainValue(x[i])
		}
		return list
	case program.Location:
		return map[string]any{"lat": x.Lat, "lon": x.Lon}
	case float64:
		if x-x != 0 { // JSON has no word for it
			return nil
		}
	case engine.Media:
		return map[string]any{"media": x.Kind, "id": x.ID}
	}
	return v
}

// optIn ends the suppression that an erasure left behind.
func (d *draft) optIn() error {
	for _, id := range d.person.to {
		sealed, err := d.r.config.Keys.Seal(d.pack, d.t.key, keys.Identity, appendIdentity(id))
		if err != nil {
			return err
		}
		h := d.r.identityHash(d.pack, id)
		owner, err := d.r.config.Store.Find(d.ctx, h)
		if err != nil {
			return err
		}
		if owner.Found && owner.Key != d.t.key {
			continue
		}
		d.turn.Identities = append(d.turn.Identities, store.Identity{Hash: h, Sealed: sealed, Lift: true})
	}
	return d.keep(OptedIn, 0, &Entry{})
}

// erasureTime is not before any key that the erasure has to destroy: the clock may have gone back.
func (d *draft) erasureTime(at time.Time) time.Time {
	if begun := d.r.config.Keys.Begun(d.pack, d.t.key); begun.After(at) {
		return begun
	}
	return at
}

// erase forgets everything before this turn, what this turn had put down so far too but for what it says and for
// records that nothing links to the contact.
func (d *draft) erase() {
	d.dropMoved(true)
	key, at, pack := d.t.key, d.erased, d.pack
	var suppress []store.Hash
	for h, has := range d.t.identities {
		if has {
			suppress = append(suppress, h)
		}
	}
	for _, id := range d.person.to {
		if h := d.r.identityHash(d.pack, id); !d.t.identities[h] {
			suppress = append(suppress, h)
		}
	}
	d.turn.Erase = &store.Erasure{At: at, Suppress: suppress}
	d.turn.Identities, d.turn.Fields, d.turn.Journal, d.turn.Settle = nil, nil, nil, nil
	d.turn.Items = slices.DeleteFunc(d.turn.Items, func(it store.Item) bool { return !it.Anonymous })
	d.turn.Timers, d.turn.Cancel = nil, nil
	d.person.fetches, d.person.notices, d.person.message = nil, nil, ""
	d.private = true
	d.person.session.Contact.OptedOut = true // as the suppression says; opt in ends both
	d.after = append(d.after, func(store.Result) {
		if err := d.r.config.Keys.Erase(pack, store.Erasure{Key: key, At: at, Suppress: suppress}); err != nil { // again at the next start, by the tombstone
			d.r.log.Error("the keys of an erased contact are still there", "contact", key, "error", err)
			d.problem = err
			d.r.group.Reopen() // which ends the process where nobody knows of the keys any more
		}
	})
}
