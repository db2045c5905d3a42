// Package dsl is the door to the language: a folder of flows goes in, a program and what is wrong with it come
// out. Behind it the stages stand in this order:
//
//	syntax → pack → check → compile → engine/program
//
// Compile is for one run. A Checker is for who checks the same folder again and again, such as an editor: it
// keeps what it made of files that did not change.
package dsl

import (
	"io/fs"
	"sync"

	"baraza/dsl/check"
	"baraza/dsl/compile"
	"baraza/dsl/diag"
	"baraza/dsl/pack"
	"baraza/engine/program"
)

// Compile reads the pack in folder dir of fsys and compiles it. fsys is rooted above the pack where libraries
// lie beside it. The program is nil when the list has errors; the list is sorted.
func Compile(fsys fs.FS, dir string) (*program.Program, diag.List) {
	r := Open(fsys, dir).Check()
	return r.Program(), r.Problems
}

// A Checker checks one folder, as often as it is asked to. An unchanged file, known by its content, costs only
// its reading. It is for one user at a time.
type Checker struct {
	// Today is the day that "review by" is compared with, as 2026-11-22. Nothing is compared with "".
	Today string
	// Release looks also for what is right only while a flow is written: placeholders, the mark "example".
	Release bool

	fsys  fs.FS
	dir   string
	packs *pack.Cache
	kept  check.Cache
}

// Open is a Checker of the pack in folder dir of fsys; it reads nothing yet.
func Open(fsys fs.FS, dir string) *Checker {
	return &Checker{fsys: fsys, dir: dir, packs: pack.NewCache()}
}

// Fresh says how many flows the last Check had to look at: the others had not changed.
func (c *Checker) Fresh() int { return c.kept.Fresh }

// Result is a pack as it was when it was checked. It is immutable and safe for concurrent use.
type Result struct {
	// Pack is usable whatever its problems are: what could not be resolved is missing in it.
	Pack *pack.Pack
	// Problems are sorted by place, one mistake each.
	Problems diag.List
	// Sources are the files as they were read, for who shows the problems.
	Sources *pack.Sources

	once    sync.Once
	program *program.Program
}

// Check reads the folder as it is now and checks all of it.
func (c *Checker) Check() *Result {
	src, problems := pack.Load(c.fsys, c.dir)
	p, found := pack.Build(src, c.packs)
	problems = append(problems, found...)
	if p.Line != nil || len(p.Flows) > 0 { // else nothing was read, which has been reported
		problems = append(problems, c.kept.All(p, check.Options{Today: c.Today, Release: c.Release, Found: problems})...)
	}
	problems.Sort()
	return &Result{Pack: p, Problems: diag.Thin(problems, src), Sources: src}
}

// Program compiles the pack when it is first asked for; nil when the pack has errors.
func (r *Result) Program() *program.Program {
	r.once.Do(func() {
		if !r.Problems.Any(diag.Error) {
			r.program = compile.Program(r.Pack)
		}
	})
	return r.program
}
