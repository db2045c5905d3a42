package accounts_test

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"baraza/console/accounts"
	"baraza/console/role"
)

// breakLog makes the log of who did what one that cannot be written.
func breakLog(t *testing.T, w *world) {
	t.Helper()
	if err := os.Rename(w.log, w.log+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(w.log, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestWhoDidNotSignInIsLedToDoSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, _ := w.has("rosa", in("ec", role.Designer))
	b := w.browser()
	a := b.get("/console/ec/ec/plan?percent=10")
	a.says(t, http.StatusOK, `<h1>Sign in</h1>`, `value="/console/ec/ec/plan?percent=10"`)
	b.get("/api/v1/countries").says(t, http.StatusUnauthorized, `{"error":"sign in`)
	if got := b.get("/api/v1/countries").header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate: %q", got)
	}
	b.post("/console/ec/ec/activate", "x", "y").says(t, http.StatusOK, `name="to" value="/console/"`)
	b.signsIn(p).says(t, http.StatusOK, "caller rosa")
	// A link in somebody's mail: the browser keeps a strict cookie back, and the page leads on to itself.
	w.browser().get("/console/ec/ec", "Sec-Fetch-Site", "cross-site").says(t, http.StatusOK, `http-equiv="refresh" content="0;url=/console/ec/ec"`)
}

func TestAPageOfAnotherSiteCannotAskForAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, b := w.has("rosa", in("ec", role.Designer))
	for _, header := range map[string][]string{
		"cross-site":        {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example.net"},
		"same-site":         {"Sec-Fetch-Site", "same-site", "Origin", "https://other.example.org"},
		"old browser":       {"Sec-Fetch-Site", "", "Origin", "https://evil.example.net"},
		"origin of nowhere": {"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		for _, path := range []string{"/console/anything", "/console/sign-out", "/console/account/sessions", "/console/sign-in", "/console/code", "/console/invited"} {
			form := url.Values{"name": {p.name}, "password": {p.password}}
			b.do(http.MethodPost, path, form, header...).says(t, http.StatusForbidden, "page of another site")
		}
		b.do(http.MethodPost, "/api/v1/x", url.Values{}, header...).says(t, http.StatusForbidden, `{"error":`)
	}
	for name, header := range map[string][]string{
		"same-origin": {"Sec-Fetch-Site", "same-origin"}, "old browser": {"Sec-Fetch-Site", "", "Origin", w.public}, "a program": {"Sec-Fetch-Site", ""},
	} {
		if a := b.do(http.MethodPost, "/console/anything", url.Values{}, header...); a.status != http.StatusOK {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if !b.in() {
		t.Error("signed out by another site")
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.has("rosa", in("ec", role.Designer))
	for _, path := range []string{"/console/sign-in", "/console/", "/console/account", "/api/v1/x", "/console/oidc/go", "/console/account/none"} {
		h := b.get(path).header
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %q", path, csp)
		}
	}
	for _, page := range []answer{b.get("/console/account"), w.browser().get("/console/sign-in")} {
		if strings.Contains(page.body, "style=") || strings.Contains(page.body, "<script") || strings.Contains(page.body, "onclick") {
			t.Errorf("a page has a style or a script in it:\n%s", page.body)
		}
	}
}

func TestSigningInLeadsToThisConsoleAlone(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"/console/ec/ec?a=b": "/console/ec/ec?a=b", "": "/console/", "https://evil.example.net/": "/console/", "//evil.example.net/console/": "/console/",
		"/\\evil.example.net": "/console/", "/console/\\..": "/console/", "javascript:alert(1)": "/console/", "/console/sign-out": "/console/",
		"/elsewhere": "/console/", "/console/\r\nSet-Cookie: a=b": "/console/", "/console/" + strings.Repeat("a", 2000): "/console/",
		"http:/console/": "/console/", "\t//evil.example.net": "/console/",
	} {
		if got := accounts.Local(to); got != want {
			t.Errorf("%q leads to %q, want %q", to, got, want)
		}
	}
}

func FuzzNothingThatABrowserOrAProgramSendsLetsItIn(f *testing.F) {
	for _, seed := range []string{"", "baraza_", "baraza_" + strings.Repeat("A", 43), strings.Repeat("A", 43), "/console/x", "//x", "ÿ", strings.Repeat("_", 42) + "B"} {
		f.Add(seed)
	}
	a, err := accounts.Open(accounts.Options{Path: filepath.Join(f.TempDir(), "accounts.db"), Public: "https://chat.example.org", Key: [32]byte{1}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = a.Close() })
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/", nil)
		r.Header.Set("Authorization", "Bearer "+text)
		if _, err := a.Caller(r); err == nil {
			t.Error("a token of nobody is good")
		}
		r = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/code", nil)
		for _, name := range []string{"", "-step", "-sso", "-invited", "-device"} {
			r.Header.Add("Cookie", "__Host-baraza"+name+"="+text)
		}
		if _, err := a.Caller(r); err == nil {
			t.Error("a session of nobody is good")
		}
		w := httptest.NewRecorder()
		a.Pages().ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/console/sign-in" {
			t.Errorf("the page of codes answers %d", w.Code)
		}
		if hash, ok := accounts.SecretHash(text); ok && (len(text) != 43 || len(hash) != 32) {
			t.Errorf("%q is a secret", text)
		}
		if to := accounts.Local(text); !strings.HasPrefix(to, "/console/") {
			t.Errorf("%q leads to %q", text, to)
		}
	})
}

