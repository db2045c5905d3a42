package server_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/channels/whatsapp/fake"
	"baraza/server/audit"
	"baraza/server/config"
	"baraza/server/desk"
)

// mesaPack is a pack of another country, in two languages.
const mesaPack = `pack mesa: Mesa de Ejemplo
  country EC
  timezone America/Guayaquil
  languages es, en
  channels whatsapp
  start talk
  fallback talk.listen
  example

hours always

team desk: Equipo
  hours always
  answer within 1 hour

words person, safety
  es: persona
  en: person
words danger, safety
  es: peligro
  en: danger
words slow
  es: lento
`

const mesaTalk = `flow talk: Charla

step language
  in every language
  public
  ask language as language: Elija su idioma.
  -> listen

step listen
  public
  ask word as text up to 200: ¿Cuál es la palabra?
  say: Usted escribió {word}.
  -> listen
`

// mesaSlow says something wrong ten seconds later.
const mesaSlow = `flow slow: Lento

on words slow
  anywhere

step go
  public
  wait 10 seconds
  say: La oficina está en la luna.
  -> talk.listen
`

const mesaDanger = `flow danger: Peligro

on words danger
  anywhere

step help
  public
  say: Vaya al hospital más cercano.
  hand over to desk: Alguien está en peligro
    when waiting: Una persona le responde por aquí.
    when done: El equipo cerró la conversación.
  end

flow person: Persona

on words person
  anywhere

step give
  public
  hand over to desk: Alguien pide una persona
    when waiting: Una persona le responde por aquí.
  end
`

// frozenWorld serves two countries: help on the number 1001 and mesa on 1002.
type frozenWorld struct {
	*world
	desk *desk.Client
}

func newFrozenWorld(t *testing.T) *frozenWorld {
	folder := packFolder(t, "mesa", map[string]string{"pack.flow": mesaPack, "talk.flow": mesaTalk, "slow.flow": mesaSlow, "danger.flow": mesaDanger})
	w := &frozenWorld{world: newWorld(t, options{unpaced: true, change: func(c *config.Config) {
		c.Countries["ec"] = &config.Country{Packs: []string{folder}, Key: config.Plain(strings.Repeat("ab", 32))}
		c.WhatsApp[0].Numbers["1002"] = "mesa"
	}})}
	w.asks()
	return w
}

func (w *frozenWorld) asks() { w.desk = desk.Within(w.server.Desk().Handler()) }

func (w *frozenWorld) calls(phone string) *fake.Phone {
	return w.cloud.Meet(fake.Person{Phone: phone, Name: "Rosa"}).With("1002")
}

var mesaNotice = map[string]string{"es": "Este servicio está en pausa.", "en": "This service is paused."}

func (w *frozenWorld) freezes() desk.Incident {
	w.t.Helper()
	is, err := w.desk.Freeze(w.t.Context(), desk.Freeze{Country: "ec", By: "ana", Why: "a wrong address", Notice: mesaNotice})
	if err != nil {
		w.t.Fatal(err)
	}
	return is
}

// stands waits until the country stands as it should.
func (w *frozenWorld) stands(what string, holds func(desk.Incident) bool) {
	w.t.Helper()
	w.sees(what, func() bool {
		list, err := w.desk.Incidents(w.t.Context(), desk.IncidentQuery{Country: "ec"})
		if err != nil {
			w.t.Fatal(err)
		}
		return holds(list.Countries[0])
	})
}

// shows compares what a phone has of the service.
func (w *frozenWorld) shows(who string, p *fake.Phone, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.hears(p, len(want))); diff != "" {
		w.t.Errorf("%s's phone shows (-want +got):\n%s", who, diff)
	}
}

