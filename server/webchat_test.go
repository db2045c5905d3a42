package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"baraza/server/config"
)

// page is what the chat's page says and hears, see package webchat.
type page struct {
	t      *testing.T
	socket *websocket.Conn
	secret string
}

type frame struct {
	Type   string               `json:"type"`
	ID     string               `json:"id,omitempty"`
	V      int                  `json:"v,omitempty"`
	Secret string               `json:"secret,omitempty"`
	Text   string               `json:"text,omitempty"`
	Spans  []struct{ T string } `json:"spans,omitempty"`
}

func (w *world) open(t *testing.T, secret string) *page {
	t.Helper()
	address := strings.Replace(w.url, "http", "ws", 1) + "/chat/help/socket"
	socket, response, err := websocket.DefaultDialer.DialContext(t.Context(), address, http.Header{"Origin": {w.url}})
	if err != nil {
		t.Fatalf("dial: %v %v", err, response)
	}
	response.Body.Close()
	p := &page{t: t, socket: socket, secret: secret}
	p.say(frame{Type: "hello", V: 1, Secret: secret})
	if welcome := p.next("welcome"); welcome.Secret != "" {
		p.secret = welcome.Secret
	}
	return p
}

func (p *page) say(f frame) {
	p.t.Helper()
	if err := p.socket.WriteJSON(f); err != nil {
		p.t.Fatal(err)
	}
}

// next is the next frame of a type; others are passed over.
func (p *page) next(kind string) frame {
	p.t.Helper()
	_ = p.socket.SetReadDeadline(time.Now().Add(2 * time.Minute))
	for {
		var f frame
		if err := p.socket.ReadJSON(&f); err != nil {
			p.t.Fatalf("no %s came: %v", kind, err)
		}
		if f.Type == kind {
			return f
		}
	}
}

// shown is the next message, which the page says it has shown.
func (p *page) shown() string {
	p.t.Helper()
	f := p.next("message")
	p.say(frame{Type: "ack", ID: f.ID})
	text := ""
	for _, s := range f.Spans {
		text += s.T
	}
	return text
}

func TestAChatInAPageIsAnsweredAlsoWhenThePageWasAway(t *testing.T) {
	t.Parallel()
	folder := packFolder(t, "help", map[string]string{"pack.flow": strings.Replace(helpPack, "channels whatsapp", "channels whatsapp, webchat", 1),
		"talk.flow": helpTalk, "person.flow": helpPerson, "stop.flow": helpStop})
	w := newWorld(t, options{folder: folder, change: func(c *config.Config) {
		c.Webchat = []*config.Webchat{{Name: "help", Pack: "help", Origins: []string{"http://127.0.0.1"}}}
	}})
	p := w.open(t, "")
	p.say(frame{Type: "message", ID: "aaaaaaaa1", Text: "hello"})
	if f := p.next("received"); f.ID != "aaaaaaaa1" {
		t.Fatalf("received %q", f.ID)
	}
	if got := p.shown(); got != "What is the word?" {
		t.Fatalf("the page shows %q", got)
	}
	// The page goes away before it has shown the answer, and comes back.
	p.say(frame{Type: "message", ID: "aaaaaaaa2", Text: "zanzibar"})
	p.next("received")
	p.socket.Close()
	p = w.open(t, p.secret)
	defer p.socket.Close()
	if got := []string{p.shown(), p.shown()}; got[0] != "You wrote zanzibar." || got[1] != "What is the word?" {
		t.Errorf("after it came back the page shows %q", got)
	}
}
