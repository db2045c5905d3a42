package pack_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"baraza/dsl/pack"

	"github.com/google/go-cmp/cmp"
)

// versions of the files of a pack. Each edit of the test takes another version of one file; "" takes it away.
var versions = map[string][]string{
	"ec/pack.flow": {
		"pack ec: E\n  languages es, en\n  start a\n  fallback b.two\nfield city: text\ntable offices from tables/offices.csv\n  id: text\n  lat: number\nteam staff: Staff\nuse ../shared as lib\nlib.team staff is staff\n",
		"pack ec: E\n  languages es, en\n  start a\n  fallback b.two\nfield city: number\ntable offices from tables/offices.csv\n  id: text\n  lat: text\nteam staff: Staff\nuse ../shared as lib\n",
		"pack ec: E\n  languages es\n  start b\n  fallback nowhere\ntable offices from tables/other.csv\n  id: text\nteam people: People\nuse ../shared as safety\n",
		"pack ec: E\nfeild city: text\n",
	},
	"ec/a.flow": {
		"flow a: A\nstep one\n  call b with n = 1 as got\n  say: {got} {city}\n  -> b.two\nstep two\n  -> lib.help\n",
		"flow a: A\nstep one\n  call c as got\n  say: {got}\n  call a as me\n  say: {me}\n  return got\n",
		"flow a: A\non any message as note\nstep one\n  say: {note}\n  -> one\n",
		"flow a: A\nstep one\n  sya: x\n  say: {unknown}\n",
		"flow b: Also called b\nstep one\n  say: x\n",
		"",
	},
	"ec/b.flow": {
		"flow b: B\ntakes n: number\nstep one\n  return n\nstep two\n  say: {n}\n",
		"flow b: B\ntakes n: text\nstep one\n  if 1 > 2\n    return n\nstep two\n  say: {n}\n",
		"flow b: B\nstep one\n  call c as x\n  return x\nstep two\n  ask city as text: City?\n  say: {city}\n",
		"",
	},
	"ec/c.flow": {
		"flow c: C\nstep one\n  for each office in offices\n    say: {office.lat}\n  return 2\n",
		"flow c: C\nstep one\n  call a as x\n  return x\n",
		"flow c: C\nstep one\n  call b as x\n  say: {x}\n  return \"x\"\n",
		"",
	},
	"ec/tables/offices.csv": {"id,lat\na,1\n", "id,lat\na,x\n", "id,lat\na,\n", ""},
	"ec/locale/en.po": {
		"msgctxt \"a.one.say\"\nmsgid \"{got} {city}\"\nmsgstr \"{city} {gott}\"\n",
		"msgctxt \"a.one.say\"\nmsgid \"{got}\"\nmsgstr \"{got}\"\n\nmsgctxt \"b.two.say\"\nmsgid \"{n}\"\nmsgstr \"{n}!\"\n",
		"msgctxt \"a.one.say\n", "",
	},
	"shared/pack.flow":  {"pack lib: L\nteam staff: Staff\n", "pack lib: L\nteam people: P\nfield city: text\n", ""},
	"shared/help.flow":  {"flow help: H\nstep one\n  alert staff: {opens(staff)}\n  -> a\n", "flow halp: H\nstep one\n  say: {city}\n"},
	"ec/tests/all.flow": {"test T\n  expect got == 1\n  expect at a.one\n", "test T\n  expect city == \"x\"\n", ""},
}

// What a cache gives must be what a build from nothing gives, whatever was edited before.
func TestABuildWithACacheIsTheSameAsOneWithout(t *testing.T) {
	t.Parallel()
	names := slices.Sorted(maps.Keys(versions))
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			fsys := fstest.MapFS{}
			for _, name := range names {
				fsys[name] = &fstest.MapFile{Data: []byte(versions[name][0])}
			}
			cache := pack.NewCache()
			for range 120 {
				edited := names[random.IntN(len(names))]
				text := versions[edited][random.IntN(len(versions[edited]))]
				delete(fsys, edited)
				if text != "" {
					fsys[edited] = &fstest.MapFile{Data: []byte(text)}
				}
				src, _ := pack.Load(fsys, "ec")
				want, got := everything(src, nil), everything(src, cache)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("after an edit of %s to\n%s\n(-without +with a cache)\n%s", edited, text, diff)
				}
			}
		})
	}
}

