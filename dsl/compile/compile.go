// Package compile turns a checked pack into its program. It is total: it runs only on a pack without errors, so
// everything it meets is resolved, and it reports nothing.
//
// The layout of the code follows the text: a step's instructions stand in the order of its lines and fall
// through into the next step. A question's options and when blocks stand between the question and the line
// below it, and jump there.
package compile

import (
	"strings"

	"baraza/channels/capability"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/program"
)

// Program compiles p, which must be without errors.
func Program(p *pack.Pack) *program.Program {
	c := &compiler{
		pack:    p,
		strings: map[*pack.String]int{},
		exprs:   map[exprKey]int{},
		flows:   map[*pack.Flow]int{},
		steps:   map[*pack.Step]int{},
		refs:    map[any]int{},
		lines:   map[*ast.File]*diag.Lines{},

		identities: map[string]int{},
		fields:     map[string]bool{},
		rows:       map[*pack.Flow]map[string]string{},
	}
	c.out = &program.Program{
		Format: program.Format, Hash: p.Hash, Pack: p.ID, Title: p.Title, Country: p.Country,
		Timezone: p.Timezone, Languages: p.Languages, Example: p.Example, Needs: p.Needs,
		Notice: program.None, Language: program.None, Start: program.None, Fallback: program.None,
	}
	c.number()
	c.channels()
	c.declarations()
	for _, f := range p.Flows {
		c.compileFlow(f)
	}
	c.triggers()
	c.packLines()
	c.identify()
	c.follow()
	return c.out
}

// exprKey makes one program.Expr of equal sources.
type exprKey struct {
	source string
	kind   program.Kind
}

type compiler struct {
	pack *pack.Pack
	out  *program.Program

	strings map[*pack.String]int
	exprs   map[exprKey]int
	flows   map[*pack.Flow]int
	steps   map[*pack.Step]int
	// refs are the indexes of declarations by their pointer.
	refs map[any]int
	// lines of the files whose steps were met.
	lines map[*ast.File]*diag.Lines
	// identities count those of states and places by name, so that each is one of a kind.
	identities map[string]int
	// rows are the types of the rows of each flow's loops, by the row's name.
	rows map[*pack.Flow]map[string]string
	// fields are the names of the contact's fields.
	fields map[string]bool
	// reads are the names that each expression reads, once all are known.
	reads [][]string
	// placeReads are the variables that may be read from a place on, by index of Places.
	placeReads [][]string

	// Where the compiler stands.
	flow *pack.Flow
	step *pack.Step
	// state is the enclosing question of an option or when block, for "-> continue"; None outside.
	state int
	// loops are the enclosing for each lines, innermost last: indexes of Places.
	loops []int
	// nexts are jumps to the line below a state, patched when that line is reached.
	nexts map[int][]int
	// varied counts the "say one of" places.
	varied int
}

// number gives every flow, step and declaration its index before code refers to it.
func (c *compiler) number() {
	p := c.pack
	for _, f := range p.Flows {
		c.flows[f] = len(c.out.Flows)
		c.out.Flows = append(c.out.Flows, program.Flow{
			Name: f.Full(), Title: f.Title, First: len(c.out.Steps), PC: program.None, Takes: params(f.Takes),
		})
		for _, s := range f.Steps {
			c.steps[s] = len(c.out.Steps)
			c.out.Steps = append(c.out.Steps, c.stepOf(f, s))
		}
	}
	for i, x := range p.Hours {
		c.refs[x] = i
	}
	for i, x := range p.Teams {
		c.refs[x] = i
	}
	for i, x := range p.Words {
		c.refs[x] = i
	}
	for i, x := range p.Consents {
		c.refs[x] = i
	}
	for i, x := range p.Records {
		c.refs[x] = i
	}
	for i, x := range p.Templates {
		c.refs[x] = i
	}
	for i, x := range p.Services {
		c.refs[x] = i
	}
}

func params(vars []*pack.Var) []program.Param {
	var out []program.Param
	for _, v := range vars {
		out = append(out, program.Param{Name: v.Name, Type: v.Type.Kind})
	}
	return out
}

func (c *compiler) stepOf(f *pack.Flow, s *pack.Step) program.Step {
	out := program.Step{
		Flow: c.flows[f], Name: s.Name, PC: program.None, Public: s.Public, Sensitive: s.Sensitive,
		ForChildren: s.ForChildren, EveryLanguage: s.EveryLanguage,
		File: f.File.Name, Line: c.lineOf(f.File, s.Line.Span.Start),
	}
	if s.Audio != nil {
		out.Audio = s.Audio.Head.(*ast.Mark).Path
	}
	for _, l := range s.Sources {
		out.Sources = append(out.Sources, l.Head.(*ast.Mark).Path)
	}
	if s.ReviewBy != nil && s.ReviewBy.Date != nil {
		out.ReviewBy = s.ReviewBy.Date.String()
	}
	for _, l := range s.MovedFrom {
		if from := l.Head.(*ast.Mark).From; from != nil {
			out.MovedFrom = append(out.MovedFrom, movedFrom(f, from.Parts))
		}
	}
	return out
}

