package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"baraza/engine/program"
	"baraza/engine/store"
)

// Somebody new is kept and answered, too, and a message that comes while the held ones are being answered is behind them.
func TestAMessageAmidTheEndOfAFreezeComesBehindThoseHeld(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		s.freezes()
		w.hears("hello")
		w.hears("one")
		equal(t, "frozen", []string{noticeSaid}, w.phone.take())
		s.is.Store(&Freeze{Resuming: true}) // and nobody has come to it yet
		w.hears("two")
		w.settles()
		equal(t, "afterwards", []string{"Write a word.", "Heard one.", "Write a word.", "Heard two.", "Write a word."}, w.phone.take())
		s.ends(false)
		equal(t, "nothing twice", nil, w.phone.take())
	})
}

func TestAFreezeThatBeginsAnewLeavesTheRestHeld(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		s.freezes()
		w.hears("one")
		w.phone.take()
		s.is.Store(&Freeze{})
		if err := w.runner.Thaw(t.Context(), []string{"sample"}, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		s.held(1, 0)
		s.ends(false)
		equal(t, "afterwards", []string{"Heard one.", "Write a word."}, w.phone.take())
	})
}

func TestSomebodyWhoFloodsAFrozenCountryIsHeldWithinBounds(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		w.phone.take()
		s.freezes()
		for i := range mostHeld + 3 {
			if err := w.runner.Receive(t.Context(), []Inbound{w.message(fmt.Sprint("n", i))}); err != nil {
				t.Fatal(err)
			}
		}
		w.settles()
		s.held(mostHeld, 0)
		equal(t, "the notice", []string{noticeSaid}, w.phone.take())
		equal(t, "reported", 3, len(w.entries(ReportEntry)))
		s.ends(false)
		got := w.phone.take()
		equal(t, "answered", 2*mostHeld, len(got))
		equal(t, "the last", fmt.Sprintf("Heard n%d.", mostHeld-1), got[len(got)-2])
	})
}

// A held message that cannot be read any more takes none of the others with it.
func TestAHeldMessageThatCannotBeReadIsReported(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		s.freezes()
		w.hears("one")
		w.hears("two")
		w.phone.take()
		for _, it := range w.items(store.Held) {
			if it.Class == heldMessage && it.Number == 1 {
				it.Sealed = []byte("nonsense that is long enough")
				if _, err := w.store.Commit(t.Context(), []store.Turn{{Key: it.Key, Expect: store.Any, At: time.Now(), Items: []store.Item{it}}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.ends(false)
		equal(t, "afterwards", []string{"We are back. Let us go on from here:", "Write a word.", "Heard two.", "Write a word."}, w.phone.take())
	})
}

// What was written to one question is no answer to another that a safety word has led to.
func TestWhatWasWrittenBeforeASafetyWordIsNoAnswerToItsFlow(t *testing.T) {
	p := compiled(t, map[string]string{"pack.flow": packText, "talk.flow": strings.Replace(flowsText, "  hand over to desk: Someone asks for a person\n",
		"  ask about as text up to 60: What is it about?\n  hand over to desk: It is about {about}\n", 1)})
	inFrozenWorld(t, func(c *Config) { c.Program = func(string) *program.Program { return p } }, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		s.freezes()
		w.hears("one")
		w.hears("person")
		equal(t, "frozen", []string{"Write a word.", noticeSaid, "What is it about?"}, w.phone.take())
		s.ends(false)
		equal(t, "afterwards", []string{"We are back. Let us go on from here:", "What is it about?"}, w.phone.take())
		w.hears("a card")
		body, err := OpenCaseBody(w.keys, w.items(store.Case)[0])
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "the case", "It is about a card", body.Summary)
	})
}

// Whoever talks with people by then has what they wrote passed on, whatever they had not heard before.
func TestWhatWasWrittenBeforeACaseReachesItsTeam(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		w.phone.take()
		reachable := w.unreachable()
		w.hears("one")
		s.freezes()
		reachable()
		w.hears("two")
		w.hears("three")
		w.hears("person")
		w.phone.take()
		s.ends(false)
		equal(t, "afterwards", nil, w.phone.take())
		equal(t, "words of the case", []string{"two", "three"}, w.entries(CaseText))
	})
}

