// Package graph draws a program: as Mermaid and DOT for tools that lay out by themselves, and as SVG, which is
// laid out here. All three show the same picture: a box for each step with what it waits for, an arrow for each
// choice, timeout and move, and people where a conversation is handed over.
package graph

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"baraza/dsl/diag"
	"baraza/engine/program"
)

// Formats are the names that Write takes.
var Formats = []string{"mermaid", "dot", "svg"}

// Write draws p, or only the flows named, in one of Formats.
func Write(w io.Writer, p *program.Program, format string, flows []string) error {
	pic, err := picture(p, flows)
	if err != nil {
		return err
	}
	switch format {
	case "mermaid":
		return pic.mermaid(w)
	case "dot":
		return pic.dot(w)
	case "svg":
		return pic.svg(w)
	}
	return fmt.Errorf("there is no format %q; the formats are %s", format, strings.Join(Formats, ", "))
}

// drawing is the picture before it has a format.
type drawing struct {
	title string
	flows []flow
	// names of all steps of the program, by index, also of those that are not drawn: flow.step, or the flow alone
	// for its first step.
	names []string
	drawn map[int]bool
}

type flow struct {
	name, title string
	triggers    []string
	steps       []step
}

type step struct {
	id    int // index of program.Steps
	name  string
	marks []string
	rows  []row
}

// kind of a row says how its arrow looks.
type kind uint8

const (
	said    kind = iota // nothing leaves from here: a message or a question's text
	choice              // an answer
	move                // a plain move or the fall into the next step
	silence             // a timeout
	other               // any other when line
	people              // a hand-over or an alert
	outside             // a fetch or a saved record
)

// row is one line of a step's box; to is the step it leads to, None when the conversation stays in this one or ends.
type row struct {
	kind kind
	text string
	to   int
	ends bool
}

func picture(p *program.Program, only []string) (*drawing, error) {
	if err := known(p, only); err != nil {
		return nil, err
	}
	d := &drawing{title: p.Title, names: make([]string, len(p.Steps)), drawn: map[int]bool{}}
	triggers := make([][]string, len(p.Flows))
	for _, t := range p.Triggers {
		triggers[t.Flow] = append(triggers[t.Flow], t.Name)
	}
	for i, f := range p.Flows {
		last := len(p.Steps)
		if i+1 < len(p.Flows) {
			last = p.Flows[i+1].First
		}
		drawn := len(only) == 0 || slices.Contains(only, f.Name)
		out := flow{name: f.Name, title: f.Title, triggers: triggers[i]}
		for j := f.First; j < last; j++ {
			d.names[j], d.drawn[j] = f.Name, drawn
			if j > f.First {
				d.names[j] += "." + p.Steps[j].Name
			}
			if drawn {
				out.steps = append(out.steps, drawStep(p, j))
			}
		}
		if drawn {
			d.flows = append(d.flows, out)
		}
	}
	return d, nil
}

// known says which of the names is no flow, and what it may have meant.
func known(p *program.Program, only []string) error {
	names := make([]string, len(p.Flows))
	for i, f := range p.Flows {
		names[i] = f.Name
	}
	for _, name := range only {
		if slices.Contains(names, name) {
			continue
		}
		near := diag.Nearest(name, names)
		if len(near) == 0 {
			return fmt.Errorf("the pack has no flow called %q", name)
		}
		return fmt.Errorf("the pack has no flow called %q; a flow with a similar name is %q", name, near[0])
	}
	return nil
}

func drawStep(p *program.Program, i int) step {
	s := &p.Steps[i]
	w := walker{p: p, seen: map[int]bool{}}
	w.run(s.PC+1, true)
	return step{id: i, name: s.Name, marks: marks(s), rows: w.rows}
}

func marks(s *program.Step) []string {
	var out []string
	if s.Public {
		out = append(out, "public")
	}
	if s.Sensitive {
		out = append(out, "sensitive")
	}
	if s.ForChildren {
		out = append(out, "for children")
	}
	return out
}

