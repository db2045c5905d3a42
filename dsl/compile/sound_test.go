package compile_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/engine/program"
)

// What the catalog shows as good, and the packs of the project, are the flows that people write.
func TestEveryJumpLandsInEveryGoodExampleAndPack(t *testing.T) {
	t.Parallel()
	checked := 0
	check := func(name string, fsys fs.FS, dir string) {
		p, _ := dsl.Compile(fsys, dir)
		if p == nil {
			return // other tests say so
		}
		checked++
		for _, problem := range unsound(p) {
			t.Errorf("%s: %s", name, problem)
		}
	}
	for _, page := range diag.Pages() {
		for i, e := range page.Examples {
			if !e.Bad {
				check(fmt.Sprintf("%s, example %d", page.Code, i+1), e.FS(), diag.ExampleDir)
			}
		}
	}
	heads, err := fs.Glob(os.DirFS("../../flows"), "*/pack.flow")
	more, _ := fs.Glob(os.DirFS("../../flows"), "*/*/pack.flow")
	if err != nil || len(heads) == 0 {
		t.Fatalf("no pack (%v)", err)
	}
	for _, head := range append(heads, more...) {
		dir := path.Dir(head)
		check(dir, os.DirFS(path.Join("../../flows", path.Dir(dir))), path.Base(dir))
	}
	if checked < 60 {
		t.Errorf("only %d programs were looked at", checked)
	}
}

func TestWhateverIsAcceptedCompilesSoundlyAndAlwaysTheSame(t *testing.T) {
	t.Parallel()
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		files := map[string]string{"case.flow": drawFlows(t), "tables/offices.csv": offices}
		p, _ := dsl.Compile(diag.Example{Files: files}.FS(), diag.ExampleDir)
		if p == nil {
			return
		}
		accepted++
		if problems := unsound(p); len(problems) > 0 {
			t.Fatalf("%s\n%s", strings.Join(problems, "\n"), files["case.flow"])
		}
		again, _ := dsl.Compile(diag.Example{Files: files}.FS(), diag.ExampleDir)
		if diff := cmp.Diff(asBytes(t, p), asBytes(t, again)); diff != "" {
			t.Fatalf("the second program differs\n%s", diff)
		}
	})
	if accepted < 10 {
		t.Errorf("only %d of the drawn packs were accepted", accepted)
	}
}

