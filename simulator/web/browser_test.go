package web_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

const (
	connected = `document.getElementById("status").textContent === "" && !document.getElementById("chat").hidden`
	settled   = `document.querySelectorAll(".mine .mark .unseen").length > 0 && ![...document.querySelectorAll(".mine .mark")].some(e => e.textContent.includes("…"))`
	narrow    = `document.documentElement.scrollWidth <= document.documentElement.clientWidth`
	targets   = `[...document.querySelectorAll("button, .button, textarea, select, summary, a")].filter(e => e.checkVisibility() && !e.closest(".message p, p")).
		map(e => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.width < 24 || r.height < 24).map(([name]) => name).join()`
)

func TestATesterTriesAFlowInSpanishWithMinutesOffline(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{Exit: "about:blank"})
	made, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}, Tasks: []rounds.Task{
		{ID: "renew", Text: map[string]string{"es": "Averigüe dónde renovar su documento.", "en": "Find where to renew your document."}}}}, "")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile), chromedp.Navigate(r.server.URL+"/try/?lang=es#"+token))
	browsertest.Holds(t, ctx, `!document.getElementById("consent").hidden`)
	if got := browsertest.Eval[string](t, ctx, `location.href + document.title`); strings.Contains(got, token) {
		t.Errorf("the token is still in the address: %s", got)
	}
	if now, err := r.rounds.Round(made.ID); err != nil || now.Used != 0 {
		t.Errorf("looking at the invitation used it: %+v, %v", now, err)
	}
	browsertest.Accessible(t, ctx, "the invitation")
	browsertest.Picture(t, ctx, "tester-consent")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#yes")))
	browsertest.Holds(t, ctx, connected)
	browsertest.Write(t, ctx, "hola")
	browsertest.Holds(t, ctx, `document.querySelectorAll(".message:not(.mine)").length > 0 && `+settled)
	browsertest.Picture(t, ctx, "tester-chat")
	browsertest.Accessible(t, ctx, "the conversation")
	if got := browsertest.Eval[string](t, ctx, `document.getElementById("test").textContent`); !strings.Contains(got, "PRUEBA") {
		t.Errorf("the banner says %q", got)
	}

	t.Log("minutes without a connection")
	r.line.Cut(true)
	browsertest.Offline(t, ctx, true)
	browsertest.Write(t, ctx, "mi número es 0991234567")
	browsertest.Write(t, ctx, "menú")
	browsertest.Holds(t, ctx, `document.getElementById("status").textContent.includes("No tiene conexión")`)
	browsertest.Picture(t, ctx, "tester-offline")
	r.line.Cut(false)
	browsertest.Offline(t, ctx, false)
	browsertest.Holds(t, ctx, connected+` && `+settled)
	if got := browsertest.Eval[string](t, ctx, `[...document.querySelectorAll(".mine > p:first-of-type")].map(e => e.textContent).join("|")`); got != "hola|mi número es ••••••|menú" {
		t.Errorf("what was written is shown as %q", got)
	}

	t.Log("a remark")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(".message:not(.mine) .about")))
	browsertest.Holds(t, ctx, `document.getElementById("about").open`)
	browsertest.Accessible(t, ctx, "the remark")
	browsertest.Picture(t, ctx, "tester-remark")
	browsertest.Eval[bool](t, ctx, `document.querySelector("input[value=better]").click(), document.getElementById("words").value = "Dígalo más corto", document.getElementById("about-send").click(), true`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("[data-task=done]")))
	browsertest.Eval[bool](t, ctx, `document.querySelector("#chat > details").open = true`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("[data-face='3']")))
	browsertest.Holds(t, ctx, `JSON.parse(sessionStorage.getItem("baraza try queue")).length === 0`)
	browsertest.Accessible(t, ctx, "the conversation with all of it")
	browsertest.Picture(t, ctx, "tester-session")
	if got := browsertest.Eval[string](t, ctx, targets); got != "" {
		t.Errorf("too small to tap: %s", got)
	}
	all, err := r.rounds.Sessions(made.ID)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d sessions, %v", len(all), err)
	}
	kept, err := r.rounds.Session(all[0].ID)
	if err != nil || len(kept.Remarks) != 1 || kept.Remarks[0].Text != "Dígalo más corto" || kept.Remarks[0].String == "" || kept.Face != 3 ||
		len(kept.Tasks) != 1 || kept.Tasks[0].Outcome != rounds.Done {
		t.Errorf("kept: %+v, %+v, %v", kept.Tasks, kept.Remarks, err)
	}

	t.Log("another phone and another line")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(320, 568, chromedp.EmulateMobile))
	if !browsertest.Eval[bool](t, ctx, narrow) {
		t.Error("one has to scroll sideways at 320 pixels")
	}
	before := browsertest.Eval[int](t, ctx, `document.querySelectorAll(".message").length`)
	for _, device := range []string{"large", "text"} {
		browsertest.Eval[bool](t, ctx, `(d => { const e = document.getElementById("device"); e.value = d; e.onchange(); return true; })("`+device+`")`)
		browsertest.Holds(t, ctx, connected+` && document.querySelectorAll(".message").length === `+strconv.Itoa(before))
		if !browsertest.Eval[bool](t, ctx, narrow) {
			t.Errorf("one has to scroll sideways on %s", device)
		}
		browsertest.Picture(t, ctx, "tester-"+device)
	}
	for _, address := range browsertest.Eval[[]string](t, ctx, `performance.getEntriesByType("resource").map(e => e.name)`) {
		if !strings.HasPrefix(address, r.server.URL) {
			t.Errorf("the page asks for %s", address)
		}
	}

	t.Log("deleted")
	browsertest.Eval[bool](t, ctx, `window.confirm = () => true, document.getElementById("delete").click(), true`)
	browsertest.Holds(t, ctx, `!document.getElementById("over").hidden && document.getElementById("over-text").textContent.includes("borrada")`)
	browsertest.Accessible(t, ctx, "the end")
	if _, err := r.rounds.Session(kept.ID); err == nil {
		t.Error("the session is still there")
	}
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#exit")))
	browsertest.Holds(t, ctx, `location.href === "about:blank"`)
}

