package rounds

import (
	"errors"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
)

// Delete deletes a session with everything that is kept of it. Its key is destroyed first, where it lies, so that
// the bytes that a database leaves behind in its free pages can be read by nobody.
func (f *File) Delete(session string) error {
	of, ok := parseID(session)
	if !ok {
		return ErrNoSession
	}
	if f.ring.Begun(store.Key(of)).IsZero() {
		return ErrNoSession
	}
	return f.delete(of)
}

func (f *File) delete(of id) error {
	if err := f.destroy(of); err != nil {
		return err
	}
	var media []id
	err := f.db.View(func(tx *bolt.Tx) error {
		return under(tx.Bucket(mediaBucket), of, func(k, _ []byte) error {
			media = append(media, id(k[len(of):2*len(of)]))
			return nil
		})
	})
	for _, m := range media {
		err = errors.Join(err, f.destroy(m))
	}
	if err != nil {
		return err
	}
	return f.db.Update(func(tx *bolt.Tx) error {
		if err := tx.Bucket(sessionsBucket).Delete(of[:]); err != nil {
			return err
		}
		for _, name := range [][]byte{turnsBucket, remarksBucket, mediaBucket} {
			if err := deleteUnder(tx.Bucket(name), of); err != nil {
				return err
			}
		}
		return deleteValue(tx.Bucket(secretsBucket), of[:])
	})
}

// deleteUnder deletes what a bucket holds of a session.
func deleteUnder(b *bolt.Bucket, of id) error {
	var all [][]byte
	err := under(b, of, func(k, _ []byte) error {
		all = append(all, slices.Clone(k))
		return nil
	})
	for _, k := range all {
		err = errors.Join(err, b.Delete(k))
	}
	return err
}

// deleteValue deletes what leads to a session or round from a hash.
func deleteValue(b *bolt.Bucket, value []byte) error {
	var all [][]byte
	err := b.ForEach(func(k, v []byte) error {
		if slices.Equal(v, value) {
			all = append(all, slices.Clone(k))
		}
		return nil
	})
	for _, k := range all {
		err = errors.Join(err, b.Delete(k))
	}
	return err
}

// DeleteRound deletes a round with all its sessions; its link is one that nobody knows.
func (f *File) DeleteRound(round string) error {
	r, ok := parseID(round)
	if !ok {
		return ErrNoRound
	}
	if _, err := f.Round(round); err != nil {
		return err
	}
	// First the link, so that nobody begins while the sessions go.
	err := f.db.Update(func(tx *bolt.Tx) error { return deleteValue(tx.Bucket(tokensBucket), r[:]) })
	if err != nil {
		return err
	}
	all, err := f.Sessions(round)
	if err != nil {
		return err
	}
	for _, s := range all {
		if err := f.Delete(s.ID); err != nil && !errors.Is(err, ErrNoSession) {
			return err
		}
	}
	return f.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(roundsBucket).Delete(r[:]) })
}

// Swept counts what Sweep deleted.
type Swept struct{ Rounds, Sessions, Media int }

// Sweep deletes what has lain long enough: rounds with their sessions at the date each of them has, voice notes and
// photos after 30 days.
func (f *File) Sweep(now time.Time) (Swept, error) {
	var did Swept
	all, err := f.Rounds()
	if err != nil {
		return did, err
	}
	for _, r := range all {
		if now.Before(r.Keep) {
			continue
		}
		sessions, err := f.Sessions(r.ID)
		if err != nil {
			return did, err
		}
		if err := f.DeleteRound(r.ID); err != nil {
			return did, err
		}
		did.Rounds++
		did.Sessions += len(sessions)
	}
	did.Media, err = f.sweepMedia(now)
	return did, err
}

// sweepMedia deletes recordings and photos that are 30 days old.
func (f *File) sweepMedia(now time.Time) (n int, err error) {
	err = f.db.Update(func(tx *bolt.Tx) error {
		n = 0
		b := tx.Bucket(mediaBucket)
		var old [][]byte
		err := b.ForEach(func(k, v []byte) error {
			if len(k) != 2*len(id{})+1 {
				return nil
			}
			var m Media
			if err := f.unseal(v, id(k[:len(id{})]), mediaKind, &m); err != nil {
				return nil // its session is being deleted
			}
			if now.Sub(m.At) >= mediaKept {
				old = append(old, slices.Clone(k))
			}
			return nil
		})
		for _, k := range old {
			err = errors.Join(err, f.destroy(id(k[len(id{}):2*len(id{})])), b.Delete(k), b.Delete(k[:len(k)-1]))
			n++
		}
		return err
	})
	return n, err
}
