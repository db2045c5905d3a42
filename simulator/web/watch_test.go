package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// draft is a pack that a designer writes while others try it.
type draft struct {
	mu    sync.Mutex
	files fstest.MapFS
}

const packText = `pack desk: Example Desk
  country KE
  timezone Africa/Nairobi
  languages en
  channels whatsapp
  start talk
  fallback talk.listen
  example

hours office
  mon to fri 09:00-17:00

hours always

team desk: Help desk
  hours office
  answer within 1 hour
  escalate after 2 hours to lead

team lead: Lead
  hours always
  answer within 1 hour

service cases
  get https://api.example.org/cases/{number}
  timeout 5 seconds
  send
    number: text
  returns
    status: text

words person, safety
  en: person
words stop, safety
  en: stop
words delete, safety
  en: delete
`

const flowText = `flow talk: Talk

step listen
  public
  ask number as text up to 20: Which number?
    when silent for 3 hours: Are you still there?
  fetch answer from cases with number = number
    when waiting: One moment.
    when failed
      say: That did not work.
      -> listen
  say: It is {answer.status}.
  -> listen

flow person: Talk to a person

on words person
  anywhere

step desk
  public
  hand over to desk: Someone asks for a person
    when waiting: A person will answer you here.
    when outside hours: We are closed now.
    when silent for 24 hours -> end
  say: The talk with the team has ended.
  end

flow stop: No more messages

on words stop
  anywhere

step farewell
  public
  opt out
  say: We will not write to you any more.
  end

flow delete: Delete my data

on words delete
  anywhere

step gone
  public
  erase contact
  say: We delete your data now.
  end
`

// pack reads what is written now.
func (d *draft) pack(t *testing.T) web.Pack {
	one := packIn(t, "desk", d.files, "desk")
	newest := one.Newest
	one.Newest = func() (*web.Version, string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		return newest()
	}
	return one
}

func (d *draft) write(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files["desk/talk.flow"] = &fstest.MapFile{Data: []byte(text)}
}

// untilThat reads until a message is as it should be.
func (p *tester) untilThat(what string, is func(map[string]any) bool) map[string]any {
	p.t.Helper()
	for range 1000 {
		if m := p.read(); is(m) {
			return m
		}
	}
	p.t.Fatalf("never: %s", what)
	return nil
}

func TestADesignerMovesTimeAnswersAndChangesTheDraft(t *testing.T) {
	t.Parallel()
	d := &draft{files: fstest.MapFS{"desk/pack.flow": &fstest.MapFile{Data: []byte(packText)}}}
	d.write(flowText)
	r := newRoom(t, web.Settings{Packs: []web.Pack{d.pack(t)}, Tick: 20 * time.Millisecond})
	_, token := r.invite(rounds.Round{Pack: "desk"}, "")
	p := r.begin(token, true)
	ws, _, err := r.dial("/watch/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	desk := &tester{t: t, room: r, ws: ws}
	list := desk.until("list")
	id := list["sessions"].([]any)[0].(map[string]any)["id"]
	desk.say(map[string]any{"type": "follow", "id": id})
	desk.until("session")
	shown := func(text string) func(map[string]any) bool {
		return func(m map[string]any) bool {
			b, err := json.Marshal(m["spans"])
			return err == nil && strings.Contains(string(b), text)
		}
	}

	t.Log("an answer set by hand, and one that fails")
	p.write("hello")
	p.write("12")
	p.write("12")
	desk.say(map[string]any{"type": "answer", "name": "cases", "text": `{"status": "open"}`})
	desk.untilThat("the answer is set", func(m map[string]any) bool { return strings.Contains(string(text(t, m)), `"who":"studio"`) })
	p.write("13")
	if all := strings.Join(p.texts(), "|"); !strings.Contains(all, "That did not work.") || !strings.Contains(all, "It is open.") {
		t.Errorf("the tester is shown %s", all)
	}
	desk.say(map[string]any{"type": "answer", "name": "cases", "text": "[1]"})
	desk.until("problem")

	t.Log("time")
	desk.say(map[string]any{"type": "advance", "to": "185m"})
	p.untilThat("the flow asks whether somebody is there", shown("still there"))

	t.Log("the team, in and out of office hours")
	p.write("person")
	desk.untilThat("people own it", func(m map[string]any) bool { return m["case"] == true })
	desk.say(map[string]any{"type": "reply", "text": "Hello, this is the team."})
	staff := p.untilThat("the team's answer", shown("this is the team"))
	if staff["staff"] != true {
		t.Errorf("the answer is shown as %v", staff)
	}
	desk.say(map[string]any{"type": "done"})
	p.untilThat("the end of the talk", shown("has ended"))
	desk.say(map[string]any{"type": "advance", "to": "closed"})
	desk.untilThat("the office has closed", func(m map[string]any) bool { return m["now"] == "2026-11-30 17:00" })
	p.write("person")
	p.untilThatShown(shown("closed now"))

	t.Log("a new draft while the conversation goes on")
	d.write(strings.Replace(flowText, "Which number?", "Which number is on your letter?", 1))
	changed := desk.until("changed")
	if all := string(text(t, changed)); !strings.Contains(all, "Which number? → Which number is on your letter?") {
		t.Errorf("what changed: %s", all)
	}
	p.untilThat("the tester hears of it", func(m map[string]any) bool { return m["code"] == "changed" })
	d.write("flow talk: Talk\n\nstep listen\n  say nothing\n")
	desk.untilThat("what is wrong", func(m map[string]any) bool { return strings.Contains(string(text(t, m)), "it has errors") })
	p.write("hello")
	desk.untilThat("the step as it was compiled, not as the folder has it now", func(m map[string]any) bool {
		written, _ := m["text"].(string)
		return strings.HasPrefix(written, "step ") && !strings.Contains(written, "say nothing")
	})

	response, err := http.Get(r.server.URL + "/watch/report?format=md&round=" + roundOf(t, r))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/markdown") {
		t.Errorf("the report: %s, %v", response.Status, response.Header)
	}
}

// untilThatShown looks at what has come before it reads on.
func (p *tester) untilThatShown(is func(map[string]any) bool) {
	p.t.Helper()
	for _, m := range p.seen {
		if is(m) {
			return
		}
	}
	p.untilThat("it is shown", is)
}

func text(t *testing.T, m map[string]any) []byte {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

func roundOf(t *testing.T, r *room) string {
	t.Helper()
	all, err := r.rounds.Rounds()
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	return all[0].ID
}

// What a tester wrote is in no log, no title and no address, and what tells who somebody is nowhere at all.
func TestWhatIsMaskedIsNotKept(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{})
	made, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	p := r.begin(token, true)
	p.write("hola")
	marks := []string{"0991234567", "ana@example.org", "٠٩٩١٢٣٤٥٦٧", "۰۹۹۱۲۳۴۵۶۷", "०९९१२३४५६७", "၀၉၉၁၂၃၄၅၆၇"}
	for _, mark := range marks {
		p.write("llámeme al " + mark)
	}
	p.act("remark", map[string]any{"about": 2, "kind": "wrong", "text": "mi número es " + marks[0]})
	all, err := r.rounds.Sessions(made.ID)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := r.rounds.Session(all[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range marks {
		if strings.Contains(string(b), mark) {
			t.Errorf("%s is kept", mark)
		}
		if strings.Contains(strings.Join(p.texts(), "|"), mark) {
			t.Errorf("%s is shown again", mark)
		}
	}
	if len(kept.Remarks) != 1 {
		t.Errorf("%d remarks", len(kept.Remarks))
	}
}
