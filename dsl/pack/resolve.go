package pack

import (
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// targetWords are the targets that are no names.
var targetWords = map[string]DestKind{"end": ToEnd, "back": ToBack, "next": ToNext, "continue": ToContinue}

// Resolve finds where a target goes from a line of flow: a step of the flow first, then a flow of its own pack
// or library, then, for a library, one of the pack. flow is nil for the lines below `pack`. It is nil where
// there is no such place, which has been reported.
func (p *Pack) Resolve(flow *Flow, t ast.Target) *Dest {
	d, _ := p.resolve(flow, t.Parts)
	return d
}

// missing says which part of a target is not there.
type missing struct {
	code, kind string
	part       int
	last       bool  // nothing stands after it
	unit       *unit // that would have the flow
	flow       *Flow // that would have the step
}

// candidates are the names that could stand there, and what they are.
func (m *missing) candidates() (names []string, noun string) {
	if m.flow != nil {
		names = m.flow.stepNames()
	}
	if m.unit != nil {
		names = append(names, m.unit.flowNames()...)
	}
	if m.last || m.unit == nil {
		return names, m.kind
	}
	return append(names, m.unit.aliases()...), "flow or library"
}

// inLibrary is the flow of a library that has the name, with the library's alias; "" where there is none.
func (m *missing) inLibrary(name string) string {
	if m.unit == nil || m.part > 0 {
		return ""
	}
	for _, alias := range m.unit.aliases() {
		if lib := m.unit.uses[alias]; lib != nil && lib.flows[name] != nil {
			return alias + "." + name
		}
	}
	return ""
}

func (p *Pack) resolve(flow *Flow, parts []string) (*Dest, *missing) {
	if len(parts) == 0 || len(p.units) == 0 {
		return nil, nil
	}
	u := p.units[0]
	if flow != nil {
		u = p.units[flow.unit]
	}
	if len(parts) == 1 {
		if kind, ok := targetWords[parts[0]]; ok {
			return &Dest{Kind: kind}, nil
		}
		if flow != nil {
			if s := flow.steps[parts[0]]; s != nil {
				return &Dest{Kind: ToStep, Flow: flow, Step: s}, nil
			}
		}
	}
	d, m := u.resolve(parts)
	if d == nil && u.index != 0 {
		if d, _ := p.units[0].resolve(parts); d != nil {
			return d, nil
		}
	}
	if m != nil && flow != nil && len(parts) == 1 {
		m.code, m.kind, m.flow = "unknown-step", "step", flow
	}
	return d, m
}

// resolve finds a flow, or flow.step, or either after the name of a library.
func (u *unit) resolve(parts []string) (*Dest, *missing) {
	at := 0
	for at < len(parts)-1 && u.uses[parts[at]] != nil {
		u = u.uses[parts[at]]
		at++
	}
	f := u.flows[parts[at]]
	switch {
	case f == nil:
		return nil, &missing{code: "unknown-flow", kind: "flow", part: at, last: at == len(parts)-1, unit: u}
	case at == len(parts)-1:
		d := &Dest{Kind: ToFlow, Flow: f}
		if len(f.Steps) > 0 {
			d.Step = f.Steps[0]
		}
		return d, nil
	case at < len(parts)-2:
		return nil, &missing{code: "unknown-step", kind: "step", part: at + 1, last: true, flow: f}
	}
	if s := f.steps[parts[at+1]]; s != nil {
		return &Dest{Kind: ToStep, Flow: f, Step: s}, nil
	}
	return nil, &missing{code: "unknown-step", kind: "step", part: at + 1, last: true, flow: f}
}

func (f *Flow) stepNames() []string {
	names := make([]string, len(f.Steps))
	for i, s := range f.Steps {
		names[i] = s.Name
	}
	return names
}

// flowNames are those of a unit in source order.
func (u *unit) flowNames() []string {
	if u.flowList == nil {
		for _, o := range u.outlines {
			for _, f := range o.flows {
				u.flowList = append(u.flowList, f.head.Head.(*ast.Flow).Name.Text)
			}
		}
	}
	return u.flowList
}

// target resolves a target and reports it where there is no such place. from is nil for the lines below pack.
func (b *builder) target(from *Flow, t *ast.Target, kind moveKind) *Dest {
	d, m := b.p.resolve(from, t.Parts)
	if kind == callMove && d != nil && d.Kind != ToFlow {
		b.report(diag.New(diag.Error, "unknown-flow", spanOf(t), "%q is not a flow", strings.Join(t.Parts, ".")).
			WithHelp("A call goes to a whole flow. To go to a step, write:  -> %s", strings.Join(t.Parts, ".")))
		return nil
	}
	if m == nil {
		return d
	}
	if b.holdsBack(m, from) {
		return nil
	}
	if kind == callMove && m.unit != nil {
		*m = missing{code: "unknown-flow", kind: "flow", part: m.part, last: true, unit: m.unit}
	}
	at, name := spanOf(t), t.Parts[m.part]
	problem := diag.New(diag.Error, m.code, at, "there is no %s called %q", m.kind, name)
	if m.flow != nil && m.flow != from {
		problem = diag.New(diag.Error, m.code, at, "flow %q has no step called %q", m.flow.Full(), name)
	}
	b.report(b.similarTarget(problem, m, from, t))
	return nil
}

// similarTarget adds the places that look like a missing one.
func (b *builder) similarTarget(d diag.Diagnostic, m *missing, from *Flow, t *ast.Target) diag.Diagnostic {
	at, name := spanOf(t), t.Parts[m.part]
	if full := m.inLibrary(name); full != "" {
		return d.WithHelp("A library has this flow: %s.", full).WithFix(at, full, false)
	}
	left := &b.budget
	if from != nil {
		left = b.budgets[from.outline]
	}
	if *left == 0 {
		return d
	}
	names, noun := m.candidates()
	names = left.take(names)
	near := diag.Nearest(name, names)
	if m.kind == "step" && len(near) > 0 && m.flow != nil && m.flow.steps[near[0]] == nil {
		noun = "flow"
	}
	d = d.WithHelps(diag.Suggest(noun, name, names, b.whereTarget(m))...)
	if len(near) == 0 {
		return d
	}
	parts := slices.Clone(t.Parts)
	parts[m.part] = near[0]
	return d.WithFix(at, strings.Join(parts, "."), false)
}

// whereTarget says where a similar step or flow stands.
func (b *builder) whereTarget(m *missing) func(string) string {
	return func(name string) string {
		if m.flow != nil {
			if s := m.flow.steps[name]; s != nil {
				return b.place(s.Line.Span)
			}
		}
		if m.unit != nil {
			if f := m.unit.flows[name]; f != nil {
				return b.place(f.Line.Span)
			}
		}
		return ""
	}
}

// holdsBack says that what is missing may stand in a line that could not be read.
func (b *builder) holdsBack(m *missing, from *Flow) bool {
	hides := func(f *Flow) bool { return f != nil && f.outline.hides }
	if m.unit != nil && m.unit.hides && (m.code == "unknown-flow" || m.flow == from) {
		return true
	}
	return hides(m.flow)
}

// moves resolves every target of every flow and notes which steps are entered from elsewhere.
func (b *builder) moves() {
	for _, f := range b.p.Flows {
		for _, m := range f.lines.moves {
			if m.kind == movedFromMark {
				continue // names a step that is gone
			}
			d := b.target(f, m.target, m.kind)
			if d == nil || d.Step == nil || d.Flow == f && d.Kind == ToStep && m.kind == plainMove {
				continue
			}
			b.enter(d)
			if m.kind != callMove {
				b.needsNothing(d, m.target)
			}
		}
	}
	head := func(t *ast.Target) *Dest {
		if t == nil {
			return nil
		}
		d := b.target(nil, t, plainMove)
		if d != nil && d.Step != nil {
			b.enter(d)
			b.needsNothing(d, t)
		}
		return d
	}
	b.p.Start = head(b.d.start)
	b.p.Fallback = head(b.d.fallback)
	if b.d.silent != nil {
		h := b.d.silent.Head.(*ast.Silent)
		b.p.Silent = &Silent{Line: b.d.silent, Seconds: Seconds(h.For), To: head(&h.Target)}
	}
}

// enter notes that a step is reached from another flow, with nothing set.
func (b *builder) enter(d *Dest) {
	f := d.Flow
	if b.entered[f] == nil {
		b.entered[f] = make([]bool, len(f.Steps))
	}
	b.entered[f][d.Step.Index] = true
}

// needsNothing reports a move to the beginning of a flow that must be called, since only a call gives it what
// it takes. Further down, a line that reads such a value is reported.
func (b *builder) needsNothing(d *Dest, t *ast.Target) {
	takes := takesOf(d.Flow)
	if len(takes) == 0 || d.Step.Index > 0 {
		return
	}
	b.report(diag.New(diag.Error, "wrong-arguments", spanOf(t), "flow %q takes %q, which a move cannot give", d.Flow.Full(), takes[0].Name).
		WithHelp("Call it instead:  call %s with %s = …", strings.Join(t.Parts, "."), takes[0].Name))
}
