package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"baraza/engine/release"
	"baraza/server/audit"
	"baraza/server/desk"
)

// Found is what a record says of a change of what serves that has no record of its own: the process was killed between the
// two, the log could not be written, or somebody changed the file by hand. It stands before anything is served that way.
const Found = "release found"

// recordFound compares what serves with what the log says that serves, pack by pack.
func (s *Server) recordFound() {
	known := map[string]string{}
	if err := s.audit.Each(func(r audit.Record) {
		if strings.HasPrefix(r.What, "release ") && r.Outcome == audit.Done && r.After != "" {
			known[r.Pack] = r.After
		}
	}); err != nil {
		s.log.Error("it is not known whether all changes of releases have a record", "error", err)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.packs)) {
		one := s.packs[name]
		if one.shelf == nil {
			continue
		}
		state := one.shelf.State()
		if now := desk.Standing(state); now != known[name] && (known[name] != "" || state.Current != nil) {
			s.found(one, name, known[name], now, state)
		}
	}
}

func (s *Server) found(one *pack, name, before, now string, state release.State) {
	r := audit.Record{What: Found, Country: one.country, Pack: name, Before: before, After: now, Outcome: audit.Done,
		Why: "This is what serves, and no record says that it came to serve so. The process was killed before it could write one, or the file was changed by hand."}
	if c := state.Current; c != nil {
		r.Why += fmt.Sprintf(" The file names %q.", c.By)
		r.About = c.Release
	}
	r, err := s.audit.Append(r)
	if err != nil {
		s.log.Error("a change has no record", "pack", name, "serves", now, "error", err)
		s.sayAudit("audit-not-written")
		return
	}
	s.log.Warn("what serves came to serve without a record; it has one now", "pack", name, "record", r.Number, "before", before, "after", now)
	s.sayAudit("release-found")
}

// sayAudit has operators told; what waits to be said already is not said twice.
func (s *Server) sayAudit(code string) {
	select {
	case s.audited <- code:
	default:
	}
}
