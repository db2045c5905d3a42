package runner

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
	"baraza/engine/store/storetest"
)

// compiled is a pack of these files, over the pack that examples of the language use.
func compiled(t testing.TB, files map[string]string) *program.Program {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys["sample/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, problems := dsl.Compile(fsys, diag.ExampleDir)
	if p == nil {
		for _, d := range problems {
			t.Errorf("%v", d)
		}
		t.Fatal("the pack does not compile")
	}
	return p
}

const packText = `pack sample: Example Desk
  country KE
  timezone Africa/Nairobi
  languages en
  channels whatsapp
  start talk
  fallback talk.listen
  example

hours always

team desk: Help desk
  hours always
  answer within 1 hour
  escalate after 2 hours to lead

team lead: Lead
  hours always
  answer within 1 hour

field city: text, kept 30 days
  why: To show the offices near you.

record note, kept 30 days
  why: To answer everyone who asks about it.
  read by desk
  heard: text

service cases
  get https://api.example.org/cases/{number}
  timeout 5 seconds
  send
    number: text
  returns
    status: text

template callback_reminder, utility
  body: You asked us for a call. Is it still a good time?
  button: Yes

words person, safety
  en: person
words fraud
  en: fraud
words stop, safety
  en: stop
words delete, safety
  en: delete
words hide, safety
  en: hide
`

const flowsText = `flow talk: Talk

on words fraud
  anywhere

step listen
  public
  ask word as text up to 60: Write a word.
    when silent for 3 hours: Are you still there?
  say: Heard {word}.
  -> listen

flow person: Talk to a person

on words person
  anywhere

step desk
  public
  hand over to desk: Someone asks for a person
    when waiting: A person will answer you here.
    when silent for 24 hours -> end
  say: The talk with the team has ended.
  end

flow stop: No more messages

on words stop
  anywhere

step farewell
  public
  opt out
  say: We will not write to you any more.
  end

flow hide: The weather

on words hide
  anywhere

step weather
  public
  hide: Sunny today.

flow resume: Messages again

on message resume

step again
  public
  opt in
  say: We will write to you again.
  end

flow delete: Delete my data

on words delete
  anywhere

step gone
  public
  erase contact
  say: We delete your data now.
  end

flow status: How is my case

on message status
  anywhere

step number
  public
  ask number as text up to 20: Which number?
  fetch answer from cases with number = number
    when waiting: One moment.
    when failed
      say: That did not work.
      end
  say: It is {answer.status}.
  end

flow noting: Note

on message note
  anywhere

step write
  public
  ask heard as text up to 60: What did you hear?
  ask city as text up to 60: Where?
  save note as kept
    heard = heard
  say: Your number is {kept.reference}.
  end

flow later: Come back

on message later
  anywhere

step plan
  public
  remind in 2 days -> again
    template callback_reminder
  say: We will ask you again.
  end

step again
  public
  say: Good.
  end
`

func packOf(t testing.TB) *program.Program {
	return compiled(t, map[string]string{"pack.flow": packText, "talk.flow": flowsText})
}

// realClock is the clock of the package time, which is a fake one inside a synctest bubble.
type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// rings are keys that forget what was erased. Sealing is real, so that plain text would show.
type rings struct {
	mu   sync.Mutex
	begs map[store.Key][]time.Time // beginnings of keys; the first is the zero time
	gone map[store.Key]int         // keys destroyed
}

func newRings() *rings { return &rings{begs: map[store.Key][]time.Time{}, gone: map[store.Key]int{}} }

func mac(parts ...string) []byte {
	h := hmac.New(sha256.New, []byte("country"))
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}

func (k *rings) Contact(_ string, identity store.Hash, attempt byte) store.Key {
	return store.Key(mac("contact", identity.String(), string([]byte{attempt}))[:16])
}

func (k *rings) Hash(_ string, p keys.Purpose, parts ...string) store.Hash {
	return store.Hash(mac(append([]string{fmt.Sprint(p)}, parts...)...)[:16])
}

func (k *rings) aead(key store.Key, generation int) cipher.AEAD {
	b, err := aes.NewCipher(mac("key", key.String(), fmt.Sprint(generation)))
	if err != nil {
		panic(err)
	}
	a, err := cipher.NewGCM(b)
	if err != nil {
		panic(err)
	}
	return a
}

func (k *rings) Seal(_ string, key store.Key, what keys.Kind, plain []byte) ([]byte, error) {
	k.mu.Lock()
	if len(k.begs[key]) < k.gone[key] { // it has none: one begins
		k.begs[key] = append(k.begs[key], time.Now())
	}
	g := len(k.begs[key])
	k.mu.Unlock()
	nonce := mac("nonce", string(what), string(plain))[:12]
	out := append([]byte{byte(g)}, nonce...)
	return k.aead(key, g).Seal(out, nonce, plain, []byte(what)), nil
}

func (k *rings) Open(_ string, key store.Key, what keys.Kind, sealed []byte) ([]byte, error) {
	if len(sealed) < 13 {
		return nil, ErrUnreadable
	}
	k.mu.Lock()
	gone := k.gone[key]
	k.mu.Unlock()
	if int(sealed[0]) < gone {
		return nil, ErrUnreadable
	}
	plain, err := k.aead(key, int(sealed[0])).Open(nil, sealed[1:13], sealed[13:], []byte(what))
	if err != nil {
		return nil, ErrUnreadable
	}
	return plain, nil
}

func (k *rings) Begin(_ string, key store.Key, at time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.begs[key] = append(k.begs[key], at)
	return nil
}

func (k *rings) Begun(_ string, key store.Key) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if all := k.begs[key]; len(all) > 0 {
		return all[len(all)-1]
	}
	return time.Time{}
}

