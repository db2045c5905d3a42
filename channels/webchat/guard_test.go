package webchat_test

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"baraza/channels"
	"baraza/channels/channeltest/rawtest"
	"baraza/channels/webchat"
	"baraza/engine"
)

func TestOnlyOurOwnPageOpensASocket(t *testing.T) {
	t.Parallel()
	_, server := serve(t, newKept(), webchat.Settings{})
	for name, c := range map[string]struct {
		headers []string
		want    int
	}{
		"our own":       {[]string{"Origin: " + server.URL}, 101},
		"none":          {nil, 403},
		"foreign":       {[]string{"Origin: https://evil.example"}, 403},
		"two":           {[]string{"Origin: " + server.URL, "Origin: " + server.URL}, 403},
		"null":          {[]string{"Origin: null"}, 403},
		"another port":  {[]string{"Origin: http://127.0.0.1:1"}, 403},
		"ours and more": {[]string{"Origin: " + server.URL + ".evil.example"}, 403},
	} {
		if got := rawtest.Dial(t, server).Upgrade("/socket", c.headers...); got.StatusCode != c.want {
			t.Errorf("%s: got %d, want %d", name, got.StatusCode, c.want)
		}
	}
	// A name that an attacker makes lead to this machine is not this machine's.
	r := rawtest.Dial(t, server)
	if err := r.Write(strings.Replace(rawtest.Request(server, "/socket", "Origin: http://evil.example"), server.Listener.Addr().String(), "evil.example", 1)); err != nil {
		t.Fatal(err)
	}
	if got := r.Answer(); got.StatusCode != 403 {
		t.Errorf("rebound: %v", got.Status)
	}
}

func TestASiteThatEmbedsTheChatOpensNoSocketItself(t *testing.T) {
	t.Parallel()
	_, server := serve(t, newKept(), webchat.Settings{Own: "https://chat.example.org", Origins: []string{"https://www.example.org"}})
	for origin, want := range map[string]int{"https://chat.example.org": 101, "https://www.example.org": 403, "http://chat.example.org": 403,
		"https://chat.example.org:444": 403, server.URL: 403} {
		if got := rawtest.Dial(t, server).Upgrade("/socket", "Origin: "+origin); got.StatusCode != want {
			t.Errorf("%s: got %d, want %d", origin, got.StatusCode, want)
		}
	}
}

func TestACompressedBombIsNotUnpacked(t *testing.T) {
	t.Parallel()
	inbox := newKept()
	_, server := serve(t, inbox, webchat.Settings{})
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(w, `{"type":"hello","v":1,"lang":"%s"}`, strings.Repeat("a", 40<<20))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if bomb.Len() > 64<<10 {
		t.Fatalf("the bomb has %d bytes, over the read limit", bomb.Len())
	}
	r := rawtest.Dial(t, server)
	got := r.Upgrade("/socket", "Origin: "+server.URL, "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover")
	if extensions := got.Header.Get("Sec-WebSocket-Extensions"); extensions != "" {
		t.Errorf("it agrees to %q", extensions)
	}
	if err := r.Write(rawtest.Frame(rawtest.Fin|rawtest.Rsv1|rawtest.Text, bomb.String())); err != nil {
		t.Fatal(err)
	}
	if code := r.Ended(); code != websocket.CloseProtocolError {
		t.Errorf("ended with %d", code)
	}
}

func TestAMessageOverTheReadLimitEnds(t *testing.T) {
	t.Parallel()
	_, server := serve(t, newKept(), webchat.Settings{})
	for name, write := range map[string]func(*rawtest.Conn){
		"in one frame": func(r *rawtest.Conn) { r.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, strings.Repeat("a", 65<<10))) },
		"in many": func(r *rawtest.Conn) {
			r.Write(rawtest.Frame(rawtest.Text, strings.Repeat("a", 1<<10)))
			for range 80 {
				r.Write(rawtest.Frame(rawtest.More, strings.Repeat("a", 1<<10)))
			}
		},
	} {
		r := greeted(t, server)
		write(r)
		if code := r.Ended(); code != websocket.CloseMessageTooBig && code != 0 {
			t.Errorf("%s: ended with %d", name, code)
		}
	}
}

