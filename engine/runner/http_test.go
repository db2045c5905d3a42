package runner

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"baraza/engine"
	"baraza/engine/program"
)

// quickClock does not wait.
type quickClock struct{}

func (quickClock) Now() time.Time { return time.Unix(1e9, 0) }
func (quickClock) After(time.Duration) <-chan time.Time {
	c := make(chan time.Time, 1)
	c <- time.Time{}
	return c
}

func TestOnlyPublicAddressesAreAsked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "fe80::1", "fd00::1",
		"0.0.0.0", "::", "100.64.0.1", "224.0.0.1", "ff02::1", "255.255.255.255", "198.18.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"64:ff9b::a00:1", "2002:a00:1::", "2001:db8::1", "192.0.2.1", "240.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "fec0::1",
		"200::1"} {
		if public(netip.MustParseAddr(text)) {
			t.Errorf("%s counts as public", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:1.1.1.1"} {
		if !public(netip.MustParseAddr(text)) {
			t.Errorf("%s does not count as public", text)
		}
	}
}

// asked runs a server and a fetcher that may ask it.
func asked(t *testing.T, handler http.HandlerFunc, allowed func(netip.Addr) bool) (*HTTPFetcher, Question) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	host := strings.TrimPrefix(server.URL, "https://")
	secrets := func(name string) (string, bool) { return "s3cret", name == "CASES_TOKEN" }
	f := newHTTPFetcher([]string{host}, secrets, quickClock{}, allowed, &tls.Config{RootCAs: pool})
	t.Cleanup(f.client.CloseIdleConnections)
	return f, Question{Pack: "sample", Key: "k1", Args: []engine.Value{{Name: "number", Value: "7/../x"}, {Name: "more", Value: 2.0}},
		Program: &program.Program{Exprs: []program.Expr{{Source: "number", Var: "number"}}},
		Service: &program.Service{Name: "cases", Method: "get", Seconds: 60,
			Headers: []program.ServiceHeader{{Name: "Authorization", Secret: "CASES_TOKEN"}},
			URL:     program.Text{{Kind: program.Literal, Literal: server.URL + "/cases/"}, {Kind: program.Value, Expr: 0}},
			Returns: []program.Shape{{Name: "status", Type: program.TextKind}, {Name: "place", Type: program.LocationKind}}}}
}

func anyAddress(netip.Addr) bool { return true }

func TestAServiceIsAsked(t *testing.T) {
	t.Parallel()
	f, q := asked(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"status": %q, "place": {"lat": 1.5, "lon": 2}}`, r.URL.EscapedPath()+"?"+r.URL.RawQuery+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Idempotency-Key"))
	}, anyAddress)
	got, err := f.Fetch(t.Context(), q)
	if err != nil {
		t.Fatalf("fetch: %v", err)
	}
	equal(t, "answer", map[string]any{"status": "/cases/7%2F..%2Fx?more=2 s3cret k1", "place": map[string]any{"lat": 1.5, "lon": 2.0}}, got)
}

func TestWhatIsPostedIsJSON(t *testing.T) {
	t.Parallel()
	f, q := asked(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, `{"status": %q}`, body)
	}, anyAddress)
	q.Service.Method = "post"
	got, err := f.Fetch(t.Context(), q)
	if err != nil {
		t.Fatalf("fetch: %v", err)
	}
	equal(t, "answer", `{"more":2,"number":"7/../x"}`, got["status"].(string))
}

// Each row is a service that must not be answered by, and how often it is asked.
func TestWhatAFetchRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		change  func(*HTTPFetcher, *Question)
		allowed func(netip.Addr) bool
		want    string
		asked   int32
	}{
		"a private address":   {allowed: public, want: errAddress.Error(), asked: 0},
		"a host off the list": {change: func(f *HTTPFetcher, _ *Question) { f.hosts = []string{"api.example.org"} }, want: errHost.Error(), asked: 0},
		"plain HTTP": {change: func(_ *HTTPFetcher, q *Question) {
			q.Service.URL[0].Literal = strings.Replace(q.Service.URL[0].Literal, "https", "http", 1)
		}, want: errHost.Error(), asked: 0},
		"a user in the address": {change: func(_ *HTTPFetcher, q *Question) {
			q.Service.URL[0].Literal = strings.Replace(q.Service.URL[0].Literal, "https://", "https://a@", 1)
		}, want: errHost.Error(), asked: 0},
		"a value that climbs": {change: func(_ *HTTPFetcher, q *Question) { q.Args[0].Value = ".." }, want: errArgument.Error(), asked: 0},
		"no value":            {change: func(_ *HTTPFetcher, q *Question) { q.Args = nil }, want: errArgument.Error(), asked: 0},
		"no secret": {change: func(_ *HTTPFetcher, q *Question) { q.Service.Headers[0].Secret = "OTHER" },
			want: `the secret "OTHER" is not configured`, asked: 0},
		"a redirect elsewhere": {handler: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/", http.StatusFound)
		},
			want: errRedirect.Error(), asked: 1},
		"too much": {handler: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"status": %q}`, strings.Repeat("x", fetchBytes))
		}, want: errTooLarge.Error(), asked: 1},
		"a list":        {handler: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `[1]`) }, want: errNotObject.Error(), asked: 1},
		"null":          {handler: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `null`) }, want: errNotObject.Error(), asked: 1},
		"HTML":          {handler: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `<html>`) }, want: errNotObject.Error(), asked: 1},
		"a sick server": {handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, want: "the service answered 500", asked: 3},
		"not found":     {handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, want: "the service answered 404", asked: 1},
		"a sick server that was posted to": {handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
			change: func(_ *HTTPFetcher, q *Question) { q.Service.Method = "post" }, want: "the service answered 500", asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var count atomic.Int32
			allowed := c.allowed
			if allowed == nil {
				allowed = anyAddress
			}
			f, q := asked(t, func(w http.ResponseWriter, r *http.Request) {
				count.Add(1)
				if c.handler != nil {
					c.handler(w, r)
				}
			}, allowed)
			if c.change != nil {
				c.change(f, &q)
			}
			_, err := f.Fetch(t.Context(), q)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "7/") {
				t.Errorf("the error holds a value: %v", err)
			}
			equal(t, "asked", c.asked, count.Load())
		})
	}
}

func TestAServiceThatDoesNotAnswerIsLeftInTime(t *testing.T) {
	t.Parallel()
	f, q := asked(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, anyAddress)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Fetch(ctx, q); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the fetch was given up", err)
	}
}
