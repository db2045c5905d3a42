package fake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"baraza/channels/whatsapp/contract"
	"baraza/channels/whatsapp/fake"
)

func buttons(rows ...string) string {
	return `{"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":[` + strings.Join(rows, ",") + `]}}}`
}

func button(id, title string) string {
	return fmt.Sprintf(`{"type":"reply","reply":{"id":%q,"title":%q}}`, id, title)
}

func sections(all ...string) string {
	return `{"type":"interactive","interactive":{"type":"list","body":{"text":"b"},"action":{"button":"Open","sections":[` + strings.Join(all, ",") + `]}}}`
}

func rows(title string, from, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"id":"r%d","title":"Row %d"}`, from+i, from+i))
	}
	head := ""
	if title != "" {
		head = fmt.Sprintf(`"title":%q,`, title)
	}
	return `{` + head + `"rows":[` + strings.Join(all, ",") + `]}`
}

func row(id, title, about string) string {
	return fmt.Sprintf(`{"rows":[{"id":%q,"title":%q,"description":%q}]}`, id, title, about)
}

func interactive(rest string) string { return `{"type":"interactive","interactive":{` + rest + `}}` }

func textOf(s string) string { return fmt.Sprintf(`{"type":"text","text":{"body":%q}}`, s) }

// n letters, each of one UTF-16 unit; emoji have two.
func n(count int) string      { return strings.Repeat("س", count) }
func smiles(count int) string { return strings.Repeat("😀", count) }

// A check is a request and the code it is answered with; 0 is an acceptance.
type check struct {
	name, body string
	code       int
}

// checks hold every limit of the contract, in pairs: the most that is taken, and one more.
func checks() []check {
	one := button("a", "A")
	return []check{
		{"text", textOf("hola"), 0},
		{"text of 4096 units", textOf(n(4096)), 0},
		{"text of 4097 units", textOf(n(4097)), 100},
		{"text of 2048 emoji is 4096 units", textOf(smiles(2048)), 0},
		{"text of 2049 emoji is 4098 units", textOf(smiles(2049)), 100},
		{"text without letters", textOf(""), 100},
		{"text without body", `{"type":"text","text":{}}`, 131008},
		{"text that is a number", `{"type":"text","text":{"body":5}}`, 100},
		{"text with a preview", `{"type":"text","text":{"body":"x","preview_url":true}}`, 0},
		{"text with a preview in words", `{"type":"text","text":{"body":"x","preview_url":"true"}}`, 100},
		{"text with an unknown key", `{"type":"text","text":{"body":"x","colour":"red"}}`, 100},
		{"text in a block of another name", `{"type":"text","body":{"text":"x"}}`, 100},
		{"text with two blocks", `{"type":"text","text":{"body":"x"},"image":{"id":"1"}}`, 100},
		{"unknown key", `{"type":"text","text":{"body":"x"},"priority":1}`, 100},
		{"unknown type", `{"type":"poll","poll":{}}`, 100},
		{"no type", `{"text":{"body":"x"}}`, 100},
		{"no block", `{"type":"text"}`, 131008},
		{"no product", `{"messaging_product":null,"type":"text","text":{"body":"x"}}`, 131008},
		{"other product", `{"messaging_product":"sms","type":"text","text":{"body":"x"}}`, 100},
		{"no recipient type", `{"recipient_type":null,"type":"text","text":{"body":"x"}}`, 131008},
		{"a group", `{"recipient_type":"group","type":"text","text":{"body":"x"}}`, 100},
		{"no recipient", `{"to":null,"type":"text","text":{"body":"x"}}`, 131008},
		{"number without +", `{"to":"593987654321","type":"text","text":{"body":"x"}}`, 131009},
		{"number with spaces", `{"to":"+593 98 765 4321","type":"text","text":{"body":"x"}}`, 131009},
		{"user id in to", `{"to":"US.13491208655302741918","type":"text","text":{"body":"x"}}`, 131009},
		{"number in recipient", `{"recipient":"+593987654321","type":"text","text":{"body":"x"}}`, 131009},
		{"user id that is too long", `{"recipient":"US.` + strings.Repeat("1", 129) + `","type":"text","text":{"body":"x"}}`, 131009},
		{"to goes before recipient", `{"to":"` + person + `","recipient":"US.134","type":"text","text":{"body":"x"}}`, 0},
		{"echo of 512", `{"biz_opaque_callback_data":"` + n(512) + `","type":"text","text":{"body":"x"}}`, 0},
		{"echo of 513", `{"biz_opaque_callback_data":"` + n(513) + `","type":"text","text":{"body":"x"}}`, 100},
		{"quote", `{"context":{"message_id":"wamid.abc"},"type":"text","text":{"body":"x"}}`, 0},
		{"quote of what is no message", `{"context":{"message_id":"42"},"type":"text","text":{"body":"x"}}`, 131009},
		{"to the business itself", `{"to":"+15550783881","type":"text","text":{"body":"x"}}`, 131021},
		{"not JSON", `{"type":`, 100},
		{"two objects", `{"type":"text","text":{"body":"x"}} {}`, 100},
		{"an array", `[]`, 100},
		{"not UTF-8", "{\"type\":\"text\",\"text\":{\"body\":\"\xff\"}}", 100},

		{"three buttons", buttons(one, button("b", "B"), button("c", "C")), 0},
		{"four buttons", buttons(one, button("b", "B"), button("c", "C"), button("d", "D")), 131009},
		{"no button", buttons(), 131009},
		{"button title of 20", buttons(button("a", n(20))), 0},
		{"button title of 21", buttons(button("a", n(21))), 100},
		{"button title of 10 emoji", buttons(button("a", smiles(10))), 0},
		{"button title of 11 emoji", buttons(button("a", smiles(11))), 100},
		{"button title of nothing", buttons(button("a", "")), 100},
		{"same title twice", buttons(one, button("b", "A")), 131009},
		{"same button id twice", buttons(one, button("a", "B")), 131009},
		{"button id of 256", buttons(button(strings.Repeat("i", 256), "A")), 0},
		{"button id of 257", buttons(button(strings.Repeat("i", 257), "A")), 100},
		{"button id with a space at its end", buttons(button("a ", "A")), 131009},
		{"button without its type", buttons(`{"reply":{"id":"a","title":"A"}}`), 131008},

		{"ten rows", sections(rows("", 0, 10)), 0},
		{"eleven rows", sections(rows("", 0, 11)), 131009},
		{"ten rows in two sections", sections(rows("One", 0, 5), rows("Two", 5, 5)), 0},
		{"eleven rows in two sections", sections(rows("One", 0, 5), rows("Two", 5, 6)), 131009},
		{"two sections without titles", sections(rows("", 0, 5), rows("", 5, 5)), 131008},
		{"section title of 24", sections(rows(n(24), 0, 1)), 0},
		{"section title of 25", sections(rows(n(25), 0, 1)), 100},
		{"section without rows", sections(`{"rows":[]}`), 131009},
		{"row title of 24", sections(row("a", n(24), "x")), 0},
		{"row title of 25", sections(row("a", n(25), "x")), 100},
		{"row description of 72", sections(row("a", "A", n(72))), 0},
		{"row description of 73", sections(row("a", "A", n(73))), 100},
		{"row id of 200", sections(row(strings.Repeat("i", 200), "A", "x")), 0},
		{"row id of 201", sections(row(strings.Repeat("i", 201), "A", "x")), 100},
		{"same row id in two sections", sections(rows("One", 0, 2), rows("Two", 1, 2)), 131009},
		{"list button of 20", strings.Replace(sections(rows("", 0, 1)), "Open", n(20), 1), 0},
		{"list button of 21", strings.Replace(sections(rows("", 0, 1)), "Open", n(21), 1), 100},
		{"interactive body of 1024", strings.Replace(buttons(one), `"b"`, `"`+n(1024)+`"`, 1), 0},
		{"interactive body of 1025", strings.Replace(buttons(one), `"b"`, `"`+n(1025)+`"`, 1), 100},
		{"list body of 1025", strings.Replace(sections(rows("", 0, 1)), `"b"`, `"`+n(1025)+`"`, 1), 100},
		{"no interactive body", interactive(`"type":"button","action":{"buttons":[` + one + `]}`), 131008},
		{"header and footer of 60", interactive(`"type":"button","header":{"type":"text","text":"` + n(60) + `"},"footer":{"text":"` + n(60) + `"},"body":{"text":"b"},"action":{"buttons":[` + one + `]}`), 0},
		{"header of 61", interactive(`"type":"button","header":{"type":"text","text":"` + n(61) + `"},"body":{"text":"b"},"action":{"buttons":[` + one + `]}`), 100},
		{"footer of 61", interactive(`"type":"button","footer":{"text":"` + n(61) + `"},"body":{"text":"b"},"action":{"buttons":[` + one + `]}`), 100},
		{"buttons below an image", interactive(`"type":"button","header":{"type":"image","image":{"link":"https://x.test/a.png"}},"body":{"text":"b"},"action":{"buttons":[` + one + `]}`), 0},
		{"list below an image", interactive(`"type":"list","header":{"type":"image","image":{"link":"https://x.test/a.png"}},"body":{"text":"b"},"action":{"button":"Open","sections":[` + rows("", 0, 1) + `]}`), 100},
		{"buttons in a list", interactive(`"type":"list","body":{"text":"b"},"action":{"buttons":[` + one + `]}`), 100},
		{"unknown interactive", interactive(`"type":"carousel","body":{"text":"b"},"action":{}`), 100},

		{"link", interactive(`"type":"cta_url","body":{"text":"b"},"action":{"name":"cta_url","parameters":{"display_text":"` + n(20) + `","url":"https://help.test"}}`), 0},
		{"link of 21", interactive(`"type":"cta_url","body":{"text":"b"},"action":{"name":"cta_url","parameters":{"display_text":"` + n(21) + `","url":"https://help.test"}}`), 100},
		{"link without a scheme", interactive(`"type":"cta_url","body":{"text":"b"},"action":{"name":"cta_url","parameters":{"display_text":"Go","url":"help.test"}}`), 131009},
		{"question for a location", interactive(`"type":"location_request_message","body":{"text":"b"},"action":{"name":"send_location"}`), 0},
		{"question for a location with a footer", interactive(`"type":"location_request_message","body":{"text":"b"},"footer":{"text":"f"},"action":{"name":"send_location"}`), 100},
		{"question for a number", interactive(`"type":"contact_request","body":{"text":"b"},"action":{"name":"request_contact_info"}`), 0},
		{"form", interactive(`"type":"flow","body":{"text":"b"},"action":{"name":"flow","parameters":{"flow_message_version":"3","flow_id":"1","flow_cta":"` + n(20) + `","flow_token":"t","flow_action":"navigate","flow_action_payload":{"screen":"S","data":{"a":1}}}}`), 0},
		{"form by id and name", interactive(`"type":"flow","body":{"text":"b"},"action":{"name":"flow","parameters":{"flow_message_version":"3","flow_id":"1","flow_name":"n","flow_cta":"Go","flow_token":"t"}}`), 100},
		{"form button of 21", interactive(`"type":"flow","body":{"text":"b"},"action":{"name":"flow","parameters":{"flow_message_version":"3","flow_id":"1","flow_cta":"` + n(21) + `","flow_token":"t"}}`), 100},

		{"location", `{"type":"location","location":{"latitude":-0.18,"longitude":-78.47,"name":"Quito","address":"Centro"}}`, 0},
		{"location in words", `{"type":"location","location":{"latitude":"-0.18","longitude":"-78.47"}}`, 100},
		{"location off the globe", `{"type":"location","location":{"latitude":91,"longitude":0}}`, 131009},
		{"image by link", `{"type":"image","image":{"link":"https://x.test/a.jpg","caption":"` + n(1024) + `"}}`, 0},
		{"caption of 1025", `{"type":"image","image":{"link":"https://x.test/a.jpg","caption":"` + n(1025) + `"}}`, 100},
		{"image by nothing", `{"type":"image","image":{"caption":"x"}}`, 100},
		{"image by id and link", `{"type":"image","image":{"id":"1","link":"https://x.test/a.jpg"}}`, 100},
		{"image of an id that is not there", `{"type":"image","image":{"id":"1"}}`, 100},
		{"audio with a caption", `{"type":"audio","audio":{"link":"https://x.test/a.mp3","caption":"x"}}`, 100},
		{"sticker with a caption", `{"type":"sticker","sticker":{"link":"https://x.test/a.webp","caption":"x"}}`, 100},
		{"document with a name", `{"type":"document","document":{"link":"https://x.test/a.pdf","filename":"a.pdf"}}`, 0},
		{"image with a name", `{"type":"image","image":{"link":"https://x.test/a.jpg","filename":"a.jpg"}}`, 100},
		{"reaction to nothing", `{"type":"reaction","reaction":{"message_id":"wamid.x","emoji":"👍"}}`, 131009},
		{"reaction of two", `{"type":"reaction","reaction":{"message_id":"wamid.x","emoji":"👍👍"}}`, 131009},
		{"five contacts", contacts(5), 0},
		{"six contacts", contacts(6), 131009},
		{"contact of another type", strings.Replace(contacts(1), "HOME", "CELL", 1), 100},
		{"contact without a name", `{"type":"contacts","contacts":[{"phones":[{"phone":"+593987654321"}]}]}`, 131008},
		{"unknown template", `{"type":"template","template":{"name":"hello","language":{"code":"es"}}}`, 132001},
		{"template named in capitals", `{"type":"template","template":{"name":"Hello","language":{"code":"es"}}}`, 131009},

		{"read mark of nothing", `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x"}`, 131009},
		{"mark that is no read", `{"messaging_product":"whatsapp","status":"seen","message_id":"wamid.x"}`, 100},
		{"read mark with a recipient", `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x","to":"` + person + `"}`, 100},
		{"typing by voice", `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.x","typing_indicator":{"type":"voice"}}`, 100},
	}
}

