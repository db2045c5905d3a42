package storetest

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"baraza/engine/store"
)

// Load reads a contact.
func (m *Memory) Load(ctx context.Context, key store.Key) (store.Contact, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return store.Contact{}, err
	}
	defer leave()
	if c := m.contacts[key]; c != nil {
		return copied(*c), nil
	}
	return store.Contact{Key: key}, nil
}

func copied(c store.Contact) store.Contact {
	c.Session, c.Timers = bytes.Clone(c.Session), slices.Clone(c.Timers)
	c.Identities, c.Fields = slices.Clone(c.Identities), slices.Clone(c.Fields)
	for i := range c.Identities {
		c.Identities[i].Sealed = bytes.Clone(c.Identities[i].Sealed)
	}
	for i := range c.Fields {
		c.Fields[i].Sealed = bytes.Clone(c.Fields[i].Sealed)
	}
	return c
}

// Contacts lists contacts.
func (m *Memory) Contacts(ctx context.Context, of store.Set, after store.Key, limit int) (out []store.Contact, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	keys := slices.SortedFunc(maps.Keys(m.contacts), func(a, b store.Key) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range keys {
		if len(out) < limit && of.Has(key.Partition()) && bytes.Compare(key[:], after[:]) > 0 {
			out = append(out, copied(*m.contacts[key]))
		}
	}
	return out, nil
}

// Find looks an identity up.
func (m *Memory) Find(ctx context.Context, identity store.Hash) (store.Owner, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return store.Owner{}, err
	}
	defer leave()
	return m.owners[identity], nil
}

// Due lists timers.
func (m *Memory) Due(ctx context.Context, of store.Set, after store.Timer, until time.Time, limit int) (out []store.Timer, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	order := func(a, b store.Timer) int {
		return cmp.Or(a.Due.Compare(b.Due), bytes.Compare(a.Key[:], b.Key[:]), cmp.Compare(a.Number, b.Number))
	}
	for _, c := range m.contacts {
		for _, t := range c.Timers {
			if of.Has(c.Key.Partition()) && !t.Due.After(whole(until)) && (after == store.Timer{} || order(t, after) > 0) {
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, order)
	return out[:min(len(out), limit)], nil
}

// Outbox lists messages.
func (m *Memory) Outbox(ctx context.Context, q store.OutboxQuery) (out []store.Message, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	order := func(a, b store.Message) int { return cmp.Compare(a.ID, b.ID) }
	first := map[store.Key]uint64{}
	for _, id := range slices.Sorted(maps.Keys(m.messages)) {
		if msg := m.messages[id]; msg.State == store.Waiting && first[msg.Key] == 0 {
			first[msg.Key] = id
		}
	}
	wanted := func(msg store.Message) bool { return msg.State == q.State && q.Of.Has(msg.Key.Partition()) }
	switch {
	case q.Key != (store.Key{}):
		order = func(a, b store.Message) int { return cmp.Compare(b.ID, a.ID) }
		wanted = func(msg store.Message) bool { return msg.Key == q.Key }
	case q.State == store.Waiting:
		order = func(a, b store.Message) int { return cmp.Or(a.Ready.Compare(b.Ready), cmp.Compare(a.ID, b.ID)) }
		wanted = func(msg store.Message) bool {
			return first[msg.Key] == msg.ID && !msg.Ready.After(whole(q.Until)) && q.Of.Has(msg.Key.Partition())
		}
	case q.State != store.Failed && q.State != store.Dead:
		return nil, nil
	}
	for _, msg := range m.messages {
		if wanted(*msg) && (q.After.ID == 0 || order(*msg, q.After) > 0) {
			out = append(out, sent(*msg))
		}
	}
	slices.SortFunc(out, order)
	return out[:min(len(out), q.Limit)], nil
}

func sent(msg store.Message) store.Message {
	msg.Sealed, msg.SealedID = bytes.Clone(msg.Sealed), bytes.Clone(msg.SealedID)
	return msg
}

// Message reads a message.
func (m *Memory) Message(ctx context.Context, id uint64) (store.Message, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return store.Message{}, err
	}
	defer leave()
	if msg := m.messages[id]; msg != nil {
		return sent(*msg), nil
	}
	return store.Message{}, store.ErrNotFound
}

// Items lists cases, records or consents.
func (m *Memory) Items(ctx context.Context, q store.ItemQuery) (out []store.Item, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	for id, it := range m.items {
		partition := it.Key.Partition()
		if it.Anonymous {
			partition = store.Key(it.ID).Partition()
		}
		if id.kind == q.Kind && q.Of.Has(partition) && (q.ID == store.Hash{} || q.ID == id.id) &&
			(q.Key == store.Key{} || q.Key == it.Key) && (q.Pack == "" || q.Pack == it.Pack) &&
			(q.Class == "" || q.Class == it.Class) && (q.State == 0 || q.State == it.State) &&
			(q.After == store.Hash{} || bytes.Compare(id.id[:], q.After[:]) > 0) {
			it.Sealed = bytes.Clone(it.Sealed)
			out = append(out, it)
		}
	}
	slices.SortFunc(out, func(a, b store.Item) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return out[:min(len(out), q.Limit)], nil
}

// Journal lists entries.
func (m *Memory) Journal(ctx context.Context, q store.JournalQuery) (out []store.Entry, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	for _, id := range slices.Sorted(maps.Keys(m.entries)) {
		e := *m.entries[id]
		mine := q.Key != store.Key{}
		if !q.Wants(e.Class, e.At) {
			continue
		}
		back := !mine && q.Newest && (q.After == 0 || id < q.After)
		if back && q.Of.Has(e.Key.Partition()) || mine && e.Key == q.Key && (q.After == 0 || id < q.After) || !mine && !q.Newest && q.Of.Has(e.Key.Partition()) && id > q.After {
			e.Sealed = bytes.Clone(e.Sealed)
			out = append(out, e)
		}
	}
	if q.Newest || (q.Key != store.Key{}) {
		slices.Reverse(out)
	}
	return out[:min(len(out), q.Limit)], nil
}

// Tombstones lists erasures.
func (m *Memory) Tombstones(ctx context.Context, since time.Time) (out []store.Erasure, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	for _, e := range m.tombstones {
		if !e.At.Before(whole(since)) {
			e.Suppress = slices.Clone(e.Suppress)
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b store.Erasure) int {
		return cmp.Or(a.At.Compare(b.At), bytes.Compare(a.Key[:], b.Key[:]))
	})
	return out, nil
}
