package runner

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/store"
)

func equal[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestAMessageIsAnsweredOnceHoweverOftenItIsDelivered(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		word := w.message("water")
		for range 3 {
			if err := w.runner.Receive(t.Context(), []Inbound{word, word}); err != nil {
				t.Fatalf("receive: %v", err)
			}
		}
		w.settles()
		equal(t, "what the phone got", []string{"Write a word.", "Heard water.", "Write a word."}, w.phone.take())
		equal(t, "what was heard", []string{"hello", "water"}, w.entries(MessageIn))
	})
}

func TestWhatCannotBeUnderstoodIsSetAsideAndTheRestIsTaken(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		nobody, strange := w.message("lost"), w.message("")
		nobody.From, strange.Kind, strange.Code, strange.Raw = nil, Unknown, "kind", []byte(`{"type":"hologram"}`)
		batch := []Inbound{nobody, strange, w.message("hello")}
		for range 2 {
			if err := w.runner.Receive(t.Context(), batch); err != nil {
				t.Fatalf("receive: %v", err)
			}
		}
		w.settles()
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
		equal(t, "what is strange of the person", []string{"kind"}, w.entries(Strange))
		list, err := w.store.Journal(t.Context(), store.JournalQuery{Key: OperatorKey(w.keys, "sample"), Limit: 10})
		if err != nil || len(list) != 1 {
			t.Errorf("journal of nobody: %v, %d entries", err, len(list))
		}
	})
}

func TestANumberThatPassedOnIsSomebodyElse(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		fresh := Identity{"whatsapp", "wa_phone", "254700000009"}
		if err := w.runner.Receive(t.Context(), []Inbound{{Kind: IdentityChanged, ID: "change", Pack: "sample", Channel: "whatsapp", At: time.Now(),
			From: []Identity{fresh}, Was: []Identity{ana}}}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		moved := w.message("water")
		moved.From = []Identity{fresh}
		if err := w.runner.Receive(t.Context(), []Inbound{moved}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		equal(t, "what the person heard", []string{"hello", "water"}, w.entries(MessageIn))
		w.phone.take()
		w.hears("hello") // by whoever has the old number now
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
		equal(t, "what the person heard", []string{"hello", "water"}, w.entries(MessageIn))
	})
}

func TestMessagesOfABatchAreTakenInTheOrderOfTheirTimes(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.phone.take()
		second, first := w.message("second"), w.message("first")
		first.At = second.At.Add(-time.Second)
		if err := w.runner.Receive(t.Context(), []Inbound{second, first}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		equal(t, "what the phone got", []string{"Heard first.", "Write a word.", "Heard second.", "Write a word."}, w.phone.take())
	})
}

func TestAHandOverIsToldEscalatedAnsweredAndTakenBack(t *testing.T) {
	var mu sync.Mutex
	var told []string
	refuses := 1
	team := notifierFunc(func(n Notice) error {
		mu.Lock()
		defer mu.Unlock()
		if refuses--; refuses >= 0 {
			return errors.New("the team's address does not answer")
		}
		told = append(told, n.Kind.String()+" "+n.To)
		return nil
	})
	taken := func() []string {
		mu.Lock()
		defer mu.Unlock()
		out := told
		told = nil
		return out
	}
	inWorld(t, func(c *Config) { c.Notifier = team }, func(t *testing.T, w *world) {
		w.hears("person")
		equal(t, "what the phone got", []string{"A person will answer you here."}, w.phone.take())
		w.passes(10 * time.Second)
		equal(t, "told after a refusal", []string{"case-opened desk"}, taken())
		w.passes(time.Hour)
		equal(t, "told when nobody answered", []string{"case-waits desk"}, taken())
		w.hears("are you there")
		equal(t, "told of a word", []string{"case-word desk"}, taken())
		number := w.items(store.Case)[0].Number
		if err := w.runner.Reply(t.Context(), w.key(), number, "Yes, tell us.", engine.Media{}, "r1"); err != nil {
			t.Fatalf("reply: %v", err)
		}
		if err := w.runner.Reply(t.Context(), w.key(), number, "Yes, tell us.", engine.Media{}, "r1"); err != nil {
			t.Fatalf("the same reply again: %v", err)
		}
		w.passes(3 * time.Hour)
		equal(t, "no escalation after the answer", nil, taken())
		equal(t, "what the phone got", []string{"Yes, tell us."}, w.phone.take())
		equal(t, "state of the case", store.CaseAnswered, w.items(store.Case)[0].State)
		if err := w.runner.Done(t.Context(), w.key(), number, "d1"); err != nil {
			t.Fatalf("done: %v", err)
		}
		w.settles()
		equal(t, "what the phone got", []string{"The talk with the team has ended."}, w.phone.take())
		done := w.items(store.Case)[0]
		equal(t, "state of the case", store.CaseDone, done.State)
		body, err := OpenCaseBody(w.keys, done)
		if err != nil {
			t.Fatalf("open the case: %v", err)
		}
		equal(t, "the case", CaseBody{Summary: "Someone asks for a person"}, body)
		equal(t, "words of the case", []string{"are you there"}, w.entries(CaseText))
		if err := w.runner.Reply(t.Context(), store.Key{9}, 1, "x", engine.Media{}, ""); !errors.Is(err, ErrNoContact) {
			t.Errorf("a reply to nobody: %v", err)
		}
	})
}

