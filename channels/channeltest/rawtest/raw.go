// Package rawtest is the far end of a WebSocket whose bytes a test writes itself.
package rawtest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// patience is how long what has to come may take.
const patience = 2 * time.Minute

// A Conn is a connection whose bytes the test writes itself.
type Conn struct {
	t    testing.TB
	c    net.Conn
	in   *bufio.Reader
	host string
}

// New speaks over a connection that is there, such as one end of net.Pipe.
func New(t testing.TB, c net.Conn, host string) *Conn { return &Conn{t, c, bufio.NewReader(c), host} }

// Dial connects.
func Dial(t testing.TB, server *httptest.Server) *Conn {
	t.Helper()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return New(t, c, server.Listener.Addr().String())
}

// Request is a handshake; more are header lines.
func Request(server *httptest.Server, path string, more ...string) string {
	return request(server.Listener.Addr().String(), path, more)
}

func request(host, path string, more []string) string {
	lines := append([]string{"GET " + path + " HTTP/1.1", "Host: " + host, "Connection: Upgrade",
		"Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="}, more...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// Write writes bytes as they are.
func (r *Conn) Write(b string) error {
	_, err := io.WriteString(r.c, b)
	return err
}

// Upgrade shakes hands and returns the answer.
func (r *Conn) Upgrade(path string, more ...string) *http.Response {
	r.t.Helper()
	if err := r.Write(request(r.host, path, more)); err != nil {
		r.t.Fatal(err)
	}
	return r.Answer()
}

// Bits and kinds of frames in RFC 6455.
const (
	Fin, Rsv1                       = 0x80, 0x40
	More, Text, Closing, Ping, Pong = 0x0, 0x1, 0x8, 0x9, 0xA
)

// Frame is one frame as a page sends it, masked with zeros.
func Frame(first byte, content string) string {
	b := []byte{first}
	switch n := len(content); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return string(b) + "\x00\x00\x00\x00" + content
}

// Next reads a frame of the server.
func (r *Conn) Next() (kind byte, content []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(head[1])
	if n == 126 {
		var long [2]byte
		if _, err := io.ReadFull(r.in, long[:]); err != nil {
			return 0, nil, err
		}
		n = int(binary.BigEndian.Uint16(long[:]))
	}
	content = make([]byte, n)
	_, err = io.ReadFull(r.in, content)
	return head[0] & 0xF, content, err
}

// Ended reads until the connection ends, and returns the code it ended with; 0 where it was cut off.
func (r *Conn) Ended() int {
	r.t.Helper()
	code := 0
	for {
		kind, content, err := r.Next()
		if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
			r.t.Fatal("the connection is still open")
		}
		if err != nil {
			return code
		}
		if kind == Closing && len(content) >= 2 {
			code = int(binary.BigEndian.Uint16(content))
		}
	}
}

// Close leaves without a word.
func (r *Conn) Close() { r.c.Close() }

// SmallBuffer makes the far end's kernel hold little, so that who reads slowly is noticed.
func (r *Conn) SmallBuffer() { _ = r.c.(*net.TCPConn).SetReadBuffer(4 << 10) }

// Answer reads the answer to a handshake.
func (r *Conn) Answer() *http.Response {
	r.t.Helper()
	response, err := http.ReadResponse(r.in, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return response
}

// Drip writes the same bytes again and again until the connection is cut.
func (r *Conn) Drip(b string, pause time.Duration) {
	pace := time.NewTicker(pause)
	defer pace.Stop()
	for r.Write(b) == nil {
		<-pace.C
	}
}
