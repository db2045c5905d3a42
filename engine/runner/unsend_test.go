package runner

import (
	"errors"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/store"
)

func TestAfterHideAndStopNothingLeavesOfWhatWasSaidBefore(t *testing.T) {
	for word, answer := range map[string]string{"hide": "Sunny today.", "stop": "We will not write to you any more."} {
		t.Run(word, func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				w.phone.result = script(Result{Class: Retry, Code: 131000, RetryAfter: time.Hour})
				w.hears("hello")
				equal(t, "waiting", 1, len(w.outbox(store.Waiting)))
				w.hears(word)
				w.passes(2 * time.Hour)
				equal(t, "what the phone got", []string{answer}, w.phone.take())
				equal(t, "waiting", 0, len(w.outbox(store.Waiting)))
			})
		})
	}
}

func TestAfterHideAndStopNoDeadLetterIsThereToBeSentAgain(t *testing.T) {
	for _, word := range []string{"hide", "stop"} {
		t.Run(word, func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				w.phone.result = script(Result{Class: Unreachable, Code: 131026})
				w.hears("hello")
				equal(t, "dead letters", 1, len(w.outbox(store.Dead)))
				w.hears(word)
				equal(t, "dead letters", 0, len(w.outbox(store.Dead)))
			})
		})
	}
}

func TestAReplyThatWaitsForTheWindowDoesNotComeToWhoLeavesTheCase(t *testing.T) {
	for word, answer := range map[string]string{"hide": "Sunny today.", "stop": "We will not write to you any more.",
		"delete": "We delete your data now."} {
		t.Run(word, func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				w.phone.window = 24 * time.Hour
				w.hears("person")
				w.phone.take()
				w.passes(25 * time.Hour)
				if err := w.runner.Reply(t.Context(), w.key(), w.items(store.Case)[0].Number, "About what you told us.", engine.Media{}, ""); err != nil {
					t.Fatalf("reply: %v", err)
				}
				w.settles()
				equal(t, "outside the window", nil, w.phone.take())
				w.hears(word)
				w.passes(time.Hour)
				equal(t, "what the phone got", []string{answer}, w.phone.take())
			})
		})
	}
}

// Somebody of the team may reply in the moment in which the person leaves: they would think that it was read.
func TestAReplyToWhoHasJustLeftTheCaseIsRefusedAndNotCalledSent(t *testing.T) {
	for word, answer := range map[string]string{"hide": "Sunny today.", "stop": "We will not write to you any more."} {
		t.Run(word, func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				w.hears("person")
				w.phone.take()
				number := w.items(store.Case)[0].Number
				w.hears(word)
				if err := w.runner.Reply(t.Context(), w.key(), number, "About what you told us.", engine.Media{}, "r1"); !errors.Is(err, ErrLeft) {
					t.Errorf("a reply to who has left: %v", err)
				}
				w.settles()
				equal(t, "what the phone got", []string{answer}, w.phone.take())
				w.hears("person") // and the next case is answered as ever
				w.phone.take()
				for _, it := range w.items(store.Case) {
					number = max(number, it.Number)
				}
				if err := w.runner.Reply(t.Context(), w.key(), number, "Good day.", engine.Media{}, "r1"); err != nil {
					t.Errorf("a reply in the next case: %v", err)
				}
				w.settles()
				equal(t, "what the phone got", []string{"Good day."}, w.phone.take())
			})
		})
	}
}
