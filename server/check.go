package server

import (
	"errors"
	"io/fs"
	"path/filepath"

	"baraza/engine/program"
	"baraza/server/config"
)

// Check says what of packs and lines would keep a process from opening, each problem in words. It opens neither the store
// nor the keys, so another process may serve meanwhile; what was released is not looked at.
func Check(c *config.Config, compile func(folder string) (*program.Program, fs.FS, error)) error {
	s := &Server{config: c, options: Options{Config: c, Compile: compile, Idle: true}, clock: system{},
		packs: map[string]*pack{}, outlets: map[string]*outlet{}}
	packs := s.readPacks()
	for name, country := range c.Countries {
		for _, p := range country.Packs {
			if known := s.packs[filepath.Base(p)]; known == nil { // it has problems of its own, which are said already
				s.packs[filepath.Base(p)] = unread(name)
			}
		}
		if r := country.Releases; r != nil {
			for _, p := range r.Packs {
				s.packs[p] = unread(name)
			}
		}
	}
	lines := s.openLines()
	var closed error
	for _, c := range s.intakes {
		if c.close != nil {
			closed = errors.Join(closed, c.close())
		}
	}
	return errors.Join(packs, lines, closed)
}

// unread is a pack of which nobody knows here what serves.
func unread(country string) *pack {
	p := &pack{country: country, folder: &source{}}
	p.folder.now.Store(&reloaded{})
	return p
}
