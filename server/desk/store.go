package desk

import (
	"context"
	"errors"
	"strings"
	"time"

	"baraza/engine/store"
)

// None is what asks for nothing in particular.
type None struct{}

// Problems is what a check found; none is good.
type Problems struct {
	Problems []string `json:"problems"`
	More     int      `json:"more,omitempty"` // beyond those listed
}

// mostProblems bounds the answer: a file in pieces has a problem a row.
const mostProblems = 1000

// Check reads everything that is kept. Turns wait meanwhile.
func (d *Desk) Check(ctx context.Context, _ None) (Problems, error) {
	out := Problems{Problems: []string{}}
	if err := d.wholeMachine(); err != nil {
		return out, err
	}
	err := d.Store.Check(ctx, func(problem string) {
		if len(out.Problems) < mostProblems {
			out.Problems = append(out.Problems, problem)
		} else {
			out.More++
		}
	})
	return out, err
}

// Stats are the figures of the store and of the keys beside it.
type Stats struct {
	Contacts   int `json:"contacts"`
	Identities int `json:"identities"`
	Waiting    int `json:"waiting"`
	Dead       int `json:"dead"`
	Timers     int `json:"timers"`
	Cases      int `json:"cases"` // not done
	Items      int `json:"items"` // cases, records and consents
	Log        int `json:"log"`   // messages and journal
	Dedupe     int `json:"dedupe"`
	Tombstones int `json:"tombstones"`

	FileBytes int64 `json:"file_bytes"`
	FreeBytes int64 `json:"free_bytes"`

	Countries []CountryKeys `json:"countries"`
	Clock     Clock         `json:"clock"`
	Serving   bool          `json:"serving"`
}

// CountryKeys are the keys of a country.
type CountryKeys struct {
	Country  string   `json:"country"`
	Packs    []string `json:"packs"`
	Contacts int      `json:"contacts"` // that have a key
	Erased   int      `json:"erased"`   // tombstones
}

// Stats counts. It walks the file, so its cost grows with it.
func (d *Desk) Stats(ctx context.Context, _ None) (Stats, error) {
	if err := d.wholeMachine(); err != nil {
		return Stats{}, err
	}
	s, err := d.Store.Stats(ctx)
	if err != nil {
		return Stats{}, err
	}
	out := Stats{Contacts: s.Contacts, Identities: s.Identities, Waiting: s.Waiting, Dead: s.Dead, Timers: s.Timers, Items: s.Items,
		Log: s.Log, Dedupe: s.Dedupe, Tombstones: s.Tombstones, FileBytes: s.FileBytes, FreeBytes: s.FreeBytes, Serving: d.Serving,
		Countries: d.countryKeys()}
	if out.Clock, err = d.clock(ctx); err != nil {
		return Stats{}, err
	}
	cases, _, err := d.cases(ctx, store.All)
	for _, it := range cases {
		if it.State != store.CaseDone {
			out.Cases++
		}
	}
	return out, err
}

func (d *Desk) countryKeys() []CountryKeys {
	out := []CountryKeys{}
	for _, name := range d.countryNames() {
		c := d.Countries[name]
		out = append(out, CountryKeys{name, c.Packs, c.Ring.Contacts(), len(c.Ring.Erased())})
	}
	return out
}

// Compacted says what a compaction gave back.
type Compacted struct {
	Before int64 `json:"before"` // bytes of the file
	After  int64 `json:"after"`
}

// Compact gives deleted space back. Turns wait meanwhile, reading goes on.
func (d *Desk) Compact(ctx context.Context, _ None) (Compacted, error) {
	if err := d.wholeMachine(); err != nil {
		return Compacted{}, err
	}
	if !d.copying.TryLock() {
		return Compacted{}, conflict("a backup or another compaction is under way, and people would wait until it is done; compact afterwards")
	}
	defer d.copying.Unlock()
	before, err := d.Store.Stats(ctx)
	if err != nil {
		return Compacted{}, err
	}
	// Whoever asked may go away: half a compaction is no use to anyone.
	if err := d.Store.Compact(context.WithoutCancel(ctx)); err != nil {
		return Compacted{}, err
	}
	after, err := d.Store.Stats(ctx)
	return Compacted{before.FileBytes, after.FileBytes}, err
}

// Clock is the time of the machine as the one who serves sees it.
type Clock struct {
	Now time.Time `json:"now"`
	// LastSweep is when what was past its date was last deleted; nil: never.
	LastSweep *time.Time `json:"last_sweep,omitempty"`
	// Held: nothing is deleted until an operator confirms the clock, for that was very long ago.
	Held bool `json:"held"`
}

func (d *Desk) clock(ctx context.Context) (Clock, error) {
	c := Clock{Now: d.now().UTC()}
	last, err := d.Store.LastSweep(ctx)
	if errors.Is(err, store.ErrDamaged) { // then nothing is swept before the clock is confirmed
		err = nil
	}
	if !last.IsZero() {
		c.LastSweep = &last
	}
	_, c.Held = d.Runner.SweepHeld()
	return c, err
}

// ConfirmClock is an operator's word that the clock is right. What was held back goes on.
func (d *Desk) ConfirmClock(ctx context.Context, _ None) (Clock, error) {
	if err := d.wholeMachine(); err != nil {
		return Clock{}, err
	}
	if !d.Serving {
		return Clock{}, conflict("nobody serves, so nothing is held back; confirm the clock when somebody does")
	}
	d.Runner.ConfirmClock()
	return d.clock(ctx)
}

// KeyList are the countries in order.
type KeyList struct {
	Countries []CountryKeys `json:"countries"`
}

// KeyList lists countries and their keys.
func (d *Desk) KeyList(context.Context, None) (KeyList, error) { return KeyList{d.countryKeys()}, nil }

// OneCountry names a country.
type OneCountry struct {
	Country string `json:"country"`
}

// RotateKey wraps every key of a country, and the keys of its backups, with the first key of the configuration. What
// was sealed stays as it is.
func (d *Desk) RotateKey(ctx context.Context, in OneCountry) (CountryKeys, error) {
	c, ok := d.Countries[in.Country]
	if !ok {
		return CountryKeys{}, missing("there is no country %q; the countries are %s", in.Country, listed(d.countryNames()))
	}
	doingOf(ctx).Country = in.Country
	if err := c.Ring.Rotate(); err != nil {
		return CountryKeys{}, err
	}
	if err := c.Weeks.Rotate(); err != nil {
		return CountryKeys{}, err
	}
	return CountryKeys{in.Country, c.Packs, c.Ring.Contacts(), len(c.Ring.Erased())}, nil
}

// listed is a list in a sentence.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
