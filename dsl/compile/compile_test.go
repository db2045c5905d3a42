package compile_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/dsl/syntax"
	"baraza/engine/program"
)

var update = flag.Bool("update", false, "rewrite golden files")

const (
	listing     = "program.txt"
	longListing = 60 // lines; what is longer is two cases
)

// An archive of testdata holds files that are put into the default pack of the catalog, and program.txt: what
// their flows compile to.
func TestAFlowCompilesToThis(t *testing.T) {
	t.Parallel()
	for _, name := range cases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive := read(t, name)
			got := listed(t, compiled(t, filesOf(archive)), archive)
			if *update {
				write(t, name, archive, got)
				return
			}
			if diff := cmp.Diff(file(archive, listing), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if n := strings.Count(got, "\n"); n == 0 || n >= longListing {
				t.Errorf("a listing of %d lines, want some and fewer than %d", n, longListing)
			}
		})
	}
}

// The statement table is what a new statement is added to first.
func TestEveryStatementHasACase(t *testing.T) {
	t.Parallel()
	written := map[string]bool{}
	codes := map[program.OpCode]bool{}
	for _, name := range cases(t) {
		archive := read(t, name)
		for line := range strings.Lines(file(archive, "case.flow")) {
			for _, h := range syntax.Heads() {
				if text := strings.TrimSpace(line) + " "; h.Keyword != "" && begins(text, h.Keyword) {
					written[h.Keyword] = true
				}
			}
		}
		for _, op := range compiled(t, filesOf(archive)).Code {
			codes[op.Code] = true
		}
	}
	places := []syntax.Place{
		syntax.InStep, syntax.InBlock, syntax.InForEach, syntax.InAsk, syntax.InOption, syntax.InWordings, syntax.InNeed,
		syntax.InHandOver, syntax.InSave, syntax.InFetch, syntax.InRemind, syntax.InTrigger,
	}
	for _, place := range places {
		for _, h := range syntax.HeadsAt(place) {
			if h.Keyword != "" && !written[h.Keyword] {
				t.Errorf("no case has a line %q %s", h.Shape, place)
			}
		}
	}
	for code := program.OpSay; code <= program.OpExport; code++ {
		if !codes[code] {
			t.Errorf("no case compiles to the instruction %q", code)
		}
	}
}

func begins(line, keyword string) bool {
	rest, ok := strings.CutPrefix(line, keyword)
	return ok && strings.ContainsAny(rest[:1], " :")
}

func cases(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no case (%v)", err)
	}
	return names
}

func read(t *testing.T, name string) *txtar.Archive {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func write(t *testing.T, name string, archive *txtar.Archive, got string) {
	t.Helper()
	var files []txtar.File
	for _, f := range archive.Files {
		if f.Name != listing {
			files = append(files, f)
		}
	}
	archive.Files = append(files, txtar.File{Name: listing, Data: []byte(got)})
	if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func file(archive *txtar.Archive, name string) string {
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func filesOf(archive *txtar.Archive) map[string]string {
	files := map[string]string{}
	for _, f := range archive.Files {
		if f.Name != listing {
			files[f.Name] = string(f.Data)
		}
	}
	return files
}

// compiled puts files into the default pack, which must be without errors then.
func compiled(t testing.TB, files map[string]string) *program.Program {
	t.Helper()
	p, problems := dsl.Compile(diag.Example{Files: files}.FS(), diag.ExampleDir)
	if p == nil {
		var b bytes.Buffer
		if err := diag.Render(&b, problems, dsl.Open(diag.Example{Files: files}.FS(), diag.ExampleDir).Check().Sources, diag.Options{}); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("the pack has errors:\n%s", b.String())
	}
	return p
}

// listed are the sections of a listing whose steps stand in the archive's own files.
func listed(t *testing.T, p *program.Program, archive *txtar.Archive) string {
	t.Helper()
	var all bytes.Buffer
	if err := program.List(&all, p); err != nil {
		t.Fatal(err)
	}
	own := filesOf(archive)
	var b strings.Builder
	step, show := -1, false
	for line := range strings.Lines(all.String()) {
		if !strings.HasPrefix(line, " ") {
			step++
			_, show = own[p.Steps[step].File]
		}
		if show {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestWhatAReleaseNeedsIsInTheProgram(t *testing.T) {
	t.Parallel()
	needs := compiled(t, map[string]string{"pack.flow": `pack sample: Sample pack
  country KE
  timezone Africa/Nairobi
  languages en
  channels whatsapp
  start welcome
  fallback person_word
  silent for 24 hours -> end
  release needs
    tests pass
    coverage 90
    approval
`, "flows.flow": "flow welcome: Welcome\n\nstep hello\n  say: Hello.\n"}).Needs
	want := []program.Need{{Gate: program.TestsPass}, {Gate: program.CoverageOf, AtLeast: 90}, {Gate: program.ApprovalGiven}}
	if diff := cmp.Diff(want, needs); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
