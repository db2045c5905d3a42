package runner

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/store"
)

// stop is the emergency stop of a test. Like a server it takes what waits out of the way, and answers it at the end.
type stop struct {
	t  *testing.T
	w  *world
	is atomic.Pointer[Freeze]
	// only freezes this pack; "" all.
	only string
}

func (s *stop) of(pack string) *Freeze {
	if s.only != "" && pack != s.only {
		return nil
	}
	return s.is.Load()
}

func (s *stop) freezes() {
	s.t.Helper()
	now := time.Now()
	s.is.Store(&Freeze{Noticed: now, Notice: func(language string) (string, string) { return "We *pause*. [" + language + "]", "en" }})
	if err := s.w.runner.SetAside(s.t.Context()); err != nil {
		s.t.Fatalf("set aside: %v", err)
	}
	s.w.settles()
}

func (s *stop) ends(sends bool) {
	s.t.Helper()
	if err := s.w.runner.SetAside(s.t.Context()); err != nil {
		s.t.Fatalf("set aside: %v", err)
	}
	s.is.Store(&Freeze{Resuming: true, Sends: sends})
	if err := s.w.runner.Thaw(s.t.Context(), []string{"sample", "other"}, func() error { s.is.Store(nil); return nil }); err != nil {
		s.t.Fatalf("thaw: %v", err)
	}
	s.w.settles()
	s.nothingHeld()
}

func (s *stop) nothingHeld() {
	s.t.Helper()
	if items := s.w.items(store.Held); len(items) > 0 {
		s.t.Errorf("%d things are held still", len(items))
	}
	dead, err := s.w.store.Outbox(s.t.Context(), store.OutboxQuery{Of: store.All, State: store.Dead, Limit: 10})
	if err != nil || len(dead) > 0 {
		s.t.Errorf("%d replies are held still, %v", len(dead), err)
	}
}

func (s *stop) held(messages, replies int) {
	s.t.Helper()
	m, r, err := s.w.runner.Held(s.t.Context(), []string{"sample"})
	if err != nil || m != messages || r != replies {
		s.t.Errorf("held are %d messages and %d replies, %v; want %d and %d", m, r, err, messages, replies)
	}
}

// inFrozenWorld is inWorld with a stop.
func inFrozenWorld(t *testing.T, change func(*Config), test func(*testing.T, *world, *stop)) {
	s := &stop{}
	inWorld(t, func(c *Config) {
		c.Freeze = s.of
		if change != nil {
			change(c)
		}
	}, func(t *testing.T, w *world) {
		s.t, s.w = t, w
		test(t, w, s)
	})
}

const noticeSaid = `We \*pause\*. []`

func TestWhatPeopleWriteWhileFrozenIsTakenInOrderAfterwards(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		equal(t, "before", []string{"Write a word."}, w.phone.take())
		s.freezes()
		w.hears("one")
		w.hears("two")
		equal(t, "frozen", []string{noticeSaid}, w.phone.take())
		s.held(2, 0)
		w.passes(25 * time.Hour)
		w.hears("three")
		equal(t, "a day later", []string{noticeSaid}, w.phone.take())
		s.held(3, 0)
		s.ends(false)
		equal(t, "afterwards", []string{"Heard one.", "Write a word.", "Heard two.", "Write a word.", "Heard three.", "Write a word."}, w.phone.take())
		equal(t, "the journal", []string{"hello", "one", "two", "three"}, w.entries(MessageIn))
		w.hears("four")
		equal(t, "served", []string{"Heard four.", "Write a word."}, w.phone.take())
	})
}

func TestWhatFrozenPeopleWroteSurvivesARestart(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		s.freezes()
		w.hears("one")
		w.stop()
		w.start()
		w.hears("two")
		equal(t, "the notice is said once", []string{"Write a word.", noticeSaid}, w.phone.take())
		w.stop()
		s.is.Store(&Freeze{Resuming: true}) // it ended while nobody served
		w.start()
		s.ends(false)
		equal(t, "afterwards", []string{"Heard one.", "Write a word.", "Heard two.", "Write a word."}, w.phone.take())
	})
}

// A message that is delivered again is known, also when it was held.
func TestAHeldMessageThatComesAgainIsAnsweredOnce(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		s.freezes()
		one := w.message("one")
		for range 2 {
			if err := w.runner.Receive(t.Context(), []Inbound{one}); err != nil {
				t.Fatal(err)
			}
			w.settles()
		}
		s.held(1, 0)
		w.phone.take()
		s.ends(false)
		if err := w.runner.Receive(t.Context(), []Inbound{one}); err != nil {
			t.Fatal(err)
		}
		w.settles()
		equal(t, "afterwards", []string{"Heard one.", "Write a word."}, w.phone.take())
	})
}

