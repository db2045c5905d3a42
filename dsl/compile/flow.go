package compile

import (
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/pack"
	"baraza/engine/program"
)

func (c *compiler) compileFlow(f *pack.Flow) {
	c.flow, c.state, c.nexts = f, program.None, map[int][]int{}
	c.out.Flows[c.flows[f]].PC = c.pc()
	for _, s := range f.Steps {
		c.compileStep(s)
	}
	c.op(none(program.OpReturn))
}

func (c *compiler) compileStep(s *pack.Step) {
	c.step, c.loops = s, nil
	i := c.steps[s]
	enter := none(program.OpStep)
	enter.Ref = i
	c.out.Steps[i].PC = c.op(enter)
	if audio := c.out.Steps[i].Audio; audio != "" {
		say := none(program.OpSayMedia)
		say.Name, say.Flag = "audio", true
		say.Path, say.Paths = c.media(audio)
		c.op(say)
	}
	c.body(s.Body)
}

// body compiles lines in order; if, else if and else are one statement.
func (c *compiler) body(lines []*ast.Line) {
	for i := 0; i < len(lines); i++ {
		if _, ok := lines[i].Head.(*ast.If); ok {
			n := branches(lines[i:])
			c.branch(lines[i : i+n])
			i += n - 1
			continue
		}
		c.statement(lines[i])
	}
}

// branches counts the lines of one if with its else lines.
func branches(lines []*ast.Line) int {
	n := 1
	for n < len(lines) {
		switch lines[n].Head.(type) {
		case *ast.ElseIf:
			n++
			continue
		case *ast.Else:
			n++
		}
		break
	}
	return n
}

func (c *compiler) branch(lines []*ast.Line) {
	var ends []int
	for i, l := range lines {
		var cond *ast.Expr
		switch h := l.Head.(type) {
		case *ast.If:
			cond = &h.Cond
		case *ast.ElseIf:
			cond = &h.Cond
		}
		unless := program.None
		if cond != nil {
			op := none(program.OpJumpUnless)
			op.Expr = c.expr(cond)
			unless = c.op(op)
		}
		c.body(l.Children)
		if i < len(lines)-1 {
			ends = append(ends, c.op(none(program.OpJump)))
		}
		if unless != program.None {
			c.out.Code[unless].To = c.pc()
		}
	}
	c.land(ends)
}

// land points jumps at the next instruction.
func (c *compiler) land(jumps []int) {
	for _, pc := range jumps {
		c.out.Code[pc].To = c.pc()
	}
}

// statement compiles one line. Its cases are the rows of the statement table in docs/language.md.
func (c *compiler) statement(l *ast.Line) {
	switch h := l.Head.(type) {
	case *ast.Say:
		c.say(l, h)
	case *ast.Ask:
		c.ask(l, h)
	case *ast.Need:
		c.need(l, h)
	case *ast.HandOver:
		c.handOver(l, h)
	case *ast.Fetch:
		c.fetch(l, h)
	case *ast.ForEach:
		c.forEach(l, h)
	case *ast.Set:
		op := none(program.OpSet)
		op.Name, op.Expr, op.Flag = c.name(h.Name.Text), c.expr(&h.Expr), c.isField(h.Name.Text)
		c.op(op)
	case *ast.Move:
		c.move(&h.Target)
	case *ast.Call:
		c.call(h)
	case *ast.Return:
		op := none(program.OpReturn)
		op.Expr = c.expr(h.Expr)
		c.op(op)
	case *ast.End:
		c.op(none(program.OpEnd))
	case *ast.Alert:
		op := none(program.OpAlert)
		op.Ref, op.Text, op.Flag = c.ref(c.pack.Team(c.flow, h.Team.Text)), c.string(l.Text), h.Urgent
		c.op(op)
	case *ast.Save:
		c.save(l, h)
	case *ast.Remind:
		c.remind(l, h)
	case *ast.CancelReminders:
		c.op(none(program.OpCancelReminders))
	case *ast.Wait:
		op := none(program.OpWait)
		op.N = pack.Seconds(h.For)
		c.op(op)
	case *ast.Hide:
		op := none(program.OpHide)
		op.Text = c.string(l.Text)
		c.op(op)
	case *ast.OptOut:
		c.op(none(program.OpOptOut))
	case *ast.OptIn:
		c.op(none(program.OpOptIn))
	case *ast.EraseContact:
		c.op(none(program.OpErase))
	case *ast.ExportContact:
		c.op(none(program.OpExport))
	}
}

