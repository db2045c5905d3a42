package storetest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"baraza/engine/store"
)

// Memory is a store that forgets everything when it is closed: the plainest thing that keeps the promises, and so
// the model that other stores are compared with. It is for tests and for trying flows out.
type Memory struct {
	mu         sync.Mutex
	closed     bool
	last       uint64 // message or entry
	contacts   map[store.Key]*store.Contact
	owners     map[store.Hash]store.Owner
	messages   map[uint64]*store.Message
	entries    map[uint64]*store.Entry
	items      map[itemID]store.Item
	seen       map[seenID]bool
	floor      int64 // second
	swept      time.Time
	tombstones []store.Erasure
	leases     [store.Partitions]store.Lease
}

type itemID struct {
	kind store.ItemKind
	id   store.Hash
}

type seenID struct {
	hash   store.Hash
	second int64
}

var _ store.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		contacts: map[store.Key]*store.Contact{},
		owners:   map[store.Hash]store.Owner{},
		messages: map[uint64]*store.Message{},
		entries:  map[uint64]*store.Entry{},
		items:    map[itemID]store.Item{},
		seen:     map[seenID]bool{},
	}
}

func (m *Memory) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, store.ErrClosed
	}
	return m.mu.Unlock, nil
}

// whole is a time as stores keep it.
func whole(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

// Commit applies the turns.
func (m *Memory) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var results []store.Result
	for _, t := range turns {
		results = append(results, m.apply(t))
	}
	return results, nil
}

func (m *Memory) apply(t store.Turn) store.Result {
	if t.Lease != 0 && t.Lease != m.leases[t.Key.Partition()].Epoch {
		return store.Result{Outcome: store.Fenced}
	}
	for _, e := range t.Dedupe {
		if e.At.Unix() < m.floor || m.seen[seenID{e.Hash, e.At.Unix()}] {
			return store.Result{Outcome: store.Duplicate}
		}
	}
	var c store.Contact
	has := m.contacts[t.Key]
	if has != nil {
		c = *has
	}
	conflict := store.Result{Outcome: store.Conflict, Revision: c.Revision}
	if t.Expect != store.Any && t.Expect != c.Revision {
		return conflict
	}
	for _, id := range t.Identities {
		if o := m.owners[id.Hash]; !id.Drop && !id.Take && o.Found && o.Key != t.Key {
			return conflict
		}
	}
	for _, e := range t.Dedupe {
		m.seen[seenID{e.Hash, e.At.Unix()}] = true
	}
	if t.Erase != nil {
		m.erase(t.Key, *t.Erase)
		has, c = nil, store.Contact{}
	}
	if has == nil {
		c = store.Contact{Key: t.Key, Since: whole(t.At)}
		if t.Erase != nil && !t.At.After(t.Erase.At) {
			c.Since = whole(t.Erase.At.Add(time.Millisecond))
		}
	}
	expects := t.Expect != store.Any && t.Erase == nil
	if expects || t.Session != nil {
		c.Revision++
	}
	if t.Pack != "" {
		c.Pack = t.Pack
	}
	if t.Session != nil {
		c.Session = bytes.Clone(t.Session)
	}
	result := store.Result{Outcome: store.Committed, Revision: c.Revision}
	m.change(t, &c, &result)
	if t.Session != nil || expects ||
		len(t.Identities)+len(t.Fields)+len(t.Outbox)+len(t.Cancel)+len(t.Timers)+len(t.Journal) > 0 {
		m.contacts[t.Key] = &c
	}
	return result
}

func (m *Memory) change(t store.Turn, c *store.Contact, result *store.Result) {
	c.Identities = slices.Clone(c.Identities)
	for _, id := range t.Identities {
		m.identify(t.Key, c, id)
	}
	c.Fields = slices.Clone(c.Fields)
	for _, f := range t.Fields {
		at := slices.IndexFunc(c.Fields, func(has store.Field) bool { return has.Name == f.Name })
		f.Kept, f.Sealed = whole(f.Kept), bytes.Clone(f.Sealed)
		switch {
		case at >= 0 && f.Sealed == nil:
			c.Fields = slices.Delete(c.Fields, at, at+1)
		case at >= 0:
			c.Fields[at] = f
		case f.Sealed != nil:
			c.Fields = append(c.Fields, f)
		}
	}
	for _, news := range t.Settle {
		m.settle(t.Key, news)
	}
	for _, msg := range t.Outbox {
		m.last++
		first := func(a, b time.Time) time.Time {
			if a.IsZero() {
				return b
			}
			return a
		}
		m.messages[m.last] = &store.Message{
			ID: m.last, Key: t.Key, Channel: msg.Channel, Class: msg.Class, At: whole(first(msg.At, t.At)),
			Ready: whole(first(msg.Ready, t.At)), Kept: whole(msg.Kept), Sealed: bytes.Clone(msg.Sealed),
		}
		result.Messages = append(result.Messages, m.last)
	}
	c.Timers = slices.Clone(c.Timers)
	for _, number := range t.Cancel {
		c.Timers = slices.DeleteFunc(c.Timers, func(has store.Timer) bool { return has.Number == number })
	}
	for _, timer := range t.Timers {
		c.Timers = slices.DeleteFunc(c.Timers, func(has store.Timer) bool { return has.Number == timer.Number })
		timer.Key, timer.Due = t.Key, whole(timer.Due)
		c.Timers = append(c.Timers, timer)
	}
	slices.SortFunc(c.Timers, func(a, b store.Timer) int { return cmp.Compare(a.Number, b.Number) })
	for _, it := range t.Items {
		id := itemID{it.Kind, it.ID}
		if it.Remove {
			delete(m.items, id)
			continue
		}
		it.Key = t.Key
		if it.Anonymous {
			it.Key = store.Key{}
		}
		it.At, it.Kept, it.Sealed = whole(it.At), whole(it.Kept), bytes.Clone(it.Sealed)
		m.items[id] = it
	}
	for _, e := range t.Journal {
		m.last++
		if e.At.IsZero() {
			e.At = t.At
		}
		e.ID, e.Key, e.At, e.Kept, e.Sealed = m.last, t.Key, whole(e.At), whole(e.Kept), bytes.Clone(e.Sealed)
		m.entries[m.last] = &e
	}
}

