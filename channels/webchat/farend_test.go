package webchat_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"baraza/channels"
	"baraza/channels/channeltest"
	"baraza/channels/webchat"
)

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
