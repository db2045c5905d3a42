package dsl_test

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"baraza/dsl"

	"github.com/google/go-cmp/cmp"
)

// readPack is a pack of flows/ in memory, below the folder p.
func readPack(t *testing.T, folder string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(folder, path)
		files["p/"+filepath.ToSlash(name)] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What a Checker keeps must never show: after any edit, also one that breaks a file, it says what a new one says.
func TestACheckerThatKeepsSaysTheSameAsANewOne(t *testing.T) {
	t.Parallel()
	fsys := readPack(t, "../flows/ec")
	var names []string
	for name := range fsys {
		names = append(names, name)
	}
	slices.Sort(names)
	chance := rand.New(rand.NewPCG(2, 7))
	checker := dsl.Open(fsys, "p")
	checker.Today = today
	for range 60 {
		name := names[chance.IntN(len(names))]
		before := fsys[name]
		lines := strings.SplitAfter(string(before.Data), "\n")
		at := chance.IntN(len(lines))
		edit := ""
		switch chance.IntN(4) {
		case 0:
			edit, lines[at] = "without line", ""
		case 1:
			edit, lines[at] = "twice line", lines[at]+lines[at]
		case 2:
			edit, lines[at] = "changed line", strings.Replace(lines[at], "e", "x", 1)
		default:
			edit, lines[at] = "turned line", "  "+lines[at]
		}
		fsys[name] = &fstest.MapFile{Data: []byte(strings.Join(lines, ""))}
		fresh := dsl.Open(fsys, "p")
		fresh.Today = today
		got, want := checker.Check(), fresh.Check()
		if diff := cmp.Diff(want.Problems, got.Problems); diff != "" {
			t.Fatalf("%s %d of %s (-new +kept):\n%s", edit, at+1, name, diff)
		}
		if (got.Program() == nil) != (want.Program() == nil) {
			t.Fatalf("%s %d of %s: one has a program", edit, at+1, name)
		}
		if chance.IntN(3) > 0 { // some edits stay
			fsys[name] = before
		}
	}
}
