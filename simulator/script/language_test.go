package script_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"baraza/dsl"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/simulator/script"
)

// The packs in testdata/language show what docs/language.md says, heading by heading, through the compiler, the
// engine and the runner of tests. Each lies over the default pack of the catalog; what stands above its first
// file are the sentences it shows.
func TestThePacksOfTheLanguageBehaveAsTheReferenceSays(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/language/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no packs: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			files, r := languagePack(t, name)
			program := r.Program()
			if program == nil {
				t.Fatal("the pack has errors")
			}
			if len(r.Pack.Tests) == 0 {
				t.Fatal("the pack has no test")
			}
			for _, test := range r.Pack.Tests {
				result := script.Run(r.Pack, program, files, test, nil)
				if !result.Passed {
					var b strings.Builder
					result.Write(&b, func(at ast.Span) int {
						text, _ := r.Sources.Source(at.File)
						return diag.NewLines(text).LineAt(at.Start)
					})
					t.Error("\n" + b.String())
				}
			}
		})
	}
}

// languagePack reads one of the packs and checks it. Problems that are errors end the test.
func languagePack(t *testing.T, name string) (fs.FS, *dsl.Result) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	over := diag.Example{Files: map[string]string{}}
	for _, f := range txtar.Parse(data).Files {
		over.Files[f.Name] = string(f.Data)
	}
	fsys := over.FS()
	files, err := fs.Sub(fsys, diag.ExampleDir)
	if err != nil {
		t.Fatal(err)
	}
	r := dsl.Open(fsys, diag.ExampleDir).Check()
	if r.Problems.Any(diag.Error) {
		var b strings.Builder
		if err := diag.Render(&b, r.Problems, r.Sources, diag.Options{Max: diag.DefaultMax}); err != nil {
			t.Fatal(err)
		}
		t.Fatal("\n" + b.String())
	}
	return files, r
}
