package check

import (
	"strings"
	"sync"

	"baraza/channels/capability"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/answer"
)

// surroundings are what every check may look at, made once a run.
type surroundings struct {
	pack     *pack.Pack
	options  Options
	channels []capability.Channel
	fields   map[string]*pack.Field
	tables   map[string]*pack.Table
	teams    map[string]*pack.Team
	// safety are the safety words, folded, with the list each stands in.
	safety map[string]*pack.Words
	// inside are those that count within a message too.
	inside []string
	// person are the words that bring a person, folded.
	person []string
	// offers: what the pack says when it does not understand names a word that brings a person.
	offers bool
	names  map[string]held
	cells  sync.Map // cellOf: int
}

func look(p *pack.Pack, o Options) *surroundings {
	env := &surroundings{
		pack: p, options: o, names: heldByNames(o.Found),
		fields: map[string]*pack.Field{}, tables: map[string]*pack.Table{}, teams: map[string]*pack.Team{},
		safety: map[string]*pack.Words{},
	}
	for _, name := range p.Channels {
		if c, ok := capability.Named(name); ok {
			env.channels = append(env.channels, c)
		}
	}
	for _, f := range p.Fields {
		env.fields[f.Name] = f
	}
	for _, t := range p.Tables {
		env.tables[t.Name] = t
	}
	for _, t := range p.Teams {
		env.teams[t.Name] = t
	}
	for _, w := range p.Words {
		env.safetyWords(w)
	}
	for _, l := range p.Texts {
		if row, ok := l.Head.(*ast.TextRow); ok && row.Name.Text == "not understood" {
			env.offers = env.namesPerson(l.Text)
		}
	}
	return env
}

func (env *surroundings) safetyWords(w *pack.Words) {
	if !w.Safety {
		return
	}
	for _, list := range w.Lists {
		for _, word := range list.Words {
			folded := answer.Fold(word.Text)
			if folded == "" {
				continue
			}
			if env.safety[folded] == nil {
				env.safety[folded] = w
			}
			if w.Inside {
				env.inside = append(env.inside, folded)
			}
			if lastPart(w.Name) == personWords {
				env.person = append(env.person, folded)
			}
		}
	}
}

// The names of safety words that the checks know by their meaning.
const (
	personWords = "person"
	dangerWords = "danger"
)

// namesPerson says that a text tells a word that brings a person.
func (env *surroundings) namesPerson(t *ast.Text) bool {
	if t == nil {
		return false
	}
	folded := " " + answer.Fold(plain(t.Parts, nil)) + " "
	for _, word := range env.person {
		if strings.Contains(folded, " "+word+" ") {
			return true
		}
	}
	return false
}

// lastPart is a name without the library before it.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// flow is one flow being checked.
type flow struct {
	*surroundings
	flow  *pack.Flow
	route *route
	out   diag.List
	asks  map[string][]*ast.Line
	// cut are the texts that were reported as too long: they are not also hard to read.
	cut map[*ast.Text]bool
}

func (c *flow) add(d diag.Diagnostic) { c.out = append(c.out, d) }

// span of a line's own characters.
func span(l *ast.Line) diag.Span { return diag.Span(l.Span) }

// eachLine visits the lines of every step, parents before children.
func (c *flow) eachLine(visit func(s *pack.Step, l *ast.Line)) {
	var down func(s *pack.Step, lines []*ast.Line)
	down = func(s *pack.Step, lines []*ast.Line) {
		for _, l := range lines {
			visit(s, l)
			down(s, l.Children)
		}
	}
	for _, s := range c.flow.Steps {
		down(s, s.Body)
	}
}

// eachBlock visits every list of lines that run one after another.
func (c *flow) eachBlock(visit func(s *pack.Step, block []*ast.Line)) {
	for _, s := range c.flow.Steps {
		visit(s, s.Body)
	}
	c.eachLine(func(s *pack.Step, l *ast.Line) {
		if len(l.Children) > 0 {
			visit(s, l.Children)
		}
	})
}

// options of a question, in order.
func options(ask *ast.Line) []*ast.Line {
	var out []*ast.Line
	for _, l := range ask.Children {
		if _, ok := l.Head.(*ast.Option); ok {
			out = append(out, l)
		}
	}
	return out
}

// prop is the line of a property below a question or an option; nil where it is not written.
func prop(l *ast.Line, name string) *ast.Line {
	for _, child := range l.Children {
		if p, ok := child.Head.(*ast.Prop); ok && p.Name == name {
			return child
		}
	}
	return nil
}

// textOf is the text of a line: after the colon, or of a question or link in its text line.
func textOf(said *ast.Line) *ast.Text {
	if l := prop(said, "text"); l != nil {
		return l.Text
	}
	return said.Text
}

// whens of a line, by kind; all of them for "".
func whens(l *ast.Line, kind string) []*ast.Line {
	var out []*ast.Line
	for _, child := range l.Children {
		if w, ok := child.Head.(*ast.When); ok && (kind == "" || w.Kind == kind) {
			out = append(out, child)
		}
	}
	return out
}

// statements of an option or a when line: what runs, without what describes it.
func statements(lines []*ast.Line) []*ast.Line {
	var out []*ast.Line
	for _, l := range lines {
		switch l.Head.(type) {
		case *ast.Prop, *ast.OnlyIf, *ast.Also, *ast.Option, *ast.When, *ast.Share, *ast.Assign, *ast.TemplateUse, *ast.Wording:
		default:
			out = append(out, l)
		}
	}
	return out
}
