// Package simulator holds conversations that people try before a release: one contact, one program, the engine
// of production, and a clock that moves only when told. It reaches no channel and no team: what a flow asks of
// the world becomes a line of the transcript.
package simulator

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/channels/markup"
	"baraza/engine"
	"baraza/engine/program"
)

// Answers gives the answer of a service; ok is false where there is none, and the fetch fails.
type Answers func(service string, args []engine.Value) (answer map[string]any, ok bool)

// Conversation is one contact talking to one program.
type Conversation struct {
	Program  *program.Program
	Session  engine.Session
	Now      time.Time
	Channel  string
	Language string // what the channel's profile says; "" where it says nothing
	Fetched  Answers
	// Trace, where set, is told everything the engine does within a turn.
	Trace engine.Trace

	Lines []Line

	timers []timer
	// sent are the messages with options, so that a label can be tapped.
	sent []*engine.Outgoing
	open uint32 // case that people own; 0 where none
}

type timer struct {
	number uint32
	due    time.Time
	name   string // flow.step of a reminder; "" for other timers
}

// turnsAtOnce bounds what one word or one move of the clock can set off.
const turnsAtOnce = 1000

// Start is a conversation with an unknown contact on the pack's first channel.
func Start(p *program.Program, now time.Time) *Conversation {
	c := &Conversation{Program: p, Now: now}
	if len(p.Channels) > 0 {
		c.Channel = p.Channels[0].Name
	}
	return c
}

// Clone is the conversation as it stands, to see what would follow from something: neither reaches the other.
func (c *Conversation) Clone() *Conversation {
	other := *c
	other.Lines, other.timers, other.sent = slices.Clone(c.Lines), slices.Clone(c.timers), slices.Clone(c.sent)
	return &other
}

// Write sends a text of the person.
func (c *Conversation) Write(text string) {
	c.person(text)
	c.post(engine.Event{Kind: engine.Message, Text: text})
}

// Send sends media or a location of the person; kind is a word of the language, such as image.
func (c *Conversation) Send(kind string, place *engine.LatLon) {
	c.person("[" + kind + "]")
	ev := engine.Event{Kind: engine.Message, Location: place}
	if kind != "location" {
		ev.Media = engine.Media{Kind: kind, ID: "sample-" + kind}
	}
	c.post(ev)
}

// Label is an option's words alone, as a person reads them.
func Label(o engine.Choice) string { return Unisolated(markup.Plain(o.Label)) }

// Unisolated drops the isolates that keep numbers and links in order in a text that runs from right to left.
func Unisolated(s string) string { return isolates.Replace(s) }

var isolates = strings.NewReplacer("\u2066", "", "\u2067", "", "\u2068", "", "\u2069", "")

// Tap taps the option with this label in the newest message that has it; false where none has.
func (c *Conversation) Tap(label string) bool {
	for _, m := range slices.Backward(c.sent) {
		for _, o := range m.Options {
			if Label(o) != label {
				continue
			}
			c.person("(" + label + ")")
			ev := engine.Event{Kind: engine.Message, Text: label, Token: o.Token}
			if m.Template != "" { // a template's button comes back with the template's name
				ev.Token, ev.Template = "", m.Template
			}
			c.post(ev)
			return true
		}
	}
	return false
}

// StaffReply is what a person of the team writes; false where no case is open.
func (c *Conversation) StaffReply(text string) bool {
	if c.open == 0 {
		return false
	}
	c.post(engine.Event{Kind: engine.StaffReply, Case: c.open, Text: text})
	return true
}

// StaffDone closes the case; false where none is open.
func (c *Conversation) StaffDone() bool {
	if c.open == 0 {
		return false
	}
	c.Lines = append(c.Lines, Line{Who: Outside, At: c.Now, Text: "[the team closes the case]"})
	ev := engine.Event{Kind: engine.StaffDone, Case: c.open}
	c.open = 0
	c.post(ev)
	return true
}

// Event posts what is none of the above: back, restart, another language.
func (c *Conversation) Event(ev engine.Event) { c.post(ev) }

