package engine

import (
	"strconv"
	"strings"

	"baraza/engine/answer"
	"baraza/engine/program"
)

// numberedPage is how many options one message has on a channel that has neither buttons nor lists.
const numberedPage = 20

// ask comes to a question or consent from above: it is a new asking.
func (t *turn) ask(state int) int {
	if t.lacksRows(state) {
		return t.noRows(state)
	}
	t.askState(state)
	return t.halt()
}

// lacksRows tells whether a question from rows has none now, and nothing else to choose or a line for that case.
func (t *turn) lacksRows(state int) bool {
	st := &t.p.States[state]
	if st.Kind != program.AskState || st.Ask.Rows == nil {
		return false
	}
	options := t.offer(state)
	for i := range options {
		if options[i].kind == rowOption {
			return false
		}
	}
	return len(options) == 0 || findWhen(st, program.WhenNone) != program.None
}

// noRows is a question without anything to choose from.
func (t *turn) noRows(state int) int {
	st := &t.p.States[state]
	if i := findWhen(st, program.WhenNone); i != program.None {
		t.traced(TraceWhen, state, i, "")
		t.sayString(st.Whens[i].Text)
		if pc := st.Whens[i].PC; pc >= 0 {
			return pc
		}
	}
	return st.Next
}

// askState sends the question and waits there anew.
func (t *turn) askState(state int) {
	t.commitAnswered()
	st := &t.p.States[state]
	t.arrive(state)
	t.s.askings++
	t.s.here.asking = t.s.askings
	t.sendQuestion(state)
	if st.Kind == program.AskState {
		t.s.here.picks = nil
	}
}

// arrive makes the conversation wait at a state.
func (t *turn) arrive(state int) {
	st := &t.p.States[state]
	h := &t.s.here
	h.state = st.Hash
	if st.Step >= 0 && st.Step < len(t.m.stepHash) {
		h.step = t.m.stepHash[st.Step]
	}
	if st.Flow >= 0 {
		t.flow = st.Flow
	}
	h.misses, h.mean, h.page, h.picks = 0, "", 0, nil
	h.fetch = 0
	t.s.open, t.stopped, t.arrived = true, true, true
	t.traced(TraceState, state, 0, "")
}

// askAgain sends a question that is open once more. Its buttons stay good, but those of a consent: only the
// latest asking of one is answered.
func (t *turn) askAgain(state int) {
	t.halt()
	t.arrived = true
	st := &t.p.States[state]
	switch st.Kind {
	case program.HandOverState, program.FetchState:
		return
	case program.NeedState:
		t.s.askings++
		t.s.here.asking = t.s.askings
	case program.AskState:
		if t.lacksRows(state) { // they were there when it was asked first
			t.run(t.noRows(state))
			return
		}
	}
	t.s.here.mean = ""
	t.sendQuestion(state)
}

// sendQuestion sends the question of a state with its options.
func (t *turn) sendQuestion(state int) {
	st := &t.p.States[state]
	if st.Kind == program.NeedState {
		t.sendConsent(state)
		return
	}
	ask := st.Ask
	text := t.questionText(ask.Text, ask.EveryLanguage)
	header, footer, button := t.render(ask.Header), t.render(ask.Footer), t.render(ask.ListButton)
	options := t.offer(state)
	image := ask.Image
	if t.lang < len(ask.Images) && ask.Images[t.lang] != "" {
		image = ask.Images[t.lang]
	}
	t.bytes += len(text) + len(header) + len(footer)
	o := t.outgoing()
	if o == nil {
		return
	}
	o.Text, o.String = text, t.stringID(ask.Text)
	o.Header, o.Footer, o.ListButton = header, footer, button
	if image != "" {
		o.Media = Media{Kind: "image", ID: image}
	}
	if ask.Type == program.LocationKind {
		o.Asks = "location"
	}
	at := len(t.sends) - 1
	style, choices := t.lay(state, st, options)
	t.sends[at].Style, t.sends[at].Options = style, choices
}

