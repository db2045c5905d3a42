package web_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"baraza/channels/browsertest"
	"baraza/dsl"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// patience is how long a test waits for what has to come.
const patience = 2 * time.Minute

// A room is a simulator with a round, on a line that can be cut.
type room struct {
	t      testing.TB
	web    *web.Server
	served atomic.Pointer[web.Server] // what the line leads to
	server *httptest.Server
	line   *browsertest.Line
	rounds *rounds.File
	clock  *clock
}

// clock is what the simulator takes for the time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// packIn is the pack of a folder.
func packIn(t testing.TB, name string, above fs.FS, dir string) web.Pack {
	t.Helper()
	files, err := fs.Sub(above, dir)
	if err != nil {
		t.Fatal(err)
	}
	checker := dsl.Open(above, dir)
	return web.Pack{Name: name, Newest: func() (*web.Version, string) {
		r := checker.Check()
		if r.Program() == nil {
			return nil, "it has errors"
		}
		return &web.Version{Program: r.Program(), Source: r.Sources.Source, Files: files, Checked: r}, ""
	}}
}

func samples(t testing.TB) []web.Pack {
	above := os.DirFS("../../flows")
	return []web.Pack{packIn(t, "ec", above, "ec"), packIn(t, "jo", above, "jo")}
}

// here, as the simulator's own origin, is where the room is.
const here = "here"

func newRoom(t testing.TB, s web.Settings) *room {
	t.Helper()
	r := &room{t: t, clock: &clock{now: time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)}}
	var err error
	if r.rounds, err = rounds.Open(t.TempDir(), rounds.Options{Now: r.clock.Now}); err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.served.Load().ServeHTTP(w, q) }))
	if s.Own == here {
		s.Own = "http://" + r.server.Listener.Addr().String()
	}
	s.Rounds, s.Now = r.rounds, r.clock.Now
	if s.Packs == nil {
		s.Packs = samples(t)
	}
	if r.web, err = web.New(s); err != nil {
		t.Fatal(err)
	}
	r.served.Store(r.web)
	r.line = &browsertest.Line{Listener: r.server.Listener}
	r.server.Listener = r.line
	r.server.Start()
	t.Cleanup(func() {
		r.web.Close()
		r.server.Close()
		r.rounds.Close()
	})
	return r
}

// invite makes a round and gives its token.
func (r *room) invite(of rounds.Round, passphrase string) (rounds.Round, string) {
	r.t.Helper()
	if of.Title == "" {
		of.Title = "First round"
	}
	if of.Pack == "" {
		of.Pack = "ec"
	}
	if of.Uses == 0 {
		of.Uses = 5
	}
	made, token, err := r.rounds.CreateRound(of, passphrase)
	if err != nil {
		r.t.Fatal(err)
	}
	return made, token
}

// A tester is the page without a browser.
type tester struct {
	t      testing.TB
	room   *room
	ws     *websocket.Conn
	secret string
	n      int
	seen   []map[string]any
}

func (r *room) dial(path string, header http.Header) (*websocket.Conn, *http.Response, error) {
	if header == nil {
		header = http.Header{"Origin": {r.server.URL}}
	}
	return websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(r.server.URL, "http")+path, header)
}

// hello opens a connection and says the first word.
func (r *room) hello(more map[string]any) *tester {
	r.t.Helper()
	ws, _, err := r.dial("/try/socket", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { ws.Close() })
	p := &tester{t: r.t, room: r, ws: ws}
	m := map[string]any{"type": "hello", "v": 1, "lang": "es"}
	for k, v := range more {
		m[k] = v
	}
	p.say(m)
	return p
}

// begin accepts an invitation.
func (r *room) begin(token string, record bool) *tester {
	r.t.Helper()
	p := r.hello(map[string]any{"token": token})
	p.until("invited")
	p.say(map[string]any{"type": "begin", "record": record})
	p.secret = p.until("begun")["secret"].(string)
	return p
}

func (p *tester) say(what any) {
	p.t.Helper()
	if err := p.ws.WriteJSON(what); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tester) read() map[string]any {
	p.t.Helper()
	p.ws.SetReadDeadline(time.Now().Add(patience))
	_, b, err := p.ws.ReadMessage()
	if err != nil {
		p.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		p.t.Fatal(err)
	}
	if m["type"] == "again" {
		for _, e := range m["entries"].([]any) {
			p.seen = append(p.seen, e.(map[string]any))
		}
	}
	if m["seq"] != nil {
		p.seen = append(p.seen, m)
	}
	return m
}

// until reads to the next message of a kind.
func (p *tester) until(kind string) map[string]any {
	p.t.Helper()
	for {
		m := p.read()
		if m["type"] == kind {
			return m
		}
		if m["type"] == "refused" && kind != "refused" {
			p.t.Fatalf("refused instead of %s: %v", kind, m)
		}
	}
}

// act does something numbered and waits until it has taken effect.
func (p *tester) act(kind string, more map[string]any) {
	p.t.Helper()
	p.n++
	m := map[string]any{"type": kind, "n": p.n}
	for k, v := range more {
		m[k] = v
	}
	p.say(m)
	for p.until("got")["n"].(float64) != float64(p.n) {
	}
}

func (p *tester) write(text string) { p.t.Helper(); p.act("say", map[string]any{"text": text}) }

// texts are what the page shows, in plain words.
func (p *tester) texts() []string {
	var all []string
	for _, m := range p.seen {
		text, _ := m["text"].(string)
		spans, _ := m["spans"].([]any)
		for _, s := range spans {
			text += s.(map[string]any)["t"].(string)
		}
		if m["type"] == "message" || m["type"] == "mine" {
			all = append(all, text)
		}
	}
	return all
}

func until(t testing.TB, what string, is func() bool) { t.Helper(); browsertest.Until(t, what, is) }
