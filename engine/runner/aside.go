package runner

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"baraza/engine/store"
)

// SetAside takes all that waits to be sent and is held out of the way of what may go: a person's messages leave in
// order, and a word of staff would else wait behind it. It returns when nothing of it is left, also nothing that was
// being sent. The sender does the same with what it meets; nothing of it goes in between.
func (r *Runner) SetAside(ctx context.Context) error {
	for {
		var heads []store.Message
		err := r.eachOutbox(ctx, store.Waiting, func(m store.Message) {
			from, _ := ParseSender(m.Channel)
			if f := r.freeze(from.Pack); f != nil && !f.Resuming {
				m.Sealed = nil
				heads = append(heads, m)
			}
		})
		if err != nil {
			return err
		}
		var g errgroup.Group
		g.SetLimit(outsideAtOnce)
		var moved atomic.Int64
		busy := false
		for _, m := range heads {
			if !r.sender.claim(m) {
				busy = true
				continue
			}
			g.Go(func() error {
				defer r.sender.free(m)
				n, err := r.sender.setAside(ctx, m)
				moved.Add(int64(n))
				return err
			})
		}
		if err := g.Wait(); err != nil || !busy && moved.Load() == 0 {
			return err
		}
		if !r.wait(ctx, r.timing.TimerPause) {
			return ctx.Err()
		}
	}
}

// holdBack is setAside of what the sender meets.
func (s *sender) holdBack(ctx context.Context, m store.Message) {
	if _, err := s.setAside(ctx, m); err != nil {
		s.r.log.Error("a part that is held was not set aside", "message", m.ID, "error", err)
	}
}

// setAside makes all parts of a contact that wait and are held dead letters of a code of their own, given the first part
// that waits. It says how many.
func (s *sender) setAside(ctx context.Context, head store.Message) (n int, err error) {
	r := s.r
	from, _ := ParseSender(head.Channel)
	t := store.Turn{Key: head.Key, Expect: store.Any, Lease: r.epoch(head.Key), At: r.now()}
	parts := []store.Message{head} // it is found even where the contact began anew
	q := store.OutboxQuery{Key: head.Key, Limit: 256}
	for more := true; more; {
		list, err := r.config.Store.Outbox(ctx, q)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return 0, err
		}
		parts = append(parts, list...)
		if more = len(list) == q.Limit; more {
			q.After = list[len(list)-1]
		}
	}
	for i, m := range parts {
		if m.State != store.Waiting || !r.holds(&m) || i > 0 && m.ID == head.ID {
			continue
		}
		code := codeHeld
		if m.Code == codeSending {
			code = codeHeldSent
		}
		t.Settle = append(t.Settle, store.Settlement{ID: m.ID, State: store.Dead, Code: code})
	}
	if len(t.Settle) == 0 {
		return 0, nil
	}
	if _, err := s.submit(ctx, from.Pack, t); err != nil {
		return 0, err
	}
	r.Figures.HeldReplies.Add(int64(len(t.Settle)))
	if f := r.freeze(from.Pack); f == nil || f.Resuming { // the country is served again meanwhile
		r.thawSoon(head.Key, from.Pack)
	}
	return len(t.Settle), nil
}

// claim marks the contact busy, whatever its sender waits for; false where a part of theirs is under way.
func (s *sender) claim(m store.Message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[m.Key] {
		return false
	}
	s.busy[m.Key] = true
	s.active[m.Channel]++
	return true
}
