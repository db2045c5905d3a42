package runner

import (
	"errors"
	"slices"

	"baraza/engine/keys"
	"baraza/engine/store"
)

// follow has what waits for the person leave from the number they write to now, in its order and before what is answered
// to them: the other number may have stopped or its window may be closed, and the first that cannot go holds up all. What
// is handed over at this moment, or may have arrived, stays where it is until that is known.
func (d *draft) follow(to Sender) error {
	if len(d.t.flying) > 0 {
		return errHold
	}
	q := store.OutboxQuery{Key: d.t.key, Limit: 256}
	var waiting []store.Message // newest first
	for {
		list, err := d.r.config.Store.Outbox(d.ctx, q)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		for _, m := range list {
			from, _ := ParseSender(m.Channel)
			handedOver := m.Code == codeSending && m.Ready.After(d.now)
			if m.State == store.Waiting && from != to && from.Channel == to.Channel && !handedOver {
				waiting = append(waiting, m)
			}
		}
		if len(list) < q.Limit {
			break
		}
		q.After = list[len(list)-1]
	}
	for _, m := range slices.Backward(waiting) {
		plain, err := d.r.config.Keys.Open(d.pack, d.t.key, keys.Message, m.Sealed)
		if errors.Is(err, ErrUnreadable) {
			continue // the sender reports it
		}
		if err != nil {
			return err
		}
		kept, err := readDelivery(plain)
		if err != nil {
			continue
		}
		kept.to, kept.last = d.person.to, d.person.last
		sealed, err := d.sealPlain(keys.Message, kept.append(d.plain()))
		if err != nil {
			return err
		}
		d.turn.Settle = append(d.turn.Settle, store.Settlement{ID: m.ID, State: store.Gone})
		d.turn.Outbox = append(d.turn.Outbox, store.Message{Channel: to.String(), Class: m.Class, At: m.At, Kept: m.Kept, Ready: d.now, Sealed: sealed})
	}
	d.moved = len(d.turn.Outbox)
	return nil
}

// dropMoved takes back what follow put down: all, or what people wrote.
func (d *draft) dropMoved(all bool) {
	kept := slices.DeleteFunc(slices.Clone(d.turn.Outbox[:d.moved]), func(m store.Message) bool { return all || m.Class == Staff })
	d.turn.Outbox = append(kept, d.turn.Outbox[d.moved:]...)
	d.moved = len(kept)
}
