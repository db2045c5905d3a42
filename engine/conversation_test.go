package engine

import (
	"testing"

	"baraza/engine/program"
)

// desk is a small pack: a menu, offices from a table, a call-back behind a consent, and the safety words.
func desk(t testing.TB) *program.Program {
	b := build(t, "en", "es")
	b.p.Silent = program.Silence{Seconds: 24 * 3600, PC: no}
	b.p.Fields = []program.Field{{Name: "city"}, {Name: "nickname"}}
	b.p.Teams = []program.Team{{Name: "protection", Hours: 0}}
	b.p.Hours = []program.Hours{{Name: "office", Days: [7][]program.Span{1: {{From: 510, To: 1020}}}}}
	b.table("offices", "id,town,name", "n1,nairobi,First house", "n2,nairobi,Second house", "k1,kakuma,Camp house")
	b.notice("May we keep what you write?|¿Podemos guardar lo que escribe?")
	callback := b.consent("callback", "May we keep your name?|¿Guardamos su nombre?")

	b.flow("welcome")
	b.words("menu", "en: menu; es: menú, inicio", "safety")
	b.step("language", "public", "every language")
	b.p.Language = b.ask("language", program.LanguageKind, "Choose your language.|Elija su idioma.")
	b.step("menu", "public")
	b.say("Hello!|¡Hola!")
	b.ask("", program.Any, "How can we help?|¿Cómo le ayudamos?",
		opt("offices: Find an office|Oficinas", to("offices")),
		opt("call: Ask for a call|Que me llamen", to("callback")),
		opt("nothing: Nothing|Nada", says("Good bye.|Adiós."), func(b *builder) { b.end() }),
		when(program.When{Kind: program.WhenNotUnderstood, Times: 2}, "", to("person")))

	b.flow("offices")
	b.words("office", "en: office, address; es: oficina", "anywhere", "then back")
	b.step("town", "public")
	b.ask("city", program.TextKind, "In which city are you?|¿En qué ciudad está?",
		opt("nairobi: Nairobi/nbo"), opt("kakuma: Kakuma/kalobeyei"),
		when(program.When{Kind: program.WhenMedia, Media: []string{"image"}}, "Please write the city.|Escriba la ciudad."))
	b.step("show", "public")
	b.each("office", "offices", "office.town == city", 3, func() { b.say("None there.") }, func() {
		b.say("*{office.name}* in {city}")
	})

	b.flow("callback")
	b.step("consent")
	b.need(callback, when(program.When{Kind: program.WhenRefused}, "", to("welcome.menu")))
	b.ask("nickname", program.TextKind, "What should we call you?|¿Cómo le llamamos?", skip("I will not say|No lo digo"))
	b.say("Thank you, {nickname}.|Gracias, {nickname}.")
	b.end()

	b.flow("person")
	b.words("person", "en: person, human; es: persona", "safety")
	b.step("wait", "public")
	b.handOver(0, "A person wants to talk", "From {city}", []string{"city"},
		when(program.When{Kind: program.WhenWaiting}, "A colleague will answer."),
		when(program.When{Kind: program.WhenOutsideHours}, "We are closed."),
		when(program.When{Kind: program.WhenAnswered}, "You are connected."),
		when(program.When{Kind: program.WhenNoAnswer, Seconds: 4 * 3600}, "", to("person.no_answer")),
		when(program.When{Kind: program.WhenSilent, Seconds: 24 * 3600}, "", func(b *builder) { b.end() }),
		when(program.When{Kind: program.WhenDone}, "Back to the service."))
	b.end()
	b.step("no_answer", "public")
	b.say("Nobody could answer.")
	b.end()

	b.flow("stop")
	b.words("stop", "en: stop; es: parar", "safety")
	b.step("bye", "public")
	b.say("You will get no more messages.")
	b.end()

	b.flow("hide")
	b.words("hide", "en: weather", "safety")
	b.step("sun", "public")
	b.op(program.OpHide).Text = b.str("hide.sun.hide", "Sunny, 25 degrees.")

	b.flow("danger")
	b.words("danger", "en: he hurt me", "safety", "inside")
	b.step("help", "public")
	b.say("Call 112.")
	b.end()

	p := b.done()
	p.Start, p.Fallback = p.Flows[0].PC, p.Steps[1].PC
	return p
}

