package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/channels/socket"
	"baraza/channels/whatsapp"
	"baraza/dsl"
	"baraza/dsl/ast"
	"baraza/dsl/pack"
	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/engine/store/storetest"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// What people do in every test block of the sample packs is done once through the simulator's socket and once in
// production's runner, in front of an adapter for WhatsApp. Both begin with an unknown person who goes through the
// opening, so that what a test gives beforehand does not count. What is said has to be the same to the byte.
func TestTheSimulatorSaysWhatTheRunnerSays(t *testing.T) {
	t.Parallel()
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // as in a bubble
	packs := []web.Pack{}
	checked := map[string]*dsl.Result{}
	above := os.DirFS("../../flows")
	for _, dir := range []string{"ec", "jo", "tutorial/1-hello", "tutorial/2-choices", "tutorial/3-remember", "tutorial/4-table", "tutorial/5-consent", "tutorial/6-time"} {
		root := above
		if top, _, deep := strings.Cut(dir, "/"); deep {
			root = os.DirFS(filepath.Join("../../flows", top))
		}
		packs = append(packs, packIn(t, dir, root, filepath.Base(dir)))
		checked[dir] = dsl.Open(root, filepath.Base(dir)).Check()
	}
	r := newRoom(t, web.Settings{Packs: packs, Limits: web.Limits{Limits: socket.Limits{Burst: 1_000_000}}}) // its clock stands still
	r.clock.pass(began.Sub(r.clock.Now()))
	talks, messages := 0, 0
	for _, p := range packs {
		made, token := r.invite(rounds.Round{Pack: p.Name, Uses: 500}, "")
		for _, test := range checked[p.Name].Pack.Tests {
			said := r.play(made.ID, token, test)
			all, err := r.rounds.Sessions(made.ID)
			if err != nil {
				t.Fatal(err)
			}
			kept, err := r.rounds.Session(all[len(all)-1].ID)
			if err != nil {
				t.Fatal(err)
			}
			var runs []map[string]any
			t.Run(p.Name+" "+fmt.Sprint(test.Line.Span.File, test.Line.Span.Start), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { runs = inRunner(t, checked[p.Name].Program(), p.Name, kept.Turns) })
				if diff := cmp.Diff(lines(t, runs), lines(t, said)); diff != "" {
					t.Errorf("the runner (-) and the simulator (+) differ:\n%s", diff)
				}
			})
			talks, messages = talks+1, messages+len(said)
		}
	}
	if t.Logf("%d conversations, %d messages", talks, messages); talks < 50 || messages < 3*talks {
		t.Errorf("that is hardly the corpus: %d conversations with %d messages", talks, messages)
	}
}

