package engine

import (
	"hash/fnv"
	"io"

	"baraza/engine/answer"
	"baraza/engine/program"
)

// consentTries is how often a reply that is neither yes nor no has a consent asked again.
const consentTries = 2

// need goes on where the consent is recorded and current, and asks for it elsewhere. Who has said no with
// this very message, to the same question at another place, is not asked again; a flow that explains and comes
// back to its own question asks it.
func (t *turn) need(state int) int {
	st := &t.p.States[state]
	if st.Consent < 0 || st.Consent >= len(t.p.Consents) || t.consented(st.Consent) {
		return st.Next
	}
	if t.refused && t.refusedAt != state && t.p.States[t.refusedAt].Consent == st.Consent {
		t.refused = false
		return t.refusal(state)
	}
	return t.ask(state)
}

// everyLanguage tells whether the notice must be shown in all languages since nobody knows the person's.
func (t *turn) everyLanguage(st *program.State) bool {
	return st.Consent == t.p.Notice && t.s.Contact.Language == ""
}

func (t *turn) sendConsent(state int) {
	st := &t.p.States[state]
	if st.Consent < 0 || st.Consent >= len(t.p.Consents) {
		return
	}
	c := &t.p.Consents[st.Consent]
	text := t.questionText(c.Ask, t.everyLanguage(st))
	if full := t.render(c.FullText); full != "" {
		text += "\n" + full
	}
	t.bytes += len(text)
	o := t.outgoing()
	if o == nil {
		return
	}
	o.Text, o.String = text, t.stringID(c.Ask)
	at := len(t.sends) - 1
	style, choices := t.lay(state, st, t.m.questions[state].options)
	t.sends[at].Style, t.sends[at].Options = style, choices
}

// consentReply takes a tap of the latest asking, a number, a label or an also-word, and nothing else.
func (t *turn) consentReply(state int) {
	st := &t.p.States[state]
	switch {
	case t.ev.Token != "":
		asking, identity, key, ok := answer.ParseToken(t.ev.Token)
		if ok && identity == st.Hash && asking == t.s.here.asking && (key == keyYes || key == keyNo) {
			t.consentAnswer(state, key == keyYes)
			return
		}
		t.oldTap(state)
		return
	case t.ev.Media.Kind == "" && t.ev.Location == nil:
		match, ok := t.m.questions[state].choices.Exact(t.p.Languages[t.lang], t.ev.Text)
		if ok {
			t.traced(TraceReply, state, 0, match.How.String())
			t.consentAnswer(state, match.Index == 0)
			return
		}
	}
	t.traced(TraceMissed, state, 0, "")
	if t.s.here.misses++; t.s.here.misses <= consentTries {
		t.askAgain(state)
		return
	}
	t.consentRefused(state)
}

// consentAnswer records what the person said.
func (t *turn) consentAnswer(state int, yes bool) {
	st := &t.p.States[state]
	c := &t.p.Consents[st.Consent]
	t.traced(TraceOption, state, map[bool]int{true: 0, false: 1}[yes], "")
	isNotice := st.Consent == t.p.Notice
	if !yes {
		// A refusal of the notice is kept only as long as the conversation.
		if !isNotice && !t.noticePending() {
			t.recordConsent(c, false)
		}
		t.s.Contact.Consents = t.s.Contact.Consents.with(&t.scratch, c.Name, nil)
		t.consentRefused(state)
		return
	}
	t.recordConsent(c, true)
	t.s.Contact.Consents = t.s.Contact.Consents.with(&t.scratch, c.Name, float64(c.Version))
	if isNotice {
		t.s.noticeRefused = false
		t.keepDraft()
	}
	opening := t.s.opening
	t.s.here.state = 0
	switch {
	case isNotice && opening == openingNotice:
		t.afterOpening()
	case isNotice && opening == notice:
		t.s.opening = opened
		held := t.s.heldStep
		t.s.heldStep = 0
		if i, ok := t.m.step[held]; ok {
			t.run(t.p.Steps[i].PC)
		} else {
			t.fallback()
		}
	default:
		t.run(st.Next)
	}
}

func (t *turn) recordConsent(c *program.Consent, yes bool) {
	h := fnv.New64a()
	for _, str := range [...]int{c.Ask, c.Yes, c.No, c.SeenBy, c.FullText} {
		io.WriteString(h, t.render(str))
		h.Write([]byte{0})
	}
	e := t.add(RecordConsent)
	e.Name, e.Version, e.Hash, e.Flag = c.Name, c.Version, h.Sum64(), yes
	e.Text = t.p.Languages[t.lang]
}

// keepDraft keeps what was learnt while the notice was unanswered.
func (t *turn) keepDraft() {
	if t.s.draftLanguage {
		t.s.draftLanguage = false
		t.emitField("language", t.s.Contact.Language)
	}
	t.s.draft.each(func(e entry) {
		v := t.m.resolve(e.value())
		t.s.Contact.Fields = t.s.Contact.Fields.with(&t.scratch, e.name, v)
		t.emitField(e.name, v)
	})
	t.s.draft = ""
}

// consentRefused goes where a refusal leads. After tries that were no answer nothing is recorded.
func (t *turn) consentRefused(state int) {
	st := &t.p.States[state]
	isNotice := st.Consent == t.p.Notice
	if isNotice {
		t.s.noticeRefused = true
	}
	t.refused, t.refusedAt = true, state
	opening := t.s.opening
	t.s.here.state = 0
	switch {
	case isNotice && opening == openingNotice:
		t.afterOpening()
		return
	case isNotice && opening == notice:
		t.fallback()
		return
	}
	t.run(t.refusal(state))
}

// refusal is where "when refused" leads, else the line below.
func (t *turn) refusal(state int) int {
	st := &t.p.States[state]
	for i := range st.Whens {
		w := &st.Whens[i]
		if w.Kind != program.WhenRefused {
			continue
		}
		t.traced(TraceWhen, state, i, "")
		t.sayString(w.Text)
		if w.PC >= 0 {
			return w.PC
		}
	}
	return st.Next
}
