package accounts_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/console/accounts"
	"baraza/console/role"
)

func TestWhoIsInvitedSetsUpPasswordAndPhoneAndSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, b := w.has("rosa.benitez", in("ec", role.Designer))
	if len(p.codes) != 10 {
		t.Fatalf("%d recovery codes, want 10", len(p.codes))
	}
	b.get("/console/").says(t, http.StatusOK, "caller rosa.benitez may map[ec:[designer]]")
	b.post("/console/sign-out").says(t, http.StatusOK, "You are signed out")
	if b.in() {
		t.Fatal("still signed in")
	}
	a := b.post("/console/sign-in", "name", "Rosa.Benitez ", "password", p.password, "to", "/console/ec/ec?x=1")
	a.says(t, http.StatusOK, "Code of your phone")
	a = b.post("/console/code", "code", w.code(p)[:3]+" "+w.code(p)[3:])
	if a.path != "/console/ec/ec?x=1" {
		t.Errorf("led to %s", a.path)
	}
	a.says(t, http.StatusOK, "caller rosa.benitez")
}

func TestACodeOfThePhoneWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, _ := w.has("rosa", in("ec", role.Designer))
	code := w.code(p)
	one, two := w.browser(), w.browser()
	for _, b := range []*browser{one, two} {
		b.post("/console/sign-in", "name", p.name, "password", p.password).says(t, http.StatusOK, "Enter a code")
	}
	one.post("/console/code", "code", code).says(t, http.StatusOK, "caller rosa")
	two.post("/console/code", "code", code).says(t, http.StatusUnprocessableEntity, "This code is not good", `aria-invalid="true"`)
	w.clock.pass(30 * time.Second)
	two.post("/console/code", "code", code).says(t, http.StatusUnprocessableEntity)
	two.post("/console/code", "code", w.code(p)).says(t, http.StatusOK, "caller rosa")
}

func TestACodeIsTakenOneStepEarlyOrLate(t *testing.T) {
	t.Parallel()
	secret, at := "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", int64(1111111109)
	// RFC 6238, appendix B: the last six digits of SHA-1.
	for _, c := range []struct {
		off  int64
		used int64
		ok   bool
	}{{0, 0, true}, {30, 0, true}, {-30, 0, true}, {60, 0, false}, {-60, 0, false}, {0, at/30 - 1, true}, {0, at / 30, false}, {30, at / 30, false}} {
		if _, ok := accounts.StepOf(secret, "081804", time.Unix(at+c.off, 0), c.used); ok != c.ok {
			t.Errorf("%d seconds off, used %d: %v, want %v", c.off, c.used, ok, c.ok)
		}
	}
	for at, code := range map[int64]string{59: "287082", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if step, ok := accounts.StepOf(secret, code, time.Unix(at, 0), 0); !ok || step != at/30 {
			t.Errorf("%s at %d: step %d, %v", code, at, step, ok)
		}
	}
}

func TestARecoveryCodeWorksOnceAlsoForTwoAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, _ := w.has("rosa", in("ec", role.Designer))
	var mu sync.Mutex
	var let int
	var all sync.WaitGroup
	for range 4 {
		b := w.browser()
		b.post("/console/sign-in", "name", p.name, "password", p.password)
		all.Go(func() {
			a := b.post("/console/code", "recovery", strings.ToUpper(strings.ReplaceAll(p.codes[0], "-", " ")))
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(a.body, "caller rosa") {
				let++
			}
		})
	}
	all.Wait()
	if let != 1 {
		t.Errorf("the code let %d in, want 1", let)
	}
}

func TestALinkWorksOnceAndForThreeDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	invite := func(name string) string {
		link, err := w.accounts.Invite(machine(), accounts.Invitation{Name: name, Roles: in("ec", role.Staff)})
		if err != nil {
			t.Fatal(err)
		}
		return link.Address
	}
	used, late := invite("used"), invite("late")
	b := w.browser()
	b.get(used) // a program that looks at links in messages
	w.browser().joins("used", used)
	w.browser().get(used).says(t, http.StatusGone, "This link cannot be used")
	b.post("/console/invited", "new", goodPassword, "again", goodPassword).says(t, http.StatusGone)
	w.clock.pass(71 * time.Hour)
	b.get(late).says(t, http.StatusOK, "invited as")
	w.clock.pass(time.Hour)
	b.get(late).says(t, http.StatusGone)
	w.browser().get(late[:len(late)-1]+"!").says(t, http.StatusGone)
}

