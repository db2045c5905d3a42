package telegram_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/channels"
	"baraza/channels/capability"
	"baraza/channels/channeltest"
	"baraza/channels/telegram"
	"baraza/engine"
)

var update = flag.Bool("update", false, "rewrite golden files")

const token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

var files = fstest.MapFS{"media/map.jpg": {Data: []byte("\xff\xd8\xff\xe0 a picture")}}

// bot is the far side: the Bot API with one person behind it.
type bot struct {
	t  testing.TB
	mu sync.Mutex

	updates  []map[string]any // not yet confirmed
	number   int64
	sent     []channeltest.Shown
	data     map[string]string // callback data by label
	messages int64
	answered []string
	typing   bool
	next     func(w http.ResponseWriter) // instead of the next answer to a send, once
	last     map[string]any
	idle     func()                        // called when there is nothing new
	trouble  []func(w http.ResponseWriter) // instead of the next answers to getUpdates
	offsets  []int64                       // asked for
	files    map[string]string             // content by path
}

func (b *bot) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if r.Context().Err() != nil {
		return nil, r.Context().Err()
	}
	defer func() {
		if recover() != nil {
			response, err = nil, io.ErrUnexpectedEOF
		}
	}()
	w := httptest.NewRecorder()
	b.serve(w, r)
	return w.Result(), nil
}

func (b *bot) serve(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if path, ok := strings.CutPrefix(r.URL.Path, "/file/bot"+token+"/"); ok {
		content, there := b.files[path]
		if !there {
			w.WriteHeader(404)
		}
		io.WriteString(w, content)
		return
	}
	method, ok := strings.CutPrefix(r.URL.Path, "/bot"+token+"/")
	if !ok {
		refuse(w, 401, "Unauthorized", 0)
		return
	}
	fields := b.fields(r)
	switch {
	case method == "getUpdates" && len(b.trouble) > 0:
		trouble := b.trouble[0]
		b.trouble = b.trouble[1:]
		trouble(w)
	case method == "getUpdates":
		b.news(w, fields)
	case method == "getFile":
		grant(w, map[string]any{"file_id": fields["file_id"], "file_path": fields["file_id"].(string)[2:]})
	case method == "sendChatAction":
		b.typing = fields["action"] == "typing" && fields["chat_id"] == "42"
		grant(w, b.typing)
	case method == "answerCallbackQuery":
		b.answered = append(b.answered, fields["callback_query_id"].(string))
		grant(w, true)
	case b.next != nil:
		next := b.next
		b.next = nil
		next(w)
	default:
		b.send(w, method, fields, r)
	}
}

func (b *bot) fields(r *http.Request) map[string]any {
	fields := map[string]any{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
			b.t.Error(err)
		}
		return fields
	}
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		b.t.Error(err)
	}
	for name, values := range r.MultipartForm.Value {
		fields[name] = values[0]
		var parsed map[string]any
		if json.Unmarshal([]byte(values[0]), &parsed) == nil {
			fields[name] = parsed
		}
	}
	return fields
}

func (b *bot) news(w http.ResponseWriter, fields map[string]any) {
	offset := int64(fields["offset"].(float64))
	b.offsets = append(b.offsets, offset)
	b.updates = slices.DeleteFunc(b.updates, func(u map[string]any) bool { return u["update_id"].(int64) < offset })
	if len(b.updates) == 0 {
		b.idle()
	}
	grant(w, b.updates)
}

var tags = regexp.MustCompile(`</?[bis]>`)

func (b *bot) send(w http.ResponseWriter, method string, fields map[string]any, r *http.Request) {
	var s channeltest.Shown
	limit, text := 4096, "text"
	if method != "sendMessage" {
		limit, text = 1024, "caption"
		s.Media = map[string]string{"sendPhoto": "image", "sendLocation": "location", "sendContact": "contact"}[method]
	}
	if method == "sendPhoto" && len(r.MultipartForm.File["photo"]) != 1 {
		refuse(w, 400, "Bad Request: there is no photo in the request", 0)
		return
	}
	raw, _ := fields[text].(string)
	bare := tags.ReplaceAllString(raw, "")
	s.Text = html.UnescapeString(bare)
	switch n := capability.UTF16.Len(s.Text); {
	case fields["chat_id"] != "42":
		refuse(w, 400, "Bad Request: chat not found", 0)
		return
	case strings.ContainsAny(bare, "<>") || raw != "" && fields["parse_mode"] != "HTML":
		refuse(w, 400, "Bad Request: can't parse entities", 0)
		return
	case n > limit || method == "sendMessage" && strings.TrimSpace(s.Text) == "":
		refuse(w, 400, "Bad Request: message is too long or empty", 0)
		return
	}
	if keyboard, ok := fields["reply_markup"].(map[string]any); ok && keyboard["inline_keyboard"] != nil {
		for _, row := range keyboard["inline_keyboard"].([]any) {
			for _, one := range row.([]any) {
				button := one.(map[string]any)
				if url, ok := button["url"].(string); ok {
					s.Link = button["text"].(string) + ": " + url
					continue
				}
				data := button["callback_data"].(string)
				if len(data) < 1 || len(data) > 64 {
					refuse(w, 400, "Bad Request: BUTTON_DATA_INVALID", 0)
					return
				}
				label := button["text"].(string)
				s.Options = append(s.Options, label)
				b.data[label] = data
			}
		}
	}
	b.messages++
	b.sent = append(b.sent, s)
	grant(w, map[string]any{"message_id": b.messages})
}

