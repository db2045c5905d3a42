package release

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A container may have no other place to write than the folder of data, and nothing of a look stays there.
func TestABundleIsLookedAtWithinAFolderOfWhichNothingStays(t *testing.T) {
	t.Parallel()
	within := t.TempDir()
	left, under := filepath.Join(within, ".unpacked-of-a-dead-process"), filepath.Join(within, ".unpacked-under-way")
	for _, dir := range []string{left, under} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(left, long, long); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Unpack(within, bytes.NewReader([]byte("no bundle"))); err == nil {
		t.Error("what is no bundle was unpacked")
	}
	k, gone, err := Unpack(within, bytes.NewReader(built(t, packOf(t, packFiles()))))
	if err != nil {
		t.Fatal(err)
	}
	if names, err := fs.Glob(k.Sources, "help/pack.flow"); err != nil || len(names) != 1 {
		t.Errorf("its sources have %v, %v", names, err)
	}
	if there, _ := filepath.Glob(filepath.Join(within, ".unpacked-*")); len(there) != 2 {
		t.Errorf("within are %v", there)
	}
	if err := gone(); err != nil {
		t.Error(err)
	}
	if there, _ := filepath.Glob(filepath.Join(within, "*")); len(there) != 1 || there[0] != under {
		t.Errorf("within are %v", there)
	}
}
