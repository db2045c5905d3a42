package engine

import (
	"slices"
	"strings"

	"baraza/engine/answer"
	"baraza/engine/program"
)

// Keys of the question "did you mean …?".
const (
	keyMeant = "-meant"
	keyOther = "-other"
)

// asksWhy shows the reason for a question to who asks for it.
func (t *turn) asksWhy(state int, st *program.State, text string) bool {
	if len(text) > 64 || freeText(st) && t.isOpen(st) && st.Ask.Why < 0 {
		return false
	}
	folded := answer.Fold(text)
	if !slices.Contains(t.wording().why, folded) && folded != "why" {
		return false
	}
	if st.Ask.Why >= 0 {
		t.sayString(st.Ask.Why)
	} else {
		t.say(t.engineText(t.p.Texts.WhyNone, t.wording().whyNone))
	}
	t.halt()
	return true
}

// didYouMean asks back before a slip is taken on a sensitive step.
func (t *turn) didYouMean(state int, o option) {
	st := &t.p.States[state]
	t.halt()
	t.s.here.mean = o.key
	label := t.m.optionLabel(t, st, &o, t.lang)
	text := strings.Replace(t.wording().didYouMean, "%s", label, 1)
	if str := t.p.Texts.DidYouMean; str >= 0 { // the pack's words have {label}
		vars := t.s.here.vars
		t.s.here.vars = vars.with(&t.scratch, "label", plainText(label))
		text = t.render(str)
		t.s.here.vars = vars
	}
	choices := []Choice{{Label: t.wording().yes, Number: 1}, {Label: t.wording().no, Number: 2}}
	t.addTokens(st.Hash, choices, []option{{key: keyMeant}, {key: keyOther}})
	style, _ := t.style(nil, []option{{}, {}})
	if out := t.outgoing(); out != nil {
		out.Text, out.Options, out.Style = text, choices, style
	}
}

// meant takes the answer to "did you mean": its number, yes or no. Anything else is an answer to the question itself.
func (t *turn) meant(state int, text string) bool {
	yes, ok := answer.YesNo(t.p.Languages[t.lang], text)
	if n, isNumber := answer.Index(text); isNumber && (n == 1 || n == 2) {
		yes, ok = n == 1, true
	}
	switch {
	case !ok:
		t.s.here.mean = ""
	case yes:
		t.takeMeant(state)
	default:
		t.askAgain(state)
	}
	return ok
}

func (t *turn) takeMeant(state int) {
	key := t.s.here.mean
	t.s.here.mean = ""
	for _, o := range t.offer(state) {
		if o.key == key {
			t.choose(state, o, true)
			return
		}
	}
	t.askAgain(state)
}
