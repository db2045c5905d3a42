package diag

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func at(file string, start, end int) Span { return Span{file, start, end} }

func TestSortPutsProblemsInTheOrderOfTheSource(t *testing.T) {
	t.Parallel()
	l := List{
		New(Warning, "w", at("b.flow", 0, 1), "first of two equal"),
		New(Error, "e", at("a.flow", 9, 10), "later"),
		New(Warning, "w", at("b.flow", 0, 1), "second of two equal"),
		New(Error, "e", at("a.flow", 2, 3), "sooner"),
		New(Error, "e", at("b.flow", 0, 9), "the error beside the warnings"),
		New(Error, "e", Span{}, "the pack"),
	}
	l.Sort()
	var got []string
	for _, d := range l {
		got = append(got, d.Message)
	}
	want := []string{"the pack", "sooner", "later", "the error beside the warnings", "first of two equal", "second of two equal"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if l.Errors() != 4 || l.Warnings() != 2 || !l.Any(Error) || l[:1].Any(Warning) {
		t.Errorf("counts: %d errors, %d warnings", l.Errors(), l.Warnings())
	}
}

func TestThinLeavesOneProblemOnALineThatCannotBeRead(t *testing.T) {
	t.Parallel()
	src := files1{"a.flow": "say Hello {nam}\nsay: {nam} {nam}\n"}
	l := List{
		New(Error, "unknown-name", at("a.flow", 11, 14), "a name of a line that cannot be read"),
		New(Error, "missing-colon", at("a.flow", 3, 4), "kept: the first syntax error"),
		New(Error, "open-brace", at("a.flow", 10, 11), "the second syntax error"),
		New(Warning, "heavy-reading", at("a.flow", 0, 15), "a warning on the same line"),
		New(Error, "unknown-name", at("a.flow", 22, 25), "kept: a line that can be read"),
		New(Error, "unknown-name", at("a.flow", 28, 31), "kept: the second of that line"),
		New(Error, "unknown-name", at("a.flow", 28, 31), "the same again"),
		New(Error, "missing-colon", at("gone.flow", 0, 1), "kept: no text, no lines"),
		New(Error, "unknown-name", at("gone.flow", 0, 1), "kept: no text, no lines"),
		New(Error, "unknown-name", Span{}, "kept: the pack"),
	}
	before := cmp.Diff(nil, l)
	var got []string
	for _, d := range Thin(l, src) {
		got = append(got, d.Message)
	}
	want := []string{
		"kept: the first syntax error", "kept: a line that can be read", "kept: the second of that line",
		"kept: no text, no lines", "kept: no text, no lines", "kept: the pack",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if cmp.Diff(nil, l) != before {
		t.Error("Thin changed the list it was given")
	}
}

func TestCopiesOfADiagnosticDoNotShareWhatIsAdded(t *testing.T) {
	t.Parallel()
	base := New(Error, "c", at("a", 0, 1), "100%").WithHelp("one").WithNote(at("a", 1, 2), "a %s", "note")
	left, right := base.WithHelp("left"), base.WithHelp("right").WithFix(at("a", 0, 1), "b", true)
	if diff := cmp.Diff([]string{"one", "left"}, left.Help); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"one", "right"}, right.Help); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if left.Fix != nil || base.Message != "100%" || base.Notes[0].Message != "a note" {
		t.Errorf("got %+v", left)
	}
}

func TestLinesCountAsPeopleAndAsProgramsDo(t *testing.T) {
	t.Parallel()
	src := "ab\r\n日本👩‍👩‍👧x\n\nlast"
	lines := NewLines([]byte(src))
	for _, c := range []struct {
		offset int
		want   Position
	}{
		{-5, Position{1, 1, 1}},
		{0, Position{1, 1, 1}},
		{2, Position{1, 3, 3}},
		{3, Position{1, 3, 4}},
		{4, Position{2, 1, 1}},
		{5, Position{2, 1, 2}},
		{7, Position{2, 2, 4}},
		{10, Position{2, 3, 7}},
		{28, Position{2, 4, 25}},
		{29, Position{2, 5, 26}},
		{30, Position{3, 1, 1}},
		{31, Position{4, 1, 1}},
		{35, Position{4, 5, 5}},
		{99, Position{4, 5, 5}},
	} {
		if got := lines.Position(c.offset); got != c.want {
			t.Errorf("offset %d: got %+v, want %+v", c.offset, got, c.want)
		}
	}
	for i, want := range []string{"ab", "日本👩‍👩‍👧x", "", "last"} {
		if got := string(lines.Text(i + 1)); got != want {
			t.Errorf("line %d: got %q, want %q", i+1, got, want)
		}
	}
}

func TestColumnsOfALongLineAreTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	var src []byte
	for range 3000 {
		src = append(src, "日é👩‍👩‍👧a"...)
	}
	const unit, shown = 3 + 2 + 18 + 1, 4
	lines := NewLines(src)
	for i := 2999; i >= 0; i -= 7 {
		if got, want := lines.Position(i*unit+5).Column, i*shown+3; got != want {
			t.Fatalf("emoji %d: got column %d, want %d", i, got, want)
		}
	}
}
