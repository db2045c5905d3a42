package lsp

import (
	"maps"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/syntax"
)

// spot is a place that the editor asks about, in the pack that its file is read in.
type spot struct {
	folder *folder
	file   string // as the pack calls it
	text   *text
	offset int
}

// spotOf finds a place; nil in a file of no pack, which has no names.
func (s *server) spotOf(p documentPosition) *spot {
	key, _ := keyOf(p.TextDocument.URI)
	f, name := s.packOf(key)
	if f == nil {
		return nil
	}
	t := f.text(name)
	if t == nil {
		return nil
	}
	return &spot{f, name, t, t.offset(p.Position, s.encoding)}
}

// use is the name at the spot; nil where none is.
func (at *spot) use() *use {
	if at == nil {
		return nil
	}
	return at.folder.namesOf().useAt(at.file, at.offset)
}

// fileView is a flow file cut into lines and pieces.
type fileView = syntax.View

// view gives a flow file's lines and pieces, made once for each check.
func (f *folder) view(name string) *fileView {
	v := f.views[name]
	if v == nil {
		v = &fileView{}
		if t := f.text(name); t != nil && strings.HasSuffix(strings.ToLower(name), ".flow") {
			v = syntax.Look(t.src)
		}
		f.views[name] = v
	}
	return v
}

func (s *server) definition(p documentPosition) (*location, error) {
	at := s.spotOf(p)
	u := at.use()
	if u == nil {
		return nil, nil
	}
	l := s.locationIn(at.folder, u.thing.at)
	return &l, nil
}