func asBytes(t interface{ Fatal(...any) }, p *program.Program) string {
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks are lines that may stand anywhere in a step. «T» is where a random move goes to.
var blocks = []string{
	"say: Hello.\n",
	"say one of\n  - One.\n  - Two.\n",
	"ask number as number from 1 to 9: How many?\n  when not understood: Please write a number.\n  when not understood 2 times -> «T»\n",
	"ask: What now?\n  - Stay\n  - [go] Go -> «T»\n  - Talk\n      say: Well.\n      ask town as text up to 20: Which town?\n  when location as here\n    say: Thank you.\n    -> continue\n  when silent for 1 hour -> «T»\n",
	"ask office from offices show name: Which?\n  - [none] None -> «T»\n  when none -> «T»\n",
	"ask several needs: What?\n  - [a] A\n  - [b] B\n      say: B.\n",
	"if language == \"en\"\n  say: One.\nelse if is_open(staff)\n  -> «T»\nelse\n  say: Two.\n",
	"for each office in offices where office.town != \"\", up to 3\n  say: {office.name}\n  ask: Near?\n    - Yes\n    - No -> next\n    - Stop -> «T»\n  when none -> «T»\n",
	"for each office in offices\n  for each other in offices where other.id == office.id\n    say: {other.name}\n  when none\n    say: None.\n",
	"set count_up = 1\n",
	"call helper with a = 3 as result\n",
	"need consent callback\n  when refused -> «T»\n",
	"hand over to staff: Help\n  when silent for 1 hour -> «T»\n  when no answer for 1 hour: Nobody yet.\n  when done\n    say: Back.\n",
	"fetch answer from cases with number = \"1\"\n  when failed\n    say: Later.\n",
	"remind in 2 days -> «T»\n",
	"save rumour as report\n  heard = \"x\"\n",
	"-> «T»\n",
	"end\n",
}

const offices = "id,town,name\nnbo,nairobi,Nairobi\nkak,kakuma,Kakuma\n"

const declarations = `table offices from tables/offices.csv
  id: text
  town: text
  name: text

field nickname: text, personal, kept 30 days
  why: To address you.

consent callback, version 1
  covers nickname
  ask: May we?
  yes: Yes
  no: No
  seen by: Us
  full text: https://example.org

record rumour, kept 1 year
  why: To answer.
  read by staff
  heard: text

service cases
  get https://example.org/{number}
  send
    number: text
  returns
    status: text

flow helper: Helps
takes a: number

step only
  ask b as number from 0 to 9: How many?
  return a + b

`

// drawFlows draws flows of a few steps, each of a few blocks.
func drawFlows(t *rapid.T) string {
	flows := rapid.IntRange(1, 3).Draw(t, "flows")
	steps := make([]int, flows)
	for i := range steps {
		steps[i] = rapid.IntRange(1, 3).Draw(t, "steps")
	}
	target := func() string {
		f := rapid.IntRange(0, flows).Draw(t, "to")
		if f == flows {
			return rapid.SampledFrom([]string{"end", "back", "person_word"}).Draw(t, "away")
		}
		return fmt.Sprintf("flow%d.step%d", f, rapid.IntRange(0, steps[f]-1).Draw(t, "step"))
	}
	var b strings.Builder
	b.WriteString(declarations)
	for f, n := range steps {
		fmt.Fprintf(&b, "flow flow%d: Drawn\n\non message number %d\n\n", f, f)
		for s := range n {
			fmt.Fprintf(&b, "step step%d\n", s)
			for range rapid.IntRange(1, 4).Draw(t, "blocks") {
				for line := range strings.Lines(rapid.SampledFrom(blocks).Draw(t, "block")) {
					for strings.Contains(line, "«T»") {
						line = strings.Replace(line, "«T»", target(), 1)
					}
					b.WriteString("  " + line)
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// unsound says what in a program points nowhere.
func unsound(p *program.Program) []string {
	s := soundness{p: p, states: map[string]bool{}}
	for pc := range p.Code {
		s.op(pc, &p.Code[pc])
	}
	if n := len(p.Code); n == 0 || p.Code[n-1].Code != program.OpReturn {
		s.say("the code runs off its end")
	}
	for i := range p.States {
		s.state(&p.States[i])
	}
	for _, x := range p.Places {
		s.identity(x.Identity, x.Hash)
		s.pc("place "+x.Identity, x.PC, false)
		s.pc("when none of "+x.Identity, x.None, true)
	}
	for _, f := range p.Flows {
		s.pc("flow "+f.Name, f.PC, false)
		s.index("first step of "+f.Name, f.First, len(p.Steps), false)
	}
	for _, x := range p.Steps {
		s.pc("step "+x.Name, x.PC, false)
		s.index("flow of step "+x.Name, x.Flow, len(p.Flows), false)
		if x.Line == 0 || x.File == "" {
			s.say("step %s stands nowhere", x.Name)
		}
	}
	for _, x := range p.Triggers {
		s.pc("trigger "+x.Name, x.PC, false)
	}
	s.pc("start", p.Start, false)
	s.pc("fallback", p.Fallback, false)
	s.pc("silent", p.Silent.PC, true)
	s.index("language question", p.Language, len(p.States), true)
	s.index("notice", p.Notice, len(p.Consents), true)
	if err := p.Check(); err != nil {
		s.say("it would be refused from a bundle: %v", err)
	}
	for _, x := range p.Strings {
		if len(x.Texts) != len(p.Languages) || x.Texts[0] == nil {
			s.say("string %s has no source text", x.ID)
		}
	}
	return s.problems
}

type soundness struct {
	p        *program.Program
	states   map[string]bool
	problems []string
}

func (s *soundness) say(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

func (s *soundness) index(what string, i, n int, none bool) {
	if (i < 0 || i >= n) && (!none || i != program.None) {
		s.say("%s is %d of %d", what, i, n)
	}
}

func (s *soundness) pc(what string, pc int, none bool) {
	s.index(what, pc, len(s.p.Code), none)
}

func (s *soundness) identity(id string, hash uint64) {
	if s.states[id] || hash == 0 {
		s.say("two of %q", id)
	}
	s.states[id] = true
}

// refs are what Ref of an instruction is an index of; the others have none.
func (s *soundness) refs(op *program.Op) (n int, none bool) {
	switch op.Code {
	case program.OpStep, program.OpMove:
		return len(s.p.Steps), false
	case program.OpSayTemplate:
		return len(s.p.Template), false
	case program.OpRemind:
		return len(s.p.Template), true
	case program.OpCall:
		return len(s.p.Flows), false
	case program.OpForEach:
		return len(s.p.Exprs), true
	case program.OpSave:
		return len(s.p.Records), false
	case program.OpAlert:
		return len(s.p.Teams), false
	}
	return 0, true
}

func (s *soundness) op(pc int, op *program.Op) {
	what := fmt.Sprintf("%s at %d", op.Code, pc)
	refs, none := s.refs(op)
	s.index(what+": ref", op.Ref, refs, none)
	s.index(what+": text", op.Text, len(s.p.Strings), !slices.Contains([]program.OpCode{program.OpSay, program.OpHide, program.OpAlert}, op.Code))
	s.index(what+": expression", op.Expr, len(s.p.Exprs), !slices.Contains([]program.OpCode{program.OpSet, program.OpJumpUnless, program.OpForEach}, op.Code))
	for _, i := range op.Texts {
		s.index(what+": wording", i, len(s.p.Strings), false)
	}
	for _, a := range op.Args {
		s.index(what+": "+a.Name, a.Expr, len(s.p.Exprs), false)
	}
	jumps := []program.OpCode{program.OpJump, program.OpJumpUnless, program.OpForEach, program.OpNext, program.OpRemind}
	s.pc(what+": to", op.To, !slices.Contains(jumps, op.Code))
	waits := []program.OpCode{program.OpAsk, program.OpNeed, program.OpHandOver, program.OpFetch, program.OpKeep}
	s.index(what+": state", op.State, len(s.p.States), !slices.Contains(waits, op.Code))
	if slices.Contains([]program.OpCode{program.OpCall, program.OpForEach, program.OpNext}, op.Code) {
		s.index(what+": place", op.N, len(s.p.Places), false)
	}
}

func (s *soundness) state(x *program.State) {
	s.identity(x.Identity, x.Hash)
	notice := x.Flow == program.None
	s.pc(x.Identity, x.PC, notice)
	s.pc("below "+x.Identity, x.Next, notice)
	for _, w := range x.Whens {
		s.pc(fmt.Sprintf("when %s of %s", w.Kind, x.Identity), w.PC, true)
		s.index("text of when "+w.Kind.String(), w.Text, len(s.p.Strings), true)
	}
	switch x.Kind {
	case program.AskState:
		s.index("text of "+x.Identity, x.Ask.Text, len(s.p.Strings), false)
		ids := map[string]bool{}
		for _, o := range x.Ask.Options {
			s.pc("option "+o.ID, o.PC, false)
			s.index("label of "+o.ID, o.Label, len(s.p.Strings), false)
			if ids[o.ID] {
				s.say("two options %q of %s", o.ID, x.Identity)
			}
			ids[o.ID] = true
		}
	case program.NeedState:
		s.index("consent of "+x.Identity, x.Consent, len(s.p.Consents), false)
	case program.HandOverState:
		s.index("team of "+x.Identity, x.HandOver.Team, len(s.p.Teams), false)
	case program.FetchState:
		s.index("service of "+x.Identity, x.Fetch.Service, len(s.p.Services), false)
	default:
		s.say("%s waits for nothing", x.Identity)
	}
}

const questions = `flow top: Questions

on message test

step one
  ask need: What do you need?
    - [food] Food
    - [water] Water
    - Nothing
  ask people as number from 1 to 20: How many?
  say: {need} for {people}
`

// A conversation goes over to a new release where identity and signature are the same.
func TestASignatureChangesWithWhatIsReliedOnAndNotWithWords(t *testing.T) {
	t.Parallel()
	before := signatures(t, questions)
	for _, c := range []struct {
		name, old, new string
		changed        []string
	}{
		{"another wording of a question", "What do you need?", "What is it that you need?", nil},
		{"another wording of an option", "Nothing", "Nothing at all", nil},
		{"another text below", "{need} for {people}", "{people} want {need}", nil},
		{"an id for an option", "- Nothing", "- [nothing] Nothing", []string{"top.one.need"}},
		{"another option", "    - Nothing\n", "    - Nothing\n    - [tent] A tent\n", []string{"top.one.need"}},
		{"an option less", "    - [water] Water\n", "", []string{"top.one.need"}},
		{"another type", "as number from 1 to 20", "as text up to 20", []string{"top.one.people"}},
		{"a variable that is read no more", "{need} for {people}", "{people}", []string{"top.one.people"}},
		{"a variable that is read from here on", "  say: {need} for", "  ask many as yes or no: Many?\n  say: {need} for", []string{"top.one.many"}},
	} {
		if !strings.Contains(questions, c.old) {
			t.Fatalf("%s: %q does not stand in the flow", c.name, c.old)
		}
		after := signatures(t, strings.Replace(questions, c.old, c.new, 1))
		var changed []string
		for _, id := range slices.Sorted(maps.Keys(after)) {
			if before[id] != after[id] {
				changed = append(changed, id)
			}
		}
		if diff := cmp.Diff(c.changed, changed); diff != "" {
			t.Errorf("%s: states changed (-want +got)\n%s", c.name, diff)
		}
	}
}

func signatures(t *testing.T, flow string) map[string]uint64 {
	t.Helper()
	out := map[string]uint64{}
	for _, s := range compiled(t, map[string]string{"case.flow": flow}).States {
		if strings.HasPrefix(s.Identity, "top.") {
			out[s.Identity] = s.Signature
		}
	}
	return out
}
