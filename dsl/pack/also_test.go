package pack_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl/ast"
	"baraza/dsl/pack"
)

// A translator gives the further words of an option in the other language, in that language's own commas.
func TestTheFurtherWordsOfAnOptionAreTranslated(t *testing.T) {
	t.Parallel()
	src, problems := pack.Load(fstest.MapFS{
		"x/pack.flow":    {Data: []byte("pack x: X\n  country KE\n  timezone Africa/Nairobi\n  languages en, ar\n  start f\n")},
		"x/f.flow":       {Data: []byte("flow f: F\n\nstep s\n  ask city: Where?\n    - [kakuma] Kakuma\n        also: kalobeyei, the camp\n")},
		"x/locale/ar.po": {Data: []byte("msgctxt \"f.s.kakuma.also\"\nmsgid \"kalobeyei, the camp\"\nmsgstr \"كالوبيي، المخيم\"\n")},
	}, "x")
	p, more := pack.Build(src, pack.NewCache())
	if problems = append(problems, more...); len(problems) > 0 {
		t.Fatal(problems)
	}
	option := p.Flows[0].Steps[0].Body[0].Children[0]
	var s *pack.String
	for _, child := range option.Children {
		if _, ok := child.Head.(*ast.Also); ok {
			s = p.AlsoOf(child)
		}
	}
	if s == nil || s.ID != "f.s.kakuma.also" {
		t.Fatalf("the string is %+v", s)
	}
	got := s.Words(p.Translations["ar"].Entries[s.ID].Text)
	if diff := cmp.Diff([]string{"كالوبيي", "المخيم"}, got); diff != "" {
		t.Error(diff)
	}
}
