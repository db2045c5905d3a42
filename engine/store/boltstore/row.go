package boltstore

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"baraza/engine/store"
)

var order = binary.BigEndian

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal appends the checksum of a value to it.
func seal(b bucket, key, value []byte) []byte {
	return order.AppendUint32(value, b.sum(key, value))
}

// unseal returns the value without its checksum, which lies in the file's memory.
func unseal(b bucket, key, value []byte) ([]byte, bool) {
	n := len(value) - 4
	if n < 0 || order.Uint32(value[n:]) != b.sum(key, value[:n]) {
		return nil, false
	}
	return value[:n], true
}

func (b bucket) sum(key, value []byte) uint32 {
	sum := crc32.Update(0, castagnoli, b.name)
	sum = crc32.Update(sum, castagnoli, key)
	return crc32.Update(sum, castagnoli, value)
}

// Times are milliseconds since 1970, shifted by one so that 0 is the zero time.
func millis(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(t.UnixMilli(), 0)) + 1
}

func moment(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms - 1)).UTC()
}

// row takes a value apart. After the first thing that is not there, bad is set and everything reads as zero.
type row struct {
	rest []byte
	bad  bool
}

func (r *row) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.rest) {
		r.bad = true
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *row) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if r.bad || n <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// atMost is how many of n things can be there, each of a byte or more.
func (r *row) atMost(n uint64) int { return int(min(n, uint64(len(r.rest)))) }

func (r *row) octet() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *row) hash() (h [16]byte) {
	copy(h[:], r.take(16))
	return h
}

// bytes returns nil for nil, and for nothing else.
func (r *row) bytes() []byte {
	n := r.number()
	if n == 0 {
		return nil
	}
	return r.take(int(min(n-1, 1<<40)))
}

func (r *row) text() string { return string(r.bytes()) }

func (r *row) moment() time.Time { return moment(r.number()) }

func (r *row) done() bool { return !r.bad && len(r.rest) == 0 }

