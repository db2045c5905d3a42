package webchat_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"baraza/channels"
	"baraza/channels/webchat"
	"baraza/engine"
)

var pictures = flag.String("pictures", "", "a folder to put pictures of the page in")

// browser starts Chromium with one empty tab. Nothing but this machine can be reached from it.
func browser(t *testing.T) context.Context {
	t.Helper()
	var found string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no Chromium here; install the package chromium")
		}
		t.Skip("there is no Chromium here; install the package chromium to run this test")
	}
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(found), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en-US"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
	})
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(stop)
	ctx, stopBrowser := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stopBrowser)
	ctx, stopTab := chromedp.NewContext(ctx)
	t.Cleanup(stopTab)
	do(t, ctx, chromedp.Navigate("about:blank"))
	return ctx
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// eval is the value of an expression in the page.
func eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// holds waits until an expression is true in the page.
func holds(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	until(t, expression, func() bool {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		return err == nil && is // between two pages there is none to ask
	})
}

// A line is the way to the server. It can be cut.
type line struct {
	net.Listener
	mu   sync.Mutex
	cut  bool
	open []net.Conn
}

// Accept is net.Listener.
func (l *line) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		c.Close()
	}
	l.open = append(l.open, c)
	return c, nil
}

func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut = cut; !cut {
		return
	}
	for _, c := range l.open {
		c.Close()
	}
	l.open = nil
}

// A desk is a chat line on which the test answers.
type desk struct {
	*kept
	channel *webchat.Channel
	server  *httptest.Server
	line    *line
	sent    int
}

func newDesk(t *testing.T, s webchat.Settings) *desk {
	t.Helper()
	d := &desk{kept: newKept()}
	s.Account = "help-desk"
	c, err := webchat.New(s)
	if err != nil {
		t.Fatal(err)
	}
	d.channel = c
	d.server = httptest.NewUnstartedServer(http.StripPrefix("/chats/help", c.Handler(d.kept)))
	d.line = &line{Listener: d.server.Listener}
	d.server.Listener = d.line
	d.server.Start()
	t.Cleanup(func() {
		c.Close()
		d.server.Close()
	})
	return d
}

// people are the messages so far, without returns.
func (d *desk) people() (all []channels.Inbound) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, in := range d.all {
		if in.Kind == channels.MessageReceived {
			all = append(all, in)
		}
	}
	return all
}

func (d *desk) waitFor(t *testing.T, n int) []channels.Inbound {
	t.Helper()
	until(t, fmt.Sprintf("%d messages", n), func() bool { return len(d.people()) >= n })
	return d.people()
}

// answer sends to who wrote last and wants it shown.
func (d *desk) answer(t *testing.T, o engine.Outgoing) {
	t.Helper()
	all := d.people()
	parts, err := d.channel.Parts(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		d.sent++
		one := channels.Delivery{ID: fmt.Sprintf("ours-%d", d.sent), Account: "help-desk", To: all[len(all)-1].From, Part: p, Media: files}
		if r := d.channel.Send(t.Context(), one); r.Class != channels.Accepted {
			t.Fatalf("%+v: %s", r, p.Body)
		}
	}
}

