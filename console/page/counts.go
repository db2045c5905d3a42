package page

import (
	"context"
	"reflect"
	"sync"
	"time"

	"baraza/engine/release"
	"baraza/server/desk"
)

// counts are numbers of conversations as they were counted last. To count reads every contact, and pages that are open
// ask every few seconds: however many there are, it is done for all of them together, and at most a tenth of the time.
type counts struct {
	mu  sync.Mutex
	all map[string]*counted // by country and pack
}

type counted struct {
	mu    sync.Mutex // one counts, the others wait for it
	is    desk.Serves
	at    time.Time
	until time.Time

	alerts      int // of the last days, in a country
	moreAlerts  bool
	alertsUntil time.Time
}

// shortest is how long a count holds at least.
const shortest = 2 * time.Second

func (c *counts) of(name string) *counted {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]*counted{}
	}
	if c.all[name] == nil {
		c.all[name] = &counted{}
	}
	return c.all[name]
}

// serves is what serves a pack, with conversations that were counted at a time. Which releases serve is always as it is
// now.
func (p *pages) serves(ctx context.Context, country, pack string) (desk.Serves, time.Time, error) {
	c := p.counts.of(country + "/" + pack)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := p.Now()
	if state := p.state(country, pack); now.Before(c.until) && !now.Before(c.at) && reflect.DeepEqual(state, c.is.State) {
		return c.is, c.at, nil
	}
	is, err := p.desks[country].Releases(ctx, desk.Change{Country: country, Pack: pack})
	if err != nil {
		return is, now, err
	}
	done := p.Now()
	c.is, c.at, c.until = is, now, done.Add(max(shortest, 10*done.Sub(now)))
	return is, now, nil
}

// alertsHold is how long a number of alerts holds: to count them, a week is read.
const alertsHold = 30 * time.Second

// alerts counts what happened in a country in the last 7 days that operators should see; more: there is more than that.
func (p *pages) alerts(ctx context.Context, country string) (n int, more bool, err error) {
	c := p.counts.of(country)
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := p.Now(); now.Before(c.alertsUntil) && now.Add(alertsHold).After(c.alertsUntil) {
		return c.alerts, c.moreAlerts, nil
	}
	reports, err := p.desks[country].Reports(ctx, desk.ReportQuery{Days: 7})
	if err != nil {
		return 0, false, err
	}
	for _, r := range reports.Reports {
		if r.Kind == "alert" || r.Kind == "account" {
			n++
		}
	}
	c.alerts, c.moreAlerts, c.alertsUntil = n, reports.More, p.Now().Add(alertsHold)
	return n, reports.More, nil
}

// state is which releases serve a pack now.
func (p *pages) state(country, pack string) release.State {
	return p.Desk.Countries[country].Released[pack].Shelf.State()
}
