//go:build unix

package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/engine/childtest"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// childEnv makes the test binary a process that runs conversations in the folder named, until it is told to stop or
// is killed.
const childEnv = "BARAZA_RUNNER_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(childMain(dir))
	}
	os.Exit(m.Run())
}

// wordsOfChild are what the person of a child says, and the texts that come back.
var (
	wordsOfChild = []string{"hello", "water"}
	saidToChild  = []string{"Write a word.", "Heard water.", "Write a word."}
)

// notebook is a provider that outlives the process: it writes down what it takes.
type notebook struct {
	phone
	path string
	die  int // the process dies after so many
	n    int
}

func (c *notebook) Send(ctx context.Context, d Delivery) Result {
	f, err := os.OpenFile(c.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return Result{Class: Retry}
	}
	_, err = fmt.Fprintf(f, "%s %s\n", d.ID, d.Part.Body)
	if err = errors.Join(err, f.Close()); err != nil {
		return Result{Class: Retry}
	}
	if c.n++; c.n == c.die {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return c.phone.Send(ctx, d)
}

// oneThread commits in one thread, for strace counts what each thread does.
type oneThread struct {
	store.Store
	commits chan func()
}

func newOneThread(s store.Store) oneThread {
	o := oneThread{s, make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range o.commits {
			f()
		}
	}()
	return o
}

func (o oneThread) Commit(ctx context.Context, turns []store.Turn) (results []store.Result, err error) {
	done := make(chan struct{})
	o.commits <- func() { defer close(done); results, err = o.Store.Commit(ctx, turns) }
	<-done
	return results, err
}

// childMain takes the words one after the other, says the number of each that it may acknowledge, and ends when all
// replies have left.
func childMain(dir string) int {
	fail := func(err error) int {
		fmt.Println("error:", err)
		return 1
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(os.Getenv(name))
		return n
	}
	s, err := boltstore.Open(filepath.Join(dir, "data"), boltstore.Options{})
	if err != nil {
		return fail(err)
	}
	ring, err := keys.Open(filepath.Join(dir, "keys"), "KE", []keys.CountryKey{{1}}, keys.Options{})
	if err != nil {
		return fail(err)
	}
	var mu sync.Mutex
	random := uint64(os.Getpid())
	book := &notebook{path: filepath.Join(dir, "provider"), die: number("CHILD_DIES_AFTER")}
	p, problems := dsl.Compile(fstest.MapFS{"sample/pack.flow": {Data: []byte(packText)}, "sample/talk.flow": {Data: []byte(flowsText)}}, diag.ExampleDir)
	if p == nil {
		return fail(fmt.Errorf("the pack does not compile: %v", problems))
	}
	r := New(Config{Store: newOneThread(s), Keys: Rings{Packs: map[string]*keys.Ring{"sample": ring}, Clock: realClock{}}, Clock: realClock{},
		Program: func(string) *program.Program { return p }, Channels: map[string]Channel{"whatsapp": book},
		Random: func() uint64 { mu.Lock(); defer mu.Unlock(); random++; return mixed(random) },
		Timing: Timing{Resolve: 20 * time.Millisecond, Poll: 20 * time.Millisecond}})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	if limit := number("CHILD_FILE_LIMIT"); limit > 0 {
		err := limitFiles(uint64(limit))
		if err == nil {
			err = meetsFull(ctx, r, func() error { return limitFiles(1 << 40) })
		}
		cancel()
		if err = errors.Join(err, <-ended, s.Close(), ring.Close()); err != nil {
			return fail(err)
		}
		fmt.Println("recovered")
		return 0
	}
	for n, word := range wordsOfChild {
		m := inbound(1, n, word)
		m.At = time.Unix(1_800_000_000+int64(n), 0)
		if err := r.Receive(ctx, []Inbound{m}); err != nil {
			return fail(err)
		}
		fmt.Println(n + 1)
	}
	for deadline := time.Now().Add(2 * time.Minute); ; {
		heads, err := s.Outbox(ctx, store.OutboxQuery{Of: store.All, State: store.Waiting, Until: time.Now().AddDate(1, 0, 0), Limit: 9})
		if err == nil && len(heads) == 0 {
			break
		}
		if time.Now().After(deadline) {
			return fail(fmt.Errorf("%d messages still wait, %v", len(heads), err))
		}
		<-time.After(2 * time.Millisecond)
	}
	cancel()
	if err := errors.Join(<-ended, s.Close(), ring.Close()); err != nil {
		return fail(err)
	}
	fmt.Println("again", r.Figures.OutboxUnknown.Load())
	fmt.Println("closed")
	return 0
}

// runChild runs such a process to its end, and returns what it said.
func runChild(t *testing.T, dir string, env []string, wrapper ...string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := childtest.Command(t, append(wrapper, self)...)
	cmd.Env = append(append(os.Environ(), childEnv+"="+dir), env...)
	out, _ := cmd.Output()
	return strings.Fields(strings.ReplaceAll(string(out), "error: ", "error:_"))
}

// straced runs it under strace, which does something at the n-th of a thread's calls.
func straced(t *testing.T, dir, call, does string, n int) []string {
	return runChild(t, dir, nil, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:%s:when=%d", call, does, n))
}

// wholeAgain has the next process take everything once more, as the provider delivers what was not acknowledged, and
// holds that nothing is lost, nothing was applied twice, and that each part reached the provider in its order, one of
// them twice at most, and then counted.
func wholeAgain(t *testing.T, dir, when string) (twice int) {
	t.Helper()
	said := runChild(t, dir, nil)
	if len(said) == 0 || said[len(said)-1] != "closed" {
		t.Errorf("%s: the next process said %q", when, said)
		return 0
	}
	again, _ := strconv.Atoi(said[len(said)-2])
	book, err := os.ReadFile(filepath.Join(dir, "provider"))
	if err != nil {
		t.Fatal(err)
	}
	var ids, texts []string
	for line := range strings.Lines(string(book)) {
		id, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if slices.Contains(ids, id) {
			twice++
			continue
		}
		ids, texts = append(ids, id), append(texts, text)
	}
	if !slices.Equal(texts, saidToChild) {
		t.Errorf("%s: the provider took %q, want %q", when, texts, saidToChild)
	}
	if twice > 1 || twice > again {
		t.Errorf("%s: %d parts came twice, outbox.unknown counted %d", when, twice, again)
	}
	s, err := boltstore.Open(filepath.Join(dir, "data"), boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Check(t.Context(), func(problem string) { t.Errorf("%s: %s", when, problem) }); err != nil {
		t.Errorf("%s: check: %v", when, err)
	}
	ring, err := keys.Open(filepath.Join(dir, "keys"), "KE", []keys.CountryKey{{1}}, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ring.Close() }()
	rings := Rings{Packs: map[string]*keys.Ring{"sample": ring}, Clock: realClock{}}
	list, err := s.Journal(t.Context(), store.JournalQuery{Key: keyOf(rings, inbound(1, 0, "").From[0]), Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var heard []string
	for _, e := range slices.Backward(list) {
		var entry Entry
		if e.Class == MessageIn {
			if err := OpenEntry(rings, "sample", e, &entry); err != nil {
				t.Errorf("%s: %v", when, err)
			}
			heard = append(heard, entry.Text)
		}
	}
	if !slices.Equal(heard, wordsOfChild) {
		t.Errorf("%s: heard %q, want %q", when, heard, wordsOfChild)
	}
	return twice
}

// TestKilledAtEveryWriteOfATurn kills the process as a thread begins its n-th write to the store or the keys, for
// every n in CI, and for some of them elsewhere.
func TestKilledAtEveryWriteOfATurn(t *testing.T) {
	t.Parallel()
	childtest.Needs(t, "strace", "the simulation and TestKilledAfterTheProvidersYes")
	step := 9
	if os.Getenv("CI") == "true" {
		step = 1
	}
	killed := 0
	for n := 1; ; n += step {
		dir := t.TempDir()
		said := straced(t, dir, "pwrite64", "signal=KILL", n)
		done := len(said) > 0 && said[len(said)-1] == "closed"
		wholeAgain(t, dir, fmt.Sprintf("killed at write %d", n))
		if done || t.Failed() {
			break
		}
		killed++
	}
	if killed*step < 20 {
		t.Errorf("the process was killed %d times", killed)
	}
	t.Logf("killed at %d writes", killed)
}

// TestKilledAfterTheProvidersYes kills the process when the provider has taken a part and nothing of it is committed.
func TestKilledAfterTheProvidersYes(t *testing.T) {
	t.Parallel()
	twice := 0
	for n := range saidToChild {
		dir := t.TempDir()
		runChild(t, dir, []string{fmt.Sprintf("CHILD_DIES_AFTER=%d", n+1)})
		twice += wholeAgain(t, dir, fmt.Sprintf("killed after part %d", n+1))
	}
	if twice != len(saidToChild) {
		t.Errorf("%d parts came twice, want each once: that is what cannot be known", twice)
	}
}

// TestAFailedFsyncIsSettledOrEndsTheProcess fails each of the first fsyncs of the store, then those of the keys. A
// commit of unknown outcome is settled by opening again; where that is not known of the keys, the process ends and the
// next one goes on.
func TestAFailedFsyncIsSettledOrEndsTheProcess(t *testing.T) {
	t.Parallel()
	childtest.Needs(t, "strace", "the simulation and TestKilledAfterTheProvidersYes")
	for _, call := range []string{"fdatasync", "fsync"} {
		for n := 1; n <= 8; n++ {
			dir := t.TempDir()
			straced(t, dir, call, "error=EIO", n)
			wholeAgain(t, dir, fmt.Sprintf("%s %d failed", call, n))
		}
	}
}

// limitFiles lets no file of this process grow beyond so many bytes, until it is called again.
func limitFiles(bytes uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	limit.Cur = min(bytes, limit.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
}
