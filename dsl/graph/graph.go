// Package graph draws a program: as Mermaid and DOT for tools that lay out by themselves, and as SVG, which is
// laid out here. All three show the same picture: a box for each step with what it waits for, an arrow for each
// choice, timeout and move, and people where a conversation is handed over.
package graph

import (
	"fmt"
	"io"
	"slices"
	"strings"

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

// row is one line of a step's box; to is the step it leads to, None when it stays or ends.
type row struct {
	kind kind
	text string
	to   int
	ends bool
}

func picture(p *program.Program, only []string) (*drawing, error) {
	for _, name := range only {
		if !slices.ContainsFunc(p.Flows, func(f program.Flow) bool { return f.Name == name }) {
			return nil, fmt.Errorf("the pack has no flow called %q", name)
		}
	}
	d := &drawing{title: p.Title}
	for i, f := range p.Flows {
		if len(only) > 0 && !slices.Contains(only, f.Name) {
			continue
		}
		d.flows = append(d.flows, flow{name: f.Name, title: f.Title, triggers: triggers(p, i), steps: steps(p, i)})
	}
	return d, nil
}

func triggers(p *program.Program, flow int) []string {
	var out []string
	for _, t := range p.Triggers {
		if t.Flow == flow {
			out = append(out, t.Name)
		}
	}
	return out
}

func steps(p *program.Program, flow int) []step {
	var out []step
	for i, s := range p.Steps {
		if s.Flow != flow {
			continue
		}
		w := walker{p: p, step: i, seen: map[visit]bool{}}
		w.walk(s.PC+1, none, "")
		out = append(out, step{id: i, name: s.Name, marks: marks(s), rows: w.rows})
	}
	return out
}

func marks(s program.Step) []string {
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

// none is the kind of a walk that has not left a question yet.
const none = said

// walker follows the code of one step to everything that leaves it.
type walker struct {
	p    *program.Program
	step int
	seen map[visit]bool
	rows []row
}

// visit keeps a walk from going round: the same place with the same label leads to the same rows.
type visit struct {
	pc   int
	kind kind
	text string
}

func (w *walker) add(r row) {
	if !slices.Contains(w.rows, r) {
		w.rows = append(w.rows, r)
	}
}

// leave adds the arrow of the walk: its own label, or a plain move.
func (w *walker) leave(k kind, text string, to int, ends bool) {
	if k == none {
		k = move
	}
	w.add(row{k, text, to, ends})
}

// walk follows instructions from pc; k and text are the choice that led here.
func (w *walker) walk(pc int, k kind, text string) {
	for pc >= 0 && pc < len(w.p.Code) {
		if w.seen[visit{pc, k, text}] {
			return
		}
		w.seen[visit{pc, k, text}] = true
		op := &w.p.Code[pc]
		switch op.Code {
		case program.OpStep:
			w.leave(k, text, op.Ref, false)
			return
		case program.OpMove:
			w.leave(k, text, op.Ref, false)
			return
		case program.OpEnd, program.OpReturn, program.OpHide:
			w.leave(k, text, program.None, true)
			return
		case program.OpBack, program.OpKeep, program.OpResume:
			if text != "" {
				w.add(row{k, text, program.None, false})
			}
			return
		case program.OpJump:
			pc = op.To
			continue
		case program.OpJumpUnless:
			w.walk(pc+1, k, text)
			pc = op.To
			continue
		case program.OpForEach:
			if n := w.p.Places[op.N].None; n != program.None {
				w.walk(n, k, text)
			}
		case program.OpNext:
			pc = op.To
			continue
		case program.OpAsk, program.OpNeed, program.OpHandOver, program.OpFetch:
			w.state(&w.p.States[op.State])
			return
		default:
			w.note(op)
		}
		pc++
	}
}

// note adds what an instruction does, where a picture should show it.
func (w *walker) note(op *program.Op) {
	switch op.Code {
	case program.OpSay, program.OpSayMedia:
		if op.Text != program.None {
			w.add(row{said, w.text(op.Text), program.None, false})
		}
	case program.OpAlert:
		w.add(row{people, "alert " + w.team(op.Ref), program.None, false})
	case program.OpSave:
		w.add(row{outside, "save " + w.p.Records[op.Ref].Name, program.None, false})
	case program.OpRemind:
		if s := w.stepAt(op.To); s != program.None {
			w.add(row{silence, "remind in " + span(op.N), s, false})
		}
	case program.OpCall:
		w.add(row{move, "call " + w.p.Flows[op.Ref].Name, w.p.Flows[op.Ref].First, false})
	}
}

func (w *walker) state(s *program.State) {
	switch {
	case s.Ask != nil:
		w.add(row{said, w.text(s.Ask.Text), program.None, false})
		for _, o := range s.Ask.Options {
			w.option(s, o)
		}
		if s.Ask.Rows != nil {
			w.walk(s.Next, choice, "a row of "+w.p.Exprs[s.Ask.Rows.Expr].Source)
		}
		if s.Ask.Skip != program.None {
			w.walk(s.Next, choice, w.text(s.Ask.Skip))
		}
		if len(s.Ask.Options) == 0 && s.Ask.Rows == nil {
			w.walk(s.Next, choice, s.Ask.Name)
		}
	case s.Fetch != nil:
		w.add(row{outside, "ask " + w.p.Services[s.Fetch.Service].Name, program.None, false})
		w.walk(s.Next, none, "")
	case s.HandOver != nil:
		w.add(row{people, "hand over to " + w.team(s.HandOver.Team), program.None, false})
		if !slices.ContainsFunc(s.Whens, func(x program.When) bool { return x.Kind == program.WhenDone }) {
			w.walk(s.Next, other, "done")
		}
	default:
		consent := w.p.Consents[s.Consent]
		w.add(row{said, "consent " + consent.Name, program.None, false})
		w.walk(s.Next, choice, w.text(consent.Yes))
	}
	for _, x := range s.Whens {
		w.when(x)
	}
}

func (w *walker) option(s *program.State, o program.Option) {
	if o.PC != s.Next {
		w.walk(o.PC, choice, w.text(o.Label))
		return
	}
	w.walk(s.Next, choice, w.text(o.Label))
}

func (w *walker) when(x program.When) {
	k, text := other, x.Kind.String()
	switch x.Kind {
	case program.WhenSilent, program.WhenNoAnswer:
		k, text = silence, text+" for "+span(x.Seconds)
	case program.WhenNotUnderstood:
		if x.Times > 0 {
			text = fmt.Sprintf("%s %d times", text, x.Times)
		}
	case program.WhenMedia:
		text = strings.Join(x.Media, " or ")
	}
	if x.PC != program.None {
		w.walk(x.PC, k, text)
	}
}

func (w *walker) stepAt(pc int) int {
	for i, s := range w.p.Steps {
		if s.PC == pc {
			return i
		}
	}
	return program.None
}

func (w *walker) team(i int) string {
	if i == program.None {
		return "a team"
	}
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