// unreachable has sends fail until the returned function is called.
func (w *world) unreachable() (reachable func()) {
	var off atomic.Bool
	off.Store(true)
	w.phone.result = func(Delivery) Result {
		if off.Load() {
			return Result{Class: Retry}
		}
		return Result{Class: Accepted}
	}
	return func() { off.Store(false) }
}

func TestRepliesFromBeforeAreDeletedUnlessSomebodyWantsThemSent(t *testing.T) {
	for _, c := range []struct {
		sends bool
		wrote string // meanwhile
		want  []string
	}{
		{false, "", []string{"We are back. Let us go on from here:", "Write a word."}},
		{false, "more", []string{"We are back. Let us go on from here:", "Write a word."}},
		{true, "", []string{"Heard one.", "Write a word."}},
		// What was written before the question had come may answer another one: it is asked again.
		{true, "more", []string{"Heard one.", "Write a word.", "We are back. Let us go on from here:", "Write a word."}},
	} {
		t.Run(fmt.Sprint(c.sends, c.wrote), func(t *testing.T) {
			inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
				w.hears("hello")
				w.phone.take()
				reachable := w.unreachable()
				w.hears("one")
				s.freezes()
				reachable()
				w.passes(2 * time.Hour)
				equal(t, "while frozen", nil, w.phone.take())
				s.held(0, 2)
				if c.wrote != "" {
					w.hears(c.wrote)
					equal(t, "the notice", []string{noticeSaid}, w.phone.take())
				}
				s.ends(c.sends)
				equal(t, "afterwards", c.want, w.phone.take())
				w.hears("two")
				equal(t, "served", []string{"Heard two.", "Write a word."}, w.phone.take())
				want := []string{"hello", "one", "two"}
				if c.wrote != "" {
					want = []string{"hello", "one", c.wrote, "two"}
				}
				equal(t, "the journal", want, w.entries(MessageIn))
			})
		})
	}
}

// The freeze may come between the look at a part and its handing over.
func TestNothingIsHandedOverOnceFrozen(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		var looks atomic.Int32
		w.runner.config.Freeze = func(string) *Freeze {
			if looks.Add(1) <= 2 { // of the turn, and before the part is written down
				return nil
			}
			return &Freeze{}
		}
		w.hears("hello")
		equal(t, "frozen", nil, w.phone.take())
		s.held(0, 1)
		equal(t, "sent", int64(0), w.runner.Figures.Sent.Load())
		w.runner.config.Freeze = s.of
		s.ends(true)
		equal(t, "afterwards", []string{"Write a word."}, w.phone.take())
	})
}

func TestWhoAsksForAPersonIsHeardWhileFrozen(t *testing.T) {
	var mu sync.Mutex
	var told []string
	team := notifierFunc(func(n Notice) error {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, n.Kind.String())
		return nil
	})
	inFrozenWorld(t, func(c *Config) { c.Notifier = team }, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		w.phone.take()
		reachable := w.unreachable()
		w.hears("one")
		s.freezes()
		reachable()
		w.hears("hm") // held
		w.hears("person")
		equal(t, "a safety word", []string{noticeSaid, "A person will answer you here."}, w.phone.take())
		w.hears("they took my card")
		cases := w.items(store.Case)
		if len(cases) != 1 {
			t.Fatalf("there are %d cases", len(cases))
		}
		equal(t, "words of the case", []string{"they took my card"}, w.entries(CaseText))
		if err := w.runner.Reply(t.Context(), w.key(), cases[0].Number, "We help you.", engine.Media{}, ""); err != nil {
			t.Fatal(err)
		}
		w.settles()
		equal(t, "a word of staff", []string{"We help you."}, w.phone.take())
		if err := w.runner.Done(t.Context(), w.key(), cases[0].Number, ""); err != nil {
			t.Fatal(err)
		}
		w.settles()
		equal(t, "the flow of a safety word ends", []string{"The talk with the team has ended."}, w.phone.take())
		mu.Lock()
		equal(t, "the team was told", []string{"case-opened", "case-word"}, told)
		mu.Unlock()
		w.hears("and now")
		equal(t, "held again", nil, w.phone.take())
		s.ends(false)
		equal(t, "afterwards", []string{"We are back. Let us go on from here:", "Write a word."}, w.phone.take())
	})
}