func TestAFrozenCountryTellsItsNoticeHoldsTheRestAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := newFrozenWorld(t)
	rosa, luz, sam, amina := w.calls("+593990000001"), w.calls("+593990000002"), w.calls("+593990000003"), w.meet("+12025550123")
	rosa.Write("hola")
	first := w.hears(rosa, 1)[0]
	for _, p := range []*fake.Phone{luz, sam} {
		p.Write("hola")
		w.hears(p, 1)
	}
	amina.Write("hello")
	w.hears(amina, 1)
	for p, language := range map[*fake.Phone]string{rosa: "Español", luz: "English", sam: "Español"} {
		p.Write(language)
		w.hears(p, 2)
	}
	sam.Write("lento") // his answer waits ten seconds
	w.sees("his message was taken", func() bool { return strings.Contains(w.figure("baraza_messages_total"), " 8") })

	if is := w.freezes(); is.Stage != "frozen" || is.By != "ana" || is.Why != "a wrong address" || is.Since == nil || !cmp.Equal(is.Notice, mesaNotice) {
		t.Errorf("it answers %+v", is)
	}
	question := "¿Cuál es la palabra?"
	rosa.Write("uno")
	luz.Write("one")
	w.shows("rosa", rosa, first, question, "Este servicio está en pausa.")
	w.shows("luz", luz, first, question, "This service is paused.")
	rosa.Write("dos")
	stranger := w.calls("+593990000009")
	stranger.Write("hola")
	w.shows("a stranger", stranger, "Este servicio está en pausa.\n\nThis service is paused.")
	amina.Write("lamu")
	w.shows("amina, of the other country,", amina, "What is the word?", "You wrote lamu.", "What is the word?")
	w.stands("all is held", func(is desk.Incident) bool { return is.HeldMessages == 4 && is.HeldReplies == 2 })

	// Somebody is in danger.
	luz.Write("danger")
	w.shows("luz", luz, first, question, "This service is paused.", "Vaya al hospital más cercano.", "Una persona le responde por aquí.")
	cases, err := w.desk.Cases(t.Context(), desk.CaseQuery{})
	if err != nil || len(cases.Cases) != 1 {
		t.Fatalf("%d cases, %v", len(cases.Cases), err)
	}
	if _, err := w.desk.Reply(t.Context(), desk.CaseReply{Case: cases.Cases[0].Case, Text: "Estamos aquí.", ID: "1"}); err != nil {
		t.Fatal(err)
	}
	w.shows("luz", luz, first, question, "This service is paused.", "Vaya al hospital más cercano.", "Una persona le responde por aquí.", "Estamos aquí.")

	if _, ready := w.get("/readyz"); ready != "ready\nec: frozen\n" {
		t.Errorf("/readyz says %q", ready)
	}
	for figure, want := range map[string]string{"baraza_frozen": `baraza_frozen{country="ec"} 1`, "baraza_messages_held": `baraza_messages_held{country="ec"} 4`,
		"baraza_replies_held": `baraza_replies_held{country="ec"} 2`} {
		if got := w.figure(figure); !strings.Contains(got, want) {
			t.Errorf("%s: %s", figure, got)
		}
	}

	// Whoever starts it again finds it frozen.
	w.halt()
	w.start()
	w.asks()
	rosa.Write("tres")
	w.stands("it is frozen still", func(is desk.Incident) bool {
		return is.Stage == "frozen" && is.HeldMessages == 5 && is.HeldReplies == 2
	})

	if _, err := w.desk.Unfreeze(t.Context(), desk.Unfreeze{Country: "ec", By: "ben", Why: "the address is right"}); err != nil {
		t.Fatal(err)
	}
	w.stands("it is served again", func(is desk.Incident) bool { return is.Stage == "served" && is.HeldMessages+is.HeldReplies == 0 })
	w.shows("rosa", rosa, first, question, "Este servicio está en pausa.", "Usted escribió uno.", question, "Usted escribió dos.", question, "Usted escribió tres.", question)
	w.shows("sam", sam, first, question, "Ya estamos de vuelta. Sigamos desde aquí:", question)
	w.shows("a stranger", stranger, "Este servicio está en pausa.\n\nThis service is paused.", first)
	amina.Write("pemba")
	w.hears(amina, 5)
	for who, c := range map[string]struct {
		phone *fake.Phone
		n     int
	}{"rosa": {rosa, 9}, "luz": {luz, 6}, "sam": {sam, 4}, "the stranger": {stranger, 2}, "amina": {amina, 5}} {
		if got := c.phone.Received(); len(got) != c.n {
			t.Errorf("%s got %d messages, want %d", who, len(got), c.n)
		}
	}
	// What luz wrote before the danger goes to those who own the conversation now.
	shown, err := w.desk.Case(t.Context(), desk.Which{Case: cases.Cases[0].Case})
	if err != nil || !slices.ContainsFunc(shown.Said, func(l desk.SaidLine) bool { return l.Text == "one" }) {
		t.Errorf("the case has %+v, %v", shown, err)
	}
	for _, word := range []string{"uno", "dos", "593990000001", "luna", "en pausa"} {
		if strings.Contains(w.log.String(), word) {
			t.Errorf("the log has %q", word)
		}
	}
}

