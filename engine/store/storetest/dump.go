package storetest

import (
	"bytes"
	"context"
	"reflect"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"baraza/engine/store"
)

// Failing is a test, or one try of a property.
type Failing interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Dump is everything that a store shows. Two stores that were told the same have equal dumps, but for the IDs they
// gave: Renumber takes those out.
type Dump struct {
	Contacts   []store.Contact
	Owners     map[store.Hash]store.Owner
	Due        []store.Timer
	Heads      []store.Message
	Failed     []store.Message
	Dead       []store.Message
	Messages   map[store.Key][]store.Message
	Entries    []store.Entry
	Histories  map[store.Key][]store.Entry
	Items      map[store.ItemKind][]store.Item
	Tombstones []store.Erasure
}

// far is after every time that tests use.
var far = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// DumpOf reads everything of a store, in pages of so many, for the contacts and identities named and all that it
// lists by itself.
func DumpOf(t Failing, s store.Store, page int, keys []store.Key, identities []store.Hash) Dump {
	t.Helper()
	ctx := context.Background()
	d := Dump{
		Owners: map[store.Hash]store.Owner{}, Messages: map[store.Key][]store.Message{},
		Histories: map[store.Key][]store.Entry{}, Items: map[store.ItemKind][]store.Item{},
	}
	d.Contacts = pages(t, page, func(after store.Contact) ([]store.Contact, error) {
		return s.Contacts(ctx, store.All, after.Key, page)
	})
	for _, hash := range identities {
		o, err := s.Find(ctx, hash)
		check(t, err)
		if o != (store.Owner{}) {
			d.Owners[hash] = o
		}
	}
	d.Due = pages(t, page, func(after store.Timer) ([]store.Timer, error) {
		return s.Due(ctx, store.All, after, far, page)
	})
	outbox := func(q store.OutboxQuery) []store.Message {
		return pages(t, page, func(after store.Message) ([]store.Message, error) {
			q.After, q.Limit = after, page
			return s.Outbox(ctx, q)
		})
	}
	d.Heads = outbox(store.OutboxQuery{Of: store.All, State: store.Waiting, Until: far})
	d.Failed = outbox(store.OutboxQuery{Of: store.All, State: store.Failed})
	d.Dead = outbox(store.OutboxQuery{Of: store.All, State: store.Dead})
	journal := func(key store.Key) []store.Entry {
		return pages(t, page, func(after store.Entry) ([]store.Entry, error) {
			return s.Journal(ctx, store.JournalQuery{Of: store.All, Key: key, After: after.ID, Limit: page})
		})
	}
	d.Entries = journal(store.Key{})
	for _, key := range keys {
		if list := outbox(store.OutboxQuery{Key: key}); list != nil {
			d.Messages[key] = list
		}
		if list := journal(key); list != nil {
			d.Histories[key] = list
		}
	}
	for _, kind := range []store.ItemKind{store.Case, store.Record, store.Consent, store.Held} {
		list := pages(t, page, func(after store.Item) ([]store.Item, error) {
			return s.Items(ctx, store.ItemQuery{Kind: kind, Of: store.All, After: after.ID, Limit: page})
		})
		if list != nil {
			d.Items[kind] = list
		}
	}
	var err error
	d.Tombstones, err = s.Tombstones(ctx, time.Time{})
	check(t, err)
	return d
}

// pages calls next with the last of the page before until a page is not full.
func pages[T any](t Failing, size int, next func(after T) ([]T, error)) (all []T) {
	t.Helper()
	var after T
	for {
		some, err := next(after)
		check(t, err)
		if len(some) > size {
			t.Fatalf("a page of %d has %d", size, len(some))
		}
		all = append(all, some...)
		if len(some) < size {
			return all
		}
		after = some[size-1]
	}
}

func check(t Failing, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Renumber replaces the IDs of messages by what number gives for them, and drops those of entries, whose order
// stays.
func (d *Dump) Renumber(number func(uint64) uint64) {
	lists := [][]store.Message{d.Heads, d.Failed, d.Dead}
	for _, list := range d.Messages {
		lists = append(lists, list)
	}
	for _, list := range lists {
		for i := range list {
			list[i].ID = number(list[i].ID)
		}
	}
	entries := [][]store.Entry{d.Entries}
	for _, list := range d.Histories {
		entries = append(entries, list)
	}
	for _, list := range entries {
		for i := range list {
			list[i].ID = 0
		}
	}
}

// alike compares what stores return. Of bytes nil is not empty: one has no session, the other an empty one.
var alike = cmp.Options{
	cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type() != reflect.TypeFor[[]byte]() }, cmpopts.EquateEmpty()),
}
