package webchat_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"baraza/channels"
	"baraza/channels/browsertest"
	"baraza/channels/webchat"
	"baraza/engine"
)

// A desk is a chat line on which the test answers.
type desk struct {
	*kept
	channel *webchat.Channel
	server  *httptest.Server
	line    *browsertest.Line
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
	d.line = &browsertest.Line{Listener: d.server.Listener}
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
	browsertest.Holds(t, frame, `document.readyState === "complete"`)
	return frame
}