// figure is a line of /metrics.
func (w *world) figure(name string) string {
	w.t.Helper()
	_, all := w.get("/metrics")
	var lines []string
	for line := range strings.Lines(all) {
		if strings.HasPrefix(line, name) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestFreezingLeavesARecordAndTellsOperators(t *testing.T) {
	t.Parallel()
	w := newFrozenWorld(t)
	for _, c := range []struct {
		in   desk.Freeze
		want string
	}{
		{desk.Freeze{Country: "xx", By: "ana", Notice: mesaNotice}, `there is no country "xx"; the countries are ec, ke`},
		{desk.Freeze{Country: "ec", By: "ana"}, `the notice has no text in "es"`},
		{desk.Freeze{Country: "ec", By: "ana", Notice: map[string]string{"es": "En pausa."}}, `the notice has no text in "en"`},
	} {
		if _, err := w.desk.Freeze(t.Context(), c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.in, err)
		}
	}
	if _, err := w.desk.Unfreeze(t.Context(), desk.Unfreeze{Country: "ec", By: "ana"}); err == nil || !strings.Contains(err.Error(), "ec is not frozen") {
		t.Errorf("it says %v", err)
	}
	w.freezes()
	if _, err := w.desk.Unfreeze(t.Context(), desk.Unfreeze{Country: "ec", By: "ana", Replies: "burn"}); err == nil || !strings.Contains(err.Error(), `"drop" or "send", not "burn"`) {
		t.Errorf("it says %v", err)
	}
	if _, err := w.desk.Unfreeze(t.Context(), desk.Unfreeze{Country: "ec", By: "ben", Why: "over", Replies: "send"}); err != nil {
		t.Fatal(err)
	}
	w.stands("it is served again", func(is desk.Incident) bool { return is.Stage == "served" })
	w.sees("operators were told", func() bool {
		return strings.Contains(w.figure("baraza_alerts_total"), `code="frozen"`) && strings.Contains(w.figure("baraza_alerts_total"), `code="unfrozen"`)
	})
	var got []string
	if _, err := audit.Verify(w.config.Audit(), "", func(r audit.Record) {
		got = append(got, strings.Join([]string{r.Who, r.What, r.Country, r.Before, r.After, r.About, r.Why, r.Outcome}, "|"))
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"ana|incident freeze||||||refused", "ana|incident freeze|ec|||||refused", "ana|incident freeze|ec|||||refused",
		"ana|incident unfreeze|ec|served||drop held replies||refused", "ana|incident freeze|ec|served|frozen||a wrong address|done",
		"ana|incident unfreeze|ec|||||refused", "ben|incident unfreeze|ec|frozen|resuming|send held replies|over|done"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log has (-want +got):\n%s", diff)
	}
}

// A state that nobody can read stands for a freeze: people are not told what somebody wanted to hold, and operators are
// told.
func TestAStateThatNobodyCanReadIsAFreeze(t *testing.T) {
	t.Parallel()
	w := newFrozenWorld(t)
	w.halt()
	if err := os.MkdirAll(w.config.Freezes(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.config.Freezes(), "ec.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.asks()
	rosa := w.calls("+593990000001")
	rosa.Write("hola")
	w.stands("her message is held", func(is desk.Incident) bool {
		return is.Stage == "frozen" && is.HeldMessages == 1 && strings.Contains(is.Problem, "the file is damaged")
	})
	w.sees("operators were told", func() bool { return strings.Contains(w.figure("baraza_alerts_total"), `code="freeze-unreadable"`) })
	if got := rosa.Received(); len(got) > 0 {
		t.Errorf("her phone shows %v", got)
	}
	amina := w.meet("+12025550123")
	amina.Write("hello")
	w.hears(amina, 1)
	if _, err := w.desk.Unfreeze(t.Context(), desk.Unfreeze{Country: "ec", By: "ana"}); err != nil {
		t.Fatal(err)
	}
	w.hears(rosa, 1)
}

// Ended while nobody serves, it is answered at the next start.
func TestAFreezeBegunAndEndedWhileNobodyServes(t *testing.T) {
	t.Parallel()
	w := newFrozenWorld(t)
	rosa := w.calls("+593990000001")
	rosa.Write("hola")
	w.hears(rosa, 1)
	w.halt()
	w.idle(func(c *desk.Client) error {
		_, err := c.Freeze(t.Context(), desk.Freeze{Country: "ec", By: "ana", Notice: mesaNotice})
		return err
	})
	w.start()
	rosa.Write("1")
	w.hears(rosa, 2)
	w.halt()
	w.idle(func(c *desk.Client) error {
		_, err := c.Unfreeze(t.Context(), desk.Unfreeze{Country: "ec", By: "ana"})
		return err
	})
	w.start()
	w.asks()
	if got := w.hears(rosa, 3); got[2] != "¿Cuál es la palabra?" {
		t.Errorf("her phone shows %q", got)
	}
	w.stands("it is served again", func(is desk.Incident) bool { return is.Stage == "served" })
}

// A button of a console asks the same over HTTP.
func TestTheRoutesOfAFreezeTakeAndGiveJSON(t *testing.T) {
	t.Parallel()
	w := newFrozenWorld(t)
	ask := func(path, body string) string {
		r := httptest.NewRequestWithContext(context.Background(), "POST", path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		w.server.Desk().Handler().ServeHTTP(answer, r)
		return answer.Body.String()
	}
	frozen := ask("/incident/freeze", `{"country":"ec","by":"ana","why":"x","notice":{"es":"En pausa."},"instead":{"en":"es"}}`)
	for _, part := range []string{`"country":"ec"`, `"stage":"frozen"`, `"by":"ana"`, `"notice":{"es":"En pausa."}`, `"held_messages":0`, `"held_replies":0`} {
		if !strings.Contains(frozen, part) {
			t.Errorf("no %s in %s", part, frozen)
		}
	}
	if got := ask("/incident/status", `{}`); !strings.Contains(got, `{"countries":[{"country":"ec","stage":"frozen"`) || !strings.Contains(got, `{"country":"ke","stage":"served"`) {
		t.Errorf("status: %s", got)
	}
	if got := ask("/incident/check", `{"country":"ec","notice":{"es":"{x}"}}`); !strings.Contains(got, "a hole in braces") {
		t.Errorf("check: %s", got)
	}
	if got := ask("/incident/unfreeze", `{"country":"ec","replies":"drop"}`); !strings.Contains(got, `"stage":"resuming","since"`) || !strings.Contains(got, `"replies":"drop"`) {
		t.Errorf("unfreeze: %s", got)
	}
}
