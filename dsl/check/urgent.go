package check

import (
	"slices"
	"strings"
	"unicode"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// urgentDeadEnd: who was told that help comes must not be left without it. Where an urgent hand-over is not
// answered, the way on must have a number to call, another hand-over, or a promise: a reminder, or a team that
// says within which time it answers. So must each way of the words "danger" and of an urgent alert.
func urgentDeadEnd(w *whole) {
	all := w.ways(byNeed)
	out := all.settle()
	ends := func(i int) bool { return i >= 0 && (out[i].ends || out[i].returns) }
	for _, list := range w.pack.Words {
		if !list.Safety || lastPart(list.Name) != dangerWords {
			continue
		}
		for _, f := range w.startedBy(list) {
			if n := w.first(f); ends(n) {
				w.add(diag.New(diag.Error, "urgent-dead-end", stepName(w.step(n)), "who writes one of the words %q can be left without help", list.Name).
					WithHelp("On every way, hand over to a team, or say a number that answers day and night."))
			}
		}
	}
	for i, f := range w.found {
		for at := range f.route.points {
			v := &f.route.points[at]
			switch h := headOf(v).(type) {
			case *ast.HandOver:
				if h.Urgent || h.If != nil {
					w.urgentHandOver(all, out, i, v)
				}
			case *ast.Alert:
				team := w.teams[h.Team.Text]
				if h.Urgent && (team == nil || team.AnswerIn == 0) && !w.helpedBefore(i, at) && w.endsFrom(all, out, i, v.next) {
					w.add(diag.New(diag.Error, "urgent-dead-end", span(v.line), "an urgent alert can end here without help").
						WithHelp("Say a number that answers day and night, or hand over to a team."))
				}
			}
		}
	}
}

func headOf(v *point) ast.Head {
	if v.line == nil || v.kind == atStep || v.kind == atBack {
		return nil
	}
	return v.line.Head
}

// urgentHandOver looks at what comes when nobody answers.
func (w *whole) urgentHandOver(all *ways, out []exits, flow int, v *point) {
	for _, e := range v.next {
		if e.when != "no answer" && e.when != "outside hours" || !w.endsFrom(all, out, flow, []edge{e}) {
			continue
		}
		at := v.line
		for _, line := range whens(v.line, e.when) {
			if at == v.line || e.line == line {
				at = line
			}
		}
		w.add(diag.New(diag.Error, "urgent-dead-end", span(at), "an urgent hand-over can end here without help").
			WithHelp("Go to a step that says a number which answers day and night, or hand over to another team."))
	}
}

// endsFrom says that the conversation can end behind one of the edges without help.
func (w *whole) endsFrom(all *ways, out []exits, flow int, edges []edge) bool {
	p := w.found[flow].route
	for _, e := range edges {
		s := stretch{}
		switch {
		case e.to < 0:
			s.hops = []hop{{step: -1, out: e.out}}
		case p.points[e.to].kind == atStep:
			s.hops = []hop{{step: p.points[e.to].step, out: -1}}
		default:
			if w.walkers[flow] == nil {
				w.walkers[flow] = newWalker(p)
			}
			s = w.walkers[flow].walk(e.to, unhelped, true)
		}
		if s.ends || s.returns {
			return true
		}
		for _, h := range s.hops {
			if n := w.target(flow, h); n >= 0 && (out[n].ends || out[n].returns) {
				return true
			}
		}
	}
	return false
}

// helpedBefore says that every way of the step to a point has help on it.
func (w *whole) helpedBefore(flow, at int) bool {
	p := w.found[flow].route
	return !slices.Contains(p.reached(p.steps[p.points[at].step], unhelped), at)
}

// unhelped is the walk of a conversation until it gets help.
func unhelped(from *point, e edge) bool {
	if from.line == nil || from.kind == atStep {
		return true
	}
	switch h := from.line.Head.(type) {
	case *ast.HandOver:
		return false
	case *ast.Remind:
		return false
	case *ast.Say:
		if h.Kind == "contact" {
			return false
		}
		if h.Kind == "one of" {
			return !slices.ContainsFunc(from.line.Children, func(l *ast.Line) bool { return tellsNumber(l.Text) })
		}
		return !tellsNumber(textOf(from.line))
	case *ast.Ask:
		return !tellsNumber(textOf(from.line))
	case *ast.Hide:
		return false
	}
	return true
}

// tellsNumber says that a text has a number to call: three digits or more, or a place for a value that may be
// one.
func tellsNumber(t *ast.Text) bool {
	if t == nil {
		return false
	}
	digits := 0
	for _, part := range t.Parts {
		if part.Hole != nil && strings.Contains(part.Hole.Source, "phone") {
			return true
		}
		for _, r := range part.Literal {
			switch {
			case unicode.IsDigit(r):
				if digits++; digits >= 3 {
					return true
				}
			case r != ' ' && r != '-':
				digits = 0
			}
		}
	}
	return false
}
