package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"baraza/engine/answer"
	"baraza/engine/program"
)

// askReply understands a reply in the order the language fixes. Safety words were looked at before.
func (t *turn) askReply(state int) {
	st := &t.p.States[state]
	switch {
	case t.ev.Token != "":
		t.tap(state)
	case t.ev.Template != "" && t.templateTrigger():
	case t.ev.Media.Kind != "" || t.ev.Location != nil:
		t.media(state, st)
	default:
		t.written(state, st)
	}
}

// tap takes a tapped option. It is current when its asking is open, whatever the release; any other is an old one.
func (t *turn) tap(state int) {
	st := &t.p.States[state]
	asking, identity, key, ok := answer.ParseToken(t.ev.Token)
	if !ok || identity != st.Hash || asking != t.s.here.asking {
		t.oldTap(state)
		return
	}
	switch {
	case key == keyMeant && t.s.here.mean != "":
		t.takeMeant(state)
		return
	case key == keyOther:
		t.askAgain(state)
		return
	case strings.HasPrefix(key, keyMore):
		page, err := strconv.ParseUint(key[len(keyMore):], 10, 16)
		if err != nil {
			t.oldTap(state)
			return
		}
		t.s.here.page = uint32(page)
		t.askAgain(state)
		return
	}
	options := t.offer(state)
	for i := range options {
		if options[i].key == key {
			t.traced(TraceReply, state, 0, "tap")
			t.choose(state, options[i], true)
			return
		}
	}
	t.oldTap(state) // an option that is not offered any more
}

// oldTap recognises a button of another question: kind words, and the present question again. After a hide
// older buttons are met with silence about what they were.
func (t *turn) oldTap(state int) {
	t.report("old-tap", t.stepName())
	if asking, _, _, ok := answer.ParseToken(t.ev.Token); !ok || asking > t.s.hiddenUpTo {
		t.say(t.engineText(t.p.Texts.OldButton, t.wording().oldButton))
	}
	t.askAgain(state)
}

// written takes a text.
func (t *turn) written(state int, st *program.State) {
	text := strings.TrimSpace(t.ev.Text)
	if t.s.here.mean != "" && t.meant(state, text) {
		return
	}
	options := t.offer(state)
	open := t.isOpen(st)
	free := open && freeText(st)
	var choices *answer.Choices
	if len(options) > 0 {
		choices = t.choicesOf(state, options)
		if t.takeExact(state, options, choices, text, free) {
			return
		}
	}
	if t.callAnywhere(text, free) || t.asksWhy(state, st, text) {
		return
	}
	if open {
		if v, ok := t.typed(st, text); ok {
			t.take(state, v)
			return
		}
	}
	if choices != nil && !free && t.takeInexact(state, options, choices, text) {
		return
	}
	if free && text != "" { // the only free text that is refused is one too long
		t.missed(state, t.engineText(t.p.Texts.TooLong, t.wording().tooLong))
		return
	}
	t.missed(state, t.engineText(t.p.Texts.NotUnderstood, t.wording().notUnderstood))
}

// takeExact takes an option by its number or words, the next page of a long list, or a list of answers.
func (t *turn) takeExact(state int, options []option, choices *answer.Choices, text string, free bool) bool {
	st := &t.p.States[state]
	lang := t.p.Languages[t.lang]
	match, ok := choices.Exact(lang, text)
	switch {
	case !ok:
	case options[match.Index].kind == doneOption && len(t.s.here.picks) == 0: // nothing chosen yet
	case free && match.How == answer.ByNumber && !t.showsNumbers(st, options): // a text may be a number
	default:
		t.traced(TraceReply, state, 0, match.How.String())
		t.choose(state, options[match.Index], false)
		return true
	}
	return t.wantsMore(text, options, st) || st.Ask.Several && t.takeSeveral(state, options, choices, text)
}

// takeInexact takes an option whose words stand in a longer answer, or are written with a slip.
func (t *turn) takeInexact(state int, options []option, choices *answer.Choices, text string) bool {
	match, ok := choices.Inexact(t.p.Languages[t.lang], text, t.p.States[state].Ask.Sensitive)
	if !ok || options[match.Index].kind == doneOption {
		return false
	}
	t.traced(TraceReply, state, 0, match.How.String())
	if match.Ask {
		t.didYouMean(state, options[match.Index])
	} else {
		t.choose(state, options[match.Index], false)
	}
	return true
}

