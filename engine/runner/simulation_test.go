package runner

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/store"
	"baraza/engine/store/storetest"
)

var seedFlag = flag.Uint64("seed", 0, "run the simulation of this seed alone")

// TestSimulation runs the runner for a few hours of fake time over a store, a provider and a process that fail by
// seed, and looks at what is promised once all faults are over:
//
//   - every message that was acknowledged was heard, once, and nothing else was
//   - what was heard was answered, in the order it was heard, and a part reached the phone twice only where
//     outbox.unknown counted it
//   - nothing waits for ever, nothing is left in memory, and neither log nor store holds what was said
//
// A seed fixes what is said and when, and the fate of each thing by what it is (a delivery and its try, a commit and
// its number), and one processor runs the bubble. The order in which goroutines run stays the scheduler's, so a seed
// that failed once may take -count=20 to fail again.
func TestSimulation(t *testing.T) {
	seeds := uint64(50)
	if text := os.Getenv("CHECKS"); text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatalf("CHECKS: %v", err)
		}
		seeds = n
	}
	p := packOf(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if *seedFlag != 0 {
		t.Logf("seed %d: %+v", *seedFlag, simulate(t, p, *seedFlag))
		return
	}
	var total faults
	for seed := uint64(1); seed <= seeds && !t.Failed(); seed++ {
		s := simulate(t, p, seed)
		total.add(s)
	}
	t.Logf("%d seeds: %+v", seeds, total)
	if seeds >= 50 && (total.Crashes == 0 || total.CommitsUnknown == 0 || total.Conflicts == 0 || total.LostAnswers == 0 || total.Duplicates == 0 || total.TwiceOnPhone == 0) {
		t.Errorf("some fault never came: %+v", total)
	}
}

// faults that came.
type faults struct {
	Turns, Crashes, CommitsUnknown, CommitsFull, Conflicts, LostAnswers, Refused, Duplicates, TwiceOnPhone, Heard int64
}

func (f *faults) add(o faults) {
	f.Turns += o.Turns
	f.Conflicts += o.Conflicts
	f.Crashes += o.Crashes
	f.CommitsUnknown += o.CommitsUnknown
	f.CommitsFull += o.CommitsFull
	f.LostAnswers += o.LostAnswers
	f.Refused += o.Refused
	f.Duplicates += o.Duplicates
	f.TwiceOnPhone += o.TwiceOnPhone
	f.Heard += o.Heard
}

const (
	people       = 6
	wordsEach    = 16
	faultyFor    = 2 * time.Hour
	secretMarker = "zanzibar" // in everything that is said
)

// sim is one run.
type sim struct {
	t     *testing.T
	seed  uint64
	p     *program.Program
	inner *storetest.Memory
	keys  *rings
	log   syncBuffer
	begun time.Time

	mu      sync.Mutex
	life    *life
	commits uint64
	faults  faults
	tries   map[string]int // of deliveries
	phones  map[string]*handset
	unknown int64 // outbox.unknown of lives that ended
	acked   map[string]bool
	batches [][]string // words that were delivered together
}

// handset is what one person's phone shows.
type handset struct {
	ids, texts []string
}

// life is one process, from start to crash.
type life struct {
	runner *Runner
	dead   atomic.Bool
	crash  chan struct{}
	once   sync.Once
}

func (l *life) die() {
	l.dead.Store(true)
	l.once.Do(func() { close(l.crash) })
}

// draw is a number from 0 to 99 for what happens to the named thing.
func (s *sim) draw(parts ...any) int {
	h := fnv.New64a()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], s.seed)
	h.Write(b[:])
	fmt.Fprint(h, parts...)
	return int(mixed(h.Sum64()) % 100)
}

func (s *sim) faulty() bool { return time.Since(s.begun) < faultyFor }

func simulate(t *testing.T, p *program.Program, seed uint64) faults {
	var f faults
	synctest.Test(t, func(t *testing.T) {
		s := &sim{t: t, seed: seed, p: p, inner: storetest.NewMemory(), keys: newRings(), begun: time.Now(),
			tries: map[string]int{}, phones: map[string]*handset{}, acked: map[string]bool{}}
		s.run()
		f = s.faults
	})
	if t.Failed() {
		t.Logf("seed %d: go test ./engine/runner -run Simulation -seed %d", seed, seed)
	}
	return f
}

