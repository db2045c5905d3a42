//go:build unix

package childtest

import (
	"os/exec"
	"syscall"
)

// group has a process lead a group of its own, in which are what runs it, such as strace, and what it runs. ask has all of
// them say where they stand and end, and kill ends them.
func group(cmd *exec.Cmd) (ask func() error, kill func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGQUIT) },
		func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
