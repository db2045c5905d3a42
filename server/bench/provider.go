package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// provider is a WhatsApp that accepts everything at once, on this machine. It knows what each person waits for.
type provider struct {
	server  *http.Server
	address string
	taken   atomic.Int64

	mu       sync.Mutex
	expected map[string][]reply // by number
	waits    int
	replies  durations
	strange  error
	changed  chan struct{} // holds one word after something came
}

// reply is what is to come after a message.
type reply struct {
	since time.Time // when the message was to be sent
	parts int
	begun bool
}

func newProvider() (*provider, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &provider{address: "http://" + l.Addr().String(), expected: map[string][]reply{}, changed: make(chan struct{}, 1)}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.server.Serve(l) }() // until close
	return p, nil
}

func (p *provider) close() { _ = p.server.Close() }

// expect notes that a person waits for so many parts.
func (p *provider) expect(to string, parts int, since time.Time) {
	if parts == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected[to] = append(p.expected[to], reply{since: since, parts: parts})
	p.waits += parts
}

// all waits until everything has come; its error says what has not, or what came that nobody waits for.
func (p *provider) all(ctx context.Context, within time.Duration) error {
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	for {
		p.mu.Lock()
		waits, strange := p.waits, p.strange
		p.mu.Unlock()
		switch {
		case strange != nil:
			return strange
		case waits == 0:
			return nil
		}
		select {
		case <-p.changed:
		case <-ctx.Done():
			return fmt.Errorf("%d parts of replies did not come within %v", waits, within)
		}
	}
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		To     string `json:"to"`
		Status string `json:"status"` // of a mark as read
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil || r.Header.Get("Authorization") != "Bearer "+token {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if m.Status != "" {
		io.WriteString(w, `{"success":true}`)
		return
	}
	to := strings.TrimPrefix(m.To, "+")
	p.came(to, time.Now())
	n := p.taken.Add(1)
	io.WriteString(w, `{"messaging_product":"whatsapp","contacts":[{"input":"`+m.To+`","wa_id":"`+to+`"}],"messages":[{"id":"wamid.Reply`+
		strconv.FormatInt(n, 10)+`"}]}`)
}

func (p *provider) came(to string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	queue := p.expected[to]
	if len(queue) == 0 {
		p.strange = fmt.Errorf("a reply came for %s that nobody waits for", to)
	} else {
		if !queue[0].begun {
			queue[0].begun = true
			p.replies = append(p.replies, now.Sub(queue[0].since))
		}
		if queue[0].parts--; queue[0].parts == 0 {
			queue = queue[1:]
		}
		p.expected[to] = queue
		p.waits--
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// latencies are those of the replies since the last call.
func (p *provider) latencies() durations {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.replies
	p.replies = nil
	return d
}
