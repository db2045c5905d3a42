//go:build unix

package release

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"baraza/engine/childtest"
)

// childDir and childBundle make the test binary a process that installs a bundle, takes it away and installs it again, until it
// is killed. childStep is the step to the disk at which it kills itself, as number; empty for never.
const (
	childDir    = "BARAZA_RELEASE_CHILD"
	childBundle = "CHILD_BUNDLE"
	childStep   = "CHILD_STEP"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Println(childMain(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func childMain(dir string) error {
	bundle, err := os.ReadFile(os.Getenv(childBundle))
	if err != nil {
		return err
	}
	f, err := OpenFolder(dir)
	if err != nil {
		return err
	}
	steps, dies := 0, -1
	if text := os.Getenv(childStep); text != "" {
		if _, err := fmt.Sscan(text, &dies); err != nil {
			return err
		}
	}
	f.before = func(string) error {
		if steps++; steps == dies {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
	for {
		k, err := f.Install(bytes.NewReader(bundle))
		if err == nil {
			err = f.Remove(k.Hash)
		}
		if err != nil {
			return err
		}
	}
}

// F33, with processes: killed at each step of an installation and a removal, and at moments that chance chooses, in the middle of
// a write too.
func TestAProcessKilledWhileItInstallsLeavesTheWholeReleaseOrNone(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it starts and kills many processes")
	}
	bundle := built(t, packOf(t, packFiles()))
	file := t.TempDir() + "/bundle"
	if err := os.WriteFile(file, bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	there := 0
	for n := range 60 {
		dir, step := t.TempDir(), ""
		if n < 40 {
			step = fmt.Sprint(n + 1)
		}
		child := childtest.Command(t, os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir, childBundle+"="+file, childStep+"="+step)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if step == "" {
			time.AfterFunc(time.Duration(30+random.IntN(150))*time.Millisecond, func() { _ = child.Process.Kill() })
		}
		if err := child.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("it ended with %v", err)
		}
		next := opened(t, dir)
		all, err := next.List()
		if err != nil || len(all) > 1 {
			t.Fatalf("there are %v, %v", all, err)
		}
		for _, hash := range all {
			there++
			if err := next.Check(hash); err != nil {
				t.Errorf("killed at %q, half of it is there: %v", step, err)
			}
			if _, err := next.Load(hash); err != nil {
				t.Errorf("killed at %q: %v", step, err)
			}
		}
		if _, err := next.Install(bytes.NewReader(bundle)); err != nil {
			t.Errorf("killed at %q, it cannot be installed: %v", step, err)
		}
	}
	if there == 0 || there == 60 {
		t.Errorf("it was there %d times of 60", there)
	}
}
