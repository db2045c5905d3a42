package web_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"baraza/engine/program"
)

// A network lies within the process: what is dialled, whatever the address, comes to the one who serves. Unlike a real
// socket it lets the time of a bubble move on while nobody says anything.
type network struct {
	calls chan net.Conn
	gone  chan struct{}
	hang  func()
}

func newNetwork() *network {
	n := &network{calls: make(chan net.Conn), gone: make(chan struct{})}
	n.hang = sync.OnceFunc(func() { close(n.gone) })
	return n
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.calls:
		return c, nil
	case <-n.gone:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error   { n.hang(); return nil }
func (n *network) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case n.calls <- there:
		return here, nil
	case <-n.gone:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve answers with a handler until the test ends, and gives the way to it.
func serve(t *testing.T, h http.Handler) *http.Transport {
	n := newNetwork()
	server := &http.Server{Handler: h}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(n) }()
	way := &http.Transport{DialContext: n.dial}
	t.Cleanup(func() {
		way.CloseIdleConnections()
		server.Close()
		<-ended
	})
	return way
}

// services are the other systems that a pack asks, over HTTPS. Without an answer one is not found.
type services struct {
	program *program.Program
	mu      sync.Mutex
	answers map[string]string // JSON, by the service's name
}

// serve answers under the host of a service, and gives the way to it.
func (s *services) serve(t *testing.T) *http.Transport {
	n, server := newNetwork(), httptest.NewUnstartedServer(s)
	server.Listener.Close()
	server.Listener = n
	server.StartTLS()
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	// The certificate is made out to example.com.
	way := &http.Transport{DialContext: n.dial, TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "example.com"}}
	t.Cleanup(func() {
		way.CloseIdleConnections()
		server.Close()
	})
	return way
}

// start is what an address of a service begins with, whatever its values.
func start(s *program.Service) string {
	if len(s.URL) == 0 || s.URL[0].Kind != program.Literal {
		return ""
	}
	return s.URL[0].Literal
}

// hosts are the list that the fetcher may ask.
func (s *services) hosts() (all []string) {
	for i := range s.program.Services {
		if u, err := url.Parse(start(&s.program.Services[i])); err == nil {
			all = append(all, u.Host)
		}
	}
	return all
}

func (s *services) set(name, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[name] = answer
}

func (s *services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.program.Services {
		one := &s.program.Services[i]
		if !strings.HasPrefix("https://"+r.Host+r.URL.Path, start(one)) || !strings.EqualFold(r.Method, one.Method) {
			continue
		}
		if answer := s.answers[one.Name]; answer != "" {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, answer)
			return
		}
	}
	http.NotFound(w, r)
}
