package compile

import (
	"fmt"
	"strconv"
	"strings"

	"baraza/channels/capability"
	"baraza/dsl/ast"
	"baraza/dsl/pack"
	"baraza/engine/program"
)

// newState adds a state; its signature is set by identify.
func (c *compiler) newState(s program.State) int {
	s.Identity = c.unique(s.Identity)
	s.Hash = Hash(s.Identity)
	c.out.States = append(c.out.States, s)
	return len(c.out.States) - 1
}

// unique numbers an identity among equals: x, x.2, x.3.
func (c *compiler) unique(id string) string {
	again := id
	for c.identities[again] > 0 {
		c.identities[id]++
		again = fmt.Sprintf("%s.%d", id, c.identities[id])
	}
	c.identities[again] = 1
	return again
}

func (c *compiler) stateHere(identity string, kind program.StateKind) program.State {
	return program.State{
		Identity: identity, Kind: kind, Flow: c.flows[c.flow], Step: c.steps[c.step],
		PC: c.pc(), Next: program.None, Consent: program.None,
	}
}

// enter emits the op of a state, its blocks and the landing of everything that goes on below.
func (c *compiler) enter(code program.OpCode, state int, blocks func()) {
	op := none(code)
	op.State = state
	c.out.States[state].PC = c.op(op)
	outer, loops := c.state, c.loops
	c.state = state
	blocks()
	c.state, c.loops = outer, loops
	c.out.States[state].Next = c.pc()
	c.land(c.nexts[state])
	delete(c.nexts, state)
}

func (c *compiler) ask(l *ast.Line, h *ast.Ask) {
	q := c.question(l, h)
	state := c.newState(c.stateHere(c.identityOf(l, h), program.AskState))
	c.out.States[state].Ask = q
	c.enter(program.OpAsk, state, func() {
		options := optionLines(l)
		for i, o := range options {
			q.Options[i].PC = c.optionBlock(o)
		}
		c.whens(state, l)
	})
	for i := range q.Options {
		if q.Options[i].PC == program.None {
			q.Options[i].PC = c.out.States[state].Next
		}
	}
}

// identityOf a question: flow.step.name, or flow.step#hash of the text for an unnamed one.
func (c *compiler) identityOf(l *ast.Line, h *ast.Ask) string {
	if h.Name != nil {
		return c.step.Full() + "." + h.Name.Text
	}
	return fmt.Sprintf("%s#%08x", c.step.Full(), uint32(Hash(pack.Written(textOf(l)))))
}

// textOf is the words of a question or link: after the colon, or in its text line.
func textOf(l *ast.Line) *ast.Text {
	if t := propText(l, "text"); t != nil {
		return t
	}
	return l.Text
}

func propText(l *ast.Line, name string) *ast.Text {
	for _, child := range l.Children {
		if p, ok := child.Head.(*ast.Prop); ok && p.Name == name {
			return child.Text
		}
	}
	return nil
}

func (c *compiler) question(l *ast.Line, h *ast.Ask) *program.Ask {
	q := &program.Ask{
		Several: h.Several, Text: c.string(textOf(l)), Header: c.string(propText(l, "header")),
		Footer: c.string(propText(l, "footer")), ListButton: c.string(propText(l, "list button")),
		Why: c.string(propText(l, "why")), Skip: c.string(propText(l, "skip")),
		Sensitive: c.step.Sensitive, Public: c.step.Public, EveryLanguage: c.step.EveryLanguage,
	}
	if h.Name != nil {
		q.Name, q.Field = c.name(h.Name.Text), c.isField(h.Name.Text)
		q.Type = c.kindOf(h.Name.Text)
		c.bounds(q, h)
		if q.Field && q.Why == program.None {
			q.Why = c.fieldWhy(h.Name.Text)
		}
	}
	if h.Type != nil && h.Type.Name == "language" {
		q.Type = program.LanguageKind
	}
	for _, child := range l.Children {
		if p, ok := child.Head.(*ast.Prop); ok && p.Name == "image" {
			q.Image, q.Images = c.media(p.Path)
		}
	}
	if h.Rows != nil {
		q.Rows = &program.Rows{Expr: c.expr(h.Rows), Row: q.Name, Where: c.expr(h.Where)}
		if h.Show != nil {
			q.Rows.Show = h.Show.Text
		}
	}
	unnamed := 0
	for _, o := range optionLines(l) {
		if o.Head.(*ast.Option).ID == nil {
			unnamed++
		}
		q.Options = append(q.Options, c.option(unnamed, o))
	}
	q.Wide = c.wide(q)
	return q
}