// isOpen tells whether something other than the options can be the answer.
func (t *turn) isOpen(st *program.State) bool {
	switch st.Ask.Type {
	case program.YesNo:
		return len(st.Ask.Options) == 0
	case program.LanguageKind, program.ChoiceKind, program.RowKind, program.ListKind, program.LocationKind, program.MediaKind:
		return false
	case program.Any, program.TextKind:
		return st.Ask.Name != "" && len(st.Ask.Options) == 0 && st.Ask.Rows == nil && !st.Ask.Several
	}
	return true
}

func freeText(st *program.State) bool {
	return st.Ask.Type == program.Any || st.Ask.Type == program.TextKind
}

// typed reads an answer of the question's type.
func (t *turn) typed(st *program.State, text string) (any, bool) {
	ask := st.Ask
	switch ask.Type {
	case program.Any, program.TextKind:
		if text == "" || len(text) > maxValueBytes || ask.UpTo > 0 && utf8.RuneCountInString(text) > ask.UpTo {
			return nil, false
		}
		return text, true
	case program.YesNo:
		yes, ok := answer.YesNo(t.p.Languages[t.lang], text)
		return yes, ok
	case program.NumberKind:
		n, ok := answer.ParseNumber(text)
		if !ok || ask.From != nil && n < *ask.From || ask.To != nil && n > *ask.To {
			return nil, false
		}
		return n, true
	case program.DateKind:
		y, m, d, ok := answer.ParseDate(text, t.m.order)
		return fmt.Sprintf("%04d-%02d-%02d", y, m, d), ok
	case program.TimeKind:
		minutes, ok := answer.ParseTime(text)
		return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60), ok
	case program.PhoneKind:
		phone, ok := answer.ParsePhone(text, t.p.Country)
		return phone, ok
	case program.EmailKind:
		email, ok := answer.ParseEmail(text)
		return email, ok
	}
	return nil, false
}

// media takes a picture, a recording, a place: where the question asks for it, else where a when line does.
func (t *turn) media(state int, st *program.State) {
	kind := t.ev.Media.Kind
	var value any = t.ev.Media
	if t.ev.Location != nil {
		kind, value = "location", program.Location{Lat: t.ev.Location.Lat, Lon: t.ev.Location.Lon}
		if !(t.ev.Location.Lat >= -90 && t.ev.Location.Lat <= 90 && t.ev.Location.Lon >= -180 && t.ev.Location.Lon <= 180) {
			t.missed(state, t.engineText(t.p.Texts.NotUnderstood, t.wording().notUnderstood))
			return
		}
	}
	fits := kind == "location" && st.Ask.Type == program.LocationKind ||
		kind != "location" && st.Ask.Type == program.MediaKind && (len(st.Ask.Media) == 0 || slices.Contains(st.Ask.Media, kind))
	if fits {
		t.take(state, value)
		return
	}
	for i := range st.Whens {
		if w := &st.Whens[i]; w.Kind == program.WhenMedia && slices.Contains(w.Media, kind) {
			if w.Var != "" {
				t.set(w.Var, value, false)
			}
			t.runWhen(state, i)
			return
		}
	}
	if t.mediaTrigger(kind, true) {
		return
	}
	if st.Ask.Type == program.MediaKind || st.Ask.Type == program.LocationKind { // something of the kind is asked for
		t.missed(state, t.engineText(t.p.Texts.NotUnderstood, t.wording().notUnderstood))
		return
	}
	t.missed(state, t.engineText(t.p.Texts.Unsupported, t.wording().unsupported))
}

// choose takes an option. At a question with several answers one that was tapped is one more of them, and one
// that was written is the last.
func (t *turn) choose(state int, o option, tapped bool) {
	st := &t.p.States[state]
	if o.kind == written {
		t.traced(TraceOption, state, o.at, "")
	}
	if st.Ask.Several && o.kind == written {
		t.pick(o.id)
		if tapped && len(t.notPicked(t.offer(state))) > 1 {
			t.s.here.misses = 0
			t.askAgain(state)
			return
		}
		o.kind = doneOption
	}
	switch o.kind {
	case written:
		pc := st.Ask.Options[o.at].PC
		if pc < 0 {
			pc = st.Next
		}
		var value any = o.id
		if st.Ask.Rows != nil {
			value = nil // the value of this question is a row
		}
		t.takeAt(state, value, pc)
	case rowOption:
		t.traced(TraceOption, state, TraceRow, "")
		t.take(state, o.row)
	case yesOption:
		t.take(state, true)
	case noOption:
		t.take(state, false)
	case languageOption:
		t.take(state, o.id)
	case skipOption:
		t.takeAt(state, nil, st.Next)
	case doneOption:
		if len(t.s.here.picks) == 0 {
			t.askAgain(state)
			return
		}
		list := make([]any, len(t.s.here.picks))
		for i, id := range t.s.here.picks {
			list[i] = id
		}
		t.take(state, list)
	}
}

