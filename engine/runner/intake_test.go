package runner

import (
	"context"
	"errors"
	"testing"

	"baraza/engine/store"
)

func TestTooMuchAtOnceIsRefusedAndWhatWasTakenIsAnswered(t *testing.T) {
	gate := make(chan struct{})
	inWorld(t, func(c *Config) { c.IntakeEvents = 2 }, func(t *testing.T, w *world) {
		gate = make(chan struct{})
		w.stop()
		w.config.Store = &slowStore{Store: w.store, gate: gate}
		w.start()
		taken := make(chan error, 2)
		for n := range 2 {
			go func() {
				taken <- w.runner.Receive(t.Context(), []Inbound{inbound(n, 1, "hello")})
			}()
		}
		w.settles()
		if err := w.runner.Receive(t.Context(), []Inbound{inbound(2, 1, "hello")}); !errors.Is(err, ErrBusy) {
			t.Errorf("a third: %v, want ErrBusy", err)
		}
		close(gate)
		for range 2 {
			if err := <-taken; err != nil {
				t.Errorf("taken before: %v", err)
			}
		}
		w.settles()
		equal(t, "answers", 2, len(w.phone.take()))
		equal(t, "refused", int64(1), w.runner.Figures.Busy.Load())
		if err := w.runner.Receive(t.Context(), []Inbound{inbound(2, 1, "hello"), inbound(3, 1, "hello"), inbound(4, 1, "hello")}); err != nil {
			t.Errorf("a large batch by itself: %v", err)
		}
		w.settles()
		equal(t, "answers", 3, len(w.phone.take()))
	})
	t.Run("by bytes", func(t *testing.T) {
		r := New(Config{Keys: newRings(), IntakeBytes: 1000})
		leave, err := r.enter([]Inbound{inbound(0, 1, "hello")})
		if err != nil {
			t.Fatalf("enter: %v", err)
		}
		if _, err := r.enter([]Inbound{{Raw: make([]byte, 2000)}}); !errors.Is(err, ErrBusy) {
			t.Errorf("too many bytes: %v, want ErrBusy", err)
		}
		leave()
		if _, err := r.enter([]Inbound{{Raw: make([]byte, 2000)}}); err != nil {
			t.Errorf("by itself: %v", err)
		}
	})
}

// slowStore commits once the gate is open.
type slowStore struct {
	store.Store
	gate chan struct{}
}

func (s *slowStore) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	<-s.gate
	return s.Store.Commit(ctx, turns)
}

func TestNamesThatAnAnswerTellsAreThePersonsUnlessSomebodyElseHasThem(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alias, ben := Identity{"whatsapp", "wa_bsuid", "KE.1"}, Identity{"whatsapp", "wa_phone", "254700000002"}
		if err := w.runner.Receive(t.Context(), []Inbound{w.from(ben, "hello")}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		w.phone.result = func(Delivery) Result { return Result{Class: Accepted, Known: []Identity{ana, alias, ben}} }
		w.stop()
		w.config.Channels = map[string]Channel{"whatsapp": knowing{w.phone}}
		w.start()
		w.hears("hello")
		w.hears("water")
		for what, id := range map[string]Identity{"the alias": alias, "the number": ana} {
			owner, err := w.store.Find(t.Context(), w.runner.identityHash("sample", id))
			if err != nil || owner.Key != w.key() {
				t.Errorf("%s belongs to %v, %v", what, owner, err)
			}
		}
		owner, err := w.store.Find(t.Context(), w.runner.identityHash("sample", ben))
		if err != nil || owner.Key != keyOf(w.keys, ben) {
			t.Errorf("somebody else's number belongs to %v, %v", owner, err)
		}
		equal(t, "reports", []string{"identity-elsewhere wa_phone"}, w.entries(ReportEntry))
		var to []Identity
		w.phone.result = func(d Delivery) Result { to = d.To; return Result{Class: Accepted} }
		w.hears("bread")
		equal(t, "sent to", []Identity{ana, alias}, to)
	})
}

// knowing tells the names of the result also when the part is taken.
type knowing struct{ *phone }

func (c knowing) Send(ctx context.Context, d Delivery) Result {
	if r := c.result(d); r.Class != Accepted || len(r.Known) > 0 {
		return r
	}
	return c.phone.Send(ctx, d)
}
