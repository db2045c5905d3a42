package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"baraza/console/accounts"
	"baraza/console/api"
	"baraza/console/role"
	"baraza/server/audit"
	"baraza/server/desk"
)

func TestEveryRouteOfTheDeskIsInOneRowOfTheTable(t *testing.T) {
	t.Parallel()
	var want []string
	for _, r := range desk.Routes() {
		want = append(want, r.Path)
	}
	got := api.Rows()
	slices.Sort(want)
	slices.Sort(got)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("console/api/table.go has to say who may ask for each route (-routes +rows):\n%s", diff)
	}
	for _, r := range desk.Routes() {
		in, machine := api.May(caller("ana", "ke", role.All()...), "ke", r.Path), api.May(root, role.Everywhere, r.Path)
		if !in && !machine {
			t.Errorf("nobody may ask for %s", r.Path)
		}
		if in && r.Machine {
			t.Errorf("%s belongs to the whole machine, and is asked for a country", r.Path)
		}
	}
}

// walker asks as somebody of whom nothing was asked before, for an account is bounded.
type walker struct {
	*world
	n int
}

func (w *walker) ask(who role.Caller, address string, route desk.Route) answer {
	w.t.Helper()
	if who.Account != "" {
		w.n++
		who.Account = fmt.Sprint(who.Account, w.n)
	}
	return w.asks(who, address, map[string]any{}, func(r *http.Request) {
		if route.Takes != "" {
			r.Header.Set("Content-Type", route.Takes)
		}
	})
}

func TestATokenOfOneCountryIsRefusedOnEveryRouteOfAnotherAndOfTheMachine(t *testing.T) {
	t.Parallel()
	w := &walker{world: newWorld(t)}
	cases := w.lives()
	ofUg := func() []desk.CaseLine {
		var list desk.CaseList
		w.asks(root, in("ug", "/case/list"), map[string]any{"all": true}).into(t, &list)
		return list.Cases
	}
	before, _ := w.records()
	const forbidden = `{"error":"this account has no role that may do this here"}` + "\n"
	for _, token := range []string{"", "night"} {
		ana := caller("ana", "ke", role.All()...)
		ana.Token = token
		for _, route := range desk.Routes() {
			for _, address := range []string{in("ug", route.Path), in("xx", route.Path), in("*", route.Path), in("", route.Path), "/api/v1/machine" + route.Path} {
				if got := w.ask(ana, address, route); got.status != http.StatusForbidden || got.body != forbidden {
					t.Errorf("%s with every role in ke: got %d %s", address, got.status, got.body)
				}
			}
		}
	}
	for _, route := range desk.Routes() {
		for _, address := range []string{in("ke", route.Path), in("xx", route.Path), "/api/v1/machine" + route.Path} {
			got := w.ask(role.Caller{}, address, route)
			if got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s for nobody: got %d %s", address, got.status, got.body)
			}
			if got := w.ask(caller("ben", "ke"), address, route); got.status != http.StatusForbidden {
				t.Errorf("%s for somebody without a role: got %d %s", address, got.status, got.body)
			}
		}
	}
	everything := append(role.All(), role.Offboarding)
	for _, route := range accounts.Routes() {
		address := desk.Route{Path: route.Path}
		if got := w.ask(role.Caller{}, "/api/v1"+route.Path, address); got.status != http.StatusUnauthorized {
			t.Errorf("%s for nobody: got %d %s", route.Path, got.status, got.body)
		}
		for _, one := range everything {
			for _, token := range []string{"", "night"} {
				ana := caller("ana", "ke", one)
				ana.Token = token
				may := token == "" && one == role.Administrator || token != "" && one == role.Offboarding && route.Tokens
				got := w.ask(ana, "/api/v1"+route.Path, address)
				if !may && got.status != http.StatusForbidden || may && got.status == http.StatusForbidden {
					t.Errorf("%s for %s in ke by the token %q: got %d %s", route.Path, one, token, got.status, got.body)
				}
			}
		}
		ana := caller("ana", "ke", role.All()...)
		ana.Token = "night"
		if got := w.ask(ana, "/api/v1"+route.Path, address); !strings.Contains(got.body, `{"error":"a token ne`) {
			t.Errorf("%s for a token is answered %s", route.Path, got.body)
		}
	}
	after, _ := w.records()
	for _, r := range after[len(before):] { // of administrators, who named nobody
		if r.Outcome != audit.Refused || r.About != "" && r.About != ": " {
			t.Errorf("something was done: %+v", r)
		}
	}
	if diff := gocmp.Diff([]desk.CaseLine{cases["ug"]}, ofUg()); diff != "" {
		t.Errorf("the case of ug (-before +after):\n%s", diff)
	}
}

func TestEachRoleMayWhatTheTableSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	w := &walker{world: newWorld(t)}
	for _, route := range desk.Routes() {
		for _, one := range role.All() {
			for _, where := range []struct {
				country, address string
				who              role.Caller
			}{
				{"ke", in("ke", route.Path), caller("ana", "ke", one)},
				{"ke", in("ke", route.Path), caller("ana", role.Everywhere, one)},
				{role.Everywhere, "/api/v1/machine" + route.Path, caller("ana", role.Everywhere, one)},
			} {
				got := w.ask(where.who, where.address, route)
				may := api.May(where.who, where.country, route.Path)
				// What nobody may in a country is not there, also for who has a role.
				someone := api.May(root, where.country, route.Path)
				switch {
				case !someone && got.status != http.StatusNotFound,
					someone && !may && got.status != http.StatusForbidden,
					may && (got.status == http.StatusForbidden || got.status == http.StatusUnauthorized || got.status == http.StatusTooManyRequests):
					t.Errorf("%s for %s in %v: got %d %s", where.address, one, where.who.Roles, got.status, got.body)
				}
			}
		}
	}
}

func TestWhoHasARoleEverywhereIsToldWhichCountriesThereAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.asks(caller("ana", role.Everywhere, role.Auditor), in("xx", "/case/list"), map[string]any{})
	if got.status != http.StatusNotFound || !strings.Contains(got.body, `there is no country \"xx\"; the countries are ke, ug`) {
		t.Errorf("got %d %s", got.status, got.body)
	}
	for _, path := range []string{in("ke", "/nothing"), in("ke", ""), in("ke", "/case/list/"), "/api/v1/machine/nothing", "/api/v1/", "/api/v1/countries", "/elsewhere"} {
		got := w.asks(root, path, map[string]any{})
		if got.status != http.StatusNotFound || !strings.Contains(got.body, "error") {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
	}
}

// records are those of the log.
func (w *world) records() (all []audit.Record, problems int) {
	w.t.Helper()
	r, err := audit.Verify(filepath.Join(w.data, "audit.log"), "", func(r audit.Record) { all = append(all, r) })
	w.check(err)
	return all, len(r.Problems)
}

