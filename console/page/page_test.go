package page_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"baraza/console/page"
)

func has(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(body, part) {
			t.Errorf("the page does not have %q:\n%s", part, body)
		}
	}
}

func hasNot(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(body, part) {
			t.Errorf("the page has %q:\n%s", part, body)
		}
	}
}

// says checks the status of a page, and what is on it.
func (a answer) says(t *testing.T, status int, parts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s answers %d, want %d", a.path, a.status, status)
	}
	has(t, a.body, parts...)
}

func TestAReleaserPlansAndActivatesWithoutAScript(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first := r.build("help", wording{})
	r.serves("ke", first)
	next := r.build("help", wording{ask: "What is your word?", arabicAsk: "أي كلمة؟"})
	ana := r.enters("ana")
	plan := ana.sends("/console/ke/help/plan", next)
	plan.says(t, http.StatusOK, "What is <mark>your</mark> word?", `lang="ar">أي كلمة؟</td>`, "3 tests pass", next.hash, first.hash)
	path := plan.path
	confirm := ana.post(path, "planned", first.hash, "percent", "100", "why", "Simpler words")
	confirm.says(t, http.StatusOK, "serves everybody in ke", "0 people are in the middle", "<q dir=\"auto\">Simpler words</q>")
	if got := r.state("ke").Serves(); got != first.hash {
		t.Fatal("to be asked is enough to change what serves")
	}
	ana.post(path+"/activate", "planned", first.hash, "percent", "100", "why", "Simpler words").says(t, http.StatusOK, "Release "+next.hash[:12]+" is activated", "Simpler words")
	if s := r.state("ke").Current; s.Release != next.hash || s.By != "ana" || s.Why != "Simpler words" {
		t.Errorf("serves: %+v", s)
	}
	ana.post(path+"/activate", "planned", first.hash, "percent", "100", "why", "Once more").says(t, http.StatusGone, "were deleted")
	back := ana.get("/console/ke/help/rollback")
	back.says(t, http.StatusOK, "Go back to release "+first.hash[:12])
	ana.post("/console/ke/help/rollback", "planned", next.hash, "release", first.hash, "why", "").says(t, http.StatusUnprocessableEntity, `id="why-wrong"`, `aria-invalid="true"`, "Say why.")
	ana.post("/console/ke/help/rollback", "planned", next.hash, "release", first.hash, "why", "A complaint").says(t, http.StatusOK, "Release "+first.hash[:12]+" serves again")

	aida := r.enters("aida")
	aida.get("/console/audit").says(t, http.StatusOK, "release activate", "release keep", "release rollback", "A complaint", "<bdi>ana</bdi>", next.hash)
	hasNot(t, aida.get("/console/audit?what=release+rollback").body, "release activate")
}

func TestWhoPlannedBeforeSomebodyElseActivatedIsToldBothHashesAndPlansAgain(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first, second, third := r.build("help", wording{}), r.build("help", wording{say: "I read {word}."}), r.build("help", wording{say: "I heard {word}."})
	r.serves("ke", first)
	ana := r.enters("ana")
	plan := ana.sends("/console/ke/help/plan", third)
	r.serves("ke", second)
	for _, path := range []string{plan.path, plan.path + "/activate"} {
		got := ana.post(path, "planned", first.hash, "percent", "100", "why", "Better")
		got.says(t, http.StatusConflict, first.hash[:12], second.hash[:12], `href="`+plan.path+`"`)
	}
	if got := r.state("ke").Serves(); got != second.hash {
		t.Errorf("%s serves", got)
	}
	ana.get(plan.path).says(t, http.StatusOK, "I <mark>read</mark> {word}.", second.hash)
	ana.post(plan.path+"/activate", "planned", second.hash, "percent", "100", "why", "Better").says(t, http.StatusOK, "is activated")
}

