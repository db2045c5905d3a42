package syntax

import (
	"bytes"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"baraza/dsl/diag"
)

// hostile are files that are refused, with the code of the one problem they have.
func hostile() map[string]struct {
	src  []byte
	code string
} {
	type file = struct {
		src  []byte
		code string
	}
	flow := "flow a: A\n\nstep b\n"
	var stairs strings.Builder
	stairs.WriteString(flow)
	for i := range 100 {
		stairs.WriteString(strings.Repeat(" ", i+2) + "if x\n")
	}
	return map[string]file{
		"100 MB":                  {bytes.Repeat([]byte("say: hi\n"), 100<<20/8), "too-large"},
		"a million brackets":      {[]byte(flow + "  if " + strings.Repeat("(", 1_000_000) + "\n"), "too-large"},
		"many brackets in 8 KB":   {[]byte(flow + "  if " + strings.Repeat("(", 8000) + "\n"), "too-deep"},
		"a million levels":        {[]byte(stairs.String()), "too-deep"},
		"a million spaces":        {[]byte(flow + strings.Repeat(" ", 1_000_000) + "say"), "too-deep"},
		"a long unknown line":     {[]byte(flow + "  " + strings.Repeat("x", 1_000_000)), "too-large"},
		"a long name":             {[]byte("step " + strings.Repeat("x", 9000)), "too-large"},
		"too many lines":          {bytes.Repeat([]byte("x\n"), 500_000), "too-large"},
		"not UTF-8":               {[]byte(flow + "  say: \xff\xfe\n"), "not-utf8"},
		"half a character":        {[]byte(flow + "  say: \xe2\x80"), "not-utf8"},
		"a surrogate":             {[]byte(flow + "  say: \xed\xa0\x80"), "not-utf8"},
		"UTF-16":                  {[]byte("\xff\xfef\x00l\x00o\x00w\x00"), "not-utf8"},
		"UTF-16 without a mark":   {[]byte(strings.Repeat("f\x00l\x00o\x00w\x00", 20)), "not-utf8"},
		"Word":                    {[]byte("PK\x03\x04\x14\x00\x06\x00"), "word-document"},
		"old Word":                {[]byte("\xd0\xcf\x11\xe0\xa1\xb1"), "word-document"},
		"PDF":                     {[]byte("%PDF-1.7\n"), "word-document"},
		"rich text":               {[]byte(`{\rtf1\ansi flow a: A}`), "word-document"},
		"web page":                {[]byte("<!DOCTYPE html>\n<html>"), "word-document"},
		"web page behind a blank": {[]byte("\ufeff\n <html>"), "word-document"},
		"picture":                 {[]byte("\x89PNG\r\n\x1a\n"), "word-document"},
		"a letter":                {[]byte("Dear all,\nhere is the text.\nIt has three lines.\n"), "word-document"},
	}
}

func TestHostileFilesAreRefusedBeforeTheGrammar(t *testing.T) {
	t.Parallel()
	for name, h := range hostile() {
		p := parseFile("in.flow", h.src)
		if p.calls != 0 {
			t.Errorf("%s: the grammar library was called %d times", name, p.calls)
		}
		if len(p.list) != 1 || p.list[0].Code != h.code {
			t.Errorf("%s: want %s, got %.300s", name, h.code, show(h.src[:min(len(h.src), 1000)], clipped(p.list)))
		}
	}
}

// clipped keeps what can be shown of the source's beginning.
func clipped(l diag.List) diag.List {
	out := diag.List{}
	for _, d := range l {
		d.Fix, d.Span.Start, d.Span.End = nil, min(d.Span.Start, 1000), min(d.Span.End, 1000)
		out = append(out, d)
	}
	return out
}

