package engine

import (
	"testing"

	"baraza/engine/program"
)

// twoQuestions is the flow that turns are measured with: a greeting and a menu of five, then in the person's
// language a reply and a free-text question, then the answer stored and the end.
func twoQuestions(t testing.TB) *program.Program {
	b := build(t, "en", "sw")
	b.p.Silent = program.Silence{Seconds: 24 * 3600, PC: no}
	b.p.Fields = []program.Field{{Name: "nickname"}}
	b.notice("May we keep what you write?|Tunaweza kuhifadhi unachoandika?")
	b.flow("welcome")
	b.words("menu", "en: menu; sw: menyu", "safety")
	b.step("menu")
	b.say("Welcome to the desk.|Karibu kwenye dawati.")
	b.ask("topic", program.TextKind, "How can we help you today?|Tukusaidie vipi leo?",
		opt("offices: Find an office|Tafuta ofisi"), opt("call: Ask for a call|Omba kupigiwa"), opt("news: Is this news true?|Habari hii ni ya kweli?"),
		opt("papers: Papers|Hati"), opt("person: Talk to a person|Zungumza na mtu"))
	b.step("name")
	b.say("You chose {topic}.|Umechagua {topic}.")
	b.ask("nickname", program.TextKind, "What should we call you?|Tukuite nani?")
	b.say("Thank you, {nickname}. Good bye.|Asante, {nickname}. Kwaheri.")
	b.end()
	p := b.done()
	p.Start, p.Fallback = p.Flows[0].PC, p.Flows[0].PC
	return p
}

// rotation is the three turns with the sessions they begin from.
func rotation(t testing.TB, p *program.Program) (events [3]Event, sessions [3][]byte) {
	s := Session{Seed: 0x1234567890ABCDEF, Contact: Contact{Language: "sw"}}
	s.GiveConsent(p, "notice")
	for i, text := range [...]string{"habari", "Omba kupigiwa", "Amina wa Kakuma"} {
		events[i] = Event{Kind: Message, At: monday, Channel: "whatsapp", Text: text}
		sessions[i] = s.Append(nil)
		s, _ = Step(p, s, events[i])
	}
	if s.IsOpen() {
		t.Fatal("the conversation did not end after three turns")
	}
	return events, sessions
}

func BenchmarkTurn(b *testing.B) {
	p := twoQuestions(b)
	events, sessions := rotation(b, p)
	turn := func(i int, buf []byte) []byte {
		s, err := Decode(sessions[i%3])
		if err != nil {
			b.Fatal(err)
		}
		s, effects := Step(p, s, events[i%3])
		if len(effects) == 0 {
			b.Fatal("no effects")
		}
		return s.Append(buf[:0])
	}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for i := 0; b.Loop(); i++ {
			buf = turn(i, buf)
		}
		b.ReportMetric(float64(max(len(sessions[0]), len(sessions[1]), len(sessions[2]))), "session-B")
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			var buf []byte
			for i := 0; pb.Next(); i++ {
				buf = turn(i, buf)
			}
		})
	})
}

func TestATurnStaysWithinItsBudget(t *testing.T) {
	p := twoQuestions(t)
	events, sessions := rotation(t, p)
	for i, s := range sessions {
		if len(s) > 200 {
			t.Errorf("session before turn %d has %d bytes, more than 200", i+1, len(s))
		}
	}
	var buf []byte
	i := 0
	allocs := testing.AllocsPerRun(300, func() {
		s, _ := Decode(sessions[i%3])
		s, _ = Step(p, s, events[i%3])
		buf = s.Append(buf[:0])
		i++
	})
	if allocs > 10 {
		t.Errorf("a turn allocates %.1f times, more than 10", allocs)
	}
	t.Logf("sessions of %d, %d and %d bytes, %.1f allocations a turn", len(sessions[0]), len(sessions[1]), len(sessions[2]), allocs)
}
