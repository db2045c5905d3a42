package program

import "sync"

// machine holds what an engine makes once of a program: compiled expressions, folded answers, indexes.
type machine struct {
	once sync.Once
	made any
}

// Machine returns what build made of p the first time; it is safe for concurrent use. The value's type
// belongs to the engine, which keeps this package a leaf.
func (p *Program) Machine(build func(*Program) any) any {
	p.machine.once.Do(func() { p.machine.made = build(p) })
	return p.machine.made
}
