package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"baraza/engine/childtest"
)

// A screen is the other end of the terminal that a command runs in.
type screen struct {
	t     *testing.T
	end   *os.File
	seen  bytes.Buffer
	reads chan []byte
}

// live runs baraza in a terminal of its own, so many columns wide. Only a machine without /dev/ptmx skips the test,
// and never the one that guards changes.
func live(t *testing.T, columns uint16, env []string, args ...string) (*screen, *exec.Cmd) {
	t.Helper()
	end, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("no terminal to be had here: %v", err)
	}
	t.Cleanup(func() { end.Close() })
	number, err := unix.IoctlGetInt(int(end.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(end.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(end.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(filepath.Join("/dev/pts", strconv.Itoa(number)), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	baraza := filepath.Join(t.TempDir(), "baraza")
	if err := os.Symlink(self, baraza); err != nil { // under this name the test binary is the command
		t.Fatal(err)
	}
	cmd := childtest.Command(t, append([]string{baraza}, args...)...)
	cmd.Env = append([]string{"TERM=xterm-256color", "HOME=" + t.TempDir(), "TZDIR=" + os.Getenv("TZDIR")}, env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, end: end, reads: make(chan []byte, 64)}
	go s.read()
	return s, cmd
}

// read passes on what appears until the command has closed its terminal.
func (s *screen) read() {
	defer close(s.reads)
	for {
		b := make([]byte, 4096)
		n, err := s.end.Read(b)
		if n > 0 {
			s.reads <- b[:n]
		}
		if err != nil {
			return
		}
	}
}

// sees waits until a text has appeared, and gives what stood before it.
func (s *screen) sees(text string) string {
	s.t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		if at := strings.Index(s.seen.String(), text); at >= 0 {
			before := string(s.seen.Next(at + len(text)))
			return before
		}
		select {
		case b, ok := <-s.reads:
			if !ok {
				s.t.Fatalf("the terminal closed before %q; it shows\n%q", text, s.seen.String())
			}
			s.seen.Write(b)
		case <-limit:
			s.t.Fatalf("no %q; the terminal shows\n%q", text, s.seen.String())
		}
	}
}

func (s *screen) types(keys string) {
	s.t.Helper()
	if _, err := s.end.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// rest is what appears until the command ends.
func (s *screen) rest(cmd *exec.Cmd) string {
	s.t.Helper()
	for b := range s.reads {
		s.seen.Write(b)
	}
	if err := cmd.Wait(); err != nil {
		s.t.Errorf("the command ends with %v", err)
	}
	return s.seen.String()
}

const hello = "../../flows/tutorial/2-choices"

func TestATerminalHasAPromptColoursAndEditing(t *testing.T) {
	t.Parallel()
	s, cmd := live(t, 80, nil, "chat", hello)
	s.sees("\x1b[1;32myou \x1b[0m")
	s.types("hellp\x7fo\r") // a slip, taken back
	s.sees("\x1b[36m< \x1b[0m")
	s.sees("\x1b[36m  1. \x1b[0m")
	s.types(":wh\t\r") // the rest of the command's name
	s.sees("\x1b[2m(in step menu.services")
	s.types("\x1b[A\x1b[A\r") // the message before the last, once more
	s.sees("hello")
	s.types("\x04")
	if rest := s.rest(cmd); !strings.HasSuffix(rest, "\r\n") {
		t.Errorf("the shell's prompt would stand behind %q", rest)
	}
}

func TestCtrlCEndsAChat(t *testing.T) {
	t.Parallel()
	s, cmd := live(t, 80, nil, "chat", hello)
	s.sees("you ")
	s.types("half a mess\x03")
	s.rest(cmd)
}

func TestNoColourIsShownWhereItIsNotWanted(t *testing.T) {
	t.Parallel()
	for _, env := range [][]string{{"NO_COLOR=1"}, {"TERM=dumb"}} {
		s, cmd := live(t, 80, env, "chat", hello)
		s.sees("> ")
		s.types("hello\r")
		shown := s.sees("1. ")
		s.types("\x04")
		if shown += s.rest(cmd); strings.Contains(shown, "m< ") || strings.Contains(shown, "\x1b[3") || strings.Contains(shown, "\x1b[2m") {
			t.Errorf("with %v the terminal shows colours: %q", env, shown)
		}
	}
}

func TestLinesAreBrokenAtWordsInANarrowWindow(t *testing.T) {
	t.Parallel()
	const columns = 34
	s, cmd := live(t, columns, []string{"NO_COLOR=1"}, "chat", hello)
	s.sees("> ")
	s.types("hello\r:help\r")
	shown := s.sees("synonym")
	s.types("\x04")
	s.rest(cmd)
	for line := range strings.Lines(shown) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "\x1b") || strings.HasPrefix(line, ">") { // the editor's own moves
			continue
		}
		if n := len([]rune(line)); n > columns {
			t.Errorf("a line of %d columns: %q", n, line)
		}
	}
	if !strings.Contains(shown, "\r\n") {
		t.Errorf("nothing was broken: %q", shown)
	}
}
