package program

import (
	"errors"
	"fmt"
	"reflect"
)

// Check looks at every index of a program that was read from a file, before anything runs it: what a compiler wrote passes, and
// what was damaged or made by hand to lead nowhere is refused. It says the first thing that is wrong.
func (p *Program) Check() error {
	c := &checking{p: p}
	c.index("notice", p.Notice, len(p.Consents), optional)
	c.index("language question", p.Language, len(p.States), optional)
	c.pc("start", p.Start, optional)
	c.pc("fallback", p.Fallback, optional)
	c.pc("silent", p.Silent.PC, optional)
	c.need(len(p.Languages) > 0 && len(p.Languages) <= maxLanguages, "it has no languages, or too many")
	c.need(len(p.Code) > 0 && p.Code[len(p.Code)-1].Code == OpReturn, "its code runs off the end")
	for i := range p.Strings {
		c.wordings(&p.Strings[i])
	}
	for pc := range p.Code {
		c.op(pc, &p.Code[pc])
	}
	for i := range p.States {
		c.state(&p.States[i])
	}
	c.parts()
	c.data()
	return c.wrong
}

const (
	needed   = false
	optional = true // None stands for nothing
	// maxLanguages is what a set of languages has room for.
	maxLanguages = 64
	// maxNested is how deep cases of a text may lie in each other.
	maxNested = 16
)

// errUnsound is the error of a program that leads nowhere.
var errUnsound = errors.New("the program is damaged")

type checking struct {
	p     *Program
	wrong error
}

func (c *checking) need(holds bool, format string, args ...any) {
	if !holds && c.wrong == nil {
		c.wrong = fmt.Errorf("%w: "+format, append([]any{errUnsound}, args...)...)
	}
}

func (c *checking) index(what string, i, n int, none bool) {
	c.need(i >= 0 && i < n || none && i == None, "%s is number %d of %d", what, i, n)
}

func (c *checking) pc(what string, pc int, none bool) { c.index(what, pc, len(c.p.Code), none) }

func (c *checking) text(what string, i int, none bool) { c.index(what, i, len(c.p.Strings), none) }

func (c *checking) expr(what string, i int, none bool) { c.index(what, i, len(c.p.Exprs), none) }

func (c *checking) args(what string, all []Arg) {
	for _, a := range all {
		c.expr(what+": "+a.Name, a.Expr, needed)
	}
}

// perLanguage says that something is there for each language, or not at all.
func (c *checking) perLanguage(what string, n int) {
	c.need(n == 0 || n == len(c.p.Languages), "%s has %d languages of %d", what, n, len(c.p.Languages))
}

func (c *checking) wordings(s *String) {
	c.need(len(s.Texts) == len(c.p.Languages) && len(s.Texts) > 0 && s.Texts[0] != nil, "text %s is not in its languages", s.ID)
	for _, t := range s.Texts {
		c.segments(s.ID, t, 0)
	}
}

func (c *checking) segments(what string, t Text, depth int) {
	c.need(depth <= maxNested, "text %s is nested too deep", what)
	if c.wrong != nil {
		return
	}
	for _, s := range t {
		c.need(s.Kind <= Number, "text %s has a piece of kind %d", what, s.Kind)
		if s.Kind == Value || s.Kind == Plural || s.Kind == Select {
			c.expr("a value in "+what, s.Expr, needed)
		}
		c.need(s.Kind != Plural && s.Kind != Select || len(s.Cases) > 0, "text %s has no cases", what)
		for _, one := range s.Cases {
			c.segments(what, one.Text, depth+1)
		}
	}
}

// refers tells of what Ref of an instruction is an index.
func (c *checking) refers(op *Op) (n int, none bool) {
	switch op.Code {
	case OpStep, OpMove:
		return len(c.p.Steps), needed
	case OpSayTemplate:
		return len(c.p.Template), needed
	case OpRemind:
		return len(c.p.Template), optional
	case OpCall:
		return len(c.p.Flows), needed
	case OpForEach:
		return len(c.p.Exprs), optional
	case OpSave:
		return len(c.p.Records), needed
	case OpAlert:
		return len(c.p.Teams), needed
	}
	return 0, optional
}

