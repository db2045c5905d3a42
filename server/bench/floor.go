package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// weight is how many bytes a turn keeps: of the contact, which each turn replaces, and what it adds behind.
type weight struct{ contact, added int }

func (w weight) bytes() int { return w.contact + w.added }

// floor is bbolt and nothing else: one goroutine puts what a turn keeps, in the order in which turns come, and commits
// together what waits, as the runner's store does. What a turn keeps is one of three: the very rows of a record; one
// value of as many bytes as a session, a message and entries have, behind the one before; or the same with the
// session's share at the person's number, where it could be found again.
type floor struct {
	name    string
	db      *bolt.DB
	queue   chan bare
	ended   chan struct{}
	rows    *replay // nil for one value a turn
	files   int
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

// newFloor begins one in a file, with one value a turn.
func newFloor(file string, w weight, replace bool) (*floor, error) {
	f := &floor{name: file, value: make([]byte, w.bytes())}
	if replace {
		f.value, f.contact = make([]byte, w.added), make([]byte, w.contact)
	}
	return f, f.begin()
}

// newRows begins one in a file, with the rows of a record.
func newRows(file, record string) (*floor, error) {
	rows, err := newReplay(record)
	if err != nil {
		return nil, err
	}
	f := &floor{name: file, rows: rows}
	return f, f.begin()
}

func (f *floor) begin() error {
	f.queue, f.ended = make(chan bare, 512), make(chan struct{})
	if err := f.openFile(); err != nil {
		return err
	}
	go f.run()
	return nil
}

// openFile makes the file.
func (f *floor) openFile() error {
	f.files++
	db, err := bolt.Open(fmt.Sprint(f.name, f.files), 0o600, &bolt.Options{
		NoFreelistSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: 1 << 30,
	})
	if err != nil {
		return err
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
		return err
	}
	f.db = db
	return nil
}

// anew goes on in an empty file: the record has been put as a whole and begins again.
func (f *floor) anew() error {
	old, name := f.db, f.db.Path()
	if err := f.openFile(); err != nil {
		return err
	}
	return errors.Join(old.Close(), os.Remove(name))
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
	if f.rows != nil {
		return errors.Join(f.db.Close(), f.rows.close())
	}
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
	again := false
	if f.rows != nil {
		again, err = f.replayed(tx, len(all))
	} else {
		err = f.valued(tx, all)
	}
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	stats := tx.Stats()
	f.commits.Add(1)
	f.turns.Add(int64(len(all)))
	f.written.Add(stats.GetPageAlloc())
	if again {
		return f.anew()
	}
	return nil
}

// replayed puts the rows of the next turns of the record.
func (f *floor) replayed(tx *bolt.Tx, turns int) (again bool, err error) {
	f.rows.begin()
	for range turns {
		ended, err := f.rows.next(tx)
		if err != nil {
			return again, err
		}
		again = again || ended
	}
	return again, nil
}

// valued puts one value a turn.
func (f *floor) valued(tx *bolt.Tx, all []bare) error {
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
	return nil
}
