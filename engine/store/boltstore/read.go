package boltstore

import (
	"bytes"
	"context"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
)

// Load reads a contact.
func (s *Store) Load(ctx context.Context, key store.Key) (out store.Contact, err error) {
	err = s.view(ctx, func(r *reader) error {
		c, _, err := r.contact(key)
		out = cloneContact(c.Contact)
		return err
	})
	return out, err
}

// Contacts lists contacts in the order of their keys.
func (s *Store) Contacts(ctx context.Context, of store.Set, after store.Key, limit int) (out []store.Contact, err error) {
	var hurt damage
	err = s.view(ctx, func(r *reader) error {
		c := r.bucket(contacts).Cursor()
		k, v := c.Seek(after[:])
		if bytes.Equal(k, after[:]) {
			k, v = c.Next()
		}
		for ; k != nil && len(out) < limit; k, v = c.Next() {
			key := store.Key(k)
			if !of.Has(key.Partition()) {
				continue
			}
			value, ok := unseal(contacts, k, v)
			if ok {
				var row contact
				if row, ok = parseContact(key, value, nil); ok {
					out = append(out, cloneContact(row.Contact))
				}
			}
			if !ok {
				hurt.note(&store.DamagedError{Key: key, Where: contacts.says})
			}
		}
		return hurt.err
	})
	return out, err
}

// damage remembers the first thing that cannot be read while a list goes on.
type damage struct{ err error }

func (d *damage) note(err error) {
	if d.err == nil {
		d.err = err
	}
}

// tell returns err when it is about more than a damaged row, and notes it otherwise.
func (d *damage) tell(err error) error {
	if errors.Is(err, store.ErrDamaged) {
		d.note(err)
		return nil
	}
	return err
}

// Find looks an identity up.
func (s *Store) Find(ctx context.Context, identity store.Hash) (out store.Owner, err error) {
	err = s.view(ctx, func(r *reader) error {
		out, err = r.owner(identity)
		return err
	})
	return out, err
}

// Due lists timers. Rows of timers that do not count any more are left out and noted for the next commit.
func (s *Store) Due(ctx context.Context, of store.Set, after store.Timer, until time.Time, limit int) (out []store.Timer, err error) {
	var hurt damage
	err = s.view(ctx, func(r *reader) error {
		last := millis(until)
		c := r.bucket(timers).Cursor()
		from := timerKey(after)
		k, v := c.Seek(from)
		if after != (store.Timer{}) && bytes.Equal(k, from) {
			k, v = c.Next()
		}
		for ; k != nil && len(out) < limit; k, v = c.Next() {
			t := parseTimerKey(k)
			if millis(t.Due) > last {
				break
			}
			if !of.Has(t.Key.Partition()) {
				continue
			}
			if _, ok := unseal(timers, k, v); !ok {
				hurt.note(&store.DamagedError{Key: t.Key, Where: timers.says})
				continue
			}
			row, found, err := r.contact(t.Key)
			if err != nil {
				if err := hurt.tell(err); err != nil {
					return err
				}
				continue
			}
			if set, ok := set(row, found, t); ok {
				out = append(out, set)
			} else {
				s.stale.note(k)
			}
		}
		return hurt.err
	})
	return out, err
}

// set finds a timer as the contact has it; false when it does not count any more.
func set(c contact, found bool, t store.Timer) (store.Timer, bool) {
	if !found {
		return store.Timer{}, false
	}
	at, has := findTimer(c.Timers, t.Number)
	if !has || millis(c.Timers[at].Due) != millis(t.Due) {
		return store.Timer{}, false
	}
	return c.Timers[at], true
}

// Outbox lists messages.
func (s *Store) Outbox(ctx context.Context, q store.OutboxQuery) (out []store.Message, err error) {
	var hurt damage
	err = s.view(ctx, func(r *reader) error {
		var err error
		switch {
		case q.Key != (store.Key{}):
			err = r.chain(q.Key, q.After.ID, &hurt, func(l *logged) bool {
				if l.what == isMessage {
					out = append(out, cloneMessage(l.msg))
				}
				return len(out) < q.Limit
			})
		case q.State == store.Waiting:
			out, err = r.heads(q, &hurt, s.astray.note)
		case q.State == store.Failed || q.State == store.Dead:
			out, err = r.dead(q, &hurt)
		}
		if err != nil {
			return err
		}
		return hurt.err
	})
	return out, err
}

