package syntax

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baraza/dsl/diag"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite golden files")

// show prints problems as "line:col code message", with what helps below.
func show(src []byte, list diag.List) string {
	var b strings.Builder
	lines := diag.NewLines(src)
	for _, d := range list {
		pos := lines.Position(d.Span.Start)
		severity := ""
		if d.Severity == diag.Warning {
			severity = " (warning)"
		}
		fmt.Fprintf(&b, "%d:%d %s%s: %s\n", pos.Line, pos.Column, d.Code, severity, d.Message)
		for _, h := range d.Help {
			fmt.Fprintf(&b, "    %s\n", h)
		}
		if d.Fix != nil {
			line := lines.LineAt(d.Fix.Span.Start)
			start, end := lines.Bounds(line)
			if d.Fix.Span.End > end {
				fmt.Fprintf(&b, "    fix %d-%d\n", line, lines.LineAt(d.Fix.Span.End-1))
				continue
			}
			fmt.Fprintf(&b, "    fix %s%s%s\n", src[start:d.Fix.Span.Start], d.Fix.Text, src[d.Fix.Span.End:end])
		}
	}
	return b.String()
}

// Every file has a flow with mistakes, and what the writer is told.
func TestProblems(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			src := a.Files[0].Data
			tree, list := ParseFile("in.flow", src)
			if tree.Broken != list.Any(diag.Error) {
				t.Errorf("Broken is %t with %d problems", tree.Broken, len(list))
			}
			onePerLine(t, src, list)
			got := show(src, list)
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(a.Files[1].Data), got); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
		})
	}
}

// onePerLine checks that no line has two problems, that places lie in the source, and the voice of the messages.
func onePerLine(t *testing.T, src []byte, list diag.List) {
	t.Helper()
	seen := map[int]string{}
	for _, d := range list {
		if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(src) {
			t.Errorf("%s: span %v is outside the source", d.Code, d.Span)
			continue
		}
		line := bytes.Count(src[:d.Span.Start], []byte{'\n'}) + 1
		if other, ok := seen[line]; ok {
			t.Errorf("line %d has two problems: %s and %s", line, other, d.Code)
		}
		seen[line] = d.Code
		if d.Message == "" || strings.HasSuffix(d.Message, ".") {
			t.Errorf("%s: the message %q ends with a full stop, or is empty", d.Code, d.Message)
		}
		if f := d.Fix; f != nil && (f.Span.Start < 0 || f.Span.End < f.Span.Start || f.Span.End > len(src)) {
			t.Errorf("%s: the fix is outside the source", d.Code)
		}
	}
}

// A fix does what its problem asks for: applied, the problem is gone.
func TestFixesFix(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/problems/*.txtar")
	fixes := 0
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		src := a.Files[0].Data
		_, list := ParseFile("in.flow", src)
		for _, d := range list {
			if d.Fix == nil {
				continue
			}
			fixes++
			fixed := []byte(string(src[:d.Fix.Span.Start]) + d.Fix.Text + string(src[d.Fix.Span.End:]))
			_, after := ParseFile("in.flow", fixed)
			line := diag.NewLines(src).LineAt(d.Span.Start)
			for _, x := range after {
				if x.Code == d.Code && x.Message == d.Message && diag.NewLines(fixed).LineAt(x.Span.Start) == line {
					t.Errorf("%s: the fix of %q leaves it:\n%s", file, d.Message, show(fixed, diag.List{x}))
				}
			}
		}
	}
	if fixes < 30 {
		t.Errorf("only %d fixes", fixes)
	}
}
