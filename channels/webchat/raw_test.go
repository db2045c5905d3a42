package webchat_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"baraza/channels/channeltest/rawtest"
)

// greeted is a raw connection after hello and welcome.
func greeted(t testing.TB, server *httptest.Server) *rawtest.Conn {
	t.Helper()
	r := rawtest.Dial(t, server)
	if got := r.Upgrade("/socket", "Origin: "+server.URL); got.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(got.Status)
	}
	if err := r.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"hello","v":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, content, err := r.Next(); err != nil || !strings.Contains(string(content), "welcome") {
		t.Fatalf("greeted with %q, %v", content, err)
	}
	return r
}
