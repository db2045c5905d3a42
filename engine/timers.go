package engine

import (
	"time"

	"baraza/engine/program"
)

// settleTimers sets the timers of the place where the conversation waits, and cancels those of the place it
// left. It runs once, at the end of the turn.
func (t *turn) settleTimers() {
	state, ok := t.m.state[t.s.here.state]
	waits := t.s.open && (ok || t.s.offering)
	if !waits {
		t.cancelTimers(func(timer) bool { return true })
		t.wakeReminders()
		return
	}
	if t.arrived {
		t.cancelTimers(func(timer) bool { return true })
		t.setTimers(state, func(program.WhenKind) bool { return true })
		return
	}
	if t.s.here.answered {
		t.cancelTimers(func(x timer) bool { return x.kind == program.WhenNoAnswer })
	}
	if t.touched {
		isSilence := func(k program.WhenKind) bool { return k != program.WhenNoAnswer }
		t.cancelTimers(func(x timer) bool { return isSilence(x.kind) })
		t.setTimers(state, isSilence)
	}
}

func (t *turn) cancelTimers(which func(timer) bool) {
	for i := 0; i < int(t.s.timers.n); {
		if x := t.s.timers.list[i]; which(x) {
			t.add(CancelTimer).Timer = x.number
			t.s.timers.drop(i)
		} else {
			i++
		}
	}
}

// setTimers starts the timers of a state of the wanted kinds: its own, or the pack's silence for a question
// that says nothing else.
func (t *turn) setTimers(state int, wanted func(program.WhenKind) bool) {
	own := false
	kind := program.AskState
	if !t.s.offering {
		st := &t.p.States[state]
		kind = st.Kind
		for i := range st.Whens {
			w := &st.Whens[i]
			if w.Seconds <= 0 || w.Kind != program.WhenSilent && w.Kind != program.WhenNoAnswer {
				continue
			}
			own = own || w.Kind == program.WhenSilent
			if wanted(w.Kind) && !(w.Kind == program.WhenNoAnswer && t.s.here.answered) {
				t.setTimer(w.Kind, w.Seconds)
			}
		}
	}
	if !own && t.p.Silent.Seconds > 0 && wanted(0) && (kind == program.AskState || kind == program.NeedState) {
		t.setTimer(0, t.p.Silent.Seconds)
	}
}

func (t *turn) setTimer(kind program.WhenKind, seconds int) {
	if t.s.timers.n >= maxTimers {
		t.report("too-many-timers", t.stepName())
		return
	}
	x := timer{number: t.nextNumber(), kind: kind, seconds: uint32(min(seconds, 10*365*86400))}
	t.s.timers.list[t.s.timers.n] = x
	t.s.timers.n++
	e := t.add(SetTimer)
	e.Timer, e.Due = x.number, t.ev.At.Add(time.Duration(x.seconds)*time.Second)
}

// timerDue runs what waited for a time.
func (t *turn) timerDue() {
	for i, x := range t.s.timers.all() {
		if x.number == t.ev.Timer {
			t.s.timers.drop(i)
			t.timeIsUp(x)
			return
		}
	}
	if t.s.late != nil && t.s.lateTimer == t.ev.Timer {
		t.s.late, t.s.lateUntil, t.s.lateTimer = nil, 0, 0
		return
	}
	for i := range t.s.reminders {
		if t.s.reminders[i].number == t.ev.Timer {
			t.reminderDue(i)
			return
		}
	}
	// A timer that was cancelled meanwhile.
}

func (t *turn) timeIsUp(x timer) {
	if !t.s.open {
		return
	}
	t.silent = x.kind != program.WhenNoAnswer
	if t.silent && !t.s.offering && t.s.opening == opened && !t.s.free {
		here := t.s.here
		t.quiet = &here
	}
	state, ok := t.m.state[t.s.here.state]
	if x.kind == 0 || !ok || t.s.offering {
		if pc := t.p.Silent.PC; x.kind == 0 && pc >= 0 && pc < len(t.p.Code) && !t.s.offering {
			t.s.before, t.s.opening = nil, opened
			t.s.here = place{}
			t.run(pc)
			return
		}
		t.end()
		return
	}
	st := &t.p.States[state]
	for i := range st.Whens {
		w := &st.Whens[i]
		if w.Kind != x.kind || w.Seconds != int(x.seconds) {
			continue
		}
		if w.Kind == program.WhenSilent && w.PC >= 0 && t.endsAt(w.PC) {
			t.closeCase()
		}
		t.runWhen(state, i)
		return
	}
	if x.kind == program.WhenSilent { // its line is gone from this release
		t.end()
	}
}

// endsAt tells whether what runs from pc ends the conversation without going anywhere else.
func (t *turn) endsAt(pc int) bool {
	for range 16 {
		if pc < 0 || pc >= len(t.p.Code) {
			return true
		}
		switch op := &t.p.Code[pc]; op.Code {
		case program.OpEnd:
			return true
		case program.OpJump:
			pc = op.To
		case program.OpMove, program.OpKeep, program.OpAsk, program.OpNeed, program.OpHandOver, program.OpFetch,
			program.OpCall, program.OpReturn, program.OpStep, program.OpJumpUnless, program.OpForEach, program.OpNext, program.OpBack:
			return false
		default:
			pc++
		}
	}
	return false
}
