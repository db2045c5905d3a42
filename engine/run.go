package engine

import "baraza/engine/program"

// run executes instructions from pc until the conversation waits or ends.
func (t *turn) run(pc int) {
	t.stopped = false
	for !t.stopped {
		if t.ops++; t.ops > t.maxOps || t.over {
			t.tooLong()
			return
		}
		if pc < 0 || pc >= len(t.p.Code) {
			t.end()
			return
		}
		pc = t.op(pc, &t.p.Code[pc])
	}
}

// tooLong ends a run that went over its bounds: first at the fallback, then altogether.
func (t *turn) tooLong() {
	t.over = false
	t.report("turn-too-long", t.stepName())
	if t.rescued {
		t.end()
		return
	}
	t.rescued = true
	t.maxOps, t.maxMessages = t.ops+rescueOps, t.messages+rescueMessages
	t.bytes = 0
	t.say(t.engineText(t.p.Texts.Restart, t.wording().restart))
	t.fallback()
}

func (t *turn) stepName() string {
	if i, ok := t.m.step[t.s.here.step]; ok && t.p.Steps[i].Flow >= 0 {
		return t.p.Flows[t.p.Steps[i].Flow].Name + "." + t.p.Steps[i].Name
	}
	return ""
}

// op executes one instruction and returns the next pc; stopped says that there is none.
func (t *turn) op(pc int, op *program.Op) int {
	next := pc + 1
	switch op.Code {
	case program.OpSay:
		t.sayString(op.Text)
	case program.OpSayOneOf:
		t.sayOneOf(op)
	case program.OpSayMedia:
		t.sayMedia(op)
	case program.OpSayLocation:
		t.sayLocation(op)
	case program.OpSayContact:
		if o := t.outgoing(); o != nil {
			o.Contact = op.Name
			o.Text, o.String = t.render(op.Text), t.stringID(op.Text)
		}
	case program.OpSayLink:
		t.sayLink(op)
	case program.OpSayTemplate:
		t.sayTemplate(op.Ref, t.values(op.Args))
	case program.OpAsk:
		return t.ask(op.State)
	case program.OpNeed:
		return t.need(op.State)
	case program.OpHandOver:
		t.handOver(op.State)
	case program.OpFetch:
		t.fetch(op.State)
	case program.OpWait:
		t.add(Pause).Seconds = min(max(op.N, 0), 10)
	case program.OpKeep:
		t.keep(op.State)
	case program.OpJump:
		return op.To
	case program.OpJumpUnless:
		if !t.holds(op.Expr) {
			return op.To
		}
	case program.OpStep:
		return t.enterStep(pc, op.Ref)
	case program.OpMove:
		return t.move(op)
	case program.OpEnd:
		return t.leave()
	case program.OpCall:
		return t.call(op)
	case program.OpReturn:
		return t.returns(op)
	case program.OpForEach:
		return t.forEach(op)
	case program.OpNext:
		return t.nextRow(op)
	case program.OpBack:
		t.back()
	case program.OpSet:
		t.set(op.Name, t.eval(op.Expr), op.Flag)
	case program.OpSave:
		t.save(op)
	case program.OpAlert:
		e := t.add(Alert)
		e.Name, e.Flag = t.teamName(op.Ref), op.Flag
		text := t.render(op.Text)
		t.effects[len(t.effects)-1].Text = text
	case program.OpRemind:
		t.remind(op)
	case program.OpCancelReminders:
		t.cancelReminders()
	case program.OpHide:
		t.hide(op)
	case program.OpOptOut:
		t.optOut()
	case program.OpOptIn:
		if t.s.Contact.OptedOut {
			t.s.Contact.OptedOut = false
			t.add(OptIn)
		}
	case program.OpErase:
		t.erase()
	case program.OpExport:
		t.add(Export)
	}
	return next
}

// halt ends the run: the conversation waits, or is over.
func (t *turn) halt() int {
	t.stopped = true
	return program.None
}