// bounds are those of the ask's own type, else of the field it fills.
func (c *compiler) bounds(q *program.Ask, h *ast.Ask) {
	t := h.Type
	if f := c.fieldNamed(h); t == nil && f != nil {
		t = &f.Line.Head.(*ast.Field).Type
	}
	if t != nil && q.Type == program.MediaKind {
		q.Media = []string{t.Name}
	}
	if t != nil {
		q.UpTo, q.From, q.To = t.UpTo, t.From, t.To
	}
}

func (c *compiler) fieldNamed(h *ast.Ask) *pack.Field { return c.pack.Field(c.flow, h.Name.Text) }

func (c *compiler) fieldWhy(name string) int {
	if f := c.pack.Field(c.flow, name); f != nil {
		return c.string(f.Why)
	}
	return program.None
}

func optionLines(l *ast.Line) []*ast.Line {
	var out []*ast.Line
	for _, child := range l.Children {
		if _, ok := child.Head.(*ast.Option); ok {
			out = append(out, child)
		}
	}
	return out
}

// option compiles what an option says; unnamed counts those without an id so far.
func (c *compiler) option(unnamed int, l *ast.Line) program.Option {
	h := l.Head.(*ast.Option)
	o := program.Option{ID: strconv.Itoa(unnamed), Label: c.string(l.Text), About: program.None, If: program.None, PC: program.None}
	if h.ID != nil {
		o.ID = h.ID.Text
	}
	for _, child := range l.Children {
		switch k := child.Head.(type) {
		case *ast.Prop:
			if k.Name == "about" {
				o.About = c.string(child.Text)
			}
		case *ast.OnlyIf:
			o.If = c.expr(&k.Cond)
		case *ast.Also:
			o.Also = append(o.Also, c.also(child)...)
		}
	}
	return o
}

// also is an also line in every language that has one: the words of the source, and those of translations.
func (c *compiler) also(l *ast.Line) []program.Also {
	s := c.pack.AlsoOf(l)
	if s == nil {
		return nil
	}
	out := []program.Also{{Lang: c.out.Languages[0], Words: s.Words(s.Text)}}
	for _, lang := range c.out.Languages[1:] {
		if cat := c.pack.Translations[lang]; cat != nil && cat.Entries[s.ID] != nil {
			out = append(out, program.Also{Lang: lang, Words: s.Words(cat.Entries[s.ID].Text)})
		}
	}
	return out
}

// optionBlock compiles an option's statements and move; None when it has neither.
func (c *compiler) optionBlock(l *ast.Line) int {
	h := l.Head.(*ast.Option)
	var statements []*ast.Line
	for _, child := range l.Children {
		switch child.Head.(type) {
		case *ast.Prop, *ast.OnlyIf, *ast.Also:
		default:
			statements = append(statements, child)
		}
	}
	if len(statements) == 0 && h.Target == nil {
		return program.None
	}
	pc := c.pc()
	c.body(statements)
	if h.Target != nil {
		c.move(h.Target)
	} else {
		c.goOn()
	}
	return pc
}

// wide says per channel that some label does not fit a button in some language.
func (c *compiler) wide(q *program.Ask) []bool {
	out := make([]bool, len(c.out.Channels))
	for i, channel := range c.out.Channels {
		caps, _ := capability.Named(channel.Name)
		for _, o := range q.Options {
			if caps.ButtonLabel == 0 || o.Label == program.None {
				continue
			}
			for _, t := range c.out.Strings[o.Label].Texts {
				out[i] = out[i] || caps.Unit.Len(fixed(t)) > caps.ButtonLabel
			}
		}
	}
	return out
}