func (s *sim) run() {
	ctx, cancel := context.WithCancel(s.t.Context())
	processes := make(chan struct{})
	go func() { defer close(processes); s.restarts(ctx) }()
	var provider sync.WaitGroup
	for person := range people {
		provider.Go(func() { s.writes(person) })
	}
	provider.Wait()
	<-time.After(faultyFor + 3*time.Hour) // silence, the retries and the unknown come to an end
	synctest.Wait()
	s.quiet()
	cancel()
	<-processes
	s.judge()
}

// restarts runs one process after the other.
func (s *sim) restarts(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		l := &life{crash: make(chan struct{})}
		var seeds atomic.Uint64
		l.runner = New(Config{
			Store: &faultyStore{Store: s.inner, s: s, l: l}, Keys: s.keys, Clock: realClock{}, Shards: 4, Group: 1 + int(s.seed%4),
			Program:  func(string) *program.Program { return s.p },
			Channels: map[string]Channel{"whatsapp": &faultyPhone{s: s, l: l}},
			Random:   func() uint64 { return mixed(s.seed + uint64(n)<<32 + seeds.Add(1)) },
			Log:      slog.New(slog.NewJSONHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Timing:   Timing{Resolve: 90 * time.Second, UnknownTries: 1000},
		})
		s.mu.Lock()
		s.life = l
		s.mu.Unlock()
		living, kill := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { defer close(ended); _ = l.runner.Run(living) }()
		select {
		case <-l.crash:
		case <-ended:
		case <-ctx.Done():
		}
		kill()
		<-ended
		s.mu.Lock()
		s.unknown += l.runner.Figures.OutboxUnknown.Load()
		s.mu.Unlock()
		if left := leftovers(l.runner); left != "" {
			s.t.Errorf("seed %d: left in memory: %s", s.seed, left)
		}
		select {
		case <-time.After(time.Duration(1+s.draw("down", n)) * time.Second / 4):
		case <-ctx.Done():
		}
	}
}

func (s *sim) running() *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life
}

