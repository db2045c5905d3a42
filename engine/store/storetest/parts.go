package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"baraza/engine/store"
)

func identities(t *testing.T, s store.Store) {
	find := func(name string) store.Owner {
		o, err := s.Find(context.Background(), hash(name))
		check(t, err)
		return o
	}
	phone, user := hash("phone"), hash("user")
	must(t, s, store.Turn{Key: key(1), At: start, Identities: []store.Identity{{Hash: phone, Sealed: []byte("+1")}}})
	same(t, "found", store.Owner{Key: key(1), Found: true}, find("phone"))
	same(t, "nobody's", store.Owner{}, find("user"))
	// A second one joins, also with the first named again.
	must(t, s, store.Turn{Key: key(1), Expect: 1, At: start, Identities: []store.Identity{{Hash: user, Sealed: []byte("u")}, {Hash: phone, Sealed: []byte("+1b")}}})
	same(t, "both", []store.Identity{{Hash: phone, Sealed: []byte("+1b")}, {Hash: user, Sealed: []byte("u")}}, load(t, s, key(1)).Identities)
	outcome(t, s, store.Turn{Key: key(2), At: start, Session: []byte("x"), Identities: []store.Identity{{Hash: user}}}, store.Conflict)
	if c := load(t, s, key(2)); c.Revision != 0 {
		t.Errorf("someone else's identity made %v", c)
	}
	// The number passes to another person.
	must(t, s, store.Turn{Key: key(2), At: start, Identities: []store.Identity{{Hash: phone, Sealed: []byte("+1"), Take: true}}})
	same(t, "taken", store.Owner{Key: key(2), Found: true}, find("phone"))
	same(t, "left", []store.Identity{{Hash: user, Sealed: []byte("u")}}, load(t, s, key(1)).Identities)
	if got := load(t, s, key(1)).Revision; got != 2 {
		t.Errorf("revision of who lost an identity: got %d, want 2", got)
	}
	must(t, s, store.Turn{Key: key(2), Expect: 1, At: start, Identities: []store.Identity{{Hash: phone, Drop: true}, {Hash: user, Drop: true}}})
	same(t, "dropped", store.Owner{}, find("phone"))
	same(t, "not theirs to drop", store.Owner{Key: key(1), Found: true}, find("user"))
}

func fields(t *testing.T, s store.Store) {
	k := key(1)
	must(t, s, store.Turn{Key: k, At: start, Fields: []store.Field{{Name: "a", Sealed: []byte("1")}, {Name: "b", Sealed: []byte("2")}}})
	must(t, s, store.Turn{Key: k, Expect: 1, At: start, Fields: []store.Field{{Name: "a"}, {Name: "c"}, {Name: "b", Kept: at(9), Sealed: []byte{}}}})
	same(t, "fields", []store.Field{{Name: "b", Kept: at(9), Sealed: []byte{}}}, load(t, s, k).Fields)
}

func outboxOrder(t *testing.T, s store.Store) {
	a, b := key(1), key(2)
	ra := must(t, s, store.Turn{Key: a, At: start, Outbox: []store.Message{message("a1"), message("a2")}})
	must(t, s, store.Turn{Key: b, At: at(1), Outbox: []store.Message{message("b1")}})
	must(t, s, store.Turn{Key: a, Expect: 1, At: at(1), Outbox: []store.Message{{Ready: start, Sealed: []byte("a3")}}})
	same(t, "one a contact", []string{"a1", "b1"}, heads(t, s, at(1)))
	same(t, "ready by then", []string{"a1"}, heads(t, s, start))
	// The head is put off: the next of its contact waits behind it.
	again := func(id uint64, ready time.Time) {
		must(t, s, store.Turn{Key: a, Expect: store.Any, At: at(2), Settle: []store.Settlement{{ID: id, State: store.Waiting, Ready: ready, Code: 131056}}})
	}
	again(ra.Messages[0], at(7))
	same(t, "put off", []string{"b1"}, heads(t, s, at(6)))
	same(t, "then", []string{"b1", "a1"}, heads(t, s, at(7)))
	m, err := s.Message(context.Background(), ra.Messages[0])
	check(t, err)
	if m.Tries != 1 || m.Code != 131056 || m.State != store.Waiting {
		t.Errorf("put off: got %+v", m)
	}
	must(t, s, store.Turn{Key: a, Expect: store.Any, At: at(7), Settle: []store.Settlement{{ID: ra.Messages[0], State: store.Accepted}}})
	same(t, "the next", []string{"a2", "b1"}, heads(t, s, at(7)))
	// Another contact's turn settles nothing of this one.
	must(t, s, store.Turn{Key: b, Expect: store.Any, At: at(7), Settle: []store.Settlement{{ID: ra.Messages[1], State: store.Accepted}}})
	same(t, "another's", []string{"a2", "b1"}, heads(t, s, at(7)))
	must(t, s, store.Turn{Key: a, Expect: store.Any, At: at(7), Settle: []store.Settlement{{ID: ra.Messages[1], State: store.Gone}}})
	same(t, "the last", []string{"a3", "b1"}, heads(t, s, at(7)))
	if _, err := s.Message(context.Background(), ra.Messages[1]); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a message that is gone: got %v, want %v", err, store.ErrNotFound)
	}
	if got := load(t, s, a).Revision; got != 2 {
		t.Errorf("revision after settlements: got %d, want 2", got)
	}
	list, err := s.Outbox(context.Background(), store.OutboxQuery{Of: 1 << a.Partition(), Until: far, Limit: 9})
	check(t, err)
	same(t, "of one partition", []string{"a3"}, texts(list))
}

