package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"baraza/engine/runner"
	"baraza/server/freeze"
)

// thawAgain is how long a country waits whose held messages could not all be answered.
const thawAgain = 5 * time.Second

// openFreezes reads which countries are frozen.
func (s *Server) openFreezes() {
	s.freezes = freeze.Open(s.config.Freezes(), s.config.CountryNames())
	s.thaws = map[string]chan struct{}{}
	for _, country := range s.config.CountryNames() {
		s.thaws[country] = make(chan struct{}, 1)
		switch is := s.freezes.Of(country); {
		case is.Problem != "":
			s.log.Error("nobody can read whether a country is frozen, so it is taken for frozen", "country", country, "problem", is.Problem)
		case is.Stage == freeze.Frozen:
			s.log.Warn("a country is frozen", "country", country, "since", is.Since)
		}
	}
}

// freeze is the emergency stop of a pack as the runner asks for it.
func (s *Server) freeze(name string) *runner.Freeze {
	p := s.packs[name]
	if p == nil {
		return nil
	}
	is := s.freezes.Of(p.country)
	switch {
	case is.Stage == freeze.Frozen:
		return &runner.Freeze{Noticed: is.Noticed, Notice: s.notice(name, is.Notice)}
	case is.Stage == freeze.Resuming && !is.Released: // for a moment, so nobody is told any more that it is frozen
		return &runner.Freeze{}
	case is.Stage == freeze.Resuming:
		return &runner.Freeze{Resuming: true, Sends: is.Sends}
	}
	return nil
}

// notice gives the notice for who speaks a language; all of its texts where that is not known.
func (s *Server) notice(name string, n freeze.Notice) func(string) (text, in string) {
	return func(language string) (text, in string) {
		if text, in, ok := n.In(language); ok {
			return text, in
		}
		var languages []string
		if p := s.program(name); p != nil {
			languages = p.Languages
		}
		if len(languages) > 0 {
			in = languages[0]
		}
		return n.All(languages), in
	}
}

// packsOf are the packs of a country.
func (s *Server) packsOf(country string) (packs []string) {
	for name, p := range s.packs {
		if p.country == country {
			packs = append(packs, name)
		}
	}
	slices.Sort(packs)
	return packs
}

// thaw has a country looked at again, whose freeze begins or ends.
func (s *Server) thaw(country string) {
	select {
	case s.thaws[country] <- struct{}{}:
	default:
	}
}

// watchFreeze does for a country what its freeze and the end of it need, until ctx ends. That nothing of a frozen country
// is sent does not depend on it.
func (s *Server) watchFreeze(ctx context.Context, country string) error {
	told := freeze.State{Stage: freeze.Served}
	for {
		is := s.freezes.Of(country)
		s.tellFrozen(ctx, told, is)
		told = is
		var err error
		if is.Stage != freeze.Served && !is.Released {
			err = s.runner.SetAside(ctx)
		}
		if err == nil && is.Stage == freeze.Resuming && !is.Released {
			err = s.freezes.Release(country, is.Resumed)
		}
		if err == nil && is.Stage != freeze.Frozen {
			err = s.runner.Thaw(ctx, s.packsOf(country), func() error {
				if is.Stage == freeze.Served {
					return nil
				}
				return s.freezes.Done(country, is.Resumed)
			})
			if err == nil && is.Stage == freeze.Resuming {
				s.log.Info("all that was held is answered", "country", country)
			}
		}
		var again <-chan time.Time
		if err != nil && ctx.Err() == nil {
			s.log.Error("what a freeze held is not settled yet", "country", country, "error", err)
			again = s.clock.After(thawAgain)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.thaws[country]:
		case <-again:
		}
	}
}

// tellFrozen tells operators that a country stands otherwise than they were told last.
func (s *Server) tellFrozen(ctx context.Context, told, is freeze.State) {
	a := runner.Alert{Code: "frozen", Subject: country(is.Country), Severity: runner.Critical, At: s.clock.Now()}
	switch {
	case is.Problem != "" && told.Problem == "":
		a.Code = "freeze-unreadable"
	case is.Stage == freeze.Frozen && !is.Noticed.Equal(told.Noticed):
	case is.Stage == freeze.Resuming && told.Stage == freeze.Frozen:
		a.Code, a.Severity = "unfrozen", runner.Info
	default:
		return
	}
	select {
	case s.news <- a:
	case <-ctx.Done():
	}
}

// country is the subject of an alert about a whole country.
func country(name string) string { return "country " + name }

// watchNews tells operators what the server itself has to tell.
func (s *Server) watchNews(ctx context.Context) error {
	for {
		select {
		case a := <-s.news:
			s.alert(ctx, a)
		case <-ctx.Done():
			return nil
		}
	}
}

// frozenFigures are the gauges of each country.
func (s *Server) frozenFigures(registry *prometheus.Registry) {
	for _, country := range s.config.CountryNames() {
		gauge := func(name, help string, of func(is freeze.State) float64) {
			registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "baraza_" + name, Help: help,
				ConstLabels: prometheus.Labels{"country": country}}, func() float64 { return of(s.freezes.Of(country)) }))
		}
		held := func(which func(messages, replies int) int) func(freeze.State) float64 {
			return func(is freeze.State) float64 {
				if is.Stage == freeze.Served {
					return 0
				}
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				defer cancel()
				messages, replies, err := s.runner.Held(ctx, s.packsOf(country))
				if err != nil {
					return -1
				}
				return float64(which(messages, replies))
			}
		}
		gauge("frozen", "1 while the country is frozen, or what was held is being answered.", func(is freeze.State) float64 {
			if is.Stage == freeze.Served {
				return 0
			}
			return 1
		})
		gauge("messages_held", "Messages of people that wait until the country is served again.", held(func(m, _ int) int { return m }))
		gauge("replies_held", "Replies of flows that a freeze holds.", held(func(_, r int) int { return r }))
	}
}

// sayFrozen names the countries that are frozen below the word of readiness: messages are taken all the same.
func (s *Server) sayFrozen(w http.ResponseWriter) {
	for _, country := range s.config.CountryNames() {
		if is := s.freezes.Of(country); is.Stage != freeze.Served {
			fmt.Fprintf(w, "%s: %s\n", country, is.Stage)
		}
	}
}
