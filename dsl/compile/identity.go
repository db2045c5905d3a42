package compile

import (
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strconv"

	"baraza/dsl/pack"
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
	c.placeReads = make([][]string, len(c.out.Places))
	for i := range c.out.Flows {
		c.liveness(i)
	}
	for i := range c.out.States {
		s := &c.out.States[i]
		s.Signature = c.signature(s)
	}
	for i := range c.out.Places {
		p := &c.out.Places[i]
		p.Signature = c.placeSignature(p, c.placeReads[i])
	}
}

// signature covers what a waiting conversation relies on: the kind of state, the type of its answer, the ids of
// its options (those without one count by number and order), and the variables that may be read from here on,
// with their types.
func (c *compiler) signature(s *program.State) uint64 {
	var h hasher
	put := h.put
	put(strconv.Itoa(int(s.Kind)))
	if s.Ask != nil {
		put("ask", strconv.Itoa(int(s.Ask.Type)), s.Ask.Name, strconv.FormatBool(s.Ask.Several))
		put(s.Ask.Media...)
		for _, o := range s.Ask.Options {
			put("option", o.ID)
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
	for _, name := range s.Reads {
		put("reads", name, c.typeOf(c.pack.Flows[s.Flow], name))
	}
	return h.sum()
}

// placeSignature covers what a conversation relies on that returns to a place later.
func (c *compiler) placeSignature(p *program.Place, reads []string) uint64 {
	var h hasher
	if p.PC >= 0 && p.PC < len(c.out.Code) {
		if op := &c.out.Code[p.PC]; op.Code == program.OpForEach && op.Expr != program.None {
			h.put("goes through", c.out.Exprs[op.Expr].Source)
			if op.Ref != program.None {
				h.put("where", c.out.Exprs[op.Ref].Source)
			}
		}
	}
	for _, name := range reads {
		h.put("reads", name, c.typeOf(c.pack.Flows[p.Flow], name))
	}
	return h.sum()
}

// hasher makes one number of words.
type hasher struct{ words []byte }

func (h *hasher) put(words ...string) {
	for _, w := range words {
		h.words = append(append(h.words, w...), 0)
	}
}

func (h *hasher) sum() uint64 {
	f := fnv.New64a()
	f.Write(h.words)
	return f.Sum64()
}

// typeOf a name that a flow reads: a variable's, or that of the loops' rows.
func (c *compiler) typeOf(f *pack.Flow, name string) string {
	word := c.rows[f][name]
	if v := f.Vars[name]; v != nil {
		word += " " + typeWord(v.Type)
	}
	return word
}

// typeWord is what a held value must be to be read as this type. The ids of a choice are not in it: one that is
// gone is only equal to nothing any more.
func typeWord(t pack.Type) string {
	word := strconv.Itoa(int(t.Kind))
	switch {
	case t.Table != "":
		return word + " of " + t.Table
	case t.Elem != nil:
		return word + " of " + typeWord(*t.Elem)
	}
	for _, col := range t.Columns {
		word += " " + col.Name + " " + typeWord(col.Type)
	}
	return word
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
	uses := make([]uint64, (to-from)*width)
	after := make([][]way, to-from)
	for pc := from; pc < to; pc++ {
		after[pc-from] = c.after(pc)
		c.uses(pc, func(name string) {
			if n, ok := index[name]; ok {
				uses[(pc-from)*width+n/64] |= 1 << (n % 64)
			}
		})
	}
	for changed := true; changed; {
		changed = false
		for pc := to - 1; pc >= from; pc-- {
			next := after[pc-from]
			for w := range width {
				at := (pc-from)*width + w
				live := uint64(0)
				for _, n := range next {
					if n.to < from || n.to >= to {
						continue
					}
					bits := in[(n.to-from)*width+w]
					if i, ok := index[n.sets]; ok && i/64 == w {
						bits &^= 1 << (i % 64)
					}
					live |= bits
				}
				if live |= uses[at]; live != in[at] {
					in[at], changed = live, true
				}
			}
		}
	}
	readsAt := func(pc int) (reads []string) {
		for n, name := range names {
			if in[(pc-from)*width+n/64]&(1<<(n%64)) != 0 {
				reads = append(reads, name)
			}
		}
		return reads
	}
	for pc := from; pc < to; pc++ {
		if op := &c.out.Code[pc]; op.State != program.None && op.Code != program.OpKeep {
			c.out.States[op.State].Reads = append(c.out.States[op.State].Reads, readsAt(pc)...)
		}
	}
	for i := range c.out.Places {
		if pc := c.out.Places[i].PC; pc >= from && pc < to {
			c.placeReads[i] = readsAt(pc)
		}
	}
}

// localNames are a flow's variables and the rows of its loops, sorted, and their indexes; the contact's fields
// are not among them.
func (c *compiler) localNames(flow int) (map[string]int, []string) {
	f := c.pack.Flows[flow]
	names := slices.Collect(maps.Keys(c.rows[f]))
	for name := range f.Vars {
		if c.pack.Field(f, name) == nil && c.rows[f][name] == "" {
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

// way is one way on from an instruction, with the variable that it gives a value, "" for none.
type way struct {
	to   int
	sets string
}

// after are the ways on from an instruction in the same flow.
func (c *compiler) after(pc int) []way {
	op := &c.out.Code[pc]
	switch op.Code {
	case program.OpJump:
		return []way{{to: op.To}}
	case program.OpMove:
		if op.N == 1 {
			return nil
		}
		return []way{{to: c.out.Steps[op.Ref].PC}}
	case program.OpEnd, program.OpReturn, program.OpHide, program.OpBack:
		return nil
	case program.OpJumpUnless:
		return []way{{to: pc + 1}, {to: op.To}}
	case program.OpForEach:
		out := []way{{pc + 1, op.Name}, {to: op.To}}
		if none := c.out.Places[op.N].None; none != program.None {
			out = append(out, way{to: none})
		}
		return out
	case program.OpNext:
		return []way{{to: c.out.Places[op.N].PC}, {to: op.To}}
	case program.OpKeep:
		return []way{{to: c.out.States[op.State].PC}}
	case program.OpAsk, program.OpNeed, program.OpHandOver, program.OpFetch:
		return afterState(&c.out.States[op.State])
	case program.OpSet, program.OpSave, program.OpCall:
		return []way{{pc + 1, op.Name}}
	}
	return []way{{to: pc + 1}}
}

// afterState: an answer, or skip, sets the question's variable; a when line leaves it as it was.
func afterState(s *program.State) []way {
	var out []way
	switch {
	case s.Ask != nil:
		out = append(out, way{s.Next, s.Ask.Name})
		for _, o := range s.Ask.Options {
			out = append(out, way{o.PC, s.Ask.Name})
		}
	case s.Fetch != nil:
		out = append(out, way{s.Next, s.Fetch.Name})
	default:
		out = append(out, way{to: s.Next})
	}
	for _, w := range s.Whens {
		if w.PC != program.None {
			out = append(out, way{w.PC, w.Var})
		}
	}
	return out
}

// uses visits the names that an instruction reads.
func (c *compiler) uses(pc int, name func(string)) {
	op := &c.out.Code[pc]
	without := func(row string) func(int) {
		return func(i int) {
			if i == program.None {
				return
			}
			for _, n := range c.reads[i] {
				if n != row {
					name(n)
				}
			}
		}
	}
	expr := without("")
	text := func(i int) { c.eachOfString(i, expr) }
	expr(op.Expr)
	if op.Code == program.OpForEach {
		without(op.Name)(op.Ref) // the row is the loop's own
	}
	if op.Code == program.OpSave && op.Name != "" {
		name(op.Name) // saving under a name again changes the record
	}
	text(op.Text)
	for _, t := range op.Texts {
		text(t)
	}
	for _, a := range op.Args {
		expr(a.Expr)
	}
	if op.State == program.None || op.Code == program.OpKeep {
		return
	}
	s := &c.out.States[op.State]
	c.eachText(s, text)
	if a := s.Ask; a != nil {
		for _, o := range a.Options {
			expr(o.If)
		}
		if a.Rows != nil {
			expr(a.Rows.Expr)
			without(a.Rows.Row)(a.Rows.Where)
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
}

// eachText visits the strings that a person may see while the conversation waits at a state.
func (c *compiler) eachText(s *program.State, text func(int)) {
	if a := s.Ask; a != nil {
		for _, i := range []int{a.Text, a.Header, a.Footer, a.ListButton, a.Why, a.Skip} {
			text(i)
		}
		for _, o := range a.Options {
			text(o.Label)
			text(o.About)
		}
	}
	for _, w := range s.Whens {
		text(w.Text)
	}
}

// eachOfString visits the expressions of a string in every language.
func (c *compiler) eachOfString(i int, expr func(int)) {
	if i == program.None {
		return
	}
	for _, t := range c.out.Strings[i].Texts {
		eachExpr(t, expr)
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