func TestACaseThatNobodyAnswersIsEscalated(t *testing.T) {
	var mu sync.Mutex
	var told []string
	team := notifierFunc(func(n Notice) error {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, n.Kind.String()+" "+n.To)
		return nil
	})
	inWorld(t, func(c *Config) { c.Notifier = team }, func(t *testing.T, w *world) {
		w.hears("person")
		w.stop() // deadlines survive a restart
		w.passes(90 * time.Minute)
		w.start()
		w.passes(time.Hour)
		mu.Lock()
		defer mu.Unlock()
		equal(t, "told", []string{"case-opened desk", "case-waits desk", "case-escalated lead"}, told)
	})
}

type notifierFunc func(Notice) error

func (f notifierFunc) Notify(_ context.Context, n Notice) error { return f(n) }

type fetcherFunc func(Question) (map[string]any, error)

func (f fetcherFunc) Fetch(_ context.Context, q Question) (map[string]any, error) { return f(q) }

func TestAFetchIsAnsweredAndMessagesMeanwhileWait(t *testing.T) {
	gate := make(chan struct{})
	fetch := fetcherFunc(func(q Question) (map[string]any, error) {
		<-gate
		return map[string]any{"status": "ready for " + q.Args[0].Value.(string)}, nil
	})
	inWorld(t, func(c *Config) { c.Fetcher = fetch }, func(t *testing.T, w *world) {
		gate = make(chan struct{})
		w.hears("hello")
		w.hears("status")
		w.hears("77")
		equal(t, "what the phone got", []string{"Write a word.", "Which number?", "One moment."}, w.phone.take())
		w.hears("hm")
		equal(t, "nothing meanwhile", nil, w.phone.take())
		close(gate)
		w.settles()
		equal(t, "what the phone got", []string{"It is ready for 77."}, w.phone.take())
	})
}

func TestAFetchLostWithItsProcessIsAskedAgain(t *testing.T) {
	asked := 0
	fetch := fetcherFunc(func(Question) (map[string]any, error) {
		if asked++; asked == 1 {
			<-time.After(30 * time.Second) // the process ends meanwhile
		}
		return map[string]any{"status": "ready"}, nil
	})
	inWorld(t, func(c *Config) { c.Fetcher = fetch }, func(t *testing.T, w *world) {
		w.hears("hello")
		w.hears("status")
		w.hears("77")
		w.stop()
		w.start()
		w.phone.take()
		w.passes(2 * time.Minute)
		equal(t, "what the phone got", []string{"It is ready."}, w.phone.take())
		equal(t, "asked", 2, asked)
	})
}

func TestAFetchThatPanicsOrFailsIsAnAnswerToo(t *testing.T) {
	fetch := fetcherFunc(func(Question) (map[string]any, error) { panic("secret words") })
	inWorld(t, func(c *Config) { c.Fetcher = fetch }, func(t *testing.T, w *world) {
		w.hears("hello")
		w.hears("status")
		w.hears("77")
		got := w.phone.take()
		equal(t, "the last of what the phone got", "That did not work.", got[len(got)-1])
		if strings.Contains(w.log.String(), "secret") {
			t.Errorf("the log has what the panic said")
		}
	})
}

