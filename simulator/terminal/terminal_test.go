package terminal

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"baraza/engine"
)

// A message on a window of 24 columns: wrapped at words, options hanging below their label, a script without
// spaces cut where it fits, and an address that no line holds.
func TestAMessageFitsTheWindow(t *testing.T) {
	t.Parallel()
	m := &engine.Outgoing{
		Header: "Example Relief Desk",
		Text:   "Where do you want to go?\nhttps://example.org/a/long/address\n長い名前の事務所へようこそいらっしゃいませ",
		Link:   "https://example.org/way", LinkLabel: "The way",
		Footer: "Free",
		Options: []engine.Choice{
			{Number: 1, Label: "The office in Nairobi", About: "Monday to Friday"},
			{Number: 10, Label: "مكتب"},
		},
	}
	var b bytes.Buffer
	painter{live: true, width: 24}.bubble(&b, "< ", cyan, m)
	want := `
< Example Relief Desk
  Where do you want to
  go?
  https://example.org/a/
  long/address
  長い名前の事務所へよう
  こそいらっしゃいませ
  The way:
  https://example.org/wa
  y
  Free
    1. The office in
       Nairobi – Monday
       to Friday
   10. مكتب
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), b.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMarkupIsColourOnlyWhereColourIsWanted(t *testing.T) {
	t.Parallel()
	const text = "Write *menu* or _stop_, \\*really\\*, ~never~."
	for _, c := range []struct {
		p    painter
		want string
	}{
		{painter{}, "Write menu or stop, *really*, never."},
		{painter{live: true, width: 80}, "Write menu or stop, *really*, never."},
		{painter{live: true, color: true, width: 80}, "Write \x1b[1mmenu\x1b[0m or \x1b[3mstop\x1b[0m, *really*, \x1b[9mnever\x1b[0m."},
	} {
		if got := c.p.text(text); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.p, got, c.want)
		}
	}
}

// Isolates keep a number in its place on a terminal, and would be invisible traps in a file.
func TestNothingSentPlaysWithTheTerminal(t *testing.T) {
	t.Parallel()
	const sent = "a\x1b[31mb\x07\u202ec\x9bd\u2068٣\u2069\n\te\xff"
	for _, c := range []struct {
		p    painter
		want string
	}{
		{painter{}, "a\ufffd[31mb\ufffd\ufffdc\ufffdd٣\n\te\ufffd"},
		{painter{live: true}, "a\ufffd[31mb\ufffd\ufffdc\ufffdd\u2068٣\u2069\n\te\ufffd"},
	} {
		if diff := cmp.Diff(c.want, c.p.visible(sent)); diff != "" {
			t.Errorf("live %v (-want +got)\n%s", c.p.live, diff)
		}
	}
}

func TestWrappingKeepsTheWordsAndTheWidth(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{"a", "word", " ", "  ", "長い", "👩‍👩‍👧", "é", "\x1b[1m", "\x1b[0m", "مكتب", "-", "averyverylongword"})
	rapid.Check(t, func(t *rapid.T) {
		line := strings.Join(rapid.SliceOf(piece).Draw(t, "line"), "")
		width := rapid.IntRange(2, 30).Draw(t, "width")
		hang := rapid.IntRange(0, 6).Draw(t, "hang")
		p := painter{live: true, color: true}
		rows := p.wrap(line, width, hang)
		for i, row := range rows {
			room := width
			if i > 0 {
				room = max(1, width-hang)
			}
			if n := uniseg.StringWidth(unpainted(row)); n > room && uniseg.GraphemeClusterCount(unpainted(row)) > 1 {
				t.Fatalf("row %d has %d columns of %d: %q", i, n, room, rows)
			}
		}
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := strings.Join(rows, ""); bare(got) != bare(line) {
			t.Fatalf("%q became %q", line, rows)
		}
	})
}

func TestAStretchOfTimeIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "10m": 10 * time.Minute, "2h": 2 * time.Hour, " 25 hours ": 25 * time.Hour,
		"1 day": 24 * time.Hour, "3d": 72 * time.Hour, "2 weeks": 14 * 24 * time.Hour,
	} {
		if got, err := span(text); err != nil || got != want {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "2", "h", "-2h", "2.5h", "two hours", "100000 weeks", "99999999999999999999h", "2h 3m"} {
		if got, err := span(text); err == nil {
			t.Errorf("%q is %v, want an answer what to write", text, got)
		}
	}
}

func TestTabFinishesACommand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line, want string
		key        rune
	}{
		{":wh", ":where ", '\t'},
		{":s", "", '\t'}, // skip or staff
		{":zz", "", '\t'},
		{"wh", "", '\t'},
		{":wh", "", 'e'},
	} {
		got, pos, ok := complete(c.line, len(c.line), c.key)
		if got != c.want || ok != (c.want != "") || ok && pos != len(got) {
			t.Errorf("%q with %q gives %q at %d (%v), want %q", c.line, c.key, got, pos, ok, c.want)
		}
	}
}