func (m *Memory) identify(key store.Key, c *store.Contact, id store.Identity) {
	named := func(has store.Identity) bool { return has.Hash == id.Hash }
	o := m.owners[id.Hash]
	switch {
	case id.Drop:
		c.Identities = slices.DeleteFunc(c.Identities, named)
		if o.Key == key {
			o.Found, o.Key = false, store.Key{}
		}
	default:
		if o.Found && o.Key != key {
			other := m.contacts[o.Key]
			other.Identities = slices.DeleteFunc(slices.Clone(other.Identities), named)
		}
		o.Found, o.Key = true, key
		mine := store.Identity{Hash: id.Hash, Sealed: bytes.Clone(id.Sealed)}
		if at := slices.IndexFunc(c.Identities, named); at >= 0 {
			c.Identities[at] = mine
		} else {
			c.Identities = append(c.Identities, mine)
		}
	}
	if id.Lift {
		o.Suppressed = false
	}
	m.owners[id.Hash] = o
}

func (m *Memory) settle(key store.Key, news store.Settlement) {
	msg := m.messages[news.ID]
	if msg == nil || msg.Key != key || !news.Follows(msg) {
		return
	}
	switch news.State {
	case store.Gone:
		delete(m.messages, news.ID)
		return
	case store.Waiting:
		msg.Tries++
		msg.Ready = whole(news.Ready)
		if news.Ready.IsZero() {
			msg.Ready = msg.At
		}
	case store.Delivered, store.Read:
		msg.Sealed = nil
	}
	msg.State, msg.Code = news.State, news.Code
	if news.Provider != (store.Hash{}) {
		msg.Provider = news.Provider
	}
	if news.SealedID != nil {
		msg.SealedID = bytes.Clone(news.SealedID)
	}
	if news.Sealed != nil {
		msg.Sealed = bytes.Clone(news.Sealed)
	}
	if !news.Kept.IsZero() {
		msg.Kept = whole(news.Kept)
	}
}

func (m *Memory) erase(key store.Key, e store.Erasure) {
	delete(m.contacts, key)
	for hash, o := range m.owners {
		if o.Found && o.Key == key {
			m.owners[hash] = store.Owner{Suppressed: o.Suppressed}
		}
	}
	for id, msg := range m.messages {
		if msg.Key == key {
			delete(m.messages, id)
		}
	}
	for id, entry := range m.entries {
		if entry.Key == key {
			delete(m.entries, id)
		}
	}
	for id, it := range m.items {
		if !it.Anonymous && it.Key == key {
			delete(m.items, id)
		}
	}
	for _, hash := range e.Suppress {
		o := m.owners[hash]
		o.Suppressed = true
		m.owners[hash] = o
	}
	e.Key, e.At, e.Suppress = key, whole(e.At), slices.Clone(e.Suppress)
	m.tombstones = append(m.tombstones, e)
}

// Lease takes or keeps a partition.
func (m *Memory) Lease(ctx context.Context, partition int, owner string, now time.Time, ttl time.Duration) (store.Lease, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return store.Lease{}, err
	}
	defer leave()
	l := &m.leases[partition]
	if l.Epoch != 0 && l.Owner != owner && now.Before(l.Until) {
		return store.Lease{}, store.ErrHeld
	}
	if l.Epoch == 0 || l.Owner != owner {
		l.Epoch++
	}
	l.Partition, l.Owner, l.Until = partition, owner, whole(now.Add(ttl))
	return *l, nil
}

// LastSweep is the time of the last one.
func (m *Memory) LastSweep(ctx context.Context) (time.Time, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return time.Time{}, err
	}
	defer leave()
	return m.swept, nil
}

// Sweep deletes what is past its date; it knows no limit.
func (m *Memory) Sweep(ctx context.Context, now time.Time, _ int) (out store.Swept, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return out, err
	}
	defer leave()
	m.swept = whole(now)
	past := func(kept time.Time) bool { return !kept.IsZero() && !kept.After(whole(now)) }
	for _, c := range m.contacts {
		before := len(c.Fields)
		c.Fields = slices.DeleteFunc(slices.Clone(c.Fields), func(f store.Field) bool { return past(f.Kept) })
		out.Fields += before - len(c.Fields)
	}
	for id, msg := range m.messages {
		if past(msg.Kept) {
			delete(m.messages, id)
			out.Messages++
		}
	}
	for id, e := range m.entries {
		if past(e.Kept) {
			delete(m.entries, id)
			out.Entries++
		}
	}
	for id, it := range m.items {
		if past(it.Kept) {
			delete(m.items, id)
			out.Items++
		}
	}
	const day = 24 * 60 * 60
	m.floor = max(m.floor, now.Add(-store.DedupeKept).Unix()/day*day)
	days := map[int64]bool{}
	for id := range m.seen {
		if id.second < m.floor {
			delete(m.seen, id)
			days[id.second/day] = true
		}
	}
	out.DedupeDays = len(days)
	return out, nil
}

// Reopen does nothing: a commit in memory has a known outcome.
func (m *Memory) Reopen(ctx context.Context) error {
	leave, err := m.enter(ctx)
	if err == nil {
		leave()
	}
	return err
}

// Close forgets everything.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