func ranks(t *testing.T, s store.Store) {
	ctx := context.Background()
	k := key(1)
	id := must(t, s, store.Turn{Key: k, At: start, Outbox: []store.Message{message("m")}}).Messages[0]
	settle := func(news store.Settlement) store.Message {
		news.ID = id
		must(t, s, store.Turn{Key: k, Expect: store.Any, At: start, Settle: []store.Settlement{news}})
		m, err := s.Message(ctx, id)
		check(t, err)
		return m
	}
	// The provider's status comes before its answer.
	m := settle(store.Settlement{State: store.Sent, Provider: hash("wamid"), SealedID: []byte("id")})
	if m.State != store.Sent || m.Provider != hash("wamid") || string(m.SealedID) != "id" || string(m.Sealed) != "m" {
		t.Errorf("sent: got %+v", m)
	}
	if m = settle(store.Settlement{State: store.Accepted, Provider: hash("other")}); m.State != store.Sent || m.Provider != hash("wamid") {
		t.Errorf("accepted after sent: got %+v", m)
	}
	if m = settle(store.Settlement{State: store.Waiting}); m.State != store.Sent || m.Tries != 0 {
		t.Errorf("waiting after sent: got %+v", m)
	}
	if m = settle(store.Settlement{State: store.Delivered, Kept: at(3)}); m.State != store.Delivered || m.Sealed != nil || !m.Kept.Equal(at(3)) {
		t.Errorf("delivered: got %+v", m)
	}
	if m = settle(store.Settlement{State: store.Failed, Code: 1}); m.State != store.Delivered || m.Code != 0 {
		t.Errorf("failed after delivered: got %+v", m)
	}
	if m = settle(store.Settlement{State: store.Read}); m.State != store.Read {
		t.Errorf("read: got %+v", m)
	}
	if got := heads(t, s, far); got != nil {
		t.Errorf("waiting: got %v, want none", got)
	}
}

func deadLetters(t *testing.T, s store.Store) {
	ctx := context.Background()
	k := key(1)
	ids := must(t, s, store.Turn{Key: k, At: start, Outbox: []store.Message{message("1"), message("2"), message("3")}}).Messages
	settle := func(i int, state store.State) {
		must(t, s, store.Turn{Key: k, Expect: store.Any, At: at(1), Settle: []store.Settlement{{ID: ids[i], State: state}}})
	}
	list := func(state store.State) []string {
		l, err := s.Outbox(ctx, store.OutboxQuery{Of: store.All, State: state, Limit: 9})
		check(t, err)
		return texts(l)
	}
	settle(0, store.Dead)
	same(t, "the next goes on", []string{"2"}, heads(t, s, far))
	settle(1, store.Accepted)
	settle(1, store.Failed)
	same(t, "dead", []string{"1"}, list(store.Dead))
	same(t, "failed", []string{"2"}, list(store.Failed))
	settle(0, store.Waiting)
	same(t, "an older one goes before", []string{"1"}, heads(t, s, far))
	settle(1, store.Delivered)
	same(t, "delivered after all", []string(nil), list(store.Failed))
	settle(0, store.Gone)
	same(t, "the last", []string{"3"}, heads(t, s, far))
	same(t, "none dead", []string(nil), list(store.Dead))
}

