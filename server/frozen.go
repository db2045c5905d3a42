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
	if is := s.freezes.Of(country); is.Stage == freeze.Resuming {
		told = is // by the process before this one
	}
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

// tellFrozen tells operators that a country stands otherwise than they were told last. A freeze that ended before it could
// be told is told all the same: people may have met it.
func (s *Server) tellFrozen(ctx context.Context, told, is freeze.State) {
	tell := func(code string, severity runner.Severity) {
		select {
		case s.news <- runner.Alert{Code: code, Subject: country(is.Country), Severity: severity, At: s.clock.Now()}:
		case <-ctx.Done():
		}
	}
	if is.Problem != "" && told.Problem == "" {
		tell("freeze-unreadable", runner.Critical)
		return
	}
	if is.Stage != freeze.Served && !is.Noticed.Equal(told.Noticed) {
		tell("frozen", runner.Critical)
	}
	if is.Stage == freeze.Resuming && !is.Resumed.Equal(told.Resumed) {
		tell("unfrozen", runner.Info)
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

// frozenFigures are the gauges of each country: what is held is counted once for both of them.
type frozenFigures struct {
	s                         *Server
	frozen, messages, replies *prometheus.Desc
}

func newFrozenFigures(s *Server) *frozenFigures {
	gauge := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("baraza_"+name, help, []string{"country"}, nil)
	}
	return &frozenFigures{s, gauge("frozen", "1 while the country is frozen, or what was held is being answered."),
		gauge("messages_held", "Messages of people that wait until the country is served again."),
		gauge("replies_held", "Replies of flows that a freeze holds.")}
}

func (f *frozenFigures) Describe(to chan<- *prometheus.Desc) {
	to <- f.frozen
	to <- f.messages
	to <- f.replies
}

func (f *frozenFigures) Collect(to chan<- prometheus.Metric) {
	for _, country := range f.s.config.CountryNames() {
		stands, messages, replies := 0, 0, 0
		if f.s.freezes.Of(country).Stage != freeze.Served {
			stands = 1
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			var err error
			if messages, replies, err = f.s.runner.Held(ctx, f.s.packsOf(country)); err != nil {
				messages, replies = -1, -1
			}
			cancel()
		}
		say := func(of *prometheus.Desc, n int) {
			to <- prometheus.MustNewConstMetric(of, prometheus.GaugeValue, float64(n), country)
		}
		say(f.frozen, stands)
		say(f.messages, messages)
		say(f.replies, replies)
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
