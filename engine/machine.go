package engine

import (
	"hash/fnv"
	"io"
	"math/bits"
	"strings"
	"sync"
	"time"

	"baraza/engine/answer"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// machine is what the engine makes of a program once. After that it is only read.
type machine struct {
	p *program.Program

	state, step, place map[uint64]int
	stepHash           []uint64
	flowTag            []uint32
	language           map[string]int
	channel            map[string]int
	trigger            map[string]int
	rows               map[string]map[string]*program.Row // of tables, by name and id

	safety   calls // words of safety lists
	anywhere calls // triggers that may interrupt a question
	opening  calls // every trigger of words

	urgent    map[int]bool // flows of safety words, but for that of menu
	questions []question
	labels    map[labelKey]map[string]int // option id -> String
	wordings  []wording                   // by language
	rtl       []bool
	order     answer.DateOrder
	zone      *time.Location
	exprs     []evaluator

	turns sync.Pool
}

// labelKey is a variable of a flow, or a field with Flow None.
type labelKey struct {
	flow int
	name string
}

// calls are words that call a flow out.
type calls struct {
	list  *answer.WordList
	words []called // by the list's keys
}

// called is one word: the trigger it belongs to and the languages it stands in, as bits by Program.Languages.
type called struct {
	trigger int
	langs   uint64
}

// Prepare makes what the first Step on a program would make, so that nobody's message waits for it.
func Prepare(p *program.Program) { machineOf(p) }

func machineOf(p *program.Program) *machine {
	return p.Machine(func(p *program.Program) any { return newMachine(p) }).(*machine)
}

// hash is the FNV-1a of an identity, as the compiler writes it into states and places.
func hash(identity string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, identity)
	return h.Sum64()
}

func newMachine(p *program.Program) *machine {
	m := &machine{
		p:     p,
		state: make(map[uint64]int, len(p.States)), step: make(map[uint64]int, len(p.Steps)), place: make(map[uint64]int, len(p.Places)),
		language: map[string]int{}, channel: map[string]int{}, trigger: map[string]int{},
		rows: map[string]map[string]*program.Row{}, labels: map[labelKey]map[string]int{},
		zone: time.UTC, order: dateOrder(p.Country),
	}
	if zone, err := time.LoadLocation(p.Timezone); err == nil && p.Timezone != "" {
		m.zone = zone
	}
	for i := range p.States {
		m.state[p.States[i].Hash] = i
	}
	for i := range p.Places {
		m.place[p.Places[i].Hash] = i
	}
	for i := range p.Flows {
		m.flowTag = append(m.flowTag, uint32(hash(p.Flows[i].Name)))
	}
	m.indexSteps()
	for i, lang := range p.Languages {
		m.language[lang] = i
		m.wordings = append(m.wordings, wordingOf(lang))
		m.rtl = append(m.rtl, isRightToLeft(lang))
	}
	for i := range p.Channels {
		m.channel[p.Channels[i].Name] = i
	}
	for i := range p.Tables {
		t := &p.Tables[i]
		rows := make(map[string]*program.Row, len(t.Rows))
		for j := range t.Rows {
			if _, ok := rows[t.Rows[j].ID]; !ok {
				rows[t.Rows[j].ID] = &t.Rows[j]
			}
		}
		m.rows[t.Name] = rows
	}
	m.indexTriggers()
	m.indexUrgent()
	m.exprs = compileExprs(p)
	m.prepareQuestions()
	m.turns.New = func() any {
		t := &turn{env: &expression.Env{}}
		t.env.Var = t.lookup
		return t
	}
	return m
}

// indexSteps knows a step by its name and by the names it had.
func (m *machine) indexSteps() {
	p := m.p
	for i := range p.Steps {
		name := p.Steps[i].Name
		if f := p.Steps[i].Flow; f >= 0 && f < len(p.Flows) {
			name = p.Flows[f].Name + "." + name
		}
		m.stepHash = append(m.stepHash, hash(name))
		m.step[m.stepHash[i]] = i
	}
	for i := range p.Steps {
		for _, old := range p.Steps[i].MovedFrom {
			if h := hash(old); m.step[h] == 0 {
				if _, ok := m.step[h]; !ok {
					m.step[h] = i
				}
			}
		}
	}
}

func dateOrder(country string) answer.DateOrder {
	if country == "US" {
		return answer.MonthFirst
	}
	return answer.DayFirst
}

// vocabulary collects the words of one list.
type vocabulary struct {
	entries []answer.Entry
	words   []called
	keys    map[string]int // folded word -> its place
}

