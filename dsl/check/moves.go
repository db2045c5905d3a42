package check

import (
	"slices"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
)

// reach marks every step that a conversation can come to.
func (w *whole) reach() (all *ways, reached []bool) {
	all = w.ways(byEverywhere)
	reached = make([]bool, len(w.nodes))
	queue := w.roots()
	for _, n := range queue {
		reached[n] = true
	}
	visit := func(n int) {
		if n >= 0 && !reached[n] {
			reached[n] = true
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, h := range all.of[n].hops {
			visit(w.target(all.flow[n], h))
		}
		for _, c := range all.of[n].calls {
			visit(all.called(n, c))
		}
	}
	return all, reached
}

// unreachableStep names a flow that nobody reaches instead of each of its steps, and of steps that lead to each
// other the first.
func unreachableStep(w *whole) {
	all, reached := w.reach()
	// told are the steps that would be reached if those reported were.
	told := make([]bool, len(w.nodes))
	tell := func(n int) {
		queue := []int{n}
		for len(queue) > 0 {
			n := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			if n < 0 || told[n] || reached[n] {
				continue
			}
			told[n] = true
			for _, h := range all.of[n].hops {
				queue = append(queue, w.target(all.flow[n], h))
			}
			for _, c := range all.of[n].calls {
				queue = append(queue, all.called(n, c))
			}
		}
	}
	for i, f := range w.pack.Flows {
		for _, d := range w.found[i].problems {
			if to := arrowTarget(w.pack, f, d); to != nil && to.Step != nil {
				tell(w.base[w.flows[to.Flow]] + to.Step.Index)
			}
		}
	}
	for i, f := range w.pack.Flows {
		if f.Lib != "" || len(f.Steps) == 0 {
			continue // a library has more than one pack needs
		}
		if first := w.base[i]; !slices.Contains(reached[first:first+len(f.Steps)], true) && !told[first] {
			w.add(diag.New(diag.Warning, "unreachable-step", span(f.Line), "no one can reach the flow %q", f.Name).
				WithHelp("Write a move to it where it belongs:  -> %s", f.Name).
				WithHelp("Or let it begin with a message, below its name:  on message %s", f.Name))
			tell(first)
		}
		for at, s := range f.Steps {
			n := w.base[i] + at
			if reached[n] || told[n] {
				continue
			}
			w.add(diag.New(diag.Warning, "unreachable-step", stepName(s), "no one can reach the step %q", s.Name).
				WithHelp("Write a move to it where it belongs:  -> %s", s.Name).
				WithHelp("Or remove it."))
			tell(n)
		}
	}
}

func stepName(s *pack.Step) diag.Span {
	if h, ok := s.Line.Head.(*ast.Step); ok {
		return diag.Span(h.Name.Span())
	}
	return span(s.Line)
}

// fallsIntoException: below a step stands one that is meant for an exception, and everyone comes to it.
func fallsIntoException(w *whole) {
	type ways struct{ fromAbove, exception, plain bool }
	in := make([]ways, len(w.nodes))
	all := w.ways(byEverywhere)
	for n := range w.nodes {
		for _, h := range all.of[n].hops {
			to := w.target(all.flow[n], h)
			switch {
			case to < 0:
			case !h.via.moved && to == n+1 && h.out < 0:
				in[to].fromAbove = in[to].fromAbove || h.via.when == ""
			case h.via.when != "" && exceptional[h.via.when]:
				in[to].exception = true
			default:
				in[to].plain = true
			}
		}
	}
	for n, x := range in {
		s := w.step(n)
		if !x.fromAbove || !x.exception || x.plain || s.Flow.Lib != "" || s.Index == 0 {
			continue
		}
		above := s.Flow.Steps[s.Index-1]
		w.add(diag.New(diag.Warning, "falls-into-exception", stepName(s), "after %q people also come to %q, which is for an exception", above.Name, s.Name).
			WithNote(stepName(above), "this step goes on with the one below it").
			WithHelp("End the step %q with  end  or with a move to where people should go.", above.Name))
	}
}

// exceptional are the when lines that tell of something that did not go as it should.
var exceptional = map[string]bool{
	"not understood": true, "silent": true, "refused": true, "none": true, "failed": true,
	"outside hours": true, "no answer": true,
}

// maxCalls is how many calls may be open at a time.
const maxCalls = 8

// callDepth looks at flows that call each other: a circle would never stop growing.
func callDepth(w *whole) {
	w.recursive = map[*ast.Line]bool{}
	type open struct {
		line *ast.Line
		to   int
	}
	calls := make([][]open, len(w.pack.Flows))
	for i := range w.pack.Flows {
		p := w.found[i].route
		for _, at := range p.points {
			if at.kind != atCall {
				continue
			}
			if d := w.outs[i][at.next[1].out]; d != nil && d.Flow != nil {
				if to, ok := w.flows[d.Flow]; ok {
					calls[i] = append(calls[i], open{at.line, to})
				}
			}
		}
		// Points are made from the last line to the first.
		slices.SortStableFunc(calls[i], func(a, b open) int { return a.line.Span.Start - b.line.Span.Start })
	}
	const unseen, onTheWay, done = 0, 1, 2
	state := make([]int, len(calls))
	depth := make([]int, len(calls))
	var visit func(i int)
	visit = func(i int) {
		state[i] = onTheWay
		for _, c := range calls[i] {
			switch state[c.to] {
			case onTheWay:
				w.recursive[c.line] = true
				w.add(diag.New(diag.Error, "call-depth", span(c.line), "this call goes round: %q is still waiting for it", w.pack.Flows[c.to].Full()).
					WithHelp("If the conversation need not come back here, write:  -> %s", w.pack.Flows[c.to].Full()))
				continue
			case unseen:
				visit(c.to)
			}
			if deeper := depth[c.to] + 1; deeper > depth[i] {
				depth[i] = deeper
				if deeper == maxCalls+1 {
					w.add(diag.New(diag.Error, "call-depth", span(c.line), "these flows call each other more than eight deep").
						WithHelp("If the conversation need not come back here, write:  -> %s", w.pack.Flows[c.to].Full()))
				}
			}
		}
		state[i] = done
	}
	for i := range calls {
		if state[i] == unseen {
			visit(i)
		}
	}
}

// endlessLoop looks for a circle that never waits. It follows calls into the called flow and, where that can
// return without waiting, to what stands below.
func endlessLoop(w *whole) {
	all := w.ways(bySilence)
	out := all.settle()
	type move struct {
		to   int
		line *ast.Line
	}
	next := func(i int) []move {
		var moves []move
		for _, h := range all.of[i].hops {
			if to := w.target(all.flow[i], h); to >= 0 {
				moves = append(moves, move{to, h.via.line})
			}
		}
		for _, c := range all.of[i].calls {
			line := w.found[all.flow[i]].route.points[c.at].line
			to := all.called(i, c)
			if to < 0 || w.recursive[line] {
				continue
			}
			moves = append(moves, move{to, line})
			if out[to].returns {
				moves = append(moves, move{all.belowOf(i, c), line})
			}
		}
		return moves
	}
	const unseen, onTheWay, done = 0, 1, 2
	state := make([]int, len(all.of))
	// The way down is kept by hand: a chain of thousands of steps must not need a deep stack.
	type frame struct {
		at    int
		moves []move
		into  *ast.Line // the line that led here
	}
	for start := range all.of {
		if state[start] != unseen {
			continue
		}
		state[start] = onTheWay
		way := []frame{{at: start, moves: next(start)}}
		for len(way) > 0 {
			top := &way[len(way)-1]
			if len(top.moves) == 0 {
				state[top.at] = done
				way = way[:len(way)-1]
				continue
			}
			m := top.moves[0]
			top.moves = top.moves[1:]
			switch state[m.to] {
			case unseen:
				state[m.to] = onTheWay
				way = append(way, frame{m.to, next(m.to), m.line})
			case onTheWay:
				line := m.line
				for i := len(way) - 1; line == nil && i >= 0 && way[i].at != m.to; i-- {
					line = way[i].into
				}
				w.goesRound(m.to, line)
			}
		}
	}
}

// goesRound reports a circle at the line that closes it.
func (w *whole) goesRound(to int, line *ast.Line) {
	if to >= len(w.nodes) {
		return // below a call: the step that holds it is in the circle too
	}
	s := w.step(to)
	at := stepName(s)
	if line != nil {
		at = span(line)
	}
	w.add(diag.New(diag.Error, "endless-loop", at, "this leads back to %q, and nothing on the way waits for an answer", s.Full()).
		WithNote(stepName(s), "the circle goes through this step").
		WithHelp("Ask a question on the way, or end with  end."))
}
