package runner

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/store"
)

// script gives results in turn, then accepts.
func script(results ...Result) func(Delivery) Result {
	var mu sync.Mutex
	return func(Delivery) Result {
		mu.Lock()
		defer mu.Unlock()
		if len(results) == 0 {
			return Result{Class: Accepted}
		}
		r := results[0]
		results = results[1:]
		return r
	}
}

func (w *world) outbox(state store.State) []store.Message {
	w.t.Helper()
	list, err := w.store.Outbox(w.t.Context(), store.OutboxQuery{Of: store.All, State: state, Until: time.Now().AddDate(1, 0, 0), Limit: 100})
	if err != nil {
		w.t.Fatalf("outbox: %v", err)
	}
	return list
}

// Each row is the result of the first try of the first message, and what has happened after the times.
func TestEveryClassOfResultHasItsBehaviour(t *testing.T) {
	for _, c := range []struct {
		class   Class
		after   Result // of the same class, with its details
		soon    int    // messages on the phone after 10 seconds
		later   int    // after 3 minutes
		waiting int    // then
		dead    int
		report  string
	}{
		{class: Accepted, soon: 1, later: 1},
		{class: UnknownOutcome, soon: 0, later: 1},
		{class: NoClass, soon: 0, later: 1},
		{class: Retry, soon: 1, later: 1},
		{class: PairThrottled, after: Result{RetryAfter: time.Minute}, soon: 0, later: 1},
		{class: SenderThrottled, soon: 1, later: 1},
		{class: Suspended, soon: 1, later: 1},
		{class: OutsideWindow, soon: 0, later: 0, waiting: 1},
		{class: Unreachable, dead: 1, report: "dead-letter unreachable 131026"},
		{class: Forbidden, dead: 1, report: "dead-letter forbidden 131026"},
		{class: Stopped, dead: 1, report: "dead-letter stopped 131026"},
		{class: PersonChanged, dead: 1, report: "dead-letter person-changed 131026"},
		{class: RequestBug, dead: 1, report: "dead-letter request-bug 131026"},
		{class: TemplateUnusable, waiting: 1, report: "not-sent template-unusable 131026"},
		{class: MediaUnusable, soon: 1, later: 1},
		{class: Unauthorized, waiting: 1, report: "not-sent unauthorized 131026"},
		{class: AccountBlocked, waiting: 1, report: "not-sent account-blocked 131026"},
		{class: Restricted, waiting: 1, report: "not-sent restricted 131026"},
	} {
		t.Run(c.class.String(), func(t *testing.T) {
			inWorld(t, nil, func(t *testing.T, w *world) {
				result := c.after
				result.Class, result.Code = c.class, 131026
				w.phone.result = script(result)
				w.hears("hello")
				w.passes(10 * time.Second)
				got := len(w.phone.take())
				equal(t, "messages soon", c.soon, got)
				w.passes(3 * time.Minute)
				equal(t, "messages later", c.later, got+len(w.phone.take()))
				equal(t, "waiting", c.waiting, len(w.outbox(store.Waiting)))
				equal(t, "dead", c.dead, len(w.outbox(store.Dead)))
				equal(t, "reports", c.report, strings.Join(w.entries(ReportEntry), "; "))
				unknown := int64(0)
				if c.class == UnknownOutcome || c.class == NoClass {
					unknown = 1
				}
				equal(t, "outbox.unknown", unknown, w.runner.Figures.OutboxUnknown.Load())
				loaded, err := w.store.Load(t.Context(), w.key())
				if err != nil {
					t.Fatalf("load: %v", err)
				}
				p, err := w.runner.openPerson(loaded)
				if err != nil {
					t.Fatalf("open: %v", err)
				}
				equal(t, "opted out", c.class == Stopped, p.session.Contact.OptedOut)
			})
		})
	}
}

func TestASenderThatStoppedGoesOnWhenAnOperatorSaysSo(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.phone.result = script(Result{Class: Unauthorized, Code: 190})
		w.hears("hello")
		w.passes(time.Hour)
		equal(t, "nothing yet", nil, w.phone.take())
		equal(t, "senders that hold back", 1, len(w.runner.Stopped()))
		w.runner.Resume(Sender{"sample", "whatsapp", "100"})
		w.settles()
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
	})
}

func TestAnEchoSettlesASendOfUnknownOutcome(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		var id string
		w.phone.result = func(d Delivery) Result { id = d.ID; return Result{Class: UnknownOutcome} }
		w.hears("hello")
		w.phone.result = nil
		if err := w.runner.Receive(t.Context(), []Inbound{{Kind: StatusReceived, Pack: "sample", Channel: "whatsapp", From: []Identity{ana}, At: time.Now(),
			Status: Status{OurID: id, ProviderID: "wamid.1", State: store.Sent}}}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.passes(time.Hour)
		equal(t, "not sent again", nil, w.phone.take())
		equal(t, "outbox.unknown", 0, w.runner.Figures.OutboxUnknown.Load())
	})
}

func TestRanksNeverGoBack(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		for _, state := range []store.State{store.Read, store.Sent, store.Failed, store.Delivered} {
			if err := w.runner.Receive(t.Context(), []Inbound{{Kind: StatusReceived, Pack: "sample", Channel: "whatsapp", From: []Identity{ana}, At: time.Now(),
				Status: Status{OurID: w.phone.ids[0], State: state, Class: Retry}}}); err != nil {
				t.Fatalf("receive: %v", err)
			}
		}
		w.passes(time.Hour)
		list, err := w.store.Outbox(t.Context(), store.OutboxQuery{Key: w.key(), Limit: 10})
		if err != nil || len(list) != 1 {
			t.Fatalf("outbox: %v, %d messages", err, len(list))
		}
		equal(t, "state", store.Read, list[0].State)
		equal(t, "what the phone got", 1, len(w.phone.take()))
	})
}

