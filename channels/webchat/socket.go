package webchat

import (
	"errors"
	"net"
	"net/http"
	"sync"

	"baraza/channels"
	"baraza/channels/socket"
)

// socket is one connection, from the handshake to its end. It reads; a second goroutine writes what there is to
// write, and a third gives messages to the inbox, so that acknowledgements are heard meanwhile.
func (c *Channel) socket(w http.ResponseWriter, r *http.Request, inbox channels.Inbox) {
	address, now := c.settings.Address(r), c.settings.Now()
	if c.failures.Many(address, now, c.limits.Failures) {
		w.Header().Set("Retry-After", "60")
		socket.Refuse(w, http.StatusTooManyRequests)
		return
	}
	if !c.welcomes(r) {
		c.failures.Add(address, now)
		socket.Refuse(w, http.StatusForbidden)
		return
	}
	n, status := c.enter()
	if n == nil {
		w.Header().Set("Retry-After", "30")
		socket.Refuse(w, status)
		return
	}
	defer c.leave(n)
	if err := n.Open(w, r); err != nil {
		c.failures.Add(address, now)
		return
	}
	defer n.Finish()
	if err := c.greet(n); err != nil {
		if late, ok := errors.AsType[net.Error](err); err == socket.ErrViolation || ok && late.Timeout() { // not one whose line broke
			c.failures.Add(address, now)
		}
		n.End(socket.Violation)
		return
	}
	n.read(r.Context(), inbox)
}

// conn is one open page.
type conn struct {
	*socket.Conn
	channel  *Channel
	identity string
	language string
	back     bool // the page brought a secret

	mu    sync.Mutex
	shown map[string]bool            // ids the page says it has shown
	acks  map[string][]chan struct{} // who waits for the acknowledgement of an id
}

// enter counts a new connection in, or says with which status it is refused.
func (c *Channel) enter() (*conn, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.open >= c.limits.Connections {
		return nil, http.StatusServiceUnavailable
	}
	n := &conn{Conn: socket.New(c.limits.each(), c.settings.Now), channel: c,
		shown: map[string]bool{}, acks: map[string][]chan struct{}{}}
	c.open++
	c.all[n] = struct{}{}
	c.ending.Add(1)
	return n, 0
}

// leave is the end of a connection, however it came.
func (c *Channel) leave(n *conn) {
	n.End(socket.Normal)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	delete(c.all, n)
	if n.identity != "" {
		c.sessions[n.identity] = without(c.sessions[n.identity], n)
		if len(c.sessions[n.identity]) == 0 {
			delete(c.sessions, n.identity)
		}
	}
	c.ending.Done()
}

func without(all []*conn, n *conn) []*conn {
	var rest []*conn
	for _, one := range all {
		if one != n {
			rest = append(rest, one)
		}
	}
	return rest
}
