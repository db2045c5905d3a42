package desk

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/engine/store"
)

// Plan says what a release would do, before anything changes.
type Plan struct {
	Country string `json:"country"`
	Pack    string `json:"pack"`
	Release string `json:"release"` // the one that is planned
	// Serves is what it is planned against: activate takes it.
	Serves   string           `json:"serves"`
	SignedBy string           `json:"signed_by,omitempty"`
	Refused  []string         `json:"refused,omitempty"` // why it cannot be activated
	Changes  []release.Change `json:"changes"`
	Gates    []Gate           `json:"gates"` // what the pack says that a release needs
	Fates
}

// Fates count what becomes of the conversations that are open.
type Fates struct {
	Open       int        `json:"open"`
	Continue   int        `json:"continue"`
	Led        int        `json:"moved"`    // a step says "moved from"
	Stay       int        `json:"stay"`     // on the release they are on
	Restart    int        `json:"restart"`  // they begin their step again: their term on an earlier release is over
	Stranded   int        `json:"stranded"` // their release is not kept, and nothing of their step is left as it was
	Lines      []FateLine `json:"lines"`
	Unreadable int        `json:"unreadable,omitempty"`
}

// FateLine is a number of conversations at one step in one language.
type FateLine struct {
	Step     string `json:"step"`     // or notice.NAME where that is asked; "?" where the release is not kept
	Language string `json:"language"` // "" where it is not known yet
	Fate     string `json:"fate"`     // continues, moves, stays, restarts, is stranded
	Count    int    `json:"count"`
}

// servePlan answers what the bundle in the request would do.
func (d *Desk) servePlan(w http.ResponseWriter, r *http.Request) error {
	f, gone, err := d.incoming(r)
	if err != nil {
		return err
	}
	defer gone()
	b, err := release.Read(f)
	if err != nil {
		return wrong("%v", err)
	}
	country := d.countryIn(r)
	p, err := d.released(country, b.Manifest.Pack)
	if err != nil {
		return err
	}
	plan := Plan{Country: country, Pack: b.Manifest.Pack, Release: b.Hash, Serves: p.Shelf.State().Serves()}
	var why string
	if plan.SignedBy, why = signer(r, b.Hash, p.Keys); why != "" {
		plan.Refused = append(plan.Refused, why)
	}
	if err := p.AcceptNew(b.Program); err != nil {
		plan.Refused = append(plan.Refused, err.Error())
	}
	if err := unknownGates(b.Program); err != nil {
		plan.Refused = append(plan.Refused, err.Error())
	}
	if why != "" { // what nobody signed who counts here is read, not run
		p.Inspect = unsigned
	}
	if plan.Gates, err = d.planned(r.Context(), p, b, f); err != nil {
		return err
	}
	plan.Changes = Changes(p.Shelf, b.Manifest, b.Program)
	if plan.Fates, err = d.fates(r.Context(), plan.Pack, p.Shelf, b.Program); err != nil {
		return err
	}
	if plan.Stranded > 0 {
		plan.Refused = append(plan.Refused, strandedText(plan.Stranded))
	}
	return writeJSON(w, http.StatusOK, plan)
}

// Changes says in words what a release would change, its media too; nothing where none serves yet.
func Changes(shelf *release.Shelf, m *release.Manifest, next *program.Program) (all []release.Change) {
	if serving := shelf.Serving(); serving != nil {
		all = release.Changes(serving.Current, next)
	}
	if serves, err := shelf.Manifest(shelf.State().Serves()); err == nil {
		all = append(all, release.OfFiles(serves, m)...)
	}
	return all
}

func strandedText(n int) string {
	return "it would strand " + conversations(n) + " at a place that it does not have; say in the pack where they go on, below a step: moved from OLD.STEP"
}

func conversations(n int) string {
	if n == 1 {
		return "1 conversation"
	}
	return strconv.Itoa(n) + " conversations"
}

// fates looks at every conversation that is open.
func (d *Desk) fates(ctx context.Context, pack string, shelf *release.Shelf, next *program.Program) (Fates, error) {
	out := Fates{Lines: []FateLine{}}
	serving, now := shelf.Serving(), d.Runner.Now()
	count := map[FateLine]int{}
	unreadable, err := d.Runner.Talks(ctx, pack, func(_ store.Key, s engine.Session) {
		if !s.IsOpen() {
			return
		}
		out.Open++
		from, until := on(serving, s.Release())
		line := FateLine{Step: "?", Language: s.Contact.Language}
		if from != nil {
			line.Step = stands(s.Where(from))
			if line.Language == "" && len(from.Languages) == 1 {
				line.Language = from.Languages[0]
			}
		}
		switch fate := s.Fate(from, next); {
		case s.Release() == next.Hash, fate == engine.Moves, fate == engine.Free:
			line.Fate = "continues"
			out.Continue++
		case fate == engine.Led:
			line.Fate = "moves"
			out.Led++
		case from == nil:
			line.Fate = "is stranded"
			out.Stranded++
		case until.IsZero() || now.Before(until) || s.Where(from).Kind == program.HandOverState:
			line.Fate = "stays"
			out.Stay++
		default:
			line.Fate = "restarts"
			out.Restart++
		}
		count[line]++
	})
	out.Unreadable = unreadable
	for line, n := range count {
		line.Count = n
		out.Lines = append(out.Lines, line)
	}
	slices.SortFunc(out.Lines, func(a, b FateLine) int {
		return cmp.Or(cmp.Compare(a.Fate, b.Fate), -cmp.Compare(a.Count, b.Count), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Language, b.Language))
	})
	return out, err
}

// stands is the step at which a conversation waits, or what is asked beside all steps: the notice, or whether to go on after
// a silence.
func stands(w engine.Where) string {
	switch {
	case w.Step != "":
		return w.Flow + "." + w.Step
	case w.Identity != "":
		return w.Identity
	}
	return "after a silence"
}

// on is the program that a session is on, nil where it is not kept, and until when it may stay there; the zero time where
// that begins only when the program serves no longer.
func on(serving *release.Serving, hash string) (*program.Program, time.Time) {
	switch {
	case serving == nil:
		return nil, time.Time{}
	case serving.Current.Hash == hash:
		return serving.Current, time.Time{}
	case serving.Candidate != nil && serving.Candidate.Hash == hash:
		return serving.Candidate, time.Time{}
	}
	return serving.Earlier(hash)
}
