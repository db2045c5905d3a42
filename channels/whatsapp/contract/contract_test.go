package contract

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

const head = `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+593987654321",`

func TestJudge(t *testing.T) {
	t.Parallel()
	judge := Judge(t)
	for _, test := range []struct{ name, body, want string }{
		{"text", head + `"type":"text","text":{"body":"hola"}}`, ""},
		{"text with an unknown key", head + `"type":"text","text":{"body":"x","colour":"red"}}`, "text has colour"},
		{"unknown key", head + `"priority":1,"type":"text","text":{"body":"x"}}`, "the body has priority"},
		{"unknown type", head + `"type":"poll","poll":{}}`, `type is "poll"`},
		{"no recipient", `{"messaging_product":"whatsapp","recipient_type":"individual","type":"text","text":{"body":"x"}}`, "has no to"},
		{"recipient", `{"messaging_product":"whatsapp","recipient_type":"individual","recipient":"US.1","type":"text","text":{"body":"x"}}`, ""},
		{"group", strings.Replace(head, "individual", "crowd", 1) + `"type":"text","text":{"body":"x"}}`, "recipient_type is crowd"},
		{"preview in words", head + `"type":"text","text":{"body":"x","preview_url":"yes"}}`, "not of type boolean"},
		{"text of 4097", head + `"type":"text","text":{"body":"` + strings.Repeat("x", 4097) + `"}}`, "more than 4096"},
		{"image by id", head + `"type":"image","image":{"id":"1","caption":"x"}}`, ""},
		{"image by id and link", head + `"type":"image","image":{"id":"1","link":"https://x.test"}}`, "fits 2 of 2"},
		{"sticker with a caption", head + `"type":"sticker","sticker":{"id":"1","caption":"x"}}`, "sticker has caption"},
		{"location", head + `"type":"location","location":{"latitude":1.5,"longitude":2}}`, ""},
		{"four buttons", head + `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":[` +
			strings.TrimSuffix(strings.Repeat(`{"type":"reply","reply":{"id":"a","title":"A"}},`, 4), ",") + `]}}}`, "has 4 elements, more than 3"},
		{"long button", head + `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":[{"type":"reply","reply":{"id":"a","title":"` + strings.Repeat("x", 21) + `"}}]}}}`, "more than 20"},
		{"link", head + `"type":"interactive","interactive":{"type":"cta_url","body":{"text":"b"},"action":{"name":"cta_url","parameters":{"display_text":"Go","url":"https://x.test"}}}}`, ""},
		{"template", head + `"type":"template","template":{"name":"a","language":{"code":"es"},"components":[{"type":"body","parameters":[{"type":"text","text":"x"}]},{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"p"}]}]}}`, ""},
		{"template with an unknown parameter", head + `"type":"template","template":{"name":"a","language":{"code":"es"},"components":[{"type":"body","parameters":[{"type":"smell","smell":"x"}]}]}}`, `type is "smell"`},
		{"template with a button nowhere", head + `"type":"template","template":{"name":"a","language":{"code":"es"},"components":[{"type":"button","sub_type":"url","index":"12","parameters":[{"type":"text","text":"p"}]}]}}`, "does not match"},
		{"read mark", `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.1","typing_indicator":{"type":"text"}}`, ""},
		{"read mark of nothing", `{"messaging_product":"whatsapp","status":"read"}`, "has no message_id"},
		{"not JSON", `{`, "read the body"},
	} {
		err := judge([]byte(test.body))
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want a sentence with %q", test.name, err, test.want)
		}
	}
}

// spoiled are the document's own examples that its schemas refuse, with what is refused.
var spoiled = map[string]string{
	"Send Catalog Template Message":         "index is float64",
	"Send Flow Template Message":            "sub_type is flow",
	"Send Multi-Product Message":            "header.type is <HEADER_TYPE>",
	"Send Order Details Message":            "name is review_and_pay",
	"Send Order Status Message":             "name is review_order",
	"Send Reply to List Message":            `type is ""`,
	"Send Sample Issue Resolution Template": "index is float64",
	"Send Text Message with Preview URL":    `type is ""`,
}

// The document's own examples are the test of the evaluator: all but the spoiled ones pass.
func TestTheDocumentsExamples(t *testing.T) {
	t.Parallel()
	judge := Judge(t)
	whole, err := document()
	if err != nil {
		t.Fatal(err)
	}
	examples, err := find(whole.whole, "paths/~1{Version}~1{Phone-Number-ID}~1messages/post/requestBody/content/application~1json/examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		body, err := json.Marshal(examples[name].(fields)["value"])
		if err != nil {
			t.Fatal(err)
		}
		err = judge(body)
		switch want, known := spoiled[name]; {
		case !known && err != nil:
			t.Errorf("%s: %v", name, err)
		case known && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v, want a sentence with %q", name, err, want)
		}
	}
	for name := range spoiled {
		if examples[name] == nil {
			t.Errorf("the document has no example %q", name)
		}
	}
}
