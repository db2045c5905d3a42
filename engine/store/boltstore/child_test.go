package boltstore_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"baraza/engine/childtest"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// childEnv makes the test binary a process that commits until it is told to stop or is killed.
const childEnv = "BARAZA_STORE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(childMain(path))
	}
	os.Exit(m.Run())
}

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func minute(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

// people is among how many contacts turns go round.
const people = 3

func person(n int) store.Key { return store.Key{byte(n*80 + 1)} }

// turnOf is the n-th turn, from 1: of one of the people, with something of everything. The one before it of the
// same contact has its message settled.
func turnOf(n int, before store.Contact, messages []store.Message) store.Turn {
	k := person(n % people)
	text := []byte(strconv.Itoa(n))
	turn := store.Turn{
		Key: k, Expect: before.Revision, At: minute(n),
		Dedupe:     []store.Seen{{Hash: store.Hash{byte(n), byte(n >> 8), 1}, At: minute(n)}},
		Session:    append(text, bytes.Repeat([]byte{'.'}, 300+n*37%1500)...),
		Identities: []store.Identity{{Hash: store.Hash(k), Sealed: text}},
		Fields:     []store.Field{{Name: "n", Kept: minute(n + 1000), Sealed: text}},
		Outbox:     []store.Message{{Sealed: text}},
		Cancel:     []uint32{uint32(n - people)},
		Timers:     []store.Timer{{Number: uint32(n), Due: minute(n + 10)}},
		Items:      []store.Item{{Kind: store.Case, ID: store.Hash(k), Sealed: text}},
		Journal:    []store.Entry{{Sealed: text}},
	}
	if len(messages) > 0 {
		turn.Settle = []store.Settlement{{ID: messages[0].ID, State: store.Accepted}}
	}
	return turn
}

// commitTurn commits the n-th turn as it has to follow what is there.
func commitTurn(s store.Store, n int) (store.Outcome, error) {
	ctx := context.Background()
	k := person(n % people)
	c, err := s.Load(ctx, k)
	if err != nil {
		return 0, err
	}
	messages, err := s.Outbox(ctx, store.OutboxQuery{Key: k, Limit: 1})
	if err != nil {
		return 0, err
	}
	results, err := s.Commit(ctx, []store.Turn{turnOf(n, c, messages)})
	if err != nil {
		return 0, err
	}
	return results[0].Outcome, nil
}

// childMain commits turns from the first that is not there, and writes the number of each on a line when it is
// kept. CHILD_TURNS is how many, CHILD_COMPACT after how many of them it compacts.
func childMain(path string) int {
	runtime.LockOSThread() // strace counts what each thread does
	fail := func(err error) int {
		fmt.Println("error:", err)
		return 1
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(os.Getenv(name))
		return n
	}
	if limit := number("CHILD_FILE_LIMIT"); limit > 0 {
		if err := limitFiles(uint64(limit)); err != nil {
			return fail(err)
		}
	}
	s, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		return fail(err)
	}
	fmt.Println("open")
	ctx := context.Background()
	for n := 1; n <= number("CHILD_TURNS"); n++ {
		outcome, err := commitTurn(s, n)
		if errors.Is(err, store.ErrUnknown) {
			fmt.Println("unknown", n)
			if err := s.Reopen(ctx); err != nil {
				return fail(err)
			}
			outcome, err = commitTurn(s, n)
		}
		if errors.Is(err, store.ErrFull) {
			// Reading goes on, and so does what needs no room.
			if c, err := s.Load(ctx, person(n%people)); err != nil || c.Key != person(n%people) {
				return fail(fmt.Errorf("after a full disk: %v, %w", c, err))
			}
			fmt.Println("full", n)
			return 0
		}
		if err != nil {
			return fail(err)
		}
		if outcome != store.Committed && outcome != store.Duplicate {
			return fail(fmt.Errorf("turn %d: %v", n, outcome))
		}
		fmt.Println(n)
		if every := number("CHILD_COMPACT"); every > 0 && n%every == 0 {
			if err := s.Compact(ctx); err != nil && !errors.Is(err, store.ErrUnknown) {
				return fail(err)
			}
			if err := s.Reopen(ctx); err != nil {
				return fail(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		return fail(err)
	}
	fmt.Println("closed")
	return 0
}

// child is such a process.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
	said  []string
}

func startChild(t *testing.T, path string, env []string, wrapper ...string) *child {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	c := &child{t: t, cmd: childtest.Command(t, append(wrapper, self)...)}
	c.cmd.Env = append(append(os.Environ(), childEnv+"="+path), env...)
	out, err := c.cmd.StdoutPipe()
	check(t, err)
	check(t, c.cmd.Start())
	c.lines = bufio.NewScanner(out)
	return c
}

// until reads lines until one is want, or until the end.
func (c *child) until(want string) bool {
	for c.lines.Scan() {
		c.said = append(c.said, c.lines.Text())
		if c.lines.Text() == want {
			return true
		}
	}
	return false
}

// end reads what is left and waits; it returns the last turn that the process said was kept.
func (c *child) end() (kept int) {
	c.until("")
	_ = c.cmd.Wait()
	for _, line := range c.said {
		if n, err := strconv.Atoi(line); err == nil {
			kept = n
		}
		if strings.HasPrefix(line, "error") {
			c.t.Errorf("the process: %s", line)
		}
	}
	return kept
}

// whole holds that the store is after turn kept or after the one that followed, and everywhere after the same.
func whole(t *testing.T, path, when string, kept int) {
	t.Helper()
	s, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		t.Errorf("%s: %v", when, err)
		return
	}
	defer func() { _ = s.Close() }()
	sane(t, s, when)
	ctx := context.Background()
	turns := 0
	for p := range people {
		k := person(p)
		c, err := s.Load(ctx, k)
		check(t, err)
		turns += int(c.Revision)
		if c.Revision == 0 {
			continue
		}
		first := p
		if p == 0 {
			first = people
		}
		last := first + people*int(c.Revision-1)
		var want []string // newest first
		for n := last; n > 0; n -= people {
			want = append(want, strconv.Itoa(n))
		}
		messages, err := s.Outbox(ctx, store.OutboxQuery{Key: k, Limit: 1000})
		check(t, err)
		entries, err := s.Journal(ctx, store.JournalQuery{Key: k, Limit: 1000})
		check(t, err)
		items, err := s.Items(ctx, store.ItemQuery{Kind: store.Case, Of: store.All, Key: k, Limit: 9})
		check(t, err)
		var gotMessages, gotEntries []string
		for i, m := range messages {
			gotMessages = append(gotMessages, string(m.Sealed))
			if (m.State == store.Waiting) != (i == 0) {
				t.Errorf("%s: message %s is %d", when, m.Sealed, m.State)
			}
		}
		for _, e := range entries {
			gotEntries = append(gotEntries, string(e.Sealed))
		}
		same(t, when+": messages", want, gotMessages)
		same(t, when+": entries", want, gotEntries)
		text, _, _ := strings.Cut(string(c.Session), ".")
		same(t, when+": session, identity, field, item", []string{want[0], want[0], want[0], want[0]},
			[]string{text, string(c.Identities[0].Sealed), string(c.Fields[0].Sealed), string(items[0].Sealed)})
		same(t, when+": timers", []store.Timer{{Key: k, Number: uint32(last), Due: minute(last + 10)}}, c.Timers)
		// Delivered once more, it is a duplicate.
		if outcome, err := commitTurn(s, last); outcome != store.Duplicate || err != nil {
			t.Errorf("%s: turn %d again: %v, %v", when, last, outcome, err)
		}
	}
	if turns != kept && turns != kept+1 {
		t.Errorf("%s: %d turns are there, %d were told to be kept", when, turns, kept)
	}
	// And it goes on.
	if outcome, err := commitTurn(s, turns+1); outcome != store.Committed || err != nil {
		t.Errorf("%s: the next turn: %v, %v", when, outcome, err)
	}
}

func sane(t *testing.T, s *boltstore.Store, when string) {
	t.Helper()
	err := s.Check(context.Background(), func(problem string) { t.Errorf("%s: %s", when, problem) })
	if err != nil {
		t.Errorf("%s: check: %v", when, err)
	}
}

// TestKilledAnywhere kills the process after each of its first turns, which is in the middle of the next one, or of
// a compaction, or a moment later.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	for kill := range 24 {
		path := filepath.Join(t.TempDir(), "store")
		c := startChild(t, path, []string{"CHILD_TURNS=1000", "CHILD_COMPACT=5"})
		line := "open"
		if kill > 0 {
			line = strconv.Itoa(kill)
		}
		if !c.until(line) {
			t.Fatalf("the process ended before turn %d: %v", kill, c.said)
		}
		check(t, c.cmd.Process.Kill())
		whole(t, path, fmt.Sprintf("killed after turn %d", kill), c.end())
	}
}

