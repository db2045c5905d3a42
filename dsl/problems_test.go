package dsl_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"baraza/dsl"
	"baraza/dsl/check"
	"baraza/dsl/diag"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite golden files")

// today is the day of every test.
const today = "2026-11-22"

// The files of testdata/checks and testdata/mistakes are archives: the files of a pack, which are put over the
// default pack of the catalog, and problems.txt, what a person then sees. A file "options" may say "release",
// and "alone" for a pack without the default one. Signs such as ⟨U+00A0⟩ are those of the catalog.

func TestEachCheckSaysWhatIsWrongAndWhatToWrite(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/checks/*.txtar")
}

func TestAMistakeOfSomebodyWhoNeverProgrammedGetsAnAnswerThatHelps(t *testing.T) {
	t.Parallel()
	if n := golden(t, "testdata/mistakes/*.txtar"); n < 30 {
		t.Errorf("got %d mistakes, want at least 30", n)
	}
}

func TestEveryCodeOfACheckHasAGoldenFile(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, c := range check.Checks {
		if names[c.Name] || (c.Flow == nil) == (c.Pack == nil) || len(c.Codes) == 0 {
			t.Errorf("%s: a check has a name of its own, one function, and codes", c.Name)
		}
		names[c.Name] = true
		for _, code := range c.Codes {
			text, err := os.ReadFile("testdata/checks/" + code + ".txtar")
			if err != nil || !strings.Contains(string(text), "baraza explain "+code) {
				t.Errorf("testdata/checks/%s.txtar does not show the problem (%v)", code, err)
			}
		}
	}
}

// golden checks every archive of a pattern and says how many there are.
func golden(t *testing.T, pattern string) int {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := part(archive, "problems.txt")
			got := shown(t, archive)
			if *update {
				archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "problems.txt" })
				archive.Files = append(archive.Files, txtar.File{Name: "problems.txt", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
	return len(files)
}

func part(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// shown is what a person sees of the problems of an archive.
func shown(t *testing.T, a *txtar.Archive) string {
	t.Helper()
	example := diag.Example{Files: map[string]string{}}
	options := strings.Fields(part(a, "options"))
	if slices.Contains(options, "alone") {
		for _, name := range []string{"pack.flow", "teams.flow", "safety.flow", "person.flow", "fraud.flow", "flows.flow"} {
			example.Files["without "+name] = ""
		}
	}
	for _, f := range a.Files {
		if f.Name == "options" || f.Name == "problems.txt" {
			continue
		}
		delete(example.Files, "without "+f.Name)
		example.Files[f.Name] = string(f.Data)
	}
	checker := dsl.Open(example.FS(), diag.ExampleDir)
	checker.Today = today
	checker.Release = slices.Contains(options, "release")
	r := checker.Check()
	var out bytes.Buffer
	if err := diag.Render(&out, r.Problems, r.Sources, diag.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
