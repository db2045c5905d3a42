package rawtest

import "net"

// Pipes is a listener whose connections are pipes: nothing is buffered between the two ends, so that within a bubble of
// testing/synctest time is the bubble's, and a minute takes none.
type Pipes struct {
	coming chan net.Conn
	closed chan struct{}
}

// NewPipes is such a listener. Within a bubble it is made there.
func NewPipes() *Pipes { return &Pipes{make(chan net.Conn), make(chan struct{})} }

// Host is what a request to it names.
const Host = "127.0.0.1:1"

// Dial connects; what comes back is the far end.
func (p *Pipes) Dial() net.Conn {
	far, near := net.Pipe()
	p.coming <- near
	return far
}

// Accept is net.Listener.
func (p *Pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.coming:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close is net.Listener. It is called once.
func (p *Pipes) Close() error { close(p.closed); return nil }

// Addr is net.Listener.
func (p *Pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
