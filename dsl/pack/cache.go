package pack

import (
	"baraza/dsl/ast"
	"baraza/dsl/diag"
)

// Cache keeps what was made of files that did not change, so that an edit to one file of a thousand costs one
// file's work. What it gives out is shared between packs and must not be written to: a *ast.File, a *Flow and
// all below them are the same pointers in two packs when nothing that they depend on changed, which later
// stages may rely on for caches of their own. The zero value is ready; it is for one user at a time.
type Cache struct {
	parsed   map[fileKey]*outline
	declared *declared
	flows    map[flowKey]*typedFlow
	tables   map[sheetKey]*sheet
	locales  map[fileKey]*catalogueFile
}

// fileKey is a file's name and content. The name counts since places name it.
type fileKey struct {
	name string
	sum  [32]byte
}

// NewCache is an empty cache.
func NewCache() *Cache { return &Cache{} }

// outline is one parsed file, sorted by what its margin lines belong to.
type outline struct {
	key      fileKey
	file     *ast.File
	problems diag.List
	declares []*ast.Line
	flows    []*flowLines
	tests    []*ast.Line
	// hides says that a line at the margin could not be read: it may have declared anything.
	hides bool
}

// flowLines is a flow's head with the margin lines that belong to it.
type flowLines struct {
	head     *ast.Line
	triggers []*ast.Line
	takes    []*ast.Line
	steps    []*ast.Line
	// broken says that a line inside could not be read: it may have set a variable.
	broken bool
	// moves are all targets in it, for what depends on other flows.
	moves []place
}

// place is a target with where it stands.
type place struct {
	target *ast.Target
	step   int // index of its step; -1 above the first
	kind   moveKind
	line   *ast.Line
}

type moveKind uint8

const (
	plainMove moveKind = iota
	callMove
	remindMove
	movedFromMark
)

func outlineOf(f *ast.File) *outline {
	o := &outline{file: f}
	var flow *flowLines
	marked := false
	for _, line := range f.Lines {
		switch line.Head.(type) {
		case *ast.Flow:
			flow = &flowLines{head: line}
			o.flows = append(o.flows, flow)
		case *ast.Trigger:
			if flow != nil {
				flow.triggers = append(flow.triggers, line)
			}
		case *ast.Takes:
			if flow != nil {
				flow.takes = append(flow.takes, line)
			}
		case *ast.Step:
			if flow != nil {
				flow.steps = append(flow.steps, line)
			}
		case *ast.Test:
			o.tests = append(o.tests, line)
		case *ast.Bad:
			o.hides, marked = true, true
		default:
			o.declares = append(o.declares, line)
		}
	}
	for _, flow := range o.flows {
		for i, step := range flow.steps {
			flow.collect(step, i)
		}
		for _, t := range flow.triggers {
			flow.collect(t, -1)
		}
		marked = marked || flow.broken
	}
	for _, line := range o.declares {
		marked = marked || hasBad(line)
	}
	if f.Broken && !marked { // a line was taken out of the tree: nobody knows where
		o.hides = true
		for _, flow := range o.flows {
			flow.broken = true
		}
	}
	return o
}

func hasBad(line *ast.Line) bool {
	if _, bad := line.Head.(*ast.Bad); bad {
		return true
	}
	for _, child := range line.Children {
		if hasBad(child) {
			return true
		}
	}
	return false
}

// collect finds the targets of a line and of those below it.
func (f *flowLines) collect(line *ast.Line, step int) {
	add := func(t *ast.Target, kind moveKind) {
		if t != nil {
			f.moves = append(f.moves, place{t, step, kind, line})
		}
	}
	switch h := line.Head.(type) {
	case *ast.Bad:
		f.broken = true
	case *ast.Option:
		add(h.Target, plainMove)
	case *ast.When:
		add(h.Target, plainMove)
	case *ast.Move:
		add(&h.Target, plainMove)
	case *ast.Call:
		add(&h.Flow, callMove)
	case *ast.Remind:
		add(&h.Target, remindMove)
	case *ast.Mark:
		add(h.From, movedFromMark)
	}
	for _, child := range line.Children {
		f.collect(child, step)
	}
}
