package rounds

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
)

// Talk is a session as it goes on: a conversation with a program, of which every turn is masked and kept. It is for
// one user at a time.
//
// Nothing in it is what a tester may have let slip. A reply with something to mask is tried on a copy of the
// conversation that is thrown away; the conversation itself gets the masked text or, where the flow asks for just
// such a thing, a made-up one that leads to the same place: so the phone number 099 555 1234 becomes 099 000 0000. What
// the bot repeats is then the made-up one, and what is kept replays and passes as a test.
type Talk struct {
	// Trace, where set, is told everything the engine does, for who watches the flow's map.
	Trace engine.Trace

	file    *File // nil where nothing is kept
	session Session
	talk    *simulator.Conversation
	answers map[string]map[string]any // of services
	names   *names
	visited []string // steps entered in the act that goes on
	missed  bool     // the reply was not understood
	fresh   bool     // nothing has happened yet
	taps    []tappable
	turns   []Turn // where nothing is kept: for a page that was cut off
}

// tappable is an option that was shown.
type tappable struct{ token, label, template string }

// tappables bounds how many of them are remembered; older buttons do nothing.
const tappables = 100

// ErrNotThere is the error of an act that the conversation gives no occasion for.
var ErrNotThere = errors.New("that is not possible here")

// unfit is ErrNotThere for what the program does not have, in a sentence that says so.
type unfit string

func (u unfit) Error() string { return string(u) }

func (unfit) Is(target error) bool { return target == ErrNotThere }

func unfitf(format string, args ...any) error { return unfit(fmt.Sprintf(format, args...)) }

// Talk goes on with a session, from its beginning or from what was kept of it: that is played again on the program,
// which may be a newer one. A session that is not recorded begins, and nothing of it is kept.
func (f *File) Talk(s Session, p *program.Program) (*Talk, error) {
	if !s.Recorded {
		return newTalk(s, p, f.namesOf(p))
	}
	s, err := f.Session(s.ID)
	if err != nil {
		return nil, err
	}
	t, err := newTalk(s, p, f.namesOf(p))
	if err != nil {
		return nil, err
	}
	for i := range s.Turns {
		if _, err := t.again(&s.Turns[i]); err != nil && !errors.Is(err, ErrNotThere) {
			return nil, err
		}
	}
	// What was kept counts, also where a newer program says something else now.
	t.session, t.turns, t.file = s, nil, f
	t.session.Turns, t.session.Remarks, t.session.Media = nil, nil, nil
	return t, nil
}

// newTalk is a talk of which nothing is kept.
func newTalk(s Session, p *program.Program, n *names) (*Talk, error) {
	s.Count, s.Bytes, s.Turns, s.Remarks, s.Media = 0, 0, nil, nil, nil
	zone, err := time.LoadLocation(p.Timezone)
	if err != nil {
		zone = time.UTC
	}
	s.Clock = s.Start.In(zone).Truncate(time.Minute)
	t := &Talk{session: s, names: n}
	return t, t.begin(p)
}

// begin starts the conversation of the persona at the session's clock.
func (t *Talk) begin(p *program.Program) error {
	c := simulator.Start(p, t.session.Clock)
	who := &t.session.Persona
	if who.Channel != "" {
		c.Channel = who.Channel
	}
	if who.Language != "" && !slices.Contains(p.Languages, who.Language) {
		return fmt.Errorf("the pack has no language %q", who.Language)
	}
	c.Session.Contact.Language = who.Language
	for _, name := range who.Consents {
		if !c.Session.GiveConsent(p, name) {
			return fmt.Errorf("the pack has no consent %q", name)
		}
	}
	for _, given := range who.givens(p) {
		v, err := given.value(p, t.session.Clock)
		if err != nil {
			return err
		}
		c.Session.SetField(given.name, v)
	}
	answers := map[string]map[string]any{}
	for service, text := range who.Answers {
		answer, err := simulator.ReadAnswer(strings.NewReader(text))
		if err != nil {
			return fmt.Errorf("the answer of %q %w", service, err)
		}
		answers[service] = answer
	}
	c.Fetched = func(service string, _ []engine.Value) (map[string]any, bool) {
		answer, ok := answers[service]
		return answer, ok
	}
	c.Trace = t.trace
	t.talk, t.taps, t.answers, t.fresh = c, nil, answers, true
	return nil
}

func (t *Talk) trace(e engine.TraceEvent) {
	switch e.Kind {
	case engine.TraceStep:
		if len(t.visited) < maxVisited {
			t.visited = append(t.visited, t.names.step(e.Index))
		}
	case engine.TraceMissed:
		t.missed = true
	}
	if t.Trace != nil {
		t.Trace(e)
	}
}

// maxVisited bounds the steps noted at one turn.
const maxVisited = 200

// Session is the session's record as it stands.
func (t *Talk) Session() Session { return t.session }

// Conversation is the conversation as it stands, to be looked at and not to be changed.
func (t *Talk) Conversation() *simulator.Conversation { return t.talk }

// Since gives the turns after the nth.
func (t *Talk) Since(n int) ([]Turn, error) {
	if t.file != nil {
		return t.file.Since(t.session.ID, n)
	}
	i, found := slices.BinarySearchFunc(t.turns, n, func(t Turn, n int) int { return t.N - n })
	if found {
		i++
	}
	return slices.Clone(t.turns[i:]), nil
}

