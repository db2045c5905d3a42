package webchat_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"baraza/channels"
	"baraza/channels/channeltest"
	"baraza/channels/webchat"
	"baraza/engine"
)

var update = flag.Bool("update", false, "write the golden files anew")

// patience is how long a test waits for what has to come.
const patience = 2 * time.Minute

var files = fstest.MapFS{"media/map.png": {Data: []byte("\x89PNG\r\n\x1a\n")}}

// serve is a chat line of this machine, at an address of its own.
func serve(t testing.TB, inbox channels.Inbox, s webchat.Settings) (*webchat.Channel, *httptest.Server) {
	t.Helper()
	s.Account = "help-desk"
	c, err := webchat.New(s)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler(inbox))
	t.Cleanup(func() {
		c.Close()
		server.Close()
	})
	return c, server
}

func TestWebChatIsAChannel(t *testing.T) {
	t.Parallel()
	channeltest.Exercise(t, func(t testing.TB, inbox channels.Inbox) *channeltest.World {
		c, server := serve(t, inbox, webchat.Settings{})
		p := newPage(t, server)
		p.connect()
		away := false
		back := func() {
			if away {
				away = false
				p.connect()
			}
		}
		return &channeltest.World{
			Channel: c, Account: "help-desk", To: p.to(), Media: files, Image: "media/map.png",
			Write: func(text string) { p.write(map[string]any{"text": text}) },
			Tap: func(label string) {
				p.mu.Lock()
				token, ok := p.tokens[label]
				p.mu.Unlock()
				if !ok {
					t.Fatalf("nothing shows %q", label)
				}
				p.write(map[string]any{"text": label, "token": token})
			},
			Settle: func() {
				back()
				p.settle()
			},
			Repeat: func() { p.waiting = append(p.waiting, p.last) },
			Shown:  p.seen,
			Fail: func(class channels.Class) bool {
				if class != channels.Retry {
					back()
					return false
				}
				away = true
				p.disconnect()
				return true
			},
		}
	})
}

func delivery(t testing.TB, c *webchat.Channel, p *page, id string, o engine.Outgoing) channels.Delivery {
	t.Helper()
	parts, err := c.Parts(o)
	if err != nil {
		t.Fatal(err)
	}
	return channels.Delivery{ID: id, Account: "help-desk", To: p.to(), Part: parts[0], Media: files}
}

func TestWhoIsAwayGetsTheirMessageWhenTheyReturn(t *testing.T) {
	t.Parallel()
	inbox := newKept()
	c, server := serve(t, inbox, webchat.Settings{})
	p := newPage(t, server)
	p.connect()
	p.write(map[string]any{"text": "hola"})
	p.settle()
	d := delivery(t, c, p, "ours-1", engine.Outgoing{Text: "hola"})
	p.disconnect()
	away := func() bool {
		r := c.Send(t.Context(), d)
		return r.Class == channels.Retry && r.Code == "not-connected" && r.RetryAfter > 0
	}
	until(t, "the person is away", away)

	p.connect()
	returned := inbox.wait(t, 2)[1]
	if returned.Kind != channels.Returned || returned.ID == "" || returned.Kind.String() != "returned" ||
		cmp.Diff(p.to(), returned.From) != "" || returned.Event.Kind != 0 {
		t.Errorf("the return is told as %+v", returned)
	}
	if r := c.Send(t.Context(), d); r.Class != channels.Accepted || r.ProviderID != "ours-1" {
		t.Errorf("ended as %+v", r)
	}
	if got := p.seen(); len(got) != 1 || got[0].Text != "hola" {
		t.Errorf("shown: %+v", got)
	}
}

