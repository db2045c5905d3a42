package syntax

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"baraza/dsl/ast"

	"github.com/google/go-cmp/cmp"
)

// goodFiles returns files without a problem.
func goodFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/good/*.flow")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = src
	}
	return files
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestGoodFilesHaveThisOutline(t *testing.T) {
	t.Parallel()
	for name, src := range goodFiles(t) {
		tree, list := ParseFile(filepath.Base(name), src)
		if len(list) > 0 {
			t.Errorf("%s has problems:\n%s", name, show(src, list))
		}
		golden(t, strings.TrimSuffix(name, ".flow")+".outline", dump(tree))
	}
}

func TestGrammar(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	done := map[string]bool{}
	for _, h := range Heads() {
		text := ""
		switch {
		case h.variant:
			continue
		case h.read != nil:
			text = h.read.ebnf()
		default:
			text = fmt.Sprintf("%s = %q .", reflect.TypeOf(h.bare()).Elem().Name(), h.Keyword)
		}
		for _, rule := range strings.Split(text, "\n") {
			if !done[rule] {
				done[rule] = true
				b.WriteString(rule + "\n")
			}
		}
	}
	golden(t, "testdata/grammar.ebnf", b.String())
}

// The examples of the table are what writers copy.
func TestExamplesOfTheTableAreRead(t *testing.T) {
	t.Parallel()
	for _, h := range Heads() {
		place := h.Below[0]
		l := line{number: 1, head: h, end: int32(len(h.Example)), parent: -1, owner: -1, colon: -1}
		s := newScan("example.flow", []byte(h.Example))
		p := &parse{scan: s, file: &ast.File{Name: "example.flow"}}
		if found, _ := s.table.find(place, s.src); found != nil {
			l.head = found
		} else if h.row == "" {
			t.Errorf("%q is not found %s", h.Example, place)
		}
		if !h.variant && l.head != h {
			t.Errorf("%q is read as %q", h.Example, l.head.Shape)
		}
		s.content(&l)
		if head := p.head(&l); len(p.list) > 0 {
			t.Errorf("%q is read as %T: %s", h.Example, head, show(s.src, p.list))
		}
		if !strings.HasSuffix(h.Means, ".") || h.Shape == "" {
			t.Errorf("%q: meaning or shape is missing", h.Name())
		}
	}
}

// A keyword that is the beginning of another one of the same place must come second.
func TestLongerKeywordsAreFoundFirst(t *testing.T) {
	t.Parallel()
	for p := Margin; p < places; p++ {
		for _, h := range HeadsAt(p) {
			if h.Keyword == "" {
				continue
			}
			if found, _ := table().find(p, []byte(h.Keyword)); found != h {
				t.Errorf("%q %s is found as %q", h.Keyword, p, found.Name())
			}
		}
	}
}

func TestSpansOfGoodFiles(t *testing.T) {
	t.Parallel()
	for name, src := range goodFiles(t) {
		tree, _ := ParseFile(name, src)
		checkSpans(t, tree)
		eachLine(tree.Lines, func(l *ast.Line) {
			if l.Text == nil {
				return
			}
			for _, part := range l.Text.Parts {
				if part.Hole != nil && string(src[part.Hole.Pos.Offset:part.Hole.EndPos.Offset]) != part.Hole.Source {
					t.Errorf("%s: the hole %q is at %q", name, part.Hole.Source, src[part.Hole.Pos.Offset:part.Hole.EndPos.Offset])
				}
			}
		})
	}
}

// The same file reads the same with the line ends of Windows, behind a byte-order mark, and with a comment or a
// blank line anywhere.
func TestHowAFileIsSavedDoesNotMatter(t *testing.T) {
	t.Parallel()
	for name, src := range goodFiles(t) {
		want, _ := ParseFile("x", src)
		for how, changed := range map[string][]byte{
			"Windows":         bytes.ReplaceAll(src, []byte("\n"), []byte("\r\n")),
			"byte-order mark": append([]byte(byteOrderMark), src...),
			"four spaces":     bytes.ReplaceAll(src, []byte("  "), []byte("    ")),
			"no last newline": bytes.TrimRight(src, "\n"),
			"trailing spaces": bytes.ReplaceAll(src, []byte("\n"), []byte("  \n")),
		} {
			got, list := ParseFile("x", changed)
			if len(list) > 0 {
				t.Errorf("%s, %s:\n%s", name, how, show(changed, list))
			}
			if how == "four spaces" && strings.Contains(name, "everything") {
				continue // has two spaces within a line
			}
			if d := cmp.Diff(dump(want), dump(got)); d != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, how, d)
			}
		}
	}
}

func eachLine(lines []*ast.Line, visit func(*ast.Line)) {
	for _, l := range lines {
		visit(l)
		eachLine(l.Children, visit)
	}
}

// checkSpans checks that every place of a tree lies in its source, and lines in their order.
func checkSpans(t testing.TB, f *ast.File) {
	t.Helper()
	size := len(f.Source)
	in := func(what string, start, end int) {
		if start < 0 || end < start || end > size {
			t.Fatalf("%s: %d-%d is outside the source of %d bytes", what, start, end, size)
		}
	}
	eachLine(f.Lines, func(l *ast.Line) {
		in("line", l.Span.Start, l.Span.End)
		in("end", l.Span.End, l.End)
		for _, c := range l.Children {
			if c.End > l.End {
				t.Fatalf("a line ends at %d, behind the %d of the one above it", c.End, l.End)
			}
		}
		if l.Text != nil {
			in("text", l.Text.Span.Start, l.Text.Span.End)
			for _, row := range l.Text.Lines {
				in("row of a text", row.Start, row.End)
			}
			checkParts(in, l.Text.Parts)
		}
		checkPositions(in, reflect.ValueOf(l.Head).Elem())
	})
}

func checkParts(in func(string, int, int), parts []ast.Part) {
	for _, p := range parts {
		in("part", p.Span.Start, p.Span.End)
		switch {
		case p.Hole != nil:
			in("hole", p.Hole.Pos.Offset, p.Hole.EndPos.Offset)
		case p.Plural != nil:
			for _, c := range p.Plural.Cases {
				checkParts(in, c.Text)
			}
		case p.Select != nil:
			for _, c := range p.Select.Cases {
				checkParts(in, c.Text)
			}
		}
	}
}

// checkPositions checks every Pos and EndPos in a head.
func checkPositions(in func(string, int, int), v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			checkPositions(in, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkPositions(in, v.Index(i))
		}
	case reflect.Struct:
		pos, ok := v.Interface().(ast.Position)
		if ok {
			in("position", pos.Offset, pos.Offset)
			return
		}
		for i := range v.NumField() {
			checkPositions(in, v.Field(i))
		}
	}
}
