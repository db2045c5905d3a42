package check

import (
	"slices"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// A run is messages that follow each other without an answer between them, in one flow: from a step, or from an
// edge that leaves a question.
type run struct {
	from  int // point; a step's own point, or where an answer leads
	step  bool
	local tally       // to the next question or end within this flow
	hops  []countedUp // to other steps
}

// tally counts messages and keeps the first.
type tally struct {
	n     int
	first *ast.Line
}

// countedUp is a step that the messages lead to.
type countedUp struct {
	hop hop
	tally
}

// runs of a flow. A called flow is taken to send nothing: what it sends begins at its own steps.
func (c *flow) runs() []run {
	var all []run
	p := c.route
	for _, at := range p.steps {
		all = append(all, c.runFrom(at, true))
	}
	begun := map[int]bool{}
	for i := range p.points {
		switch p.points[i].kind {
		case atAsk, atNeed, atHandOver:
			for _, e := range p.points[i].next {
				if e.to >= 0 && p.points[e.to].kind != atStep && !begun[e.to] {
					begun[e.to] = true
					all = append(all, c.runFrom(e.to, false))
				}
			}
		}
	}
	return all
}

// runFrom counts from one point on. What comes after a statement has a smaller number than the statement, apart
// from the body of a loop, which counts at the loop: so the greatest number that is left is always known in full.
func (c *flow) runFrom(from int, step bool) run {
	r := run{from: from, step: step}
	most := map[int]tally{from: {}} // sent on the way to a point
	left := []int{from}             // sorted
	hops := map[[2]int]int{}
	for len(left) > 0 {
		at := left[len(left)-1]
		left = left[:len(left)-1]
		v, before := &c.route.points[at], most[at]
		if own := c.sends(v); own > 0 {
			if before.first == nil {
				before.first = v.line
			}
			before.n += own
		}
		if before.n > r.local.n {
			r.local = before
		}
		switch v.kind {
		case atAsk, atNeed, atHandOver:
			continue
		}
		for i, e := range v.next {
			if v.kind == atCall && i == 1 || v.kind == atRemind && e.moved || v.kind == atLoop && i == 0 {
				continue
			}
			if e.to >= 0 && c.route.points[e.to].kind != atStep {
				if known, met := most[e.to]; !met {
					place, _ := slices.BinarySearch(left, e.to)
					left = slices.Insert(left, place, e.to)
				} else if known.n >= before.n {
					continue
				}
				most[e.to] = before
				continue
			}
			key := [2]int{e.to, e.out}
			h := hop{step: -1, out: e.out, via: e}
			if e.to >= 0 {
				h.step = c.route.points[e.to].step
			}
			if j, met := hops[key]; !met {
				hops[key] = len(r.hops)
				r.hops = append(r.hops, countedUp{h, before})
			} else if before.n > r.hops[j].n {
				r.hops[j].tally = before
			}
		}
	}
	return r
}

// sends counts the messages of a point; those of a loop as often as it goes round.
func (c *flow) sends(v *point) int {
	switch v.kind {
	case atSay, atAsk, atNeed, atHide:
		return 1
	case atLoop:
		h := v.line.Head.(*ast.ForEach)
		times := h.UpTo
		if t := c.tables[h.Rows.Source]; t != nil && (times == 0 || times > len(t.Rows)) {
			times = len(t.Rows)
		}
		return max(times, 1) * c.sendsIn(statements(v.line.Children))
	}
	return 0
}

// sendsIn counts the messages of lines that all run, of branches the longest.
func (c *flow) sendsIn(block []*ast.Line) int {
	n, branch := 0, 0
	for _, l := range block {
		if isElse(l) {
			branch = max(branch, c.sendsIn(l.Children))
			continue
		}
		n += branch
		branch = 0
		switch h := l.Head.(type) {
		case *ast.Say:
			n++
		case *ast.Ask, *ast.Need, *ast.HandOver:
			return n + 1 // somebody answers before the next row
		case *ast.If:
			branch = c.sendsIn(l.Children)
		case *ast.ForEach:
			n += max(h.UpTo, 1) * c.sendsIn(statements(l.Children))
		}
	}
	return n + branch
}

// tooManyMessages adds up the runs of all flows. It reports a run where its messages begin.
func tooManyMessages(w *whole) {
	budget, title := 0, ""
	for _, ch := range w.channels {
		if ch.MessagesInARow > 0 && (budget == 0 || ch.MessagesInARow < budget) {
			budget, title = ch.MessagesInARow, ch.Title
		}
	}
	if budget == 0 {
		return
	}
	ofStep := make([]*run, len(w.nodes))
	for i, f := range w.found {
		for r := range f.runs {
			if f.runs[r].step {
				ofStep[w.base[i]+f.route.points[f.runs[r].from].step] = &f.runs[r]
			}
		}
	}
	known := make([]tally, len(w.nodes))
	state := make([]uint8, len(w.nodes)) // 1: on the way, 2: known
	var total func(flow int, r *run) tally
	total = func(flow int, r *run) tally {
		best := r.local
		for _, h := range r.hops {
			n := w.target(flow, h.hop)
			if n < 0 || state[n] == 1 || ofStep[n] == nil {
				continue
			}
			if state[n] == 0 {
				state[n] = 1
				known[n] = total(w.nodes[n].flow, ofStep[n])
				state[n] = 2
			}
			sum := tally{h.n + known[n].n, h.first}
			if sum.first == nil {
				sum.first = known[n].first
			}
			if sum.n > best.n {
				best = sum
			}
		}
		return best
	}
	reported := map[*ast.Line]bool{}
	report := func(t tally) {
		if t.n <= budget || t.first == nil || reported[t.first] {
			return
		}
		reported[t.first] = true
		w.add(diag.New(diag.Warning, "too-many-messages", span(t.first), "%d messages are sent here in a row; %d are the most on %s", t.n, budget, title).
			WithHelp("Put what belongs together into one message, with an empty line between its paragraphs."))
	}
	for _, n := range w.roots() {
		if r := ofStep[n]; r != nil {
			report(total(w.nodes[n].flow, r))
		}
	}
	for i, f := range w.found {
		for r := range f.runs {
			if !f.runs[r].step {
				report(total(i, &f.runs[r]))
			}
		}
	}
}
