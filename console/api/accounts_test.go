package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"baraza/console/accounts"
	"baraza/console/role"
	"baraza/server/audit"
)

// roles as JSON has them: countries with names of roles.
type roles map[string][]role.Role

// invites makes an account as the machine's administrator does.
func (w *world) invites(name string, in roles) {
	w.t.Helper()
	_, err := w.accounts.Invite(accounts.OnMachine(w.t.Context(), "root"), accounts.Invitation{Name: name, Roles: in})
	w.check(err)
}

// left are the records that something leaves, but for when and where in the log.
func (w *world) left(do func()) (all []audit.Record) {
	w.t.Helper()
	before, _ := w.records()
	do()
	after, _ := w.records()
	for _, r := range after[len(before):] {
		r.Number, r.At, r.Previous, r.Hash = 0, time.Time{}, "", ""
		all = append(all, r)
	}
	return all
}

func TestAnAdministratorOfOneCountryDoesNothingToAccountsOfAnotherOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.invites("uma", roles{"ug": {role.Staff}})
	w.invites("both", roles{"ug": {role.Staff}, "ke": {role.Staff}})
	w.invites("every", roles{role.Everywhere: {role.Staff}})
	w.invites("ana", roles{"ke": {role.Administrator}})
	list := func(who role.Caller) (names []string) {
		var all accounts.List
		w.asks(who, "/api/v1/account/list", map[string]any{}).into(t, &all)
		for _, one := range all.Accounts {
			names = append(names, one.Name)
			for country := range one.Roles {
				if !who.May(country) {
					t.Errorf("%s sees what %s is in %s", who.Account, one.Name, country)
				}
			}
		}
		return names
	}
	before := list(root)
	ana := caller("ana", "ke", role.Administrator)
	for _, tt := range []struct {
		what   string
		body   map[string]any
		status int
		says   string
	}{
		{"invite", map[string]any{"name": "new", "roles": roles{"ug": {role.Staff}}}, 403, "only an administrator of ug"},
		{"invite", map[string]any{"name": "new", "roles": roles{"ke": {role.Staff}, "ug": {role.Staff}}}, 403, "only an administrator of ug"},
		{"invite", map[string]any{"name": "new", "roles": roles{"*": {role.Staff}}}, 403, "only an administrator of every country"},
		{"invite", map[string]any{"name": "new", "roles": roles{"ke": {role.Offboarding}}}, 422, "there is no role"},
		{"invite", map[string]any{"name": "uma", "roles": roles{"ke": {role.Staff}}}, 409, "there is an account uma already"},
		{"roles", map[string]any{"name": "uma", "country": "ug", "roles": []string{}}, 403, "only an administrator of ug"},
		{"roles", map[string]any{"name": "both", "country": "*", "roles": []string{"staff"}}, 403, "only an administrator of every country"},
		{"roles", map[string]any{"name": "ana", "country": "ke", "roles": []string{"staff"}}, 403, "another administrator has to change your own roles"},
		{"reset", map[string]any{"name": "uma"}, 404, "where you are administrator"},
		{"reset", map[string]any{"name": "both"}, 403, "also has roles where you are no administrator"},
		{"reset", map[string]any{"name": "ana"}, 403, "another administrator"},
		{"close", map[string]any{"name": "uma"}, 404, "where you are administrator"},
		{"close", map[string]any{"name": "nobody"}, 404, "where you are administrator"},
		{"close", map[string]any{"name": "both"}, 403, "also has roles where you are no administrator"},
		{"close", map[string]any{"name": "every"}, 404, "where you are administrator"},
		{"close", map[string]any{"name": "ana"}, 403, "another administrator"},
		{"end-token", map[string]any{"name": "uma", "token": "night"}, 404, "no such token"},
	} {
		left := w.left(func() {
			got := w.asks(ana, "/api/v1/account/"+tt.what, tt.body)
			if got.status != tt.status || !strings.Contains(got.body, tt.says) {
				t.Errorf("%s %v: got %d %s", tt.what, tt.body, got.status, got.body)
			}
		})
		if len(left) != 1 || left[0].Outcome != audit.Refused || left[0].Who != "ana" || left[0].Status != tt.status {
			t.Errorf("%s %v is recorded as %+v", tt.what, tt.body, left)
		}
	}
	if diff := gocmp.Diff(before, list(root)); diff != "" {
		t.Errorf("accounts (-before +after):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"ana", "both"}, list(ana)); diff != "" {
		t.Errorf("what an administrator of ke sees (-want +got):\n%s", diff)
	}
}

