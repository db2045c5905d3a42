package engine

import (
	"slices"
	"strconv"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

func (t *turn) teamName(i int) string {
	if i < 0 || i >= len(t.p.Teams) {
		return ""
	}
	return t.p.Teams[i].Name
}

// handOver opens a case and gives the conversation to people, outside their hours too.
func (t *turn) handOver(state int) int {
	st := &t.p.States[state]
	ho := st.HandOver
	t.commitAnswered()
	t.arrive(state)
	number := t.nextNumber()
	t.s.here.caseNumber, t.s.here.answered = number, false
	summary, text := t.render(ho.Summary), t.render(ho.Text)
	urgent := ho.Urgent && (ho.If < 0 || t.holds(ho.If))
	var shared []Value
	for _, name := range ho.Share {
		if v, ok := t.lookup(name); ok {
			shared = append(shared, Value{name, v})
		}
	}
	e := t.add(OpenCase)
	e.Case, e.Name, e.Text, e.More, e.Args, e.Flag = number, t.teamName(ho.Team), summary, text, shared, urgent
	kind := program.WhenWaiting
	if !t.teamIsThere(ho.Team) {
		kind = program.WhenOutsideHours
	}
	if i := findWhen(st, kind); i != program.None {
		t.runWhen(state, i)
	} else if i := findWhen(st, program.WhenWaiting); i != program.None {
		t.runWhen(state, i)
	}
	return t.halt()
}

func findWhen(st *program.State, kind program.WhenKind) int {
	for i := range st.Whens {
		if st.Whens[i].Kind == kind {
			return i
		}
	}
	return program.None
}

func (t *turn) teamIsThere(team int) bool {
	if team < 0 || team >= len(t.p.Teams) {
		return true
	}
	hours := t.p.Teams[team].Hours
	return hours < 0 || hours >= len(t.p.Hours) || expression.IsOpen(&t.p.Hours[hours], t.ev.At.In(t.m.zone))
}

// messageToPeople passes on what the person writes while people own the conversation.
func (t *turn) messageToPeople() {
	e := t.add(CaseMessage)
	e.Case, e.Text, e.Media = t.s.here.caseNumber, t.ev.Text, t.ev.Media
	if l := t.ev.Location; l != nil {
		e.Text = strconv.FormatFloat(l.Lat, 'f', 6, 64) + ", " + strconv.FormatFloat(l.Lon, 'f', 6, 64)
	}
}

// staffReply sends what a person of the team wrote. The first reply ends the wait for an answer.
func (t *turn) staffReply() {
	text := t.clean(t.ev.Text)
	if t.ev.Case == 0 || t.ev.Case > t.s.numbers {
		t.report("unknown-case", "")
		return
	}
	if t.ev.Case <= t.s.closedUpTo { // the person left: who holds the phone now may be somebody else
		t.report("not-sent", "case closed")
		return
	}
	if t.s.open && t.s.here.caseNumber == t.ev.Case {
		t.answeredByPeople()
	} else if b := t.s.before; b != nil && b.caseNumber == t.ev.Case {
		kept := *b
		kept.answered = true
		t.s.before = &kept
	}
	t.bytes += len(text)
	if o := t.outgoing(); o != nil {
		o.Text, o.Media, o.Staff = string(appendEscaped(nil, text)), t.ev.Media, true
	}
}

// answeredByPeople notes the first reply in the case that is open here, and says what is said then.
func (t *turn) answeredByPeople() {
	first := !t.s.here.answered
	t.s.here.answered = true
	if !t.owned() { // a block of the hand-over asks something
		return
	}
	t.touched = true
	if !first {
		return
	}
	state := t.m.state[t.s.here.state]
	if i := findWhen(&t.p.States[state], program.WhenAnswered); i != program.None {
		t.runWhen(state, i)
	}
}

// staffDone takes the conversation back from people.
func (t *turn) staffDone() {
	if t.owned() && t.s.here.caseNumber == t.ev.Case {
		t.caseDone(t.m.state[t.s.here.state])
		return
	}
	if t.ev.Case == 0 {
		return
	}
	if t.s.open && t.s.here.caseNumber == t.ev.Case { // a block of the hand-over asks something: done when it is answered
		t.s.here.caseNumber = 0
	}
	if b := t.s.before; b != nil && b.caseNumber == t.ev.Case {
		kept := *b
		kept.caseNumber = 0
		t.s.before = &kept
	}
}

func (t *turn) caseDone(state int) {
	st := &t.p.States[state]
	h := &t.s.here
	h.state, h.caseNumber, h.answered = 0, 0, false
	if i := findWhen(st, program.WhenDone); i != program.None {
		t.traced(TraceWhen, state, i, "")
		t.sayString(st.Whens[i].Text)
		if pc := st.Whens[i].PC; pc >= 0 {
			t.run(pc)
			return
		}
	}
	t.run(st.Next)
}

// leaveCases closes every case of the conversation: nothing that people write in them, or wrote and has not left,
// reaches the person.
func (t *turn) leaveCases() {
	t.unsend(false)
	for _, at := range [...]*place{&t.s.here, t.s.before} {
		if at != nil && at.caseNumber != 0 {
			t.add(CloseCase).Case = at.caseNumber
		}
	}
	t.s.here.caseNumber = 0
	if t.s.before != nil {
		kept := *t.s.before
		kept.caseNumber = 0
		t.s.before = &kept
	}
	t.s.closedUpTo = t.s.numbers
}

// unsend takes back what has not left yet: everything, or what people wrote. One effect a turn says so.
func (t *turn) unsend(all bool) {
	i := slices.IndexFunc(t.effects, func(e Effect) bool { return e.Kind == Unsend })
	if i < 0 {
		t.add(Unsend).Flag = all
	} else if all {
		t.effects[i].Flag = true
	}
}

// closeCase tells people that the person has left. A case that nobody answered in time stays open: they
// still owe the answer.
func (t *turn) closeCase() {
	if t.owned() && t.s.here.caseNumber != 0 {
		t.add(CloseCase).Case = t.s.here.caseNumber
		t.s.here.caseNumber = 0
	}
}
