package accounts_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/console/accounts"
	"baraza/console/role"
	"baraza/server/audit"
)

func TestASessionEndsAfterHalfAnHourUnusedAndEightHoursInAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.has("rosa", in("ec", role.Designer))
	w.clock.pass(28 * time.Minute) // and one that passed in setting up
	if !b.in() {
		t.Fatal("ended before half an hour")
	}
	for range 3 { // a page that looks by itself is no use
		w.clock.pass(10 * time.Minute)
		b.get("/console/", accounts.Watching, "yes")
		b.get("/console/?" + accounts.Watching)
	}
	if b.in() {
		t.Fatal("an unused session goes on")
	}
	p, b := w.has("rita", in("ec", role.Designer))
	for range 31 {
		if w.clock.pass(15 * time.Minute); !b.in() {
			t.Fatal("a session that is used ended too early")
		}
	}
	if w.clock.pass(15 * time.Minute); b.in() {
		t.Fatal("a session is older than eight hours")
	}
	b.signsIn(p).says(t, http.StatusOK, "caller rita")
	if w.clock.pass(-2 * time.Hour); b.in() {
		t.Error("a session of the future is good")
	}
}

func TestWhatChangesAnAccountEndsItsSessions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *world, *person, *browser){
		"roles": func(t *testing.T, w *world, p *person, _ *browser) {
			if err := w.accounts.SetRoles(machine(), p.name, "ec", []role.Role{role.Auditor}); err != nil {
				t.Fatal(err)
			}
		},
		"close": func(t *testing.T, w *world, p *person, _ *browser) {
			if err := w.accounts.CloseAccount(machine(), p.name); err != nil {
				t.Fatal(err)
			}
		},
		"reset": func(t *testing.T, w *world, p *person, _ *browser) {
			if _, err := w.accounts.Reset(machine(), p.name); err != nil {
				t.Fatal(err)
			}
		},
		"password": func(t *testing.T, w *world, p *person, mine *browser) {
			const other = "four green mountain goats"
			mine.post("/console/account/password", "old", "wrong horse battery", "new", other, "again", other).
				says(t, http.StatusUnprocessableEntity, `id="old-wrong">This is not your password`)
			mine.post("/console/account/password", "old", p.password, "new", other, "again", other).says(t, http.StatusOK, "Your password is changed")
			if !mine.in() {
				t.Error("who changed it is signed out")
			}
		},
		"phone": func(t *testing.T, w *world, p *person, mine *browser) {
			mine.post("/console/account/phone", "password", p.password, "code", "000000").says(t, http.StatusUnprocessableEntity, `id="code-wrong"`)
			mine.post("/console/account/phone", "password", p.password, "code", w.code(p)).says(t, http.StatusOK, "Set up your account")
			page := mine.post("/console/invited", "new", goodPassword, "again", goodPassword)
			p.phone = strings.ReplaceAll(secretText.FindStringSubmatch(page.body)[1], " ", "")
			mine.post("/console/invited", "phone", "yes", "code", w.code(p)).says(t, http.StatusOK, "recovery codes")
		},
		"everywhere": func(t *testing.T, w *world, p *person, mine *browser) {
			mine.post("/console/account/sessions").says(t, http.StatusOK, "You are signed out")
			if mine.in() {
				t.Error("who did it is signed in")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p, mine := w.has("rosa", in("ec", role.Designer))
			other := w.browser()
			other.signsIn(p).says(t, http.StatusOK, "caller rosa")
			change(t, w, p, mine)
			if other.in() {
				t.Error("a session of before goes on")
			}
		})
	}
}

func TestATokenHasNoMoreThanItsAccountHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.has("rosa", map[string][]role.Role{"ec": {role.Designer, role.Releaser}, "jo": {role.Auditor, role.Administrator}})
	page := b.post("/console/account/token", "token", "nightly export", "role", "ec.designer", "role", "ec.releaser", "until", "2026-12-31")
	page.says(t, http.StatusOK, "This is the token “nightly export”", "until 2027-01-01 00:00 UTC, last used never")
	token := secretOf(t, page.body)
	ask := func(path string, header ...string) answer {
		return w.browser().get(path, append(header, "Authorization", "Bearer "+token)...)
	}
	ask("/api/v1/x").says(t, http.StatusOK, "caller rosa by the token nightly export may map[ec:[designer releaser]]")
	// Beside a session it is the token that asks.
	b.get("/api/v1/x", "Authorization", "Bearer "+token).says(t, http.StatusOK, "by the token")
	b.get("/api/v1/x", "Authorization", "Bearer "+token+"x").says(t, http.StatusUnauthorized, `{"error":`)
	b.get("/api/v1/x", "Authorization", "Basic cm9zYTp4").says(t, http.StatusUnauthorized)

	for _, refused := range [][]string{
		{"token", "a", "role", "jo.administrator", "until", "2026-12-31"}, {"token", "a", "role", "jo.releaser", "until", "2026-12-31"},
		{"token", "a", "role", "*.designer", "until", "2026-12-31"}, {"token", "a", "until", "2026-12-31"}, {"token", "a", "role", "ec.designer"},
		{"token", "a", "role", "ec.designer", "until", "2026-11-01"}, {"token", "a", "role", "ec.designer", "until", "2028-12-31"},
		{"token", "nightly export", "role", "ec.designer", "until", "2026-12-31"}, {"token", "", "role", "ec.designer", "until", "2026-12-31"},
	} {
		if a := b.post("/console/account/token", refused...); a.status < 400 || a.status >= 500 || !strings.Contains(a.body, `role="alert"`) {
			t.Errorf("%v: %d", refused, a.status)
		}
	}
	if err := w.accounts.SetRoles(machine(), "rosa", "ec", []role.Role{role.Designer}); err != nil {
		t.Fatal(err)
	}
	ask("/api/v1/x").says(t, http.StatusOK, "may map[ec:[designer]]")
	w.clock.pass(33 * 24 * time.Hour)
	ask("/api/v1/x").says(t, http.StatusOK)
	w.clock.pass(24 * time.Hour)
	ask("/api/v1/x").says(t, http.StatusUnauthorized)
}

func secretOf(t *testing.T, body string) string {
	t.Helper()
	at := strings.Index(body, "baraza_")
	if at < 0 {
		t.Fatalf("no token in:\n%s", body)
	}
	return body[at : at+len("baraza_")+43]
}

