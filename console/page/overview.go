package page

import (
	"context"
	"net/http"
	"time"

	"baraza/console/api"
	"baraza/engine/release"
	"baraza/server/desk"
)

// moment is a time in the zone of a country, as people read it and as programs do.
type moment struct{ Text, Machine string }

func (p *pages) moment(pack string, at time.Time) moment {
	if at.IsZero() {
		return moment{}
	}
	return moment{at.In(p.zone(pack)).Format("2006-01-02 15:04"), at.UTC().Format(time.RFC3339)}
}

// zone is that of a pack; UTC while nothing serves it.
func (p *pages) zone(pack string) *time.Location {
	if of := p.Desk.Program(pack); of != nil {
		if zone, err := time.LoadLocation(of.Timezone); err == nil {
			return zone
		}
	}
	return time.UTC
}

// served is a release in a list.
type served struct {
	Release, By, Why, How string
	Since                 moment
	Percent, Testers      int
	Open, Bar             int // conversations, and in how many of a hundred parts of the longest bar
	Kept                  bool
	Again                 bool // it can be gone back to
}

// packLine is what serves one pack, in short.
type packLine struct {
	Name, Zone string
	Released   bool
	Current    *served
	Candidate  *served
	Others     int // conversations on what serves no longer
	Unreadable int
}

// countryLine is a country with its packs.
type countryLine struct {
	Name  string
	Packs []packLine
	// Alerts are those of the last 7 days; MoreAlerts: there were more than are counted.
	Alerts     int
	MoreAlerts bool
	Stop       bool // the caller may stop it
}

func (p *pages) overview(v *visit) error {
	var all []countryLine
	for _, name := range p.mine(v.caller) {
		one := countryLine{Name: name, Stop: api.May(v.caller, name, "/incident/freeze")}
		for _, pack := range p.Desk.Countries[name].Packs {
			line, err := p.packLine(v.ctx(), name, pack)
			if err != nil {
				return err
			}
			one.Packs = append(one.Packs, line)
		}
		var err error
		if one.Alerts, one.MoreAlerts, err = p.alerts(v.ctx(), name); err != nil {
			return err
		}
		all = append(all, one)
	}
	return p.show(v, http.StatusOK, say("title-overview"), "overview", all)
}

func (p *pages) packLine(ctx context.Context, country, pack string) (packLine, error) {
	line := packLine{Name: pack, Zone: p.zone(pack).String()}
	if _, line.Released = p.Desk.Countries[country].Released[pack]; !line.Released {
		return line, nil
	}
	is, _, err := p.serves(ctx, country, pack)
	if err != nil {
		return line, err
	}
	line.Unreadable = is.Unreadable
	for hash, n := range is.Conversations {
		if (is.State.Current == nil || hash != is.State.Current.Release) && (is.State.Candidate == nil || hash != is.State.Candidate.Release) {
			line.Others += n
		}
	}
	if s := is.State.Current; s != nil {
		line.Current = p.served(pack, *s, is)
	}
	if c := is.State.Candidate; c != nil {
		line.Candidate = p.served(pack, c.Served, is)
		line.Candidate.Percent, line.Candidate.Testers = c.Percent, len(c.Testers)
	}
	return line, nil
}

func (p *pages) served(pack string, s release.Served, is desk.Serves) *served {
	return &served{Release: s.Release, By: s.By, Why: s.Why, Since: p.moment(pack, s.Since), Open: is.Conversations[s.Release]}
}
