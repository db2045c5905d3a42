package freeze

import "time"

// Copy is how a country stands as a backup has it, also where the disk did not take it; nil where a restore has nothing to
// learn from it.
func (b *Book) Copy(country string) ([]byte, error) {
	is := b.Of(country)
	switch {
	case is.Stage == Served && is.Resumed.IsZero():
		return nil, nil
	case is.Problem != "":
		is = State{Country: country, Stage: Frozen, Why: "nobody could read how the country stands"}
	}
	return encode(is)
}

// ReadCopy reads a Copy. One that cannot be read stands for a freeze, like a file.
func ReadCopy(text []byte, country string) State {
	s, err := decode(text, country, Frozen, Resuming, Served)
	if err != nil {
		return State{Country: country, Stage: Frozen, Why: "nobody can read how the country stood when the backup was made"}
	}
	return s
}

// Backup is what a backup tells of one country.
type Backup struct {
	State State     // Stage is "" where it was made by a version that told nothing of freezes
	Made  time.Time // when it was begun
	Holds bool      // messages of people or replies of flows are held in it
}

// Fate is what becomes of a country's freeze when a backup takes the place of its data.
type Fate int

const (
	Nothing Fate = iota // it is served, and nothing was held
	Stays               // it is frozen here, and stays so
	Returns             // it was frozen when the backup was made, and nothing here ended that
	Doubted             // what is held in the backup tells of a freeze of which it says nothing: it is frozen
	Ended               // it was frozen when the backup was made, and that was ended here since
	Settles             // it is served here, and what is held in the backup is answered
)

// Restored tells how a country will stand that stands so here. A freeze is never lost, and one that somebody ended after
// the backup was made does not come back. What is held in the backup is then answered as at every end of a freeze, before
// anything else is said; replies are deleted even where they were to be sent, since they may have gone out since.
func Restored(here State, from Backup, now time.Time) (State, Fate) {
	// An end that is still to come was written by a clock that was wrong.
	ended := here.Stage != Frozen && here.Resumed.After(from.Made) && !here.Resumed.After(now)
	there := from.State
	switch {
	case here.Stage == Frozen:
		return here, Stays
	case there.Stage == Frozen && !ended:
		if there.Noticed.IsZero() {
			there.Noticed = from.Made // by which operators are told of it
		}
		return there, Returns
	case there.Stage == Frozen:
		return resuming(there, here, now), Ended
	case there.Stage == "" && from.Holds && !ended:
		return State{Country: here.Country, Stage: Frozen, Since: from.Made, Noticed: from.Made,
			Why: "the backup that was restored is of a version which does not say whether the country was frozen, and messages are held in it"}, Doubted
	case from.Holds || here.Stage == Resuming || there.Stage == Resuming:
		return resuming(there, here, now), Settles
	case here.Resumed.IsZero() && there.Stage == Served:
		return there, Nothing
	}
	return here, Nothing
}

// resuming is the end of a freeze of a backup, or of one that was ended here.
func resuming(there, here State, now time.Time) State {
	next := there
	if there.Since.IsZero() {
		next = here
	}
	next.Country, next.Stage, next.Problem = here.Country, Resuming, ""
	next.Sends, next.Released = false, false
	if !here.Resumed.IsZero() {
		next.Resumed, next.ResumedBy = here.Resumed, here.ResumedBy
	}
	if next.Resumed.IsZero() || next.Resumed.After(now) {
		next.Resumed = now
	}
	return next
}

// Restore has a country stand as it is told, whatever it was before; on the disk when it returns nil.
func (b *Book) Restore(next State) error {
	_, err := b.change(next.Country, func(State) (State, error) { return next, nil })
	return err
}