// Behind a proxy that ends TLS, cookies are for this host over TLS alone, and each client has waits of its own.
func TestBehindAProxyWithTLS(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewUnstartedServer(nil)
	w := newWorld(t, func(o *accounts.Options) { o.Public = "https://" + proxy.Listener.Addr().String() })
	behind, err := url.Parse(w.public)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Config.Handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind) // with the backend's own Host
		r.SetXForwarded()
	}}
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	w.public = w.options.Public
	b := w.browser()
	b.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: proxy.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	link, err := w.accounts.Invite(machine(), accounts.Invitation{Name: "rosa", Roles: in("ec", role.Designer)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(link.Address, w.public+"/console/invited?link=") {
		t.Errorf("the link is %s", link.Address)
	}
	p := b.joins("rosa", link.Address)
	b.do(http.MethodPost, "/console/x", url.Values{}, "Sec-Fetch-Site", "", "Origin", w.public).says(t, http.StatusOK, "caller rosa")
	b.post("/console/sign-out")
	a := b.signsIn(p)
	a.says(t, http.StatusOK, "caller rosa")
	if a.header.Get("Strict-Transport-Security") == "" {
		t.Error("browsers are not told to come by https alone")
	}
	// The session's cookie, as it is set.
	b.post("/console/sign-out")
	b.post("/console/sign-in", "name", p.name, "password", p.password)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	set := b.post("/console/code", "code", w.code(p)).header.Values("Set-Cookie")
	for _, cookie := range set {
		if strings.HasPrefix(cookie, "__Host-baraza=") {
			for _, part := range []string{"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict"} {
				if !strings.Contains(cookie, part) {
					t.Errorf("the cookie %q lacks %q", cookie[:14], part)
				}
			}
			if strings.Contains(cookie, "Domain") || strings.Contains(cookie, "Max-Age") {
				t.Error("the cookie is for other hosts, or outlives the browser")
			}
			return
		}
	}
	t.Errorf("no session in %d cookies", len(set))
}

func TestWhoCopiesTheFileCanSignInAsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, b := w.has("rosa", in("ec", role.Designer))
	page := b.post("/console/account/token", "token", "export", "role", "ec.designer", "until", "2026-12-31")
	link, err := w.accounts.Invite(machine(), accounts.Invitation{Name: "new", Roles: in("ec", role.Staff)})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(w.public)
	if err != nil {
		t.Fatal(err)
	}
	secrets := append([]string{p.password, p.phone, secretOf(t, page.body)[len("baraza_"):], link.Address[len(link.Address)-43:]}, p.codes...)
	for _, c := range b.client.Jar.Cookies(u) {
		secrets = append(secrets, c.Value)
	}
	raw, err := os.ReadFile(w.options.Path)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range secrets {
		if bytes.Contains(raw, []byte(s)) {
			t.Errorf("secret %d is in the file", i)
		}
	}
	if info, err := os.Stat(w.options.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if !bytes.Contains(raw, []byte("argon2id$v=19$m=19456,t=2,p=1$")) {
		t.Error("the password's hash is not what it should be")
	}
}

func TestTheKeyOfTheConsoleCanBeReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, _ := w.has("rosa", in("ec", role.Designer))
	again := func(key byte, old ...[32]byte) error {
		if err := w.accounts.Close(); err != nil {
			t.Fatal(err)
		}
		w.options.Key, w.options.OldKeys = [32]byte{key}, old
		a, err := accounts.Open(w.options)
		if err == nil {
			w.accounts = a
		}
		return err
	}
	err := again(2)
	if err == nil || !strings.Contains(err.Error(), "console.old_keys") {
		t.Fatalf("another key: %v", err)
	}
	w.options.Key = [32]byte{1}
	w.open()
	if err := again(2, [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := again(2); err != nil { // the old one is not needed any more
		t.Fatal(err)
	}
	w.browser().signsIn(p).says(t, http.StatusOK, "caller rosa")
	w.clock.pass(time.Minute)
}
