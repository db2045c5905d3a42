package fake_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/channels/whatsapp/fake"
)

// Each row is something a person does, and the message that the webhook has of it, without its id and time.
func TestWhatPeopleDoComesAsTheContractSays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		do   func(p *fake.Phone)
		want string
	}{
		{"text", func(p *fake.Phone) { p.Write("hola") }, `{"type":"text","text":{"body":"hola"}}`},
		{"reply", func(p *fake.Phone) { p.Reply("wamid.1", "sí") },
			`{"type":"text","text":{"body":"sí"},"context":{"from":"15550783881","id":"wamid.1"}}`},
		{"forwarded", func(p *fake.Phone) { p.Forward("news", false) }, `{"type":"text","text":{"body":"news"},"context":{"forwarded":true}}`},
		{"forwarded often", func(p *fake.Phone) { p.Forward("news", true) }, `{"type":"text","text":{"body":"news"},"context":{"frequently_forwarded":true}}`},
		{"form", func(p *fake.Phone) { p.AnswerForm("wamid.1", `{"flow_token":"t"}`) },
			`{"type":"interactive","context":{"from":"15550783881","id":"wamid.1"},"interactive":{"type":"nfm_reply","nfm_reply":{"response_json":"{\"flow_token\":\"t\"}","body":"Sent","name":"flow"}}}`},
		{"location", func(p *fake.Phone) { p.SendLocation(-0.18, -78.47, "Quito", "") },
			`{"type":"location","location":{"latitude":-0.18,"longitude":-78.47,"name":"Quito"}}`},
		{"contact", func(p *fake.Phone) { p.SendContact("Ana", "+593990000000") },
			`{"type":"contacts","contacts":[{"name":{"formatted_name":"Ana","first_name":"Ana"},"phones":[{"phone":"+593990000000","wa_id":"593990000000","type":"CELL"}],"origin":"other","vcard":"BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL:+593990000000\nEND:VCARD"}]}`},
		{"reaction", func(p *fake.Phone) { p.React("wamid.1", "👍") }, `{"type":"reaction","reaction":{"message_id":"wamid.1","emoji":"👍"}}`},
		{"reaction taken back", func(p *fake.Phone) { p.React("wamid.1", "") }, `{"type":"reaction","reaction":{"message_id":"wamid.1"}}`},
		{"edit", func(p *fake.Phone) { p.Edit("wamid.1", "new") },
			`{"type":"edit","edit":{"original_message_id":"wamid.1","message":{"type":"text","text":{"body":"new"}}}}`},
		{"revoke", func(p *fake.Phone) { p.Revoke("wamid.1") }, `{"type":"revoke","revoke":{"original_message_id":"wamid.1"}}`},
		{"tomorrow's", func(p *fake.Phone) { p.Raw("hologram", map[string]any{"hologram": map[string]any{"id": "1"}}) },
			`{"type":"hologram","hologram":{"id":"1"}}`},
		{"broken", func(p *fake.Phone) { p.Broken() }, `{"type":"interactive"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *fake.Config) { c.NoUserIDs = true })
			test.do(w.Phone(person))
			w.clock.Advance(time.Second)
			got := w.inbound()[0]
			if id, _ := got["id"].(string); !strings.HasPrefix(id, "wamid.") || got["timestamp"] != "1791187200" || got["from"] != "593987654321" {
				t.Errorf("id %v, timestamp %v, from %v", got["id"], got["timestamp"], got["from"])
			}
			for _, key := range []string{"id", "timestamp", "from"} {
				delete(got, key)
			}
			var want map[string]any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTaps(t *testing.T) {
	t.Parallel()
	w := open(t, func(c *fake.Config) {
		c.Templates = []fake.Template{{Name: "visit", Language: "es", Body: "Come", Buttons: []fake.TemplateButton{{Kind: "quick_reply", Text: "Yes"}}}}
	})
	phone := w.Phone(person)
	for _, test := range []struct {
		name, body, tap string
		want            string
	}{
		{"button", buttons(button("a", "A"), button("b", "B")), "b", `{"type":"button_reply","button_reply":{"id":"b","title":"B"}}`},
		{"row", sections(row("r", "Row", "about")), "r", `{"type":"list_reply","list_reply":{"id":"r","title":"Row","description":"about"}}`},
		{"quick reply of a template", `{"type":"template","template":{"name":"visit","language":{"code":"es"},"components":[{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"p1"}]}]}}`,
			"p1", `{"payload":"p1","text":"Yes"}`},
	} {
		id := w.send(test.body).id()
		w.clock.Advance(time.Second)
		if _, err := phone.Tap(test.tap); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		w.clock.Advance(time.Minute)
		all := w.inbound()
		got := all[len(all)-1]
		var want any
		if err := json.Unmarshal([]byte(test.want), &want); err != nil {
			t.Fatal(err)
		}
		kind := got["type"].(string)
		if diff := cmp.Diff(want, got[kind]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if context := got["context"].(map[string]any); context["id"] != id {
			t.Errorf("%s: context %v, want %s", test.name, context, id)
		}
	}
	if _, err := phone.Tap("z"); err == nil || !strings.Contains(err.Error(), `the phone shows no option "z"`) {
		t.Errorf("a tap on nothing: %v", err)
	}
}

func TestAPersonWithoutANumber(t *testing.T) {
	t.Parallel()
	const id = "EC.13491208655302741918"
	w := newWorld(t, nil)
	phone := w.Meet(fake.Person{UserID: id, Name: "Ana", Username: "ana"})
	phone.Write("hola")
	w.clock.Advance(time.Second)
	v := w.changes()[0].Value
	for where, one := range map[string]map[string]any{"contacts": v.Contacts[0], "messages": v.Messages[0]} {
		for _, key := range []string{"wa_id", "from"} {
			if _, there := one[key]; there {
				t.Errorf("%s has %s", where, key)
			}
		}
	}
	if v.Contacts[0]["user_id"] != id || v.Messages[0]["from_user_id"] != id {
		t.Errorf("contact %v, message %v", v.Contacts[0], v.Messages[0])
	}
	got := w.send(`{"recipient":"` + id + `","type":"text","text":{"body":"x"}}`)
	if diff := cmp.Diff([]any{map[string]any{"input": id, "user_id": id}}, got.body["contacts"]); diff != "" {
		t.Errorf("contacts of the answer (-want +got):\n%s", diff)
	}
	w.clock.Advance(time.Minute)
	status := w.statuses(got.id())[0]
	if _, there := status["recipient_id"]; there || status["recipient_user_id"] != id {
		t.Errorf("status %v", status)
	}
	stranger := w.send(`{"recipient":"EC.1","type":"text","text":{"body":"x"}}`)
	if stranger.code() != 131047 {
		t.Errorf("to nobody: code %d", stranger.code())
	}
}

func TestIdentitiesChange(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	phone := w.Phone(person)
	phone.ChangeNumber("+593990000001")
	phone.ChangeUserID("EC.2")
	phone.ChangeIdentity("hash2")
	w.clock.Advance(time.Second)
	var kinds []any
	var fieldsSeen []string
	for _, c := range w.changes()[1:] {
		fieldsSeen = append(fieldsSeen, c.Field)
		for _, m := range c.Value.Messages {
			kinds = append(kinds, m["system"].(map[string]any)["type"])
		}
		if len(c.Value.Contacts) != 0 {
			t.Errorf("a system message has contacts: %v", c.Value.Contacts)
		}
	}
	if diff := cmp.Diff([]any{"user_changed_number", "user_changed_user_id", "customer_identity_changed"}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"messages", "messages", "user_id_update", "messages"}, fieldsSeen); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got := w.send(`{"to":"+593990000001","recipient_identity_key_hash":"hash1","type":"text","text":{"body":"x"}}`); got.code() != 137000 {
		t.Errorf("the old hash: code %d", got.code())
	}
	if got := w.send(`{"to":"+593990000001","recipient_identity_key_hash":"hash2","type":"text","text":{"body":"x"}}`); got.code() != 0 {
		t.Errorf("the new hash: code %d (%s)", got.code(), got.details())
	}
}

func TestUnsupportedAndBrokenMessagesCarryErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Phone(person).Unsupported("poll")
	w.Phone(person).Broken()
	w.clock.Advance(time.Second)
	all := w.changes()
	if code := all[0].Value.Messages[0]["errors"].([]any)[0].(map[string]any)["code"]; code != float64(131051) {
		t.Errorf("unsupported: code %v", code)
	}
	if code := all[1].Value.Errors[0]["code"]; code != float64(131000) {
		t.Errorf("broken: code %v", code)
	}
}

func TestMarketingCanBeStopped(t *testing.T) {
	t.Parallel()
	w := open(t, func(c *fake.Config) {
		c.Templates = []fake.Template{{Name: "appeal", Language: "es", Body: "Give", Category: "MARKETING"}, {Name: "visit", Language: "es", Body: "Come"}}
	})
	w.Phone(person).StopMarketing(true)
	w.clock.Advance(time.Second)
	if all := w.changes(); all[len(all)-1].Field != "user_preferences" {
		t.Errorf("the last change is of %s", all[len(all)-1].Field)
	}
	for name, want := range map[string]string{"appeal": "failed", "visit": "sent delivered read"} {
		id := w.send(`{"type":"template","template":{"name":"` + name + `","language":{"code":"es"}}}`).id()
		w.clock.Advance(time.Minute)
		if got := words(w.statuses(id)); got != want {
			t.Errorf("%s: statuses are %q, want %q", name, got, want)
		}
	}
}

func TestReadMarksAndTyping(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	phone := w.Phone(person)
	phone.Write("one")
	second := phone.Write("two")
	w.clock.Advance(time.Second)
	got := w.send(`{"messaging_product":"whatsapp","status":"read","message_id":"` + second + `","typing_indicator":{"type":"text"}}`)
	if got.status != 200 || got.body["success"] != true {
		t.Fatalf("answered %d %v", got.status, got.body)
	}
	for _, m := range phone.Messages() {
		if m.Status != "read" {
			t.Errorf("%q is %q", m.Text, m.Status)
		}
	}
	if !phone.Typing() {
		t.Error("the phone shows no typing")
	}
	w.clock.Advance(25 * time.Second)
	if phone.Typing() {
		t.Error("typing after 25 s")
	}
	w.clock.Advance(31 * 24 * time.Hour)
	if got := w.send(`{"messaging_product":"whatsapp","status":"read","message_id":"` + second + `"}`); got.code() != 131009 {
		t.Errorf("after 31 days: code %d", got.code())
	}
}

func TestAReactionShowsAtItsMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	phone := w.Phone(person)
	theirs := phone.Write("hola")
	w.clock.Advance(time.Second)
	id := w.send(`{"type":"reaction","reaction":{"message_id":"` + theirs + `","emoji":"👍"}}`).id()
	w.clock.Advance(time.Minute)
	if got := phone.Messages(); len(got) != 1 || got[0].Reaction != "👍" {
		t.Errorf("the phone shows %+v", got)
	}
	if got := words(w.statuses(id)); got != "sent" {
		t.Errorf("statuses are %q", got)
	}
}

func TestThePhoneShowsWhatWasSent(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.send(interactive(`"type":"list","header":{"type":"text","text":"Head"},"body":{"text":"Body"},"footer":{"text":"Foot"},"action":{"button":"Open","sections":[{"title":"S","rows":[{"id":"r","title":"Row","description":"About"}]}]}`))
	w.clock.Advance(time.Second)
	got := w.Phone(person).Received()[0]
	got.ID, got.At, got.Raw = "", time.Time{}, nil
	want := fake.Message{FromBusiness: true, Kind: "interactive/list", Header: "Head", Text: "Body", Footer: "Foot",
		ListButton: "Open", Options: []fake.Option{{ID: "r", Title: "Row", About: "About", Section: "S"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
}