// PassedOn says that the turn is what a person of the team wrote, as it reaches the tester: after what the flow says
// before it, and not at all where people own the conversation no more. The turn of StaffReply is the writing of it.
func (t *Turn) PassedOn() bool { return t.Who == Staff && t.Send != nil }

// Given is what the flow was given for what a person wrote.
func (t *Turn) Given() string {
	if t.Instead != "" {
		return t.Instead
	}
	return t.Text
}

// act does something to the conversation and gives the turn itself with all that followed, kept and numbered.
func (t *Talk) act(turn Turn, do func(*simulator.Conversation) bool) ([]Turn, error) {
	if t.session.Count >= MaxTurns {
		return nil, fmt.Errorf("a session has at most %d turns: %w", MaxTurns, ErrFull)
	}
	c := t.talk
	turn.At = c.Now
	turn.Flow, turn.Step, turn.Language = t.place()
	t.visited, t.missed = nil, false
	c.Lines = c.Lines[:0]
	before := t.session
	if !do(c) {
		return nil, ErrNotThere
	}
	if turn.Does == Restart {
		if err := t.begin(c.Program); err != nil {
			return nil, err
		}
		c = t.talk
	}
	t.fresh = t.fresh && len(c.Lines) == 0
	turn.Missed, turn.Visited, turn.Tried = t.missed, t.visited, t.names.tried(t.visited)
	if turn.Does == Advance {
		turn.At = c.Now
	}
	turns := append([]Turn{turn}, t.followed(turn.Does)...)
	if over := t.session.Count + len(turns) - MaxTurns; over > 0 {
		turns = turns[:len(turns)-over]
	}
	return turns, t.keep(before, turns)
}

// followed are the lines of the conversation as turns, but for the one that the act itself wrote.
func (t *Talk) followed(did Act) []Turn {
	c := t.talk
	var out []Turn
	for i := range c.Lines {
		l := &c.Lines[i]
		if l.Who == simulator.Person || l.Who == simulator.Clock || did == StaffDone && i == 0 {
			continue
		}
		if turn, ok := t.turn(l); ok {
			out = append(out, turn)
		}
	}
	clear(c.Lines)
	c.Lines = c.Lines[:0]
	return out
}

// turn is a line as a turn; ok is false where people are shown nothing.
func (t *Talk) turn(l *simulator.Line) (Turn, bool) {
	p := t.talk.Program
	turn := Turn{At: l.At, Who: Outside, Text: l.Said(p)}
	turn.Flow, turn.Step, turn.Language = t.place()
	switch {
	case l.Send != nil:
		t.sent(&turn, l.Send)
	case l.Effect != nil:
		if turn.Text == "" {
			return turn, false
		}
		turn.Effect, turn.Name = effectNames[l.Effect.Kind], l.Effect.Name
	}
	return turn, turn.Text != "" || l.Send != nil
}

func (t *Talk) sent(turn *Turn, m *engine.Outgoing) {
	shown := *m
	shown.Args = nil // Params are what people read
	if shown.Place != nil && (math.IsNaN(shown.Place.Lat) || math.IsNaN(shown.Place.Lon)) {
		shown.Place = nil
	}
	if turn.Who, turn.Send = Bot, &shown; m.Staff {
		turn.Who = Staff
	}
	bare := shown
	bare.Options = nil
	turn.Text = simulator.Unisolated(simulator.SentText(&bare))
	turn.Language, turn.String = m.Language, m.String
	turn.Hash = t.names.wording(m.String, m.Language)
	if flow, step, ok := t.names.of(m.String); ok {
		turn.Flow, turn.Step = flow, step
	}
	for _, o := range m.Options {
		label := simulator.Label(o)
		turn.Options = append(turn.Options, label)
		t.taps = append(t.taps, tappable{o.Token, label, m.Template})
	}
	if over := len(t.taps) - tappables; over > 0 {
		t.taps = slices.Delete(t.taps, 0, over)
	}
}

// place is where the conversation stands, with the language it is held in.
func (t *Talk) place() (flow, step, language string) {
	w := t.talk.Session.Where(t.talk.Program)
	if language = t.talk.Session.Contact.Language; language == "" {
		language = t.talk.Program.Languages[0]
	}
	return w.Flow, w.Step, language
}

// keep numbers the turns and keeps them.
func (t *Talk) keep(before Session, turns []Turn) error {
	now := time.Time{}
	if t.file != nil {
		now = t.file.now()
	}
	for i := range turns {
		turns[i].N, turns[i].Wall = before.Count+1+i, now
		if hash := t.talk.Program.Hash; hash != t.session.Version {
			turns[i].Version = hash
		}
		t.session.note(&turns[i])
	}
	t.session.Clock = t.talk.Now
	if t.file != nil && t.session.Recorded {
		return t.file.Append(t.session.ID, turns...)
	}
	t.turns = append(t.turns, turns...)
	return nil
}

// effectNames are what a flow asks of the world, in the words of tests and reports.
var effectNames = map[engine.EffectKind]string{
	engine.OpenCase: "handed to", engine.CaseMessage: "passed on", engine.CloseCase: "case closed", engine.SaveRecord: "saved",
	engine.RecordConsent: "consent", engine.Alert: "alerted", engine.Fetch: "asked", engine.OptOut: "opted out",
	engine.OptIn: "opted in", engine.Erase: "erased", engine.Export: "exported", engine.SetTimer: "reminder",
	engine.Pause: "typing", engine.Ended: "ended", engine.Report: "reported",
}
