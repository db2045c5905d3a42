package runner

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

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
	const people = 2600 // a look is of 2,048
	inWorld(t, func(c *Config) { c.Timing.Poll = time.Hour }, func(t *testing.T, w *world) {
		w.phone.result = script()
		for n := range people {
			key := store.Key{byte(n >> 8), byte(n), 1}
			d := delivery{to: []Identity{ana}, part: Part{Body: []byte("word")}}
			sealed, err := w.keys.Seal("sample", key, "message", d.append(nil))
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
