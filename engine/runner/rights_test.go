package runner

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/store"
)

// shifted is a clock that is wrong by an offset.
type shifted struct{ by *atomic.Int64 }

func (c shifted) Now() time.Time { return time.Now().Add(time.Duration(c.by.Load())) }

func (shifted) After(d time.Duration) <-chan time.Time { return time.After(d) }

func TestAnOperatorErasesAsAFlowDoes(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		for _, text := range []string{"hello", "note", "a rumour", "Nairobi", "later", "person"} {
			w.hears(text)
		}
		w.phone.take()
		before, err := w.store.Load(t.Context(), w.key())
		if err != nil {
			t.Fatalf("load: %v", err)
		}
		for range 2 { // again changes nothing
			if err := w.runner.Erase(t.Context(), w.key(), time.Time{}); err != nil {
				t.Fatalf("erase: %v", err)
			}
		}
		w.settles()
		tombstones, err := w.store.Tombstones(t.Context(), time.Time{})
		if err != nil || len(tombstones) != 1 {
			t.Errorf("tombstones: %v, %d", err, len(tombstones))
		}
		if _, err := w.runner.Export(t.Context(), w.key()); !errors.Is(err, ErrNoContact) {
			t.Errorf("a copy of nobody: %v", err)
		}
		if _, err := w.keys.Open("sample", w.key(), keys.Session, before.Session); !errors.Is(err, ErrUnreadable) {
			t.Errorf("the old session can still be opened: %v", err)
		}
		w.passes(72 * time.Hour)
		equal(t, "nothing wakes and nothing goes", nil, w.phone.take())
		w.hears("hello")
		equal(t, "whoever comes is new", []string{"Write a word."}, w.phone.take())
	})
}

func TestAfterAnErasureNothingUnaskedGoesUntilThePersonOptsIn(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		if err := w.runner.Erase(t.Context(), w.key(), time.Time{}); err != nil {
			t.Fatalf("erase: %v", err)
		}
		w.hears("hello")
		w.hears("later")
		w.phone.take()
		w.passes(49 * time.Hour)
		equal(t, "no reminder", nil, w.phone.take())
		w.hears("resume")
		w.hears("later")
		w.phone.take()
		w.passes(49 * time.Hour)
		equal(t, "the reminder", []string{"template callback_reminder"}, w.phone.take())
	})
}

func TestAnErasureWaitsForWhatIsUnderWayAndNothingComesBack(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.stop()
		gate := make(chan struct{})
		w.config.Store = &slowStore{Store: w.store, gate: gate}
		w.start()
		told := make(chan error, 3)
		for _, text := range []string{"one", "two"} {
			m := w.message(text)
			go func() { told <- w.runner.Receive(t.Context(), []Inbound{m}) }()
			w.settles()
		}
		go func() { told <- w.runner.Erase(t.Context(), w.key(), time.Time{}) }()
		w.settles()
		close(gate)
		for range 3 {
			if err := <-told; err != nil {
				t.Errorf("told: %v", err)
			}
		}
		w.passes(time.Minute)
		if c, err := w.runner.Export(t.Context(), w.key()); !errors.Is(err, ErrNoContact) {
			t.Errorf("something came back: %+v, %v", c, err)
		}
	})
}

// remembering is a store whose outbox is once told as it was.
type remembering struct {
	store.Store
	heads []store.Message
}

func (s *remembering) Outbox(ctx context.Context, q store.OutboxQuery) ([]store.Message, error) {
	if heads := s.heads; heads != nil && q.Key == (store.Key{}) {
		s.heads = nil
		return heads, nil
	}
	return s.Store.Outbox(ctx, q)
}

// The sender may have read of a message whose person is erased before it opens it.
func TestWhatTheSenderStillRemembersOfAnErasedPersonBeginsNothing(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.phone.result = func(Delivery) Result { return Result{Class: Retry, RetryAfter: time.Hour} }
		w.hears("hello")
		w.settles()
		heads, err := w.store.Outbox(t.Context(), store.OutboxQuery{Of: store.All, State: store.Waiting, Until: time.Now().Add(24 * time.Hour), Limit: 10})
		if err != nil || len(heads) != 1 {
			t.Fatalf("heads: %v, %v", heads, err)
		}
		heads[0].Ready = time.Now()
		if err := w.runner.Erase(t.Context(), w.key(), time.Time{}); err != nil {
			t.Fatal(err)
		}
		w.stop()
		w.config.Store = &remembering{Store: w.store, heads: heads}
		w.start()
		w.settles()
		if c, err := w.runner.Export(t.Context(), w.key()); !errors.Is(err, ErrNoContact) {
			t.Errorf("something came back: %+v, %v", c, err)
		}
	})
}