func grant(w io.Writer, result any) {
	json.NewEncoder(w).Encode(map[string]any{"ok": true, "result": result})
}

func refuse(w http.ResponseWriter, code int, description string, after int) {
	w.WriteHeader(code)
	answer := map[string]any{"ok": false, "error_code": code, "description": description}
	if after > 0 {
		answer["parameters"] = map[string]any{"retry_after": after}
	}
	json.NewEncoder(w).Encode(answer)
}

var person = map[string]any{"id": 42, "is_bot": false, "first_name": "Ana", "language_code": "es"}

// tell adds an update.
func (b *bot) tell(kind string, what map[string]any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.number++
	b.last = map[string]any{"update_id": 9000 + b.number, kind: what}
	b.updates = append(b.updates, b.last)
}

func (b *bot) message(more map[string]any) map[string]any {
	m := map[string]any{"message_id": 500 + b.number, "from": person, "chat": map[string]any{"id": 42, "type": "private"}, "date": 1791187200}
	for k, v := range more {
		m[k] = v
	}
	return m
}

func (b *bot) failing(class channels.Class) bool {
	refusal := func(code int, description string, after int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { refuse(w, code, description, after) }
	}
	next, ok := map[channels.Class]func(http.ResponseWriter){
		channels.UnknownOutcome: func(http.ResponseWriter) { panic("cut") },
		channels.Retry:          refusal(500, "Internal Server Error", 0),
		channels.PairThrottled:  refusal(429, "Too Many Requests: retry after 5", 5),
		channels.Stopped:        refusal(403, "Forbidden: bot was blocked by the user", 0),
		channels.Unauthorized:   refusal(401, "Unauthorized", 0),
		channels.Unreachable:    refusal(400, "Bad Request: chat not found", 0),
		channels.RequestBug:     refusal(400, "Bad Request: can't parse entities", 0),
	}[class]
	if ok {
		b.next = next
	}
	return ok
}

func newBot(t testing.TB) (*bot, *telegram.Channel) {
	b := &bot{t: t, data: map[string]string{}, idle: func() {}}
	return b, telegram.New(telegram.Settings{BaseURL: "http://telegram.test", Token: token, Transport: b,
		Now:   func() time.Time { return time.Unix(1791187300, 0) },
		Pause: func(context.Context, time.Duration) error { return errRefused }})
}

var errRefused = errors.New("the inbox refused")

// settle runs the channel until there is nothing new, or the inbox refuses.
func settle(t testing.TB, b *bot, c *telegram.Channel, inbox channels.Inbox) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	b.idle = stop
	if err := c.Run(ctx, inbox); !errors.Is(err, context.Canceled) && !errors.Is(err, errRefused) {
		t.Fatalf("run ended with %v", err)
	}
}

func TestTelegramIsAChannel(t *testing.T) {
	t.Parallel()
	channeltest.Exercise(t, func(t testing.TB, inbox channels.Inbox) *channeltest.World {
		b, c := newBot(t)
		return &channeltest.World{
			Channel: c, Account: "110201543", Media: files, Image: "media/map.jpg",
			To:    []channels.Identity{{Channel: "telegram", Kind: channels.TelegramUser, Value: "42"}},
			Write: func(text string) { b.tell("message", b.message(map[string]any{"text": text})) },
			Tap: func(label string) {
				data, ok := b.data[label]
				if !ok {
					t.Fatalf("nothing shows %q", label)
				}
				b.tell("callback_query", map[string]any{"id": "q1", "from": person, "data": data, "message": b.message(nil)})
			},
			Settle: func() { settle(t, b, c, inbox) },
			Typing: func() bool { return b.typing },
			Repeat: func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.updates = append(b.updates, b.last)
			},
			Shown: func() []channeltest.Shown { return slices.Clone(b.sent) },
			Fail:  b.failing,
		}
	})
}

