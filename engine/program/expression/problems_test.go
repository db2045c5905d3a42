package expression_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/engine/program/expression"
)

// Every file in testdata/problems holds sources, one a block, with what a writer is told about it.
func TestWritersAreToldWhatToWrite(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/problems/*.txt")
	if len(files) == 0 {
		t.Fatal("there are no files in testdata/problems")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for block := range strings.SplitSeq(strings.TrimSpace(string(content)), "\n\n") {
				source, _, _ := strings.Cut(block, "\n")
				got.WriteString(told(t, source))
			}
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(content), got.String()); diff != "" {
				t.Errorf("what writers are told (-want +got):\n%s", diff)
			}
		})
	}
}

// told prints a source, a line under the place, and the problem.
func told(t *testing.T, source string) string {
	var out strings.Builder
	fmt.Fprintln(&out, source)
	problems := expression.CheckCondition(source, names)
	if len(problems) == 0 {
		fmt.Fprintln(&out, "  (no problem)")
	}
	for _, p := range problems {
		if p.Start < 0 || p.Start >= p.End || p.End > len(source) {
			t.Errorf("%q: the place %d-%d is not in the source", source, p.Start, p.End)
			continue
		}
		fmt.Fprintf(&out, "  %s at «%s»\n  %s\n", p.Code, source[p.Start:p.End], p.Message)
		for _, help := range p.Help {
			fmt.Fprintf(&out, "  = %s\n", help)
		}
		if p.Fix != nil {
			fmt.Fprintf(&out, "  > %s\n", source[:p.Fix.Start]+p.Fix.Text+source[p.Fix.End:])
		}
	}
	fmt.Fprintln(&out)
	return out.String()
}

// What a fix makes of a source must be better: the same problem is gone.
func TestAFixRemovesItsProblem(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/problems/*.txt")
	fixes := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(strings.TrimSpace(string(content)), "\n\n") {
			source, _, _ := strings.Cut(block, "\n")
			for _, p := range expression.CheckCondition(source, names) {
				if p.Fix == nil {
					continue
				}
				fixes++
				fixed := source[:p.Fix.Start] + p.Fix.Text + source[p.Fix.End:]
				for _, again := range expression.CheckCondition(fixed, names) {
					if again.Code == p.Code && again.Start <= p.Start && again.Message == p.Message {
						t.Errorf("%q was fixed to %q and has the same problem: %s", source, fixed, again.Message)
					}
				}
			}
		}
	}
	if fixes < 20 {
		t.Errorf("%d fixes were tried, want 20 or more", fixes)
	}
}
