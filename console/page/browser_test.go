package page_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
	"baraza/console/page"
	"baraza/server/desk"
)

const (
	narrow = `document.documentElement.scrollWidth <= document.documentElement.clientWidth`
	// small are targets that a finger misses. Links within a sentence may be small.
	small = `[...document.querySelectorAll("button, .button, textarea, select, summary, input:not([type=hidden]), a")].filter(e => e.checkVisibility() && !e.closest(".skip")).
		map(e => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.width < 24 || r.height < 24).map(([name]) => name).join()`
)

// looks has axe look at the page on a desk and on a small phone, in light and in dark.
func looks(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	browsertest.Holds(t, ctx, `document.readyState === "complete"`) // with its styles
	for _, size := range []struct {
		width, height int64
		scheme        string
	}{{1280, 900, "light"}, {1280, 900, "dark"}, {320, 640, "light"}} {
		browsertest.Do(t, ctx, chromedp.EmulateViewport(size.width, size.height))
		browsertest.Scheme(t, ctx, size.scheme)
		what := fmt.Sprintf("%s-%d-%s", name, size.width, size.scheme)
		browsertest.Accessible(t, ctx, what)
		if !browsertest.Eval[bool](t, ctx, narrow) {
			t.Errorf("%s: one has to scroll sideways", what)
		}
		if got := browsertest.Eval[string](t, ctx, small); got != "" {
			t.Errorf("%s: too small to tap: %s", what, got)
		}
		browsertest.Picture(t, ctx, "console/"+what)
	}
	if !browsertest.Eval[bool](t, ctx, `document.documentElement.dir = "rtl", `+narrow) { // as another language of the console would
		t.Errorf("%s: one has to scroll sideways from right to left", name)
	}
	browsertest.Eval[bool](t, ctx, `document.documentElement.dir = "ltr", true`)
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1280, 900))
	browsertest.Scheme(t, ctx, "light")
}

// opens goes to a page of the console and waits for it.
func (r *room) opens(ctx context.Context, path, heading string) {
	r.t.Helper()
	browsertest.Do(r.t, ctx, chromedp.Navigate(r.url+path))
	shows(r.t, ctx, heading)
}

// joins is an operator who follows an invitation in a browser: a password, a phone, and they are in.
func (r *room) joins(ctx context.Context, name string) {
	r.t.Helper()
	browsertest.Do(r.t, ctx, chromedp.Navigate(r.invitation(name)))
	browsertest.Holds(r.t, ctx, `document.querySelector("[name=new]")`)
	browsertest.Eval[bool](r.t, ctx, fmt.Sprintf(`(f => { f.new.value = f.again.value = %q; f.requestSubmit(); return true; })(document.querySelector("[name=new]").form.elements.new.form)`, password))
	browsertest.Holds(r.t, ctx, `document.querySelector("[name=code]")`)
	code := r.code(browsertest.Eval[string](r.t, ctx, `document.querySelector("main").innerHTML`))
	browsertest.Eval[bool](r.t, ctx, fmt.Sprintf(`(e => { e.value = %q; e.form.requestSubmit(); return true; })(document.querySelector("[name=code]"))`, code))
	browsertest.Holds(r.t, ctx, `document.querySelector("h1").textContent.includes("recovery codes")`)
	r.opens(ctx, "/console/", "What serves")
}

// shows waits for a page.
func shows(t *testing.T, ctx context.Context, heading string) {
	t.Helper()
	browsertest.Holds(t, ctx, fmt.Sprintf(`document.querySelector("h1") && document.querySelector("h1").textContent.includes(%q)`, heading))
}

// clicks taps what has a text.
func clicks(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	browsertest.Eval[bool](t, ctx, fmt.Sprintf(`[...document.querySelectorAll("main a, main button")].find(e => e.textContent.trim() === %q).click(), true`, text))
}

