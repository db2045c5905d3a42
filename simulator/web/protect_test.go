package web_test

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"baraza/channels/channeltest/rawtest"
	"baraza/channels/socket"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// F25: a page of another site opens no socket, and neither does what says nothing of where it comes from.
func TestOnlyOurOwnPageOpensASocket(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{})
	for _, path := range []string{"/try/socket", "/watch/socket"} {
		for name, c := range map[string]struct {
			headers []string
			want    int
		}{
			"our own":      {[]string{"Origin: " + r.server.URL}, 101},
			"none":         {nil, 403},
			"foreign":      {[]string{"Origin: https://evil.example"}, 403},
			"two":          {[]string{"Origin: " + r.server.URL, "Origin: " + r.server.URL}, 403},
			"null":         {[]string{"Origin: null"}, 403},
			"another port": {[]string{"Origin: http://127.0.0.1:1"}, 403},
		} {
			if got := rawtest.Dial(t, r.server).Upgrade(path, c.headers...).StatusCode; got != c.want {
				t.Errorf("%s at %s: got %d, want %d", name, path, got, c.want)
			}
		}
	}
	response, err := http.Post(r.server.URL+"/try/media", "audio/ogg", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a foreign page posts: %s", response.Status)
	}
}

// F22: a handshake byte by byte, silence, and a message that pongs are meant to keep alive.
func TestWhoIsSlowOnPurposeIsLeft(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{Limits: web.Limits{Limits: socket.Limits{Hello: 300 * time.Millisecond, Message: 500 * time.Millisecond,
		Idle: time.Hour, Burst: 10_000, Rate: 10_000}}})
	_, token := r.invite(rounds.Round{}, "")
	own := "Origin: " + r.server.URL
	door := httptest.NewUnstartedServer(r.web) // of its own: a machine that is slow by itself may not shake hands so soon
	door.Config.ReadHeaderTimeout = 300 * time.Millisecond
	door.Start()
	t.Cleanup(door.Close)
	drops := rawtest.Dial(t, door)
	drops.Write(strings.TrimSuffix(rawtest.Request(door, "/try/socket"), "\r\n"))
	go drops.Drip("X: x\r\n", 20*time.Millisecond)
	drops.Ended()
	silent := rawtest.Dial(t, r.server)
	silent.Upgrade("/try/socket", own)
	silent.Ended()
	begun := rawtest.Dial(t, r.server)
	begun.Upgrade("/try/socket", own)
	begun.Write(rawtest.Frame(rawtest.Text, `{"type":`))
	go begun.Drip(rawtest.Frame(rawtest.Fin|rawtest.Pong, ""), 50*time.Millisecond)
	begun.Ended()
	within := rawtest.Dial(t, r.server)
	within.Upgrade("/try/socket", own)
	within.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"hello","v":1,"token":"`+token+`"}`))
	within.Write(rawtest.Frame(rawtest.Text, `{"type":"begin","x":"`))
	go within.Drip(rawtest.Frame(rawtest.More, "a")+rawtest.Frame(rawtest.Fin|rawtest.Pong, ""), 20*time.Millisecond)
	within.Ended()
}

// F23: who writes too much loses the connection, and others do not notice.
func TestAFloodEndsTheConnectionAlone(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{Limits: web.Limits{Limits: socket.Limits{Burst: 5}}})
	_, token := r.invite(rounds.Round{}, "")
	other := r.begin(token, true)
	for name, one := range map[string]string{
		"messages": rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"say","n":1,"text":"x"}`),
		"pings":    rawtest.Frame(rawtest.Fin|rawtest.Ping, "x"),
		"pongs":    rawtest.Frame(rawtest.Fin|rawtest.Pong, ""),
	} {
		flood := rawtest.Dial(t, r.server)
		flood.Upgrade("/try/socket", "Origin: "+r.server.URL)
		flood.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"hello","v":1,"token":"`+token+`"}`))
		flood.Write(rawtest.Frame(rawtest.Fin|rawtest.Text, `{"type":"begin"}`))
		go func() {
			for range 10_000 {
				if flood.Write(one) != nil {
					return
				}
			}
		}()
		if code := flood.Ended(); code != websocket.ClosePolicyViolation && code != 0 {
			t.Errorf("%s: ended with %d", name, code)
		}
	}
	other.write("hola")
	if got := other.texts(); len(got) < 2 {
		t.Errorf("the other is shown %q", got)
	}
}

