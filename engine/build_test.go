package engine

import (
	"strings"
	"testing"

	"baraza/engine/program"
)

// builder writes programs by hand, in the shape the compiler gives them.
type builder struct {
	t     testing.TB
	p     *program.Program
	later []func() // what needs to know every step
}

const no = program.None

func build(t testing.TB, languages ...string) *builder {
	if len(languages) == 0 {
		languages = []string{"en"}
	}
	return &builder{t: t, p: &program.Program{
		Format: program.Format, Hash: "0123456789abcdef", Pack: "test", Timezone: "UTC", Country: "KE",
		Languages: languages, Notice: no, Language: no, Fallback: no, Silent: program.Silence{PC: no},
		Channels: []program.Channel{
			{Name: "whatsapp", Buttons: 3, Rows: 10, Body: 4096, Audio: true}, {Name: "sms", Body: 1600}, {Name: "telegram", Buttons: 10},
		},
		Texts: program.Texts{More: no, NotUnderstood: no, MovedOn: no, DidYouMean: no, OldButton: no, Continue: no,
			Menu: no, Done: no, Restart: no, WhyNone: no, TooLong: no, Unsupported: no},
	}}
}

func (b *builder) done() *program.Program {
	b.op(program.OpReturn)
	for _, f := range b.later {
		f()
	}
	return b.p
}

func (b *builder) pc() int { return len(b.p.Code) }

func (b *builder) op(code program.OpCode) *program.Op {
	b.p.Code = append(b.p.Code, program.Op{Code: code, Text: no, Expr: no, To: no, State: no, Ref: no})
	return &b.p.Code[len(b.p.Code)-1]
}

// str adds a string: "one text" or "english|spanish", with {name} for a value.
func (b *builder) str(id, text string) int {
	if text == "" {
		return no
	}
	s := program.String{ID: id}
	for i, part := range strings.Split(text, "|") {
		if i < len(b.p.Languages) {
			s.Texts = append(s.Texts, b.text(part))
		}
	}
	for len(s.Texts) < len(b.p.Languages) {
		s.Texts = append(s.Texts, nil)
	}
	b.p.Strings = append(b.p.Strings, s)
	return len(b.p.Strings) - 1
}

func (b *builder) text(s string) program.Text {
	var out program.Text
	for s != "" {
		before, rest, ok := strings.Cut(s, "{")
		if before != "" {
			out = append(out, program.Segment{Kind: program.Literal, Literal: before})
		}
		if !ok {
			break
		}
		hole, after, _ := strings.Cut(rest, "}")
		out = append(out, program.Segment{Kind: program.Value, Expr: b.expr(hole)})
		s = after
	}
	return out
}

func (b *builder) expr(source string) int {
	if source == "" {
		return no
	}
	e := program.Expr{Source: source}
	if strings.IndexFunc(source, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) < 0 {
		e.Var = source
	}
	b.p.Exprs = append(b.p.Exprs, e)
	return len(b.p.Exprs) - 1
}

func (b *builder) flow(name string) {
	if len(b.p.Flows) > 0 {
		b.op(program.OpReturn)
	}
	b.p.Flows = append(b.p.Flows, program.Flow{Name: name, Title: name, PC: b.pc(), First: len(b.p.Steps)})
}

func (b *builder) step(name string, marks ...string) {
	op := b.op(program.OpStep)
	op.Ref = len(b.p.Steps)
	s := program.Step{Flow: len(b.p.Flows) - 1, Name: name, PC: b.pc() - 1}
	for _, m := range marks {
		switch m {
		case "public":
			s.Public = true
		case "sensitive":
			s.Sensitive = true
		case "every language":
			s.EveryLanguage = true
		}
	}
	b.p.Steps = append(b.p.Steps, s)
}

func (b *builder) here() string {
	s := b.p.Steps[len(b.p.Steps)-1]
	return b.p.Flows[s.Flow].Name + "." + s.Name
}

// stepNamed is "flow.step" or "flow".
func (b *builder) stepNamed(name string) int {
	for i, s := range b.p.Steps {
		if f := b.p.Flows[s.Flow]; f.Name+"."+s.Name == name || f.Name == name && f.First == i {
			return i
		}
	}
	b.t.Fatalf("no step %q", name)
	return no
}

func (b *builder) say(text string) { b.op(program.OpSay).Text = b.str(b.here()+".say", text) }
func (b *builder) end()            { b.op(program.OpEnd) }

func (b *builder) move(target string) {
	op := b.op(program.OpMove)
	op.Flag = true
	at, flow := b.pc()-1, len(b.p.Flows)-1
	b.later = append(b.later, func() {
		op := &b.p.Code[at]
		op.Ref = b.stepNamed(target)
		if b.p.Steps[op.Ref].Flow != flow {
			op.N = 1
		}
	})
}

