//go:build unix

package desk_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"baraza/engine/childtest"
	"baraza/server/desk"
)

// socketPath is short: the path of a socket may not be long.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "desk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "control.sock")
}

// served answers with h until the test ends.
func served(t *testing.T, path string, h http.Handler) (stop func()) {
	t.Helper()
	l, err := desk.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- desk.Serve(ctx, l, h) }()
	done := false
	stop = func() {
		if done {
			return
		}
		done = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the socket ended with %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func anything(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"problems":[]}`)
}

func TestTheSocketIsItsOwnersAloneAndGoneAtTheEnd(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	stop := served(t, path, http.HandlerFunc(anything))
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	client, err := desk.Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Check(t.Context()); err != nil {
		t.Error(err)
	}
	stop()
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if _, err := desk.Dial(path); !errors.Is(err, desk.ErrNobody) {
		t.Errorf("dialled after the end: %v", err)
	}
}

func TestTheSocketOfADeadProcessIsReplacedAndThatOfALivingOneIsNot(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil { // as a killed process leaves it
		t.Fatal(err)
	}
	if _, err := desk.Dial(path); !errors.Is(err, desk.ErrNobody) {
		t.Errorf("dialled a dead socket: %v", err)
	}
	served(t, path, http.HandlerFunc(anything))
	if _, err := desk.Listen(path); !errors.Is(err, desk.ErrAnswered) {
		t.Errorf("a second one listens: %v", err)
	}
	if _, err := desk.Dial(path); err != nil {
		t.Errorf("the first one was disturbed: %v", err)
	}
}

func TestWhatIsNoSocketStaysWhereItIs(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Listen(path); err == nil || !strings.Contains(err.Error(), "something else lies there") {
		t.Errorf("got %v", err)
	}
	if body, _ := os.ReadFile(path); string(body) != "mine" {
		t.Errorf("the file has %q", body)
	}
	if _, err := desk.Listen(filepath.Join(filepath.Dir(path), strings.Repeat("long", 30), "control.sock")); err == nil || !strings.Contains(err.Error(), "shorter folder") {
		t.Errorf("a long path: %v", err)
	}
}

// TestAnotherUserIsRefused needs to be root to become somebody else.
func TestAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	path := socketPath(t)
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil { // the socket's own mode has to do it
		t.Fatal(err)
	}
	served(t, path, http.HandlerFunc(anything))
	said, err := asAnotherUser(t, filepath.Dir(path), "TestProbe", "DESK_PROBE="+path)
	if err != nil || !strings.Contains(said, "belongs to another user") {
		t.Errorf("another user: %v\n%s", err, said)
	}
}

// asAnotherUser runs a test of this binary as another user, which root alone can, from a folder that is open to them.
func asAnotherUser(t *testing.T, folder, test string, env ...string) (said string, err error) {
	t.Helper()
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(folder, "probe")
	if err := errors.Join(os.WriteFile(copied, self, 0o700), os.Chmod(copied, 0o755)); err != nil { // whatever the umask
		t.Fatal(err)
	}
	probe := childtest.Command(t, copied, "-test.run=^"+test+"$", "-test.v")
	var out bytes.Buffer
	probe.Stdout, probe.Stderr = &out, &out
	probe.Dir = "/"
	probe.Env = env
	probe.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	err = probe.Run()
	return out.String(), err
}

// TestProbe is the other user of TestAnotherUserIsRefused.
func TestProbe(t *testing.T) {
	path := os.Getenv("DESK_PROBE")
	if path == "" {
		t.Skip("it is part of another test")
	}
	_, err := desk.Dial(path)
	t.Log(err)
}

func TestHalfARequestIsGivenUp(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	served(t, path, http.HandlerFunc(anything))
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	// A head that is longer than any is refused at once.
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: desk\r\nX: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	_ = c.SetReadDeadline(time.Now().Add(2 * time.Minute))
	answer, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) || len(answer) > 0 && !bytes.Contains(answer, []byte("431")) {
		t.Errorf("got %q, %v", answer, err)
	}
}
