package runner

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/store"
)

// Freeze is an emergency stop of a pack. While it stands, what flows say by themselves stays in the outbox, timers and
// answers of other systems wait, and messages of people are kept and answered with the notice. What people need in
// danger goes on: safety words and their flows, cases, words of staff.
//
// When it ends, SetAside first takes all that waits out of the way, so that what is held is known from what is written
// from then on. Then (Resuming) whoever had heard all that was said to them, or talks with people by now, has their
// messages taken in order, as if they came now. Others are asked the open question again, since what they wrote may
// answer another one than they would see.
type Freeze struct {
	Resuming bool
	// Sends, of Resuming: replies that were held go out; else they are deleted.
	Sends bool
	// Noticed is when the notice became what it is.
	Noticed time.Time
	// Notice gives the notice for who speaks a language, "" where it is not known, and the language it is in; "" for none:
	// then people hear nothing.
	Notice func(language string) (text, in string)
}

const (
	// noticeAgain is after how long who writes on is told the notice once more.
	noticeAgain = 24 * time.Hour
	// mostThaws is how often Thaw looks for what is left, since people write meanwhile.
	mostThaws = 100
	// triesOfThaw is how often it is tried to answer somebody before their country is served all the same.
	triesOfThaw = 5
	// mostHeld is how many messages of one person wait; more are noted and not kept.
	mostHeld = 200
	heldKind = keys.Kind("held")
	// codeHeld is of replies that a freeze holds, codeHeldSent of those of which nobody knew whether they had been taken.
	codeHeld     = -3
	codeHeldSent = -4
)

// CodeHeld tells whether a dead letter's code says that a freeze holds it.
func CodeHeld(code int) bool { return code == codeHeld || code == codeHeldSent }

// Classes of held items: the messages, and one mark a contact that counts them.
const (
	heldMessage = "message"
	heldMark    = "mark"
)

// HeldMessage tells whether an item is a message of a person that a freeze holds.
func HeldMessage(it store.Item) bool { return it.Kind == store.Held && it.Class == heldMessage }

// States of a mark: new; what was said to the person has been looked at, so that only messages are left.
const (
	markNew store.ItemState = iota + 1
	markSeen
	markMoved // a safety word led elsewhere since
)

// errFrozen: what was to happen waits until the country is served again.
var errFrozen = errors.New("the country is frozen")

func (r *Runner) freeze(pack string) *Freeze {
	if r.config.Freeze == nil {
		return nil
	}
	return r.config.Freeze(pack)
}

// automated tells what nobody of a team wrote and no safety word called for.
func automated(class uint8) bool { return class != Staff && class != Urgent }

// holds tells whether a part must not go.
func (r *Runner) holds(m *store.Message) bool {
	if !automated(m.Class) {
		return false
	}
	from, _ := ParseSender(m.Channel)
	f := r.freeze(from.Pack)
	return f != nil && !f.Resuming
}

// heldEvent is a message as it waits.
type heldEvent struct {
	Text     string         `json:"text,omitempty"`
	Token    string         `json:"token,omitempty"`
	Template string         `json:"template,omitempty"`
	Media    engine.Media   `json:"media,omitzero"`
	Location *engine.LatLon `json:"location,omitempty"`
	Channel  string         `json:"channel,omitempty"`
	Language string         `json:"language,omitempty"`
}

// frozen says whether the event waits; then the draft has all that is to be kept of it.
func (d *draft) frozen(ev *engine.Event) (waits bool, err error) {
	f := d.freeze
	if f == nil {
		return false, nil
	}
	passage := d.person.session.Passage(d.p, *ev)
	switch d.j.origin {
	case fromPerson:
		if passage == engine.Ends {
			return false, d.dropHeld("")
		}
		if passage == engine.Passes {
			return false, d.leads()
		}
		if f.Resuming {
			mark, err := d.mark()
			if err != nil || mark == nil {
				return false, err
			}
		}
		return true, d.hold(ev)
	case fromFetch:
		if !f.Resuming && passage == engine.Held {
			return true, errSkip // its timer asks again
		}
	case fromTimer:
		if passage == engine.Held || d.j.timer.Class != SilenceTimer {
			return true, errFrozen
		}
	}
	return false, nil
}

