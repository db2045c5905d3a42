package engine

import (
	"slices"
	"time"

	"baraza/engine/program"
)

// remind plans a return.
func (t *turn) remind(op *program.Op) {
	if len(t.s.reminders) >= maxReminders {
		t.report("reminder-dropped", "too many")
		return
	}
	if t.s.Contact.OptedOut {
		t.report("reminder-dropped", "opted out")
		return
	}
	step := hash(op.Name)
	if i := t.m.stepAt(op.To); i != program.None {
		step = t.m.stepHash[i]
	}
	due := t.ev.At.Add(time.Duration(op.N) * time.Second)
	r := reminder{number: t.nextNumber(), due: due.Unix(), step: step}
	if op.Ref >= 0 && op.Ref < len(t.p.Template) {
		r.template = t.p.Template[op.Ref].Name
	}
	for _, a := range t.values(op.Args) {
		r.args = r.args.with(&t.scratch, a.Name, a.Value)
	}
	if len(r.args) > maxValueBytes {
		t.report("reminder-dropped", "too large")
		return
	}
	t.s.reminders = append(slices.Clip(t.s.reminders), r)
	e := t.add(SetTimer)
	e.Timer, e.Due, e.Name, e.Ref = r.number, due, op.Name, r.template
}

func (t *turn) cancelReminders() {
	for i := range t.s.reminders {
		t.add(CancelTimer).Timer = t.s.reminders[i].number
	}
	t.s.reminders = nil
	t.s.reply = reply{}
}

// reminderDue sends a template or goes to the target; while a conversation is open the reminder waits.
func (t *turn) reminderDue(i int) {
	r := t.s.reminders[i]
	last := time.Unix(r.due, 0).Add(reminderWaits)
	isLate := !t.ev.At.Before(last)
	if t.s.open && !isLate {
		reminders := slices.Clone(t.s.reminders)
		reminders[i].waiting = true
		t.s.reminders = reminders
		e := t.add(SetTimer)
		e.Timer, e.Due = r.number, last
		return
	}
	if t.s.reminders = slices.Delete(slices.Clone(t.s.reminders), i, i+1); len(t.s.reminders) == 0 {
		t.s.reminders = nil
	}
	step, ok := t.m.step[r.step]
	switch {
	case t.s.Contact.OptedOut:
		t.report("reminder-dropped", "opted out")
	case isLate:
		t.report("reminder-dropped", "waited a day")
	case !ok:
		t.report("reminder-dropped", "its step is gone")
	case r.template != "":
		t.sendReminder(r)
	case t.now()-t.s.lastMessage > int64(messagingWindow/time.Second):
		t.report("reminder-dropped", "the person's last message is older than a day")
	default:
		t.openAt(step)
	}
}

// sendReminder sends the template; the reply to it goes to the target.
func (t *turn) sendReminder(r reminder) {
	for i := range t.p.Template {
		if t.p.Template[i].Name != r.template {
			continue
		}
		var args []Value
		r.args.each(func(e entry) { args = append(args, Value{e.name, t.m.resolve(e.value())}) })
		t.sayTemplate(i, args)
		t.s.reply = reply{step: r.step, until: t.ev.At.Add(lateFor).Unix()}
		return
	}
	t.report("reminder-dropped", "its template is gone")
}

// wakeReminders lets reminders that waited for the end of a conversation come at once.
func (t *turn) wakeReminders() {
	for i := range t.s.reminders {
		if !t.s.reminders[i].waiting {
			continue
		}
		reminders := slices.Clone(t.s.reminders)
		for j := i; j < len(reminders); j++ {
			if reminders[j].waiting {
				reminders[j].waiting = false
				e := t.add(SetTimer)
				e.Timer, e.Due = reminders[j].number, t.ev.At
			}
		}
		t.s.reminders = reminders
		return
	}
}
