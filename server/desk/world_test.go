package desk_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"baraza/dsl"
	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
	"baraza/server/audit"
	"baraza/server/desk"
	"baraza/server/freeze"
)

const packText = `pack sample: Example Desk
  country KE
  timezone Africa/Nairobi
  languages en
  channels whatsapp
  notice service_notice
  start welcome
  fallback menu.choose
  example

hours always

team helpers: Help desk
  hours always
  answer within 1 hour
  escalate after 2 hours to lead

team lead: Lead
  hours always
  answer within 1 hour

field city: text, kept 30 days
  why: To show the offices near you.
field nickname: text, personal, kept 30 days
  why: To know whom to ask for.

consent service_notice, version 1
  ask: I am an automatic service. What you write is kept 30 days. Do you agree?
  yes: I agree
  no: No
  seen by: WhatsApp, Example Desk
  full text: https://example.org/privacy

record note, kept 30 days
  why: To answer everyone who asks about it.
  read by helpers
  heard: text

record tip, anonymous, kept 30 days
  why: To look into it without knowing who told it.
  read by helpers
  what: text

service cases
  get https://api.example.org/cases/{number}
  timeout 5 seconds
  send
    number: text
  returns
    status: text

template call_reminder, utility
  body: {name}, you asked us for a call. Is it still a good time?
  button: Yes

words person, safety
  en: person
words stop, safety
  en: stop
words delete, safety
  en: delete
`

const flowsText = `flow welcome: Welcome

step start
  -> menu.choose

flow menu: Menu

step choose
  public
  ask word as text up to 200: Write a word.
  say: Heard {word}.
  -> choose

flow person: Talk to a person

on words person
  anywhere

step wait_here
  ask about as text up to 200: What is it about?
  hand over to helpers: Someone asks for a person about {about}
    share city, about
    when waiting: A person will answer you here.
    when done: The talk has ended.
  end

flow stop: No more messages

on words stop
  anywhere

step farewell
  public
  opt out
  say: We will not write to you any more.
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
  ask number as text up to 60: Which number?
  fetch found from cases with number = number
    when waiting: One moment.
    when failed
      say: That did not work.
      end
  say: It is {found.status}.
  ask after as text up to 60: Anything else?
  end

flow noting: Note

on message note
  anywhere

step write
  ask heard as text up to 60: What did you hear?
  ask city as text up to 60: Where?
  ask nickname as text up to 60: Who are you?
  save note as kept
    heard = heard
  ask tipped as text up to 60: What else, without your name?
  save tip as kept_tip
    what = tipped
  say: Your number is {kept.reference}.
  remind in 2 days -> again
    template call_reminder with name = nickname
  end

step again
  if known(nickname)
    say: Good day, {nickname}.
    end
  end

flow lost: Nothing works

on message lost
  anywhere

step lose
  ask secret as text up to 60: What is lost?
  alert helpers: Somebody lost {secret}
  say: We will look for {secret}.
  end
`

func compiled(t testing.TB) *program.Program {
	t.Helper()
	return compiledAs(t, "sample", packFiles("sample"))
}

// packFiles are those of the pack under a name.
func packFiles(name string) fstest.MapFS {
	return fstest.MapFS{
		name + "/pack.flow":  {Data: []byte(strings.Replace(packText, "pack sample", "pack "+name, 1))},
		name + "/flows.flow": {Data: []byte(flowsText)},
	}
}

func compiledAs(t testing.TB, name string, files fstest.MapFS) *program.Program {
	t.Helper()
	p, problems := dsl.Compile(files, name)
	if p == nil {
		for _, d := range problems {
			t.Errorf("%v", d)
		}
		t.Fatal("the pack does not compile")
	}
	return p
}

type realClock struct{} // within a bubble it is the bubble's

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// phone is a channel that takes everything, or answers as result says.
type phone struct {
	mu     sync.Mutex
	got    []string
	result func(text string) runner.Result // nil: accepted
	sent   int
}

func (p *phone) Parts(o engine.Outgoing) ([]runner.Part, error) {
	text := o.Text
	if strings.Contains(text, "poison") {
		panic("a flaw of the channel")
	}
	if o.Template != "" {
		text = "template " + o.Template
		for _, v := range o.Args {
			text += fmt.Sprintf(" %v", v.Value)
		}
	}
	return []runner.Part{{Kind: "text", Body: []byte(text), Anytime: o.Template != ""}}, nil
}

func (p *phone) Send(_ context.Context, d runner.Delivery) runner.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	r := runner.Result{Class: runner.Accepted, ProviderID: fmt.Sprintf("wamid.%s.%d", d.To[0].Value, p.sent)}
	if p.result != nil {
		r = p.result(string(d.Part.Body))
	}
	if r.Class == runner.Accepted {
		p.got = append(p.got, string(d.Part.Body))
	}
	return r
}

// ends says how sends end from now on; nil: well.
func (p *phone) ends(how func(body string) runner.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result = how
}

func (p *phone) WindowCloses(last time.Time) time.Time { return last.Add(24 * time.Hour) }

func (p *phone) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got = nil
	return got
}

type fetcher func(map[string]any) map[string]any

func (f fetcher) Fetch(_ context.Context, q runner.Question) (map[string]any, error) {
	args := map[string]any{}
	for _, a := range q.Args {
		args[a.Name] = a.Value
	}
	return f(args), nil
}

// world is a desk over a real store, real keys and a running runner, in a bubble of its own time.
type world struct {
	t       *testing.T
	dir     string
	program *program.Program
	phone   *phone
	fetch   fetcher
	country []keys.CountryKey
	around  func(runner.Keys) runner.Keys // nil: the keys as they are
	other   *otherCountry                 // nil: there is one country

	store  *boltstore.Store
	ring   *keys.Ring
	weeks  *keys.Weeks
	runner *runner.Runner
	desk   *desk.Desk
	client *desk.Client
	audit  *audit.Log
	stop   func()
	number int
	seeds  atomic.Uint64
}

