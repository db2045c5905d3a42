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

// pacedPhone lets one part pass to each person every so often.
type pacedPhone struct {
	*phone
	every time.Duration

	mu     sync.Mutex
	next   map[string]time.Time
	typing []string
	stuck  chan struct{} // nil: ShowTyping ends at once
}

func (c *pacedPhone) Wait(_ string, to []Identity, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait := c.next[to[0].Value].Sub(now); wait > 0 {
		return wait
	}
	c.next[to[0].Value] = now.Add(c.every)
	return 0
}

func (c *pacedPhone) ShowTyping(ctx context.Context, account string, to []Identity, message string) {
	if c.stuck != nil {
		select {
		case <-c.stuck:
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.typing = append(c.typing, account+" "+to[0].Value+" "+message)
}

func (w *world) from(id Identity, text string) Inbound {
	m := w.message(text)
	m.From, m.ID = []Identity{id}, fmt.Sprintf("wamid.%s.%d", id.Value, w.number)
	return m
}

func TestAPersonsPartsWaitForThePaceInTheirOrderWhileOthersGoOn(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		c := &pacedPhone{phone: w.phone, every: 6 * time.Second, next: map[string]time.Time{}}
		w.stop()
		w.config.Channels = map[string]Channel{"whatsapp": c}
		counting := &counting{Store: w.store}
		w.config.Store = counting
		w.start()
		other := Identity{"whatsapp", "wa_phone", "254700000002"}
		for _, text := range []string{"hello", "one", "two"} {
			w.hears(text)
		}
		equal(t, "the first at once", []string{"Write a word."}, w.phone.take())
		if err := w.runner.Receive(t.Context(), []Inbound{w.from(other, "hello")}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		equal(t, "somebody else's", []string{"Write a word."}, w.phone.take())
		before := counting.turns()
		w.passes(5 * time.Second)
		equal(t, "nothing is written while a part waits", before, counting.turns())
		w.passes(time.Second)
		equal(t, "the second after the pace", []string{"Heard one."}, w.phone.take())
		w.passes(18 * time.Second)
		equal(t, "the others in their order", []string{"Write a word.", "Heard two.", "Write a word."}, w.phone.take())
		if w.runner.Figures.Paced.Load() == 0 {
			t.Errorf("no wait was counted")
		}
		w.passes(time.Minute)
		if n := len(w.runner.sender.paced) + len(w.runner.sender.slowed); n > 0 {
			t.Errorf("%d waits are still remembered", n)
		}
	})
}

// counting counts turns.
type counting struct {
	store.Store
	mu sync.Mutex
	n  int
}

func (s *counting) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	s.mu.Lock()
	s.n += len(turns)
	s.mu.Unlock()
	return s.Store.Commit(ctx, turns)
}

func (s *counting) turns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func TestAQueueLongerThanOneLookIsSentWhole(t *testing.T) {
	const people = 5000
	inWorld(t, func(c *Config) { c.Timing.Poll = time.Hour }, func(t *testing.T, w *world) {
		w.phone.result = script()
		for n := range people {
			key := store.Key{byte(n >> 8), byte(n), 1}
			d := delivery{to: []Identity{ana}, part: Part{Body: []byte("word")}}
			sealed, err := w.keys.Seal("sample", key, "message", d.append())
			if err != nil {
				t.Fatalf("seal: %v", err)
			}
			if _, err := w.store.Commit(t.Context(), []store.Turn{{Key: key, Expect: store.Any, Pack: "sample", At: time.Now(),
				Outbox: []store.Message{{Channel: "sample/whatsapp/100", Class: Reply, Sealed: sealed}}}}); err != nil {
				t.Fatalf("commit: %v", err)
			}
		}
		w.runner.sender.wake()
		w.passes(10 * time.Minute)
		equal(t, "words on phones", people, len(w.phone.take()))
	})
}

func TestWhoGotTooManyIsTriedAfterPowersOfFourSeconds(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		begun := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		w.phone.result = func(Delivery) Result {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Since(begun).Truncate(time.Second))
			if len(at) <= 4 {
				return Result{Class: PairThrottled, Code: 131056}
			}
			return Result{Class: Accepted}
		}
		w.hears("hello")
		w.passes(5 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		equal(t, "tried after seconds", []time.Duration{0, time.Second, 5 * time.Second, 21 * time.Second, 85 * time.Second}, at)
	})
}

