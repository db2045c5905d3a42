package format_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/dsl/diag"
	"baraza/dsl/format"
	"baraza/dsl/syntax"
)

// However a formatted file is indented, spread out and ended, formatting brings it back.
func TestAnyMessOfSpacesIsPutInOrder(t *testing.T) {
	t.Parallel()
	all := packs(t)
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "file")
		want, _ := format.Source(name, all[name])
		got, problems := format.Source(name, mess(t, string(want)))
		if problems.Any(diag.Error) {
			t.Fatalf("the mess cannot be read: %v", problems)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

// mess changes the white space of a file that means nothing.
func mess(t *rapid.T, text string) []byte {
	width := rapid.IntRange(1, 4).Draw(t, "indentation")
	end := rapid.SampledFrom([]string{"\n", "\r\n", "  \n", " \t\r\n"}).Draw(t, "line end")
	more := rapid.SliceOfN(rapid.IntRange(0, 2), 1, 8).Draw(t, "blank lines")
	var b strings.Builder
	if rapid.Bool().Draw(t, "byte-order mark") {
		b.WriteString("\ufeff")
	}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		words := strings.TrimLeft(line, " ")
		b.WriteString(strings.Repeat(" ", width*(len(line)-len(words))/2) + words + end)
		if words == "" { // spread only what is apart already
			b.WriteString(strings.Repeat(end, more[i%len(more)]))
		}
	}
	return []byte(b.String())
}

// Lines are put in, left out and moved sideways; wherever something that can be read comes out, the promises hold.
func TestCommentsAndLinesMayStandAnywhere(t *testing.T) {
	t.Parallel()
	all := packs(t)
	for _, name := range cases(t) {
		archive := read(t, name)
		all[name] = file(t, archive, "in.flow")
	}
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "file")
		lines := strings.Split(string(all[name]), "\n")
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			at := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
			indent := strings.Repeat(" ", rapid.IntRange(0, 9).Draw(t, "indentation"))
			switch rapid.SampledFrom([]string{"comment", "comment", "blank", "out", "sideways"}).Draw(t, "change") {
			case "comment":
				lines = slices.Insert(lines, at, indent+"# a comment")
			case "blank":
				lines = slices.Insert(lines, at, indent)
			case "out":
				lines = slices.Delete(lines, at, at+1)
				if len(lines) == 0 {
					return
				}
			case "sideways":
				lines[at] = indent + strings.TrimLeft(lines[at], " ")
			}
		}
		src := []byte(strings.Join(lines, "\n"))
		if _, problems := syntax.ParseFile("a.flow", src); !problems.Any(diag.Error) {
			promises(t, name, src)
		}
	})
}

// FuzzFormat takes any bytes. What is no flow comes back as it is; what is one means the same after formatting, and
// formatting it again changes nothing.
func FuzzFormat(f *testing.F) {
	for _, name := range cases(f) {
		f.Add(file(f, read(f, name), "in.flow"))
	}
	for _, hostile := range []string{
		"", "\ufeff", "\n\n#", "flow a\r\n\r\nstep b\r\n  end",
		"flow a\nstep b\n  say:\n    one\n\u00a0\n    two\n      # no comment\n  # a comment",
		"flow a\n# x\n\n\n# y\nstep b\n\n\n  # z\n  ask: ب\n    - ب -> end\n      #\n  #",
		"hours a\n  sun to mon 09:00-26:00\n  tue,tue 1:00-2:00\n\n\nhours b",
	} {
		f.Add([]byte(hostile))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		got, problems := format.Source("a.flow", src)
		if problems.Any(diag.Error) {
			if string(got) != string(src) {
				t.Errorf("a broken file was changed from %q to %q", src, got)
			}
			return
		}
		promises(t, "the file", src)
	})
}

func BenchmarkFormat(b *testing.B) {
	src := packs(b)["../../flows/ec/pack.flow"]
	tree, _ := syntax.ParseFile("pack.flow", src)
	b.ReportAllocs()
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		format.File(tree)
	}
}