func (k *rings) Erase(_ string, e store.Erasure) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	gone := 1 // the first key has no beginning
	for g, begun := range k.begs[e.Key] {
		if begun.UnixMilli() <= e.At.UnixMilli() {
			gone = g + 2
		}
	}
	k.gone[e.Key] = max(k.gone[e.Key], gone)
	return nil
}

func (k *rings) Sync() error { return nil }

// phone is a channel that writes down what a person gets.
type phone struct {
	mu     sync.Mutex
	got    []string              // texts, in order
	ids    []string              // of the deliveries
	result func(Delivery) Result // nil: accepted
	named  func(Delivery) string // the provider's id of what it accepted; nil: one that follows from ours
	window time.Duration
}

func (c *phone) Parts(o engine.Outgoing) ([]Part, error) {
	text := o.Text
	if o.Template != "" {
		text = "template " + o.Template
	}
	return []Part{{Kind: "text", Body: []byte(text), Anytime: o.Template != ""}}, nil
}

func (c *phone) Send(_ context.Context, d Delivery) Result {
	if c.result != nil {
		if r := c.result(d); r.Class != Accepted {
			return r
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got, c.ids = append(c.got, string(d.Part.Body)), append(c.ids, d.ID)
	id := "wamid." + d.ID
	if c.named != nil {
		id = c.named(d)
	}
	return Result{Class: Accepted, ProviderID: id}
}

func (c *phone) WindowCloses(last time.Time) time.Time {
	if c.window == 0 {
		return time.Time{}
	}
	return last.Add(c.window)
}

// take is what the phone got since the last time.
func (c *phone) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.got
	c.got = nil
	return got
}

// world is a runner in a bubble with everything it stands on.
type world struct {
	t      *testing.T
	store  store.Store
	keys   *rings
	phone  *phone
	log    bytes.Buffer
	runner *Runner
	stop   func()
	config Config
	number int
	seeds  atomic.Uint64
}

// inWorld runs the test in a bubble; change may change the configuration.
func inWorld(t *testing.T, change func(*Config), test func(*testing.T, *world)) {
	t.Parallel()
	p := packOf(t)
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, store: storetest.NewMemory(), keys: newRings(), phone: &phone{}}
		w.config = Config{Store: w.store, Keys: w.keys, Clock: realClock{},
			Program:  func(pack string) *program.Program { return map[string]*program.Program{"sample": p}[pack] },
			Channels: map[string]Channel{"whatsapp": w.phone},
			Random:   func() uint64 { return w.seeds.Add(0x9E3779B97F4A7C15) },
			Log:      slog.New(slog.NewJSONHandler(&w.log, nil))}
		if change != nil {
			change(&w.config)
		}
		w.start()
		test(t, w)
		w.stop()
		w.rests()
	})
}

func (w *world) start() {
	w.runner = New(w.config)
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.runner.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the runner ended with %v", err)
		}
	}
}

// rests: nothing is left in memory of conversations nobody has.
func (w *world) rests() {
	w.t.Helper()
	if left := w.runner.Left(); left != "" {
		w.t.Errorf("left in memory: %s", left)
	}
}

var ana = Identity{"whatsapp", "wa_phone", "254700000001"}

func (w *world) message(text string) Inbound {
	w.number++
	return Inbound{Kind: MessageReceived, ID: fmt.Sprintf("wamid.%s.%d", ana.Value, w.number), Pack: "sample", Channel: "whatsapp",
		Account: "100", From: []Identity{ana}, At: time.Now(), Event: engine.Event{Kind: engine.Message, Text: text}}
}

// hears gives the person's message, and returns once everything that follows at once has happened.
func (w *world) hears(text string) {
	w.t.Helper()
	if err := w.runner.Receive(w.t.Context(), []Inbound{w.message(text)}); err != nil {
		w.t.Fatalf("receive %q: %v", text, err)
	}
	w.settles()
}

// settles lets a little time pass, so that pauses between batches end.
func (w *world) settles() { w.passes(200 * time.Millisecond) }

func (w *world) passes(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (w *world) key() store.Key { return keyOf(w.keys, ana) }

func keyOf(k Keys, id Identity) store.Key {
	return k.Contact("sample", k.Hash("sample", keys.ForIdentity, id.Channel, id.Kind, id.Value), 0)
}

// entries are the codes and texts of the contact's journal of a class, oldest first.
func (w *world) entries(class uint8) []string {
	w.t.Helper()
	list, err := w.store.Journal(w.t.Context(), store.JournalQuery{Key: w.key(), Limit: 1000})
	if err != nil {
		w.t.Fatalf("journal: %v", err)
	}
	var out []string
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Class != class {
			continue
		}
		var e Entry
		if err := OpenEntry(w.keys, "sample", list[i], &e); err != nil {
			out = append(out, err.Error())
			continue
		}
		out = append(out, strings.TrimSpace(e.Code+" "+e.Text))
	}
	return out
}

func (w *world) items(kind store.ItemKind) []store.Item {
	w.t.Helper()
	list, err := w.store.Items(w.t.Context(), store.ItemQuery{Kind: kind, Of: store.All, Limit: 100})
	if err != nil {
		w.t.Fatalf("items: %v", err)
	}
	return list
}

func (w *world) opened(it store.Item, what keys.Kind) map[string]any {
	w.t.Helper()
	plain, err := w.keys.Open("sample", it.Key, what, it.Sealed)
	if err != nil {
		w.t.Fatalf("open %s: %v", what, err)
	}
	var v map[string]any
	if err := json.Unmarshal(plain, &v); err != nil {
		w.t.Fatalf("read %s: %v", what, err)
	}
	return v
}
