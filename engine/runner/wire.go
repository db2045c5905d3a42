package runner

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// errWire is the error of bytes that were not written by writer.
var errWire = errors.New("kept bytes are damaged")

// writer and reader are the form of what is sealed: numbers as varints, texts behind their length.
type writer struct{ b []byte }

func (w *writer) num(n uint64)   { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) str(s string)   { w.num(uint64(len(s))); w.b = append(w.b, s...) }
func (w *writer) bytes(s []byte) { w.num(uint64(len(s))); w.b = append(w.b, s...) }

// measured puts the length of what was appended since at before it.
func (w *writer) measured(at int) {
	var head [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(head[:], uint64(len(w.b)-at))
	w.b = slices.Insert(w.b, at, head[:n]...)
}

func (w *writer) flag(on bool) {
	if on {
		w.num(1)
	} else {
		w.num(0)
	}
}

// time keeps milliseconds; the zero time stays zero.
func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.b = binary.AppendVarint(w.b, 0)
		return
	}
	w.b = binary.AppendVarint(w.b, t.UnixMilli()+1)
}

func (w *writer) identities(ids []Identity) {
	w.num(uint64(len(ids)))
	for _, id := range ids {
		w.str(id.Channel)
		w.str(id.Kind)
		w.str(id.Value)
	}
}

type reader struct {
	b      []byte
	failed bool
}

func (r *reader) err() error {
	if r.failed || len(r.b) > 0 {
		return errWire
	}
	return nil
}

func (r *reader) num() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.failed, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

// count is a number of things of which each takes a byte at least.
func (r *reader) count() int {
	n := r.num()
	if n > uint64(len(r.b)) {
		r.failed, r.b = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) bytes() []byte {
	n := r.count()
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) str() string { return string(r.bytes()) }
func (r *reader) flag() bool  { return r.num() == 1 }

func (r *reader) time() time.Time {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.failed, r.b = true, nil
		return time.Time{}
	}
	r.b = r.b[size:]
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n - 1).UTC()
}

func (r *reader) identities() []Identity {
	n := r.count()
	ids := make([]Identity, 0, n)
	for range n {
		ids = append(ids, Identity{r.str(), r.str(), r.str()})
	}
	return ids
}