func TestAPasswordThatOthersWouldTryIsRefusedAtItsField(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]string{
		"short": "password-short", "rosa.benitez": "password-name", "Password1234": "password-common", "aaaaaaaaaaaaaaa": "password-common",
		"abababababababab": "password-common", "1234567890123": "password-common", "ROSA.BENITEZ1": "password-name",
		strings.Repeat("long word ", 60): "password-long", "\xff\xffnot a text here": "password-long",
		"three brown goats": "", "пароль из слов": "", "كلمة سر طويلة هنا": "",
	} {
		if got := accounts.Unfit(password, "rosa.benitez"); got != want {
			t.Errorf("%q: %q, want %q", password, got, want)
		}
	}
	w := newWorld(t)
	link, err := w.accounts.Invite(machine(), accounts.Invitation{Name: "rosa", Roles: in("ec", role.Staff)})
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	b.get(link.Address)
	b.post("/console/invited", "new", "short", "again", "short").
		says(t, http.StatusUnprocessableEntity, "<title>Problem: Set up your account", `id="new-wrong">Use at least 12`, `aria-describedby="new-wrong new-hint" aria-invalid="true" autofocus`)
	b.post("/console/invited", "new", goodPassword, "again", goodPassword+"s").
		says(t, http.StatusUnprocessableEntity, `id="again-wrong">The two are not the same`)
}

// Whoever guesses must not learn from an answer, nor from how long it takes, which accounts there are.
func TestAnAccountThatIsNotThereIsAnsweredAsAWrongPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, _ := w.has("rosa", in("ec", role.Designer))
	w.has("closed", in("ec", role.Designer))
	if err := w.accounts.CloseAccount(machine(), "closed"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.accounts.Invite(machine(), accounts.Invitation{Name: "invited", Roles: in("ec", role.Designer)}); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, name := range []string{p.name, "nobody", "closed", "invited"} {
		before := w.accounts.Hashes()
		a := w.browser().post("/console/sign-in", "name", name, "password", "wrong horse battery")
		a.says(t, http.StatusUnprocessableEntity, "Name and password do not fit together")
		if n := w.accounts.Hashes() - before; n != 1 {
			t.Errorf("%s: %d hashes, want 1", name, n)
		}
		said = append(said, strings.ReplaceAll(a.body, `value="`+name+`"`, `value="NAME"`))
	}
	for _, other := range said[1:] {
		if diff := cmp.Diff(said[0], other); diff != "" {
			t.Errorf("the answers differ:\n%s", diff)
		}
	}
}

func TestWhoGuessesWaitsLongerEachTimeAndOwnersDoNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, home := w.has("rosa", in("ec", role.Designer))
	home.post("/console/sign-out")
	for _, name := range []string{"rosa", "nobody"} {
		guess := func() answer {
			return w.browser().post("/console/sign-in", "name", name, "password", "wrong horse battery")
		}
		for range 6 {
			guess().says(t, http.StatusUnprocessableEntity)
		}
		guess().says(t, http.StatusTooManyRequests, "Wait 1 second")
		w.clock.pass(time.Second)
		guess().says(t, http.StatusUnprocessableEntity)
		for range 3 { // guesses while one waits make it no longer
			guess().says(t, http.StatusTooManyRequests, "Wait 2 seconds")
		}
		w.clock.pass(2 * time.Second)
		guess().says(t, http.StatusUnprocessableEntity)
		if a := guess(); a.header.Get("Retry-After") != "4" {
			t.Errorf("Retry-After %s, want 4", a.header.Get("Retry-After"))
		}
	}
	// With the right password one waits as well, where nobody signed in before.
	w.browser().signsIn(p).says(t, http.StatusTooManyRequests)
	home.signsIn(p).says(t, http.StatusOK, "caller rosa")
	// The wait has an end, and is forgotten after an hour.
	w.clock.pass(time.Hour + time.Second)
	w.browser().signsIn(p).says(t, http.StatusOK, "caller rosa")
}

func TestCodesCannotBeGuessedByWhoHasThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, _ := w.has("rosa", in("ec", role.Designer))
	tried := 0
	for range 40 {
		b := w.browser() // each with the password anew
		b.post("/console/sign-in", "name", p.name, "password", p.password)
		if a := b.post("/console/code", "code", "000000"); a.status == http.StatusUnprocessableEntity {
			tried++
		}
	}
	if tried > 6 {
		t.Errorf("%d codes could be tried at once", tried)
	}
}

func TestManySignInsAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // of a test that hangs: sixty hashes take long
	defer cancel()
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 60 {
		all.Go(func() {
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, w.public+"/console/sign-in", strings.NewReader("name=n"+string(rune('a'+i%26))+"&password=wrong"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			statuses[response.StatusCode]++
		})
	}
	all.Wait()
	if n := w.accounts.Hashes(); n > 60 || statuses[500] > 0 {
		t.Errorf("%d hashes, %v", n, statuses)
	}
	if statuses[422]+statuses[429]+statuses[503] != 60 {
		t.Errorf("statuses %v", statuses)
	}
}
