package editor

import (
	"context"
	"io"

	"baraza/channels/socket"
	"baraza/dsl/lsp"
)

// MaxMessage is the most bytes of a message from the editor's page; it sends whole files.
const MaxMessage = 1 << 20

// Limits are those of an editor's connection: every key is a message, and a pack has many files with problems.
var Limits = socket.Limits{Read: MaxMessage, Queue: 1024, Burst: 200, Rate: 50}

// Serve answers an editor over a connection that is open, until either side ends it. What the page says about the
// phone beside the editor goes to phone; nil where there is none.
func Serve(ctx context.Context, c *socket.Conn, o lsp.Options, phone *Phone) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { c.End(socket.GoingAway) })()
	return lsp.Serve(ctx, messages{c, phone}, o)
}

// messages are those of the language server, one in each message of the socket.
type messages struct {
	conn  *socket.Conn
	phone *Phone
}

func (m messages) ReadMessage() ([]byte, error) {
	for {
		b, err := m.conn.Next()
		if err != nil {
			return nil, io.EOF // whoever is gone has nothing more to say
		}
		mine, ok := m.phone.heard(b)
		if !m.conn.Take() || !ok {
			m.conn.End(socket.Violation)
			return nil, io.EOF
		}
		if !mine {
			return b, nil
		}
	}
}

func (m messages) WriteMessage(b []byte) error {
	if !m.conn.Write(b) {
		return io.ErrClosedPipe
	}
	return nil
}

func (m messages) Close() error {
	m.conn.End(socket.Normal)
	return nil
}
