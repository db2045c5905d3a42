package bench

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store/boltstore"
)

// A record is a file of what the turns of a run put into and deleted from the store's file: the very keys and values,
// one turn behind the other. Each turn is the length of what follows in four bytes, and its rows: flags, bucket, bucket
// within it, key and value, each with its length before it.
type recorder struct {
	file  *os.File
	out   *bufio.Writer
	turn  []byte
	turns int
	bytes int64 // of keys and values
	rows  int
	err   error
}

const (
	rowGrows  = 1
	rowDelete = 2
)

func newRecorder(name string) (*recorder, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	return &recorder{file: f, out: bufio.NewWriterSize(f, 1<<20)}, nil
}

// add writes a turn; it is what boltstore.Store.Record calls.
func (r *recorder) add(changes []boltstore.Change) {
	if len(changes) == 0 {
		return // it did not apply
	}
	b := append(r.turn[:0], 0, 0, 0, 0)
	for _, c := range changes {
		flags := byte(0)
		if c.Grows {
			flags |= rowGrows
		}
		if c.Value == nil {
			flags |= rowDelete
		}
		b = append(b, flags)
		for _, part := range [][]byte{c.Bucket, c.Within, c.Key, c.Value} {
			b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
		}
		r.rows++
		r.bytes += int64(len(c.Key) + len(c.Value))
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	r.turn = b
	r.turns++
	_, err := r.out.Write(b)
	r.err = errors.Join(r.err, err)
}

// close waits until the disk has it, so that nothing of it is written while something else is measured.
func (r *recorder) close() error {
	return errors.Join(r.err, r.out.Flush(), r.file.Sync(), r.file.Close())
}

// replay puts the turns of a record into a transaction, one after the other.
type replay struct {
	file  *os.File
	in    *bufio.Reader
	taken []byte // what the transaction under way refers to
	open  map[string]*bolt.Bucket
}

func newReplay(name string) (*replay, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return &replay{file: f, in: bufio.NewReaderSize(f, 1<<20), open: map[string]*bolt.Bucket{}}, nil
}

// begin is the begin of a transaction.
func (r *replay) begin() {
	r.taken = r.taken[:0]
	clear(r.open)
}

// next puts the next turn. At the end of the record it begins again with the first, and says so.
func (r *replay) next(tx *bolt.Tx) (again bool, err error) {
	var head [4]byte
	if _, err = io.ReadFull(r.in, head[:]); errors.Is(err, io.EOF) {
		if _, err := r.file.Seek(0, io.SeekStart); err != nil {
			return true, err
		}
		r.in.Reset(r.file)
		again = true
		_, err = io.ReadFull(r.in, head[:])
	}
	if err != nil {
		return again, err
	}
	n := int(binary.BigEndian.Uint32(head[:]))
	if cap(r.taken)-len(r.taken) < n { // what was taken before stays where it is
		r.taken = make([]byte, 0, max(1<<20, n))
	}
	from := len(r.taken)
	r.taken = r.taken[:from+n]
	turn := r.taken[from : from+n : from+n]
	if _, err := io.ReadFull(r.in, turn); err != nil {
		return again, err
	}
	for len(turn) > 0 {
		if turn, err = r.row(tx, turn); err != nil {
			return again, err
		}
	}
	return again, nil
}

var errRecord = errors.New("the record of the rows is broken")

func (r *replay) row(tx *bolt.Tx, turn []byte) (rest []byte, err error) {
	flags, rest := turn[0], turn[1:]
	var parts [4][]byte
	for i := range parts {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return nil, errRecord
		}
		parts[i], rest = rest[n:n+int(size):n+int(size)], rest[n+int(size):]
	}
	b, err := r.bucket(tx, parts[0], parts[1])
	if err != nil {
		return nil, err
	}
	if flags&rowGrows != 0 {
		b.FillPercent = 0.95
	}
	if flags&rowDelete != 0 {
		return rest, b.Delete(parts[2])
	}
	return rest, b.Put(parts[2], parts[3])
}

func (r *replay) bucket(tx *bolt.Tx, name, within []byte) (*bolt.Bucket, error) {
	var key [64]byte
	path := append(append(append(key[:0], name...), '/'), within...)
	if b := r.open[string(path)]; b != nil {
		return b, nil
	}
	b, err := tx.CreateBucketIfNotExists(name)
	if err == nil && len(within) > 0 {
		b, err = b.CreateBucketIfNotExists(within)
	}
	r.open[string(path)] = b
	return b, err
}

func (r *replay) close() error { return r.file.Close() }
