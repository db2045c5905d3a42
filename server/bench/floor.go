package bench

import (
	"encoding/binary"
	"path/filepath"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
)

// floor is bbolt and nothing else: one goroutine puts one value a turn, in the order in which they come, and commits
// together what waits.
type floor struct {
	db      *bolt.DB
	queue   chan chan error
	ended   chan struct{}
	value   []byte
	commits atomic.Int64
	turns   atomic.Int64
	written atomic.Int64
}

// newFloor begins one in a folder, with so many bytes a turn.
func newFloor(folder string, bytes int) (*floor, error) {
	db, err := bolt.Open(filepath.Join(folder, "floor"), 0o600, &bolt.Options{
		NoFreelistSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: 1 << 30,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket(floorBucket)
		return err
	})
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	f := &floor{db: db, queue: make(chan chan error, 512), ended: make(chan struct{}), value: make([]byte, bytes)}
	go f.run()
	return f, nil
}

var floorBucket = []byte("turns")

// commit waits until a turn's bytes are on the disk. told is the caller's, empty, with room for one.
func (f *floor) commit(told chan error) error {
	f.queue <- told
	return <-told
}

// close ends it once nobody commits any more.
func (f *floor) close() error {
	close(f.queue)
	<-f.ended
	return f.db.Close()
}

func (f *floor) figures() figures {
	return figures{turns: f.turns.Load(), commits: f.commits.Load(), written: f.written.Load()}
}

func (f *floor) run() {
	defer close(f.ended)
	const most = 512
	waiting := make([]chan error, 0, most)
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
		err := f.together(len(waiting))
		for _, w := range waiting {
			w <- err
		}
	}
}

func (f *floor) together(n int) error {
	tx, err := f.db.Begin(true)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	bucket := tx.Bucket(floorBucket)
	bucket.FillPercent = 0.95
	for range n {
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
	f.turns.Add(int64(n))
	f.written.Add(stats.GetPageAlloc())
	return nil
}