// questionText is a text in the person's language, or in every language, each once.
func (t *turn) questionText(str int, every bool) string {
	if !every || len(t.p.Languages) < 2 {
		return t.render(str)
	}
	var texts []string
	for i := range t.p.Languages {
		text := t.renderIn(str, i)
		for _, had := range texts {
			if had == text {
				text = ""
			}
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "\n\n")
}

// lay decides how options look on the channel and which page of them is shown.
func (t *turn) lay(state int, st *program.State, options []option) (Style, []Choice) {
	options = t.notPicked(options)
	if len(options) == 0 {
		return NoOptions, nil
	}
	style, page := t.style(st, options)
	first, last, more := 0, len(options), false
	if len(options) > page {
		first = int(t.s.here.page) * (page - 1)
		if first >= len(options) {
			first, t.s.here.page = 0, 0
		}
		last = min(first+page-1, len(options))
		if more = last < len(options); last+1 == len(options) && first > 0 { // room for the last where "more" would stand
			last, more = len(options), false
		}
	}
	n := last - first
	if more {
		n++
	}
	choices := make([]Choice, 0, n)
	for i := first; i < last; i++ {
		o := &options[i]
		c := Choice{Label: t.m.optionLabel(t, st, o, t.lang), Number: o.number}
		if o.kind == written {
			c.About = t.render(st.Ask.Options[o.at].About)
		}
		t.bytes += len(c.Label) + len(c.About)
		choices = append(choices, c)
	}
	if more {
		choices = append(choices, Choice{Label: t.engineText(t.p.Texts.More, t.wording().more)})
	}
	t.addTokens(st.Hash, choices, options[first:last])
	return style, choices
}

// addTokens writes the tokens of all choices into one piece of memory.
func (t *turn) addTokens(identity uint64, choices []Choice, options []option) {
	b := t.scratch[:0]
	var ends [64]int
	marks := ends[:0]
	for i := range choices {
		if i < len(options) {
			b = answer.AppendToken(b, t.s.here.asking, identity, options[i].key)
		} else {
			b = answer.AppendToken(b, t.s.here.asking, identity, keyMore+strconv.Itoa(int(t.s.here.page)+1))
		}
		marks = append(marks, len(b))
	}
	t.scratch = b
	all := string(b)
	from := 0
	for i, end := range marks {
		choices[i].Token = all[from:end]
		from = end
	}
}

// notPicked leaves out what was picked already at a question with several answers.
func (t *turn) notPicked(options []option) []option {
	if len(t.s.here.picks) == 0 {
		return options
	}
	var out []option
	for _, o := range options {
		if !t.picked(o.id) || o.kind == doneOption || o.kind == skipOption {
			if o.kind != skipOption {
				out = append(out, o)
			}
		}
	}
	return out
}

func (t *turn) picked(id string) bool {
	for _, p := range t.s.here.picks {
		if p == id {
			return true
		}
	}
	return false
}

// style decides between buttons, a list and numbers, and how many options one message takes.
func (t *turn) style(st *program.State, options []option) (Style, int) {
	if t.channel == program.None {
		return Numbers, numberedPage
	}
	ch := &t.p.Channels[t.channel]
	if ch.Buttons == 0 && ch.Rows == 0 {
		return Numbers, numberedPage
	}
	wide, about := false, false
	if st != nil && st.Ask != nil {
		wide = t.channel < len(st.Ask.Wide) && st.Ask.Wide[t.channel]
		for i := range options {
			about = about || options[i].kind == written && st.Ask.Options[options[i].at].About >= 0
			wide = wide || options[i].kind == rowOption
		}
	}
	if ch.Rows == 0 || ch.Buttons > 0 && len(options) <= ch.Buttons && !wide && !about {
		return Buttons, max(ch.Buttons, 2)
	}
	return List, max(ch.Rows, 2)
}

// showsNumbers tells whether people see the numbers of the options.
func (t *turn) showsNumbers(st *program.State, options []option) bool {
	style, _ := t.style(st, options)
	return style == Numbers
}

// keep goes on waiting at a state after a when block.
func (t *turn) keep(state int) {
	t.halt()
	if state < 0 || state >= len(t.p.States) {
		t.end()
		return
	}
	if t.s.here.state == t.p.States[state].Hash {
		return
	}
	// Something was asked in between.
	switch kind := t.p.States[state].Kind; {
	case kind != program.HandOverState:
		t.askState(state)
	case t.s.here.caseNumber == 0: // people finished meanwhile
		t.caseDone(state)
	default:
		t.commitAnswered()
		t.arrive(state)
	}
}