func TestTypingIsShownWhenAnAnswerTakesAWhile(t *testing.T) {
	gate := make(chan struct{})
	fetch := fetcherFunc(func(Question) (map[string]any, error) {
		<-gate
		return map[string]any{"status": "ready"}, nil
	})
	inWorld(t, func(c *Config) { c.Fetcher = fetch }, func(t *testing.T, w *world) {
		gate = make(chan struct{})
		c := &pacedPhone{phone: w.phone, next: map[string]time.Time{}}
		w.runner.config.Channels["whatsapp"] = c
		w.hears("hello")
		w.hears("status")
		equal(t, "nothing that takes a while", nil, c.typing)
		m := w.message("77")
		m.Message = "wamid.77"
		for range 2 { // delivered twice, shown once
			if err := w.runner.Receive(t.Context(), []Inbound{m}); err != nil {
				t.Fatalf("receive: %v", err)
			}
			w.settles()
		}
		equal(t, "typing is shown", []string{"100 254700000001 wamid.77"}, c.typing)
		close(gate)
		w.settles()
	})
}

func TestTypingThatHangsHoldsUpNothingAndIsGivenUp(t *testing.T) {
	fetch := fetcherFunc(func(Question) (map[string]any, error) { return map[string]any{"status": "ready"}, nil })
	inWorld(t, func(c *Config) { c.Fetcher = fetch }, func(t *testing.T, w *world) {
		c := &pacedPhone{phone: w.phone, next: map[string]time.Time{}, stuck: make(chan struct{})}
		w.runner.config.Channels["whatsapp"] = c
		const people = 20
		for _, text := range []string{"hello", "status", "77"} {
			var batch []Inbound
			for n := range people {
				m := w.from(Identity{"whatsapp", "wa_phone", fmt.Sprint(254700001000 + n)}, text)
				m.Message = m.ID
				batch = append(batch, m)
			}
			if err := w.runner.Receive(t.Context(), batch); err != nil {
				t.Fatalf("receive: %v", err)
			}
			w.settles()
		}
		got := w.phone.take()
		answers := 0
		for _, text := range got {
			if text == "It is ready." {
				answers++
			}
		}
		equal(t, "answers", people, answers)
		equal(t, "left out while others hang", int64(people-lightsAtOnce), w.runner.Figures.TypingSkipped.Load())
		w.passes(lightTime)
		equal(t, "under way after their time", 0, w.runner.outside.lights.Load())
	})
}

func TestWhoComesBackGetsWhatWaitedAtOnce(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		w.phone.result = func(Delivery) Result { return Result{Class: Retry} }
		w.hears("hello")
		w.passes(time.Hour) // the waits have grown to minutes
		w.phone.result = nil
		back := Inbound{Kind: Returned, Pack: "sample", Channel: "whatsapp", From: []Identity{ana}}
		stranger := Inbound{Kind: Returned, Pack: "sample", Channel: "whatsapp", From: []Identity{{"whatsapp", "wa_phone", "254700000077"}}}
		before, err := w.store.Journal(t.Context(), store.JournalQuery{Of: store.All, Limit: 100})
		if err != nil {
			t.Fatalf("journal: %v", err)
		}
		if err := w.runner.Receive(t.Context(), []Inbound{back, stranger, back}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
		after, err := w.store.Journal(t.Context(), store.JournalQuery{Of: store.All, Limit: 100})
		if err != nil {
			t.Fatalf("journal: %v", err)
		}
		equal(t, "lines of the journal", len(before), len(after))
		c, err := w.store.Load(t.Context(), keyOf(w.keys, stranger.From[0]))
		if err != nil || c.Revision != 0 || c.Pack != "" {
			t.Errorf("a stranger left something: %+v, %v", c, err)
		}
	})
}

func TestWhoComesBackWhileAPartFailsGetsItAtOnceToo(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		failing := make(chan struct{})
		tries := 0
		w.phone.result = func(Delivery) Result {
			if tries++; tries > 1 {
				return Result{Class: Accepted}
			}
			<-failing
			return Result{Class: Retry, RetryAfter: time.Hour}
		}
		w.hears("hello")
		if err := w.runner.Receive(t.Context(), []Inbound{{Kind: Returned, Pack: "sample", Channel: "whatsapp", From: []Identity{ana}}}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		close(failing)
		w.settles()
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
	})
}

// settlingStore holds the commit that puts a part off until gate is closed.
type settlingStore struct {
	store.Store
	gate chan struct{}
}

func (s *settlingStore) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	for _, turn := range turns {
		for _, news := range turn.Settle {
			if news.State == store.Waiting && news.Ready.Sub(turn.At) >= time.Hour {
				<-s.gate
			}
		}
	}
	return s.Store.Commit(ctx, turns)
}