func TestAMessageThatComesAgainIsShownOnce(t *testing.T) {
	t.Parallel()
	c, server := serve(t, newKept(), webchat.Settings{Limits: webchat.Limits{Ack: 200 * time.Millisecond}})
	p := newPage(t, server)
	p.connect()
	d := delivery(t, c, p, "ours-1", engine.Outgoing{Text: "hola"})
	p.setDeaf(true)
	if r := c.Send(t.Context(), d); r.Class != channels.Retry || r.Code != "not-acknowledged" {
		t.Errorf("without an acknowledgement it ended as %+v", r)
	}
	p.setDeaf(false)
	for range 3 {
		until(t, "accepted", func() bool { return c.Send(t.Context(), d).Class == channels.Accepted })
	}
	// A page that was loaded again tells what it has shown, and need not be sent it.
	p.disconnect()
	ws, _, err := websocket.DefaultDialer.Dial(address(server), http.Header{"Origin": {server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	p.ws = ws
	p.say(map[string]any{"type": "hello", "v": 1, "secret": p.secret, "seen": []string{"ours-1"}})
	p.read()
	until(t, "accepted", func() bool { return c.Send(t.Context(), d).Class == channels.Accepted })
	p.say(map[string]any{"type": "ping"})
	if got := p.read(); got["type"] != "pong" {
		t.Errorf("instead of the pong came %v", got)
	}
	if got := p.seen(); len(got) != 1 {
		t.Errorf("shown: %+v", got)
	}
}

func TestTheStoreSeesNoSecret(t *testing.T) {
	t.Parallel()
	inbox := newKept()
	_, server := serve(t, inbox, webchat.Settings{})
	p := newPage(t, server)
	p.connect()
	p.write(map[string]any{"text": "hola"})
	p.settle()
	if text := fmt.Sprintf("%+v", inbox.wait(t, 1)); strings.Contains(text, p.secret) {
		t.Errorf("it is in %s", text)
	}
	other := newPage(t, server)
	other.connect()
	if cmp.Diff(p.to(), other.to()) == "" {
		t.Error("two people have the same secret")
	}
}

func TestWhatPeopleDoArrives(t *testing.T) {
	t.Parallel()
	inbox := newKept()
	c, server := serve(t, inbox, webchat.Settings{Random: &sameBits{}, Now: func() time.Time { return time.Unix(1791187200, 0) }})
	p := newPage(t, server)
	p.connect()
	p.write(map[string]any{"text": "¿Dónde?"})
	p.write(map[string]any{"text": "Sí", "token": "b1.2.yes", "about": "ours-7"})
	p.write(map[string]any{"location": map[string]any{"lat": -0.18, "lon": -78.47}})
	p.settle()
	var got strings.Builder
	for _, in := range inbox.wait(t, 3) {
		j, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(string(j) + " " + in.Event.Language + "\n")
	}
	golden(t, "testdata/inbound.lines", got.String())
	if r := c.ShowTyping(t.Context(), "", p.to(), ""); r.Class != channels.Accepted {
		t.Errorf("typing ended as %+v", r)
	}
	if got := <-p.answers; got["type"] != "typing" {
		t.Errorf("typing is told as %v", got)
	}
}

// sameBits makes the secret the same every time.
type sameBits struct{}

func (*sameBits) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(i)
	}
	return len(b), nil
}

func TestWhatCannotBeTakenIsSaidSo(t *testing.T) {
	t.Parallel()
	inbox := newKept()
	_, server := serve(t, inbox, webchat.Settings{})
	p := newPage(t, server)
	p.connect()
	for _, c := range []struct {
		what map[string]any
		code string
	}{
		{map[string]any{"text": strings.Repeat("a", 4001)}, "too-long"},
		{map[string]any{"text": ""}, "unreadable"},
		{map[string]any{"text": "x", "token": "with space"}, "unreadable"},
		{map[string]any{"text": "x", "id": "short"}, "unreadable"},
		{map[string]any{"location": map[string]any{"lat": 91, "lon": 0}}, "unreadable"},
	} {
		p.write(c.what)
		p.say(p.last)
		if got := <-p.answers; got["type"] != "error" || got["code"] != c.code {
			t.Errorf("%.60v is answered with %v", c.what, got)
		}
	}
	if len(inbox.all) > 0 {
		t.Errorf("kept: %v", inbox.all)
	}
}

func TestEveryKindOfMessageHasItsForm(t *testing.T) {
	t.Parallel()
	c, err := webchat.New(webchat.Settings{Account: "help-desk"})
	if err != nil {
		t.Fatal(err)
	}
	options := []engine.Choice{{Token: "b1.2.a", Label: "نعم", About: "غدًا", Number: 1}, {Token: "b1.2.b", Label: "لا <b>", Number: 2}}
	var b strings.Builder
	for i, o := range []engine.Outgoing{
		{Text: "*bold _both_* & <tag> \\*star\\*", Language: "es"},
		{Text: "هل؟", Language: "ar", Header: "مكتب", Footer: "STOP", Style: engine.Buttons, Options: options},
		{Text: "هل؟", Language: "ar", Style: engine.Numbers, Options: options},
		{Text: "*mapa*", Media: engine.Media{Kind: "image", ID: "media/map.png"}, Style: engine.List, Options: options},
		{Media: engine.Media{Kind: "audio", ID: "media/a.ogg"}},
		{Text: "Quito", Place: &engine.LatLon{Lat: -0.18, Lon: -78.47}},
		{Text: "Ayuda", Contact: "+593 2 000 0000"},
		{Text: "¿Dónde?", Asks: "location"},
		{Text: "Ana: lunes.", Template: "call_reminder", Style: engine.Buttons, Options: []engine.Choice{{Label: "Sí", Number: 1}}},
		{Text: "الخطوات في هذه *الصفحة*.", Language: "ar", Link: "https://example.org/asylum?a=b&c=d_e", LinkLabel: "اقرأ <b>"},
	} {
		all, err := c.Parts(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			fmt.Fprintln(&b, i, p.Kind, p.Media.ID, string(p.Body))
		}
	}
	golden(t, "testdata/parts.lines", b.String())
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

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]webchat.Settings{
		"no account":        {},
		"no site":           {Account: "a", Own: "https://chat.example.org"},
		"not encrypted":     {Account: "a", Own: "http://chat.example.org", Origins: []string{"https://example.org"}},
		"a path":            {Account: "a", Own: "https://chat.example.org/", Origins: []string{"https://example.org"}},
		"any host":          {Account: "a", Own: "https://chat.example.org", Origins: []string{"https://*.example.org"}},
		"a policy":          {Account: "a", Own: "https://chat.example.org", Origins: []string{"https://example.org;script-src"}},
		"an exit that runs": {Account: "a", Exit: "javascript:alert(1)"},
	} {
		if _, err := webchat.New(s); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := webchat.New(webchat.Settings{Account: "a", Own: "https://chat.example.org", Origins: []string{"https://www.example.org"}}); err != nil {
		t.Error(err)
	}
}