func (b *builder) set(name, expr string, field bool) {
	i := b.expr(expr)
	op := b.op(program.OpSet)
	op.Name, op.Expr, op.Flag = name, i, field
}

// provided jumps over the body where cond does not hold.
func (b *builder) provided(cond string, body func()) {
	i := b.expr(cond)
	at := b.pc()
	b.op(program.OpJumpUnless).Expr = i
	body()
	b.p.Code[at].To = b.pc()
}

// part is a child line of a question or hand-over.
type part func(b *builder, state int)

// state adds a state with its op and children, and lands everything that goes on below.
func (b *builder) state(code program.OpCode, s program.State, parts []part) int {
	s.Hash, s.PC, s.Flow, s.Step = hash(s.Identity), b.pc(), len(b.p.Flows)-1, len(b.p.Steps)-1
	if s.Kind != program.NeedState {
		s.Consent = no
	}
	i := len(b.p.States)
	b.p.States = append(b.p.States, s)
	b.op(code).State = i
	for _, p := range parts {
		p(b, i)
	}
	b.p.States[i].Next = b.pc()
	for j := s.PC; j < b.pc(); j++ {
		if op := &b.p.Code[j]; op.Code == program.OpJump && op.To == no && op.State == i {
			op.To = b.pc()
		}
	}
	if ask := s.Ask; ask != nil {
		for j := range ask.Options {
			if ask.Options[j].PC == no {
				ask.Options[j].PC = b.pc()
			}
		}
	}
	return i
}

func (b *builder) ask(name string, kind program.Kind, text string, parts ...part) int {
	step := b.p.Steps[len(b.p.Steps)-1]
	ask := &program.Ask{Name: name, Type: kind, Text: b.str(b.here()+".ask", text), Header: no, Footer: no, ListButton: no,
		Why: no, Skip: no, Sensitive: step.Sensitive, Public: step.Public, EveryLanguage: step.EveryLanguage}
	for _, f := range b.p.Fields {
		ask.Field = ask.Field || f.Name == name
	}
	identity := b.here() + "." + name
	if name == "" {
		identity = b.here() + "#1"
	}
	return b.state(program.OpAsk, program.State{Identity: identity, Kind: program.AskState, Ask: ask}, parts)
}

// opt adds "id: label" with its words after "/": "nairobi: Nairobi/nbo".
func opt(line string, body ...func(b *builder)) part {
	return func(b *builder, state int) {
		id, label, _ := strings.Cut(line, ": ")
		label, also, _ := strings.Cut(label, "/")
		o := program.Option{ID: id, Label: b.str(b.here()+"."+id, label), About: no, If: no, PC: no}
		if also != "" {
			o.Also = []program.Also{{Lang: b.p.Languages[0], Words: strings.Split(also, "/")}}
		}
		if len(body) > 0 {
			o.PC = b.pc()
			for _, f := range body {
				f(b)
			}
			b.op(program.OpJump).State = state
		}
		ask := b.p.States[state].Ask
		ask.Options = append(ask.Options, o)
	}
}

func to(target string) func(b *builder) { return func(b *builder) { b.move(target) } }
func says(text string) func(b *builder) { return func(b *builder) { b.say(text) } }

// when adds a when line with a text, or with a body that ends as the compiler ends it.
func when(w program.When, text string, body ...func(b *builder)) part {
	return func(b *builder, state int) {
		w.Text, w.PC = b.str(b.here()+".when", text), no
		if len(body) > 0 {
			w.PC = b.pc()
			for _, f := range body {
				f(b)
			}
			switch w.Kind {
			case program.WhenFailed, program.WhenRefused, program.WhenNone, program.WhenDone:
				b.op(program.OpJump).State = state
			default:
				b.op(program.OpKeep).State = state
			}
		}
		b.p.States[state].Whens = append(b.p.States[state].Whens, w)
	}
}

func skip(label string) part {
	return func(b *builder, state int) { b.p.States[state].Ask.Skip = b.str(b.here()+".skip", label) }
}

func with(change func(a *program.Ask)) part {
	return func(b *builder, state int) { change(b.p.States[state].Ask) }
}

func (b *builder) consent(name, ask string) int {
	b.p.Consents = append(b.p.Consents, program.Consent{Name: name, Version: 1, Ask: b.str("consent."+name+".ask", ask),
		Yes: b.str("consent."+name+".yes", "I agree|Acepto"), No: b.str("consent."+name+".no", "No|No"), SeenBy: no, FullText: no, State: no})
	return len(b.p.Consents) - 1
}

