package web_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// personaText is what the desk knows about people.
const personaText = packText + `
field town: text, kept 30 days
  why: To show the nearest office.

field persons: number, kept 30 days
  why: To count meals.

consent calls, version 1
  covers town
  ask: May we call you?
  yes: Yes
  no: No
  seen by: Example Desk
  full text: https://example.org/privacy
`

// personaFlow tells the town that is known.
var personaFlow = strings.Replace(flowText, "  say: It is {answer.status}.\n", "  if known(town)\n    say: It is {answer.status} in {town}.\n  -> listen\n", 1)

func TestADesignerChangesWhoTheTesterIsInMidConversation(t *testing.T) {
	t.Parallel()
	d := &draft{files: fstest.MapFS{"desk/pack.flow": &fstest.MapFile{Data: []byte(personaText)}}}
	d.write(personaFlow)
	r := newRoom(t, web.Settings{Packs: []web.Pack{d.pack(t)}})
	made, token := r.invite(rounds.Round{Pack: "desk", Persona: rounds.Persona{Language: "en"}}, "")
	p := r.begin(token, true)
	ws, _, err := r.dial("/watch/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	desk := &tester{t: t, room: r, ws: ws}
	desk.say(map[string]any{"type": "follow", "id": desk.until("list")["sessions"].([]any)[0].(map[string]any)["id"]})
	if got := string(text(t, desk.until("session"))); !strings.Contains(got, `"fields":["town","persons"]`) || !strings.Contains(got, `"consents":["calls"]`) {
		t.Errorf("it is told %s", got)
	}
	p.write("hello")
	desk.say(map[string]any{"type": "answer", "name": "cases", "text": `{"status": "open"}`})
	desk.say(map[string]any{"type": "field", "name": "town", "text": " Kakuma "})
	desk.untilThat("the field is set", func(m map[string]any) bool {
		return strings.Contains(string(text(t, m)), `["town","\"Kakuma\""]`) && strings.Contains(string(text(t, m)), "[town is now Kakuma]")
	})
	desk.say(map[string]any{"type": "consent", "name": "calls"})
	desk.untilThat("the consent is given", func(m map[string]any) bool {
		return strings.Contains(string(text(t, m)), "[the consent calls is given]")
	})
	p.write("12")
	if all := strings.Join(p.texts(), "|"); !strings.Contains(all, "It is open in Kakuma.") || strings.Contains(all, "is now") {
		t.Errorf("the tester is shown %s", all)
	}
	for name, c := range map[string]struct {
		say  map[string]any
		want string
	}{
		"another field": {map[string]any{"type": "field", "name": "city", "text": "Kakuma"}, `The pack has no field "city"; it has town or persons.`},
		"another value": {map[string]any{"type": "field", "name": "persons", "text": "many"}, `The field "persons" takes a number such as 12 or 1.5, not "many".`},
		"consent":       {map[string]any{"type": "consent", "name": "letters"}, `The pack has no consent "letters"; it has calls.`},
		"a round": {map[string]any{"type": "create", "round": map[string]any{"Pack": "desk", "Version": "draft", "Title": "x", "Uses": 3,
			"Persona": map[string]any{"Fields": map[string]string{"persons": "many"}}}}, `The field "persons" takes a number such as 12 or 1.5, not "many".`},
	} {
		desk.say(c.say)
		if got := desk.until("problem"); got["text"] != c.want || got["of"] != c.say["type"] {
			t.Errorf("%s: told %v, want %s", name, got, c.want)
		}
	}
	if all, err := r.rounds.Rounds(); err != nil || len(all) != 1 {
		t.Errorf("%d rounds, %v", len(all), err)
	}
	sessions, err := r.rounds.Sessions(made.ID)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the session", r.page("/watch/round/session?session="+sessions[0].ID), "Designer [town is now Kakuma]",
		"says the same as was said in the session", "This test passes on the newest draft.", `given town = "Kakuma"`, "given consent calls")
}
