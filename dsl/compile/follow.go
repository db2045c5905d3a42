package compile

import (
	"slices"

	"baraza/engine/program"
)

// follow records where the values of fields flow: into texts, services, records, templates and to teams. A
// variable that was set from a field carries it on. The data-protection checks and the inventory read it.
func (c *compiler) follow() {
	carries := c.carriers()
	to := map[string]map[string]bool{}
	note := func(names []string, place string) {
		for _, name := range names {
			for _, field := range carries(name) {
				if to[field] == nil {
					to[field] = map[string]bool{}
				}
				to[field][place] = true
			}
		}
	}
	step := ""
	for pc := range c.out.Code {
		op := &c.out.Code[pc]
		if op.Code == program.OpStep {
			s := c.out.Steps[op.Ref]
			step = c.out.Flows[s.Flow].Name + "." + s.Name
		}
		c.flowsFrom(op, step, note)
	}
	for i := range c.out.Fields {
		f := &c.out.Fields[i]
		for place := range to[f.Name] {
			f.FlowsTo = append(f.FlowsTo, place)
		}
		slices.Sort(f.FlowsTo)
	}
}

func (c *compiler) flowsFrom(op *program.Op, step string, note func([]string, string)) {
	expr := func(place string) func(int) {
		return func(i int) {
			if i != program.None {
				note(c.reads[i], place)
			}
		}
	}
	text := func(place string) func(int) {
		return func(i int) {
			if i != program.None {
				for _, t := range c.out.Strings[i].Texts {
					eachExpr(t, expr(place))
				}
			}
		}
	}
	shown := text("text " + step)
	shown(op.Text)
	for _, t := range op.Texts {
		shown(t)
	}
	switch op.Code {
	case program.OpSave:
		each(op.Args, expr("record "+c.out.Records[op.Ref].Name))
	case program.OpAlert:
		text("team " + c.out.Teams[op.Ref].Name)(op.Text)
	case program.OpSayTemplate, program.OpRemind:
		if op.Ref != program.None {
			each(op.Args, expr("template "+c.out.Template[op.Ref].Name))
		}
	case program.OpAsk:
		c.stateUses(&c.out.States[op.State], func(int) {}, shown, func(string) {})
	case program.OpFetch:
		f := c.out.States[op.State].Fetch
		each(f.Args, expr("service "+c.out.Services[f.Service].Name))
	case program.OpHandOver:
		h := c.out.States[op.State].HandOver
		team := "team " + c.out.Teams[h.Team].Name
		text(team)(h.Summary)
		text(team)(h.Text)
		note(h.Share, team)
	}
}

func each(args []program.Arg, visit func(int)) {
	for _, a := range args {
		visit(a.Expr)
	}
}

// carriers tells which fields a name may carry: itself, or those its values were made of.
func (c *compiler) carriers() func(string) []string {
	from := map[string]map[string]bool{}
	for _, f := range c.out.Fields {
		from[f.Name] = map[string]bool{f.Name: true}
	}
	for changed := true; changed; {
		changed = false
		for i := range c.out.Code {
			op := &c.out.Code[i]
			if op.Code != program.OpSet || op.Expr == program.None {
				continue
			}
			for _, name := range c.reads[op.Expr] {
				for field := range from[name] {
					if from[op.Name] == nil {
						from[op.Name] = map[string]bool{}
					}
					if !from[op.Name][field] {
						from[op.Name][field], changed = true, true
					}
				}
			}
		}
	}
	return func(name string) []string {
		var out []string
		for field := range from[name] {
			out = append(out, field)
		}
		slices.Sort(out)
		return out
	}
}
