package desk

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"baraza/engine/program"
	"baraza/engine/release"
)

// A Gate is one thing that a release needs before it serves people, as its pack declares it below "release needs".
type Gate struct {
	Gate string `json:"gate"` // its name: "coverage"
	Line string `json:"line"` // as the pack writes it: "coverage 90"
	// Met says what was found, whatever operators said about it.
	Met  bool   `json:"met"`
	Says string `json:"says"` // in words; where it is not met, with what to do
	// ApprovedBy are those who approved the release; of the gate "approval" alone.
	ApprovedBy []string `json:"approved_by,omitempty"`
	// AskedBy has asked to override the gate; a second person has to confirm it.
	AskedBy string `json:"override_asked_by,omitempty"`
	// OverriddenBy are the two because of whom it does not hold the release back.
	OverriddenBy []string `json:"overridden_by,omitempty"`
	// Why are the reasons of those two, or of the one.
	Why []string `json:"override_why,omitempty"`
}

// Closed tells whether the gate holds the release back.
func (g *Gate) Closed() bool { return !g.Met && len(g.OverriddenBy) == 0 }

// Gated is a release that is kept with its gates. One that declares none has no gates and may serve.
type Gated struct {
	Country string `json:"country"`
	Pack    string `json:"pack"`
	Release string `json:"release"`
	Gates   []Gate `json:"gates"`
}

// OneRelease names a release that is kept, by its hash or the beginning of it. Left out it is the one that is tried, else
// the one that serves.
type OneRelease struct {
	Country string `json:"country"`
	Pack    string `json:"pack,omitempty"`    // may be left out where the country has one
	Release string `json:"release,omitempty"` // its hash, or the beginning
}

// Approval is the word of a person for a release. It counts for what is activated by another person.
type Approval struct {
	Country string `json:"country"`
	Pack    string `json:"pack,omitempty"`
	Release string `json:"release"` // its hash, or the beginning
	By      string `json:"by"`
	Why     string `json:"why,omitempty"`
}

// Override asks that a gate does not hold a release back. It takes effect when another person asks the same.
type Override struct {
	Country string `json:"country"`
	Pack    string `json:"pack,omitempty"`
	Release string `json:"release"` // its hash, or the beginning
	Gate    string `json:"gate"`
	By      string `json:"by"`
	Why     string `json:"why"`
}

// Inspection is what is asked about a release for gates that can be found out from what it is made of.
type Inspection struct {
	*release.Kept
	// Rounds is the folder of the rounds of testing; "" where the configuration names none.
	Rounds string
	Needs  []program.Need
}

// Finding is what was found for a gate.
type Finding struct {
	Met  bool
	Says string
}

// keptIn finds a release as OneRelease names it.
func keptIn(p ReleasedPack, begin string) (*release.Kept, error) {
	now := p.Shelf.State()
	if begin == "" {
		if begin = now.Serves(); now.Candidate != nil {
			begin = now.Candidate.Release
		}
	}
	if begin == "" {
		return nil, wrong("nothing serves yet; name a release that is kept")
	}
	k, err := p.Shelf.Find(begin)
	if err != nil {
		return nil, wrong("%v", err)
	}
	return k, nil
}

// Gates tells what is found in a release for each gate of a pack that is asked about.
func (d *Desk) Gates(ctx context.Context, in OneRelease) (Gated, error) {
	p, err := d.released(in.Country, in.Pack)
	if err != nil {
		return Gated{}, err
	}
	k, err := keptIn(p, in.Release)
	if err != nil {
		return Gated{}, err
	}
	found, err := d.inspect(ctx, p, k)
	if err != nil {
		return Gated{}, err
	}
	return Gated{Country: in.Country, Pack: p.Shelf.Pack(), Release: k.Hash, Gates: gates(k, found, p.Shelf.State(), "")}, nil
}

// Approve records the word of a person for a release that is kept.
func (d *Desk) Approve(ctx context.Context, in Approval) (Gated, error) {
	one := OneRelease{in.Country, in.Pack, in.Release}
	return d.say(ctx, one, release.Said{By: in.By, Why: in.Why}, "", func(now release.State, hash string, word release.Said) (release.State, error) {
		return now.Approve(hash, word)
	})
}

