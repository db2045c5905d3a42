package server_test

import (
	"testing"
	"time"

	"baraza/engine/release"
	"baraza/server/desk"
)

// The clock is hours or years off when releases take each other's place. The order of what served stays, nobody's term on a
// release ends before it began or lasts for years, and who is in the middle of a conversation finishes it.
func TestReleasesTakeOverWhateverTheClockSays(t *testing.T) {
	t.Parallel()
	for name, jumps := range map[string][2]time.Duration{
		"hours back":    {0, -20 * time.Hour},
		"hours forward": {0, 20 * time.Hour},
		"years back":    {0, -20 * 365 * 24 * time.Hour},
		"years forward": {0, 20 * 365 * 24 * time.Hour},
		"set right":     {20 * time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := releasing(t)
			phone := r.meet("+12025550123")
			phone.Write("hello")
			r.hears(phone, 1)
			r.keep("second", anotherQuestion)
			r.keep("third", helpTalk+"\n# another third\n")
			r.clock.set(jumps[0])
			r.activates("second")
			r.clock.set(jumps[1])
			r.activates("third")
			state := r.state()
			if len(state.Earlier) != 2 || state.Earlier[0].Release != r.hashes["second"] || state.Earlier[1].Release != r.hashes["first"] {
				t.Errorf("served before: %+v", state.Earlier)
			}
			for _, e := range state.Earlier {
				if e.Left.Before(e.Since) {
					t.Errorf("it left %s before it came %s", e.Left, e.Since)
				}
				if off := time.Until(e.Left.Add(release.Stay)) - release.Stay; off.Abs() > 25*time.Hour {
					t.Errorf("the term is off by %s", off)
				}
			}
			r.clock.set(0)
			phone.Write("mombasa") // asked on the first
			if got := r.hears(phone, 3); got[1] != "You wrote mombasa." {
				t.Errorf("the phone shows %q", got)
			}
			if _, err := r.desk.Rollback(t.Context(), desk.Change{Country: "ke", Planned: r.serves(), By: "ana"}); err != nil {
				t.Fatal(err)
			}
			if r.serves() != r.hashes["second"] {
				t.Error("a rollback finds another release than the one before")
			}
		})
	}
}

func (r *releases) state() release.State {
	r.t.Helper()
	now, err := r.desk.Releases(r.t.Context(), desk.Change{Country: "ke"})
	if err != nil {
		r.t.Fatal(err)
	}
	return now.State
}
