package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
	"baraza/simulator/terminal"
)

// chat talks to a pack.
type chat struct {
	Pack    string            `arg:"" help:"Folder of the pack, such as flows/ec."`
	Trace   bool              `help:"Show states, choices and effects."`
	Fetch   map[string]string `help:"Answer a service from a JSON file: --fetch cases=file.json. Without one, fetches fail." placeholder:"SERVICE=FILE"`
	Lang    string            `help:"The person's language, as if chosen before." placeholder:"TAG"`
	Channel string            `help:"The channel; the pack's first when left out." placeholder:"NAME"`
	At      string            `help:"When the conversation begins, in the pack's time zone: \"2026-11-23 10:00\"; now when left out." placeholder:"TIME"`
	Seed    uint64            `help:"What varies wordings and reference numbers; piped input uses 1."`
}

func (c *chat) Run(s streams) error {
	o, err := ready(c.Pack, s)
	if err != nil {
		return err
	}
	begin, live, err := c.prepare(o.program, isTerminal(s.in) && isTerminal(s.out))
	if err != nil {
		return err
	}
	sitting := terminal.Chat{Begin: begin, In: s.in, Out: s.out, Color: color(s.out), Trace: c.Trace}
	if live {
		sitting.Moves = follow(time.Now())
	}
	return sitting.Run()
}

// prepare makes what begins a conversation; live says that its clock follows the real one.
func (c *chat) prepare(p *program.Program, somebody bool) (begin func() *simulator.Conversation, live bool, err error) {
	answers, err := c.answers(p)
	if err != nil {
		return nil, false, err
	}
	if c.Lang != "" && !slices.Contains(p.Languages, c.Lang) {
		return nil, false, fmt.Errorf("the pack has no language %q; it has %s", c.Lang, strings.Join(p.Languages, ", "))
	}
	names := make([]string, len(p.Channels))
	for i, ch := range p.Channels {
		names[i] = ch.Name
	}
	if c.Channel != "" && !slices.Contains(names, c.Channel) {
		return nil, false, fmt.Errorf("the pack does not run on %q; it runs on %s", c.Channel, strings.Join(names, ", "))
	}
	now, err := c.now(p)
	if err != nil {
		return nil, false, err
	}
	seed := c.Seed
	if seed == 0 {
		seed = 1
		if somebody {
			seed = uint64(time.Now().UnixNano())
		}
	}
	begin = func() *simulator.Conversation {
		talk := simulator.Start(p, now)
		talk.Session.Seed = seed
		talk.Session.Contact.Language = c.Lang
		talk.Fetched = answers
		if c.Channel != "" {
			talk.Channel = c.Channel
		}
		return talk
	}
	return begin, somebody && c.At == "", nil
}

func (c *chat) now(p *program.Program) (time.Time, error) {
	zone, err := time.LoadLocation(p.Timezone)
	if err != nil {
		return time.Time{}, fmt.Errorf("the time zone %q is not known on this machine", p.Timezone)
	}
	if c.At == "" {
		return time.Now().In(zone), nil
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", c.At, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("write --at as \"YYYY-MM-DD HH:MM\", not %q", c.At)
	}
	return t, nil
}

// answers reads the files of --fetch.
func (c *chat) answers(p *program.Program) (simulator.Answers, error) {
	known := map[string]map[string]any{}
	for _, service := range slices.Sorted(maps.Keys(c.Fetch)) {
		if err := hasService(p, service); err != nil {
			return nil, err
		}
		file, err := os.Open(c.Fetch[service])
		if err != nil {
			return nil, fmt.Errorf("there is no file %q to answer %s", c.Fetch[service], service)
		}
		known[service], err = simulator.ReadAnswer(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("%s %w", c.Fetch[service], err)
		}
	}
	return func(service string, _ []engine.Value) (map[string]any, bool) {
		answer, ok := known[service]
		return answer, ok
	}, nil
}

// hasService says that the pack has a service of this name, else which it has.
func hasService(p *program.Program, name string) error {
	var names []string
	for _, x := range p.Services {
		names = append(names, x.Name)
	}
	if slices.Contains(names, name) {
		return nil
	}
	if len(names) == 0 {
		return fmt.Errorf("the pack has no service %q; it asks no other system", name)
	}
	return fmt.Errorf("the pack has no service %q; it has %s", name, strings.Join(names, ", "))
}

// follow lets a conversation's clock pass with the real one, so that a silence of an hour is one.
func follow(last time.Time) func(*simulator.Conversation) {
	return func(talk *simulator.Conversation) {
		now := time.Now()
		if passed := now.Sub(last); passed > time.Minute {
			talk.Advance(passed.Truncate(time.Second))
			last = now
		}
	}
}
