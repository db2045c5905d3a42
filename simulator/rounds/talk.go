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

// Write sends what the tester wrote.
func (t *Talk) Write(text string) ([]Turn, error) {
	if tooLong(text, MaxText) {
		return nil, fmt.Errorf("a message has at most %d characters", MaxText)
	}
	text = written(text)
	if text == "" {
		return nil, errors.New("a message has a text")
	}
	turn := Turn{Who: Person, Does: Write, Text: Mask(text)}
	given := turn.Text
	if turn.Text != text {
		turn.Masked = true
		given = t.standIn(text, turn.Text)
		if given != turn.Text {
			turn.Instead = given
		}
	}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Write(given); return true })
}

// Tap taps an option: with the token of the button where a page knows it, else with its label in the newest message
// that offers it. ErrNotThere where no message does.
func (t *Talk) Tap(label, token string) ([]Turn, error) {
	label = clip(label, maxValue)
	turn := Turn{Who: Person, Does: Tap, Text: label}
	newest := true
	if token != "" {
		i := slices.IndexFunc(t.taps, func(o tappable) bool { return o.token == token })
		if i < 0 {
			return nil, ErrNotThere
		}
		turn.Text = t.taps[i].label
		for _, o := range t.taps[i+1:] {
			newest = newest && o.label != turn.Text
		}
	}
	if newest {
		return t.act(turn, func(c *simulator.Conversation) bool { return c.Tap(turn.Text) })
	}
	turn.Token = token
	return t.act(turn, func(c *simulator.Conversation) bool {
		c.Event(engine.Event{Kind: engine.Message, Text: turn.Text, Token: token})
		return true
	})
}

// Send sends media, as image or audio; media is the id of what File.AddMedia kept, "" where nothing is.
func (t *Talk) Send(kind, media string) ([]Turn, error) {
	if !slices.Contains([]string{"image", "audio", "video", "document", "sticker", "contact"}, kind) {
		return nil, fmt.Errorf("%q is nothing that a person sends", clip(kind, 40))
	}
	turn := Turn{Who: Person, Does: SendMedia, Kind: kind, Media: clip(media, 2*len(id{})), Text: "[" + kind + "]"}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Send(kind, nil); return true })
}

// SendPlace sends a place in degrees. It is kept to one decimal, some ten kilometres, and to more only where the
// flow says something else there.
func (t *Talk) SendPlace(lat, lon float64) ([]Turn, error) {
	if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) {
		return nil, errors.New("a place is a latitude up to 90 and a longitude up to 180 degrees")
	}
	place := t.coarse(engine.LatLon{Lat: lat, Lon: lon})
	turn := Turn{Who: Person, Does: SendMedia, Kind: "location", Place: &place, Text: "[location]"}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Send("location", &place); return true })
}

// Reply is what a person of the team writes; ErrNotThere where no case is open.
func (t *Talk) Reply(text string) ([]Turn, error) {
	if tooLong(text, MaxText) {
		return nil, fmt.Errorf("a message has at most %d characters", MaxText)
	}
	masked := Mask(written(text))
	if masked == "" {
		return nil, errors.New("a message has a text")
	}
	turn := Turn{Who: Staff, Does: StaffReply, Text: masked, Masked: masked != written(text)}
	return t.act(turn, func(c *simulator.Conversation) bool { return c.StaffReply(masked) })
}

// CloseCase closes the case as the team; ErrNotThere where none is open.
func (t *Talk) CloseCase() ([]Turn, error) {
	return t.act(Turn{Who: Staff, Does: StaffDone, Text: "[the team closes the case]"}, (*simulator.Conversation).StaffDone)
}

// longestAdvance is how far the clock moves at once.
const longestAdvance = 366 * 24 * time.Hour

// Advance moves the session's clock, in whole minutes.
func (t *Talk) Advance(d time.Duration) ([]Turn, error) {
	if d = d.Round(time.Minute); d < time.Minute || d > longestAdvance {
		return nil, errors.New("the clock moves by a minute at least and a year at most")
	}
	turn := Turn{Who: Clock, Does: Advance, For: d, Text: "[" + simulator.Ago(d) + " later]"}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Advance(d); return true })
}

// SetLanguage changes the person's language; before anything has happened it is the one that is known.
func (t *Talk) SetLanguage(language string) ([]Turn, error) {
	if !slices.Contains(t.talk.Program.Languages, language) {
		return nil, fmt.Errorf("the pack has these languages: %s", strings.Join(t.talk.Program.Languages, ", "))
	}
	turn := Turn{Who: Studio, Does: SetLanguage, Name: language, Text: "[the language is now " + language + "]"}
	return t.act(turn, func(c *simulator.Conversation) bool {
		if t.fresh { // as in a test
			c.Session.Contact.Language = language
			return true
		}
		c.Event(engine.Event{Kind: engine.SetLanguage, Text: language})
		return true
	})
}