func fills(t *testing.T, ctx context.Context, id, text string) {
	t.Helper()
	browsertest.Eval[bool](t, ctx, fmt.Sprintf(`(document.getElementById(%q).value = %q, true)`, id, text))
}

func TestAnOperatorReleasesWithAScreenAndAKeyboard(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t)
	r.behaviour = func(context.Context, io.ReadSeeker, string) (page.Outcome, error) {
		return page.Outcome{Passed: 11, Differ: []page.Conversation{{Test: "Somebody says a word", Rows: []page.Row{
			{Planned: "person: hello", Serves: "person: hello"},
			{Planned: "bot: Which word do you mean?", Serves: "bot: What is the word?", Differs: true}}},
			{Test: "شخص يكتب كلمة", Rows: []page.Row{{Planned: "bot: أي كلمة تقصد؟", Serves: "bot: ما هي الكلمة؟", Differs: true}}}}}, nil
	}
	first := r.build("help", wording{})
	r.serves("ke", first)
	for i := range 3 {
		r.writes(fmt.Sprintf("+2547000001%02d", i), 1, "hello")
	}
	next := r.build("help", wording{ask: "Which word do you mean?", arabicAsk: "أي كلمة تقصد؟", answer: "number from 1 to 9"})

	t.Log("what serves")
	r.joins(ctx, "ana")
	shows(t, ctx, "What serves")
	if got := browsertest.Eval[string](t, ctx, `document.body.textContent`); strings.Contains(got, "ug") && strings.Contains(got, "aid") {
		t.Error("another country is named")
	}
	looks(t, ctx, "overview")
	browsertest.Eval[bool](t, ctx, `document.querySelector("main a.act").click(), true`)
	shows(t, ctx, "help in ke")
	looks(t, ctx, "status")

	t.Log("the plan")
	clicks(t, ctx, "Plan a release")
	shows(t, ctx, "Plan a release of help in ke")
	looks(t, ctx, "upload")
	bundle, signature := next.file(t, "help.bundle")
	browsertest.Do(t, ctx, chromedp.SetUploadFiles(chromedp.CSS("#bundle"), []string{bundle}), chromedp.SetUploadFiles(chromedp.CSS("#signature"), []string{signature}))
	clicks(t, ctx, "Plan it")
	shows(t, ctx, "Release "+next.hash[:12])
	has(t, browsertest.Eval[string](t, ctx, `document.querySelector("main").innerText`), "11 tests pass", "Which word do you mean?", "أي كلمة تقصد؟", "3 conversations", "stay")
	if got := browsertest.Eval[string](t, ctx, `getComputedStyle(document.querySelector("td[lang=ar]")).direction`); got != "rtl" {
		t.Errorf("Arabic runs %s", got)
	}
	looks(t, ctx, "plan")

	t.Log("to one in ten")
	fills(t, ctx, "percent", "10")
	fills(t, ctx, "why", "The question was misread")
	clicks(t, ctx, "Go on")
	shows(t, ctx, "Activate release")
	has(t, browsertest.Eval[string](t, ctx, `document.querySelector("main").innerText`), "10 get release "+next.hash[:12], "3 people are in the middle of a conversation")
	looks(t, ctx, "confirm")
	clicks(t, ctx, "Activate")
	shows(t, ctx, "help in ke")
	if c := r.state("ke").Candidate; c == nil || c.Release != next.hash || c.Percent != 10 || c.By != "ana" || c.Why != "The question was misread" {
		t.Fatalf("tried: %+v", c)
	}
	looks(t, ctx, "tried")

	t.Log("conversations move")
	before := browsertest.Eval[string](t, ctx, `document.querySelector("#live tbody tr td.number span").textContent`)
	r.writes("+254700000199", 1, "hello")
	browsertest.Holds(t, ctx, `[...document.querySelectorAll("#live .number span")].reduce((n, e) => n + Number(e.textContent), 0) === 4`)
	if before != "3" {
		t.Errorf("%s conversations before", before)
	}
	clicks(t, ctx, "Stop reading again")
	browsertest.Holds(t, ctx, `document.getElementById("pace-says").textContent.includes("stand still")`)

	t.Log("to everybody, and back")
	clicks(t, ctx, "Give it to everybody")
	shows(t, ctx, "to everybody?")
	looks(t, ctx, "promote")
	fills(t, ctx, "why", "It is understood")
	clicks(t, ctx, "Give it to everybody")
	browsertest.Holds(t, ctx, `document.querySelector("[role=status]") && document.querySelector("[role=status]").textContent.includes("serves everybody now")`)
	if got := r.state("ke").Serves(); got != next.hash {
		t.Fatalf("%s serves", got)
	}
	clicks(t, ctx, "Roll back")
	shows(t, ctx, "Go back to release "+first.hash[:12])
	looks(t, ctx, "rollback")
	browsertest.Reach(t, ctx, "#why")
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#why"), "People answer with words"))
	browsertest.Reach(t, ctx, "main form button")
	browsertest.Press(t, ctx, "Enter")
	browsertest.Holds(t, ctx, `document.querySelector("[role=status]") && document.querySelector("[role=status]").textContent.includes("serves again")`)
	if got := r.state("ke").Serves(); got != first.hash {
		t.Fatalf("%s serves", got)
	}
	looks(t, ctx, "history")
	for _, address := range browsertest.Eval[[]string](t, ctx, `performance.getEntriesByType("resource").map(e => e.name)`) {
		if !strings.HasPrefix(address, r.url) {
			t.Errorf("the page asks for %s", address)
		}
	}
}