// Advance moves the clock and lets everything fall due in order.
func (c *Conversation) Advance(d time.Duration) {
	end := c.Now.Add(d)
	c.Lines = append(c.Lines, Line{Who: Clock, At: end, Text: "[" + Ago(d) + " later]"})
	for range turnsAtOnce {
		next, ok := c.dueBy(end)
		if !ok {
			break
		}
		c.cancel(next.number)
		if next.due.After(c.Now) {
			c.Now = next.due
		}
		c.post(engine.Event{Kind: engine.TimerDue, Timer: next.number})
	}
	c.Now = end
}

// Due is when the next timer is due, and the flow.step of the next reminder with its time; zero where there is none.
func (c *Conversation) Due() (next, reminder time.Time, step string) {
	for _, t := range c.timers {
		if next.IsZero() || t.due.Before(next) {
			next = t.due
		}
		if t.name != "" && (reminder.IsZero() || t.due.Before(reminder)) {
			reminder, step = t.due, t.name
		}
	}
	return next, reminder, step
}

// HasCase tells whether people own a case of this conversation.
func (c *Conversation) HasCase() bool { return c.open != 0 }

// dueBy is the first timer that is due by then, of those due at once the one that was set first.
func (c *Conversation) dueBy(end time.Time) (first timer, ok bool) {
	for _, t := range c.timers {
		if !t.due.After(end) && (!ok || cmp.Or(t.due.Compare(first.due), cmp.Compare(t.number, first.number)) < 0) {
			first, ok = t, true
		}
	}
	return first, ok
}

func (c *Conversation) person(text string) {
	c.Lines = append(c.Lines, Line{Who: Person, At: c.Now, Text: text})
}

func (c *Conversation) cancel(number uint32) {
	c.timers = slices.DeleteFunc(c.timers, func(t timer) bool { return t.number == number })
}

// post steps the event and everything that answers itself: a fetch is answered in the same breath.
func (c *Conversation) post(ev engine.Event) {
	queue := []engine.Event{ev}
	for n := 0; len(queue) > 0 && n < turnsAtOnce; n++ {
		ev, queue = queue[0], queue[1:]
		ev.At, ev.Channel, ev.Language = c.Now, c.Channel, c.Language
		var effects []engine.Effect
		c.Session, effects = engine.StepTraced(c.Program, c.Session, ev, c.Trace)
		for i := range effects {
			queue = c.effect(&effects[i], queue)
		}
	}
}

func (c *Conversation) effect(e *engine.Effect, queue []engine.Event) []engine.Event {
	switch e.Kind {
	case engine.Send:
		who := Bot
		if e.Send.Staff {
			who = Staff
		}
		c.Lines = append(c.Lines, Line{Who: who, At: c.Now, Send: e.Send})
		if len(e.Send.Options) > 0 {
			c.sent = append(c.sent, e.Send)
		}
		return queue
	case engine.SetTimer:
		c.timers = append(c.timers, timer{e.Timer, e.Due, e.Name})
	case engine.CancelTimer:
		c.cancel(e.Timer)
	case engine.OpenCase:
		c.open = e.Case
	case engine.CloseCase:
		c.open = 0
	}
	c.Lines = append(c.Lines, Line{Who: Outside, At: c.Now, Effect: e})
	if e.Kind == engine.Fetch {
		ev := c.answer(e)
		if ev.Failed {
			c.Lines = append(c.Lines, Line{Who: Outside, At: c.Now, Text: "[no answer from " + e.Name + "]"})
		}
		queue = append(queue, ev)
	}
	return queue
}

func (c *Conversation) answer(e *engine.Effect) engine.Event {
	ev := engine.Event{Kind: engine.Fetched, Fetch: e.Fetch, Failed: true}
	if c.Fetched == nil {
		return ev
	}
	if answer, ok := c.Fetched(e.Name, e.Args); ok {
		ev.Answer, ev.Failed = answer, false
	}
	return ev
}

// Ago is a duration as people say it.
func Ago(d time.Duration) string {
	for _, u := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= u.of && d%u.of == 0 {
			n := int(d / u.of)
			if n == 1 {
				return "1 " + u.name
			}
			return strconv.Itoa(n) + " " + u.name + "s"
		}
	}
	return d.String()
}
