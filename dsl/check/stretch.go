package check

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

// walk finds the stretch that begins at the edges of a point. Calls are passed over where pass is set: what
// stands below them is then part of the stretch.
func (p *route) walk(from int, keep rule, pass bool) stretch {
	var s stretch
	menus := map[int]int{} // points met, with the menus before them
	type visit struct{ point, menus int }
	queue := []visit{{from, 0}}
	menus[from] = 0
	for len(queue) > 0 { // fewest menus first: a menu puts its edges at the end, all else at the front
		v := queue[0]
		queue = queue[1:]
		if menus[v.point] < v.menus {
			continue
		}
		at := &p.points[v.point]
		switch at.kind {
		case atEnd, atHide:
			s.ends = true
		case atReturn:
			s.returns = true
		case atCall:
			s.calls = append(s.calls, call{out: at.next[1].out, below: at.next[0].to, at: v.point})
		}
		below := v.menus
		if isMenu(at) {
			below++
		}
		for i, e := range at.next {
			if at.kind == atCall && (i == 1 || !pass) || !keep(at, e) {
				continue
			}
			if e.to < 0 || p.points[e.to].kind == atStep {
				h := hop{step: -1, out: e.out, via: e, menus: below}
				if e.to >= 0 {
					h.step = p.points[e.to].step
				}
				s.hops = append(s.hops, h)
				continue
			}
			if known, met := menus[e.to]; met && known <= below {
				continue
			}
			menus[e.to] = below
			if next := (visit{e.to, below}); below == v.menus {
				queue = append([]visit{next}, queue...)
			} else {
				queue = append(queue, next)
			}
		}
	}
	return s
}

// points that a walk from a point can come to, in the same stretch, without the point itself where it begins.
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
