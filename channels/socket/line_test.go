package socket_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"baraza/channels/channeltest/rawtest"
	"baraza/channels/socket"
)

// A line is a server whose connections are pipes: nothing is buffered between the two ends, and time is that of the
// bubble, so that a minute takes none.
type line struct {
	t      *testing.T
	server *http.Server
	coming chan net.Conn
	closed chan struct{}
	opened chan *socket.Conn
	far    []*rawtest.Conn
	group  sync.WaitGroup
}

// in runs a test within a bubble, with connections of these limits. Whoever opens one does with it what it likes.
func in(t *testing.T, limits socket.Limits, do func(t *testing.T, l *line)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &line{t: t, coming: make(chan net.Conn), closed: make(chan struct{}), opened: make(chan *socket.Conn, 1)}
		l.server = &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := socket.New(limits, time.Now)
			if c.Open(w, r) != nil {
				c = nil
			}
			l.opened <- c
		})}
		go l.server.Serve(l)
		defer func() { // nobody stays in the bubble
			for _, c := range l.far {
				c.Close()
			}
			l.server.Close()
			l.group.Wait()
		}()
		do(t, l)
	})
}

func (l *line) Accept() (net.Conn, error) {
	select {
	case c := <-l.coming:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *line) Close() error { close(l.closed); return nil }

func (l *line) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// dial is a connection before its handshake.
func (l *line) dial() *rawtest.Conn {
	far, near := net.Pipe()
	l.coming <- near
	c := rawtest.New(l.t, far, "127.0.0.1:1")
	l.far = append(l.far, c)
	return c
}

// open shakes hands; the far end is the test's, the near one the server's.
func (l *line) open(headers ...string) (far *rawtest.Conn, near *socket.Conn) {
	l.t.Helper()
	far = l.dial()
	if got := far.Upgrade("/", headers...).StatusCode; got != http.StatusSwitchingProtocols {
		l.t.Fatalf("the handshake ends with %d", got)
	}
	return far, <-l.opened
}

// heard is what a read of the server gave, and when.
type heard struct {
	text  string
	err   error
	after time.Duration
}

// read lets the server read as often as it can, the first time as the hello. The last is the error.
func read(near *socket.Conn) <-chan heard {
	all := make(chan heard, 1000)
	begun := time.Now()
	go func() {
		defer near.Finish()
		next := near.Hello
		for {
			b, err := next()
			all <- heard{string(b), err, time.Since(begun)}
			if err != nil {
				return
			}
			next = near.Next
		}
	}()
	return all
}

// took is how long something takes by the clock of the bubble.
func took(do func()) time.Duration {
	begun := time.Now()
	do()
	return time.Since(begun)
}

const hello = `{"type":"hello"}`
