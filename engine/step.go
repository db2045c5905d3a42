package engine

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// Bounds of a turn and of a session. Whatever goes beyond is reported, never dropped in silence.
const (
	maxOps        = 2000
	maxMessages   = 20
	maxTextBytes  = 64 << 10
	maxInbound    = 16 << 10
	maxInbox      = 20
	maxInboxBytes = 8 << 10
	maxReminders  = 20
	maxTimers     = 8
	maxCalls      = 8
	maxLoops      = 8
	maxRows       = 200
	maxFetched    = 4 << 10

	// rescueOps and rescueMessages are what the fallback may use after a turn went over its bounds.
	rescueOps      = 200
	rescueMessages = 3

	lateFor         = 8 * 24 * time.Hour // how long a late answer is offered to go on
	reminderWaits   = 24 * time.Hour
	messagingWindow = 24 * time.Hour
)

// Step lets an event happen to a session of the program. It returns the session after it and what the outside
// has to do, in order. It is pure: the same program, session and event give the same bytes, nothing is read but
// its arguments, and the session given stays as it was.
func Step(p *program.Program, s Session, ev Event) (Session, []Effect) {
	return StepTraced(p, s, ev, nil)
}

// StepTraced is Step that tells trace, where there is one, what happens on the way.
func StepTraced(p *program.Program, s Session, ev Event, trace Trace) (Session, []Effect) {
	m := machineOf(p)
	t := m.turns.Get().(*turn)
	t.begin(m, s, ev, trace)
	t.event()
	if t.over { // by a question asked again, outside of any run
		t.tooLong()
	}
	out, effects := t.finish()
	t.clear()
	m.turns.Put(t)
	return out, effects
}

// turn is one event under way. It is kept between turns for its buffers only.
type turn struct {
	m     *machine
	p     *program.Program
	s     Session // the session as it becomes; what it shares with the one before is never written to
	ev    Event
	trace Trace

	lang    int // index of the language spoken
	channel int // index of Program.Channels, or None
	flow    int // index of the flow that runs, or None

	env     *expression.Env
	effects []Effect
	sends   []Outgoing
	scratch []byte
	text    []byte
	options []option // of the question that was offered last

	ops, messages, bytes int
	maxOps, maxMessages  int
	over                 bool // a bound was crossed
	rescued              bool // the fallback already runs because of it
	stopped              bool // the conversation waits or has ended: the run is over
	jumps                int  // moves a gate made, against two gates sending back and forth

	arrived  bool   // the conversation came to wait anew: all its timers start
	touched  bool   // somebody spoke: silence starts again
	silent   bool   // what runs is the answer to silence
	quiet    *place // where nothing was heard, if an answer may still come late
	answered asked
	leaving  bool // answered holds the question just answered

	refused   bool // a consent was refused in this turn, at the state refusedAt
	refusedAt int
}

func (t *turn) begin(m *machine, s Session, ev Event, trace Trace) {
	*t = turn{
		m: m, p: m.p, s: s, ev: ev, trace: trace, flow: program.None, channel: program.None, env: t.env,
		effects: t.effects[:0], sends: t.sends[:0], scratch: t.scratch[:0], text: t.text[:0], options: t.options[:0],
		maxOps: maxOps, maxMessages: maxMessages,
	}
	t.lang = max(m.languageOf(s.Contact.Language), 0)
	if i, ok := m.channel[ev.Channel]; ok {
		t.channel = i
	} else if ev.Channel == "" && len(m.p.Channels) > 0 {
		t.channel = 0
	}
	if i, ok := m.state[s.here.state]; ok {
		t.flow = m.p.States[i].Flow
	}
}

// clear forgets everything of the turn but the room it made, and nobody's words stay in that.
func (t *turn) clear() {
	clear(t.effects)
	clear(t.sends)
	clear(t.options[:cap(t.options)])
	t.env.Row, t.env.Bound = nil, ""
	*t = turn{env: t.env, effects: t.effects[:0], sends: t.sends[:0], scratch: wiped(t.scratch), text: wiped(t.text), options: t.options[:0]}
}

