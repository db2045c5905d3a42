// Package browsertest drives a page in a real browser: Chromium without a window, which reaches nothing but this machine.
package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

//go:embed axe/axe.min.js
var axe string

// oneBrowser at a time is enough for a small machine.
var oneBrowser sync.Mutex

// patience is how long a test waits for what has to come.
const patience = 2 * time.Minute

// Until waits for a condition.
func Until(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// Start starts Chromium with one empty tab. Nothing but this machine can be reached from it. more are options of its
// own, such as Microphone.
func Start(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
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
	}, more)
	ctx, stop := context.WithTimeout(t.Context(), 8*time.Minute) // of a test that hangs, before that of all tests
	t.Cleanup(stop)
	ctx, stopBrowser := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stopBrowser)
	ctx, stopTab := chromedp.NewContext(ctx)
	t.Cleanup(stopTab)
	Do(t, ctx, chromedp.Navigate("about:blank"))
	return ctx
}

// Do does steps in the page.
func Do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// Eval is the value of an expression in the page.
func Eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Holds waits until an expression is true in the page, and the page is all there.
func Holds(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	Until(t, expression, func() bool {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("document.readyState === 'complete' && !!("+expression+")"))
		return err == nil && is // between two pages there is none to ask
	})
}

// Accessible has axe look at the page, and wants nothing serious.
func Accessible(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	Eval[bool](t, ctx, axe+"; true")
	found := Eval[string](t, ctx, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => JSON.stringify(
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

// GrantLocation is a browser that knows where it is, and a person who lets the page ask.
func GrantLocation(t *testing.T, ctx context.Context) {
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

// Scheme is what the person's device prefers, "light" or "dark".
func Scheme(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	prefers(t, ctx, "prefers-color-scheme", name)
}

// Offline tells the page what the browser knows of its connection.
func Offline(t *testing.T, ctx context.Context, is bool) {
	t.Helper()
	p := network.OverrideNetworkStateParams{Offline: is, DownloadThroughput: -1, UploadThroughput: -1}
	if _, err := chromedp.Call(ctx, network.OverrideNetworkState, p); err != nil {
		t.Fatal(err)
	}
}

// Write is a person who writes and presses Enter.
func Write(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#text"), text))
	Press(t, ctx, "Enter")
}

// A Line is the way to the server. It can be cut.
type Line struct {
	net.Listener
	mu          sync.Mutex
	cut, narrow bool
	open        []net.Conn
}

// Accept is net.Listener.
func (l *Line) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if tcp, ok := c.(*net.TCPConn); ok && l.narrow {
		_ = tcp.SetWriteBuffer(4 << 10)
	}
	if l.cut {
		c.Close()
	}
	l.open = append(l.open, c)
	return c, nil
}

// Cut breaks all connections and lets no new one through, or lets them through again.
func (l *Line) Cut(cut bool) {
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

// Narrow makes the kernel hold little of what waits to be read on new connections.
func (l *Line) Narrow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.narrow = true
}
