package web_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

var (
	load   = flag.String("load", "", "of the client's own process: the origin and the token")
	guests = flag.Int("testers", 5000, "testers that are connected in the measurement of load")
)

// typists are those who write, one message a second each, and messages is how many each writes.
const typists, messages = 200, 10

// BenchmarkLoad measures what -testers connected testers cost in memory that is the process's own, and how long 200
// of them wait for an answer while all write. The client is a process of its own. Run it with -benchtime 1x.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		r := newRoom(b, web.Settings{Limits: web.Limits{Connections: 6000}})
		_, token := r.invite(rounds.Round{Uses: rounds.MaxUses, Persona: rounds.Persona{Language: "es"}}, "")
		before := anonymous(b)
		command := exec.CommandContext(b.Context(), os.Args[0], "-test.run", "TestLoadClient", "-test.v", "-load", r.server.URL+" "+token, "-testers", strconv.Itoa(*guests))
		out, err := command.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		in, err := command.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		command.Stderr = os.Stderr
		if err := command.Start(); err != nil {
			b.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			name, figure, ok := strings.Cut(lines.Text(), "=")
			switch {
			case lines.Text() == "connected":
				b.ReportMetric(float64(anonymous(b)-before)/float64(*guests), "KB/tester")
				fmt.Fprintln(in, "write")
			case ok && strings.HasSuffix(name, "_ms"):
				f, err := strconv.ParseFloat(figure, 64)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(f, name)
			}
		}
		if err := command.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// anonymous is the process's own memory in KB, after what is free was given back.
func anonymous(b *testing.B) int {
	runtime.GC()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("the memory of a process can be read on Linux alone")
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// TestLoadClient is the far end of BenchmarkLoad, in its own process.
func TestLoadClient(t *testing.T) {
	t.Parallel()
	origin, token, ok := strings.Cut(*load, " ")
	if !ok {
		return // nobody measures
	}
	all := make([]*websocket.Conn, *guests)
	var joining sync.WaitGroup
	room := make(chan struct{}, 32)
	for i := range all {
		room <- struct{}{}
		joining.Go(func() {
			defer func() { <-room }()
			ws, err := join(t.Context(), origin, token, i)
			if err != nil {
				t.Error(err)
				return
			}
			all[i] = ws
		})
	}
	joining.Wait()
	if t.Failed() {
		return
	}
	fmt.Println("connected")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var waits []time.Duration
	var writing sync.WaitGroup
	for i := range min(typists, len(all)) {
		writing.Go(func() {
			every := time.NewTicker(time.Second)
			defer every.Stop()
			for n := 1; n <= messages; n++ {
				<-every.C
				began := time.Now()
				err := all[i].WriteJSON(map[string]any{"type": "say", "n": n + 1, "text": []string{"Acepto", "oficinas", "menú"}[n%3]})
				for err == nil {
					var m map[string]any
					if err = all[i].ReadJSON(&m); m["type"] == "got" && m["n"] == float64(n+1) {
						break
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				waits = append(waits, time.Since(began))
				mu.Unlock()
			}
		})
	}
	writing.Wait()
	slices.Sort(waits)
	for _, p := range []int{50, 95, 99} {
		fmt.Printf("p%d_ms=%.1f\n", p, float64(waits[len(waits)*p/100].Microseconds())/1000)
	}
}

// join is a tester who begins, and has said hello to the flow.
func join(ctx context.Context, origin, token string, i int) (*websocket.Conn, error) {
	dialer := websocket.Dialer{ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10}
	ws, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(origin, "http")+"/try/socket", http.Header{"Origin": {origin}})
	if err != nil {
		return nil, err
	}
	for _, step := range []struct {
		say map[string]any
		to  string
	}{{map[string]any{"type": "hello", "v": 1, "token": token}, "invited"}, {map[string]any{"type": "begin", "record": i < typists}, "begun"},
		{map[string]any{"type": "say", "n": 1, "text": "hola"}, "got"}} {
		if err := ws.WriteJSON(step.say); err != nil {
			return nil, err
		}
		for {
			var m map[string]any
			if err := ws.ReadJSON(&m); err != nil {
				return nil, fmt.Errorf("before %s: %w", step.to, err)
			}
			if m["type"] == step.to {
				break
			}
		}
	}
	return ws, nil
}