// lines are messages as bytes, one a line.
func lines(t *testing.T, all []map[string]any) string {
	t.Helper()
	var b strings.Builder
	for _, m := range all {
		for _, own := range []string{"seq", "at"} {
			delete(m, own)
		}
		if media, ok := m["media"].(map[string]any); ok {
			delete(media, "url") // drawn by chance
		}
		line, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// play does what the people of a test do, and gives what the bot said.
func (r *room) play(round, token string, test *pack.Test) []map[string]any {
	r.t.Helper()
	p := r.begin(token, true)
	all, err := r.rounds.Sessions(round)
	if err != nil {
		r.t.Fatal(err)
	}
	watch, _, err := r.dial("/watch/socket", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer watch.Close()
	desk := &tester{t: r.t, room: r, ws: watch}
	desk.say(map[string]any{"type": "follow", "id": newest(all)})
	desk.until("session")
	p.write("hola")
	p.write("1")
	for _, line := range test.Line.Children {
		switch h := line.Head.(type) {
		case *ast.Person:
			p.person(line, h)
		case *ast.After:
			desk.command(map[string]any{"type": "advance", "to": fmt.Sprintf("%ds", pack.Seconds(h.For))})
		case *ast.Staff:
			if h.Done {
				desk.command(map[string]any{"type": "done"})
			} else {
				desk.command(map[string]any{"type": "reply", "text": plain(line.Text)})
			}
		}
	}
	p.ws.Close()
	again := r.hello(map[string]any{"secret": p.secret, "seen": 0})
	heard := again.until("resumed")["heard"].(float64)
	again.n = int(heard)
	again.act("face", map[string]any{"face": 3}) // whatever is shown came before its answer
	again.act("finish", nil)
	again.ws.Close()
	return slices.DeleteFunc(again.seen, func(m map[string]any) bool { return m["type"] != "message" || m["staff"] == true })
}

func newest(all []rounds.Session) string {
	last := all[0]
	for _, s := range all {
		if s.Tester > last.Tester {
			last = s
		}
	}
	return last.ID
}

func (p *tester) person(line *ast.Line, h *ast.Person) {
	p.t.Helper()
	switch h.Does {
	case "taps":
		p.act("tap", map[string]any{"text": plain(line.Text)})
	case "sends":
		if h.Kind != "location" {
			p.act("media", map[string]any{"kind": h.Kind})
			return
		}
		at := map[string]any{"lat": 0.0, "lon": 0.0}
		if h.Lat != nil && h.Lon != nil {
			at["lat"], at["lon"] = *h.Lat, *h.Lon
		}
		p.act("place", map[string]any{"place": at})
	default:
		p.act("say", map[string]any{"text": plain(line.Text)})
	}
}

// command does something as a designer, and waits until it is done or refused.
func (p *tester) command(c map[string]any) {
	p.t.Helper()
	p.say(c)
	for {
		if m := p.read(); m["type"] == "session" || m["type"] == "problem" {
			return
		}
	}
}

func plain(t *ast.Text) string {
	var b strings.Builder
	if t != nil {
		for _, p := range t.Parts {
			b.WriteString(p.Literal)
		}
	}
	return b.String()
}

// phone is WhatsApp's adapter in front of a person who gets everything; it notes what was meant.
type phone struct {
	*whatsapp.Channel
	mu   sync.Mutex
	said []engine.Outgoing
}

func (c *phone) Parts(o engine.Outgoing) ([]runner.Part, error) {
	parts, err := c.Channel.Parts(o)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, o)
	var out []runner.Part
	for _, p := range parts {
		out = append(out, runner.Part{Kind: p.Kind, Body: p.Body, Media: p.Media, Anytime: true})
	}
	return out, nil
}

func (c *phone) Send(_ context.Context, d runner.Delivery) runner.Result {
	return runner.Result{Class: runner.Accepted, ProviderID: "wamid." + d.ID}
}

func (c *phone) WindowCloses(time.Time) time.Time { return time.Time{} }

// token is the id of the option with this label, in the newest message that has it.
func (c *phone) token(label string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range slices.Backward(c.said) {
		for _, o := range m.Options {
			if o.Label == label {
				return o.Token
			}
		}
	}
	return ""
}

type bubbleClock struct{}

func (bubbleClock) Now() time.Time                         { return time.Now() }
func (bubbleClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// inRunner does the same in production's runner, and gives what the bot said.
func inRunner(t *testing.T, p *program.Program, name string, turns []rounds.Turn) []map[string]any {
	t.Helper()
	ring, err := keys.Open(filepath.Join(t.TempDir(), "keys"), "EC", []keys.CountryKey{{1}}, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	out, kept := &phone{Channel: whatsapp.New(whatsapp.Settings{})}, storetest.NewMemory()
	run := runner.New(runner.Config{Store: kept, Keys: runner.Rings{Packs: map[string]*keys.Ring{name: ring}, Clock: bubbleClock{}},
		Program: func(string) *program.Program { return p }, Channels: map[string]runner.Channel{p.Channels[0].Name: out},
		Clock: bubbleClock{}, Random: func() uint64 { return 0 }, Timing: runner.Timing{LateSilence: 1e6 * time.Hour, LateReminder: 1e6 * time.Hour}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run.Run(ctx) }()
	for i, turn := range turns {
		ev := engine.Event{Kind: engine.Message, At: time.Now(), Channel: p.Channels[0].Name, Text: turn.Given()}
		switch turn.Does {
		case rounds.Write:
		case rounds.Tap:
			ev.Text, ev.Token = turn.Text, out.token(turn.Text)
		case rounds.SendMedia:
			ev.Text = ""
			if ev.Location = turn.Place; ev.Location == nil {
				ev.Media = engine.Media{Kind: turn.Kind, ID: "sample-" + turn.Kind}
			}
		case rounds.Advance:
			time.Sleep(turn.For)
			synctest.Wait()
			continue
		case rounds.StaffReply, rounds.StaffDone:
			open, err := kept.Items(ctx, store.ItemQuery{Kind: store.Case, Of: store.All, Limit: 10})
			open = slices.DeleteFunc(open, func(it store.Item) bool { return it.State == store.CaseDone })
			if err != nil || len(open) != 1 {
				t.Fatalf("%d cases are open, %v", len(open), err)
			}
			if turn.Does == rounds.StaffReply {
				err = run.Reply(ctx, open[0].Key, open[0].Number, turn.Text, engine.Media{}, fmt.Sprint("reply", i))
			} else {
				err = run.Done(ctx, open[0].Key, open[0].Number, fmt.Sprint("done", i))
			}
			if err != nil {
				t.Error(err)
			}
			synctest.Wait()
			continue
		default:
			continue
		}
		in := runner.Inbound{Kind: runner.MessageReceived, ID: fmt.Sprint("m", i), Message: fmt.Sprint("m", i), Pack: name, Channel: ev.Channel,
			Account: "1", From: []runner.Identity{{Channel: ev.Channel, Kind: "user_id", Value: "u1"}}, At: time.Now(), Event: ev}
		if err := run.Receive(ctx, []runner.Inbound{in}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	var all []map[string]any
	for i := range out.said {
		if out.said[i].Staff {
			continue
		}
		m, err := web.Shown(&out.said[i])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}
