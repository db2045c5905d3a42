package telegram_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"baraza/channels"
	"baraza/channels/channeltest"
	"baraza/channels/telegram"
	"baraza/engine"
)

// A provider that cuts, conflicts, throttles, talks HTML and repeats itself: nothing is lost, and what an operator has
// to end is told once until it has ended.
func TestPollingOutlastsAProviderInTrouble(t *testing.T) {
	t.Parallel()
	b, _ := newBot(t)
	var waits []time.Duration
	c := telegram.New(telegram.Settings{BaseURL: "http://telegram.test", Token: token, Transport: b,
		Now:   func() time.Time { return time.Unix(1791187300, 0) },
		Pause: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }})
	says := func(code int, after int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { refuse(w, code, "no", after) }
	}
	b.trouble = []func(http.ResponseWriter){
		says(409, 0), says(409, 0), says(500, 0), func(http.ResponseWriter) { panic("cut") },
		func(w http.ResponseWriter) { io.WriteString(w, "<html>") },
		func(w http.ResponseWriter) { io.WriteString(w, `{"ok":true,"result":"none"}`) },
		says(429, 90), says(401, 0), says(401, 0),
	}
	b.tell("message", b.message(map[string]any{"text": "still here"}))
	b.updates = append(b.updates, b.last) // told twice in one answer
	inbox := &channeltest.Inbox{}
	var alerts []string
	settle(t, b, c, inboxFunc(func(all []channels.Inbound) error {
		for _, in := range all {
			if in.Kind == channels.AlertRaised {
				alerts = append(alerts, in.Alert.Code)
			}
		}
		return inbox.Receive(t.Context(), all)
	}))
	if diff := cmp.Diff([]string{"poll/409", "poll/401"}, alerts); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 90, 60, 60}
	for i := range want {
		want[i] *= time.Second
	}
	if diff := cmp.Diff(want, waits); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
	all := inbox.Messages()
	if len(all) != 2 || all[0].ID != all[1].ID || all[0].Event.Text != "still here" {
		t.Errorf("received %+v", all)
	}
}

// After a quiet week the provider numbers its updates from anywhere.
func TestNumbersThatBeginAgainBelowAreAskedFor(t *testing.T) {
	t.Parallel()
	b, c := newBot(t)
	inbox := &channeltest.Inbox{}
	b.tell("message", b.message(map[string]any{"text": "before"}))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	quiet := 0
	b.idle = func() {
		if quiet++; quiet == 2 {
			b.updates = append(b.updates, map[string]any{"update_id": int64(17), "message": b.message(map[string]any{"text": "after"})})
		}
		if quiet == 4 {
			stop()
		}
	}
	if err := c.Run(ctx, inbox); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if all := inbox.Messages(); len(all) != 2 || all[1].Event.Text != "after" {
		t.Errorf("received %+v after asking from %v", all, b.offsets)
	}
}

func TestUpdatesThatCannotBeReadDoNotHideEachOther(t *testing.T) {
	t.Parallel()
	b, c := newBot(t)
	b.trouble = []func(http.ResponseWriter){func(w http.ResponseWriter) {
		io.WriteString(w, `{"ok":true,"result":["one",2,{"update_id":"x"},{"update_id":9001,"message":{"message_id":1,"from":{"id":42},"chat":{"id":42,"type":"private"},"date":1,"text":"hola"}}]}`)
	}}
	ids := map[string]bool{}
	settle(t, b, c, inboxFunc(func(all []channels.Inbound) error {
		for _, in := range all {
			ids[in.Kind.String()+" "+in.ID] = true
		}
		return nil
	}))
	if len(ids) != 4 || !ids["message update:9001"] {
		t.Errorf("received %v", ids)
	}
}

func TestOnlyWhoBlockedTheBotHasOptedOut(t *testing.T) {
	t.Parallel()
	b, c := newBot(t)
	all, err := c.Parts(engine.Outgoing{Text: "hola"})
	if err != nil {
		t.Fatal(err)
	}
	for description, want := range map[string]channels.Class{
		"Forbidden: bot was blocked by the user":                 channels.Stopped,
		"Forbidden: user is deactivated":                         channels.Unreachable,
		"Forbidden: bot can't initiate conversation with a user": channels.Unreachable,
	} {
		b.next = func(w http.ResponseWriter) { refuse(w, 403, description, 0) }
		r := c.Send(t.Context(), channels.Delivery{To: []channels.Identity{{Kind: channels.TelegramUser, Value: "42"}}, Part: all[0]})
		if r.Class != want || r.Code != "403" {
			t.Errorf("%s: %+v", description, r)
		}
	}
}

