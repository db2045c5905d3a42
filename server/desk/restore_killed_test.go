//go:build unix

package desk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"baraza/engine/childtest"
	"baraza/engine/keys"
	"baraza/engine/store/boltstore"
	"baraza/server/desk"
	"baraza/server/freeze"
)

// childDir makes the test binary a process that restores childBackup there and kills itself before the step of that number.
const (
	childDir    = "BARAZA_RESTORE_CHILD"
	childBackup = "CHILD_BACKUP"
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
	w := &world{dir: dir, country: []keys.CountryKey{{7}}}
	r, err := desk.ReadBackup(ctxOfChild, os.Getenv(childBackup), w.place(), nil)
	if err != nil {
		return err
	}
	step := 0
	r.Before(func(name string) {
		if step++; fmt.Sprint(step) == os.Getenv(childStep) {
			fmt.Println(name)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	if err := r.Restore(ctxOfChild); err != nil {
		return err
	}
	return errDone
}

var (
	ctxOfChild = context.Background()
	errDone    = errors.New("restored")
)

// Wherever a restore is killed, the machine has what it had, whole, or what the backup has, whole and as frozen; or nobody
// can serve it, and it says what to do. In each case the same command does the rest.
func TestARestoreThatIsKilledLeavesTheOldTheNewOrAWordOfWhatToDo(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		w.agrees(bea)
		_, err := w.client.Freeze(t.Context(), desk.Freeze{Country: "ke", By: "ana", Notice: map[string]string{"en": "We pause."}})
		w.check(err)
		folder := w.backup("frozen")
		_, err = w.client.Unfreeze(t.Context(), desk.Unfreeze{Country: "ke"})
		w.check(err)
		_, err = w.client.Erase(t.Context(), desk.Person{Key: w.key(bea).String()})
		w.check(err)
		w.agrees(cleo)
		w.halt()
		w.check(os.RemoveAll(filepath.Join(w.dir, "frozen"))) // a machine that knows nothing of a freeze
		whole := w.dir
		var killed []string
		for step := 1; ; step++ {
			w.dir = t.TempDir()
			w.check(os.CopyFS(w.dir, os.DirFS(whole)))
			name, died := w.restoresInChild(folder, step)
			if !died {
				break
			}
			killed = append(killed, name)
			w.standsWhole(name, folder)
			w.halt()
			_, err := w.restore(folder)
			w.check(err)
			if err := desk.CutOff(w.place().Store); err != nil {
				t.Errorf("before %s, then restored again: %v", name, err)
			}
			w.standsWhole(name+", then restored again", folder)
			if w.has(cleo) || w.freeze() != freeze.Frozen {
				t.Errorf("before %s, then restored again: it is not as the backup, or %s", name, w.freeze())
			}
			w.halt()
		}
		if got, want := strings.Join(killed, ", "), "data, keys, note, freezes, replace store.db, replace ke.keys, replaced, replaced, replaced, done"; got != want {
			t.Errorf("it was killed before %s", got)
		}
	})
}

// restoresInChild restores in a process that kills itself before a step, and gives the step; died is false where it was done.
func (w *world) restoresInChild(folder string, step int) (name string, died bool) {
	w.t.Helper()
	cmd := childtest.Command(w.t, os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDir+"="+w.dir, childBackup+"="+folder, childStep+"="+fmt.Sprint(step))
	said, err := cmd.Output()
	name = strings.TrimSpace(string(said))
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
		return name, true
	case name == errDone.Error():
		return "", false
	}
	w.t.Fatalf("the child ended with %v: %s", err, said)
	return "", false
}

func (w *world) freeze() string {
	return freeze.Open(w.place().Frozen, []string{"ke"}).Of("ke").Stage
}

// standsWhole starts on what is there, unless it says that a restore has to be done first.
func (w *world) standsWhole(when, folder string) {
	w.t.Helper()
	place := w.place()
	if err := desk.CutOff(place.Store); err != nil {
		hasPart(w.t, err.Error(), "nobody can serve until it is done: baraza store restore "+folder)
		return
	}
	desk.ClearStaged(place.Store, []string{place.Countries["ke"].Keys})
	for _, dir := range []string{w.dir, filepath.Join(w.dir, "keys")} {
		left, err := filepath.Glob(filepath.Join(dir, "*rest*"))
		more, _ := filepath.Glob(filepath.Join(dir, ".*"))
		if left = append(left, more...); err != nil || len(left) > 0 {
			w.t.Errorf("before %s: %q is left", when, left)
		}
	}
	w.start()
	if !w.has(ana) || w.has(bea) {
		w.t.Errorf("before %s: ana %v, bea, who was erased, %v", when, w.has(ana), w.has(bea))
	}
	if !w.has(cleo) && w.freeze() != freeze.Frozen {
		w.t.Errorf("before %s: it is as the backup, and %s", when, w.freeze())
	}
}

// A person who is erased later would still be in the keys that a killed restore left beside the real ones.
func TestWhatAKilledRestoreLeftGoesWithTheNextStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, file := filepath.Join(dir, "store.db"), filepath.Join(dir, "keys", "ke.keys")
	keep := []string{store, file, filepath.Join(dir, "keys", "ke.weeks")}
	left := []string{store + ".restored", file + ".restored", file + ".restored.restore", file + ".new", filepath.Join(dir, "keys", ".rehearsal-1", "ke")}
	for _, path := range append(keep, left...) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	desk.ClearStaged(store, []string{file})
	for _, path := range keep {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("it took %s", path)
		}
	}
	for _, path := range left {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("it left %s", path)
		}
	}
}

// Somebody starts the service on a new machine while a backup is restored there.
func TestNobodysDataIsReplacedThatCameWhileABackupWasRestored(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		folder := w.backup("one")
		w.halt()
		place := w.place()
		w.check(os.Remove(place.Store))
		r, err := desk.ReadBackup(t.Context(), folder, place, nil)
		w.check(err)
		var other *boltstore.Store
		r.Before(func(step string) {
			if step == "keys" {
				other, err = boltstore.Open(place.Store, boltstore.Options{})
				w.check(err)
			}
		})
		if err := r.Restore(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "nothing was replaced: somebody has begun to serve here") {
			t.Errorf("it says %v", err)
		}
		w.check(other.Close())
		if err := desk.CutOff(place.Store); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// A file of another user may be served by them, and knows of erasures.
func TestAFileOfAnotherUserIsNotReplaced(t *testing.T) {
	if os.Geteuid() == 0 { // to whom nothing is closed
		folder, err := os.MkdirTemp("", "restore-of-another-user")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		if err := os.Chmod(folder, 0o777); err != nil { // whatever the umask
			t.Fatal(err)
		}
		if said, err := asAnotherUser(t, folder, t.Name(), "TMPDIR="+folder); err != nil || !strings.Contains(said, "--- PASS: "+t.Name()) {
			t.Errorf("%v\n%s", err, said)
		}
		return
	}
	inWorld(t, func(t *testing.T, w *world) {
		w.agrees(ana)
		folder := w.backup("one")
		w.halt()
		place := w.place()
		for _, path := range []string{place.Store, place.Countries["ke"].Keys, place.Countries["ke"].Weeks} {
			w.check(os.Chmod(path, 0))
			if _, err := w.restore(folder); err == nil || !strings.Contains(err.Error(), path+" cannot be opened by this user") {
				t.Errorf("it says %v", err)
			}
			w.check(os.Chmod(path, 0o600))
		}
		_, err := w.restore(folder)
		w.check(err)
	})
}
