package engine

import (
	"slices"

	"baraza/engine/program"
)

// forEach begins a loop with its first row; without one it goes to "when none", else below the loop.
func (t *turn) forEach(op *program.Op) int {
	h := &t.s.here
	if op.N < 0 || op.N >= len(t.p.Places) || len(h.loops) >= maxLoops {
		t.report("loop-too-deep", t.stepName())
		return op.To
	}
	place := &t.p.Places[op.N]
	h.loops = slices.DeleteFunc(slices.Clone(h.loops), func(l loop) bool { return l.place == place.Hash })
	rows := t.rowsOf(op.Expr, op.Name, op.Ref, t.upTo(place))
	if len(rows) == 0 {
		if place.None >= 0 {
			return place.None
		}
		return op.To
	}
	h.loops = append(h.loops, loop{place: place.Hash, done: 1})
	t.set(op.Name, rows[0], false)
	return place.PC + 1
}

func (t *turn) upTo(place *program.Place) int {
	if place.UpTo > 0 && place.UpTo < maxRows {
		return place.UpTo
	}
	return maxRows
}

// nextRow goes on with the row after the present one, which is found by its id: what the loop does may change
// which rows there are.
func (t *turn) nextRow(op *program.Op) int {
	h := &t.s.here
	if op.N < 0 || op.N >= len(t.p.Places) {
		return op.To
	}
	place := &t.p.Places[op.N]
	at := slices.IndexFunc(h.loops, func(l loop) bool { return l.place == place.Hash })
	if at < 0 || place.PC < 0 || place.PC >= len(t.p.Code) {
		return op.To
	}
	t.commitAnswered()
	t.keepPast(func(a asked) bool { return int(a.depth) < len(h.calls) || int(a.loops) <= at })
	each := &t.p.Code[place.PC]
	done := h.loops[at].done
	rows := t.rowsOf(each.Expr, each.Name, each.Ref, maxRows)
	index := int(done)
	if current, ok := t.rowID(each.Name); ok {
		if int(done) > len(rows) || rows[done-1].ID != current {
			if found := slices.IndexFunc(rows, func(r *program.Row) bool { return r.ID == current }); found >= 0 {
				index = found + 1
			}
		}
	}
	if int(done) >= t.upTo(place) || index >= len(rows) {
		t.leaveLoops(at)
		t.set(each.Name, nil, false)
		return op.To
	}
	loops := slices.Clone(h.loops[:at+1])
	loops[at].done = done + 1
	h.loops = loops
	t.set(each.Name, rows[index], false)
	return place.PC + 1
}

func (t *turn) rowID(name string) (string, bool) {
	e, ok := t.s.here.vars.find(name)
	if !ok {
		return "", false
	}
	switch row := e.value().(type) {
	case tableRow:
		return row.id, true
	case *program.Row:
		return row.ID, true
	}
	return "", false
}

// leaveLoops leaves the loops from the given one inwards.
func (t *turn) leaveLoops(from int) {
	h := &t.s.here
	if from >= len(h.loops) {
		return
	}
	h.loops = slices.Clip(h.loops[:from])
	t.commitAnswered()
	t.keepPast(func(a asked) bool { return int(a.depth) < len(h.calls) || int(a.loops) <= from })
}

func (t *turn) loopName(place int) string {
	if pc := t.p.Places[place].PC; pc >= 0 && pc < len(t.p.Code) && t.p.Code[pc].Code == program.OpForEach {
		return t.p.Code[pc].Name
	}
	return ""
}
