package webchat_test

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

// A raw is a connection whose bytes the test writes itself.
type raw struct {
	t  testing.TB
	c  net.Conn
	in *bufio.Reader
}

func dial(t testing.TB, server *httptest.Server) *raw {
	t.Helper()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &raw{t, c, bufio.NewReader(c)}
}

// request is a handshake; more are header lines.
func request(server *httptest.Server, more ...string) string {
	lines := append([]string{"GET /socket HTTP/1.1", "Host: " + server.Listener.Addr().String(), "Connection: Upgrade",
		"Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="}, more...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

func (r *raw) write(b string) error {
	_, err := io.WriteString(r.c, b)
	return err
}

// upgrade shakes hands and returns the answer.
func (r *raw) upgrade(server *httptest.Server, more ...string) *http.Response {
	r.t.Helper()
	if err := r.write(request(server, more...)); err != nil {
		r.t.Fatal(err)
	}
	response, err := http.ReadResponse(r.in, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return response
}

// Bits and kinds of frames in RFC 6455.
const (
	fin, rsv1                            = 0x80, 0x40
	more, textFrame, closing, ping, pong = 0x0, 0x1, 0x8, 0x9, 0xA
)

// frame is one frame as a page sends it, masked with zeros.
func frame(first byte, content string) string {
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

// next reads a frame of the server.
func (r *raw) next() (kind byte, content []byte, err error) {
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

// ended reads until the connection ends, and returns the code it ended with; 0 where it was cut off.
func (r *raw) ended() int {
	r.t.Helper()
	code := 0
	for {
		kind, content, err := r.next()
		if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
			r.t.Fatal("the connection is still open")
		}
		if err != nil {
			return code
		}
		if kind == closing && len(content) >= 2 {
			code = int(binary.BigEndian.Uint16(content))
		}
	}
}

// greeted is a raw connection after hello and welcome.
func greeted(t testing.TB, server *httptest.Server) *raw {
	t.Helper()
	r := dial(t, server)
	if got := r.upgrade(server, "Origin: "+server.URL); got.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(got.Status)
	}
	if err := r.write(frame(fin|textFrame, `{"type":"hello","v":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, content, err := r.next(); err != nil || !strings.Contains(string(content), "welcome") {
		t.Fatalf("greeted with %q, %v", content, err)
	}
	return r
}

// drip writes the same bytes again and again until the connection is cut.
func (r *raw) drip(b string, pause time.Duration) {
	pace := time.NewTicker(pause)
	defer pace.Stop()
	for r.write(b) == nil {
		<-pace.C
	}
}