// The pages call the accounts with who asks in the context; so does the API, and the log cannot tell the two apart.
func TestAChangeOverHTTPLeavesTheSameRecordAsOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := caller("ana", "ke", role.Administrator)
	ctx := role.With(t.Context(), ana)
	one := map[string]any{"name": "tom"}
	some := roles{"ke": {role.Staff, role.Designer}}
	for _, tt := range []struct {
		what string
		body map[string]any
		page func(context.Context) error
	}{
		{"invite", map[string]any{"name": "tom", "roles": some}, func(ctx context.Context) error {
			_, err := w.accounts.Invite(ctx, accounts.Invitation{Name: "tim", Roles: some})
			return err
		}},
		{"roles", map[string]any{"name": "tom", "country": "ke", "roles": []string{"staff"}}, func(ctx context.Context) error {
			return w.accounts.SetRoles(ctx, "tim", "ke", []role.Role{role.Staff})
		}},
		{"reset", one, func(ctx context.Context) error { _, err := w.accounts.Reset(ctx, "tim"); return err }},
		{"close", one, func(ctx context.Context) error { return w.accounts.CloseAccount(ctx, "tim") }},
	} {
		over := w.left(func() {
			if got := w.asks(ana, "/api/v1/account/"+tt.what, tt.body); got.status != http.StatusOK {
				t.Errorf("%s: got %d %s", tt.what, got.status, got.body)
			}
		})
		page := w.left(func() { w.check(tt.page(ctx)) })
		for i := range page {
			page[i].About = strings.ReplaceAll(page[i].About, "tim", "tom")
		}
		if diff := gocmp.Diff(page, over); diff != "" || len(over) != 1 || over[0].Account != "" {
			t.Errorf("%s (-page +API):\n%s", tt.what, diff)
		}
	}
}

func TestATokenThatOffboardsListsAndClosesAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaver := caller("ana", "ke", role.Offboarding)
	leaver.Token = "leavers"
	w.invites("ana", roles{"ke": {role.Administrator}})
	w.invites("tom", roles{"ke": {role.Staff}})
	w.invites("boss", roles{"ke": {role.Administrator}})
	w.invites("both", roles{"ke": {role.Staff}, "ug": {role.Staff}})
	w.invites("uma", roles{"ug": {role.Staff}})
	var list accounts.List
	w.asks(leaver, "/api/v1/account/list", map[string]any{}).into(t, &list)
	var names []string
	for _, one := range list.Accounts {
		names = append(names, one.Name)
	}
	if diff := gocmp.Diff([]string{"ana", "boss", "both", "tom"}, names); diff != "" {
		t.Errorf("it lists (-want +got):\n%s", diff)
	}
	for name, want := range map[string]struct {
		status int
		says   string
	}{
		"boss": {403, "is an administrator, whom no token closes"}, "both": {403, "also has roles where"}, "uma": {404, "there is no account"}, "ana": {403, "your own account"},
	} {
		if got := w.asks(leaver, "/api/v1/account/close", map[string]any{"name": name}); got.status != want.status || !strings.Contains(got.body, want.says) {
			t.Errorf("close %s: got %d %s", name, got.status, got.body)
		}
	}
	left := w.left(func() {
		w.asks(leaver, "/api/v1/account/close", map[string]any{"name": "tom"}).into(t, &accounts.Done{})
	})
	want := []audit.Record{{Who: "ana", Account: "token leavers", What: "account close", About: "tom", Country: "ke", Before: "ke: staff", Outcome: audit.Done}}
	if diff := gocmp.Diff(want, left); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	for _, what := range []string{"invite", "roles", "reset", "end-token"} {
		if got := w.asks(leaver, "/api/v1/account/"+what, map[string]any{"name": "both"}); got.status != http.StatusForbidden {
			t.Errorf("%s: got %d %s", what, got.status, got.body)
		}
	}
	for _, path := range []string{in("ke", "/case/list"), in("ke", "/outbox/list"), "/api/v1/machine/store/stats"} {
		if got := w.asks(leaver, path, map[string]any{}); got.status != http.StatusForbidden {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
	}
}

func TestATokenClosesTwentyAccountsADayAndAPersonMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// ask is one after the other of several accounts, for each is bounded.
	ask := func(i int, token, name string) answer {
		who := caller("ana"+string(rune('a'+i)), "ke", role.Administrator)
		if token != "" {
			who = caller(who.Account, "ke", role.Offboarding)
		}
		who.Token = token
		return w.asks(who, "/api/v1/account/close", map[string]any{"name": name})
	}
	for i := range 21 {
		name := "leaver-" + string(rune('a'+i))
		w.invites(name, roles{"ke": {role.Staff}})
		want := http.StatusOK
		if i == 20 {
			want = http.StatusConflict
		}
		if got := ask(i, "leavers", name); got.status != want {
			t.Fatalf("number %d: got %d %s", i+1, got.status, got.body)
		}
	}
	if got := ask(20, "", "leaver-u"); got.status != http.StatusOK {
		t.Errorf("who signed in: got %d %s", got.status, got.body)
	}
	w.invites("uma", roles{"ug": {role.Staff}})
	who := caller("uli", "ug", role.Offboarding)
	who.Token = "leavers"
	if got := w.asks(who, "/api/v1/account/close", map[string]any{"name": "uma"}); got.status != http.StatusOK {
		t.Errorf("in another country: got %d %s", got.status, got.body)
	}
}

