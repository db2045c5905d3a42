package runner

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"baraza/engine"
	"baraza/engine/program"
)

// Bounds of a fetch.
const (
	fetchSeconds = 5 // of one try where the service says nothing
	fetchLongest = 10 * time.Second
	fetchBytes   = 64 << 10
	fetchTries   = 3
)

var (
	errHost      = errors.New("the host is not on the list of those that may be asked")
	errAddress   = errors.New("the host has an address that is not public")
	errTooLarge  = errors.New("the answer is larger than 64 KB")
	errArgument  = errors.New("a value does not fit into the address")
	errRedirect  = errors.New("the answer sends elsewhere")
	errNotObject = errors.New("the answer is no JSON object")
)

// HTTPFetcher asks services over HTTPS. Only hosts on its list are asked, and only at public addresses: the
// address is looked at when the connection is made, after DNS has answered, so a name that changes its mind is of no
// use. It follows redirects within a host only, since what it sends may hold secrets.
type HTTPFetcher struct {
	hosts  []string
	secret func(name string) (string, bool)
	clock  Clock
	client *http.Client
}

// NewHTTPFetcher asks the hosts, written as "api.example.org" or "api.example.org:8443". secret gives the value of a
// header's secret.
func NewHTTPFetcher(hosts []string, secret func(name string) (string, bool), clock Clock) *HTTPFetcher {
	return newHTTPFetcher(hosts, secret, clock, public, nil)
}

// Through has the services asked by another transport than the fetcher's own, such as one that ends in this process. The
// list of hosts and all other bounds hold as before; which addresses are reached is then the transport's to say.
func (f *HTTPFetcher) Through(t http.RoundTripper) *HTTPFetcher {
	f.client.Transport = t
	return f
}

func newHTTPFetcher(hosts []string, secret func(string) (string, bool), clock Clock, allowed func(netip.Addr) bool, trust *tls.Config) *HTTPFetcher {
	f := &HTTPFetcher{secret: secret, clock: clock}
	for _, h := range hosts {
		f.hosts = append(f.hosts, strings.ToLower(h))
	}
	dialer := &net.Dialer{Timeout: fetchSeconds * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !allowed(at.Addr().Unmap()) {
			return errAddress
		}
		return nil
	}}
	f.client = &http.Client{
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, TLSClientConfig: trust, ForceAttemptHTTP2: true,
			DisableCompression: true, MaxResponseHeaderBytes: 16 << 10, TLSHandshakeTimeout: fetchSeconds * time.Second,
			MaxIdleConnsPerHost: 4, MaxConnsPerHost: 32, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(to *http.Request, via []*http.Request) error {
			if len(via) > 3 || to.URL.Scheme != via[0].URL.Scheme || to.URL.Host != via[0].URL.Host || to.URL.User != nil {
				return errRedirect
			}
			return nil
		},
	}
	return f
}

// special are the ranges beside those that netip names which no service of ours is in.
var special = func() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}()

// internet6 is all of the open internet that IPv6 has; what lies outside embeds other addresses, or is a site's own.
var internet6 = netip.MustParsePrefix("2000::/3")

// public tells whether an address is one of the open internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	return (a.Is4() || internet6.Contains(a)) && a.IsGlobalUnicast() && !a.IsPrivate() && a.Zone() == "" &&
		!slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Fetch asks, a few times where nothing can have happened twice.
func (f *HTTPFetcher) Fetch(ctx context.Context, q Question) (map[string]any, error) {
	for try := 1; ; try++ {
		answer, again, err := f.once(ctx, q)
		if err == nil || !again || try == fetchTries {
			return answer, err
		}
		select {
		case <-f.clock.After(200 * time.Millisecond << try):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *HTTPFetcher) once(ctx context.Context, q Question) (answer map[string]any, again bool, err error) {
	limit := min(time.Duration(q.Service.Seconds)*time.Second, fetchLongest)
	if limit <= 0 {
		limit = fetchSeconds * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := f.request(ctx, q)
	if err != nil {
		return nil, false, err
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, worthAgain(request.Method, err), hidden(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, fetchBytes+1))
	if err != nil {
		return nil, request.Method != http.MethodPost, hidden(err)
	}
	if response.StatusCode/100 != 2 {
		busy := response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable
		again := busy || response.StatusCode >= 500 && request.Method != http.MethodPost
		return nil, again, fmt.Errorf("the service answered %d", response.StatusCode)
	}
	if len(body) > fetchBytes {
		return nil, false, errTooLarge
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer == nil {
		return nil, false, errNotObject
	}
	return answer, false, nil
}

// worthAgain: what changes something is asked again only where the connection never came about.
func worthAgain(method string, err error) bool {
	if errors.Is(err, errRedirect) || errors.Is(err, errAddress) || errors.Is(err, errHost) {
		return false
	}
	var op *net.OpError
	return method != http.MethodPost || errors.As(err, &op) && op.Op == "dial"
}

// hidden takes the address, which may hold what a person wrote, out of an error.
func hidden(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (f *HTTPFetcher) request(ctx context.Context, q Question) (*http.Request, error) {
	address, used, err := addressOf(q)
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(q.Service.Method)
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader
	if method == http.MethodGet {
		query := address.Query()
		for _, a := range q.Args {
			if text, ok := argument(a.Value); ok && !used[a.Name] {
				query.Set(a.Name, text)
			}
		}
		address.RawQuery = query.Encode()
	} else {
		values := map[string]any{}
		for _, a := range q.Args {
			values[a.Name] = plainValue(a.Value)
		}
		b, err := json.Marshal(values)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	if address.Scheme != "https" || address.User != nil || !slices.Contains(f.hosts, strings.ToLower(address.Host)) {
		return nil, errHost
	}
	request, err := http.NewRequestWithContext(ctx, method, address.String(), body)
	if err != nil {
		return nil, errArgument
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "baraza")
	request.Header.Set("Idempotency-Key", q.Key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, h := range q.Service.Headers {
		value, ok := "", false
		if f.secret != nil {
			value, ok = f.secret(h.Secret)
		}
		if !ok {
			return nil, fmt.Errorf("the secret %q is not configured", h.Secret)
		}
		request.Header.Set(h.Name, value)
	}
	return request, nil
}

// addressOf fills the holes of the service's address. A value is one piece of a path or of a query, whatever it holds.
func addressOf(q Question) (address *url.URL, used map[string]bool, err error) {
	var b strings.Builder
	used = map[string]bool{}
	for i := range q.Service.URL {
		s := &q.Service.URL[i]
		if s.Kind == program.Literal {
			b.WriteString(s.Literal)
			continue
		}
		name := ""
		if s.Expr >= 0 && s.Expr < len(q.Program.Exprs) {
			name = q.Program.Exprs[s.Expr].Var
		}
		at := slices.IndexFunc(q.Args, func(v engine.Value) bool { return v.Name == name })
		if at < 0 {
			return nil, nil, errArgument
		}
		text, ok := argument(q.Args[at].Value)
		if !ok || text == "" || text == "." || text == ".." {
			return nil, nil, errArgument
		}
		used[name] = true
		if strings.Contains(b.String(), "?") {
			b.WriteString(url.QueryEscape(text))
		} else {
			b.WriteString(url.PathEscape(text))
		}
	}
	address, err = url.Parse(b.String())
	if err != nil {
		return nil, nil, errArgument
	}
	return address, used, nil
}

// argument is a value as a piece of an address.
func argument(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), !math.IsNaN(x) && !math.IsInf(x, 0)
	case bool:
		return strconv.FormatBool(x), true
	case *program.Row:
		if x != nil {
			return x.ID, true
		}
	}
	return "", false
}
