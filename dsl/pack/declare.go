package pack

import (
	"fmt"
	"slices"
	"strings"

	"baraza/channels/capability"
	"baraza/dsl/ast"
	"baraza/dsl/diag"

	"golang.org/x/text/language"
)

// declared is everything that stands outside flows, and what is wrong with it. It is kept as long as none of
// its lines and tables changes.
type declared struct {
	key      [32]byte
	pack     Pack // the part of the pack that it fills
	names    *names
	problems diag.List

	start, fallback *ast.Target
	silent          *ast.Line
}

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

// declare reads the declarations of all units.
func (b *builder) declare() {
	d := &declared{names: &names{
		units: b.units, at: b.at, fields: map[string]*Field{}, hours: map[string]*Hours{}, teams: map[string]*Team{},
		words: map[string]*Words{}, consents: map[string]*Consent{}, tables: map[string]*Table{},
		records: map[string]*Record{}, templates: map[string]*Template{}, services: map[string]*Service{},
	}}
	b.d, b.names = d, d.names
	before := len(b.problems)
	for _, u := range b.units {
		b.head(u)
		if u.index == 0 {
			b.languages()
		}
	}
	b.names.list()
	b.bind()
	for _, u := range b.units {
		for _, line := range u.declarations() {
			b.declaration(u, line)
		}
	}
	for _, ref := range b.late {
		b.resolveLate(ref)
	}
	b.late = nil
	b.declaredTexts()
	d.pack = *b.p
	d.problems = slices.Clone(b.problems[before:])
}

// head reads the lines below `pack`.
func (b *builder) head(u *unit) {
	var head *ast.Line
	for _, line := range u.declarations() {
		h, ok := line.Head.(*ast.Pack)
		if !ok {
			continue
		}
		if head != nil {
			b.report(diag.New(diag.Error, "duplicate-name", span(line.Span), "there are two pack lines").
				WithNote(span(head.Span), "the first is here").
				WithHelp("A pack begins once. Put what stands below this line below the first, or take it out."))
			continue
		}
		head = line
		if u.index == 0 {
			b.p.Line, b.p.ID, b.p.Title = line, h.ID.Text, written(line.Text)
		}
		seen := map[string]*ast.Line{}
		for _, child := range line.Children {
			word := headWord(child)
			if first := seen[word]; first != nil && word != "" {
				b.report(diag.New(diag.Error, "duplicate-name", span(child.Span), "there are two %q lines below pack", word).
					WithNote(span(first.Span), "the first is here").WithHelp("Keep one of them."))
				continue
			}
			seen[word] = child
			if u.index == 0 {
				b.headLine(child)
			}
		}
	}
	if head == nil && !u.hides && u.index == 0 {
		b.report(diag.New(diag.Error, "no-pack-file", diag.Span{File: u.source.prefix + packFile}, "no line of this pack says what it is").
			WithHelp("Begin %s with a line such as:  pack ke: Example Help Desk", packFile))
	}
}

func headWord(line *ast.Line) string {
	switch line.Head.(type) {
	case *ast.Country:
		return "country"
	case *ast.Timezone:
		return "timezone"
	case *ast.Languages:
		return "languages"
	case *ast.Channels:
		return "channels"
	case *ast.Notice:
		return "notice"
	case *ast.Start:
		return "start"
	case *ast.Fallback:
		return "fallback"
	case *ast.Silent:
		return "silent"
	}
	return ""
}

func (b *builder) headLine(line *ast.Line) {
	p := b.p
	switch h := line.Head.(type) {
	case *ast.Country:
		p.Country = h.Code.Text
		if _, err := language.ParseRegion(h.Code.Text); err != nil || len(h.Code.Text) != 2 || strings.ToUpper(h.Code.Text) != h.Code.Text {
			d := diag.New(diag.Error, "unknown-name", spanOf(h.Code), "I know no country with the code %q", h.Code.Text).
				WithHelp("Write its two capital letters. For example:  country KE")
			if upper := strings.ToUpper(h.Code.Text); err == nil && len(upper) == 2 {
				d = d.WithFix(spanOf(h.Code), upper, true)
			}
			b.report(d)
		}
	case *ast.Timezone:
		p.Timezone = h.Name
		b.timezone(line, h.Name)
	case *ast.Languages:
		if len(h.Tags) > MaxLanguages {
			b.report(diag.New(diag.Error, "too-large", spanOf(h.Tags[MaxLanguages]), "a pack has at most %d languages", MaxLanguages).
				WithHelp("Take out those that no text is written in."))
		}
		for _, tag := range h.Tags[:min(len(h.Tags), MaxLanguages)] {
			b.languageTag(tag)
		}
	case *ast.Channels:
		b.channels(h.Names)
	case *ast.Notice:
		b.later("consent", h.Consent, b.units[0], func(name string) bool {
			p.Notice = b.names.consents[name]
			return p.Notice != nil
		})
	case *ast.Start:
		b.d.start = &h.Target
	case *ast.Fallback:
		b.d.fallback = &h.Target
	case *ast.Silent:
		b.d.silent = line
	case *ast.Example:
		p.Example = true
	}
}

