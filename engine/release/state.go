package release

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// State says which releases of a pack serve. It is a value: what changes it gives another one, which takes the place of
// the one before as a whole (Standing). Releases are named by their hashes.
type State struct {
	Format int `json:"format"`
	// Current is the release that serves; nil before the first activation.
	Current *Served `json:"current,omitempty"`
	// Candidate is tried on some before it serves all.
	Candidate *Candidate `json:"candidate,omitempty"`
	// Earlier served before, the last one first.
	Earlier []Served `json:"earlier,omitempty"`
	// Approvals and Overrides are what operators said about releases that are kept, the newest last.
	Approvals []Approval `json:"approvals,omitempty"`
	Overrides []Override `json:"overrides,omitempty"`
}

// Served is a release that serves or served.
type Served struct {
	Release string    `json:"release"` // hash of the bundle
	Program string    `json:"program"` // hash of the pack's content, which sessions carry
	Since   time.Time `json:"since"`
	By      string    `json:"by"`
	Why     string    `json:"why,omitempty"`
	// Left is when another took its place; zero while it serves.
	Left time.Time `json:"left,omitzero"`
	// Aside: a rollback comes back to it only where it is named, since it was taken back, or only tried on some.
	Aside bool `json:"aside,omitempty"`
}

// Candidate is a release that some have and others have not.
type Candidate struct {
	Served
	Percent int      `json:"percent"` // of the conversations that begin
	Testers []string `json:"testers,omitempty"`
}

// Moved refuses a change that was planned against what serves no longer.
type Moved struct{ Planned, Serves string }

func (m *Moved) Error() string {
	return fmt.Sprintf("this was planned against release %s, and %s serves by now; plan again, so that you see what it changes", short(m.Planned), short(m.Serves))
}

// short is a hash as people compare it; "none" for nothing.
func short(hash string) string {
	if hash == "" {
		return "none"
	}
	return hash[:min(len(hash), 12)]
}

// ErrNothingTried: there is no candidate to promote or to take back.
var ErrNothingTried = errors.New("no release is being tried; activate one with --percent first")

// earlierMost is how many releases that served are remembered.
const earlierMost = 50

// stateFormat is that of State as it is kept.
const stateFormat = 1

// Serves is the hash of the release that serves; "" for none.
func (s State) Serves() string {
	if s.Current == nil {
		return ""
	}
	return s.Current.Release
}

// Activate has a release serve all, or those whom percent and testers name while the present one serves the others; the first
// one serves all. planned is
// the release that served when the change was planned.
func (s State) Activate(planned string, next Served, percent int, testers []string) (State, error) {
	switch {
	case planned != s.Serves():
		return s, &Moved{planned, s.Serves()}
	case next.Release == s.Serves():
		return s, fmt.Errorf("release %s serves already", short(next.Release))
	case percent < 0 || percent > 100:
		return s, errors.New("percent is a number from 0 to 100")
	case s.Current == nil && percent < 100: // there is nothing that the others could have, and nobody may get it by surprise
		return s, errors.New("nothing serves yet, so a part of the people cannot have it first; activate it for all, without percent and testers")
	}
	if bad := slices.IndexFunc(testers, func(word string) bool { _, ok := tester(word); return !ok }); bad >= 0 {
		return s, fmt.Errorf("%q is no key of a contact; baraza contact find gives it", testers[bad])
	}
	if percent < 100 {
		if gone := s.tried(); gone != nil && gone.Release != next.Release { // some are amid a conversation on it
			s.Earlier = remembered(s.Earlier, gone.aside(next.Since))
		}
		s.Candidate = &Candidate{Served: next, Percent: percent, Testers: slices.Clone(testers)}
		return s, nil
	}
	return s.replaced(next), nil
}

// Promote has the candidate serve all.
func (s State) Promote(planned string, at time.Time, by, why string) (State, error) {
	switch {
	case s.Candidate == nil:
		return s, ErrNothingTried
	case planned != s.Candidate.Release:
		return s, &Moved{planned, s.Candidate.Release}
	}
	next := s.Candidate.Served
	next.Since, next.By, next.Why = at, by, why
	return s.replaced(next), nil
}

// Rollback takes the candidate back where one is tried, else has the release serve that served before, or the one that is
// named. It is possible to any release that is kept.
func (s State) Rollback(planned string, to Served) (State, error) {
	switch {
	case planned != s.Serves() && (s.Candidate == nil || planned != s.Candidate.Release):
		return s, &Moved{planned, s.Serves()}
	case s.Candidate != nil && (to.Release == "" || to.Release == s.Serves()):
		gone := s.Candidate.aside(to.Since)
		s.Candidate = nil
		s.Earlier = remembered(s.Earlier, gone)
		return s, nil
	case to.Release == s.Serves():
		return s, fmt.Errorf("release %s serves already", short(to.Release))
	}
	past := slices.IndexFunc(s.Earlier, func(e Served) bool { return e.Release == to.Release })
	out := s.replaced(to)
	for i := range out.Earlier { // what is gone back behind is nothing to come back to by another rollback
		e := &out.Earlier[i]
		newer := slices.ContainsFunc(s.Earlier[:max(past, 0)], func(n Served) bool { return n.Release == e.Release })
		e.Aside = e.Aside || newer || e.Release == s.Serves()
	}
	return out, nil
}

// Before is the release that all had before the present one, behind what was taken back since; false where there is none.
func (s State) Before() (Served, bool) {
	i := slices.IndexFunc(s.Earlier, func(e Served) bool { return !e.Aside })
	if i < 0 {
		return Served{}, false
	}
	return s.Earlier[i], true
}

// replaced has next serve alone.
func (s State) replaced(next Served) State {
	next.Left, next.Aside = time.Time{}, false
	if gone := s.tried(); gone != nil && gone.Release != next.Release {
		s.Earlier = remembered(s.Earlier, gone.aside(next.Since))
	}
	if gone := s.Current; gone != nil && gone.Release != next.Release {
		s.Earlier = remembered(s.Earlier, gone.until(next.Since))
	}
	s.Earlier = slices.DeleteFunc(slices.Clone(s.Earlier), func(e Served) bool { return e.Release == next.Release })
	s.Current, s.Candidate = &next, nil
	return s
}

// until is a release that left. One that came after that, by a clock that was set back since, left when it came: nobody's term
// on it ends before it began.
func (s Served) until(left time.Time) Served {
	s.Left = left
	if s.Left.Before(s.Since) {
		s.Left = s.Since
	}
	return s
}

// aside is a release that left and that nobody is to come back to without naming it.
func (s Served) aside(left time.Time) Served {
	s = s.until(left)
	s.Aside = true
	return s
}

func (s State) tried() *Served {
	if s.Candidate == nil {
		return nil
	}
	return &s.Candidate.Served
}

// remembered puts a release that served before the others; each stands once.
func remembered(all []Served, gone Served) []Served {
	out := []Served{gone}
	for _, e := range all {
		if e.Release != gone.Release && len(out) < earlierMost {
			out = append(out, e)
		}
	}
	return out
}
