package webchat_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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
const patience = 20 * time.Second

var files = fstest.MapFS{"media/map.png": {Data: []byte("\x89PNG\r\n\x1a\n")}}

// serve is a chat line of this machine, at an address of its own.
func serve(t testing.TB, inbox channels.Inbox, s webchat.Settings) (*webchat.Channel, *httptest.Server) {
	t.Helper()
	s.Account = "help-desk"
	c, err := webchat.New(s)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(c.Handler(inbox))
	server.Config.ReadHeaderTimeout = 500 * time.Millisecond
	server.Start()
	t.Cleanup(func() {
		c.Close()
		server.Close()
	})
	return c, server
}

// page is the far end as the page in web/ plays it, without a browser.
type page struct {
	t      testing.TB
	server *httptest.Server
	secret string
	ws     *websocket.Conn

	mu     sync.Mutex
	shown  []channeltest.Shown
	ids    map[string]bool
	tokens map[string]string
	deaf   bool // shows and acknowledges nothing

	answers chan map[string]any // received and error
	closed  chan error
	pings   chan struct{}
	waiting []map[string]any
	last    map[string]any
	counter int
}

func newPage(t testing.TB, server *httptest.Server) *page {
	return &page{t: t, server: server, ids: map[string]bool{}, tokens: map[string]string{}, answers: make(chan map[string]any, 100)}
}

func address(server *httptest.Server) string {
	return "ws" + strings.TrimPrefix(server.URL, "http") + "/socket"
}

// connect says hello and waits to be welcome.
func (p *page) connect() {
	p.t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial(address(p.server), http.Header{"Origin": {p.server.URL}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.ws, p.closed = ws, make(chan error, 1)
	hello := map[string]any{"type": "hello", "v": 1, "lang": "es-EC"}
	if p.secret != "" {
		hello["secret"] = p.secret
	}
	p.say(hello)
	welcome := p.read()
	if welcome["type"] != "welcome" || (p.secret == "") != (welcome["secret"] != nil) {
		p.t.Fatalf("greeted with %v", welcome)
	}
	if p.secret == "" {
		p.secret = welcome["secret"].(string)
	}
	answer := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		select {
		case p.pings <- struct{}{}:
		default: // nobody counts
		}
		return answer(data)
	})
	go p.listen(ws, p.closed)
}

// disconnect leaves without a word, and waits until the server has noticed.
func (p *page) disconnect() {
	p.ws.Close()
	<-p.closed
}

func (p *page) say(what any) {
	if err := p.ws.WriteJSON(what); err != nil {
		p.t.Error(err)
	}
}

func (p *page) read() (m map[string]any) {
	p.ws.SetReadDeadline(time.Now().Add(patience))
	if err := p.ws.ReadJSON(&m); err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p *page) listen(ws *websocket.Conn, closed chan error) {
	ws.SetReadDeadline(time.Time{})
	for {
		var m map[string]any
		if err := ws.ReadJSON(&m); err != nil {
			closed <- err
			return
		}
		if m["type"] == "message" {
			p.show(ws, m)
			continue
		}
		p.answers <- m
	}
}

func (p *page) show(ws *websocket.Conn, m map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deaf {
		return
	}
	id := m["id"].(string)
	if !p.ids[id] {
		p.ids[id] = true
		p.shown = append(p.shown, p.look(m))
	}
	if err := ws.WriteJSON(map[string]any{"type": "ack", "id": id}); err != nil {
		p.t.Log("the acknowledgement did not go out")
	}
}

func (p *page) look(m map[string]any) (s channeltest.Shown) {
	var texts []string
	add := func(what any) {
		if text, _ := what.(string); text != "" {
			texts = append(texts, text)
		}
	}
	add(m["header"])
	var b strings.Builder
	spans, _ := m["spans"].([]any)
	for _, one := range spans {
		b.WriteString(one.(map[string]any)["t"].(string))
	}
	add(b.String())
	if l, ok := m["link"].(map[string]any); ok {
		s.Link = l["label"].(string) + ": " + l["url"].(string)
	}
	add(m["footer"])
	s.Text = strings.Join(texts, "\n")
	options, _ := m["options"].([]any)
	for _, one := range options {
		o := one.(map[string]any)
		s.Options = append(s.Options, o["label"].(string))
		p.tokens[o["label"].(string)] = o["token"].(string)
	}
	if media, ok := m["media"].(map[string]any); ok {
		s.Media = media["kind"].(string)
		response, err := http.Get(p.server.URL + "/" + media["url"].(string))
		if err != nil {
			p.t.Error(err)
			return s
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			p.t.Errorf("the file answers %s", response.Status)
		}
	}
	return s
}

func (p *page) write(more map[string]any) {
	p.counter++
	m := map[string]any{"type": "message", "id": fmt.Sprintf("page-message-%d", p.counter)}
	for k, v := range more {
		m[k] = v
	}
	p.last = m
	p.waiting = append(p.waiting, m)
}

// settle sends what waits, one after the other; what is not kept waits on.
func (p *page) settle() {
	var kept []map[string]any
	for _, m := range p.waiting {
		p.say(m)
		select {
		case answer := <-p.answers:
			if answer["id"] != m["id"] {
				p.t.Errorf("%v is answered with %v", m, answer)
			}
			if answer["type"] != "received" {
				kept = append(kept, m)
			}
		case err := <-p.closed:
			p.t.Fatalf("the connection ended: %v", err)
		case <-time.After(patience):
			p.t.Fatalf("%v is not answered", m)
		}
	}
	p.waiting = kept
}

func (p *page) seen() []channeltest.Shown {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.shown)
}

func (p *page) setDeaf(deaf bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = deaf
}

func (p *page) to() []channels.Identity {
	return []channels.Identity{{Channel: "webchat", Kind: channels.WebSession, Value: webchat.IdentityOf("help-desk", p.secret)}}
}

func TestWebChatIsAChannel(t *testing.T) {
	t.Parallel()
	channeltest.Exercise(t, func(t testing.TB, inbox channels.Inbox) *channeltest.World {
		c, server := serve(t, inbox, webchat.Settings{Limits: webchat.Limits{Ack: 2 * time.Second}})
		p := newPage(t, server)
		p.connect()
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
				p.setDeaf(false)
				p.settle()
			},
			Repeat: func() { p.waiting = append(p.waiting, p.last) },
			Shown:  p.seen,
			Fail: func(class channels.Class) bool {
				p.setDeaf(class == channels.Retry)
				return class == channels.Retry
			},
		}
	})
}

// kept is an inbox that keeps everything.
type kept struct {
	mu   sync.Mutex
	all  []channels.Inbound
	news chan struct{}
}

func newKept() *kept { return &kept{news: make(chan struct{}, 100)} }

func (k *kept) Receive(_ context.Context, all []channels.Inbound) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, all...)
	k.news <- struct{}{}
	return nil
}

// wait returns everything once there are so many.
func (k *kept) wait(t testing.TB, n int) []channels.Inbound {
	t.Helper()
	deadline := time.After(patience)
	for {
		k.mu.Lock()
		all := slices.Clone(k.all)
		k.mu.Unlock()
		if len(all) >= n {
			return all
		}
		select {
		case <-k.news:
		case <-deadline:
			t.Fatalf("%d came, not %d", len(all), n)
		}
	}
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

// until waits for a condition.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
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
