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

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"baraza/channels"
	"baraza/channels/webchat"
	"baraza/engine"
)

var pictures = flag.String("pictures", "", "a folder to put pictures of the page in")

// oneBrowser at a time is enough for a small machine.
var oneBrowser sync.Mutex

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
	oneBrowser.Lock()
	t.Cleanup(oneBrowser.Unlock)
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

// grantLocation is a browser that knows where it is, and a person who lets the page ask.
func grantLocation(t *testing.T, ctx context.Context) {
	t.Helper()
	if _, err := chromedp.CallBrowser(ctx, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{
		Permission: &cdpbrowser.PermissionDescriptor{Name: "geolocation"}, Setting: cdpbrowser.PermissionSettingGranted}); err != nil {
		t.Fatal(err)
	}
	lat, lon, accuracy := -0.18, -78.47, 10.0
	if _, err := chromedp.Call(ctx, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{
		Latitude: &lat, Longitude: &lon, Accuracy: &accuracy}); err != nil {
		t.Fatal(err)
	}
}

// scheme is what the person's device prefers, "light" or "dark".
func scheme(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}}); err != nil {
		t.Fatal(err)
	}
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
	do(t, ctx, chromedp.SendKeys(chromedp.CSS("#text"), text))
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		p := input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
		if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, p); err != nil {
			t.Fatal(err)
		}
	}
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
