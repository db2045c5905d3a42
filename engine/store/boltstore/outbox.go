package boltstore

import (
	"errors"
	"time"

	"baraza/engine/store"
)

// setMessages settles and adds the messages of a turn, and puts the contact's first waiting one into the queue.
func (w *writer) setMessages(t *store.Turn, c *contact) ([]uint64, error) {
	if len(t.Settle) == 0 && len(t.Outbox) == 0 {
		return nil, nil
	}
	if len(t.Settle) == 0 {
		return w.addMessages(t, c)
	}
	var ids []uint64
	err := w.requeue(t.Key, func() (err error) {
		for i := range t.Settle {
			if err := w.settle(t.Key, &t.Settle[i]); err != nil {
				return err
			}
		}
		ids, err = w.putMessages(t, c)
		return err
	})
	return ids, err
}

// addMessages adds messages behind all others of the contact: the first of them waits at the head when none does.
func (w *writer) addMessages(t *store.Turn, c *contact) ([]uint64, error) {
	head := w.head(t.Key)
	ids, err := w.putMessages(t, c)
	if err != nil || head != 0 {
		return ids, err
	}
	ready := t.Outbox[0].Ready
	if ready.IsZero() {
		ready = t.At
	}
	return ids, w.put(queue, queueKey(ready, ids[0]), t.Key[:])
}

// putMessages puts the messages of the turn among those that wait.
func (w *writer) putMessages(t *store.Turn, c *contact) ([]uint64, error) {
	ids := make([]uint64, 0, len(t.Outbox))
	for _, m := range t.Outbox {
		m.Key, m.State, m.Tries, m.Code, m.Provider, m.SealedID = t.Key, store.Waiting, 0, 0, store.Hash{}, nil
		if m.At.IsZero() {
			m.At = t.At
		}
		if m.Ready.IsZero() {
			m.Ready = t.At
		}
		id, err := w.addLogged(&logged{what: isMessage, msg: m}, c)
		if err != nil {
			return nil, err
		}
		if err := w.put(waiting, waitingKey(t.Key, id), nil); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// requeue runs do, which may change which message of the contact is its first waiting one, or when that is ready.
func (w *writer) requeue(key store.Key, do func() error) error {
	was, wasReady, err := w.queued(key)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	is, isReady, err := w.queued(key)
	if err != nil || is == was && isReady.Equal(wasReady) {
		return err
	}
	if was != 0 {
		if err := w.delete(queue, queueKey(wasReady, was)); err != nil {
			return err
		}
	}
	if is == 0 {
		return nil
	}
	return w.put(queue, queueKey(isReady, is), key[:])
}

// queued gives the first waiting message of a contact, and when it is ready; 0 for none. One that cannot be read
// keeps its place in the queue, where a reader meets it.
func (w *writer) queued(key store.Key) (uint64, time.Time, error) {
	id := w.head(key)
	if id == 0 {
		return 0, time.Time{}, nil
	}
	l, _, err := w.logged(id)
	if errors.Is(err, store.ErrDamaged) {
		return id, w.readyOf(id), nil
	}
	return id, moment(millis(l.msg.Ready)), err
}

// readyOf finds a message in the queue that cannot be asked when it is ready.
func (w *writer) readyOf(id uint64) time.Time {
	c := w.bucket(queue).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		if order.Uint64(k[8:]) == id {
			return moment(order.Uint64(k))
		}
	}
	return time.Time{}
}

// settle applies news of a message of the contact.
func (w *writer) settle(key store.Key, news *store.Settlement) error {
	l, found, err := w.logged(news.ID)
	if errors.Is(err, store.ErrDamaged) {
		if news.State == store.Gone {
			return w.cutOut(key, news.ID)
		}
		return nil
	}
	if err != nil || !found || l.what != isMessage || l.msg.Key != key || !news.Follows(&l.msg) {
		return err
	}
	if news.State == store.Gone {
		return w.removeLogged(news.ID, &l)
	}
	m := &l.msg
	was := m.State
	m.State, m.Code = news.State, news.Code
	if news.State == store.Waiting {
		m.Tries++
		m.Ready = news.Ready
		if m.Ready.IsZero() {
			m.Ready = m.At
		}
	}
	if news.State == store.Delivered || news.State == store.Read {
		m.Sealed = nil
	}
	if news.Provider != (store.Hash{}) {
		m.Provider = news.Provider
	}
	if news.SealedID != nil {
		m.SealedID = news.SealedID
	}
	if news.Sealed != nil {
		m.Sealed = news.Sealed
	}
	if !news.Kept.IsZero() && millis(news.Kept) != millis(m.Kept) {
		m.Kept = news.Kept
		if err := w.keepLogged(m.Kept, news.ID); err != nil {
			return err
		}
	}
	if err := w.list(news.ID, key, was, m.State); err != nil {
		return err
	}
	return w.putLogged(news.ID, &l)
}

// list keeps the lists of waiting and of dead messages.
func (w *writer) list(id uint64, key store.Key, was, is store.State) error {
	if was == is {
		return nil
	}
	switch was {
	case store.Waiting:
		if err := w.delete(waiting, waitingKey(key, id)); err != nil {
			return err
		}
	case store.Failed, store.Dead:
		if err := w.delete(dead, idKey(id)); err != nil {
			return err
		}
	}
	switch is {
	case store.Waiting:
		return w.put(waiting, waitingKey(key, id), nil)
	case store.Failed, store.Dead:
		return w.put(dead, idKey(id), key[:])
	}
	return nil
}

// unknown as logged.prev: older rows of the contact may be there, and nothing leads to them.
const unknown = ^uint64(0)

// cutOut deletes a row of the log that cannot be read.
func (w *writer) cutOut(key store.Key, id uint64) error {
	if err := w.unlist(key, id); err != nil {
		return err
	}
	return w.putLogged(id, &logged{what: isGap, prev: unknown, entry: store.Entry{Key: key}})
}

// unlist takes a message off every list, whatever its state.
func (w *writer) unlist(key store.Key, id uint64) error {
	if err := w.delete(waiting, waitingKey(key, id)); err != nil {
		return err
	}
	return w.delete(dead, idKey(id))
}

// removeLogged deletes a row of the log. Where older rows of the contact are still there, a gap stays that leads
// to them. A gap that has nothing behind it goes with the next row that is deleted after it.
func (w *writer) removeLogged(id uint64, l *logged) error {
	if l.what == isMessage {
		if err := w.unlist(l.msg.Key, id); err != nil {
			return err
		}
	}
	prev := l.prev
	for prev != 0 && prev != unknown {
		before, found, err := w.logged(prev)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		if !found {
			prev = 0
			break
		}
		if err != nil || before.what != isGap {
			break
		}
		if err := w.delete(loglines, idKey(prev)); err != nil {
			return err
		}
		prev = before.prev
	}
	if prev == 0 {
		return w.delete(loglines, idKey(id))
	}
	return w.putLogged(id, &logged{what: isGap, prev: prev, entry: store.Entry{Key: l.key()}})
}
