//go:build unix

package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"baraza/channels/whatsapp/fake"
	"baraza/engine/childtest"
	"baraza/engine/runner"
	"baraza/server"
	"baraza/server/audit"
	"baraza/server/config"
	"baraza/server/desk"
)

// What makes the test binary a process that serves until it is killed.
const (
	childData  = "BARAZA_SERVER_CHILD"
	childGraph = "CHILD_GRAPH"
	childKey   = "CHILD_RELEASE_KEY"
	// childDies is a message of the log at which it kills itself.
	childDies = "CHILD_DIES_AT"
)

func TestMain(m *testing.M) {
	if os.Getenv(childData) != "" {
		os.Exit(childMain())
	}
	os.Exit(m.Run())
}

func childMain() int {
	mayBeTraced()
	listener, err := net.FileListener(os.NewFile(3, "the port that each process takes over from the last one"))
	if err != nil {
		fmt.Println("listen:", err)
		return 1
	}
	c := &config.Config{Data: os.Getenv(childData),
		Countries: map[string]*config.Country{"ke": {Key: config.Plain(testKey), Releases: &config.Releases{Packs: []string{"help"}}, ReleaseKeys: []string{os.Getenv(childKey)}}},
		WhatsApp: []*config.WhatsApp{{Path: "/whatsapp", AppSecret: config.Plain("app-secret"), VerifyToken: config.Plain("verify"),
			Token: config.Plain("token"), Graph: os.Getenv(childGraph), Numbers: map[string]string{"1001": "help"}}}}
	s, err := server.Open(server.Options{Config: c, Compile: compile, Listener: listener, Unpaced: true, Log: slog.New(mortal{os.Getenv(childDies)}),
		Timing: runner.Timing{Resolve: 20 * time.Millisecond, Poll: 20 * time.Millisecond}})
	if err != nil {
		fmt.Println("open:", err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := errors.Join(s.Run(ctx), s.Close()); err != nil {
		fmt.Println("ended:", err)
		return 1
	}
	fmt.Println("closed")
	return 0
}

// mortal is a log that kills the process at a message.
type mortal struct{ at string }

func (m mortal) Enabled(context.Context, slog.Level) bool { return true }
func (m mortal) WithAttrs([]slog.Attr) slog.Handler       { return m }
func (m mortal) WithGroup(string) slog.Handler            { return m }
func (m mortal) Handle(_ context.Context, r slog.Record) error {
	if m.at != "" && r.Message == m.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return nil
}

// nursery starts a process that serves, again and again on what the last one left, beside a provider that outlives them.
type nursery struct {
	*releases
	key, address string
	listener     *os.File // a port that nobody else takes while no process serves
	process      *exec.Cmd
	said         *safeBuffer                   // by it
	up           atomic.Pointer[chan struct{}] // closed while one serves
	over         chan struct{}                 // nobody will serve any more
	answered     atomic.Int64                  // words
}

func newNursery(t *testing.T) *nursery {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts and kills many processes")
	}
	n := &nursery{releases: releasing(t), over: make(chan struct{})}
	n.keep("second", strings.Replace(helpTalk, "You wrote", "I read", 1))
	n.keep("third", anotherQuestion)
	n.halt()
	closed := make(chan struct{})
	n.up.Store(&closed)
	// A provider that brings a webhook again as soon as somebody serves.
	provider := httptest.NewUnstartedServer(nil)
	n.cloud = fake.New(fake.Config{BaseURL: "http://" + provider.Listener.Addr().String(), Secret: "app-secret", Token: "token", VerifyToken: "verify", Pacing: fake.Unpaced,
		Latency: fake.Latency{Sent: time.Millisecond, Delivered: time.Millisecond, Read: time.Millisecond},
		Numbers: []fake.Number{{ID: "1001", Display: "+15550001001", Account: "77"}}, Client: &http.Client{Transport: stubborn{n}}})
	provider.Config.Handler = n.cloud
	provider.Start()
	t.Cleanup(func() {
		if n.process != nil {
			_, _ = n.process.Process.Kill(), n.process.Wait() // where the test failed
		}
		close(n.over)
		n.cloud.Close()
		provider.Close()
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if n.listener, err = listener.(*net.TCPListener).File(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = n.listener.Close(), listener.Close() })
	n.key = n.config.Countries["ke"].ReleaseKeys[0]
	n.config.WhatsApp[0].Graph = provider.URL
	n.address = listener.Addr().String()
	n.cloud.SetCallback("http://" + n.address + "/whatsapp")
	return n
}

// stubborn brings what could not be brought as soon as somebody serves.
type stubborn struct{ n *nursery }

func (s stubborn) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	for {
		select {
		case <-*s.n.up.Load():
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-s.n.over:
			return nil, errors.New("nobody serves any more")
		}
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(strings.NewReader(string(body)))
		response, err := http.DefaultTransport.RoundTrip(again)
		if err == nil && response.StatusCode == http.StatusOK || r.Context().Err() != nil {
			return response, err
		}
		if err == nil {
			response.Body.Close()
		}
		select { // the one who serves is being killed
		case <-time.After(5 * time.Millisecond):
		case <-s.n.over:
		case <-r.Context().Done():
		}
	}
}

// begin starts a process and waits until it can be asked.
func (n *nursery) begin(dies string) {
	n.t.Helper()
	n.process = childtest.Command(n.t, os.Args[0])
	n.process.Env = append(os.Environ(), childData+"="+n.config.Data, childGraph+"="+n.config.WhatsApp[0].Graph, childKey+"="+n.key,
		childDies+"="+dies)
	n.process.ExtraFiles = []*os.File{n.listener}
	said := &safeBuffer{}
	n.process.Stdout, n.process.Stderr, n.said = said, said, said
	if err := n.process.Start(); err != nil {
		n.t.Fatal(err)
	}
	deadline := time.Now().Add(2 * time.Minute)
	for {
		client, err := desk.Dial(n.config.Socket())
		if err == nil {
			n.desk = client
			break
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("it does not serve: %v\n%s", err, said.String())
		}
		<-time.After(5 * time.Millisecond)
	}
	close(*n.up.Load())
}

// kill kills it, or waits until it has killed itself.
func (n *nursery) kill(itself bool) {
	n.t.Helper()
	down := make(chan struct{})
	n.up.Store(&down)
	if !itself {
		if err := n.process.Process.Kill(); err != nil {
			n.t.Fatal(err)
		}
	}
	if err := n.process.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		n.t.Fatalf("it ended with %v", err)
	}
}

