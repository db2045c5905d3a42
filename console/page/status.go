package page

import (
	"net/http"
	"slices"

	"baraza/engine/release"
	"baraza/server/desk"
	"baraza/server/freeze"
)

// history is which releases serve, are tried and served, with the conversations that are open on each.
type history struct {
	Lines      []served
	Never      []string // hashes of those that are kept and were never activated
	Lost       int      // conversations on what is not kept
	Unreadable int
	Zone       string
	Total      int
	Counted    moment
	// Standing changes with which releases serve, not with the numbers.
	Standing string
}

func (p *pages) history(v *visit) (history, desk.Serves, error) {
	is, at, err := p.serves(v.ctx(), v.Country, v.Pack)
	if err != nil {
		return history{}, is, err
	}
	out := history{Lost: is.Conversations[""], Unreadable: is.Unreadable, Zone: p.zone(v.Pack).String(), Counted: p.moment(v.Pack, at)}
	seen := map[string]bool{}
	add := func(s release.Served, how string) {
		if seen[s.Release] {
			return
		}
		seen[s.Release] = true
		line := p.served(v.Pack, s, is)
		line.How, line.Kept = how, slices.Contains(is.Kept, s.Release)
		out.Lines = append(out.Lines, *line)
	}
	if s := is.State.Current; s != nil {
		how := say("everybody")
		if is.State.Candidate != nil {
			how = say("others")
		}
		add(*s, how)
		out.Standing = short(s.Release)
	}
	if c := is.State.Candidate; c != nil {
		how := say("of-those", c.Percent)
		if n := len(c.Testers); n > 0 {
			how += " " + count(n, "tried-testers")
		}
		add(c.Served, how)
		out.Standing += " " + short(c.Release) + " " + how
	}
	if stage := p.Desk.Freezes.Of(v.Country).Stage; stage != freeze.Served {
		out.Standing += " " + stage
	}
	for _, e := range is.State.Earlier {
		add(e, say("before", p.moment(v.Pack, e.Left).Text))
		last := &out.Lines[len(out.Lines)-1]
		last.Again = last.Kept && last.Release == e.Release
	}
	for _, hash := range is.Kept {
		if !seen[hash] {
			out.Never = append(out.Never, hash)
		}
	}
	out.bars()
	return out, is, nil
}

// bars says how long each bar is.
func (h *history) bars() {
	most := max(1, h.Lost)
	h.Total = h.Lost
	for _, l := range h.Lines {
		most = max(most, l.Open)
		h.Total += l.Open
	}
	for i := range h.Lines {
		h.Lines[i].Bar = h.Lines[i].Open * 100 / most
	}
}

// status is the page of one pack.
type status struct {
	History history
	Done    string // what was done just now
	// Plan, Promote, Percent and Back are what the caller may do now.
	Plan, Promote, Percent, Back bool
	TakeBack                     bool // Back takes back what is tried
	Releaser, Stop               bool
}

func (p *pages) status(v *visit) error {
	h, is, err := p.history(v)
	if err != nil {
		return err
	}
	if v.isLive() {
		return p.live(v, "live", h)
	}
	_, before := is.State.Before()
	tried := is.State.Candidate != nil
	releaser := v.may("/release/activate")
	page := status{History: h, Done: done(v.r.URL.Query().Get("done"), is.State), Releaser: releaser, Stop: v.may("/incident/freeze"), Plan: v.may("/release/plan"),
		Promote: releaser && tried, Percent: releaser && tried, Back: releaser && (tried || before), TakeBack: tried}
	return p.show(v, http.StatusOK, say("title-status", v.Pack, v.Country), "status", page)
}

// done is a sentence on what was done, where it is still so.
func done(what string, s release.State) string {
	switch {
	case (what == "percent" || what == "activated") && s.Candidate != nil:
		return say("done-percent", s.Candidate.Percent, short(s.Candidate.Release))
	case s.Current == nil:
	case what == "activated", what == "promoted", what == "rolled-back":
		return say("done-"+what, short(s.Current.Release))
	}
	return ""
}