func timersDue(t *testing.T, s store.Store) {
	ctx := context.Background()
	a, b := key(1), key(2)
	due := func(until time.Time) (out []string) {
		list := pages(t, 2, func(after store.Timer) ([]store.Timer, error) { return s.Due(ctx, store.All, after, until, 2) })
		for _, x := range list {
			out = append(out, fmt.Sprintf("%d.%d", x.Key[1], x.Number))
		}
		return out
	}
	must(t, s, store.Turn{Key: a, At: start, Timers: []store.Timer{{Number: 1, Due: at(30)}, {Number: 2, Due: at(10)}, {Number: 3, Due: at(10)}}})
	must(t, s, store.Turn{Key: b, At: start, Timers: []store.Timer{{Number: 1, Due: at(10)}, {Number: 2, Due: at(20)}}})
	same(t, "none yet", []string(nil), due(at(9)))
	same(t, "at ten", []string{"1.2", "1.3", "2.1"}, due(at(10)))
	same(t, "again", []string{"1.2", "1.3", "2.1", "2.2", "1.1"}, due(far))
	// One is put off, one is canceled, one was waited for.
	must(t, s, store.Turn{Key: a, Expect: 1, At: at(10), Cancel: []uint32{3, 99}, Timers: []store.Timer{{Number: 2, Due: at(40), Class: 5}}})
	must(t, s, store.Turn{Key: b, Expect: 1, At: start, Cancel: []uint32{2}})
	same(t, "later", []string{"2.1", "1.1", "1.2"}, due(far))
	// Set anew at the time it had before.
	must(t, s, store.Turn{Key: b, Expect: 2, At: start, Timers: []store.Timer{{Number: 2, Due: at(20)}}})
	must(t, s, store.Turn{Key: b, Expect: 3, At: start})
	same(t, "anew", []string{"2.1", "2.2", "1.1", "1.2"}, due(far))
	list, err := s.Due(ctx, 1<<a.Partition(), store.Timer{}, far, 9)
	check(t, err)
	same(t, "of one partition", []store.Timer{{Key: a, Number: 1, Due: at(30)}, {Key: a, Number: 2, Due: at(40), Class: 5}}, list)
	none, err := s.Due(ctx, 0, store.Timer{}, far, 9)
	check(t, err)
	same(t, "of no partition", []store.Timer(nil), none)
}

func items(t *testing.T, s store.Store) {
	ctx := context.Background()
	a, b := key(1), key(2)
	must(t, s, store.Turn{Key: a, Expect: store.Any, At: start, Items: []store.Item{
		{Kind: store.Case, ID: hash("1"), Pack: "ec", Class: "staff", State: store.CaseOpen, Sealed: []byte("x")},
		{Kind: store.Case, ID: hash("2"), Pack: "ec", Class: "protection", State: store.CaseOpen},
		{Kind: store.Record, ID: hash("1"), Pack: "ec", Class: "rumour"},
	}})
	must(t, s, store.Turn{Key: b, Expect: store.Any, At: start, Items: []store.Item{
		{Kind: store.Case, ID: hash("3"), Pack: "jo", Class: "staff", State: store.CaseDone},
		{Kind: store.Record, ID: hash("4"), Anonymous: true, Class: "rumour"},
	}})
	list := func(q store.ItemQuery) string {
		q.Of, q.Limit = store.All, 9
		l, err := s.Items(ctx, q)
		check(t, err)
		out := ""
		for _, it := range l {
			out += string(it.ID[:1])
		}
		return out
	}
	for want, q := range map[string]store.ItemQuery{
		"123": {Kind: store.Case}, "12": {Kind: store.Case, Key: a}, "13": {Kind: store.Case, Class: "staff"},
		"3": {Kind: store.Case, Pack: "jo"}, "14": {Kind: store.Record}, "1": {Kind: store.Case, Class: "staff", State: store.CaseOpen},
		"2": {Kind: store.Case, ID: hash("2")}, "": {Kind: store.Record, Key: b}, "23": {Kind: store.Case, After: hash("1")},
	} {
		if got := list(q); got != want {
			t.Errorf("%+v: got %q, want %q", q, got, want)
		}
	}
	must(t, s, store.Turn{Key: a, Expect: store.Any, At: start, Items: []store.Item{
		{Kind: store.Case, ID: hash("1"), Pack: "ec", Class: "staff", State: store.CaseDone, Sealed: []byte("y")},
		{Kind: store.Case, ID: hash("2"), Remove: true},
	}})
	l, err := s.Items(ctx, store.ItemQuery{Kind: store.Case, Of: store.All, Key: a, Limit: 9})
	check(t, err)
	same(t, "changed", []store.Item{{Kind: store.Case, ID: hash("1"), Key: a, Pack: "ec", Class: "staff", State: store.CaseDone, Sealed: []byte("y")}}, l)
}