func TestARefusedBundleIsSaidBesideItsField(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	ana := r.enters("ana")
	wrong := func(of packed, field string, parts ...string) {
		t.Helper()
		got := ana.sends("/console/ke/help/plan", of)
		got.says(t, http.StatusUnprocessableEntity, append(parts, `id="`+field+`-wrong"`, `href="#`+field+`"`)...)
	}
	wrong(packed{bundle: []byte("<b>no bundle</b>")}, "bundle")
	wrong(packed{}, "bundle", "Choose the file")
	wrong(r.build("aid", wording{}), "bundle", "aid")
	good := r.build("help", wording{say: "I read {word}."})
	wrong(packed{bundle: good.bundle, signature: make([]byte, 5000)}, "signature")
	wrong(packed{bundle: good.bundle[:len(good.bundle)/2]}, "bundle")

	unsigned := ana.sends("/console/ke/help/plan", packed{bundle: good.bundle})
	unsigned.says(t, http.StatusOK, "It cannot be activated", "It is not signed", "run once somebody who may release here has signed it")
	hasNot(t, unsigned.body, `name="percent"`, "tests pass")
	ana.post(unsigned.path+"/activate", "planned", r.state("ke").Serves(), "percent", "100", "why", "x").says(t, http.StatusUnprocessableEntity, "not signed")
	if got := ana.post(unsigned.path, "planned", r.state("ke").Serves(), "percent", "101", "testers", "all of them", "why", ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("status %d", got.status)
	}
}

func TestOfManyTestsThatDifferTenAreShownAndTheOthersCounted(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	r.behaviour = func(context.Context, io.ReadSeeker, string) (page.Outcome, error) {
		return page.Outcome{Passed: 12, Failed: []string{"Nobody is lost"}, Differ: make([]page.Conversation, 12)}, nil
	}
	ana := r.enters("ana")
	plan := ana.sends("/console/ke/help/plan", r.build("help", wording{say: "I read {word}."}))
	for range 2 {
		plan.says(t, http.StatusOK, "In 12 tests people are told something else", "2 more tests differ", "Nobody is lost", "1 test does not pass")
		if n := strings.Count(plan.body, "<details"); n != 10 {
			t.Errorf("%d are shown", n)
		}
		plan = ana.get(plan.path)
	}
	r.behaviour = func(context.Context, io.ReadSeeker, string) (page.Outcome, error) {
		return page.Outcome{}, errors.New("the disk is full")
	}
	ana.sends("/console/ke/help/plan", r.build("help", wording{say: "I heard {word}."})).says(t, http.StatusOK, "Its tests could not be run: the disk is full")
}

func TestWhatIsWrongWithAnActivationIsSaidBesideItsFields(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first := r.build("help", wording{})
	r.serves("ke", first)
	ana := r.enters("ana")
	plan := ana.sends("/console/ke/help/plan", r.build("help", wording{say: "I read {word}."}))
	ana.post(plan.path, "planned", first.hash, "percent", "many", "testers", "everybody", "why", " ").says(t, http.StatusUnprocessableEntity,
		`id="percent-wrong"`, `id="testers-wrong"`, `id="why-wrong"`, `value="many"`, ">everybody</textarea>", `role="alert"`)
}

// Every route is walked: a caller of one country gets 403 on each of the other's, and cannot tell whether there is one.
func TestACallerOfOneCountryIsRefusedOnEveryPageOfAnother(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	otto := r.enters("otto") // every role, in ug
	walked := 0
	for _, pattern := range page.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if !strings.Contains(path, "{country}") {
			continue
		}
		for _, country := range []string{"ke", "nowhere"} {
			path := strings.NewReplacer("{country}", country, "{pack}", "help", "{bundle}", "aaaa", "{release}", r.state("ke").Serves()).Replace(path)
			got := otto.get(path)
			if method == http.MethodPost {
				got = otto.post(path, "why", "to see")
			}
			got.says(t, http.StatusForbidden, "You have no role in this country")
			walked++
		}
	}
	if walked < 30 {
		t.Errorf("%d pages were walked", walked)
	}
	for _, path := range []string{"/console/", "/console/accounts", "/console/audit", "/console/ug/aid"} {
		got := otto.get(path)
		hasNot(t, got.body, `"in-ke"`, "/console/ke", "<option>ke<", `value="ke"`)
		got.says(t, http.StatusOK)
	}
	otto.get("/console/audit?country=ke").says(t, http.StatusForbidden)
}