func TestAfterStopOnlyRepliesGoOut(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.hears("later")
		w.hears("stop")
		w.phone.take()
		w.hears("hello again") // a later word of the person is answered
		equal(t, "the reply", []string{"Write a word."}, w.phone.take())
		w.passes(72 * time.Hour)
		equal(t, "no nudge and no reminder", nil, w.phone.take())
	})
}

func TestAReminderComesAfterARestart(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.hears("later")
		w.phone.take()
		w.stop()
		w.passes(49 * time.Hour)
		w.start()
		w.passes(time.Minute)
		equal(t, "the reminder", []string{"template callback_reminder"}, w.phone.take())
	})
}

func TestANudgeThreeDaysLateIsNotSent(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.phone.take()
		w.stop()
		w.passes(75 * time.Hour)
		w.start()
		w.passes(time.Minute)
		equal(t, "what the phone got", nil, w.phone.take())
		equal(t, "reports", []string{"nudge-dropped late"}, w.entries(ReportEntry))
		equal(t, "late timers", 1, w.runner.Figures.LateTimers.Load())
	})
	t.Run("but one in time is", func(t *testing.T) {
		inWorld(t, nil, func(t *testing.T, w *world) {
			w.hears("hello")
			w.phone.take()
			w.passes(4 * time.Hour)
			equal(t, "what the phone got", []string{"Are you still there?"}, w.phone.take())
		})
	})
}

func TestAnErasureLeavesNothingToReadAndASuppression(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.hears("note")
		w.hears("a rumour")
		w.hears("Nairobi")
		before, err := w.store.Load(t.Context(), w.key())
		if err != nil || len(before.Fields) != 1 {
			t.Fatalf("load: %v, %d fields", err, len(before.Fields))
		}
		w.hears("delete")
		got := w.phone.take()
		equal(t, "the last of what the phone got", "We delete your data now.", got[len(got)-1])
		after, err := w.store.Load(t.Context(), w.key())
		if err != nil {
			t.Fatalf("load: %v", err)
		}
		equal(t, "fields", 0, len(after.Fields))
		equal(t, "records", 0, len(w.items(store.Record)))
		equal(t, "journal", nil, w.entries(MessageIn))
		if _, err := w.keys.Open("sample", w.key(), keys.Session, before.Session); !errors.Is(err, ErrUnreadable) {
			t.Errorf("the old session can still be opened: %v", err)
		}
		if after.Session != nil || len(after.Identities) > 0 {
			t.Errorf("something of the contact is still there: %+v", after)
		}
		owner, err := w.store.Find(t.Context(), w.runner.identityHash("sample", ana))
		if err != nil || !owner.Suppressed {
			t.Errorf("the number is not suppressed: %+v, %v", owner, err)
		}
		w.hears("later") // begins anew, but reminders need opt in
		w.phone.take()
		w.passes(49 * time.Hour)
		equal(t, "no reminder", nil, w.phone.take())
	})
}

func TestARecordsNumberThatIsTakenIsNotGivenAgain(t *testing.T) {
	inWorld(t, func(c *Config) { c.Random = func() uint64 { return 7 } }, func(t *testing.T, w *world) {
		for _, from := range []string{"254700000001", "254700000002"} {
			for _, text := range []string{"hello", "note", "a rumour", "Nairobi"} {
				m := w.message(text)
				m.From = []Identity{{"whatsapp", "wa_phone", from}}
				if err := w.runner.Receive(t.Context(), []Inbound{m}); err != nil {
					t.Fatalf("receive: %v", err)
				}
			}
		}
		w.settles()
		records := w.items(store.Record)
		if len(records) != 2 {
			t.Fatalf("%d records, want 2", len(records))
		}
		a, b := w.opened(records[0], keys.Record), w.opened(records[1], keys.Record)
		if a["reference"] == b["reference"] {
			t.Errorf("both have the number %v", a["reference"])
		}
		equal(t, "what was heard", "a rumour", a["heard"].(string))
	})
}

