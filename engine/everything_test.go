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

func TestEveryConstruct(t *testing.T) {
	t.Parallel()
	p := everything(t)
	tests := []struct{ name, lines string }{
		{"back asks the question before, and the present one where there is none", `
			restart
			bot: What now?
			buttons: 1 Go on · 2 Back
			> back
			bot: What now?
			buttons: 1 Go on · 2 Back
			> 1
			bot: And now?
			buttons: 1 Go on · 2 Back
			> back
			bot: What now?
			buttons: 1 Go on · 2 Back
			> go on
			bot: And now?
			buttons: 1 Go on · 2 Back
			> 1
			bot: Done.
			* ended`},
		{"a long list has pages, and its numbers go on", `
			> camps
			bot: Which camp?
			list: 1 Camp 1 · 2 Camp 2 · 3 Camp 4 · 4 Camp 5 · 5 Camp 6 · 6 Camp 7 · 7 Camp 8 · 8 Camp 9 · 9 Camp 10 · 0 More…
			tap More…
			bot: Which camp?
			list: 10 Camp 11 · 11 Camp 12 · 12 Camp 13 · 13 Camp 14
			> 3
			bot: You chose Camp 4.
			* ended`},
		{"zero turns the page, and buttons page too", `
			channel telegram
			> camps
			bot: Which camp?
			buttons: 1 Camp 1 · 2 Camp 2 · 3 Camp 4 · 4 Camp 5 · 5 Camp 6 · 6 Camp 7 · 7 Camp 8 · 8 Camp 9 · 9 Camp 10 · 0 More…
			> 0
			bot: Which camp?
			buttons: 10 Camp 11 · 11 Camp 12 · 12 Camp 13 · 13 Camp 14
			tap Camp 14
			bot: You chose Camp 14.
			* ended`},
		{"several answers come one by one", `
			> needs
			bot: What do you need?
			list: 1 Food · 2 Water · 3 A tent · 4 Done
			tap Food
			bot: What do you need?
			buttons: 2 Water · 3 A tent · 4 Done
			tap A tent
			bot: What do you need?
			buttons: 2 Water · 4 Done
			> done
			bot: You need: Food, A tent.
			* ended`},
		{"what is written is the last of several answers", `
			> needs
			bot: What do you need?
			list: 1 Food · 2 Water · 3 A tent · 4 Done
			> done
			bot: Sorry, I did not understand.
			bot: What do you need?
			list: 1 Food · 2 Water · 3 A tent · 4 Done
			tap Food
			bot: What do you need?
			buttons: 2 Water · 3 A tent · 4 Done
			> water
			bot: Water is on its way.
			bot: You need: Food, Water.
			* ended`},
		{"or together", `
			> needs
			bot: What do you need?
			list: 1 Food · 2 Water · 3 A tent · 4 Done
			> 1 and 3
			bot: You need: Food, A tent.
			* ended`},
		{"a loop asks about each row and can be left", `
			> children
			bot: Are you in Camp 1?
			buttons: 1 Yes · 2 No
			> no
			bot: Are you in Camp 2?
			buttons: 1 Yes · 2 No
			> no
			bot: Are you in Camp 3?
			buttons: 1 Yes · 2 No
			> no
			bot: In none of them.
			bot: After the loop.
			* ended
			> children
			bot: Are you in Camp 1?
			buttons: 1 Yes · 2 No
			> yes
			bot: Welcome to Camp 1.
			bot: After the loop.
			* ended`},
		{"a call sees only what it takes and gives a value back", `
			> calls
			bot: Double 21?
			buttons: 1 Yes · 2 No
			> 1
			bot: It is 42, and the name is still outer.
			* ended`},
		{"a call has at most eight below it", `
			> deep
			* report call-too-deep deep.down
			bot: What now?
			buttons: 1 Go on · 2 Back`},
		{"messages during a fetch wait for the next question", `
			> status
			* fetch 1 cases
			bot: One moment.
			> hello?
			fetched 1: status=open, secret=x
			bot: Status: open
			bot: Anything to add?
			buttons: 1 No
			bot: Noted: hello?
			* ended`},
		{"a fetch may fail", `
			> status
			* fetch 1 cases
			bot: One moment.
			fetched 9: status=other
			fetched 1: failed
			bot: It did not work.
			bot: Anything to add?
			buttons: 1 No
			tap No
			bot: Noted:
			* ended`},
		{"reminders come when due, with a template or without", `
			> later
			bot: We will write again.
			* ended
			after 2h
			bot: An hour has passed.
			* ended
			after 48h
			bot template reminder name=Ana: Hello Ana, still a good time?
			buttons: 1 Yes, call me
			> of course
			bot: Shall we call?
			buttons: 1 Yes · 2 No`},
		{"a template's button has its own flow", `
			> later
			bot: We will write again.
			* ended
			after 50h
			bot: An hour has passed.
			* ended
			bot template reminder name=Ana: Hello Ana, still a good time?
			buttons: 1 Yes, call me
			button reminder Yes, call me
			bot: We will call.
			* ended`},
		{"a reminder waits while a question is open", `
			> later
			bot: We will write again.
			* ended
			> needs
			bot: What do you need?
			list: 1 Food · 2 Water · 3 A tent · 4 Done
			after 2h
			> 1, 3
			bot: You need: Food, A tent.
			* ended
			after 1s
			bot: An hour has passed.
			* ended`},
		{"a reminder that waited a day is dropped and reported", `
			> later
			bot: We will write again.
			* ended
			after 30m
			> restart please
			bot: What now?
			buttons: 1 Go on · 2 Back
			after 23h
			> 1
			bot: And now?
			buttons: 1 Go on · 2 Back
			after 2h
			* report reminder-dropped waited a day`},
		{"reminders are cancelled", `
			> later
			bot: We will write again.
			* ended
			> cancel
			bot: Cancelled.
			* ended
			after 50h`},
		{"a record has a reference and is updated under its name", `
			> rumour
			bot: What did you hear?
			buttons: 1 I will not say
			> this is much longer than forty characters, so it must be shorter
			bot: That is longer than we can take. Please write it shorter.
			bot: What did you hear?
			buttons: 1 I will not say
			> The shelter closes
			bot: How bad is it?
			buttons: 1 Harmless · 2 Dangerous · 3 I will not say
			> dangerus
			bot: Did you mean “Dangerous”?
			buttons: 1 Yes · 2 No
			> no
			bot: How bad is it?
			buttons: 1 Harmless · 2 Dangerous · 3 I will not say
			> dangeros
			bot: Did you mean “Dangerous”?
			buttons: 1 Yes · 2 No
			tap Yes
			* saved rumour R-799XJR heard=The shelter closes
			* updated rumour R-799XJR risk=high
			* alert desk: Rumour R-799XJR
			bot: Your number is *R-799XJR*.
			* ended`},
		{"each type takes what fits it", `
			> types
			bot: How old are you?
			buttons: I will not say
			> 1,000
			bot: Please write a number.
			> old
			bot: Please write a number.
			> ٣٤
			bot: When were you born?
			> 5/3/1990
			bot: At what time?
			> 14h30
			bot: Your number?
			> 0712 345 678
			bot: Your address?
			> ana@Example.org
			bot: Where are you?
			place 200,1
			bot: Sorry, I did not understand.
			bot: Where are you?
			place 1.5,36.5
			bot: A photo?
			send audio
			bot: I can only read text here.
			bot: A photo?
			send image
			bot: 34 1990-03-05 14:30 +254712345678 ana@example.org
			* ended`},
		{"everything that can be sent is sent", `
			> sends
			bot: First wording.
			* pause 10
			bot audio media/a.ogg:
			bot image media/map.png: A map
			bot at 1.5,36.5: A map
			bot card +254700000000: A map
			bot template reminder name=Ana: Hello Ana, still a good time?
			buttons: 1 Yes, call me
			* export
			* opted out
			* opted in
			* field town = Quito*
			bot: Town: Quito\*
			* erase
			bot: Town: .
			* ended`},
		{"a turn that never waits is stopped and says so", `
			> flood
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			bot: Again.
			* report turn-too-long flood.round
			bot: Let us start again.
			bot: What now?
			buttons: 1 Go on · 2 Back`},
		{"a free-text question is interrupted by a whole word only, and the question comes back", `
			> status
			* fetch 1 cases
			bot: One moment.
			fetched 1: failed
			bot: It did not work.
			bot: Anything to add?
			buttons: 1 No
			> note
			bot: Which note?
			> a note about the camps
			bot: Kept.
			bot: Anything to add?
			buttons: 1 No
			> note that well
			bot: Noted: note that well
			* ended`},
		{"a picture may start a flow", `
			send image
			bot: Thank you for the picture.
			* ended`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := known(p)
			s.Contact.Consents = ""
			s.met = true
			run(t, p, s, test.lines)
		})
	}
}
