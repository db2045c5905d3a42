package runner

import (
	"time"

	"baraza/engine/store"
)

// restedTalks is how many talks a shard remembers of contacts of whom nothing is under way, so that who writes again
// soon is not read, opened and decoded anew. It bounds memory to some kilobytes times this, for each shard.
const restedTalks = 128

// rested are the talks that ended last: two halves, of which the older is let go when the younger is full. A talk in
// it is what the store has, unless somebody else changed the contact. Who changes it by a turn with a session or an
// erasure is found out by the revision; what does not count as a revision is a name that passed to another contact
// (Runner.passed) and a field past its date (talk.until).
type rested struct {
	young, old map[store.Key]*talk
}

// keep remembers a talk that is as the store has it.
func (r *rested) keep(t *talk) {
	if r.young == nil || len(r.young) >= restedTalks/2 {
		r.old, r.young = r.young, make(map[store.Key]*talk, restedTalks/2)
	}
	r.young[t.key] = t
}

// take gives the talk of a contact and forgets it; nil where it would have to be read anew.
func (r *rested) take(key store.Key, passed int64, now time.Time) *talk {
	t := r.young[key]
	if t == nil {
		t = r.old[key]
	}
	delete(r.young, key)
	delete(r.old, key)
	if t == nil || t.passed != passed || !t.until.IsZero() && !now.Before(t.until) {
		return nil
	}
	return t
}

// dated notes when a field of the person has to be gone.
func (t *talk) dated(fields []store.Field) {
	for _, f := range fields {
		if !f.Kept.IsZero() && (t.until.IsZero() || f.Kept.Before(t.until)) {
			t.until = f.Kept
		}
	}
}
