package web

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
	"baraza/simulator/rounds"
)

// state is a followed session as a designer sees it.
type state struct {
	Type     string `json:"type"` // "session"
	ID       string `json:"id"`
	Pack     string `json:"pack"`
	Version  string `json:"version"`
	Draft    bool   `json:"draft"`
	Now      string `json:"now"` // the session's own clock
	Due      string `json:"due,omitempty"`
	Reminder string `json:"reminder,omitempty"`
	Window   string `json:"window,omitempty"`
	Language string `json:"language"`
	Channel  string `json:"channel"`
	Case     bool   `json:"case"` // people own the conversation

	Flow   string   `json:"flow"`
	Step   string   `json:"step"`
	Index  int      `json:"index"` // of the step in the map; -1 for none
	Waits  string   `json:"waits,omitempty"`
	Source string   `json:"source,omitempty"` // file:line
	Text   string   `json:"text,omitempty"`   // of the source, from that line on
	Way    []string `json:"way,omitempty"`    // what the engine did in the last turn

	Values   [][2]string `json:"values"`
	Services []string    `json:"services,omitempty"`
	Fields   []string    `json:"fields,omitempty"`
	Consents []string    `json:"consents,omitempty"`
	Lines    []said      `json:"lines"` // that are new
}

// said is a line of the transcript.
type said struct {
	N       int      `json:"n"`
	Who     string   `json:"who"`
	At      string   `json:"at"`
	Text    string   `json:"text"`
	Options []string `json:"options,omitempty"`
	Lang    string   `json:"lang,omitempty"`
}

const minute = "2006-01-02 15:04"

// state is the session with turns that are new. The session is held.
func (n *session) state(turns []rounds.Turn) *state {
	p, talk := n.version.Program, n.talk.Conversation()
	where := talk.Session.Where(p)
	s := &state{Type: "session", ID: n.id, Pack: n.pack.Name, Version: p.Hash, Draft: n.draft, Now: n.at(talk.Now),
		Language: talk.Session.Contact.Language, Channel: talk.Channel, Case: talk.HasCase(),
		Flow: where.Flow, Step: where.Step, Index: stepOf(p, where.Flow, where.Step), Waits: where.Identity, Way: n.said()}
	due, reminder, step := talk.Due()
	s.Due, s.Window = n.at(due), n.at(n.windowCloses())
	if step != "" {
		s.Reminder = n.at(reminder) + " " + step
	}
	if s.Index >= 0 {
		at := p.Steps[s.Index]
		s.Source, s.Text = fmt.Sprintf("%s:%d", at.File, at.Line), n.source(at.File, at.Line)
	}
	for _, v := range talk.Session.Variables(p) {
		s.Values = append(s.Values, [2]string{v.Name, simulator.ValueText(v.Value)})
	}
	for _, one := range p.Services {
		s.Services = append(s.Services, one.Name)
	}
	for _, f := range p.Fields {
		s.Fields = append(s.Fields, f.Name)
	}
	for _, c := range p.Consents {
		s.Consents = append(s.Consents, c.Name)
	}
	s.Lines = []said{}
	for _, t := range turns {
		if t.PassedOn() { // shown where it was written
			continue
		}
		s.Lines = append(s.Lines, said{N: t.N, Who: t.Who, At: n.at(t.At), Text: t.Text, Options: t.Options, Lang: t.Language})
	}
	return s
}

// windowCloses is when the day ends within which a channel such as WhatsApp lets the bot write freely; zero where
// the person has done nothing yet.
func (n *session) windowCloses() time.Time {
	if n.wrote.IsZero() {
		return n.wrote
	}
	return n.wrote.Add(24 * time.Hour)
}

// at is a time in the pack's zone; "" for none.
func (n *session) at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(n.zone).Format(minute)
}

// said is the way through the last turn, a line each.
func (n *session) said() (all []string) {
	p := n.version.Program
	for _, e := range n.trace {
		switch {
		case e.Kind == engine.TraceReply:
			all = append(all, "understood "+e.Text)
		case e.Kind == engine.TraceStep && e.Index < len(p.Steps):
			s := p.Steps[e.Index]
			all = append(all, "step "+p.Flows[s.Flow].Name+"."+s.Name)
		case e.Kind == engine.TraceTrigger && e.Index < len(p.Triggers):
			all = append(all, "trigger "+p.Triggers[e.Index].Name)
		case e.Index >= len(p.States):
		case e.Kind == engine.TraceState:
			all = append(all, "waits at "+p.States[e.Index].Identity)
		case e.Kind == engine.TraceOption:
			all = append(all, "chose "+chosen(&p.States[e.Index], e.Sub))
		case e.Kind == engine.TraceWhen && e.Sub < len(p.States[e.Index].Whens):
			all = append(all, "when "+p.States[e.Index].Whens[e.Sub].Kind.String())
		}
	}
	return all
}

func chosen(s *program.State, option int) string {
	if s.Ask != nil && option >= 0 && option < len(s.Ask.Options) {
		return s.Ask.Options[option].ID
	}
	return "a row"
}

// sourceLines is how much of a step is shown.
const sourceLines = 14

// source is a step as it is written: from its line to the next empty one.
func (n *session) source(file string, line int) string {
	text, _ := n.version.Source(file)
	var all []string
	lines := bufio.NewScanner(bytes.NewReader(text))
	for at := 1; lines.Scan() && len(all) < sourceLines; at++ {
		if at < line {
			continue
		}
		if at > line && strings.TrimSpace(lines.Text()) == "" {
			break
		}
		all = append(all, lines.Text())
	}
	return strings.Join(all, "\n")
}

func (n *session) listed() listed {
	n.mu.Lock()
	defer n.mu.Unlock()
	where := n.talk.Conversation().Session.Where(n.version.Program)
	l := listed{ID: n.id, Pack: n.pack.Name, Round: n.round.Title, Tester: n.talk.Session().Tester, Recorded: n.recorded(), Here: n.page != nil,
		Ended: n.ended, Turns: n.talk.Session().Count, Begun: n.begun.In(n.zone).Format("15:04")}
	if where.Flow != "" {
		l.Step = where.Flow + "." + where.Step
	}
	return l
}

// invitation is a round in the list, without its tasks.
type invitation struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Pack       string `json:"pack"`
	Version    string `json:"version"`
	Used       int    `json:"used"`
	Uses       int    `json:"uses"`
	Unrecorded int    `json:"unrecorded"`
	Expires    string `json:"expires"`
	Revoked    bool   `json:"revoked,omitempty"`
	Passphrase bool   `json:"passphrase,omitempty"`
}

func (s *Server) roundList() []invitation {
	all := []invitation{}
	kept, err := s.rounds.Rounds()
	if err != nil {
		return all
	}
	for _, r := range kept[:min(len(kept), listedAtMost)] {
		all = append(all, invitation{r.ID, r.Title, r.Pack, r.Version, r.Used, r.Uses, r.Unrecorded, r.Expires.Format("2006-01-02"), r.Revoked, r.HasPassphrase})
	}
	return all
}