// walker follows the code of one step and writes down, in the order of the lines, what it says, asks and does,
// and everything that leaves it.
type walker struct {
	p    *program.Program
	seen map[int]bool // instructions that were run
	rows []row
}

func (w *walker) add(r row) {
	if !slices.Contains(w.rows, r) {
		w.rows = append(w.rows, r)
	}
}

// run follows instructions from pc. Before the first question a move is a row of its own; behind one the rows of
// its answers show where they lead.
func (w *walker) run(pc int, moves bool) {
	for pc >= 0 && pc < len(w.p.Code) && !w.seen[pc] {
		w.seen[pc] = true
		op := &w.p.Code[pc]
		switch op.Code {
		case program.OpAsk, program.OpNeed, program.OpHandOver, program.OpFetch:
			w.state(&w.p.States[op.State])
			return
		case program.OpStep, program.OpMove, program.OpEnd, program.OpReturn, program.OpHide:
			w.note(op)
			if moves {
				w.add(row{move, "", op.Ref, op.Ref == program.None})
			}
			return
		}
		w.note(op)
		next := follow(w.p, pc)
		for _, n := range next[:max(0, len(next)-1)] {
			w.run(n, moves)
		}
		if len(next) == 0 {
			return
		}
		pc = next[len(next)-1]
	}
}

// follow are the instructions that may come after one within a step, apart from states and what leaves the step.
func follow(p *program.Program, pc int) []int {
	op := &p.Code[pc]
	switch op.Code {
	case program.OpBack, program.OpKeep:
		return nil
	case program.OpJump, program.OpNext:
		return []int{op.To}
	case program.OpJumpUnless:
		return []int{pc + 1, op.To}
	case program.OpForEach:
		if none := p.Places[op.N].None; none != program.None {
			return []int{pc + 1, none, op.To}
		}
		return []int{pc + 1, op.To}
	}
	return []int{pc + 1}
}

// exits adds a row for each place that instructions from pc lead to: other steps and the end. Where they lead to
// none, the conversation stays in the step, and one row says only what was chosen.
func (w *walker) exits(pc int, k kind, text string) {
	found := false
	seen := map[int]bool{}
	todo := []int{pc}
	for len(todo) > 0 {
		pc := todo[0]
		todo = todo[1:]
		if pc < 0 || pc >= len(w.p.Code) || seen[pc] {
			continue
		}
		seen[pc] = true
		switch op := &w.p.Code[pc]; op.Code {
		case program.OpAsk, program.OpNeed, program.OpHandOver, program.OpFetch:
		case program.OpStep, program.OpMove, program.OpEnd, program.OpReturn, program.OpHide:
			w.add(row{k, text, op.Ref, op.Ref == program.None})
			found = true
		default:
			todo = append(todo, follow(w.p, pc)...)
		}
	}
	if !found && text != "" {
		w.add(row{k, text, program.None, false})
	}
}

// note adds what an instruction says or does, where a picture should show it.
func (w *walker) note(op *program.Op) {
	say := func(text string) { w.add(row{said, text, program.None, false}) }
	does := func(text string) { w.add(row{outside, text, program.None, false}) }
	switch op.Code {
	case program.OpSay, program.OpHide:
		say(w.text(op.Text))
	case program.OpSayOneOf:
		say(w.text(op.Texts[0]))
	case program.OpSayMedia:
		say(strings.TrimRight(op.Name+": "+w.text(op.Text), ": "))
	case program.OpSayLocation:
		say(strings.TrimRight("location: "+w.text(op.Text), ": "))
	case program.OpSayContact:
		say("contact: " + w.text(op.Text))
	case program.OpSayLink:
		say("link: " + w.text(op.Texts[0]))
	case program.OpSayTemplate:
		say("template " + w.p.Template[op.Ref].Name)
	case program.OpAlert:
		w.add(row{people, "alert " + w.team(op.Ref), program.None, false})
	case program.OpSave:
		does("save " + w.p.Records[op.Ref].Name)
	case program.OpOptOut, program.OpOptIn, program.OpErase, program.OpExport:
		does(op.Code.String())
	case program.OpRemind:
		w.add(row{silence, "remind in " + span(op.N), w.p.Code[op.To].Ref, false})
	case program.OpCall:
		w.add(row{move, "call " + w.p.Flows[op.Ref].Name, w.p.Flows[op.Ref].First, false})
	}
}

