package web

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rsc.io/qr"

	"baraza/engine/program"
	"baraza/engine/program/expression"
	"baraza/simulator/rounds"
)

// command is what a designer's page says.
type command struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	To   string `json:"to"`   // of advance: day, window, reminder, closed, or a stretch such as 10m
	Name string `json:"name"` // of a service, a stored field, a consent
	Text string `json:"text"`

	Round      *newRound `json:"round"`
	Passphrase string    `json:"passphrase"`
}

// newRound is a round as a designer asks for it.
type newRound struct {
	Pack, Version, Title string
	Persona              rounds.Persona
	Tasks                []rounds.Task
	Uses, Days           int
}

// commands are what a designer can do; each says in a sentence what is wrong, or nothing. What concerns a session
// concerns the one that is followed.
var commands = map[string]func(*watcher, *command) string{
	"ping":     func(n *watcher, _ *command) string { n.conn.Tell(told{Type: "pong"}); return "" },
	"follow":   (*watcher).followOne,
	"create":   (*watcher).create,
	"revoke":   (*watcher).revoke,
	"advance":  within((*session).advance),
	"answer":   within((*session).answer),
	"reply":    within((*session).reply),
	"done":     within((*session).done),
	"language": within((*session).language),
	"channel":  within((*session).channel),
	"field":    within((*session).field),
	"consent":  within((*session).consent),
	"back":     within((*session).back),
	"restart":  within((*session).restart),
	"draft":    (*watcher).newest,
}

// within runs a command in the session that is followed.
func within(do func(*session, *command) ([]rounds.Turn, error)) func(*watcher, *command) string {
	return func(n *watcher, c *command) string {
		one := n.of()
		if one == nil {
			return "Choose a session first."
		}
		return sentence(one.do(func() ([]rounds.Turn, error) { return do(one, c) }))
	}
}

func (n *watcher) followOne(c *command) string {
	n.server.mu.Lock()
	one := n.server.byID[c.ID]
	n.server.mu.Unlock()
	if one == nil && c.ID != "" {
		return "This session is not here any more."
	}
	n.following(one)
	return ""
}

// longestSearch is how far ahead the end of office hours is looked for.
const longestSearch = 14 * 24 * time.Hour

// longestAdvance is how far the clock moves at once.
const longestAdvance = 366 * 24 * time.Hour

func (n *session) advance(c *command) ([]rounds.Turn, error) {
	talk := n.talk.Conversation()
	to := talk.Now
	switch c.To {
	case "day":
		to = to.AddDate(0, 0, 1)
	case "window":
		if to = n.windowCloses(); to.IsZero() {
			return nil, errors.New("the tester has not written yet, so no window is open")
		}
		to = to.Add(time.Minute)
	case "reminder":
		if _, to, _ = talk.Due(); to.IsZero() {
			return nil, errors.New("no reminder is planned")
		}
	case "closed":
		if to = n.closed(); to.IsZero() {
			return nil, errors.New("no team has office hours that end")
		}
	default:
		d, err := time.ParseDuration(c.To)
		if err != nil || d < time.Minute || d > longestAdvance {
			return nil, errors.New("write a stretch of time from a minute to a year, such as 90m or 36h")
		}
		to = to.Add(d)
	}
	if !to.After(talk.Now) {
		return nil, errors.New("that time has passed already")
	}
	return n.talk.Advance((to.Sub(talk.Now) + time.Minute - 1).Truncate(time.Minute)) // whole minutes, not too early
}

// closed is the next time when the teams with hours are not there; zero where there is none.
func (n *session) closed() time.Time {
	p := n.version.Program
	var hours []int
	for _, team := range p.Teams {
		if team.Hours >= 0 && team.Hours < len(p.Hours) && !p.Hours[team.Hours].Always && !slices.Contains(hours, team.Hours) {
			hours = append(hours, team.Hours)
		}
	}
	if len(hours) == 0 {
		return time.Time{}
	}
	from := n.talk.Conversation().Now.Truncate(time.Minute)
	for at := from.Add(time.Minute); at.Before(from.Add(longestSearch)); at = at.Add(time.Minute) {
		open := func(i int) bool { return expression.IsOpen(&p.Hours[i], at) }
		if !slices.ContainsFunc(hours, open) {
			return at
		}
	}
	return time.Time{}
}

