package server

import (
	"fmt"
	"strings"

	"baraza/engine/program"
)

// placeholdersNamed is how many of them a refusal names; a pack has them in every text, or in a few.
const placeholdersNamed = 12

// placeholders refuses a program with contacts that are not known yet.
func placeholders(p *program.Program) error {
	all := p.Placeholders()
	if len(all) == 0 {
		return nil
	}
	var b strings.Builder
	for _, one := range all[:min(len(all), placeholdersNamed)] {
		fmt.Fprintf(&b, "\n  %s", one)
	}
	if more := len(all) - placeholdersNamed; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return fmt.Errorf("the pack %s has placeholders where people look for a contact: they would reach nobody. "+
		"Put in the real ones; baraza check --release shows each with its line.%s", p.Pack, b.String())
}

// acceptsNew tells also what keeps a program from beginning to serve people, and not from coming back.
func (s *Server) acceptsNew(pack string) func(*program.Program) error {
	accepts := s.accepts(pack)
	return func(p *program.Program) error {
		if err := accepts(p); err != nil {
			return err
		}
		for _, o := range s.outlets {
			for _, l := range o.lines {
				if l.pack == pack && l.real {
					return placeholders(p)
				}
			}
		}
		return nil
	}
}
