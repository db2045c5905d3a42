package page_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"baraza/channels/whatsapp/fake"
	"baraza/console/look"
	"baraza/console/page"
	"baraza/console/role"
	"baraza/dsl"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

// talkPack is a pack of one country with one question in two languages.
const talkPack = `pack %[1]s: Example Desk
  country %[2]s
  timezone Africa/Nairobi
  languages en, ar
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
  ar: شخص
words stop, safety
  en: stop
  ar: توقف
`

const talkFlow = `flow talk: Talk

step listen
  public
  ask word as %s: %s
  say: %s
  -> listen
`

const personFlow = `flow person: A person

on words person
  anywhere

step give
  hand over to desk: Somebody asks for a person
    when waiting: A colleague answers here soon.
    when done: The colleague has left.
  -> talk.listen
`

const stopFlow = `flow stop: Stop

on words stop
  anywhere

step stop
  public
  say: You get nothing more from us.
  end
`

// wording is what a release says; what is left out is as in the first one.
type wording struct {
	ask, say             string
	arabicAsk, arabicSay string
	answer               string // what is asked for
	flow                 string // in place of the talk
	more                 string // below the pack's own lines
}

func (w wording) files() map[string]string {
	w.ask, w.say = cmp.Or(w.ask, "What is the word?"), cmp.Or(w.say, "You wrote {word}.")
	w.arabicAsk, w.arabicSay = cmp.Or(w.arabicAsk, "ما هي الكلمة؟"), cmp.Or(w.arabicSay, "كتبتَ {word}.")
	po := "msgid \"\"\nmsgstr \"\"\n\"Language: ar\\n\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n"
	for _, t := range [][3]string{{"talk.listen.ask", w.ask, w.arabicAsk}, {"talk.listen.say", w.say, w.arabicSay}} {
		po += fmt.Sprintf("\nmsgctxt %q\nmsgid %q\nmsgstr %q\n", t[0], t[1], t[2])
	}
	talk := cmp.Or(w.flow, fmt.Sprintf(talkFlow, cmp.Or(w.answer, "text up to 200"), w.ask, w.say))
	return map[string]string{"talk.flow": talk, "person.flow": personFlow, "stop.flow": stopFlow, "locale/ar.po": po}
}

// accounts of the tests, by name.
func callers() map[string]role.Caller {
	of := func(country string, all ...role.Role) map[string][]role.Role {
		return map[string][]role.Role{country: all}
	}
	return map[string]role.Caller{
		"ana":    {Account: "ana", Roles: of("ke", role.Releaser)},
		"ben":    {Account: "ben", Roles: of("ke", role.Approver)},
		"dora":   {Account: "dora", Roles: of("ke", role.Designer)},
		"sami":   {Account: "sami", Roles: of("ke", role.Staff)},
		"aida":   {Account: "aida", Roles: of("ke", role.Auditor)},
		"otto":   {Account: "otto", Roles: of("ug", role.Releaser, role.Approver, role.Auditor, role.Administrator)},
		"ada":    {Account: "ada", Roles: of(role.Everywhere, role.Administrator, role.Auditor)},
		"nobody": {Account: "nobody"},
	}
}

// room is a server of two countries whose packs come as releases, with a fake provider and the console's pages.
type room struct {
	t         *testing.T
	cloud     *fake.Server
	server    *server.Server
	url       string
	key       ed25519.PrivateKey
	desk      *desk.Client
	behaviour func(ctx context.Context, bundle io.ReadSeeker, pack, serves string) (page.Outcome, error)
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{t: t}
	secret, public, err := release.NewKey(rand.Reader)
	r.check(err)
	r.key, err = release.ReadKey(secret)
	r.check(err)
	provider := httptest.NewUnstartedServer(nil)
	r.cloud = fake.New(fake.Config{BaseURL: "http://" + provider.Listener.Addr().String(), Secret: "app-secret", Token: "token", VerifyToken: "verify", Pacing: fake.Unpaced,
		Latency: fake.Latency{Sent: time.Millisecond, Delivered: time.Millisecond, Read: time.Millisecond},
		Numbers: []fake.Number{{ID: "1001", Display: "+15550001001", Account: "77"}}})
	provider.Config.Handler = r.cloud
	provider.Start()
	t.Cleanup(func() { r.cloud.Close(); provider.Close() })
	country := func(pack, key string) *config.Country {
		return &config.Country{Releases: &config.Releases{Packs: []string{pack}}, ReleaseKeys: []string{release.PublicText(public)}, Key: config.Plain(strings.Repeat(key, 32))}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	r.check(err)
	r.url = "http://" + listener.Addr().String()
	r.server, err = server.Open(server.Options{Listener: listener, Compile: compile, Log: slog.New(slog.DiscardHandler), Unpaced: true,
		Config: &config.Config{Data: t.TempDir(), Countries: map[string]*config.Country{"ke": country("help", "4b"), "ug": country("aid", "7a")},
			WhatsApp: []*config.WhatsApp{{Path: "/whatsapp", AppSecret: config.Plain("app-secret"), VerifyToken: config.Plain("verify"),
				Token: config.Plain("token"), Graph: provider.URL, Numbers: map[string]string{"1001": "help"}}}}})
	r.check(err)
	r.desk = desk.Within(r.server.Desk().Handler())
	behaviour := func(ctx context.Context, bundle io.ReadSeeker, pack, serves string) (page.Outcome, error) {
		if r.behaviour == nil {
			return page.Outcome{Passed: 3}, nil
		}
		return r.behaviour(ctx, bundle, pack, serves)
	}
	r.server.Mount("/console/", door(page.Handler(page.Options{Desk: r.server.Desk(), Behaviour: behaviour, Folder: t.TempDir()})))
	r.server.Mount("GET "+look.StylePath, look.Style())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
		if err := r.server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	r.cloud.SetCallback(r.url + "/whatsapp")
	return r
}

func (r *room) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// door stands for accounts.Guard: the name in a cookie is believed, and what another site's page sends is refused.
func door(next http.Handler) http.Handler {
	guarded := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		look.Headers(w.Header(), false)
		if name := r.URL.Query().Get("enter"); name != "" {
			http.SetCookie(w, &http.Cookie{Name: "who", Value: name, Path: "/"})
			http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
			return
		}
		if c, err := r.Cookie("who"); err == nil {
			if caller, ok := callers()[c.Value]; ok {
				r = r.WithContext(role.With(r.Context(), caller))
			}
		}
		guarded.ServeHTTP(w, r)
	})
}

