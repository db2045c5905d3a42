package check

import (
	"regexp"
	"strings"
	"unicode"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/answer"
	"baraza/engine/program/expression"
)

// duplicateQuestion: a place where a conversation waits is known by its step and the question's name.
func duplicateQuestion(c *flow) {
	c.eachQuestion(func(s *pack.Step, named map[string]diag.Span, l *ast.Line, h *ast.Ask) {
		if h.Name == nil {
			return
		}
		if first, again := named[h.Name.Text]; again {
			c.add(diag.New(diag.Error, "duplicate-question", diag.Span(h.Name.Span()), "this step asks for %q twice", h.Name.Text).
				WithNote(first, "the first question is here").
				WithHelp("Give one of them another name, or begin a new step before the second one."))
			return
		}
		named[h.Name.Text] = diag.Span(h.Name.Span())
	})
}

func twoUnnamedQuestions(c *flow) {
	c.eachQuestion(func(s *pack.Step, named map[string]diag.Span, l *ast.Line, h *ast.Ask) {
		if h.Name != nil {
			return
		}
		if first, again := named[""]; again {
			c.add(diag.New(diag.Error, "two-unnamed-questions", span(l), "this step has two questions without a name").
				WithNote(first, "the first one is here").
				WithHelp("Give one a name, such as:  ask more: Anything else?").
				WithHelp("Or write a new step line before the second one."))
			return
		}
		named[""] = span(l)
	})
}

// eachQuestion visits the questions of each step, with a map that is new in every step.
func (c *flow) eachQuestion(visit func(s *pack.Step, named map[string]diag.Span, l *ast.Line, h *ast.Ask)) {
	var last *pack.Step
	var named map[string]diag.Span
	c.eachLine(func(s *pack.Step, l *ast.Line) {
		if s != last {
			last, named = s, map[string]diag.Span{}
		}
		if h, ok := l.Head.(*ast.Ask); ok {
			visit(s, named, l, h)
		}
	})
}

// needsID: without an id the answer is the option's place in the list, which changes when options do.
func needsID(c *flow) {
	var used map[string]string
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		h, ok := l.Head.(*ast.Ask)
		if !ok {
			return
		}
		for _, o := range options(l) {
			if o.Head.(*ast.Option).ID != nil {
				continue
			}
			if used == nil {
				used = c.usedAnswers()
			}
			if why := c.needs(h, o, used); why != "" {
				before := diag.Span{File: o.Text.Span.File, Start: o.Text.Span.Start, End: o.Text.Span.Start}
				c.add(diag.New(diag.Error, "needs-id", span(o), "this option needs an [id], since %s", why).
					WithHelp("Write a short name that stays before the label. People never see it.").
					WithFix(before, "["+idFor(o)+"] ", false))
			}
		}
	})
}

// needs says why an option without an id needs one; "" where it does not.
func (c *flow) needs(h *ast.Ask, o *ast.Line, used map[string]string) string {
	if o.Text == nil {
		return ""
	}
	for _, part := range o.Text.Parts {
		if part.Hole != nil || part.Plural != nil || part.Select != nil {
			return "its label is not always the same"
		}
	}
	if !strings.ContainsFunc(plain(o.Text.Parts, nil), func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return "its label has no word"
	}
	if h.Name == nil {
		return ""
	}
	if c.fields[h.Name.Text] != nil {
		return "its answer is kept"
	}
	return used[h.Name.Text]
}

// usedAnswers are the variables whose value is compared, saved, shared or sent.
func (c *flow) usedAnswers() map[string]string {
	used := map[string]string{}
	mark := func(e *ast.Expr, why string) {
		if e == nil {
			return
		}
		for _, name := range expression.Names(e.Source) {
			used[name] = why
		}
	}
	args := func(with []ast.Arg, why string) {
		for _, a := range with {
			if a.Expr != nil {
				mark(a.Expr, why)
			} else {
				used[a.Name.Text] = why
			}
		}
	}
	const compared, saved, shared, sent = "its answer is compared", "its answer is saved", "its answer is shared", "its answer is sent"
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		switch h := l.Head.(type) {
		case *ast.If:
			mark(&h.Cond, compared)
		case *ast.ElseIf:
			mark(&h.Cond, compared)
		case *ast.OnlyIf:
			mark(&h.Cond, compared)
		case *ast.ForEach:
			mark(h.Where, compared)
		case *ast.Ask:
			mark(h.Where, compared)
		case *ast.Set:
			mark(&h.Expr, saved)
		case *ast.Return:
			mark(h.Expr, sent)
		case *ast.Assign:
			mark(&h.Expr, saved)
		case *ast.Share:
			for _, n := range h.Names {
				used[n.Text] = shared
			}
		case *ast.Call:
			args(h.With, sent)
		case *ast.Fetch:
			args(h.With, sent)
		case *ast.TemplateUse:
			args(h.With, sent)
		case *ast.Say:
			args(h.With, sent)
		case *ast.HandOver:
			mark(h.If, compared)
		}
	})
	return used
}