func journal(t *testing.T, s store.Store) {
	ctx := context.Background()
	a, b := key(1), key(2)
	for n, k := range []store.Key{a, b, a, a} {
		must(t, s, store.Turn{Key: k, Expect: store.Any, At: at(n), Journal: []store.Entry{{Sealed: []byte{byte('1' + n)}}}})
	}
	list := func(k store.Key, of store.Set) (out string) {
		for _, e := range pages(t, 2, func(after store.Entry) ([]store.Entry, error) {
			return s.Journal(ctx, store.JournalQuery{Of: of, Key: k, After: after.ID, Limit: 2})
		}) {
			out += string(e.Sealed)
		}
		return out
	}
	same(t, "all", "1234", list(store.Key{}, store.All))
	same(t, "of a contact", "431", list(a, 0))
	same(t, "of a partition", "2", list(store.Key{}, 1<<b.Partition()))
	must(t, s, store.Turn{Key: b, Expect: store.Any, At: at(4), Journal: []store.Entry{{Class: 7, Sealed: []byte("5")}, {Class: 3, Sealed: []byte("6")}},
		Outbox: []store.Message{message("between")}})
	must(t, s, store.Turn{Key: a, Expect: store.Any, At: at(5), Journal: []store.Entry{{Class: 7, Sealed: []byte("7")}}})
	chosen := func(q store.JournalQuery) (out string) {
		for _, e := range pages(t, 2, func(after store.Entry) ([]store.Entry, error) {
			q.After, q.Limit = after.ID, 2
			return s.Journal(ctx, q)
		}) {
			out += string(e.Sealed)
		}
		return out
	}
	same(t, "newest first", "7654321", chosen(store.JournalQuery{Of: store.All, Newest: true}))
	same(t, "newest first of a partition", "652", chosen(store.JournalQuery{Of: 1 << b.Partition(), Newest: true}))
	same(t, "of a class", "57", chosen(store.JournalQuery{Of: store.All, Classes: 1 << 7}))
	same(t, "of two classes, newest first", "765", chosen(store.JournalQuery{Of: store.All, Classes: 1<<7 | 1<<3, Newest: true}))
	same(t, "since, newest first", "7654", chosen(store.JournalQuery{Of: store.All, Newest: true, Since: at(3)}))
	same(t, "of a class and a contact", "7", chosen(store.JournalQuery{Key: a, Classes: 1 << 7}))
}

func lastSweep(t *testing.T, s store.Store) {
	when := func() time.Time {
		at, err := s.LastSweep(context.Background())
		check(t, err)
		return at
	}
	same(t, "never", time.Time{}, when())
	sweep(t, s, at(5))
	same(t, "once", at(5), when())
	sweep(t, s, at(9))
	same(t, "again", at(9), when())
}

func leases(t *testing.T, s store.Store) {
	ctx := context.Background()
	k := key(1)
	p := k.Partition()
	a, err := s.Lease(ctx, p, "a", start, time.Minute)
	check(t, err)
	same(t, "taken", store.Lease{Partition: p, Owner: "a", Epoch: 1, Until: at(1)}, a)
	if _, err := s.Lease(ctx, p, "b", start, time.Minute); !errors.Is(err, store.ErrHeld) {
		t.Errorf("of another: got %v, want %v", err, store.ErrHeld)
	}
	a, err = s.Lease(ctx, p, "a", start.Add(30*time.Second), time.Minute)
	check(t, err)
	if a.Epoch != 1 || !a.Until.Equal(start.Add(90*time.Second)) {
		t.Errorf("held on: got %+v", a)
	}
	if _, err := s.Lease(ctx, p, "b", at(1), time.Minute); !errors.Is(err, store.ErrHeld) {
		t.Errorf("held on, of another: got %v, want %v", err, store.ErrHeld)
	}
	must(t, s, store.Turn{Key: k, Lease: 1, At: start, Session: []byte("a")})
	b, err := s.Lease(ctx, p, "b", at(2), time.Minute)
	check(t, err)
	if b.Epoch <= a.Epoch {
		t.Errorf("epochs: got %d after %d", b.Epoch, a.Epoch)
	}
	outcome(t, s, store.Turn{Key: k, Expect: 1, Lease: a.Epoch, At: at(2), Session: []byte("late")}, store.Fenced)
	must(t, s, store.Turn{Key: k, Expect: 1, Lease: b.Epoch, At: at(2), Session: []byte("b")})
	if _, err := s.Lease(ctx, p, "a", at(2), time.Minute); !errors.Is(err, store.ErrHeld) {
		t.Errorf("of who had it: got %v, want %v", err, store.ErrHeld)
	}
}

