// Package docs_test holds the documents to what they say: links lead somewhere, flows can be read, and what a
// command is shown to print is what it prints.
package docs_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl/diag"
	"baraza/dsl/syntax"
)

var update = flag.Bool("update", false, "rewrite golden files")

// root of the project, seen from this folder.
const root = ".."

// program is the path of the command that the documents show, built for this run.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	flag.Parse()
	folder, err := os.MkdirTemp("", "baraza")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "baraza")
	build := exec.Command("go", "build", "-o", program, "./cmd/baraza")
	build.Dir, build.Stderr = root, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the command:", err)
		return 1
	}
	return m.Run()
}

// A document is one Markdown file.
type document struct {
	name  string // from the root, with slashes
	text  string
	lines []string
}

// A fence is a block of code in a document.
type fence struct {
	info        string
	first, last int    // its lines inside the document, last exclusive
	shows       string // the command whose output it is
}

func (d *document) body(f fence) string {
	return strings.Join(d.lines[f.first:f.last], "\n") + "\n"
}

// generated says which documents are written by a program from sources that have tests of their own.
func generated(name string) bool { return strings.HasPrefix(name, "docs/errors/") }

// documents reads every Markdown file but those that are sources of others.
func documents(t *testing.T) []*document {
	t.Helper()
	var out []*document
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(file, root+string(filepath.Separator)))
		switch {
		case errors.Is(err, fs.ErrNotExist): // a test of another package cleaned up behind itself
			return nil
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata" || name == "dsl/diag/catalog"):
			return fs.SkipDir
		case path.Ext(name) == ".go" || path.Ext(name) == ".flow":
			_, _ = os.Stat(file) // so that `go test` does not answer from its cache after it has changed
		case path.Ext(name) == ".md":
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			out = append(out, &document{name, string(text), strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var showsMark = regexp.MustCompile(`^<!-- shows: (.*) -->$`)

// fences are the blocks of code; open is the line of one that is not closed, 0 for none.
func (d *document) fences() (out []fence, open int) {
	inside := false
	var f fence
	for i, line := range d.lines {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "```") {
			continue
		}
		if inside = !inside; !inside {
			f.last = i
			out = append(out, f)
			continue
		}
		f = fence{info: strings.TrimPrefix(line, "```"), first: i + 1}
		if i > 0 {
			if m := showsMark.FindStringSubmatch(strings.TrimSpace(d.lines[i-1])); m != nil {
				f.shows = m[1]
			}
		}
		open = i + 1
	}
	if inside {
		return out, open
	}
	return out, 0
}

func TestEveryBlockIsClosed(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		if _, open := d.fences(); open > 0 {
			t.Errorf("%s:%d: this block is not closed", d.name, open)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	all := documents(t)
	byName := map[string]*document{}
	for _, d := range all {
		byName[d.name] = d
	}
	checked := 0
	for _, d := range all {
		for i, line := range d.prose() {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
					continue
				}
				checked++
				if problem := d.follow(m[1], byName); problem != "" {
					t.Errorf("%s:%d: %s", d.name, i+1, problem)
				}
			}
		}
	}
	if checked == 0 {
		t.Error("there was no link to follow")
	}
}

// follow says what is wrong with a link, "" where it leads somewhere.
func (d *document) follow(target string, byName map[string]*document) string {
	file, anchor, _ := strings.Cut(target, "#")
	name := d.name
	if file != "" {
		name = path.Join(path.Dir(d.name), file)
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			return fmt.Sprintf("%q leads to %s, which is not there", target, name)
		}
	}
	if anchor == "" {
		return ""
	}
	if to := byName[name]; to == nil || !slices.Contains(to.anchors(), anchor) {
		return fmt.Sprintf("%q leads to a heading that is not in %s", target, name)
	}
	return ""
}