func TestRequestsAreHeldAgainstTheContract(t *testing.T) {
	t.Parallel()
	for _, test := range checks() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, nil)
			body := test.body
			got := w.send(body)
			if got.code() != test.code || test.code == 0 && got.status != 200 {
				t.Errorf("answered %d, code %d (%s), want code %d", got.status, got.code(), got.details(), test.code)
			}
			if accepted := len(w.Accepted()); accepted != map[bool]int{true: 1}[test.code == 0] {
				t.Errorf("accepted %d messages", accepted)
			}
		})
	}
}

// What the server takes, Meta's own document takes too: neither the tables here nor the tests are looser.
func TestMetasDocumentTakesWhatIsAccepted(t *testing.T) {
	t.Parallel()
	judge := contract.Judge(t)
	for _, test := range checks() {
		if test.code != 0 {
			continue
		}
		if err := judge([]byte(whole(test.body))); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func contacts(n int) string {
	card := `{"name":{"formatted_name":"Ana"},"phones":[{"phone":"+593987654321","type":"HOME"}]}`
	return `{"type":"contacts","contacts":[` + strings.TrimSuffix(strings.Repeat(card+",", n), ",") + `]}`
}

func TestAnAcceptedMessageIsAnsweredWithItsID(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	got := w.send(textOf("hola"))
	contact := got.body["contacts"].([]any)[0].(map[string]any)
	if contact["input"] != person || contact["wa_id"] != "593987654321" {
		t.Errorf("contact is %v", contact)
	}
	if !strings.HasPrefix(got.id(), "wamid.") {
		t.Errorf("id is %q", got.id())
	}
}

func TestARefusalHasTheShapeOfTheGraphAPI(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	got := w.send(textOf(n(4097)))
	problem := got.body["error"].(map[string]any)
	if got.status != 400 || problem["type"] != "OAuthException" || problem["fbtrace_id"] == "" ||
		problem["message"] != "(#100) Param text['body'] must be at most 4096 characters long." {
		t.Errorf("status %d, error %v", got.status, problem)
	}
}

func TestTemplatesAreHeldAgainstTheirParameters(t *testing.T) {
	t.Parallel()
	templates := []fake.Template{
		{Name: "visit", Language: "ar", Header: "IMAGE", Body: "{{1}} then {{2}}", Buttons: []fake.TemplateButton{
			{Kind: "quick_reply", Text: "Yes"}, {Kind: "url", Text: "See", URL: "https://x.test/{{1}}"}}},
		{Name: "plain", Language: "ar", Body: "Hello"},
		{Name: "rest", Language: "ar", Body: "Hello", Status: "PAUSED"},
		{Name: "over", Language: "ar", Body: "Hello", Status: "DISABLED"},
		{Name: "code", Language: "ar", Body: "{{1}}", Category: "AUTHENTICATION"},
	}
	const image = `{"type":"header","parameters":[{"type":"image","image":{"link":"https://x.test/a.png"}}]}`
	const body = `{"type":"body","parameters":[{"type":"text","text":"one"},{"type":"text","text":"two"}]}`
	const link = `{"type":"button","sub_type":"url","index":"1","parameters":[{"type":"text","text":"abc"}]}`
	send := func(name, language, components string) string {
		return fmt.Sprintf(`{"type":"template","template":{"name":%q,"language":{"code":%q},"components":[%s]}}`, name, language, components)
	}
	for _, test := range []struct {
		name, body string
		code       int
	}{
		{"whole", send("visit", "ar", image+","+body+","+link), 0},
		{"with a payload", send("visit", "ar", image+","+body+","+link+`,{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"p"}]}`), 0},
		{"no header", send("visit", "ar", body+","+link), 132000},
		{"a text for an image", send("visit", "ar", `{"type":"header","parameters":[{"type":"text","text":"x"}]},`+body+","+link), 132012},
		{"one parameter of two", send("visit", "ar", image+`,{"type":"body","parameters":[{"type":"text","text":"one"}]},`+link), 132000},
		{"a new line", send("visit", "ar", image+`,{"type":"body","parameters":[{"type":"text","text":"a\nb"},{"type":"text","text":"x"}]},`+link), 132018},
		{"too long together", send("visit", "ar", image+`,{"type":"body","parameters":[{"type":"text","text":"`+n(1000)+`"},{"type":"text","text":"`+n(20)+`"}]},`+link), 132005},
		{"no parameter of the link", send("visit", "ar", image+","+body), 132000},
		{"a payload for the link", send("visit", "ar", image+","+body+`,{"type":"button","sub_type":"url","index":"1","parameters":[{"type":"payload","payload":"x"}]}`), 132012},
		{"a button that is not there", send("visit", "ar", image+","+body+`,{"type":"button","sub_type":"url","index":"2","parameters":[{"type":"text","text":"x"}]}`), 132000},
		{"an index that is a number", send("visit", "ar", image+","+body+`,{"type":"button","sub_type":"url","index":1,"parameters":[{"type":"text","text":"x"}]}`), 100},
		{"other language", send("plain", "ar_EG", ""), 132001},
		{"parameters too many", send("plain", "ar", body), 132000},
		{"plain", send("plain", "ar", ""), 0},
		{"paused", send("rest", "ar", ""), 132015},
		{"disabled", send("over", "ar", ""), 132016},
		{"a code to a user id", strings.Replace(send("code", "ar", `{"type":"body","parameters":[{"type":"text","text":"1234"}]}`), `{`, `{"to":null,"recipient":"US.134",`, 1), 131062},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *fake.Config) { c.Templates = templates }) // nobody has written: no window
			if got := w.send(test.body); got.code() != test.code {
				t.Errorf("answered code %d (%s), want %d", got.code(), got.details(), test.code)
			}
		})
	}
}

