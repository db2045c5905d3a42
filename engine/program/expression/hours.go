package expression

import (
	"fmt"
	"slices"
	"time"

	"baraza/engine/program"
)

// daysAhead is how far NextOpening looks: a year, and the days that a long closure may take on top.
const daysAhead = 400

// IsOpen reports whether hours are open at a time, read in the time's own zone. A shift that passes midnight
// belongs to the day on which it began: a closed date cancels what begins on it.
func IsOpen(h *program.Hours, at time.Time) bool {
	if h.Always {
		return true
	}
	minute := at.Hour()*60 + at.Minute()
	for back := 0; back <= 1; back++ {
		day := at.AddDate(0, 0, -back)
		if slices.Contains(h.Closed, day.Format(time.DateOnly)) {
			continue
		}
		for _, span := range h.Days[day.Weekday()] {
			if m := minute + back*24*60; span.From <= m && m < span.To {
				return true
			}
		}
	}
	return false
}

// NextOpening is the first time after at, or at itself, when hours are open; false where they never are
// within a year.
func NextOpening(h *program.Hours, at time.Time) (time.Time, bool) {
	if IsOpen(h, at) {
		return at, true
	}
	y, m, d := at.Date()
	for ahead := range daysAhead {
		// By the wall clock, so that a change of summer time moves no opening.
		day := time.Date(y, m, d+ahead, 12, 0, 0, 0, at.Location())
		if slices.Contains(h.Closed, day.Format(time.DateOnly)) {
			continue
		}
		var first time.Time
		for _, span := range h.Days[day.Weekday()] {
			opening := time.Date(y, m, d+ahead, 0, span.From, 0, 0, at.Location())
			if opening.After(at) && (first.IsZero() || opening.Before(first)) {
				first = opening
			}
		}
		if !first.IsZero() {
			return first, true
		}
	}
	return time.Time{}, false
}

// hours finds hours by the name of a team, or by their own. A team without hours is always there.
func (env *Env) hours(name string) (*program.Hours, error) {
	if env.Program != nil {
		if team := named(env, env.Program.Teams, name, func(t *program.Team) string { return t.Name }); team != nil {
			if team.Hours < 0 || team.Hours >= len(env.Program.Hours) {
				return &program.Hours{Always: true}, nil
			}
			return &env.Program.Hours[team.Hours], nil
		}
		if h := named(env, env.Program.Hours, name, func(h *program.Hours) string { return h.Name }); h != nil {
			return h, nil
		}
	}
	return nil, fmt.Errorf("there are no hours called %q", name)
}

func (env *Env) isOpen(name string) (any, error) {
	h, err := env.hours(name)
	if err != nil {
		return nil, err
	}
	return IsOpen(h, env.local()), nil
}

// opens says in words when hours open next: "today at 14:00", "Monday at 08:30".
func (env *Env) opens(name string) (any, error) {
	h, err := env.hours(name)
	if err != nil {
		return nil, err
	}
	at := env.local()
	next, ok := NextOpening(h, at)
	if !ok {
		return nil, nil
	}
	return openingWords(at, next, env.lang()), nil
}
