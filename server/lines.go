package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"baraza/channels"
	"baraza/engine"
	"baraza/engine/runner"
	"baraza/engine/store"
)

// A line is an address that people write to, a number, a bot or a chat in a page, and the pack that answers there.
type line struct {
	account string
	pack    string
	channel channels.Channel
	pace    *channels.Pace // nil: the channel has no limits

	real bool // people are at the other end, not a machine of ours
}

// outlet is one channel's word in packs as the runner sees it: all lines of that channel.
type outlet struct {
	lines map[string]*line // by account
	any   channels.Channel // to render with: what a message looks like does not depend on the line
	media func(pack string) fs.FS
}

var (
	_ runner.Channel = (*outlet)(nil)
	_ runner.Paced   = (*outlet)(nil)
	_ runner.Typist  = (*outlet)(nil)
)

// Parts renders a message.
func (o *outlet) Parts(m engine.Outgoing) ([]runner.Part, error) {
	parts, err := o.any.Parts(m)
	if err != nil {
		return nil, err
	}
	out := make([]runner.Part, len(parts))
	for i, p := range parts {
		out[i] = runner.Part(p)
	}
	return out, nil
}

// WindowCloses is the zero time on a channel without a window.
func (o *outlet) WindowCloses(last time.Time) time.Time {
	if w, ok := o.any.(channels.Windowed); ok {
		return w.WindowCloses(last)
	}
	return time.Time{}
}

// Wait keeps to the limits of the line and of the pair.
func (o *outlet) Wait(account string, to []runner.Identity, now time.Time) time.Duration {
	l := o.lines[account]
	if l == nil || l.pace == nil || len(to) == 0 {
		return 0
	}
	return l.pace.Wait(account, to[0].Value, now)
}

// Send tries once.
func (o *outlet) Send(ctx context.Context, d runner.Delivery) runner.Result {
	l := o.lines[d.Account]
	if l == nil || l.pack != d.Pack {
		// The line left the configuration, or serves another pack now. An operator may bring it back.
		return runner.Result{Class: runner.AccountBlocked}
	}
	r := l.channel.Send(ctx, channels.Delivery{ID: d.ID, Account: d.Account, To: outward(d.To), Part: channels.Part(d.Part),
		ReplyTo: d.ReplyTo, Media: o.media(d.Pack)})
	return runner.Result{Class: classes[r.Class], ProviderID: r.ProviderID, Code: number(r.Code), RetryAfter: r.RetryAfter,
		Tries: r.Tries, Known: inward(r.Known)}
}

// ShowTyping shows that the message was read and an answer is being written, where the channel can.
func (o *outlet) ShowTyping(ctx context.Context, account string, to []runner.Identity, message string) {
	l := o.lines[account]
	if l == nil {
		return
	}
	if t, ok := l.channel.(channels.Typist); ok {
		t.ShowTyping(ctx, account, outward(to), message)
	}
}

// classes are the runner's words for how a send ended.
var classes = map[channels.Class]runner.Class{
	channels.NoClass:          runner.UnknownOutcome,
	channels.Accepted:         runner.Accepted,
	channels.UnknownOutcome:   runner.UnknownOutcome,
	channels.Retry:            runner.Retry,
	channels.PairThrottled:    runner.PairThrottled,
	channels.SenderThrottled:  runner.SenderThrottled,
	channels.Suspended:        runner.Suspended,
	channels.OutsideWindow:    runner.OutsideWindow,
	channels.Unreachable:      runner.Unreachable,
	channels.Forbidden:        runner.Forbidden,
	channels.Stopped:          runner.Stopped,
	channels.PersonChanged:    runner.PersonChanged,
	channels.RequestBug:       runner.RequestBug,
	channels.TemplateUnusable: runner.TemplateUnusable,
	channels.MediaUnusable:    runner.MediaUnusable,
	channels.Unauthorized:     runner.Unauthorized,
	channels.AccountBlocked:   runner.AccountBlocked,
	channels.Restricted:       runner.Restricted,
}

