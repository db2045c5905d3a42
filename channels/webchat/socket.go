package webchat

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"baraza/channels"
)

// Reasons to end a connection, as the codes of RFC 6455.
const (
	goingAway  = websocket.CloseGoingAway
	violation  = websocket.ClosePolicyViolation
	unreadable = websocket.CloseUnsupportedData
	tryLater   = websocket.CloseTryAgainLater
	replaced   = 4001 // ours: the person has too many pages open, and this is the oldest
)

// errViolation says that a page does not keep to the protocol.
var errViolation = errors.New("the page does not keep to the protocol")

// lastWords is the time to say why a connection ends.
const lastWords = time.Second

// readLimit is the most bytes of a message from a page, whatever its frames.
const readLimit = 64 << 10

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 10 * time.Second,
	// Most connections wait most of the time: what is held for them is small, and buffers to write are shared.
	ReadBufferSize:  1 << 10,
	WriteBufferSize: 1 << 10,
	WriteBufferPool: &sync.Pool{},
	// Our own look at the origin comes first. Compression stays off: the read limit counts compressed bytes.
	CheckOrigin:       func(*http.Request) bool { return true },
	EnableCompression: false,
	Error:             func(w http.ResponseWriter, _ *http.Request, status int, _ error) { refuse(w, status) },
}

func refuse(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

// socket is one connection, from the handshake to its end. It reads; a second goroutine writes, and a third gives
// messages to the inbox, so that acknowledgements are heard meanwhile.
func (c *Channel) socket(w http.ResponseWriter, r *http.Request, inbox channels.Inbox) {
	address, now := c.settings.Address(r), c.settings.Now()
	if c.failures.many(address, now, c.limits.Failures) {
		w.Header().Set("Retry-After", "60")
		refuse(w, http.StatusTooManyRequests)
		return
	}
	if !c.welcomes(r) {
		c.failures.add(address, now)
		refuse(w, http.StatusForbidden)
		return
	}
	n, status := c.enter()
	if n == nil {
		w.Header().Set("Retry-After", "30")
		refuse(w, status)
		return
	}
	defer c.leave(n)
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		c.failures.add(address, now)
		return
	}
	defer n.finish()
	n.open(ws)
	if err := c.greet(n); err != nil {
		if late, ok := errors.AsType[net.Error](err); err == errViolation || ok && late.Timeout() { // not one whose line broke
			c.failures.add(address, now)
		}
		n.end(violation)
		return
	}
	n.read(r.Context(), inbox)
}

// conn is one open page.
type conn struct {
	channel  *Channel
	ws       *websocket.Conn
	identity string
	language string
	back     bool // the page brought a secret
	bucket   bucket

	out  chan []byte
	gone chan struct{} // closed when it is to end
	cut  chan struct{} // closed when it has
	once sync.Once
	code int // why, set before gone is closed

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
	n := &conn{channel: c, out: make(chan []byte, c.limits.Queue), gone: make(chan struct{}), cut: make(chan struct{}),
		shown: map[string]bool{}, acks: map[string][]chan struct{}{},
		bucket: newBucket(c.limits.Burst, c.limits.Rate, c.settings.Now())}
	c.open++
	c.all[n] = struct{}{}
	c.ending.Add(1)
	return n, 0
}

// open begins to write.
func (n *conn) open(ws *websocket.Conn) {
	n.mu.Lock()
	n.ws = ws
	n.mu.Unlock()
	ws.SetReadLimit(readLimit)
	n.channel.ending.Go(n.write)
}

// finish waits until the page has been told why.
func (n *conn) finish() {
	n.end(websocket.CloseNormalClosure)
	<-n.cut
}

// leave is the end of a connection, however it came.
func (c *Channel) leave(n *conn) {
	n.end(websocket.CloseNormalClosure)
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

// end makes a connection end with a code; the first reason counts. A write that hangs hangs no longer.
func (n *conn) end(code int) {
	n.once.Do(func() {
		n.code = code
		close(n.gone)
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.ws != nil {
			n.ws.NetConn().SetWriteDeadline(time.Now().Add(lastWords))
		}
	})
}

// write is the only writer of messages. At the end it says why, and cuts the connection off, which ends the reader.
func (n *conn) write() {
	defer close(n.cut)
	defer n.ws.Close()
	pings := time.NewTicker(n.channel.limits.Idle / 3)
	defer pings.Stop()
	for {
		var err error
		select {
		case b := <-n.out:
			n.ws.SetWriteDeadline(time.Now().Add(n.channel.limits.Write))
			err = n.ws.WriteMessage(websocket.TextMessage, b)
		case <-pings.C:
			err = n.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(n.channel.limits.Write))
		case <-n.gone:
			n.flush()
			n.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(n.code, ""), time.Now().Add(lastWords))
			return
		}
		if err != nil {
			n.end(goingAway)
			return
		}
	}
}

// flush writes what is ready, an error that says why the connection ends among it, if the page takes it at once.
func (n *conn) flush() {
	if n.code == tryLater {
		return
	}
	n.ws.SetWriteDeadline(time.Now().Add(lastWords))
	for {
		select {
		case b := <-n.out:
			if n.ws.WriteMessage(websocket.TextMessage, b) != nil {
				return
			}
		default:
			return
		}
	}
}

// tell queues a message, and ends a connection that takes too few of them.
func (n *conn) tell(what any) bool {
	b, err := json.Marshal(what)
	if err != nil {
		return false
	}
	select {
	case <-n.gone:
		return false
	default:
	}
	select {
	case n.out <- b:
		return true
	default:
		n.end(tryLater)
		return false
	}
}

// next reads a message. It may begin until the deadline, which pings and pongs move on; once it has begun, nothing
// moves the time by which it has to be whole.
func (n *conn) next(begin time.Duration, moves bool) ([]byte, error) {
	alive := func() { n.ws.SetReadDeadline(time.Now().Add(begin)) }
	alive()
	begun := false
	sign := func() error {
		if !n.bucket.take(n.channel.settings.Now()) {
			n.end(violation)
			return errViolation
		}
		if moves && !begun {
			alive()
		}
		return nil
	}
	n.ws.SetPongHandler(func(string) error { return sign() })
	n.ws.SetPingHandler(func(data string) error {
		if err := sign(); err != nil {
			return err
		}
		n.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(lastWords))
		return nil
	})
	kind, r, err := n.ws.NextReader()
	if err != nil {
		return nil, err
	}
	begun = true
	if moves {
		n.ws.SetReadDeadline(time.Now().Add(n.channel.limits.Message))
	}
	b, err := io.ReadAll(r) // up to the read limit
	if err == nil && kind != websocket.TextMessage {
		n.end(unreadable)
		return nil, errViolation
	}
	return b, err
}
