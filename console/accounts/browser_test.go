package accounts_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"baraza/channels/browsertest"
	"baraza/console/accounts"
	"baraza/console/role"
)

// looks has axe look at a page, also where it is dark and 320 pixels wide.
func looks(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	for _, size := range []struct {
		width  int64
		scheme string
	}{{320, "dark"}, {1280, "light"}} {
		browsertest.Do(t, ctx, chromedp.EmulateViewport(size.width, 900))
		browsertest.Scheme(t, ctx, size.scheme)
		what := fmt.Sprintf("%s-%d-%s", name, size.width, size.scheme)
		browsertest.Accessible(t, ctx, what)
		if !browsertest.Eval[bool](t, ctx, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`) {
			t.Errorf("%s: one has to scroll sideways", what)
		}
		browsertest.Picture(t, ctx, "console/"+what)
	}
}

// types writes into a field that has the focus already, or that the keyboard reaches.
func types(t *testing.T, ctx context.Context, field, text string) {
	t.Helper()
	if !browsertest.Eval[bool](t, ctx, fmt.Sprintf(`document.activeElement.id === %q`, field)) {
		browsertest.Reach(t, ctx, "#"+field)
	}
	browsertest.Do(t, ctx, chromedp.SendKeys(chromedp.CSS("#"+field), text))
}

func titled(t *testing.T, ctx context.Context, title string) {
	t.Helper()
	browsertest.Holds(t, ctx, fmt.Sprintf(`document.readyState === "complete" && document.title === %q`, title+" – Baraza"))
}

func TestSigningInWithABrowserAndAKeyboard(t *testing.T) {
	t.Parallel()
	ctx := browsertest.Start(t)
	w := newWorld(t)
	link, err := w.accounts.Invite(machine(), accounts.Invitation{Name: "rosa", Roles: in("ec", role.Designer)})
	if err != nil {
		t.Fatal(err)
	}
	// The link comes in a message, which is a page of another site; so do a form and a frame that are not ours.
	messages := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(out, `<title>Messages</title><a id="invited" href="%s">x</a><a id="account" href="%s/console/account">x</a>
<form method="post" action="%[2]s/console/account/sessions"><button>x</button></form><iframe src="%[2]s/console/account"></iframe>`, link.Address, w.public)
	}))
	messages.Start()
	t.Cleanup(messages.Close)
	_, port, err := net.SplitHostPort(messages.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	from := "http://localhost:" + port + "/" // another site than 127.0.0.1
	follow := func(selector, title string) {
		browsertest.Do(t, ctx, chromedp.Navigate(from))
		browsertest.Eval[bool](t, ctx, fmt.Sprintf(`document.querySelector(%q).click(), true`, selector))
		titled(t, ctx, title)
	}

	follow("#invited", "Set up your account")
	if at := browsertest.Eval[string](t, ctx, `location.href + document.referrer`); at != w.public+"/console/invited" {
		t.Errorf("the link stays in the address: %s", at)
	}
	looks(t, ctx, "invited")
	types(t, ctx, "new", "short")
	types(t, ctx, "again", "short")
	browsertest.Press(t, ctx, "Enter")
	titled(t, ctx, "Problem: Set up your account")
	if at := browsertest.Eval[string](t, ctx, `document.activeElement.id`); at != "new" {
		t.Errorf("the focus is at %q, not where something is wrong", at)
	}
	looks(t, ctx, "invited-wrong")
	types(t, ctx, "new", goodPassword)
	types(t, ctx, "again", goodPassword)
	browsertest.Press(t, ctx, "Enter")
	titled(t, ctx, "Set up your phone")
	looks(t, ctx, "phone")
	p := &person{name: "rosa", password: goodPassword, phone: strings.ReplaceAll(browsertest.Eval[string](t, ctx, `document.querySelector(".code").textContent`), " ", "")}
	types(t, ctx, "code", w.code(p))
	browsertest.Press(t, ctx, "Enter")
	titled(t, ctx, "Write down your recovery codes")
	looks(t, ctx, "codes")

	follow("#account", "Your account") // by a link of another site, while signed in
	looks(t, ctx, "account")
	follow("button", "Not done")
	browsertest.Do(t, ctx, chromedp.Navigate(w.public+"/console/account"))
	titled(t, ctx, "Your account")
	browsertest.Eval[bool](t, ctx, `document.querySelector("header button").click(), true`)
	titled(t, ctx, "Sign in")
	if cookies := browsertest.Eval[string](t, ctx, `document.cookie`); cookies != "" {
		t.Errorf("scripts can read %s", cookies)
	}

	w.clock.pass(time.Minute)
	looks(t, ctx, "sign-in")
	types(t, ctx, "name", "rosa")
	types(t, ctx, "password", "wrong horse battery")
	browsertest.Press(t, ctx, "Enter")
	titled(t, ctx, "Problem: Sign in")
	looks(t, ctx, "sign-in-wrong")
	types(t, ctx, "password", goodPassword) // the name is still there, and the focus where it is wrong
	browsertest.Press(t, ctx, "Enter")
	titled(t, ctx, "Enter a code")
	looks(t, ctx, "code")
	types(t, ctx, "code", w.code(p))
	browsertest.Press(t, ctx, "Enter")
	browsertest.Holds(t, ctx, `document.body.textContent.startsWith("caller rosa")`)
}
