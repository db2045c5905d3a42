package lsp

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"baraza/dsl"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/syntax"
)

// A name is changed in every place at once: in the flows of the pack, in those of the packs that use it as a
// library, in tests and in translations. What would be changed is tried first, on a copy: every other name must mean
// what it meant, and no problem may come up. Otherwise nothing is changed, and a sentence says why.

// prepareRename says which name would be changed.
func (s *server) prepareRename(p documentPosition) (*prepareResult, error) {
	at := s.spotOf(p)
	u := at.use()
	if u == nil {
		return nil, errors.New("there is no name here that can be changed")
	}
	if why := kept(u.thing); why != "" {
		return nil, errors.New(why)
	}
	return &prepareResult{s.rangeIn(at.folder, u.at), u.thing.name}, nil
}

// kept says why the name of a thing stays, "" where it can change.
func kept(t *thing) string {
	switch t.kind {
	case optionName:
		return fmt.Sprintf("%q is what is kept of people's answers, and buttons that they already have carry it. If nobody has it yet, change it by hand", t.name)
	case templateName:
		return fmt.Sprintf("WhatsApp has approved the template under the name %q. Ask for a new template instead", t.name)
	case columnName:
		switch h := t.owner.Head.(type) {
		case *ast.Table:
			return fmt.Sprintf("%q is a heading in the file %s too. Change both by hand", t.name, h.Path)
		case *ast.Record:
			return ""
		}
		return fmt.Sprintf("the other system calls this %q, so the name cannot be changed here alone", t.name)
	}
	return ""
}

func (s *server) rename(p renameParams) (*workspaceEdit, error) {
	at := s.spotOf(p.documentPosition)
	u := at.use()
	if u == nil {
		return nil, errors.New("there is no name here that can be changed")
	}
	t := *u.thing
	if why := kept(&t); why != "" {
		return nil, errors.New(why)
	}
	if t.name == p.NewName {
		return &workspaceEdit{}, nil
	}
	if why := syntax.NameProblem(p.NewName); why != "" {
		return nil, fmt.Errorf("%q cannot be the new name: it %s", clip(p.NewName), why)
	}
	s.fresh()
	r := &renaming{server: s, key: at.folder.path(t.at.File), start: t.at.Start, thing: t, to: p.NewName, edits: map[string]*fileEdit{}}
	for _, f := range s.packsWith(r.key) {
		if err := r.gather(f); err != nil {
			return nil, err
		}
	}
	for _, f := range s.packsWith(r.key) {
		if err := r.try(f); err != nil {
			return nil, err
		}
	}
	if t.kind == teamName {
		s.say("If the server's configuration names this team, change it there too.")
	}
	return r.result(), nil
}

// renaming is one change of a name.
type renaming struct {
	server *server
	key    string // the file that gives the name, and where in it
	start  int
	thing  thing
	to     string
	edits  map[string]*fileEdit // by path
}

// fileEdit is what changes in one file.
type fileEdit struct {
	folder  *folder
	name    string // the file in that pack
	changes []change
}

func (r *renaming) change(f *folder, c change) {
	key := f.path(c.at.File)
	e := r.edits[key]
	if e == nil {
		e = &fileEdit{folder: f, name: c.at.File}
		r.edits[key] = e
	}
	for _, have := range e.changes {
		if have.at.Start == c.at.Start {
			return // two packs read the file
		}
	}
	e.changes = append(e.changes, c)
}

// gather finds the places in the flows of a pack.
func (r *renaming) gather(f *folder) error {
	n := f.namesOf()
	for _, file := range n.pack.Files {
		if file.Broken {
			return fmt.Errorf("the name may also stand in %s, which has a line that cannot be read. Repair that first", file.Name)
		}
	}
	if twin := n.twin(&r.thing, r.key == f.path(r.thing.at.File)); twin != "" {
		return errors.New(twin)
	}
	for _, u := range f.usesOf(r.key, r.start) {
		text := r.to
		switch {
		case u.stands && u.sets: // "with city", of what takes it: the value keeps its name
			text = r.to + " = " + r.thing.name
		case u.stands:
			text = r.thing.name + " = " + r.to
		}
		r.change(f, change{u.at, text})
	}
	return nil
}

