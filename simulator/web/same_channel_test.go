package web_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"baraza/channels"
	"baraza/channels/whatsapp"
	"baraza/engine"
	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/simulator"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// line is WhatsApp's channel as the runner sees it.
type line struct {
	*whatsapp.Channel
	t     *testing.T
	files fs.FS
	hook  http.Handler // of its webhook
}

func (l *line) Parts(o engine.Outgoing) ([]runner.Part, error) {
	parts, err := l.Channel.Parts(o)
	var out []runner.Part
	for _, p := range parts {
		out = append(out, runner.Part(p))
	}
	if err != nil {
		l.t.Errorf("WhatsApp cannot show a message: %v", err)
	}
	return out, err
}

func (l *line) Send(ctx context.Context, d runner.Delivery) runner.Result {
	var to []channels.Identity
	for _, id := range d.To {
		to = append(to, channels.Identity(id))
	}
	r := l.Channel.Send(ctx, channels.Delivery{ID: d.ID, Account: d.Account, To: to, Part: channels.Part(d.Part), ReplyTo: d.ReplyTo, Media: l.files})
	if r.Class != channels.Accepted {
		l.t.Errorf("the Cloud API does not take a message: %s %s", r.Class, r.Code)
		return runner.Result{Class: runner.RequestBug}
	}
	return runner.Result{Class: runner.Accepted, ProviderID: r.ProviderID}
}

// Receive takes what the channel's webhook brings to the runner.
func (p *production) Receive(ctx context.Context, all []channels.Inbound) error {
	var batch []runner.Inbound
	for i := range all {
		x := &all[i]
		in := runner.Inbound{ID: x.ID, Pack: p.name, Channel: x.Channel, Account: x.Account, At: x.At, Message: x.Message, Event: x.Event}
		for _, id := range x.From {
			in.From = append(in.From, runner.Identity(id))
		}
		switch x.Kind {
		case channels.MessageReceived:
			in.Kind = runner.MessageReceived
		case channels.StatusReceived:
			in.Kind = runner.StatusReceived
			in.Status = runner.Status{OurID: x.Status.OurID, ProviderID: x.Status.ProviderID, State: ranks[x.Status.Rank]}
		default:
			p.t.Errorf("the webhook brings %s", x.Kind)
		}
		batch = append(batch, in)
	}
	return p.run.Receive(ctx, batch)
}

var ranks = map[channels.Rank]store.State{channels.Taken: store.Accepted, channels.Sent: store.Sent, channels.Delivered: store.Delivered, channels.Read: store.Read}

// other is a channel that is no WhatsApp: the engine lays messages out for what its record says it can show, and they
// are compared as they are laid out.
type other struct {
	name  string
	mu    sync.Mutex
	said  []engine.Outgoing
	shown int
}

func (c *other) Parts(o engine.Outgoing) ([]runner.Part, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, o)
	return []runner.Part{{Kind: "text", Body: []byte("x")}}, nil
}

func (c *other) Send(_ context.Context, d runner.Delivery) runner.Result {
	return runner.Result{Class: runner.Accepted, ProviderID: d.ID}
}

func (c *other) WindowCloses(time.Time) time.Time { return time.Time{} }

// event is what a person of the simulator did, as an event of the channel.
func (c *other) event(turn *rounds.Turn) engine.Event {
	ev := engine.Event{Kind: engine.Message, Channel: c.name, Text: turn.Given()}
	switch {
	case turn.Does == rounds.Tap:
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, m := range slices.Backward(c.said) {
			for _, o := range m.Options {
				if ev.Token == "" && simulator.Label(o) == turn.Text {
					ev.Token = o.Token
				}
			}
		}
	case turn.Place != nil:
		ev.Text, ev.Location = "", turn.Place
	case turn.Does == rounds.SendMedia:
		ev.Text, ev.Media = "", engine.Media{Kind: turn.Kind, ID: "m"}
	}
	return ev
}

// show writes what was laid out since the last time.
func (c *other) show(t *testing.T, to *strings.Builder) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; c.shown < len(c.said); c.shown++ {
		m, err := web.Shown(&c.said[c.shown])
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatal(err)
		}
		e.onPage(nil).write(to)
	}
}
