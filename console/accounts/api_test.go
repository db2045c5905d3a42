package accounts_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"baraza/console/accounts"
	"baraza/console/api"
	"baraza/console/role"
	"baraza/server/desk"
)

// ticking is the clock of a desk that is asked for nothing.
type ticking struct{ *clock }

func (ticking) After(time.Duration) <-chan time.Time { return nil }

// withAPI puts the HTTP API behind the guard, as the console does.
func (w *world) withAPI() {
	w.t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", w.handler())
	mux.Handle("/api/v1/", w.accounts.Guard(api.Handler(desk.New(desk.Parts{Clock: ticking{w.clock}}), w.accounts, nil)))
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	w.public = server.URL
}

// asks is a request with JSON, as a page's script or a program makes it.
func (b *browser) asks(path, body string, header ...string) answer {
	b.t.Helper()
	return b.doing(http.MethodPost, path, strings.NewReader(body), append([]string{"Content-Type", "application/json"}, header...)...)
}

func TestAnAdministratorWhoSignedInSeesToAccountsOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.has("rosa", in("ec", role.Administrator))
	_, other := w.has("tom", in("ec", role.Staff))
	w.withAPI()
	b.asks("/api/v1/account/list", `{}`).says(t, http.StatusOK, `{"accounts":[{"name":"rosa"`, `"name":"tom"`)
	link := b.asks("/api/v1/account/invite", `{"name":"new","roles":{"ec":["staff"]}}`)
	link.says(t, http.StatusOK, "/console/invited?link=")
	if got := link.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %q", got)
	}
	other.asks("/api/v1/account/list", `{}`).says(t, http.StatusForbidden, `{"error":"this account has no role`)
	w.browser().asks("/api/v1/account/list", `{}`).says(t, http.StatusUnauthorized, `{"error":`)

	// What a page of another site makes a browser send changes nothing.
	for name, header := range map[string][]string{
		"cross-site":  {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example.net"},
		"same-site":   {"Sec-Fetch-Site", "same-site", "Origin", "https://other.example.org"},
		"old browser": {"Sec-Fetch-Site", "", "Origin", "https://evil.example.net"},
	} {
		for _, route := range accounts.Routes() {
			if a := b.asks("/api/v1"+route.Path, `{"name":"tom"}`, header...); a.status != http.StatusForbidden || !strings.Contains(a.body, "page of another site") {
				t.Errorf("%s: %s is answered %d %s", name, route.Path, a.status, a.body)
			}
		}
	}
	b.asks("/api/v1/account/close", `name=tom`, "Content-Type", "application/x-www-form-urlencoded").says(t, http.StatusUnsupportedMediaType)
	if !other.in() {
		t.Error("another site closed tom's account")
	}
	// A session ends with the roles it began with.
	if err := w.accounts.SetRoles(machine(), "rosa", "ec", []role.Role{role.Staff}); err != nil {
		t.Fatal(err)
	}
	b.asks("/api/v1/account/list", `{}`).says(t, http.StatusUnauthorized)
}

func TestATokenOffboardsForAsLongAsItsOwnerAdministers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.has("rosa", map[string][]role.Role{"ec": {role.Administrator}, "jo": {role.Staff}})
	_, other := w.has("tom", in("ec", role.Staff))
	b.get("/console/account").says(t, http.StatusOK, `id="ec.offboarding"`, "closes those of people who leave")
	if page := b.get("/console/account"); strings.Contains(page.body, "jo.offboarding") || strings.Contains(page.body, "ec.administrator") {
		t.Errorf("it is offered in:\n%s", page.body)
	}
	for _, refused := range []string{"jo.offboarding", "*.offboarding", "ec.administrator"} {
		b.post("/console/account/token", "token", "x", "role", refused, "until", "2026-12-31").says(t, http.StatusForbidden)
	}
	other.post("/console/account/token", "token", "x", "role", "ec.offboarding", "until", "2026-12-31").says(t, http.StatusForbidden, "You are no administrator in ec yourself.")
	page := b.post("/console/account/token", "token", "leavers", "role", "ec.offboarding", "until", "2026-12-31")
	page.says(t, http.StatusOK, "This is the token")
	token := secretOf(t, page.body)
	w.withAPI()
	ask := func(what, body string) answer {
		return w.browser().asks("/api/v1/account/"+what, body, "Authorization", "Bearer "+token, "Sec-Fetch-Site", "")
	}
	ask("list", `{}`).says(t, http.StatusOK, `"name":"tom"`)
	ask("invite", `{"name":"new","roles":{"ec":["staff"]}}`).says(t, http.StatusForbidden, "a token never has the role of an administrator")
	// Of the country itself it is told nothing.
	w.browser().asks("/api/v1/countries/ec/release/status", `{}`, "Authorization", "Bearer "+token).says(t, http.StatusForbidden)
	ask("close", `{"name":"tom"}`).says(t, http.StatusOK, `{}`)
	if other.in() {
		t.Error("tom is still in")
	}
	// No account is given the right, and the token loses it with its owner.
	if err := w.accounts.SetRoles(machine(), "rosa", "ec", []role.Role{role.Offboarding}); err == nil {
		t.Error("an account has the right of a token")
	}
	if err := w.accounts.SetRoles(machine(), "rosa", "ec", []role.Role{role.Staff}); err != nil {
		t.Fatal(err)
	}
	ask("list", `{}`).says(t, http.StatusForbidden, "a token needs the right offboarding")
	w.clock.pass(40 * 24 * time.Hour)
	ask("list", `{}`).says(t, http.StatusUnauthorized)
}
