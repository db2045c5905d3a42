package syntax

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"baraza/dsl/diag"

	"github.com/rogpeppe/go-internal/txtar"
)

func seeds(f *testing.F) {
	for _, src := range goodFiles(f) {
		f.Add(src)
	}
	files, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(txtar.Parse(data).Files[0].Data)
	}
	for _, s := range []string{"", "\xef\xbb\xbf", "\r", "\t\tsay", "flow a: A\nstep b\n  say:\n\n\n   x\n \n  end", "- [", "-> ", "say:{", "say: {a, plural, one {",
		"flow a: A\n\nstep b\n  ask: x\n    - “a → b\n   - c", "if x\n#\n  ((", "\u00a0say\u3000: x", "ask x as", "mon to", "at 2026-1-", "a.b c is"} {
		f.Add([]byte(s))
	}
}

// The tokens of any file, joined, are the file; blocks are balanced; nothing goes backwards.
func FuzzScan(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		s := newScan("in.flow", src)
		s.check()
		if s.refused {
			return
		}
		s.run()
		if s.refused {
			return
		}
		var joined []byte
		depth, at := 0, int32(0)
		for _, tok := range s.tokens {
			switch tok.kind {
			case indentToken:
				depth++
			case dedentToken:
				depth--
			}
			if depth < 0 {
				t.Fatal("a block ends that did not begin")
			}
			if tok.start != at && tok.kind != dedentToken || tok.end < tok.start {
				t.Fatalf("token %v does not begin at %d", tok, at)
			}
			if tok.kind != dedentToken {
				at = tok.end
			}
			joined = append(joined, src[tok.start:tok.end]...)
		}
		if depth != 0 {
			t.Fatalf("%d blocks do not end", depth)
		}
		if !bytes.Equal(joined, src) {
			t.Fatalf("tokens joined are %q, the source is %q", joined, src)
		}
		for i, l := range s.lines {
			if l.parent >= int32(i) || l.start > l.end || l.after < l.end {
				t.Fatalf("line %d: %+v", i, l)
			}
		}
	})
}

// Whatever a file holds, it is read, every place lies in it, and no line has two problems.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		tree, list := ParseFile("in.flow", src)
		checkSpans(t, tree)
		onePerLine(t, src, list)
		if tree.Broken != list.Any(diag.Error) {
			t.Errorf("Broken is %t with %d problems", tree.Broken, len(list))
		}
	})
}

// A fix is applied without making a new file that cannot be read at all, and a text is read alone as in a file.
func FuzzText(f *testing.F) {
	for _, s := range []string{"Hello {name}", "{n, plural, one {# a} other {# {x}}}", `\{ \-> \* {`, "a\n\n b {x,", "{{a}}", "}", "{a, select, x {y}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		text, list := ParseText("sw.po", src, 0, len(src))
		onePerLine(t, src, list)
		in := func(what string, start, end int) {
			if start < 0 || end < start || end > len(src) {
				t.Fatalf("%s: %d-%d is outside the source", what, start, end)
			}
		}
		checkParts(in, text.Parts)
	})
}