func TestARoleSeesAndDoesWhatItIsTrustedWith(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first := r.build("help", wording{})
	r.serves("ke", first)
	r.serves("ke", r.build("help", wording{say: "I read {word}."}))
	const status, plan, back, stop = "/console/ke/help", "/console/ke/help/plan", "/console/ke/help/rollback", "/console/ke/emergency-stop"
	for name, may := range map[string]map[string]bool{
		"ana":  {status: true, plan: true, back: true, stop: true},
		"ben":  {status: true, plan: true},
		"dora": {status: true, plan: true},
		"sami": {status: true},
		"aida": {status: true, "/console/audit": true},
		"kofi": {status: true, "/console/accounts": true},
		"ada":  {status: true, "/console/accounts": true, "/console/audit": true},
	} {
		p := r.enters(name)
		body := p.get(status).body
		for _, path := range []string{status, plan, back, stop, "/console/audit", "/console/accounts"} {
			want := http.StatusForbidden
			if may[path] {
				want = http.StatusOK
			}
			if got := p.get(path); got.status != want {
				t.Errorf("%s at %s: %d, want %d", name, path, got.status, want)
			}
			if linked := strings.Contains(body, `href="`+path+`"`); path != status && linked != may[path] {
				t.Errorf("%s is shown a way to %s: %v", name, path, linked)
			}
		}
		if got := p.post(back, "planned", r.state("ke").Serves(), "release", first.hash, "why", "to see"); name != "ana" && got.status != http.StatusForbidden {
			t.Errorf("%s may roll back: %d", name, got.status)
		}
		if name == "ana" {
			r.serves("ke", r.build("help", wording{say: "I hear {word}."}))
		}
	}
}

func TestNobodyIsShownAnythingBeforeTheySignIn(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	stranger := &person{r, &http.Client{}}
	for _, pattern := range page.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{country}", "ke", "{pack}", "help", "{bundle}", "a", "{release}", "b", "{$}", "").Replace(path)
		got := stranger.get(path)
		if method == http.MethodPost {
			got = stranger.post(path)
		}
		if !strings.HasPrefix(got.path, "/console/sign-in") {
			t.Errorf("%s answers %d at %s", pattern, got.status, got.path)
		}
	}
}

func TestWhatAPageOfAnotherSiteSendsIsRefused(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first, next := r.build("help", wording{}), r.build("help", wording{say: "I read {word}."})
	r.serves("ke", first)
	r.serves("ke", next)
	ana := r.enters("ana")
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example.org"} {
		got := ana.post("/console/ke/help/rollback", "planned", next.hash, "release", first.hash, "why", "mischief", header+name, value)
		got.says(t, http.StatusForbidden)
	}
	if got := r.state("ke").Serves(); got != next.hash {
		t.Errorf("%s serves", got)
	}
}

func TestWhatAFlowOrAnOperatorWroteStaysText(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	const evil = `<script>alert(1)</script>"><img src=x onerror=alert(2)>`
	r.serves("ke", r.build("help", wording{}))
	r.behaviour = evilOutcome(evil)
	ana := r.enters("ana")
	next := r.build("help", wording{ask: "What " + evil + " word?"})
	plan := ana.sends("/console/ke/help/plan", next)
	plan.says(t, http.StatusOK, "&lt;script&gt;")
	why := "because " + evil
	confirm := ana.post(plan.path, "planned", r.state("ke").Serves(), "percent", "10", "why", why)
	ana.post(plan.path+"/activate", "planned", r.state("ke").Serves(), "percent", "10", "why", why).says(t, http.StatusOK)
	for _, body := range []string{plan.body, confirm.body, ana.get("/console/").body, ana.get("/console/ke/help").body, ana.get("/console/ke/help?done=" + evil).body,
		r.enters("aida").get("/console/audit?what=%3Cscript%3E").body, ana.get("/console/ke/help/release/%3Cscript%3E").body, ana.get("/console/ke/%3Cscript%3E").body} {
		hasNot(t, body, "<script>", "<img")
	}
	policy := plan.header.Get("Content-Security-Policy")
	has(t, policy, "default-src 'none'", "frame-ancestors 'none'", "form-action 'self'")
	hasNot(t, policy, "unsafe")
	if regexp.MustCompile(`(?i)\s(style|on[a-z]+)=`).MatchString(regexp.MustCompile(`&[^;]+;[^<]*`).ReplaceAllString(plan.body, "")) {
		t.Error("the page has a style or a script in itself")
	}
}

func TestABundleIsReadByWhoSentItAloneAndOfEachTheNewestThreeAreKept(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	ana, dora := r.enters("ana"), r.enters("dora")
	var paths []string
	for i := range 4 {
		paths = append(paths, ana.sends("/console/ke/help/plan", r.build("help", wording{say: fmt.Sprintf("%d is {word}.", i)})).path)
	}
	dora.get(paths[3]).says(t, http.StatusGone)
	ana.get(paths[0]).says(t, http.StatusGone, "Send them again")
	for _, path := range paths[1:] {
		ana.get(path).says(t, http.StatusOK)
	}
}

