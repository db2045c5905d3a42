package engine

import (
	"testing"

	"baraza/engine/program"
)

func TestWhatPassesWhileAutomatedRepliesAreHeld(t *testing.T) {
	t.Parallel()
	desk, all := desk(t), everything(t)
	say := func(text string) Event { return Event{Kind: Message, Text: text} }
	for name, c := range map[string]struct {
		p    *program.Program
		way  []string
		ev   Event
		want Passage
	}{
		"a word of somebody new":            {desk, nil, say("hello"), Held},
		"a safety word of somebody new":     {desk, nil, say("person"), Passes},
		"in another language":               {desk, []string{"menu"}, say("persona"), Passes},
		"within a message":                  {desk, []string{"menu"}, say("he hurt me again"), Passes},
		"written otherwise":                 {desk, []string{"menu"}, say(" PERSON! "), Passes},
		"the menu, behind which lies all":   {desk, []string{"menu"}, say("menu"), Held},
		"an answer":                         {desk, []string{"menu"}, say("1"), Held},
		"a word that calls a flow":          {desk, []string{"menu"}, say("office"), Held},
		"a tap":                             {desk, []string{"menu"}, Event{Kind: Message, Text: "person", Token: "b1.1.office"}, Held},
		"a picture":                         {desk, []string{"menu"}, Event{Kind: Message, Media: Media{Kind: "image"}}, Held},
		"stop":                              {desk, []string{"menu"}, say("stop"), Ends},
		"hide":                              {desk, []string{"menu"}, say("weather"), Ends},
		"to people":                         {desk, []string{"person"}, say("hello"), Passes},
		"a picture to people":               {desk, []string{"person"}, Event{Kind: Message, Media: Media{Kind: "image"}}, Passes},
		"hide, while people own it":         {desk, []string{"person"}, say("weather"), Ends},
		"a silence of a case":               {desk, []string{"person"}, Event{Kind: TimerDue}, Passes},
		"a silence of a question":           {desk, []string{"menu"}, Event{Kind: TimerDue}, Held},
		"the answer of another system":      {all, []string{"status", "one"}, Event{Kind: Fetched, Fetch: 1}, Held},
		"after the flow of a safety word":   {desk, []string{"he hurt me"}, say("hello"), Held},
		"more than a message may have held": {desk, []string{"menu"}, say("\xff\x00"), Held},
	} {
		s := known(c.p)
		for _, text := range c.way {
			s, _ = Step(c.p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: text})
		}
		before := string(s.Append(nil))
		c.ev.At, c.ev.Channel = monday, "whatsapp"
		if got := s.Passage(c.p, c.ev); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		if string(s.Append(nil)) != before {
			t.Errorf("%s: the session changed", name)
		}
	}
}

func TestWhatASafetyWordsFlowSaysIsMarked(t *testing.T) {
	t.Parallel()
	p := desk(t)
	for _, c := range []struct {
		way  []string
		want []bool // of what the last word is answered with
	}{
		{[]string{"menu"}, []bool{false}},
		{[]string{"person"}, []bool{true}},
		{[]string{"menu", "he hurt me"}, []bool{true}},
		{[]string{"menu", "stop"}, []bool{true}},
		{[]string{"menu", "weather"}, []bool{true}},
		{[]string{"menu", "English", "what", "what"}, []bool{true}}, // the fallback of a question leads to a person
	} {
		s := known(p)
		var effects []Effect
		for _, text := range c.way {
			s, effects = Step(p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: text})
		}
		var got []bool
		for _, e := range effects {
			if e.Kind == Send {
				got = append(got, e.Send.Safety)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%q is answered with %d messages", c.way, len(got))
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%q: message %d is marked %v", c.way, i, got[i])
			}
		}
	}
}

func TestWhoWasNotAnsweredIsAskedAgain(t *testing.T) {
	t.Parallel()
	desk, all := desk(t), everything(t)
	for name, c := range map[string]struct {
		p     *program.Program
		s     Session
		lines string
	}{
		"at a question": {desk, known(desk), `
			> office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			resumed
			bot: We are back. Let us go on from here:
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
		`},
		"while people own the conversation": {desk, known(desk), `
			> person
			* case 1 for protection: A person wants to talk From
			bot: A colleague will answer.
			resumed
		`},
		"with no conversation open": {desk, known(desk), `
			> he hurt me
			bot: Call 112.
			* ended
			resumed
			bot: We are back. Let us go on from here:
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
		`},
		"after a silence": {desk, known(desk), `
			> office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			after 25h
			* ended
			> hello
			bot: The last conversation has ended, so this answer was not kept. Do you want to continue where we stopped?
			buttons: 1 Continue · 2 Menu
			resumed
			bot: We are back. Let us go on from here:
			bot: The last conversation has ended, so this answer was not kept. Do you want to continue where we stopped?
			buttons: 1 Continue · 2 Menu
		`},
		"somebody new": {desk, New(), `
			resumed
			bot: We are back. Let us go on from here:
			bot: Choose your language. / Elija su idioma.
			buttons: 1 English · 2 Español
		`},
		"while another system is asked": {all, known(all), `
			> status
			* fetch 1 cases
			bot: One moment.
			> one
			resumed
		`},
		"at a place that is gone": {desk, known(desk), `
			> office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			displaced
			bot: We are back. Let us go on from here:
			bot: We have improved this service since you last wrote. Let us start this part again.
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
		`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, c.p, c.s, c.lines)
		})
	}
}