// Every path of the document is asked here, so that each answer is compared with it.
func TestEveryActionIsDoneOverHTTPAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := w.lives()["ke"]
	n := 0
	// ask is one after the other of several accounts, for each is bounded.
	ask := func(path string, body map[string]any, change ...func(*http.Request)) answer {
		t.Helper()
		n++
		who := root
		who.Account = fmt.Sprint("ana", n)
		got := w.asks(who, "/api/v1/"+path, body, change...)
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, got.header)
		}
		return got
	}
	good := func(path string, body map[string]any, change ...func(*http.Request)) answer {
		t.Helper()
		got := ask(path, body, change...)
		if got.status != http.StatusOK {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
		return got
	}
	ke := func(route string, body map[string]any, change ...func(*http.Request)) answer {
		t.Helper()
		return good("countries/ke"+route, body, change...)
	}
	person := w.countries["ke"].person
	ke("/case/list", map[string]any{"pack": "help", "team": "desk", "state": "open"})
	ke("/case/show", map[string]any{"case": one.Case})
	hasPart(t, ke("/case/reply", map[string]any{"case": one.Case, "text": "Good day.", "id": "1"}).body, `"answered"`)
	w.cloud.Phone(person).With("1001").SendImage([]byte("a picture"), "")
	w.until("the file is in the case", func() bool {
		return strings.Contains(ke("/case/show", map[string]any{"case": one.Case}).body, "media_id")
	})
	if got := ke("/case/file", map[string]any{"case": one.Case}); got.body != "a picture" {
		t.Errorf("the file is %q", got.body)
	}
	ke("/case/done", map[string]any{"case": one.Case})
	hasPart(t, ke("/contact/find", map[string]any{"channel": "whatsapp", "identity": person}).body, one.Contact)
	ke("/contact/show", map[string]any{"key": one.Contact})
	hasPart(t, ke("/contact/export", map[string]any{"key": one.Contact}).body, "Good day.")
	ke("/outbox/list", map[string]any{})
	ke("/outbox/retry", map[string]any{"all": true})
	ke("/outbox/drop", map[string]any{"ids": []int{4711}})
	ke("/sender/list", map[string]any{})
	ke("/sender/resume", map[string]any{"sender": "help/whatsapp/1001"})
	ke("/report/list", map[string]any{"days": 3})
	ke("/key/list", map[string]any{})
	ke("/key/rotate", map[string]any{})
	hash, bundle, signature := w.bundle("ke", "I read")
	var plan desk.Plan
	ke("/release/plan", nil, brings(bundle, signature)).into(t, &plan)
	if plan.Release != hash || len(plan.Changes) == 0 || len(plan.Refused) > 0 {
		t.Errorf("planned: %+v", plan)
	}
	ke("/release/keep", nil, brings(bundle, signature))
	ke("/release/activate", map[string]any{"planned": plan.Serves, "release": hash[:10], "percent": 10, "why": "words"})
	ke("/release/promote", map[string]any{"planned": hash})
	ke("/release/rollback", map[string]any{"planned": hash, "why": "a complaint"})
	hasPart(t, ke("/release/status", map[string]any{"pack": "help"}).body, hash)
	gated, bundle, signature := w.bundle("ke", "I heard", "tests pass", "approval")
	ke("/release/keep", nil, brings(bundle, signature))
	ke("/release/approve", map[string]any{"release": gated, "why": "I read it"})
	hasPart(t, ke("/release/override", map[string]any{"release": gated, "gate": "tests pass", "why": "they are run elsewhere"}).body, "override_asked_by")
	hasPart(t, ke("/release/gates", map[string]any{"release": gated}).body, "approved_by")
	hasPart(t, ke("/release/list", map[string]any{}).body, `"never served"`)
	hasPart(t, ke("/release/show", map[string]any{"release": gated[:10]}).body, gated)
	if got := ke("/release/forget", map[string]any{"release": gated, "why": "nobody needs it"}); strings.Contains(got.body, gated) {
		t.Errorf("it is still there: %s", got.body)
	}
	notice := map[string]any{"notice": map[string]string{"en": "We answer again tomorrow."}, "why": "a wrong address"}
	ke("/incident/check", notice)
	hasPart(t, ke("/incident/freeze", notice).body, `"stage":"frozen"`)
	if got := ke("/incident/status", map[string]any{}); strings.Contains(got.body, `"ug"`) {
		t.Errorf("the other country is in it: %s", got.body)
	}
	ke("/incident/unfreeze", map[string]any{"replies": "drop"})
	ke("/contact/erase", map[string]any{"key": one.Contact})
	ke("/audit/list", map[string]any{})
	if got := ke("/audit/export", map[string]any{}); strings.Contains(got.body, `"country":"ug"`) || !strings.Contains(got.body, "a complaint") {
		t.Errorf("exported: %s", got.body)
	}
	good("machine/audit/list", map[string]any{"country": "ug", "before": 100, "since": "2026-01-01T00:00:00Z"})
	hasPart(t, good("machine/audit/export", map[string]any{}).body, `"country":"ug"`)
	good("machine/audit/verify", map[string]any{"noted": "00000000"})
	good("machine/store/check", map[string]any{})
	good("machine/store/stats", map[string]any{})
	good("machine/store/compact", map[string]any{})
	good("machine/store/confirm-clock", map[string]any{})
	hasPart(t, good("machine/store/backup", map[string]any{}).body, "manifest.json")
	roles := map[string]any{"ke": []string{"staff", "designer"}}
	hasPart(t, good("account/invite", map[string]any{"name": "tom", "email": "tom@example.org", "roles": roles}).body, `"https://chat.example.org/console/invited?link=`)
	good("account/roles", map[string]any{"name": "tom", "country": "ke", "roles": []string{"designer"}})
	hasPart(t, good("account/list", map[string]any{}).body, `{"name":"tom","email":"tom@example.org","roles":{"ke":["designer"]},"sign_in":""`)
	hasPart(t, good("account/reset", map[string]any{"name": "tom"}).body, `"until"`)
	_, err := w.accounts.NewToken(role.With(t.Context(), root), accounts.Token{Name: "night", Roles: map[string][]role.Role{"ke": {role.Staff}}, Expires: time.Now().Add(time.Hour)})
	w.check(err)
	good("account/end-token", map[string]any{"name": "root", "token": "night"})
	good("account/close", map[string]any{"name": "tom"})
	var list map[string]any
	got := ask("openapi.json", nil, func(r *http.Request) { r.Method = http.MethodGet })
	got.into(t, &list)
	if got.body != string(api.Document()) {
		t.Error("the document is another one")
	}
	for path := range document(t).Paths.Map() {
		if !w.checked.done[path] {
			t.Errorf("%s was asked of nobody", path)
		}
	}
}