func (s *server) references(p referenceParams) ([]location, error) {
	at := s.spotOf(p.documentPosition)
	u := at.use()
	if u == nil {
		return nil, nil
	}
	s.fresh()
	all := []location{}
	for _, f := range s.packsWith(at.folder.path(u.thing.at.File)) {
		for _, o := range f.usesOf(at.folder.path(u.thing.at.File), u.thing.at.Start) {
			l := s.locationIn(f, o.at)
			if (p.Context.IncludeDeclaration || o.at != o.thing.at) && !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all, nil
}

// packsWith are the packs that were read with a file.
func (s *server) packsWith(key string) []*folder {
	var all []*folder
	for _, f := range s.packs {
		if f.has(key) {
			all = append(all, f)
		}
	}
	return all
}

// usesOf are the places in a pack of what a file, by its path, gives a name to at an offset.
func (f *folder) usesOf(key string, start int) []use {
	n := f.namesOf()
	name := f.files[key]
	n.usesIn(name)
	t := n.things[place{name, start}]
	if t == nil {
		return nil
	}
	return n.usesOf(t)
}

func (s *server) highlights(p documentPosition) ([]highlight, error) {
	at := s.spotOf(p)
	u := at.use()
	if u == nil {
		return nil, nil
	}
	all := []highlight{}
	for _, o := range at.folder.namesOf().usesIn(at.file) {
		if o.thing != u.thing {
			continue
		}
		kind := 2
		if o.sets {
			kind = 3
		}
		all = append(all, highlight{s.rangeIn(at.folder, o.at), kind})
	}
	return all, nil
}

// documentSymbols is the outline of a flow file.
func (s *server) documentSymbols(p closeParams) ([]documentSymbol, error) {
	key, _ := keyOf(p.TextDocument.URI)
	t, f := s.read(key)
	if f == nil {
		return nil, nil
	}
	all := []documentSymbol{}
	for i, line := range f.Lines {
		sym, ok := s.symbol(t, line)
		switch line.Head.(type) {
		case *ast.Trigger, *ast.Takes:
			continue
		case *ast.Step:
			if n := len(all); ok && n > 0 && all[n-1].Kind == symbolModule {
				all[n-1].Children = append(all[n-1].Children, sym)
				all[n-1].Range.End = sym.Range.End
			}
			continue
		case *ast.Flow:
			if i+1 < len(f.Lines) {
				sym.Range.End = t.position(f.Lines[i].End, s.encoding)
			}
		}
		if ok {
			all = append(all, sym)
		}
	}
	return all, nil
}

// symbol is a line of the outline with those below it.
func (s *server) symbol(t *text, line *ast.Line) (documentSymbol, bool) {
	name, kind := "", 0
	at := line.Span
	switch h := line.Head.(type) {
	case *ast.Pack:
		name, kind, at = h.ID.Text, symbolModule+1, h.ID.Span()
	case *ast.Flow:
		name, kind, at = h.Name.Text, symbolModule, h.Name.Span()
	case *ast.Step:
		name, kind, at = h.Name.Text, symbolMethod, h.Name.Span()
	case *ast.Ask:
		if h.Name == nil {
			return documentSymbol{}, false
		}
		name, kind, at = h.Name.Text, symbolVariable, h.Name.Span()
	case *ast.Test:
		name, kind = "test", symbolEvent
	case *ast.Column:
		name, kind, at = h.Name.Text, symbolProperty, h.Name.Span()
	default:
		k, n := declares(line)
		if k == 0 {
			return documentSymbol{}, false
		}
		name, kind, at = n.Text, symbolKinds[k], n.Span()
	}
	end := max(line.Span.End, line.End)
	for end > line.Span.End && (t.src[end-1] == '\n' || t.src[end-1] == '\r' || t.src[end-1] == ' ') {
		end--
	}
	sym := documentSymbol{Name: name, Kind: kind, Range: t.span(line.Span.Start, end, s.encoding),
		SelectionRange: t.span(at.Start, min(at.Start+len(name), line.Span.End), s.encoding)}
	if line.Text != nil {
		sym.Detail = titleOf(line)
	}
	if _, ok := line.Head.(*ast.Test); ok {
		sym.Name, sym.Detail = "test "+sym.Detail, ""
		sym.SelectionRange = t.span(line.Span.Start, line.Span.End, s.encoding)
	}
	for _, child := range line.Children {
		if c, ok := s.symbol(t, child); ok {
			sym.Children = append(sym.Children, c)
		}
	}
	return sym, true
}

var symbolKinds = map[kind]int{flowName: symbolModule, stepName: symbolMethod, hoursName: symbolConstant, teamName: symbolClass, fieldName: symbolField,
	wordsName: symbolEnum, consentName: symbolConstant, tableName: symbolStruct, recordName: symbolStruct, templateName: symbolConstant, serviceName: symbolFunction}

// maxSymbols are given for one search in the folders.
const maxSymbols = 200

// workspaceSymbols finds flows, steps and declarations of all packs whose names have the letters of the query in
// them, in their order.
func (s *server) workspaceSymbols(p queryParams) ([]symbolInformation, error) {
	s.fresh()
	all := []symbolInformation{}
	seen := map[location]bool{}
	for _, f := range s.packs {
		n := f.namesOf()
		for _, t := range n.everything() {
			full := t.name
			if t.kind == stepName {
				full = t.flow.Name + "." + t.name
			}
			if !matches(full, p.Query) || len(all) >= maxSymbols {
				continue
			}
			l := s.locationIn(f, t.at)
			if !seen[l] {
				seen[l] = true
				all = append(all, symbolInformation{Name: full, Kind: symbolKinds[t.kind], Location: l, Container: t.at.File})
			}
		}
	}
	return all, nil
}

// everything is what a pack declares, its flows and their steps, in the order of the source.
func (n *names) everything() []*thing {
	var all []*thing
	for _, u := range n.units {
		all = slices.AppendSeq(all, maps.Values(u.declared))
	}
	for _, f := range n.pack.Flows {
		all = append(all, n.flow(f))
		for _, step := range f.Steps {
			all = append(all, n.step(step))
		}
	}
	slices.SortFunc(all, func(a, b *thing) int { return diagOrder(a.at, b.at) })
	return all
}

func diagOrder(a, b diag.Span) int {
	if a.File != b.File {
		return strings.Compare(a.File, b.File)
	}
	return a.Start - b.Start
}

// matches tells whether a name has the letters of a query in their order.
func matches(name, query string) bool {
	name = strings.ToLower(name)
	for _, r := range strings.ToLower(query) {
		i := strings.IndexRune(name, r)
		if i < 0 {
			return false
		}
		name = name[i+len(string(r)):]
	}
	return true
}

// folding is what can be folded away: all lines below another, a flow up to the next, a text.
func (s *server) folding(p closeParams) ([]foldingRange, error) {
	key, _ := keyOf(p.TextDocument.URI)
	t, f := s.read(key)
	if f == nil {
		return nil, nil
	}
	all := []foldingRange{}
	add := func(from, to int) {
		for to > from && (t.src[to-1] == '\n' || t.src[to-1] == '\r' || t.src[to-1] == ' ') {
			to--
		}
		if first, last := t.line(from), t.line(to); last > first {
			all = append(all, foldingRange{StartLine: first, EndLine: last})
		}
	}
	var walk func([]*ast.Line)
	walk = func(lines []*ast.Line) {
		for _, line := range lines {
			add(line.Span.Start, min(line.End, len(t.src)))
			walk(line.Children)
		}
	}
	walk(f.Lines)
	for i, line := range f.Lines {
		if _, ok := line.Head.(*ast.Flow); !ok {
			continue
		}
		end := line.End
		for _, next := range f.Lines[i+1:] {
			if !ofFlow(next) {
				break
			}
			end = next.End
		}
		add(line.Span.Start, min(end, len(t.src)))
	}
	slices.SortFunc(all, func(a, b foldingRange) int { return a.StartLine - b.StartLine })
	return all, nil
}

func ofFlow(line *ast.Line) bool {
	switch line.Head.(type) {
	case *ast.Trigger, *ast.Takes, *ast.Step:
		return true
	}
	return false
}

// read is a flow file that is open or in a known pack; nil where it is neither.
func (s *server) read(key string) (*text, *ast.File) {
	if f, name := s.packOf(key); f != nil {
		if file := f.namesOf().files[name]; file != nil {
			return f.text(name), file
		}
		return nil, nil
	}
	if d := s.docs[key]; d != nil && d.alone {
		file, _ := syntax.ParseFile(key, d.text.src)
		return d.text, file
	}
	return nil, nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
