package storetest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/engine/store"
)

// history tells a store and the model the same.
type history struct {
	t     *testing.T
	rt    *rapid.T
	s     store.Store
	model *Memory
	now   time.Time
	// ids gives the model's ID of a message for the store's, which differ where a store counts otherwise.
	ids   map[uint64]uint64
	known []uint64 // the store's
	event int
}

var (
	names  = []store.Key{key(1), key(2), key(3), key(4)}
	hashes = []store.Hash{hash("p"), hash("q"), hash("r")}
)

// histories compares a store with the model after every step of random histories; with restarts, it is closed and
// opened in the middle.
func histories(t *testing.T, open Open, restarts bool) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		check(rt, err)
		h := &history{t: t, rt: rt, s: open(t, dir), model: NewMemory(), now: start, ids: map[uint64]uint64{}}
		defer func() { _ = h.s.Close() }()
		ops := map[string]func(*rapid.T){
			"turns": h.turns, "more turns": h.turns, "sweep": h.sweep, "lease": h.lease, "time": h.pass, "": h.compare,
		}
		if restarts {
			ops["restart"] = func(rt *rapid.T) {
				check(rt, h.s.Close())
				h.s = open(t, dir)
			}
		}
		rt.Repeat(ops)
	})
}

func (h *history) pass(rt *rapid.T) {
	h.now = h.now.Add(time.Duration(rapid.SampledFrom([]int{1, 7, 60, 26 * 60}).Draw(rt, "minutes")) * time.Minute)
}

func (h *history) moment(rt *rapid.T, says string) time.Time {
	return h.now.Add(time.Duration(rapid.IntRange(-3, 90).Draw(rt, says)) * time.Minute)
}

// date is a moment or none.
func (h *history) date(rt *rapid.T) time.Time {
	if rapid.Bool().Draw(rt, "kept for good") {
		return time.Time{}
	}
	return h.moment(rt, "kept")
}

func bytesOf(rt *rapid.T, says string) []byte {
	return rapid.SampledFrom([][]byte{{}, []byte("a"), []byte("longer"), make([]byte, 5000)}).Draw(rt, says)
}

func (h *history) turns(rt *rapid.T) {
	ctx := context.Background()
	var turns, model []store.Turn
	for range rapid.IntRange(1, 4).Draw(rt, "turns") {
		turn := h.turn(rt)
		twin := turn
		twin.Settle = slices.Clone(turn.Settle)
		for i := range twin.Settle {
			twin.Settle[i].ID = h.ids[turn.Settle[i].ID]
		}
		turns, model = append(turns, turn), append(model, twin)
	}
	want, err := h.model.Commit(ctx, model)
	check(rt, err)
	got, err := h.s.Commit(ctx, turns)
	check(rt, err)
	for i := range got {
		for n, id := range got[i].Messages {
			h.ids[id] = want[i].Messages[n]
			h.known = append(h.known, id)
		}
		got[i].Messages, want[i].Messages = nil, nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("results (-want +got):\n%s", diff)
	}
}