func known(p *program.Program) Session {
	s := Session{Seed: 7, Contact: Contact{Language: "en"}}
	s.GiveConsent(p, "notice")
	return s
}

func TestAConversation(t *testing.T) {
	t.Parallel()
	p := desk(t)
	tests := []struct {
		name  string
		new   bool // nothing is known of the person
		lines string
	}{
		{"opens with the language, the notice and the start", true, `
			> hello
			bot: Choose your language. / Elija su idioma.
			buttons: 1 English · 2 Español
			tap Español
			bot: ¿Podemos guardar lo que escribe?
			buttons: 1 Acepto · 2 No
			> acepto
			* consent notice 1 true es
			* field language = es
			bot: ¡Hola!
			bot: ¿Cómo le ayudamos?
			buttons: 1 Oficinas · 2 Que me llamen · 3 Nada`},
		{"holds the trigger during the notice and learns the language from it", true, `
			> oficina
			bot: ¿Podemos guardar lo que escribe?
			buttons: 1 Acepto · 2 No
			> 1
			* consent notice 1 true es
			* field language = es
			bot: ¿En qué ciudad está?
			buttons: 1 Nairobi · 2 Kakuma`},
		{"reaches public steps only without the notice", true, `
			> oficina
			bot: ¿Podemos guardar lo que escribe?
			buttons: 1 Acepto · 2 No
			tap No
			bot: ¿En qué ciudad está?
			buttons: 1 Nairobi · 2 Kakuma
			> inicio
			bot: Choose your language. / Elija su idioma.
			buttons: 1 English · 2 Español
			> 1
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> 2
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> 3
			bot: Good bye.
			* ended`},
		{"takes safety words before anything else", true, `
			> I think he hurt me badly
			bot: Call 112.
			* ended`},
		{"keeps fields of a person who did not accept in the conversation only", true, `
			> oficina
			bot: ¿Podemos guardar lo que escribe?
			buttons: 1 Acepto · 2 No
			> no
			bot: ¿En qué ciudad está?
			buttons: 1 Nairobi · 2 Kakuma
			> nbo
			bot: *First house* in Nairobi
			bot: *Second house* in Nairobi
			* ended`},
		{"goes through the rows of a table and stores a field", false, `
			> address
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			> ١
			* field city = nairobi
			bot: *First house* in Nairobi
			bot: *Second house* in Nairobi
			* ended`},
		{"comes back to the question that a trigger interrupted", false, `
			> menu
			bot: Choose your language. / Elija su idioma.
			buttons: 1 English · 2 Español
			> 1
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> the address please
			bot: Sorry, I did not understand.
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> address
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			> kakuma
			* field city = kakuma
			bot: *Camp house* in Kakuma
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing`},
		{"takes a picture where a when line does, and says so where none does", false, `
			> office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			send image
			bot: Please write the city.
			send audio
			bot: I can only read text here.
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			> I live in Kakuma now
			* field city = kakuma
			bot: *Camp house* in Kakuma
			* ended`},
		{"gives up after tries and hands over", false, `
			restart
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> xyz
			bot: Sorry, I did not understand.
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> xyz
			* case 3 for protection: A person wants to talk From
			bot: A colleague will answer.`},
		{"is silent while people own it", false, `
			> person
			* case 1 for protection: A person wants to talk From
			bot: A colleague will answer.
			> menu
			* case 1 gets: menu
			staff 1: Hello *you*
			bot: You are connected.
			(staff): Hello \*you\*
			> thanks
			* case 1 gets: thanks
			staff 1: done
			bot: Back to the service.
			* ended`},
		{"takes a case back when nobody answers", false, `
			> human
			* case 1 for protection: A person wants to talk From
			bot: A colleague will answer.
			after 5h
			bot: Nobody could answer.
			* ended
			staff 1: Sorry, here I am
			(staff): Sorry, here I am`},
		{"lets stop and danger through to a person in the hands of people", false, `
			> human
			* case 1 for protection: A person wants to talk From
			bot: A colleague will answer.
			> stop
			* unsend everything
			* case 1 closed
			* opted out
			bot: You will get no more messages.
			* ended
			staff 1: are you there
			* report not-sent case closed`},
		{"asks consent again twice and then records nothing", false, `
			restart
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> 2
			bot: May we keep your name?
			buttons: 1 I agree · 2 No
			> sure, why not
			bot: May we keep your name?
			buttons: 1 I agree · 2 No
			tap-old I agree
			* report old-tap callback.consent
			bot: That button belongs to an earlier question. Here is the present one:
			bot: May we keep your name?
			buttons: 1 I agree · 2 No
			> ok
			bot: May we keep your name?
			buttons: 1 I agree · 2 No
			> whatever
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing`},
		{"skips, and reads unset as nothing", false, `
			restart
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			tap Ask for a call
			bot: May we keep your name?
			buttons: 1 I agree · 2 No
			tap I agree
			* consent callback 1 true en
			bot: What should we call you?
			buttons: 1 I will not say
			tap I will not say
			* field nickname = <nil>
			bot: Thank you, .
			* ended`},
		{"takes free text as it is and never as markup", false, `
			restart
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> 2
			bot: May we keep your name?
			buttons: 1 I agree · 2 No
			> 1
			* consent callback 1 true en
			bot: What should we call you?
			buttons: 1 I will not say
			> Ana *the* first_
			* field nickname = Ana *the* first_
			bot: Thank you, Ana \*the\* first\_.
			* ended`},
		{"recognises an old button", false, `
			restart
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			tap Find an office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			tap Nothing
			* report old-tap offices.town
			bot: That button belongs to an earlier question. Here is the present one:
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma`},
		{"leaves nothing after a hide", false, `
			> office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			> weather
			* unsend everything
			bot: Sunny, 25 degrees.
			* ended
			tap Nairobi
			* report old-tap
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing`},
		{"keeps the place of who answers after the end, and not the answer", false, `
			> office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			after 25h
			* ended
			tap Nairobi
			* report old-tap
			bot: The last conversation has ended, so this answer was not kept. Do you want to continue where we stopped?
			buttons: 1 Continue · 2 Menu
			> 1
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			after 25h
			* ended
			> 2
			bot: The last conversation has ended, so this answer was not kept. Do you want to continue where we stopped?
			buttons: 1 Continue · 2 Menu
			tap Menu
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing`},
		{"forgets the place after eight days", false, `
			> office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			after 240h
			* ended
			> nairobi
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing`},
		{"changes the language and keeps the place", false, `
			> office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			speak es
			* field language = es
			bot: ¿En qué ciudad está?
			buttons: 1 Nairobi · 2 Kakuma
			tap Kakuma
			* field city = kakuma
			bot: *Camp house* in Kakuma
			* ended`},
		{"goes back to the question answered before", false, `
			restart
			bot: Hello!
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> 1
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			back
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			back
			bot: How can we help?
			buttons: 1 Find an office · 2 Ask for a call · 3 Nothing
			> 3
			bot: Good bye.
			* ended`},
		{"numbers options where a channel has no buttons", false, `
			channel sms
			> office
			bot: In which city are you?
			numbers: 1 Nairobi · 2 Kakuma
			> 2.
			* field city = kakuma
			bot: *Camp house* in Kakuma
			* ended`},
		{"tells why it asks", false, `
			> office
			bot: In which city are you?
			buttons: 1 Nairobi · 2 Kakuma
			> Why?
			bot: We ask this only to help you here. You can also talk to a person.
			> Nairobi
			* field city = nairobi
			bot: *First house* in Nairobi
			bot: *Second house* in Nairobi
			* ended`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := Session{Seed: 7}
			if !test.new {
				s = known(p)
			}
			run(t, p, s, test.lines)
		})
	}
}
