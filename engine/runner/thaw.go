package runner

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/store"
)

// thaw settles what is held of the contact, or takes the next of their messages as the event; goes is false where
// nothing is to be stepped.
func (d *draft) thaw(ev *engine.Event) (goes bool, err error) {
	if f := d.freeze; f != nil && !f.Resuming { // frozen again
		return false, errSkip
	}
	mark, err := d.mark()
	if err != nil {
		return false, err
	}
	messages, err := d.waiting()
	if err != nil {
		return false, err
	}
	asks := false
	if mark == nil || mark.State != markSeen {
		unheard, owed, err := d.thawReplies()
		if err != nil {
			return false, err
		}
		if mark == nil && len(messages) == 0 && !unheard {
			return false, errSkip
		}
		elsewhere := unheard || mark != nil && mark.State == markMoved && len(messages) > 0
		asks = elsewhere && d.person.session.Where(d.p).Kind != program.HandOverState // to people a word is no answer
		if goes = asks && (owed || len(messages) > 0); goes {
			ev.Kind = engine.Resume
		}
	}
	*d.j.more = !asks && len(messages) > 1
	switch {
	case !*d.j.more:
		d.removeHeld(heldMark, 0)
	case mark != nil:
		m := *mark
		m.State = markSeen
		d.putItem(m)
	}
	switch {
	case asks:
		for _, it := range messages {
			d.removeHeld(heldMessage, it.Number)
			var words engine.Event
			if err := d.openHeld(it, &words); err != nil {
				return false, err
			}
			d.unheard = append(d.unheard, words)
		}
		return goes, nil
	case len(messages) == 0:
		return false, nil
	}
	d.removeHeld(heldMessage, messages[0].Number)
	return true, d.openHeld(messages[0], ev)
}

// thawUnstepped is thaw of an event that always fails: it is set aside like any other, and those behind it go on.
func (d *draft) thawUnstepped() error {
	if _, err := d.thaw(&d.j.event); err != nil {
		return err
	}
	d.private = d.p == nil || !d.noticed(d.person.session) || d.sensitive(d.person.session)
	for _, words := range d.unheard {
		if err := d.heard(words); err != nil {
			return err
		}
	}
	return nil
}

// openHeld reads a message that waited. One that nobody can read is reported, and nothing is made of it.
func (d *draft) openHeld(it store.Item, ev *engine.Event) error {
	plain, err := d.r.config.Keys.Open(d.pack, d.t.key, heldKind, it.Sealed)
	var words heldEvent
	if err == nil {
		err = json.Unmarshal(plain, &words)
	} else if !errors.Is(err, ErrUnreadable) {
		return err
	}
	if err != nil {
		d.report("message-unreadable", "held")
		ev.Kind = engine.Resume
		return nil
	}
	ev.Kind, ev.Text, ev.Token, ev.Template, ev.Media = engine.Message, words.Text, words.Token, words.Template, words.Media
	ev.Location, ev.Channel, ev.Language = words.Location, words.Channel, words.Language
	return nil
}

// thawReplies lets the replies that were held go, or deletes them. unheard tells that there were some, so that the
// person had not heard all that was said to them; owed, that one of them answered a word of the person and was deleted.
func (d *draft) thawReplies() (unheard, owed bool, err error) {
	f := d.freeze
	if f == nil { // left over from a process that was killed, or from a backup: the safe way
		f = &Freeze{}
	}
	held, err := d.heldReplies(false)
	for _, m := range held {
		unheard = true
		news := store.Settlement{ID: m.ID, State: store.Gone}
		late := m.Class == Nudge && d.now.Sub(m.At) > d.r.timing.LateSilence || m.Class == Template && d.now.Sub(m.At) > d.r.timing.LateReminder
		switch {
		case late, !f.Sends && (m.Class == Nudge || m.Class == Template):
			d.r.Figures.Dropped.Add(1)
			d.report("nudge-dropped", "frozen")
		case !f.Sends:
			owed = true
		default:
			news.State, news.Ready = store.Waiting, d.now
			if m.Code == codeHeldSent {
				news.Code = codeSending
			}
		}
		d.turn.Settle = append(d.turn.Settle, news)
	}
	return unheard, owed, err
}

// thaw answers what is held of one contact, an event a turn.
func (r *Runner) thaw(ctx context.Context, x heldContact) error {
	for {
		more := false
		j := &job{key: x.key, pack: x.pack, origin: fromHold, more: &more, parts: x.parts}
		if err := r.do(ctx, j); err != nil || !more {
			return err
		}
	}
}

// Thaw answers what is held of the packs' people, at the pace of timers, and returns when nothing is left. Replies are
// deleted or sent as Config.Freeze says; where a pack is not frozen at all, what a killed process or a backup left is
// deleted. Of a pack that is frozen anew meanwhile nothing is touched. done is called when nothing is left, and then
// timers go on. Somebody who cannot be answered keeps nobody else waiting: after some tries done is called all the same,
// and the error says that something is left, of which whoever asks for it again finds that nothing is frozen.
func (r *Runner) Thaw(ctx context.Context, packs []string, done func() error) error {
	served := func() error {
		err := done()
		r.timers.thaw()
		return err
	}
	failures := 0
	for range mostThaws {
		due, err := r.heldContacts(ctx, packs)
		if err != nil {
			return err
		}
		if len(due) == 0 {
			return served()
		}
		err = r.thawAll(ctx, due)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			failures = 0
			continue
		case whole(err):
			return err
		}
		if failures++; failures == triesOfThaw {
			return errors.Join(err, served())
		}
		if !r.wait(ctx, r.backoff(failures)) {
			return ctx.Err()
		}
	}
	return errors.New("something is held still, however often it was answered")
}

// thawAll answers what is held of people, some at a time. The error is one of those who could not be answered.
func (r *Runner) thawAll(ctx context.Context, due []heldContact) (failed error) {
	for batch := range slices.Chunk(due, r.timing.TimerBatch) {
		var g errgroup.Group
		for _, x := range batch {
			g.Go(func() error { return r.thaw(ctx, x) })
		}
		if err := g.Wait(); err != nil {
			failed = err
		}
		if whole(failed) || !r.wait(ctx, r.timing.TimerPause) {
			break
		}
	}
	return failed
}

// heldContact is somebody of whom something is held, with the parts that were found.
type heldContact struct {
	key   store.Key
	pack  string
	parts []uint64
}

// heldContacts finds them: by their marks and by replies that were set aside.
func (r *Runner) heldContacts(ctx context.Context, packs []string) (all []heldContact, err error) {
	at := map[store.Key]int{}
	add := func(key store.Key, pack string, parts ...uint64) {
		if f := r.freeze(pack); !slices.Contains(packs, pack) || f != nil && !f.Resuming {
			return
		}
		i, seen := at[key]
		if !seen {
			i, all = len(all), append(all, heldContact{key: key, pack: pack})
			at[key] = i
		}
		all[i].parts = append(all[i].parts, parts...)
	}
	err = r.eachHeld(ctx, packs, heldMark, func(it store.Item) { add(it.Key, it.Pack) })
	if err != nil {
		return nil, err
	}
	// A message without its mark would wait for ever.
	if err = r.eachHeld(ctx, packs, heldMessage, func(it store.Item) { add(it.Key, it.Pack) }); err != nil {
		return nil, err
	}
	err = r.eachOutbox(ctx, store.Dead, func(m store.Message) {
		if from, _ := ParseSender(m.Channel); CodeHeld(m.Code) {
			add(m.Key, from.Pack, m.ID)
		}
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
