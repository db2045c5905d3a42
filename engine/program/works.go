package program

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"slices"
)

// Work is what a step does.
type Work struct {
	// Hash covers what people meet in a step and where it leads: options, conditions, moves, marks, and wordings in every
	// language where they were asked for. It does not cover where a step stands, where its facts come from and when they are
	// reviewed, nor the rows of tables; so it stays when other steps change.
	Hash string
	// Leads are the steps and flows that it moves to and calls, in the order of its code, each once; "end" where it ends.
	Leads []string
}

// Works are those of all steps, or of the sensitive ones alone, by flow.step.
func (p *Program) Works(words, sensitive bool) map[string]Work {
	out := map[string]Work{}
	ends := boundaries(p)
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Sensitive || !sensitive {
			h := &stepHash{p: p, sum: sha256.New(), from: s.PC, to: len(p.Code), words: words}
			if at, _ := slices.BinarySearch(ends, h.from+1); at < len(ends) {
				h.to = ends[at]
			}
			out[stepName(p, i)] = h.work(s)
		}
	}
	return out
}

func stepName(p *Program, i int) string {
	return p.Flows[p.Steps[i].Flow].Name + "." + p.Steps[i].Name
}

// boundaries are where something else begins in the code, in order.
func boundaries(p *Program) []int {
	all := []int{len(p.Code)}
	for i := range p.Steps {
		all = append(all, p.Steps[i].PC)
	}
	for i := range p.Flows {
		all = append(all, p.Flows[i].PC)
	}
	for i := range p.Triggers {
		all = append(all, p.Triggers[i].PC)
	}
	for i := range p.Consents {
		if state := p.Consents[i].State; state >= 0 {
			all = append(all, p.States[state].PC)
		}
	}
	all = append(all, p.Start, p.Fallback, p.Silent.PC)
	slices.Sort(all)
	return slices.Compact(all)
}

// stepHash writes a step in a form in which nothing is an index.
type stepHash struct {
	p        *Program
	sum      hash.Hash
	from, to int  // the step's code
	words    bool // wordings count
}

func (h *stepHash) work(s *Step) (w Work) {
	h.add("step", s.Public, s.ForChildren, s.EveryLanguage, s.Audio)
	for pc := h.from; pc < h.to; pc++ {
		op := &h.p.Code[pc]
		h.op(op)
		to := ""
		switch op.Code {
		case OpMove:
			to = stepName(h.p, op.Ref)
		case OpCall:
			to = h.p.Flows[op.Ref].Name
		case OpEnd:
			to = "end"
		}
		if to != "" && !slices.Contains(w.Leads, to) {
			w.Leads = append(w.Leads, to)
		}
	}
	w.Hash = hex.EncodeToString(h.sum.Sum(nil)[:8])
	return w
}

// add takes values whose printing says all; each is told from the next by its length.
func (h *stepHash) add(values ...any) {
	for _, v := range values {
		text := fmt.Sprintf("%q", fmt.Sprint(v))
		fmt.Fprintf(h.sum, "%d:%s,", len(text), text)
	}
}

// texts takes strings in every language, by the language's name, where wordings count.
func (h *stepHash) texts(all ...int) {
	if !h.words {
		return
	}
	languages := slices.Sorted(slices.Values(h.p.Languages))
	for _, i := range all {
		for _, l := range languages {
			h.add(l, h.p.Written(i, slices.Index(h.p.Languages, l)))
		}
	}
}

func (h *stepHash) expr(i int) {
	if i < 0 || i >= len(h.p.Exprs) {
		h.add("")
		return
	}
	h.add(h.p.Exprs[i].Source)
}

func (h *stepHash) args(all []Arg) {
	for _, a := range all {
		h.add(a.Name)
		h.expr(a.Expr)
	}
}

