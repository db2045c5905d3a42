package lsp_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"baraza/dsl/syntax"
)

func readJSON(t *testing.T, name string, into any) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return text
}

// The colours before the server answers know the same lines as the table.
func TestTheExtensionColoursEveryKeyword(t *testing.T) {
	t.Parallel()
	const name = "vscode/syntaxes/flow.tmLanguage.json"
	var grammar struct {
		Repository struct{ Keyword struct{ Match string } }
	}
	text := readJSON(t, name, &grammar)
	var keywords []string
	for _, h := range syntax.Heads() {
		if h.Keyword != "" && h.Keyword != "-" && h.Keyword != "->" {
			keywords = append(keywords, h.Keyword)
		}
	}
	slices.SortFunc(keywords, func(a, b string) int { // the longest first, since the first that fits counts
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	want := `^\s*(` + strings.Join(slices.Compact(keywords), "|") + `)(?=[\s:,]|$)`
	if grammar.Repository.Keyword.Match == want {
		return
	}
	if !*update {
		t.Fatalf("%s has other keywords than the table of lines; go test ./dsl/lsp -update writes them", name)
	}
	old, _ := json.Marshal(grammar.Repository.Keyword.Match)
	now, _ := json.Marshal(want)
	if err := os.WriteFile(name, []byte(strings.Replace(string(text), string(old), string(now), 1)), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestTheExtensionHasWhatItNames(t *testing.T) {
	t.Parallel()
	var manifest struct {
		Main, License string
		Contributes   struct {
			Languages []struct{ ID, Configuration string }
			Grammars  []struct{ Language, Path string }
		}
	}
	readJSON(t, "vscode/package.json", &manifest)
	readJSON(t, "vscode/language-configuration.json", new(map[string]any))
	names := []string{manifest.Main, "README.md", "LICENSE", "package-lock.json"}
	for _, l := range manifest.Contributes.Languages {
		names = append(names, l.Configuration)
	}
	for _, g := range manifest.Contributes.Grammars {
		names = append(names, g.Path)
		if g.Language != manifest.Contributes.Languages[0].ID {
			t.Errorf("a grammar is for %q, which is no language of the extension", g.Language)
		}
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join("vscode", name)); err != nil {
			t.Error(err)
		}
	}
	ours, _ := os.ReadFile("../../LICENSE")
	theirs, _ := os.ReadFile("vscode/LICENSE")
	if string(ours) != string(theirs) || manifest.License != "Apache-2.0" {
		t.Error("the extension has another licence than the project")
	}
}

// node reads the extension as a program; whether it does what it says needs an editor.
func TestTheExtensionIsAProgram(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not here, so the extension's program is not read")
	}
	if out, err := exec.Command(node, "--check", "vscode/extension.js").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	text, err := os.ReadFile("vscode/extension.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, asked := range regexp.MustCompile(`"(baraza/[a-z]+)"`).FindAllStringSubmatch(string(text), -1) {
		e := begin(t, samplePack(), `{}`)
		if m := e.ask(asked[1], `{"code":"unknown-step"}`); m.Error != nil {
			t.Errorf("the server does not know %s: %s", asked[1], m.Error.Message)
		}
	}
}

// Packaging fetches from npm, so it is done only where that is asked for.
func TestTheExtensionPackages(t *testing.T) {
	t.Parallel()
	if os.Getenv("BARAZA_NPM") == "" {
		t.Skip("the extension is packaged with npm's help only where BARAZA_NPM=1 says that npm may be asked")
	}
	work := t.TempDir()
	if err := os.CopyFS(work, os.DirFS("vscode")); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"npm", "ci", "--no-audit", "--no-fund"}, {"npx", "--yes", "@vscode/vsce", "package", "--allow-missing-repository", "--out", "baraza.vsix"}} {
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = work
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", words, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(work, "baraza.vsix")); err != nil {
		t.Error(err)
	}
}
