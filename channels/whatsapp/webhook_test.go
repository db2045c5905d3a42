package whatsapp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/channels"
	"baraza/channels/channeltest"
	"baraza/channels/whatsapp"
)

type inboxFunc func([]channels.Inbound) error

func (f inboxFunc) Receive(_ context.Context, all []channels.Inbound) error { return f(all) }

func TestAWebhookIsAnsweredForWhatItIs(t *testing.T) {
	t.Parallel()
	sound := string(read(t, "testdata/webhooks/messages.json"))
	full := errors.New("the disk is full")
	for name, c := range map[string]struct {
		method, target, body, signature string
		inbox                           error
		status, kept                    int
		why                             string
	}{
		"sound":               {"POST", "/", sound, "ours", nil, 200, 19, ""},
		"inbox full":          {"POST", "/", sound, "ours", full, 503, 0, whatsapp.RefusedInbox},
		"no JSON":             {"POST", "/", "not JSON", "ours", nil, 200, 1, ""},
		"nothing in it":       {"POST", "/", `{"object":"whatsapp_business_account"}`, "ours", full, 200, 0, ""},
		"no signature":        {"POST", "/", sound, "", nil, 401, 0, whatsapp.RefusedSignature},
		"another's signature": {"POST", "/", sound, sign([]byte(sound), "other"), nil, 401, 0, whatsapp.RefusedSignature},
		"another's body":      {"POST", "/", sound + " ", sign([]byte(sound), secret), nil, 401, 0, whatsapp.RefusedSignature},
		"3 MB":                {"POST", "/", `{"x":"` + strings.Repeat("x", 3<<20) + `"}`, "ours", nil, 200, 0, ""},
		"4 MB":                {"POST", "/", strings.Repeat("x", 4<<20), "ours", nil, 413, 0, whatsapp.RefusedSize},
		"registered":          {"GET", "/?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=hello", "", "", nil, 200, 0, ""},
		"another token":       {"GET", "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=hell", "", "", nil, 403, 0, whatsapp.RefusedToken},
		"no token":            {"GET", "/?hub.mode=subscribe&hub.challenge=1", "", "", nil, 403, 0, whatsapp.RefusedToken},
		"a script to echo":    {"GET", "/?hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=hello", "", "", nil, 400, 0, ""},
		"another method":      {"PUT", "/", sound, "ours", nil, 405, 0, ""},
	} {
		kept, why := 0, ""
		handler := whatsapp.New(whatsapp.Settings{AppSecrets: []string{secret}, VerifyToken: "hello", Refused: func(w string) { why = w }}).
			Handler(inboxFunc(func(all []channels.Inbound) error {
				if c.inbox == nil {
					kept += len(all)
				}
				return c.inbox
			}))
		r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
		if c.signature == "ours" {
			c.signature = sign([]byte(c.body), secret)
		}
		r.Header.Set("X-Hub-Signature-256", c.signature)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.status || kept != c.kept || why != c.why {
			t.Errorf("%s: got %d, %d kept, refused for %q; want %d, %d, %q", name, w.Code, kept, why, c.status, c.kept, c.why)
		}
		if name == "registered" && w.Body.String() != "1158201444" {
			t.Errorf("%s: echoed %q", name, w.Body)
		}
	}
}

func TestWithoutSecretsNothingIsLetIn(t *testing.T) {
	t.Parallel()
	handler := whatsapp.New(whatsapp.Settings{}).Handler(&channeltest.Inbox{})
	for _, r := range []*http.Request{
		httptest.NewRequest("GET", "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=", nil),
		httptest.NewRequest("POST", "/", strings.NewReader("{}")),
	} {
		r.Header.Set("X-Hub-Signature-256", sign([]byte("{}"), ""))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != 401 && w.Code != 403 {
			t.Errorf("%s is answered %d", r.Method, w.Code)
		}
	}
}

func TestPhoneNumbersAreFoundInEveryShape(t *testing.T) {
	t.Parallel()
	for phone, want := range map[string][]string{
		"5511987654321":    {"5511987654321", "551187654321"},
		"551187654321":     {"551187654321", "5511987654321"},
		"551132654321":     {"551132654321"}, // a landline
		"5491123456789":    {"5491123456789", "541123456789"},
		"541123456789":     {"541123456789", "5491123456789"},
		"5215512345678":    {"5215512345678", "525512345678"},
		"525512345678":     {"525512345678", "5215512345678"},
		"+593 99 000 0001": {"593990000001"},
		"":                 {""},
	} {
		if diff := cmp.Diff(want, whatsapp.Variants(phone)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", phone, diff)
		}
	}
}