// everything that is known of a pack, as text.
func everything(src *pack.Sources, cache *pack.Cache) string {
	p, problems := pack.Build(src, cache)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v %v %v %s\n", p.ID, p.Languages, p.Channels, p.Broken, p.Hash)
	for _, d := range []*pack.Dest{p.Start, p.Fallback} {
		if d != nil {
			fmt.Fprintf(&b, "to %d %s %v\n", d.Kind, d.Flow.Full(), slices.Contains(p.Flows, d.Flow))
		}
	}
	b.WriteString(rendered(problems, src) + stringsOf(p) + variablesOf(p) + entriesOf(p))
	for _, f := range p.Flows {
		for _, s := range f.Steps {
			fmt.Fprintf(&b, "%s %d\n", s.Full(), len(s.Body))
		}
		for _, v := range f.Takes {
			fmt.Fprintf(&b, "takes %s %s\n", v.Name, shown(v.Type))
		}
	}
	for _, table := range p.Tables {
		fmt.Fprintf(&b, "%s %v\n", table.Name, table.Rows)
	}
	for _, test := range p.Tests {
		fmt.Fprintln(&b, test.Title)
	}
	var exprs []string
	for e, typ := range p.Exprs {
		exprs = append(exprs, fmt.Sprintf("%s:%d %s %s", e.Pos.Filename, e.Pos.Offset, e.Source, shown(typ)))
	}
	slices.Sort(exprs)
	return b.String() + strings.Join(exprs, "\n")
}

// Later stages keep what they made of a flow as long as it is the same.
func TestAFlowIsTheSameOneUntilSomethingItDependsOnChanges(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{}
	for name, texts := range versions {
		fsys[name] = &fstest.MapFile{Data: []byte(texts[0])}
	}
	cache := pack.NewCache()
	build := func(edited, text string) map[string]*pack.Flow {
		fsys[edited] = &fstest.MapFile{Data: []byte(text)}
		src, _ := pack.Load(fsys, "ec")
		p, _ := pack.Build(src, cache)
		flows := map[string]*pack.Flow{}
		for _, f := range p.Flows {
			flows[f.Full()] = f
		}
		return flows
	}
	one := build("ec/a.flow", versions["ec/a.flow"][0])
	two := build("ec/c.flow", "flow c: C\nstep one\n  return 3\n")
	if one["a"] != two["a"] || one["b"] != two["b"] {
		t.Error("an edit of c made a and b anew, which do not use it")
	}
	if one["c"] == two["c"] {
		t.Error("an edit of c left it as it was")
	}
	three := build("ec/b.flow", "flow b: B\ntakes n: number\nstep one\n  return \"text\"\nstep two\n  say: x\n")
	if three["a"] == two["a"] {
		t.Error("a keeps the type of what b returned before")
	}
	four := build("ec/pack.flow", versions["ec/pack.flow"][1])
	if four["c"] == three["c"] {
		t.Error("c keeps the declarations of before")
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("id,name,lat,open,kind,since\na,One,1.5,yes,low,2027-01-01\n"))
	f.Add([]byte("\ufeffid;name\na;\"x;y\"\n"))
	f.Add([]byte("id\n\"open\n"))
	f.Add([]byte("a\"b,c\r\n,,\r\n"))
	f.Add([]byte("id,id\n\xff"))
	head := "pack ec: E\ntable offices from tables/offices.csv\n  id: text\n  name: text, translated\n  lat: number\n  open: yes or no\n  kind: low, high\n  since: date\n"
	f.Fuzz(func(t *testing.T, table []byte) {
		src, _ := pack.Load(fstest.MapFS{"ec/pack.flow": {Data: []byte(head)}, "ec/tables/offices.csv": {Data: table}}, "ec")
		p, problems := pack.Build(src, nil)
		for _, d := range problems {
			text, ok := src.Source(d.Span.File)
			if !ok || d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text) || d.Message == "" {
				t.Fatalf("problem %+v", d)
			}
		}
		ids := map[string]bool{}
		for _, row := range p.Tables[0].Rows {
			if len(row.Cells) != 6 && len(problems) == 0 {
				t.Fatalf("row %+v", row)
			}
			if len(problems) == 0 && (row.ID == "" || ids[row.ID]) {
				t.Fatalf("id of %+v", row)
			}
			ids[row.ID] = true
		}
	})
}