func TestAnOperatorStopsACountryAndServesItAgain(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	r.serves("ug", r.build("aid", wording{}))
	r.writes("+254700000101", 1, "hello")
	r.joins(ctx, "ana")
	clicks(t, ctx, "Emergency stop: ke")
	shows(t, ctx, "Emergency stop of ke")
	looks(t, ctx, "stop")
	fills(t, ctx, "notice-en", "We cannot answer here now. If you are in danger, call 555-0100.")
	fills(t, ctx, "why", "The office moved")
	fills(t, ctx, "word", "ug")
	clicks(t, ctx, "Stop automated replies")
	browsertest.Holds(t, ctx, `document.getElementById("word-wrong") && document.getElementById("notice-wrong")`)
	has(t, browsertest.Eval[string](t, ctx, `document.querySelector("main").innerText`), "no text in \"ar\"", "Write the word of the country: ke")
	looks(t, ctx, "stop-wrong")
	fills(t, ctx, "notice-ar", "لا نستطيع الرد هنا الآن. إن كنت في خطر فاتصل بالرقم 555-0100.")
	fills(t, ctx, "word", "ke")
	clicks(t, ctx, "Stop automated replies")
	browsertest.Holds(t, ctx, `document.querySelector("[role=status]") && document.querySelector("[role=status]").textContent.includes("ke is stopped")`)
	if got := r.writes("+254700000101", 2, "word")[1]; !strings.Contains(got, "We cannot answer here now") {
		t.Errorf("who writes is told %q", got)
	}
	r.opens(ctx, "/console/ke/emergency-stop", "Emergency stop")
	looks(t, ctx, "stopped")
	held := func(n string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#live div")].some(e => e.textContent.includes("Messages that wait") && e.lastElementChild.textContent === %q)`, n)
	}
	browsertest.Holds(t, ctx, held("1"))
	r.writes("+254700000102", 1, "hello")
	browsertest.Holds(t, ctx, held("2")) // by itself
	r.opens(ctx, "/console/ke/help", "help in ke")
	has(t, browsertest.Eval[string](t, ctx, `document.querySelector("main").innerText`), "ke is stopped since", "by ana")
	looks(t, ctx, "status-stopped")
	hasNot(t, r.enters("otto").get("/console/").body, "is stopped")

	r.opens(ctx, "/console/ke/emergency-stop", "Emergency stop")
	fills(t, ctx, "why-end", "It is over")
	clicks(t, ctx, "Answer people again")
	browsertest.Holds(t, ctx, `document.querySelector("[role=status]") && document.querySelector("[role=status]").textContent.includes("served again")`)
	r.writes("+254700000101", 4)

	t.Log("what others do is seen")
	const moved = `document.getElementById("told").textContent.includes(%q)`
	_, err := r.desk.Freeze(t.Context(), desk.Freeze{Country: "ke", By: "ben", Why: "again", Notice: map[string]string{"en": "We pause."}, Instead: map[string]string{"ar": "en"}})
	r.check(err)
	r.opens(ctx, "/console/ke/emergency-stop", "Emergency stop")
	_, err = r.desk.Unfreeze(t.Context(), desk.Unfreeze{Country: "ke", By: "ben", Why: "it was nothing"})
	r.check(err)
	browsertest.Holds(t, ctx, `document.getElementById("live").textContent.includes("is served")`)
	browsertest.Holds(t, ctx, fmt.Sprintf(moved, "This has changed"))
	r.opens(ctx, "/console/ke/help", "help in ke")
	_, err = r.desk.Freeze(t.Context(), desk.Freeze{Country: "ke", By: "ben", Why: "once more", Notice: map[string]string{"en": "We pause."}, Instead: map[string]string{"ar": "en"}})
	r.check(err)
	browsertest.Holds(t, ctx, fmt.Sprintf(moved, "has changed"))
	has(t, r.enters("aida").get("/console/audit").body, "incident freeze", "incident unfreeze", "The office moved")
}