// leads notes that the conversation goes on to where what is held was not written for.
func (d *draft) leads() error {
	mark, err := d.mark()
	if err != nil || mark == nil || mark.State == markMoved {
		return err
	}
	mark.State = markMoved
	d.putItem(*mark)
	return nil
}

// fetchWaits tells whether the answer of a fetch would wait.
func (d *draft) fetchWaits(number uint32) (bool, error) {
	if d.freeze == nil || d.freeze.Resuming {
		return false, nil
	}
	p, _, err := d.r.release(d.pack, d.t.key, d.now, d.person.session, false)
	if err != nil {
		return false, err
	}
	return d.person.session.Passage(p, engine.Event{Kind: engine.Fetched, Fetch: number}) == engine.Held, nil
}

func (d *draft) heldID(class string, number uint32) store.Hash {
	return d.r.config.Keys.Hash(d.pack, keys.ForItem, "held", d.t.key.String(), class, strconv.FormatUint(uint64(number), 10))
}

// mark is the contact's mark; nil where nothing of theirs waits.
func (d *draft) mark() (*store.Item, error) {
	if len(d.t.flying) > 0 {
		return nil, errHold
	}
	there, err := d.items(store.ItemQuery{Kind: store.Held, Of: store.All, Key: d.t.key, ID: d.heldID(heldMark, 0), Limit: 1})
	if err != nil || len(there) == 0 {
		return nil, err
	}
	return &there[0], nil
}

// hold keeps a message until the country is served again, and says the notice to who has not heard it for a day.
func (d *draft) hold(ev *engine.Event) error {
	was, err := d.mark()
	if err != nil {
		return err
	}
	mark := store.Item{Kind: store.Held, ID: d.heldID(heldMark, 0), Pack: d.pack, Class: heldMark, State: markNew}
	if was != nil {
		mark = *was
	}
	d.private = !d.noticed(d.person.session)
	if f := d.freeze; !f.Resuming && f.Notice != nil && (was == nil || mark.At.Before(f.Noticed) || d.now.Sub(mark.At) >= noticeAgain) {
		language := d.person.session.Contact.Language
		if language == "" {
			language = ev.Language
		}
		if text, in := f.Notice(language); text != "" {
			mark.At = d.now
			d.r.Figures.FreezeNotices.Add(1)
			if err := d.send(&engine.Outgoing{Text: engine.Plain(text), Language: in, Safety: true}); err != nil {
				return err
			}
		}
	}
	d.after = append(d.after, d.thawsUnless)
	if mark.Number >= mostHeld {
		d.report("freeze-full", "")
		d.putItem(mark)
		return nil
	}
	mark.Number++
	sealed, err := d.sealed(heldKind, heldEvent{ev.Text, ev.Token, ev.Template, ev.Media, ev.Location, ev.Channel, ev.Language})
	if err != nil {
		return err
	}
	d.putItem(mark)
	d.putItem(store.Item{Kind: store.Held, ID: d.heldID(heldMessage, mark.Number), Pack: d.pack, Class: heldMessage,
		Number: mark.Number, State: 1, At: d.now, Kept: d.now.Add(d.r.timing.MessageKept), Sealed: sealed})
	d.r.Figures.HeldMessages.Add(1)
	return nil
}

// thawsUnless sees to a contact whose country was served again while the turn was under way: nobody else may come
// back to it.
func (d *draft) thawsUnless(store.Result) {
	if f := d.r.freeze(d.pack); f == nil || f.Resuming {
		d.r.thawSoon(d.t.key, d.pack)
	}
}

func (r *Runner) thawSoon(key store.Key, pack string) {
	r.outside.start(func(ctx context.Context) {
		if err := r.thaw(ctx, heldContact{key: key, pack: pack}); err != nil && ctx.Err() == nil {
			r.log.Error("what was held of a contact could not be answered", "contact", key, "error", err)
		}
	})
}

// waiting lists the contact's messages that wait, in their order.
func (d *draft) waiting() ([]store.Item, error) {
	var all []store.Item
	q := store.ItemQuery{Kind: store.Held, Of: store.All, Key: d.t.key, Class: heldMessage, Limit: 256}
	for {
		list, err := d.items(q)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < q.Limit {
			slices.SortFunc(all, func(a, b store.Item) int { return int(a.Number) - int(b.Number) })
			return all, nil
		}
		q.After = list[len(list)-1].ID
	}
}