// place takes an address: within the step from its beginning, else from that of the step it is in.
func (h *stepHash) place(pc int) {
	if pc >= h.from && pc < h.to || pc < 0 {
		h.add("here", max(-1, pc-h.from))
		return
	}
	best, distance := "", math.MaxInt
	for i := range h.p.Steps {
		if d := pc - h.p.Steps[i].PC; d >= 0 && d < distance {
			best, distance = stepName(h.p, i), d
		}
	}
	h.add(best, distance)
}

// step, and those below, take what an instruction refers to by its name.
func (h *stepHash) step(i int) { h.add(stepName(h.p, i)) }

func (h *stepHash) template(i int) {
	if i < 0 {
		h.add("")
		return
	}
	t := &h.p.Template[i]
	h.add(t.Name)
	h.texts(t.Body, t.Header, t.Footer)
	h.texts(t.Buttons...)
}

func (h *stepHash) op(op *Op) {
	h.add(op.Code, op.Name, op.Path, op.Paths, op.Flag)
	h.texts(op.Texts...)
	h.args(op.Args)
	switch op.Code {
	case OpSay, OpSayMedia, OpSayLocation, OpSayContact, OpSayLink, OpHide:
		h.texts(op.Text)
	case OpSayTemplate:
		h.template(op.Ref)
	case OpAsk, OpNeed, OpHandOver, OpFetch:
		h.state(&h.p.States[op.State])
	case OpWait:
		h.add(op.N)
	case OpJump:
		h.place(op.To)
	case OpJumpUnless:
		h.expr(op.Expr)
		h.place(op.To)
	case OpMove:
		h.step(op.Ref)
		h.add(op.N)
	case OpCall:
		h.add(h.p.Flows[op.Ref].Name)
	case OpReturn, OpSet:
		h.expr(op.Expr)
	case OpForEach:
		h.expr(op.Expr)
		h.expr(op.Ref)
		h.place(op.To)
		h.add(h.p.Places[op.N].UpTo)
		h.place(h.p.Places[op.N].None)
	case OpNext:
		h.place(op.To)
	case OpSave:
		h.add(h.p.Records[op.Ref].Name)
	case OpAlert:
		h.add(h.p.Teams[op.Ref].Name)
		h.texts(op.Text)
	case OpRemind:
		h.add(op.N)
		h.template(op.Ref)
	}
}

// state takes what a conversation waits for.
func (h *stepHash) state(s *State) {
	h.add(s.Kind)
	if s.Ask != nil {
		h.ask(s.Ask)
	}
	if s.Kind == NeedState {
		c := &h.p.Consents[s.Consent]
		h.add(c.Name, c.Version, c.Covers)
		h.texts(c.Ask, c.Yes, c.No, c.SeenBy, c.FullText)
	}
	if o := s.HandOver; o != nil {
		h.add(h.p.Teams[o.Team].Name, o.Urgent, o.Share)
		h.expr(o.If)
		h.texts(o.Summary, o.Text)
	}
	if f := s.Fetch; f != nil {
		h.add(f.Name, h.p.Services[f.Service].Name)
		h.args(f.Args)
	}
	for i := range s.Whens {
		w := &s.Whens[i]
		h.add(w.Kind, w.Times, w.Seconds, w.Media, w.Var)
		h.texts(w.Text)
		h.place(w.PC)
	}
}

func (h *stepHash) ask(a *Ask) {
	h.add(a.Name, a.Field, a.Type, a.UpTo, bound(a.From), bound(a.To), a.Several, a.Image, a.Images, a.Media, a.EveryLanguage)
	h.texts(a.Text, a.Header, a.Footer, a.ListButton, a.Why, a.Skip)
	if r := a.Rows; r != nil {
		h.expr(r.Expr)
		h.expr(r.Where)
		h.add(r.Row, r.Show)
	}
	for i := range a.Options {
		o := &a.Options[i]
		h.add(o.ID, o.Also)
		h.texts(o.Label, o.About)
		h.expr(o.If)
		h.place(o.PC)
	}
}

func bound(of *float64) string {
	if of == nil {
		return ""
	}
	return fmt.Sprint(*of)
}