func TestAnErasureHoldsAlsoWhenTheClockWentBack(t *testing.T) {
	var by atomic.Int64
	inWorld(t, func(c *Config) { c.Clock = shifted{&by} }, func(t *testing.T, w *world) {
		by.Store(0)
		w.hears("hello")
		w.hears("delete")
		w.hears("hello") // begins a key at this hour
		w.hears("delete")
		w.hears("hello")
		before, err := w.store.Load(t.Context(), w.key())
		if err != nil || before.Session == nil {
			t.Fatalf("load: %v", err)
		}
		by.Store(-int64(time.Hour))
		w.hears("delete")
		if _, err := w.keys.Open("sample", w.key(), keys.Session, before.Session); !errors.Is(err, ErrUnreadable) {
			t.Errorf("the old session can still be opened: %v", err)
		}
		w.phone.take()
		w.hears("hello")
		w.hears("water")
		equal(t, "what the phone got", []string{"Write a word.", "Heard water.", "Write a word."}, w.phone.take())
	})
}

func TestAContactThatCannotBeReadIsErasedToo(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		if _, err := w.store.Commit(t.Context(), []store.Turn{{Key: w.key(), Expect: 1, At: time.Now(), Session: []byte("not sealed by anyone")}}); err != nil {
			t.Fatalf("commit: %v", err)
		}
		if err := w.runner.Erase(t.Context(), w.key(), time.Time{}); err != nil {
			t.Fatalf("erase: %v", err)
		}
		if _, err := w.runner.Export(t.Context(), w.key()); !errors.Is(err, ErrNoContact) {
			t.Errorf("a copy of nobody: %v", err)
		}
		owner, err := w.store.Find(t.Context(), w.runner.identityHash("sample", ana))
		if err != nil || owner.Found || !owner.Suppressed {
			t.Errorf("the number: %+v, %v", owner, err)
		}
	})
}

func TestACopyHoldsAllThatIsKeptAndNoNameOfAProvider(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		for _, text := range []string{"hello", "note", "a rumour", "Nairobi", "later", "note", "a second thing", "person"} {
			m := w.message(text)
			m.Message = "wamid.secret"
			if err := w.runner.Receive(t.Context(), []Inbound{m}); err != nil {
				t.Fatalf("receive: %v", err)
			}
			w.settles()
		}
		edit := w.message("I meant water")
		edit.Kind, edit.Message = Edited, "wamid.secret"
		photo := w.message("look")
		photo.Event.Media = engine.Media{Kind: "image", ID: "wamedia.secret"}
		if err := w.runner.Receive(t.Context(), []Inbound{edit, photo}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		w.stop() // an export needs no runner
		c, err := Export(t.Context(), w.store, w.keys, w.config.Program, w.key(), time.Now())
		w.start()
		if err != nil {
			t.Fatalf("export: %v", err)
		}
		plain, err := json.MarshalIndent(c, "", "  ")
		if err != nil {
			t.Fatalf("marshal: %v", err)
		}
		for _, want := range []string{"254700000001", "a rumour", "Nairobi", "Someone asks for a person", "I meant water", "a reminder", "a word to a team",
			`"name": "desk"`, `"kept_until"`, "the person wrote", "look"} {
			if !strings.Contains(string(plain), want) {
				t.Errorf("the copy lacks %q", want)
			}
		}
		if strings.Contains(string(plain), "secret") {
			t.Errorf("the copy has a provider's name:\n%s", plain)
		}
		equal(t, "nothing unreadable", 0, c.Unreadable)
		half := CopiedField{Name: "heard", Value: "a second thing"}
		if !slices.Contains(c.Answers, half) {
			t.Errorf("the copy lacks the answers of a conversation that was left: %v", c.Answers)
		}
		equal(t, "identities", []CopiedIdentity{CopiedIdentity(ana)}, c.Identities)
		equal(t, "field", any("Nairobi"), c.Fields[0].Value)
		equal(t, "record", any("a rumour"), c.Records[0].Holds["heard"])
		equal(t, "case", "open", c.Cases[0].State)
		equal(t, "where it stands", "person.desk", c.Talk.Flow+"."+c.Talk.Step)
	})
}