func TestNonsenseAboutAccountsIsRefusedInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.invites("tom", roles{"ke": {role.Staff}})
	long := strings.Repeat("x", 2000)
	who := root
	for _, tt := range []struct {
		what, body string
		status     int
	}{
		{"invite", `{}`, 422}, {"invite", `null`, 422}, {"invite", `[]`, 400}, {"invite", `"tom"`, 400}, {"invite", ``, 400}, {"invite", `{"name":"a"} {}`, 400},
		{"invite", `{"name":"new"}`, 422}, {"invite", `{"name":"new","roles":{}}`, 422}, {"invite", `{"name":"new","roles":{"ke":[]}}`, 422},
		{"invite", `{"name":"new","roles":{"ke":null}}`, 422}, {"invite", `{"name":"new","roles":{"":["staff"]}}`, 422}, {"invite", `{"name":"new","roles":["staff"]}`, 400},
		{"invite", `{"name":"new","roles":{"xx":["staff"]}}`, 422}, {"invite", `{"name":"new","roles":{"ke":["king"]}}`, 422}, {"invite", `{"name":"new","roles":{"ke":[""]}}`, 422},
		{"invite", `{"name":"` + long + `","roles":{"ke":["staff"]}}`, 422}, {"invite", `{"name":"a b","roles":{"ke":["staff"]}}`, 422},
		{"invite", `{"name":"../x","roles":{"ke":["staff"]}}`, 422}, {"invite", `{"name":"<b>","roles":{"ke":["staff"]}}`, 422}, {"invite", `{"name":7}`, 400},
		{"invite", `{"name":"new","email":"nobody","roles":{"ke":["staff"]}}`, 422}, {"invite", `{"name":"new","email":"@` + long + `","roles":{"ke":["staff"]}}`, 422},
		{"invite", `{"name":"new","email":"a b@example.org","roles":{"ke":["staff"]}}`, 422}, {"invite", `{"name":"new","email":"a\u0000@example.org","roles":{"ke":["staff"]}}`, 422},
		{"invite", `{"name":"new","password":"x","roles":{"ke":["staff"]}}`, 400},
		{"roles", `{}`, 422}, {"roles", `{"name":"tom"}`, 422}, {"roles", `{"name":"tom","country":"xx"}`, 422}, {"roles", `{"name":"tom","country":"xx","roles":["staff"]}`, 422},
		{"roles", `{"name":"tom","country":"ke","roles":["king"]}`, 422}, {"roles", `{"name":"tom","country":"ke","roles":"staff"}`, 400},
		{"roles", `{"name":"nobody","country":"ke","roles":["staff"]}`, 404}, {"roles", `{"name":"` + long + `","country":"ke"}`, 404},
		{"reset", `{}`, 404}, {"reset", `{"name":"` + long + `"}`, 404}, {"reset", `{"name":null}`, 404}, {"reset", `{"name":["tom"]}`, 400},
		{"close", `{}`, 404}, {"close", `{"name":"*"}`, 404}, {"close", `{"name":"tom","yes":true}`, 400},
		{"end-token", `{"name":"tom"}`, 404}, {"end-token", `{"token":"night"}`, 404}, {"end-token", `{}`, 404},
		{"list", `{"all":true}`, 400}, {"list", `{`, 400}, {"nothing", `{}`, 404}, {"backup", `{}`, 404}, {"", `{}`, 404}, {"list/", `{}`, 404}, {"LIST", `{}`, 404},
	} {
		who.Account += "x" // for each is bounded
		got := w.asks(who, "/api/v1/account/"+tt.what, nil, sends(tt.body, "application/json"))
		if got.status != tt.status || !strings.HasPrefix(got.body, `{"error":"`) || strings.Contains(got.body, long) {
			t.Errorf("%s %.80s: got %d %.300s", tt.what, tt.body, got.status, got.body)
		}
	}
	for name, tt := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"a form": {sends(`name=tom`, "application/x-www-form-urlencoded"), 415}, "text": {sends(`{"name":"tom"}`, "text/plain"), 415},
		"too long": {sends(`{"name":"`+strings.Repeat("x", 1<<20)+`"}`, "application/json"), 413}, "a query": {func(r *http.Request) { r.Method = http.MethodGet }, 405},
	} {
		if got := w.asks(caller("zoe", role.Everywhere, role.Administrator), "/api/v1/account/close", nil, tt.change); got.status != tt.status || !strings.HasPrefix(got.body, `{"error":"`) {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	all, err := w.accounts.Accounts(accounts.OnMachine(t.Context(), "root"))
	if err != nil || len(all) != 1 || all[0].Closed != nil {
		t.Errorf("accounts: %+v, %v", all, err)
	}
}
