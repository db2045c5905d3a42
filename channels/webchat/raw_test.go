package webchat_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"baraza/channels/channeltest/rawtest"
	"baraza/channels/webchat"
)

// greeted is a raw connection after hello and welcome.
func greeted(t testing.TB, server *httptest.Server) *rawtest.Conn {
	t.Helper()
	r := rawtest.Dial(t, server)
	welcomed(t, r, server.URL)
	return r
}

// welcomed shakes hands and says hello.
func welcomed(t testing.TB, r *rawtest.Conn, origin string) {
	t.Helper()
	if got := r.Upgrade("/socket", "Origin: "+origin); got.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(got.Status)
	}
	if err := r.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"hello","v":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, content, err := r.Next(); err != nil || !strings.Contains(string(content), "welcome") {
		t.Fatalf("greeted with %q, %v", content, err)
	}
}

// inBubble has a chat line whose time is that of a bubble, however slow the machine is, and whose connections are pipes.
func inBubble(t *testing.T, s webchat.Settings, do func(c *webchat.Channel, dial func() *rawtest.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.Account = "help-desk"
		c, err := webchat.New(s)
		if err != nil {
			t.Fatal(err)
		}
		pipes := rawtest.NewPipes()
		server := &http.Server{Handler: c.Handler(newKept()), ErrorLog: log.New(io.Discard, "", 0)}
		go server.Serve(pipes)
		var all []*rawtest.Conn
		defer func() { // nobody stays in the bubble
			for _, r := range all {
				r.Close()
			}
			c.Close()
			server.Close()
		}()
		do(c, func() *rawtest.Conn {
			r := rawtest.New(t, pipes.Dial(), rawtest.Host)
			all = append(all, r)
			return r
		})
	})
}

// ends wants a connection to end after a time, whatever is done meanwhile.
func ends(t *testing.T, why string, after time.Duration, r *rawtest.Conn, meanwhile func()) {
	t.Helper()
	begun := time.Now()
	var doing sync.WaitGroup
	doing.Go(meanwhile)
	r.Ended()
	if took := time.Since(begun); took != after {
		t.Errorf("%s: it ended after %s, want %s", why, took, after)
	}
	r.Close()
	doing.Wait()
	synctest.Wait()
}