// Override asks that a gate does not hold a release back, or confirms it as the second person.
func (d *Desk) Override(ctx context.Context, in Override) (Gated, error) {
	if strings.TrimSpace(in.Why) == "" {
		return Gated{}, wrong("say why the gate may be overridden; it is kept with the release and in the log")
	}
	one := OneRelease{in.Country, in.Pack, in.Release}
	return d.say(ctx, one, release.Said{By: in.By, Why: in.Why}, in.Gate, func(now release.State, hash string, word release.Said) (release.State, error) {
		return now.Override(hash, in.Gate, word)
	})
}

// mostWord is how long a name or a reason may be that is kept with a release, in bytes.
const mostWord = 1000

// say records what an operator says about a release, or about one of its gates.
func (d *Desk) say(ctx context.Context, in OneRelease, word release.Said, gate string, how func(release.State, string, release.Said) (release.State, error)) (Gated, error) {
	word.By, word.Why, word.At = strings.TrimSpace(word.By), strings.TrimSpace(word.Why), d.now()
	switch {
	case !release.IsName(word.By):
		return Gated{}, wrong("say who says this")
	case len(word.By) > mostWord || len(word.Why) > mostWord:
		return Gated{}, wrong("a name or a reason has at most %d bytes", mostWord)
	}
	action := doingOf(ctx)
	action.Who, action.Why = word.By, word.Why
	p, err := d.released(in.Country, in.Pack)
	if err != nil {
		return Gated{}, err
	}
	action.Country, action.Pack = in.Country, p.Shelf.Pack()
	k, err := p.Shelf.Find(in.Release)
	if err != nil {
		return Gated{}, wrong("%v", err)
	}
	action.About = k.Hash
	found, err := d.inspect(ctx, p, k)
	if err != nil {
		return Gated{}, err
	}
	if gate != "" {
		i := slices.IndexFunc(k.Program.Needs, func(n program.Need) bool { return n.Gate == gate })
		switch {
		case i < 0:
			return Gated{}, wrong("release %s has no gate %q; it has %s", k.Hash[:12], clipped(gate), names(k.Program.Needs))
		case gates(k, found, p.Shelf.State(), "")[i].Met:
			return Gated{}, wrong("%q is met; there is nothing to override", gate)
		}
		action.About += " " + gate
	}
	err = p.Shelf.Change(func(now release.State) (release.State, error) {
		next, err := how(now, k.Hash, word)
		action.refused = err != nil
		return next, err
	})
	if errors.Is(err, release.ErrSamePerson) || err != nil && action.refused {
		return Gated{}, conflict("%v", err)
	}
	if err != nil {
		return Gated{}, err
	}
	return Gated{Country: in.Country, Pack: p.Shelf.Pack(), Release: k.Hash, Gates: gates(k, found, p.Shelf.State(), "")}, nil
}

