package check

import (
	"baraza/dsl/ast"
	"baraza/dsl/pack"
)

// A route is what can happen in one flow: its statements as points, and edges from each to what may come next.
// A step is a point of its own, through which every move to it goes, so each cycle passes through a step or is
// a bounded loop.
type route struct {
	points []point
	steps  []int // the point of each step
	outs   []out // moves and calls to other flows
	// unsure: a target was reported, so nobody knows what comes after it.
	unsure bool
	walks  [ruleCount]walks
	// handsOver are the steps that hold a hand-over, menus the points of menus.
	handsOver, menus []int
}

// point is one statement.
type point struct {
	kind pointKind
	step int       // index of its step
	line *ast.Line // nil for a step's own point and the two ends
	next []edge
}

type pointKind uint8

const (
	atStep   pointKind = iota + 1
	atEnd              // the conversation ends
	atReturn           // below the last step: back to the caller, or the end
	atBack             // an earlier question is asked again
	atSay
	atAsk
	atNeed
	atHandOver
	atFetch
	atLoop
	atCall // the first edge is below, the second the called flow
	atRemind
	atHide
	atAlert
	atOther
)

// edge leads to a point of this flow, or out of it.
type edge struct {
	to  int // point; -1 for out
	out int // index in outs; -1 for a point
	// when is the kind of the when line it belongs to; "" for none.
	when string
	// moved: the writer wrote a target, -> or start of a called flow, not just the next line.
	moved bool
	// chosen: an option leads here.
	chosen bool
	line   *ast.Line // that says so
}

// out is a target in another flow. It is resolved anew in every run: the other flow may have changed.
type out struct {
	target ast.Target
	line   *ast.Line
}

// newRoute follows the statements of a flow.
func newRoute(p *pack.Pack, f *pack.Flow) *route {
	b := &builder{route: &route{}, pack: p, flow: f}
	for i, s := range f.Steps {
		b.route.steps = append(b.route.steps, b.point(point{kind: atStep, step: i, line: s.Line}))
	}
	b.end = b.point(point{kind: atEnd, step: -1})
	below := b.point(point{kind: atReturn, step: -1})
	for i := len(f.Steps) - 1; i >= 0; i-- {
		b.step, b.loop, b.goOn = i, -1, -1
		first := b.body(f.Steps[i].Body, below)
		b.route.points[b.route.steps[i]].next = []edge{{to: first, out: -1}}
		below = b.route.steps[i]
	}
	b.route.walkAll()
	return b.route
}

type builder struct {
	route *route
	pack  *pack.Pack
	flow  *pack.Flow
	end   int

	// Where the builder stands.
	step int
	loop int    // the point of the enclosing for each; -1 outside
	goOn int    // the point below the enclosing question; -1 outside
	when string // the kind of the enclosing when line
}

func (b *builder) point(p point) int {
	b.route.points = append(b.route.points, p)
	return len(b.route.points) - 1
}

func (b *builder) at(kind pointKind, l *ast.Line, next ...edge) int {
	return b.point(point{kind: kind, step: b.step, line: l, next: next})
}

func (b *builder) to(point int) edge { return edge{to: point, out: -1, when: b.when} }

// body follows lines from the last to the first, since each needs to know what comes after it. It returns the
// point of the first.
func (b *builder) body(lines []*ast.Line, below int) int {
	for i := len(lines) - 1; i >= 0; i-- {
		first := i
		for first > 0 && isElse(lines[first]) {
			first--
		}
		if _, ok := lines[first].Head.(*ast.If); ok {
			below = b.branch(lines[first:i+1], below)
			i = first
			continue
		}
		below = b.statement(lines[i], below)
	}
	return below
}

func isElse(l *ast.Line) bool {
	switch l.Head.(type) {
	case *ast.ElseIf, *ast.Else:
		return true
	}
	return false
}

func (b *builder) branch(lines []*ast.Line, below int) int {
	var next []edge
	complete := false
	for _, l := range lines {
		_, complete = l.Head.(*ast.Else)
		next = append(next, b.to(b.body(l.Children, below)))
	}
	if !complete {
		next = append(next, b.to(below))
	}
	return b.at(atOther, lines[0], next...)
}