func TestWhoAsksIsWhoDidItWhateverTheRequestSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lives()
	hash, bundle, signature := w.bundle("ke", "I read")
	zoe := caller("zoe", "ke", role.Releaser)
	zoe.Token = "night"
	forged := func(r *http.Request) {
		r.Header.Set(desk.OperatorHeader, "somebody")
		r.Header.Set(desk.CountryHeader, "ug")
		r.Header.Set(beyondHeader, "by")
	}
	before, _ := w.records()
	var kept desk.KeptRelease
	w.asks(zoe, in("ke", "/release/keep"), nil, brings(bundle, signature), forged).into(t, &kept)
	var serves desk.Serves
	w.asks(zoe, in("ke", "/release/status"), map[string]any{}).into(t, &serves)
	w.asks(zoe, in("ke", "/release/activate"), map[string]any{"planned": serves.State.Serves(), "release": hash, "percent": 100,
		"by": "somebody else", "why": "words"}, forged).into(t, &serves)
	if serves.Country != "ke" || serves.State.Serves() != hash || serves.State.Current.By != "zoe" {
		t.Errorf("it serves %+v", serves.State.Current)
	}
	// Whoever names another country in the body is not there.
	got := w.asks(zoe, in("ke", "/release/activate"), map[string]any{"country": "ug", "release": hash, "percent": 100})
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `there is no country \"ug\"; the countries are ke`) {
		t.Errorf("got %d %s", got.status, got.body)
	}
	all, problems := w.records()
	for _, r := range all[len(before):] {
		if r.Who != "zoe" || r.Account != "token night" || r.Country == "" {
			t.Errorf("recorded: %+v", r)
		}
	}
	if len(all) != len(before)+3 || problems > 0 {
		t.Errorf("%d records, %d problems", len(all)-len(before), problems)
	}
}