// prose is the document's lines, those inside blocks of code empty.
func (d *document) prose() []string {
	lines := slices.Clone(d.lines)
	fences, _ := d.fences()
	for _, f := range fences {
		clear(lines[f.first:f.last])
	}
	return lines
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchors are the headings as links name them.
func (d *document) anchors() []string {
	var out []string
	for _, line := range d.prose() {
		if title := strings.TrimLeft(line, "#"); title != line {
			title = notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			out = append(out, strings.ReplaceAll(title, " ", "-"))
		}
	}
	return out
}

// places are what a block of flow may follow, by the words behind "flow" in its first line.
var places = map[string]struct{ above, indent string }{
	"":           {"", ""},
	"below pack": {"pack example: Example\n", "  "},
	"in step":    {"flow example: Example\n\nstep first\n", "  "},
	"in ask":     {"flow example: Example\n\nstep first\n  ask: Which one?\n", "    "},
	"in test":    {"test An example\n", "  "},
}

func TestEveryFlowCanBeRead(t *testing.T) {
	t.Parallel()
	read := 0
	for _, d := range documents(t) {
		if generated(d.name) {
			continue
		}
		fences, _ := d.fences()
		for _, f := range fences {
			rest, isFlow := strings.CutPrefix(f.info, "flow")
			if !isFlow {
				continue
			}
			read++
			where := fmt.Sprintf("%s:%d", d.name, f.first)
			rest = strings.TrimSpace(rest)
			if strings.HasPrefix(rest, "flows/") {
				partOf(t, where, rest, d.body(f))
				continue
			}
			place, ok := places[rest]
			if !ok {
				t.Errorf("%s: a flow cannot stand %q", where, rest)
				continue
			}
			source := []byte(place.above + indented(d.body(f), place.indent))
			if _, problems := syntax.ParseFile("example.flow", source); problems.Any(diag.Error) {
				t.Errorf("%s: this flow has problems:\n%s", where, rendered(source, problems))
			}
		}
	}
	if read == 0 {
		t.Error("there was no flow to read")
	}
}

// partOf compares a block with the file that it is taken from.
func partOf(t *testing.T, where, name, body string) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	if !strings.Contains("\n"+string(file), "\n"+body) {
		t.Errorf("%s: this is not in %s any more; the file is:\n%s", where, name, file)
	}
}

func indented(text, by string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = by + line
		}
	}
	return strings.Join(lines, "\n")
}

// one is a single file as a source of diagnostics.
type one []byte

func (o one) Source(string) ([]byte, bool) { return o, true }

func rendered(source []byte, problems diag.List) string {
	var b bytes.Buffer
	if err := diag.Render(&b, problems, one(source), diag.Options{}); err != nil {
		return err.Error()
	}
	return b.String()
}

func TestCommandsPrintWhatTheDocumentsShow(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		fences, _ := d.fences()
		if !slices.ContainsFunc(fences, func(f fence) bool { return f.shows != "" }) {
			continue
		}
		t.Run(strings.ReplaceAll(d.name, "/", " "), func(t *testing.T) {
			t.Parallel()
			var blocks []string
			for _, f := range fences {
				if f.shows == "" {
					continue
				}
				got := shown(t, f.shows)
				blocks = append(blocks, got)
				if diff := cmp.Diff(d.body(f), got); diff != "" && !*update {
					t.Errorf("%s:%d: %s does not print this (-shown +printed):\n%s", d.name, f.first, f.shows, diff)
				}
			}
			if *update {
				d.rewrite(t, fences, blocks)
			}
		})
	}
}

// rewrite puts what was printed into the blocks that show something.
func (d *document) rewrite(t *testing.T, fences []fence, blocks []string) {
	t.Helper()
	var b strings.Builder
	at := 0
	for _, f := range fences {
		if f.shows == "" {
			continue
		}
		b.WriteString(strings.Join(d.lines[at:f.first], "\n") + "\n" + blocks[0])
		at, blocks = f.last, blocks[1:]
	}
	b.WriteString(strings.Join(d.lines[at:], "\n") + "\n")
	if b.String() == d.text {
		return
	}
	if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(d.name)), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// shown runs the command of a mark such as
//
//	baraza chat flows/tutorial/1-hello < good morning / person
//	baraza check flows/ec after flows/ec/menu.flow: "  ask:" becomes "  ask" and "one" becomes "two"
//
// in a copy of the packs, and returns what it prints. What depends on the day is fixed.
func shown(t *testing.T, mark string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "flows"), os.DirFS(filepath.Join(root, "flows"))); err != nil {
		t.Fatal(err)
	}
	command, edit, _ := strings.Cut(mark, " after ")
	if edit != "" {
		change(t, folder, edit)
	}
	command, input, _ := strings.Cut(command, " < ")
	args := strings.Fields(command)[1:]
	switch args[0] {
	case "check":
		args = append(args, "--today=2026-11-23")
	case "chat":
		args = append(args, "--at=2026-11-23 10:00")
	}
	run := exec.CommandContext(t.Context(), program, args...)
	run.Dir = folder
	run.Env = append(os.Environ(), "NO_COLOR=1")
	if input != "" {
		run.Stdin = strings.NewReader(strings.ReplaceAll(input, " / ", "\n") + "\n")
	}
	out, err := run.CombinedOutput()
	if _, stopped := errors.AsType[*exec.ExitError](err); err != nil && (!stopped || run.ProcessState.ExitCode() > 1) {
		t.Fatalf("%s: %v\n%s", mark, err, out)
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(string(out), "\n"), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.Join(lines, "\n") + "\n"
}

