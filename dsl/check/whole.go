package check

import (
	"maps"
	"slices"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
)

// whole is the pack as the checks of all flows together see it: its steps as nodes of one graph. It is joined
// from the routes of the flows in every run, in a time that grows with the number of steps.
type whole struct {
	*surroundings
	found []*facts
	flows map[*pack.Flow]int
	base  []int // the first node of each flow
	nodes []node
	outs  [][]*pack.Dest // by flow and out of its route; nil where unresolved
	// unresolved: some move goes to a place that does not exist, or that means nothing where it stands.
	unresolved bool
	// recursive are the calls that go round.
	recursive map[*ast.Line]bool
	kept      [ruleCount]*ways
	// walkers are made for flows that have to be walked once more.
	walkers map[int]*walker
	out     diag.List
}

// node is a step.
type node struct {
	flow, step int
}

func newWhole(env *surroundings, found []*facts) *whole {
	p := env.pack
	w := &whole{surroundings: env, found: found, flows: make(map[*pack.Flow]int, len(p.Flows)), walkers: map[int]*walker{}}
	for i, f := range p.Flows {
		w.flows[f] = i
		w.base = append(w.base, len(w.nodes))
		for step := range f.Steps {
			w.nodes = append(w.nodes, node{i, step})
		}
	}
	for i, f := range p.Flows {
		r := found[i].route
		w.unresolved = w.unresolved || r.unsure
		dests := make([]*pack.Dest, len(r.outs))
		for j, o := range r.outs {
			dests[j] = p.Resolve(f, o.target)
			if dests[j] == nil {
				w.unresolved = true
			}
		}
		w.outs = append(w.outs, dests)
	}
	return w
}

func (w *whole) add(d diag.Diagnostic) { w.out = append(w.out, d) }

func (w *whole) step(n int) *pack.Step { return w.flowOf(n).Steps[w.nodes[n].step] }

func (w *whole) flowOf(n int) *pack.Flow { return w.pack.Flows[w.nodes[n].flow] }

func (w *whole) route(n int) (p *route, point int) {
	p = w.found[w.nodes[n].flow].route
	return p, p.steps[w.nodes[n].step]
}

// node of a destination; -1 where it is none, or its flow has no step.
func (w *whole) node(d *pack.Dest) int {
	if d == nil || d.Step == nil {
		return -1
	}
	flow, ok := w.flows[d.Step.Flow]
	if !ok {
		return -1
	}
	return w.base[flow] + d.Step.Index
}

// target of a hop from a step of a flow.
func (w *whole) target(flow int, h hop) int {
	if h.out < 0 {
		return w.base[flow] + h.step
	}
	return w.node(w.outs[flow][h.out])
}

// first step of a flow; -1 where it has none.
func (w *whole) first(f *pack.Flow) int {
	if len(f.Steps) == 0 {
		return -1
	}
	return w.base[w.flows[f]]
}

// isLibrary: the pack starts nowhere by itself, so any of its flows may be what another pack uses.
func (w *whole) isLibrary() bool { return w.pack.Start == nil }

// roots are the steps where conversations begin.
func (w *whole) roots() []int {
	var roots []int
	add := func(n int) {
		if n >= 0 && !slices.Contains(roots, n) {
			roots = append(roots, n)
		}
	}
	add(w.node(w.pack.Start))
	add(w.node(w.pack.Fallback))
	if w.pack.Silent != nil {
		add(w.node(w.pack.Silent.To))
	}
	seen := make(map[int]bool, len(roots))
	for _, n := range roots {
		seen[n] = true
	}
	for _, f := range w.pack.Flows {
		if len(f.Triggers) > 0 || w.isLibrary() {
			if n := w.first(f); n >= 0 && !seen[n] {
				seen[n] = true
				roots = append(roots, n)
			}
		}
	}
	return roots
}

// place puts a problem of the pack as a whole at its head.
func (w *whole) place() diag.Span {
	if w.pack.Line == nil {
		return diag.Span{}
	}
	return span(w.pack.Line)
}

// ways are the stretches of every step and of what stands below each call, under one rule.
type ways struct {
	whole *whole
	of    []*stretch // by node, then below the calls
	flow  []int
	below []map[int]int // by flow and point below a call: index in of
}

func (w *whole) ways(id ruleID) *ways {
	if w.kept[id] != nil {
		return w.kept[id]
	}
	all := &ways{whole: w, below: make([]map[int]int, len(w.found))}
	for i, f := range w.found {
		for step := range f.route.steps {
			all.of = append(all.of, &f.route.walks[id].steps[step])
			all.flow = append(all.flow, i)
		}
	}
	for i, f := range w.found {
		points := slices.Sorted(maps.Keys(f.route.walks[id].below))
		for _, point := range points {
			if all.below[i] == nil {
				all.below[i] = map[int]int{}
			}
			all.below[i][point] = len(all.of)
			s := f.route.walks[id].below[point]
			all.of = append(all.of, &s)
			all.flow = append(all.flow, i)
		}
	}
	w.kept[id] = all
	return all
}

// called is the first step of a called flow; -1 where there is none.
func (a *ways) called(i int, c call) int { return a.whole.node(a.whole.outs[a.flow[i]][c.out]) }

// belowOf is the stretch below a call.
func (a *ways) belowOf(i int, c call) int { return a.below[a.flow[i]][c.below] }

// exits says how what begins at a stretch can come to an end.
type exits struct{ ends, returns bool }

// settle finds the exits of every stretch, of the stretches it leads to as well.
func (a *ways) settle() []exits {
	out := make([]exits, len(a.of))
	users := make([][]int, len(a.of)) // who depends on a stretch
	use := func(user, of int) {
		if of >= 0 {
			users[of] = append(users[of], user)
		}
	}
	queue := make([]int, len(a.of))
	for i := range a.of {
		queue[i] = i
		for _, h := range a.of[i].hops {
			use(i, a.whole.target(a.flow[i], h))
		}
		for _, c := range a.of[i].calls {
			use(i, a.called(i, c))
			use(i, a.belowOf(i, c))
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if now := a.exitsOf(i, out); now != out[i] {
			out[i] = now
			queue = append(queue, users[i]...)
		}
	}
	return out
}

func (a *ways) exitsOf(i int, out []exits) exits {
	s := a.of[i]
	now := exits{s.ends, s.returns}
	for _, h := range s.hops {
		n := a.whole.target(a.flow[i], h)
		switch {
		case n < 0:
		case h.out < 0:
			now.ends = now.ends || out[n].ends
			now.returns = now.returns || out[n].returns
		default: // another flow forgets the callers of this one, so its end is the conversation's
			now.ends = now.ends || out[n].ends || out[n].returns
		}
	}
	for _, c := range s.calls {
		n := a.called(i, c)
		if n < 0 {
			continue
		}
		now.ends = now.ends || out[n].ends
		if out[n].returns {
			below := out[a.belowOf(i, c)]
			now.ends = now.ends || below.ends
			now.returns = now.returns || below.returns
		}
	}
	return now
}