func compile(folder string) (*program.Program, fs.FS, error) {
	return nil, nil, fmt.Errorf("there is no folder %s here", filepath.Base(folder))
}

// packed is a release as a file with its signature.
type packed struct {
	hash      string
	bundle    []byte
	signature []byte
}

// build makes a release of a pack.
func (r *room) build(pack string, words wording) packed {
	r.t.Helper()
	country := map[string]string{"help": "KE", "aid": "UG"}[pack]
	files := fstest.MapFS{pack + "/pack.flow": &fstest.MapFile{Data: []byte(fmt.Sprintf(talkPack, pack, country) + words.more)}}
	for file, text := range words.files() {
		files[pack+"/"+file] = &fstest.MapFile{Data: []byte(text)}
	}
	checked := dsl.Open(files, pack).Check()
	if checked.Program() == nil {
		r.t.Fatal(checked.Problems)
	}
	var b bytes.Buffer
	m, err := release.Build(&b, release.Pack{Program: checked.Program(), Files: files, Folder: pack, Names: checked.Sources.Files()})
	r.check(err)
	signature, err := release.Sign(m.Hash(), r.key)
	r.check(err)
	return packed{m.Hash(), b.Bytes(), signature}
}

// file writes a release beside its signature, as one has it before it is sent.
func (p packed) file(t *testing.T, name string) (bundle, signature string) {
	t.Helper()
	bundle = filepath.Join(t.TempDir(), name)
	signature = bundle + ".sig"
	for path, b := range map[string][]byte{bundle: p.bundle, signature: p.signature} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return bundle, signature
}

// serves has a release serve, as a command does.
func (r *room) serves(country string, p packed) {
	r.t.Helper()
	kept, err := r.desk.Keep(r.t.Context(), country, bytes.NewReader(p.bundle), p.signature)
	r.check(err)
	now, err := r.desk.Releases(r.t.Context(), desk.Change{Country: country})
	r.check(err)
	_, err = r.desk.Activate(r.t.Context(), desk.Change{Country: country, Planned: now.State.Serves(), Release: kept.Release, Percent: 100, By: "the command line", Why: "the first one"})
	r.check(err)
}

// state is what serves.
func (r *room) state(country string) release.State {
	r.t.Helper()
	now, err := r.desk.Releases(r.t.Context(), desk.Change{Country: country})
	r.check(err)
	return now.State
}

// writes is a person who writes a first word, and waits until the business has answered n messages.
func (r *room) writes(phone string, n int, texts ...string) []string {
	r.t.Helper()
	p := r.cloud.Meet(fake.Person{Phone: phone, Name: "Amina"}).With("1001")
	for _, text := range texts {
		p.Write(text)
	}
	deadline := time.After(20 * time.Second)
	for {
		changed := r.cloud.Changed()
		if got := p.Received(); len(got) >= n {
			var all []string
			for _, m := range got {
				all = append(all, m.Text)
			}
			return all
		}
		select {
		case <-changed:
		case <-deadline:
			r.t.Fatalf("%s was never sent %d messages", phone, n)
		}
	}
}

// person is a browser without a screen.
type person struct {
	r      *room
	client *http.Client
}

func (r *room) enters(name string) *person {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	r.check(err)
	address, err := url.Parse(r.url)
	r.check(err)
	jar.SetCookies(address, []*http.Cookie{{Name: "who", Value: name, Path: "/"}})
	return &person{r, &http.Client{Jar: jar}}
}

// answer is a page as it came.
type answer struct {
	status int
	path   string // where one was led
	body   string
	header http.Header
}

func (p *person) do(q *http.Request) answer {
	p.r.t.Helper()
	response, err := p.client.Do(q)
	p.r.check(err)
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	p.r.check(err)
	return answer{response.StatusCode, response.Request.URL.RequestURI(), string(b), response.Header}
}

func (p *person) get(path string) answer {
	p.r.t.Helper()
	q, err := http.NewRequestWithContext(p.r.t.Context(), http.MethodGet, p.r.url+path, nil)
	p.r.check(err)
	return p.do(q)
}

// post sends a form, with names and values in turn.
func (p *person) post(path string, fields ...string) answer {
	p.r.t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	q, err := http.NewRequestWithContext(p.r.t.Context(), http.MethodPost, p.r.url+path, strings.NewReader(values.Encode()))
	p.r.check(err)
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(q)
}

// sends uploads a bundle.
func (p *person) sends(path string, of packed) answer {
	p.r.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, content := range map[string][]byte{"bundle": of.bundle, "signature": of.signature} {
		part, err := form.CreateFormFile(name, name)
		p.r.check(err)
		_, err = part.Write(content)
		p.r.check(err)
	}
	p.r.check(form.Close())
	q, err := http.NewRequestWithContext(p.r.t.Context(), http.MethodPost, p.r.url+path, &b)
	p.r.check(err)
	q.Header.Set("Content-Type", form.FormDataContentType())
	return p.do(q)
}