// delivered gives the provider's batch until it is acknowledged, as providers do.
func (s *sim) delivered(batch []Inbound) {
	for try := 0; ; try++ {
		if l := s.running(); l != nil && l.runner.Receive(s.t.Context(), batch) == nil && !l.dead.Load() {
			break
		}
		<-time.After(time.Duration(1+min(try, 20)) * time.Second)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range batch {
		if in.Kind == MessageReceived {
			s.acked[in.Event.Text] = true
		}
	}
}

// writes is a person: words at odd times, some delivered twice, some late and so out of order.
func (s *sim) writes(person int) {
	id := Identity{"whatsapp", "wa_phone", fmt.Sprintf("2547000%05d", person)}
	var deliveries sync.WaitGroup
	for n := 0; n < wordsEach; {
		word := fmt.Sprintf("%s %d %d", secretMarker, person, n)
		var batch []Inbound
		for range min(1+s.draw("burst", word)%5, wordsEach-n) {
			batch = append(batch, s.word(id, person, n))
			n++
		}
		var words []string
		for _, in := range batch {
			words = append(words, in.Event.Text)
		}
		s.mu.Lock()
		s.batches = append(s.batches, words)
		s.mu.Unlock()
		late := time.Duration(0)
		if s.draw("late", word) < 20 {
			late = time.Duration(s.draw("how late", word)) * time.Second
		}
		deliveries.Go(func() { <-time.After(late); s.delivered(batch) })
		if s.draw("twice", word) < 30 {
			s.mu.Lock()
			s.faults.Duplicates++
			s.mu.Unlock()
			deliveries.Go(func() {
				<-time.After(time.Duration(s.draw("again", word)) * time.Second / 2)
				s.delivered(append(slices.Clone(batch), batch...))
			})
		}
		if s.draw("at once", word) < 60 {
			<-time.After(time.Duration(s.draw("pause", word)*s.draw("pauses", word)) * time.Second / 20)
		}
	}
	deliveries.Wait()
}

func (s *sim) word(id Identity, person, n int) Inbound {
	return Inbound{Kind: MessageReceived, ID: "wamid." + id.Value + strconv.Itoa(n), Pack: "sample", Channel: "whatsapp", Account: "100",
		From: []Identity{id}, At: time.Now().Add(time.Duration(n) * time.Millisecond),
		Event: engine.Event{Kind: engine.Message, Text: fmt.Sprintf("%s %d %d", secretMarker, person, n)}}
}

// faultyStore is the store of one process.
type faultyStore struct {
	store.Store
	s      *sim
	l      *life
	broken atomic.Bool // nobody knows; Reopen settles it
}

func (f *faultyStore) Commit(ctx context.Context, turns []store.Turn) ([]store.Result, error) {
	if f.l.dead.Load() {
		return nil, store.ErrClosed
	}
	if f.broken.Load() {
		return nil, store.ErrUnknown
	}
	for i := range turns {
		for _, word := range []string{secretMarker, "2547000", "Heard"} {
			if strings.Contains(inTheClear(&turns[i]), word) {
				f.s.t.Errorf("seed %d: a turn holds %q in the clear", f.s.seed, word)
			}
		}
	}
	f.s.mu.Lock()
	f.s.commits++
	n := f.s.commits
	f.s.faults.Turns += int64(len(turns))
	f.s.mu.Unlock()
	<-time.After(time.Duration(1+f.s.draw("fsync", n)) * time.Millisecond)
	if f.l.dead.Load() {
		return nil, store.ErrClosed
	}
	f.s.mu.Lock()
	count := &f.s.faults
	if !f.s.faulty() {
		f.s.mu.Unlock()
		return f.Store.Commit(ctx, turns)
	}
	fate := f.s.draw("commit", n)
	switch {
	case fate < 1:
		count.Crashes++
		f.s.mu.Unlock()
		f.l.die()
		return nil, store.ErrClosed
	case fate < 2:
		count.Crashes++
		f.s.mu.Unlock()
		_, _ = f.Store.Commit(ctx, turns)
		f.l.die()
		return nil, store.ErrClosed
	case fate < 6:
		count.CommitsUnknown++
		f.s.mu.Unlock()
		if fate < 4 {
			_, _ = f.Store.Commit(ctx, turns)
		}
		f.broken.Store(true)
		return nil, store.ErrUnknown
	case fate < 8:
		count.CommitsFull++
		f.s.mu.Unlock()
		return nil, store.ErrFull
	}
	f.s.mu.Unlock()
	if victim := slices.IndexFunc(turns, func(t store.Turn) bool { return t.Expect != store.Any }); fate < 30 && victim >= 0 {
		f.s.count(func(f *faults) { f.Conflicts++ })
		// The turn meets a revision that is not the one it expects; those behind it find out for themselves.
		turns = slices.Clone(turns)
		turns[victim].Expect += 1000
	}
	return f.Store.Commit(ctx, turns)
}

// inTheClear is everything of a turn that the store could read.
func inTheClear(t *store.Turn) string {
	var b strings.Builder
	put := func(parts ...any) {
		for _, p := range parts {
			if s, ok := p.([]byte); ok {
				p = string(s)
			}
			fmt.Fprint(&b, p, " ")
		}
	}
	put(t.Pack, t.Session)
	for _, i := range t.Identities {
		put(i.Sealed)
	}
	for _, f := range t.Fields {
		put(f.Name, f.Sealed)
	}
	for _, m := range t.Outbox {
		put(m.Channel, m.Sealed, m.SealedID)
	}
	for _, s := range t.Settle {
		put(s.Sealed, s.SealedID)
	}
	for _, i := range t.Items {
		put(i.Pack, i.Class, i.Sealed)
	}
	for _, e := range t.Journal {
		put(e.Sealed)
	}
	return b.String()
}

func (f *faultyStore) Reopen(context.Context) error {
	<-time.After(300 * time.Millisecond)
	f.broken.Store(false)
	return nil
}

func (f *faultyStore) refuses() error {
	switch {
	case f.l.dead.Load():
		return store.ErrClosed
	case f.broken.Load():
		return store.ErrUnknown
	}
	return nil
}

func (f *faultyStore) Load(ctx context.Context, key store.Key) (store.Contact, error) {
	if err := f.refuses(); err != nil {
		return store.Contact{}, err
	}
	return f.Store.Load(ctx, key)
}

func (f *faultyStore) Find(ctx context.Context, h store.Hash) (store.Owner, error) {
	if err := f.refuses(); err != nil {
		return store.Owner{}, err
	}
	return f.Store.Find(ctx, h)
}

func (f *faultyStore) Outbox(ctx context.Context, q store.OutboxQuery) ([]store.Message, error) {
	if err := f.refuses(); err != nil {
		return nil, err
	}
	return f.Store.Outbox(ctx, q)
}

func (f *faultyStore) Due(ctx context.Context, of store.Set, after store.Timer, until time.Time, limit int) ([]store.Timer, error) {
	if err := f.refuses(); err != nil {
		return nil, err
	}
	return f.Store.Due(ctx, of, after, until, limit)
}

func (f *faultyStore) Message(ctx context.Context, id uint64) (store.Message, error) {
	if err := f.refuses(); err != nil {
		return store.Message{}, err
	}
	return f.Store.Message(ctx, id)
}

// faultyPhone is the provider as one process sees it.
type faultyPhone struct {
	s *sim
	l *life
}

func (c *faultyPhone) Parts(o engine.Outgoing) ([]Part, error) {
	half := len(o.Text) / 2 // two parts a message, so that their order counts
	return []Part{{Kind: "text", Body: []byte(o.Text[:half])}, {Kind: "text", Body: []byte(o.Text[half:])}}, nil
}

func (c *faultyPhone) WindowCloses(last time.Time) time.Time { return last.Add(24 * time.Hour) }

func (c *faultyPhone) Send(_ context.Context, d Delivery) Result {
	s := c.s
	if c.l.dead.Load() {
		return Result{Class: UnknownOutcome}
	}
	s.mu.Lock()
	s.tries[d.ID]++
	try := s.tries[d.ID]
	s.mu.Unlock()
	fate := 99
	if s.faulty() {
		fate = s.draw("send", d.ID, try)
	}
	<-time.After(time.Duration(s.draw("slow", d.ID, try)) * 20 * time.Millisecond)
	switch {
	case fate < 8:
		s.count(func(f *faults) { f.Refused++ })
		return Result{Class: Retry, Code: 500}
	case fate < 10:
		return Result{Class: PairThrottled, Code: 131056, RetryAfter: 6 * time.Second}
	case fate < 12:
		return Result{Class: SenderThrottled, Code: 130429}
	case fate < 15:
		return Result{Class: UnknownOutcome}
	}
	s.mu.Lock()
	person := d.To[0].Value
	h := s.phones[person]
	if h == nil {
		h = &handset{}
		s.phones[person] = h
	}
	if slices.Contains(h.ids, d.ID) {
		s.faults.TwiceOnPhone++
	} else {
		h.texts = append(h.texts, string(d.Part.Body))
	}
	h.ids = append(h.ids, d.ID)
	s.mu.Unlock()
	if s.draw("status", d.ID, try) < 70 {
		go s.tellsStatus(d, try)
	}
	if fate < 23 { // taken, but nobody hears of it
		s.count(func(f *faults) { f.LostAnswers++ })
		return Result{Class: UnknownOutcome}
	}
	return Result{Class: Accepted, ProviderID: "wamid.out." + d.ID + strconv.Itoa(try)}
}

func (s *sim) count(f func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.faults)
}