func erasure(t *testing.T, s store.Store) {
	ctx := context.Background()
	k, other := key(1), key(2)
	must(t, s, full(k))
	must(t, s, store.Turn{Key: other, At: start, Session: []byte("o"), Outbox: []store.Message{message("o")}, Journal: []store.Entry{{Sealed: []byte("o")}}})
	check(t, store.Erase(ctx, s, k, at(1), hash("phone")))
	check(t, store.Erase(ctx, s, key(9), at(2)))
	d := DumpOf(t, s, 10, []store.Key{k}, []store.Hash{hash("phone")})
	if len(d.Contacts) != 1 || len(d.Heads) != 1 || len(d.Entries) != 1 || len(d.Due)+len(d.Messages)+len(d.Histories) != 0 {
		t.Errorf("left: %+v", d)
	}
	same(t, "items", map[store.ItemKind][]store.Item{store.Record: {full(k).Items[1]}}, d.Items)
	same(t, "owners", map[store.Hash]store.Owner{hash("phone"): {Suppressed: true}}, d.Owners)
	same(t, "tombstones", []store.Erasure{{Key: k, At: at(1), Suppress: []store.Hash{hash("phone")}}, {Key: key(9), At: at(2)}}, d.Tombstones)
	since, err := s.Tombstones(ctx, at(2))
	check(t, err)
	same(t, "since", d.Tombstones[1:], since)
	same(t, "loaded", store.Contact{Key: k}, load(t, s, k))
	// The event stays seen.
	outcome(t, s, full(k), store.Duplicate)
	// The person comes back, and agrees again.
	must(t, s, store.Turn{Key: k, At: at(3), Identities: []store.Identity{{Hash: hash("phone")}}})
	o, err := s.Find(ctx, hash("phone"))
	check(t, err)
	same(t, "back", store.Owner{Key: k, Found: true, Suppressed: true}, o)
	must(t, s, store.Turn{Key: k, Expect: 1, At: at(3), Identities: []store.Identity{{Hash: hash("phone"), Lift: true}}})
	o, err = s.Find(ctx, hash("phone"))
	check(t, err)
	same(t, "agreed", store.Owner{Key: k, Found: true}, o)
}

func erasedAnew(t *testing.T, s store.Store) {
	k := key(1)
	must(t, s, full(k))
	turn := store.Turn{
		Key: k, At: at(1), Dedupe: []store.Seen{{Hash: hash("delete me"), At: at(1)}}, Erase: &store.Erasure{At: at(1)},
		Outbox: []store.Message{message("farewell")},
	}
	outcome(t, s, turn, store.Conflict) // expects 0
	turn.Expect = 1
	must(t, s, turn)
	same(t, "contact", store.Contact{Key: k, Since: at(1).Add(time.Millisecond)}, load(t, s, k))
	same(t, "outbox", []string{"farewell"}, heads(t, s, far))
	outcome(t, s, turn, store.Duplicate)
	must(t, s, store.Turn{Key: k, At: at(2), Session: []byte("anew")})
}

func sweeping(t *testing.T, s store.Store) {
	k := key(1)
	turn := full(k)
	turn.Outbox[0].Kept = at(20)
	must(t, s, turn)
	must(t, s, store.Turn{Key: k, Expect: 1, At: start, Fields: []store.Field{{Name: "city", Kept: at(70), Sealed: []byte("Cuenca")}}})
	same(t, "too early", store.Swept{}, sweep(t, s, at(19)))
	same(t, "the message", store.Swept{Messages: 1}, sweep(t, s, at(20)))
	same(t, "the next one goes", []string{"menu"}, heads(t, s, far))
	same(t, "the entry; the field's date has moved", store.Swept{Entries: 1}, sweep(t, s, at(69)))
	same(t, "the rest", store.Swept{Fields: 1, Items: 1}, sweep(t, s, at(90)))
	same(t, "none left", store.Swept{}, sweep(t, s, at(91)))
	d := DumpOf(t, s, 10, []store.Key{k}, nil)
	if len(d.Contacts[0].Fields) != 1 || d.Contacts[0].Revision != 2 || d.Entries != nil || len(d.Messages[k]) != 1 || len(d.Items) != 2 {
		t.Errorf("left: %+v", d)
	}
}