func clipped(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

func names(needs []program.Need) string {
	if len(needs) == 0 {
		return "none"
	}
	var all []string
	for _, n := range needs {
		all = append(all, n.Gate)
	}
	return strings.Join(all, ", ")
}

// gates are those of a release with what was found and what operators said. by is who activates it now; "" for nobody.
func gates(k *release.Kept, found []Finding, now release.State, by string) []Gate {
	out := make([]Gate, len(k.Program.Needs))
	for i, n := range k.Program.Needs {
		g := &out[i]
		*g = Gate{Gate: n.Gate, Line: n.String(), Met: found[i].Met, Says: found[i].Says}
		if n.Gate == program.ApprovalGiven {
			g.approval(k.Hash, now, by)
		}
		if o, ok := now.Overridden(k.Hash, n.Gate); ok {
			g.Why = []string{o.Asked.Why}
			if o.Confirmed == nil {
				g.AskedBy = o.Asked.By
			} else {
				g.OverriddenBy = []string{o.Asked.By, o.Confirmed.By}
				g.Why = append(g.Why, o.Confirmed.Why)
			}
		}
	}
	return out
}

func (g *Gate) approval(hash string, now release.State, by string) {
	for _, a := range now.Approved(hash) {
		g.ApprovedBy = append(g.ApprovedBy, a.By)
	}
	but := []string{by}
	if by == "" {
		but = nil
	}
	for _, on := range []*release.Served{now.Current, tried(now)} {
		if on != nil && on.Release == hash {
			but = append(but, on.By)
		}
	}
	switch {
	case len(now.Approved(hash, but...)) > 0:
		g.Met, g.Says = true, "approved by "+strings.Join(g.ApprovedBy, ", ")
	case len(g.ApprovedBy) > 0:
		g.Says = "approved by " + strings.Join(g.ApprovedBy, ", ") + ", who activates it; another person has to approve it: baraza release approve"
	default:
		g.Says = "nobody has approved it; another person than the one who activates it does so with: baraza release approve"
	}
}

func tried(s release.State) *release.Served {
	if s.Candidate == nil {
		return nil
	}
	return &s.Candidate.Served
}

// closed says which gates hold a release back; nil where none does.
func closed(hash string, all []Gate) error {
	var why []string
	for i := range all {
		if all[i].Closed() {
			why = append(why, all[i].Line+": "+all[i].Says)
		}
	}
	if len(why) == 0 {
		return nil
	}
	return conflict("release %s does not have what its pack says that a release needs:\n  %s", hash[:12], strings.Join(why, "\n  "))
}

// planned looks at the gates of a bundle, which is unpacked for that where it is not kept, and removed again.
func (d *Desk) planned(ctx context.Context, p ReleasedPack, b *release.Bundle, file io.ReadSeeker) (all []Gate, err error) {
	if len(b.Program.Needs) == 0 {
		return []Gate{}, nil
	}
	k, err := p.Shelf.Release(b.Hash)
	if errors.Is(err, release.ErrNotKept) {
		var gone func() error
		if k, gone, err = release.Unpack(d.Folder, file); err != nil {
			return nil, err
		}
		defer func() { _ = gone() }()
	} else if err != nil {
		return nil, err
	}
	found, err := d.inspect(ctx, p, k)
	if err != nil {
		return nil, err
	}
	return gates(k, found, p.Shelf.State(), ""), nil
}

// inspected is a release that was looked at before it is to serve.
type inspected struct {
	*release.Kept
	found []Finding
}

// inspected looks at the release of a change while nothing is held: tests take their time, and a rollback must not wait for
// them. It is nil where the release cannot be found; the change itself says that.
func (d *Desk) inspected(ctx context.Context, in Change) (*inspected, error) {
	p, err := d.released(in.Country, in.Pack)
	if err != nil {
		return nil, nil
	}
	k, err := p.Shelf.Find(in.Release)
	if err != nil {
		return nil, nil
	}
	found, err := d.inspect(ctx, p, k)
	return &inspected{k, found}, err
}

// unserved is inspected for a rollback to a release that never served; nil for every other one, which nobody looks at.
func (d *Desk) unserved(ctx context.Context, in Change) (*inspected, error) {
	p, err := d.released(in.Country, in.Pack)
	if err != nil || in.Release == "" {
		return nil, nil
	}
	k, err := p.Shelf.Find(in.Release)
	if err != nil || servedOnce(p.Shelf.State(), k.Hash) {
		return nil, nil
	}
	return d.inspected(ctx, in)
}

// lets tells why a release must not serve by a state; nil where all its gates are open.
func (i *inspected) lets(hash string, now release.State, by string) error {
	if i == nil || i.Hash != hash {
		return conflict("the releases that are kept changed meanwhile; do it again")
	}
	if err := unknownGates(i.Program); err != nil {
		return wrong("release %s is refused: %v", hash[:12], err)
	}
	return closed(hash, gates(i.Kept, i.found, now, by))
}

// servedOnce tells whether a release serves or served before, so that going back to it is free. That it is being tried just
// now counts for nothing: to go back to what is only tried is to promote it, by another name.
func servedOnce(s release.State, hash string) bool {
	return s.Serves() == hash || slices.ContainsFunc(s.Earlier, func(one release.Served) bool { return one.Release == hash })
}