func TestGatesHoldAReleaseBackUntilAnotherPersonApproves(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first := r.build("help", wording{})
	r.serves("ke", first)
	next := r.build("help", wording{say: "I read {word}.", gate: "approval"})
	ana, ben := r.enters("ana"), r.enters("ben")
	plan := ana.sends("/console/ke/help/plan", next)
	plan.says(t, http.StatusOK, "1 of these holds it back", "Keep it here")
	hasNot(t, plan.body, `name="percent"`)
	kept := ana.post(plan.path + "/keep")
	kept.says(t, http.StatusOK, "is kept", "It cannot be activated before that")
	path := "/console/ke/help/release/" + next.hash
	ana.post(path+"/approve", "why", "I wrote it").says(t, http.StatusForbidden)
	ben.get(path).says(t, http.StatusOK, "<mark>I read</mark> {word}.", "Approve")
	ben.post(path+"/approve", "why", "Read in both languages").says(t, http.StatusOK, "You have approved it", "✓")
	hasNot(t, ben.get(path).body, `name="percent"`)
	ana.get(path).says(t, http.StatusOK, `name="percent"`)
	ana.post(path, "planned", first.hash, "percent", "10", "why", "Approved").says(t, http.StatusOK, "10 get release "+next.hash[:12])
	ana.post(path+"/activate", "planned", first.hash, "percent", "10", "why", "Approved").says(t, http.StatusOK, "10 in 100")
	ana.post("/console/ke/help/percent", "planned", first.hash, "release", next.hash, "percent", "40", "why", "All goes well").says(t, http.StatusOK, "40 in 100")
	if c := r.state("ke").Candidate; c == nil || c.Percent != 40 {
		t.Errorf("tried: %+v", c)
	}
}

func TestTwoPeopleOverrideAGate(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first := r.build("help", wording{})
	r.serves("ke", first)
	next := r.build("help", wording{say: "I read {word}.", gate: "not an example"})
	ana, ben := r.enters("ana"), r.enters("ben")
	ana.post(ana.sends("/console/ke/help/plan", next).path+"/keep").says(t, http.StatusOK)
	path := "/console/ke/help/release/" + next.hash
	ana.post(path+"/override", "gate", "not an example", "why", " ").says(t, http.StatusUnprocessableEntity, "Say why the gate")
	asked := ana.post(path+"/override", "gate", gate(t, ana.get(path).body), "why", "A drill")
	asked.says(t, http.StatusOK, "ana asks to override it", "Confirm the override")
	ana.post(path+"/override", "gate", gate(t, asked.body), "why", "A drill").says(t, http.StatusConflict)
	ben.post(path+"/override", "gate", gate(t, asked.body), "why", "Yes, a drill").says(t, http.StatusOK, "Overridden by ana, ben", "A drill")
	ana.get(path).says(t, http.StatusOK, `name="percent"`)
}

// gate is the name of the first gate that can be overridden.
func gate(t *testing.T, body string) string {
	t.Helper()
	found := regexp.MustCompile(`name="gate" value="([^"]+)"`).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no gate can be overridden:\n%s", body)
	}
	return found[1]
}

func TestTheFirstReleaseServesEverybody(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ana := r.enters("ana")
	ana.get("/console/").says(t, http.StatusOK, "Nothing serves yet")
	ana.get("/console/ke/help").says(t, http.StatusOK, "Nothing serves yet")
	ana.get("/console/ke/help/rollback").says(t, http.StatusUnprocessableEntity, "nothing to go back to")
	ana.get("/console/ke/help/promote").says(t, http.StatusConflict, "No release is being tried")
	first := r.build("help", wording{})
	plan := ana.sends("/console/ke/help/plan", first)
	plan.says(t, http.StatusOK, "this would be the first release", `name="percent" value="100"`)
	ana.post(plan.path+"/activate", "planned", "", "percent", "10", "why", "We begin").says(t, http.StatusUnprocessableEntity, "Nothing serves yet, so a part of the people cannot have it first")
	ana.post(plan.path, "planned", "", "percent", "100", "why", "We begin").says(t, http.StatusOK, "serves everybody in ke")
	ana.post(plan.path+"/activate", "planned", "", "percent", "100", "why", "We begin").says(t, http.StatusOK, "is activated")
	if got := r.state("ke").Serves(); got != first.hash {
		t.Errorf("%q serves", got)
	}
	ana.get("/console/ke/help/rollback?to=0123").says(t, http.StatusNotFound, "No release 0123 is kept")
	again := ana.sends("/console/ke/help/plan", first)
	ana.post(again.path+"/activate", "planned", first.hash, "percent", "100", "why", "Once more").says(t, http.StatusUnprocessableEntity, "serves already")
}

