package boltstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
)

// writer writes in one transaction.
type writer struct {
	reader
	leases *leases
	room   *room
	kept   func() // called when the commit has succeeded, before anyone else writes
	record *recording

	// What the transaction asked for last, since nearly all of its turns ask for the same.
	floorKnown bool
	floorWas   uint32
	day        *bolt.Bucket // of deduplication keys; nil: not looked up
	inDay      *bolt.Cursor
	dayIs      uint32

	run run // rows of the log for which a row of kept has still to be put
}

// Commit applies all turns in one transaction.
func (s *Store) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	results := make([]store.Result, len(turns))
	err := s.update(ctx, func(w *writer) error {
		w.record = s.record.Load()
		for i := range turns {
			if i > 0 {
				w.record.end()
			}
			var err error
			if results[i], err = w.apply(&turns[i]); err != nil {
				return err
			}
		}
		if err := s.stale.drop(w); err != nil {
			return err
		}
		if err := s.astray.mend(w); err != nil {
			return err
		}
		if err := w.endRun(); err != nil {
			return err
		}
		w.record.end()
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.turns.Add(int64(len(turns)))
	return results, nil
}

// apply looks whether the turn applies before it changes anything. An error is about the whole transaction.
func (w *writer) apply(t *store.Turn) (store.Result, error) {
	if t.Lease != 0 && t.Lease != w.leases.epoch(t.Key.Partition()) {
		return store.Result{Outcome: store.Fenced}, nil
	}
	if w.seenBefore(t.Dedupe) {
		return store.Result{Outcome: store.Duplicate}, nil
	}
	c, found, err := w.contact(t.Key)
	lost := errors.Is(err, store.ErrDamaged)
	switch {
	case lost && t.Erase == nil && (t.Expect != store.Any || t.Session == nil):
		return store.Result{Outcome: store.Damaged}, nil
	case !lost && err != nil:
		return store.Result{}, err
	case !lost && t.Expect != store.Any && t.Expect != c.Revision:
		return store.Result{Outcome: store.Conflict, Revision: c.Revision}, nil
	}
	switch taken, err := w.identitiesTaken(t); {
	case errors.Is(err, store.ErrDamaged):
		return store.Result{Outcome: store.Damaged}, nil
	case err != nil:
		return store.Result{}, err
	case taken:
		return store.Result{Outcome: store.Conflict, Revision: c.Revision}, nil
	}
	return w.change(t, c, found, lost)
}

// seenBefore tells whether an event was seen, or is older than what is remembered.
func (w *writer) seenBefore(events []store.Seen) bool {
	for _, e := range events {
		second := seconds(e.At)
		if !w.floorKnown {
			w.floorKnown, w.floorWas = true, w.floor()
		}
		if second < w.floorWas {
			return true
		}
		if w.dayOf(second) == nil {
			continue
		}
		key := seenKey(second, e.Hash)
		if k, _ := w.inDay.Seek(key); bytes.Equal(k, key) {
			return true
		}
	}
	return false
}

// dayOf is the bucket of deduplication keys of the day; nil when there is none.
func (w *writer) dayOf(second uint32) *bolt.Bucket {
	if w.day == nil || w.dayIs != second/day {
		w.day, w.dayIs = w.bucket(seen).Bucket(dayKey(second)), second/day
		if w.day != nil {
			w.inDay = w.day.Cursor()
		}
	}
	return w.day
}

// remember puts the events where seenBefore looks.
func (w *writer) remember(events []store.Seen) error {
	for _, e := range events {
		second := seconds(e.At)
		b := w.dayOf(second)
		if b == nil {
			var err error
			if b, err = w.bucket(seen).CreateBucket(dayKey(second)); err != nil {
				return err
			}
			w.day, w.dayIs, w.inDay = b, second/day, b.Cursor()
		}
		b.FillPercent = 0.95
		// Not empty, since bbolt cannot tell an empty value from none.
		key, value := seenKey(second, e.Hash), []byte{1}
		w.record.add(Change{Bucket: seen.name, Within: dayKey(second), Key: key, Value: value, Grows: true})
		if err := b.Put(key, value); err != nil {
			return err
		}
	}
	return nil
}

// identitiesTaken tells whether someone else has what the turn wants and does not take.
func (w *writer) identitiesTaken(t *store.Turn) (bool, error) {
	for _, id := range t.Identities {
		if id.Drop || id.Take {
			continue
		}
		o, err := w.owner(id.Hash)
		if err != nil {
			return false, err
		}
		if o.Found && o.Key != t.Key {
			return true, nil
		}
	}
	return false, nil
}

// change makes the changes of a turn that applies.
func (w *writer) change(t *store.Turn, c contact, found, lost bool) (store.Result, error) {
	if err := w.remember(t.Dedupe); err != nil {
		return store.Result{}, err
	}
	if t.Erase != nil {
		if err := w.erase(t, c, lost); err != nil {
			return store.Result{}, err
		}
		c, found, lost = contact{Contact: store.Contact{Key: t.Key}}, false, false
	}
	if !found || lost {
		c.Since = t.At
		if t.Erase != nil {
			c.Since = later(t.At, t.Erase.At.Add(time.Millisecond))
		}
	}
	if lost {
		// Greater than any count of turns.
		c.Revision = millis(t.At)
	} else if t.Expect != store.Any && t.Erase == nil || t.Session != nil {
		c.Revision++
	}
	result := store.Result{Outcome: store.Committed, Revision: c.Revision}
	if t.Pack != "" {
		c.Pack = t.Pack
	}
	if t.Session != nil {
		c.Session = t.Session
	}
	var err error
	steps := []func() error{
		func() error { return w.setIdentities(t, &c) },
		func() error { return w.setFields(t, &c) },
		func() error { result.Messages, err = w.setMessages(t, &c); return err },
		func() error { return w.setTimers(t, &c) },
		func() error { return w.setItems(t) },
		func() error { return w.addEntries(t, &c) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return store.Result{}, err
		}
	}
	if !needsContact(t) {
		return result, nil
	}
	return result, w.putContact(&c)
}

// needsContact tells whether the turn changes what is kept in the contact.
func needsContact(t *store.Turn) bool {
	return t.Session != nil || t.Expect != store.Any && t.Erase == nil ||
		len(t.Identities)+len(t.Fields)+len(t.Outbox)+len(t.Cancel)+len(t.Timers)+len(t.Journal) > 0
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (w *writer) put(b bucket, key, value []byte) error {
	if value == nil {
		value = w.room.take(4)
	}
	value = seal(b, key, value)
	w.record.add(Change{Bucket: b.name, Key: key, Value: value, Grows: b.grows})
	return w.bucket(b).Put(key, value)
}

func (w *writer) delete(b bucket, key []byte) error {
	w.record.add(Change{Bucket: b.name, Key: key, Grows: b.grows})
	return w.bucket(b).Delete(key)
}

func (w *writer) putContact(c *contact) error {
	size := 128 + len(c.Session) + 64*(len(c.Identities)+len(c.Fields)+len(c.Timers))
	return w.put(contacts, c.Key[:], c.append(w.room.take(size)))
}

func (w *writer) putOwner(identity store.Hash, o store.Owner) error {
	if !o.Found && !o.Suppressed {
		return w.delete(identities, identity[:])
	}
	return w.put(identities, identity[:], appendOwner(make([]byte, 0, 24), o))
}

func (w *writer) setIdentities(t *store.Turn, c *contact) error {
	for _, id := range t.Identities {
		o, err := w.owner(id.Hash)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		at := slices.IndexFunc(c.Identities, func(has store.Identity) bool { return has.Hash == id.Hash })
		switch {
		case id.Drop:
			if at >= 0 {
				c.Identities = slices.Delete(slices.Clone(c.Identities), at, at+1)
			}
			if o.Key == t.Key {
				o.Found, o.Key = false, store.Key{}
			}
		default:
			if o.Found && o.Key != t.Key {
				if err := w.takeFrom(o.Key, id.Hash); err != nil {
					return err
				}
			}
			o.Found, o.Key = true, t.Key
			mine := store.Identity{Hash: id.Hash, Sealed: id.Sealed}
			if at >= 0 {
				c.Identities[at] = mine
			} else {
				c.Identities = append(c.Identities, mine)
			}
		}
		if id.Lift {
			o.Suppressed = false
		}
		if err := w.putOwner(id.Hash, o); err != nil {
			return err
		}
	}
	return nil
}

// takeFrom takes an identity out of another contact. One that cannot be read keeps its list, and loses what is
// looked up.
func (w *writer) takeFrom(key store.Key, identity store.Hash) error {
	c, found, err := w.contact(key)
	if !found || errors.Is(err, store.ErrDamaged) {
		return nil
	}
	if err != nil {
		return err
	}
	c.Identities = slices.DeleteFunc(c.Identities, func(has store.Identity) bool { return has.Hash == identity })
	return w.putContact(&c)
}

func (w *writer) setFields(t *store.Turn, c *contact) error {
	for _, f := range t.Fields {
		at := slices.IndexFunc(c.Fields, func(has store.Field) bool { return has.Name == f.Name })
		var before time.Time
		if at >= 0 {
			before = c.Fields[at].Kept
		}
		switch {
		case f.Sealed == nil && at >= 0:
			c.Fields = slices.Delete(c.Fields, at, at+1)
		case f.Sealed == nil:
		case at >= 0:
			c.Fields[at] = f
		default:
			c.Fields = append(c.Fields, f)
		}
		if f.Sealed != nil && millis(f.Kept) != millis(before) {
			if err := w.keepUntil(f.Kept, keptField, t.Key[:], []byte(f.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepLogged has a sweep look at a row of the log then; the zero time never does. The row of kept is put by endRun.
func (w *writer) keepLogged(until time.Time, id uint64) error {
	if until.IsZero() {
		return nil
	}
	ms := millis(until)
	if r := &w.run; r.n > 0 && r.n < runLimit && r.until == ms && r.first+uint64(r.n) == id {
		r.n++
		return nil
	}
	err := w.endRun()
	w.run = run{ms, id, 1}
	return err
}

// endRun puts the row of kept for the rows of the log so far.
func (w *writer) endRun() error {
	if w.run.n == 0 {
		return nil
	}
	key := w.run.key()
	w.run.n = 0
	return w.put(kept, key, nil)
}

// keepUntil has a sweep look at something else then; the zero time never does.
func (w *writer) keepUntil(until time.Time, what uint8, ref ...[]byte) error {
	if until.IsZero() {
		return nil
	}
	return w.put(kept, keptKey(until, what, ref...), nil)
}

// dropKept takes back what keepUntil has put.
func (w *writer) dropKept(until time.Time, what uint8, ref ...[]byte) error {
	if until.IsZero() {
		return nil
	}
	return w.delete(kept, keptKey(until, what, ref...))
}

func (w *writer) setTimers(t *store.Turn, c *contact) error {
	for _, number := range t.Cancel {
		at, has := findTimer(c.Timers, number)
		if !has {
			continue
		}
		// One that is due lies where timers are taken out anyway; others are dropped when their time comes.
		if due := c.Timers[at]; !due.Due.After(t.At) {
			if err := w.delete(timers, timerKey(due)); err != nil {
				return err
			}
		}
		c.Timers = slices.Delete(c.Timers, at, at+1)
	}
	for _, timer := range t.Timers {
		timer.Key = t.Key
		at, has := findTimer(c.Timers, timer.Number)
		if has {
			c.Timers[at] = timer
		} else {
			c.Timers = slices.Insert(c.Timers, at, timer)
		}
		if err := w.put(timers, timerKey(timer), nil); err != nil {
			return err
		}
	}
	return nil
}

func findTimer(list []store.Timer, number uint32) (int, bool) {
	return slices.BinarySearchFunc(list, number, func(t store.Timer, n uint32) int { return int(int64(t.Number) - int64(n)) })
}

func (w *writer) setItems(t *store.Turn) error {
	for i := range t.Items {
		it := t.Items[i]
		it.Key = t.Key
		if it.Anonymous {
			it.Key = store.Key{}
		}
		if err := w.removeItem(it.Kind, it.ID); err != nil {
			return err
		}
		if it.Remove {
			continue
		}
		key := itemKey(it.Kind, it.ID)
		if err := w.put(items, key, appendItem(make([]byte, 0, 96+len(it.Sealed)), &it)); err != nil {
			return err
		}
		if !it.Anonymous {
			if err := w.put(itemsof, itemOfKey(it.Key, it.Kind, it.ID), nil); err != nil {
				return err
			}
		}
		if err := w.keepUntil(it.Kept, keptItem, key); err != nil {
			return err
		}
	}
	return nil
}

// removeItem removes an item, also one that cannot be read, whose other rows then stay and lead nowhere.
func (w *writer) removeItem(kind store.ItemKind, id store.Hash) error {
	key := itemKey(kind, id)
	v, err := w.get(items, key)
	if v == nil && err == nil {
		return nil
	}
	if err == nil {
		if it, ok := parseItem(kind, id, v); ok {
			if err := w.delete(itemsof, itemOfKey(it.Key, kind, id)); err != nil {
				return err
			}
			if err := w.dropKept(it.Kept, keptItem, key); err != nil {
				return err
			}
		}
	}
	return w.delete(items, key)
}

func (w *writer) addEntries(t *store.Turn, c *contact) error {
	for _, e := range t.Journal {
		e.Key = t.Key
		if e.At.IsZero() {
			e.At = t.At
		}
		if _, err := w.addLogged(&logged{what: isEntry, entry: e}, c); err != nil {
			return err
		}
	}
	return nil
}

// addLogged appends a row to the log and to the contact's chain.
func (w *writer) addLogged(l *logged, c *contact) (uint64, error) {
	id, err := w.bucket(loglines).NextSequence()
	if err != nil {
		return 0, err
	}
	l.prev, c.last = c.last, id
	if err := w.putLogged(id, l); err != nil {
		return 0, err
	}
	return id, w.keepLogged(l.kept(), id)
}

func (w *writer) putLogged(id uint64, l *logged) error {
	size := 128 + len(l.msg.Sealed) + len(l.msg.SealedID) + len(l.entry.Sealed)
	return w.put(loglines, order.AppendUint64(w.room.take(8), id), l.append(w.room.take(size)))
}
