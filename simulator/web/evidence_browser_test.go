package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// A designer goes from the round to a blessed test, with the pages alone.
func TestADesignerReadsARoundAndBlessesASession(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	f := newFolder(t)
	f.write("pack.flow", personaText)
	f.write("talk.flow", personaFlow)
	r := newRoom(t, web.Settings{Edit: true, Packs: []web.Pack{f.pack()}})
	made, session := r.tried()

	t.Log("the report")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(r.server.URL+"/watch/"))
	browsertest.Holds(t, ctx, `document.querySelector("#rounds a[href^='/watch/round/']")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#rounds a[href^='/watch/round/']")))
	browsertest.Holds(t, ctx, `document.title === "A round of testing" && document.getElementById("sessions")`)
	wants(t, "the round", browsertest.Eval[string](t, ctx, `document.body.innerText`), "Round in <Nairobi>", "They read <my> letters", "1 of 1")
	check := func(what, picture string) {
		t.Helper()
		browsertest.Accessible(t, ctx, what)
		browsertest.Picture(t, ctx, picture)
		if !browsertest.Eval[bool](t, ctx, narrow) {
			t.Errorf("%s: one has to scroll sideways", what)
		}
		if got := browsertest.Eval[string](t, ctx, small); got != "" {
			t.Errorf("%s: too small to tap: %s", what, got)
		}
	}
	check("the round", "round")

	t.Log("a transcript, and the test that it is")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#sessions ~ .list a")))
	browsertest.Holds(t, ctx, `document.querySelector(".talk .person")`)
	wants(t, "the session", browsertest.Eval[string](t, ctx, `document.body.innerText`), "is it <b>bold</b>", "says the same as was said", "This test passes")
	check("the session", "round-session")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("[data-copy]")))
	browsertest.Holds(t, ctx, `document.querySelector("[data-copy]").textContent === "Copied" || getSelection().toString().includes("person: hello")`)
	if got := browsertest.Eval[string](t, ctx, `fetch(document.querySelector("a[href^='/watch/round/test']").href).then(r => r.text())`); !strings.Contains(got, "\ntest The tester ") {
		t.Errorf("the file is %q", got)
	}

	t.Log("another draft")
	f.write("talk.flow", strings.Replace(personaFlow, "Which number?", "Which number is on your letter?", 1))
	browsertest.Do(t, ctx, chromedp.Navigate(r.server.URL+"/watch/round/?round="+made.ID))
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(".list a[href$='#replay']")))
	browsertest.Holds(t, ctx, `document.querySelector(".sides .differs")`)
	if got := browsertest.Eval[string](t, ctx, `[...document.querySelector(".sides .differs").cells].map(c => c.textContent).join("|")`); got != "✗differs|bot: Which number?|bot: Which number is on your letter?" {
		t.Errorf("side by side: %s", got)
	}
	check("the difference", "round-difference")

	t.Log("blessed, with the keyboard")
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#do-bless"), "\r"))
	browsertest.Holds(t, ctx, `document.getElementById("blessed").textContent.includes("is written into the pack's folder")`)
	check("blessed", "round-blessed")
	if kept, err := r.rounds.Session(session.ID); err != nil || !kept.Blessed {
		t.Errorf("it is not blessed: %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(f.path, rounds.BlockName(session.ID))); err != nil || !strings.Contains(string(b), "Which number is on your letter?") {
		t.Errorf("the file of tests: %s, %v", b, err)
	}
	browsertest.Do(t, ctx, chromedp.Navigate(r.server.URL+"/watch/round/compare?round="+made.ID))
	wants(t, "all of them", browsertest.Eval[string](t, ctx, `document.body.innerText`), "1 differs, of these 1 as blessed.")

	t.Log("on a small phone, and in the dark")
	for _, page := range []string{"/watch/round/?round=" + made.ID, "/watch/round/session?session=" + session.ID, "/watch/round/compare?round=" + made.ID} {
		browsertest.Do(t, ctx, chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile), chromedp.Navigate(r.server.URL+page))
		browsertest.Scheme(t, ctx, "dark")
		check("at 320 pixels, "+strings.SplitN(page, "?", 2)[0], "round-320-"+strings.Trim(strings.ReplaceAll(strings.SplitN(page, "?", 2)[0], "/", "-"), "-"))
	}
}

// small names what is too small to tap, but for links within a sentence.
const small = `[...document.querySelectorAll("button, summary, nav a, header a, .row a, .act")].filter(e => e.checkVisibility()).
	map(e => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.width < 24 || r.height < 24).map(([name]) => name).join()`

func TestADesignerChangesAStoredFieldOnThePage(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	f := newFolder(t)
	f.write("pack.flow", personaText)
	f.write("talk.flow", personaFlow)
	r := newRoom(t, web.Settings{Packs: []web.Pack{f.pack()}})
	_, token := r.invite(rounds.Round{Pack: "desk", Persona: rounds.Persona{Language: "en"}}, "")
	r.begin(token, true).write("hello")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(r.server.URL+"/watch/"))
	browsertest.Holds(t, ctx, `document.querySelector("#sessions button")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#sessions button")))
	browsertest.Holds(t, ctx, `document.querySelectorAll("#field option").length === 2 && document.querySelectorAll("#consent option").length === 1`)
	browsertest.Eval[bool](t, ctx, `document.getElementById("field").value = "persons", true`)
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#value"), "many"), chromedp.Click(chromedp.CSS("#known button")))
	browsertest.Holds(t, ctx, `document.getElementById("known-says").textContent.includes("takes a number") && document.activeElement.id === "value" &&
		document.getElementById("value").getAttribute("aria-invalid") === "true"`)
	browsertest.Accessible(t, ctx, "a value that does not fit")
	browsertest.Picture(t, ctx, "designer-field")
	browsertest.Eval[bool](t, ctx, `document.getElementById("value").value = "4", true`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#known button")))
	browsertest.Holds(t, ctx, `document.getElementById("log").textContent.includes("[persons is now 4]") && !document.getElementById("known-says").textContent &&
		document.getElementById("values").textContent.includes("persons4")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#agree button")))
	browsertest.Holds(t, ctx, `document.getElementById("log").textContent.includes("[the consent calls is given]")`)
	browsertest.Eval[bool](t, ctx, `document.querySelector("#new").open = true, document.getElementById("create").elements.title.value = "x",
		document.getElementById("create").elements.fields.value = "town = Kakuma\npersons 4", true`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#create .main")))
	browsertest.Holds(t, ctx, `document.getElementById("alert").textContent.includes("Line 2 of the stored fields") && document.activeElement.name === "fields"`)
}
