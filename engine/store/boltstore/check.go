package boltstore

import (
	"context"
	"fmt"
	"time"

	"baraza/engine/store"
)

// Check reads every page and every row, and follows what leads from one to another.
func (s *Store) Check(ctx context.Context, report func(problem string)) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.view(ctx, func(r *reader) error {
		sick := false
		for err := range r.tx.Check() {
			sick = true
			report(err.Error())
		}
		if sick {
			return nil // rows of such pages would be reported a second time, or panic
		}
		c := checker{reader: r, report: func(format string, args ...any) { report(fmt.Sprintf(format, args...)) }}
		for _, look := range []func(){c.contacts, c.identities, c.log, c.waiting, c.queue, c.dead, c.items, c.rest} {
			if err := ctx.Err(); err != nil {
				return err
			}
			look()
		}
		return nil
	})
}

type checker struct {
	*reader
	report func(format string, args ...any)
}

// each goes through the rows of a bucket whose checksum is right, and reports the others.
func (c *checker) each(b bucket, row func(k, v []byte)) {
	cursor := c.bucket(b).Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		value, ok := unseal(b, k, v)
		if !ok {
			c.report("%s: the checksum of row %x is wrong", b.name, k)
			continue
		}
		row(k, value)
	}
}

func (c *checker) contacts() {
	c.each(contacts, func(k, v []byte) {
		row, ok := parseContact(store.Key(k), v, nil)
		if !ok {
			c.report("contacts: row %x cannot be read", k)
			return
		}
		for _, id := range row.Identities {
			if o, err := c.owner(id.Hash); err == nil && (!o.Found || o.Key != row.Key) {
				c.report("contact %s has the identity %s, which does not lead to it", row.Key, id.Hash)
			}
		}
		for _, t := range row.Timers {
			if c.bucket(timers).Get(timerKey(t)) == nil {
				c.report("timer %d of contact %s is not among the timers", t.Number, row.Key)
			}
		}
		for _, f := range row.Fields {
			c.dated(f.Kept, keptField, "field "+f.Name+" of contact "+row.Key.String(), k, []byte(f.Name))
		}
		if id := c.head(row.Key); id != 0 {
			if l, _, err := c.logged(id); err == nil && c.bucket(queue).Get(queueKey(l.msg.Ready, id)) == nil {
				c.report("message %d waits, first of contact %s, and is not in the queue", id, row.Key)
			}
		}
	})
}

// dated reports a thing that would not be deleted at its date.
func (c *checker) dated(until time.Time, what uint8, says string, ref ...[]byte) {
	if !until.IsZero() && c.bucket(kept).Get(keptKey(until, what, ref...)) == nil {
		c.report("%s is kept until %s, and nothing deletes it then", says, until.Format(time.RFC3339))
	}
}

func (c *checker) identities() {
	c.each(identities, func(k, v []byte) {
		o, ok := parseOwner(v)
		if !ok {
			c.report("identities: row %x cannot be read", k)
			return
		}
		if !o.Found {
			return
		}
		row, found, err := c.contact(o.Key)
		if err != nil {
			return // reported with the contacts
		}
		for _, id := range row.Identities {
			if id.Hash == store.Hash(k) {
				return
			}
		}
		c.report("identity %x leads to contact %s, which does not have it (found: %t)", k, o.Key, found)
	})
}

func (c *checker) log() {
	last := c.bucket(loglines).Sequence()
	c.each(loglines, func(k, v []byte) {
		id := order.Uint64(k)
		l, ok := parseLogged(id, v)
		if !ok {
			c.report("log: row %d cannot be read", id)
			return
		}
		if id > last {
			c.report("log: row %d is beyond the counter %d", id, last)
		}
		if l.prev >= id && l.prev != unknown {
			c.report("log: row %d follows row %d of its contact", id, l.prev)
		}
		if until := l.kept(); !until.IsZero() && !c.reader.dated(until, id) {
			c.report("row %d of the log is kept until %s, and nothing deletes it then", id, until.Format(time.RFC3339))
		}
		if l.what != isMessage {
			return
		}
		listed := c.bucket(waiting).Get(waitingKey(l.msg.Key, id)) != nil
		if listed != (l.msg.State == store.Waiting) {
			c.report("message %d of contact %s is %d, and among those that wait: %t", id, l.msg.Key, l.msg.State, listed)
		}
	})
}

func (c *checker) waiting() {
	c.each(waiting, func(k, _ []byte) {
		if _, found, _ := c.logged(order.Uint64(k[16:])); !found {
			c.report("message %d of contact %x waits and is gone", order.Uint64(k[16:]), k[:16])
		}
	})
}

func (c *checker) queue() {
	c.each(queue, func(k, v []byte) {
		id := order.Uint64(k[8:])
		if len(v) != 16 || c.head(store.Key(v)) != id {
			c.report("message %d is in the queue of contact %x and is not its first that waits", id, v)
		}
	})
}

func (c *checker) dead() {
	c.each(dead, func(k, _ []byte) {
		l, found, err := c.logged(order.Uint64(k))
		if err == nil && (!found || l.msg.State != store.Dead && l.msg.State != store.Failed) {
			c.report("message %d is among the dead and is not", order.Uint64(k))
		}
	})
}

func (c *checker) items() {
	c.each(items, func(k, v []byte) {
		it, ok := parseItem(store.ItemKind(k[0]), store.Hash(k[1:]), v)
		if !ok {
			c.report("items: row %x cannot be read", k)
			return
		}
		if !it.Anonymous && c.bucket(itemsof).Get(itemOfKey(it.Key, it.Kind, it.ID)) == nil {
			c.report("item %x of contact %s is not listed with it", k, it.Key)
		}
		c.dated(it.Kept, keptItem, fmt.Sprintf("item %x", k), k)
	})
	c.each(itemsof, func(k, _ []byte) {
		if c.bucket(items).Get(k[16:]) == nil {
			c.report("item %x of contact %x is gone", k[16:], k[:16])
		}
	})
}

func (c *checker) rest() {
	for _, b := range []bucket{timers, kept, tombstones} {
		c.each(b, func(_, _ []byte) {})
	}
}