// heads lists what can be sent until then. astray is told of rows that cannot be read and lead to no message.
func (r *reader) heads(q store.OutboxQuery, hurt *damage, astray func(k []byte)) (out []store.Message, err error) {
	last := millis(q.Until)
	c := r.bucket(queue).Cursor()
	from := queueKey(q.After.Ready, q.After.ID)
	k, v := c.Seek(from)
	if q.After.ID != 0 && bytes.Equal(k, from) {
		k, v = c.Next()
	}
	for ; k != nil && len(out) < q.Limit && order.Uint64(k) <= last; k, v = c.Next() {
		if out == nil { // messages are large, so that a list that grows costs more than what it is a list of
			out = make([]store.Message, 0, min(q.Limit, 256))
		}
		id := order.Uint64(k[8:])
		value, ok := unseal(queue, k, v)
		if !ok || len(value) != 16 {
			// Whose it is stands in the message too, and the row goes when that is settled.
			l, found, err := r.logged(id)
			if err == nil && found && l.what == isMessage && l.msg.State == store.Waiting && r.head(l.msg.Key) == id && millis(l.msg.Ready) == order.Uint64(k) {
				if q.Of.Has(l.msg.Key.Partition()) {
					out = append(out, cloneMessage(l.msg))
				}
				continue
			}
			astray(k)
			hurt.note(&store.DamagedError{ID: id, Where: queue.says})
			continue
		}
		key := store.Key(value)
		if !q.Of.Has(key.Partition()) {
			continue
		}
		l, found, err := r.logged(id)
		if err != nil {
			if errors.Is(err, store.ErrDamaged) {
				err = &store.DamagedError{Key: key, ID: id, Where: loglines.says}
			}
			if err := hurt.tell(err); err != nil {
				return out, err
			}
			continue
		}
		if found && l.what == isMessage && l.msg.State == store.Waiting {
			out = append(out, cloneMessage(l.msg))
		}
	}
	return out, nil
}

// dead lists failed or dead messages.
func (r *reader) dead(q store.OutboxQuery, hurt *damage) (out []store.Message, err error) {
	c := r.bucket(dead).Cursor()
	for k, _ := c.Seek(idKey(q.After.ID + 1)); k != nil && len(out) < q.Limit; k, _ = c.Next() {
		l, found, err := r.logged(order.Uint64(k))
		if err != nil {
			if err := hurt.tell(err); err != nil {
				return out, err
			}
			continue
		}
		if found && l.what == isMessage && l.msg.State == q.State && q.Of.Has(l.msg.Key.Partition()) {
			out = append(out, cloneMessage(l.msg))
		}
	}
	return out, nil
}

// chain goes through the rows of a contact that are older than before (0: all), the newest first, until each says
// no or the chain ends.
func (r *reader) chain(key store.Key, before uint64, hurt *damage, each func(*logged) bool) error {
	c, _, err := r.contact(key)
	if err != nil {
		return hurt.tell(err)
	}
	id := c.last
	if before != 0 {
		// The row of the page before may be gone by now: the way there is from the newest one.
		for id >= before && id != 0 && id != unknown {
			l, found, err := r.logged(id)
			if err != nil || !found {
				return hurt.tell(err)
			}
			id = l.prev
		}
	}
	for id != 0 {
		if id == unknown {
			hurt.note(&store.DamagedError{Key: key, Where: "the history"})
			return nil
		}
		l, found, err := r.logged(id)
		if err != nil || !found {
			return hurt.tell(err)
		}
		if !each(&l) {
			return nil
		}
		id = l.prev
	}
	return nil
}

// Message reads one message.
func (s *Store) Message(ctx context.Context, id uint64) (out store.Message, err error) {
	err = s.view(ctx, func(r *reader) error {
		l, found, err := r.logged(id)
		switch {
		case err != nil:
			return err
		case !found || l.what != isMessage:
			return store.ErrNotFound
		}
		out = cloneMessage(l.msg)
		return nil
	})
	return out, err
}

// Items lists cases, records or consents.
func (s *Store) Items(ctx context.Context, q store.ItemQuery) (out []store.Item, err error) {
	var hurt damage
	err = s.view(ctx, func(r *reader) error {
		out = r.items(q, &hurt)
		return hurt.err
	})
	return out, err
}