func TestATesterTriesAFlowInArabicWithoutBeingRecorded(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{})
	made, token := r.invite(rounds.Round{Pack: "jo", Persona: rounds.Persona{Language: "ar"}}, "زيتون")
	browsertest.Do(t, ctx, chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile), chromedp.Navigate(r.server.URL+"/try/?lang=ar#"+token))
	browsertest.Holds(t, ctx, `!document.getElementById("passphrase").hidden`)
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#pass"), "زيتون"))
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#passphrase button")))
	browsertest.Holds(t, ctx, `!document.getElementById("consent").hidden`)
	browsertest.Picture(t, ctx, "tester-ar-consent")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#no")))
	browsertest.Holds(t, ctx, connected)
	browsertest.Write(t, ctx, "مرحبا")
	browsertest.Holds(t, ctx, `document.querySelectorAll(".message:not(.mine)").length > 0 && `+settled)
	if got := browsertest.Eval[string](t, ctx, `getComputedStyle(document.body).direction + getComputedStyle(document.querySelector(".message:not(.mine)")).direction`); got != "rtlrtl" {
		t.Errorf("page and message run %s", got)
	}
	if !browsertest.Eval[bool](t, ctx, narrow) {
		t.Error("one has to scroll sideways at 320 pixels")
	}
	browsertest.Accessible(t, ctx, "the conversation in Arabic")
	browsertest.Picture(t, ctx, "tester-ar")
	browsertest.Scheme(t, ctx, "dark")
	browsertest.Picture(t, ctx, "tester-ar-dark")
	if all, err := r.rounds.Sessions(made.ID); err != nil || len(all) != 0 {
		t.Errorf("kept: %v, %v", all, err)
	}
	if now, err := r.rounds.Round(made.ID); err != nil || now.Unrecorded != 1 {
		t.Errorf("counted: %+v, %v", now, err)
	}
}

func TestADesignerFollowsATesterLive(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	r := newRoom(t, web.Settings{})
	_, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	p := r.begin(token, true)
	browsertest.Do(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(r.server.URL+"/watch/"))
	browsertest.Holds(t, ctx, `document.querySelector("#sessions button")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#sessions button")))
	browsertest.Holds(t, ctx, `!document.getElementById("followed").hidden`)
	p.write("hola")
	p.write("Acepto")
	browsertest.Holds(t, ctx, `document.querySelectorAll("#log .bot").length > 1 && document.querySelector("#map .here")`)
	if got := browsertest.Eval[string](t, ctx, `document.getElementById("source").textContent`); !strings.Contains(got, ".flow:") {
		t.Errorf("the source is %q", got)
	}
	browsertest.Accessible(t, ctx, "the designer's view")
	browsertest.Picture(t, ctx, "designer")
	before := browsertest.Eval[string](t, ctx, `document.getElementById("clock").textContent`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(`[data-to="10m"]`)))
	browsertest.Holds(t, ctx, `document.querySelectorAll("#log .clock").length === 1`)
	if after := browsertest.Eval[string](t, ctx, `document.getElementById("clock").textContent`); after == before {
		t.Errorf("the clock stands at %s", after)
	}
	browsertest.Eval[bool](t, ctx, `(e => { e.value = "en"; e.onchange(); return true; })(document.getElementById("language"))`)
	browsertest.Holds(t, ctx, `document.querySelectorAll("#log .studio").length === 1`)

	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#new summary")))
	browsertest.Eval[bool](t, ctx, `(f => { f.title.value = "Second round"; f.tasks.value = "Busque una oficina | en: Find an office"; f.uses.value = 3; return true; })(document.getElementById("create").elements)`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#create .main")))
	browsertest.Holds(t, ctx, `!document.getElementById("invitation").hidden`)
	browsertest.Accessible(t, ctx, "the invitation")
	browsertest.Picture(t, ctx, "designer-invitation")
	link := browsertest.Eval[string](t, ctx, `document.getElementById("link").value`)
	_, invited, _ := strings.Cut(link, "#")
	if got, err := r.rounds.Enter(invited, ""); err != nil || got.Title != "Second round" || len(got.Tasks) != 1 || len(got.Tasks[0].Text) != 2 {
		t.Errorf("the link %q leads to %+v, %v", link, got, err)
	}
}