func TestAnAdministratorInvitesAndAnAuditorReads(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	r.invitation("ana")
	r.joins(ctx, "ada")
	r.opens(ctx, "/console/accounts", "Accounts")
	looks(t, ctx, "accounts")
	fills(t, ctx, "name", "Rosa Benitez")
	browsertest.Eval[bool](t, ctx, `document.getElementById("role-approver").click(), true`)
	clicks(t, ctx, "Invite")
	browsertest.Holds(t, ctx, `document.getElementById("name-wrong")`)
	looks(t, ctx, "accounts-wrong")
	fills(t, ctx, "name", "rosa.benitez")
	clicks(t, ctx, "Invite")
	shows(t, ctx, "A link for rosa.benitez")
	has(t, browsertest.Eval[string](t, ctx, `document.getElementById("link").textContent`), r.url+"/console/invited?link=")
	looks(t, ctx, "link")
	r.opens(ctx, "/console/accounts/one?name=rosa.benitez", "Account rosa.benitez")
	looks(t, ctx, "account")
	r.opens(ctx, "/console/audit", "Who did what")
	has(t, browsertest.Eval[string](t, ctx, `document.querySelector("main").innerText`), "account invite", "rosa.benitez", "release activate")
	looks(t, ctx, "audit")
}

func TestAnApproverReadsARelease(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	next := r.build("help", wording{say: "I read {word}.", arabicSay: "قرأت {word}.", gate: "approval"})
	ana := r.enters("ana")
	ana.post(ana.sends("/console/ke/help/plan", next).path+"/keep").says(t, 200)
	r.joins(ctx, "ben")
	r.opens(ctx, "/console/ke/help", "help in ke")
	browsertest.Eval[bool](t, ctx, `document.querySelector("a[href*='/release/']").click(), true`)
	shows(t, ctx, "Release "+next.hash[:12])
	looks(t, ctx, "release")
	browsertest.Reach(t, ctx, ".skip")
	if high := browsertest.Eval[float64](t, ctx, `document.activeElement.getBoundingClientRect().height`); high < 24 {
		t.Errorf("the link past the menu is %v px high once one is at it", high)
	}
	fills(t, ctx, "why-approve", "Read in both languages")
	clicks(t, ctx, "Approve")
	browsertest.Holds(t, ctx, `document.querySelector("[role=status]") && document.querySelector("[role=status]").textContent.includes("You have approved it")`)
}
