package engine

import (
	"slices"

	"baraza/engine/program"
)

// Passage says what becomes of a message while automated replies are held.
type Passage uint8

const (
	// Held: it would be answered by a flow, and waits.
	Held Passage = iota
	// Passes: it is stepped as ever. It is a safety word, an answer within the flow of one, or for people who own the
	// conversation.
	Passes
	// Ends: it passes, and the person wants nothing more of what came before: stop, hide. What delete deletes is for its
	// flow to say, which may ask first.
	Ends
)

// Passage tells what becomes of an event while automated replies are held. What is said in a step that passes and is
// not of a safety word's flow (Outgoing.Safety) is still to be held.
func (s Session) Passage(p *program.Program, ev Event) Passage {
	m := machineOf(p)
	t := m.turns.Get().(*turn)
	t.begin(m, s, ev, nil)
	passage := t.passage()
	t.clear()
	m.turns.Put(t)
	return passage
}

func (t *turn) passage() Passage {
	if t.ev.Kind == Message && t.ev.Token == "" && t.ev.Template == "" && t.ev.Text != "" {
		if word, ok := t.m.safety.find(t.clean(t.ev.Text), false); ok && t.m.urgent[t.p.Triggers[word.trigger].Flow] {
			_, name, _ := cutLibrary(t.p.Words[t.p.Triggers[word.trigger].Ref].Name)
			switch {
			case name == "stop" || name == "hide":
				return Ends
			case !t.owned() || slices.Contains(whileOwned, name):
				return Passes
			}
		}
	}
	if t.s.open && (t.owned() || t.saysSafety()) {
		return Passes
	}
	return Held
}

// saysSafety tells whether what runs is the flow of a safety word, or one that it calls.
func (t *turn) saysSafety() bool { return t.s.free || t.m.urgent[t.flow] }

// indexUrgent finds the flows of safety words, but for that of menu: all a pack offers lies behind it.
func (m *machine) indexUrgent() {
	m.urgent = map[int]bool{}
	for i := range m.p.Triggers {
		tr := &m.p.Triggers[i]
		if tr.Kind != program.OnWords || tr.Ref < 0 || tr.Ref >= len(m.p.Words) || !m.p.Words[tr.Ref].Safety {
			continue
		}
		if _, base, _ := cutLibrary(m.p.Words[tr.Ref].Name); base != "menu" {
			m.urgent[tr.Flow] = true
		}
	}
}

// backAgain goes on with who was not answered for a while: the question is asked again, since something that was said
// or written meanwhile did not arrive. Who has no conversation open is asked the first question.
func (t *turn) backAgain() {
	t.touched = true
	if t.owned() {
		return
	}
	if t.ev.Displaced {
		t.s.here.state = nowhere
	}
	if state, ok := t.m.state[t.s.here.state]; t.s.open && ok && t.p.States[state].Kind == program.FetchState {
		return // its answer is under way
	}
	t.say(t.wording().back)
	switch {
	case !t.s.open:
		t.openWith(program.None)
	case t.s.offering:
		t.offerLate()
	case t.lostPlace():
		t.moveOn()
	default:
		t.askAgain(t.m.state[t.s.here.state])
	}
}

// Plain is a text as Outgoing.Text has it: no character of it is markup.
func Plain(text string) string { return escaped(text) }
