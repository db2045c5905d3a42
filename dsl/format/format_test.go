package format_test

import (
	"bytes"
	"flag"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	goast "go/ast"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/format"
	"baraza/dsl/syntax"
)

var update = flag.Bool("update", false, "rewrite golden files")

// A case of testdata is an archive of in.flow and out.flow, the same printed.
func TestAFileIsPrintedLikeThis(t *testing.T) {
	t.Parallel()
	for _, name := range cases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive := read(t, name)
			got := printed(t, file(t, archive, "in.flow"))
			if *update {
				archive.Files = archive.Files[:1]
				archive.Files = append(archive.Files, txtar.File{Name: "out.flow", Data: got})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(file(t, archive, "out.flow")), string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEveryKindOfLineIsPrintedInSomeCase(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{"Bad": true} // which no file has that is printed
	for _, name := range cases(t) {
		tree, _ := syntax.ParseFile("in.flow", file(t, read(t, name), "in.flow"))
		walk(tree.Lines, func(l *ast.Line) { seen[reflect.TypeOf(l.Head).Elem().Name()] = true })
	}
	heads, err := parser.ParseFile(token.NewFileSet(), "../ast/heads.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	for _, d := range heads.Decls {
		method, ok := d.(*goast.FuncDecl)
		if !ok || method.Name.Name != "head" {
			continue
		}
		kinds++
		name := method.Recv.List[0].Type.(*goast.StarExpr).X.(*goast.Ident).Name
		if !seen[name] {
			t.Errorf("no case of testdata has a line of the kind %s", name)
		}
	}
	if kinds < 80 {
		t.Fatalf("got %d kinds of lines from ast/heads.go, want all", kinds)
	}
}

// The cases show each kind of line; the statement table also knows the variants of each.
func TestEveryLineOfTheStatementTableIsPrintedInSomeCase(t *testing.T) {
	t.Parallel()
	var all bytes.Buffer
	for _, name := range cases(t) {
		all.WriteByte('\n')
		all.Write(printed(t, file(t, read(t, name), "in.flow")))
	}
	for _, h := range syntax.Heads() {
		if h.Keyword != "" && !bytes.Contains(all.Bytes(), []byte(" "+h.Keyword)) && !bytes.Contains(all.Bytes(), []byte("\n"+h.Keyword)) {
			t.Errorf("no case of testdata has a line %q", h.Shape)
		}
	}
}

func TestABrokenFileComesBackUntouchedWithItsProblems(t *testing.T) {
	t.Parallel()
	src := []byte("flow  a:   A\n\n\nstep b\n    sya: Hello\n")
	got, problems := format.Source("a.flow", src)
	if !bytes.Equal(got, src) || !problems.Any(diag.Error) {
		t.Errorf("got %q with %v, want the source and an error", got, problems)
	}
}

func TestTheEndsOfLinesAndFilesAreMadeTheSame(t *testing.T) {
	t.Parallel()
	want := "# A comment\nflow a: A\n\nstep b\n  say:\n    one\n\n    two\n  end\n"
	for name, src := range map[string]string{
		"Windows":            strings.ReplaceAll(want, "\n", "\r\n"),
		"byte-order mark":    "\ufeff" + want,
		"no last line end":   strings.TrimSuffix(want, "\n"),
		"many last lines":    want + "\n  \n\n",
		"spaces at the ends": strings.ReplaceAll(want, "\n", "  \t\n"),
		"blank first lines":  "\n\n" + want,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, string(printed(t, []byte(src)))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for _, src := range []string{"", "\n", "\ufeff\n", "  \n\n"} {
		if got, _ := format.Source("a.flow", []byte(src)); len(got) > 0 {
			t.Errorf("%q becomes %q, want nothing", src, got)
		}
	}
}

func TestThePacksAreFormatted(t *testing.T) {
	t.Parallel()
	for name, src := range packs(t) {
		if diff := cmp.Diff(string(src), string(printed(t, src))); diff != "" {
			t.Errorf("%s: (-as it is +formatted)\n%s", name, diff)
		}
	}
}

// What the formatter promises, for every file that can be found: cases, packs and the catalog's examples.
func TestFormattingChangesTheLookAlone(t *testing.T) {
	t.Parallel()
	all := packs(t)
	for _, name := range cases(t) {
		archive := read(t, name)
		all[name] = file(t, archive, "in.flow")
	}
	for _, page := range diag.Pages() {
		for _, e := range page.Examples {
			for name, text := range e.Files {
				if strings.HasSuffix(name, ".flow") {
					all[page.Code+" "+name+" "+text] = []byte(text)
				}
			}
		}
	}
	read := 0
	for name, src := range all {
		if _, problems := syntax.ParseFile("a.flow", src); !problems.Any(diag.Error) {
			read++
			promises(t, name, src)
		}
	}
	if read < 60 {
		t.Errorf("got %d files without an error, want most of %d", read, len(all))
	}
}

// promises checks one file that can be read: the same outline, every comment, and nothing left to do.
func promises(t rapid.TB, name string, src []byte) {
	t.Helper()
	got, _ := format.Source("a.flow", src)
	before, _ := syntax.ParseFile("a.flow", src)
	after, problems := syntax.ParseFile("a.flow", got)
	if problems.Any(diag.Error) {
		t.Fatalf("%s: what was printed has problems:\n%q\n%q\n%v", name, src, got, problems)
	}
	if diff := cmp.Diff(outline(before), outline(after), sameOutline...); diff != "" {
		t.Errorf("%s: the outline has changed (-before +after)\n%s\nfrom %q\nto   %q", name, diff, src, got)
	}
	if diff := cmp.Diff(comments(before), comments(after)); diff != "" {
		t.Errorf("%s: the comments have changed (-before +after)\n%s", name, diff)
	}
	again, _ := format.Source("a.flow", got)
	if diff := cmp.Diff(string(got), string(again)); diff != "" {
		t.Errorf("%s: formatting again changes more (-once +twice)\n%s", name, diff)
	}
	if len(got) > 0 && (got[len(got)-1] != '\n' || bytes.HasSuffix(got, []byte("\n\n"))) || bytes.Contains(got, []byte("\n\n\n")) {
		t.Errorf("%s: the blank lines of %q are not settled", name, got)
	}
}

// sameOutline compares trees by what they say, not by where it stands.
var sameOutline = []cmp.Option{
	cmpopts.IgnoreTypes(ast.Position{}, ast.Span{}, []ast.Span{}),
	cmpopts.IgnoreFields(ast.Line{}, "End"),
	cmpopts.EquateEmpty(),
}

// outline returns the lines with every option's move as the last line below it, where it may be printed.
func outline(f *ast.File) []*ast.Line {
	walk(f.Lines, func(l *ast.Line) {
		if option, ok := l.Head.(*ast.Option); ok && option.Target != nil {
			l.Children = append(l.Children, &ast.Line{Head: &ast.Move{Target: *option.Target}})
			option.Target = nil
		}
	})
	return f.Lines
}

func comments(f *ast.File) []string {
	var all []string
	for _, c := range f.Comments {
		all = append(all, c.Text)
	}
	return all
}

func walk(lines []*ast.Line, visit func(*ast.Line)) {
	for _, l := range lines {
		walk(l.Children, visit)
		visit(l)
	}
}

func printed(t *testing.T, src []byte) []byte {
	t.Helper()
	got, problems := format.Source("a.flow", src)
	if problems.Any(diag.Error) {
		var out bytes.Buffer
		diag.Render(&out, problems, one(src), diag.Options{})
		t.Fatalf("the file cannot be read:\n%s", out.String())
	}
	return got
}

type one []byte

func (o one) Source(string) ([]byte, bool) { return o, true }

func cases(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no case in testdata (%v)", err)
	}
	return names
}

func read(t testing.TB, name string) *txtar.Archive {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func file(t testing.TB, archive *txtar.Archive, name string) []byte {
	t.Helper()
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == name })
	if i < 0 {
		if *update {
			return nil
		}
		t.Fatalf("the archive has no %s", name)
	}
	return archive.Files[i].Data
}

// packs are the flow files that the project ships.
func packs(t testing.TB) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	err := filepath.WalkDir("../../flows", func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".flow" {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	})
	if err != nil || len(all) < 40 {
		t.Fatalf("got %d files of flows (%v), want all", len(all), err)
	}
	return all
}