// fixed is what stands in a text whatever its values are: its literals, and of the cases of a plural the longest.
func fixed(t program.Text) string {
	var b strings.Builder
	for _, s := range t {
		b.WriteString(unescaped.Replace(s.Literal))
		most := ""
		for _, k := range s.Cases {
			if text := fixed(k.Text); len(text) > len(most) {
				most = text
			}
		}
		b.WriteString(most)
	}
	return b.String()
}

// unescaped takes the stroke from marks that stand for themselves.
var unescaped = strings.NewReplacer(`\\`, `\`, `\*`, `*`, `\_`, `_`, `\~`, `~`)

func (c *compiler) need(l *ast.Line, h *ast.Need) {
	state := c.newState(c.stateHere(c.step.Full()+".consent "+h.Consent.Text, program.NeedState))
	c.out.States[state].Consent = c.ref(c.pack.Consent(c.flow, h.Consent.Text))
	c.enter(program.OpNeed, state, func() { c.whens(state, l) })
}

func (c *compiler) handOver(l *ast.Line, h *ast.HandOver) {
	state := c.newState(c.stateHere(c.step.Full()+".hand over to "+h.Team.Text, program.HandOverState))
	out := &program.HandOver{
		Team: c.ref(c.pack.Team(c.flow, h.Team.Text)), Urgent: h.Urgent, If: c.expr(h.If),
		Summary: c.string(l.Text), Text: c.string(propText(l, "text")),
	}
	for _, child := range l.Children {
		if s, ok := child.Head.(*ast.Share); ok {
			for _, n := range s.Names {
				out.Share = append(out.Share, c.name(n.Text))
			}
		}
	}
	c.out.States[state].HandOver = out
	c.enter(program.OpHandOver, state, func() { c.whens(state, l) })
}

func (c *compiler) fetch(l *ast.Line, h *ast.Fetch) {
	state := c.newState(c.stateHere(c.step.Full()+"."+h.Name.Text, program.FetchState))
	c.out.States[state].Fetch = &program.FetchCall{
		Name: h.Name.Text, Service: c.ref(c.pack.Service(c.flow, h.Service.Text)), Args: c.args(h.With),
	}
	c.enter(program.OpFetch, state, func() { c.whens(state, l) })
}

// whenKinds are the words after "when".
var whenKinds = map[string]program.WhenKind{
	"not understood": program.WhenNotUnderstood, "silent": program.WhenSilent, "refused": program.WhenRefused,
	"none": program.WhenNone, "failed": program.WhenFailed, "waiting": program.WhenWaiting,
	"outside hours": program.WhenOutsideHours, "answered": program.WhenAnswered,
	"no answer": program.WhenNoAnswer, "done": program.WhenDone, "media": program.WhenMedia,
}

func (c *compiler) whens(state int, l *ast.Line) {
	for _, child := range l.Children {
		h, ok := child.Head.(*ast.When)
		if !ok {
			continue
		}
		w := program.When{
			Kind: whenKinds[h.Kind], Times: h.Times, Media: h.Media, Text: c.string(child.Text), PC: program.None,
		}
		if h.For != nil {
			w.Seconds = pack.Seconds(*h.For)
		}
		if h.As != nil {
			w.Var = h.As.Text
		}
		if h.Target != nil || len(child.Children) > 0 || goesOn(w.Kind) {
			w.PC = c.whenBlock(state, w.Kind, child, h)
		}
		c.out.States[state].Whens = append(c.out.States[state].Whens, w)
	}
}

// goesOn says that a block of this kind goes on below where it does not move.
func goesOn(k program.WhenKind) bool {
	switch k {
	case program.WhenFailed, program.WhenRefused, program.WhenNone, program.WhenDone:
		return true
	}
	return false
}

func (c *compiler) whenBlock(state int, kind program.WhenKind, l *ast.Line, h *ast.When) int {
	pc := c.pc()
	c.body(l.Children)
	switch {
	case h.Target != nil:
		c.move(h.Target)
	case goesOn(kind):
		c.goOn()
	default:
		op := none(program.OpKeep)
		op.State = state
		c.op(op)
	}
	return pc
}
