package script

import (
	"fmt"
	"io"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
)

// Coverage counts what the tests of a pack visit: steps, choices of questions, and when branches. Libraries are
// tested where they are written, so their flows do not count.
type Coverage struct {
	prog    *program.Program
	steps   map[int]bool
	options map[at]bool
	whens   map[at]bool
}

// at is an option or when line of a state.
type at struct{ state, sub int }

// row stands for an option that was a row of a table or list.
const row = -1

// NewCoverage counts for one program.
func NewCoverage(p *program.Program) *Coverage {
	return &Coverage{prog: p, steps: map[int]bool{}, options: map[at]bool{}, whens: map[at]bool{}}
}

// Add counts what a conversation did; it is the conversation's Trace.
func (c *Coverage) Add(e engine.TraceEvent) {
	switch e.Kind {
	case engine.TraceStep:
		c.steps[e.Index] = true
	case engine.TraceOption:
		sub := e.Sub
		if ask := c.prog.States[e.Index].Ask; ask != nil && sub >= len(ask.Options) {
			sub = row
		}
		c.options[at{e.Index, sub}] = true
	case engine.TraceWhen:
		c.whens[at{e.Index, e.Sub}] = true
	}
}

// Part is one kind of thing that tests can visit, with what none of them did.
type Part struct {
	Name     string
	Total    int
	Unseen   []string
	Fraction float64 // 1 where there is nothing to visit
}

// Parts are steps, choices and when branches.
func (c *Coverage) Parts() []Part {
	steps, choices, whens := Part{Name: "steps"}, Part{Name: "choices"}, Part{Name: "when branches"}
	for i, s := range c.prog.Steps {
		if c.own(s.Flow) {
			steps.count(c.steps[i], fmt.Sprintf("%s:%d: step %s.%s", s.File, s.Line, c.prog.Flows[s.Flow].Name, s.Name))
		}
	}
	for i := range c.prog.States {
		s := &c.prog.States[i]
		if s.Step == program.None || !c.own(s.Flow) {
			continue
		}
		step := c.prog.Steps[s.Step]
		name := c.prog.Flows[s.Flow].Name + "." + step.Name
		if s.Kind == program.AskState && strings.HasPrefix(s.Identity, name+".") {
			name = s.Identity // a step may have several questions
		}
		where := fmt.Sprintf("%s:%d: in %s", step.File, step.Line, name)
		if s.Ask != nil {
			for j, o := range s.Ask.Options {
				choices.count(c.options[at{i, j}], where+": "+c.label(o))
			}
			if s.Ask.Rows != nil {
				choices.count(c.options[at{i, row}], where+": a row of "+c.prog.Exprs[s.Ask.Rows.Expr].Source)
			}
		}
		for j, w := range s.Whens {
			whens.count(c.whens[at{i, j}], where+": when "+whenText(w))
		}
	}
	out := []Part{steps, choices, whens}
	for i := range out {
		out[i].Fraction = 1
		if out[i].Total > 0 {
			out[i].Fraction = float64(out[i].Total-len(out[i].Unseen)) / float64(out[i].Total)
		}
	}
	return out
}

func (p *Part) count(seen bool, name string) {
	p.Total++
	if !seen {
		p.Unseen = append(p.Unseen, name)
	}
}

// own says that a flow is the pack's, not a library's.
func (c *Coverage) own(flow int) bool { return !strings.Contains(c.prog.Flows[flow].Name, ".") }

func (c *Coverage) label(o program.Option) string {
	return fmt.Sprintf("[%s] %s", o.ID, wording(c.prog.Strings[o.Label].Texts[0]))
}

func whenText(w program.When) string {
	switch {
	case w.Times > 0:
		return fmt.Sprintf("%s %d times", w.Kind, w.Times)
	case len(w.Media) > 0:
		return strings.Join(w.Media, " or ")
	case w.Seconds > 0:
		return w.Kind.String() + " for " + simulator.Ago(time.Duration(w.Seconds)*time.Second)
	}
	return w.Kind.String()
}

// Write prints the parts, each with what no test visits.
func (c *Coverage) Write(w io.Writer) {
	for _, p := range c.Parts() {
		fmt.Fprintf(w, "%-14s %5.1f %% (%d of %d)\n", p.Name, 100*p.Fraction, p.Total-len(p.Unseen), p.Total)
		for _, name := range p.Unseen {
			fmt.Fprintf(w, "  no test visits %s\n", name)
		}
	}
}