// wiped is an empty buffer to use again; a large one is left to the collector.
func wiped(b []byte) []byte {
	if cap(b) > 8<<10 {
		return nil
	}
	clear(b[:cap(b)])
	return b[:0]
}

// event sends the event where it belongs.
func (t *turn) event() {
	switch t.ev.Kind {
	case Message:
		if t.ev.Displaced {
			t.s.here.state = nowhere
		}
		if t.ev.Anew {
			t.say(t.engineText(t.p.Texts.Restart, t.wording().restart))
		}
		t.message()
	case TimerDue:
		t.timerDue()
	case Fetched:
		t.fetched()
	case StaffReply:
		t.staffReply()
	case StaffDone:
		t.staffDone()
	case GoBack:
		if t.s.open && !t.s.offering && t.lostPlace() {
			t.moveOn()
		} else if t.s.open {
			t.back()
		}
	case Restart:
		t.restart()
	case SetLanguage:
		t.changeLanguage()
	case Resume:
		t.backAgain()
	default:
		t.report("unknown-event", "")
	}
}

// finish settles timers and hands out what the turn made, in slices of their own.
func (t *turn) finish() (Session, []Effect) {
	t.commitAnswered()
	t.settleTimers()
	t.s.release = t.p.Hash
	if len(t.effects) == 0 {
		return t.s, nil
	}
	effects := make([]Effect, len(t.effects))
	copy(effects, t.effects)
	if len(t.sends) > 0 {
		sends := make([]Outgoing, len(t.sends))
		copy(sends, t.sends)
		next := 0
		for i := range effects {
			if effects[i].Kind == Send {
				effects[i].Send = &sends[next]
				next++
			}
		}
	}
	return t.s, effects
}

// add makes room for one more effect and returns it.
func (t *turn) add(kind EffectKind) *Effect {
	t.effects = append(t.effects, Effect{Kind: kind})
	return &t.effects[len(t.effects)-1]
}

// report tells an operator; text is never content.
func (t *turn) report(code, text string) {
	e := t.add(Report)
	e.Code, e.Text = code, text
}

func (t *turn) nextNumber() uint32 {
	t.s.numbers++
	return t.s.numbers
}

func (t *turn) now() int64 { return t.ev.At.Unix() }

// message is the way of everything a person sends.
func (t *turn) message() {
	t.s.lastMessage = t.now()
	t.touched = true
	t.ev.Text = t.clean(t.ev.Text)
	if t.ev.Token == "" && t.ev.Template == "" && t.ev.Text != "" {
		if word, ok := t.m.safety.find(t.ev.Text, false); ok && t.callSafety(word) {
			return
		}
	}
	t.messageHere()
}

// messageHere gives a message, which is no safety word, to the place where the conversation waits.
func (t *turn) messageHere() {
	if !t.s.open {
		t.firstMessage()
		return
	}
	if t.s.offering {
		t.lateReply()
		return
	}
	if t.lostPlace() {
		t.moveOn()
		return
	}
	state := t.m.state[t.s.here.state]
	switch t.p.States[state].Kind {
	case program.HandOverState:
		t.messageToPeople()
	case program.FetchState:
		t.hold()
	case program.NeedState:
		t.consentReply(state)
	default:
		t.askReply(state)
	}
}

// clean makes text of what came: valid UTF-8, without NUL, of at most 16 KiB, cut where a reader sees no cut.
func (t *turn) clean(text string) string {
	clipped := len(text) > maxInbound
	if clipped {
		text = text[:maxInbound]
		for cut := len(text) - 1; cut >= len(text)-utf8.UTFMax; cut-- {
			if utf8.RuneStart(text[cut]) {
				if !utf8.FullRuneInString(text[cut:]) {
					text = text[:cut]
				}
				break
			}
		}
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "\uFFFD")
	}
	if len(text) > maxInbound { // replacing may have made it longer
		clipped = true
		text = strings.ToValidUTF8(text[:maxInbound], "")
	}
	if clipped {
		text = graphemeClip(text)
		t.report("message-clipped", "")
	}
	return text
}