func TestReceivedMediaIsFetchedAndMeasured(t *testing.T) {
	t.Parallel()
	b, c := newBot(t)
	b.files = map[string]string{"voice/file 1.oga": "OggS a voice", "large": strings.Repeat("x", 20<<20+1)}
	fetch := func(a channels.Attachment) (string, error) {
		content, err := c.FetchMedia(t.Context(), "", a)
		if err != nil {
			return "", err
		}
		defer content.Close()
		got, err := io.ReadAll(content)
		return string(got), err
	}
	sum := sha256.Sum256([]byte("OggS a voice"))
	if got, err := fetch(channels.Attachment{ID: "F1voice/file 1.oga", SHA256: sum[:]}); err != nil || got != "OggS a voice" {
		t.Errorf("got %q, %v", got, err)
	}
	for name, a := range map[string]channels.Attachment{
		"other content":   {ID: "F1voice/file 1.oga", SHA256: make([]byte, 32)},
		"too large":       {ID: "F1large"},
		"not there":       {ID: "F1nowhere"},
		"another address": {ID: "F1../../bot" + token + "/getMe"},
	} {
		if _, err := fetch(a); err == nil || strings.Contains(err.Error(), "AAHdq") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestTypingShowsInTheChat(t *testing.T) {
	t.Parallel()
	var asked []string
	c := telegram.New(telegram.Settings{BaseURL: "http://telegram.test", Token: token, Transport: trip(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		asked = append(asked, r.URL.Path[len("/bot"+token):]+" "+string(body))
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"ok":true,"result":true}`)), Request: r}, err
	})})
	r := c.ShowTyping(t.Context(), "", []channels.Identity{{Kind: channels.TelegramUser, Value: "42"}}, "")
	if diff := cmp.Diff([]string{`/sendChatAction {"action":"typing","chat_id":"42"}`}, asked); diff != "" || r.Class != channels.Accepted {
		t.Errorf("%+v (-want +got):\n%s", r, diff)
	}
	if r := c.ShowTyping(t.Context(), "", nil, ""); r.Class != channels.RequestBug {
		t.Errorf("to nobody: %+v", r)
	}
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzInbound lets the provider answer anything when asked for news: what comes of it can be kept, and asking goes on.
func FuzzInbound(f *testing.F) {
	for _, update := range []string{
		`{"update_id":1,"message":{"message_id":1,"from":{"id":42},"chat":{"id":42,"type":"private"},"date":1,"text":"a\ud83d\u0000"}}`,
		`{"update_id":1,"message":{"message_id":1,"from":{"id":42},"chat":{"id":42,"type":"private"},"photo":[null]}}`,
		`{"update_id":1,"edited_message":{}}`, `{"update_id":-1,"callback_query":{"message":{"reply_markup":{"inline_keyboard":[[{}]]}}}}`,
		`{"update_id":9223372036854775807,"my_chat_member":null}`, `null`, `7`, `"x"`, "\"\xff\"",
	} {
		f.Add([]byte(`{"ok":true,"result":[` + update + `]}`))
	}
	f.Add([]byte(`<html>`))
	f.Add([]byte(`{"ok":false,"error_code":409}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		asked := 0
		c := telegram.New(telegram.Settings{Token: "1:x", Now: func() time.Time { return time.Unix(1791187300, 0) },
			Pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
			Transport: trip(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/getUpdates") {
					if asked++; asked > 2 {
						stop()
					}
				}
				return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
			})})
		err := c.Run(ctx, inboxFunc(func(all []channels.Inbound) error {
			for _, in := range all {
				if in.ID == "" || in.Kind == channels.NoKind || !utf8.ValidString(in.Event.Text) {
					t.Errorf("received %+v", in)
				}
				if _, err := json.Marshal(in); err != nil {
					t.Error(err)
				}
			}
			return nil
		}))
		if !errors.Is(err, context.Canceled) {
			t.Fatal(fmt.Errorf("run ended with %w", err))
		}
	})
}
