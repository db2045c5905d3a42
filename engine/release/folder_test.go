package release

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl"
)

func opened(t testing.TB, dir string) *Folder {
	t.Helper()
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestAReleaseIsKeptByItsHash(t *testing.T) {
	t.Parallel()
	p := packOf(t, packFiles())
	bundle := built(t, p)
	f := opened(t, filepath.Join(t.TempDir(), "releases"))
	if all, err := f.List(); err != nil || len(all) > 0 {
		t.Errorf("a new folder has %v, %v", all, err)
	}
	kept, err := f.Install(bytes.NewReader(bundle))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files(t, packFiles()), files(t, kept.Sources)); diff != "" {
		t.Errorf("the sources (-built +kept):\n%s", diff)
	}
	if diff := cmp.Diff(p.Program, kept.Program, sameProgram); diff != "" {
		t.Errorf("the program (-built +kept):\n%s", diff)
	}
	again, problems := dsl.Compile(kept.Sources, kept.Manifest.Folder)
	if diff := cmp.Diff(p.Program, again, sameProgram); diff != "" {
		t.Errorf("compiled from what is kept (-built +kept), %v:\n%s", problems, diff)
	}
	twice, err := f.Install(bytes.NewReader(bundle))
	if err != nil || twice.Hash != kept.Hash {
		t.Errorf("installed twice: %+v, %v", twice, err)
	}
	if all, err := f.List(); err != nil || len(all) != 1 || all[0] != kept.Hash {
		t.Errorf("kept are %v, %v", all, err)
	}
	if err := f.Check(kept.Hash); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNotKeptIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	f := opened(t, t.TempDir())
	for _, hash := range []string{"", ".", "..", "../../etc", strings.Repeat("0", 64), strings.Repeat("A", 64)} {
		if _, err := f.Load(hash); !errors.Is(err, ErrNotKept) {
			t.Errorf("%q: %v", hash, err)
		}
	}
}

// F33: a process may die at any step to the disk. What the next one finds is the whole release or none, and installing
// it again succeeds.
func TestAProcessThatDiesLeavesTheWholeReleaseOrNone(t *testing.T) {
	t.Parallel()
	bundle := built(t, packOf(t, packFiles()))
	died := 0
	for n := 0; ; n++ {
		dir, steps := t.TempDir(), 0
		f := opened(t, dir)
		f.before = func(string) error {
			if steps++; steps > n {
				return errDied
			}
			return nil
		}
		_, err := f.Install(bytes.NewReader(bundle))
		next := opened(t, dir)
		all, listed := next.List()
		if listed != nil || len(all) > 1 {
			t.Fatalf("after %d steps: %v, %v", n, all, listed)
		}
		for _, hash := range all {
			if err := next.Check(hash); err != nil {
				t.Errorf("after %d steps half of it is there: %v", n, err)
			}
			if _, err := next.Load(hash); err != nil {
				t.Errorf("after %d steps: %v", n, err)
			}
		}
		if _, again := next.Install(bytes.NewReader(bundle)); again != nil {
			t.Errorf("after %d steps it cannot be installed: %v", n, again)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		died++
	}
	if died < 15 {
		t.Errorf("it died at %d steps only", died)
	}
}

// An error of the disk is no death: what was begun is taken away.
func TestAFullDiskLeavesNothing(t *testing.T) {
	t.Parallel()
	dir, full := t.TempDir(), errors.New("no space left")
	f := opened(t, dir)
	f.before = func(step string) error {
		if strings.HasSuffix(step, "pack.flow") {
			return full
		}
		return nil
	}
	if _, err := f.Install(bytes.NewReader(built(t, packOf(t, packFiles())))); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v is left, %v", entries, err)
	}
}

func TestWhatADeadProcessBeganIsRemovedOnceItIsOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{staging + "old": 2 * time.Hour, staging + "new": time.Minute, "other": 2 * time.Hour} {
		if err := os.MkdirAll(filepath.Join(dir, name, "sources"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	opened(t, dir)
	var got []string
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff([]string{staging + "new", "other"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestManyProcessesInstallTheSameRelease(t *testing.T) {
	t.Parallel()
	dir, bundle := t.TempDir(), built(t, packOf(t, packFiles()))
	var all sync.WaitGroup
	for range 8 {
		f := opened(t, dir)
		all.Go(func() {
			kept, err := f.Install(bytes.NewReader(bundle))
			if err == nil {
				err = f.Check(kept.Hash)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

func TestDamageOfWhatIsKeptIsNoticed(t *testing.T) {
	t.Parallel()
	bundle := built(t, packOf(t, packFiles()))
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string) error
		loads  bool // the damage is in what Load does not read
	}{
		"the manifest":          {flip(manifestName), false},
		"the program":           {flip(programName), false},
		"a source":              {flip("sources/help/pack.flow"), true},
		"a source that is gone": {func(_ *testing.T, dir string) error { return os.Remove(filepath.Join(dir, "sources/help/pack.flow")) }, true},
		"no manifest":           {func(_ *testing.T, dir string) error { return os.Remove(filepath.Join(dir, manifestName)) }, false},
		"a link in its place":   {func(_ *testing.T, dir string) error { return linked(filepath.Join(dir, programName)) }, false},
		"another's manifest": {func(t *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, manifestName), otherManifest(t), 0o600)
		}, false},
		"a program without end": {func(_ *testing.T, dir string) error {
			return os.Truncate(filepath.Join(dir, programName), MaxProgram+2)
		}, false},
		"a manifest without end": {func(_ *testing.T, dir string) error {
			return os.Truncate(filepath.Join(dir, manifestName), MaxManifest+2)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			f := opened(t, dir)
			kept, err := f.Install(bytes.NewReader(bundle))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.damage(t, filepath.Join(dir, kept.Hash)); err != nil {
				t.Fatal(err)
			}
			if err := f.Check(kept.Hash); err == nil || !strings.Contains(err.Error(), "damaged") {
				t.Errorf("checked: %v", err)
			}
			if _, err := f.Load(kept.Hash); (err == nil) != c.loads || errors.Is(err, ErrNotKept) {
				t.Errorf("loaded: %v", err)
			}
		})
	}
}

// flip turns a bit of a file.
func flip(name string) func(*testing.T, string) error {
	return func(_ *testing.T, dir string) error {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		return os.WriteFile(filepath.Join(dir, name), b, 0o600)
	}
}

// linked puts a link out of the folder into a file's place.
func linked(name string) error {
	return errors.Join(os.Remove(name), os.Symlink("/etc/hostname", name))
}

func otherManifest(t *testing.T) []byte {
	t.Helper()
	other := packFiles()
	other["help/media/añ¡.png"].Data = []byte("another")
	return forged(t, built(t, packOf(t, other))).manifest.bytes()
}

// Nothing that is kept can be read by others on the machine.
func TestReleasesAreReadableByTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "releases")
	f := opened(t, dir)
	if _, err := f.Install(bytes.NewReader(built(t, packOf(t, packFiles())))); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %s", name, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
