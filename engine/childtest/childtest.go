// Package childtest runs processes that tests start. None outlives its test, and one that hangs is made to say where it
// stands, long before all tests are ended for it.
package childtest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long a process may take; on a slow machine each takes seconds.
const patience = 5 * time.Minute

// Command is exec.Command with a limit. A Go program that takes longer writes the stacks of its goroutines to Stderr and
// ends, and the test fails with them. A test that sets Stderr shows by itself what is written there.
func Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return within(t, patience, args...)
}

func within(t testing.TB, patience time.Duration, args ...string) *exec.Cmd {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.WaitDelay = 10 * time.Second
	ask, kill := group(cmd)
	var late atomic.Bool
	cmd.Cancel = func() error {
		late.Store(true)
		return ask()
	}
	t.Cleanup(func() {
		if cmd.Process != nil && cmd.ProcessState == nil { // the test was given up
			kill()
			_ = cmd.Wait()
		}
		stop()
		if late.Load() {
			t.Errorf("%q did not end within %s:\n%s", args, patience, &said)
		}
	})
	return cmd
}

// Needs skips a test where a program is not on the machine, and fails it where CI has to have it. instead says what is held
// without it; "" for nothing.
func Needs(t testing.TB, program, instead string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("there is no %s on this machine, and CI has to have it", program)
	}
	if instead != "" {
		instead = "; the part that needs none is " + instead
	}
	t.Skipf("there is no %s on this machine%s", program, instead)
}