// SetChannel changes the channel that messages are laid out for.
func (t *Talk) SetChannel(channel string) ([]Turn, error) {
	if channel == "" || len(channel) > maxName {
		return nil, errors.New("a channel has a name")
	}
	turn := Turn{Who: Studio, Does: SetChannel, Name: channel, Text: "[the channel is now " + channel + "]"}
	return t.act(turn, func(c *simulator.Conversation) bool { c.Channel = channel; return true })
}

// SetAnswer sets what a service answers from now on, as a JSON object; with "" it fails.
func (t *Talk) SetAnswer(service, answer string) ([]Turn, error) {
	if !slices.ContainsFunc(t.talk.Program.Services, func(s program.Service) bool { return s.Name == service }) {
		return nil, fmt.Errorf("the pack has no service %q", clip(service, 40))
	}
	var read map[string]any
	if answer != "" {
		var err error
		if read, err = simulator.ReadAnswer(strings.NewReader(answer)); err != nil {
			return nil, fmt.Errorf("the answer %w", err)
		}
	}
	turn := Turn{Who: Studio, Does: SetAnswer, Name: service, Text: answer}
	return t.act(turn, func(*simulator.Conversation) bool {
		if delete(t.answers, service); read != nil {
			t.answers[service] = read
		}
		return true
	})
}

// Back has the question before this one asked again.
func (t *Talk) Back() ([]Turn, error) {
	return t.act(Turn{Who: Studio, Does: GoBack, Text: "[back]"}, func(c *simulator.Conversation) bool {
		c.Event(engine.Event{Kind: engine.GoBack})
		return true
	})
}

// Restart begins anew with the same persona, at the same time.
func (t *Talk) Restart() ([]Turn, error) {
	return t.act(Turn{Who: Studio, Does: Restart, Text: "[a new conversation]"}, func(*simulator.Conversation) bool { return true })
}

// Change goes on with a newer draft of the program.
func (t *Talk) Change(p *program.Program) ([]Turn, error) {
	turn := Turn{Who: Studio, Does: NewDraft, Name: p.Hash, Text: "[the flow was changed]"}
	return t.act(turn, func(c *simulator.Conversation) bool {
		c.Program, t.names = p, t.namesOf(p)
		return true
	})
}

func (t *Talk) namesOf(p *program.Program) *names {
	if t.file == nil {
		return namesOf(p)
	}
	return t.file.namesOf(p)
}

// again does once more what a turn did.
func (t *Talk) again(was *Turn) ([]Turn, error) {
	switch was.Does {
	case Write, StaffReply:
		turn := Turn{Who: was.Who, Does: was.Does, Text: was.Text, Masked: was.Masked, Instead: was.Instead}
		return t.act(turn, func(c *simulator.Conversation) bool {
			if was.Does == StaffReply {
				return c.StaffReply(was.Text)
			}
			c.Write(was.Given())
			return true
		})
	case Tap:
		if was.Token != "" {
			turn := Turn{Who: Person, Does: Tap, Text: was.Text, Token: was.Token}
			return t.act(turn, func(c *simulator.Conversation) bool {
				c.Event(engine.Event{Kind: engine.Message, Text: was.Text, Token: was.Token})
				return true
			})
		}
		return t.Tap(was.Text, "")
	case SendMedia:
		if was.Place == nil {
			return t.Send(was.Kind, was.Media)
		}
		return t.act(Turn{Who: Person, Does: SendMedia, Kind: was.Kind, Place: was.Place, Text: was.Text}, func(c *simulator.Conversation) bool {
			c.Send("location", was.Place)
			return true
		})
	case StaffDone:
		return t.CloseCase()
	case Advance:
		return t.Advance(was.For)
	case SetLanguage:
		return t.SetLanguage(was.Name)
	case SetChannel:
		return t.SetChannel(was.Name)
	case SetAnswer:
		return t.SetAnswer(was.Name, was.Text)
	case GoBack:
		return t.Back()
	case Restart:
		return t.Restart()
	}
	return nil, nil // what followed by itself, or a new draft: the program is the one that plays
}

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
	turn.Missed, turn.Visited = t.missed, t.visited
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
		if l.Who == simulator.Person || l.Who == simulator.Clock || l.Who == simulator.Staff || did == StaffDone && i == 0 {
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
	turn.Who, turn.Send = Bot, &shown
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