// F24: no bomb is unpacked, and no message is longer than the limit, in one frame or in many.
func TestWhatIsTooBigEnds(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{})
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(w, `{"type":"hello","v":1,"lang":"%s"}`, strings.Repeat("a", 40<<20))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	packed := rawtest.Dial(t, r.server)
	got := packed.Upgrade("/try/socket", "Origin: "+r.server.URL, "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover")
	if extensions := got.Header.Get("Sec-WebSocket-Extensions"); extensions != "" {
		t.Errorf("it agrees to %q", extensions)
	}
	packed.Write(rawtest.Frame(rawtest.Fin|rawtest.Rsv1|rawtest.Text, bomb.String()))
	if code := packed.Ended(); code != websocket.CloseProtocolError {
		t.Errorf("the bomb ended with %d", code)
	}
	long := rawtest.Dial(t, r.server)
	long.Upgrade("/try/socket", "Origin: "+r.server.URL)
	long.Write(rawtest.Frame(rawtest.Text, strings.Repeat("a", 1<<10)))
	for range 80 {
		long.Write(rawtest.Frame(rawtest.More, strings.Repeat("a", 1<<10)))
	}
	if code := long.Ended(); code != websocket.CloseMessageTooBig && code != 0 {
		t.Errorf("many frames ended with %d", code)
	}
}

// F28: a token that was taken leads nowhere once it has run out, was used up or taken back, and never to another pack.
func TestAnInvitationThatIsOverLetsNobodyIn(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{})
	revoked, one := r.invite(rounds.Round{}, "")
	if err := r.rounds.Revoke(revoked.ID); err != nil {
		t.Fatal(err)
	}
	_, used := r.invite(rounds.Round{Uses: 1}, "")
	r.begin(used, false)
	_, phrase := r.invite(rounds.Round{}, "olive tree")
	expired, late := r.invite(rounds.Round{Expires: r.clock.Now().Add(time.Hour)}, "")
	check := func(token, want string) {
		t.Helper()
		if got := r.hello(map[string]any{"token": token}).until("refused")["code"]; got != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
	check(one, "revoked")
	check(used, "used")
	check(phrase, "passphrase")
	check("AAAAAAAAAAAAAAAAAAAAAA", "no-round")
	r.clock.pass(2 * time.Hour)
	check(late, "expired")
	p := r.hello(map[string]any{"token": phrase, "pass": "Olive Tree "})
	if p.until("invited")["title"] != "First round" {
		t.Error("the passphrase does not open")
	}
	if got, err := r.rounds.Round(expired.ID); err != nil || got.Used != 0 {
		t.Errorf("used: %+v, %v", got, err)
	}
}

// A whole camp shares one address: only failed tokens and handshakes count.
func TestAddressesWaitOnlyWhereTokensFail(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{Limits: web.Limits{Failures: 3}, Address: func(*http.Request) string { return "192.0.2.7:1" }})
	_, token := r.invite(rounds.Round{Uses: 50}, "")
	for range 10 {
		r.begin(token, false)
	}
	for range 3 {
		r.hello(map[string]any{"token": "AAAAAAAAAAAAAAAAAAAAAA"}).until("refused")
	}
	_, response, err := r.dial("/try/socket", nil)
	if err == nil || response.StatusCode != http.StatusTooManyRequests {
		t.Errorf("after three wrong tokens: %v", err)
	}
}

