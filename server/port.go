package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"baraza/engine/store"
)

// Bounds of the port.
const (
	headerTime   = 10 * time.Second
	requestTime  = 60 * time.Second // for a whole request, also a webhook of 3 MB on a slow line
	idleTime     = 2 * time.Minute
	headerBytes  = 16 << 10
	shutdownTime = 15 * time.Second
	takenBytes   = 64 << 20
	// bodyBytes stands for a request that does not say how long it is: the longest that any channel takes.
	bodyBytes = 4 << 20
)

func (s *Server) listen() (net.Listener, error) {
	if s.options.Listener != nil {
		return s.options.Listener, nil
	}
	l, err := net.Listen("tcp", s.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// servePort answers until ctx ends; requests under way are then finished, within bounds.
func (s *Server) servePort(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s.contained(s.port()), ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headerBytes, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("the port: %w", err)
	case <-ctx.Done():
	}
	s.ready.Store(false)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	// Sockets are no requests: the server does not know of them.
	for _, c := range s.intakes {
		if c.close != nil {
			if err := c.close(); err != nil {
				s.log.Error("a channel did not close", "channel", c.intake.channel, "error", err)
			}
		}
	}
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // what is cut off was not acknowledged, and comes again
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// port is everything that the one port answers.
func (s *Server) port() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { word(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", s.readiness)
	mux.Handle("GET /metrics", s.guarded(s.figures.handler()))
	for _, c := range s.intakes {
		if handler := c.channel.Handler(c.intake); handler != nil {
			mux.Handle(c.path, http.StripPrefix(strings.TrimSuffix(c.path, "/"), c.bounded(handler, s)))
		}
	}
	for pattern, page := range s.pages {
		mux.Handle(pattern, page)
	}
	return mux
}

func word(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// readiness tells whether messages are taken: not before the start, not while it ends, and not while the store cannot
// be read, or keeps nothing since the disk is full or does not answer.
func (s *Server) readiness(w http.ResponseWriter, r *http.Request) {
	if !s.ready.Load() {
		word(w, http.StatusServiceUnavailable, "not serving")
		return
	}
	if err := s.runner.Health(); err != nil {
		why := "nothing can be kept"
		switch {
		case errors.Is(err, store.ErrFull):
			why = "the disk is full"
		case errors.Is(err, store.ErrStuck):
			why = "the disk does not answer"
		}
		word(w, http.StatusServiceUnavailable, why)
		return
	}
	if _, err := s.store.Contacts(r.Context(), 1, [16]byte{}, 1); err != nil {
		word(w, http.StatusServiceUnavailable, "the store cannot be read")
		return
	}
	word(w, http.StatusOK, "ready")
	s.sayFrozen(w)
}

// guarded lets a page be read with the token of the configuration, else only from this machine and through no proxy,
// since a proxy on this machine would make everybody look like it.
func (s *Server) guarded(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.config.Metrics.Token.Given() {
			if !here(r) {
				http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
				return
			}
			page.ServeHTTP(w, r)
			return
		}
		want, err := s.config.Metrics.Token.Read()
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(given))
		if err != nil || !ok || subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
			return
		}
		page.ServeHTTP(w, r)
	})
}

// here tells whether the request comes from this machine itself.
func here(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// bounded lets only so many bytes of requests be under way, and refuses what goes beyond before it is read: the
// provider comes again.
func (c *connection) bounded(next http.Handler, s *Server) http.Handler {
	most := int64(s.config.Limits.Bytes)
	if most == 0 {
		most = takenBytes
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		begun := time.Now()
		size := r.ContentLength
		if size < 0 || size > bodyBytes {
			size = bodyBytes
		}
		if s.taken.Add(size) > most {
			s.taken.Add(-size)
			s.figures.refusal(c.intake.channel, "busy")
			w.Header().Set("Retry-After", "1")
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			return
		}
		defer s.taken.Add(-size)
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(status, r)
		s.figures.acknowledged(c.intake.channel, status.status, time.Since(begun))
	})
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// contained ends a panic with its request. The log has neither the query, which may hold a token, nor any body.
func (s *Server) contained(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler:
				panic(cause)
			default:
				s.figures.panics.Inc()
				s.log.Error("a request panicked", "path", r.URL.Path)
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