func (c *compiler) say(l *ast.Line, h *ast.Say) {
	switch h.Kind {
	case "one of":
		op := none(program.OpSayOneOf)
		for _, w := range l.Children {
			if _, ok := w.Head.(*ast.Wording); ok {
				op.Texts = append(op.Texts, c.string(w.Text))
			}
		}
		c.varied++
		op.N = c.varied
		c.op(op)
	case "location":
		op := none(program.OpSayLocation)
		op.Args = []program.Arg{{Name: "lat", Expr: c.expr(h.Lat)}, {Name: "lon", Expr: c.expr(h.Lon)}}
		op.Text = c.string(l.Text)
		c.op(op)
	case "contact":
		op := none(program.OpSayContact)
		op.Name, op.Text = h.Phone, c.string(l.Text)
		c.op(op)
	case "link":
		op := none(program.OpSayLink)
		op.Path, op.Text, op.Texts = h.Address, c.string(textOf(l)), []int{c.string(propText(l, "button"))}
		c.op(op)
	case "template":
		op := none(program.OpSayTemplate)
		op.Ref, op.Args = c.ref(c.pack.Template(c.flow, h.Template.Text)), c.args(h.With)
		c.op(op)
	case "":
		op := none(program.OpSay)
		op.Text = c.string(l.Text)
		c.op(op)
	default:
		op := none(program.OpSayMedia)
		op.Name, op.Text = h.Kind, c.string(l.Text)
		op.Path, op.Paths = c.media(h.Path)
		c.op(op)
	}
}

// media is the file of a path as written, and by language where some language has a file of its own.
func (c *compiler) media(path string) (string, []string) {
	base, _ := c.pack.MediaFile(c.flow, path, "")
	by, own := make([]string, len(c.out.Languages)), false
	for i, lang := range c.out.Languages {
		by[i], _ = c.pack.MediaFile(c.flow, path, lang)
		own = own || by[i] != base
	}
	if !own {
		return base, nil
	}
	return base, by
}

// args are named expressions; a bare name is the variable of that name.
func (c *compiler) args(args []ast.Arg) []program.Arg {
	var out []program.Arg
	for _, a := range args {
		i := program.None
		if a.Expr != nil {
			i = c.expr(a.Expr)
		} else {
			i = c.reading(a.Name.Text, c.kindOf(a.Name.Text))
		}
		out = append(out, program.Arg{Name: a.Name.Text, Expr: i})
	}
	return out
}

// kindOf a name as this flow sees it.
func (c *compiler) kindOf(name string) program.Kind {
	if v := c.flow.Vars[name]; v != nil {
		return v.Type.Kind
	}
	if f := c.pack.Field(c.flow, name); f != nil {
		return f.Type.Kind
	}
	return program.Any
}

// name of a variable as the program keeps it: a library's field may be bound to one of the pack's.
func (c *compiler) name(written string) string {
	if f := c.pack.Field(c.flow, written); f != nil {
		return f.Name
	}
	return written
}

func (c *compiler) isField(name string) bool { return c.pack.Field(c.flow, name) != nil }

func (c *compiler) forEach(l *ast.Line, h *ast.ForEach) {
	place := c.newPlace("each " + h.Row.Text)
	op := none(program.OpForEach)
	op.N, op.Expr, op.Ref, op.Name = place, c.expr(&h.Rows), c.expr(h.Where), h.Row.Text
	c.loopRow(h)
	pc := c.op(op)
	c.out.Places[place].PC, c.out.Places[place].UpTo = pc, h.UpTo

	var body, noRows []*ast.Line
	text := program.None
	for _, child := range l.Children {
		if w, ok := child.Head.(*ast.When); ok && w.Kind == "none" {
			noRows, text = child.Children, c.string(child.Text)
			if w.Target != nil {
				noRows = []*ast.Line{{Head: &ast.Move{Target: *w.Target}}}
			}
			continue
		}
		body = append(body, child)
	}
	c.loops = append(c.loops, place)
	c.body(body)
	next := none(program.OpNext)
	next.N = place
	nextPC := c.op(next)
	c.loops = c.loops[:len(c.loops)-1]
	if len(noRows) > 0 || text != program.None {
		c.out.Places[place].None = c.pc()
		c.sayText(text)
		c.body(noRows)
	}
	c.out.Code[nextPC].To, c.out.Code[pc].To = c.pc(), c.pc()
	for i := range c.out.Code[pc:nextPC] {
		if op := &c.out.Code[pc+i]; op.Code == program.OpNext && op.N == place {
			op.To = c.pc()
		}
	}
}