// twin says that two units declare the same, which are one thing while they have one name.
func (n *names) twin(t *thing, here bool) string {
	count := 0
	for _, u := range n.units {
		if u.declared[t.kind.String()+" "+t.name] != nil {
			count++
		}
	}
	if count > 1 && here {
		return fmt.Sprintf("the pack and one of its libraries both declare %s %s, and they belong together. Change both by hand", t.kind, t.name)
	}
	return ""
}

// try makes the change on a copy of the pack, adds the translations, and looks whether everything else means what it
// meant.
func (r *renaming) try(f *folder) error {
	after := r.copy(f)
	if err := r.translations(f, after); err != nil {
		return err
	}
	if r.touches(f, ".po") {
		after = r.copy(f)
	}
	if p := newProblem(f.result.Problems, after.Problems, r.to); p != nil {
		return fmt.Errorf("the name cannot be changed to %q without a new problem: %s", r.to, p.Message)
	}
	if other := differs(f, after, r); other != "" {
		return fmt.Errorf("%q means something else already: the line %q would change its meaning", r.to, other)
	}
	return nil
}

func (r *renaming) touches(f *folder, ending string) bool {
	for key, e := range r.edits {
		if strings.HasSuffix(e.name, ending) && f.has(key) {
			return true
		}
	}
	return false
}

// copy is the pack as it would be.
func (r *renaming) copy(f *folder) *dsl.Result {
	docs := maps.Clone(r.server.docs)
	for key, e := range r.edits {
		docs[key] = &document{key: key, isFile: true, text: newText(e.apply())}
	}
	c := dsl.Open(&overlay{f.below, f.base, docs}, f.name)
	c.Today = f.checker.Today
	return c.Check()
}

// apply is the file with its changes.
func (e *fileEdit) apply() []byte {
	slices.SortFunc(e.changes, func(a, b change) int { return a.at.Start - b.at.Start })
	src := e.folder.text(e.name).src
	var out []byte
	at := 0
	for _, c := range e.changes {
		out = append(append(out, src[at:c.at.Start]...), c.text...)
		at = c.at.End
	}
	return append(out, src[at:]...)
}

// newProblem is a problem that is there after a change and was not before, one that speaks of the new name where there
// is one.
func newProblem(before, after diag.List, to string) *diag.Diagnostic {
	count := map[string]int{}
	for _, p := range before {
		count[p.Code]++
	}
	for _, p := range after {
		count[p.Code]--
	}
	var found *diag.Diagnostic
	for i := range after {
		if p := &after[i]; count[p.Code] < 0 && (found == nil || strings.Contains(p.Message, `"`+to+`"`)) {
			found = p
		}
	}
	return found
}

// differs is a line whose names stand for other things after the change; "" where all stand for the same. Both packs
// have the same lines, so the names come in the same order.
func differs(f *folder, after *dsl.Result, r *renaming) string {
	before, now := f.namesOf(), newNames(after.Pack)
	pairs := map[*thing]*thing{}
	back := map[*thing]*thing{}
	for _, file := range before.pack.Files {
		was, is := before.usesIn(file.Name), now.usesIn(file.Name)
		for i, u := range was {
			if i >= len(is) || pairs[u.thing] != nil && pairs[u.thing] != is[i].thing || back[is[i].thing] != nil && back[is[i].thing] != u.thing {
				t := f.text(file.Name)
				from, to := t.bounds(t.line(u.at.Start))
				return strings.TrimSpace(string(t.src[from:to]))
			}
			pairs[u.thing], back[is[i].thing] = is[i].thing, u.thing
		}
		if len(is) > len(was) {
			return r.to
		}
	}
	return ""
}

// result is all changes as the editor takes them.
func (r *renaming) result() *workspaceEdit {
	out := &workspaceEdit{}
	for _, key := range slices.Sorted(maps.Keys(r.edits)) {
		e := r.edits[key]
		one := r.server.edit(e.folder, e.changes)
		out.DocumentChanges = append(out.DocumentChanges, one.DocumentChanges...)
		for uri, edits := range one.Changes {
			if out.Changes == nil {
				out.Changes = map[string][]textEdit{}
			}
			out.Changes[uri] = append(out.Changes[uri], edits...)
		}
	}
	return out
}