func TestAHandshakeThatTakesTooLongEnds(t *testing.T) {
	t.Parallel()
	inBubble(t, webchat.Settings{Limits: webchat.Limits{Hello: 10 * time.Second}}, func(c *webchat.Channel, dial func() *rawtest.Conn) {
		silent := dial()
		silent.Upgrade("/socket", "Origin: http://"+rawtest.Host)
		ends(t, "silence", 10*time.Second, silent, func() {})

		begun := dial() // a hello that never ends, with pongs between
		begun.Upgrade("/socket", "Origin: http://"+rawtest.Host)
		begun.Write(rawtest.Frame(rawtest.Text, `{"type":`))
		ends(t, "a hello without an end", 10*time.Second, begun, func() { begun.Drip(rawtest.Frame(rawtest.Fin|rawtest.Pong, ""), time.Second) })
		if n := webchat.Open(c); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}

func TestPongsDoNotMoveTheTimeOfAMessage(t *testing.T) {
	t.Parallel()
	inBubble(t, webchat.Settings{Limits: webchat.Limits{Message: 10 * time.Second}}, func(_ *webchat.Channel, dial func() *rawtest.Conn) {
		r := dial()
		welcomed(t, r, "http://"+rawtest.Host)
		r.Write(rawtest.Frame(rawtest.Text, `{"type":"message","id":"12345678","text":"`))
		ends(t, "a message without an end", 10*time.Second, r, func() {
			r.Drip(rawtest.Frame(rawtest.More, "a")+rawtest.Frame(rawtest.Fin|rawtest.Pong, ""), time.Second)
		})
	})
}

func TestASilentPageIsLeftAndALivingOneIsNot(t *testing.T) {
	t.Parallel()
	inBubble(t, webchat.Settings{Limits: webchat.Limits{Idle: 75 * time.Second}}, func(c *webchat.Channel, dial func() *rawtest.Conn) {
		silent := dial()
		welcomed(t, silent, "http://"+rawtest.Host)
		ends(t, "silence", 75*time.Second, silent, func() {}) // it reads pings, and answers none

		living := dial()
		welcomed(t, living, "http://"+rawtest.Host)
		for until := time.Now().Add(10 * time.Minute); time.Now().Before(until); {
			kind, content, err := living.Next()
			if err != nil || kind != rawtest.Ping {
				t.Fatalf("a page that answers hears a frame of kind %x, %v", kind, err)
			}
			living.Write(rawtest.Frame(rawtest.Fin|rawtest.Pong, string(content)))
		}
		if n := webchat.Open(c); n != 1 {
			t.Errorf("%d connections are open", n)
		}
	})
}

func TestAFloodEndsTheConnectionAlone(t *testing.T) {
	t.Parallel()
	inbox := newKept()
	_, server := serve(t, inbox, webchat.Settings{Limits: webchat.Limits{Burst: 5}, Now: func() time.Time { return time.Unix(1791187200, 0) }})
	other := newPage(t, server)
	other.connect()
	for name, one := range map[string]string{
		"messages":    rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"message","id":"12345678","text":""}`),
		"pings":       rawtest.Frame(rawtest.Fin|rawtest.Ping, "x"),
		"late acks":   rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"ack","id":"12345678"}`),
		"empty pongs": rawtest.Frame(rawtest.Fin|rawtest.Pong, ""),
	} {
		r := greeted(t, server)
		go func() {
			for range 10_000 {
				if r.Write(one) != nil {
					return
				}
			}
		}()
		if code := r.Ended(); code != websocket.ClosePolicyViolation && code != 0 {
			t.Errorf("%s: ended with %d", name, code)
		}
	}
	other.write(map[string]any{"text": "hola"})
	other.settle()
	if got := inbox.wait(t, 1); len(got) != 1 || got[0].Event.Text != "hola" {
		t.Errorf("kept: %v", got)
	}
}