func TestDesignersNeedTheKeyWhereOthersCanCome(t *testing.T) {
	t.Parallel()
	const own, key = "https://try.example.org", "a-key-of-at-least-22-letters"
	r := newRoom(t, web.Settings{Own: own, Key: key})
	if _, response, err := r.dial("/watch/socket", http.Header{"Origin": {own}}); err == nil || response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the key: %v", err)
	}
	ask := func(key string, headers ...string) *http.Response {
		body, err := json.Marshal(map[string]string{"key": key})
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.server.URL+"/watch/enter", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	for name, got := range map[string]*http.Response{
		"a wrong key":       ask("another-key-of-22-letters", "Origin", own, "X-Baraza", "watch"),
		"a foreign page":    ask(key, "Origin", "https://evil.example", "X-Baraza", "watch"),
		"a form of a page":  ask(key, "Origin", own),
		"nothing of origin": ask(key, "X-Baraza", "watch"),
	} {
		if got.StatusCode != http.StatusForbidden || len(got.Cookies()) > 0 {
			t.Errorf("%s: %s", name, got.Status)
		}
	}
	in := ask(key, "Origin", own, "X-Baraza", "watch")
	if len(in.Cookies()) != 2 {
		t.Fatalf("with the key: %s", in.Status)
	}
	c := in.Cookies()[0]
	for i, path := range []string{"/watch/", "/edit/"} {
		if one := in.Cookies()[i]; !one.HttpOnly || !one.Secure || one.SameSite != http.SameSiteStrictMode || one.Path != path || one.Value != c.Value {
			t.Errorf("the cookie is %+v", one)
		}
	}
	header := http.Header{"Origin": {own}, "Cookie": {c.Name + "=" + c.Value}}
	ws, _, err := r.dial("/watch/socket", header)
	if err != nil {
		t.Fatal(err)
	}
	ws.Close()
	r.clock.pass(13 * time.Hour)
	if _, _, err := r.dial("/watch/socket", header); err == nil {
		t.Error("the cookie is good for longer than half a day")
	}
}

func TestASimulatorHoldsNothingThatSends(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "baraza/simulator/web").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		if regexp.MustCompile(`^baraza/(server|engine/runner|channels/(whatsapp|telegram|webchat))`).MatchString(name) {
			t.Errorf("it imports %s", name)
		}
	}
}

func TestThePagesRunNothingButTheirOwn(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{})
	total := 0
	for _, path := range []string{"/", "/try/?lang=ar", "/try/try.js", "/try/try.css", "/watch/", "/watch/watch.js", "/watch/watch.css", "/watch/round/evidence.js", "/watch/round/evidence.css"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", "gzip")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", path, response.Status, err)
		}
		if strings.HasPrefix(path, "/try/") {
			total += len(b)
		}
		if response.Header.Get("Referrer-Policy") != "no-referrer" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, response.Header)
		}
		policy := response.Header.Get("Content-Security-Policy")
		if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") && (!strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(policy, "unsafe")) {
			t.Errorf("%s: the policy is %q", path, policy)
		}
	}
	if t.Logf("%d bytes", total); total > 50<<10 {
		t.Errorf("a first load has %d bytes", total)
	}
	for _, name := range []string{"try.html", "try.js", "try.css", "watch.html", "watch.js", "watch.css", "evidence.html", "evidence.js", "evidence.css", "start.html"} {
		b, err := os.ReadFile("page/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\son[a-z]+="|\sstyle="|document\.title`).FindAllString(string(b), -1) {
			t.Errorf("%s has %q", name, found)
		}
	}
}

