package terminal

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/dsl/diag"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
)

// command is something the tester does that no person can.
type command struct {
	name, takes, does string
	run               func(c *Chat, rest string)
}

// commands is the table that :help prints.
func commands() []command {
	return []command{
		{":where", "", "the flow, step and question where the conversation waits", (*Chat).where},
		{":vars", "", "everything that is known: fields and variables", (*Chat).vars},
		{":back", "", "ask the question before this one again", (*Chat).back},
		{":skip", "2h", "let time pass: 10m, 2h, 3 days", (*Chat).skip},
		{":restart", "", "begin again with an unknown contact", (*Chat).restart},
		{":lang", "en", "change the person's language", (*Chat).language},
		{":tap", "LABEL", "tap an option, also of an older message", (*Chat).tap},
		{":image", "", "send a picture; likewise :audio :video :document :sticker :contact", (*Chat).image},
		{":location", "LAT, LON", "send a place", (*Chat).location},
		{":staff", "TEXT", "answer as the team", (*Chat).staff},
		{":done", "", "close the case as the team", (*Chat).done},
		{":trace", "", "show or hide states and effects", (*Chat).toggle},
		{":help", "", "this list", (*Chat).help},
		{":quit", "", "end", nil},
	}
}

// isCommand: a colon and a letter. Two colons send a message that begins with one.
func isCommand(text string) bool {
	return len(text) > 1 && text[0] == ':' && text[1] >= 'a' && text[1] <= 'z'
}

func (c *Chat) command(text string) (quit bool) {
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case ":quit", ":q":
		return true
	case ":audio", ":video", ":document", ":sticker", ":contact":
		c.talk.Send(word[1:], nil)
		c.show()
		return false
	}
	for _, k := range commands() {
		if k.name == word {
			k.run(c, rest)
			c.show()
			return false
		}
	}
	var names []string
	for _, k := range commands() {
		names = append(names, k.name)
	}
	if near := diag.Nearest(word, names); len(near) > 0 {
		c.say("there is no %s; a command with a similar name is %s", word, near[0])
	} else {
		c.say("there is no %s; :help shows the commands", word)
	}
	return false
}

func (c *Chat) say(format string, args ...any) {
	fmt.Fprintln(c.Out, c.paint.dim(c.paint.wrapped("("+c.paint.visible(fmt.Sprintf(format, args...))+")")))
}

func (c *Chat) where(string) {
	w := c.talk.Session.Where(c.talk.Program)
	at := w.Flow + "." + w.Step
	switch {
	case !c.talk.Session.IsOpen():
		c.say("no conversation is open")
	case w.Identity == "":
		c.say("the last conversation ended here; the person is asked whether to go on")
	case w.Step == "":
		c.say("before the first step, at %s", w.Identity)
	case w.Kind == program.HandOverState:
		c.say("in step %s, people own the conversation: %s", at, w.Identity)
	case w.Question != "":
		c.say("in step %s, the question for %q: %s", at, w.Question, w.Identity)
	default:
		c.say("in step %s: %s", at, w.Identity)
	}
}

func (c *Chat) vars(string) {
	if lang := c.talk.Session.Contact.Language; lang != "" {
		c.say("language = %q", lang)
	} else {
		c.say("the language is not known yet")
	}
	vars := c.talk.Session.Variables(c.talk.Program)
	for _, v := range vars {
		c.say("%s = %s", v.Name, simulator.ValueText(v.Value))
	}
	if len(vars) == 0 {
		c.say("no fields and no variables are set")
	}
}

func (c *Chat) back(string) { c.talk.Event(engine.Event{Kind: engine.GoBack}) }

func (c *Chat) restart(string) {
	c.start()
	c.say("a new conversation with an unknown contact")
}

func (c *Chat) skip(rest string) {
	d, err := span(rest)
	if err != nil {
		c.say("%v", err)
		return
	}
	c.talk.Advance(d)
}

func (c *Chat) language(rest string) {
	if !slices.Contains(c.talk.Program.Languages, rest) {
		c.say("the pack has these languages: %s", strings.Join(c.talk.Program.Languages, ", "))
		return
	}
	c.talk.Event(engine.Event{Kind: engine.SetLanguage, Text: rest})
}

func (c *Chat) tap(rest string) {
	if !c.talk.Tap(rest) {
		c.say("no message offers %q", rest)
	}
}

func (c *Chat) image(string) { c.talk.Send("image", nil) }

func (c *Chat) location(rest string) {
	lat, lon, ok := strings.Cut(rest, ",")
	x, errX := strconv.ParseFloat(strings.TrimSpace(lat), 64)
	y, errY := strconv.ParseFloat(strings.TrimSpace(lon), 64)
	if !ok || errX != nil || errY != nil {
		c.say("write a place as latitude, longitude: :location -0.18, -78.47")
		return
	}
	c.talk.Send("location", &engine.LatLon{Lat: x, Lon: y})
}

func (c *Chat) staff(rest string) {
	if !c.talk.StaffReply(rest) {
		c.say("people do not own the conversation now")
	}
}

func (c *Chat) done(string) {
	if !c.talk.StaffDone() {
		c.say("people do not own the conversation now")
	}
}

func (c *Chat) toggle(string) {
	c.Trace = !c.Trace
	c.talk.Trace = nil
	if c.Trace {
		c.talk.Trace = c.trace
	}
}

func (c *Chat) help(string) {
	for _, k := range commands() {
		for i, part := range c.paint.wrap(fmt.Sprintf("  %-20s %s", strings.TrimSpace(k.name+" "+k.takes), k.does), c.paint.width, 6) {
			if i > 0 {
				part = strings.Repeat(" ", 6) + part
			}
			fmt.Fprintln(c.Out, c.paint.dim(part))
		}
	}
	fmt.Fprintln(c.Out, c.paint.dim(c.paint.wrapped("  anything else is a message; options can be answered by number, label or synonym; two colons send one")))
}

// span reads a stretch of time as people write it: 90s, 10m, 2h, 3d, 25 hours, 3 days.
func span(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	i := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if i > 0 {
		n, err := strconv.Atoi(text[:i])
		unit, ok := units[strings.TrimSpace(text[i:])]
		if ok && err == nil && n <= int(longest/unit) {
			return time.Duration(n) * unit, nil
		}
		if ok {
			return 0, errors.New("that is longer than ten years")
		}
	}
	return 0, fmt.Errorf("write a stretch of time such as 10m, 2h or 3 days, not %q", text)
}

// longest is how far a clock can be moved at once.
const longest = 10 * 365 * 24 * time.Hour

var units = map[string]time.Duration{
	"s": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
}
