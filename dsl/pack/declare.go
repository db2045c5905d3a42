package pack

import (
	"slices"
	"strings"

	"baraza/channels/capability"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/program"

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
			b.p.Line, b.p.ID, b.p.Title = line, h.ID.Text, Written(line.Text)
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
	case *ast.Needs:
		return "release needs"
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
	case *ast.Needs:
		b.gates(line)
	}
}

// gates reads the gates of a release.
func (b *builder) gates(line *ast.Line) {
	p := b.p
	for _, child := range line.Children {
		h, ok := child.Head.(*ast.Gate)
		if !ok {
			continue
		}
		need := program.Need{Gate: h.Name}
		if h.AtLeast != nil {
			need.AtLeast = *h.AtLeast
		}
		switch {
		case slices.ContainsFunc(p.Needs, func(n program.Need) bool { return n.Gate == h.Name }):
			b.report(diag.New(diag.Error, "duplicate-name", span(child.Span), "the gate %q stands here twice", h.Name).
				WithHelp("Keep one of them."))
		case h.AtLeast != nil && (need.AtLeast < 1 || need.AtLeast > 100):
			b.report(diag.New(diag.Error, "wrong-value", span(child.Span), "%s is a number of percent, from 1 to 100", h.Name).
				WithHelp("For example: %s 90", h.Name))
		default:
			p.Needs = append(p.Needs, need)
		}
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
		d := diag.New(diag.Error, "unknown-language", spanOf(tag), "I know no language with the code %q", tag.Text).
			WithHelp("Write the language's short code, such as en, es, sw or ar.")
		if code := languageCodes[strings.ToLower(tag.Text)]; code != "" {
			d = d.WithFix(spanOf(tag), code, false)
		}
		b.report(d)
	}
	b.p.Languages = append(b.p.Languages, tag.Text)
}

// languageCodes are those of languages that writers call by their names.
var languageCodes = map[string]string{
	"amharic": "am", "አማርኛ": "am", "arabic": "ar", "العربية": "ar", "bengali": "bn", "burmese": "my", "dari": "prs",
	"english": "en", "farsi": "fa", "persian": "fa", "فارسی": "fa", "french": "fr", "français": "fr",
	"francais": "fr", "fulfulde": "ff", "hausa": "ha", "haitian": "ht", "kirundi": "rn", "kiswahili": "sw",
	"lingala": "ln", "pashto": "ps", "portuguese": "pt", "português": "pt", "portugues": "pt", "russian": "ru",
	"sango": "sg", "somali": "so", "spanish": "es", "español": "es", "espanol": "es", "swahili": "sw",
	"tigrinya": "ti", "turkish": "tr", "ukrainian": "uk", "urdu": "ur",
}

// languagesAreRead says that no language is missing for a slip in its code.
func (b *builder) languagesAreRead() bool {
	return !slices.ContainsFunc(b.p.Languages, func(tag string) bool {
		_, err := language.Parse(tag)
		return err != nil
	})
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
