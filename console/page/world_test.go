package page_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
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
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pquerna/otp/totp"

	"baraza/channels/whatsapp/fake"
	"baraza/console"
	"baraza/console/accounts"
	"baraza/console/api"
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
%[3]s
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
	gate                 string // that the pack declares
}

// needs are lines of the pack.
func (w wording) needs() string {
	if w.gate == "" {
		return ""
	}
	return "  release needs\n    " + w.gate + "\n"
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

// operators of the tests, by name, with their roles.
func operators() map[string]map[string][]role.Role {
	in := func(country string, all ...role.Role) map[string][]role.Role {
		return map[string][]role.Role{country: all}
	}
	return map[string]map[string][]role.Role{
		"ana":  in("ke", role.Releaser),
		"ben":  in("ke", role.Approver),
		"dora": in("ke", role.Designer),
		"sami": in("ke", role.Staff),
		"aida": in("ke", role.Auditor),
		"kofi": in("ke", role.Administrator),
		"otto": in("ug", role.All()...),
		"ada":  in(role.Everywhere, role.Administrator, role.Auditor),
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
	accounts  *accounts.Accounts
	behaviour func(ctx context.Context, bundle io.ReadSeeker, serves string) (page.Outcome, error)
}

func newRoom(t *testing.T, change ...func(*config.Config)) *room {
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
	settings := &config.Config{Data: t.TempDir(), Public: r.url, Countries: map[string]*config.Country{"ke": country("help", "4b"), "ug": country("aid", "7a")},
		Console: &config.Console{Key: config.Plain(strings.Repeat("5c", 32))},
		WhatsApp: []*config.WhatsApp{{Path: "/whatsapp", AppSecret: config.Plain("app-secret"), VerifyToken: config.Plain("verify"),
			Token: config.Plain("token"), Graph: provider.URL, Numbers: map[string]string{"1001": "help"}}}}
	for _, one := range change {
		one(settings)
	}
	r.server, err = server.Open(server.Options{Listener: listener, Compile: compile, Log: slog.New(slog.DiscardHandler), Unpaced: true, Config: settings})
	r.check(err)
	r.desk = desk.Within(r.server.Desk().Handler())
	behaviour := func(ctx context.Context, bundle io.ReadSeeker, serves string) (page.Outcome, error) {
		if r.behaviour == nil {
			return page.Outcome{Passed: 3}, nil
		}
		return r.behaviour(ctx, bundle, serves)
	}
	open, err := console.Open(console.Options{Config: settings, Audit: r.server.Audit(), API: func(who *accounts.Accounts) http.Handler {
		return api.Handler(r.server.Desk(), who, slog.New(slog.DiscardHandler))
	}, Page: func(who *accounts.Accounts) http.Handler {
		return page.Handler(page.Options{Desk: r.server.Desk(), Accounts: who, Behaviour: behaviour, Folder: settings.Data})
	}})
	r.check(err)
	r.accounts = open.Accounts
	for pattern, handler := range open.Mounted() {
		r.server.Mount(pattern, handler)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
		if err := errors.Join(open.Close(), r.server.Close()); err != nil {
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
	files := fstest.MapFS{pack + "/pack.flow": &fstest.MapFile{Data: []byte(fmt.Sprintf(talkPack, pack, country, words.needs()))}}
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
	deadline := time.After(2 * time.Minute)
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

// invitation is the link of an operator who has no password yet.
func (r *room) invitation(name string) string {
	r.t.Helper()
	link, err := r.accounts.Invite(accounts.OnMachine(r.t.Context(), "root"), accounts.Invitation{Name: name, Roles: operators()[name]})
	r.check(err)
	return link.Address
}

// password of all operators.
const password = "four unusual words here"

var phoneSecret = regexp.MustCompile(`<span class="code">([A-Z2-7 ]+)</span>`)

// code is what a phone shows now that was set up from a page.
func (r *room) code(page string) string {
	r.t.Helper()
	found := phoneSecret.FindStringSubmatch(page)
	if found == nil {
		r.t.Fatalf("no secret for a phone on the page:\n%s", page)
	}
	code, err := totp.GenerateCode(strings.ReplaceAll(found[1], " ", ""), time.Now())
	r.check(err)
	return code
}

// enters is an operator who was invited and has signed in.
func (r *room) enters(name string) *person {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	r.check(err)
	p := &person{r, &http.Client{Jar: jar}}
	p.get(strings.TrimPrefix(r.invitation(name), r.url))
	phone := p.post("/console/invited", "new", password, "again", password)
	has(r.t, p.post("/console/invited", "phone", "yes", "code", r.code(phone.body)).body, "recovery codes")
	return p
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
	headers := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		if name, ok := strings.CutPrefix(fields[i], header); ok {
			headers.Set(name, fields[i+1])
		} else {
			values.Add(fields[i], fields[i+1])
		}
	}
	q, err := http.NewRequestWithContext(p.r.t.Context(), http.MethodPost, p.r.url+path, strings.NewReader(values.Encode()))
	p.r.check(err)
	q.Header = headers
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(q)
}

// header stands before the name of a field that is a header.
const header = "header "

// evilOutcome is what tests say with titles and lines that somebody made up to do harm.
func evilOutcome(evil string) func(context.Context, io.ReadSeeker, string) (page.Outcome, error) {
	return func(context.Context, io.ReadSeeker, string) (page.Outcome, error) {
		return page.Outcome{Passed: 1, Failed: []string{evil}, Differ: []page.Conversation{{Test: evil, Rows: []page.Row{{Planned: evil, Serves: evil, Differs: true}}}}}, nil
	}
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
