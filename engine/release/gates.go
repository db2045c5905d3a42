package release

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"baraza/engine/answer"
)

// Said is what one operator said about a release, and when.
type Said struct {
	By  string    `json:"by"`
	At  time.Time `json:"at"`
	Why string    `json:"why,omitempty"`
}

// Approval is the word of a person for one release, by its hash: what is built anew has to be approved anew.
type Approval struct {
	Release string `json:"release"`
	Said
}

// Override lets a release serve though one of its gates is not met. It counts once a second person has confirmed it.
type Override struct {
	Release   string `json:"release"`
	Gate      string `json:"gate"`
	Asked     Said   `json:"asked"`
	Confirmed *Said  `json:"confirmed,omitempty"`
}

// wordsMost is how many approvals, and how many overrides, are remembered. An older one that is forgotten has to be given
// again.
const wordsMost = 200

// ErrSamePerson refuses a second word of somebody whose first one counts.
var ErrSamePerson = errors.New("a second person has to say it")

// SamePerson tells whether two names are one person's. Case, accents, signs and spaces do not count, so that nobody is two
// people by typing.
func SamePerson(a, b string) bool { return answer.Fold(a) == answer.Fold(b) }

// IsName tells whether a name has anything by which one person is told from another.
func IsName(name string) bool { return answer.Fold(name) != "" }

// Approve records the word of a person for a release. Who activated it cannot.
func (s State) Approve(hash string, word Said) (State, error) {
	for _, on := range []*Served{s.tried(), s.Current} {
		if on != nil && on.Release == hash && SamePerson(on.By, word.By) {
			return s, fmt.Errorf("%w: %s activated release %s", ErrSamePerson, on.By, short(hash))
		}
	}
	for _, a := range s.Approvals {
		if a.Release == hash && SamePerson(a.By, word.By) {
			return s, fmt.Errorf("%w: %s has approved release %s already", ErrSamePerson, a.By, short(hash))
		}
	}
	s.Approvals = newest(s.Approvals, Approval{hash, word})
	return s, nil
}

// Approved are the words for a release of others than those who are named.
func (s State) Approved(hash string, but ...string) (all []Said) {
	for _, a := range s.Approvals {
		if a.Release == hash && !slices.ContainsFunc(but, func(name string) bool { return SamePerson(name, a.By) }) {
			all = append(all, a.Said)
		}
	}
	return all
}

// Override asks that a gate does not hold a release back, or confirms it where another person has asked.
func (s State) Override(hash, gate string, word Said) (State, error) {
	i := slices.IndexFunc(s.Overrides, func(o Override) bool { return o.Release == hash && o.Gate == gate })
	if i < 0 {
		s.Overrides = newest(s.Overrides, Override{Release: hash, Gate: gate, Asked: word})
		return s, nil
	}
	o := s.Overrides[i]
	switch {
	case o.Confirmed != nil:
		return s, fmt.Errorf("%q of release %s is overridden already, by %s and %s", gate, short(hash), o.Asked.By, o.Confirmed.By)
	case SamePerson(o.Asked.By, word.By):
		return s, fmt.Errorf("%w: %s has asked to override %q of release %s already", ErrSamePerson, o.Asked.By, gate, short(hash))
	}
	o.Confirmed = &word
	s.Overrides = slices.Clone(s.Overrides)
	s.Overrides[i] = o
	return s, nil
}

// Overridden is what was said about overriding a gate of a release; false where nobody said anything.
func (s State) Overridden(hash, gate string) (Override, bool) {
	for _, o := range s.Overrides {
		if o.Release == hash && o.Gate == gate {
			return o, true
		}
	}
	return Override{}, false
}

// newest puts one behind the others and drops the oldest where there are too many.
func newest[T any](all []T, one T) []T {
	all = append(slices.Clone(all), one)
	return all[max(0, len(all)-wordsMost):]
}