func (r *reader) items(q store.ItemQuery, hurt *damage) (out []store.Item) {
	look := func(id store.Hash) {
		key := itemKey(q.Kind, id)
		v, err := r.get(items, key)
		if v == nil && err == nil {
			return
		}
		it, ok := store.Item{}, false
		if err == nil {
			it, ok = parseItem(q.Kind, id, v)
		}
		if !ok {
			hurt.note(&store.DamagedError{Key: q.Key, Where: items.says})
			return
		}
		if wanted(&it, &q) {
			it.Sealed = bytes.Clone(it.Sealed)
			out = append(out, it)
		}
	}
	after := func(id store.Hash) bool { return bytes.Compare(id[:], q.After[:]) > 0 || q.After == store.Hash{} }
	switch {
	case q.ID != (store.Hash{}):
		look(q.ID)
	case q.Key != (store.Key{}):
		for k := range prefixed(r.bucket(itemsof), append(q.Key[:], byte(q.Kind))) {
			if id := store.Hash(k[17:]); after(id) {
				look(id)
			}
			if len(out) >= q.Limit {
				break
			}
		}
	default:
		c := r.bucket(items).Cursor()
		for k, _ := c.Seek(itemKey(q.Kind, q.After)); k != nil && k[0] == byte(q.Kind) && len(out) < q.Limit; k, _ = c.Next() {
			if id := store.Hash(k[1:]); after(id) {
				look(id)
			}
		}
	}
	return out
}

func wanted(it *store.Item, q *store.ItemQuery) bool {
	partition := it.Key.Partition()
	if it.Anonymous {
		partition = store.Key(it.ID).Partition()
	}
	return q.Of.Has(partition) && (q.Key == store.Key{} || q.Key == it.Key) && (q.Pack == "" || q.Pack == it.Pack) &&
		(q.Class == "" || q.Class == it.Class) && (q.State == 0 || q.State == it.State)
}

// Journal lists entries.
func (s *Store) Journal(ctx context.Context, q store.JournalQuery) (out []store.Entry, err error) {
	var hurt damage
	add := func(l *logged) {
		if l.what == isEntry && q.Wants(l.entry.Class, l.entry.At) {
			l.entry.Sealed = bytes.Clone(l.entry.Sealed)
			out = append(out, l.entry)
		}
	}
	err = s.view(ctx, func(r *reader) error {
		if q.Key != (store.Key{}) {
			err := r.chain(q.Key, q.After, &hurt, func(l *logged) bool {
				add(l)
				return len(out) < q.Limit
			})
			if err != nil {
				return err
			}
			return hurt.err
		}
		c := r.bucket(loglines).Cursor()
		k, next := startOf(c, q)
		for ; k != nil && len(out) < q.Limit; k, _ = next() {
			l, _, err := r.logged(order.Uint64(k))
			if err != nil {
				if err := hurt.tell(err); err != nil {
					return err
				}
				continue
			}
			if l.what == isEntry && q.Newest && !q.Since.IsZero() && l.entry.At.Before(q.Since.Add(-outOfOrder)) {
				break
			}
			if q.Of.Has(l.key().Partition()) {
				add(&l)
			}
		}
		return hurt.err
	})
	return out, err
}

// outOfOrder is how much older than a later row a row may be, where the clock went back.
const outOfOrder = 24 * time.Hour

// startOf is the first row that a query of the whole journal looks at, and the way on from there.
func startOf(c *bolt.Cursor, q store.JournalQuery) (k []byte, next func() (k, v []byte)) {
	switch {
	case !q.Newest:
		k, _ = c.Seek(idKey(q.After + 1))
		return k, c.Next
	case q.After == 0:
		k, _ = c.Last()
	default:
		if k, _ = c.Seek(idKey(q.After)); k == nil {
			k, _ = c.Last()
		} else {
			k, _ = c.Prev()
		}
	}
	return k, c.Prev
}

// Tombstones lists erasures.
func (s *Store) Tombstones(ctx context.Context, since time.Time) (out []store.Erasure, err error) {
	var hurt damage
	err = s.view(ctx, func(r *reader) error {
		c := r.bucket(tombstones).Cursor()
		for k, v := c.Seek(idKey(millis(since))); k != nil; k, v = c.Next() {
			e := store.Erasure{Key: store.Key(k[8:]), At: moment(order.Uint64(k))}
			value, ok := unseal(tombstones, k, v)
			if !ok {
				hurt.note(&store.DamagedError{Key: e.Key, Where: tombstones.says})
				continue
			}
			for ; len(value) >= 16; value = value[16:] {
				e.Suppress = append(e.Suppress, store.Hash(value[:16]))
			}
			out = append(out, e)
		}
		return hurt.err
	})
	return out, err
}

// What is returned outlives the transaction, and so may not lie in the file's memory.

func cloneContact(c store.Contact) store.Contact {
	c.Session = bytes.Clone(c.Session)
	for i := range c.Identities {
		c.Identities[i].Sealed = bytes.Clone(c.Identities[i].Sealed)
	}
	for i := range c.Fields {
		c.Fields[i].Sealed = bytes.Clone(c.Fields[i].Sealed)
	}
	return c
}

func cloneMessage(m store.Message) store.Message {
	m.Sealed, m.SealedID = bytes.Clone(m.Sealed), bytes.Clone(m.SealedID)
	return m
}
