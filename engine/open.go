package engine

import (
	"slices"

	"baraza/engine/answer"
	"baraza/engine/program"
)

// whileOwned are the safety words that act while people own the conversation.
var whileOwned = []string{"stop", "delete", "hide", "danger"}

// endsCase are those of them after which the people's case is closed.
var endsCase = []string{"stop", "delete", "hide"}

// callSafety runs the flow of a safety word; false where the word does not act here.
func (t *turn) callSafety(word called) bool {
	tr := &t.p.Triggers[word.trigger]
	name := t.p.Words[tr.Ref].Name
	_, name, _ = cutLibrary(name)
	if t.owned() {
		if !slices.Contains(whileOwned, name) {
			return false
		}
	}
	if slices.Contains(endsCase, name) {
		t.leaveCases()
	}
	t.learnLanguage(word)
	if name == "stop" {
		t.optOut()
		t.s.before = nil
		t.s.here.past, t.s.here.pasts = [8]asked{}, 0
	}
	if len(t.s.inbox) > 0 {
		t.report("held-dropped", "")
		t.s.inbox = nil
	}
	t.interrupt(word.trigger, nil, tr.ThenBack && name != "stop") // stop ends a conversation, whatever its flow says
	return true
}

// cutLibrary parts "safety.stop".
func cutLibrary(name string) (library, base string, ok bool) {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[:i], name[i+1:], true
		}
	}
	return "", name, false
}

// owned tells whether people own the conversation.
func (t *turn) owned() bool {
	if !t.s.open {
		return false
	}
	i, ok := t.m.state[t.s.here.state]
	return ok && t.p.States[i].Kind == program.HandOverState
}

// learnLanguage takes an unknown language from a word that stands in one language only.
func (t *turn) learnLanguage(word called) {
	if t.s.Contact.Language != "" {
		return
	}
	if only := word.only(); only != program.None {
		t.setLanguage(only)
		return
	}
	if i := t.m.languageOf(t.ev.Language); i != program.None {
		t.lang = i
	}
}

// startFlow begins a trigger's flow, in a conversation of its own or in the middle of one. "anywhere, then
// back" remembers the question that was open; any other interruption leaves it behind.
func (t *turn) startFlow(trigger int, value any) {
	t.interrupt(trigger, value, t.p.Triggers[trigger].ThenBack)
}

// interrupt is startFlow that says itself whether the open question is remembered.
func (t *turn) interrupt(trigger int, value any, thenBack bool) {
	tr := &t.p.Triggers[trigger]
	t.traced(TraceTrigger, trigger, 0, "")
	s := &t.s
	free := tr.Kind == program.OnWords && t.isSafety(tr) && !t.isMenu(tr)
	waiting := s.open && s.here.state != 0 && !s.offering
	t.dropLate()
	s.offering, s.reply = false, reply{}
	switch {
	case !s.open:
		s.here = place{}
		s.open = true
		t.flow = program.None
	case thenBack && waiting:
		if s.before == nil {
			kept := s.here
			s.before = &kept
		}
		s.here = place{}
		t.flow = program.None
	default:
		s.before = nil
		t.changeFlow(tr.Flow)
		s.here.state, s.here.asking, s.here.caseNumber, s.here.fetch = 0, 0, 0, 0
		s.here.picks, s.here.mean, s.here.page, s.here.misses, s.here.answered = nil, "", 0, 0, false
	}
	s.free, s.met = free, true
	t.flow = tr.Flow
	if tr.As != "" && value != nil {
		t.set(tr.As, value, false)
	}
	t.run(tr.PC)
}

func (t *turn) isSafety(tr *program.Trigger) bool {
	return tr.Ref >= 0 && tr.Ref < len(t.p.Words) && t.p.Words[tr.Ref].Safety
}

func (t *turn) isMenu(tr *program.Trigger) bool {
	_, base, _ := cutLibrary(t.p.Words[tr.Ref].Name)
	return base == "menu"
}

