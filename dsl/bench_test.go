package dsl_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"baraza/dsl"
	"baraza/dsl/check"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
)

// generated is a pack of so many flows, of 30 lines each, without a problem.
func generated(flows int) fstest.MapFS {
	files := fstest.MapFS{}
	example := diag.Example{Files: map[string]string{}}
	def := example.FS()
	for _, name := range []string{"pack.flow", "teams.flow", "safety.flow", "person.flow", "fraud.flow"} {
		f, err := def.Open(diag.ExampleDir + "/" + name)
		if err != nil {
			panic(err)
		}
		info, err := f.Stat()
		if err != nil {
			panic(err)
		}
		text := make([]byte, info.Size())
		if _, err := f.Read(text); err != nil {
			panic(err)
		}
		files["p/"+name] = &fstest.MapFile{Data: text}
	}
	var welcome strings.Builder
	welcome.WriteString("field city: text, kept 1 year\n  why: To show the offices near you.\n\nflow welcome: Welcome\n\nstep hello\n  public\n  say: Hello. Write the number of a topic.\n  end\n")
	files["p/flows.flow"] = &fstest.MapFile{Data: []byte(welcome.String())}
	for i := range flows {
		files[fmt.Sprintf("p/flow%04d.flow", i)] = &fstest.MapFile{Data: []byte(flowNumber(i, flows))}
	}
	return files
}

func flowNumber(i, of int) string {
	return fmt.Sprintf(`flow topic%[1]d: Topic %[1]d

on message topic%[1]d, number %[1]d

step menu
  public
  ask: What do you want to know about topic %[1]d?
    header: Topic %[1]d
    - [papers] Papers -> papers
    - [days] Opening days -> days
    - [other] Another topic -> topic%[2]d
    when not understood: Tap one of the answers, or write its number.
    when not understood 2 times -> person_word

step papers
  ask need: Which paper do you need?
    - [birth] A birth certificate
    - [stay] A paper to stay
    when not understood 2 times -> person_word
  ask people as number from 1 to 20: For how many people?
    when not understood 2 times -> person_word
  if need == "birth" and people > 1
    say: Bring all {people} children. Write *menu* for more.
  else
    say: Come on Monday with {people, plural, one {# person} other {# people}}.
  -> days

step days
  public
  say: We are open from Monday to Friday, for topic %[1]d in the morning.
  end
`, i, (i+1)%of)
}

func TestTheGeneratedPackHasNoProblem(t *testing.T) {
	t.Parallel()
	fsys := generated(20)
	r := dsl.Open(fsys, "p").Check()
	if len(r.Problems) > 0 || r.Program() == nil {
		t.Errorf("got %v", r.Problems)
	}
	lines := strings.Count(flowNumber(0, 20), "\n")
	if lines < 30 {
		t.Errorf("a flow of %d lines, want 30", lines)
	}
}

// BenchmarkCompile loads, checks and compiles a pack of 1,000 flows (30,000 lines) from nothing.
func BenchmarkCompile(b *testing.B) {
	for _, flows := range []int{10, 100, 1000} {
		fsys := generated(flows)
		b.Run(fmt.Sprintf("%d flows", flows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p, problems := dsl.Compile(fsys, "p"); p == nil {
					b.Fatal(problems)
				}
			}
		})
	}
}

// BenchmarkRecheck edits one file of 1,000 and checks again.
func BenchmarkRecheck(b *testing.B) {
	fsys := generated(1000)
	checker := dsl.Open(fsys, "p")
	checker.Check()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		fsys["p/flow0500.flow"] = &fstest.MapFile{Data: []byte(flowNumber(500, 1000) + fmt.Sprintf("\nstep more%d\n  say: More.\n", i))}
		if r := checker.Check(); len(r.Problems) != 1 {
			b.Fatal(r.Problems)
		}
	}
}

// BenchmarkLongFlow checks one flow of a thousand and of five thousand branches: the time must grow with the length.
func BenchmarkLongFlow(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		fsys := generated(1)
		var text strings.Builder
		text.WriteString("flow long: Long\n\non message long\n\nstep one\n  set n = 1\n")
		for i := range n {
			fmt.Fprintf(&text, "  if n == %d\n    say: Yes.\n  ask a%d as text: Why?\n", i, i)
		}
		fsys["p/long.flow"] = &fstest.MapFile{Data: []byte(text.String())}
		src, _ := pack.Load(fsys, "p")
		p, _ := pack.Build(src, nil)
		b.Run(fmt.Sprintf("%d branches", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				check.All(p, check.Options{})
			}
		})
	}
}

// BenchmarkStages tells where the time of BenchmarkCompile goes.
func BenchmarkStages(b *testing.B) {
	fsys := generated(1000)
	src, _ := pack.Load(fsys, "p")
	p, _ := pack.Build(src, nil)
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			pack.Load(fsys, "p")
		}
	})
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			pack.Build(src, nil)
		}
	})
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			check.All(p, check.Options{})
		}
	})
}

func TestAnEditOfOneFlowChecksOneFlow(t *testing.T) {
	t.Parallel()
	fsys := generated(30)
	checker := dsl.Open(fsys, "p")
	checker.Check()
	if checker.Fresh() < 30 {
		t.Fatalf("%d flows were checked, want all", checker.Fresh())
	}
	checker.Check()
	if got := checker.Fresh(); got != 0 {
		t.Errorf("%d flows were checked again though nothing changed", got)
	}
	fsys["p/flow0007.flow"] = &fstest.MapFile{Data: []byte(flowNumber(7, 30) + "\nstep more\n  say: More.\n")}
	if got := checker.Check().Problems; len(got) != 1 || got[0].Code != "unreachable-step" {
		t.Errorf("got %v, want one step that no one can reach", got)
	}
	if got := checker.Fresh(); got != 1 {
		t.Errorf("%d flows were checked, want the one that changed", got)
	}
	fsys["p/flow0007.flow"] = &fstest.MapFile{Data: []byte(flowNumber(7, 30))}
	fsys["p/fields.flow"] = &fstest.MapFile{Data: []byte("field people: text, kept 1 year\n  why: To know.\n")}
	if got := checker.Check().Problems; len(got) == 0 {
		t.Error("a field that changes the type of an answer in every flow was not seen")
	}
}