func label(o *ast.Line) string {
	if o.Text == nil {
		return ""
	}
	return plain(o.Text.Parts, nil)
}

// idFor proposes an id: the label's first long word as a name.
func idFor(o *ast.Line) string {
	word := ""
	for _, w := range strings.Fields(answer.Fold(label(o))) {
		if word = w; len(w) > 3 {
			break
		}
	}
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, word)
	if name == "" || !unicode.IsLetter([]rune(name)[0]) {
		return "name"
	}
	return name
}

func sameLabel(c *flow) {
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		if _, ok := l.Head.(*ast.Ask); !ok {
			return
		}
		first := map[string]*ast.Line{}
		for _, o := range options(l) {
			folded := answer.Fold(label(o))
			if folded == "" {
				continue
			}
			if before := first[folded]; before != nil {
				c.add(diag.New(diag.Error, "same-label", diag.Span(o.Text.Span), "the labels %q and %q are the same to a reader", label(before), label(o)).
					WithNote(diag.Span(before.Text.Span), "the first one is here").
					WithHelp("Change one of them in a word: capital letters, accents and signs do not count in an answer."))
				continue
			}
			first[folded] = o
		}
	})
}

func missingWhenFailed(c *flow) {
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		if _, ok := l.Head.(*ast.Fetch); ok && len(whens(l, "failed")) == 0 {
			c.add(diag.New(diag.Error, "missing-when-failed", span(l), "this fetch line does not say what happens when it fails").
				WithHelp("Write below it, indented:  when failed").
				WithHelp("And below that what people read then, such as:  say: We cannot look it up now."))
		}
	})
}

// unreachableLines: below a line that never goes on stands another one.
func unreachableLines(c *flow) {
	c.eachBlock(func(_ *pack.Step, block []*ast.Line) {
		for i := 0; i+1 < len(block); i++ {
			if !leavesAt(block, i) || isElse(block[i+1]) || !runs(block[i+1]) {
				continue
			}
			c.add(diag.New(diag.Warning, "unreachable-lines", span(block[i+1]), "nobody gets to this line").
				WithNote(span(block[i]), "this line goes elsewhere").
				WithHelp("Move it up, or remove it."))
			return
		}
	})
}

// runs says that a line is a statement, not a part of the one above.
func runs(l *ast.Line) bool {
	switch l.Head.(type) {
	case *ast.Bad, *ast.Option, *ast.When, *ast.Prop, *ast.Mark:
		return false
	}
	return len(statements([]*ast.Line{l})) == 1
}

// leavesAt says that the conversation never comes to the line after block[i].
func leavesAt(block []*ast.Line, i int) bool {
	switch block[i].Head.(type) {
	case *ast.Move, *ast.End, *ast.Return, *ast.Hide:
		return true
	case *ast.Else:
	default:
		return false
	}
	for ; i >= 0; i-- { // an if whose every branch leaves
		if !leaves(block[i].Children) {
			return false
		}
		if _, ok := block[i].Head.(*ast.If); ok {
			return true
		}
	}
	return false
}

func leaves(block []*ast.Line) bool { return len(block) > 0 && leavesAt(block, len(block)-1) }

// misplacedTarget: next belongs into a loop, continue below a question, and back, next and continue have no
// meaning for what happens later.
func misplacedTarget(c *flow) {
	type where struct{ loop, question bool }
	bad := func(t *ast.Target, help string) {
		word := strings.Join(t.Parts, ".")
		c.add(diag.New(diag.Error, "misplaced-target", diag.Span(t.Span()), "%q has no meaning here", "-> "+word).WithHelp("%s", help))
	}
	look := func(t *ast.Target, w where) {
		if t == nil {
			return
		}
		d := c.pack.Resolve(c.flow, *t)
		switch {
		case d == nil:
		case d.Kind == pack.ToNext && !w.loop:
			bad(t, "Write it inside a for each, or name the step to go to.")
		case d.Kind == pack.ToContinue && !w.question:
			bad(t, "Remove it: a step goes on with the line below by itself. It belongs into a when block.")
		}
	}
	var down func(lines []*ast.Line, w where)
	down = func(lines []*ast.Line, w where) {
		for _, l := range lines {
			below := w
			switch h := l.Head.(type) {
			case *ast.Move:
				look(&h.Target, w)
			case *ast.Option:
				look(h.Target, w)
			case *ast.When:
				look(h.Target, w)
			case *ast.Remind:
				if d := c.pack.Resolve(c.flow, h.Target); d != nil && d.Step == nil && d.Kind != pack.ToFlow {
					bad(&h.Target, "Name the step that begins when the time has come.")
				}
			case *ast.ForEach:
				below.loop = true
			case *ast.Ask, *ast.Need, *ast.HandOver, *ast.Fetch:
				below.question = true
			}
			down(l.Children, below)
		}
	}
	for _, s := range c.flow.Steps {
		down(s.Body, where{})
	}
}