// largeFiles are as large as a file may be and full of one thing; what cannot be refused must be read in linear
// time, which BenchmarkLargeFiles shows by reading a half and all of each.
func largeFiles() map[string][]byte {
	const size = 1<<20 - 100
	flow := "flow a: A\n\nstep b\n"
	fill := func(before, unit, after string) []byte {
		n := (size - len(flow) - len(before) - len(after)) / len(unit)
		return []byte(flow + before + strings.Repeat(unit, n) + after)
	}
	return map[string][]byte{
		"open braces":              fill("  say: ", "{", "\n"),
		"open braces and one that": fill("  say: ", "{", "}\n"),
		"close braces":             fill("  say: ", "}", "\n"),
		"holes":                    fill("  say: ", "{a}", "\n"),
		"quotes in holes":          fill("  say: {", `"`, "}\n"),
		"plurals in plurals":       fill("  say: ", "{n, plural, one {", "\n"),
		"plurals":                  fill("  say: ", "{n, plural, one {a}}", "\n"),
		"backslashes":              fill("  say: ", `\`, "\n"),
		"arrows in a label":        fill("  ask: x\n    - ", "-> ", "\n"),
		"escaped arrows":           fill("  ask: x\n    - ", `\->`, "\n"),
		"blank lines in a text":    fill("  say:\n    a\n", "\n", "    b\n"),
		"blank lines":              fill("", "\n", ""),
		"spaces":                   fill("  say: a", " ", ""),
		"carriage returns":         fill("  say: a", "\r", ""),
		"combining marks":          fill("  say: a", "\u0301", "\n"),
		"joiners":                  fill("  say: a", "\u200d", "\n"),
		"commas":                   fill("  on message ", ", ", "\n"),
		"curly quotes":             fill("  say: {", "“", "}\n"),
		"unknown lines":            fill("", "  wxyz qwer\n", "")[:19000*12],
		"misspelt lines":           fill("", "  sya: x\n", "")[:19000*9],
		"tabs":                     fill("", "\tsay: x\n", "")[:19000*8],
		"odd levels":               fill("", "    say: x\n   say: x\n  say: x\n", "")[:6000*31],
		"comments":                 fill("", "#\n", ""),
		"zero bytes":               fill("  say: ", "\x00", ""),
	}
}

// The cost that no busy machine changes is what is allocated: twice the file may cost twice as much and a little.
func TestLargeFilesCostWhatTheyAreLong(t *testing.T) {
	// Not parallel: it reads the allocations of the whole process.
	for name, src := range largeFiles() {
		small, large := allocated(t, name, src[:len(src)/2]), allocated(t, name, src)
		if large > 8<<20 && large > 5*small/2 {
			t.Errorf("%s: half of it allocates %d bytes, all of it %d", name, small, large)
		}
	}
}

func allocated(t *testing.T, name string, src []byte) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tree, list := ParseFile("in.flow", src)
	runtime.ReadMemStats(&after)
	if tree == nil || len(list) > maxProblems+1 {
		t.Errorf("%s: %d problems", name, len(list))
	}
	return after.TotalAlloc - before.TotalAlloc
}

func BenchmarkLargeFiles(b *testing.B) {
	files := largeFiles()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for part, src := range map[string][]byte{"half": files[name][:len(files[name])/2], "all": files[name]} {
			b.Run(name+"/"+part, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					ParseFile("in.flow", src)
				}
			})
		}
	}
}

// The joiners that some scripts and emoji need stand in texts; the same character elsewhere is hidden.
func TestHiddenCharacters(t *testing.T) {
	t.Parallel()
	good := []string{
		"  say: می\u200cخواهم", "  say: क्\u200dष", "  say: 👩\u200d👩\u200d👧", "  say: ❤️\u200d🔥", "  say: 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
		"  say: a\u00a0b", "  say: 10\u202f000 €", "  say: ¿Qué tal? “bien”", "  say: 你好，世界：好",
	}
	for _, line := range good {
		if _, list := ParseFile("in.flow", []byte("flow a: A\n\nstep b\n"+line+"\n")); len(list) > 0 {
			t.Errorf("%q: %v", line, list)
		}
	}
	bad := []string{
		"  say: a\u202eb", "  say: a\u2066b", "  say: a\u200bb", "  say: a\u200cb", "  say: a\u200d", "  say: می\u200c\u200cخ", "  say: a\ufeffb", "  say: a\u00adb",
		"  say: a\x00b", "  say: a\x1bb", "  say: a\rb", "  say: a\u2028b", "  say: a\U000e0067", "  say: \u3164", "  # a comment\u202e", "  set a\u200cb = 3", "  say:\u00a0x", "\u00a0 say: x",
		"  -> b\u00a0",
	}
	for _, line := range bad {
		src := []byte("flow a: A\n\nstep b\n" + line + "\n")
		_, list := ParseFile("in.flow", src)
		if len(list) != 1 || list[0].Code != "hidden-character" && line != "\u00a0 say: x" {
			t.Errorf("%q: %s", line, show(src, list))
		}
	}
}

func TestEmptyFiles(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"", "\n\n", "\ufeff", "# only a comment\n", "  \r\n"} {
		tree, list := ParseFile("in.flow", []byte(src))
		if len(list) != 1 || list[0].Code != "empty-file" || list[0].Severity != diag.Warning || tree.Broken {
			t.Errorf("%q: %v, Broken %t", src, list, tree.Broken)
		}
	}
}