func TestATokenEndsWithItsOwnerOrAnAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rosa := in("ec", role.Designer)
	w.has("rosa", rosa)
	until := w.clock.Now().Add(24 * time.Hour)
	for _, name := range []string{"one", "two", "three"} {
		if _, err := w.accounts.NewToken(as("rosa", rosa), accounts.Token{Name: name, Roles: rosa, Expires: until}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.accounts.RevokeToken(as("tom", in("jo", role.Administrator)), "rosa", "one"); err == nil {
		t.Error("an administrator of another country ended it")
	}
	if err := w.accounts.RevokeToken(as("tom", in("ec", role.Releaser)), "rosa", "one"); err == nil {
		t.Error("who is no administrator ended it")
	}
	if err := w.accounts.RevokeToken(as("tom", in("ec", role.Administrator)), "rosa", "one"); err != nil {
		t.Error(err)
	}
	if err := w.accounts.RevokeToken(as("rosa", rosa), "rosa", "two"); err != nil {
		t.Error(err)
	}
	list, err := w.accounts.Tokens(as("rosa", rosa))
	if err != nil || len(list) != 1 || list[0].Name != "three" {
		t.Errorf("%v, %v", list, err)
	}
	if err := w.accounts.CloseAccount(machine(), "rosa"); err != nil {
		t.Fatal(err)
	}
	if list, _ := w.accounts.Tokens(as("rosa", rosa)); len(list) != 0 {
		t.Errorf("tokens of a closed account: %v", list)
	}
}

// Whoever administers one country must not come to act in another, by any way.
func TestAnAdministratorOfACountryActsThereAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("both", map[string][]role.Role{"ec": {role.Designer}, "jo": {role.Releaser}})
	w.has("theirs", in("jo", role.Releaser))
	w.has("whole", in(role.Everywhere, role.Releaser))
	w.has("mine", in("ec", role.Designer))
	ec := as("tom", in("ec", role.Administrator))
	w.has("tom", in("ec", role.Administrator))
	token := role.With(t.Context(), role.Caller{Account: "tom", Token: "x", Roles: in("ec", role.Administrator)})
	invite := func(roles map[string][]role.Role) error {
		_, err := w.accounts.Invite(ec, accounts.Invitation{Name: "new", Roles: roles})
		return err
	}
	reset := func(name string) error { _, err := w.accounts.Reset(ec, name); return err }
	for what, err := range map[string]error{
		"invite elsewhere":         invite(in("jo", role.Staff)),
		"invite for every country": invite(in(role.Everywhere, role.Staff)),
		"invite for both":          invite(map[string][]role.Role{"ec": {role.Staff}, "jo": {role.Staff}}),
		"reset somebody of both":   reset("both"),
		"reset somebody elsewhere": reset("theirs"),
		"reset somebody of all":    reset("whole"),
		"reset oneself":            reset("tom"),
		"close somebody of both":   w.accounts.CloseAccount(ec, "both"),
		"close oneself":            w.accounts.CloseAccount(ec, "tom"),
		"roles elsewhere":          w.accounts.SetRoles(ec, "both", "jo", []role.Role{role.Staff}),
		"no roles elsewhere":       w.accounts.SetRoles(ec, "both", "jo", nil),
		"roles everywhere":         w.accounts.SetRoles(ec, "mine", role.Everywhere, []role.Role{role.Staff}),
		"one's own roles":          w.accounts.SetRoles(ec, "tom", "ec", role.All()),
		"a role there is not":      w.accounts.SetRoles(ec, "mine", "ec", []role.Role{"king"}),
		"no administrator":         w.accounts.SetRoles(as("mine", in("ec", role.Releaser)), "both", "ec", nil),
		"a token":                  w.accounts.SetRoles(token, "mine", "ec", nil),
		"nobody":                   w.accounts.SetRoles(t.Context(), "mine", "ec", nil),
	} {
		if err == nil {
			t.Errorf("%s: it was done", what)
		}
	}
	if err := invite(in("ec", role.Staff, role.Administrator)); err != nil {
		t.Error(err)
	}
	// The one who made the link could open it, so nobody gives it more meanwhile.
	if err := w.accounts.SetRoles(as("ann", in("jo", role.Administrator)), "new", "jo", []role.Role{role.Releaser}); err == nil {
		t.Error("an account whose link is open got roles")
	}
	if err := w.accounts.SetRoles(ec, "both", "ec", nil); err != nil {
		t.Error(err)
	}
	if err := reset("mine"); err != nil {
		t.Error(err)
	}
	list, err := w.accounts.Accounts(ec)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string][]role.Role{}
	for _, one := range list {
		got[one.Name] = one.Roles
	}
	want := map[string]map[string][]role.Role{"mine": in("ec", role.Designer), "new": in("ec", role.Staff, role.Administrator), "tom": in("ec", role.Administrator)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
}

