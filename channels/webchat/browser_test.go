package webchat_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"baraza/channels/browsertest"
	"baraza/channels/webchat"
	"baraza/engine"
)

var (
	offices = engine.Outgoing{Text: "Hola. ¿Qué *oficina* busca? Más en https://example.org/oficinas.", Language: "es", Header: "Oficinas",
		Footer: "Escriba *menú* para volver", Style: engine.Buttons, Options: []engine.Choice{
			{Token: "b1.2.quito", Label: "Quito", About: "Centro, abierto hoy", Number: 1}, {Token: "b1.2.cuenca", Label: "Cuenca", Number: 2}}}
	steps  = engine.Outgoing{Text: "Los pasos están en esta página.", Language: "es", Link: "https://example.org/asilo?a=b&c=d", LinkLabel: "Leer los pasos"}
	arabic = engine.Outgoing{Text: "المكتب *مفتوح* اليوم. اتصل على \u2066+00 000 000\u2069 من فضلك.", Language: "ar", Style: engine.Buttons,
		Options: []engine.Choice{{Token: "b1.3.yes", Label: "نعم", Number: 1}, {Token: "b1.3.no", Label: "لا", About: "ليس الآن", Number: 2}}}
)

func TestAChatInTheSiteOfAnOrganisation(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	var d *desk
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<!doctype html><html lang="es"><title>Example Relief Desk</title><main><h1>Example Relief Desk</h1></main>
				<script src="%s/chats/help/chat.js" data-lang="es" async></script></html>`, d.server.URL)
		case "/neutral":
			fmt.Fprint(w, "<!doctype html><title>Weather</title>")
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(site.Close)
	// Another site than the chat's, as browsers see it: by name, not by number.
	origin := strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
	d = newDesk(t, webchat.Settings{Origins: []string{origin}, Exit: origin + "/neutral"})

	browsertest.Do(t, ctx, chromedp.EmulateViewport(390, 780), chromedp.Navigate(origin+"/"))
	browsertest.Holds(t, ctx, `document.querySelector("button")`)
	browsertest.Accessible(t, ctx, "the site")
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("button")))
	frame := frameOf(t, ctx, d.server.URL)
	const connected = `document.getElementById("status").textContent === ""`
	browsertest.Holds(t, frame, connected)
	if got := browsertest.Eval[string](t, frame, `document.documentElement.lang`); got != "es" {
		t.Errorf("the page speaks %q", got)
	}

	browsertest.Write(t, frame, "hola")
	d.waitFor(t, 1)
	d.answer(t, offices)
	if got, want := browsertest.Eval[string](t, frame, `[...document.querySelectorAll(".message:last-child :is(strong, a)")].map(e => e.localName + " " + e.textContent).join()`),
		"strong oficina,a https://example.org/oficinas"; got != want {
		t.Errorf("looks: got %q, want %q", got, want)
	}
	browsertest.Picture(t, ctx, "site")
	browsertest.Eval[bool](t, frame, `[...document.querySelectorAll(".options button")].find(b => b.textContent.startsWith("Cuenca")).click(), true`)
	if got := d.waitFor(t, 2)[1]; got.Event.Token != "b1.2.cuenca" || got.Event.Text != "Cuenca" || got.About != "ours-1" {
		t.Errorf("the tap arrived as %+v", got)
	}
	browsertest.Write(t, frame, "السلام عليكم")
	d.waitFor(t, 3)
	d.answer(t, arabic)
	if got := browsertest.Eval[string](t, frame, `(e => e.lang + " " + getComputedStyle(e).direction)(document.querySelector(".message:last-child"))`); got != "ar rtl" {
		t.Errorf("the Arabic message is %q", got)
	}
	d.answer(t, steps)
	if got, want := browsertest.Eval[string](t, frame, `(e => [e.textContent, e.href, e.target, e.rel].join(" "))(document.querySelector(".message:last-child a.act"))`),
		"Leer los pasos https://example.org/asilo?a=b&c=d _blank noopener noreferrer nofollow"; got != want {
		t.Errorf("the link: got %q, want %q", got, want)
	}
	browsertest.Accessible(t, frame, "the chat")
	browsertest.Picture(t, ctx, "site-two-languages")

	t.Log("minutes without a connection")
	d.line.Cut(true)
	browsertest.Offline(t, frame, true)
	browsertest.Holds(t, frame, `document.getElementById("status").textContent.includes("No tiene conexión")`)
	browsertest.Write(t, frame, "primero")
	browsertest.Write(t, frame, "segundo")
	browsertest.Holds(t, frame, `document.querySelectorAll(".mine .state").length === 2`)
	browsertest.Accessible(t, frame, "the chat without a connection")
	browsertest.Picture(t, ctx, "site-offline")
	d.line.Cut(false)
	browsertest.Offline(t, frame, false)
	var texts []string
	for _, in := range d.waitFor(t, 5) {
		texts = append(texts, in.Event.Text)
	}
	if diff := cmp.Diff([]string{"hola", "Cuenca", "السلام عليكم", "primero", "segundo"}, texts); diff != "" {
		t.Errorf("what arrived (-want +got):\n%s", diff)
	}
	browsertest.Holds(t, frame, `document.querySelectorAll(".mine .state").length === 0`)
	d.answer(t, engine.Outgoing{Text: "Aquí estamos.", Language: "es"})

	t.Log("loaded again, in the same tab, before the last words went out")
	d.line.Cut(true)
	browsertest.Write(t, frame, "tercero")
	browsertest.Holds(t, frame, `document.querySelectorAll(".mine .state").length === 1`)
	d.line.Cut(false)
	browsertest.Do(t, ctx, chromedp.Reload())
	browsertest.Holds(t, ctx, `document.querySelector("button")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("button")))
	frame = frameOf(t, ctx, d.server.URL, frame)
	browsertest.Holds(t, frame, connected)
	if n := browsertest.Eval[int](t, frame, `document.querySelectorAll(".message").length`); n != 10 {
		t.Errorf("%d messages are shown again, not 10", n)
	}
	if got := d.waitFor(t, 6); len(got) != 6 || got[5].Event.Text != "tercero" {
		t.Errorf("after that arrived %+v", got[5:])
	}
	d.answer(t, engine.Outgoing{Text: "Bienvenida de nuevo.", Language: "es"})

	for name, all := range map[string][]string{
		"the site": browsertest.Eval[[]string](t, ctx, `performance.getEntriesByType("resource").map(e => e.name)`),
		"the chat": browsertest.Eval[[]string](t, frame, `performance.getEntriesByType("resource").map(e => e.name)`),
	} {
		for _, address := range all {
			if !strings.HasPrefix(address, d.server.URL) && !strings.HasPrefix(address, origin) {
				t.Errorf("%s asks for %s", name, address)
			}
		}
	}
	if got := browsertest.Eval[string](t, ctx, `document.title + location.href`); got != "Example Relief Desk"+origin+"/" {
		t.Errorf("title and address are %q", got)
	}
	browsertest.Do(t, frame, chromedp.Click(chromedp.CSS("#exit")))
	browsertest.Holds(t, ctx, fmt.Sprintf("location.href === %q", origin+"/neutral"))
}

