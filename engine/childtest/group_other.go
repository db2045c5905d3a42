//go:build !unix

package childtest

import "os/exec"

// group has nothing to ask with here: a process that hangs is killed.
func group(cmd *exec.Cmd) (ask func() error, kill func()) {
	return func() error { return cmd.Process.Kill() }, func() { _ = cmd.Process.Kill() }
}
