package runner

import (
	"context"
	"testing"
	"time"

	"baraza/engine/store"
)

func TestWhoComesBackGetsWhatWaitedAtOnce(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.phone.result = func(Delivery) Result { return Result{Class: Retry} }
		w.hears("hello")
		w.passes(time.Hour) // the waits have grown to minutes
		w.phone.result = nil
		back := Inbound{Kind: Returned, Pack: "sample", Channel: "whatsapp", From: []Identity{ana}}
		stranger := Inbound{Kind: Returned, Pack: "sample", Channel: "whatsapp", From: []Identity{{"whatsapp", "wa_phone", "254700000077"}}}
		before, err := w.store.Journal(t.Context(), store.JournalQuery{Of: store.All, Limit: 100})
		if err != nil {
			t.Fatalf("journal: %v", err)
		}
		if err := w.runner.Receive(t.Context(), []Inbound{back, stranger, back}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
		after, err := w.store.Journal(t.Context(), store.JournalQuery{Of: store.All, Limit: 100})
		if err != nil {
			t.Fatalf("journal: %v", err)
		}
		equal(t, "lines of the journal", len(before), len(after))
		c, err := w.store.Load(t.Context(), keyOf(w.keys, stranger.From[0]))
		if err != nil || c.Revision != 0 || c.Pack != "" {
			t.Errorf("a stranger left something: %+v, %v", c, err)
		}
	})
}

func TestWhoComesBackWhileAPartFailsGetsItAtOnceToo(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		failing := make(chan struct{})
		tries := 0
		w.phone.result = func(Delivery) Result {
			if tries++; tries > 1 {
				return Result{Class: Accepted}
			}
			<-failing
			return Result{Class: Retry, RetryAfter: time.Hour}
		}
		w.hears("hello")
		if err := w.runner.Receive(t.Context(), []Inbound{{Kind: Returned, Pack: "sample", Channel: "whatsapp", From: []Identity{ana}}}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		close(failing)
		w.settles()
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
	})
}

// settlingStore holds the commit that puts a part off until gate is closed.
type settlingStore struct {
	store.Store
	gate chan struct{}
}

func (s *settlingStore) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	for _, turn := range turns {
		for _, news := range turn.Settle {
			if news.State == store.Waiting && news.Ready.Sub(turn.At) >= time.Hour {
				<-s.gate
			}
		}
	}
	return s.Store.Commit(ctx, turns)
}

func TestWhoComesBackWhileAPartIsPutOffGetsItAtOnceToo(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		gate := make(chan struct{})
		w.stop()
		w.config.Store = &settlingStore{w.store, gate}
		w.start()
		tries := 0
		w.phone.result = func(Delivery) Result {
			if tries++; tries > 1 {
				return Result{Class: Accepted}
			}
			return Result{Class: Retry, RetryAfter: time.Hour}
		}
		w.hears("hello")
		w.settles()
		if err := w.runner.Receive(t.Context(), []Inbound{{Kind: Returned, Pack: "sample", Channel: "whatsapp", From: []Identity{ana}}}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		close(gate)
		w.settles()
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
	})
}