func appendNumber(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

func appendBytes(b, v []byte) []byte {
	if v == nil {
		return append(b, 0)
	}
	return append(appendNumber(b, uint64(len(v))+1), v...)
}

func appendText(b []byte, v string) []byte {
	return append(appendNumber(b, uint64(len(v))+1), v...)
}

func appendMoment(b []byte, t time.Time) []byte { return appendNumber(b, millis(t)) }

// contact is a row of contacts. Its slices may lie in the file's memory.
type contact struct {
	store.Contact
	last uint64 // its newest row of the log; 0 for none
}

func (c *contact) append(b []byte) []byte {
	b = appendText(b, c.Pack)
	b = appendNumber(b, c.Revision)
	b = appendMoment(b, c.Since)
	b = appendNumber(b, c.last)
	b = appendBytes(b, c.Session)
	b = appendNumber(b, uint64(len(c.Identities)))
	for i := range c.Identities {
		b = append(b, c.Identities[i].Hash[:]...)
		b = appendBytes(b, c.Identities[i].Sealed)
	}
	b = appendNumber(b, uint64(len(c.Fields)))
	for i := range c.Fields {
		b = appendText(b, c.Fields[i].Name)
		b = appendMoment(b, c.Fields[i].Kept)
		b = appendBytes(b, c.Fields[i].Sealed)
	}
	b = appendNumber(b, uint64(len(c.Timers)))
	for i := range c.Timers {
		b = appendNumber(b, uint64(c.Timers[i].Number))
		b = appendMoment(b, c.Timers[i].Due)
		b = append(b, c.Timers[i].Class)
	}
	return b
}

func parseContact(key store.Key, value []byte, known names) (contact, bool) {
	r := row{rest: value}
	c := contact{Contact: store.Contact{Key: key}}
	c.Pack, c.Revision, c.Since, c.last, c.Session = known.of(r.bytes()), r.number(), r.moment(), r.number(), r.bytes()
	n := r.number()
	if n > 0 {
		c.Identities = make([]store.Identity, 0, r.atMost(n))
	}
	for ; n > 0 && !r.bad; n-- {
		c.Identities = append(c.Identities, store.Identity{Hash: r.hash(), Sealed: r.bytes()})
	}
	n = r.number()
	if n > 0 {
		c.Fields = make([]store.Field, 0, r.atMost(n))
	}
	for ; n > 0 && !r.bad; n-- {
		c.Fields = append(c.Fields, store.Field{Name: known.of(r.bytes()), Kept: r.moment(), Sealed: r.bytes()})
	}
	n = r.number()
	if n > 0 {
		c.Timers = make([]store.Timer, 0, r.atMost(n)+1) // a turn sets one nearly always
	}
	for ; n > 0 && !r.bad; n-- {
		c.Timers = append(c.Timers, store.Timer{Key: key, Number: uint32(r.number()), Due: r.moment(), Class: r.octet()})
	}
	return c, r.done()
}

// Rows of the log.
const (
	isMessage uint8 = iota + 1
	isEntry
	// isGap stands where a row was deleted that older ones of its contact hang on.
	isGap
)

// logged is a row of the log: a message or an entry, and the row of the same contact before it.
type logged struct {
	what  uint8
	prev  uint64
	msg   store.Message
	entry store.Entry
}

func (l *logged) key() store.Key {
	if l.what == isMessage {
		return l.msg.Key
	}
	return l.entry.Key
}

func (l *logged) kept() time.Time {
	if l.what == isMessage {
		return l.msg.Kept
	}
	return l.entry.Kept
}

func (l *logged) append(b []byte) []byte {
	b = append(b, l.what)
	b = appendNumber(b, l.prev)
	switch l.what {
	case isMessage:
		m := &l.msg
		b = append(b, m.Key[:]...)
		b = append(b, m.Class, uint8(m.State))
		b = appendText(b, m.Channel)
		b = appendMoment(b, m.At)
		b = appendMoment(b, m.Ready)
		b = appendMoment(b, m.Kept)
		b = appendNumber(b, uint64(m.Tries))
		b = binary.AppendVarint(b, int64(m.Code))
		b = appendBytes(b, m.Sealed)
		if m.Provider == (store.Hash{}) {
			b = append(b, 0)
		} else {
			b = append(append(b, 1), m.Provider[:]...)
		}
		b = appendBytes(b, m.SealedID)
	case isEntry:
		e := &l.entry
		b = append(b, e.Key[:]...)
		b = append(b, e.Class)
		b = appendNumber(b, uint64(e.Ref))
		b = appendMoment(b, e.At)
		b = appendMoment(b, e.Kept)
		b = appendBytes(b, e.Sealed)
	case isGap:
		b = append(b, l.entry.Key[:]...)
	}
	return b
}

func parseLogged(id uint64, value []byte) (logged, bool) {
	r := row{rest: value}
	l := logged{what: r.octet(), prev: r.number()}
	switch l.what {
	case isMessage:
		m := &l.msg
		m.ID, m.Key, m.Class, m.State = id, r.hash(), r.octet(), store.State(r.octet())
		m.Channel, m.At, m.Ready, m.Kept = r.text(), r.moment(), r.moment(), r.moment()
		m.Tries = int(r.number())
		code := r.number() // zigzag, as AppendVarint writes
		m.Code = int(int64(code>>1) ^ -int64(code&1))
		m.Sealed = r.bytes()
		if r.octet() == 1 {
			m.Provider = r.hash()
		}
		m.SealedID = r.bytes()
	case isEntry:
		e := &l.entry
		e.ID, e.Key, e.Class, e.Ref = id, r.hash(), r.octet(), uint32(r.number())
		e.At, e.Kept, e.Sealed = r.moment(), r.moment(), r.bytes()
	case isGap:
		l.entry.Key = r.hash()
	default:
		return logged{}, false
	}
	return l, r.done()
}

func appendItem(b []byte, it *store.Item) []byte {
	b = append(b, it.Key[:]...)
	flags := byte(0)
	if it.Anonymous {
		flags |= 1
	}
	if it.Urgent {
		flags |= 2
	}
	b = append(b, flags, byte(it.State))
	b = appendText(b, it.Pack)
	b = appendText(b, it.Class)
	b = appendNumber(b, uint64(it.Number))
	b = appendMoment(b, it.At)
	b = appendMoment(b, it.Kept)
	return appendBytes(b, it.Sealed)
}

func parseItem(kind store.ItemKind, id store.Hash, value []byte) (store.Item, bool) {
	r := row{rest: value}
	it := store.Item{Kind: kind, ID: id, Key: r.hash()}
	flags := r.octet()
	it.Anonymous, it.Urgent = flags&1 != 0, flags&2 != 0
	it.State = store.ItemState(r.octet())
	it.Pack, it.Class, it.Number = r.text(), r.text(), uint32(r.number())
	it.At, it.Kept, it.Sealed = r.moment(), r.moment(), r.bytes()
	return it, r.done()
}

// owner is a row of identities. An identity that was erased keeps a row without a contact.
func appendOwner(b []byte, o store.Owner) []byte {
	flags := byte(0)
	if o.Found {
		flags |= 1
	}
	if o.Suppressed {
		flags |= 2
	}
	return append(append(b, flags), o.Key[:]...)
}

func parseOwner(value []byte) (store.Owner, bool) {
	r := row{rest: value}
	flags := r.octet()
	o := store.Owner{Found: flags&1 != 0, Suppressed: flags&2 != 0, Key: r.hash()}
	return o, r.done()
}