// TestKilledAtEveryWrite kills the process as it begins its n-th write, for every n.
func TestKilledAtEveryWrite(t *testing.T) {
	t.Parallel()
	childtest.Needs(t, "strace", "TestKilledAnywhere and TestAnUnknownCommitIsSettled")
	for n := 1; ; n++ {
		path := filepath.Join(t.TempDir(), "store")
		c := startChild(t, path, []string{"CHILD_TURNS=8", "CHILD_COMPACT=4"},
			"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", fmt.Sprintf("inject=pwrite64:signal=KILL:when=%d", n))
		kept := c.end()
		if len(c.said) == 0 {
			// Killed before there was a store.
			if _, err := os.Stat(path); err == nil {
				whole(t, path, fmt.Sprintf("killed at write %d", n), 0)
			}
			continue
		}
		whole(t, path, fmt.Sprintf("killed at write %d", n), kept)
		if t.Failed() {
			return
		}
		if c.said[len(c.said)-1] == "closed" {
			if n < 40 {
				t.Errorf("the process was killed only %d times", n-1)
			}
			return
		}
	}
}

// TestAFailedFsyncIsSettledByReopening fails each of the first fsyncs in turn.
func TestAFailedFsyncIsSettledByReopening(t *testing.T) {
	t.Parallel()
	childtest.Needs(t, "strace", "TestKilledAnywhere and TestAnUnknownCommitIsSettled")
	unknown := 0
	for n := 1; n <= 16; n++ {
		path := filepath.Join(t.TempDir(), "store")
		s := openAt(t, path)
		check(t, s.Close())
		c := startChild(t, path, []string{"CHILD_TURNS=12"},
			"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", fmt.Sprintf("inject=fdatasync:error=EIO:when=%d", n))
		kept := c.end()
		for _, line := range c.said {
			if strings.HasPrefix(line, "unknown") {
				unknown++
			}
		}
		if kept != 12 {
			t.Errorf("fsync %d: kept %d turns of 12: %v", n, kept, c.said)
		}
		whole(t, path, fmt.Sprintf("fsync %d failed", n), kept)
	}
	if unknown < 10 {
		t.Errorf("commits of unknown outcome: got %d, want 10 and more", unknown)
	}
}

