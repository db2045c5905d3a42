package engine

import (
	"fmt"
	"testing"

	"baraza/engine/program"
)

// everything is a pack that uses every instruction once: each flow is called out by its own word.
func everything(t testing.TB) *program.Program {
	b := build(t, "en", "ar")
	b.p.Silent = program.Silence{Seconds: 24 * 3600, PC: no}
	b.p.Fields = []program.Field{{Name: "town"}}
	b.p.Teams = []program.Team{{Name: "desk", Hours: no}}
	b.p.Records = []program.Record{{Name: "rumour"}}
	b.p.Services = []program.Service{{Name: "cases", Returns: []program.Shape{{Name: "status", Type: program.TextKind}}}}
	for i := range 14 {
		if i == 0 {
			b.table("camps", "id,name")
		}
		row := program.Row{ID: fmt.Sprint("c", i+1), Table: "camps", Columns: []string{"id", "name"}, Cells: []any{fmt.Sprint("c", i+1), fmt.Sprint("Camp ", i+1)}}
		b.p.Tables[0].Rows = append(b.p.Tables[0].Rows, row)
	}
	b.p.Template = []program.Template{{Name: "reminder", Body: b.str("template.reminder.body", "Hello {name}, still a good time?"), Header: no, Footer: no,
		Buttons: []int{b.str("template.reminder.button", "Yes, call me")}, Params: []string{"name"}}}
	word := func(w string, flags ...string) { b.words(w, "en: "+w, append(flags, "anywhere")...) }
	times := func(n int) program.When { return program.When{Kind: program.WhenNotUnderstood, Times: n} }

	b.flow("start")
	b.step("first")
	b.ask("", program.Any, "What now?", opt("go: Go on"), opt("back: Back", func(b *builder) { b.op(program.OpBack) }))
	b.step("second")
	b.ask("", program.Any, "And now?", opt("go: Go on"), opt("back: Back", func(b *builder) { b.op(program.OpBack) }))
	b.say("Done.")
	b.end()

	b.flow("camps")
	word("camps")
	b.step("pick")
	b.ask("camp", program.RowKind, "Which camp?", with(func(a *program.Ask) {
		a.Rows = &program.Rows{Expr: b.expr("camps"), Row: "camp", Where: b.expr(`camp.id != "c3"`), Show: "name"}
	}))
	b.say("You chose {camp.name}.")

	b.flow("needs")
	word("needs")
	b.step("needs")
	b.ask("needs", program.ListKind, "What do you need?", opt("food: Food"), opt("water: Water"), opt("tent: A tent"),
		with(func(a *program.Ask) { a.Several = true }))
	b.provided(`"water" in needs`, func() { b.say("Water is on its way.") })
	b.say("You need: {needs}.")

	b.flow("children")
	word("children")
	b.step("each")
	b.each("camp", "camps", "", 3, nil, func() {
		b.ask("here", program.YesNo, "Are you in {camp.name}?")
		b.provided("here", func() {
			b.say("Welcome to {camp.name}.")
			b.op(program.OpMove).Flag = true
			at := b.pc() - 1
			b.later = append(b.later, func() { b.p.Code[at].Ref = b.stepNamed("children.after") })
		})
	})
	b.say("In none of them.")
	b.step("after")
	b.say("After the loop.")

	b.flow("calls")
	word("calls")
	b.step("one")
	b.set("name", `"outer"`, false)
	b.call("double", "answer", "n = 21")
	b.say("It is {answer}, and the name is still {name}.")
	b.flow("double")
	b.step("ask")
	b.ask("sure", program.YesNo, "Double {n}? {name}")
	r := b.expr("n * 2")
	b.op(program.OpReturn).Expr = r
	b.flow("deep")
	word("deep")
	b.step("down")
	b.call("deep", "")

	b.flow("case")
	word("status")
	b.step("ask")
	b.fetch("found", 0, when(program.When{Kind: program.WhenWaiting}, "One moment."), when(program.When{Kind: program.WhenFailed}, "It did not work."))
	b.provided("known(found.status)", func() { b.say("Status: {found.status}") })
	b.ask("more", program.TextKind, "Anything to add?", skip("No"))
	b.say("Noted: {more}")

	b.flow("later")
	word("later")
	b.step("plan")
	n := b.expr(`"Ana"`)
	tpl := b.op(program.OpRemind)
	tpl.N, tpl.Name, tpl.Ref, tpl.Args = 2*24*3600, "later.back", 0, []program.Arg{{Name: "name", Expr: n}}
	free := b.op(program.OpRemind)
	free.N, free.Name = 3600, "later.soon"
	b.say("We will write again.")
	b.end()
	b.step("back")
	b.ask("", program.Any, "Shall we call?", opt("yes: Yes"), opt("no: No"))
	b.say("Fine.")
	b.end()
	b.step("soon")
	b.say("An hour has passed.")
	b.end()
	b.flow("cancel")
	word("cancel")
	b.step("all")
	b.op(program.OpCancelReminders)
	b.say("Cancelled.")

	b.flow("rumour")
	word("rumour")
	b.step("tell", "sensitive")
	b.ask("heard", program.TextKind, "What did you hear?", skip("I will not say"), with(func(a *program.Ask) { a.UpTo = 40 }))
	b.ask("risk", program.ChoiceKind, "How bad is it?", opt("harmless: Harmless"), opt("dangerous: Dangerous"), skip("I will not say"))
	heard, high := b.expr("heard"), b.expr(`"high"`)
	save := b.op(program.OpSave)
	save.Ref, save.Name, save.Args = 0, "report", []program.Arg{{Name: "heard", Expr: heard}}
	again := b.op(program.OpSave)
	again.Ref, again.Name, again.Args = 0, "report", []program.Arg{{Name: "risk", Expr: high}}
	alert := b.str("rumour.tell.alert", "Rumour {report.reference}")
	b.op(program.OpAlert).Ref = 0
	b.p.Code[b.pc()-1].Text = alert
	b.say("Your number is *{report.reference}*.")

	b.flow("types")
	word("types")
	b.step("all")
	b.ask("age", program.NumberKind, "How old are you?", skip("I will not say"), with(func(a *program.Ask) { lo, hi := 0.0, 120.0; a.From, a.To = &lo, &hi }),
		when(times(0), "Please write a number."), when(times(3), "", func(b *builder) { b.end() }))
	b.ask("born", program.DateKind, "When were you born?")
	b.ask("at", program.TimeKind, "At what time?")
	b.ask("phone", program.PhoneKind, "Your number?")
	b.ask("mail", program.EmailKind, "Your address?")
	b.ask("where", program.LocationKind, "Where are you?")
	b.ask("photo", program.MediaKind, "A photo?", with(func(a *program.Ask) { a.Media = []string{"image"} }))
	b.say("{age} {born} {at} {phone} {mail}")

	b.flow("sends")
	word("sends")
	b.step("all")
	one := b.op(program.OpSayOneOf)
	one.Texts, one.N = []int{b.str("sends.all.1", "First wording."), b.str("sends.all.2", "Second wording.")}, 1
	b.op(program.OpWait).N = 30
	audio := b.op(program.OpSayMedia)
	audio.Name, audio.Path, audio.Flag = "audio", "media/a.ogg", true
	caption := b.str("sends.all.caption", "A map")
	image := b.op(program.OpSayMedia)
	image.Name, image.Path, image.Text, image.Paths = "image", "media/map.png", caption, []string{"media/map.png", "media/ar/map.png"}
	lat, lon := b.expr("1.5"), b.expr("36.5")
	loc := b.op(program.OpSayLocation)
	loc.Text, loc.Args = caption, []program.Arg{{Name: "lat", Expr: lat}, {Name: "lon", Expr: lon}}
	card := b.op(program.OpSayContact)
	card.Name, card.Text = "+254700000000", caption
	link := b.op(program.OpSayLink)
	link.Path, link.Text, link.Texts = "https://example.org/maps", caption, []int{b.str("sends.all.button", "Open it|افتحها")}
	say := b.op(program.OpSayTemplate)
	say.Ref, say.Args = 0, []program.Arg{{Name: "name", Expr: n}}
	b.op(program.OpExport)
	b.op(program.OpOptOut)
	b.op(program.OpOptIn)
	b.set("town", `"Quito*"`, true)
	b.say("Town: {town}|المدينة: {town}")
	b.op(program.OpErase)
	b.say("Town: {town}.")

	b.flow("forever")
	word("forever")
	b.step("round")
	b.op(program.OpWait).N = 1
	b.op(program.OpJump).To = b.pc() - 1
	b.flow("flood")
	word("flood")
	b.step("round")
	again20 := b.pc()
	b.say("Again.")
	b.op(program.OpJump).To = again20

	b.flow("quiet")
	word("quiet")
	b.step("ask")
	b.ask("", program.Any, "Are you there?", opt("yes: Yes"),
		when(program.When{Kind: program.WhenSilent, Seconds: 3600}, "Take your time."),
		when(program.When{Kind: program.WhenSilent, Seconds: 3 * 3600}, "Until later.", func(b *builder) { b.end() }))
	b.say("Good.")

	b.flow("halt")
	b.words("stop", "en: halt; ar: قف", "safety")
	b.step("bye")
	b.say("No more messages.")
	b.end()

	b.flow("note")
	b.words("note", "en: note", "then back")
	b.step("note")
	b.ask("note", program.TextKind, "Which note?")
	b.say("Kept.")
	b.flow("picture")
	b.trigger(program.Trigger{Kind: program.OnMedia, Media: "image", As: "photo", Name: "image"})
	b.step("thanks")
	b.say("Thank you for the picture.")
	b.flow("yes")
	b.trigger(program.Trigger{Kind: program.OnTemplate, Ref: 0, Button: "Yes, call me", Name: "template reminder"})
	b.step("yes")
	b.say("We will call.")

	p := b.done()
	p.Start, p.Fallback = p.Flows[0].PC, p.Flows[0].PC
	return p
}
