package compile

import (
	"hash/fnv"
	"io"
	"slices"
	"strconv"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// Hash of an identity, as sessions and option tokens carry it.
func Hash(identity string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, identity)
	return h.Sum64()
}

// identify completes what needs all the code: the targets of reminders, what each state may still read, and
// the signatures.
func (c *compiler) identify() {
	at := map[string]int{}
	for _, s := range c.out.Steps {
		at[c.out.Flows[s.Flow].Name+"."+s.Name] = s.PC
	}
	for i := range c.out.Code {
		if op := &c.out.Code[i]; op.Code == program.OpRemind {
			if pc, ok := at[op.Name]; ok {
				op.To = pc
			}
		}
	}
	c.reads = make([][]string, len(c.out.Exprs))
	for i, e := range c.out.Exprs {
		c.reads[i] = expression.Names(e.Source)
	}
	for i := range c.out.Flows {
		c.liveness(i)
	}
	for i := range c.out.States {
		s := &c.out.States[i]
		s.Signature = c.signature(s)
	}
}

// signature covers what a waiting conversation relies on: the kind of state, the type of its answer, the ids of
// its options (those without one count by number and order), and the variables that may be read from here on.
func (c *compiler) signature(s *program.State) uint64 {
	h := fnv.New64a()
	put := func(words ...string) {
		for _, w := range words {
			io.WriteString(h, w)
			h.Write([]byte{0})
		}
	}
	put(strconv.Itoa(int(s.Kind)))
	if s.Ask != nil {
		put("ask", strconv.Itoa(int(s.Ask.Type)), s.Ask.Name, strconv.FormatBool(s.Ask.Several))
		for _, o := range s.Ask.Options {
			put(o.ID)
		}
		if s.Ask.Rows != nil {
			put("rows", c.out.Exprs[s.Ask.Rows.Expr].Source)
		}
	}
	if s.Fetch != nil {
		put("fetch", s.Fetch.Name, c.out.Services[s.Fetch.Service].Name)
	}
	if s.Kind == program.NeedState {
		put("consent", c.out.Consents[s.Consent].Name)
	}
	var vars map[string]program.Kind
	if s.Flow != program.None {
		vars = c.varKinds(s.Flow)
	}
	for _, name := range s.Reads {
		put("reads", name, strconv.Itoa(int(vars[name])))
	}
	return h.Sum64()
}

func (c *compiler) varKinds(flow int) map[string]program.Kind {
	out := map[string]program.Kind{}
	for name, v := range c.pack.Flows[flow].Vars {
		out[name] = v.Type.Kind
	}
	return out
}

// liveness finds, for each state of a flow, the variables that some instruction may read before it sets them. It
// is the usual backward data flow over the flow's own code; moves to other flows read nothing of this one.
func (c *compiler) liveness(flow int) {
	from, to := c.out.Flows[flow].PC, len(c.out.Code)
	if flow+1 < len(c.out.Flows) {
		to = c.out.Flows[flow+1].PC
	}
	index, names := c.localNames(flow)
	if len(names) == 0 {
		return
	}
	width := (len(names) + 63) / 64
	in := make([]uint64, (to-from)*width)
	uses, sets := make([]uint64, (to-from)*width), make([]uint64, (to-from)*width)
	mark := func(bits []uint64, pc int, name string) {
		if n, ok := index[name]; ok {
			bits[(pc-from)*width+n/64] |= 1 << (n % 64)
		}
	}
	for pc := from; pc < to; pc++ {
		u, s := c.effect(pc)
		for _, name := range u {
			mark(uses, pc, name)
		}
		for _, name := range s {
			mark(sets, pc, name)
		}
	}
	for changed := true; changed; {
		changed = false
		for pc := to - 1; pc >= from; pc-- {
			next := c.after(pc)
			for w := range width {
				at := (pc-from)*width + w
				live := uint64(0)
				for _, n := range next {
					if n >= from && n < to {
						live |= in[(n-from)*width+w]
					}
				}
				if live = live&^sets[at] | uses[at]; live != in[at] {
					in[at], changed = live, true
				}
			}
		}
	}
	for pc := from; pc < to; pc++ {
		op := &c.out.Code[pc]
		if op.State == program.None || op.Code == program.OpKeep {
			continue
		}
		for n, name := range names {
			if in[(pc-from)*width+n/64]&(1<<(n%64)) != 0 {
				c.out.States[op.State].Reads = append(c.out.States[op.State].Reads, name)
			}
		}
	}
}