func TestTheWindowIsOpenFor24HoursAfterThePersonWrote(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if got := w.send(textOf("hi")); got.code() != 131047 {
		t.Errorf("before the person wrote: code %d", got.code())
	}
	w.Phone(person).Write("hola")
	w.clock.Advance(24*time.Hour - time.Second)
	if got := w.send(textOf("hi")); got.code() != 0 {
		t.Errorf("a second before the end: code %d", got.code())
	}
	w.clock.Advance(time.Second)
	if got := w.send(textOf("hi")); got.code() != 131047 {
		t.Errorf("at the end: code %d", got.code())
	}
	if other := w.Phone("+593990000000"); len(other.Messages()) != 0 {
		t.Error("another person's phone shows messages")
	}
}

func TestPacing(t *testing.T) {
	t.Parallel()
	t.Run("eighty in a second go, in and out together", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, nil)
		const people = 40
		for i := range people {
			w.Phone(fmt.Sprintf("+5939800000%02d", i)).Write("hola")
		}
		for i := range people {
			if got := w.send(fmt.Sprintf(`{"to":"+5939800000%02d","type":"text","text":{"body":"x"}}`, i)); got.code() != 0 {
				t.Fatalf("message %d: code %d", i, got.code())
			}
		}
		const again = `{"to":"+593980000000","type":"text","text":{"body":"x"}}`
		if got := w.send(again); got.code() != 130429 || got.status != 429 {
			t.Errorf("one more: code %d, status %d", got.code(), got.status)
		}
		w.clock.Advance(time.Second)
		if got := w.send(again); got.code() != 0 {
			t.Errorf("a second later: code %d", got.code())
		}
	})
	t.Run("a pair has a burst of 45 and then waits for it", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		for i := range 45 {
			if got := w.send(textOf("x")); got.code() != 0 {
				t.Fatalf("message %d: code %d", i, got.code())
			}
		}
		if got := w.send(textOf("x")); got.code() != 131056 {
			t.Errorf("the 46th: code %d", got.code())
		}
		w.clock.Advance(45*6*time.Second - time.Second)
		if got := w.send(textOf("x")); got.code() != 131056 {
			t.Errorf("a second too early: code %d", got.code())
		}
		w.clock.Advance(time.Second)
		if got := w.send(textOf("x")); got.code() != 0 {
			t.Errorf("in time: code %d", got.code())
		}
	})
	t.Run("one in six seconds goes for ever", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		for i := range 200 {
			if got := w.send(textOf("x")); got.code() != 0 {
				t.Fatalf("message %d: code %d", i, got.code())
			}
			w.clock.Advance(6 * time.Second)
		}
	})
	t.Run("unpaced", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(c *fake.Config) { c.Pacing = fake.Unpaced })
		for i := range 500 {
			if got := w.send(textOf("x")); got.code() != 0 {
				t.Fatalf("message %d: code %d", i, got.code())
			}
		}
	})
}