// number is a provider's code as the store keeps it; words of ours are in the class already.
func number(code string) int {
	n, err := strconv.Atoi(code)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func outward(ids []runner.Identity) []channels.Identity {
	out := make([]channels.Identity, len(ids))
	for i, id := range ids {
		out[i] = channels.Identity(id)
	}
	return out
}

func inward(ids []channels.Identity) []runner.Identity {
	out := make([]runner.Identity, len(ids))
	for i, id := range ids {
		out[i] = runner.Identity(id)
	}
	return out
}

// intake takes what one connection of a channel brings (an app of WhatsApp, a bot, a chat) to the runner.
type intake struct {
	server  *Server
	channel string
	lines   map[string]*line // by account
	ignored []string         // accounts that others serve
	packs   []string         // of lines, sorted: who hears what is about all of them
}

var _ channels.Inbox = (*intake)(nil)

// Receive hands everything over, and returns nil only when all of it is durable.
func (in *intake) Receive(ctx context.Context, all []channels.Inbound) error {
	batch := make([]runner.Inbound, 0, len(all))
	var unknown error
	for i := range all {
		x := &all[i]
		in.server.figures.received(in.channel, x.Kind)
		switch l := in.lines[x.Account]; {
		case l != nil:
			batch = append(batch, inbound(x, in.channel, l.pack))
		case x.Account == "": // about the business: every pack of it hears
			for _, pack := range in.packs {
				batch = append(batch, inbound(x, in.channel, pack))
			}
		case slices.Contains(in.ignored, x.Account):
		default:
			in.server.strangeLine(in.channel, x.Account)
			unknown = fmt.Errorf("%s brings news for %s, which no pack answers", in.channel, x.Account)
		}
	}
	// What is for lines of ours is taken all the same; it is recognised when the whole comes again.
	return errors.Join(in.server.runner.Receive(ctx, batch), unknown)
}

var kinds = map[channels.InboundKind]runner.InboundKind{
	channels.MessageReceived:   runner.MessageReceived,
	channels.StatusReceived:    runner.StatusReceived,
	channels.Reaction:          runner.Reaction,
	channels.Edited:            runner.Edited,
	channels.Revoked:           runner.Revoked,
	channels.IdentityChanged:   runner.IdentityChanged,
	channels.KeyChanged:        runner.KeyChanged,
	channels.PreferenceChanged: runner.PreferenceChanged,
	channels.AlertRaised:       runner.AlertRaised,
	channels.Returned:          runner.Returned,
	channels.Unknown:           runner.Unknown,
}

var ranks = map[channels.Rank]store.State{
	channels.Pending:   store.Waiting,
	channels.Taken:     store.Accepted,
	channels.Sent:      store.Sent,
	channels.Delivered: store.Delivered,
	channels.Read:      store.Read,
	channels.Played:    store.Read,
	channels.Failed:    store.Failed,
}

// inbound is a thing a provider tells in the runner's words.
func inbound(x *channels.Inbound, channel, pack string) runner.Inbound {
	kind := kinds[x.Kind]
	if kind == 0 {
		kind = runner.Unknown
	}
	out := runner.Inbound{Kind: kind, ID: x.ID, Pack: pack, Channel: channel, Account: x.Account, From: inward(x.From), At: x.At,
		Message: x.Message, Event: x.Event, Was: inward(x.Was), Stops: x.Stops, Code: x.Reason, Raw: x.Raw}
	switch x.Kind {
	case channels.StatusReceived:
		s := &x.Status
		out.Status = runner.Status{OurID: s.OurID, ProviderID: s.ProviderID, State: ranks[s.Rank], Class: classes[s.Class], Code: number(s.Code)}
	case channels.AlertRaised:
		out.Code, out.Subject, out.Text, out.Weight = x.Alert.Code, x.Alert.Subject, alertText(&x.Alert), severities[x.Alert.Severity]
	}
	return out
}

var severities = map[channels.Severity]runner.Severity{
	channels.Info: runner.Info, channels.Warning: runner.Warning, channels.Critical: runner.Critical,
}

func alertText(a *channels.Alert) string {
	if a.Until.IsZero() {
		return a.Text
	}
	return a.Text + " (until " + a.Until.UTC().Format(time.RFC3339) + ")"
}
