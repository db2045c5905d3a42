package socket_test

import (
	"bytes"
	"compress/flate"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"baraza/channels/channeltest/rawtest"
	"baraza/channels/socket"
)

// part is a frame of a message in many: the first, one in between, the last.
func part(i, of int, content string) string {
	kind := byte(rawtest.More)
	if i == 0 {
		kind = rawtest.Text
	}
	if i == of-1 {
		kind |= rawtest.Fin
	}
	return rawtest.Frame(kind, content)
}

func whole(content string) string { return rawtest.Frame(rawtest.Fin|rawtest.Text, content) }

func TestAMessageIsWholeWithinItsTimeWhateverItsFrames(t *testing.T) {
	t.Parallel()
	for name, drip := range map[string]struct {
		begin, then string
	}{
		"frame by frame":          {rawtest.Frame(rawtest.Text, "a"), rawtest.Frame(rawtest.More, "a")},
		"with signs of life":      {rawtest.Frame(rawtest.Text, "a"), rawtest.Frame(rawtest.Fin|rawtest.Pong, "")},
		"with pings":              {rawtest.Frame(rawtest.Text, "a"), rawtest.Frame(rawtest.Fin|rawtest.Ping, "x")},
		"byte by byte, one frame": {whole(strings.Repeat("a", 100))[:10], "a"},
	} {
		in(t, socket.Limits{Message: 10 * time.Second}, func(t *testing.T, l *line) {
			far, near := l.open()
			all := read(near)
			far.Write(whole(hello))
			<-all
			l.group.Go(func() { far.Ended() }) // it reads what comes
			synctest.Wait()
			var last heard
			got := took(func() {
				far.Write(drip.begin)
				l.group.Go(func() { far.Drip(drip.then, time.Second) })
				select {
				case last = <-all:
				case <-time.After(time.Minute):
				}
			})
			if last.err == nil || got != 10*time.Second {
				t.Errorf("%s: after %s: %+v", name, got, last)
			}
		})
	}
}

func TestAMessageInManyFramesArrivesAsOne(t *testing.T) {
	t.Parallel()
	in(t, socket.Limits{Message: 10 * time.Second}, func(t *testing.T, l *line) {
		far, near := l.open()
		all := read(near)
		far.Write(whole(hello))
		<-all
		for i := range 10 { // the last after nine seconds
			if i > 0 {
				time.Sleep(time.Second)
			}
			far.Write(part(i, 10, strconv.Itoa(i)))
		}
		if got := <-all; got.text != "0123456789" || got.err != nil {
			t.Errorf("got %+v", got)
		}
		time.Sleep(20 * time.Second) // the time of a message ends with it
		far.Write(whole("more"))
		if got := <-all; got.text != "more" || got.err != nil {
			t.Errorf("twenty seconds later: %+v", got)
		}
	})
}

func TestTheFirstMessageIsWholeWithinItsTime(t *testing.T) {
	t.Parallel()
	for name, drip := range map[string]string{"silence": "", "signs of life": rawtest.Frame(rawtest.Fin|rawtest.Pong, ""), "half a frame": whole(hello)[:4]} {
		in(t, socket.Limits{Hello: 10 * time.Second}, func(t *testing.T, l *line) {
			far, near := l.open()
			all := read(near)
			l.group.Go(func() { far.Ended() })
			if drip != "" {
				l.group.Go(func() { far.Drip(drip, 3*time.Second) })
			}
			if got := <-all; got.err == nil || got.after != 10*time.Second {
				t.Errorf("%s: %+v", name, got)
			}
		})
	}
}

func TestWhoShowsNoSignOfLifeIsLeftAndWhoDoesStays(t *testing.T) {
	t.Parallel()
	in(t, socket.Limits{Idle: 75 * time.Second}, func(t *testing.T, l *line) {
		far, near := l.open()
		all := read(near)
		far.Write(whole(hello))
		<-all
		pings := 0
		until := time.Now().Add(10 * time.Minute)
		for time.Now().Before(until) {
			kind, content, err := far.Next()
			if err != nil || kind != rawtest.Ping {
				t.Fatalf("frame of kind %x, %v", kind, err)
			}
			pings++
			far.Write(rawtest.Frame(rawtest.Fin|rawtest.Pong, string(content)))
		}
		if pings != 24 { // every 25 seconds
			t.Errorf("%d pings in ten minutes", pings)
		}
		silent := took(func() {
			l.group.Go(func() { far.Ended() })
			if got := <-all; got.err == nil {
				t.Errorf("without a pong: %+v", got)
			}
		})
		if silent != 75*time.Second {
			t.Errorf("it was left after %s", silent)
		}
	})
}