func TestAnEventThatPanicsIsSetAsideAndTheConversationGoesOn(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.runner.config.Channels["whatsapp"] = tripping{w.phone}
		w.hears("trip")
		w.hears("water")
		got := w.phone.take()
		equal(t, "what the phone got", []string{"Write a word.", "Heard water.", "Write a word."}, got)
		equal(t, "set aside", []string{"trip"}, w.entries(SetAside))
		equal(t, "panics", int64(3), w.runner.Figures.Panics.Load())
		if strings.Contains(w.log.String(), "trip.") {
			t.Errorf("the log has content")
		}
	})
}

// tripping panics over one text.
type tripping struct{ *phone }

func (c tripping) Parts(o engine.Outgoing) ([]Part, error) {
	if o.Text == "Heard trip." {
		panic(o.Text)
	}
	return c.phone.Parts(o)
}

func TestAConversationThatCannotBeReadBeginsAnew(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.phone.take()
		if _, err := w.store.Commit(t.Context(), []store.Turn{{Key: w.key(), Expect: 1, At: time.Now(), Session: []byte("not sealed by anyone")}}); err != nil {
			t.Fatalf("commit: %v", err)
		}
		w.hears("water")
		w.hears("bread")
		equal(t, "what the phone got", []string{"Let us start again.", "Write a word.", "Heard bread.", "Write a word."}, w.phone.take())
		equal(t, "reports", []string{"contact-unreadable began anew"}, w.entries(ReportEntry))
	})
}

func TestWhatAnOtherWriterChangedIsSteppedAgain(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		c, err := w.store.Load(t.Context(), w.key())
		if err != nil {
			t.Fatalf("load: %v", err)
		}
		raced := &racing{Store: w.store, turn: store.Turn{Key: w.key(), Expect: c.Revision, At: time.Now(), Session: c.Session}}
		w.stop()
		w.config.Store = raced
		w.start()
		w.phone.take()
		var batch []Inbound
		for _, text := range []string{"one", "two", "three"} {
			batch = append(batch, w.message(text))
		}
		if err := w.runner.Receive(t.Context(), batch); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		equal(t, "what was heard", []string{"hello", "one", "two", "three"}, w.entries(MessageIn))
		if w.runner.Figures.Conflicts.Load() == 0 {
			t.Errorf("there was no conflict")
		}
	})
}

// racing commits turns of its own before the first of the runner: more than the runner steps ahead, for a writer
// that holds no lease and makes just as many turns as failed could not be told apart.
type racing struct {
	store.Store
	once sync.Once
	turn store.Turn
}

func (s *racing) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	s.once.Do(func() {
		for range 5 {
			_, _ = s.Store.Commit(ctx, []store.Turn{s.turn})
			s.turn.Expect++
		}
	})
	return s.Store.Commit(ctx, turns)
}

func TestWhatWaitsForATurnThatComesBackStillComesAfterIt(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		c, err := w.store.Load(t.Context(), w.key())
		if err != nil {
			t.Fatalf("load: %v", err)
		}
		w.stop()
		w.config.Store = &racing{Store: w.store, turn: store.Turn{Key: w.key(), Expect: c.Revision, At: time.Now(), Session: c.Session}}
		w.start()
		w.phone.take()
		if err := w.runner.Receive(t.Context(), []Inbound{w.message("delete"), w.message("hello"), w.message("water")}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		equal(t, "what the phone got", []string{"We delete your data now.", "Write a word.", "Heard water.", "Write a word."}, w.phone.take())
	})
}

func TestAFullStoreIsAnErrorAndGoesOnWhenThereIsRoom(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.stop()
		full := &fullStore{Store: w.store, full: true}
		w.config.Store = full
		w.start()
		w.phone.take()
		m := w.message("water")
		if err := w.runner.Receive(t.Context(), []Inbound{m}); !errors.Is(err, store.ErrFull) {
			t.Errorf("receive: %v, want ErrFull", err)
		}
		full.set(false)
		if err := w.runner.Receive(t.Context(), []Inbound{m}); err != nil {
			t.Errorf("receive: %v", err)
		}
		w.settles()
		equal(t, "what the phone got", []string{"Heard water.", "Write a word."}, w.phone.take())
	})
}

type fullStore struct {
	store.Store
	mu   sync.Mutex
	full bool
}

func (s *fullStore) set(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}

func (s *fullStore) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	s.mu.Lock()
	full := s.full
	s.mu.Unlock()
	if full {
		return nil, store.ErrFull
	}
	return s.Store.Commit(ctx, turns)
}
