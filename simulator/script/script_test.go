package script_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"baraza/dsl"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/syntax"
	"baraza/simulator/script"
)

var update = flag.Bool("update", false, "rewrite golden files")

const results = "results"

// An archive of testdata/runner lies over the default pack of the catalog. results is what its tests come to:
// those that do not pass are shown as people see them.
func TestTestsComeToThis(t *testing.T) {
	t.Parallel()
	for _, name := range runnerCases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, r := languagePack(t, name)
			var b strings.Builder
			for _, test := range r.Pack.Tests {
				result := script.Run(r.Pack, r.Program(), files, test, nil)
				if result.Passed {
					b.WriteString("passed: " + test.Title + "\n\n")
					continue
				}
				result.Write(&b, func(at ast.Span) int { return lineOf(r, at) })
			}
			for i, f := range archive.Files {
				if f.Name != results {
					continue
				}
				if *update {
					archive.Files[i].Data = []byte(b.String())
				} else if diff := cmp.Diff(string(f.Data), b.String()); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// Every line that a test may have stands in some case, and in some case it does not pass where it can.
func TestEveryLineOfATestHasACase(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, name := range runnerCases(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString("\n" + string(text))
	}
	for _, h := range syntax.HeadsAt(syntax.InTest) {
		if !strings.Contains(all.String(), "\n  "+h.Keyword) && !strings.HasPrefix(h.Keyword, "bot ") {
			t.Errorf("no case has a line %q", h.Shape)
		}
	}
}

func runnerCases(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/runner/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no case (%v)", err)
	}
	return names
}

func lineOf(r *dsl.Result, at ast.Span) int {
	text, _ := r.Sources.Source(at.File)
	return diag.NewLines(text).LineAt(at.Start)
}