func (c *checking) op(pc int, op *Op) {
	what := fmt.Sprintf("instruction %d", pc)
	c.need(op.Code > 0 && op.Code <= OpExport, "%s is none", what)
	n, none := c.refers(op)
	if n > 0 || !none || op.Code == OpRemind || op.Code == OpForEach {
		c.index(what+": reference", op.Ref, n, none)
	}
	c.text(what+": text", op.Text, op.Code != OpSay && op.Code != OpHide && op.Code != OpAlert && op.Code != OpSayLink && op.Code != OpSayContact)
	c.expr(what+": expression", op.Expr, op.Code != OpSet && op.Code != OpJumpUnless && op.Code != OpForEach)
	c.args(what, op.Args)
	for _, i := range op.Texts {
		c.text(what+": wording", i, needed)
	}
	c.perLanguage(what, len(op.Paths))
	switch op.Code {
	case OpJump, OpJumpUnless, OpForEach, OpNext:
		c.pc(what+": to", op.To, needed)
	case OpRemind:
		c.pc(what+": to", op.To, optional)
	case OpAsk, OpNeed, OpHandOver, OpFetch, OpKeep:
		c.index(what+": state", op.State, len(c.p.States), needed)
		c.kind(what, op)
	case OpSayOneOf, OpSayLink:
		c.need(len(op.Texts) > 0, "%s has no wordings", what)
	case OpSayLocation:
		c.need(len(op.Args) >= 2, "%s is nowhere", what)
	case OpWait:
		c.need(op.N >= 0, "%s waits for less than nothing", what)
	}
	if op.Code == OpCall || op.Code == OpForEach || op.Code == OpNext {
		c.index(what+": place", op.N, len(c.p.Places), needed)
	}
}

// kind says that an instruction enters a state of its kind.
func (c *checking) kind(what string, op *Op) {
	want, ok := map[OpCode]StateKind{OpAsk: AskState, OpNeed: NeedState, OpHandOver: HandOverState, OpFetch: FetchState}[op.Code]
	if c.wrong == nil && ok {
		c.need(c.p.States[op.State].Kind == want, "%s enters another kind of state", what)
	}
}

func (c *checking) state(s *State) {
	what, notice := s.Identity, s.Flow == None // that of the pack belongs to no flow
	c.index("flow of "+what, s.Flow, len(c.p.Flows), optional)
	c.index("step of "+what, s.Step, len(c.p.Steps), notice)
	c.pc(what, s.PC, notice)
	c.pc("below "+what, s.Next, notice)
	for _, w := range s.Whens {
		c.pc("when of "+what, w.PC, optional)
		c.text("when of "+what, w.Text, optional)
		c.need(w.Times >= 0 && w.Seconds >= 0, "when of %s is never", what)
	}
	switch {
	case s.Kind == AskState && s.Ask != nil:
		c.ask(what, s.Ask)
	case s.Kind == NeedState:
		c.index("consent of "+what, s.Consent, len(c.p.Consents), needed)
	case s.Kind == HandOverState && s.HandOver != nil:
		c.index("team of "+what, s.HandOver.Team, len(c.p.Teams), needed)
		c.expr("urgency of "+what, s.HandOver.If, optional)
		c.text("summary of "+what, s.HandOver.Summary, needed)
		c.text("text of "+what, s.HandOver.Text, optional)
	case s.Kind == FetchState && s.Fetch != nil:
		c.index("service of "+what, s.Fetch.Service, len(c.p.Services), needed)
		c.args(what, s.Fetch.Args)
	default:
		c.need(false, "%s waits for nothing", what)
	}
}

func (c *checking) ask(what string, a *Ask) {
	c.text("text of "+what, a.Text, needed)
	for _, i := range []int{a.Header, a.Footer, a.ListButton, a.Why, a.Skip} {
		c.text("words of "+what, i, optional)
	}
	c.need(a.UpTo >= 0, "%s takes less than nothing", what)
	c.perLanguage("pictures of "+what, len(a.Images))
	c.need(len(a.Wide) == 0 || len(a.Wide) == len(c.p.Channels), "%s knows other channels", what)
	for _, o := range a.Options {
		c.text("label of "+what, o.Label, needed)
		c.text("label of "+what, o.About, optional)
		c.expr("condition of "+what, o.If, optional)
		c.pc("option of "+what, o.PC, needed)
	}
	if a.Rows != nil {
		c.expr("rows of "+what, a.Rows.Expr, needed)
		c.expr("rows of "+what, a.Rows.Where, optional)
	}
}

