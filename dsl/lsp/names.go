package lsp

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
)

// kind is what sort of thing has a name.
type kind uint8

const (
	flowName kind = iota + 1
	stepName
	variableName // of one flow
	rowName      // of one loop
	fieldName
	hoursName
	teamName
	wordsName
	consentName
	tableName
	recordName
	templateName
	serviceName
	columnName
	optionName
	libraryName
)

var kindWords = [...]string{flowName: "flow", stepName: "step", variableName: "value", rowName: "row", fieldName: "field", hoursName: "hours",
	teamName: "team", wordsName: "words", consentName: "consent", tableName: "table", recordName: "record", templateName: "template",
	serviceName: "service", columnName: "column", optionName: "answer", libraryName: "library"}

func (k kind) String() string { return kindWords[k] }

// thing is what a name stands for. There is one for each place where a name is given.
type thing struct {
	kind kind
	name string
	at   diag.Span // of the name where it is given first
	line *ast.Line // that gives it
	flow *pack.Flow
	// owner is the line that a column or an answer stands below.
	owner *ast.Line
}

// use is a name in a file.
type use struct {
	at    diag.Span
	thing *thing
	// sets says that the name gets its value here, or is declared.
	sets bool
	// stands says that the name is both what is set elsewhere and the value for it, as in "with city".
	stands bool
}

// names are all names of a pack with its libraries: what is declared, and what stands for what. It is made of one
// check, and of each file when it is asked about.
type names struct {
	pack   *pack.Pack
	files  map[string]*ast.File
	units  []*unit // the pack first
	things map[place]*thing
	uses   map[string][]use
	flows  map[*ast.Line]*pack.Flow
}

type place struct {
	file  string
	start int
}

// unit is the pack or one library: the files below one folder.
type unit struct {
	prefix    string
	libraries map[string]*thing
	declared  map[string]*thing // by kind and name
}

// namesOf gives the pack's names, made once for each check.
func (f *folder) namesOf() *names {
	if f.names == nil {
		f.names = newNames(f.result.Pack)
	}
	return f.names
}

func newNames(p *pack.Pack) *names {
	n := &names{pack: p, files: map[string]*ast.File{}, things: map[place]*thing{}, uses: map[string][]use{}, flows: map[*ast.Line]*pack.Flow{}}
	for _, f := range p.Flows {
		n.flows[f.Line] = f
	}
	for _, f := range p.Files {
		n.files[f.Name] = f
	}
	n.unit("")
	for at := 0; at < len(n.units); at++ { // libraries of libraries come behind
		u := n.units[at]
		for _, f := range p.Files {
			for _, line := range f.Lines {
				if h, ok := line.Head.(*ast.Use); ok && n.prefixOf(f.Name, u) {
					u.libraries[h.As.Text] = n.thing(libraryName, h.As, line, nil)
					n.unit(joined(u.prefix, h.Path))
				}
			}
		}
	}
	for _, f := range p.Files {
		u := n.unitOf(f.Name)
		for _, line := range f.Lines {
			if k, name := declares(line); k != 0 && u.declared[k.String()+" "+name.Text] == nil {
				u.declared[k.String()+" "+name.Text] = n.thing(k, name, line, nil)
			}
		}
	}
	return n
}

func (n *names) unit(prefix string) {
	if !slices.ContainsFunc(n.units, func(u *unit) bool { return u.prefix == prefix }) {
		n.units = append(n.units, &unit{prefix: prefix, libraries: map[string]*thing{}, declared: map[string]*thing{}})
	}
}

// prefixOf tells whether a file lies in the unit and in no other below it.
func (n *names) prefixOf(file string, u *unit) bool { return n.unitOf(file) == u }

// unitOf is the unit of a file: the one with the longest folder.
func (n *names) unitOf(file string) *unit {
	best := n.units[0]
	for _, u := range n.units[1:] {
		if strings.HasPrefix(file, u.prefix) && len(u.prefix) > len(best.prefix) {
			best = u
		}
	}
	return best
}

// declares is what a line at the margin gives a name to, apart from flows.
func declares(line *ast.Line) (kind, ast.Name) {
	switch h := line.Head.(type) {
	case *ast.Hours:
		return hoursName, h.Name
	case *ast.Team:
		return teamName, h.Name
	case *ast.Field:
		return fieldName, h.Name
	case *ast.Words:
		return wordsName, h.Name
	case *ast.Consent:
		return consentName, h.Name
	case *ast.Table:
		return tableName, h.Name
	case *ast.Record:
		return recordName, h.Name
	case *ast.Template:
		return templateName, h.Name
	case *ast.Service:
		return serviceName, h.Name
	}
	return 0, ast.Name{}
}