func (h *history) turn(rt *rapid.T) store.Turn {
	some := func(says string, most int) int { return max(rapid.IntRange(-most-2, most).Draw(rt, says), 0) }
	k := rapid.SampledFrom(names).Draw(rt, "contact")
	c, err := h.model.Load(context.Background(), k)
	check(rt, err)
	turn := store.Turn{Key: k, At: h.now, Pack: rapid.SampledFrom([]string{"", "ec", "jo"}).Draw(rt, "pack")}
	turn.Expect = rapid.SampledFrom([]uint64{c.Revision, c.Revision, c.Revision, c.Revision + 1, store.Any, 0}).Draw(rt, "expect")
	turn.Lease = rapid.SampledFrom([]uint64{0, 0, 0, 1, 2}).Draw(rt, "lease")
	for range some("events", 2) {
		h.event++
		n := rapid.IntRange(h.event-h.event%5, h.event).Draw(rt, "event") // some come twice
		turn.Dedupe = append(turn.Dedupe, store.Seen{Hash: hash(fmt.Sprint(n)), At: at(n / 4 * 60)})
	}
	if rapid.IntRange(0, 12).Draw(rt, "erase") == 12 {
		h.now = h.now.Add(time.Second)
		turn.At = h.now
		turn.Erase = &store.Erasure{At: h.now, Suppress: hashes[:some("suppress", 2)]}
	}
	if rapid.Bool().Draw(rt, "has session") {
		turn.Session = bytesOf(rt, "session")
	}
	for range some("identities", 2) {
		turn.Identities = append(turn.Identities, store.Identity{
			Hash: rapid.SampledFrom(hashes).Draw(rt, "identity"), Sealed: bytesOf(rt, "value"),
			Drop: rapid.IntRange(0, 3).Draw(rt, "drop") == 0, Take: rapid.Bool().Draw(rt, "take"), Lift: rapid.Bool().Draw(rt, "lift"),
		})
	}
	for range some("fields", 2) {
		f := store.Field{Name: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "field"), Kept: h.date(rt)}
		if rapid.Bool().Draw(rt, "set") {
			f.Sealed = bytesOf(rt, "value")
		}
		turn.Fields = append(turn.Fields, f)
	}
	for range min(some("settlements", 3), len(h.known)) {
		news := store.Settlement{
			ID:    rapid.SampledFrom(h.known[max(0, len(h.known)-6):]).Draw(rt, "message"),
			State: store.State(rapid.IntRange(int(store.Waiting), int(store.Gone)).Draw(rt, "state")), Code: rapid.IntRange(-1, 2).Draw(rt, "code"),
			Ready: h.date(rt), Kept: h.date(rt),
		}
		if rapid.Bool().Draw(rt, "provider") {
			news.Provider, news.SealedID = hash("w"), []byte("id")
		}
		turn.Settle = append(turn.Settle, news)
		if m, err := h.s.Message(context.Background(), news.ID); err == nil {
			turn.Key = m.Key
			turn.Expect = store.Any
		}
	}
	for range some("messages", 3) {
		turn.Outbox = append(turn.Outbox, store.Message{
			Channel: "c", Class: 1, Ready: h.date(rt), Kept: h.date(rt), Sealed: bytesOf(rt, "text"),
		})
	}
	for range some("canceled", 2) {
		turn.Cancel = append(turn.Cancel, rapid.Uint32Range(1, 4).Draw(rt, "timer"))
	}
	for range some("timers", 2) {
		turn.Timers = append(turn.Timers, store.Timer{
			Number: rapid.Uint32Range(1, 4).Draw(rt, "timer"), Due: h.moment(rt, "due"), Class: rapid.Uint8Range(0, 2).Draw(rt, "class"),
		})
	}
	for range some("items", 2) {
		// Each contact has items of its own, and nobody's have others.
		n := rapid.IntRange(1, 3).Draw(rt, "item")
		it := store.Item{
			Kind: store.ItemKind(rapid.IntRange(1, 3).Draw(rt, "kind")), ID: store.Hash{turn.Key[1], byte(n)}, Class: "x", Kept: h.date(rt),
			State: store.ItemState(n), Sealed: bytesOf(rt, "item"), Remove: rapid.IntRange(0, 4).Draw(rt, "remove") == 0,
		}
		if n == 3 {
			it.ID, it.Anonymous = store.Hash{255, 1}, true
		}
		turn.Items = append(turn.Items, it)
	}
	for range some("entries", 2) {
		turn.Journal = append(turn.Journal, store.Entry{Class: 1, Ref: 2, Kept: h.date(rt), Sealed: bytesOf(rt, "entry")})
	}
	return turn
}

func (h *history) sweep(rt *rapid.T) {
	want, err := h.model.Sweep(context.Background(), h.now, 0)
	check(rt, err)
	if got := sweep(rt, h.s, h.now); got != want {
		rt.Fatalf("swept: got %+v, want %+v", got, want)
	}
}

func (h *history) lease(rt *rapid.T) {
	p := rapid.SampledFrom(names).Draw(rt, "partition of").Partition()
	owner := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "owner")
	ctx := context.Background()
	// An hour, after which every lease has ended: whether it lasts over a restart is the store's affair.
	h.now = h.now.Add(time.Hour)
	want, err := h.model.Lease(ctx, p, owner, h.now, time.Minute)
	check(rt, err)
	got, err := h.s.Lease(ctx, p, owner, h.now, time.Minute)
	check(rt, err)
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("lease (-want +got):\n%s", diff)
	}
}

func (h *history) compare(rt *rapid.T) {
	page := rapid.IntRange(1, 20).Draw(rt, "page")
	want := DumpOf(rt, h.model, page, names, hashes)
	got := DumpOf(rt, h.s, page, names, hashes)
	want.Renumber(func(id uint64) uint64 { return id })
	got.Renumber(func(id uint64) uint64 { return h.ids[id] })
	if diff := cmp.Diff(want, got, alike); diff != "" {
		rt.Fatalf("stores (-want +got):\n%s", diff)
	}
}