// TestAFileThatMayNotGrow gives the process a limit on the size of files.
func TestAFileThatMayNotGrow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store")
	s := openAt(t, path)
	check(t, s.Close())
	c := startChild(t, path, []string{"CHILD_TURNS=100000", "CHILD_FILE_LIMIT=400000"})
	full(t, c, path)
}

// TestAFullDisk runs on a disk of two megabytes.
func TestAFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root; TestAFileThatMayNotGrow is the part that does not")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be mounted here: %s", out)
	}
	defer func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("unmount: %s", out)
		}
	}()
	path := filepath.Join(dir, "store")
	full(t, startChild(t, path, []string{"CHILD_TURNS=100000"}), path)
	// Room comes back: the store that met the full disk goes on.
	ballast := filepath.Join(dir, "ballast")
	check(t, os.WriteFile(ballast, nil, 0o600))
	other := filepath.Join(dir, "other")
	check(t, os.Remove(path))
	fill(t, ballast)
	s, err := boltstore.Open(other, boltstore.Options{})
	if err == nil {
		_ = s.Close()
		t.Error("a store was made without room")
	}
	check(t, os.Truncate(ballast, 1<<20))
	s = openAt(t, other)
	defer func() { _ = s.Close() }()
	fill(t, ballast)
	n := 1
	for ; ; n++ {
		if _, err := commitTurn(s, n); err != nil {
			if !errors.Is(err, store.ErrFull) {
				t.Fatalf("turn %d: got %v, want %v", n, err, store.ErrFull)
			}
			break
		}
	}
	check(t, os.Truncate(ballast, 0))
	if outcome, err := commitTurn(s, n); outcome != store.Committed || err != nil {
		t.Errorf("with room again: %v, %v", outcome, err)
	}
	sane(t, s, "with room again")
}

func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
	check(t, err)
	defer func() { _ = f.Close() }()
	for {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return
		}
	}
}

func full(t *testing.T, c *child, path string) {
	t.Helper()
	kept := c.end()
	if last := c.said[len(c.said)-1]; last != fmt.Sprint("full ", kept+1) {
		t.Fatalf("the last word of the process: got %q, want that turn %d met a full disk", last, kept+1)
	}
	s := openAt(t, path)
	sane(t, s, "after a full disk")
	check(t, s.Close())
	if kept < 20 {
		t.Errorf("turns until the disk was full: got %d, want 20 and more", kept)
	}
}
