package accounts_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"baraza/console/accounts"
	"baraza/console/look"
	"baraza/console/role"
	"baraza/server/audit"
)

// world is a process with accounts, a clock that moves when told, and pages behind the guard that name who asks.
type world struct {
	t        *testing.T
	accounts *accounts.Accounts
	options  accounts.Options
	clock    *clock
	log      string // of who did what
	public   string
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newWorld(t *testing.T, change ...func(*accounts.Options)) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, clock: &clock{at: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)}, log: filepath.Join(dir, "audit.log")}
	records, err := audit.Open(w.log, w.clock.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() })
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { w.handler().ServeHTTP(out, r) }))
	w.public = "http://" + server.Listener.Addr().String()
	w.options = accounts.Options{Path: filepath.Join(dir, "console", "accounts.db"), Public: w.public, Key: [32]byte{1},
		Countries: []string{"ec", "jo"}, Audit: records, Now: w.clock.Now}
	for _, c := range change {
		c(&w.options)
	}
	w.options.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	w.open()
	t.Cleanup(func() { _ = w.accounts.Close() })
	server.Start()
	t.Cleanup(server.Close)
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.accounts, err = accounts.Open(w.options); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) handler() http.Handler {
	mux := http.NewServeMux()
	who := w.accounts.Guard(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		c, _ := role.Of(r.Context())
		fmt.Fprintf(out, "caller %s may %v", c.Name(), c.Roles)
	}))
	mux.Handle("/console/", who)
	mux.Handle("/api/", who)
	mux.Handle("GET "+look.StylePath, look.Style())
	for _, path := range accounts.Paths {
		mux.Handle(path, w.accounts.Pages())
	}
	return mux
}

// machine is the administrator of the machine.
func machine() context.Context { return accounts.OnMachine(context.Background(), "root") }

// as is somebody who signed in.
func as(name string, roles map[string][]role.Role) context.Context {
	return role.With(context.Background(), role.Caller{Account: name, Roles: roles})
}

func in(country string, roles ...role.Role) map[string][]role.Role {
	return map[string][]role.Role{country: roles}
}

// browser keeps cookies and says, as browsers do, that our own pages ask.
type browser struct {
	*world
	client *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w, &http.Client{Jar: jar}}
}

type answer struct {
	status int
	path   string // where it led
	body   string
	header http.Header
}

func (b *browser) do(method, path string, form url.Values, header ...string) answer {
	b.t.Helper()
	if form == nil {
		return b.doing(method, path, nil, header...)
	}
	return b.doing(method, path, strings.NewReader(form.Encode()), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

// doing sends a body of whatever kind the header says.
func (b *browser) doing(method, path string, body io.Reader, header ...string) answer {
	b.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.public + path
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Request.URL.RequestURI(), string(text), response.Header}
}

func (b *browser) get(path string, header ...string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil, header...)
}

func (b *browser) post(path string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

func (a answer) says(t *testing.T, status int, parts ...string) {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d at %s, want %d:\n%s", a.status, a.path, status, a.body)
	}
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Fatalf("the answer at %s does not say %q:\n%s", a.path, part, a.body)
		}
	}
}

const goodPassword = "three brown mountain goats"

// person is somebody with an account, and what they keep to themselves.
type person struct {
	name, password, phone string
	codes                 []string
}

var (
	secretText = regexp.MustCompile(`<span class="code">([A-Z2-7 ]+)</span>`)
	codeText   = regexp.MustCompile(`<li class="code">([a-z0-9-]+)</li>`)
)

// code is what the phone shows now.
func (w *world) code(p *person) string {
	w.t.Helper()
	code, err := totp.GenerateCodeCustom(p.phone, w.clock.Now(), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// joins opens an account by its link, as its owner does, and stays signed in.
func (b *browser) joins(name, link string) *person {
	b.t.Helper()
	b.get(link).says(b.t, http.StatusOK, "You were invited as <strong>"+name)
	page := b.post("/console/invited", "new", goodPassword, "again", goodPassword)
	page.says(b.t, http.StatusOK, "Set up your phone", "<svg")
	p := &person{name: name, password: goodPassword, phone: strings.ReplaceAll(secretText.FindStringSubmatch(page.body)[1], " ", "")}
	page = b.post("/console/invited", "phone", "yes", "code", b.code(p))
	page.says(b.t, http.StatusOK, "Write down your recovery codes")
	for _, m := range codeText.FindAllStringSubmatch(page.body, -1) {
		p.codes = append(p.codes, m[1])
	}
	b.clock.pass(time.Minute) // the next code is another
	return p
}

// has makes an account with roles, and gives its owner and a browser in which they are signed in.
func (w *world) has(name string, roles map[string][]role.Role) (*person, *browser) {
	w.t.Helper()
	link, err := w.accounts.Invite(machine(), accounts.Invitation{Name: name, Roles: roles})
	if err != nil {
		w.t.Fatal(err)
	}
	b := w.browser()
	return b.joins(name, link.Address), b
}

// signsIn does so with password and code.
func (b *browser) signsIn(p *person) answer {
	b.t.Helper()
	a := b.post("/console/sign-in", "name", p.name, "password", p.password)
	if a.path != "/console/code" {
		return a
	}
	a = b.post("/console/code", "code", b.code(p))
	b.clock.pass(time.Minute)
	return a
}

// in tells whether somebody is signed in.
func (b *browser) in() bool {
	b.t.Helper()
	return strings.HasPrefix(b.get("/console/").body, "caller ")
}

// records are those of who did what, in short.
func (w *world) records() (all []string) {
	w.t.Helper()
	if _, err := audit.Verify(w.log, "", func(r audit.Record) {
		all = append(all, fmt.Sprintf("%s: %s %s %s", r.Who, r.What, r.About, r.Outcome))
	}); err != nil {
		w.t.Fatal(err)
	}
	return all
}
