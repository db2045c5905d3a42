package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"baraza/channels/whatsapp/fake"
	"baraza/engine/childtest"
	"baraza/server/desk"
)

// mayBeTraced lets a process that is not its parent fail this process's calls.
func mayBeTraced() { _ = unix.Prctl(unix.PR_SET_PTRACER, ^uintptr(0), 0, 0, 0) }

// fails has each such call of the process fail from now on, until end is called; met tells that one did.
func (n *nursery) fails(calls, with string) (met func() bool, end func()) {
	n.t.Helper()
	out, pid := filepath.Join(n.t.TempDir(), "strace"), n.process.Process.Pid
	trace := exec.Command("strace", "-f", "-qq", "-o", out, "-e", "trace="+calls, "-e", fmt.Sprintf("inject=%s:error=%s", calls, with), "-p", fmt.Sprint(pid))
	said := &safeBuffer{}
	trace.Stderr = said
	if err := trace.Start(); err != nil {
		n.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- trace.Wait() }()
	n.waits("each thread is traced: "+said.String(), func() bool {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		return len(tasks) > 0 && !slices.ContainsFunc(tasks, func(name string) bool {
			text, err := os.ReadFile(name)
			return err == nil && bytes.Contains(text, []byte("TracerPid:\t0\n"))
		})
	})
	met = func() bool {
		text, _ := os.ReadFile(out)
		return bytes.Contains(text, []byte("INJECTED"))
	}
	return met, func() {
		_ = trace.Process.Signal(syscall.SIGINT)
		<-ended
	}
}

// waits looks again and again, also where nothing reaches the provider.
func (n *nursery) waits(what string, holds func() bool) {
	n.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !holds(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			n.t.Fatalf("it never happened that %s; the process said\n%s", what, n.said.String())
		}
	}
}

// dead tells whether the process has ended by itself.
func (n *nursery) dead() bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, n.process.Process.Pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil && info.Signo != 0
}

// mended begins the next process where this one has ended, which it does with a plain message.
func (n *nursery) mended() {
	n.t.Helper()
	if !n.dead() {
		return
	}
	down := make(chan struct{})
	n.up.Store(&down)
	_ = n.process.Wait()
	if said := n.said.String(); !strings.Contains(said, "ended: ") || strings.Contains(said, "goroutine ") {
		n.t.Errorf("it ended and said %s", said)
	}
	n.begin("")
}

// ready is what the load balancer hears: the status, 0 for no answer in time.
func (n *nursery) ready() int {
	client := http.Client{Timeout: 3 * time.Second}
	r, err := client.Get("http://" + n.address + "/readyz")
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	return r.StatusCode
}

// TestADiskThatFailsForAWhileHangsNobodyAndLosesNothing has all calls of a kind fail while somebody writes and an operator
// changes what serves. Whoever asks whether messages are taken hears the truth; afterwards the process goes on, or has ended
// with a plain message and the next one goes on; and what was written is answered once.
func TestADiskThatFailsForAWhileHangsNobodyAndLosesNothing(t *testing.T) {
	t.Parallel()
	childtest.Needs(t, "strace", "")
	for _, fault := range []struct{ calls, with string }{
		{"fsync,fdatasync", "EIO"}, {"pwrite64", "ENOSPC"}, {"pwrite64", "EIO"}, {"pread64", "EIO"}, {"openat,renameat,linkat,unlinkat", "EROFS"},
	} {
		t.Run(fault.calls+" "+fault.with, func(t *testing.T) {
			n := newNursery(t)
			n.begin("")
			phone := n.meet("+12025550001")
			phone.Write("hello")
			n.hears(phone, 1)
			before := n.serves()
			answered := func(word string) bool {
				return slices.ContainsFunc(phone.Received(), func(m fake.Message) bool { return strings.HasSuffix(m.Text, " "+word+".") })
			}
			phone.Write("first")
			n.waits("the first word is answered", func() bool { return answered("first") })
			met, end := n.fails(fault.calls, fault.with)
			working := make(chan struct{})
			go func() {
				defer close(working)
				_, _ = n.desk.Activate(t.Context(), desk.Change{Country: "ke", Planned: before, Release: n.hashes["second"], Percent: 100, By: "ana"})
			}()
			phone.Write("second")
			phone.Write("third")
			n.waits("something fails", met)
			n.waits("it tells the truth", func() bool { return n.dead() || n.ready() != http.StatusOK || answered("third") })
			end()
			<-working
			deadline := time.Now().Add(2 * time.Minute)
			for !answered("second") || !answered("third") {
				n.mended()
				if time.Now().After(deadline) {
					t.Fatalf("nobody is answered: %+v\n%s", phone.Received(), n.said.String())
				}
				<-time.After(10 * time.Millisecond)
			}
			n.mended()
			n.waits("it is ready", func() bool { return n.ready() == http.StatusOK })
			now := n.serves()
			if now != before && now != n.hashes["second"] {
				t.Errorf("%s serves", now)
			}
			phone.Write("fourth")
			n.waits("the fourth word is answered", func() bool { return answered("fourth") })
			for _, word := range []string{"first", "second", "third", "fourth"} {
				if got := n.answers()[word]; got != 1 {
					t.Errorf("%q was answered %d times", word, got)
				}
			}
			if err := n.process.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			n.waits("it has ended", n.dead)
			var exit *exec.ExitError
			if err := n.process.Wait(); errors.As(err, &exit) {
				t.Errorf("it ended with %v and said %s", err, n.said.String())
			}
			n.lastRecord()
		})
	}
}
