package check

import "slices"

// A stretch is what can be reached from one point of a flow without passing a step, another flow or what
// stopped the walk. It is found once a flow and joined to those of other flows in every run.
type stretch struct {
	hops  []hop
	calls []call
	ends  bool // the conversation can end
	// returns: the flow can end below its last step.
	returns bool
}

// hop is a way into a step.
type hop struct {
	step  int  // of this flow; -1 for another one
	out   int  // index in route.outs; -1 for a step of this flow
	via   edge // the edge that leads there
	menus int  // passed on the way, the fewest
}

// call is a called flow and what comes below the call.
type call struct {
	out   int
	below int // point
	at    int // the call's own point
}

// rule says where a walk goes on: keep is asked for each edge that leaves a point.
type rule func(from *point, e edge) bool

// everywhere is the walk that nothing stops; called flows are passed over.
func everywhere(*point, edge) bool { return true }

// silently is the walk of a conversation that does not wait: not at a question, nor for people. A consent that
// was given before does not wait. A list of rows may be empty.
func silently(from *point, e edge) bool {
	switch from.kind {
	case atAsk:
		return e.when == "none"
	case atNeed:
		return e.when == ""
	case atHandOver, atFetch:
		return false
	case atRemind:
		return !e.moved
	}
	return true
}

// ruleID names one of the rules, so that what was walked can be kept with a flow.
type ruleID int

const (
	byEverywhere ruleID = iota
	bySilence
	byNeed
	ruleCount
)

// rules and whether calls are passed over in them: what stands below one is then part of the stretch.
var rules = [ruleCount]struct {
	keep rule
	pass bool
}{{everywhere, true}, {silently, false}, {unhelped, false}}

// walks are the stretches of a flow under one rule.
type walks struct {
	steps []stretch       // by step
	below map[int]stretch // by the point below a call
}

// walkAll walks a flow under every rule.
func (p *route) walkAll() {
	w := newWalker(p)
	for id, r := range rules {
		all := &p.walks[id]
		var calls []call
		for _, at := range p.steps {
			s := w.walk(at, r.keep, r.pass)
			all.steps = append(all.steps, s)
			calls = append(calls, s.calls...)
		}
		for i := 0; !r.pass && i < len(calls); i++ {
			below := calls[i].below
			if _, known := all.below[below]; known {
				continue
			}
			if all.below == nil {
				all.below = map[int]stretch{}
			}
			s := w.walkFrom(below, r.keep, r.pass)
			all.below[below] = s
			calls = append(calls, s.calls...)
		}
	}
	for step, at := range p.steps {
		for _, point := range p.reached(at, everywhere) {
			switch {
			case p.points[point].kind == atHandOver:
				p.handsOver = append(p.handsOver, step)
			case isMenu(&p.points[point]):
				p.menus = append(p.menus, point)
			}
		}
	}
	p.handsOver = slices.Compact(p.handsOver)
	slices.SortFunc(p.menus, func(a, b int) int { return p.points[a].line.Span.Start - p.points[b].line.Span.Start })
	p.menus = slices.Compact(p.menus)
}

// A walker keeps what one walk after the other needs.
type walker struct {
	*route
	menus   []int // before each point, the fewest; -1 for one that was not met
	met     []int
	at, far []int // points to visit: with as many menus as now, and with one more
}

func newWalker(p *route) *walker {
	w := &walker{route: p, menus: make([]int, len(p.points))}
	for i := range w.menus {
		w.menus[i] = -1
	}
	return w
}

// walk finds the stretch that begins at the edges of a point.
func (w *walker) walk(from int, keep rule, pass bool) stretch {
	var s stretch
	for _, point := range w.met {
		w.menus[point] = -1
	}
	w.met, w.at, w.far = append(w.met[:0], from), append(w.at[:0], from), w.far[:0]
	w.menus[from] = 0
	for menus := 0; len(w.at) > 0; menus++ { // fewest menus first
		for len(w.at) > 0 {
			point := w.at[len(w.at)-1]
			w.at = w.at[:len(w.at)-1]
			if w.menus[point] == menus {
				w.visit(&s, point, keep, pass)
			}
		}
		w.at, w.far = w.far, w.at
	}
	return s
}

// visit adds what a point leads to.
func (w *walker) visit(s *stretch, point int, keep rule, pass bool) {
	at := &w.points[point]
	switch at.kind {
	case atEnd, atHide:
		s.ends = true
	case atReturn:
		s.returns = true
	case atCall:
		s.calls = append(s.calls, call{out: at.next[1].out, below: at.next[0].to, at: point})
	}
	menus, queue := w.menus[point], &w.at
	if isMenu(at) {
		menus, queue = menus+1, &w.far
	}
	for i, e := range at.next {
		if at.kind == atCall && (i == 1 || !pass) || !keep(at, e) {
			continue
		}
		if e.to < 0 || w.points[e.to].kind == atStep {
			h := hop{step: -1, out: e.out, via: e, menus: menus}
			if e.to >= 0 {
				h.step = w.points[e.to].step
			}
			s.hops = append(s.hops, h)
			continue
		}
		if known := w.menus[e.to]; known >= 0 && known <= menus {
			continue
		}
		if w.menus[e.to] < 0 {
			w.met = append(w.met, e.to)
		}
		w.menus[e.to] = menus
		*queue = append(*queue, e.to)
	}
}

// walkFrom is walk where the point itself may be a step: then the stretch is a hop to it.
func (w *walker) walkFrom(point int, keep rule, pass bool) stretch {
	if w.points[point].kind == atStep {
		return stretch{hops: []hop{{step: w.points[point].step, out: -1, via: edge{to: point, out: -1}}}}
	}
	return w.walk(point, keep, pass)
}

// reached are the points that a walk comes to in the same stretch, the one where it begins among them.
func (p *route) reached(from int, keep rule) []int {
	met := map[int]bool{from: true}
	queue := []int{from}
	for at := 0; at < len(queue); at++ {
		v := &p.points[queue[at]]
		for i, e := range v.next {
			if v.kind == atCall && i == 1 || !keep(v, e) || e.to < 0 || met[e.to] || p.points[e.to].kind == atStep {
				continue
			}
			met[e.to] = true
			queue = append(queue, e.to)
		}
	}
	return queue
}