func TestUpdatesAreReadAndNoneIsLost(t *testing.T) {
	t.Parallel()
	b, c := newBot(t)
	var got []string
	inbox := inboxFunc(func(all []channels.Inbound) error {
		for _, in := range all {
			j, err := json.Marshal(in)
			if err != nil {
				t.Error(err)
			}
			got = append(got, string(j))
		}
		return nil
	})
	file := map[string]any{"file_id": "F1", "mime_type": "audio/ogg"}
	for _, u := range []struct {
		kind string
		what map[string]any
	}{
		{"message", b.message(map[string]any{"photo": []any{map[string]any{"file_id": "small"}, map[string]any{"file_id": "large"}}, "caption": "mi carta"})},
		{"message", b.message(map[string]any{"voice": file})},
		{"message", b.message(map[string]any{"location": map[string]any{"latitude": -0.18, "longitude": -78.47}})},
		{"message", b.message(map[string]any{"contact": map[string]any{"phone_number": "+593990000009", "first_name": "Eva"}})},
		{"message", b.message(map[string]any{"dice": map[string]any{"value": 6}})},
		{"message", b.message(map[string]any{"text": "sí", "reply_to_message": map[string]any{"message_id": 7}})},
		{"message", b.message(map[string]any{"text": "to all", "chat": map[string]any{"id": -5, "type": "group"}})},
		{"message", b.message(map[string]any{"text": 5})},
		{"edited_message", b.message(map[string]any{"text": "corregido"})},
		{"callback_query", map[string]any{"id": "q7", "from": person, "data": "b1.2.yes", "message": b.message(map[string]any{
			"reply_markup": map[string]any{"inline_keyboard": []any{[]any{map[string]any{"text": "Sí", "callback_data": "b1.2.yes"}}}}})}},
		{"my_chat_member", map[string]any{"from": person, "date": 1791187201, "chat": map[string]any{"type": "private"}, "new_chat_member": map[string]any{"status": "kicked"}}},
		{"my_chat_member", map[string]any{"from": person, "date": 1791187202, "chat": map[string]any{"type": "private"}, "new_chat_member": map[string]any{"status": "member"}}},
		{"my_chat_member", map[string]any{"from": person, "date": 1791187203, "chat": map[string]any{"type": "group"}, "new_chat_member": map[string]any{"status": "kicked"}}},
		{"hologram", map[string]any{"x": 1}},
	} {
		b.tell(u.kind, u.what)
	}
	settle(t, b, c, inbox)
	golden(t, "testdata/updates.lines", strings.Join(got, "\n")+"\n")
	if diff := cmp.Diff([]string{"q7"}, b.answered); diff != "" {
		t.Errorf("taps answered (-want +got):\n%s", diff)
	}
}

type inboxFunc func([]channels.Inbound) error

func (f inboxFunc) Receive(_ context.Context, all []channels.Inbound) error { return f(all) }

func TestTheTokenIsInNoResult(t *testing.T) {
	t.Parallel()
	b, c := newBot(t)
	b.failing(channels.UnknownOutcome)
	all, err := c.Parts(engine.Outgoing{Text: "hola"})
	if err != nil {
		t.Fatal(err)
	}
	r := c.Send(t.Context(), channels.Delivery{To: []channels.Identity{{Kind: channels.TelegramUser, Value: "42"}}, Part: all[0]})
	if text := fmt.Sprintf("%+v", r); strings.Contains(text, "AAHdq") {
		t.Errorf("the result holds it: %s", text)
	}
}

func TestEveryKindOfMessageHasItsRequests(t *testing.T) {
	t.Parallel()
	_, c := newBot(t)
	options := []engine.Choice{{Token: "b1.2.a", Label: "نعم", About: "غدًا", Number: 1}, {Token: "b1.2.b", Label: "لا <b>", Number: 2}}
	var b strings.Builder
	for i, o := range []engine.Outgoing{
		{Text: "*bold _both_* & <tag> \\*star\\*"},
		{Text: "هل؟", Header: "مكتب", Footer: "STOP", Style: engine.Buttons, Options: options},
		{Text: "هل؟", Style: engine.Numbers, Options: options},
		{Text: "*mapa*", Media: engine.Media{Kind: "image", ID: "media/map.jpg"}, Style: engine.Buttons, Options: options},
		{Text: "ሰላም", Media: engine.Media{Kind: "audio", ID: "media/a.ogg"}},
		{Text: "Quito", Place: &engine.LatLon{Lat: -0.18, Lon: -78.47}},
		{Text: "Ayuda", Contact: "+593 2 000 0000"},
		{Text: "¿Dónde?", Asks: "location"},
		{Text: "Ana: lunes.", Template: "call_reminder", Style: engine.Buttons, Options: []engine.Choice{{Label: "Sí", Number: 1}}},
		{Text: "الخطوات في هذه *الصفحة*.", Link: "https://example.org/asylum?a=b&c=d_e", LinkLabel: "اقرأ <b>"},
	} {
		all, err := c.Parts(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			b.WriteString(strconv.Itoa(i) + " " + p.Kind + " " + p.Media.ID + " " + string(p.Body) + "\n")
		}
	}
	golden(t, "testdata/requests.lines", b.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
