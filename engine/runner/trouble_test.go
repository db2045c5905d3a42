package runner

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"baraza/engine/store"
)

// told writes down what operators are told.
type told struct {
	mu    sync.Mutex
	codes []string
}

func (o *told) alert(_ context.Context, a Alert) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.codes = append(o.codes, a.Code)
}

func (o *told) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	codes := o.codes
	o.codes = nil
	slices.Sort(codes)
	return codes
}

// troubled is a store that commits and sweeps while nothing fails.
type troubled struct {
	store.Store
	mu   sync.Mutex
	with error
}

func (s *troubled) fails(with error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.with = with
}

func (s *troubled) now() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.with
}

func (s *troubled) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	if err := s.now(); err != nil {
		return nil, err
	}
	return s.Store.Commit(ctx, turns)
}

func (s *troubled) Sweep(ctx context.Context, now time.Time, limit int) (store.Swept, error) {
	if err := s.now(); err != nil {
		return store.Swept{}, err
	}
	return s.Store.Sweep(ctx, now, limit)
}

func TestOperatorsAreToldOfADiskOnceAnHourAndHealthSaysSoMeanwhile(t *testing.T) {
	var s *troubled
	o := &told{}
	inWorld(t, func(c *Config) {
		s = &troubled{Store: c.Store}
		c.Store, c.Alert = s, o.alert
	}, func(t *testing.T, w *world) {
		w.hears("hello")
		equal(t, "at first", nil, o.take())
		tries := func(want error) {
			t.Helper()
			if err := w.runner.Receive(t.Context(), []Inbound{w.message("water")}); !errors.Is(err, want) {
				t.Errorf("receive: got %v, want %v", err, want)
			}
			w.settles()
			if err := w.runner.Health(); !errors.Is(err, want) {
				t.Errorf("health: got %v, want %v", err, want)
			}
		}
		s.fails(store.ErrFull)
		for range 3 {
			tries(store.ErrFull)
		}
		equal(t, "the disk is full", []string{"disk-full"}, o.take())
		w.passes(61 * time.Minute) // a sweep fails meanwhile
		tries(store.ErrFull)
		equal(t, "an hour later", []string{"disk-full"}, o.take())
		w.passes(10 * time.Minute)
		equal(t, "sweeps fail and fail", []string{"sweep-failed"}, o.take())
		s.fails(nil)
		tries(nil)
		w.passes(3 * time.Hour)
		equal(t, "with room again", nil, o.take())
	})
}
