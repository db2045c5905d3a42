package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/gorilla/websocket"

	"baraza/channels/browsertest"
)

// A trail is what a browser leaves for others to see: the addresses that it asks for, and the titles and addresses of
// its tab and its history.
type trail struct {
	mu   sync.Mutex
	seen []string
}

func (l *trail) add(all ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, all...)
}

func (l *trail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.seen, "\n")
}

// tracked writes down what the tab asks for and is called.
func tracked(t *testing.T, ctx context.Context) *trail {
	t.Helper()
	l := &trail{}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			l.add(e.Request.URL)
			for name, value := range e.Request.Headers {
				if strings.EqualFold(name, "Referer") {
					l.add(fmt.Sprint(value))
				}
			}
		case *network.EventWebSocketCreated:
			l.add(e.URL)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.ListenBrowser(ctx, func(event any) {
		if e, ok := event.(*target.EventTargetInfoChanged); ok {
			l.add("title " + e.TargetInfo.Title)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return l
}

// look adds what the tab is called now and where it can go back to.
func (l *trail) look(t *testing.T, ctx context.Context) {
	t.Helper()
	l.add(browsertest.Eval[string](t, ctx, `document.title + " " + location.href`))
	history, err := chromedp.Call(ctx, page.GetNavigationHistory, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range history.Entries {
		l.add(e.Title, e.URL)
	}
}

// A whole session, from the invitation to the deletion, leaves nothing of what was written, and no secret, in what is
// printed, in titles, in addresses, in the log of the proxy, and in the files.
func TestNothingOfASessionIsInLogsTitlesAndAddresses(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t, chromedp.IgnoreCertErrors)
	browsertest.GrantLocation(t, ctx)
	data := t.TempDir()
	p := behindProxy(t, "--data", data)
	left := tracked(t, ctx)
	watch := regexp.MustCompile(`https://\S+/watch/#(\S+)`).FindStringSubmatch(p.printed.String())
	if watch == nil {
		t.Fatalf("no link for designers:\n%s", p.printed)
	}
	look := func() { t.Helper(); left.look(t, ctx) }
	browsertest.Do(t, ctx, chromedp.EmulateViewport(400, 900), chromedp.Navigate(watch[0]))
	browsertest.Holds(t, ctx, `document.getElementById("status").textContent === "" && document.querySelector("#create select[name=pack] option")`)
	look()
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#new summary")))
	browsertest.Eval[bool](t, ctx, `(f => { f.title.value = "MARKED-ROUND"; f.pack.value = "ec"; f.pack.onchange(); f.language.value = "es"; f.passphrase.value = "MARKED-PHRASE"; f.fields.value = "nickname = MARKED-NAME";
		f.tasks.value = "MARKED-TASK"; return true; })(document.getElementById("create").elements)`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#create .main")))
	browsertest.Holds(t, ctx, `!document.getElementById("invitation").hidden`)
	link := browsertest.Eval[string](t, ctx, `document.getElementById("link").value`)
	_, token, _ := strings.Cut(link, "#")
	look()

	// The link itself is typed in. What the browser does with it from then on is looked at.
	browsertest.Do(t, ctx, chromedp.Navigate(link))
	browsertest.Holds(t, ctx, `!document.getElementById("passphrase").hidden`)
	look()
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#pass"), "MARKED-PHRASE"), chromedp.Click(chromedp.CSS("#passphrase button")))
	browsertest.Holds(t, ctx, `!document.getElementById("consent").hidden`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#yes")))
	browsertest.Holds(t, ctx, `document.getElementById("status").textContent === "" && !document.getElementById("chat").hidden`)
	secret := browsertest.Eval[string](t, ctx, `JSON.parse(sessionStorage.getItem("baraza try secret"))`)
	const sent = `JSON.parse(sessionStorage.getItem("baraza try queue")).length === 0`
	for _, text := range []string{"MARKED-WORDS", "Acepto", "https://example.org/MARKED-LINK"} {
		browsertest.Write(t, ctx, text)
		browsertest.Holds(t, ctx, sent)
	}
	browsertest.Do(t, ctx, chromedp.SetUploadFiles(chromedp.CSS("#photo"), []string{marked(t)}))
	browsertest.Holds(t, ctx, `document.querySelectorAll(".mine").length === 4 && `+sent)
	browsertest.Eval[bool](t, ctx, `document.getElementById("place").click(), true`)
	browsertest.Holds(t, ctx, `document.querySelectorAll(".mine").length === 5 && `+sent)
	browsertest.Eval[bool](t, ctx, `document.querySelector(".about").click(), document.getElementById("words").value = "MARKED-REMARK", document.getElementById("about-send").click(), true`)
	browsertest.Holds(t, ctx, `document.querySelector(".remarked") && `+sent)
	look()
	browsertest.Do(t, ctx, chromedp.Reload())
	browsertest.Holds(t, ctx, `document.querySelectorAll(".mine").length === 5`)
	look()

	t.Log("watched")
	browsertest.Do(t, ctx, chromedp.Navigate(p.URL+"/watch/"))
	browsertest.Holds(t, ctx, `document.querySelector("#sessions button")`)
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#sessions button")))
	browsertest.Holds(t, ctx, `document.getElementById("log").textContent.includes("MARKED-WORDS") && document.querySelector("#map svg")`)
	browsertest.Eval[bool](t, ctx, `(e => { e.value = "MARKED-REPLY"; e.form.requestSubmit(); return true; })(document.getElementById("reply"))`)
	look()

	t.Log("and what is not understood")
	p.garbage(t, "MARKED-NOISE")

	t.Log("kept, and deleted")
	nowhere := func(where, what string) {
		t.Helper()
		for name, marker := range map[string]string{"what was written": "MARKED", "the invitation": token, "the session's secret": secret, "the designer's key": watch[1], "the place": "-78.47"} {
			if strings.Contains(what, marker) {
				t.Errorf("%s is in %s:\n%.2000s", name, where, what)
			}
		}
	}
	files := contents(t, data)
	if len(files) < 1000 {
		t.Errorf("the files hold %d bytes", len(files))
	}
	nowhere("the files", files)
	browsertest.Do(t, ctx, chromedp.Navigate(p.URL+"/try/?lang=es"))
	browsertest.Holds(t, ctx, `document.querySelectorAll(".mine").length === 5`)
	browsertest.Eval[bool](t, ctx, `window.confirm = () => true, document.getElementById("delete").click(), true`)
	browsertest.Holds(t, ctx, `!document.getElementById("over").hidden`)
	look()
	browsertest.Do(t, ctx, chromedp.Click(chromedp.CSS("#exit")))
	browsertest.Holds(t, ctx, `location.href === "about:blank"`)
	look()

	requests := p.requests()
	if !strings.Contains(requests, "GET /try/socket") || !strings.Contains(requests, "POST /try/media") || !strings.Contains(left.String(), "/try/socket") || !strings.Contains(left.String(), "title ") {
		t.Fatalf("too little was looked at:\n%s\n%s", requests, left)
	}
	nowhere("the log of the proxy", requests)
	// Until a page has said its title, the browser shows the link that was opened in its place.
	opened := []string{"title " + strings.TrimPrefix(link, "https://"), "title " + strings.TrimPrefix(watch[0], "https://")}
	nowhere("titles and addresses", strings.Join(slices.DeleteFunc(strings.Split(left.String(), "\n"), func(l string) bool { return slices.Contains(opened, l) }), "\n"))
	if _, more, _ := strings.Cut(p.printed.String(), "Ctrl-C ends it.\n"); more != "" {
		t.Errorf("it prints more than its greeting:\n%s", more)
	}
}

// marked is a photo whose name says something.
func marked(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 100, 100))); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "MARKED-PHOTO.png")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// garbage is said where something else is expected.
func (p *proxy) garbage(t *testing.T, text string) {
	t.Helper()
	for _, first := range []string{text, `{"type":"` + text + `"}`, `{"type":"hello","v":1,"token":"` + text + `","secret":"` + text + `"}`} {
		ws, status := p.dial("Origin", p.URL)
		if ws == nil {
			t.Fatalf("answered with %d", status)
		}
		if err := ws.WriteMessage(websocket.TextMessage, []byte(first)); err != nil {
			t.Fatal(err)
		}
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				break
			}
		}
	}
	for _, path := range []string{"/try/media", "/watch/enter", "/watch/report"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+path, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", p.URL)
		request.Header.Set("Authorization", "Bearer "+text+text)
		request.Header.Set("Content-Type", text+"/"+text)
		response, err := p.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode < 400 || response.StatusCode >= 500 {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}

// contents are the bytes of all files of a folder.
func contents(t *testing.T, folder string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		one, err := os.ReadFile(path)
		b.WriteString(path)
		b.Write(one)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