func TestAMessageHas64KiBAndNoMore(t *testing.T) {
	t.Parallel()
	const most = socket.ReadLimit
	for name, c := range map[string]struct {
		frames []int
		code   int
	}{
		"one frame":              {[]int{most}, 0},
		"one frame too large":    {[]int{most + 1}, websocket.CloseMessageTooBig},
		"many frames":            {[]int{most / 2, most / 4, most / 4}, 0},
		"many frames, too large": {[]int{most / 2, most / 2, 1}, websocket.CloseMessageTooBig},
	} {
		in(t, socket.Limits{}, func(t *testing.T, l *line) {
			far, near := l.open()
			all := read(near)
			ended := make(chan int, 1)
			l.group.Go(func() { ended <- far.Ended() })
			sum := 0
			for i, n := range c.frames {
				sum += n
				far.Write(part(i, len(c.frames), strings.Repeat("a", n)))
			}
			got := <-all
			if c.code == 0 {
				if got.err != nil || len(got.text) != sum {
					t.Errorf("%s: %d bytes, %v", name, len(got.text), got.err)
				}
				near.End(socket.Normal)
				<-ended
				return
			}
			if code := <-ended; got.err == nil || code != c.code {
				t.Errorf("%s: ended with %d, %v", name, code, got.err)
			}
		})
	}
}

func TestNothingIsUnpacked(t *testing.T) {
	t.Parallel()
	in(t, socket.Limits{}, func(t *testing.T, l *line) {
		far := l.dial()
		answer := far.Upgrade("/", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
		if got := answer.Header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("it agrees to %q", got)
		}
		all := read(<-l.opened)
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte("a"), 10<<20)); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		l.group.Go(func() { far.Write(rawtest.Frame(rawtest.Fin|rawtest.Rsv1|rawtest.Text, b.String())) })
		if code := far.Ended(); code != websocket.CloseProtocolError {
			t.Errorf("ended with %d", code)
		}
		if got := <-all; got.err == nil || got.text != "" {
			t.Errorf("it read %d bytes, %v", len(got.text), got.err)
		}
	})
}

func TestOnlyTextIsRead(t *testing.T) {
	t.Parallel()
	in(t, socket.Limits{}, func(t *testing.T, l *line) {
		far, near := l.open()
		all := read(near)
		l.group.Go(func() { far.Write(rawtest.Frame(rawtest.Fin|0x2, hello)) })
		if code := far.Ended(); code != socket.Unreadable {
			t.Errorf("ended with %d", code)
		}
		if got := <-all; got.err != socket.ErrViolation {
			t.Errorf("got %+v", got)
		}
	})
}

func TestWhoReadsTooSlowlyIsLeftWithABoundedQueue(t *testing.T) {
	t.Parallel()
	in(t, socket.Limits{Queue: 4, Write: 10 * time.Second}, func(t *testing.T, l *line) {
		_, near := l.open()
		for i := range 5 { // one is being written, four wait
			if !near.Tell(i) {
				t.Fatalf("message %d is not taken", i)
			}
			synctest.Wait()
		}
		if near.Tell("one too many") {
			t.Error("the queue has no end")
		}
		<-near.Gone()
		if got := took(near.Finish); got > 2*time.Second {
			t.Errorf("a write that hangs, hangs for %s more", got)
		}
		if near.Tell("after the end") {
			t.Error("something is queued after the end")
		}
	})
}

func TestWhoReadsNothingIsLeftAfterTheTimeToWrite(t *testing.T) {
	t.Parallel()
	in(t, socket.Limits{Write: 10 * time.Second}, func(t *testing.T, l *line) {
		_, near := l.open()
		got := took(func() {
			near.Tell("x")
			<-near.Gone()
		})
		if got != 10*time.Second {
			t.Errorf("it was left after %s", got)
		}
		near.Finish()
	})
}