// tellsStatus tells what became of a part, some of it late and in the wrong order.
func (s *sim) tellsStatus(d Delivery, try int) {
	states := []store.State{store.Sent, store.Delivered, store.Read}
	if s.draw("order", d.ID, try) < 30 {
		slices.Reverse(states)
	}
	for i, state := range states {
		<-time.After(time.Duration(s.draw("told", d.ID, try, i)) * time.Second / 3)
		s.delivered([]Inbound{{Kind: StatusReceived, ID: d.ID + strconv.Itoa(i), Pack: "sample", Channel: "whatsapp", Account: "100",
			From: d.To, At: time.Now(), Status: Status{OurID: d.ID, ProviderID: "wamid.out." + d.ID + strconv.Itoa(try), State: state}}})
	}
}

// quiet: nothing waits any more, all that was said was sent.
func (s *sim) quiet() {
	ctx := s.t.Context()
	far := time.Now().AddDate(1, 0, 0)
	heads, err := s.inner.Outbox(ctx, store.OutboxQuery{Of: store.All, State: store.Waiting, Until: far, Limit: 100})
	if err != nil || len(heads) > 0 {
		s.t.Errorf("seed %d: %d messages still wait (%v): %+v", s.seed, len(heads), err, headsOf(heads))
	}
	dead, err := s.inner.Outbox(ctx, store.OutboxQuery{Of: store.All, State: store.Dead, Limit: 100})
	if err != nil || len(dead) > 0 {
		s.t.Errorf("seed %d: %d dead letters (%v)", s.seed, len(dead), err)
	}
	due, err := s.inner.Due(ctx, store.All, store.Timer{}, time.Now().Add(-time.Minute), 100)
	if err != nil || len(due) > 0 {
		s.t.Errorf("seed %d: %d timers were not carried out (%v)", s.seed, len(due), err)
	}
}

