package runner

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// real is a runner over a real file and real keys, which a test may start again.
type real struct {
	tb     testing.TB
	config Config
	phone  *phone
	ring   *keys.Ring
	runner *Runner
	stop   func()
}

func newReal(tb testing.TB, dir string, wrap func(store.Store) store.Store) *real {
	tb.Helper()
	return newRealOf(tb, dir, wrap, nil)
}

// newRealOf is newReal with a changed configuration.
func newRealOf(tb testing.TB, dir string, wrap func(store.Store) store.Store, change func(*Config)) *real {
	tb.Helper()
	s, err := boltstore.Open(filepath.Join(dir, "data"), boltstore.Options{})
	if err != nil {
		tb.Fatalf("open the store: %v", err)
	}
	ring, err := keys.Open(filepath.Join(dir, "keys"), "KE", []keys.CountryKey{{1}}, keys.Options{})
	if err != nil {
		tb.Fatalf("open the keys: %v", err)
	}
	p := packOf(tb)
	r := &real{tb: tb, phone: &phone{}, ring: ring}
	var random atomic.Uint64
	var stored store.Store = s
	if wrap != nil {
		stored = wrap(s)
	}
	r.config = Config{Store: stored, Keys: Rings{Packs: map[string]*keys.Ring{"sample": ring}, Clock: realClock{}}, Clock: realClock{},
		Program: func(string) *program.Program { return p }, Channels: map[string]Channel{"whatsapp": r.phone},
		Random: func() uint64 { return mixed(random.Add(1)) }}
	if change != nil {
		change(&r.config)
	}
	r.runner = New(r.config)
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.runner.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("the runner ended with %v", err)
		}
		if err := s.Close(); err != nil {
			tb.Errorf("close the store: %v", err)
		}
		if err := ring.Close(); err != nil {
			tb.Errorf("close the keys: %v", err)
		}
	})
	tb.Cleanup(r.stop)
	return r
}

func inbound(person, n int, text string) Inbound {
	id := Identity{"whatsapp", "wa_phone", fmt.Sprintf("2547%08d", person)}
	return Inbound{Kind: MessageReceived, ID: fmt.Sprintf("wamid.%s.%d", id.Value, n), Pack: "sample", Channel: "whatsapp", Account: "100",
		From: []Identity{id}, At: time.Now(), Event: engine.Event{Kind: engine.Message, Text: text}}
}

// Everything once more over the real store and the real keys: what is kept is read by the next process.
func TestARealFileAndRealKeysOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := []string{"hello", "note", "a rumour", "Nairobi", "person", "are you there"}
	var wrote []Inbound
	for i, text := range all {
		wrote = append(wrote, inbound(1, i, text))
	}
	first := newReal(t, dir, nil)
	if err := first.runner.Receive(t.Context(), wrote[:3]); err != nil {
		t.Fatalf("receive: %v", err)
	}
	first.stop()
	second := newReal(t, dir, nil)
	if err := second.runner.Receive(t.Context(), wrote); err != nil { // all of it again, and the rest
		t.Fatalf("receive: %v", err)
	}
	equal(t, "duplicates", int64(3), second.runner.Figures.Duplicates.Load())
	s := second.config.Store
	items, err := s.Items(t.Context(), store.ItemQuery{Kind: store.Case, Of: store.All, Limit: 10})
	if err != nil || len(items) != 1 {
		t.Fatalf("cases: %v, %d", err, len(items))
	}
	body, err := OpenCaseBody(second.config.Keys, items[0])
	if err != nil {
		t.Fatalf("open the case: %v", err)
	}
	equal(t, "the case", "Someone asks for a person", body.Summary)
	if err := second.runner.Receive(t.Context(), []Inbound{inbound(1, 9, "delete")}); err != nil {
		t.Fatalf("receive: %v", err)
	}
	entries, err := s.Journal(t.Context(), store.JournalQuery{Key: items[0].Key, Limit: 100})
	if err != nil || len(entries) != 0 {
		t.Errorf("journal after the erasure: %v, %d entries", err, len(entries))
	}
	if _, err := OpenCaseBody(second.config.Keys, items[0]); err == nil {
		t.Errorf("a copy of the case can still be opened")
	}
}

// silent is a store that lists nothing to send, so that sending is not measured, and keeps the turns it got.
type silent struct {
	store.Store
	mu    sync.Mutex
	keep  int
	turns []store.Turn
}

func (s *silent) Outbox(context.Context, store.OutboxQuery) ([]store.Message, error) { return nil, nil }

func (s *silent) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	s.mu.Lock()
	if len(s.turns) < s.keep {
		s.turns = append(s.turns, turns...)
	}
	s.mu.Unlock()
	return s.Store.Commit(ctx, turns)
}

const atOnce = 256

// BenchmarkReceive is a message from its arrival to its acknowledgement, at 256 contacts at once, over the real store
// and the real keys.
func BenchmarkReceive(b *testing.B) {
	kept := &silent{}
	r := newReal(b, b.TempDir(), func(s store.Store) store.Store { kept.Store = s; return kept })
	spread(b, func(person, n int) error {
		return r.runner.Receive(b.Context(), []Inbound{inbound(person, n, "water")})
	})
}

// BenchmarkCommit is the floor: the same turns, grouped and committed by the store alone.
func BenchmarkCommit(b *testing.B) {
	kept := &silent{keep: 4 * atOnce}
	r := newReal(b, b.TempDir(), func(s store.Store) store.Store { kept.Store = s; return kept })
	for n := range 4 {
		var all sync.WaitGroup
		for person := range atOnce {
			all.Go(func() { _ = r.runner.Receive(b.Context(), []Inbound{inbound(person, n, "water")}) })
		}
		all.Wait()
	}
	r.stop()
	samples := map[store.Key]store.Turn{}
	for _, t := range kept.turns {
		if t.Expect > 0 && len(t.Dedupe) > 0 {
			samples[t.Key] = t
		}
	}
	var like []store.Turn
	for _, t := range samples {
		like = append(like, t)
	}
	s, err := boltstore.Open(filepath.Join(b.TempDir(), "floor"), boltstore.Options{})
	if err != nil {
		b.Fatalf("open: %v", err)
	}
	defer s.Close()
	g := store.NewGroup(s, 0, nil)
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	spread(b, func(person, n int) error {
		t := like[person%len(like)]
		t.Expect, t.Identities = store.Any, nil
		t.Dedupe = []store.Seen{{Hash: store.Hash(mac(fmt.Sprint(person, n))[:16]), At: time.Now()}}
		_, err := g.Submit(b.Context(), t)
		return err
	})
	cancel()
	<-ended
}

// spread does b.N things, those of one person one after the other.
func spread(b *testing.B, do func(person, n int) error) {
	b.Helper()
	var next atomic.Int64
	b.ResetTimer()
	var all sync.WaitGroup
	for person := range atOnce {
		all.Go(func() {
			for n := 10; next.Add(1) <= int64(b.N); n++ {
				if err := do(person, n); err != nil {
					b.Errorf("%v", err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
}