// movedFrom is the full name of the place a step took over: flow.step, or step of the same flow.
func movedFrom(f *pack.Flow, parts []string) string {
	if len(parts) == 1 {
		return f.Full() + "." + parts[0]
	}
	if f.Lib != "" {
		return f.Lib + "." + strings.Join(parts, ".")
	}
	return strings.Join(parts, ".")
}

// lineOf is the line number of an offset, from 1.
func (c *compiler) lineOf(f *ast.File, offset int) int {
	if c.lines[f] == nil {
		c.lines[f] = diag.NewLines(f.Source)
	}
	return c.lines[f].LineAt(offset)
}

func (c *compiler) channels() {
	for _, name := range c.pack.Channels {
		ch, ok := capability.Named(name)
		if !ok {
			continue // reported as unknown-channel
		}
		_, audio := ch.MediaOf(capability.Audio)
		c.out.Channels = append(c.out.Channels, program.Channel{
			Name: ch.Name, Buttons: ch.Buttons, Rows: ch.Rows, Body: ch.Body, Audio: audio,
		})
	}
}

// ref is the index of a declaration, None for nil.
func (c *compiler) ref(x any) int {
	if i, ok := c.refs[x]; ok {
		return i
	}
	return program.None
}

// op appends an instruction and returns its pc.
func (c *compiler) op(op program.Op) int {
	c.out.Code = append(c.out.Code, op)
	return len(c.out.Code) - 1
}

// none is an instruction with every index unset.
func none(code program.OpCode) program.Op {
	n := program.None
	return program.Op{Code: code, Text: n, Expr: n, To: n, State: n, Ref: n}
}

func (c *compiler) pc() int { return len(c.out.Code) }

func (c *compiler) triggers() {
	for _, f := range c.pack.Flows {
		for _, t := range f.Triggers {
			c.out.Triggers = append(c.out.Triggers, c.trigger(f, t))
		}
	}
}

func (c *compiler) trigger(f *pack.Flow, t *pack.Trigger) program.Trigger {
	out := program.Trigger{
		Flow: c.flows[f], PC: c.out.Flows[c.flows[f]].PC, Ref: program.None,
		Anywhere: t.Anywhere, ThenBack: t.ThenBack,
	}
	if t.Head.As != nil {
		out.As = t.Head.As.Text
	}
	for _, w := range t.Head.Words {
		out.Words = append(out.Words, w.Text)
	}
	switch t.Head.Kind {
	case "message":
		out.Kind = program.OnMessage
	case "containing":
		out.Kind = program.OnContaining
	case "words":
		out.Kind, out.Ref = program.OnWords, c.ref(t.Words)
	case "any message":
		out.Kind = program.OnAnyMessage
	case "template":
		out.Kind, out.Ref, out.Button = program.OnTemplate, c.ref(t.Template), t.Head.Button
	default:
		out.Kind, out.Media = program.OnMedia, t.Head.Kind
	}
	out.Name = triggerName(t)
	return out
}

// triggerName is what the session keeps while the notice is read: never the person's own words.
func triggerName(t *pack.Trigger) string {
	switch {
	case t.Words != nil:
		return "words " + t.Words.Name
	case t.Template != nil:
		return "template " + t.Template.Name
	case len(t.Head.Words) > 0:
		return t.Head.Kind + " " + t.Head.Words[0].Text
	}
	return t.Head.Kind
}

// packLines sets where a conversation starts, where an unmatched one goes, and what silence does.
func (c *compiler) packLines() {
	p := c.pack
	c.out.Start = c.destPC(p.Start)
	c.out.Fallback = c.destPC(p.Fallback)
	if c.out.Fallback == program.None {
		c.out.Fallback = c.out.Start
	}
	if c.out.Start == program.None {
		c.out.Start = c.out.Fallback
	}
	c.out.Language = c.languageQuestion()
	c.out.Silent = program.Silence{PC: program.None}
	if p.Silent != nil {
		c.out.Silent.Seconds = p.Silent.Seconds
		c.out.Silent.PC = c.destPC(p.Silent.To)
	}
	c.out.Notice = program.None
	if p.Notice != nil {
		c.out.Notice = c.ref(p.Notice)
		c.notice(c.out.Notice)
	}
}

// languageQuestion is the state that asks an unknown contact for a language: the start flow's own where it has one.
func (c *compiler) languageQuestion() int {
	first := program.None
	for i, s := range c.out.States {
		if s.Ask == nil || s.Ask.Type != program.LanguageKind || !s.Ask.EveryLanguage {
			continue
		}
		if first == program.None {
			first = i
		}
		if start := c.pack.Start; start != nil && s.Flow == c.flows[start.Flow] {
			return i
		}
	}
	return first
}

// notice is the state that asks the pack's notice before any flow runs.
func (c *compiler) notice(consent int) {
	name := c.out.Consents[consent].Name
	state := c.newState(program.State{
		Identity: "notice." + name, Kind: program.NeedState, Flow: program.None, Step: program.None,
		PC: program.None, Next: program.None, Consent: consent,
	})
	c.out.Consents[consent].State = state
}

// destPC is the entry of a target outside any flow; end and unresolved targets are None.
func (c *compiler) destPC(d *pack.Dest) int {
	if d == nil || d.Step == nil {
		return program.None
	}
	return c.out.Steps[c.steps[d.Step]].PC
}