func TestThePageOnASmallPhone(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	d := newDesk(t, webchat.Settings{})
	browsertest.Do(t, ctx, chromedp.EmulateViewport(320, 568, chromedp.EmulateScale(2), chromedp.EmulateMobile), chromedp.Navigate(d.server.URL+"/chats/help/frame?lang=ar"))
	browsertest.Holds(t, ctx, `document.getElementById("status").textContent === ""`)
	if got := browsertest.Eval[string](t, ctx, `getComputedStyle(document.body).direction`); got != "rtl" {
		t.Errorf("the page in Arabic is %s", got)
	}
	browsertest.Write(t, ctx, "أين المكتب؟")
	d.waitFor(t, 1)
	d.answer(t, engine.Outgoing{Text: "الخريطة", Language: "ar", Media: engine.Media{Kind: "image", ID: "media/map.png"}})
	d.answer(t, offices)
	d.answer(t, arabic)
	d.answer(t, engine.Outgoing{Text: "أين أنت؟", Language: "ar", Asks: "location"})
	browsertest.GrantLocation(t, ctx)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(".message:last-child .options button")))
	if got := d.waitFor(t, 2)[1].Event.Location; got == nil || *got != (engine.LatLon{Lat: -0.18, Lon: -78.47}) {
		t.Errorf("the place arrived as %v", got)
	}
	const count = `document.querySelectorAll(".message").length`
	before := browsertest.Eval[int](t, ctx, count)
	browsertest.Eval[bool](t, ctx, `[1, 2, 3].forEach(() => heard.message({type: "message", id: "ours-again", dir: "ltr", spans: [{t: "<b>once</b>"}]})), true`)
	if n := browsertest.Eval[int](t, ctx, count); n != before+1 {
		t.Errorf("a message that came three times is shown %d times", n-before)
	}
	browsertest.Accessible(t, ctx, "the small page")
	browsertest.Picture(t, ctx, "phone-rtl")

	const narrow = `document.scrollingElement.scrollWidth <= innerWidth && document.getElementById("log").scrollWidth <= document.getElementById("log").clientWidth`
	const targets = `[...document.querySelectorAll("button:not([hidden]), textarea, summary, .keep")].filter(e => e.checkVisibility()).
		map(e => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.width < 44 || r.height < 44).map(([name]) => name).join()`
	if !browsertest.Eval[bool](t, ctx, narrow) {
		t.Error("one has to scroll sideways at 320 pixels")
	}
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("summary")))
	if got := browsertest.Eval[string](t, ctx, targets); got != "" {
		t.Errorf("too small to tap: %s", got)
	}
	browsertest.Accessible(t, ctx, "the small page with what it keeps")
	browsertest.Picture(t, ctx, "phone-rtl-device")

	browsertest.Scheme(t, ctx, "dark")
	browsertest.Accessible(t, ctx, "the small page in the dark")
	browsertest.Picture(t, ctx, "phone-rtl-dark")

	// A screen of 1280 by 1024 at 400 %.
	browsertest.Do(t, ctx, chromedp.EmulateViewport(320, 256))
	if !browsertest.Eval[bool](t, ctx, narrow) {
		t.Error("one has to scroll sideways at 400 %")
	}
	hidden := browsertest.Eval[string](t, ctx, `[...document.querySelectorAll("button:not([hidden]), textarea, summary, input, a[href]")].filter(e => e.checkVisibility()).filter(e => {
		e.focus();
		e.scrollIntoView({block: "nearest", behavior: "instant"});
		const r = e.getBoundingClientRect(), at = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
		return !at || !(e.contains(at) || at.contains(e));
	}).map(e => e.id || e.textContent).join()`)
	if hidden != "" {
		t.Errorf("hidden while focused: %s", hidden)
	}
	browsertest.Picture(t, ctx, "zoomed")
}

