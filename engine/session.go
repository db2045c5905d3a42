// Package engine runs a compiled program for one contact: Step takes a session and an event and gives the session
// after it and what the outside has to do. dsl writes the program, channels carry what Step says and bring
// what people answer, and everything that needs the world (sending, storing, waiting, asking other systems)
// is an Effect for others to carry out.
package engine

import (
	"baraza/engine/program"
)

// Session is everything a contact's conversation needs between two events. It is a value: Step returns another
// one and leaves this one as it was. The zero Session is an unknown contact.
type Session struct {
	// Seed varies wordings and makes reference numbers; whoever creates the contact chooses it.
	Seed    uint64
	Contact Contact

	release string // the program it ran on last

	// Counters within the contact; none of them ever goes back.
	askings uint32 // questions asked
	numbers uint32 // timers, fetches and cases
	records uint32 // records saved
	said    uint32 // wordings chosen by say one of

	lastMessage int64  // of the person, in seconds since 1970
	hiddenUpTo  uint32 // taps of askings up to here came before a hide
	closedUpTo  uint32 // cases up to here are none of the person's any more: after stop, delete and hide

	open          bool
	met           bool   // some conversation went on after its opening
	free          bool   // a safety word's flow runs: the notice does not stand before it
	offering      bool   // waits for continue or menu after a late answer
	noticeRefused bool   // in this conversation
	draftLanguage bool   // the language was learnt before the notice was accepted
	opening       uint8  // what the opening still waits for
	held          string // the trigger held during the opening, by name
	heldStep      uint64 // the step held while the notice is asked, by hash

	draft Values // fields set before the notice was accepted

	here   place
	before *place // what an "anywhere, then back" flow interrupted
	late   *place // where a silence ended the last conversation
	// lateUntil is until when late may be continued, in seconds since 1970.
	lateUntil int64
	lateTimer uint32 // drops it then

	timers    timers
	reminders []reminder
	inbox     []heldMessage // messages that came during a fetch
	reply     reply
}

// Contact is what is known of a person beyond this conversation.
type Contact struct {
	Language string // of the program's languages; "" where unknown
	OptedOut bool
	Fields   Values
	// Consents holds the version agreed to, by the consent's name.
	Consents Values
}

// Stages of an opening.
const (
	opened uint8 = iota
	openingLanguage
	openingNotice
	notice // the notice, asked later since a step needs it
)

// place is where a conversation waits, with what the flows there know.
type place struct {
	state, step uint64 // hashes; state 0: nowhere
	asking      uint32 // of the question as it stands
	caseNumber  uint32 // of a hand-over
	fetch       uint32 // of a fetch
	misses      uint8
	answered    bool // people have answered in the case
	mean        string
	page        uint32
	picks       []string

	vars  Values
	loops []loop
	calls []frame // callers, the outermost first

	past  [8]asked
	pasts uint8
}

// frame is a caller that waits for its return.
type frame struct {
	to     uint64 // hash of the place it returns to
	result string // name of the variable that takes the result
	vars   Values
	loops  []loop
}

// loop is a for each under way; its row is the variable of the loop's name.
type loop struct {
	place uint64
	done  uint32 // rows begun
}

// asked is a question that was answered: where back may go.
type asked struct {
	state        uint64
	depth, loops uint8
}

// timer is one that runs for the place where the conversation waits.
type timer struct {
	number  uint32
	kind    program.WhenKind // WhenSilent, WhenNoAnswer, or 0 for the pack's silence
	seconds uint32
}

// timers are the few that run at a time; they lie in the session itself.
type timers struct {
	list [maxTimers]timer
	n    uint8
}

func (t *timers) all() []timer { return t.list[:t.n] }

// drop takes one out.
func (t *timers) drop(i int) {
	copy(t.list[i:], t.list[i+1:t.n])
	t.n--
	t.list[t.n] = timer{}
}