// MaxLanguages is how many languages a pack can have.
const MaxLanguages = 50

// languageTag adds a language. Its tag is that of BCP 47: es, pt-BR.
func (b *builder) languageTag(tag ast.Name) {
	if slices.Contains(b.p.Languages, tag.Text) {
		b.report(diag.New(diag.Error, "duplicate-name", spanOf(tag), "the language %q stands here twice", tag.Text).
			WithHelp("Take one of them out."))
		return
	}
	if _, err := language.Parse(tag.Text); err != nil {
		b.report(diag.New(diag.Error, "unknown-language", spanOf(tag), "I know no language with the code %q", tag.Text).
			WithHelp("Write the language's short code, such as en, es, sw or ar."))
	}
	b.p.Languages = append(b.p.Languages, tag.Text)
}

func (b *builder) languages() {
	if len(b.p.Languages) == 0 {
		b.p.Languages = []string{"en"}
	}
	if len(b.p.Channels) == 0 {
		b.p.Channels = []string{"whatsapp"}
	}
}

func (b *builder) channels(written []ast.Name) {
	for _, name := range written {
		if _, ok := capability.Named(name.Text); ok {
			if !slices.Contains(b.p.Channels, name.Text) {
				b.p.Channels = append(b.p.Channels, name.Text)
			}
			continue
		}
		b.unknown("unknown-channel", "channel", name, channelNames(), nil)
	}
}

func channelNames() []string {
	var all []string
	for _, c := range capability.All {
		all = append(all, c.Name)
	}
	return all
}

// declaration reads one margin line that is not a flow's.
func (b *builder) declaration(u *unit, line *ast.Line) {
	switch h := line.Head.(type) {
	case *ast.Hours:
		b.hours(u, line, h)
	case *ast.Team:
		b.team(u, line, h)
	case *ast.Field:
		b.field(u, line, h)
	case *ast.Words:
		b.words(u, line, h)
	case *ast.Consent:
		b.consent(u, line, h)
	case *ast.Table:
		b.table(u, line, h)
	case *ast.Record:
		b.record(u, line, h)
	case *ast.Template:
		b.template(u, line, h)
	case *ast.Service:
		b.service(u, line, h)
	case *ast.Texts:
		b.texts(u, line)
	}
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

func (b *builder) placeOf(key named, _ *unit) ast.Span { return b.at[key].span }

// knows says that a unit uses another one, itself or by way of others.
func (u *unit) knows(other *unit) bool {
	for _, lib := range u.uses {
		if lib == other || lib.knows(other) {
			return true
		}
	}
	return false
}

func (b *builder) duplicate(kind string, name ast.Name, first ast.Span) {
	b.report(diag.New(diag.Error, "duplicate-name", spanOf(name), "there are two %ss called %q", kind, name.Text).
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

// bound is the pack's name for a name of a library.
func (u *unit) bound(kind, name string) string {
	if to, ok := u.binds[named{kind, name}]; ok {
		return to
	}
	return name
}

// bindKinds are the declarations of a library that a pack can put its own in the place of.
var bindKinds = []string{"team", "hours", "field", "words", "consent", "table", "record", "template", "service"}

// bind reads lines such as `safety.team staff is protection`.
func (b *builder) bind() {
	for _, u := range b.units {
		for _, line := range u.declarations() {
			h, ok := line.Head.(*ast.Bind)
			if !ok {
				continue
			}
			lib := u.uses[h.Library.Text]
			if lib == nil {
				b.unknown("unknown-name", "library", h.Library, u.aliases(), nil)
				continue
			}
			if !slices.Contains(bindKinds, h.Kind.Text) {
				b.unknown("unknown-name", "kind of declaration", h.Kind, bindKinds, nil)
				continue
			}
			if !lib.declares(h.Kind.Text, h.Name.Text) && !lib.hides {
				b.unknown("unknown-"+h.Kind.Text, h.Kind.Text, h.Name, lib.declared(h.Kind.Text), nil)
				continue
			}
			if !b.declared(h.Kind.Text, h.Value.Text) {
				b.unknown("unknown-"+h.Kind.Text, h.Kind.Text, h.Value, b.names.all(h.Kind.Text), b.where(h.Kind.Text))
				continue
			}
			lib.binds[named{h.Kind.Text, h.Name.Text}] = h.Value.Text
		}
	}
}

func (u *unit) aliases() []string {
	var all []string
	for _, use := range u.source.uses {
		all = append(all, use.alias)
	}
	return all
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