func TestAChatStaysOnADeviceOnlyWhenThePersonSaysSo(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	d := newDesk(t, webchat.Settings{})
	open := func() {
		browsertest.Do(t, ctx, chromedp.Navigate(d.server.URL+"/chats/help/frame?lang=fr"))
		browsertest.Holds(t, ctx, `document.getElementById("status").textContent === ""`)
	}
	const kept = `[sessionStorage, localStorage].map(s => Object.keys(s).filter(k => k.endsWith(" secret") || k.endsWith(" log")).length).join()`
	check := func(when, want string) {
		t.Helper()
		if got := browsertest.Eval[string](t, ctx, kept); got != want {
			t.Errorf("%s: tab and device keep %s, want %s", when, got, want)
		}
	}
	open()
	browsertest.Write(t, ctx, "bonjour")
	first := d.waitFor(t, 1)[0].From
	check("a new chat", "2,0")
	d.answer(t, offices)
	browsertest.Write(t, ctx, "merci")
	d.waitFor(t, 2)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("summary")), chromedp.Click(chromedp.CSS("#keep")))
	for _, one := range []string{"light", "dark"} { // in Latin letters: axe takes the joined ones of Arabic for icons
		browsertest.Scheme(t, ctx, one)
		browsertest.Accessible(t, ctx, "the page, "+one)
		browsertest.Picture(t, ctx, "page-"+one)
	}
	check("kept", "0,2")
	open()
	browsertest.Write(t, ctx, "encore")
	if got := d.waitFor(t, 3)[2].From; cmp.Diff(first, got) != "" {
		t.Errorf("who comes back is %v, not %v", got, first)
	}
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("summary")), chromedp.Click(chromedp.CSS("#forget")))
	browsertest.Holds(t, ctx, `document.getElementById("status").textContent === ""`)
	check("forgotten", "1,0") // a new secret
	browsertest.Write(t, ctx, "nouveau")
	if got := d.waitFor(t, 4)[3].From; cmp.Diff(first, got) == "" {
		t.Error("who is forgotten is still the same person")
	}
	if n := browsertest.Eval[int](t, ctx, `document.querySelectorAll(".message").length`); n != 1 {
		t.Errorf("%d messages are shown after the rest was forgotten", n)
	}
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#exit")))
	browsertest.Holds(t, ctx, `location.href === "about:blank"`)
}

// Another page of the chat has its own copy of where it is kept. What it went on to keep there would stay on a device whose
// person had made it forget, and nothing on the page would say so.
func TestWhatADeviceForgetsIsForgottenInItsOtherPagesToo(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	d := newDesk(t, webchat.Settings{})
	const (
		connected = `document.getElementById("status").textContent === ""`
		onDevice  = `Object.keys(localStorage).filter(k => k.endsWith(" secret") || k.endsWith(" log") || k.endsWith(" keep")).length`
		messages  = `document.querySelectorAll(".message").length`
	)
	open := func(page context.Context) {
		browsertest.Do(t, page, chromedp.Navigate(d.server.URL+"/chats/help/frame?lang=fr"))
		browsertest.Holds(t, page, connected)
	}
	written := 0
	for way, act := range map[string]string{"forget": "#forget", "no longer kept": "#keep"} {
		open(ctx)
		browsertest.Write(t, ctx, "bonjour")
		written++
		d.waitFor(t, written)
		browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("summary")), chromedp.Click(chromedp.CSS("#keep")))
		other, stop := chromedp.NewContext(ctx)
		open(other)
		if n := browsertest.Eval[int](t, other, messages); n == 0 {
			t.Errorf("%s: the other page shows %d messages", way, n)
		}
		browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS(act)))
		browsertest.Holds(t, other, messages+" === 0")
		browsertest.Holds(t, other, connected)
		browsertest.Write(t, other, "encore")
		written++
		d.waitFor(t, written)
		if n := browsertest.Eval[int](t, other, onDevice); n != 0 {
			t.Errorf("%s: the device keeps %d things that the other page put there", way, n)
		}
		stop()
	}
}
