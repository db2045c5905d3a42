package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

func TestDemoIsReachedFromElsewhereOverTLSAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		demo
		own, says string
	}{
		"this machine":       {demo: demo{Addr: "127.0.0.1:0"}},
		"by name":            {demo: demo{Addr: "localhost:8080"}},
		"everywhere":         {demo: demo{Addr: ":8080"}, says: "so it needs TLS"},
		"a network":          {demo: demo{Addr: "192.0.2.1:8080"}, says: "so it needs TLS"},
		"half of TLS":        {demo: demo{Addr: "192.0.2.1:8443", TLSCert: "c.pem"}, says: "belong together"},
		"TLS":                {demo: demo{Addr: "try.example.org:8443", TLSCert: "c.pem", TLSKey: "k.pem"}, own: "https://try.example.org:8443"},
		"TLS by itself":      {demo: demo{Addr: "try.example.org:443", TLSCert: "c.pem", TLSKey: "k.pem"}, own: "https://try.example.org"},
		"TLS without a name": {demo: demo{Addr: ":443", TLSCert: "c.pem", TLSKey: "k.pem"}, says: "under which name"},
		"a proxy":            {demo: demo{Addr: ":8080", BehindProxy: "https://try.example.org"}, own: "https://try.example.org"},
		"a proxy in clear":   {demo: demo{Addr: ":8080", BehindProxy: "http://try.example.org"}, says: "not an origin with TLS"},
		"a proxy with path":  {demo: demo{Addr: ":8080", BehindProxy: "https://try.example.org/x"}, says: "not an origin with TLS"},
	} {
		own, err := c.demo.own(c.Addr)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) || own != c.own {
			t.Errorf("%s: %q, %v", name, own, err)
		}
	}
}

func TestDemoLetsFilesBeEditedOnThisMachineAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		demo
		may bool
	}{
		"this machine":          {demo{Addr: "127.0.0.1:8080", Edit: true}, true},
		"by name":               {demo{Addr: "localhost:8080", Edit: true}, true},
		"everywhere":            {demo{Addr: ":8080", Edit: true}, false},
		"a network":             {demo{Addr: "192.0.2.1:8080", Edit: true}, false},
		"TLS":                   {demo{Addr: "127.0.0.1:8080", TLSCert: "c.pem", TLSKey: "k.pem", Edit: true}, false},
		"a proxy":               {demo{Addr: "127.0.0.1:8080", BehindProxy: "https://try.example.org", Edit: true}, false},
		"elsewhere, not edited": {demo{Addr: ":8080", BehindProxy: "https://try.example.org"}, true},
	} {
		err := c.mayEdit()
		if c.may != (err == nil) || err != nil && !strings.Contains(err.Error(), "where nobody else can come") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDemoKeepsAPackWithErrorsForTheEditor(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "good"), os.DirFS("../../flows/tutorial/1-hello")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(folder, "bad"), fstest.MapFS{"pack.flow": {Data: []byte("flwo\n")}}); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	all, broken, err := demoPacks(folder, streams{strings.NewReader(""), &told, &told})
	if err != nil || len(all) != 1 || all[0].Name != "good" || len(broken) != 1 || broken[0].Name != "bad" || !strings.Contains(told.String(), "for the editor alone") {
		t.Errorf("got %v, %v, %v, and told %q", all, broken, err, told.String())
	}
}

// announced is what a command prints while it runs.
type announced struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func (p *announced) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() {
		select {
		case p.news <- struct{}{}:
		default:
		}
	}()
	return p.text.Write(b)
}

func (p *announced) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func TestDemoPrintsLinksThatLeadSomewhere(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	out := &announced{news: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() {
		ended <- (&demo{Addr: "127.0.0.1:0", Packs: "../../flows"}).serve(ctx, streams{strings.NewReader(""), out, out})
	}()
	select {
	case <-out.news:
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(2 * time.Minute):
		t.Fatal("it prints nothing")
	}
	links := regexp.MustCompile(`http://\S+`).FindAllString(out.String(), -1)
	if len(links) != 4 {
		t.Fatalf("it prints:\n%s", out)
	}
	for _, link := range links {
		response, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %v", link, response.Status, err)
		}
		if strings.HasSuffix(link, "/try/") && !regexp.MustCompile(`href="#[\w-]{22}"`).Match(page) {
			t.Error("nothing can be tried at once")
		}
	}
	silent, err := net.Dial("tcp", strings.SplitN(links[0], "/", 4)[2]) // as browsers do, to ask sooner later
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
