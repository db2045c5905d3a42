package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/store"
)

func TestOperatorsHearOfAlertsOnceTheyAreKept(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	tell := func(_ context.Context, a Alert) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprintf("%s %s %s %s/%s/%s %v", a.Severity, a.Code, a.Subject, a.Pack, a.Channel, a.Account, a.Contact != store.Key{}))
	}
	taken := func() []string {
		mu.Lock()
		defer mu.Unlock()
		out := heard
		heard = nil
		return out
	}
	inWorld(t, func(c *Config) { c.Alert = tell }, func(t *testing.T, w *world) {
		news := Inbound{Kind: AlertRaised, ID: "a1", Pack: "sample", Channel: "whatsapp", Account: "100", At: time.Now(),
			Code: "template_status/paused", Subject: "callback_reminder/en", Text: "what the provider says", Weight: Critical}
		for range 2 {
			if err := w.runner.Receive(t.Context(), []Inbound{news}); err != nil {
				t.Fatalf("receive: %v", err)
			}
		}
		w.settles()
		equal(t, "news of the account, once", []string{"critical template_status/paused callback_reminder/en sample/whatsapp/100 false"}, taken())
		w.phone.result = script(Result{Class: Forbidden, Code: 130497})
		w.hears("hello")
		equal(t, "a dead letter", []string{"warning dead-letter forbidden sample/whatsapp/100 true"}, taken())
		w.phone.result = script(Result{Class: Unauthorized, Code: 190})
		w.hears("water")
		equal(t, "a sender that stopped", []string{"critical sender-stopped unauthorized sample/whatsapp/100 true"}, taken())
	})
}

func TestATeamIsToldOfWhoseEventWasSetAside(t *testing.T) {
	var mu sync.Mutex
	var told []string
	ids := map[string]bool{}
	team := notifierFunc(func(n Notice) error {
		mu.Lock()
		defer mu.Unlock()
		ids[n.ID()] = true
		told = append(told, n.Kind.String()+" "+n.To)
		if len(told) == 1 {
			return errors.New("not now")
		}
		return nil
	})
	inWorld(t, func(c *Config) { c.Notifier = team }, func(t *testing.T, w *world) {
		w.hears("hello")
		w.runner.config.Channels["whatsapp"] = tripping{w.phone}
		w.hears("trip")
		w.passes(10 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		equal(t, "told, again after a refusal", []string{"event-set-aside desk", "event-set-aside desk"}, told)
		equal(t, "notices by their id", 1, len(ids))
		equal(t, "set aside", []string{"trip"}, w.entries(SetAside))
	})
	t.Run("also when it was their first", func(t *testing.T) {
		inWorld(t, func(c *Config) { c.Notifier = team }, func(t *testing.T, w *world) {
			told = []string{"before"}
			w.runner.config.Channels["whatsapp"] = first{w.phone}
			w.hears("hello")
			w.runner.config.Channels["whatsapp"] = w.phone
			mu.Lock()
			equal(t, "told", []string{"before", "event-set-aside desk"}, told)
			mu.Unlock()
			w.hears("hello")
			equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
		})
	})
}

// first panics over everything.
type first struct{ *phone }

func (first) Parts(engine.Outgoing) ([]Part, error) { panic("a word") }

func TestAnIdleRunnerCommitsAndLeavesTheRestToTheNext(t *testing.T) {
	asked := 0
	fetch := fetcherFunc(func(Question) (map[string]any, error) {
		asked++
		return map[string]any{"status": "ready"}, nil
	})
	inWorld(t, func(c *Config) { c.Fetcher = fetch }, func(t *testing.T, w *world) {
		w.hears("hello")
		w.phone.take()
		w.stop()
		w.config.Idle = true
		w.start()
		w.hears("status")
		w.hears("77")
		w.passes(24 * time.Hour)
		equal(t, "nothing is sent", nil, w.phone.take())
		equal(t, "nothing is asked", 0, asked)
		w.stop()
		w.config.Idle = false
		w.start()
		w.passes(2 * time.Minute)
		got := w.phone.take()
		equal(t, "the first that is sent", "Which number?", got[0])
		equal(t, "asked", 1, asked)
	})
}

func TestAnOperatorPagesThroughWhatNeedsALookNewestFirst(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.runner.config.Channels["whatsapp"] = tripping{w.phone}
		for n := range 3 {
			w.passes(time.Minute)
			strange := w.message("")
			strange.Kind, strange.Code = Unknown, fmt.Sprintf("kind-%d", n)
			if err := w.runner.Receive(t.Context(), []Inbound{strange}); err != nil {
				t.Fatalf("receive: %v", err)
			}
			w.hears("trip")
			w.hears("water")
		}
		read := func(classes uint32) (out []string) {
			before := uint64(0)
			for {
				page, err := Notes(t.Context(), w.store, w.keys, "sample", classes, before, time.Time{}, 2)
				if err != nil {
					t.Fatalf("notes: %v", err)
				}
				for _, n := range page {
					out = append(out, n.Class+": "+n.Says.Code+n.Says.Text)
					before = n.ID
				}
				if len(page) < 2 {
					return out
				}
			}
		}
		aside, odd := "a message that could not be answered: trip", "something of the channel that is not known: kind-"
		equal(t, "all", []string{aside, odd + "2", aside, odd + "1", aside, odd + "0"}, read(0))
		equal(t, "set aside", []string{aside, aside, aside}, read(1<<SetAside))
	})
}
