package boltstore

import (
	"bytes"
	"time"

	bolt "go.etcd.io/bbolt"

	"baraza/engine/store"
)

// bucket is a part of the file.
type bucket struct {
	name []byte
	slot int
	says string // how an operator reads of it
	// grows tells that keys come in order, so that full pages stay full.
	grows bool
}

var (
	contacts   = bucket{name: []byte("contacts"), slot: 0, says: "the record"}
	identities = bucket{name: []byte("identities"), slot: 1, says: "an identity"}
	loglines   = bucket{name: []byte("log"), slot: 2, says: "a message or entry", grows: true}
	queue      = bucket{name: []byte("queue"), slot: 3, says: "the queue"}
	waiting    = bucket{name: []byte("waiting"), slot: 4, says: "the list of waiting messages"}
	dead       = bucket{name: []byte("dead"), slot: 5, says: "the list of dead messages", grows: true}
	timers     = bucket{name: []byte("timers"), slot: 6, says: "a timer", grows: true}
	items      = bucket{name: []byte("items"), slot: 7, says: "a case, record or consent"}
	itemsof    = bucket{name: []byte("itemsof"), slot: 8, says: "the list of cases, records and consents"}
	kept       = bucket{name: []byte("kept"), slot: 9, says: "a date", grows: true}
	seen       = bucket{name: []byte("seen"), slot: 10, says: "the deduplication keys"}
	tombstones = bucket{name: []byte("tombstones"), slot: 11, says: "an erasure", grows: true}
	meta       = bucket{name: []byte("meta"), slot: 12, says: "the head of the file"}
)

var buckets = []bucket{contacts, identities, loglines, queue, waiting, dead, timers, items, itemsof, kept, seen, tombstones, meta}

// Keys of meta.
var (
	formatKey = []byte("format")
	floorKey  = []byte("floor") // second before which every event counts as seen
	leaseKey  = []byte("lease") // and the partition's number
	sweptKey  = []byte("swept") // the time of the last sweep
)

func idKey(id uint64) []byte { return order.AppendUint64(nil, id) }

func queueKey(ready time.Time, id uint64) []byte {
	return order.AppendUint64(order.AppendUint64(make([]byte, 0, 16), millis(ready)), id)
}

func waitingKey(key store.Key, id uint64) []byte {
	return order.AppendUint64(append(make([]byte, 0, 24), key[:]...), id)
}

func timerKey(t store.Timer) []byte {
	b := order.AppendUint64(make([]byte, 0, 28), millis(t.Due))
	return order.AppendUint32(append(b, t.Key[:]...), t.Number)
}

func parseTimerKey(k []byte) (t store.Timer) {
	t.Due = moment(order.Uint64(k))
	copy(t.Key[:], k[8:])
	t.Number = order.Uint32(k[24:])
	return t
}

func itemKey(kind store.ItemKind, id store.Hash) []byte {
	return append(append(make([]byte, 0, 17), byte(kind)), id[:]...)
}

func itemOfKey(key store.Key, kind store.ItemKind, id store.Hash) []byte {
	b := append(make([]byte, 0, 33), key[:]...)
	return append(append(b, byte(kind)), id[:]...)
}

// What a row of kept is about.
const (
	keptLog uint8 = iota + 1 // a run of rows of the log
	keptItem
	keptField
)

func keptKey(until time.Time, what uint8, ref ...[]byte) []byte {
	b := append(order.AppendUint64(make([]byte, 0, 48), millis(until)), what)
	for _, r := range ref {
		b = append(b, r...)
	}
	return b
}

// runLimit is how many rows of the log one row of kept may be about.
const runLimit = 256

// A run is rows of the log whose counters follow each other and which are kept until the same millisecond, as those of
// one turn nearly always are, and those of many turns of a commit.
type run struct {
	until uint64 // in milliseconds, as millis has it
	first uint64
	n     uint32 // 0: no run
}

func (r run) key() []byte {
	b := append(order.AppendUint64(make([]byte, 0, 21), r.until), keptLog)
	return order.AppendUint32(order.AppendUint64(b, r.first), r.n)
}

// parseRun reads a row of kept that is about the log.
func parseRun(k []byte) (run, bool) {
	if len(k) != 21 || k[8] != keptLog {
		return run{}, false
	}
	r := run{order.Uint64(k), order.Uint64(k[9:]), order.Uint32(k[17:])}
	return r, r.n > 0 && r.n <= runLimit
}