// thing is what the name that stands here stands for: the same for the same place.
func (n *names) thing(k kind, name ast.Name, line *ast.Line, flow *pack.Flow) *thing {
	at := nameSpan(name)
	key := place{at.File, at.Start}
	t := n.things[key]
	if t == nil {
		t = &thing{kind: k, name: name.Text, at: at, line: line, flow: flow}
		n.things[key] = t
	}
	return t
}

// nameSpan is the place of a name without what the reading of its line took along.
func nameSpan(name ast.Name) diag.Span {
	s := diag.Span(name.Span())
	s.End = s.Start + len(name.Text)
	return s
}

// find is what a name of a kind stands for in a file: in its own pack or library first, then in the pack, then in any
// library.
func (n *names) find(file string, k kind, name string) *thing {
	key := k.String() + " " + name
	if t := n.unitOf(file).declared[key]; t != nil {
		return t
	}
	for _, u := range n.units {
		if t := u.declared[key]; t != nil {
			return t
		}
	}
	return nil
}

// all are the declared things of a kind that a file may name, each name once, in the order of the source.
func (n *names) all(file string, k kind) []*thing {
	var all []*thing
	seen := map[string]bool{}
	own := n.unitOf(file)
	for _, u := range append([]*unit{own}, n.units...) {
		var of []*thing
		for _, t := range u.declared {
			if t.kind == k && !seen[t.name] {
				of = append(of, t)
			}
		}
		slices.SortFunc(of, func(a, b *thing) int {
			return cmp.Or(strings.Compare(a.at.File, b.at.File), a.at.Start-b.at.Start)
		})
		for _, t := range of {
			seen[t.name] = true
		}
		all = append(all, of...)
	}
	return all
}

// flow and step are the things of a pack's flows.
func (n *names) flow(f *pack.Flow) *thing {
	return n.thing(flowName, f.Line.Head.(*ast.Flow).Name, f.Line, f)
}

func (n *names) step(s *pack.Step) *thing {
	return n.thing(stepName, s.Line.Head.(*ast.Step).Name, s.Line, s.Flow)
}

// variable is a value of a flow; nil where it has none of this name.
func (n *names) variable(f *pack.Flow, name string) *thing {
	v := f.Vars[name]
	if v == nil {
		return nil
	}
	key := place{v.Span.File, v.Span.Start}
	t := n.things[key]
	if t == nil {
		at := diag.Span(v.Span)
		at.End = at.Start + len(name)
		t = &thing{kind: variableName, name: name, at: at, flow: f, line: lineAt(n.files[at.File], at.Start)}
		n.things[key] = t
	}
	return t
}

// usesIn are the names of a file, by place.
func (n *names) usesIn(file string) []use {
	if all, ok := n.uses[file]; ok {
		return all
	}
	w := &walker{names: n, file: n.files[file]}
	if w.file != nil {
		w.walk()
	}
	slices.SortStableFunc(w.uses, func(a, b use) int { return a.at.Start - b.at.Start })
	n.uses[file] = w.uses
	return w.uses
}

// useAt is the name at an offset of a file, or that ends there; nil where none is.
func (n *names) useAt(file string, offset int) *use {
	var found *use
	for i := range n.usesIn(file) {
		u := &n.uses[file][i]
		if u.at.Start <= offset && offset <= u.at.End && (found == nil || offset < u.at.End) {
			found = u
		}
	}
	return found
}

// usesOf are all places of a thing in the pack and its libraries.
func (n *names) usesOf(t *thing) []use {
	var all []use
	for _, f := range n.pack.Files {
		if !bytes.Contains(f.Source, []byte(t.name)) {
			continue
		}
		for _, u := range n.usesIn(f.Name) {
			if u.thing == t {
				all = append(all, u)
			}
		}
	}
	return all
}

// lineAt is the innermost line of a file whose own characters or text are at an offset; nil where there is none.
func lineAt(f *ast.File, offset int) *ast.Line {
	if f == nil {
		return nil
	}
	lines, found := f.Lines, (*ast.Line)(nil)
	for {
		at := slices.IndexFunc(lines, func(l *ast.Line) bool { return l.Span.Start <= offset && offset < max(l.End, l.Span.End+1) })
		if at < 0 {
			return found
		}
		found = lines[at]
		lines = found.Children
	}
}
