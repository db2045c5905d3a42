package pack

import (
	"fmt"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// names are the declarations by name. Libraries and the pack share them: what the pack declares itself stands
// in for a library's declaration of the same name.
type names struct {
	units     []*unit
	at        map[named]owned
	fields    map[string]*Field
	hours     map[string]*Hours
	teams     map[string]*Team
	words     map[string]*Words
	consents  map[string]*Consent
	tables    map[string]*Table
	records   map[string]*Record
	templates map[string]*Template
	services  map[string]*Service
	lists     map[string][]string // of all names by kind, in source order
}

// owned is where a name was declared first.
type owned struct {
	unit *unit
	span ast.Span
}

// lateName is a reference to something that may be declared further down.
type lateName struct {
	name ast.Name
	unit *unit
	set  func(string) bool
	kind string
}

// claim gives a name to a declaration. It is false where another has it: in the same unit that is a problem;
// the pack's own stands in for a library's.
func (b *builder) claim(kind string, name ast.Name, u *unit) bool {
	key := named{kind, name.Text}
	if _, bound := u.binds[key]; bound {
		return false // the pack put its own in its place
	}
	first, taken := b.at[key]
	if !taken {
		b.keep(key, u, name.Span())
		return true
	}
	switch {
	case first.unit == u:
		b.duplicate(kind, name, first.span)
	case first.unit.index != 0 && !first.unit.knows(u):
		b.report(diag.New(diag.Error, "duplicate-name", spanOf(name), "two libraries have a %s called %q", kind, name.Text).
			WithNote(span(first.span), "the first is here").
			WithHelp("Declare the %s %s in the pack; it then counts for both.", kind, name.Text))
	}
	return false
}

func (b *builder) keep(key named, u *unit, at ast.Span) { b.at[key] = owned{u, at} }

// knows says that a unit uses another one, itself or by way of others.
func (u *unit) knows(other *unit) bool {
	for _, lib := range u.uses {
		if lib == other || lib.knows(other) {
			return true
		}
	}
	return false
}

// several is the plural of a kind of declaration.
func several(kind string) string {
	switch {
	case strings.HasSuffix(kind, "y"):
		return strings.TrimSuffix(kind, "y") + "ies"
	case strings.HasSuffix(kind, "s"): // hours, words
		return kind
	}
	return kind + "s"
}

func (b *builder) duplicate(kind string, name ast.Name, first ast.Span) {
	b.report(diag.New(diag.Error, "duplicate-name", spanOf(name), "there are two %s called %q", several(kind), name.Text).
		WithNote(span(first), "the first is here").
		WithHelp("Give one of them another name."))
}

// later resolves a name once everything is declared.
func (b *builder) later(kind string, name ast.Name, u *unit, set func(string) bool) {
	b.late = append(b.late, lateName{name, u, set, kind})
}

func (b *builder) resolveLate(ref lateName) {
	name := ref.unit.bound(ref.kind, ref.name.Text)
	if !ref.set(name) {
		b.unknown("unknown-"+ref.kind, ref.kind, ref.name, b.names.all(ref.kind), b.where(ref.kind))
	}
}

// declared are the names of a kind that a unit itself declares.
func (u *unit) declared(kind string) []string {
	var all []string
	for _, line := range u.declarations() {
		if k, name := declaredName(line); k == kind {
			all = append(all, name.Text)
		}
	}
	return all
}

func (u *unit) declares(kind, name string) bool {
	if u.names == nil {
		u.names = map[named]bool{}
		for _, line := range u.declarations() {
			kind, name := declaredName(line)
			u.names[named{kind, name.Text}] = true
		}
	}
	return u.names[named{kind, name}]
}

// declared says that the pack or one of its libraries declares a name.
func (b *builder) declared(kind, name string) bool {
	return slices.ContainsFunc(b.units, func(u *unit) bool { return u.declares(kind, name) })
}

// declaredName is the kind and name of a declaration.
func declaredName(line *ast.Line) (kind string, name ast.Name) {
	switch h := line.Head.(type) {
	case *ast.Hours:
		return "hours", h.Name
	case *ast.Team:
		return "team", h.Name
	case *ast.Field:
		return "field", h.Name
	case *ast.Words:
		return "words", h.Name
	case *ast.Consent:
		return "consent", h.Name
	case *ast.Table:
		return "table", h.Name
	case *ast.Record:
		return "record", h.Name
	case *ast.Template:
		return "template", h.Name
	case *ast.Service:
		return "service", h.Name
	}
	return "", ast.Name{}
}

// all are the names of a kind, in source order.
func (n *names) all(kind string) []string { return n.lists[kind] }

// list gathers the names of each kind once.
func (n *names) list() {
	n.lists = map[string][]string{}
	seen := map[named]bool{}
	for _, u := range n.units {
		for _, line := range u.declarations() {
			kind, name := declaredName(line)
			if key := (named{kind, name.Text}); kind != "" && !seen[key] {
				seen[key] = true
				n.lists[kind] = append(n.lists[kind], name.Text)
			}
		}
	}
}

func (n *names) has(kind, name string) bool {
	_, ok := n.at[named{kind, name}]
	return ok
}

// where says where a name of a kind is declared: "line 4", or "in offices.flow".
func (b *builder) where(kind string) func(string) string {
	return func(name string) string {
		at, ok := b.at[named{kind, name}]
		if !ok {
			return ""
		}
		return b.place(at.span)
	}
}

func (b *builder) place(at ast.Span) string {
	src, ok := b.src.files[at.File]
	if !ok || at.Start > len(src) {
		return ""
	}
	return fmt.Sprintf("%s:%d", at.File, 1+strings.Count(string(src[:at.Start]), "\n"))
}

// unknown reports a name that is not there with those that look like it. Where some line could not be read,
// the name may stand in it, and nothing is said.
func (b *builder) unknown(code, kind string, name ast.Name, candidates []string, where func(string) string) {
	if b.hidden() {
		return
	}
	b.report(unknownName(code, kind, name.Text, spanOf(name), b.budget.take(candidates), where))
}

// A budget bounds how many names are compared with unknown ones: a file of ten thousand slips costs no more
// than one of a hundred, and its writer has enough to do with those.
type budget int

const (
	fileBudget = 20_000
	packBudget = 500_000
)

// take gives the candidates while there is something left, then none.
func (b *budget) take(candidates []string) []string {
	if int(*b) <= len(candidates) {
		*b = 0
		return nil
	}
	*b -= budget(len(candidates) + 1)
	return candidates
}

// A missingName says how a kind is spoken of whose name is no noun of one thing.
type missingName struct{ message, noun string }

var missingNames = map[string]missingName{
	"hours":               {"there are no hours called %q", "line of hours"},
	"words":               {"there are no words called %q", "list of words"},
	"language":            {"%q is not a language of this pack", "language"},
	"hole":                {"this template has no {%s}", "name"},
	"text":                {"the engine has no text called %q", "text"},
	"kind of declaration": {"I do not know %q in front of a name", "word"},
	"library":             {"no library is used here as %q", "library"},
}

func unknownName(code, kind, name string, at diag.Span, candidates []string, where func(string) string) diag.Diagnostic {
	say, ok := missingNames[kind]
	if !ok {
		say = missingName{"there is no " + kind + " called %q", kind}
	}
	d := diag.New(diag.Error, code, at, say.message, name).
		WithHelps(diag.Suggest(say.noun, name, candidates, where)...)
	if near := diag.Nearest(name, candidates); len(near) > 0 {
		d = d.WithFix(at, near[0], false)
	}
	return d
}