// takeSeveral takes a list such as "1, 3": with what was tapped before it is the whole answer.
func (t *turn) takeSeveral(state int, options []option, choices *answer.Choices, text string) bool {
	indexes, ok := choices.Several(t.p.Languages[t.lang], text)
	if !ok || len(indexes) < 2 {
		return false
	}
	for _, i := range indexes {
		if options[i].kind != written {
			return false
		}
	}
	for _, i := range indexes {
		t.traced(TraceOption, state, options[i].at, "")
		t.pick(options[i].id)
	}
	t.choose(state, option{kind: doneOption}, false)
	return true
}

func (t *turn) pick(id string) {
	if !t.picked(id) && len(t.s.here.picks) < maxRows {
		t.s.here.picks = append(slices.Clip(t.s.here.picks), id)
	}
}

// take stores an answer and goes on below.
func (t *turn) take(state int, value any) { t.takeAt(state, value, t.p.States[state].Next) }

func (t *turn) takeAt(state int, value any, pc int) {
	st := &t.p.States[state]
	h := &t.s.here
	t.commitAnswered()
	if !st.Ask.Sensitive {
		t.answered = asked{state: st.Hash, depth: uint8(len(h.calls)), loops: uint8(len(h.loops))}
		t.leaving = true
	}
	if st.Ask.Name != "" {
		t.set(st.Ask.Name, value, st.Ask.Field)
	}
	h.state, h.misses, h.mean, h.page, h.picks = 0, 0, "", 0, nil
	if state == t.p.Language && t.s.opening == openingLanguage {
		t.openNotice()
		return
	}
	t.run(pc)
}

// wantsMore turns the page of a long list for "0" and for the word on the button.
func (t *turn) wantsMore(text string, options []option, st *program.State) bool {
	if _, page := t.style(st, options); len(t.notPicked(options)) <= page {
		return false
	}
	if n, ok := answer.Index(text); !(ok && n == 0) && !t.isMore(text) {
		return false
	}
	t.s.here.page++
	t.askAgain(t.m.state[st.Hash])
	return true
}

// isMore tells whether this is what the button of the next page says, in any language of the pack.
func (t *turn) isMore(text string) bool {
	folded := answer.Fold(text)
	for lang := range t.p.Languages {
		label := t.m.wordings[lang].more
		if str := t.p.Texts.More; str >= 0 && str < len(t.p.Strings) {
			label = t.renderIn(str, lang)
		}
		if folded != "" && folded == answer.Fold(plainText(label)) {
			return true
		}
	}
	return false
}

// missed counts a reply that was not understood and says so, in the flow's words where it has some.
func (t *turn) missed(state int, otherwise string) {
	t.halt()
	t.traced(TraceMissed, state, 0, "")
	h := &t.s.here
	if h.misses < 255 {
		h.misses++
	}
	st := &t.p.States[state]
	every := program.None
	for i := range st.Whens {
		w := &st.Whens[i]
		if w.Kind != program.WhenNotUnderstood {
			continue
		}
		if w.Times == int(h.misses) {
			t.runWhen(state, i)
			return
		}
		if w.Times == 0 && every == program.None {
			every = i
		}
	}
	if every >= 0 {
		t.runWhen(state, every)
		return
	}
	t.say(otherwise)
	t.askAgain(state)
}

// runWhen says a when line's text and runs its block; without a block the conversation keeps waiting.
func (t *turn) runWhen(state, i int) {
	w := &t.p.States[state].Whens[i]
	t.traced(TraceWhen, state, i, "")
	t.sayString(w.Text)
	if w.PC >= 0 {
		t.run(w.PC)
		return
	}
	t.halt()
	if t.over {
		t.tooLong()
	}
}