// change makes the edits of a mark in one file of the copy.
func change(t *testing.T, folder, edit string) {
	t.Helper()
	name, changes, _ := strings.Cut(edit, ": ")
	file := filepath.Join(folder, filepath.FromSlash(name))
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(source)
	for _, c := range strings.Split(changes, ` and "`) {
		if !strings.HasPrefix(c, `"`) {
			c = `"` + c
		}
		was, becomes, _ := strings.Cut(c, " becomes ")
		from, err1 := strconv.Unquote(was)
		to, err2 := strconv.Unquote(becomes)
		if err1 != nil || err2 != nil || strings.Count(text, from) != 1 {
			t.Fatalf("%s: %s is there %d times", name, c, strings.Count(text, from))
		}
		text = strings.Replace(text, from, to, 1)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pictures are drawn by the command; the arguments follow "graph flows/ec --format svg".
var pictures = map[string][]string{
	"ec.svg":       nil,
	"ec-three.svg": {"--flow", "offices", "--flow", "callback", "--flow", "rumour"},
}

func TestThePicturesAreUpToDate(t *testing.T) {
	t.Parallel()
	for name, only := range pictures {
		draw := exec.CommandContext(t.Context(), program, append([]string{"graph", "flows/ec", "--format", "svg"}, only...)...)
		draw.Dir = root
		got, err := draw.Output()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if *update {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Error(err)
			}
			continue
		}
		if old, err := os.ReadFile(name); err != nil || !bytes.Equal(old, got) {
			t.Errorf("docs/%s is not what baraza graph draws; run make golden", name)
		}
	}
}

var (
	commandRow = regexp.MustCompile("(?m)^\\s+[A-Z]\\w+\\s+\\w+\\s+`cmd:\"\"")
	written    = regexp.MustCompile(`(?:go run \./cmd/baraza|\bbaraza) ([a-z]+)([^` + "`" + `\n|#]*)`)
	option     = regexp.MustCompile(`--[a-z]+`)
	subcommand = regexp.MustCompile(`(?m)^  (\w+) ([\w-]+)  `)
)

// Every command and option that a document writes as code exists.
func TestEveryCommandInTheDocumentsExists(t *testing.T) {
	t.Parallel()
	main, err := os.ReadFile(filepath.Join(root, "cmd", "baraza", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	help := map[string]string{} // by command, "store restore" too
	for _, row := range commandRow.FindAllString(string(main), -1) {
		name := strings.ToLower(strings.Fields(row)[0])
		help[name] = helpOf(t, name)
		for _, sub := range subcommand.FindAllStringSubmatch(help[name], -1) {
			if sub[1] == name {
				help[name+" "+sub[2]] = helpOf(t, name, sub[2])
			}
		}
	}
	seen := map[string]bool{}
	for _, d := range documents(t) {
		for i, line := range d.lines {
			for _, code := range codeIn(line) {
				m := written.FindStringSubmatch(code)
				if m == nil {
					continue
				}
				seen[m[1]] = true
				text, ok := help[m[1]]
				if words := strings.Fields(m[2]); len(words) > 0 && help[m[1]+" "+words[0]] != "" {
					text = help[m[1]+" "+words[0]]
				}
				if !ok {
					t.Errorf("%s:%d: there is no command %q", d.name, i+1, m[1])
				}
				for _, o := range option.FindAllString(m[2], -1) {
					if ok && o != "--help" && !strings.Contains(text, o) {
						t.Errorf("%s:%d: %s has no option %s", d.name, i+1, m[1], o)
					}
				}
			}
		}
	}
	for name := range help {
		if !seen[name] && !strings.Contains(name, " ") {
			t.Errorf("no document shows the command %q", name)
		}
	}
}

func helpOf(t *testing.T, words ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, append(words, "--help")...).CombinedOutput()
	if err != nil {
		t.Fatalf("baraza %s --help: %v\n%s", strings.Join(words, " "), err, out)
	}
	return string(out)
}

// codeIn is what stands in a line as code: between backticks, or all of it where it begins with the command.
func codeIn(line string) []string {
	if strings.HasPrefix(line, "baraza ") || strings.HasPrefix(line, "go run ./cmd/baraza ") {
		return []string{line}
	}
	var out []string
	for i, part := range strings.Split(line, "`") {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}