// parts are what flows are made of.
func (c *checking) parts() {
	p := c.p
	for i := range p.Places {
		x := &p.Places[i]
		c.index("flow of "+x.Identity, x.Flow, len(p.Flows), needed)
		c.index("step of "+x.Identity, x.Step, len(p.Steps), needed)
		c.pc(x.Identity, x.PC, needed)
		c.pc("none of "+x.Identity, x.None, optional)
		c.need(x.UpTo >= 0, "%s goes through less than nothing", x.Identity)
	}
	for i := range p.Flows {
		c.pc("flow "+p.Flows[i].Name, p.Flows[i].PC, needed)
		c.index("first step of "+p.Flows[i].Name, p.Flows[i].First, len(p.Steps), needed)
	}
	for i := range p.Steps {
		c.pc("step "+p.Steps[i].Name, p.Steps[i].PC, needed)
		c.index("flow of "+p.Steps[i].Name, p.Steps[i].Flow, len(p.Flows), needed)
	}
	for i := range p.Triggers {
		t := &p.Triggers[i]
		c.index("flow of "+t.Name, t.Flow, len(p.Flows), needed)
		c.pc("trigger "+t.Name, t.PC, needed)
		switch t.Kind {
		case OnWords:
			c.index("words of "+t.Name, t.Ref, len(p.Words), needed)
		case OnTemplate:
			c.index("template of "+t.Name, t.Ref, len(p.Template), needed)
		default:
			c.need(t.Kind > 0 && t.Kind <= OnTemplate, "trigger %s is none", t.Name)
		}
	}
	texts := reflect.ValueOf(p.Texts)
	for i := range texts.NumField() {
		c.text("words of its own", int(texts.Field(i).Int()), optional)
	}
}

// data are what the pack declares.
func (c *checking) data() {
	p := c.p
	for i := range p.Fields {
		c.text("field "+p.Fields[i].Name, p.Fields[i].Why, optional)
		c.need(p.Fields[i].KeptDays >= 0, "field %s is kept for less than nothing", p.Fields[i].Name)
	}
	for i := range p.Teams {
		c.index("hours of "+p.Teams[i].Name, p.Teams[i].Hours, len(p.Hours), optional)
		for _, e := range p.Teams[i].Escalations {
			c.index("escalation of "+p.Teams[i].Name, e.To, len(p.Teams), needed)
		}
	}
	for i := range p.Consents {
		x := &p.Consents[i]
		for _, t := range []int{x.Ask, x.Yes, x.No, x.SeenBy, x.FullText} {
			c.text("consent "+x.Name, t, optional)
		}
		c.text("consent "+x.Name, x.Ask, needed)
		c.index("state of "+x.Name, x.State, len(p.States), optional)
	}
	for i := range p.Tables {
		c.table(&p.Tables[i])
	}
	for i := range p.Records {
		c.text("record "+p.Records[i].Name, p.Records[i].Why, optional)
		for _, team := range p.Records[i].ReadBy {
			c.index("reader of "+p.Records[i].Name, team, len(p.Teams), needed)
		}
		c.need(p.Records[i].KeptDays >= 0, "record %s is kept for less than nothing", p.Records[i].Name)
	}
	for i := range p.Template {
		x := &p.Template[i]
		c.text("template "+x.Name, x.Body, needed)
		for _, t := range append([]int{x.Header, x.Footer}, x.Buttons...) {
			c.text("template "+x.Name, t, optional)
		}
	}
	for i := range p.Services {
		c.segments("of service "+p.Services[i].Name, p.Services[i].URL, 0)
		c.need(p.Services[i].Seconds >= 0, "service %s has no time", p.Services[i].Name)
	}
}

func (c *checking) table(t *Table) {
	for i := range t.Rows {
		r := &t.Rows[i]
		c.need(len(r.Cells) == len(t.Columns), "row %s of %s has %d cells", r.ID, t.Name, len(r.Cells))
		c.need(len(r.Columns) == 0 || len(r.Columns) == len(t.Columns), "row %s of %s has %d columns", r.ID, t.Name, len(r.Columns))
		c.need(len(r.Translated) == 0 || len(r.Translated) == len(t.Columns), "row %s of %s has other columns", r.ID, t.Name)
		for _, cell := range r.Translated {
			c.perLanguage("row "+r.ID+" of "+t.Name, len(cell))
		}
	}
}