func (b *builder) notice(ask string) {
	i := b.consent("notice", ask)
	b.p.Notice = i
	b.p.Consents[i].State = len(b.p.States)
	b.p.States = append(b.p.States, program.State{Identity: "notice.notice", Hash: hash("notice.notice"), Kind: program.NeedState,
		Flow: no, Step: no, PC: no, Next: no, Consent: i})
}

func (b *builder) need(consent int, parts ...part) int {
	name := b.p.Consents[consent].Name
	return b.state(program.OpNeed, program.State{Identity: b.here() + ".consent " + name, Kind: program.NeedState, Consent: consent}, parts)
}

func (b *builder) handOver(team int, summary, text string, share []string, parts ...part) int {
	ho := &program.HandOver{Team: team, If: no, Summary: b.str(b.here()+".summary", summary), Text: b.str(b.here()+".text", text), Share: share}
	return b.state(program.OpHandOver, program.State{Identity: b.here() + ".hand over", Kind: program.HandOverState, HandOver: ho}, parts)
}

func (b *builder) fetch(name string, service int, parts ...part) int {
	return b.state(program.OpFetch, program.State{Identity: b.here() + "." + name, Kind: program.FetchState,
		Fetch: &program.FetchCall{Name: name, Service: service}}, parts)
}

// words adds a named list "en: a, b; es: c" with its trigger on the flow above.
func (b *builder) words(name, lists string, flags ...string) {
	w := program.Words{Name: name}
	tr := program.Trigger{Kind: program.OnWords, Flow: len(b.p.Flows) - 1, Ref: len(b.p.Words), Name: "words " + name, PC: b.pc()}
	for _, f := range flags {
		switch f {
		case "safety":
			w.Safety, tr.Anywhere = true, true
		case "inside":
			w.Inside = true
		case "anywhere":
			tr.Anywhere = true
		case "then back":
			tr.Anywhere, tr.ThenBack = true, true
		}
	}
	for list := range strings.SplitSeq(lists, "; ") {
		lang, line, _ := strings.Cut(list, ": ")
		w.Lists = append(w.Lists, program.Also{Lang: lang, Words: strings.Split(line, ", ")})
	}
	b.p.Words = append(b.p.Words, w)
	b.p.Triggers = append(b.p.Triggers, tr)
}

func (b *builder) trigger(tr program.Trigger) {
	tr.Flow, tr.PC = len(b.p.Flows)-1, b.pc()
	b.p.Triggers = append(b.p.Triggers, tr)
}

func (b *builder) each(row, rows, where string, upTo int, none func(), body func()) {
	e, w := b.expr(rows), b.expr(where)
	n := len(b.p.Places)
	identity := b.here() + ".each " + row
	b.p.Places = append(b.p.Places, program.Place{Identity: identity, Hash: hash(identity), Flow: len(b.p.Flows) - 1, Step: len(b.p.Steps) - 1,
		PC: b.pc(), UpTo: upTo, None: no})
	at := b.pc()
	op := b.op(program.OpForEach)
	op.N, op.Expr, op.Ref, op.Name = n, e, w, row
	body()
	next := b.pc()
	b.op(program.OpNext).N = n
	if none != nil {
		b.p.Places[n].None = b.pc()
		none()
	}
	b.p.Code[at].To, b.p.Code[next].To = b.pc(), b.pc()
}

func (b *builder) call(flow, result string, args ...string) {
	n := len(b.p.Places)
	identity := b.here() + ".call " + flow
	b.p.Places = append(b.p.Places, program.Place{Identity: identity, Hash: hash(identity), Flow: len(b.p.Flows) - 1, Step: len(b.p.Steps) - 1, None: no})
	var list []program.Arg
	for _, a := range args {
		name, value, _ := strings.Cut(a, " = ")
		list = append(list, program.Arg{Name: name, Expr: b.expr(value)})
	}
	op := b.op(program.OpCall)
	op.N, op.Name, op.Args = n, result, list
	at := b.pc() - 1
	b.p.Places[n].PC = b.pc()
	b.later = append(b.later, func() {
		for i, f := range b.p.Flows {
			if f.Name == flow {
				b.p.Code[at].Ref = i
			}
		}
	})
}

func (b *builder) table(name string, columns string, rows ...string) {
	t := program.Table{Name: name}
	names := strings.Split(columns, ",")
	for _, c := range names {
		t.Columns = append(t.Columns, program.Column{Name: c, Type: program.TextKind})
	}
	for _, line := range rows {
		cells := strings.Split(line, ",")
		row := program.Row{ID: cells[0], Table: name, Columns: names}
		for _, c := range cells {
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	b.p.Tables = append(b.p.Tables, t)
}