// add enters a word for a trigger. The first trigger of a word keeps it; the same in another language adds that.
func (v *vocabulary) add(e answer.Entry, trigger int, langs uint64) {
	folded := answer.Fold(e.Word)
	if e.Inside {
		folded += "\x00" // as a whole message the word may be another trigger's
	}
	if at, ok := v.keys[folded]; ok {
		if v.words[at].trigger == trigger {
			v.words[at].langs |= langs
		}
		return
	}
	if v.keys == nil {
		v.keys = map[string]int{}
	}
	e.Key = len(v.entries)
	v.keys[folded] = e.Key
	v.entries = append(v.entries, e)
	v.words = append(v.words, called{trigger, langs})
}

func (v *vocabulary) calls() calls { return calls{answer.PrepareWords(v.entries), v.words} }

// indexTriggers makes the three lists of words that call a flow. Whole messages go before words within them, so
// they are entered first.
func (m *machine) indexTriggers() {
	var safety, anywhere, opening vocabulary
	for _, inside := range [...]bool{false, true} {
		for i := range m.p.Triggers {
			tr := &m.p.Triggers[i]
			m.eachWord(tr, func(e answer.Entry, langs uint64) {
				switch {
				case e.Inside != inside:
				case tr.Kind == program.OnWords && m.p.Words[tr.Ref].Safety:
					safety.add(e, i, langs)
				default:
					opening.add(e, i, langs)
					if tr.Anywhere {
						anywhere.add(e, i, langs)
					}
				}
			})
		}
	}
	m.safety, m.anywhere, m.opening = safety.calls(), anywhere.calls(), opening.calls()
	for i := range m.p.Triggers {
		if _, ok := m.trigger[m.p.Triggers[i].Name]; !ok {
			m.trigger[m.p.Triggers[i].Name] = i
		}
	}
}

// eachWord visits the words of a trigger with the languages they stand in, as bits by Program.Languages.
func (m *machine) eachWord(tr *program.Trigger, visit func(answer.Entry, uint64)) {
	switch tr.Kind {
	case program.OnMessage, program.OnContaining:
		every := uint64(1)<<min(len(m.p.Languages), 64) - 1
		for _, w := range tr.Words {
			visit(answer.Entry{Word: w, Inside: tr.Kind == program.OnContaining}, every)
		}
	case program.OnWords:
		if tr.Ref < 0 || tr.Ref >= len(m.p.Words) {
			return
		}
		words := &m.p.Words[tr.Ref]
		for _, list := range words.Lists {
			var bit uint64
			if at, ok := m.language[list.Lang]; ok && at < 64 {
				bit = 1 << at
			}
			for _, w := range list.Words {
				visit(answer.Entry{Word: w, Lang: list.Lang, Inside: words.Inside}, bit)
			}
		}
	}
}

// find looks a message up: the whole of it, then, unless exact, words inside it.
func (c *calls) find(text string, exact bool) (called, bool) {
	key, ok := c.list.Whole(text)
	if !ok && !exact {
		key, ok = c.list.Inside(text)
	}
	if !ok {
		return called{}, false
	}
	return c.words[key], true
}

// only is the one language a word stands in, else None.
func (c called) only() int {
	if bits.OnesCount64(c.langs) == 1 {
		return bits.TrailingZeros64(c.langs)
	}
	return program.None
}

// resolve turns a row's place in a table into the row.
func (m *machine) resolve(v any) any {
	switch x := v.(type) {
	case tableRow:
		if row, ok := m.rows[x.table][x.id]; ok {
			return row
		}
		return nil
	case []any:
		for i := range x {
			x[i] = m.resolve(x[i])
		}
	}
	return v
}

// languageOf finds a language of the pack for a tag such as "es-EC"; None where there is none.
func (m *machine) languageOf(tag string) int {
	for tag != "" {
		if i, ok := m.language[tag]; ok {
			return i
		}
		cut := strings.LastIndexAny(tag, "-_")
		if cut < 0 {
			break
		}
		tag = tag[:cut]
	}
	return program.None
}

func isRightToLeft(lang string) bool {
	base, _, _ := strings.Cut(lang, "-")
	switch base {
	case "ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi", "prs", "azb", "rhg":
		return true
	}
	return false
}

// stepIndex of a pc that begins a step, else None.
func (m *machine) stepAt(pc int) int {
	if pc >= 0 && pc < len(m.p.Code) && m.p.Code[pc].Code == program.OpStep {
		return m.p.Code[pc].Ref
	}
	return program.None
}
