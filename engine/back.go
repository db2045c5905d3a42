package engine

import "slices"

// commitAnswered adds the question answered last to those that back can reach.
func (t *turn) commitAnswered() {
	if !t.leaving {
		return
	}
	t.leaving = false
	h := &t.s.here
	if h.pasts > 0 && h.past[h.pasts-1] == t.answered {
		return
	}
	if int(h.pasts) == len(h.past) {
		copy(h.past[:], h.past[1:])
		h.pasts--
	}
	h.past[h.pasts] = t.answered
	h.pasts++
}

func (t *turn) keepPast(keep func(asked) bool) {
	h := &t.s.here
	kept := h.past
	n := uint8(0)
	for _, a := range h.past[:h.pasts] {
		if keep(a) {
			kept[n] = a
			n++
		}
	}
	clear(kept[n:])
	h.past, h.pasts = kept, n
	if t.leaving && !keep(t.answered) {
		t.leaving = false
	}
}

// back asks again the question answered before the present one.
func (t *turn) back() {
	h := &t.s.here
	present := t.answered
	had := t.leaving
	t.leaving = false
	t.halt()
	if t.s.opening != opened || t.s.offering {
		t.repeat()
		return
	}
	for h.pasts > 0 {
		h.pasts--
		a := h.past[h.pasts]
		h.past[h.pasts] = asked{}
		state, ok := t.m.state[a.state]
		if !ok || had && a == present || int(a.depth) > len(h.calls) {
			continue
		}
		t.returnTo(state, a)
		t.askState(state)
		return
	}
	if state, ok := t.m.state[present.state]; had && ok {
		t.askState(state)
		return
	}
	t.repeat()
}

// repeat asks the present question again.
func (t *turn) repeat() {
	if t.s.offering {
		t.offerLate()
	} else if state, ok := t.m.state[t.s.here.state]; ok {
		t.askAgain(state)
	} else {
		t.leave()
	}
}

// returnTo restores the calls, loops and variables around a question asked before.
func (t *turn) returnTo(state int, a asked) {
	h := &t.s.here
	if int(a.depth) < len(h.calls) {
		f := h.calls[a.depth]
		if i, ok := t.m.place[f.to]; ok {
			t.flow = t.p.Places[i].Flow
		}
		h.vars, h.loops = f.vars, f.loops
		h.calls = slices.Clip(h.calls[:a.depth])
	}
	if int(a.loops) < len(h.loops) {
		h.loops = slices.Clip(h.loops[:a.loops])
	}
	flow := t.p.States[state].Flow
	h.vars = h.vars.park(t.tag(t.flow), t.tag(flow), false, func(uint32) bool { return true })
	t.flow = flow
	if step := t.p.States[state].Step; step >= 0 && step < len(t.m.stepHash) {
		h.step = t.m.stepHash[step]
	}
}
