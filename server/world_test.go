package server_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"baraza/channels/whatsapp/fake"
	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/engine/program"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

// helpPack is a pack of one country; its flows come by files.
const helpPack = `pack help: Example Desk
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

words person, safety
  en: person
words stop, safety
  en: stop
`

const helpTalk = `flow talk: Talk

step listen
  public
  ask word as text up to 200: What is the word?
  say: You wrote {word}.
  -> listen
`

const helpPerson = `flow person: A person

on words person
  anywhere

step give
  hand over to desk: Somebody asks for a person
    when waiting: A colleague answers here soon.
    when done: The colleague has left.
  -> talk.listen
`

const helpStop = `flow stop: Stop

on words stop
  anywhere

step stop
  public
  say: You get nothing more from us.
  end
`

// compile is what cmd gives a server.
func compile(folder string) (*program.Program, fs.FS, error) {
	p, problems := dsl.Compile(os.DirFS(filepath.Dir(folder)), filepath.Base(folder))
	if p == nil {
		var words strings.Builder
		_ = diag.Render(&words, problems, nil, diag.Options{})
		return nil, nil, &os.PathError{Op: "compile", Path: folder, Err: errorString(words.String())}
	}
	return p, os.DirFS(folder), nil
}

type errorString string

func (e errorString) Error() string { return string(e) }

// packFolder writes a pack.
func packFolder(t testing.TB, name string, files map[string]string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	for file, text := range files {
		path := filepath.Join(folder, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func helpFolder(t testing.TB) string {
	return packFolder(t, "help", map[string]string{"pack.flow": helpPack, "talk.flow": helpTalk, "person.flow": helpPerson, "stop.flow": helpStop})
}

const testKey = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// world is a server and the fake WhatsApp it talks to, over real HTTP.
type world struct {
	t      testing.TB
	cloud  *fake.Server
	config *config.Config
	log    *safeBuffer
	url    string // of the server

	unpaced bool
	clock   *shifted

	server *server.Server
	stop   context.CancelFunc
	ended  chan error
}

// options of a world.
type options struct {
	faults fake.Faults
	change func(*config.Config)
	folder string
	// unpaced is for much that is written to one person.
	unpaced bool
}

func newWorld(t testing.TB, o options) *world {
	t.Helper()
	w := &world{t: t, log: &safeBuffer{}, unpaced: o.unpaced, clock: &shifted{begun: time.Now()}}
	provider := httptest.NewUnstartedServer(nil)
	w.cloud = fake.New(fake.Config{BaseURL: "http://" + provider.Listener.Addr().String(), Secret: "app-secret", Token: "token", VerifyToken: "verify", Pacing: fake.Unpaced, Faults: o.faults,
		Latency: fake.Latency{Sent: time.Millisecond, Delivered: time.Millisecond, Read: time.Millisecond},
		Numbers: []fake.Number{{ID: "1001", Display: "+15550001001", Account: "77"}, {ID: "1002", Display: "+15550001002", Account: "77"}}})
	provider.Config.Handler = w.cloud
	provider.Start()
	t.Cleanup(func() { w.cloud.Close(); provider.Close() })
	if o.folder == "" {
		o.folder = helpFolder(t)
	}
	pack := filepath.Base(o.folder)
	w.config = &config.Config{
		Data:      t.TempDir(),
		Countries: map[string]*config.Country{"ke": {Packs: []string{o.folder}, Key: config.Plain(testKey)}},
		WhatsApp: []*config.WhatsApp{{Path: "/whatsapp", AppSecret: config.Plain("app-secret"), VerifyToken: config.Plain("verify"),
			Token: config.Plain("token"), Graph: provider.URL, Numbers: map[string]string{"1001": pack}}},
	}
	if o.change != nil {
		o.change(w.config)
	}
	w.start()
	t.Cleanup(func() {
		if w.stop != nil {
			w.halt()
		}
	})
	return w
}

// start begins a process on what the last one left.
func (w *world) start() {
	w.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.url = "http://" + listener.Addr().String()
	w.server, err = server.Open(server.Options{Config: w.config, Compile: compile, Listener: listener, Unpaced: w.unpaced, Clock: w.clock,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop, w.ended = stop, make(chan error, 1)
	process, ended := w.server, w.ended
	go func() { ended <- process.Run(ctx) }()
	w.cloud.SetCallback(w.url + "/whatsapp")
}

// halt ends the process as an operator does.
func (w *world) halt() {
	w.t.Helper()
	w.stop()
	w.stop = nil
	if err := <-w.ended; err != nil {
		w.t.Errorf("the server ended with: %v", err)
	}
	if err := w.server.Close(); err != nil {
		w.t.Errorf("close: %v", err)
	}
}

// idle opens what a process that has ended left, as a command of operators does.
func (w *world) idle(do func(*desk.Client) error) {
	w.t.Helper()
	process, err := server.Open(server.Options{Config: w.config, Compile: compile, Idle: true})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- process.Run(ctx) }()
	err = do(desk.Within(process.Desk().Handler()))
	stop()
	if err := errors.Join(err, <-ended, process.Close()); err != nil {
		w.t.Fatal(err)
	}
}

// until waits for something that the fake shows. For what the server shows there is sees.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		changed := w.cloud.Changed()
		if holds() {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			w.t.Fatalf("it never happened that %s\nlog:\n%s", what, w.log.String())
		}
	}
}

// sees waits for something that the server shows; nothing tells that it happened, and the fake's news may all
// have come before.
func (w *world) sees(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.After(2 * time.Minute)
	for !holds() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			w.t.Fatalf("it never happened that %s\nlog:\n%s", what, w.log.String())
		}
	}
}

// hears waits until the phone shows so many messages of the business, and gives their texts in the order in which the
// provider accepted them: it promises no order of showing them.
func (w *world) hears(p *fake.Phone, n int) []string {
	w.t.Helper()
	w.until("the phone shows the messages", func() bool { return len(p.Received()) >= n })
	shown := map[string]string{}
	for _, m := range p.Received() {
		shown[m.ID] = m.Text
	}
	var texts []string
	for _, sent := range w.cloud.Accepted() {
		if text, ok := shown[sent.ID]; ok {
			texts = append(texts, text)
		}
	}
	return texts
}

func (w *world) meet(phone string) *fake.Phone {
	return w.cloud.Meet(fake.Person{Phone: phone, Name: "Amina"}).With("1001")
}

// get asks the server for a page.
func (w *world) get(path string, change ...func(*http.Request)) (status int, body string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range change {
		c(r)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(response.Body); err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, b.String()
}

// shifted is the machine's clock, which somebody may set.
type shifted struct {
	begun time.Time
	by    atomic.Int64 // nanoseconds
}

func (c *shifted) Now() time.Time                         { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *shifted) After(d time.Duration) <-chan time.Time { return time.After(d) }
func (c *shifted) Elapsed() time.Duration                 { return time.Since(c.begun) }
func (c *shifted) set(by time.Duration)                   { c.by.Store(int64(by)) }

// safeBuffer is written by a log and read by a test.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
