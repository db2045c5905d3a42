// Package baraza_test holds the rules of the project as a whole.
package baraza_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "baraza"

// A rule is what the packages of one folder may import of this module. The longest folder that holds a package
// is its rule. Folders are written from the root, and stand for all that is below them.
type rule struct {
	folder string
	may    []string
	tests  []string // what its tests may import on top, besides the package they test
	noCode bool     // the folder has tests and files, no code
	says   string   // the rule in one sentence
}

// The import rule: arrows go one way, from the edges to the heart. engine knows neither the language nor the
// channels, so a conversation can be stepped a million times without either. dsl/check folds words with
// engine/answer, a leaf, so that two labels are equal for the checker just when they are equal for the engine.
//
// Tests may import more than the code they test: an engine test reads best with a flow in the language, a
// compiler test with the conversation that comes out, and neither drags anything into the binary. But no test
// below the simulator leans on the simulator: what it shows must be right without it.
var rules = []rule{
	{folder: "", noCode: true, tests: []string{"simulator", "channels", "dsl", "engine"},
		says: "the root holds tests of the whole project and no code"},
	{folder: "cmd", may: []string{"cmd", "console", "server", "simulator", "channels", "dsl", "engine"},
		says: "cmd may import everything"},
	{folder: "console", may: []string{"console", "server", "engine"}, tests: []string{"dsl", "channels"},
		says: "console may import server and engine"},
	{folder: "console/role", may: []string{"console/role"},
		says: "console/role is a leaf and imports nothing of ours outside itself"},
	{folder: "server", may: []string{"server", "channels", "engine"}, tests: []string{"dsl"},
		says: "server may import channels and engine"},
	{folder: "simulator", may: []string{"simulator", "dsl", "engine", "channels"},
		says: "simulator may import dsl, engine and channels"},
	{folder: "channels", may: []string{"channels", "engine"}, tests: []string{"dsl"},
		says: "channels may import engine and channels/capability"},
	{folder: "channels/capability", may: []string{"channels/capability"},
		says: "channels/capability is a leaf and imports nothing of ours outside itself"},
	{folder: "dsl", may: []string{"dsl", "engine/program", "engine/answer", "channels/capability"}, tests: []string{"engine"},
		says: "dsl may import engine/program, engine/answer, channels/capability and itself"},
	{folder: "dsl/ast", may: []string{"dsl/ast"}, tests: []string{"dsl"},
		says: "dsl/ast is a leaf and imports nothing of ours outside itself"},
	{folder: "dsl/diag", may: []string{"dsl/diag"}, tests: []string{"dsl", "engine"},
		says: "dsl/diag is a leaf and imports nothing of ours outside itself"},
	{folder: "engine", may: []string{"engine"}, tests: []string{"dsl"},
		says: "engine may import engine alone, never dsl or channels"},
	{folder: "engine/program", may: []string{"engine/program"}, tests: []string{"dsl", "engine"},
		says: "engine/program is a leaf and imports nothing of ours outside itself"},
	{folder: "engine/answer", may: []string{"engine/answer"}, tests: []string{"dsl", "engine"},
		says: "engine/answer is a leaf and imports nothing of ours outside itself"},
	{folder: "flows", noCode: true, tests: []string{"simulator", "channels", "dsl", "engine"},
		says: "flows holds packs and their tests, and no code"},
	{folder: "docs", noCode: true, tests: []string{"simulator", "channels", "dsl", "engine"},
		says: "docs holds documents and their tests, and no code"},
}

// A listing is what `go list -json` says of one package.
type listing struct {
	ImportPath   string
	GoFiles      []string
	Imports      []string
	TestImports  []string // of tests inside the package
	XTestImports []string // of tests in the package's _test twin
}

func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	lookAtSources(t)
	packages := list(t)
	known := func(l listing) bool { return l.ImportPath == module+"/channels/capability" }
	if !slices.ContainsFunc(packages, known) {
		t.Fatalf("go list did not find channels/capability among %d packages", len(packages))
	}
	for _, problem := range violations(packages) {
		t.Error(problem)
	}
}