// Where a second person has to agree, somebody and their token are one.
func TestAPersonAndTheirTokenAreOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hash, bundle, signature := w.bundle("ke", "I heard", "tests pass", "approval")
	ana := caller("ana", "ke", role.Releaser, role.Approver)
	w.asks(ana, in("ke", "/release/keep"), nil, brings(bundle, signature)).into(t, &desk.KeptRelease{})
	body := map[string]any{"release": hash, "gate": "tests pass", "why": "they are run elsewhere"}
	w.asks(ana, in("ke", "/release/override"), body).into(t, &desk.Gated{})
	w.asks(ana, in("ke", "/release/approve"), map[string]any{"release": hash}).into(t, &desk.Gated{})
	ana.Token = "night"
	if got := w.asks(ana, in("ke", "/release/override"), body); got.status != http.StatusConflict {
		t.Errorf("the second word is the token's: got %d %s", got.status, got.body)
	}
	activate := map[string]any{"release": hash, "percent": 100}
	if got := w.asks(ana, in("ke", "/release/activate"), activate); got.status != http.StatusConflict {
		t.Errorf("who approved it activates it by a token: got %d %s", got.status, got.body)
	}
	ben := caller("ben", "ke", role.Releaser)
	w.asks(ben, in("ke", "/release/override"), body).into(t, &desk.Gated{})
	w.asks(ben, in("ke", "/release/activate"), activate).into(t, &desk.Serves{})
}

func TestWhatIsAskedIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana := caller("ana", "ke", role.Staff, role.Releaser)
	path := in("ke", "/case/list")
	for name, tt := range map[string]struct {
		change func(*http.Request)
		path   string
		status int
		says   string
	}{
		"too long":        {sends(`{"team":"`+strings.Repeat("x", 1<<20), "application/json"), path, 413, "longer than"},
		"too deep":        {sends(`{"team":`+strings.Repeat("[", 40), "application/json"), path, 400, "nested deeper"},
		"not JSON":        {sends(`hello`, "application/json"), path, 400, "not the JSON"},
		"another type":    {sends(`{}`, "text/plain"), path, 415, "Content-Type"},
		"a form":          {sends(`a=b`, "application/x-www-form-urlencoded"), path, 415, "Content-Type"},
		"a query":         {func(r *http.Request) { r.Method = http.MethodGet }, path, 405, "ask by POST"},
		"no bundle":       {sends(`x`, "application/octet-stream"), in("ke", "/release/keep"), 422, ""},
		"JSON, no bundle": {sends(`{}`, "application/json"), in("ke", "/release/plan"), 415, "application/octet-stream"},
	} {
		got := w.asks(ana, tt.path, nil, tt.change)
		var said struct{ Error string }
		if err := json.Unmarshal([]byte(got.body), &said); err != nil || got.status != tt.status || said.Error == "" || !strings.Contains(said.Error, tt.says) {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	ben := caller("ben", "ke", role.Staff)
	var refused answer
	for range 1000 {
		if refused = w.asks(ben, path, map[string]any{}); refused.status != http.StatusOK {
			break
		}
	}
	if refused.status != http.StatusTooManyRequests || refused.header.Get("Retry-After") != "1" {
		t.Errorf("who asks a thousand times is answered %d %s", refused.status, refused.body)
	}
	if got := w.asks(ana, path, map[string]any{}); got.status != http.StatusOK {
		t.Errorf("somebody else is answered %d %s", got.status, got.body)
	}
}

func TestNoWayOfWritingAnAddressLeadsToAnotherCountry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := signsIn(api.Handler(w.desk, w.accounts, nil))
	who, err := json.Marshal(caller("ana", "ke", role.All()...))
	w.check(err)
	for _, path := range []string{"/api/v1/countries/ke/../ug/key/list", "/api/v1/countries/ke%2F..%2Fug/key/list", "/api/v1/countries/ke/%2e%2e/ug/key/list",
		"/api/v1/countries//ug/key/list", "/api/v1//countries/ug/key/list", "/api/v1/countries/UG/key/list", "/api/v1/countries/ug%00/key/list",
		"/api/v1/countries/ke,ug/key/list", "/api/v1/countries/%2A/key/list", "/api/v1/countries/ke/../../machine/store/stats", "/api/v1/machine/../countries/ug/key/list",
		"/api/v1/countries/ug/key/list?country=ke", "/api/v1/countries/ug;ke/key/list", "/api/v1/countries/ke/key/list/../../../ug/key/list"} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(callerHeader, string(who))
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		if answer.Code != http.StatusForbidden && answer.Code != http.StatusNotFound {
			t.Errorf("%s: got %d %s", path, answer.Code, answer.Body)
		}
	}
}

func TestTwoBundlesAreLookedAtAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := signsIn(api.Handler(w.desk, w.accounts, nil))
	ask := func(account string, body io.Reader) int {
		who, err := json.Marshal(caller(account, "ke", role.Designer))
		if err != nil {
			t.Error(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, in("ke", "/release/plan"), body)
		r.Header.Set("Content-Type", "application/octet-stream")
		r.Header.Set(callerHeader, string(who))
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		return answer.Code
	}
	var slow sync.WaitGroup
	var ends []*io.PipeWriter
	for range 2 {
		body, end := io.Pipe()
		ends = append(ends, end)
		slow.Go(func() {
			if got := ask("ana", body); got != http.StatusUnprocessableEntity { // it is no bundle
				t.Errorf("a slow one: got %d", got)
			}
		})
		_, err := end.Write([]byte("x")) // until it is read
		w.check(err)
	}
	if got := ask("ben", strings.NewReader("x")); got != http.StatusServiceUnavailable {
		t.Errorf("a third beside two: got %d", got)
	}
	for _, end := range ends {
		w.check(end.Close())
	}
	slow.Wait()
	if got := ask("ben", strings.NewReader("x")); got != http.StatusUnprocessableEntity {
		t.Errorf("afterwards: got %d", got)
	}
}

func TestAnAccountAsksSixtyTimesInARowAndTenTimesASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p api.Pace
		asks := func(account string) bool {
			leave, wait := p.Enter(account, time.Now())
			if leave != nil {
				leave()
			}
			return wait == 0
		}
		count := func() (n int) {
			for asks("ana") {
				n++
			}
			return n
		}
		if got := count(); got != 60 {
			t.Errorf("in a row: %d", got)
		}
		time.Sleep(time.Second)
		if got := count(); got != 10 {
			t.Errorf("a second later: %d", got)
		}
		if got, _ := p.Enter("ana", time.Now().Add(-time.Hour)); got != nil {
			t.Error("a clock that is set back gives more")
		}
		time.Sleep(time.Hour)
		var leaves []func()
		for range 5 {
			if leave, _ := p.Enter("ana", time.Now()); leave != nil {
				leaves = append(leaves, leave)
			}
		}
		if len(leaves) != 4 {
			t.Errorf("at once: %d", len(leaves))
		}
		leaves[0]()
		if !asks("ana") {
			t.Error("one has ended, and none may begin")
		}
		for _, leave := range leaves[1:] {
			leave()
		}
		time.Sleep(time.Hour)
		if asks("ben"); p.Known() != 1 {
			t.Errorf("%d are remembered", p.Known())
		}
	})
}

func TestNobodyIsAnsweredWithoutAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := api.Handler(w.desk, w.accounts, nil)
	for _, path := range []string{"/api/v1/openapi.json", "/api/v1/", "/"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for _, r := range []*http.Request{r, r.WithContext(role.With(r.Context(), role.Caller{Roles: root.Roles}))} {
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			if answer.Code != http.StatusUnauthorized {
				t.Errorf("%s: got %d %s", path, answer.Code, answer.Body)
			}
		}
	}
}
