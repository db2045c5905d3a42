// Package socket is a WebSocket that strangers open: messages of text, of at most 64 KiB, without compression, each
// whole within its time once it has begun, at a rate, with a bound for what waits to be read. Most connections wait
// most of the time, so what is held for one is small: one goroutine that reads, and one that writes only while there
// is something to write.
package socket

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Reasons to end a connection, as the codes of RFC 6455.
const (
	Normal     = websocket.CloseNormalClosure
	GoingAway  = websocket.CloseGoingAway
	Violation  = websocket.ClosePolicyViolation
	Unreadable = websocket.CloseUnsupportedData
	TryLater   = websocket.CloseTryAgainLater
	Replaced   = 4001 // ours: the person has too many pages open, and this is the oldest
)

// ErrViolation says that a page does not keep to the protocol.
var ErrViolation = errors.New("the page does not keep to the protocol")

// lastWords is the time to say why a connection ends.
const lastWords = time.Second

// ReadLimit is the most bytes of a message from a page, where its limits say nothing else.
const ReadLimit = 64 << 10

// Limits of a connection. Zero values are replaced by those of the comments.
type Limits struct {
	Read    int64         // bytes of a message from a page, whatever its frames: ReadLimit
	Queue   int           // messages waiting to be written: 32
	Burst   int           // messages at once: 30
	Rate    float64       // messages a second, in the long run: 2
	Hello   time.Duration // until the first message is whole: 10 s
	Message time.Duration // until a message that has begun is whole: 10 s
	Write   time.Duration // for one message to be written: 10 s
	Idle    time.Duration // without a sign of life: 75 s; pings go three times as often
}

// Whole replaces what is zero.
func (l Limits) Whole() Limits {
	return Limits{Read: cmp.Or(l.Read, ReadLimit), Queue: cmp.Or(l.Queue, 32), Burst: cmp.Or(l.Burst, 30), Rate: cmp.Or(l.Rate, 2),
		Hello: cmp.Or(l.Hello, 10*time.Second), Message: cmp.Or(l.Message, 10*time.Second),
		Write: cmp.Or(l.Write, 10*time.Second), Idle: cmp.Or(l.Idle, 75*time.Second)}
}

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 10 * time.Second,
	// Buffers to read are small, and those to write are shared.
	ReadBufferSize:  1 << 10,
	WriteBufferSize: 1 << 10,
	WriteBufferPool: &sync.Pool{},
	// Whoever opens looks at the origin before. Compression stays off: the read limit counts compressed bytes.
	CheckOrigin:       func(*http.Request) bool { return true },
	EnableCompression: false,
	Error:             func(w http.ResponseWriter, _ *http.Request, status int, _ error) { Refuse(w, status) },
}

// Refuse answers with a status and its words.
func Refuse(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

// Conn is one connection, from before its handshake to its end. One goroutine reads; the others are safe anywhere.
type Conn struct {
	limits Limits
	now    func() time.Time
	bucket Bucket // of the reader

	gone chan struct{} // closed when it is to end
	cut  chan struct{} // closed when it has

	mu      sync.Mutex
	ws      *websocket.Conn
	out     [][]byte
	writing bool
	ended   bool
	code    int // why
	pings   *time.Timer
}

// New is a connection before its handshake, so that it can be counted and ended already.
func New(l Limits, now func() time.Time) *Conn {
	l = l.Whole()
	return &Conn{limits: l, now: now, bucket: NewBucket(l.Burst, l.Rate, now()), gone: make(chan struct{}), cut: make(chan struct{})}
}

// Open shakes hands. Where that fails, the request is answered and the error not nil.
func (c *Conn) Open(w http.ResponseWriter, r *http.Request) error {
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return err
	}
	ws.SetReadLimit(c.limits.Read)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ws = ws
	c.pings = time.AfterFunc(c.limits.Idle/3, c.ping)
	c.wake()
	return nil
}

