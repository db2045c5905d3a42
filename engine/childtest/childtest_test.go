//go:build unix

package childtest

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hangs makes the test binary a process that does not end.
const hangs = "CHILDTEST_HANGS"

func TestMain(m *testing.M) {
	if os.Getenv(hangs) != "" {
		standsHere()
	}
	os.Exit(m.Run())
}

func standsHere() {
	fmt.Println("ready")
	time.Sleep(time.Hour)
}

// noted is a test whose failure is looked at by another.
type noted struct {
	testing.TB
	said    []string
	cleanup []func()
}

func (n *noted) Helper()                     {}
func (n *noted) Cleanup(f func())            { n.cleanup = append(n.cleanup, f) }
func (n *noted) Errorf(f string, all ...any) { n.said = append(n.said, fmt.Sprintf(f, all...)) }

func TestAProcessThatHangsSaysWhereItStands(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	n := &noted{TB: t}
	cmd := within(n, time.Second, self)
	cmd.Env = append(os.Environ(), hangs+"=yes")
	out, err := cmd.Output()
	if err == nil {
		t.Errorf("it ended well, and said %q", out)
	}
	n.cleanup[0]()
	if len(n.said) != 1 || len(out) > 0 && !strings.Contains(n.said[0], "standsHere") { // where it came to hang at all
		t.Errorf("the test is told %q", n.said)
	}
}

func TestNoProcessOutlivesItsTest(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	n := &noted{TB: t}
	cmd := within(n, time.Hour, self)
	cmd.Env = append(os.Environ(), hangs+"=yes")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready"))); err != nil {
		t.Fatal(err)
	}
	n.cleanup[0]()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Errorf("it ended with %v", cmd.ProcessState)
	}
	if len(n.said) > 0 {
		t.Errorf("the test is told %q", n.said)
	}
}
