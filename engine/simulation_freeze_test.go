package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/runner"
	"baraza/engine/store"
)

const (
	frozenNotice = "Kenya pauses."
	backAgain    = "We are back. Let us go on from here:"
)

// freezes: in every second seed Kenya is frozen, twice. What says so outlives processes, as a file does.
func (s *sim) freezesKenya() {
	if s.seed%2 != 0 {
		return
	}
	for n := range 2 {
		s.sleeps(time.Duration(s.draw("freezes", n))*10*time.Second, "freezes", n)
		now := clock{s}.Now()
		s.ending.Store(nil)
		s.frozenAt.Store(int64(time.Since(s.begun)))
		s.stopped.Store(&runner.Freeze{Noticed: now, Notice: func(string) (string, string) { return frozenNotice, "en" }})
		s.fault("frozen", "")
		s.sleeps(time.Duration(s.draw("frozen for", n))*20*time.Second, "frozen for", n)
		sends := s.draw("sends", n) < 50
		s.ending.Store(&runner.Freeze{Resuming: true, Sends: sends})
		s.fault("unfrozen", fmt.Sprint("sends ", sends))
	}
}

// freeze is what a process sees of it.
func (s *sim) freeze(pack string) *runner.Freeze {
	if pack != "ke" {
		return nil
	}
	return s.stopped.Load()
}

// watchesFreeze does what a server does: what is held goes out of the way, and is answered at the end.
func (l *life) watchesFreeze(ctx context.Context) {
	var seen *runner.Freeze
	first := true
	for n := 0; ctx.Err() == nil; n++ {
		is, ends := l.s.stopped.Load(), l.s.ending.Load()
		if first || is != seen || ends != nil {
			var err error
			switch {
			case is != nil && !is.Resuming:
				if err = l.runner.SetAside(ctx); err == nil && ends != nil && !l.dead.Load() && l.s.ending.CompareAndSwap(ends, nil) {
					l.s.stopped.CompareAndSwap(is, ends)
					is = nil // it is looked at anew
				}
			default:
				err = l.runner.Thaw(ctx, []string{"ke", "ec"}, func() error {
					if !l.dead.Load() && is != nil && !l.s.stopped.CompareAndSwap(is, nil) {
						return errors.New("frozen anew")
					}
					return nil
				})
			}
			if first = err != nil; !first {
				seen = is
			}
		}
		select {
		case <-time.After(time.Second + time.Duration(l.s.number("watch", l.n, n)%uint64(time.Millisecond))):
		case <-ctx.Done():
		}
	}
}

// mayReach: nothing that a flow says by itself leaves a frozen country. What was being handed over is on its way.
func (c sending) mayReach(d runner.Delivery) {
	f := c.s.freeze(d.Pack)
	if f == nil || f.Resuming || time.Since(c.s.begun)-time.Duration(c.s.frozenAt.Load()) < time.Millisecond {
		return
	}
	number, _, _ := strings.Cut(d.ID, "-")
	id, _ := strconv.ParseUint(number, 36, 64)
	m, err := c.l.store.Message(context.Background(), id)
	if err == nil && m.Class != runner.Staff && m.Class != runner.Urgent {
		c.s.fail("frozen", "a message of class %d left: %s", m.Class, d.ID)
	}
}

// notesHeld puts down what a turn holds: parts that may come after later ones, and messages that may not be answered.
// s.mu is held.
func (s *sim) notesHeld(t *store.Turn) {
	for _, x := range t.Settle {
		if x.State == store.Dead && runner.CodeHeld(x.Code) {
			s.heldParts[x.ID] = true
		}
	}
	for _, it := range t.Items {
		if it.Kind == store.Held && it.Class == "message" && !it.Remove {
			s.heldWords[t.Key]++
		}
	}
}

// answersFrozen: each word is answered once at most, in the order they were heard; one that was not was held. What the
// phone shows was said.
func (s *sim) answersFrozen(l *life, p *person, heard, said []string) {
	var want, got []string
	for i, word := range heard {
		if answer := "Heard " + word + "."; i > 0 && slices.Contains(said, answer) {
			want = append(want, answer)
		}
	}
	for _, text := range said {
		if strings.HasPrefix(text, "Heard ") {
			got = append(got, text)
		}
	}
	if !slices.Equal(want, got) {
		s.fail("I2", "%v: heard %q\nsaid %q", p, heard, got)
	}
	if missing := len(heard) - 1 - len(got); missing > s.heldWords[keyOf(l.rings, p)] {
		s.fail("I1", "%v: %d words have no answer, and %d were held", p, missing, s.heldWords[keyOf(l.rings, p)])
	}
	var halves []string
	for _, text := range said {
		parts, _ := sending{s: s}.Parts(engine.Outgoing{Text: text})
		for _, part := range parts {
			halves = append(halves, string(part.Body))
		}
	}
	if h := s.phone.shows[p.id.Value]; h != nil {
		for _, text := range h.texts {
			at := slices.Index(halves, text)
			if at < 0 {
				s.fail("I2", "%v: the phone shows %q, and it was not said so often", p, text)
				continue
			}
			halves = slices.Delete(halves, at, at+1)
		}
	}
}

// held tells whether a freeze held the part at some time.
func (s *sim) held(part uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heldParts[part]
}
