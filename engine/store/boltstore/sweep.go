package boltstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"baraza/engine/store"
)

// Sweep deletes what is past its date, and whole days of deduplication keys.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (out store.Swept, err error) {
	limit = max(limit, 1)
	err = s.update(ctx, func(w *writer) error {
		out = store.Swept{}
		last := millis(now)
		if err := w.put(meta, sweptKey, order.AppendUint64(nil, last)); err != nil {
			return err
		}
		var rows [][]byte
		c := w.bucket(kept).Cursor()
		for k, _ := c.First(); k != nil && order.Uint64(k) <= last; k, _ = c.Next() {
			if len(rows) == limit {
				out.More = true
				break
			}
			rows = append(rows, bytes.Clone(k))
		}
		for left := limit; len(rows) > 0; rows = rows[1:] {
			if left == 0 {
				out.More = true
				break
			}
			if err := w.delete(kept, rows[0]); err != nil {
				return err
			}
			looked, err := w.sweep(rows[0], left, now, &out)
			if err != nil {
				return err
			}
			left -= looked
		}
		return w.forgetSeen(now, &out)
	})
	return out, err
}

// LastSweep reads when the file was last swept.
func (s *Store) LastSweep(ctx context.Context) (at time.Time, err error) {
	err = s.view(ctx, func(r *reader) error {
		v, err := r.get(meta, sweptKey)
		if err == nil && len(v) == 8 {
			at = moment(order.Uint64(v))
		}
		return err
	})
	return at, err
}

// sweep deletes what a row of kept is about, if its date is still what it was when the row was put. It says at how many
// things it has looked: of a run no more than limit, and the rest of the run gets a row again.
func (w *writer) sweep(k []byte, limit int, now time.Time, out *store.Swept) (int, error) {
	ref := k[9:]
	switch k[8] {
	case keptLog:
		r, ok := parseRun(k)
		if !ok {
			return 1, nil
		}
		looked := min(int(r.n), limit)
		for i := range looked {
			if err := w.sweepLogged(r.first+uint64(i), now, out); err != nil {
				return looked, err
			}
		}
		if looked == int(r.n) {
			return looked, nil
		}
		out.More = true
		return looked, w.put(kept, run{r.until, r.first + uint64(looked), r.n - uint32(looked)}.key(), nil)
	case keptItem:
		return 1, w.sweepItem(store.ItemKind(ref[0]), store.Hash(ref[1:]), now, out)
	case keptField:
		return 1, w.sweepField(store.Key(ref[:16]), string(ref[16:]), now, out)
	}
	return 1, nil
}

func past(kept, now time.Time) bool { return !kept.IsZero() && millis(kept) <= millis(now) }

func (w *writer) sweepLogged(id uint64, now time.Time, out *store.Swept) error {
	l, found, err := w.logged(id)
	switch {
	case errors.Is(err, store.ErrDamaged):
		// Nobody can read it; an operator sees it in Check, and can settle it as gone.
		return nil
	case err != nil || !found || !past(l.kept(), now):
		return err
	case l.what == isEntry:
		out.Entries++
		return w.removeLogged(id, &l)
	case l.what == isMessage:
		out.Messages++
		return w.requeue(l.msg.Key, func() error { return w.removeLogged(id, &l) })
	}
	return nil
}

func (w *writer) sweepItem(kind store.ItemKind, id store.Hash, now time.Time, out *store.Swept) error {
	v, err := w.get(items, itemKey(kind, id))
	if v == nil && err == nil {
		return nil
	}
	if err == nil {
		if it, ok := parseItem(kind, id, v); ok && !past(it.Kept, now) {
			return nil
		}
	}
	out.Items++
	return w.removeItem(kind, id)
}

func (w *writer) sweepField(key store.Key, name string, now time.Time, out *store.Swept) error {
	c, found, err := w.contact(key)
	if errors.Is(err, store.ErrDamaged) {
		return nil // it is replaced without fields, or erased
	}
	if err != nil || !found {
		return err
	}
	at := slices.IndexFunc(c.Fields, func(f store.Field) bool { return f.Name == name })
	if at < 0 || !past(c.Fields[at].Kept, now) {
		return nil
	}
	c.Fields = slices.Delete(c.Fields, at, at+1)
	out.Fields++
	return w.putContact(&c)
}

// forgetSeen drops the days whose deduplication keys all are too old, and remembers from when on they are there.
func (w *writer) forgetSeen(now time.Time, out *store.Swept) error {
	first := seconds(now.Add(-store.DedupeKept)) / day
	if floor := first * day; floor > w.floor() {
		if err := w.put(meta, floorKey, order.AppendUint32(nil, floor)); err != nil {
			return err
		}
	}
	var days [][]byte
	c := w.bucket(seen).Cursor()
	for k, _ := c.First(); k != nil && order.Uint32(k) < first; k, _ = c.Next() {
		days = append(days, bytes.Clone(k))
	}
	for _, k := range days {
		if err := w.bucket(seen).DeleteBucket(k); err != nil {
			return err
		}
	}
	out.DedupeDays = len(days)
	return nil
}
