package boltstore

import "baraza/engine/store"

// astray are rows of the queue that Outbox met and that cannot be read, as where a bit of where they lie is another one:
// they lead to no message that they are for, so that no settlement would take them out. The next commits do, for reading
// cannot.
type astray struct{ stale }

// mend takes some of the rows out, and queues anew the first waiting message of whoever they may have been for.
func (a *astray) mend(w *writer) error {
	for _, row := range a.take() {
		k := []byte(row)
		v := w.seek(queue, k)
		if _, ok := unseal(queue, k, v); v == nil || ok || len(k) != 16 {
			continue
		}
		var whose []store.Key
		if len(v) >= 16 { // right where the damage is in the row's place
			whose = append(whose, store.Key(v[:16]))
		}
		if l, found, err := w.logged(order.Uint64(k[8:])); err == nil && found && l.what == isMessage {
			whose = append(whose, l.msg.Key)
		}
		if err := w.delete(queue, k); err != nil {
			return err
		}
		for _, key := range whose {
			id, ready, err := w.queued(key)
			if err != nil {
				return err
			}
			if id == 0 || w.seek(queue, queueKey(ready, id)) != nil {
				continue
			}
			if err := w.put(queue, queueKey(ready, id), key[:]); err != nil {
				return err
			}
		}
	}
	return nil
}
