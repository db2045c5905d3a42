// Package channeltest is the contract of a channel as tests: what holds for WhatsApp, Telegram and a page on the web
// alike, whoever calls whom. Each channel runs Exercise against a provider of its own making.
package channeltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/channels"
	"baraza/engine"
)

// World is a channel with one person at its far end, and the test at both. Its functions are called from one
// goroutine; each panics or fails the test by itself when the provider is not as it should be.
type World struct {
	Channel channels.Channel
	Account string
	To      []channels.Identity
	Media   channels.MediaSource
	Image   string // path of a picture in Media; "" where the channel has none

	// Write is the person writing, Tap their tapping the newest option with this label.
	Write func(text string)
	Tap   func(label string)
	// Settle lets everything that was done come through in both directions, with the provider's own repetitions of
	// what was not acknowledged.
	Settle func()
	// Repeat makes the provider tell once more what it told last.
	Repeat func()
	// Shown is what the person has been shown, oldest first.
	Shown func() []Shown
	// Fail makes the next attempt to send end in this class; false where the channel's provider has no such end.
	Fail func(channels.Class) bool
	// Uploads counts the files the provider was given; nil where files go with the message.
	Uploads func() int
	// Typing tells whether the person sees that an answer is being written; nil where the provider's end cannot tell.
	Typing func() bool

	sent int // parts so far, so that each has an id of its own
}

// Shown is a message as a person reads it: marks are looks, not characters.
type Shown struct {
	Text    string
	Options []string // labels that can be tapped
	Media   string   // its kind
	Link    string   // the label and address of a button that opens a page: "LABEL: ADDRESS"
}

// Inbox keeps what a channel brings.
type Inbox struct {
	mu      sync.Mutex
	failing bool
	got     []channels.Inbound
	refused []channels.Inbound
}

// Receive is channels.Inbox.
func (b *Inbox) Receive(_ context.Context, all []channels.Inbound) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failing {
		b.refused = append(b.refused, all...)
		return errors.New("the disk is full")
	}
	b.got = append(b.got, all...)
	return nil
}

func (b *Inbox) fail(failing bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failing = failing
}

func messages(all []channels.Inbound) []channels.Inbound {
	return slices.DeleteFunc(slices.Clone(all), func(in channels.Inbound) bool { return in.Kind != channels.MessageReceived })
}

// Messages are those received so far.
func (b *Inbox) Messages() []channels.Inbound {
	b.mu.Lock()
	defer b.mu.Unlock()
	return messages(b.got)
}

func (b *Inbox) refusedMessages() []channels.Inbound {
	b.mu.Lock()
	defer b.mu.Unlock()
	return messages(b.refused)
}

// Exercise runs the contract. world makes a world in which nothing has happened, whose channel brings what arrives to
// the inbox.
func Exercise(t *testing.T, world func(t testing.TB, inbox channels.Inbox) *World) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *World, *Inbox)
	}{
		{"a channel is the one its record names", named},
		{"what a person writes arrives as it was written", arrives},
		{"what was not kept comes again", comesAgain},
		{"a repetition is recognised by its id", repeats},
		{"a tap brings back the option's id", taps},
		{"rendering is pure and refuses by reason", pure},
		{"a text of any length is read whole", whole},
		{"values are never markup", literal},
		{"a link is shown with its label and address", linked},
		{"options can be read and written where they cannot be tapped", numbered},
		{"a picture is shown and goes up once", picture},
		{"what does not fit is refused and never cut", neverCut},
		{"messages are shown in the order they were sent", ordered},
		{"a free part may go while the window is open", window},
		{"typing shows to the person", typing},
		{"a send ends in its class", classes},
		{"a send that is given up is never called accepted", givenUp},
		{"run ends with its context", runs},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			inbox := &Inbox{}
			c.test(t, world(t, inbox), inbox)
		})
	}
}

func named(t *testing.T, w *World, _ *Inbox) {
	if w.Channel.Name() == "" || w.Channel.Name() != w.Channel.Capability().Name {
		t.Errorf("%q has the record of %q", w.Channel.Name(), w.Channel.Capability().Name)
	}
}