// enterStep notes where the conversation is, and holds the notice before steps that are not public.
func (t *turn) enterStep(pc, i int) int {
	step := &t.p.Steps[i]
	if !step.Public && !t.s.free && t.noticePending() {
		if t.jumps++; t.jumps > 3 {
			t.report("fallback-not-public", t.stepName())
			t.end()
			return t.halt()
		}
		if t.s.noticeRefused {
			t.commitAnswered()
			t.fallback()
			return t.halt()
		}
		t.s.opening, t.s.heldStep = notice, t.m.stepHash[i]
		return t.ask(t.p.Consents[t.p.Notice].State)
	}
	t.flow = step.Flow
	t.s.here.step = t.m.stepHash[i]
	t.traced(TraceStep, i, 0, "")
	return pc + 1
}

// move goes to a step; to another flow it leaves callers and what was interrupted behind.
func (t *turn) move(op *program.Op) int {
	if op.Ref < 0 || op.Ref >= len(t.p.Steps) {
		t.end()
		return t.halt()
	}
	if op.N == 1 {
		t.commitAnswered()
		t.s.before, t.s.free = nil, false
		t.changeFlow(t.p.Steps[op.Ref].Flow)
	} else if op.Flag {
		t.leaveLoops(0)
	}
	return t.p.Steps[op.Ref].PC
}

// changeFlow begins a run of another flow in place of the present one and its callers. What the flows behind
// know is kept while back may still go there.
func (t *turn) changeFlow(flow int) {
	h := &t.s.here
	if t.s.opening != opened { // moved out of the opening: it will not be taken up again
		t.s.opening, t.s.held, t.s.heldStep = opened, "", 0
		t.s.met = true
	}
	if len(h.calls) > 0 {
		root := h.calls[0]
		h.vars, h.calls = root.vars, nil
		t.flow = program.None
		if i, ok := t.m.place[root.to]; ok {
			t.flow = t.p.Places[i].Flow
		}
	}
	h.loops = nil
	t.keepPast(func(a asked) bool { return a.depth == 0 && a.loops == 0 })
	h.vars = h.vars.park(t.tag(t.flow), t.tag(flow), true, func(tag uint32) bool {
		for _, a := range h.past[:h.pasts] {
			if i, ok := t.m.state[a.state]; ok && t.tag(t.p.States[i].Flow) == tag {
				return true
			}
		}
		return false
	})
	t.flow = flow
}

func (t *turn) tag(flow int) uint32 {
	if flow < 0 || flow >= len(t.m.flowTag) {
		return 0
	}
	return t.m.flowTag[flow]
}

// leave is the end of a flow that nobody called: back to what it interrupted, or the end.
func (t *turn) leave() int {
	if t.s.before != nil && !t.silent { // nobody is there to whom it could be asked
		t.resume()
	} else {
		t.end()
	}
	return t.halt()
}

// resume asks what an "anywhere, then back" flow interrupted again.
func (t *turn) resume() {
	t.s.here, t.s.before = *t.s.before, nil
	t.s.free = false
	t.leaving = false
	if t.lostPlace() {
		t.moveOn()
		return
	}
	state := t.m.state[t.s.here.state]
	st := &t.p.States[state]
	t.flow = st.Flow
	switch {
	case st.Kind == program.FetchState:
		t.run(st.PC)
	case st.Kind == program.HandOverState && t.s.here.caseNumber == 0: // people finished meanwhile
		t.caseDone(state)
	default:
		t.askAgain(state)
	}
}

// end closes the conversation. Its variables go; after a silence the place of a question stays for a while.
func (t *turn) end() {
	t.stopped = true
	if !t.s.open {
		return
	}
	s := &t.s
	pending := t.noticePending()
	if t.silent && !pending {
		t.keepLate()
	}
	t.quiet = nil
	if len(s.inbox) > 0 {
		t.report("held-dropped", "")
		s.inbox = nil
	}
	if pending {
		s.draft = ""
	}
	if s.draftLanguage {
		s.Contact.Language, s.draftLanguage = "", false
	}
	s.open, s.free, s.offering, s.noticeRefused = false, false, false, false
	s.opening, s.held, s.heldStep = opened, "", 0
	s.here, s.before = place{}, nil
	t.leaving = false
	t.flow = program.None
	t.add(Ended)
}