// reminder is a planned return.
type reminder struct {
	number   uint32
	due      int64  // seconds since 1970
	step     uint64 // of the target
	template string
	args     Values
	waiting  bool // it was due while a conversation was open
}

// reply is where the answer to a template goes.
type reply struct {
	step  uint64
	until int64
}

// heldMessage is a message that came during a fetch.
type heldMessage struct {
	text, token string
	template    string
	media       Media
	location    *LatLon
}

func (h heldMessage) size() int {
	return len(h.text) + len(h.token) + len(h.template) + len(h.media.Kind) + len(h.media.ID) + 16
}

// New returns the session of an unknown contact.
func New() Session { return Session{} }

// IsOpen tells whether a conversation is under way.
func (s Session) IsOpen() bool { return s.open }

// Release is the hash of the program the session ran on last; "" before its first event.
func (s Session) Release() string { return s.release }

// GiveConsent records the present version of a consent, as if the person had agreed; false where the program
// has no such consent.
func (s *Session) GiveConsent(p *program.Program, name string) bool {
	for i := range p.Consents {
		if c := &p.Consents[i]; c.Name == name {
			var scratch []byte
			s.Contact.Consents = s.Contact.Consents.with(&scratch, name, float64(c.Version))
			return true
		}
	}
	return false
}

// SetField sets a field of the contact; nil unsets it.
func (s *Session) SetField(name string, value any) {
	var scratch []byte
	s.Contact.Fields = s.Contact.Fields.with(&scratch, name, value)
}

// Where is the place where a conversation stands, in the names of the source.
type Where struct {
	Flow, Step string
	Question   string // the variable a question fills; "" for a menu and for what is no question
	Kind       program.StateKind
	Identity   string
	Case       uint32 // of a hand-over
	Fetch      uint32 // of a fetch
}

// Where tells where the conversation stands; the zero Where when none is open or the program lost the place.
func (s Session) Where(p *program.Program) Where {
	if !s.open {
		return Where{}
	}
	i, ok := machineOf(p).state[s.here.state]
	if !ok {
		return Where{}
	}
	st := &p.States[i]
	w := Where{Kind: st.Kind, Identity: st.Identity, Case: s.here.caseNumber, Fetch: s.here.fetch}
	if st.Flow >= 0 && st.Flow < len(p.Flows) {
		w.Flow = p.Flows[st.Flow].Name
	}
	if st.Step >= 0 && st.Step < len(p.Steps) {
		w.Step = p.Steps[st.Step].Name
	}
	if st.Ask != nil {
		w.Question = st.Ask.Name
	}
	return w
}

// Variables lists what is known: the fields, then the variables of the flow that runs.
func (s Session) Variables(p *program.Program) []Value {
	m := machineOf(p)
	var out []Value
	list := func(v Values) {
		v.each(func(e entry) {
			if e.kind&kindElsewhere == 0 {
				out = append(out, Value{e.name, m.resolve(e.value())})
			}
		})
	}
	s.Contact.Fields.each(func(e entry) {
		if _, set := s.draft.find(e.name); !set {
			out = append(out, Value{e.name, m.resolve(e.value())})
		}
	})
	list(s.draft)
	list(s.here.vars)
	return out
}

// Everything lists all values that the session holds, wherever they lie: for a copy that the person may ask for. The
// same name may stand several times, since flows have variables of their own. What came during a fetch and waits is
// named "message".
func (s Session) Everything(p *program.Program) []Value {
	m := machineOf(p)
	var out []Value
	list := func(v Values) {
		v.each(func(e entry) { out = append(out, Value{e.name, m.resolve(e.value())}) })
	}
	list(s.Contact.Fields)
	list(s.draft)
	for _, at := range []*place{&s.here, s.before, s.late} {
		if at == nil {
			continue
		}
		list(at.vars)
		for _, c := range at.calls {
			list(c.vars)
		}
	}
	for _, r := range s.reminders {
		list(r.args)
	}
	for _, h := range s.inbox {
		out = append(out, Value{"message", h.text})
	}
	return out
}
