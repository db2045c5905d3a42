package pack

import (
	"crypto/sha256"
	"fmt"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// Build makes the pack of its sources. cache may be nil; with one, only what changed since its last Build is
// done again. The pack is usable whatever the problems are; they are in the order of the source.
func Build(src *Sources, cache *Cache) (*Pack, diag.List) {
	if cache == nil {
		cache = NewCache()
	}
	b := &builder{
		src: src, cache: cache, at: map[named]owned{}, sheets: map[sheetKey]*sheet{}, entered: map[*Flow][]bool{},
		preparing: map[*Flow]bool{}, budget: packBudget, budgets: map[*outline]*budget{}, variables: map[string]Type{},
		p: &Pack{Hash: src.hash, Media: src.media, Translations: map[string]*Catalogue{}},
	}
	b.parse()
	b.p.units = b.units
	if len(b.units) == 0 { // refused as a whole, which has been reported
		b.p.Languages, b.p.Channels = []string{"en"}, []string{"whatsapp"}
		return b.p, nil
	}
	b.link()
	b.declareOnce()
	b.skeletons()
	b.moves()
	b.typeFlows()
	b.strings()
	b.translate()
	b.tests()
	b.problems.Sort()
	return b.p, b.problems
}

type builder struct {
	src   *Sources
	cache *Cache
	p     *Pack
	units []*unit

	d      *declared
	names  *names
	at     map[named]owned
	late   []lateName
	sheets map[sheetKey]*sheet

	// entered are the steps of each flow that are reached from elsewhere, by index.
	entered map[*Flow][]bool
	typed   map[*Flow]*typedFlow
	// preparing are the flows whose callees are being typed: what they return is not known to those.
	preparing map[*Flow]bool

	// budget is that of the pack's own names, budgets are those of the files. Each is used by one goroutine at
	// a time.
	budget    budget
	budgets   map[*outline]*budget
	variables map[string]Type // of any flow, for tests

	problems diag.List
}

func (b *builder) report(d diag.Diagnostic) { b.problems = append(b.problems, d) }

// declareOnce declares, unless nothing that stands outside flows changed since the last time.
func (b *builder) declareOnce() {
	key := b.declarationKey()
	if d := b.cache.declared; d != nil && d.key == key {
		files, broken, libraries := b.p.Files, b.p.Broken, b.p.Libraries
		p := d.pack
		p.Files, p.Broken, p.Libraries, p.units, p.Hash, p.Media = files, broken, libraries, b.units, b.src.hash, b.src.media
		p.Translations = map[string]*Catalogue{}
		*b.p = p
		for i, u := range b.units {
			u.binds = d.names.units[i].binds
		}
		b.d, b.names = d, d.names
		for key, at := range d.names.at {
			if _, here := b.at[key]; !here {
				b.at[key] = at
			}
		}
		b.problems = append(b.problems, d.problems...)
		return
	}
	b.p.declaredExprs = map[*ast.Expr]Type{}
	b.declare()
	b.p.names = b.names
	b.d.key = key
	b.d.pack = *b.p
	b.cache.declared = b.d
	b.cache.tables = b.sheets
}

// declarationKey is the content of all files that declare something, of the tables, and of how libraries are
// linked.
func (b *builder) declarationKey() [sha256.Size]byte {
	h := sha256.New()
	for _, u := range b.units {
		fmt.Fprintf(h, "unit %q %q %v\n", u.alias, u.source.prefix, u.hides)
		for _, use := range u.source.uses {
			fmt.Fprintf(h, "use %q %d\n", use.alias, use.unit)
		}
		for _, o := range u.outlines {
			if len(o.declares) > 0 {
				fmt.Fprintf(h, "%q", o.key.name)
				h.Write(o.key.sum[:])
			}
		}
		for _, name := range u.source.tables {
			sum := b.src.sums[name]
			fmt.Fprintf(h, "%q", name)
			h.Write(sum[:])
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// flowKey is all that a flow depends on but other flows.
type flowKey struct {
	file     fileKey
	index    int
	unit     string
	declared [sha256.Size]byte
}

// skeletons makes every flow with its steps, or takes it from the cache.
func (b *builder) skeletons() {
	b.typed = make(map[*Flow]*typedFlow)
	for _, u := range b.units {
		for _, o := range u.outlines {
			left := budget(fileBudget)
			b.budgets[o] = &left
			for i, lines := range o.flows {
				name := lines.head.Head.(*ast.Flow).Name
				if first := u.flows[name.Text]; first != nil {
					b.duplicate("flow", name, first.Line.Head.(*ast.Flow).Name.Span())
					continue
				}
				if lib, ok := b.at[named{"library", name.Text}]; ok && lib.unit.index == u.index {
					b.report(diag.New(diag.Error, "duplicate-name", spanOf(name), "a library is called %q too", name.Text).
						WithNote(span(lib.span), "the library is here").WithHelp("Give one of them another name."))
				}
				key := flowKey{o.key, i, u.alias, b.d.key}
				t := b.cache.flows[key]
				if t == nil {
					t = b.newFlow(u, o, lines, key)
				}
				u.flows[name.Text] = t.flow
				b.typed[t.flow] = t
				b.p.Flows = append(b.p.Flows, t.flow)
			}
		}
	}
}

// newFlow makes a flow with its steps and triggers; its lines are read by walk.
func (b *builder) newFlow(u *unit, o *outline, lines *flowLines, key flowKey) *typedFlow {
	h := lines.head.Head.(*ast.Flow)
	f := &Flow{
		Lib: u.alias, Name: h.Name.Text, Title: Written(lines.head.Text), Line: lines.head, File: o.file,
		Vars: map[string]*Var{}, unit: u.index, outline: o, lines: lines, steps: map[string]*Step{},
	}
	t := &typedFlow{key: key, flow: f}
	for _, line := range lines.steps {
		h := line.Head.(*ast.Step)
		if first := f.steps[h.Name.Text]; first != nil {
			t.report(diag.New(diag.Error, "duplicate-name", spanOf(h.Name), "there are two steps called %q in this flow", h.Name.Text).
				WithNote(span(first.Line.Span), "the first is here").WithHelp("Give one of them another name."))
		}
		s := &Step{Flow: f, Name: h.Name.Text, Line: line, Index: len(f.Steps)}
		s.marks()
		f.Steps = append(f.Steps, s)
		if f.steps[s.Name] == nil {
			f.steps[s.Name] = s
		}
	}
	for _, line := range lines.triggers {
		f.Triggers = append(f.Triggers, b.trigger(u, t, line))
	}
	return t
}

// marks takes the marks of a step apart from its statements.
func (s *Step) marks() {
	for _, child := range s.Line.Children {
		m, ok := child.Head.(*ast.Mark)
		if !ok {
			s.Body = append(s.Body, child)
			continue
		}
		switch m.Kind {
		case "public":
			s.Public = true
		case "sensitive":
			s.Sensitive = true
		case "for children":
			s.ForChildren = true
		case "in every language":
			s.EveryLanguage = true
		case "audio":
			s.Audio = child
		case "source":
			s.Sources = append(s.Sources, child)
		case "review by":
			s.ReviewBy, s.ReviewLine = m, child
		case "moved from":
			s.MovedFrom = append(s.MovedFrom, child)
		}
	}
}

// trigger reads an `on` line.
func (b *builder) trigger(u *unit, t *typedFlow, line *ast.Line) *Trigger {
	h := line.Head.(*ast.Trigger)
	out := &Trigger{Line: line, Head: h, Flow: t.flow}
	switch h.Kind {
	case "words":
		out.Words = b.names.words[u.bound("words", h.Name.Text)]
		if out.Words == nil {
			b.unknownIn(t, "words", h.Name)
		}
	case "template":
		out.Template = b.names.templates[u.bound("template", h.Name.Text)]
		if out.Template == nil {
			b.unknownIn(t, "template", h.Name)
		}
	}
	for _, child := range line.Children {
		if a, ok := child.Head.(*ast.Anywhere); ok {
			out.Anywhere, out.ThenBack = true, a.ThenBack
		}
	}
	return out
}

// unknownIn reports a name of a declaration that a flow uses.
func (b *builder) unknownIn(t *typedFlow, kind string, name ast.Name) {
	if b.hidden() {
		return
	}
	candidates := b.budgets[t.flow.outline].take(b.names.all(kind))
	t.report(unknownName("unknown-"+kind, kind, name.Text, spanOf(name), candidates, b.where(kind)))
}