func (d *draft) removeHeld(class string, number uint32) {
	d.turn.Items = append(d.turn.Items, store.Item{Kind: store.Held, ID: d.heldID(class, number), Remove: true})
}

// dropHeld forgets all that is held of the contact, messages and replies: they want nothing more of it, or nobody can
// answer it any more. why goes into the report; nothing is reported where nothing was held.
func (d *draft) dropHeld(why string) error {
	if len(d.t.flying) > 0 {
		return errHold
	}
	messages, err := d.waiting()
	if err != nil {
		return err
	}
	for _, it := range messages {
		d.removeHeld(heldMessage, it.Number)
	}
	d.removeHeld(heldMark, 0)
	replies, err := d.heldReplies(d.freeze != nil && !d.freeze.Resuming)
	if err != nil {
		return err
	}
	for _, m := range replies {
		d.turn.Settle = append(d.turn.Settle, store.Settlement{ID: m.ID, State: store.Gone})
	}
	if len(messages)+len(replies) > 0 {
		d.report("freeze-dropped", why)
	}
	return nil
}

// heldReplies are the contact's automated messages that were set aside, with those that wait to be where it is asked
// for; the oldest first. Parts of a contact that could not be read and began anew are found by their numbers alone.
func (d *draft) heldReplies(waiting bool) (held []store.Message, err error) {
	look := func(m store.Message) {
		if automated(m.Class) && (m.State == store.Dead && CodeHeld(m.Code) || m.State == store.Waiting && waiting) {
			held = append(held, m)
		}
	}
	q := store.OutboxQuery{Key: d.t.key, Limit: 256}
	for {
		list, err := d.r.config.Store.Outbox(d.ctx, q)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return nil, err
		}
		for _, m := range list {
			look(m)
		}
		if len(list) < q.Limit {
			break
		}
		q.After = list[len(list)-1]
	}
	for _, id := range d.j.parts {
		if slices.ContainsFunc(held, func(m store.Message) bool { return m.ID == id }) {
			continue
		}
		switch m, err := d.r.config.Store.Message(d.ctx, id); {
		case err == nil && m.Key == d.t.key:
			look(m)
		case err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrDamaged):
			return nil, err
		}
	}
	slices.SortFunc(held, func(a, b store.Message) int { return cmp.Compare(a.ID, b.ID) })
	return held, nil
}

func (r *Runner) eachHeld(ctx context.Context, packs []string, class string, visit func(store.Item)) error {
	q := store.ItemQuery{Kind: store.Held, Of: store.All, Class: class, Limit: 256}
	for {
		list, err := r.config.Store.Items(ctx, q)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		for _, it := range list {
			if slices.Contains(packs, it.Pack) {
				visit(it)
			}
		}
		if len(list) < q.Limit {
			return nil
		}
		q.After = list[len(list)-1].ID
	}
}

// eachOutbox visits the messages of a state: of Waiting the first of each contact, however long it has to wait.
func (r *Runner) eachOutbox(ctx context.Context, state store.State, visit func(store.Message)) error {
	q := store.OutboxQuery{Of: store.All, State: state, Until: r.now().AddDate(100, 0, 0), Limit: 256}
	for {
		list, err := r.config.Store.Outbox(ctx, q)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		for _, m := range list {
			visit(m)
		}
		if len(list) < q.Limit {
			return nil
		}
		q.After = list[len(list)-1]
	}
}

// Held counts what is held of packs: messages of people, and replies of flows that were set aside.
func (r *Runner) Held(ctx context.Context, packs []string) (messages, replies int, err error) {
	if err = r.eachHeld(ctx, packs, heldMessage, func(store.Item) { messages++ }); err != nil {
		return 0, 0, err
	}
	err = r.eachOutbox(ctx, store.Dead, func(m store.Message) {
		if from, _ := ParseSender(m.Channel); CodeHeld(m.Code) && slices.Contains(packs, from.Pack) {
			replies++
		}
	})
	return messages, replies, err
}