// Whatever roles it has: what a token may ask for is decided before, and once more here.
func TestATokenDoesNothingToAccountsButCloseThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("tom", in("ec", role.Staff))
	ctx := role.With(t.Context(), role.Caller{Account: "rosa", Token: "leavers", Roles: in("ec", role.Administrator, role.Offboarding)})
	_, invited := w.accounts.Invite(ctx, accounts.Invitation{Name: "new", Roles: in("ec", role.Staff)})
	_, reset := w.accounts.Reset(ctx, "tom")
	_, made := w.accounts.NewToken(ctx, accounts.Token{Name: "more", Roles: in("ec", role.Offboarding), Expires: w.clock.Now().Add(time.Hour)})
	for what, err := range map[string]error{"invite": invited, "reset": reset, "make a token": made, "roles": w.accounts.SetRoles(ctx, "tom", "ec", nil),
		"end a token": w.accounts.RevokeToken(ctx, "rosa", "leavers")} {
		var p *accounts.Problem
		if !errors.As(err, &p) || p.Status != http.StatusForbidden || !strings.Contains(p.Text, "a token cannot do this") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := w.accounts.CloseAccount(ctx, "tom"); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestNobodyComesInByTheLinkOfWhoMayNoLongerInvite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("tom", in("ec", role.Administrator))
	link, err := w.accounts.Invite(as("tom", in("ec", role.Administrator)), accounts.Invitation{Name: "new", Roles: in("ec", role.Staff)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.accounts.CloseAccount(machine(), "tom"); err != nil {
		t.Fatal(err)
	}
	w.browser().get(link.Address).says(t, http.StatusGone)
}

func TestWhoDidWhatIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, b := w.has("rosa", in("ec", role.Designer))
	b.post("/console/sign-out")
	b.post("/console/sign-in", "name", "rosa", "password", "wrong horse battery")
	b.post("/console/sign-in", "name", "my secret password", "password", "x")
	b.signsIn(p)
	b.post("/console/account/token", "token", "export", "role", "ec.designer", "until", "2026-12-31")
	b.post("/console/account/token-end", "token", "export")
	_, _ = w.accounts.Invite(as("rosa", in("ec", role.Designer)), accounts.Invitation{Name: "friend", Roles: in("ec", role.Releaser)})
	_ = w.accounts.SetRoles(machine(), "rosa", "ec", []role.Role{role.Auditor})
	_ = w.accounts.CloseAccount(machine(), "rosa")
	want := []string{
		"root: account invite rosa done", "rosa: account accept rosa done",
		": sign in rosa refused", ": sign in an account that is not there refused", "rosa: sign in rosa done",
		"rosa: token make export done", "rosa: token end rosa: export done", "rosa: account invite friend refused",
		"root: account roles rosa done", "root: account close rosa done",
	}
	if diff := cmp.Diff(want, w.records()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestManyFailedSignInsFillNoDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.has("rosa", in("ec", role.Designer))
	before := len(w.records())
	guess := func(i int) {
		w.browser().do(http.MethodPost, "/console/sign-in", url.Values{"name": {fmt.Sprint("name", i)}, "password": {"x"}},
			"X-Forwarded-For", fmt.Sprint("203.0.113.", i)).says(t, http.StatusUnprocessableEntity)
	}
	for i := range 30 {
		guess(i)
	}
	if n := len(w.records()) - before; n != 20 {
		t.Errorf("%d records of 30 failed sign-ins, want 20", n)
	}
	w.clock.pass(time.Minute)
	guess(30)
	last := ""
	if _, err := audit.Verify(w.log, "", func(r audit.Record) { last = r.Why }); err != nil {
		t.Fatal(err)
	}
	if want := "wrong password, from 203.0.113.30; 10 more failed sign-ins have no record of their own"; last != want {
		t.Errorf("the next record says %q, want %q", last, want)
	}
}

func TestNothingIsDoneOfWhichThereCanBeNoRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, b := w.has("rosa", in("ec", role.Designer))
	breakLog(t, w)
	if err := w.accounts.CloseAccount(machine(), "rosa"); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("got %v", err)
	}
	if !b.in() {
		t.Error("the account was closed all the same")
	}
	other := w.browser()
	other.signsIn(p)
	if other.in() {
		t.Error("somebody signed in without a record")
	}
}
