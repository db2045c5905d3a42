package syntax

import (
	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// seen is what stands below one line so far.
type seen struct {
	last      int32 // index of the line before, -1
	statement bool  // a line of a step that is no mark
	misplaced bool  // a mark behind it is reported
	flow      bool  // at the margin
	bad       bool  // a line with a problem, on any level below
	asked     bool  // below ask or a link: a text
	buttons   int   // below a link
	loose     bool  // an if has nothing below it, or a line is not read, so an else may have lost its if
	children  int
}

// structure looks at what only several lines together can have wrong.
func (p *parse) structure() {
	below := make([]seen, len(p.lines)+1) // the margin is the last
	for i := range below {
		below[i].last = -1
	}
	for i := range p.lines {
		l := &p.lines[i]
		parent := l.parent
		if parent < 0 {
			parent = int32(len(p.lines))
		}
		over := &below[parent]
		if !l.muted {
			p.order(l, i, over)
		}
		if p.has[l.number] {
			over.loose = true
			for o := l.owner; o >= 0; o = p.lines[o].owner {
				below[o].loose = true
			}
		}
		if l.owner >= 0 && l.owner != l.parent {
			below[l.owner].children++
		}
		over.last = int32(i)
		over.children++
		if _, bad := p.nodes[i].Head.(*ast.Bad); bad {
			over.bad = true
		}
	}
	for i := len(p.lines) - 1; i >= 0; i-- {
		if owner := p.lines[i].owner; owner >= 0 && (below[i].bad || p.has[p.lines[i].number]) {
			below[owner].bad = true
		}
	}
	for i := range p.lines {
		p.complete(&p.lines[i], &p.nodes[i], &below[i])
	}
}

// order checks one line against those before it, below the same line.
func (p *parse) order(l *line, i int, over *seen) {
	node := &p.nodes[i]
	switch h := node.Head.(type) {
	case *ast.Flow:
		over.flow = true
	case *ast.Step, *ast.Trigger, *ast.Takes:
		if l.parent < 0 && !over.flow && !over.bad {
			over.flow = true
			p.misplace(l, node, `this "%s" line has no flow above it`, l.head.words[0])
			p.helpLast("A file begins with its flow, such as: flow welcome: Welcome")
		}
	case *ast.ElseIf, *ast.Else:
		if p.follows(over.last) {
			break
		}
		if over.loose {
			node.Head = p.unread(l)
		} else {
			p.misplace(l, node, `this "%s" has no "if" above it`, l.head.Keyword)
			p.helpLast(`"else" and "else if" stand at the level of their "if", right below what belongs to it.`)
		}
	case *ast.Mark:
		if over.statement && !over.misplaced {
			over.misplaced = true
			p.misplace(l, node, `"%s" stands at the beginning of a step`, l.head.Keyword)
			p.helpLast("Move it up, right below the step line.")
		}
	case *ast.Prop:
		over.asked = over.asked || h.Name == "text"
		if h.Name == "button" {
			over.buttons++
		}
	}
	if l.head != nil && l.head.Opens == InBlock && len(node.Children) == 0 {
		over.loose = true
	}
	if _, mark := node.Head.(*ast.Mark); !mark && !p.has[l.number] && (node.Text != nil || l.head == nil || l.head.Text != Block) {
		over.statement = true
	}
	p.underRow(l, node)
}

// follows tells whether the line at an index is an if or else if, or one that could not be read.
func (p *parse) follows(index int32) bool {
	if index < 0 {
		return false
	}
	switch p.nodes[index].Head.(type) {
	case *ast.If, *ast.ElseIf, *ast.Bad:
		return true
	}
	return false
}

// underRow checks that only a list has columns below, and only a line that does not move on has lines below.
func (p *parse) underRow(l *line, node *ast.Line) {
	if l.parent < 0 || l.head == nil || p.nodes[l.parent].Children[0] != node || p.has[p.lines[l.parent].number] {
		return
	}
	switch above := p.nodes[l.parent].Head.(type) {
	case *ast.Column:
		if above.Type.Name != "list" {
			p.misplace(l, node, `nothing can stand below "%s", which is no list`, above.Name.Text)
			p.helpLast("For a list write: " + above.Name.Text + ": list")
		}
	case *ast.When:
		if above.Target != nil {
			p.misplace(l, node, "nothing can stand below a line that moves on")
			p.helpLast(`Write the "-> ` + joinTarget(above.Target) + `" as the last of the lines below.`)
		}
	}
}

func joinTarget(t *ast.Target) string {
	name := ""
	for i, part := range t.Parts {
		if i > 0 {
			name += "."
		}
		name += part
	}
	return name
}

func (p *parse) misplace(l *line, node *ast.Line, format string, args ...any) {
	text := p.src[l.start:l.end]
	at := p.at(l.start, l.start+int32(max(p.keywordLen(l), wordOrSign(text))))
	p.report(l.number, diag.New(diag.Error, "misplaced-line", at, format, args...))
	node.Head = p.unread(l)
}

// helpLast adds a sentence to the problem reported last.
func (p *parse) helpLast(help string) {
	if n := len(p.list); n > 0 && len(p.list[n-1].Help) == 0 {
		p.list[n-1].Help = []string{help}
	}
}

// complete checks that a line has the text and the lines below it that it needs.
func (p *parse) complete(l *line, node *ast.Line, below *seen) {
	if l.muted || l.bad || l.head == nil || p.has[l.number] {
		return
	}
	if _, bad := node.Head.(*ast.Bad); bad {
		return
	}
	switch h := node.Head.(type) {
	case *ast.Say:
		if h.Kind == "link" {
			p.completeLink(l, node, below)
			return
		}
	case *ast.Ask:
		switch {
		case node.Text == nil && !below.asked && !below.bad:
			p.noText(l)
		case node.Text != nil && below.asked:
			p.report(l.number, diag.New(diag.Error, "unexpected-words", p.at(l.start, l.start+int32(len("ask"))), "this question has two texts").
				WithHelp(`Keep the one behind the colon, or the one in the "text:" line below.`))
		}
		return
	case *ast.When:
		if node.Text != nil || h.Target != nil {
			return
		}
	}
	switch l.head.Text {
	case Block, OneLine, Rest, Label:
		if node.Text == nil {
			p.noText(l)
			return
		}
	case MayBlock, Title:
		if node.Text == nil && l.colon >= 0 {
			p.noText(l)
			return
		}
	}
	if l.head.NeedsLines && below.children == 0 && node.Text == nil || l.head.NeedsLines && l.head.Text == Rest && below.children == 0 {
		p.report(l.number, diag.New(diag.Error, "unfinished-line", p.at(l.start, l.end), `nothing stands below this "%s" line`, l.head.Name()).
			WithHelp("Indent the lines that belong to it by two more spaces."))
	}
}

func (p *parse) noText(l *line) {
	d := diag.New(diag.Error, "missing-value", p.at(l.start, l.end), `nothing stands after "%s"`, clip(p.src[l.start:l.end]))
	if l.head.Text == Block && l.colon < 0 {
		at := p.at(l.end, l.end)
		d = diag.New(diag.Error, "missing-colon", at, `there is no colon after "%s"`, clip(p.src[l.start:l.end])).WithFix(at, ":", false)
	}
	p.report(l.number, d.WithHelp("For example: %s", l.head.Example))
}

// whole looks at the file as a whole: an empty one, and one that is no flow at all.
func (p *parse) whole() {
	switch {
	case p.rows == 0 && len(p.list) == 0:
		p.list = append(p.list, diag.New(diag.Warning, "empty-file", p.at(0, 0), "there is nothing in this file").
			WithHelp("A file begins with its flow, such as: flow welcome: Welcome"))
	case p.known == 0 && p.unknown >= 3:
		p.refuse(1, diag.New(diag.Error, "word-document", p.at(p.lines[0].start, p.lines[0].end), "no line of this file is a line of a flow").
			WithHelp("It looks like text from somewhere else. What the bot says stands behind say: or ask: in a step.").
			WithHelp("A file begins with its flow, such as: flow welcome: Welcome"))
	}
}