// lastRecord is what the log says that serves.
func (n *nursery) lastRecord() (last audit.Record) {
	n.t.Helper()
	r, err := audit.Verify(n.config.Audit(), "", func(r audit.Record) {
		if r.Outcome == audit.Done && r.After != "" {
			last = r
		}
	})
	if err != nil || len(r.Problems) > 0 {
		n.t.Fatalf("the log: %+v, %v", r, err)
	}
	return last
}

// Killed between the change and its record: the next process writes it down, and then only serves.
func TestAProcessThatDiesBetweenAChangeAndItsRecordLeavesARecord(t *testing.T) {
	t.Parallel()
	n := newNursery(t)
	n.begin("another release serves")
	before := n.serves()
	_, err := n.desk.Activate(t.Context(), desk.Change{Country: "ke", Planned: before, Release: n.hashes["second"], Percent: 100, By: "ana"})
	if err == nil {
		t.Fatal("it lives")
	}
	n.kill(true)
	if last := n.lastRecord(); last.After != before {
		t.Errorf("before the next process there is the record %+v", last)
	}
	n.begin("")
	if now := n.serves(); now != n.hashes["second"] {
		t.Errorf("%s serves", now)
	}
	if last := n.lastRecord(); last.What != server.Found || last.Before != before || last.After != n.hashes["second"] || !strings.Contains(last.Why, `"ana"`) {
		t.Errorf("the record is %+v", last)
	}
	n.kill(false)
}