func headsOf(heads []store.Message) (out []string) {
	for _, m := range heads {
		out = append(out, fmt.Sprintf("%d tries %d code %d ready %s", m.ID, m.Tries, m.Code, m.Ready))
	}
	return out
}

// judge holds the promises.
func (s *sim) judge() {
	t := s.t
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("seed %d: "+format, append([]any{s.seed}, args...)...)
	}
	heardAll := map[string]int{}
	for person := range people {
		id := Identity{"whatsapp", "wa_phone", fmt.Sprintf("2547000%05d", person)}
		list, err := s.inner.Journal(context.Background(), store.JournalQuery{Key: keyOf(s.keys, id), Limit: 10000})
		if err != nil {
			fail("journal: %v", err)
		}
		var heard, said []string
		for i := len(list) - 1; i >= 0; i-- {
			var e Entry
			if err := OpenEntry(s.keys, "sample", list[i], &e); err != nil {
				fail("entry: %v", err)
			}
			switch list[i].Class {
			case MessageIn:
				heard = append(heard, e.Text)
				heardAll[e.Text]++
			case MessageOut:
				said = append(said, e.Text)
			}
		}
		s.faults.Heard += int64(len(heard))
		s.answers(fail, heard, said)
		s.inOrder(fail, heard)
		h := s.phones[id.Value]
		if h == nil {
			fail("person %d got nothing", person)
			continue
		}
		if got, want := strings.Join(h.texts, ""), strings.Join(said, ""); got != want {
			fail("person %d got\n%q\nwant\n%q", person, got, want)
		}
	}
	for word := range s.acked {
		if heardAll[word] != 1 {
			fail("%q was acknowledged and heard %d times", word, heardAll[word])
		}
		delete(heardAll, word)
	}
	for word, n := range heardAll {
		fail("%q was heard %d times and never acknowledged", word, n)
	}
	if s.faults.TwiceOnPhone > s.unknown {
		fail("%d parts reached a phone twice, outbox.unknown counted %d", s.faults.TwiceOnPhone, s.unknown)
	}
	for _, word := range []string{secretMarker, "2547000", "Heard", "wamid"} {
		if bytes.Contains(s.log.Bytes(), []byte(word)) {
			fail("the log holds %q", word)
		}
	}
}

// inOrder: the words of one delivery were heard in their order. Deliveries may overtake each other.
func (s *sim) inOrder(fail func(string, ...any), heard []string) {
	at := map[string]int{}
	for i, word := range heard {
		at[word] = i
	}
	for _, words := range s.batches {
		for i := 1; i < len(words); i++ {
			a, heardA := at[words[i-1]]
			b, heardB := at[words[i]]
			if heardA && heardB && a > b {
				fail("%q was heard after %q", words[i-1], words[i])
			}
		}
	}
}

// answers: the first word of a conversation begins it, each further one is answered, in the order they were heard.
// A silence of three hours asks once more.
func (s *sim) answers(fail func(string, ...any), heard, said []string) {
	var want []string
	for i, word := range heard {
		if i > 0 {
			want = append(want, "Heard "+word+".")
		}
		want = append(want, "Write a word.")
	}
	got := slices.DeleteFunc(slices.Clone(said), func(text string) bool { return text == "Are you still there?" })
	if !slices.Equal(want, got) {
		fail("heard %q\nsaid %q\nwant %q", heard, got, want)
	}
}

// syncBuffer is a log that many write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) Bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.b.Bytes())
}