func (b *builder) statement(l *ast.Line, below int) int {
	switch h := l.Head.(type) {
	case *ast.Say:
		return b.at(atSay, l, b.to(below))
	case *ast.Ask:
		return b.ask(l, h, below)
	case *ast.Need:
		return b.waits(atNeed, l, below)
	case *ast.HandOver:
		return b.waits(atHandOver, l, below)
	case *ast.Fetch:
		return b.waits(atFetch, l, below)
	case *ast.ForEach:
		return b.forEach(l, below)
	case *ast.Move:
		return b.move(l, h.Target)
	case *ast.Call:
		return b.at(atCall, l, b.to(below), b.leave(l, h.Flow))
	case *ast.Remind:
		e := b.target(l, h.Target)
		if e == nil {
			return b.at(atRemind, l, b.to(below))
		}
		return b.at(atRemind, l, b.to(below), *e)
	case *ast.Return:
		return b.at(atReturn, l)
	case *ast.End:
		return b.at(atEnd, l)
	case *ast.Hide:
		return b.at(atHide, l)
	case *ast.Alert:
		return b.at(atAlert, l, b.to(below))
	}
	return b.at(atOther, l, b.to(below))
}

// move is a point of its own: what stands before it leads to it, and it to the target.
func (b *builder) move(l *ast.Line, t ast.Target) int {
	if e := b.target(l, t); e != nil {
		return b.at(atOther, l, *e)
	}
	return b.at(atOther, l)
}

// target is the edge of a move; nil where the target was reported.
func (b *builder) target(l *ast.Line, t ast.Target) *edge {
	e := edge{to: -1, out: -1, when: b.when, moved: true, line: l}
	d := b.pack.Resolve(b.flow, t)
	switch {
	case d == nil || d.Flow != nil && d.Flow != b.flow:
		e.out = b.leave(l, t).out
	case d.Kind == pack.ToEnd:
		e.to = b.at(atEnd, l)
	case d.Kind == pack.ToBack:
		e.to = b.at(atBack, l)
	case d.Kind == pack.ToNext:
		e.to = b.loop
	case d.Kind == pack.ToContinue:
		e.to = b.goOn
	case d.Step != nil:
		e.to = b.route.steps[d.Step.Index]
	}
	if e.to < 0 && e.out < 0 {
		b.route.unsure = true
		return nil
	}
	return &e
}

func (b *builder) leave(l *ast.Line, t ast.Target) edge {
	b.route.outs = append(b.route.outs, out{t, l})
	return edge{to: -1, out: len(b.route.outs) - 1, when: b.when, moved: true, line: l}
}

func (b *builder) ask(l *ast.Line, h *ast.Ask, below int) int {
	outer := b.goOn
	b.goOn = below
	defer func() { b.goOn = outer }()
	var next []edge
	all := options(l)
	for _, o := range all {
		var first int
		if t := o.Head.(*ast.Option).Target; t != nil {
			first = b.body(statements(o.Children), b.move(o, *t))
		} else {
			first = b.body(statements(o.Children), below)
		}
		e := b.to(first)
		e.chosen = true
		next = append(next, e)
	}
	next = append(next, b.whens(l, below)...)
	if len(all) == 0 || h.Rows != nil || h.Several || prop(l, "skip") != nil {
		next = append(next, b.to(below))
	}
	return b.at(atAsk, l, next...)
}

// waits is a place where the conversation waits for something else than an answer; the line below comes after.
func (b *builder) waits(kind pointKind, l *ast.Line, below int) int {
	outer := b.goOn
	b.goOn = below
	defer func() { b.goOn = outer }()
	next := b.whens(l, below)
	return b.at(kind, l, append(next, b.to(below))...)
}

// goesOn are the when lines that go on below where they do not move; after the others the conversation waits on.
var goesOn = map[string]bool{"failed": true, "refused": true, "none": true, "done": true}

func (b *builder) whens(l *ast.Line, below int) []edge {
	var next []edge
	outer := b.when
	defer func() { b.when = outer }()
	for _, line := range whens(l, "") {
		h := line.Head.(*ast.When)
		b.when = h.Kind
		after := -1
		if goesOn[h.Kind] {
			after = below
		}
		if h.Target != nil {
			after = b.move(line, *h.Target)
		}
		body := statements(line.Children)
		if after < 0 && len(body) == 0 {
			continue // the text is sent and the conversation waits on
		}
		if after < 0 {
			after = b.at(atBack, line)
		}
		next = append(next, b.to(b.body(body, after)))
	}
	return next
}

func (b *builder) forEach(l *ast.Line, below int) int {
	loop := b.at(atLoop, l)
	outer := b.loop
	b.loop = loop
	body := b.body(statements(l.Children), loop)
	b.loop = outer
	next := append([]edge{b.to(body), b.to(below)}, b.whens(l, below)...)
	b.route.points[loop].next = next
	return loop
}
