package engine

import (
	"testing"

	"baraza/engine/program"
)

func TestValuesInTexts(t *testing.T) {
	t.Parallel()
	b := build(t, "en", "ar")
	b.flow("start")
	b.step("first", "public")
	n := b.str("start.first.say", "x")
	count := b.expr("n")
	b.p.Exprs[count].Type = program.NumberKind
	b.p.Strings[n].Texts[0] = program.Text{{Kind: program.Plural, Expr: count, Cases: []program.Case{
		{Key: "=0", Text: program.Text{{Kind: program.Literal, Literal: "no office"}}},
		{Key: "one", Text: program.Text{{Kind: program.Number}, {Kind: program.Literal, Literal: " office"}}},
		{Key: "other", Text: program.Text{{Kind: program.Number}, {Kind: program.Literal, Literal: " offices"}}}}}}
	phone := b.str("start.first.phone", "Call {phone} now.|اتصل {phone} الآن.")
	choice := b.str("start.first.choice", "You chose {kind}.|اخترت {kind}.")
	b.ask("kind", program.ChoiceKind, "Which?", opt("legal: Legal *help*|مساعدة قانونية"), opt("other: Other|غير ذلك"))
	pick := b.str("start.first.pick", "x")
	b.p.Strings[pick].Texts[0] = program.Text{{Kind: program.Select, Expr: b.expr("kind"), Cases: []program.Case{
		{Key: "legal", Text: b.text("a lawyer for {phone}")}, {Key: "other", Text: b.text("somebody")}}}}
	p := b.done()

	tests := []struct {
		name, lang string
		str        int
		vars       []Value
		want       string
	}{
		{"none", "en", n, []Value{{"n", 0.0}}, "no office"},
		{"one", "en", n, []Value{{"n", 1.0}}, "1 office"},
		{"many", "en", n, []Value{{"n", 7.0}}, "7 offices"},
		{"left to right", "en", phone, []Value{{"phone", "+254 700*"}}, `Call +254 700\* now.`},
		{"apart in a right-to-left text", "ar", phone, []Value{{"phone", "+254 700"}}, "اتصل \u2066+254 700\u2069 الآن."},
		{"words of the script need nothing", "ar", phone, []Value{{"phone", "رقم ٥"}}, "اتصل رقم ٥ الآن."},
		{"no control gets in", "ar", phone, []Value{{"phone", "1\u202e2\u20693"}}, "اتصل \u2066123\u2069 الآن."},
		{"a choice by its label", "ar", choice, []Value{{"kind", "legal"}}, "اخترت مساعدة قانونية."},
		{"a value nobody chose", "en", choice, []Value{{"kind", "gone"}}, "You chose gone."},
		{"select", "en", pick, []Value{{"kind", "legal"}, {"phone", "5"}}, "a lawyer for 5"},
		{"select other", "en", pick, []Value{{"kind", "x"}}, "somebody"},
		{"unset", "en", phone, nil, "Call  now."},
		{"no translation", "ar", pick, []Value{{"kind", "x"}}, "somebody"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := Session{Contact: Contact{Language: test.lang}}
			tn := machineOf(p).turns.New().(*turn)
			tn.begin(machineOf(p), s, Event{At: monday}, nil)
			tn.flow = 0
			for _, v := range test.vars {
				tn.set(v.Name, v.Value, false)
			}
			if got := tn.render(test.str); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestOptionsByChannel(t *testing.T) {
	t.Parallel()
	labels := []string{"a: A", "b: B", "c: C", "d: D"}
	ask := func(n int, change func(*program.Ask)) *program.Program {
		b := build(t)
		b.flow("start")
		b.step("first")
		var parts []part
		for _, l := range labels[:n] {
			parts = append(parts, opt(l))
		}
		if change != nil {
			parts = append(parts, with(change))
		}
		b.ask("x", program.ChoiceKind, "Which?", parts...)
		p := b.done()
		p.Start = 0
		return p
	}
	about := func(a *program.Ask) { a.Options[0].About = 0 }
	wide := func(a *program.Ask) { a.Wide = []bool{true, false, false} }
	tests := []struct {
		name, channel string
		options       int
		change        func(*program.Ask)
		want          Style
	}{
		{"few are buttons", "whatsapp", 3, nil, Buttons},
		{"more are a list", "whatsapp", 4, nil, List},
		{"wide labels are a list", "whatsapp", 2, wide, List},
		{"second lines are a list", "whatsapp", 2, about, List},
		{"a channel without lists keeps buttons", "telegram", 4, about, Buttons},
		{"plain text has numbers", "sms", 2, nil, Numbers},
		{"an unknown channel is plain text", "pigeon", 2, nil, Numbers},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := ask(test.options, test.change)
			_, effects := Step(p, New(), Event{Kind: Message, At: monday, Channel: test.channel, Text: "hello"})
			if len(effects) != 1 || effects[0].Kind != Send {
				t.Fatalf("effects: %+v", effects)
			}
			if got := effects[0].Send.Style; got != test.want {
				t.Errorf("style %d, want %d", got, test.want)
			}
		})
	}
}

func TestTheNoticeIsShownInEveryLanguageWhereNoneIsKnown(t *testing.T) {
	t.Parallel()
	b := build(t, "en", "es")
	b.notice("May we?|¿Podemos?")
	b.flow("start")
	b.step("first")
	b.say("Hello.|Hola.")
	p := b.done()
	p.Start = 0
	run(t, p, New(), `
		> buenas
		bot: May we? / ¿Podemos?
		buttons: 1 I agree · 2 No
		> acepto
		* consent notice 1 true en
		bot: Hello.
		* ended
		> hello again
		bot: Hello.
		* ended`)
}

func TestAPacksOwnWordsGoBeforeTheBuiltInOnes(t *testing.T) {
	t.Parallel()
	b := build(t)
	b.p.Texts.DidYouMean = b.str("texts.did_you_mean", "You mean {label}, right?")
	b.p.Texts.NotUnderstood = b.str("texts.not_understood", "Pardon?")
	b.flow("start")
	b.step("first", "sensitive")
	b.ask("kind", program.ChoiceKind, "Which?", opt("help: Legal help"), opt("other: Other"))
	b.end()
	p := b.done()
	p.Start = 0
	run(t, p, New(), `
		> hello
		bot: Which?
		buttons: 1 Legal help · 2 Other
		> what
		bot: Pardon?
		bot: Which?
		buttons: 1 Legal help · 2 Other
		> leagl help
		bot: You mean Legal help, right?
		buttons: 1 Yes · 2 No
		> yes
		* ended`)
}

func TestATraceTellsTheWayAndChangesNothing(t *testing.T) {
	t.Parallel()
	p := desk(t)
	s := known(p)
	s, _ = Step(p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: "office"})
	var kinds []TraceKind
	StepTraced(p, s, Event{Kind: Message, At: monday, Channel: "whatsapp", Text: "kakuma"}, func(e TraceEvent) { kinds = append(kinds, e.Kind) })
	want := []TraceKind{TraceReply, TraceOption, TraceStep}
	if len(kinds) != len(want) {
		t.Fatalf("got %v, want %v", kinds, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Errorf("got %v, want %v", kinds, want)
		}
	}
}
