package pack

import (
	"fmt"
	"iter"
	"runtime"

	"baraza/dsl/ast"

	"golang.org/x/sync/errgroup"
)

// typeFlows types every flow, those in the cache not again. What a flow needs of another one is found first,
// in the order of the source; the rest is done side by side.
func (b *builder) typeFlows() {
	o := &ordering{builder: b, prepared: map[*Flow]bool{}, places: make(map[*Flow]int, len(b.p.Flows))}
	for i, f := range b.p.Flows {
		o.places[f] = i
	}
	for i := range b.p.Flows {
		o.prepare(b.p.Flows[i], false)
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for todo := range filesOf(o.todo) {
		g.Go(func() error {
			for _, t := range todo {
				if !t.done {
					b.typeFlow(t)
				}
			}
			return nil
		})
	}
	_ = g.Wait() // typing has no errors, it has problems

	kept := make(map[flowKey]*typedFlow, len(b.p.Flows))
	n := len(b.p.declaredExprs)
	for _, f := range b.p.Flows {
		n += len(b.typed[f].exprs)
	}
	b.p.Exprs = make(map[*ast.Expr]Type, n)
	for e, t := range b.p.declaredExprs {
		b.p.Exprs[e] = t
	}
	for _, f := range b.p.Flows {
		t := b.typed[f]
		t.b = nil
		kept[t.key] = t
		b.problems = append(b.problems, t.problems...)
		for _, e := range t.exprs {
			b.p.Exprs[e.expr] = e.typ
		}
	}
	b.cache.flows = kept
	b.heads()
}

// ordering finds which flows must be typed, callees whose value is used before their callers.
type ordering struct {
	*builder
	prepared map[*Flow]bool
	places   map[*Flow]int // in Pack.Flows
	todo     []*typedFlow
}

// prepare takes a flow from the cache when nothing it needs changed; else it types it now, where its value is
// awaited, or notes it.
func (o *ordering) prepare(f *Flow, now bool) {
	if o.preparing[f] {
		return // it calls itself: what it returns is told by its other returns
	}
	if !o.prepared[f] {
		o.preparing[f] = true
		for _, m := range f.lines.moves {
			if call, ok := m.line.Head.(*ast.Call); ok && call.As != nil {
				if d := o.p.Resolve(f, *m.target); d != nil && d.Kind == ToFlow {
					o.prepare(d.Flow, true)
				}
			}
		}
		needs := o.needs(f)
		delete(o.preparing, f)
		f = o.renew(o.typed[f], needs)
		o.prepared[f] = true
		if !o.typed[f].done && !now {
			o.todo = append(o.todo, o.typed[f])
		}
	}
	if t := o.typed[f]; now && !t.done {
		o.typeFlow(t)
	}
}

// renew puts a new flow in the place of a cached one that was typed with other flows than there are now.
func (o *ordering) renew(t *typedFlow, needs string) *Flow {
	old := t.flow
	if !t.done || t.needs == needs {
		t.needs = needs
		return old
	}
	u := o.units[old.unit]
	again := o.newFlow(u, old.outline, old.lines, t.key)
	again.needs = needs
	f := again.flow
	u.flows[f.Name] = f
	o.places[f] = o.places[old]
	o.p.Flows[o.places[f]] = f
	o.typed[f] = again
	o.entered[f] = o.entered[old]
	return f
}

// filesOf splits flows into those of one file each, which stand together.
func filesOf(flows []*typedFlow) iter.Seq[[]*typedFlow] {
	return func(yield func([]*typedFlow) bool) {
		for start := 0; start < len(flows); {
			end := start + 1
			for end < len(flows) && flows[end].flow.outline == flows[start].flow.outline {
				end++
			}
			if !yield(flows[start:end]) {
				return
			}
			start = end
		}
	}
}

// needs is all that a flow's types depend on in other flows: how it is entered, what the flows that it calls
// take and return.
func (b *builder) needs(f *Flow) string {
	var dst []byte
	dst = fmt.Append(dst, b.entered[f])
	for _, m := range f.lines.moves {
		if m.kind != callMove {
			continue
		}
		d := b.p.Resolve(f, *m.target)
		if d == nil || d.Kind != ToFlow {
			dst = append(dst, '-')
			continue
		}
		dst = append(dst, d.Flow.Full()...)
		for _, c := range takesOf(d.Flow) {
			dst = append(append(dst, ' '), c.Name...)
			dst = appendType(dst, c.Type)
		}
		dst = fmt.Append(dst, d.Flow.lines.broken || d.Flow.outline.hides)
		if m.line.Head.(*ast.Call).As != nil {
			dst = appendType(dst, b.returns(d.Flow))
		}
	}
	return string(dst)
}

// returns is the type of the value that a call of a flow gives. A flow that is being typed, since it calls
// itself, gives some value.
func (b *builder) returns(f *Flow) Type {
	t := b.typed[f]
	if t == nil || !t.done || b.preparing[f] {
		return Type{}
	}
	return t.returned
}

// heads resolves the pack's own targets again, since flows may have been renewed. What is missing was reported.
func (b *builder) heads() {
	again := func(d *Dest, t *ast.Target) *Dest {
		if d == nil || t == nil {
			return nil
		}
		return b.p.Resolve(nil, *t)
	}
	b.p.Start = again(b.p.Start, b.d.start)
	b.p.Fallback = again(b.p.Fallback, b.d.fallback)
	if b.p.Silent != nil {
		b.p.Silent.To = again(b.p.Silent.To, &b.d.silent.Head.(*ast.Silent).Target)
	}
}
