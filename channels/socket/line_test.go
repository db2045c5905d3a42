package socket_test

import (
	"io"
	"log"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"baraza/channels/channeltest/rawtest"
	"baraza/channels/socket"
)

// A line is a server whose connections are pipes, and whose time is that of the bubble.
type line struct {
	t      *testing.T
	server *http.Server
	pipes  *rawtest.Pipes
	opened chan *socket.Conn
	far    []*rawtest.Conn
	group  sync.WaitGroup
}

// in runs a test within a bubble, with connections of these limits. Whoever opens one does with it what it likes.
func in(t *testing.T, limits socket.Limits, do func(t *testing.T, l *line)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &line{t: t, pipes: rawtest.NewPipes(), opened: make(chan *socket.Conn, 1)}
		l.server = &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := socket.New(limits, time.Now)
			if c.Open(w, r) != nil {
				c = nil
			}
			l.opened <- c
		})}
		go l.server.Serve(l.pipes)
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

// dial is a connection before its handshake.
func (l *line) dial() *rawtest.Conn {
	c := rawtest.New(l.t, l.pipes.Dial(), rawtest.Host)
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