// Operators activate and take back while people write, and the process is killed at random moments. After each, one release
// serves: the one that was confirmed last, or the one that was being activated. In the end each word of each person was
// answered once.
func TestActivationsWhileTheProcessIsKilledLoseNobody(t *testing.T) {
	t.Parallel()
	n := newNursery(t)
	n.begin("")
	const people, kills = 8, 10
	var writing sync.WaitGroup
	var over atomic.Bool
	var words [people]int
	for i := range people {
		phone := n.meet(fmt.Sprintf("+1202555%04d", i))
		writing.Go(func() {
			phone.Write("hello")
			n.hears(phone, 1)
			for ; !over.Load(); words[i]++ {
				word := wordOf(i, words[i])
				phone.Write(word)
				n.until("the word is answered", func() bool {
					return slices.ContainsFunc(phone.Received(), func(m fake.Message) bool { return strings.HasSuffix(m.Text, " "+word+".") })
				})
				n.answered.Add(1)
			}
		})
	}
	confirmed := n.hashes["first"]
	names := []string{"second", "third", "first"}
	random := rand.New(rand.NewPCG(1, 2))
	for kill := range kills {
		confirmed = n.changesUntilKilled(confirmed, names[kill%len(names)], time.Duration(random.IntN(100))*time.Millisecond)
	}
	over.Store(true)
	writing.Wait()
	answers, all := n.answers(), 0
	for i := range people {
		for w := range words[i] {
			if got := answers[wordOf(i, w)]; got != 1 {
				t.Errorf("word %d of person %d was answered %d times", w, i, got)
			}
		}
		all += words[i]
	}
	if all < kills {
		t.Errorf("only %d words were written", all)
	}
	n.kill(false)
}

func wordOf(person, n int) string { return fmt.Sprintf("word-%d-%d", person, n) }

// changesUntilKilled activates releases one after the other until the process is killed after a while, starts it again, and
// gives what serves then.
func (n *nursery) changesUntilKilled(confirmed, first string, after time.Duration) string {
	n.t.Helper()
	process := n.process.Process
	before := n.answered.Load()
	go func() { // not before somebody was answered, however slow the machine is
		for deadline := time.Now().Add(2 * time.Minute); n.answered.Load() < before+2 && time.Now().Before(deadline); {
			<-time.After(5 * time.Millisecond)
		}
		<-time.After(after)
		_ = process.Kill()
	}()
	names := []string{first, "first", "second", "third"}
	tried := confirmed
	for i := 0; ; i++ {
		tried = n.hashes[names[i%len(names)]]
		if tried == confirmed {
			continue
		}
		change := desk.Change{Country: "ke", Planned: confirmed, Release: tried, Percent: 100, By: "ana"}
		do := n.desk.Activate
		if i%3 == 2 {
			do = n.desk.Rollback
		}
		_, err := do(n.t.Context(), change)
		var p *desk.Problem
		if errors.As(err, &p) {
			n.t.Fatalf("it is refused: %v", err)
		}
		if err != nil {
			break
		}
		confirmed = tried
	}
	n.kill(true)
	n.begin("")
	now := n.serves()
	if now != confirmed && now != tried {
		n.t.Errorf("%s serves; confirmed was %s, tried %s", now, confirmed, tried)
	}
	if last := n.lastRecord(); last.After != now {
		n.t.Errorf("%s serves, and the last record is %+v", now, last)
	}
	return now
}

// answers counts the answers to each word. A message that was handed over twice under one name, since nobody knew whether it had
// arrived, is one.
func (n *nursery) answers() map[string]int {
	seen, count := map[string]bool{}, map[string]int{}
	for _, sent := range n.cloud.Accepted() {
		var body struct{ Text struct{ Body string } }
		if json.Unmarshal(sent.Body, &body) != nil || seen[sent.Echo] {
			continue
		}
		seen[sent.Echo] = true
		if at := strings.LastIndexByte(body.Text.Body, ' '); at >= 0 {
			count[strings.TrimSuffix(body.Text.Body[at+1:], ".")]++
		}
	}
	return count
}