// answer sets what a service answers from now on; nothing makes it fail.
func (n *session) answer(c *command) ([]rounds.Turn, error) {
	return n.talk.SetAnswer(c.Name, strings.TrimSpace(c.Text))
}

func (n *session) reply(c *command) ([]rounds.Turn, error) { return n.talk.Reply(c.Text) }

func (n *session) done(*command) ([]rounds.Turn, error) { return n.talk.CloseCase() }

func (n *session) language(c *command) ([]rounds.Turn, error) { return n.talk.SetLanguage(c.Text) }

func (n *session) channel(c *command) ([]rounds.Turn, error) {
	if !slices.ContainsFunc(n.version.Program.Channels, func(ch program.Channel) bool { return ch.Name == c.Text }) {
		return nil, errors.New("the pack does not run on this channel")
	}
	return n.talk.SetChannel(c.Text)
}

// field sets what is stored about the tester; nothing takes it away.
func (n *session) field(c *command) ([]rounds.Turn, error) {
	return n.talk.SetField(c.Name, strings.TrimSpace(c.Text))
}

func (n *session) consent(c *command) ([]rounds.Turn, error) { return n.talk.GiveConsent(c.Name) }

func (n *session) back(*command) ([]rounds.Turn, error) { return n.talk.Back() }

func (n *session) restart(*command) ([]rounds.Turn, error) { return n.talk.Restart() }

// newest takes the newest draft in a session that stays with its version otherwise.
func (n *watcher) newest(*command) string {
	one := n.of()
	if one == nil {
		return "Choose a session first."
	}
	return sentence(one.take(one.pack.version(rounds.Draft)))
}

// create makes a round and tells its link, this once.
func (n *watcher) create(c *command) string {
	if c.Round == nil {
		return "Say what the round is for."
	}
	s, r := n.server, rounds.Round{Pack: c.Round.Pack, Version: c.Round.Version, Title: c.Round.Title, Persona: c.Round.Persona,
		Tasks: c.Round.Tasks, Uses: c.Round.Uses}
	p := s.packOf(r.Pack)
	if p == nil {
		return fmt.Sprintf("There is no pack %q.", r.Pack)
	}
	if r.Version == "newest" {
		r.Version = p.version(rounds.Draft).Program.Hash
	}
	if err := r.Persona.Fits(p.version(rounds.Draft).Program); err != nil {
		return sentence(err)
	}
	if c.Round.Days < 0 || c.Round.Days > 365 {
		return "An invitation is good for 1 to 365 days."
	}
	if c.Round.Days > 0 {
		r.Expires = s.settings.Now().AddDate(0, 0, c.Round.Days)
	}
	made, token, err := s.rounds.CreateRound(r, c.Passphrase)
	if err != nil {
		return sentence(err)
	}
	n.conn.Tell(map[string]any{"type": "invitation", "id": made.ID, "path": "/try/#" + token, "qr": s.code(token)})
	s.tellAll()
	return ""
}

// code is the link as a picture for a phone's camera: rows of 1 and 0. Without an origin of its own the simulator
// does not know its address, and the page says only the link.
func (s *Server) code(token string) []string {
	if s.settings.Own == "" {
		return nil
	}
	code, err := qr.Encode(s.settings.Own+"/try/#"+token, qr.M)
	if err != nil {
		return nil
	}
	var rows []string
	for y := range code.Size {
		var b strings.Builder
		for x := range code.Size {
			if code.Black(x, y) {
				b.WriteByte('1')
			} else {
				b.WriteByte('0')
			}
		}
		rows = append(rows, b.String())
	}
	return rows
}

func (n *watcher) revoke(c *command) string {
	if err := n.server.rounds.Revoke(c.ID); err != nil {
		return sentence(err)
	}
	n.server.tellAll()
	return ""
}

// sentence is an error as a person reads it; "" for none.
func sentence(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
