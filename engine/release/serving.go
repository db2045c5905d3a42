package release

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/store"
)

// A conversation goes over at its next event, by one rule (engine.Session.Fate): where everything it relies on is there,
// it moves, and new wording shows at once; where a step says "moved from", it goes on there; else it finishes on the
// release it is on, for as long as that is kept for it, and then begins its step again. At each of its states the
// question is asked anew, so that most leave an old release within a question or two.
//
// Serving is what serves one pack at a time. It is immutable: another takes its place as a whole.
type Serving struct {
	// Current is the release that conversations begin with.
	Current *program.Program
	// Candidate is tried on some before it serves all; nil: none.
	Candidate *program.Program
	// Percent of the conversations that begin, which begin with the candidate: 0 to 100. A person stays on one side.
	Percent int
	// Testers always begin with the candidate.
	Testers map[store.Key]bool
	// Earlier gives a release that served before, and until when conversations may stay on it; nil for one that is not
	// kept. It may be nil.
	Earlier func(hash string) (p *program.Program, until time.Time)
}

// Choose gives the program on which a conversation goes on, or begins. displaced is for engine.Event: the place where it
// is has no successor there. Only a message of the person may displace: a timer or an answer finds what it was made for as
// long as it is kept.
func (s *Serving) Choose(contact store.Key, now time.Time, session engine.Session, message bool) (p *program.Program, displaced bool) {
	if !session.IsOpen() {
		return s.begins(contact), false
	}
	switch on := session.Release(); {
	case on == s.Current.Hash:
		return s.Current, false
	case s.Candidate != nil && on == s.Candidate.Hash:
		return s.Candidate, false
	}
	old, until := s.earlier(session.Release())
	switch session.Fate(old, s.Current) {
	case engine.Led:
		if old != nil && !message {
			return old, false
		}
		return s.Current, message
	case engine.Stays:
		if old != nil && (!message || now.Before(until) || session.Where(old).Kind == program.HandOverState) {
			return old, false // whoever talks with people is not interrupted
		}
		return s.Current, message
	}
	return s.Current, false
}

func (s *Serving) earlier(hash string) (*program.Program, time.Time) {
	if s.Earlier == nil {
		return nil, time.Time{}
	}
	return s.Earlier(hash)
}

// testers are the keys of contacts that Activate has let pass.
func testers(words []string) map[store.Key]bool {
	all := map[store.Key]bool{}
	for _, w := range words {
		if key, ok := tester(w); ok {
			all[key] = true
		}
	}
	return all
}

// tester reads the key of a contact as commands write it.
func tester(word string) (key store.Key, ok bool) {
	b, err := hex.DecodeString(word)
	if err != nil || len(b) != len(key) {
		return key, false
	}
	return store.Key(b), true
}

// begins is the release with which a conversation of the contact begins.
func (s *Serving) begins(contact store.Key) *program.Program {
	if s.Candidate != nil && (s.Testers[contact] || share(contact, s.Candidate.Hash) < s.Percent) {
		return s.Candidate
	}
	return s.Current
}

// share is a number from 0 to 99 that is always the same for a contact and a release, so that more percent only add
// people, and different people are the first ones each time.
func share(contact store.Key, hash string) int {
	n := binary.BigEndian.Uint64(contact[8:])
	for _, c := range []byte(hash) {
		n = (n ^ uint64(c)) * 0x9E3779B97F4A7C15
		n ^= n >> 29
	}
	return int(n % 100)
}
