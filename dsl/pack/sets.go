package pack

// bits is a set of small numbers. A missing word is empty. Operations return new sets: states share them.
type bits []uint64

func (b bits) has(i int) bool { return i>>6 < len(b) && b[i>>6]&(1<<(i&63)) != 0 }

func (b bits) with(i int) bits {
	if b.has(i) {
		return b
	}
	out := make(bits, max(len(b), i>>6+1))
	copy(out, b)
	out[i>>6] |= 1 << (i & 63)
	return out
}

func (b bits) without(i int) bits {
	if !b.has(i) {
		return b
	}
	out := append(bits(nil), b...)
	out[i>>6] &^= 1 << (i & 63)
	return out
}

func (b bits) and(c bits) bits {
	out := make(bits, min(len(b), len(c)))
	for i := range out {
		out[i] = b[i] & c[i]
	}
	return out
}

func (b bits) or(c bits) bits {
	if len(b) < len(c) {
		b, c = c, b
	}
	out := append(bits(nil), b...)
	for i := range c {
		out[i] |= c[i]
	}
	return out
}

func (b bits) minus(c bits) bits {
	out := append(bits(nil), b...)
	for i := range min(len(b), len(c)) {
		out[i] &^= c[i]
	}
	return out
}

func (b bits) equal(c bits) bool {
	for i := range max(len(b), len(c)) {
		var x, y uint64
		if i < len(b) {
			x = b[i]
		}
		if i < len(c) {
			y = c[i]
		}
		if x != y {
			return false
		}
	}
	return true
}

// state is what is known at a line about the names of a flow, told from the start of its step: gained are
// surely set whatever was before, lost may be unset whatever was before, and all others are as they were when
// the step was entered. So a step is walked once, however many ways lead to it.
type state struct {
	gained, lost bits
	// dead: no way leads here.
	dead bool
}

func (s state) gain(i int) state {
	if s.dead {
		return s
	}
	return state{gained: s.gained.with(i), lost: s.lost.without(i)}
}

func (s state) lose(i int) state {
	if s.dead {
		return s
	}
	return state{gained: s.gained.without(i), lost: s.lost.with(i)}
}

func (s state) loseAll(names bits) state {
	if s.dead || len(names) == 0 {
		return s
	}
	return state{gained: s.gained.minus(names), lost: s.lost.or(names)}
}

// join is the state where two ways meet.
func join(a, b state) state {
	switch {
	case a.dead:
		return b
	case b.dead:
		return a
	}
	return state{gained: a.gained.and(b.gained), lost: a.lost.or(b.lost)}
}

// after is what is surely set at this state when the step was entered with these.
func (s state) after(entered bits) bits { return s.gained.or(entered.minus(s.lost)) }

// edge is a way from one step to another of the same flow, with the state in which it is taken.
type edge struct {
	to int
	st state
}

// entries says what is surely set when each step is entered: what all ways to it have in common. A step that
// no way leads to has nil; its lines are not looked at for what may be unset.
func entries(first []*bits, edges [][]edge) []*bits {
	in := first
	queue := make([]int, 0, len(in))
	queued := make([]bool, len(in))
	for i := range in {
		if in[i] != nil {
			queue, queued[i] = append(queue, i), true
		}
	}
	for len(queue) > 0 {
		from := queue[0]
		queue, queued[from] = queue[1:], false
		for _, e := range edges[from] {
			set := e.st.after(*in[from])
			if in[e.to] != nil {
				set = set.and(*in[e.to])
				if set.equal(*in[e.to]) {
					continue
				}
			}
			in[e.to] = &set
			if !queued[e.to] {
				queue, queued[e.to] = append(queue, e.to), true
			}
		}
	}
	return in
}
