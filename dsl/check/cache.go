package check

import (
	"encoding/binary"
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
)

// A Cache checks a pack and keeps what it found in each flow. A flow is checked again when its file changes or
// when something does that the checks of one flow may look at: a declaration, a table, a translation, the list
// of media. The zero value is ready; it serves one pack at a time and is not safe for concurrent use.
type Cache struct {
	seed  maphash.Seed
	begun bool
	env   uint64
	kept  map[kept]*facts
	// Fresh counts the flows that the last run had to look at.
	Fresh int
}

// kept says what the facts of a flow were found in. A flow is the same pointer in two packs as long as its file
// and what its names depend on have the same content; see pack.Cache.
type kept struct {
	flow *pack.Flow
	held held
}

// held are the checks of a flow that earlier problems of its file hold back.
type held uint8

const (
	heldBroken held = 1 << iota // the file has lines that could not be read
	heldNames                   // the file has names that nobody knows
)

// facts are what was found in one flow. They point into the flow's own lines only, so they stay true when the
// rest of the pack is built anew.
type facts struct {
	problems     diag.List
	route        *route
	safetyLabels []*ast.Line
	runs         []run
}

// All checks the pack. The list is in the order of Checks, each in the order of the source.
func (c *Cache) All(p *pack.Pack, o Options) diag.List {
	if !c.begun {
		c.seed, c.begun = maphash.MakeSeed(), true
	}
	env := look(p, o)
	if sum := c.hash(p, o); sum != c.env {
		c.env, c.kept = sum, nil
	}
	found := c.flows(env)
	w := newWhole(env, found)
	var out diag.List
	for _, f := range found {
		out = append(out, f.problems...)
	}
	for _, check := range Checks {
		if check.Pack == nil || check.Readable && (p.Broken || w.unresolved) {
			continue
		}
		check.Pack(w)
	}
	return append(out, w.out...)
}

// flows gives the facts of every flow, side by side where they have to be found.
func (c *Cache) flows(env *surroundings) []*facts {
	p := env.pack
	found := make([]*facts, len(p.Flows))
	var missing []int
	for i, f := range p.Flows {
		if found[i] = c.kept[kept{f, env.held(f.File)}]; found[i] == nil {
			missing = append(missing, i)
		}
	}
	c.Fresh = len(missing)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(missing)) {
		group.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(missing); n = int(next.Add(1)) - 1 {
				found[missing[n]] = checkFlow(env, p.Flows[missing[n]])
			}
		})
	}
	group.Wait()
	c.kept = make(map[kept]*facts, len(found))
	for i, f := range found {
		c.kept[kept{p.Flows[i], env.held(p.Flows[i].File)}] = f
	}
	return found
}

func checkFlow(env *surroundings, f *pack.Flow) *facts {
	c := &flow{surroundings: env, flow: f, route: newRoute(env.pack, f)}
	broken := env.held(f.File)&heldBroken != 0
	for _, check := range Checks {
		if check.Flow == nil || check.Readable && broken {
			continue
		}
		check.Flow(c)
	}
	return &facts{problems: c.out, route: c.route, safetyLabels: c.safetyLabels(), runs: c.runs()}
}

// hash covers what the check of a flow may look at beside the flow's own file.
func (c *Cache) hash(p *pack.Pack, o Options) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	number := func(n uint64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
	text := func(s string) {
		number(uint64(len(s)))
		h.WriteString(s)
	}
	text(o.Today)
	if o.Release {
		text("release")
	}
	for _, f := range p.Files {
		declared := false
		for _, l := range f.Lines {
			switch l.Head.(type) {
			case *ast.Flow, *ast.Takes, *ast.Trigger, *ast.Step, *ast.Test:
				continue
			}
			if !declared {
				declared = true
				text(f.Name)
			}
			end := min(max(l.End, l.Span.End), len(f.Source))
			h.Write(f.Source[min(l.Span.Start, end):end])
		}
	}
	for _, t := range p.Tables {
		for _, row := range t.Rows {
			for i, cell := range row.Cells {
				if s, ok := cell.(string); ok {
					text(s)
				}
				if i < len(row.Translated) {
					for _, s := range row.Translated[i] {
						text(s)
					}
				}
			}
		}
	}
	// The sums of what has no order are added up, which needs no sorting.
	var sum uint64
	for name, size := range p.Media {
		sum += maphash.Comparable(c.seed, [2]any{name, size})
	}
	for lang, cat := range p.Translations {
		for id, t := range cat.Entries {
			sum += maphash.String(c.seed, lang+"\x00"+id+"\x00"+t.Source) ^ written(c.seed, t.Text) + uint64(t.Span.Start)
		}
	}
	number(sum)
	return h.Sum64()
}

// written hashes the words of a translation.
func written(seed maphash.Seed, t *ast.Text) uint64 {
	if t == nil {
		return 0
	}
	return maphash.String(seed, plain(t.Parts, nil))
}

// held says which checks the earlier problems of a file hold back.
func (env *surroundings) held(f *ast.File) held {
	h := env.names[f.Name]
	if f.Broken {
		h |= heldBroken
	}
	return h
}

// unknowns are the problems of a name that stands for something: the thing it stands for may be there, under
// another spelling.
var unknowns = []string{"unknown-name", "unknown-column", "may-be-unset", "type-mismatch", "not-a-condition",
	"expression-too-long", "expression-too-deep", "expression-not-allowed", "missing-quotes", "quoted-sentence",
	"unknown-function", "wrong-arguments"}

func heldByNames(found diag.List) map[string]held {
	names := map[string]held{}
	for _, d := range found {
		if slices.Contains(unknowns, d.Code) {
			names[d.Span.File] |= heldNames
		}
	}
	return names
}