// The rule itself can fail: one made-up import for each of its sentences.
func TestTheImportRuleRefuses(t *testing.T) {
	t.Parallel()
	packages := []listing{
		{ImportPath: "baraza/cmd/baraza", Imports: []string{"fmt", "baraza/simulator", "baraza/dsl", "baraza/engine/store/boltstore"}},
		{ImportPath: "baraza/server/desk", Imports: []string{"baraza/server/config", "baraza/channels", "baraza/engine/runner", "baraza/dsl"},
			XTestImports: []string{"baraza/dsl", "baraza/simulator"}},
		{ImportPath: "baraza/simulator/script", Imports: []string{"baraza/dsl", "baraza/engine", "baraza/channels", "baraza/cmd/baraza"}},
		{ImportPath: "baraza/channels/whatsapp", Imports: []string{"baraza/channels", "baraza/channels/capability", "baraza/engine", "baraza/dsl"},
			TestImports: []string{"baraza/dsl"}},
		{ImportPath: "baraza/channels/capability", Imports: []string{"github.com/rivo/uniseg", "baraza/engine/program"}},
		{ImportPath: "baraza/dsl/check", Imports: []string{"baraza/dsl/ast", "baraza/engine/program", "baraza/channels/capability", "baraza/engine", "baraza/channels"},
			XTestImports: []string{"baraza/engine", "baraza/simulator/script"}},
		{ImportPath: "baraza/dsl/ast", Imports: []string{"baraza/dsl/diag"}},
		{ImportPath: "baraza/dsl/diag", Imports: []string{"baraza/dsl/ast"}, XTestImports: []string{"baraza/dsl/diag", "baraza/dsl"}},
		{ImportPath: "baraza/engine", Imports: []string{"baraza/engine/program", "baraza/engine/answer", "baraza/dsl/ast", "baraza/channels/capability"},
			TestImports: []string{"baraza/simulator"}, XTestImports: []string{"baraza/dsl", "baraza/simulator"}},
		{ImportPath: "baraza/engine/program", Imports: []string{"baraza/engine/program/listing", "baraza/engine"}},
		{ImportPath: "baraza/flows", GoFiles: []string{"flows.go"}, XTestImports: []string{"baraza/simulator/script"}},
		{ImportPath: "baraza", XTestImports: []string{"github.com/google/go-cmp/cmp"}},
		{ImportPath: "baraza/enginex", Imports: []string{"baraza/engine"}},
		{ImportPath: "baraza/console/accounts", Imports: []string{"baraza/console/role", "baraza/server/desk", "baraza/simulator"}},
		{ImportPath: "baraza/console/role", Imports: []string{"baraza/engine"}},
		{ImportPath: "baraza/counter/till"},
	}
	want := []string{
		`a test of dsl/check imports simulator/script: dsl may import engine/program, engine/answer, channels/capability and itself; its tests also engine`,
		`a test of engine imports simulator: engine may import engine alone, never dsl or channels; its tests also dsl`,
		`a test of server/desk imports simulator: server may import channels and engine; its tests also dsl`,
		`channels/capability imports engine/program: channels/capability is a leaf and imports nothing of ours outside itself`,
		`channels/whatsapp imports dsl: channels may import engine and channels/capability`,
		`console/accounts imports simulator: console may import server and engine`,
		`console/role imports engine: console/role is a leaf and imports nothing of ours outside itself`,
		`counter/till: "counter" is not in the import rule; a new top-level folder needs a decision record in docs/decisions, then a row here`,
		`dsl/ast imports dsl/diag: dsl/ast is a leaf and imports nothing of ours outside itself`,
		`dsl/check imports channels: dsl may import engine/program, engine/answer, channels/capability and itself`,
		`dsl/check imports engine: dsl may import engine/program, engine/answer, channels/capability and itself`,
		`dsl/diag imports dsl/ast: dsl/diag is a leaf and imports nothing of ours outside itself`,
		`engine imports channels/capability: engine may import engine alone, never dsl or channels`,
		`engine imports dsl/ast: engine may import engine alone, never dsl or channels`,
		`engine/program imports engine: engine/program is a leaf and imports nothing of ours outside itself`,
		`enginex: "enginex" is not in the import rule; a new top-level folder needs a decision record in docs/decisions, then a row here`,
		`flows has code in flows.go: flows holds packs and their tests, and no code`,
		`server/desk imports dsl: server may import channels and engine`,
		`simulator/script imports cmd/baraza: simulator may import dsl, engine and channels`,
	}
	if diff := cmp.Diff(want, violations(packages)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// lookAtSources looks at every Go file, so that `go test` does not answer from its cache after one has changed: it
// remembers what a test looked at, but not what a command looked at for it.
func lookAtSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // a test of another package cleaned up behind itself
			return nil
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata"):
			return fs.SkipDir
		case filepath.Ext(path) == ".go":
			_, _ = os.Stat(path)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("look at the sources: %v", err)
	}
}

