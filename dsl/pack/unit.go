package pack

import (
	"runtime"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/syntax"

	"golang.org/x/sync/errgroup"
)

// unit is the pack or one library while it is built.
type unit struct {
	index    int
	alias    string // "" of the pack, "safety", "safety.words" of a library's library
	source   *source
	outlines []*outline
	uses     map[string]*unit
	// binds are the pack's names for a library's own, by kind and name.
	binds    map[named]string
	flows    map[string]*Flow
	flowList []string       // once they were asked for
	names    map[named]bool // that it declares, once they were asked for
	// hides says that some line at the margin of some file could not be read.
	hides bool
}

// named is a name of a kind: "team", "protection".
type named struct{ kind, name string }

// parse reads every file, side by side, those in the cache not again.
func (b *builder) parse() {
	type job struct {
		unit, at int
		key      fileKey
	}
	var jobs []job
	for i, s := range b.src.units {
		u := &unit{index: i, source: s, uses: map[string]*unit{}, binds: map[named]string{}, flows: map[string]*Flow{}}
		u.outlines = make([]*outline, len(s.flows))
		b.units = append(b.units, u)
		for j, name := range s.flows {
			if _, ok := b.src.files[name]; !ok {
				u.hides = true // it was refused, and may have declared anything
				continue
			}
			key := fileKey{name, b.src.sums[name]}
			if o := b.cache.parsed[key]; o != nil {
				u.outlines[j] = o
				continue
			}
			jobs = append(jobs, job{i, j, key})
		}
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, j := range jobs {
		g.Go(func() error {
			file, problems := syntax.ParseFile(j.key.name, b.src.files[j.key.name])
			o := outlineOf(file)
			o.key, o.problems = j.key, problems
			b.units[j.unit].outlines[j.at] = o
			return nil
		})
	}
	_ = g.Wait() // parsing has no errors, it has problems
	parsed := make(map[fileKey]*outline, len(b.src.files))
	for _, u := range b.units {
		u.outlines = slices.DeleteFunc(u.outlines, func(o *outline) bool { return o == nil })
		for _, o := range u.outlines {
			parsed[o.key] = o
			b.p.Files = append(b.p.Files, o.file)
			b.p.Broken = b.p.Broken || o.file.Broken
			u.hides = u.hides || o.hides
			b.problems = append(b.problems, o.problems...)
		}
	}
	b.cache.parsed = parsed
}

// link connects the units: aliases, and the names that a pack gives its libraries.
func (b *builder) link() {
	if len(b.units) == 0 {
		return
	}
	seen := map[*unit]bool{b.units[0]: true}
	queue := []*unit{b.units[0]}
	for len(queue) > 0 {
		u := queue[0]
		queue = queue[1:]
		for _, line := range u.declarations() {
			if h, ok := line.Head.(*ast.Use); ok {
				b.use(u, h, line)
			}
		}
		for _, use := range u.source.uses {
			lib := u.uses[use.alias]
			if lib == nil || seen[lib] {
				continue
			}
			seen[lib] = true
			lib.alias = use.alias
			if u.alias != "" {
				lib.alias = u.alias + "." + use.alias
			}
			queue = append(queue, lib)
		}
	}
}

func (b *builder) use(u *unit, h *ast.Use, line *ast.Line) {
	if u.uses[h.As.Text] != nil {
		b.duplicate("library", h.As, b.at[named{"library", h.As.Text}].span)
		return
	}
	b.keep(named{"library", h.As.Text}, u, h.As.Span())
	for _, use := range u.source.uses {
		if use.alias == h.As.Text && use.path == h.Path && use.unit >= 0 {
			u.uses[h.As.Text] = b.units[use.unit]
			if u.index == 0 {
				b.p.Libraries = append(b.p.Libraries, &Library{Alias: h.As.Text, Path: h.Path, Line: line})
			}
			return
		}
	}
	u.hides = true // the library is missing, and with it all its names
}

// declarations are a unit's margin lines apart from flows and tests.
func (u *unit) declarations() []*ast.Line {
	var all []*ast.Line
	for _, o := range u.outlines {
		all = append(all, o.declares...)
	}
	return all
}

// hidden says that a name may be missing only because something could not be read.
func (b *builder) hidden() bool {
	return slices.ContainsFunc(b.units, func(u *unit) bool { return u.hides })
}

// span turns a place of the tree into one of a diagnostic.
func span(s ast.Span) diag.Span { return diag.Span(s) }

// spanOf is the place of a name, target or expression, without a colon or blank that the reading of its line
// took along.
func spanOf(n interface{ Span() ast.Span }) diag.Span {
	s, length := n.Span(), 0
	switch n := n.(type) {
	case ast.Name:
		length = len(n.Text)
	case ast.Target:
		length = len(strings.Join(n.Parts, "."))
	case *ast.Target:
		length = len(strings.Join(n.Parts, "."))
	case *ast.Expr:
		length = len(n.Source)
	}
	if length > 0 {
		s.End = min(s.End, s.Start+length)
	}
	return diag.Span(s)
}
