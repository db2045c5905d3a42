package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrAnswered: a process answers on the socket already.
var ErrAnswered = errors.New("another process answers on it")

// mostPath is how long the path of a socket may be: the system's own bound, on the smallest of them.
const mostPath = 103

// longestMade is the length of what is made beside a socket at first: "/.s4294967295/s".
const longestMade = 15

// Listen opens the control socket at path, for its owner alone. A socket that a dead process left is replaced. What
// lies there and is no socket is an error, and so is a socket on which somebody answers: ErrAnswered. Whoever
// holds the store listens, so that two never begin at once.
func Listen(path string) (net.Listener, error) {
	l, err := listen(path)
	if err != nil {
		return nil, fmt.Errorf("open the control socket %s: %w", path, err)
	}
	return l, nil
}

func listen(path string) (net.Listener, error) {
	if length := max(len(path), len(filepath.Dir(path))+longestMade); length > mostPath {
		return nil, fmt.Errorf("the path takes %d bytes and may take %d; choose a shorter folder for data", length, mostPath)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, errors.New("something else lies there")
	default:
		c, err := net.DialTimeout("unix", path, dialWait)
		if err == nil {
			_ = c.Close()
			return nil, ErrAnswered
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, err
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	// It is made in a folder that only we can enter, and has its mode before it has its name: there is no moment in
	// which somebody else could open it.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".s")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	made := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err = os.Chmod(made, 0o600); err == nil {
		err = os.Rename(made, path)
	}
	if err == nil {
		info, err = os.Lstat(path)
	}
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return &named{UnixListener: l, path: path, info: info}, nil
}

// named removes its socket when it is closed, unless another has taken the name.
type named struct {
	*net.UnixListener
	path string
	info fs.FileInfo
	once sync.Once
}

func (n *named) Close() error {
	n.once.Do(func() {
		if there, err := os.Lstat(n.path); err == nil && os.SameFile(there, n.info) {
			_ = os.Remove(n.path)
		}
	})
	return n.UnixListener.Close()
}

// Serve answers on l until ctx ends, and then lets what is under way end, for a few seconds.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second, // of what is asked; answers may take long, such as a backup
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err := server.Shutdown(last)
		if err != nil {
			err = server.Close()
		}
		ended <- err
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

const dialWait = 2 * time.Second

// ErrNobody: no process answers on the socket.
var ErrNobody = errors.New("no process answers on the control socket")

// Dial returns a client of the process that answers at path; ErrNobody where none does.
func Dial(path string) (*Client, error) {
	if len(path) > mostPath {
		return nil, ErrNobody // none can listen there
	}
	c, err := net.DialTimeout("unix", path, dialWait)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTDIR):
		return nil, ErrNobody
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s belongs to another user; run this as the user who serves", path)
	case err != nil:
		return nil, err
	}
	_ = c.Close()
	var dialer net.Dialer
	return &Client{HTTP: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) },
	}}}, nil
}

// Within returns a client of a handler in this process.
func Within(h http.Handler) *Client { return &Client{HTTP: &http.Client{Transport: inside{h}}} }

// inside is a transport without a socket: the answer is read while it is written.
type inside struct{ h http.Handler }

func (t inside) RoundTrip(r *http.Request) (*http.Response, error) {
	body, out := io.Pipe()
	w := &piped{header: http.Header{}, out: out, begun: make(chan struct{})}
	request := r.Clone(r.Context())
	if request.Body == nil {
		request.Body = http.NoBody
	}
	go func() {
		defer func() {
			err := io.EOF
			if p := recover(); p != nil {
				err = io.ErrUnexpectedEOF // as if the line had broken
				if p != http.ErrAbortHandler {
					err = fmt.Errorf("the desk failed: %v", p)
				}
			}
			w.WriteHeader(http.StatusOK)
			_ = out.CloseWithError(err)
		}()
		t.h.ServeHTTP(w, request)
	}()
	select {
	case <-w.begun:
	case <-r.Context().Done():
		_ = body.CloseWithError(r.Context().Err())
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: w.status, Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.sent, Body: body, ContentLength: -1, Request: r}, nil
}

// piped is the answer on its way.
type piped struct {
	header, sent http.Header
	status       int
	out          *io.PipeWriter
	once         sync.Once
	begun        chan struct{}
}

func (p *piped) Header() http.Header { return p.header }

func (p *piped) WriteHeader(status int) {
	p.once.Do(func() {
		p.status, p.sent = status, p.header.Clone()
		close(p.begun)
	})
}

func (p *piped) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.out.Write(bytes.Clone(b))
}