// inWorld runs the test in a bubble.
func inWorld(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	t.Parallel()
	p := compiled(t)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, dir: dir, program: p, phone: &phone{}, country: []keys.CountryKey{{7}}}
		w.fetch = func(map[string]any) map[string]any { return map[string]any{"status": "on its way"} }
		w.start()
		defer func() { w.halt() }()
		test(t, w)
	})
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) place() desk.Place {
	at := func(name string) string { return filepath.Join(w.dir, name) }
	return desk.Place{Store: at("store.db"), Frozen: at("frozen"), Countries: map[string]desk.PlaceOfKeys{
		"ke": {Keys: at("keys/ke.keys"), Weeks: at("keys/ke.weeks"), Wraps: w.country, Packs: []string{"sample"}}}}
}

func (w *world) start() {
	w.t.Helper()
	place := w.place()
	w.check(os.MkdirAll(filepath.Dir(place.Countries["ke"].Keys), 0o700))
	var err error
	w.store, err = boltstore.Open(place.Store, boltstore.Options{})
	w.check(err)
	w.ring, err = keys.Open(place.Countries["ke"].Keys, "ke", w.country, keys.Options{})
	w.check(err)
	w.weeks, err = keys.OpenWeeks(place.Countries["ke"].Weeks, "ke", w.country, keys.Options{})
	w.check(err)
	rings := runner.Rings{Packs: map[string]*keys.Ring{"sample": w.ring}, Clock: realClock{}}
	served := map[string]*program.Program{"sample": w.program}
	parts := desk.Parts{Store: w.store, Clock: realClock{}, Serving: true,
		Countries: map[string]desk.Country{"ke": {Packs: []string{"sample"}, Ring: w.ring, Weeks: w.weeks}},
		Channels:  map[string][]string{"whatsapp": {"wa_phone"}}, Senders: []string{"sample/whatsapp/200"}}
	if w.other != nil {
		w.other.joins(w, rings, served, &parts)
	}
	var sealing runner.Keys = rings
	if w.around != nil {
		sealing = w.around(sealing)
	}
	programs := func(pack string) *program.Program { return served[pack] }
	w.runner = runner.New(runner.Config{Store: w.store, Keys: sealing, Clock: realClock{}, Program: programs,
		Channels: map[string]runner.Channel{"whatsapp": w.phone}, Shards: 2, Fetcher: w.fetch,
		Random: func() uint64 { return w.seeds.Add(0x9E3779B97F4A7C15) }})
	w.audit, err = audit.Open(filepath.Join(w.dir, "audit.log"), time.Now, func(r audit.Report) { w.t.Errorf("the log: %+v", r.Problems) })
	w.check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.runner.Run(ctx) }()
	parts.Runner, parts.Keys, parts.Program, parts.Audit = w.runner, sealing, programs, w.audit
	parts.Freezes = freeze.Open(filepath.Join(w.dir, "frozen"), slices.Collect(maps.Keys(parts.Countries)))
	w.desk = desk.New(parts)
	w.client = desk.Within(w.desk.Handler())
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the runner ended with %v", err)
		}
		all := []interface{ Close() error }{w.audit, w.store, w.ring, w.weeks}
		if w.other != nil {
			all = append(all, w.other.closes...)
		}
		for _, c := range all {
			w.check(c.Close())
		}
	}
}

// halt ends everything, once.
func (w *world) halt() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

const ana, bea = "593990000001", "593990000002"

// hears gives a message of a person to the runner and waits until it was answered.
func (w *world) hears(from string, texts ...string) {
	w.t.Helper()
	w.hearsAt("sample", "200", from, texts...)
}

func (w *world) hearsAt(pack, account, from string, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		w.number++
		w.check(w.runner.Receive(w.t.Context(), []runner.Inbound{{Kind: runner.MessageReceived, ID: fmt.Sprintf("wamid.%s.in%d", from, w.number),
			Pack: pack, Channel: "whatsapp", Account: account, At: time.Now(), Message: fmt.Sprintf("wamid.%s.in%d", from, w.number),
			From: []runner.Identity{{Channel: "whatsapp", Kind: "wa_phone", Value: from}}, Event: engine.Event{Text: text}}}))
		w.passes(2 * time.Second)
	}
}

func (w *world) passes(d time.Duration) {
	time.Sleep(d) // of the bubble
	synctest.Wait()
}

// agrees is a person who has accepted the notice.
func (w *world) agrees(from string) {
	w.t.Helper()
	w.hears(from, "hello", "I agree")
}

func (w *world) key(from string) store.Key {
	return w.ring.Contact(w.ring.Hash(keys.ForIdentity, "whatsapp", "wa_phone", from), 0)
}

// opensCase brings a person into a case and returns its word.
func (w *world) opensCase(from, about string) string {
	w.t.Helper()
	w.agrees(from)
	w.hears(from, "person", about)
	list, err := w.client.Cases(w.t.Context(), desk.CaseQuery{})
	w.check(err)
	for _, c := range list.Cases {
		if c.Contact == w.key(from).String() {
			return c.Case
		}
	}
	w.t.Fatalf("no case of %s; the phone shows %q", from, w.phone.take())
	return ""
}

// problem is what a desk refused, and with which status.
func problem(err error) string {
	if err == nil {
		return "nothing"
	}
	if p, ok := err.(*desk.Problem); ok {
		return fmt.Sprintf("%d %s", p.Status, p.Text)
	}
	return err.Error()
}

func hasPart(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("got %q, want something with %q", text, part)
	}
}
