package web_test

import (
	"net/http"
	"testing"

	"baraza/channels/channeltest/rawtest"
	"baraza/channels/socket"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// Who reads nothing of what is said fills no memory: the connection ends, and others do not notice.
func TestWhoReadsNothingIsLeft(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{Limits: web.Limits{Limits: socket.Limits{Queue: 4, Burst: 1 << 30, Rate: 1 << 30, Write: patience}}})
	r.line.Narrow()
	_, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	other := r.begin(token, true)
	for path, first := range map[string][]string{
		"/try/socket":   {`{"type":"hello","v":1,"token":"` + token + `"}`, `{"type":"begin","record":true}`},
		"/watch/socket": {`{"type":"ping"}`},
	} {
		slow := rawtest.Dial(t, r.server)
		slow.SmallBuffer()
		slow.Upgrade(path, "Origin: "+r.server.URL)
		for _, m := range first {
			slow.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, m))
		}
		until(t, path+": it is there", func() bool { return web.Connections(r.web) == 2 })
		asked := 0
		for slow.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"ping"}`)) == nil {
			if asked++; asked > 1_000_000 {
				t.Fatalf("%s: it is asked a million times", path)
			}
		}
		until(t, path+": it is left", func() bool { return web.Connections(r.web) == 1 })
	}
	other.write("hola")
	if got := other.texts(); len(got) < 2 {
		t.Errorf("the other is shown %q", got)
	}
}

func TestConnectionsOfTestersAndDesignersHaveANumber(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{Limits: web.Limits{Connections: 2}})
	open := func(path string) (*rawtest.Conn, *http.Response) {
		t.Helper()
		c := rawtest.Dial(t, r.server)
		return c, c.Upgrade(path, "Origin: "+r.server.URL)
	}
	first, answer := open("/try/socket")
	if answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the first is answered with %s", answer.Status)
	}
	if _, answer := open("/watch/socket"); answer.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("the second is answered with %s", answer.Status)
	}
	for _, path := range []string{"/try/socket", "/watch/socket"} {
		if _, answer := open(path); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s: the third is answered with %s, %v", path, answer.Status, answer.Header)
		}
	}
	first.Close()
	until(t, "one has left", func() bool { return web.Connections(r.web) == 1 })
	if _, answer := open("/try/socket"); answer.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("in the place of who has left: %s", answer.Status)
	}
}
