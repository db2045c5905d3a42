package fake

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
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
	inner.Host = r.URL.Host
	inner.RequestURI = r.URL.RequestURI()
	recorder := httptest.NewRecorder()
	p.handler.ServeHTTP(recorder, inner)
	if closed := inner.Body.Close(); closed != nil {
		return nil, errors.Join(errors.New("close the request's body"), closed)
	}
	response = recorder.Result()
	response.Request = r
	return response, nil
}
