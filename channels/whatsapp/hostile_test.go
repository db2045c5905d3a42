package whatsapp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"baraza/channels"
	"baraza/channels/whatsapp"
)

// wrapped is the webhook of one message, given as JSON.
func wrapped(message string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"9"},"messages":[` + message + `]}}]}]}`
}

// hostileTexts are bodies of a text as they stand between the quotes of a webhook.
var hostileTexts = map[string]string{
	"invalid UTF-8":         "a\xff\xfeb\xc3",
	"NUL":                   `a\u0000b`,
	"a lone high surrogate": `a\ud83db`,
	"a lone low surrogate":  `a\udc00b`,
	"surrogates turned":     `\udc00\ud83d`,
	"control characters":    `\u0001\u001b[31m\u007f\u0085`,
	"bidirectional marks":   `\u202e\u2066evil\u202a`,
	"combining marks":       strings.Repeat(`\u0301`, 32<<10),
	"a family":              strings.Repeat(`\ud83d\udc69\u200d`, 2000),
	"a megabyte":            strings.Repeat("x", 1<<20),
	"Arabic digits":         "٢",
	"nothing":               "",
}

func TestHostileTextIsReadAsValidText(t *testing.T) {
	t.Parallel()
	for name, text := range hostileTexts {
		all := whatsapp.Parse([]byte(wrapped(`{"from":"593990000001","id":"wamid.A","timestamp":"1791187200","type":"text","text":{"body":"` + text + `"}}`)))
		if len(all) != 1 || all[0].Kind != channels.MessageReceived {
			t.Errorf("%s: got %+v", name, all)
			continue
		}
		if got := all[0].Event.Text; !utf8.ValidString(got) || text != "" && got == "" {
			t.Errorf("%s: read as %.40q", name, got)
		}
		if line, err := json.Marshal(all[0]); err != nil || !json.Valid(line) {
			t.Errorf("%s: printed with the error %v", name, err)
		}
	}
}

func TestHostileIDsAreReadAsValidText(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a\xffb", `a\ud83d`, `a\"b`, "\u00e9"} {
		all := whatsapp.Parse([]byte(wrapped(`{"from":"` + id + `","id":"` + id + `","type":"text","text":{"body":"x"}}`)))
		if len(all) != 1 || !utf8.ValidString(all[0].ID) || all[0].ID == "" || all[0].From[0].Value == "" {
			t.Errorf("%q: got %+v", id, all)
		}
	}
}

// A body whose entries are sound is read in one pass, any other element by element; what is sound in it is the same.
func TestBothWaysOfReadingTellTheSame(t *testing.T) {
	t.Parallel()
	for _, path := range fixtures(t) {
		body := read(t, path)
		broken := bytes.Replace(body, []byte(`"entry": [`), []byte(`"entry": [7,`), 1)
		sound, other := whatsapp.Parse(body), whatsapp.Parse(broken)
		if bytes.Equal(body, broken) {
			t.Fatalf("%s has no entries", path)
		}
		seen := map[string]bool{}
		for _, in := range other {
			seen[in.ID] = true
		}
		for _, in := range sound {
			if !seen[in.ID] {
				t.Errorf("%s: %s %q is read in one way alone", path, in.Kind, in.ID)
			}
		}
	}
}

func TestABatchForSeveralNumbersKeepsThemApart(t *testing.T) {
	t.Parallel()
	var entries []string
	for account := range 5 {
		var messages, statuses []string
		for i := range 100 {
			messages = append(messages, fmt.Sprintf(`{"from":"59399%07d","id":"wamid.%d.%d","timestamp":"1791187200","type":"text","text":{"body":"x"}}`, i, account, i))
			statuses = append(statuses, fmt.Sprintf(`{"id":"wamid.s.%d.%d","status":"read","timestamp":"1791187200"}`, account, i))
		}
		entries = append(entries, fmt.Sprintf(`{"id":"w%d","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"n%d"},"statuses":[%s],"messages":[%s]}},`+
			`{"field":"account_update","value":{"event":"ACCOUNT_DELETED"}}]}`, account, account, strings.Join(statuses, ","), strings.Join(messages, ",")))
	}
	count := map[string]int{}
	people := true
	for _, in := range whatsapp.Parse([]byte(`{"entry":[` + strings.Join(entries, ",") + `]}`)) {
		count[in.Kind.String()+" "+in.Business+" "+in.Account]++
		if in.Kind == channels.MessageReceived && !people {
			t.Errorf("%q waits behind something else", in.ID)
		}
		people = in.Kind == channels.MessageReceived
	}
	for account := range 5 {
		for what, want := range map[string]int{"message w%[1]d n%[1]d": 100, "status w%[1]d n%[1]d": 100, "alert w%[1]d ": 1} {
			if got := count[fmt.Sprintf(what, account)]; got != want {
				t.Errorf("%d of "+what, got, account)
			}
		}
	}
}

// FuzzInbound posts anything, signed by a provider that has lost its mind.
func FuzzInbound(f *testing.F) {
	for _, path := range fixtures(f) {
		f.Add(read(f, path))
	}
	for _, text := range hostileTexts {
		if len(text) < 1<<12 { // a large seed is minimised for a minute before anything else is tried
			f.Add([]byte(wrapped(`{"from":"1","id":"a","type":"text","text":{"body":"` + text + `"}}`)))
		}
	}
	for _, kind := range []string{"interactive", "button", "location", "contacts", "edit", "system", "image", "order", "reaction", "revoke"} {
		f.Add([]byte(wrapped(`{"from":"1","id":"a","type":"` + kind + `"}`)))
		f.Add([]byte(wrapped(`{"from":"1","id":"a","type":"` + kind + `","` + kind + `":null}`)))
		f.Add([]byte(wrapped(`{"from":"1","id":"a","type":"` + kind + `","` + kind + `":[[]]}`)))
	}
	f.Add([]byte(strings.Repeat(`[`, 200)))
	f.Add([]byte{})
	handler := whatsapp.New(whatsapp.Settings{AppSecrets: []string{secret}}).Handler(inboxFunc(func(all []channels.Inbound) error {
		for _, in := range all {
			if !utf8.ValidString(in.Event.Text) || !utf8.ValidString(in.ID) {
				return fmt.Errorf("%q is not valid", in.ID)
			}
			if _, err := json.Marshal(in); err != nil {
				return err
			}
		}
		return nil
	}))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("X-Hub-Signature-256", sign(body, secret))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code/100 != 2 && w.Code/100 != 4 {
			t.Fatalf("answered %d", w.Code)
		}
	})
}
