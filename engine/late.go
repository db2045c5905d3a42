package engine

import (
	"strings"

	"baraza/engine/answer"
	"baraza/engine/program"
)

// lateQuestion identifies the engine's own question whether to go on after a silence.
var lateQuestion = hash("the conversation ended")

var lateOptions = []option{
	{kind: continueOption, key: keyContinue, number: 1},
	{kind: menuOption, key: keyMenu, number: 2},
}

// offerLate asks who answers after the end whether to go on. What was answered is not kept.
func (t *turn) offerLate() {
	t.halt()
	t.s.offering, t.arrived = true, true
	t.s.askings++
	t.s.here.asking = t.s.askings
	choices := make([]Choice, len(lateOptions))
	for i := range lateOptions {
		choices[i] = Choice{Label: t.m.optionLabel(t, nil, &lateOptions[i], t.lang), Number: i + 1}
	}
	t.addTokens(lateQuestion, choices, lateOptions)
	style, _ := t.style(nil, lateOptions)
	if o := t.outgoing(); o != nil {
		o.Text, o.Options, o.Style = t.wording().late, choices, style
	}
}

func (t *turn) lateReply() {
	key := ""
	switch {
	case t.ev.Token != "":
		asking, identity, k, ok := answer.ParseToken(t.ev.Token)
		if !ok || identity != lateQuestion || asking != t.s.here.asking {
			t.report("old-tap", "")
		} else {
			key = k
		}
	case t.ev.Media.Kind == "" && t.ev.Location == nil:
		text := strings.TrimSpace(t.ev.Text)
		match, ok := answer.Prepare(t.m.words(t, nil, lateOptions)).Exact(t.p.Languages[t.lang], text)
		if ok {
			key = lateOptions[match.Index].key
		} else if yes, ok := answer.YesNo(t.p.Languages[t.lang], text); ok {
			if key = keyMenu; yes {
				key = keyContinue
			}
		} else if word, ok := t.m.opening.find(text, false); ok {
			t.startFlow(word.trigger, nil)
			return
		}
	}
	switch key {
	case keyContinue:
		t.continueLate()
	case keyMenu:
		t.dropLate()
		t.fallback()
	default:
		if t.s.here.misses++; t.s.here.misses >= 2 {
			t.dropLate()
			t.fallback()
			return
		}
		t.offerLate()
	}
}

// continueLate goes back to the place that silence ended.
func (t *turn) continueLate() {
	t.s.offering = false
	if t.s.late == nil {
		t.fallback()
		return
	}
	t.s.here = *t.s.late
	t.dropLate()
	if t.lostPlace() {
		t.moveOn()
		return
	}
	state := t.m.state[t.s.here.state]
	t.flow = t.p.States[state].Flow
	t.run(t.p.States[state].PC)
}

// keepLate keeps the place of a question that silence ended, with the variables that are read from there on. A
// timer drops it when nobody has come back.
func (t *turn) keepLate() {
	if t.quiet == nil {
		return
	}
	h := t.quiet
	i, ok := t.m.state[h.state]
	if !ok {
		return
	}
	st := &t.p.States[i]
	if st.Kind != program.AskState || st.Ask.Sensitive {
		return
	}
	kept := place{state: h.state, step: h.step, vars: h.vars.only(st.Reads), loops: h.loops, calls: h.calls}
	for _, l := range h.loops { // the rows of the loops around the question
		at, ok := t.m.place[l.place]
		if !ok {
			continue
		}
		row, ok := h.vars.find(t.loopName(at))
		if _, had := kept.vars.find(row.name); ok && !had {
			kept.vars += h.vars[row.start:row.end]
		}
	}
	until := t.ev.At.Add(lateFor)
	t.s.late, t.s.lateUntil, t.s.lateTimer = &kept, until.Unix(), t.nextNumber()
	e := t.add(SetTimer)
	e.Timer, e.Due = t.s.lateTimer, until
}

// dropLate forgets the place that a silence ended.
func (t *turn) dropLate() {
	if t.s.late == nil {
		return
	}
	t.add(CancelTimer).Timer = t.s.lateTimer
	t.s.late, t.s.lateUntil, t.s.lateTimer = nil, 0, 0
}