// What staff opened a case for is not all that goes: the flow's own words behind it wait.
func TestWhatAFlowSaysAfterACaseWaits(t *testing.T) {
	change := map[string]string{"pack.flow": packText, "talk.flow": strings.Replace(flowsText, "  say: The talk with the team has ended.\n  end\n", "  -> talk.listen\n", 1)}
	p := compiled(t, change)
	inFrozenWorld(t, func(c *Config) { c.Program = func(string) *program.Program { return p } }, func(t *testing.T, w *world, s *stop) {
		w.hears("person")
		w.phone.take()
		s.freezes()
		if err := w.runner.Done(t.Context(), w.key(), w.items(store.Case)[0].Number, ""); err != nil {
			t.Fatal(err)
		}
		w.settles()
		equal(t, "frozen", nil, w.phone.take())
		s.held(0, 1)
		s.ends(false)
		equal(t, "afterwards", []string{"We are back. Let us go on from here:", "Write a word."}, w.phone.take())
	})
}

// Who stops wants nothing of what came before, neither then nor afterwards.
func TestWhoStopsWhileFrozenHearsNothingOfWhatWasHeld(t *testing.T) {
	for _, word := range []string{"stop", "delete"} {
		t.Run(word, func(t *testing.T) {
			inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
				w.hears("hello")
				w.phone.take()
				reachable := w.unreachable()
				w.hears("one")
				s.freezes()
				reachable()
				w.hears("two")
				w.hears(word)
				equal(t, "frozen", 2, len(w.phone.take())) // the notice and the farewell
				s.held(0, 0)
				s.ends(true)
				equal(t, "afterwards", nil, w.phone.take())
			})
		})
	}
}

func TestTimersOfAFrozenCountryWaitAndOthersDoNot(t *testing.T) {
	p := packOf(t)
	both := func(string) *program.Program { return p }
	for _, c := range []struct {
		frozen time.Duration
		want   []string
	}{
		{4 * time.Hour, []string{"Are you still there?"}},
		{20 * time.Hour, nil}, // too late to be said, as ever
	} {
		t.Run(c.frozen.String(), func(t *testing.T) {
			inFrozenWorld(t, func(c *Config) { c.Program = both }, func(t *testing.T, w *world, s *stop) {
				s.only = "sample"
				w.hears("hello")
				other := w.message("hello")
				other.Pack, other.Account, other.From = "other", "200", []Identity{{"whatsapp", "wa_phone", "254700000002"}}
				if err := w.runner.Receive(t.Context(), []Inbound{other}); err != nil {
					t.Fatal(err)
				}
				w.settles()
				equal(t, "before", 2, len(w.phone.take()))
				s.freezes()
				w.passes(c.frozen)
				equal(t, "the other country's silence", []string{"Are you still there?"}, w.phone.take())
				s.ends(false)
				w.passes(time.Minute)
				equal(t, "afterwards", c.want, w.phone.take())
			})
		})
	}
}

// Whoever wrote in time is not taken for silent, however long the freeze was.
func TestWhoWroteWhileFrozenIsNotTakenForSilent(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		s.freezes()
		w.passes(time.Hour)
		w.hears("one")
		w.passes(4 * time.Hour)
		w.phone.take()
		s.ends(false)
		equal(t, "afterwards", []string{"Heard one.", "Write a word."}, w.phone.take())
	})
}

func TestARemindersTimeComesAfterTheFreeze(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		w.hears("later")
		w.phone.take()
		s.freezes()
		w.passes(50 * time.Hour)
		equal(t, "frozen", nil, w.phone.take())
		s.ends(false)
		equal(t, "afterwards", []string{"template callback_reminder"}, w.phone.take())
	})
}

func TestTheAnswerOfAnotherSystemWaits(t *testing.T) {
	gate := make(chan struct{}, 10)
	fetch := fetcherFunc(func(q Question) (map[string]any, error) {
		<-gate
		return map[string]any{"status": "ready"}, nil
	})
	inFrozenWorld(t, func(c *Config) { c.Fetcher = fetch }, func(t *testing.T, w *world, s *stop) {
		gate = make(chan struct{}, 10)
		w.hears("hello")
		w.hears("status")
		w.hears("77")
		w.phone.take()
		s.freezes()
		gate <- struct{}{}
		w.passes(time.Hour)
		equal(t, "frozen", nil, w.phone.take())
		gate <- struct{}{}
		s.ends(false)
		w.passes(2 * time.Minute)
		equal(t, "afterwards", []string{"It is ready."}, w.phone.take())
	})
}
