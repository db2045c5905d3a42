package diag

import (
	"bytes"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
	"unicode/utf8"
)

// The words that a message never says, and the most words it has.
var (
	unkind    = regexp.MustCompile(`(?i)\b(illegal|invalid|failed|bad|unexpected|token|identifier|syntax|eof|you forgot|please)\b`)
	mostWords = 14
)

func TestEveryPageIsWhole(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(catalogFiles, "catalog/*.md")
	if err != nil || len(names) < 88 {
		t.Fatalf("got %d pages (%v), want the whole catalog", len(names), err)
	}
	known := make(map[string]bool)
	for name := range Groups {
		known[name] = true
	}
	for _, name := range names {
		code := strings.TrimSuffix(strings.TrimPrefix(name, "catalog/"), ".md")
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			text, err := catalogFiles.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := parsePage(code, string(text))
			if err != nil {
				t.Fatal(err)
			}
			if p.Severity == 0 || !known[p.Group] || !regexp.MustCompile(`^\d+\.\d+$`).MatchString(p.Since) {
				t.Errorf("severity %v, group %q, since %q", p.Severity, p.Group, p.Since)
			}
			if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(code) {
				t.Errorf("the code %q is not in lower case with hyphens", code)
			}
			if len(strings.Fields(p.Body)) < 20 || strings.Contains(p.Body, "```flow") {
				t.Errorf("the body says too little, or holds an example:\n%s", p.Body)
			}
			checkMessage(t, p.Message)
			checkExamples(t, p)
		})
	}
}

func checkMessage(t *testing.T, m string) {
	t.Helper()
	first, _ := utf8.DecodeRuneInString(m)
	if !unicode.IsLower(first) && !unicode.IsDigit(first) && !strings.ContainsRune(`"…`, first) {
		t.Errorf("message starts with %q: %s", first, m)
	}
	if strings.HasSuffix(m, ".") || unkind.MatchString(m) || len(strings.Fields(m)) > mostWords {
		t.Errorf("message is not in the voice of the project: %s", m)
	}
}

func checkExamples(t *testing.T, p Page) {
	t.Helper()
	isBad := func(e Example) bool { return e.Bad }
	if !slices.ContainsFunc(p.Examples, isBad) || !slices.ContainsFunc(p.Examples, func(e Example) bool { return !e.Bad }) {
		t.Errorf("got %d examples, want a bad one and a good one at least", len(p.Examples))
	}
	for i, e := range p.Examples {
		if len(e.Files) == 0 {
			t.Errorf("example %d has no file", i+1)
		}
		if _, err := fs.ReadDir(e.FS(), ExampleDir); err != nil {
			t.Errorf("example %d: %v", i+1, err)
		}
	}
}

func TestAnExampleIsAWholePack(t *testing.T) {
	t.Parallel()
	e := Example{Files: map[string]string{
		"flows.flow":         "⟨U+202E⟩⟨0xFF⟩⟨×3 ab⟩",
		"more⟨×11⟩.flow":     "x",
		"tables/places.csv":  "id\n",
		"../other/pack.flow": "x",
		"without fraud.flow": "",
	}}
	pack := e.FS()
	if err := fstest.TestFS(pack, "sample/pack.flow", "sample/safety.flow", "sample/flows.flow",
		"sample/tables/places.csv", "sample/more11.flow", "other/pack.flow"); err != nil {
		t.Error(err)
	}
	text, err := fs.ReadFile(pack, "sample/flows.flow")
	if want := "\u202e\xffababab"; err != nil || string(text) != want {
		t.Errorf("got %q, %v; want %q", text, err, want)
	}
	if _, err := fs.Stat(pack, "sample/fraud.flow"); err == nil {
		t.Error("a file that the example goes without is there")
	}
}

func TestAPageThatIsNotWholeIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"",
		"severity: error\n",
		"---\nseverity: note\n---\nBody\n",
		"---\nsort: x\n---\nBody\n",
		"---\nseverity: error\n---\n```flow bad\nno end\n",
		"---\nseverity: error\n---\n```flow\nwhat\n```\n",
	} {
		if _, err := parsePage("x", text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestExplainPrintsAPageForATerminal(t *testing.T) {
	t.Parallel()
	for _, p := range Pages() {
		var out bytes.Buffer
		found, err := Explain(&out, p.Code, false)
		if !found || err != nil {
			t.Fatalf("%s: %v, %v", p.Code, found, err)
		}
		for line := range strings.Lines(out.String()) {
			prose := !strings.HasPrefix(line, "    ")
			if prose && utf8.RuneCountInString(line) > pageWidth+1 || strings.Contains(line, "```") || strings.ContainsRune(line, '\x1b') {
				t.Errorf("%s: a line is not for a terminal: %s", p.Code, line)
			}
		}
	}
}

func TestExplainNamesSimilarCodes(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	found, err := Explain(&out, "unkown-stp", false)
	if found || err != nil || !strings.Contains(out.String(), "unknown-step") {
		t.Errorf("got %v, %v, %q; want unknown-step among the names", found, err, out.String())
	}
}
