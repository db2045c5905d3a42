package compile

import (
	"slices"

	"baraza/engine/program"
)

// value is where something is held: a field of the contact (flow None), a variable of a flow's run, or, with no
// name, what a flow returns.
type value struct {
	flow int
	name string
}

// follow records where the values of fields flow: into texts, services, records, templates and to teams. A
// variable that was made from a field carries it on, also into the flows it is given to. The data-protection
// checks and the inventory read it.
func (c *compiler) follow() {
	carried := c.carried()
	to := make([][]string, len(c.out.Fields))
	c.eachOp(func(op *program.Op, flow int, step string) {
		c.reaches(op, step, func(name, place string) {
			for _, field := range carried[c.value(flow, name)] {
				to[field] = append(to[field], place)
			}
		})
	})
	for i, places := range to {
		slices.Sort(places)
		c.out.Fields[i].FlowsTo = slices.Compact(places)
	}
}

// eachOp visits the code with the flow it belongs to and the full name of its step.
func (c *compiler) eachOp(visit func(op *program.Op, flow int, step string)) {
	flow, step := program.None, ""
	for pc := range c.out.Code {
		op := &c.out.Code[pc]
		if op.Code == program.OpStep {
			s := &c.out.Steps[op.Ref]
			flow, step = s.Flow, c.out.Flows[s.Flow].Name+"."+s.Name
		}
		if flow != program.None {
			visit(op, flow, step)
		}
	}
}

// value is what a name stands for in a flow.
func (c *compiler) value(flow int, name string) value {
	if c.fields[name] {
		return value{program.None, name}
	}
	return value{flow, name}
}

// reaches tells which names an instruction puts where: "text flow.step", "service cases", "record rumour",
// "team protection", "template x".
func (c *compiler) reaches(op *program.Op, step string, note func(name, place string)) {
	expr := func(place string) func(int) {
		return func(i int) {
			if i == program.None {
				return
			}
			for _, name := range c.reads[i] {
				note(name, place)
			}
		}
	}
	text := func(place string) func(int) {
		return func(i int) { c.eachOfString(i, expr(place)) }
	}
	args := func(place string) {
		for _, a := range op.Args {
			expr(place)(a.Expr)
		}
	}
	shown := text("text " + step)
	if op.State != program.None && op.Code != program.OpKeep {
		c.eachText(&c.out.States[op.State], shown)
	}
	switch op.Code {
	case program.OpAlert:
		text("team " + c.out.Teams[op.Ref].Name)(op.Text)
		return
	case program.OpSave:
		args("record " + c.out.Records[op.Ref].Name)
	case program.OpSayLocation:
		args("text " + step)
	case program.OpSayTemplate, program.OpRemind:
		if op.Ref != program.None {
			args("template " + c.out.Template[op.Ref].Name)
		}
	case program.OpFetch:
		f := c.out.States[op.State].Fetch
		for _, a := range f.Args {
			expr("service " + c.out.Services[f.Service].Name)(a.Expr)
		}
	case program.OpHandOver:
		h := c.out.States[op.State].HandOver
		team := "team " + c.out.Teams[h.Team].Name
		text(team)(h.Summary)
		text(team)(h.Text)
		for _, name := range h.Share {
			note(name, team)
		}
	}
	shown(op.Text)
	for _, t := range op.Texts {
		shown(t)
	}
}

// carried tells which fields, by index, each value may carry: a field itself, and whatever was made of it.
func (c *compiler) carried() map[value][]int {
	into := c.makes()
	out := map[value][]int{}
	for i, f := range c.out.Fields {
		seen := map[value]bool{}
		next := []value{{program.None, f.Name}}
		for len(next) > 0 {
			v := next[len(next)-1]
			next = next[:len(next)-1]
			if !seen[v] {
				seen[v] = true
				out[v] = append(out[v], i)
				next = append(next, into[v]...)
			}
		}
	}
	return out
}

// makes tells which values are made of each value.
func (c *compiler) makes() map[value][]value {
	into := map[value][]value{}
	c.eachOp(func(op *program.Op, flow int, _ string) {
		from := func(e int, to value) {
			if e == program.None {
				return
			}
			for _, name := range c.reads[e] {
				v := c.value(flow, name)
				into[v] = append(into[v], to)
			}
		}
		switch op.Code {
		case program.OpSet, program.OpForEach:
			from(op.Expr, c.value(flow, op.Name))
		case program.OpSave:
			if op.Name != "" {
				for _, a := range op.Args {
					from(a.Expr, c.value(flow, op.Name))
				}
			}
		case program.OpCall:
			for _, a := range op.Args {
				from(a.Expr, value{op.Ref, a.Name})
			}
			if op.Name != "" {
				result := value{flow: op.Ref}
				into[result] = append(into[result], c.value(flow, op.Name))
			}
		case program.OpReturn:
			from(op.Expr, value{flow: flow})
		case program.OpAsk:
			if a := c.out.States[op.State].Ask; a.Rows != nil {
				from(a.Rows.Expr, c.value(flow, a.Rows.Row))
			}
		}
	})
	return into
}
