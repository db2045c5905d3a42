package boltstore

import (
	"bytes"
	"errors"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
)

// erase deletes everything of a contact and leaves the tombstone.
func (w *writer) erase(t *store.Turn, c contact, lost bool) error {
	if lost {
		// What the contact would have told has to be looked for.
		if err := w.gather(&c); err != nil {
			return err
		}
	}
	if err := w.requeue(t.Key, func() error { return w.eraseLog(&c, lost) }); err != nil {
		return err
	}
	for _, id := range c.Identities {
		o, err := w.owner(id.Hash)
		if errors.Is(err, store.ErrDamaged) || err == nil && o.Key == t.Key {
			err = w.putOwner(id.Hash, store.Owner{Suppressed: o.Suppressed})
		}
		if err != nil {
			return err
		}
	}
	for _, f := range c.Fields {
		if err := w.dropKept(f.Kept, keptField, t.Key[:], []byte(f.Name)); err != nil {
			return err
		}
	}
	for _, timer := range c.Timers {
		if err := w.delete(timers, timerKey(timer)); err != nil {
			return err
		}
	}
	if err := w.eraseItems(t.Key); err != nil {
		return err
	}
	if err := w.delete(contacts, t.Key[:]); err != nil {
		return err
	}
	for _, identity := range t.Erase.Suppress {
		o, err := w.owner(identity)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		o.Suppressed = true
		if err := w.putOwner(identity, o); err != nil {
			return err
		}
	}
	var value []byte
	for _, identity := range t.Erase.Suppress {
		value = append(value, identity[:]...)
	}
	return w.put(tombstones, tombstoneKey(t.Erase.At, t.Key), value)
}

// eraseLog deletes the messages and entries of a contact.
func (w *writer) eraseLog(c *contact, lost bool) error {
	chain := []uint64{}
	for id := c.last; id != 0; {
		if id == unknown {
			lost = true
			break
		}
		l, found, err := w.logged(id)
		if !found {
			break
		}
		if err != nil {
			// The chain ends here; the rest has to be looked for.
			lost = true
			chain = append(chain, id)
			break
		}
		chain = append(chain, id)
		id = l.prev
	}
	if lost {
		var err error
		if chain, err = w.findLogged(c.Key, chain); err != nil {
			return err
		}
	}
	for _, id := range chain {
		l, found, err := w.logged(id)
		if !found {
			continue
		}
		if err == nil {
			// A run of several rows may be of others too. It stays until its date, and tells a date and counters.
			if err := w.delete(kept, run{millis(l.kept()), id, 1}.key()); err != nil {
				return err
			}
		}
		if err := w.unlist(c.Key, id); err != nil {
			return err
		}
		if err := w.delete(loglines, idKey(id)); err != nil {
			return err
		}
	}
	return nil
}

// findLogged adds the rows of a contact that its chain does not lead to.
func (w *writer) findLogged(key store.Key, known []uint64) ([]uint64, error) {
	c := w.bucket(loglines).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		id := order.Uint64(k)
		l, _, err := w.logged(id)
		if err == nil && l.key() == key {
			known = append(known, id)
		}
	}
	for k := range prefixed(w.bucket(waiting), key[:]) {
		known = append(known, order.Uint64(k[16:]))
	}
	return known, nil
}

// gather finds the identities of a contact that cannot be read.
func (w *writer) gather(c *contact) error {
	cursor := w.bucket(identities).Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		value, ok := unseal(identities, k, v)
		if !ok {
			continue
		}
		if o, ok := parseOwner(value); ok && o.Found && o.Key == c.Key {
			c.Identities = append(c.Identities, store.Identity{Hash: store.Hash(k)})
		}
	}
	return nil
}

func (w *writer) eraseItems(key store.Key) error {
	var rows [][]byte
	for k := range prefixed(w.bucket(itemsof), key[:]) {
		rows = append(rows, bytes.Clone(k))
	}
	for _, k := range rows {
		if err := w.removeItem(store.ItemKind(k[16]), store.Hash(k[17:])); err != nil {
			return err
		}
		if err := w.delete(itemsof, k); err != nil {
			return err
		}
	}
	return nil
}

// prefixed goes through the keys that begin with prefix; nothing may be written meanwhile.
func prefixed(b *bolt.Bucket, prefix []byte) func(yield func(k []byte) bool) {
	return func(yield func(k []byte) bool) {
		c := b.Cursor()
		for k, _ := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			if !yield(k) {
				return
			}
		}
	}
}