// callAnywhere lets a trigger interrupt an open question.
func (t *turn) callAnywhere(text string, exact bool) bool {
	if word, ok := t.m.anywhere.find(text, exact); ok {
		if t.s.opening == openingLanguage { // held until the opening is done, and it may tell the language
			t.s.held = t.p.Triggers[word.trigger].Name
			if word.only() == program.None {
				return false
			}
			t.setLanguage(word.only())
			t.openNotice()
			return true
		}
		t.startFlow(word.trigger, nil)
		return true
	}
	if exact || t.s.opening != opened {
		return false
	}
	for i := range t.p.Triggers {
		if tr := &t.p.Triggers[i]; tr.Kind == program.OnAnyMessage && tr.Anywhere {
			t.startFlow(i, clipValue(text))
			return true
		}
	}
	return false
}

func clipValue(text string) string {
	if len(text) <= maxValueBytes {
		return text
	}
	return graphemeClip(text[:maxValueBytes])
}

func (t *turn) mediaTrigger(kind string, anywhere bool) bool {
	if i := t.findMedia(kind, anywhere); i != program.None {
		t.startFlow(i, t.mediaValue())
		return true
	}
	return false
}

func (t *turn) findMedia(kind string, anywhere bool) int {
	for i := range t.p.Triggers {
		if tr := &t.p.Triggers[i]; tr.Kind == program.OnMedia && tr.Media == kind && (tr.Anywhere || !anywhere) {
			return i
		}
	}
	return program.None
}

func (t *turn) mediaValue() any {
	if t.ev.Location != nil {
		return program.Location{Lat: t.ev.Location.Lat, Lon: t.ev.Location.Lon}
	}
	return t.ev.Media
}

// templateTrigger starts the flow of a tapped template button.
func (t *turn) templateTrigger() bool {
	if i := t.findTemplate(); i != program.None {
		t.startFlow(i, nil)
		return true
	}
	return false
}

func (t *turn) findTemplate() int {
	found := program.None
	for i := range t.p.Triggers {
		tr := &t.p.Triggers[i]
		if tr.Kind != program.OnTemplate || tr.Ref < 0 || tr.Ref >= len(t.p.Template) || t.p.Template[tr.Ref].Name != t.ev.Template {
			continue
		}
		if tr.Button == "" && found == program.None {
			found = i
		} else if tr.Button != "" && answer.Fold(tr.Button) == answer.Fold(t.ev.Text) {
			return i
		}
	}
	return found
}

// match finds the trigger of a first message, and what it takes along.
func (t *turn) match() (trigger int, value any) {
	if t.ev.Template != "" {
		if i := t.findTemplate(); i != program.None {
			return i, nil
		}
	}
	if t.ev.Token != "" {
		return program.None, nil
	}
	if t.ev.Media.Kind != "" || t.ev.Location != nil {
		kind := t.ev.Media.Kind
		if t.ev.Location != nil {
			kind = "location"
		}
		return t.findMedia(kind, false), t.mediaValue()
	}
	if word, ok := t.m.opening.find(t.ev.Text, false); ok {
		t.learnLanguage(word)
		return word.trigger, nil
	}
	for i := range t.p.Triggers {
		if t.p.Triggers[i].Kind == program.OnAnyMessage {
			return i, clipValue(t.ev.Text)
		}
	}
	return program.None, nil
}

// firstMessage is a message when no conversation is open.
func (t *turn) firstMessage() {
	if t.ev.Token != "" {
		asking, _, _, ok := answer.ParseToken(t.ev.Token)
		t.report("old-tap", "")
		if ok && asking <= t.s.hiddenUpTo { // only the fallback, whatever else would come first
			t.s.reply = reply{}
			t.dropLate()
			t.fallback()
			return
		}
		if ok && t.s.late == nil {
			t.say(t.engineText(t.p.Texts.OldButton, t.wording().oldButton))
		}
	}
	if t.s.reply != (reply{}) {
		step, ok := t.m.step[t.s.reply.step]
		due := t.now() <= t.s.reply.until
		t.s.reply = reply{}
		if ok && due && t.findTemplate() == program.None {
			t.openAt(step)
			return
		}
	}
	trigger, value := t.match()
	if t.s.late != nil {
		exact := trigger != program.None && t.p.Triggers[trigger].Kind != program.OnAnyMessage && t.p.Triggers[trigger].Kind != program.OnMedia
		if t.now() > t.s.lateUntil || exact {
			t.dropLate()
		} else {
			t.s.open = true
			t.s.here = place{}
			t.offerLate()
			return
		}
	}
	t.openWithValue(trigger, value)
}

