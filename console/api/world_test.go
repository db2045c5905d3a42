package api_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"baraza/channels/whatsapp/fake"
	"baraza/console/accounts"
	"baraza/console/api"
	"baraza/console/role"
	"baraza/dsl"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

const packText = `pack help: Example Desk
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

const flowsText = `flow talk: Talk

step listen
  public
  ask word as text up to 200: What is the word?
  say: You wrote {word}.
  -> listen

flow person: A person

on words person
  anywhere

step give
  hand over to desk: Somebody asks for a person
    when waiting: A colleague answers here soon.
    when done: The colleague has left.
  -> talk.listen

flow stop: Stop

on words stop
  anywhere

step stop
  public
  say: You get nothing more from us.
  end
`

// country is one of the world: a pack that comes as releases, and the number that it answers on.
type country struct {
	pack, number, person string
	key                  ed25519.PrivateKey
}

// world is a real server for two countries, the fake WhatsApp it talks to, and the API over real HTTP. Who asks is what a
// request says in a header: who signs in is for others to know.
type world struct {
	t         *testing.T
	cloud     *fake.Server
	countries map[string]*country
	desk      *desk.Desk
	accounts  *accounts.Accounts
	data      string
	url       string
	checked   *checked
	log       *safeBuffer
}

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

// callerHeader says who asks, as JSON.
const callerHeader = "X-Test-Caller"

func signsIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text := r.Header.Get(callerHeader); text != "" {
			var c role.Caller
			if err := json.Unmarshal([]byte(text), &c); err != nil {
				panic(err)
			}
			r = r.WithContext(role.With(r.Context(), c))
		}
		next.ServeHTTP(w, r)
	})
}

func packFiles(pack string) fstest.MapFS {
	return fstest.MapFS{
		pack + "/pack.flow":  {Data: []byte(strings.Replace(packText, "pack help", "pack "+pack, 1))},
		pack + "/flows.flow": {Data: []byte(flowsText)},
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, countries: map[string]*country{"ke": {pack: "help", number: "1001", person: "+254700000001"},
		"ug": {pack: "aid", number: "1002", person: "+256700000001"}}, log: &safeBuffer{}, data: t.TempDir()}
	provider := httptest.NewUnstartedServer(nil)
	var numbers []fake.Number
	settings := map[string]*config.Country{}
	answers := map[string]string{}
	for name, c := range w.countries {
		secret, public, err := release.NewKey(rand.Reader)
		w.check(err)
		c.key, err = release.ReadKey(secret)
		w.check(err)
		numbers = append(numbers, fake.Number{ID: c.number, Display: "+1555000" + c.number, Account: "77"})
		settings[name] = &config.Country{Releases: &config.Releases{Packs: []string{c.pack}}, ReleaseKeys: []string{release.PublicText(public)},
			Key: config.Plain(strings.Repeat("00112233445566778899aabbccddee"+fmt.Sprintf("%02x", name[0]), 2))}
		answers[c.number] = c.pack
	}
	w.cloud = fake.New(fake.Config{BaseURL: "http://" + provider.Listener.Addr().String(), Secret: "app-secret", Token: "token", VerifyToken: "verify", Pacing: fake.Unpaced,
		Latency: fake.Latency{Sent: time.Millisecond, Delivered: time.Millisecond, Read: time.Millisecond}, Numbers: numbers})
	provider.Config.Handler = w.cloud
	provider.Start()
	t.Cleanup(func() { w.cloud.Close(); provider.Close() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	process, err := server.Open(server.Options{Listener: listener, Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Compile: func(string) (*program.Program, fs.FS, error) { panic("all packs come as releases") },
		Config: &config.Config{Data: w.data, Countries: settings, WhatsApp: []*config.WhatsApp{{Path: "/whatsapp", AppSecret: config.Plain("app-secret"),
			VerifyToken: config.Plain("verify"), Token: config.Plain("token"), Graph: provider.URL, Numbers: answers}}}})
	w.check(err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- process.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
		if err := process.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	w.cloud.SetCallback("http://" + listener.Addr().String() + "/whatsapp")
	w.desk = process.Desk()
	w.accounts, err = accounts.Open(accounts.Options{Path: filepath.Join(t.TempDir(), "accounts.db"), Public: "https://chat.example.org", Key: [32]byte{1},
		Countries: []string{"ke", "ug"}, Audit: process.Audit()})
	w.check(err)
	t.Cleanup(func() { w.check(w.accounts.Close()) })
	w.checked = newChecked(t, signsIn(api.Handler(w.desk, w.accounts, slog.New(slog.NewTextHandler(w.log, nil)))))
	console := httptest.NewServer(w.checked)
	t.Cleanup(console.Close)
	w.url = console.URL
	return w
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// until waits for something that the fake shows, or the desk, which tells nobody that something happened.
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
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			w.t.Fatalf("it never happened that %s\nlog:\n%s", what, w.log.String())
		}
	}
}

// bundle builds the release of a country's pack, and signs it.
func (w *world) bundle(name, word string, needs ...string) (hash string, bundle, signature []byte) {
	w.t.Helper()
	c := w.countries[name]
	files := packFiles(c.pack)
	if len(needs) > 0 {
		pack := files[c.pack+"/pack.flow"]
		pack.Data = bytes.Replace(pack.Data, []byte("  example\n"), []byte("  example\n  release needs\n    "+strings.Join(needs, "\n    ")+"\n"), 1)
	}
	files[c.pack+"/flows.flow"] = &fstest.MapFile{Data: []byte(strings.Replace(flowsText, "You wrote", word, 1))}
	p, problems := dsl.Compile(files, c.pack)
	if p == nil {
		w.t.Fatal(problems)
	}
	var out bytes.Buffer
	m, err := release.Build(&out, release.Pack{Program: p, Files: files, Folder: c.pack, Names: []string{"flows.flow", "pack.flow"}})
	w.check(err)
	signature, err = release.Sign(m.Hash(), c.key)
	w.check(err)
	return m.Hash(), out.Bytes(), signature
}

// caller has some roles in a country.
func caller(account, country string, roles ...role.Role) role.Caller {
	return role.Caller{Account: account, Roles: map[string][]role.Role{country: roles}}
}

// root has every role everywhere.
var root = caller("root", role.Everywhere, role.All()...)

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// into reads the answer, which has to be good.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// asks is a request of somebody; a caller without an account is nobody.
func (w *world) asks(who role.Caller, path string, body any, change ...func(*http.Request)) answer {
	w.t.Helper()
	text, err := json.Marshal(body)
	w.check(err)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+path, bytes.NewReader(text))
	w.check(err)
	r.Header.Set("Content-Type", "application/json")
	if who.Account != "" {
		text, err := json.Marshal(who)
		w.check(err)
		r.Header.Set(callerHeader, string(text))
	}
	for _, c := range change {
		c(r)
	}
	response, err := http.DefaultClient.Do(r)
	w.check(err)
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	w.check(err)
	return answer{response.StatusCode, response.Header, string(all)}
}

// sends makes a request send a text as something of a kind.
func sends(body, kind string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", kind)
	}
}

// brings makes a request bring a bundle.
func brings(bundle, signature []byte) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(bundle)), int64(len(bundle))
		r.Header.Set("Content-Type", "application/octet-stream")
		r.Header.Set(desk.SignatureHeader, base64.StdEncoding.EncodeToString(signature))
	}
}

// in is the address of a route in a country.
func in(country, route string) string { return "/api/v1/countries/" + country + route }

// lives has a release serve each country, and a person there who asks for somebody; it gives their cases.
func (w *world) lives() map[string]desk.CaseLine {
	w.t.Helper()
	cases := map[string]desk.CaseLine{}
	for name, c := range w.countries {
		hash, bundle, signature := w.bundle(name, "You wrote")
		var kept desk.KeptRelease
		w.asks(root, in(name, "/release/keep"), nil, brings(bundle, signature)).into(w.t, &kept)
		var serves desk.Serves
		w.asks(root, in(name, "/release/activate"), map[string]any{"release": hash, "percent": 100, "why": "the first"}).into(w.t, &serves)
		phone := w.cloud.Meet(fake.Person{Phone: c.person, Name: "Amina"}).With(c.number)
		phone.Write("person")
		w.until("a colleague is announced", func() bool { return len(phone.Received()) > 0 })
		var list desk.CaseList
		w.asks(root, in(name, "/case/list"), map[string]any{}).into(w.t, &list)
		if len(list.Cases) != 1 {
			w.t.Fatalf("%s has %d cases", name, len(list.Cases))
		}
		cases[name] = list.Cases[0]
	}
	return cases
}

func hasPart(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("got %q, want something with %q", text, part)
	}
}
