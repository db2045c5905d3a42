package engine

import (
	"slices"

	"baraza/engine/program"
)

// call runs a flow that sees only what it takes and the fields.
func (t *turn) call(op *program.Op) int {
	h := &t.s.here
	if op.Ref < 0 || op.Ref >= len(t.p.Flows) || op.N < 0 || op.N >= len(t.p.Places) {
		t.end()
		return t.halt()
	}
	if len(h.calls) >= maxCalls {
		t.report("call-too-deep", t.stepName())
		t.commitAnswered()
		t.fallback()
		return t.halt()
	}
	t.commitAnswered()
	var vars Values
	for _, a := range t.values(op.Args) {
		vars = vars.with(&t.scratch, a.Name, a.Value)
	}
	h.calls = append(slices.Clip(h.calls), frame{to: t.p.Places[op.N].Hash, result: op.Name, vars: h.vars, loops: h.loops})
	h.vars, h.loops = vars, nil
	t.flow = op.Ref
	return t.p.Flows[op.Ref].PC
}

// returns gives a called flow's value to its caller; a flow that nobody called is over.
func (t *turn) returns(op *program.Op) int {
	h := &t.s.here
	if len(h.calls) == 0 {
		return t.leave()
	}
	value := t.eval(op.Expr)
	depth := len(h.calls) - 1
	f := h.calls[depth]
	i, ok := t.m.place[f.to]
	if !ok {
		t.moveOn()
		return t.halt()
	}
	t.commitAnswered()
	h.calls = slices.Clip(h.calls[:depth])
	h.vars, h.loops = f.vars, f.loops
	t.flow = t.p.Places[i].Flow
	t.keepPast(func(a asked) bool { return int(a.depth) <= depth })
	if f.result != "" {
		t.set(f.result, value, false)
	}
	return t.p.Places[i].PC
}