func TestAPartThatFailedAfterItWasTakenIsSentAgain(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.numbered()
		w.hears("hello")
		status := func(sending int, class Class) {
			t.Helper()
			// The provider echoes nothing here: its own id tells the part.
			if err := w.runner.Receive(t.Context(), []Inbound{{Kind: StatusReceived, Pack: "sample", Channel: "whatsapp", From: []Identity{ana}, At: time.Now(),
				Status: Status{ProviderID: fmt.Sprintf("wamid.%s.%d", w.phone.ids[0], sending), State: store.Failed, Class: class, Code: 131049}}}); err != nil {
				t.Fatalf("receive: %v", err)
			}
		}
		status(1, Retry)
		w.passes(time.Minute)
		equal(t, "what the phone got", []string{"Write a word.", "Write a word."}, w.phone.take())
		status(2, Unreachable)
		w.passes(time.Minute)
		equal(t, "dead letters", 1, len(w.outbox(store.Dead)))
		equal(t, "what the phone got", nil, w.phone.take())
	})
}

func TestAPartWaitsForTheWindowAndGoesWithThePersonsNextMessage(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.phone.window = 24 * time.Hour
		w.hears("person")
		w.phone.take()
		w.passes(23 * time.Hour)
		number := w.items(store.Case)[0].Number
		reply := func(text string) {
			t.Helper()
			if err := w.runner.Reply(t.Context(), w.key(), number, text, engine.Media{}, ""); err != nil {
				t.Fatalf("reply: %v", err)
			}
			w.settles()
		}
		reply("In time.")
		equal(t, "inside the window", []string{"In time."}, w.phone.take())
		w.passes(2 * time.Hour)
		reply("Too late.")
		w.passes(5 * time.Hour)
		equal(t, "outside the window", nil, w.phone.take())
		w.hears("still here")
		equal(t, "after the person wrote", []string{"Too late."}, w.phone.take())
	})
}

func TestASlowContactDoesNotHoldUpOthers(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.phone.result = func(d Delivery) Result {
			if d.To[0] == ana {
				<-time.After(25 * time.Second)
			}
			return Result{Class: Accepted}
		}
		w.hears("hello")
		m := w.message("hello")
		m.From = []Identity{{"whatsapp", "wa_phone", "254700000002"}}
		if err := w.runner.Receive(t.Context(), []Inbound{m}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		equal(t, "what the other got", 1, len(w.phone.take()))
		w.passes(30 * time.Second)
		equal(t, "what the slow one got", 1, len(w.phone.take()))
	})
}

func TestTimersOfPacksTakeTurns(t *testing.T) {
	t.Parallel()
	r := New(Config{Store: packsByKey{}, Keys: newRings(), Clock: realClock{}})
	r.timing.TimerBatch = 4
	var ripe []store.Timer
	for i := range 10 {
		ripe = append(ripe, store.Timer{Key: store.Key{1}, Number: uint32(i)})
	}
	ripe = append(ripe, store.Timer{Key: store.Key{2}, Number: 100}, store.Timer{Key: store.Key{2}, Number: 101})
	var numbers []uint32
	for _, x := range r.timers.fair(t.Context(), ripe) {
		numbers = append(numbers, x.Number)
	}
	equal(t, "batch", []uint32{0, 100, 1, 101}, numbers)
}

func TestTellingWhoASenderIs(t *testing.T) {
	t.Parallel()
	s := Sender{"ke", "whatsapp", "106540352242922"}
	got, ok := ParseSender(s.String())
	if !ok {
		t.Fatalf("%q is no sender", s)
	}
	equal(t, "sender", s, got)
	if _, ok := ParseSender("whatsapp"); ok {
		t.Errorf("a channel alone is a sender")
	}
	id, key, ok := parsePartID(partID(77, store.Key{0xab}))
	equal(t, "part", []any{uint64(77), "ab000000", true}, []any{id, key, ok})
}

func TestATimerStormIsPaced(t *testing.T) {
	inWorld(t, func(c *Config) { c.Timing.TimerBatch = 10; c.Timing.TimerPause = time.Second }, func(t *testing.T, w *world) {
		for i := range 50 {
			m := w.message("hello")
			m.From = []Identity{{"whatsapp", "wa_phone", "2547" + time.Duration(i).String()}}
			if err := w.runner.Receive(t.Context(), []Inbound{m}); err != nil {
				t.Fatalf("receive: %v", err)
			}
		}
		w.settles()
		w.stop()
		w.passes(4 * time.Hour)
		w.start()
		w.phone.take()
		w.passes(2500 * time.Millisecond)
		if n := len(w.phone.take()); n != 30 {
			t.Errorf("%d of 50 were woken in two and a half seconds, want 30", n)
		}
		w.hears("hello") // someone who writes is heard meanwhile
		w.passes(10 * time.Second)
		if n := w.runner.Figures.Timers.Load(); n != 50 {
			t.Errorf("%d timers came, want 50", n)
		}
	})
}

// packsByKey knows contacts of two packs.
type packsByKey struct{ store.Store }

func (packsByKey) Load(_ context.Context, key store.Key) (store.Contact, error) {
	return store.Contact{Key: key, Pack: string(rune('a' + key[0]))}, nil
}