// Minutes without a network: what was sent and not answered comes again, in order, and nothing twice.
func TestASessionGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{})
	made, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	p := r.begin(token, true)
	p.write("hola")
	shown := len(p.seen)
	p.say(map[string]any{"type": "say", "n": 2, "text": "Acepto"}) // the answer is lost with the connection
	until(t, "it has taken effect", func() bool {
		all, err := r.rounds.Sessions(made.ID)
		return err == nil && all[0].Count > 3
	})
	p.ws.Close()
	r.clock.pass(5 * time.Minute)

	again := r.hello(map[string]any{"secret": p.secret, "seen": shown})
	if heard := again.until("resumed")["heard"]; heard != 2.0 {
		t.Errorf("the server has heard %v", heard)
	}
	again.say(map[string]any{"type": "say", "n": 2, "text": "Acepto"})
	for again.until("got")["n"] != 2.0 {
	}
	again.n = 2
	again.write("oficinas")
	all := append(p.texts()[:shown], again.texts()...)
	mine := 0
	for i, text := range all {
		if text == "Acepto" {
			mine++
		}
		t.Logf("%d %q", i, text)
	}
	if mine != 1 {
		t.Errorf("what came twice was taken %d times", mine)
	}
	for i, m := range append(p.seen[:shown:shown], again.seen...) {
		if m["seq"] != float64(i+1) {
			t.Fatalf("entry %d has the number %v", i+1, m["seq"])
		}
	}
	p2 := r.hello(map[string]any{"secret": p.secret, "seen": 0}) // a page that was loaded anew
	p2.until("resumed")
	p2.until("again")
	if diff := cmp.Diff(all, p2.texts()); diff != "" {
		t.Errorf("loaded anew (-before +after):\n%s", diff)
	}
	p2.n = 3
	p2.act("delete", nil)
	if got := r.hello(map[string]any{"secret": p.secret}).until("refused")["code"]; got != "gone" {
		t.Errorf("a deleted session answers %v", got)
	}
}

func TestAPageLeavesOfflineAgain(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{})
	_, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	p := r.begin(token, true)
	p.say(map[string]any{"type": "connection", "kind": "offline"})
	p.say(map[string]any{"type": "say", "n": 1, "text": "hola"})
	p.say(map[string]any{"type": "ping"})
	if first := p.read()["type"]; first != "pong" {
		t.Errorf("offline, the page hears of %v", first)
	}
	p.say(map[string]any{"type": "connection", "kind": "full"})
	p.until("got")
	if all := p.texts(); len(all) != 2 {
		t.Errorf("back again, it is shown %q", all)
	}
}

// A simulator that was started again finds the sessions that were recorded.
func TestASessionOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	r := newRoom(t, web.Settings{})
	_, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es"}}, "")
	p := r.begin(token, true)
	p.write("hola")
	p.write("Acepto")
	if err := r.web.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.web, err = web.New(web.Settings{Packs: samples(t), Rounds: r.rounds, Now: r.clock.Now}); err != nil {
		t.Fatal(err)
	}
	r.served.Store(r.web)
	again := r.hello(map[string]any{"secret": p.secret, "seen": 0})
	again.until("resumed")
	again.until("again")
	if diff := cmp.Diff(p.texts(), again.texts()); diff != "" {
		t.Errorf("before and after (-want +got):\n%s", diff)
	}
	again.n = 2
	again.write("oficinas")
	if all := again.texts(); len(all) < len(p.texts())+2 {
		t.Errorf("it does not go on: %q", all)
	}
}

func TestASlowLineIsSlow(t *testing.T) {
	t.Parallel()
	waited := make(chan time.Duration, 1000)
	r := newRoom(t, web.Settings{Wait: func(d time.Duration) { waited <- d }})
	_, token := r.invite(rounds.Round{Persona: rounds.Persona{Language: "es", Connection: "gprs"}}, "")
	p := r.begin(token, true)
	for range 5 {
		p.write(strings.Repeat("palabra ", 250))
	}
	bytes, total := 0, time.Duration(0)
	for _, m := range p.seen {
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		bytes += len(b)
	}
	for len(waited) > 0 {
		total += <-waited
	}
	if least := time.Duration(bytes) * 1600 * time.Millisecond / (10 << 10); bytes < 10<<10 || total < least {
		t.Errorf("%d bytes took %s, less than %s", bytes, total, least)
	}
}
