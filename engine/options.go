package engine

import (
	"strconv"

	"baraza/engine/answer"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// optionKind says what choosing an option does.
type optionKind uint8

const (
	written optionKind = iota // an option of the flow
	rowOption
	yesOption
	noOption
	languageOption
	skipOption
	doneOption
	continueOption
	menuOption
)

// Keys of options that no flow can write: ids begin with a letter.
const (
	keyYes      = "-yes"
	keyNo       = "-no"
	keySkip     = "-skip"
	keyDone     = "-done"
	keyContinue = "-continue"
	keyMenu     = "-menu"
	keyMore     = "-more-" // and the page it leads to
)

// option is one thing that can be chosen at a question as it is offered now.
type option struct {
	kind   optionKind
	id     string
	key    string // what its token carries
	at     int    // of a written option: its place in Ask.Options
	number int    // what can be written instead; -1: only its label
	row    *program.Row
}

// question is what is made once of a state.
type question struct {
	options []option
	// choices compares replies with the options; nil where options depend on the conversation.
	choices *answer.Choices
	dynamic bool
}

// prepareQuestions makes the options of every question, and the words of those that never change.
func (m *machine) prepareQuestions() {
	m.questions = make([]question, len(m.p.States))
	for i := range m.p.States {
		st := &m.p.States[i]
		q := &m.questions[i]
		switch {
		case st.Kind == program.NeedState:
			q.options = []option{{kind: yesOption, id: "yes", key: keyYes}, {kind: noOption, id: "no", key: keyNo}}
		case st.Ask != nil:
			q.options, q.dynamic = m.writtenOptions(st.Ask)
			m.rememberLabels(st)
		default:
			continue
		}
		numberOptions(q.options, st.Ask)
		if !q.dynamic && len(q.options) > 0 {
			q.choices = answer.Prepare(m.words(nil, st, q.options))
		}
	}
}

// writtenOptions are those of the source and the ones that its type brings; dynamic where some hang on the
// conversation.
func (m *machine) writtenOptions(ask *program.Ask) ([]option, bool) {
	var out []option
	dynamic := ask.Rows != nil
	for i := range ask.Options {
		o := &ask.Options[i]
		out = append(out, option{kind: written, id: o.ID, key: answer.OptionKey(o.ID), at: i})
		dynamic = dynamic || o.If >= 0 || m.hasHoles(o.Label)
	}
	if len(out) == 0 && ask.Rows == nil {
		switch ask.Type {
		case program.YesNo:
			out = append(out, option{kind: yesOption, id: "yes", key: keyYes}, option{kind: noOption, id: "no", key: keyNo})
		case program.LanguageKind:
			for _, lang := range m.p.Languages {
				out = append(out, option{kind: languageOption, id: lang, key: answer.OptionKey(lang)})
			}
		}
	}
	if ask.Several {
		out = append(out, option{kind: doneOption, key: keyDone})
	}
	if ask.Skip >= 0 {
		out = append(out, option{kind: skipOption, key: keySkip})
	}
	return out, dynamic
}

func (m *machine) hasHoles(str int) bool {
	if str < 0 || str >= len(m.p.Strings) {
		return false
	}
	for _, text := range m.p.Strings[str].Texts {
		for i := range text {
			if text[i].Kind != program.Literal {
				return true
			}
		}
	}
	return false
}

// numberOptions gives each its number, in order. Where a number is asked for, numbers are answers and the
// options have none.
func numberOptions(options []option, ask *program.Ask) {
	for i := range options {
		options[i].number = i + 1
		if ask != nil && ask.Type == program.NumberKind && len(ask.Options) == 0 {
			options[i].number = -1
		}
	}
}

// rememberLabels lets a chosen value be shown by its label.
func (m *machine) rememberLabels(st *program.State) {
	if st.Ask.Name == "" || len(st.Ask.Options) == 0 {
		return
	}
	key := labelKey{st.Flow, st.Ask.Name}
	if st.Ask.Field {
		key.flow = program.None
	}
	labels := m.labels[key]
	if labels == nil {
		labels = map[string]int{}
		m.labels[key] = labels
	}
	for i := range st.Ask.Options {
		o := &st.Ask.Options[i]
		if _, ok := labels[o.ID]; !ok && o.Label >= 0 && o.Label < len(m.p.Strings) {
			labels[o.ID] = o.Label
		}
	}
}

// offer lists the options of a question as they stand now. The list is the turn's and lives until the next.
func (t *turn) offer(state int) []option {
	q := &t.m.questions[state]
	if !q.dynamic {
		return q.options
	}
	st := &t.p.States[state]
	out := t.options[:0]
	if rows := st.Ask.Rows; rows != nil {
		for _, row := range t.rowsOf(rows.Expr, rows.Row, rows.Where, maxRows) {
			id := row.ID
			if id == "" {
				id = strconv.Itoa(len(out) + 1)
			}
			out = append(out, option{kind: rowOption, id: id, key: answer.OptionKey(id), row: row})
		}
	}
	for _, o := range q.options {
		if o.kind == written {
			if cond := st.Ask.Options[o.at].If; cond >= 0 && !t.holds(cond) {
				continue
			}
		}
		out = append(out, o)
	}
	numberOptions(out, st.Ask)
	t.options = out
	return out
}

// rowsOf evaluates rows and keeps those where holds, at most so many.
func (t *turn) rowsOf(rows int, name string, where, most int) []*program.Row {
	var out []*program.Row
	for row := range expression.Rows(t.eval(rows)) {
		if len(out) == most {
			break
		}
		if where >= 0 && !expression.Truth(t.evalIn(where, t.environment(name, row))) {
			continue
		}
		out = append(out, row)
	}
	return out
}

// choicesOf gives the words to compare a reply with.
func (t *turn) choicesOf(state int, options []option) *answer.Choices {
	if q := &t.m.questions[state]; !q.dynamic && q.choices != nil {
		return q.choices
	}
	return answer.Prepare(t.m.words(t, &t.p.States[state], options))
}

// words are the ways to name each option in every language. Without a turn, labels have no holes.
func (m *machine) words(t *turn, st *program.State, options []option) []answer.Option {
	out := make([]answer.Option, len(options))
	for i := range options {
		o := &options[i]
		out[i] = answer.Option{ID: o.id, Number: max(o.number, 0)}
		for lang, tag := range m.p.Languages {
			words := answer.Words{Lang: tag, Exact: []string{plainText(m.optionLabel(t, st, o, lang))}}
			if o.kind == written {
				for _, also := range st.Ask.Options[o.at].Also {
					if also.Lang == tag {
						words.Exact = append(words.Exact, also.Words...)
					}
				}
			}
			out[i].Words = append(out[i].Words, words)
		}
	}
	return out
}

// optionLabel is what an option says in a language.
func (m *machine) optionLabel(t *turn, st *program.State, o *option, lang int) string {
	w := &m.wordings[lang]
	text := func(str int, builtIn string) string {
		if str < 0 || str >= len(m.p.Strings) {
			return builtIn
		}
		if t != nil {
			return t.renderIn(str, lang)
		}
		return m.literal(str, lang)
	}
	switch o.kind {
	case written:
		return text(st.Ask.Options[o.at].Label, o.id)
	case rowOption:
		kind := program.Any
		return escaped(expression.Format(expression.ColumnOf(o.row, st.Ask.Rows.Show, lang), kind, m.p.Languages[lang], m.p))
	case yesOption, noOption:
		if st != nil && st.Kind == program.NeedState && st.Consent >= 0 {
			c := &m.p.Consents[st.Consent]
			if o.kind == yesOption {
				return text(c.Yes, w.yes)
			}
			return text(c.No, w.no)
		}
		if o.kind == yesOption {
			return w.yes
		}
		return w.no
	case languageOption:
		return languageName(o.id)
	case skipOption:
		return text(st.Ask.Skip, "")
	case doneOption:
		return text(m.p.Texts.Done, w.done)
	case continueOption:
		return text(m.p.Texts.Continue, w.goOn)
	case menuOption:
		return text(m.p.Texts.Menu, w.menu)
	}
	return ""
}

// literal is a string without holes in a language, else in the source language.
func (m *machine) literal(str, lang int) string {
	texts := m.p.Strings[str].Texts
	if len(texts) == 0 {
		return ""
	}
	if lang >= len(texts) || texts[lang] == nil {
		lang = 0
	}
	if len(texts[lang]) == 0 {
		return ""
	}
	return texts[lang][0].Literal
}