// What a killed process or a backup left is answered at the next start, in the safe way.
func TestWhatIsHeldThoughNothingIsFrozenIsAnsweredInTheSafeWay(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		w.phone.take()
		reachable := w.unreachable()
		w.hears("one")
		s.freezes()
		reachable()
		s.is.Store(nil)
		if err := w.runner.Thaw(t.Context(), []string{"sample"}, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		w.settles()
		equal(t, "afterwards", []string{"We are back. Let us go on from here:", "Write a word."}, w.phone.take())
		s.nothingHeld()
	})
}

// A copy for a person has what they wrote and nobody has answered.
func TestACopyHasWhatIsHeld(t *testing.T) {
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		s.freezes()
		w.hears("one")
		all, err := w.runner.Export(t.Context(), w.key())
		if err != nil {
			t.Fatal(err)
		}
		if len(all.Held) != 1 || all.Held[0].Holds["text"] != "one" || all.Unreadable > 0 {
			t.Errorf("the copy has %+v, unreadable %d", all.Held, all.Unreadable)
		}
		if err := w.runner.Erase(t.Context(), w.key(), time.Time{}); err != nil {
			t.Fatal(err)
		}
		s.held(0, 0)
		w.phone.take()
		s.ends(false)
		equal(t, "afterwards", nil, w.phone.take())
	})
}

// An event that always fails ends with what is held of its contact, and not with the country.
func TestAHeldMessageThatAlwaysFailsKeepsNobodyElseWaiting(t *testing.T) {
	fails := errors.New("")
	inFrozenWorld(t, nil, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		s.freezes()
		w.hears("one")
		w.phone.take()
		sample := w.config.Program("sample")
		w.runner.config.Program = func(string) *program.Program {
			if fails != nil {
				panic("a flaw")
			}
			return sample
		}
		s.is.Store(&Freeze{Resuming: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := w.runner.Thaw(ctx, []string{"sample"}, func() error { s.is.Store(nil); return nil }); err != nil {
			t.Fatalf("thaw: %v", err)
		}
		fails = nil
		synctest.Wait()
		s.nothingHeld()
		equal(t, "set aside", int64(1), w.runner.Figures.SetAside.Load())
	})
}

// Nobody who waits for help is left without a word because of a freeze.
func TestWhatACaseSaysWhenNobodyAnswersIsSaidWhileFrozen(t *testing.T) {
	p := compiled(t, map[string]string{"pack.flow": packText, "talk.flow": strings.Replace(flowsText, "    when silent for 24 hours -> end\n",
		"    when no answer for 30 minutes: Please call 000.\n    when silent for 24 hours -> end\n", 1)})
	inFrozenWorld(t, func(c *Config) { c.Program = func(string) *program.Program { return p } }, func(t *testing.T, w *world, s *stop) {
		w.hears("hello") // whose silence waits
		other := w.message("person")
		other.From = []Identity{{"whatsapp", "wa_phone", "254700000002"}}
		s.freezes()
		if err := w.runner.Receive(t.Context(), []Inbound{other}); err != nil {
			t.Fatal(err)
		}
		w.settles()
		equal(t, "frozen", []string{"Write a word.", "A person will answer you here."}, w.phone.take())
		w.passes(4 * time.Hour)
		equal(t, "nobody answered", []string{"Please call 000."}, w.phone.take())
	})
}

// What waits behind a part that may go, and cannot go yet, is held too, and does not slip out afterwards.
func TestWhatWaitsBehindAnUrgentWordIsHeldToo(t *testing.T) {
	p := compiled(t, map[string]string{"pack.flow": packText, "talk.flow": strings.Replace(flowsText, "  say: We delete your data now.\n  end", "  say: We delete your data now.\n  -> talk.listen", 1)})
	inFrozenWorld(t, func(c *Config) { c.Program = func(string) *program.Program { return p } }, func(t *testing.T, w *world, s *stop) {
		w.hears("hello")
		w.phone.take()
		reachable := w.unreachable()
		w.hears("delete")
		s.freezes()
		s.held(0, 1)
		reachable()
		w.passes(time.Hour)
		equal(t, "frozen", []string{"We delete your data now."}, w.phone.take())
		s.ends(false)
		equal(t, "afterwards", []string{"We are back. Let us go on from here:", "Write a word."}, w.phone.take())
	})
}
