// Package flows_test holds the packs that the project ships to what it asks of every pack.
package flows_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/format"
	"baraza/simulator/script"
)

// today is the day that review dates are compared with, so that a test does not fail by waiting.
const today = "2026-11-22"

// packs are the folders below this one with a pack.flow, found anew each time: a new pack needs no line here.
func packs(t *testing.T) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Name() == "pack.flow" {
			found = append(found, path.Dir(name))
		}
		return err
	})
	if err != nil || len(found) < 8 {
		t.Fatalf("found %v (%v), want the samples and the six of the tutorial at least", found, err)
	}
	return found
}

// each runs a test for every pack, opened in the folder it lies in.
func each(t *testing.T, test func(t *testing.T, dir string, r *dsl.Result)) {
	t.Parallel()
	for _, dir := range packs(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			test(t, dir, opened(path.Dir(dir), path.Base(dir)))
		})
	}
}

// opened is a pack in a folder, checked.
func opened(folder, dir string) *dsl.Result {
	c := dsl.Open(os.DirFS(folder), dir)
	c.Today = today
	return c.Check()
}

func TestEveryPackChecksWithoutAWord(t *testing.T) {
	each(t, func(t *testing.T, dir string, r *dsl.Result) {
		if len(r.Problems) > 0 {
			t.Errorf("\n%s", shown(t, r))
		}
	})
}

func shown(t *testing.T, r *dsl.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := diag.Render(&b, r.Problems, r.Sources, diag.Options{Max: diag.DefaultMax}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEveryPackIsFormatted(t *testing.T) {
	each(t, func(t *testing.T, dir string, _ *dsl.Result) {
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, _ fs.DirEntry, err error) error {
			if err != nil || path.Ext(name) != ".flow" {
				return err
			}
			src, err := os.ReadFile(path.Join(dir, name))
			if err != nil {
				return err
			}
			formatted, problems := format.Source(name, src)
			if len(problems) > 0 {
				return fmt.Errorf("%s: %v", name, problems)
			}
			if diff := cmp.Diff(string(src), string(formatted)); diff != "" {
				t.Errorf("%s (-written +formatted); run: baraza fmt flows/%s\n%s", name, dir, diff)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestTheTestsOfEveryPackPass(t *testing.T) {
	each(t, func(t *testing.T, dir string, r *dsl.Result) {
		if len(r.Pack.Tests) == 0 {
			t.Error("the pack has no test")
		}
		run(t, os.DirFS(dir), r, nil)
	})
}

// run runs the tests of a pack.
func run(t *testing.T, files fs.FS, r *dsl.Result, cover *script.Coverage) {
	t.Helper()
	if r.Program() == nil {
		t.Fatalf("the pack has errors\n%s", shown(t, r))
	}
	for _, test := range r.Pack.Tests {
		result := script.Run(r.Pack, r.Program(), files, test, cover)
		if result.Passed {
			continue
		}
		var b strings.Builder
		result.Write(&b, func(at ast.Span) int {
			text, _ := r.Sources.Source(at.File)
			return diag.NewLines(text).LineAt(at.Start)
		})
		t.Error("\n" + b.String())
	}
}

// samples are the packs that show a whole help desk, with their languages.
var samples = map[string][]string{"ec": {"es", "en"}, "jo": {"ar", "en"}}

// eachSample runs a test for every sample.
func eachSample(t *testing.T, test func(t *testing.T, dir string)) {
	t.Parallel()
	for dir := range samples {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			test(t, dir)
		})
	}
}

func TestASampleIsVisitedWhole(t *testing.T) {
	eachSample(t, func(t *testing.T, dir string) {
		r := opened(".", dir)
		cover := script.NewCoverage(r.Program())
		run(t, os.DirFS(dir), r, cover)
		for _, part := range cover.Parts() {
			if part.Total == 0 || len(part.Unseen) > 0 {
				t.Errorf("%s: %.1f %% of %d\n%s", part.Name, 100*part.Fraction, part.Total, strings.Join(part.Unseen, "\n"))
			}
		}
	})
}

// Nothing beside the pack is needed: it uses no library, and every file it names is its own.
func TestASampleStandsAlone(t *testing.T) {
	eachSample(t, func(t *testing.T, dir string) {
		alone := t.TempDir()
		if err := os.CopyFS(path.Join(alone, "somewhere"), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		r := opened(alone, "somewhere")
		if len(r.Problems) > 0 {
			t.Errorf("\n%s", shown(t, r))
		}
		if n := len(r.Pack.Libraries); n > 0 {
			t.Errorf("it uses %d libraries", n)
		}
		run(t, os.DirFS(path.Join(alone, "somewhere")), r, nil)
	})
}

func TestEveryTextOfASampleIsInEnglish(t *testing.T) {
	eachSample(t, func(t *testing.T, dir string) {
		r := opened(".", dir)
		p := r.Program()
		if p == nil {
			t.Fatal(shown(t, r))
		}
		if diff := cmp.Diff(samples[dir], p.Languages); diff != "" {
			t.Fatalf("languages (-want +got)\n%s", diff)
		}
		if len(p.Strings) < 100 {
			t.Errorf("only %d texts", len(p.Strings))
		}
		for _, s := range p.Strings {
			if len(s.Texts[1]) == 0 {
				t.Errorf("%s has no English", s.ID)
			}
		}
		entries := r.Pack.Translations["en"]
		for _, s := range r.Pack.Strings { // those too that no program needs, such as the reasons in an inventory
			if entries == nil || entries.Entries[s.ID] == nil || entries.Entries[s.ID].Text == nil {
				t.Errorf("%s is not in locale/en.po", s.ID)
			}
		}
	})
}

func TestASampleIsMarkedAndHasSources(t *testing.T) {
	eachSample(t, func(t *testing.T, dir string) {
		r := opened(".", dir)
		if !r.Pack.Example {
			t.Error("it is not marked as an example")
		}
		sources := 0
		for _, f := range r.Pack.Flows {
			for _, s := range f.Steps {
				if len(s.Sources) > 0 && s.ReviewBy == nil {
					t.Errorf("%s has a source and no day of review", s.Full())
				}
				sources += len(s.Sources)
			}
		}
		if sources == 0 {
			t.Error("no step has a source")
		}
	})
}