// Deduplication keys lie in a bucket a day, by the second; a day is dropped as a whole.
const day = 24 * 60 * 60

func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), 1<<32-1)) }

func dayKey(second uint32) []byte { return order.AppendUint32(nil, second/day) }

func seenKey(second uint32, hash store.Hash) []byte {
	return append(order.AppendUint32(make([]byte, 0, 20), second), hash[:]...)
}

func tombstoneKey(at time.Time, key store.Key) []byte {
	return append(order.AppendUint64(make([]byte, 0, 24), millis(at)), key[:]...)
}

func leaseKeyOf(partition int) []byte {
	return append(leaseKey[:len(leaseKey):len(leaseKey)], byte(partition))
}

// reader reads in one transaction.
type reader struct {
	tx      *bolt.Tx
	open    [13]*bolt.Bucket
	cursors [13]*bolt.Cursor // of get
	names   names            // nil: none are remembered
}

func (r *reader) bucket(b bucket) *bolt.Bucket {
	if r.open[b.slot] == nil {
		r.open[b.slot] = r.tx.Bucket(b.name)
		if b.grows {
			r.open[b.slot].FillPercent = 0.95
		}
	}
	return r.open[b.slot]
}

// get reads a value; nil when there is none.
func (r *reader) get(b bucket, key []byte) ([]byte, error) {
	v := r.seek(b, key)
	if v == nil {
		return nil, nil
	}
	out, ok := unseal(b, key, v)
	if !ok {
		return nil, &store.DamagedError{Where: b.says}
	}
	return out, nil
}

// seek finds a value. bbolt's own Get makes a cursor for each key; nearly all transactions ask for many.
func (r *reader) seek(b bucket, key []byte) []byte {
	if k, v := r.cursor(b).Seek(key); bytes.Equal(k, key) {
		return v
	}
	return nil
}

// cursor is for looking something up, and stays where it is only until the next thing is.
func (r *reader) cursor(b bucket) *bolt.Cursor {
	if r.cursors[b.slot] == nil {
		r.cursors[b.slot] = r.bucket(b).Cursor()
	}
	return r.cursors[b.slot]
}

// contact reads a contact; found is false for one that nobody has written to.
func (r *reader) contact(key store.Key) (c contact, found bool, err error) {
	v, err := r.get(contacts, key[:])
	if v == nil && err == nil {
		return contact{Contact: store.Contact{Key: key}}, false, nil
	}
	if err == nil {
		var ok bool
		if c, ok = parseContact(key, v, r.names); ok {
			return c, true, nil
		}
	}
	return contact{Contact: store.Contact{Key: key}}, true, &store.DamagedError{Key: key, Where: contacts.says}
}

// logged reads a row of the log; found is false when it is gone.
func (r *reader) logged(id uint64) (l logged, found bool, err error) {
	v, err := r.get(loglines, idKey(id))
	if v == nil && err == nil {
		return logged{}, false, nil
	}
	if err == nil {
		var ok bool
		if l, ok = parseLogged(id, v); ok {
			return l, true, nil
		}
	}
	return logged{}, true, &store.DamagedError{ID: id, Where: loglines.says}
}

func (r *reader) owner(identity store.Hash) (store.Owner, error) {
	v, err := r.get(identities, identity[:])
	if v == nil || err != nil {
		return store.Owner{}, err
	}
	o, ok := parseOwner(v)
	if !ok {
		return store.Owner{}, &store.DamagedError{Where: identities.says}
	}
	return o, nil
}

// dated tells whether a row of kept leads to the row of the log at its date.
func (r *reader) dated(until time.Time, id uint64) bool {
	c := r.bucket(kept).Cursor()
	k, _ := c.Seek(run{until: millis(until), first: id + 1}.key())
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	for ; k != nil; k, _ = c.Prev() {
		have, ok := parseRun(k)
		if !ok || have.until != millis(until) || have.first+runLimit <= id {
			return false
		}
		if id < have.first+uint64(have.n) {
			return true
		}
	}
	return false
}

// head is the first waiting message of a contact; 0 for none.
func (r *reader) head(key store.Key) uint64 {
	k, _ := r.cursor(waiting).Seek(key[:])
	if len(k) != 24 || store.Key(k[:16]) != key {
		return 0
	}
	return order.Uint64(k[16:])
}

// floor is the second before which every event counts as seen.
func (r *reader) floor() uint32 {
	if v, err := r.get(meta, floorKey); err == nil && len(v) == 4 {
		return order.Uint32(v)
	}
	return 0
}