// graphemeClip drops the last cluster of a cut text, which may be half of one, unless it is very long.
func graphemeClip(text string) string {
	from := max(len(text)-256, 0)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	last, state := from, -1
	for rest := text[from:]; rest != ""; {
		last = len(text) - len(rest)
		_, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
	}
	if last == from {
		return text
	}
	return text[:last]
}

// nowhere is the hash of no state.
const nowhere = ^uint64(0)

// lostPlace tells whether this program lacks the place where the conversation waits or must return to.
func (t *turn) lostPlace() bool {
	if _, ok := t.m.state[t.s.here.state]; !ok {
		return true
	}
	return slices.ContainsFunc(t.s.here.loops, t.missing) ||
		slices.ContainsFunc(t.s.here.calls, func(c frame) bool { return !t.returnsTo(c) })
}

// moveOn starts again at the nearest place that this program still has: the step where the conversation is, called by
// those who called it; else the step of the innermost caller that is still there. What is known there stays known.
func (t *turn) moveOn() {
	was := t.s.here
	t.s.here, t.s.opening = place{}, opened
	t.say(t.engineText(t.p.Texts.MovedOn, t.wording().movedOn))
	callers := was.calls
	if lost := slices.IndexFunc(callers, func(c frame) bool { return !t.returnsTo(c) }); lost >= 0 {
		callers = callers[:lost]
	}
	step, ok := t.m.step[was.step]
	vars := was.vars
	if !ok || len(callers) < len(was.calls) {
		if len(callers) == 0 {
			t.fallback()
			return
		}
		last := callers[len(callers)-1]
		step, vars, callers = t.p.Places[t.m.place[last.to]].Step, last.vars, callers[:len(callers)-1]
	}
	if step < 0 || step >= len(t.p.Steps) {
		t.fallback()
		return
	}
	t.s.here.vars, t.s.here.calls = vars, slices.Clip(callers)
	t.run(t.p.Steps[step].PC)
}

// returnsTo tells whether this program has what a caller waits at.
func (t *turn) returnsTo(c frame) bool {
	_, ok := t.m.place[c.to]
	return ok && !slices.ContainsFunc(c.loops, t.missing)
}

func (t *turn) missing(l loop) bool { _, ok := t.m.place[l.place]; return !ok }

// fallback goes to the pack's place for what has no other.
func (t *turn) fallback() {
	t.s.here = place{}
	t.s.before, t.s.opening, t.s.offering, t.s.free = nil, opened, false, false
	t.s.heldStep, t.s.held = 0, ""
	t.s.open, t.s.met = true, true
	t.flow = program.None
	switch {
	case t.p.Fallback >= 0 && t.p.Fallback < len(t.p.Code):
		t.run(t.p.Fallback)
	case t.p.Start >= 0 && t.p.Start < len(t.p.Code):
		t.run(t.p.Start)
	default:
		t.end()
	}
}

// restart drops the conversation and begins as a first message without words would.
func (t *turn) restart() {
	t.touched = true
	t.closeCase()
	if t.s.open {
		t.end()
	}
	t.dropLate()
	t.s.met = false
	t.openWith(program.None)
}

// changeLanguage keeps the place and asks its question again in the other language.
func (t *turn) changeLanguage() {
	i := t.m.languageOf(t.ev.Text)
	if i == program.None {
		t.report("unknown-language", "")
		return
	}
	t.setLanguage(i)
	if !t.s.open {
		return
	}
	if t.s.offering {
		t.offerLate()
		return
	}
	if t.lostPlace() {
		t.moveOn()
		return
	}
	t.askAgain(t.m.state[t.s.here.state])
}

// setLanguage makes it the person's.
func (t *turn) setLanguage(i int) {
	t.lang = i
	lang := t.p.Languages[i]
	if t.s.Contact.Language == lang {
		return
	}
	if t.noticePending() && (t.s.Contact.Language == "" || t.s.draftLanguage) {
		t.s.draftLanguage = true
	} else {
		t.emitField("language", lang)
	}
	t.s.Contact.Language = lang
}