func (c *Conn) ping() {
	if c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.limits.Write)) != nil {
		c.End(GoingAway)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.pings.Reset(c.limits.Idle / 3)
	}
}

// Gone is closed when the connection is to end.
func (c *Conn) Gone() <-chan struct{} { return c.gone }

// End makes a connection end with a code; the first reason counts. A write that hangs hangs no longer.
func (c *Conn) End(code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(code)
}

func (c *Conn) end(code int) {
	if c.ended {
		return
	}
	c.ended, c.code = true, code
	close(c.gone)
	if c.ws != nil {
		c.pings.Stop()
		c.ws.NetConn().SetWriteDeadline(time.Now().Add(lastWords))
		c.wake()
	}
}

// Finish ends the connection and waits until the page has been told why.
func (c *Conn) Finish() {
	c.End(Normal)
	<-c.cut
}

// Tell queues a message, and ends a connection that takes too few of them; false where it has ended.
func (c *Conn) Tell(what any) bool {
	b, err := json.Marshal(what)
	return err == nil && c.Write(b)
}

// Write queues a message that is JSON already.
func (c *Conn) Write(b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
		return false
	case len(c.out) >= c.limits.Queue:
		c.end(TryLater)
		return false
	}
	c.out = append(c.out, b)
	c.wake()
	return true
}

// wake starts the one writer where there is something to do and none at it.
func (c *Conn) wake() {
	if c.ws != nil && !c.writing && (c.ended || len(c.out) > 0) {
		c.writing = true
		go c.write()
	}
}

// write is the only writer of messages. At the end it says why, and cuts the connection off, which ends the reader.
func (c *Conn) write() {
	for {
		c.mu.Lock()
		if c.ended && (c.code == TryLater || len(c.out) == 0) {
			code := c.code
			c.mu.Unlock()
			c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(lastWords))
			c.ws.Close()
			close(c.cut)
			return // writing stays true: nobody writes any more
		}
		if len(c.out) == 0 {
			c.writing, c.out = false, nil
			c.mu.Unlock()
			return
		}
		b := c.out[0]
		c.out = c.out[1:]
		if !c.ended { // the last words have their own deadline
			c.ws.SetWriteDeadline(time.Now().Add(c.limits.Write))
		}
		c.mu.Unlock()
		if err := c.ws.WriteMessage(websocket.TextMessage, b); err != nil {
			c.mu.Lock()
			c.out = nil
			c.end(GoingAway)
			c.mu.Unlock()
		}
	}
}

// Take counts one message against the rate; false where there are too many.
func (c *Conn) Take() bool { return c.bucket.Take(c.now()) }

// Hello reads the first message, which has to be whole within its time.
func (c *Conn) Hello() ([]byte, error) { return c.next(c.limits.Hello, false) }

// Next reads a message. It may begin until nothing has been heard for the idle time, which pings and pongs move on;
// once it has begun, nothing moves the time by which it has to be whole.
func (c *Conn) Next() ([]byte, error) { return c.next(c.limits.Idle, true) }

func (c *Conn) next(begin time.Duration, moves bool) ([]byte, error) {
	alive := func() { c.ws.SetReadDeadline(time.Now().Add(begin)) }
	alive()
	begun := false
	sign := func() error {
		if !c.Take() {
			c.End(Violation)
			return ErrViolation
		}
		if moves && !begun {
			alive()
		}
		return nil
	}
	c.ws.SetPongHandler(func(string) error { return sign() })
	c.ws.SetPingHandler(func(data string) error {
		if err := sign(); err != nil {
			return err
		}
		c.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(lastWords))
		return nil
	})
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return nil, err
	}
	begun = true
	if moves {
		c.ws.SetReadDeadline(time.Now().Add(c.limits.Message))
	}
	b, err := io.ReadAll(r) // up to the read limit
	if err == nil && kind != websocket.TextMessage {
		c.End(Unreadable)
		return nil, ErrViolation
	}
	return b, err
}