var writings = []string{"hola", "مرحبا\nأين المكتب؟", "سلام، نیم\u200cفاصله", "ሰላም", "👩‍👩‍👧", "<b>&\"*_~`\\", " spaced  out "}

func arrives(t *testing.T, w *World, inbox *Inbox) {
	for _, text := range writings {
		w.Write(text)
	}
	w.Settle()
	var got []string
	ids := map[string]bool{}
	for _, in := range inbox.Messages() {
		got = append(got, in.Event.Text)
		known := slices.ContainsFunc(in.From, func(id channels.Identity) bool { return slices.Contains(w.To, id) })
		switch {
		case !known:
			t.Errorf("%q is from %v, who is none of %v", in.Event.Text, in.From, w.To)
		case in.Account != w.Account || in.Channel != w.Channel.Name() || in.Event.Channel != w.Channel.Name():
			t.Errorf("%q came by %q %q", in.Event.Text, in.Channel, in.Account)
		case in.Event.Kind != engine.Message || in.At.IsZero() || !in.Event.At.Equal(in.At):
			t.Errorf("%q has the kind %d and the times %s, %s", in.Event.Text, in.Event.Kind, in.At, in.Event.At)
		case in.ID == "" || ids[in.ID]:
			t.Errorf("%q has an id that is empty or another's: %q", in.Event.Text, in.ID)
		}
		ids[in.ID] = true
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(writings))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

func comesAgain(t *testing.T, w *World, inbox *Inbox) {
	inbox.fail(true)
	w.Write("do not lose this")
	w.Settle()
	refused := inbox.refusedMessages()
	if len(refused) == 0 || len(inbox.Messages()) != 0 {
		t.Fatalf("%d were refused and %d kept by an inbox that keeps nothing", len(refused), len(inbox.Messages()))
	}
	inbox.fail(false)
	w.Settle()
	kept := inbox.Messages()
	if len(kept) == 0 || kept[0].ID != refused[0].ID || kept[0].Event.Text != "do not lose this" {
		t.Errorf("after %v came %v", refused, kept)
	}
}

func repeats(t *testing.T, w *World, inbox *Inbox) {
	w.Write("once")
	w.Settle()
	w.Repeat()
	w.Settle()
	w.Write("another")
	w.Settle()
	byID := map[string]string{}
	for _, in := range inbox.Messages() {
		if text, had := byID[in.ID]; had && text != in.Event.Text {
			t.Errorf("%q and %q have the same id", text, in.Event.Text)
		}
		byID[in.ID] = in.Event.Text
	}
	if len(byID) != 2 {
		t.Errorf("two messages, one of them told twice, have the ids %v", byID)
	}
}

// send sends all parts of a message and wants them accepted.
func send(t *testing.T, w *World, o engine.Outgoing) {
	t.Helper()
	all, err := w.Channel.Parts(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range all {
		w.sent++
		d := delivery(w, fmt.Sprintf("ours-%d", w.sent), p)
		if r := w.Channel.Send(t.Context(), d); r.Class != channels.Accepted || r.ProviderID == "" {
			t.Fatalf("part %d: %+v: %s", i, r, p.Body)
		}
	}
	w.Settle()
}

func delivery(w *World, id string, p channels.Part) channels.Delivery {
	return channels.Delivery{ID: id, Account: w.Account, To: w.To, Part: p, Media: w.Media}
}

func begin(t *testing.T, w *World) {
	t.Helper()
	w.Write("hola")
	w.Settle()
}

func question(labels ...string) engine.Outgoing {
	o := engine.Outgoing{Text: "Which?", Language: "en", Style: engine.Buttons}
	for i, l := range labels {
		o.Options = append(o.Options, engine.Choice{Token: fmt.Sprintf("bzik0zj.3w5e11264sgsf.o_%d", i), Label: l, Number: i + 1})
	}
	return o
}

func taps(t *testing.T, w *World, inbox *Inbox) {
	if w.Channel.Capability().Buttons == 0 {
		t.Skip("nothing can be tapped on this channel")
	}
	begin(t, w)
	o := question("نعم", "No, nunca")
	send(t, w, o)
	shown := w.Shown()
	if diff := cmp.Diff([]string{"نعم", "No, nunca"}, shown[len(shown)-1].Options); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	w.Tap("No, nunca")
	w.Settle()
	all := inbox.Messages()
	if last := all[len(all)-1]; last.Event.Token != o.Options[1].Token {
		t.Errorf("the tap brought %q, not %q", last.Event.Token, o.Options[1].Token)
	}
}

func pure(t *testing.T, w *World, _ *Inbox) {
	for _, o := range []engine.Outgoing{
		{}, {Text: "x"}, question("a", "b"), question("a", "a"), question("", "b"), question(strings.Repeat("long ", 100), "b"),
		question(strings.Split(strings.Repeat("o ", 300), " ")...),
		{Text: strings.Repeat("\u0301", 9000)}, {Text: "\xff\xfe"}, {Media: engine.Media{Kind: "x", ID: "../../etc/passwd"}},
		{Template: "t", Params: []string{""}}, {Style: engine.List, Text: "x"}, {Contact: "+1", Text: "*"}, {Asks: "location", Text: "where"},
		{Link: "https://example.org", LinkLabel: "Open"}, {Link: "https://example.org", Text: "x"}, {Link: "https://example.org", LinkLabel: strings.Repeat("long ", 100), Text: "x"},
	} {
		first, err := w.Channel.Parts(o)
		second, again := w.Channel.Parts(o)
		if diff := cmp.Diff(first, second); diff != "" || (err == nil) != (again == nil) {
			t.Errorf("%.60q is rendered in two ways: %v, %v\n%s", o.Text, err, again, diff)
		}
		if err == nil {
			continue
		}
		if refusal, ok := errors.AsType[*channels.Refusal](err); !ok || refusal.Code == "" || len(first) > 0 {
			t.Errorf("%.60q ends with %d parts and the error %v", o.Text, len(first), err)
		}
	}
}

// window: a channel without one has nothing to wait for, and one with it takes free parts after a message.
func window(t *testing.T, w *World, inbox *Inbox) {
	begin(t, w)
	all, err := w.Channel.Parts(engine.Outgoing{Text: "hello", Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	windowed, ok := w.Channel.(channels.Windowed)
	if !ok {
		for i, p := range all {
			if !p.Anytime {
				t.Errorf("part %d waits for a window that the channel does not have", i)
			}
		}
		return
	}
	wrote := inbox.Messages()[0].At
	if closes := windowed.WindowCloses(wrote); !closes.After(wrote) {
		t.Errorf("the window of a message at %s closes at %s", wrote, closes)
	}
}

func typing(t *testing.T, w *World, inbox *Inbox) {
	typist, ok := w.Channel.(channels.Typist)
	if !ok {
		t.Skip("the channel does not show it")
	}
	begin(t, w)
	if r := typist.ShowTyping(t.Context(), w.Account, w.To, inbox.Messages()[0].Message); r.Class != channels.Accepted {
		t.Errorf("ended as %+v", r)
	}
	if w.Typing != nil && !w.Typing() {
		t.Error("the person does not see it")
	}
}

func classes(t *testing.T, w *World, _ *Inbox) {
	begin(t, w)
	all, err := w.Channel.Parts(engine.Outgoing{Text: "hello", Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	some := 0
	for _, class := range channels.Classes() {
		if class == channels.Accepted || !w.Fail(class) {
			continue
		}
		some++
		r := w.Channel.Send(t.Context(), delivery(w, "ours-"+class.String(), all[0]))
		if r.Class != class || r.ProviderID != "" || r.Code == "" || r.RetryAfter < 0 {
			t.Errorf("%s ended as %s: %+v", class, r.Class, r)
		}
	}
	if some == 0 {
		t.Error("nothing can go wrong on this channel")
	}
	send(t, w, engine.Outgoing{Text: "after all that", Language: "en"})
}

func givenUp(t *testing.T, w *World, _ *Inbox) {
	begin(t, w)
	all, err := w.Channel.Parts(engine.Outgoing{Text: "hello", Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if r := w.Channel.Send(ctx, delivery(w, "ours", all[0])); r.Class != channels.UnknownOutcome && r.Class != channels.Retry {
		t.Errorf("ended as %s", r.Class)
	}
}

func runs(t *testing.T, w *World, inbox *Inbox) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := w.Channel.Run(ctx, inbox); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}