// list asks go for every package, also for one that does not compile: that is another test's business.
func list(t *testing.T) []listing {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-e",
		"-json=ImportPath,GoFiles,Imports,TestImports,XTestImports", "./...")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listing
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listing
		err := decoder.Decode(&l)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatalf("read what go list says: %v", err)
		}
		packages = append(packages, l)
	}
}

// violations returns one message for each import the rules do not allow, sorted.
func violations(packages []listing) []string {
	var problems []string
	for _, l := range packages {
		from, _ := ours(l.ImportPath)
		r, ok := ruleOf(from)
		if !ok {
			top, _, _ := strings.Cut(from, "/")
			problems = append(problems, fmt.Sprintf("%s: %q is not in the import rule; "+
				"a new top-level folder needs a decision record in docs/decisions, then a row here", from, top))
			continue
		}
		if r.noCode && len(l.GoFiles) > 0 {
			problems = append(problems, fmt.Sprintf("%s has code in %s: %s", name(from), l.GoFiles[0], r.says))
		}
		for _, to := range ourImports(l.Imports) {
			if !inAny(r.may, to) {
				problems = append(problems, fmt.Sprintf("%s imports %s: %s", name(from), to, r.says))
			}
		}
		for _, to := range ourImports(l.TestImports, l.XTestImports) {
			if to != from && !inAny(r.may, to) && !inAny(r.tests, to) {
				problems = append(problems, fmt.Sprintf("a test of %s imports %s: %s%s", name(from), to, r.says, alsoTests(r)))
			}
		}
	}
	slices.Sort(problems)
	return problems
}

// ruleOf finds the rule of the longest folder that holds the package; false for a top-level folder without one.
func ruleOf(pkg string) (rule, bool) {
	best, found := rule{}, false
	for _, r := range rules {
		if in(r.folder, pkg) && (!found || len(r.folder) > len(best.folder)) {
			best, found = r, true
		}
	}
	return best, found
}

// in reports whether pkg is the folder or below it. Nothing is below the root: every folder has its own row.
func in(folder, pkg string) bool {
	return pkg == folder || folder != "" && strings.HasPrefix(pkg, folder+"/")
}

func inAny(folders []string, pkg string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return in(folder, pkg) })
}

// ours cuts the module's name off an import path; false for packages of others.
func ours(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// ourImports are the packages of this module among the lists, each once.
func ourImports(lists ...[]string) []string {
	var found []string
	for _, path := range slices.Concat(lists...) {
		if pkg, ok := ours(path); ok {
			found = append(found, pkg)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func name(pkg string) string {
	if pkg == "" {
		return "the root"
	}
	return pkg
}

func alsoTests(r rule) string {
	if len(r.tests) == 0 {
		return ""
	}
	return "; its tests also " + strings.Join(r.tests, ", ")
}
