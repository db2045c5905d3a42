package engine

import (
	"slices"

	"baraza/engine/program"
)

// Fate is what becomes of a conversation when another program takes over.
type Fate uint8

const (
	// Free: no conversation is open; the next one begins with the other program.
	Free Fate = iota + 1
	// Moves: everything it relies on is there with the same signature. It goes on where it is, with the new words.
	Moves
	// Led: its place is gone, and a step of the other program says with "moved from" that it takes over.
	Led
	// Stays: only the program it is on can go on with it.
	Stays
)

func (f Fate) String() string {
	return [...]string{"", "begins with the new release", "continues", "moves", "stays"}[f]
}

// Fate tells what becomes of the conversation if it goes from one program over to another at its next event. Where from
// is not at hand any more, nil, a place of the same name counts as the same.
func (s Session) Fate(from, to *program.Program) Fate {
	switch {
	case !s.open:
		return Free
	case s.offering: // it waits for continue or menu: where continue leads is looked at then
		return Moves
	}
	f := fates{to: machineOf(to)}
	if from != nil {
		f.from = machineOf(from)
	}
	if f.keeps(&s.here) && (s.before == nil || f.keeps(s.before)) {
		return Moves
	}
	if i, ok := f.to.step[s.here.step]; ok && f.to.stepHash[i] != s.here.step {
		return Led
	}
	return Stays
}

type fates struct{ from, to *machine }

// keeps tells whether a place where a conversation waits is there, with all that it must return to.
func (f fates) keeps(p *place) bool {
	now, ok := f.to.state[p.state]
	if !ok {
		return false
	}
	if f.from != nil {
		was, ok := f.from.state[p.state]
		if !ok || f.from.p.States[was].Signature != f.to.p.States[now].Signature {
			return false
		}
	}
	return f.loops(p.loops) && !slices.ContainsFunc(p.calls, func(c frame) bool { return !f.returns(c.to) || !f.loops(c.loops) })
}

func (f fates) loops(all []loop) bool {
	return !slices.ContainsFunc(all, func(l loop) bool { return !f.returns(l.place) })
}

// returns tells whether a return place or loop is there, and still reads what it read.
func (f fates) returns(to uint64) bool {
	now, ok := f.to.place[to]
	if !ok || f.from == nil {
		return ok
	}
	was, ok := f.from.place[to]
	return ok && f.from.p.Places[was].Signature == f.to.p.Places[now].Signature
}
