package engine

import "testing"

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
			bot: You need: Food and A tent.
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
			bot: You need: Food and Water.
			* ended`},
		{"or together", `
			> needs
			bot: What do you need?
			list: 1 Food · 2 Water · 3 A tent · 4 Done
			> 1 and 3
			bot: You need: Food and A tent.
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
			bot: You need: Food and A tent.
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
			bot: Sorry, I did not understand.
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
			bot link https://example.org/maps (Open it): A map
			bot template reminder name=Ana: Hello Ana, still a good time?
			buttons: 1 Yes, call me
			* export
			* unsend everything
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
		{"a question has its own silence", `
			> quiet
			bot: Are you there?
			buttons: 1 Yes
			after 2h
			bot: Take your time.
			after 2h
			bot: Until later.
			* ended
			> yes
			bot: The last conversation has ended, so this answer was not kept. Do you want to continue where we stopped?
			buttons: 1 Continue · 2 Menu
			> continue
			bot: Are you there?
			buttons: 1 Yes
			> 1
			bot: Good.
			* ended`},
		{"silence begins anew with each message, and rests during an interruption", `
			> quiet
			bot: Are you there?
			buttons: 1 Yes
			after 50m
			> note
			bot: Which note?
			after 2h
			> this
			bot: Kept.
			bot: Are you there?
			buttons: 1 Yes
			after 50m
			> what
			bot: Sorry, I did not understand.
			bot: Are you there?
			buttons: 1 Yes
			after 50m
			> 1
			bot: Good.
			* ended`},
		{"a second interruption takes the place of the first", `
			> quiet
			bot: Are you there?
			buttons: 1 Yes
			> note
			bot: Which note?
			> note
			bot: Which note?
			> this
			bot: Kept.
			bot: Are you there?
			buttons: 1 Yes`},
		{"a sensitive question leaves no place behind", `
			> rumour
			bot: What did you hear?
			buttons: 1 I will not say
			after 30h
			* ended
			> hello
			bot: What now?
			buttons: 1 Go on · 2 Back`},
		{"stop works in every language, cancels reminders and silences what comes later", `
			> later
			bot: We will write again.
			* ended
			> quiet
			bot: Are you there?
			buttons: 1 Yes
			> قف!
			* unsend everything
			* opted out
			bot: No more messages.
			* ended
			after 100h
			> quiet
			bot: Are you there?
			buttons: 1 Yes
			after 2h
			* report not-sent opted out
			> 1
			bot: Good.
			* ended`},
		{"a safety word cancels a fetch", `
			> status
			* fetch 1 cases
			bot: One moment.
			> hello?
			> halt
			* unsend everything
			* opted out
			* report held-dropped
			bot: No more messages.
			* ended
			fetched 1: status=open`},
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
