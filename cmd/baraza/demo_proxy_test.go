package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"baraza/engine/childtest"
)

// A proxy with TLS stands before a demo, as one of an organisation does. It writes down what an access log has.
type proxy struct {
	*httptest.Server
	demo    string     // the address of the demo itself
	printed *announced // what the demo prints, on both streams

	mu  sync.Mutex
	log []string
}

// from, as a header of a request, is the address that the proxy takes it to come from.
const from = "X-Test-From"

// behindProxy starts the command itself, in a process of its own, behind a proxy.
func behindProxy(t *testing.T, more ...string) *proxy {
	t.Helper()
	p := &proxy{printed: &announced{news: make(chan struct{}, 1)}}
	// Nothing calls from this address, so that no call of another test takes the port before the demo does.
	free, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil { // not every system has it
		free, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	p.demo = free.Addr().String()
	free.Close()
	p.Server = httptest.NewUnstartedServer(p.forward(&url.URL{Scheme: "http", Host: p.demo}))
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.StartTLS()
	t.Cleanup(p.Close)

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	baraza := filepath.Join(t.TempDir(), "baraza")
	if err := os.Symlink(self, baraza); err != nil { // under this name the test binary is the command
		t.Fatal(err)
	}
	cmd := childtest.Command(t, append([]string{baraza, "demo", "--addr", p.demo, "--behind-proxy", p.URL, "--packs", "../../flows"}, more...)...)
	cmd.Stdout, cmd.Stderr = p.printed, p.printed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("it ended with %v:\n%s", err, p.printed)
		}
	})
	late := time.After(2 * time.Minute)
	for !strings.Contains(p.printed.String(), "Ctrl-C") {
		select {
		case <-p.printed.news:
		case <-late:
			t.Fatalf("it prints:\n%s", p.printed)
		}
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for { // it listens before it prints, and serves just after
		response, err := p.Client().Get(p.URL + "/")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return p
			}
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it serves nothing")
		}
	}
}

// forward passes a request on and adds whom it is from, behind what it says itself.
func (p *proxy) forward(to *url.URL) http.Handler {
	forward := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
		r.Out.Header["X-Forwarded-For"] = append(r.In.Header["X-Forwarded-For"], r.In.Header.Get(from))
		if r.In.Header.Get(from) == "" {
			r.Out.Header["X-Forwarded-For"] = []string{"192.0.2.1"}
		}
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.log = append(p.log, fmt.Sprintf("%s %s %q", r.Method, r.URL, r.Header.Get("Referer")))
		p.mu.Unlock()
		forward.ServeHTTP(w, r)
	})
}

// requests is the proxy's access log.
func (p *proxy) requests() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, "\n")
}

// dial opens the tester's socket through the proxy. Headers come in pairs.
func (p *proxy) dial(headers ...string) (*websocket.Conn, int) {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	dialer := websocket.Dialer{TLSClientConfig: p.Client().Transport.(*http.Transport).TLSClientConfig}
	ws, response, err := dialer.Dial("wss"+strings.TrimPrefix(p.URL, "https")+"/try/socket", h)
	if err != nil && response == nil {
		return nil, 0
	}
	return ws, response.StatusCode
}

func TestATesterComesThroughAProxyAndAForeignPageDoesNot(t *testing.T) {
	t.Parallel()
	p := behindProxy(t)
	response, err := p.Client().Get(p.URL + "/try/")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !strings.Contains(response.Header.Get("Content-Security-Policy"), "wss://"+strings.TrimPrefix(p.URL, "https://")) {
		t.Errorf("the policy is %s, %v", response.Header.Get("Content-Security-Policy"), err)
	}
	token := regexp.MustCompile(`href="#([\w-]{22})"`).FindSubmatch(page)
	if token == nil {
		t.Fatal("nothing can be tried at once")
	}
	ws, _ := p.dial("Origin", p.URL)
	if ws == nil {
		t.Fatal("the tester does not come in")
	}
	defer ws.Close()
	ws.SetReadDeadline(time.Now().Add(2 * time.Minute))
	for _, step := range []struct{ say, hear string }{
		{`{"type":"hello","v":1,"lang":"es","token":"` + string(token[1]) + `"}`, "invited"},
		{`{"type":"begin","record":true}`, "begun"},
		{`{"type":"say","n":1,"text":"hola"}`, "got"},
	} {
		if err := ws.WriteMessage(websocket.TextMessage, []byte(step.say)); err != nil {
			t.Fatal(err)
		}
		for heard := ""; heard != step.hear; {
			var m struct {
				Type string `json:"type"`
			}
			if err := ws.ReadJSON(&m); err != nil {
				t.Fatalf("waiting for %s: %v", step.hear, err)
			}
			if heard = m.Type; heard == "refused" {
				t.Fatalf("refused instead of %s", step.hear)
			}
		}
	}
	for _, origin := range []string{"https://evil.example", "http://" + p.demo, strings.Replace(p.URL, "https", "http", 1), "null"} {
		if ws, status := p.dial("Origin", origin); status != http.StatusForbidden {
			t.Errorf("a page of %s is answered with %d", origin, status)
			if ws != nil {
				ws.Close()
			}
		}
	}
	if _, status := p.dial(); status != http.StatusForbidden {
		t.Errorf("one that says nothing of its origin is answered with %d", status)
	}
}

// Only our proxy knows who has come; what stands before its word in X-Forwarded-For anybody can make up.
func TestOnlyTheLastForwardedAddressCounts(t *testing.T) {
	t.Parallel()
	p := behindProxy(t)
	const much = 120 // failures of an address in a minute
	for i := range much {
		if _, status := p.dial("Origin", "https://evil.example", from, "198.51.100.7", "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)); status != http.StatusForbidden {
			t.Fatalf("failure %d is answered with %d", i+1, status)
		}
	}
	for name, c := range map[string]struct {
		headers []string
		want    int
	}{
		"who failed":                          {[]string{from, "198.51.100.7"}, http.StatusTooManyRequests},
		"who failed, under another name":      {[]string{from, "198.51.100.7", "X-Forwarded-For", "198.51.100.8"}, http.StatusTooManyRequests},
		"who failed, with two names":          {[]string{from, "198.51.100.7", "X-Forwarded-For", "198.51.100.8", "X-Forwarded-For", "198.51.100.9"}, http.StatusTooManyRequests},
		"somebody else":                       {[]string{from, "198.51.100.8"}, http.StatusSwitchingProtocols},
		"somebody else, as if who failed":     {[]string{from, "198.51.100.8", "X-Forwarded-For", "198.51.100.7"}, http.StatusSwitchingProtocols},
		"one whose name was used for a fault": {[]string{from, "203.0.113.5"}, http.StatusSwitchingProtocols},
	} {
		ws, status := p.dial(append([]string{"Origin", p.URL}, c.headers...)...)
		if status != c.want {
			t.Errorf("%s is answered with %d, not %d", name, status, c.want)
		}
		if ws != nil {
			ws.Close()
		}
	}
}