func TestAContactIsFoundByANumberInAnyUsualWriting(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		kinds := []string{"wa_phone", "wa_bsuid"}
		for _, typed := range []string{"254700000001", "+254 700 000 001", "00254-700-000-001", " +254 (0) 700 000001 ", "+254.700.000.001",
			"٢٥٤٧٠٠٠٠٠٠٠١", "\u2066+254 700\u00a0000\u2011001\u2069", "२५४७०००००००१"} {
			key, _, err := w.runner.FindContact(t.Context(), "sample", "whatsapp", kinds, typed)
			if err != nil || key != w.key() {
				t.Errorf("%q: %v, %v", typed, key, err)
			}
		}
		for _, typed := range []string{"", "+254 700 000 002", "hello", "254700000001x", strings.Repeat("1", 300)} {
			if _, _, err := w.runner.FindContact(t.Context(), "sample", "whatsapp", kinds, typed); !errors.Is(err, ErrNoContact) {
				t.Errorf("%q: %v, want ErrNoContact", typed, err)
			}
		}
		if err := w.runner.Erase(t.Context(), w.key(), time.Time{}); err != nil {
			t.Fatalf("erase: %v", err)
		}
		_, suppressed, err := w.runner.FindContact(t.Context(), "sample", "whatsapp", kinds, "+254700000001")
		if !errors.Is(err, ErrNoContact) || !suppressed {
			t.Errorf("after the erasure: suppressed %v, %v", suppressed, err)
		}
	})
}

func TestADeadLetterIsListedSentOnceMoreOrDropped(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.phone.result = func(Delivery) Result { return Result{Class: RequestBug, Code: 100} }
		w.hears("hello")
		w.hears("water")
		list, err := w.runner.DeadLetters(t.Context(), store.Dead, store.Message{}, 10)
		if err != nil || len(list) != 3 {
			t.Fatalf("dead letters: %v, %d", err, len(list))
		}
		w.phone.result = nil
		if err := w.runner.Drop(t.Context(), list[0].ID); err != nil {
			t.Errorf("drop: %v", err)
		}
		if err := w.runner.Retry(t.Context(), list[2].ID); err != nil {
			t.Errorf("retry: %v", err)
		}
		w.settles()
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
		for _, id := range []uint64{list[0].ID, list[2].ID, 999999} {
			if err := w.runner.Retry(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("retry of what is no dead letter: %v", err)
			}
		}
		n, err := w.runner.RetryAll(t.Context(), Sender{Pack: "other"})
		equal(t, "of another sender", 0, n)
		if err != nil {
			t.Errorf("retry all: %v", err)
		}
		if n, err = w.runner.RetryAll(t.Context(), Sender{}); n != 1 || err != nil {
			t.Errorf("retry all: %d, %v", n, err)
		}
		w.settles()
		equal(t, "what the phone got", []string{"Heard water."}, w.phone.take())
	})
}

func TestAfterStopRemindersNeedOptIn(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.hears("hello")
		w.hears("stop")
		w.hears("later")
		w.phone.take()
		w.passes(49 * time.Hour)
		equal(t, "no reminder", nil, w.phone.take())
		w.hears("resume")
		w.hears("later")
		w.phone.take()
		w.passes(49 * time.Hour)
		equal(t, "the reminder", []string{"template callback_reminder"}, w.phone.take())
	})
}

func TestAFetchThatNeverEndsIsAnsweredAsFailed(t *testing.T) {
	never := make(chan struct{})
	fetch := fetcherFunc(func(Question) (map[string]any, error) { <-never; return nil, errors.New("too late") })
	inWorld(t, func(c *Config) { c.Fetcher = fetch }, func(t *testing.T, w *world) {
		never = make(chan struct{})
		for _, text := range []string{"hello", "status", "77"} {
			w.hears(text)
		}
		w.phone.take()
		w.passes(10 * time.Minute)
		equal(t, "what the phone got", []string{"That did not work."}, w.phone.take())
		close(never)
		w.settles()
		w.hears("hello")
		equal(t, "what comes too late changes nothing", []string{"Write a word."}, w.phone.take())
	})
}
