package check

import (
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/answer"
	"baraza/engine/program"
)

// handsOver marks the steps from which a hand-over can be reached.
func (w *whole) handsOver() []bool {
	all := w.ways(byEverywhere)
	users := make([][]int, len(w.nodes))
	out := make([]bool, len(w.nodes))
	var queue []int
	for i, f := range w.found {
		for _, step := range f.route.handsOver {
			out[w.base[i]+step] = true
			queue = append(queue, w.base[i]+step)
		}
	}
	for n := range w.nodes {
		for _, h := range all.of[n].hops {
			if to := w.target(all.flow[n], h); to >= 0 {
				users[to] = append(users[to], n)
			}
		}
		for _, c := range all.of[n].calls {
			if to := all.called(n, c); to >= 0 {
				users[to] = append(users[to], n)
			}
		}
	}
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, user := range users[n] {
			if !out[user] {
				out[user] = true
				queue = append(queue, user)
			}
		}
	}
	return out
}

// noPerson: from everywhere there must be a way to people. A safety word of the list "person" is one from
// everywhere; without it every question must have its own.
func noPerson(w *whole) {
	if w.isLibrary() {
		return
	}
	reaches := w.handsOver()
	for _, list := range w.pack.Words {
		if !list.Safety || lastPart(list.Name) != personWords {
			continue
		}
		started := w.startedBy(list)
		if len(started) == 0 && slices.Contains(reaches, true) {
			return // reported: these safety words start no flow
		}
		for _, f := range started {
			if n := w.first(f); n >= 0 && reaches[n] {
				return
			}
		}
		w.add(diag.New(diag.Error, "no-person", span(list.Line), "the words %q lead to no hand-over", list.Name).
			WithHelp("Let the flow that begins on these words hand over to a team:  hand over to staff: A person asks for help"))
		return
	}
	stuck := w.stuck(reaches)
	if stuck == nil {
		return
	}
	w.add(diag.New(diag.Error, "no-person", w.place(), "a person who writes to this pack cannot reach people").
		WithNote(stepName(stuck), "from here, for one, nothing leads to a hand-over").
		WithHelp("Write a list  words person, safety  with a word in each language.").
		WithHelp("And begin a flow with  on words person  and  anywhere  that hands over to a team."))
}

// stuck is the first step where a conversation begins or waits, and from which nothing leads to people.
func (w *whole) stuck(reaches []bool) *pack.Step {
	_, reached := w.reach()
	start := w.node(w.pack.Start)
	for n := range w.nodes {
		if !reached[n] || reaches[n] {
			continue
		}
		p, at := w.route(n)
		if n == start || slices.ContainsFunc(p.reached(at, everywhere), func(point int) bool { return p.points[point].kind == atAsk }) {
			return w.step(n)
		}
	}
	return nil
}

// startedBy are the flows that a list of words starts.
func (w *whole) startedBy(list *pack.Words) []*pack.Flow {
	var out []*pack.Flow
	for _, f := range w.pack.Flows {
		for _, t := range f.Triggers {
			if t.Words == list {
				out = append(out, f)
			}
		}
	}
	return out
}

// maxTries is how often an answer may not be understood before a person is offered.
const maxTries = 2

// noOfferAfterTries: at the second miss there must be another way than to try again.
func noOfferAfterTries(c *flow) {
	if c.offers {
		return
	}
	c.eachLine(func(s *pack.Step, l *ast.Line) {
		h, ok := l.Head.(*ast.Ask)
		if !ok || !c.canMiss(l, h) {
			return
		}
		for _, when := range whens(l, "not understood") {
			w := when.Head.(*ast.When)
			if w.Times > maxTries {
				continue
			}
			if c.otherWay(w.Target, s) || c.namesPerson(when.Text) || c.offersIn(when.Children, s) {
				return
			}
		}
		at := span(l)
		c.add(diag.New(diag.Warning, "no-offer-after-tries", at, "after two tries nobody is offered a person here").
			WithHelp("Write below the question:  when not understood 2 times -> %s", c.personFlow()))
	})
}

// canMiss says that an answer to the question can fail to fit. A question for text takes what is written.
func (c *flow) canMiss(l *ast.Line, h *ast.Ask) bool {
	if len(options(l)) > 0 || h.Rows != nil || h.Name == nil {
		return true
	}
	if h.Type != nil {
		return h.Type.Name != "text"
	}
	if f := c.fields[h.Name.Text]; f != nil {
		return f.Type.Kind != program.TextKind
	}
	return false
}

func (c *flow) otherWay(t *ast.Target, s *pack.Step) bool {
	if t == nil {
		return false
	}
	d := c.pack.Resolve(c.flow, *t)
	return d == nil || d.Kind != pack.ToBack && d.Step != s
}

func (c *flow) offersIn(block []*ast.Line, s *pack.Step) bool {
	for _, l := range block {
		switch h := l.Head.(type) {
		case *ast.HandOver:
			return true
		case *ast.Move:
			if c.otherWay(&h.Target, s) {
				return true
			}
		case *ast.Say:
			if h.Kind == "contact" || c.namesPerson(textOf(l)) {
				return true
			}
		}
		if c.offersIn(l.Children, s) {
			return true
		}
	}
	return false
}