// localNames are a flow's variables, sorted, and their indexes; the contact's fields are not among them.
func (c *compiler) localNames(flow int) (map[string]int, []string) {
	var names []string
	for name := range c.pack.Flows[flow].Vars {
		if c.pack.Field(c.pack.Flows[flow], name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	index := make(map[string]int, len(names))
	for i, name := range names {
		index[name] = i
	}
	return index, names
}

// after are the instructions that may follow one in the same flow.
func (c *compiler) after(pc int) []int {
	op := &c.out.Code[pc]
	switch op.Code {
	case program.OpJump:
		return []int{op.To}
	case program.OpMove:
		if op.N == 1 {
			return nil
		}
		return []int{c.out.Steps[op.Ref].PC}
	case program.OpEnd, program.OpReturn, program.OpHide, program.OpBack:
		return nil
	case program.OpJumpUnless:
		return []int{pc + 1, op.To}
	case program.OpForEach:
		out := []int{pc + 1, op.To}
		if none := c.out.Places[op.N].None; none != program.None {
			out = append(out, none)
		}
		return out
	case program.OpNext:
		return []int{c.out.Places[op.N].PC, op.To}
	case program.OpKeep:
		return []int{c.out.States[op.State].PC}
	case program.OpAsk, program.OpNeed, program.OpHandOver, program.OpFetch:
		return c.afterState(&c.out.States[op.State])
	}
	return []int{pc + 1}
}

func (c *compiler) afterState(s *program.State) []int {
	out := []int{s.Next}
	if s.Ask != nil {
		for _, o := range s.Ask.Options {
			out = append(out, o.PC)
		}
	}
	for _, w := range s.Whens {
		if w.PC != program.None {
			out = append(out, w.PC)
		}
	}
	return out
}

// effect is what an instruction reads and surely sets.
func (c *compiler) effect(pc int) (uses, sets []string) {
	op := &c.out.Code[pc]
	expr := func(i int) {
		if i != program.None {
			uses = append(uses, c.reads[i]...)
		}
	}
	text := func(i int) {
		if i != program.None {
			for _, t := range c.out.Strings[i].Texts {
				eachExpr(t, expr)
			}
		}
	}
	expr(op.Expr)
	if op.Code == program.OpForEach {
		expr(op.Ref)
	}
	text(op.Text)
	for _, t := range op.Texts {
		text(t)
	}
	for _, a := range op.Args {
		expr(a.Expr)
	}
	if op.State != program.None && op.Code != program.OpKeep {
		c.stateUses(&c.out.States[op.State], expr, text, func(name string) { uses = append(uses, name) })
	}
	switch op.Code {
	case program.OpSet, program.OpForEach:
		sets = append(sets, op.Name)
	case program.OpSave, program.OpCall:
		if op.Name != "" {
			sets = append(sets, op.Name)
		}
	}
	return uses, sets
}

func (c *compiler) stateUses(s *program.State, expr, text func(int), name func(string)) {
	if a := s.Ask; a != nil {
		for _, i := range []int{a.Text, a.Header, a.Footer, a.ListButton, a.Why, a.Skip} {
			text(i)
		}
		for _, o := range a.Options {
			text(o.Label)
			text(o.About)
			expr(o.If)
		}
		if a.Rows != nil {
			expr(a.Rows.Expr)
			expr(a.Rows.Where)
		}
	}
	if h := s.HandOver; h != nil {
		expr(h.If)
		text(h.Summary)
		text(h.Text)
		for _, n := range h.Share {
			name(n)
		}
	}
	if f := s.Fetch; f != nil {
		for _, a := range f.Args {
			expr(a.Expr)
		}
	}
	for _, w := range s.Whens {
		text(w.Text)
	}
}

func eachExpr(t program.Text, visit func(int)) {
	for _, s := range t {
		if s.Expr != program.None && s.Kind != program.Literal && s.Kind != program.Number {
			visit(s.Expr)
		}
		for _, k := range s.Cases {
			eachExpr(k.Text, visit)
		}
	}
}
