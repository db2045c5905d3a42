package runner

import (
	"testing"
	"time"

	"baraza/engine/store"
)

// writes is hears on another number of the pack.
func (w *world) writes(account, text string) {
	w.t.Helper()
	in := w.message(text)
	in.Account = account
	if err := w.runner.Receive(w.t.Context(), []Inbound{in}); err != nil {
		w.t.Fatalf("receive %q: %v", text, err)
	}
	w.settles()
}

func TestWhoWritesToAnotherNumberOfThePackIsAnsweredThere(t *testing.T) {
	for _, c := range []struct {
		refusal Class
		code    int
	}{{Unauthorized, 190}, {OutsideWindow, 131047}, {Retry, 131000}} {
		t.Run(c.refusal.String(), func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				w.phone.window = 24 * time.Hour
				w.phone.result = func(d Delivery) Result {
					if d.Account == "100" {
						return Result{Class: c.refusal, Code: c.code, RetryAfter: time.Hour}
					}
					return Result{Class: Accepted}
				}
				w.hears("hello")
				w.hears("first")
				equal(t, "from the number that cannot", nil, w.phone.take())
				w.writes("200", "second")
				w.passes(time.Minute)
				equal(t, "from the other", []string{"Write a word.", "Heard first.", "Write a word.", "Heard second.", "Write a word."}, w.phone.take())
				equal(t, "waiting", 0, len(w.outbox(store.Waiting)))
			})
		})
	}
}

func TestWhatWaitsOnAnotherNumberDoesNotFollowWhoWritesStopHideOrDelete(t *testing.T) {
	for word, answer := range map[string]string{"hide": "Sunny today.", "stop": "We will not write to you any more.",
		"delete": "We delete your data now."} {
		t.Run(word, func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				w.phone.result = script(Result{Class: Unauthorized, Code: 190})
				w.hears("hello")
				w.writes("200", word)
				w.passes(time.Minute)
				equal(t, "from the other", []string{answer}, w.phone.take())
				equal(t, "waiting", 0, len(w.outbox(store.Waiting)))
			})
		})
	}
}