// statementShapes are lines that nobody would write to a reader by chance.
var statementShapes = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`-> [\pL_.]+$`,
	`(?:say|hide)(?: (?:image|audio|video|document|sticker|location|contact|link|template|one of)\b.*)?:`,
	`ask(?: several)?(?: [\pL_]+)?(?: as [a-z ]+| from .*)?:`,
	`- \[[\pL\pN_]+\] `,
	`set [\pL_]+ = `,
	`step [\pL_]+$`,
	`flow [\pL_]+(?::|$)`,
	`when (?:not understood|silent|refused|failed|none|done|answered|waiting|outside hours|no answer|location|image|audio).*(?:->|:)`,
	`(?:need|given) consent [\pL_]+$`,
	`hand over to [\pL_]+.*:`,
	`alert [\pL_]+(?:, urgent)?:`,
	`call [\pL_]+(?: with .* = .*)?(?: as [\pL_]+)?$`,
	`save [\pL_]+(?: as [\pL_]+)?$`,
	`fetch [\pL_]+ from [\pL_]+`,
	`remind in \d+ [a-z]+ ->`,
	`(?:else )?if .*(?:==|!=|<=|>=).*`,
	`for each [\pL_]+ in [\pL_]+`,
	`on (?:message|words) [\pL_]+$`,
	`(?:end|else|anywhere|opt out|opt in|erase contact|export contact)$`,
}, "|") + `)`)

func looksLikeStatement(c *flow) {
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		if l.Text == nil || !l.Text.Block {
			return
		}
		for _, s := range l.Text.Lines {
			if s.Start < 0 || s.End > len(c.flow.File.Source) || s.Start > s.End {
				continue
			}
			written := strings.TrimSpace(string(c.flow.File.Source[s.Start:s.End]))
			if statementShapes.MatchString(written) {
				c.add(diag.New(diag.Warning, "looks-like-statement", diag.Span(s), "this line of a text looks like a line of the flow").
					WithHelp("If it should do something, move it to the left, as far as the line that the text belongs to.").
					WithHelp("If people should read it, leave it: this is only a warning."))
			}
		}
	})
}

// endsInMove is what people write who put a text and a move into one line.
var endsInMove = regexp.MustCompile(`[^\s\\]\s*(->|→|=>|←)\s*([\pL_][\pL\pN_.]*)\s*$`)

// arrowInText: say: Thank you. -> menu
func arrowInText(c *flow) {
	c.eachLine(func(_ *pack.Step, l *ast.Line) {
		prop, below := l.Head.(*ast.Prop)
		switch l.Head.(type) {
		case *ast.Say, *ast.When, *ast.Ask, *ast.HandOver, *ast.Alert, *ast.Hide:
		default:
			if !below || prop.Name != "button" {
				return
			}
		}
		if l.Text == nil || len(l.Text.Lines) == 0 || l.Text.Span.End > len(c.flow.File.Source) {
			return
		}
		last := l.Text.Lines[len(l.Text.Lines)-1]
		found := endsInMove.FindSubmatchIndex(c.flow.File.Source[last.Start:last.End])
		if found == nil {
			return
		}
		name := string(c.flow.File.Source[last.Start+found[4] : last.Start+found[5]])
		if d := c.pack.Resolve(c.flow, ast.Target{Parts: strings.Split(name, ".")}); d == nil {
			return
		}
		at := diag.Span{File: last.File, Start: last.Start + found[2], End: last.Start + found[5]}
		d := diag.New(diag.Warning, "arrow-in-text", at, "people read this arrow, since it stands in a text")
		if _, ok := l.Head.(*ast.When); ok {
			c.add(d.WithHelp("Write only the words before the colon, and below them, indented, two lines:  say: …  and  -> %s", name))
			return
		}
		if below {
			c.add(d.WithHelp("The button of a link opens its page and moves nowhere. An answer to choose stands below an ask:  - LABEL -> %s", name))
			return
		}
		c.add(d.WithHelp("Put the move on a line of its own below:  -> %s", name))
	})
}

// arrowTarget is where the arrow of an arrowInText was meant to lead, nil for other problems.
func arrowTarget(p *pack.Pack, f *pack.Flow, d diag.Diagnostic) *pack.Dest {
	if d.Code != "arrow-in-text" {
		return nil
	}
	found := endsInMove.FindSubmatch(append([]byte("."), f.File.Source[d.Span.Start:d.Span.End]...))
	if found == nil {
		return nil
	}
	return p.Resolve(f, ast.Target{Parts: strings.Split(string(found[2]), ".")})
}

// unusedVariable: a value that people gave for nothing.
func unusedVariable(c *flow) {
	if c.surroundings.held(c.flow.File)&heldNames != 0 {
		return
	}
	for _, v := range sortedVars(c.flow.Vars) {
		if v.Used || v.Span.File == "" || c.fields[v.Name] != nil {
			continue
		}
		c.add(diag.New(diag.Warning, "unused-variable", diag.Span(v.Span), "nothing uses %q", v.Name).
			WithHelp("Use it in a text, such as {%s}, or in a condition; or take the name away.", v.Name))
	}
}