// picture is of the screen, for people to look at.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*pictures, name+".png"), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// accessible has axe look at the page, and wants nothing serious.
func accessible(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	eval[bool](t, ctx, string(axe)+"; true")
	found := eval[string](t, ctx, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => JSON.stringify(
		r.violations.map(v => ({id: v.id, impact: v.impact, where: v.nodes.map(n => n.html + " " + n.failureSummary)}))))`)
	var all []struct {
		ID, Impact string
		Where      []string
	}
	if err := json.Unmarshal([]byte(found), &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Impact == "serious" || v.Impact == "critical" {
			t.Errorf("%s: %s (%s): %s", what, v.ID, v.Impact, strings.Join(v.Where, "\n"))
		} else {
			t.Logf("%s: %s (%s): %s", what, v.ID, v.Impact, strings.Join(v.Where, "\n"))
		}
	}
}

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
	ctx := browser(t)
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

	do(t, ctx, chromedp.EmulateViewport(390, 780), chromedp.Navigate(origin+"/"))
	holds(t, ctx, `document.querySelector("button")`)
	accessible(t, ctx, "the site")
	do(t, ctx, chromedp.Click(chromedp.CSS("button")))
	frame := frameOf(t, ctx, d.server.URL)
	const connected = `document.getElementById("status").textContent === ""`
	holds(t, frame, connected)
	if got := eval[string](t, frame, `document.documentElement.lang`); got != "es" {
		t.Errorf("the page speaks %q", got)
	}

	write(t, frame, "hola")
	d.waitFor(t, 1)
	d.answer(t, offices)
	if got, want := eval[string](t, frame, `[...document.querySelectorAll(".message:last-child :is(strong, a)")].map(e => e.localName + " " + e.textContent).join()`),
		"strong oficina,a https://example.org/oficinas"; got != want {
		t.Errorf("looks: got %q, want %q", got, want)
	}
	picture(t, ctx, "site")
	eval[bool](t, frame, `[...document.querySelectorAll(".options button")].find(b => b.textContent.startsWith("Cuenca")).click(), true`)
	if got := d.waitFor(t, 2)[1]; got.Event.Token != "b1.2.cuenca" || got.Event.Text != "Cuenca" || got.About != "ours-1" {
		t.Errorf("the tap arrived as %+v", got)
	}
	write(t, frame, "السلام عليكم")
	d.waitFor(t, 3)
	d.answer(t, arabic)
	if got := eval[string](t, frame, `(e => e.lang + " " + getComputedStyle(e).direction)(document.querySelector(".message:last-child"))`); got != "ar rtl" {
		t.Errorf("the Arabic message is %q", got)
	}
	d.answer(t, steps)
	if got, want := eval[string](t, frame, `(e => [e.textContent, e.href, e.target, e.rel].join(" "))(document.querySelector(".message:last-child a.act"))`),
		"Leer los pasos https://example.org/asilo?a=b&c=d _blank noopener noreferrer nofollow"; got != want {
		t.Errorf("the link: got %q, want %q", got, want)
	}
	accessible(t, frame, "the chat")
	picture(t, ctx, "site-two-languages")

	t.Log("minutes without a connection")
	d.line.set(true)
	offline(t, frame, true)
	holds(t, frame, `document.getElementById("status").textContent.includes("No tiene conexión")`)
	write(t, frame, "primero")
	write(t, frame, "segundo")
	holds(t, frame, `document.querySelectorAll(".mine .state").length === 2`)
	accessible(t, frame, "the chat without a connection")
	picture(t, ctx, "site-offline")
	d.line.set(false)
	offline(t, frame, false)
	var texts []string
	for _, in := range d.waitFor(t, 5) {
		texts = append(texts, in.Event.Text)
	}
	if diff := cmp.Diff([]string{"hola", "Cuenca", "السلام عليكم", "primero", "segundo"}, texts); diff != "" {
		t.Errorf("what arrived (-want +got):\n%s", diff)
	}
	holds(t, frame, `document.querySelectorAll(".mine .state").length === 0`)
	d.answer(t, engine.Outgoing{Text: "Aquí estamos.", Language: "es"})

	t.Log("loaded again, in the same tab")
	do(t, ctx, chromedp.Reload())
	holds(t, ctx, `document.querySelector("button")`)
	do(t, ctx, chromedp.Click(chromedp.CSS("button")))
	frame = frameOf(t, ctx, d.server.URL, frame)
	holds(t, frame, connected)
	if n := eval[int](t, frame, `document.querySelectorAll(".message").length`); n != 9 {
		t.Errorf("%d messages are shown again, not 9", n)
	}
	d.answer(t, engine.Outgoing{Text: "Bienvenida de nuevo.", Language: "es"})

	for name, all := range map[string][]string{
		"the site": eval[[]string](t, ctx, `performance.getEntriesByType("resource").map(e => e.name)`),
		"the chat": eval[[]string](t, frame, `performance.getEntriesByType("resource").map(e => e.name)`),
	} {
		for _, address := range all {
			if !strings.HasPrefix(address, d.server.URL) && !strings.HasPrefix(address, origin) {
				t.Errorf("%s asks for %s", name, address)
			}
		}
	}
	if got := eval[string](t, ctx, `document.title + location.href`); got != "Example Relief Desk"+origin+"/" {
		t.Errorf("title and address are %q", got)
	}
	do(t, frame, chromedp.Click(chromedp.CSS("#exit")))
	holds(t, ctx, fmt.Sprintf("location.href === %q", origin+"/neutral"))
}

// offline tells the page what the browser knows of its connection.
func offline(t *testing.T, ctx context.Context, is bool) {
	t.Helper()
	p := network.OverrideNetworkStateParams{Offline: is, DownloadThroughput: -1, UploadThroughput: -1}
	if _, err := chromedp.Call(ctx, network.OverrideNetworkState, p); err != nil {
		t.Fatal(err)
	}
}

// write is a person who writes and presses Enter.
func write(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	do(t, ctx, chromedp.SendKeys(chromedp.CSS("#text"), text+"\r"))
}

// frameOf is the page inside a frame of another site, which has a process of its own; none of those before.
func frameOf(t *testing.T, ctx context.Context, address string, before ...context.Context) context.Context {
	t.Helper()
	var frame context.Context
	known := func(id target.ID) bool {
		return slices.ContainsFunc(before, func(old context.Context) bool { return chromedp.FromContext(old).Target.TargetID == id })
	}
	until(t, "the frame is there", func() bool {
		all, err := chromedp.Targets(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if one.Type == "iframe" && strings.HasPrefix(one.URL, address) && !known(one.TargetID) {
				var stop context.CancelFunc
				frame, stop = chromedp.NewContext(ctx, chromedp.WithTargetID(one.TargetID))
				t.Cleanup(stop)
				return true
			}
		}
		return false
	})
	holds(t, frame, `document.readyState === "complete"`)
	return frame
}

func TestThePageOnASmallPhone(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	d := newDesk(t, webchat.Settings{})
	do(t, ctx, chromedp.EmulateViewport(320, 568, chromedp.EmulateScale(2), chromedp.EmulateMobile), chromedp.Navigate(d.server.URL+"/chats/help/frame?lang=ar"))
	holds(t, ctx, `document.getElementById("status").textContent === ""`)
	if got := eval[string](t, ctx, `getComputedStyle(document.body).direction`); got != "rtl" {
		t.Errorf("the page in Arabic is %s", got)
	}
	write(t, ctx, "أين المكتب؟")
	d.waitFor(t, 1)
	d.answer(t, engine.Outgoing{Text: "الخريطة", Language: "ar", Media: engine.Media{Kind: "image", ID: "media/map.png"}})
	d.answer(t, offices)
	d.answer(t, arabic)
	d.answer(t, engine.Outgoing{Text: "أين أنت؟", Language: "ar", Asks: "location"})
	accessible(t, ctx, "the small page")
	picture(t, ctx, "phone-rtl")

	const narrow = `document.scrollingElement.scrollWidth <= innerWidth && document.getElementById("log").scrollWidth <= document.getElementById("log").clientWidth`
	const targets = `[...document.querySelectorAll("button:not([hidden]), textarea, summary, .keep")].filter(e => e.checkVisibility()).
		map(e => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, r]) => r.width < 44 || r.height < 44).map(([name]) => name).join()`
	if !eval[bool](t, ctx, narrow) {
		t.Error("one has to scroll sideways at 320 pixels")
	}
	do(t, ctx, chromedp.Click(chromedp.CSS("summary")))
	if got := eval[string](t, ctx, targets); got != "" {
		t.Errorf("too small to tap: %s", got)
	}
	accessible(t, ctx, "the small page with what it keeps")
	picture(t, ctx, "phone-rtl-device")

	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}); err != nil {
		t.Fatal(err)
	}
	accessible(t, ctx, "the small page in the dark")
	picture(t, ctx, "phone-rtl-dark")

	// A screen of 1280 by 1024 at 400 %.
	do(t, ctx, chromedp.EmulateViewport(320, 256))
	if !eval[bool](t, ctx, narrow) {
		t.Error("one has to scroll sideways at 400 %")
	}
	hidden := eval[string](t, ctx, `[...document.querySelectorAll("button:not([hidden]), textarea, summary, input, a[href]")].filter(e => e.checkVisibility()).filter(e => {
		e.focus();
		e.scrollIntoView({block: "nearest", behavior: "instant"});
		const r = e.getBoundingClientRect(), at = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
		return !at || !(e.contains(at) || at.contains(e));
	}).map(e => e.id || e.textContent).join()`)
	if hidden != "" {
		t.Errorf("hidden while focused: %s", hidden)
	}
	picture(t, ctx, "zoomed")
}

func TestAChatStaysOnADeviceOnlyWhenThePersonSaysSo(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	d := newDesk(t, webchat.Settings{})
	open := func() {
		do(t, ctx, chromedp.Navigate(d.server.URL+"/chats/help/frame?lang=fr"))
		holds(t, ctx, `document.getElementById("status").textContent === ""`)
	}
	const kept = `[sessionStorage, localStorage].map(s => Object.keys(s).filter(k => k.endsWith(" secret") || k.endsWith(" log")).length).join()`
	check := func(when, want string) {
		t.Helper()
		if got := eval[string](t, ctx, kept); got != want {
			t.Errorf("%s: tab and device keep %s, want %s", when, got, want)
		}
	}
	open()
	write(t, ctx, "bonjour")
	first := d.waitFor(t, 1)[0].From
	check("a new chat", "2,0")
	do(t, ctx, chromedp.Click(chromedp.CSS("summary")), chromedp.Click(chromedp.CSS("#keep")))
	check("kept", "0,2")
	open()
	write(t, ctx, "encore")
	if got := d.waitFor(t, 2)[1].From; cmp.Diff(first, got) != "" {
		t.Errorf("who comes back is %v, not %v", got, first)
	}
	do(t, ctx, chromedp.Click(chromedp.CSS("summary")), chromedp.Click(chromedp.CSS("#forget")))
	holds(t, ctx, `document.getElementById("status").textContent === ""`)
	check("forgotten", "1,0") // a new secret
	write(t, ctx, "nouveau")
	if got := d.waitFor(t, 3)[2].From; cmp.Diff(first, got) == "" {
		t.Error("who is forgotten is still the same person")
	}
	if n := eval[int](t, ctx, `document.querySelectorAll(".message").length`); n != 1 {
		t.Errorf("%d messages are shown after the rest was forgotten", n)
	}
	do(t, ctx, chromedp.Click(chromedp.CSS("#exit")))
	holds(t, ctx, `location.href === "about:blank"`)
}
