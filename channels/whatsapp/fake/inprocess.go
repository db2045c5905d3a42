package fake

import (
	"bytes"
	"io"
	"net/http"
)

// InProcess is a transport that hands requests to h without a network, in the goroutine that sends them: for
// tests under a Manual clock or in a bubble of testing/synctest. A connection that h cuts comes out as
// io.ErrUnexpectedEOF.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		switch cut := recover(); {
		case cut == nil:
		case cut == http.ErrAbortHandler:
			response, err = nil, io.ErrUnexpectedEOF
		default:
			panic(cut)
		}
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	inner := r.Clone(r.Context())
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	defer inner.Body.Close()
	inner.Host = r.URL.Host
	inner.RequestURI = r.URL.RequestURI()
	answer := &written{header: http.Header{}}
	p.handler.ServeHTTP(answer, inner)
	answer.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: http.StatusText(answer.status), StatusCode: answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.sent, Body: io.NopCloser(&answer.body), ContentLength: int64(answer.body.Len()), Request: r,
	}, nil
}

// written is an answer in memory.
type written struct {
	header, sent http.Header
	status       int
	body         bytes.Buffer
}

func (w *written) Header() http.Header { return w.header }

func (w *written) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *written) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}
