package bench

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// weight is how many bytes a turn keeps: of the contact, which each turn replaces, and what it adds behind.
type weight struct{ contact, added int }

func (w weight) bytes() int { return w.contact + w.added }

// floor is bbolt and nothing else: one goroutine puts one value a turn, in the order in which they come, and commits
// together what waits. With replace, what a turn replaces lies under the person's number, as it must where it is to be
// found again.
type floor struct {
	db      *bolt.DB
	queue   chan bare
	ended   chan struct{}
	value   []byte
	contact []byte // nil without replace
	commits atomic.Int64
	turns   atomic.Int64
	written atomic.Int64
	worked  atomic.Int64 // of the processor, for spread
}

// bare is a turn without anything.
type bare struct {
	person string
	told   chan error // has room for a word
}

// newFloor begins one in a file.
func newFloor(file string, w weight, replace bool) (*floor, error) {
	db, err := bolt.Open(file, 0o600, &bolt.Options{
		NoFreelistSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: 1 << 30,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, b := range [][]byte{floorTurns, floorContacts} {
			if _, err := tx.CreateBucket(b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	f := &floor{db: db, queue: make(chan bare, 512), ended: make(chan struct{}), value: make([]byte, w.bytes())}
	if replace {
		f.value, f.contact = make([]byte, w.added), make([]byte, w.contact)
	}
	go f.run()
	return f, nil
}

var floorTurns, floorContacts = []byte("turns"), []byte("contacts")

// commit waits until a turn's bytes are on the disk.
func (f *floor) commit(t bare) error {
	f.queue <- t
	return <-t.told
}

// close ends it once nobody commits any more.
func (f *floor) close() error {
	close(f.queue)
	<-f.ended
	return f.db.Close()
}

func (f *floor) figures() figures {
	return figures{turns: f.turns.Load(), commits: f.commits.Load(), written: f.written.Load(), cpu: time.Duration(f.worked.Load())}
}

func (f *floor) run() {
	defer close(f.ended)
	const most = 512
	waiting := make([]bare, 0, most)
	for first := range f.queue {
		waiting = append(waiting[:0], first)
	more:
		for len(waiting) < most {
			select {
			case w, ok := <-f.queue:
				if !ok {
					break more
				}
				waiting = append(waiting, w)
			default:
				break more
			}
		}
		err := f.together(waiting)
		for _, w := range waiting {
			w.told <- err
		}
	}
}

func (f *floor) together(all []bare) error {
	tx, err := f.db.Begin(true)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	bucket, contacts := tx.Bucket(floorTurns), tx.Bucket(floorContacts)
	bucket.FillPercent = 0.95
	for _, t := range all {
		if f.contact != nil {
			if err := contacts.Put([]byte(t.person), f.contact); err != nil {
				return err
			}
		}
		seq, err := bucket.NextSequence()
		if err != nil {
			return err
		}
		if err := bucket.Put(binary.BigEndian.AppendUint64(nil, seq), f.value); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	stats := tx.Stats()
	f.commits.Add(1)
	f.turns.Add(int64(len(all)))
	f.written.Add(stats.GetPageAlloc())
	return nil
}
