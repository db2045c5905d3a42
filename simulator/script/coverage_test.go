package script_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator/script"
)

var covered = map[string]string{
	"tables/offices.csv": "id,name\nnbo,Nairobi\nkak,Kakuma\n",
	"flows.flow": `use ../shared as safety

table offices from tables/offices.csv
  id: text
  name: text

flow welcome: Welcome

step hello
  ask several needs: What do you need?
    - [food] Food
    - [water] Water
    - [tent] A tent
    when image or audio: Please write it.
    when silent for 2 hours -> end
    when not understood 2 times -> person_word
  ask office from offices show name: Which office?
    - [none] None of them
    when not understood 2 times -> person_word
  if known(office)
    say: {office.name}
  -> safety.help

step never
  say: Nobody comes here.
`,
	"../shared/pack.flow": "pack shared: Shared\n",
	"../shared/help.flow": "flow help: Help\n\nstep start\n  say: Help.\n\nstep other\n  say: More help.\n",
	"tests/tests.flow": `test One of everything
  person: hello
  bot: …
  person sends audio
  bot: …
  person: 1, 3
  bot: Which office?
  person: 2
  bot: Kakuma
  bot: Help.
  bot: More help.
`,
}

// What stands in the sample's own file; the default pack is visited by nobody, and libraries do not count.
func TestCoverageTellsWhatNoTestVisits(t *testing.T) {
	t.Parallel()
	r := dsl.Open(diag.Example{Files: covered}.FS(), diag.ExampleDir).Check()
	if r.Program() == nil {
		t.Fatal(r.Problems)
	}
	cover := script.NewCoverage(r.Program())
	for _, test := range r.Pack.Tests {
		if result := script.Run(r.Pack, r.Program(), nil, test, cover); !result.Passed {
			t.Fatal(result.Problem, result.Rows)
		}
	}
	var got []string
	for _, part := range cover.Parts() {
		for _, name := range part.Unseen {
			if strings.HasPrefix(name, "flows.flow:") {
				got = append(got, part.Name+": "+name)
			}
			if strings.Contains(name, "shared") {
				t.Errorf("a library's flow is counted: %s", name)
			}
		}
		if part.Fraction >= 1 || part.Fraction < 0 || part.Total <= len(part.Unseen) {
			t.Errorf("%+v", part)
		}
	}
	want := []string{
		"steps: flows.flow:24: step welcome.never",
		"choices: flows.flow:9: in welcome.hello.needs: [water] Water",
		"choices: flows.flow:9: in welcome.hello.office: [none] None of them",
		"when branches: flows.flow:9: in welcome.hello.needs: when silent for 2 hours",
		"when branches: flows.flow:9: in welcome.hello.needs: when not understood 2 times",
		"when branches: flows.flow:9: in welcome.hello.office: when not understood 2 times",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A row is told by its number behind the options, or by no number at all.
func TestARowCountsHoweverItIsTold(t *testing.T) {
	t.Parallel()
	p := &program.Program{
		Flows:  []program.Flow{{Name: "f"}},
		Steps:  []program.Step{{Name: "s", File: "f.flow", Line: 1}},
		Exprs:  []program.Expr{{Source: "offices"}},
		States: []program.State{{Ask: &program.Ask{Rows: &program.Rows{}}}},
	}
	for _, sub := range []int{-1, 0, 7} {
		cover := script.NewCoverage(p)
		cover.Add(engine.TraceEvent{Kind: engine.TraceOption, Index: 0, Sub: sub})
		if unseen := cover.Parts()[1].Unseen; len(unseen) > 0 {
			t.Errorf("told as %d: %v", sub, unseen)
		}
	}
}