// state adds the rows of a state and then follows its blocks and the line below it.
func (w *walker) state(s *program.State) {
	blocks := []int{}
	way := func(pc int, k kind, text string) {
		w.exits(pc, k, text)
		blocks = append(blocks, pc)
	}
	switch {
	case s.Ask != nil:
		w.add(row{said, w.text(s.Ask.Text), program.None, false})
		if s.Ask.Rows != nil {
			w.exits(s.Next, choice, "a row of "+w.p.Exprs[s.Ask.Rows.Expr].Source)
		}
		for _, o := range s.Ask.Options {
			way(o.PC, choice, w.text(o.Label))
		}
		if s.Ask.Skip != program.None {
			w.exits(s.Next, choice, w.text(s.Ask.Skip))
		}
		if len(s.Ask.Options) == 0 && s.Ask.Rows == nil {
			w.exits(s.Next, choice, s.Ask.Name)
		}
	case s.Fetch != nil:
		w.add(row{outside, "ask " + w.p.Services[s.Fetch.Service].Name, program.None, false})
		w.exits(s.Next, move, "")
	case s.HandOver != nil:
		w.add(row{people, "hand over to " + w.team(s.HandOver.Team), program.None, false})
		if !slices.ContainsFunc(s.Whens, func(x program.When) bool { return x.Kind == program.WhenDone }) {
			w.exits(s.Next, other, "done")
		}
	default:
		consent := w.p.Consents[s.Consent]
		w.add(row{said, "consent " + consent.Name, program.None, false})
		w.exits(s.Next, choice, w.text(consent.Yes))
	}
	for _, x := range s.Whens {
		if k, text := when(x); x.PC != program.None {
			way(x.PC, k, text)
		}
	}
	for _, pc := range append(blocks, s.Next) {
		w.run(pc, false)
	}
}

func when(x program.When) (k kind, text string) {
	switch x.Kind {
	case program.WhenSilent, program.WhenNoAnswer:
		return silence, x.Kind.String() + " for " + span(x.Seconds)
	case program.WhenMedia:
		return other, strings.Join(x.Media, " or ")
	}
	if x.Times > 0 {
		return other, fmt.Sprintf("%s %d times", x.Kind, x.Times)
	}
	return other, x.Kind.String()
}

func (w *walker) team(i int) string {
	if t := w.p.Teams[i]; t.Title != "" {
		return t.Title
	}
	return w.p.Teams[i].Name
}

// text is the source wording in one line, without marks.
func (w *walker) text(i int) string {
	if i == program.None || len(w.p.Strings[i].Texts) == 0 {
		return ""
	}
	var b strings.Builder
	for _, s := range w.p.Strings[i].Texts[0] {
		switch s.Kind {
		case program.Literal:
			b.WriteString(unmarked.Replace(s.Literal))
		case program.Value:
			b.WriteString("{" + w.p.Exprs[s.Expr].Source + "}")
		default:
			b.WriteString("…")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

var unmarked = strings.NewReplacer(`\*`, "*", `\_`, "_", `\~`, "~", `\\`, `\`, "*", "", "~", "")

// span is a duration in words.
func span(seconds int) string {
	for _, u := range []struct {
		n    int
		name string
	}{{86400, "day"}, {3600, "hour"}, {60, "minute"}} {
		if seconds >= u.n && seconds%u.n == 0 {
			return plural(seconds/u.n, u.name)
		}
	}
	return plural(seconds, "second")
}

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// shorten cuts a text for a label, at a character.
func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return strings.TrimRight(string(r[:n-1]), " ") + "…"
	}
	return s
}