func TestWhatWasQueuedArrivesInOrderBeforeTheEnd(t *testing.T) {
	t.Parallel()
	in(t, socket.Limits{Queue: 100}, func(t *testing.T, l *line) {
		far, near := l.open()
		for i := range 50 {
			near.Tell(i)
		}
		l.group.Go(func() {
			near.End(socket.Replaced)
			near.End(socket.GoingAway) // the first reason counts
			near.Finish()
		})
		var got []string
		for {
			kind, content, err := far.Next()
			if err != nil {
				t.Fatal(err)
			}
			if kind == rawtest.Closing {
				if code := int(content[0])<<8 | int(content[1]); code != socket.Replaced {
					t.Errorf("ended with %d", code)
				}
				break
			}
			got = append(got, string(content))
		}
		var want []string
		for i := range 50 {
			want = append(want, strconv.Itoa(i))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what arrived (-want +got):\n%s", diff)
		}
	})
}

func TestSignsOfLifeAreCountedToo(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]byte{"pings": rawtest.Ping, "pongs": rawtest.Pong} {
		in(t, socket.Limits{Burst: 10, Rate: 1}, func(t *testing.T, l *line) {
			far, near := l.open()
			all := read(near)
			far.Write(whole(hello))
			<-all
			sent := 0
			l.group.Go(func() {
				for far.Write(rawtest.Frame(rawtest.Fin|kind, "x")) == nil {
					sent++
				}
			})
			if code := far.Ended(); code != socket.Violation {
				t.Errorf("%s: ended with %d", name, code)
			}
			if got := <-all; got.err == nil {
				t.Errorf("%s: %+v", name, got)
			}
			if synctest.Wait(); sent < 10 || sent > 20 { // those of the burst, and what was under way
				t.Errorf("%s: %d were read", name, sent)
			}
		})
	}
}

func TestMessagesComeAtARate(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	c := socket.New(socket.Limits{Burst: 3, Rate: 2}, func() time.Time { return now })
	took := func() (n int) {
		for c.Take() {
			n++
		}
		return n
	}
	for _, step := range []struct {
		passed time.Duration
		want   int
	}{{0, 3}, {time.Second, 2}, {400 * time.Millisecond, 0}, {100 * time.Millisecond, 1}, {time.Hour, 3}, {-time.Hour, 0}} {
		now = now.Add(step.passed)
		if got := took(); got != step.want {
			t.Errorf("%s later %d are taken, not %d", step.passed, got, step.want)
		}
	}
}

func TestAHandshakeThatIsNoneIsAnswered(t *testing.T) {
	t.Parallel()
	in(t, socket.Limits{}, func(t *testing.T, l *line) {
		for name, request := range map[string]string{
			"a page":          "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
			"without a key":   "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
			"an old version":  "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
			"another upgrade": "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
			"a form":          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
		} {
			far := l.dial()
			far.Write(request)
			if got := far.Answer().StatusCode; got < 400 || got >= 500 || got == http.StatusNotFound {
				t.Errorf("%s: answered with %d", name, got)
			}
			if near := <-l.opened; near != nil {
				t.Errorf("%s: it is open", name)
			}
			far.Close()
		}
	})
}

// What many do at once is safe, and the end comes once.
func TestManyTellAndEndAtOnce(t *testing.T) {
	t.Parallel()
	in(t, socket.Limits{Queue: 10_000, Burst: 10_000}, func(t *testing.T, l *line) {
		far, near := l.open()
		all := read(near)
		ended := make(chan int, 1)
		l.group.Go(func() { ended <- far.Ended() })
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				for n := range 200 {
					near.Tell(n)
				}
				if i == 0 {
					near.End(socket.TryLater)
				}
			})
			group.Go(func() { far.Write(whole(hello)) })
		}
		group.Wait()
		if code := <-ended; code != socket.TryLater && code != 0 {
			t.Errorf("ended with %d", code)
		}
		for got := range all {
			if got.err != nil {
				return
			}
		}
	})
}

// A connection can be ended before its handshake: it says so and closes.
func TestAConnectionEndedBeforeItsHandshake(t *testing.T) {
	t.Parallel()
	c := socket.New(socket.Limits{}, time.Now)
	c.End(socket.GoingAway)
	<-c.Gone()
	if c.Tell("x") {
		t.Error("it takes a message")
	}
}