func (t *turn) openWith(trigger int) { t.openWithValue(trigger, nil) }

// openWithValue opens a conversation: the language, the notice, then what the person wrote for.
func (t *turn) openWithValue(trigger int, value any) {
	s := &t.s
	t.dropLate()
	s.open, s.here, s.before = true, place{}, nil
	t.flow = program.None
	if s.Contact.Language == "" {
		if i := t.m.languageOf(t.ev.Language); i != program.None {
			t.setLanguage(i)
		}
	}
	if trigger != program.None {
		s.held = t.p.Triggers[trigger].Name
	}
	if s.Contact.Language == "" && t.p.Language >= 0 && t.p.Language < len(t.p.States) {
		s.opening = openingLanguage
		t.askState(t.p.Language)
		return
	}
	if t.asksNotice() {
		t.openNotice()
		return
	}
	s.held = ""
	if trigger != program.None {
		t.startTrigger(trigger, value)
		return
	}
	t.openStart(!s.met)
}

// startTrigger is startFlow for a conversation that has just been opened.
func (t *turn) startTrigger(trigger int, value any) {
	t.s.here, t.s.before = place{}, nil
	t.s.open = false
	t.startFlow(trigger, value)
}

// asksNotice tells whether the notice stands before this conversation.
func (t *turn) asksNotice() bool {
	if !t.noticePending() || t.s.noticeRefused {
		return false
	}
	state := t.p.Consents[t.p.Notice].State
	return state >= 0 && state < len(t.p.States)
}

// openNotice goes on after the language is known.
func (t *turn) openNotice() {
	if !t.asksNotice() {
		t.afterOpening()
		return
	}
	t.s.opening = openingNotice
	t.leaving = false
	t.askState(t.p.Consents[t.p.Notice].State)
}

// afterOpening takes up what was held while the opening asked. The words themselves were not kept.
func (t *turn) afterOpening() {
	t.s.opening = opened
	t.leaving = false
	held := t.s.held
	t.s.held = ""
	if trigger, ok := t.m.trigger[held]; ok && held != "" {
		switch tr := &t.p.Triggers[trigger]; {
		case tr.As == "":
			t.startTrigger(trigger, nil)
			return
		case tr.Kind == program.OnAnyMessage:
			t.startTrigger(trigger, "")
			return
		} // what a flow needs of a picture or a place is gone
	}
	t.openStart(true)
}

// openStart begins at start with who is new, and at fallback with who wrote something that nothing matches. A
// start that begins with the language question goes on below it, since the language is known here.
func (t *turn) openStart(isNew bool) {
	t.s.met = true
	if !isNew && t.p.Fallback >= 0 && t.p.Fallback < len(t.p.Code) {
		t.fallback()
		return
	}
	pc := t.p.Start
	if lang := t.p.Language; lang >= 0 && lang < len(t.p.States) && t.s.Contact.Language != "" {
		st := &t.p.States[lang]
		if step := t.m.stepAt(pc); step != program.None && step == st.Step {
			t.flow = st.Flow
			t.s.here.step = t.m.stepHash[step]
			t.traced(TraceStep, step, 0, "")
			t.run(st.Next)
			return
		}
	}
	if pc < 0 || pc >= len(t.p.Code) {
		t.fallback()
		return
	}
	t.run(pc)
}

// openAt opens a conversation at a step: a reminder is due, or the reply to a template came.
func (t *turn) openAt(step int) {
	s := &t.s
	t.dropLate()
	s.open, s.met, s.here, s.before = true, true, place{}, nil
	t.flow = t.p.Steps[step].Flow
	t.run(t.p.Steps[step].PC)
}
