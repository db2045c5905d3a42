package main

import (
	"go/parser"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl/syntax"
)

const root = "../../.."

func TestTheReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	old, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	page, err := fill(root, string(old))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(old), page); diff != "" {
		t.Errorf("%s is not up to date; run make docs (-is +should be):\n%s", document, diff)
	}
}

func TestEverySectionOfTheTableIsInTheReference(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	for title := range syntax.Sections {
		if !strings.Contains(string(page), "<!-- statements:begin "+title+" -->") {
			t.Errorf("the section %q is not in %s", title, document)
		}
	}
}

func TestOnlyLinesOfMediaShareARow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ section, row string }{
		{"Statements", "| `say image PATH[: CAPTION]`; and so `audio`, `video`, `document`, `sticker` |"},
		{"Statements", "| `opt out` |"},
		{"Statements", "| `opt in` |"},
		{"Below a statement", "| `when answered[: TEXT\\| -> TARGET]` |"},
	} {
		got, err := statements(root, c.section)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got, c.row) {
			t.Errorf("%s: there is no row %s in\n%s", c.section, c.row, got)
		}
	}
}

func TestABlockThatIsNotKnownIsAnError(t *testing.T) {
	t.Parallel()
	for _, page := range []string{
		"<!-- statements:begin Nothing -->\n<!-- statements:end -->",
		"<!-- weather:begin -->\n<!-- weather:end -->",
		"<!-- limits:begin -->\nand no end",
	} {
		if got, err := fill(root, page); err == nil {
			t.Errorf("%q became %q", page, got)
		}
	}
}

func TestTextOutsideTheBlocksStays(t *testing.T) {
	t.Parallel()
	const page = "before\n<!-- a comment -->\n<!-- functions:begin -->\nold\n<!-- functions:end -->\nafter\n"
	got, err := fill(root, page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, "before\n<!-- a comment -->\n<!-- functions:begin -->\n| Function |") ||
		!strings.HasSuffix(got, "|\n<!-- functions:end -->\nafter\n") || strings.Contains(got, "old") {
		t.Errorf("got:\n%s", got)
	}
}

func TestNumbersAreShownAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		written string
		unit    unit
		want    string
	}{
		{"2000", count, "2,000"},
		{"50_000", count, "50,000"},
		{"8", count, "8"},
		{"1 << 20", bytes, "1 MiB"},
		{"4 << 10", bytes, "4 KiB"},
		{"512", bytes, "512 bytes"},
		{"8 * 24 * time.Hour", duration, "8 days"},
		{"24 * time.Hour", duration, "24 hours"},
		{"100 * 365 * 86400", years, "100 years"},
	} {
		e, err := parser.ParseExpr(c.written)
		if err != nil {
			t.Fatal(err)
		}
		n, err := whole(e)
		if err != nil {
			t.Errorf("%s: %v", c.written, err)
		}
		if got := (held{value: n}).show(c.unit); got != c.want {
			t.Errorf("%s: got %q, want %q", c.written, got, c.want)
		}
	}
}
