package web_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"baraza/channels/socket"
	"baraza/channels/whatsapp"
	"baraza/dsl"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// leastTurns is how many turns of people and teams were compared when this was written, in 411 conversations. Who takes
// tests away lowers it.
const leastTurns = 1230

// notCompared have test blocks and are no packs of their own, which could be played.
var notCompared = map[string]string{
	"cmd/baraza/testdata/fmt.txtar":                  "a file to format",
	"cmd/baraza/testdata/release-gates.txtar":        "a pack in three releases, played by its own command",
	"cmd/baraza/testdata/release-serve.txtar":        "a pack in two releases, played by its own command",
	"cmd/baraza/testdata/test.txtar":                 "tests that fail, and a copy of a sample pack",
	"dsl/format/testdata/blank-lines.txtar":          "a file to format",
	"dsl/format/testdata/tests.txtar":                "a file to format",
	"dsl/pack/testdata/packs/unknown-names.txtar":    "names that are not there",
	"dsl/syntax/testdata/good/everything.flow":       "every line of the grammar, without the pack",
	"dsl/syntax/testdata/good/ke-tests-offices.flow": "a file for the grammar, without the pack",
	"dsl/syntax/testdata/problems/places.txtar":      "lines in the wrong place",
	"dsl/testdata/mistakes/tests-in-words.txtar":     "mistakes",
}

// refused are the tests in which a team has nothing to answer, and is told so.
var refused = []string{"No case is open", "No case can be closed"}

// together is how many test blocks share a simulator, so that a long pack does not keep one processor alone.
const together = 40

// What people do in every test block is done once through the simulator's sockets and once in production: the runner,
// WhatsApp's channel, and between the two and a phone the Cloud API of channels/whatsapp/fake, over HTTP. What the
// tester's page shows has to be what the phone shows, to the byte.
func TestTheSimulatorSaysWhatTheRunnerSays(t *testing.T) {
	t.Parallel()
	var all tally
	t.Run("packs", func(t *testing.T) {
		for _, c := range corpus(t) {
			for from := 0; from < len(c.tests); from += together {
				some := c.tests[from:min(from+together, len(c.tests))]
				t.Run(fmt.Sprint(c.Name, " from ", from+1), func(t *testing.T) {
					t.Parallel()
					c.compare(t, some, &all)
				})
			}
		}
	})
	slices.Sort(all.other)
	t.Logf("%d conversations with %d turns of people and teams were compared; not on WhatsApp: %s", all.talks, all.turns, strings.Join(all.other, "; "))
	if written := blocks(t); all.talks != written || all.turns < leastTurns {
		t.Errorf("that is not the corpus: it has %d test blocks with at least %d turns", written, leastTurns)
	}
}

// tally counts what was compared.
type tally struct {
	mu           sync.Mutex
	talks, turns int
	other        []string // tests that name another channel than WhatsApp
}

func (a *tally) add(test *pack.Test, did *played) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.talks++
	if c := did.kept.Persona.Channel; c != "" && c != whatsapp.Name {
		a.other = append(a.other, fmt.Sprintf("%q (%s)", test.Title, c))
	}
	a.turns += did.acts()
}

// acts counts what people and teams did.
func (p *played) acts() (n int) {
	for _, turn := range p.kept.Turns {
		if turn.Does != "" && (turn.Who == rounds.Person || turn.Who == rounds.Staff) {
			n++
		}
	}
	return n
}

// acts counts what people and teams are to do in a test.
func acts(test *pack.Test) (n int) {
	for _, line := range test.Line.Children {
		switch line.Head.(type) {
		case *ast.Person, *ast.Staff:
			n++
		}
	}
	return n
}

// tested is a pack with its test blocks.
type tested struct {
	web.Pack
	tests []*pack.Test
}

// compare plays test blocks on both sides.
func (c *tested) compare(t *testing.T, tests []*pack.Test, all *tally) {
	r := newRoom(t, web.Settings{Packs: []web.Pack{c.Pack}, Limits: web.Limits{Limits: socket.Limits{Burst: 1_000_000}}}) // its clock stands still
	v, _ := c.Newest()
	for _, test := range tests {
		did := r.play(v, c.Name, test)
		all.add(test, &did)
		t.Run(test.Title, func(t *testing.T) {
			if done, asked := did.acts(), acts(test); done != asked && !slices.Contains(refused, test.Title) {
				t.Errorf("%d of %d turns took place", done, asked)
			}
			var lines string
			synctest.Test(t, func(t *testing.T) { lines = inProduction(t, v, c.Name, did) })
			if diff := cmp.Diff(lines, did.lines); diff != "" {
				t.Errorf("%s: the phone (-) and the tester's page (+) differ:\n%s", test.Line.Span.File, diff)
			}
		})
	}
}

// corpus are the packs with tests: those of flows, and those that show the language.
func corpus(t *testing.T) (all []tested) {
	t.Helper()
	add := func(name string, above fs.FS, dir string) {
		r := dsl.Open(above, dir).Check()
		if r.Program() == nil {
			t.Fatalf("%s has errors", name)
		}
		files, err := fs.Sub(above, dir)
		if err != nil {
			t.Fatal(err)
		}
		v := &web.Version{Program: r.Program(), Source: r.Sources.Source, Files: files}
		all = append(all, tested{web.Pack{Name: name, Newest: func() (*web.Version, string) { return v, "" }}, r.Pack.Tests})
	}
	for _, pattern := range []string{"../../flows/*/pack.flow", "../../flows/tutorial/*/pack.flow"} {
		for _, file := range matching(t, pattern) {
			dir := filepath.Dir(file)
			add(filepath.Base(dir), os.DirFS(filepath.Dir(dir)), filepath.Base(dir))
		}
	}
	for _, file := range matching(t, "../script/testdata/*/*.txtar") {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		over := diag.Example{Files: map[string]string{}}
		for _, f := range archive.Files {
			over.Files[f.Name] = string(f.Data)
		}
		add(strings.TrimSuffix(filepath.Base(file), ".txtar"), over.FS(), diag.ExampleDir)
	}
	return all
}

// blocks counts the test blocks that are written anywhere in the project.
func blocks(t *testing.T) (n int) {
	t.Helper()
	head := regexp.MustCompile(`(?m)^test `)
	err := fs.WalkDir(os.DirFS("../.."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return fs.SkipDir
		case path.Ext(name) != ".flow" && path.Ext(name) != ".txtar" || notCompared[name] != "":
			return nil
		}
		text, err := os.ReadFile(filepath.Join("../..", name))
		n += len(head.FindAll(text, -1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func matching(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("nothing is called %s, %v", pattern, err)
	}
	return names
}
