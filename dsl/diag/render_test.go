package diag

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// A case of testdata/render is an archive: the files of a pack, the file "problems" that says what is wrong with
// them, the file "options", and "out", what a person sees.
//
// In "problems" a place is FILE "TEXT", the first place of TEXT (written as in Go) in the file; FILE "TEXT" 2
// is the second.
func TestAProblemIsShownAsThePersonShouldSeeIt(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/render/*.txtar", func(c testCase) string {
		var out bytes.Buffer
		if err := Render(&out, c.problems, c.files, c.options); err != nil {
			return err.Error()
		}
		return strings.ReplaceAll(out.String(), "\x1b", "␛")
	})
}

func TestJSONSaysTheSameToPrograms(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/json/*.txtar", func(c testCase) string {
		var out bytes.Buffer
		if err := JSON(&out, c.problems, c.files); err != nil {
			return err.Error()
		}
		return out.String()
	})
}

func TestAnEmptyListPrintsNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Render(&out, nil, nil, Options{}); err != nil || out.Len() > 0 {
		t.Errorf("got %q, %v; want nothing", out.String(), err)
	}
}

func TestAMillionHostileCharactersAreShownInOneShortLine(t *testing.T) {
	t.Parallel()
	for name, unit := range map[string]string{
		"letters": "a", "wide letters": "日", "combining marks": "\u0301", "joiners": "\u200d", "turns": "\u202e",
		"broken bytes": "\xff", "emoji": "👩‍👩‍👧",
	} {
		src := files1{"a.flow": "  say: x" + strings.Repeat(unit, 1<<20/len(unit)) + " end"}
		var l List
		for at := 0; at < len(src["a.flow"]); at += 9973 {
			l = append(l, New(Error, "c", Span{"a.flow", at, len(src["a.flow"])}, "m"))
		}
		var out, doc bytes.Buffer
		if err := Render(&out, l, src, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := JSON(&doc, l, src); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if len(line) > 8*1024 {
				t.Errorf("%s: a line has %d bytes, want few", name, len(line))
				break
			}
		}
	}
}

type files1 map[string]string

func (f files1) Source(file string) ([]byte, bool) {
	s, ok := f[file]
	return []byte(s), ok
}

type testCase struct {
	files    files1
	problems List
	options  Options
}

func golden(t *testing.T, pattern string, show func(testCase) string) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no case in %s (%v)", pattern, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			parts := archive(string(text))
			c := testCase{files: files1{}}
			for file, text := range parts {
				if file != "out" && file != "problems" && file != "options" {
					c.files[file] = strings.TrimSuffix(unsigned(text), "⏎\n")
				}
			}
			if c.problems, err = problemsOf(parts["problems"], c.files); err != nil {
				t.Fatal(err)
			}
			options := strings.Fields(parts["options"])
			c.options = Options{Color: slices.Contains(options, "color"), WarningsAsErrors: slices.Contains(options, "strict")}
			if slices.Contains(options, "max") {
				c.options.Max = DefaultMax
			}
			got := show(c)
			if *update {
				before, _, _ := strings.Cut(string(text), "-- out --\n")
				if err := os.WriteFile(name, []byte(before+"-- out --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(parts["out"], got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func problemsOf(text string, files files1) (List, error) {
	var l List
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		var last *Diagnostic
		if len(l) > 0 {
			last = &l[len(l)-1]
		}
		var err error
		switch word {
		case "error":
			l = append(l, New(Error, rest, Span{}, ""))
		case "warning":
			l = append(l, New(Warning, rest, Span{}, ""))
		case "message":
			last.Message = rest
		case "quoted":
			last.Message, err = strconv.Unquote(rest)
		case "at":
			last.Span, _, err = placeOf(rest, files)
		case "note":
			var span Span
			var message string
			if span, message, err = placeOf(rest, files); err == nil {
				*last = last.WithNote(span, "%s", message)
			}
		case "help":
			*last = last.WithHelp("%s", rest)
		case "fix":
			var span Span
			var text string
			if span, text, err = placeOf(rest, files); err == nil {
				*last = last.WithFix(span, text, true)
			}
		case "":
		default:
			err = fmt.Errorf("no such word")
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w (files %v)", line, err, slices.Sorted(maps.Keys(files)))
		}
	}
	return l, nil
}

func placeOf(s string, files files1) (span Span, rest string, err error) {
	file, s, quoted := strings.Cut(s, " ")
	if !quoted {
		return Span{File: file}, "", nil
	}
	literal, err := strconv.QuotedPrefix(s)
	if err != nil {
		return Span{}, "", err
	}
	text, _ := strconv.Unquote(literal)
	rest = strings.TrimSpace(s[len(literal):])
	start := strings.Index(files[file], text)
	if after, second := strings.CutPrefix(rest, "2"); second && start >= 0 {
		rest = strings.TrimSpace(after)
		start += len(text) + strings.Index(files[file][start+len(text):], text)
	}
	if start < 0 {
		return Span{}, "", fmt.Errorf("%q is not in %s", text, file)
	}
	return Span{file, start, start + len(text)}, rest, nil
}