func TestAPageThatReadsTooSlowlyIsCutOff(t *testing.T) {
	t.Parallel()
	c, server := serve(t, newKept(), webchat.Settings{Limits: webchat.Limits{Queue: 4, Ack: patience, Write: patience}})
	p := newPage(t, server)
	p.connect()
	p.disconnect()
	until(t, "the page has left", func() bool { return webchat.Open(c) == 0 })

	r := rawtest.Dial(t, server)
	r.SmallBuffer()
	r.Upgrade("/socket", "Origin: "+server.URL)
	r.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"hello","v":1,"secret":"`+p.secret+`"}`))
	until(t, "it is there", func() bool { return webchat.Open(c) == 1 })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	d := delivery(t, c, p, "", engine.Outgoing{Text: strings.Repeat("مكتب ", 1500)})
	var all sync.WaitGroup
	cut := make(chan channels.Result, 1000)
	until(t, "the person is away", func() bool { // what the kernel buffers is not ours to bound
		d.ID += "x"
		if len(d.ID) > 60 {
			d.ID = "y"
		}
		one := d
		all.Go(func() {
			if r := c.Send(ctx, one); r.Class == channels.Retry {
				select {
				case cut <- r:
				default:
				}
			}
		})
		return webchat.Open(c) == 0
	})
	stop()
	all.Wait()
	if len(cut) == 0 {
		t.Error("no send ended with retry")
	}
}

func TestConnectionsHaveANumber(t *testing.T) {
	t.Parallel()
	c, server := serve(t, newKept(), webchat.Settings{Limits: webchat.Limits{Connections: 2}})
	first := greeted(t, server)
	greeted(t, server)
	if got := rawtest.Dial(t, server).Upgrade("/socket", "Origin: "+server.URL); got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("the third is answered with %s", got.Status)
	}
	first.Close()
	until(t, "one has left", func() bool { return webchat.Open(c) == 1 })
	greeted(t, server)
}

func TestAPersonHasSoManyTabs(t *testing.T) {
	t.Parallel()
	_, server := serve(t, newKept(), webchat.Settings{Limits: webchat.Limits{Tabs: 2}})
	first := newPage(t, server)
	first.connect()
	for range 2 {
		next := newPage(t, server)
		next.secret = first.secret
		next.connect()
	}
	if err := <-first.closed; !websocket.IsCloseError(err, 4001) {
		t.Errorf("the oldest ended with %v", err)
	}
}

func TestAddressesWaitOnlyWhereHandshakesFail(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now, from := time.Unix(1791187200, 0), "192.0.2.7:1"
	set := func(address string, later time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		from, now = address, now.Add(later)
	}
	_, server := serve(t, newKept(), webchat.Settings{Limits: webchat.Limits{Failures: 3},
		Now: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}, Address: func(*http.Request) string {
			mu.Lock()
			defer mu.Unlock()
			return from
		}})
	status := func(origin string) int {
		return rawtest.Dial(t, server).Upgrade("/socket", "Origin: "+origin).StatusCode
	}
	for range 10 { // a camp behind one address
		greeted(t, server)
	}
	for range 3 {
		if got := status("https://evil.example"); got != 403 {
			t.Errorf("a foreign page is answered with %d", got)
		}
	}
	if got := status(server.URL); got != http.StatusTooManyRequests {
		t.Errorf("after three failures: %d", got)
	}
	set("192.0.2.8:1", 0)
	greeted(t, server)
	set("192.0.2.7:1", time.Minute)
	greeted(t, server)
}

func TestAStrangeProtocolEnds(t *testing.T) {
	t.Parallel()
	_, server := serve(t, newKept(), webchat.Settings{})
	for name, hello := range map[string]string{
		"no hello":    `{"type":"message","id":"12345678","text":"x"}`,
		"version 2":   `{"type":"hello","v":2}`,
		"weak secret": `{"type":"hello","v":1,"secret":"1234"}`,
		"not JSON":    `hello`,
		"deep":        strings.Repeat("[", 60_000),
	} {
		r := rawtest.Dial(t, server)
		r.Upgrade("/socket", "Origin: "+server.URL)
		r.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, hello))
		if code := r.Ended(); code != websocket.ClosePolicyViolation {
			t.Errorf("%s: ended with %d", name, code)
		}
	}
	r := greeted(t, server)
	r.Write(rawtest.Frame(rawtest.Fin|0x2, "bytes"))
	if code := r.Ended(); code != websocket.CloseUnsupportedData {
		t.Errorf("bytes: ended with %d", code)
	}
}

func TestClosingEndsAllAndTakesNoMore(t *testing.T) {
	t.Parallel()
	c, server := serve(t, newKept(), webchat.Settings{})
	p := newPage(t, server)
	p.connect()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-p.closed; !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("ended with %v", err)
	}
	if got := rawtest.Dial(t, server).Upgrade("/socket", "Origin: "+server.URL); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("afterwards: %s", got.Status)
	}
}

func FuzzWhatAPageSays(f *testing.F) {
	for _, s := range []string{`{"type":"message","id":"12345678","text":"x"}`, `{"type":"message","id":"12345678","location":{"lat":1,"lon":2}}`,
		`{"type":"message","id":"12345678","text":"x","token":"b1.2"}`, `{"seen":["` + strings.Repeat("a", 100) + `"]}`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, code, ok := webchat.Read(b)
		if !ok {
			return
		}
		if code == "" && (in.ID == "" || len(in.ID) > 80 || len(in.From) != 1) {
			t.Errorf("%q is taken as %+v", b, in)
		}
		if _, err := json.Marshal(in); err != nil {
			t.Errorf("%q cannot be printed: %v", b, err)
		}
	})
}