func TestAReleaseThatIsTriedIsTakenBack(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first, next := r.build("help", wording{}), r.build("help", wording{say: "I read {word}."})
	r.serves("ke", first)
	ana := r.enters("ana")
	plan := ana.sends("/console/ke/help/plan", next)
	ana.post(plan.path+"/activate", "planned", first.hash, "percent", "0", "testers", "00112233445566778899aabbccddeeff", "why", "Testers first").says(t, http.StatusOK, "0 in 100 of those who begin and 1 tester")
	ana.post("/console/ke/help/percent", "planned", first.hash, "release", next.hash, "percent", "100", "why", "All").says(t, http.StatusUnprocessableEntity, "from 0 to 99")
	ana.post("/console/ke/help/percent", "planned", first.hash, "release", first.hash, "percent", "20", "why", "More").says(t, http.StatusConflict, "is not being tried any more")
	ana.post("/console/ke/help/percent", "planned", first.hash, "release", next.hash, "percent", "20", "why", "More").says(t, http.StatusOK, "20 in 100 of those who begin and 1 tester")
	ana.get("/console/ke/help/rollback").says(t, http.StatusOK, "is taken back: whoever begins gets release "+first.hash[:12]+" again", `name="planned" value="`+next.hash+`"`)
	ana.post("/console/ke/help/rollback", "planned", next.hash, "why", "Testers are lost").says(t, http.StatusOK, "Release "+first.hash[:12]+" serves again")
	ana.post("/console/ke/help/rollback", "planned", next.hash, "why", "I was slower").says(t, http.StatusConflict, "serves by now")
	ana.get("/console/ke/help/rollback").says(t, http.StatusUnprocessableEntity, "nothing to go back to")
	ana.get("/console/ke/help/rollback?to="+next.hash).says(t, http.StatusOK, "Go back to release "+next.hash[:12])
	if s := r.state("ke"); s.Candidate != nil || s.Serves() != first.hash {
		t.Errorf("stands as %+v", s)
	}
}

func TestAnAdministratorSeesToTheAccountsOfTheirCountry(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	kofi, ana := r.enters("kofi"), r.enters("ana")
	r.enters("otto")
	list := kofi.get("/console/accounts")
	list.says(t, http.StatusOK, "<bdi>ana</bdi>", "with password and code")
	hasNot(t, list.body, "otto", `value="ug"`)
	const one = "/console/accounts/one"
	kofi.post(one, "name", "ana", "what", "roles", "country", "ke", "role", "designer", "role", "approver").says(t, http.StatusOK, "The roles are saved", `value="approver" checked`)
	if got := ana.get("/console/"); !strings.HasPrefix(got.path, "/console/sign-in") {
		t.Errorf("her session goes on at %s", got.path)
	}
	kofi.post(one, "name", "ana", "what", "roles", "country", "ug", "role", "releaser").says(t, http.StatusForbidden)
	kofi.post(one, "name", "otto", "what", "close", "word", "otto").says(t, http.StatusNotFound)
	kofi.post(one, "name", "ana", "what", "reset", "word", "anna").says(t, http.StatusUnprocessableEntity, `id="word-reset-wrong"`)
	kofi.post(one, "name", "ana", "what", "reset", "word", "ana").says(t, http.StatusOK, "A link for ana", "/console/invited?link=")
	kofi.post(one, "name", "ana", "what", "close", "word", "ana").says(t, http.StatusOK, "The account is closed")
	kofi.post(one, "name", "ana", "what", "something").says(t, http.StatusNotFound)
	kofi.get(one+"?name=kofi").says(t, http.StatusOK, "your own account")
	invite := kofi.post("/console/accounts", "name", "lena", "country", "ke", "role", "staff")
	invite.says(t, http.StatusOK, "A link for lena")
	kofi.post("/console/accounts", "name", "lena", "country", "ug", "role", "staff").says(t, http.StatusForbidden, `id="name-wrong"`)
}
