package fake_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"baraza/channels/whatsapp/fake"
)

const (
	secret = "a secret of an app"
	token  = "EAAtoken"
	number = "106540352242922"
	person = "+593987654321"
)

var morning = time.Date(2026, 10, 5, 8, 0, 0, 0, time.UTC)

// world is a server, its clock, and the business's callback, all in this goroutine.
type world struct {
	*fake.Server
	t        testing.TB
	clock    *fake.Manual
	callback *callback
	api      *http.Client
}

func newWorld(t testing.TB, configure func(c *fake.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: fake.NewManual(morning), callback: &callback{}}
	config := fake.Config{
		Callback: "http://business.test/webhook", Secret: secret, Token: token, VerifyToken: "hello",
		Clock: w.clock, Client: &http.Client{Transport: fake.InProcess(w.callback)},
	}
	if configure != nil {
		configure(&config)
	}
	w.Server = fake.New(config)
	w.api = &http.Client{Transport: fake.InProcess(w.Server)}
	return w
}

// open is a world in which the person has just written, and everything has arrived.
func open(t testing.TB, configure func(c *fake.Config)) *world {
	t.Helper()
	w := newWorld(t, configure)
	w.Phone(person).Write("hola")
	w.clock.Advance(time.Minute)
	return w
}

// reply is what came back for a request.
type reply struct {
	status int
	body   map[string]any
	err    error
}

func (r reply) code() int {
	problem, _ := r.body["error"].(map[string]any)
	code, _ := problem["code"].(float64)
	return int(code)
}

func (r reply) details() string {
	problem, _ := r.body["error"].(map[string]any)
	data, _ := problem["error_data"].(map[string]any)
	details, _ := data["details"].(string)
	return details
}

func (r reply) id() string {
	list, _ := r.body["messages"].([]any)
	if len(list) == 0 {
		return ""
	}
	return list[0].(map[string]any)["id"].(string)
}

func (w *world) do(method, path, kind string, body io.Reader) reply {
	w.t.Helper()
	request, err := http.NewRequest(method, "http://graph.test"+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := w.api.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	r := reply{status: response.StatusCode}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &r.body); err != nil {
			w.t.Fatalf("read %s: %v", raw, err)
		}
	} else {
		r.body = map[string]any{"raw": string(raw)}
	}
	return r
}

// send posts a message; the parts that every message has are added when they are not there.
func (w *world) send(body string) reply {
	w.t.Helper()
	return w.do("POST", "/v25.0/"+number+"/messages", "application/json", strings.NewReader(whole(body)))
}

func whole(body string) string {
	var message map[string]any
	if err := json.Unmarshal([]byte(body), &message); err != nil || !utf8.ValidString(body) {
		return body
	}
	for key, value := range map[string]any{"messaging_product": "whatsapp", "recipient_type": "individual", "to": person} {
		switch given, there := message[key]; {
		case there && given == nil: // left out on purpose
			delete(message, key)
		case !there && message["status"] == nil && (key != "to" || message["recipient"] == nil):
			message[key] = value
		}
	}
	raw, _ := json.Marshal(message)
	return string(raw)
}

func (w *world) upload(kind, filename string, data []byte) reply {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for key, value := range map[string]string{"messaging_product": "whatsapp", "type": kind} {
		if err := form.WriteField(key, value); err != nil {
			w.t.Fatal(err)
		}
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="file"; filename=%q`, filename))
	header.Set("Content-Type", kind)
	part, err := form.CreatePart(header)
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do("POST", "/v25.0/"+number+"/media", form.FormDataContentType(), &body)
}

// callback is the business: it takes webhooks whose signature is right, or answers as it is told.
type callback struct {
	mu     sync.Mutex
	answer func(n int) int // status for the nth webhook of right signature; 200 without it
	bodies [][]byte        // of right signature
	forged int
	during func(body []byte) // called before the answer
}

func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		if q := r.URL.Query(); q.Get("hub.mode") == "subscribe" && q.Get("hub.verify_token") == "hello" {
			fmt.Fprint(w, q.Get("hub.challenge"))
			return
		}
		w.WriteHeader(http.StatusForbidden)
		return
	}
	body, _ := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	if r.Header.Get("X-Hub-Signature-256") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
		c.mu.Lock()
		c.forged++
		c.mu.Unlock()
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	c.mu.Lock()
	c.bodies = append(c.bodies, body)
	n, during, answer := len(c.bodies), c.during, c.answer
	c.mu.Unlock()
	if during != nil {
		during(body)
	}
	if answer != nil {
		w.WriteHeader(answer(n))
	}
}

// value is what a test looks at in a webhook.
type value struct {
	Metadata struct {
		PhoneNumberID string `json:"phone_number_id"`
	}
	Contacts []map[string]any
	Messages []map[string]any
	Statuses []map[string]any
	Errors   []map[string]any
}

type change struct {
	Field string
	Value value
}

// changes are those of all webhooks of right signature.
func (w *world) changes() []change {
	w.t.Helper()
	w.callback.mu.Lock()
	defer w.callback.mu.Unlock()
	var all []change
	for _, body := range w.callback.bodies {
		all = append(all, parse(w.t, body)...)
	}
	return all
}

func parse(t testing.TB, body []byte) []change {
	t.Helper()
	var envelope struct {
		Object string
		Entry  []struct {
			ID      string
			Changes []change
		}
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		t.Fatalf("read webhook %s: %v", body, err)
	}
	if envelope.Object != "whatsapp_business_account" {
		t.Fatalf("object is %q", envelope.Object)
	}
	var all []change
	for _, entry := range envelope.Entry {
		all = append(all, entry.Changes...)
	}
	return all
}

// inbound are the messages of all webhooks, statuses the words of all statuses of a message in their order.
func (w *world) inbound() []map[string]any {
	w.t.Helper()
	var all []map[string]any
	for _, c := range w.changes() {
		all = append(all, c.Value.Messages...)
	}
	return all
}

func (w *world) statuses(id string) []map[string]any {
	w.t.Helper()
	var all []map[string]any
	for _, c := range w.changes() {
		for _, s := range c.Value.Statuses {
			if s["id"] == id {
				all = append(all, s)
			}
		}
	}
	return all
}

func words(statuses []map[string]any) string {
	var all []string
	for _, s := range statuses {
		all = append(all, s["status"].(string))
	}
	return strings.Join(all, " ")
}