// loopRow notes the type of a loop's row, which is a variable inside the loop.
func (c *compiler) loopRow(h *ast.ForEach) {
	if c.rows[c.flow] == nil {
		c.rows[c.flow] = map[string]string{}
	}
	row := pack.Type{Kind: program.RowKind}
	if elem := c.pack.Exprs[&h.Rows].Elem; elem != nil {
		row = *elem
	}
	if word := typeWord(row); !strings.Contains(c.rows[c.flow][h.Row.Text], word) {
		c.rows[c.flow][h.Row.Text] += " " + word
	}
}

func (c *compiler) sayText(text int) {
	if text == program.None {
		return
	}
	op := none(program.OpSay)
	op.Text = text
	c.op(op)
}

// newPlace is a return place or loop of the present step, numbered among equals.
func (c *compiler) newPlace(what string) int {
	identity := c.unique(c.step.Full() + "." + what)
	c.out.Places = append(c.out.Places, program.Place{
		Identity: identity, Hash: Hash(identity), Flow: c.flows[c.flow], Step: c.steps[c.step],
		PC: program.None, None: program.None,
	})
	return len(c.out.Places) - 1
}

// move compiles "-> target".
func (c *compiler) move(t *ast.Target) {
	d := c.pack.Resolve(c.flow, *t)
	if d == nil {
		return
	}
	switch d.Kind {
	case pack.ToEnd:
		c.op(none(program.OpEnd))
	case pack.ToBack:
		c.op(none(program.OpBack))
	case pack.ToNext:
		if len(c.loops) > 0 {
			op := none(program.OpNext)
			op.N = c.loops[len(c.loops)-1]
			c.op(op)
		}
	case pack.ToContinue:
		c.goOn()
	default:
		op := none(program.OpMove)
		op.Ref, op.Flag = c.steps[d.Step], true
		if d.Flow != c.flow {
			op.N = 1
		}
		c.op(op)
	}
}

// goOn jumps to the line below the enclosing question.
func (c *compiler) goOn() {
	pc := c.op(none(program.OpJump))
	if c.state != program.None {
		c.nexts[c.state] = append(c.nexts[c.state], pc)
	}
}

func (c *compiler) call(h *ast.Call) {
	d := c.pack.Resolve(c.flow, h.Flow)
	if d == nil || d.Flow == nil {
		return
	}
	place := c.newPlace("call " + d.Flow.Full())
	op := none(program.OpCall)
	op.Ref, op.N, op.Args = c.flows[d.Flow], place, c.args(h.With)
	if h.As != nil {
		op.Name = h.As.Text
	}
	pc := c.op(op)
	c.out.Places[place].PC = pc + 1
}

func (c *compiler) save(l *ast.Line, h *ast.Save) {
	op := none(program.OpSave)
	op.Ref = c.ref(c.pack.Record(c.flow, h.Record.Text))
	if h.As != nil {
		op.Name = h.As.Text
	}
	for _, child := range l.Children {
		if a, ok := child.Head.(*ast.Assign); ok {
			op.Args = append(op.Args, program.Arg{Name: a.Name.Text, Expr: c.expr(&a.Expr)})
		}
	}
	c.op(op)
}

func (c *compiler) remind(l *ast.Line, h *ast.Remind) {
	d := c.pack.Resolve(c.flow, h.Target)
	op := none(program.OpRemind)
	op.N = pack.Seconds(h.In)
	if d != nil && d.Step != nil {
		// The target's pc is known once every step is compiled; identify fills To in by Name.
		op.Name = d.Step.Full()
	}
	for _, child := range l.Children {
		if t, ok := child.Head.(*ast.TemplateUse); ok {
			op.Ref, op.Args = c.ref(c.pack.Template(c.flow, t.Name.Text)), c.args(t.With)
		}
	}
	c.op(op)
}