// personFlow is the name to write where a person should be offered.
func (env *surroundings) personFlow() string {
	for _, f := range env.pack.Flows {
		for _, t := range f.Triggers {
			if t.Words != nil && t.Words.Safety && lastPart(t.Words.Name) == personWords {
				return f.Full()
			}
		}
	}
	return "person"
}

// deepest is how many menus may stand before a service.
const deepest = 3

// isMenu says that a point is a question whose options lead to different places.
func isMenu(at *point) bool {
	if at.kind != atAsk {
		return false
	}
	h := at.line.Head.(*ast.Ask)
	if h.Name != nil {
		return false
	}
	for _, o := range options(at.line) {
		if t := o.Head.(*ast.Option).Target; t != nil && (len(t.Parts) > 1 || t.Parts[0] != "end") {
			return true
		}
	}
	return false
}

// menuTooDeep counts the menus on the shortest way from the start to each question.
func menuTooDeep(w *whole) {
	start := w.node(w.pack.Start)
	if start < 0 {
		return
	}
	all := w.ways(byEverywhere)
	depth := make([]int, len(w.nodes))
	for i := range depth {
		depth[i] = -1
	}
	depth[start] = 0
	// Few menus first: buckets by depth.
	buckets := [][]int{{start}}
	for d := 0; d < len(buckets); d++ {
		for i := 0; i < len(buckets[d]); i++ {
			n := buckets[d][i]
			if depth[n] != d {
				continue
			}
			visit := func(to, menus int) {
				if to < 0 || depth[to] >= 0 && depth[to] <= d+menus {
					return
				}
				depth[to] = d + menus
				for len(buckets) <= depth[to] {
					buckets = append(buckets, nil)
				}
				buckets[depth[to]] = append(buckets[depth[to]], to)
			}
			for _, h := range all.of[n].hops {
				visit(w.target(all.flow[n], h), h.menus)
			}
			for _, c := range all.of[n].calls {
				visit(all.called(n, c), 0)
			}
		}
	}
	for n := range w.nodes {
		if depth[n] != deepest {
			continue // deeper ones stand behind one of these
		}
		p, _ := w.route(n)
		for _, point := range p.menus {
			if p.points[point].step == w.nodes[n].step {
				w.add(diag.New(diag.Warning, "menu-too-deep", span(p.points[point].line), "this question stands %d menus deep", deepest+1).
					WithHelp("Bring what people need most up to the first menus."))
				break
			}
		}
	}
}

// fraudNames are parts of a name that say that a flow or a list of words is for reports of fraud.
var fraudNames = []string{
	"fraud", "corrupt", "bribe", "scam", "fraude", "estafa", "soborno", "corrup", "arnaque", "udanganyifu", "rushwa",
	"suborno", "احتيال", "فساد", "رشوة",
}

func namesFraud(name string) bool {
	folded := answer.Fold(strings.ReplaceAll(name, "_", " "))
	return slices.ContainsFunc(fraudNames, func(part string) bool { return strings.Contains(folded, answer.Fold(part)) })
}

// fallbackNotPublic: who refuses the notice is sent to the fallback, so that must work without it.
func fallbackNotPublic(w *whole) {
	to := w.pack.Fallback
	if w.pack.Notice == nil || w.pack.Line == nil || to == nil || to.Step == nil || to.Step.Public {
		return
	}
	for _, l := range w.pack.Line.Children {
		if h, ok := l.Head.(*ast.Fallback); ok {
			w.add(diag.New(diag.Error, "fallback-not-public", diag.Span(h.Target.Span()), "the fallback is not public, so nobody who refuses the notice gets there").
				WithNote(span(to.Step.Line), "this step is the fallback").
				WithHelp("Write below that step line:  public").
				WithHelp("Or choose another step that works without the notice."))
		}
	}
}

// noFraudReport: a word that works anywhere is one message, an option of the first menu two. What is for fraud
// shows in its name.
func noFraudReport(w *whole) {
	if w.isLibrary() {
		return
	}
	for _, f := range w.pack.Flows {
		for _, t := range f.Triggers {
			if t.Anywhere && (t.Words != nil && namesFraud(lastPart(t.Words.Name)) || namesFraud(f.Name)) {
				return
			}
		}
	}
	all := w.ways(byEverywhere)
	near, start := map[int]int{}, w.node(w.pack.Start)
	if start >= 0 {
		queue := []int{start}
		near[start] = 0
		for at := 0; at < len(queue); at++ {
			n := queue[at]
			if s := w.step(n); namesFraud(s.Flow.Name) || namesFraud(s.Name) {
				return
			}
			for _, h := range all.of[n].hops {
				to := w.target(all.flow[n], h)
				if to < 0 || near[n]+h.menus > 2 {
					continue
				}
				if known, met := near[to]; !met || known > near[n]+h.menus {
					near[to] = near[n] + h.menus
					queue = append(queue, to)
				}
			}
		}
	}
	w.add(diag.New(diag.Warning, "no-fraud-report", w.place(), "nobody can report fraud within two messages").
		WithHelp("Write a list of words called fraud, and begin a flow with  on words fraud  and  anywhere.").
		WithHelp("Let it say that services are free, and hand over to a team or save a report."))
}