func TestWhoComesBackWhileAPartIsPutOffGetsItAtOnceToo(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		gate := make(chan struct{})
		w.stop()
		w.config.Store = &settlingStore{w.store, gate}
		w.start()
		tries := 0
		w.phone.result = func(Delivery) Result {
			if tries++; tries > 1 {
				return Result{Class: Accepted}
			}
			return Result{Class: Retry, RetryAfter: time.Hour}
		}
		w.hears("hello")
		w.settles()
		if err := w.runner.Receive(t.Context(), []Inbound{{Kind: Returned, Pack: "sample", Channel: "whatsapp", From: []Identity{ana}}}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		close(gate)
		w.settles()
		equal(t, "what the phone got", []string{"Write a word."}, w.phone.take())
	})
}

func TestTooMuchAtOnceIsRefusedAndWhatWasTakenIsAnswered(t *testing.T) {
	gate := make(chan struct{})
	inWorld(t, func(c *Config) { c.IntakeEvents = 2 }, func(t *testing.T, w *world) {
		gate = make(chan struct{})
		w.stop()
		w.config.Store = &slowStore{Store: w.store, gate: gate}
		w.start()
		taken := make(chan error, 2)
		for n := range 2 {
			go func() {
				taken <- w.runner.Receive(t.Context(), []Inbound{inbound(n, 1, "hello")})
			}()
		}
		w.settles()
		if err := w.runner.Receive(t.Context(), []Inbound{inbound(2, 1, "hello")}); !errors.Is(err, ErrBusy) {
			t.Errorf("a third: %v, want ErrBusy", err)
		}
		close(gate)
		for range 2 {
			if err := <-taken; err != nil {
				t.Errorf("taken before: %v", err)
			}
		}
		w.settles()
		equal(t, "answers", 2, len(w.phone.take()))
		equal(t, "refused", int64(1), w.runner.Figures.Busy.Load())
		if err := w.runner.Receive(t.Context(), []Inbound{inbound(2, 1, "hello"), inbound(3, 1, "hello"), inbound(4, 1, "hello")}); err != nil {
			t.Errorf("a large batch by itself: %v", err)
		}
		w.settles()
		equal(t, "answers", 3, len(w.phone.take()))
	})
	t.Run("by bytes", func(t *testing.T) {
		r := New(Config{Keys: newRings(), IntakeBytes: 1000})
		leave, err := r.enter([]Inbound{inbound(0, 1, "hello")})
		if err != nil {
			t.Fatalf("enter: %v", err)
		}
		if _, err := r.enter([]Inbound{{Raw: make([]byte, 2000)}}); !errors.Is(err, ErrBusy) {
			t.Errorf("too many bytes: %v, want ErrBusy", err)
		}
		leave()
		if _, err := r.enter([]Inbound{{Raw: make([]byte, 2000)}}); err != nil {
			t.Errorf("by itself: %v", err)
		}
	})
}

// slowStore commits once the gate is open.
type slowStore struct {
	store.Store
	gate chan struct{}
}

func (s *slowStore) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	<-s.gate
	return s.Store.Commit(ctx, turns)
}

func TestNamesThatAnAnswerTellsAreThePersonsUnlessSomebodyElseHasThem(t *testing.T) {
	inWorld(t, nil, func(t *testing.T, w *world) {
		alias, ben := Identity{"whatsapp", "wa_bsuid", "KE.1"}, Identity{"whatsapp", "wa_phone", "254700000002"}
		if err := w.runner.Receive(t.Context(), []Inbound{w.from(ben, "hello")}); err != nil {
			t.Fatalf("receive: %v", err)
		}
		w.settles()
		w.phone.result = func(Delivery) Result { return Result{Class: Accepted, Known: []Identity{ana, alias, ben}} }
		w.stop()
		w.config.Channels = map[string]Channel{"whatsapp": knowing{w.phone}}
		w.start()
		w.hears("hello")
		w.hears("water")
		for what, id := range map[string]Identity{"the alias": alias, "the number": ana} {
			owner, err := w.store.Find(t.Context(), w.runner.identityHash("sample", id))
			if err != nil || owner.Key != w.key() {
				t.Errorf("%s belongs to %v, %v", what, owner, err)
			}
		}
		owner, err := w.store.Find(t.Context(), w.runner.identityHash("sample", ben))
		if err != nil || owner.Key != keyOf(w.keys, ben) {
			t.Errorf("somebody else's number belongs to %v, %v", owner, err)
		}
		equal(t, "reports", []string{"identity-elsewhere wa_phone"}, w.entries(ReportEntry))
		var to []Identity
		w.phone.result = func(d Delivery) Result { to = d.To; return Result{Class: Accepted} }
		w.hears("bread")
		equal(t, "sent to", []Identity{ana, alias}, to)
	})
}

// knowing tells the names of the result also when the part is taken.
type knowing struct{ *phone }

func (c knowing) Send(ctx context.Context, d Delivery) Result {
	if r := c.result(d); r.Class != Accepted || len(r.Known) > 0 {
		return r
	}
	return c.phone.Send(ctx, d)
}

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
