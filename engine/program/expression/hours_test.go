package expression_test

import (
	"testing"
	"time"

	"baraza/engine/program"
	"baraza/engine/program/expression"
)

func at(t *testing.T, zone *time.Location, s string) time.Time {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestHours(t *testing.T) {
	t.Parallel()
	hours := map[string]*program.Hours{}
	for i := range pack.Hours {
		hours[pack.Hours[i].Name] = &pack.Hours[i]
	}
	for _, c := range []struct {
		hours, at string
		open      bool
		next      string // "" for never
	}{
		{"always", "2026-11-22 03:00", true, "2026-11-22 03:00"},
		{"never", "2026-11-22 03:00", false, ""},
		{"office", "2026-11-23 08:29", false, "2026-11-23 08:30"},
		{"office", "2026-11-23 08:30", true, "2026-11-23 08:30"},
		{"office", "2026-11-23 11:59", true, "2026-11-23 11:59"},
		{"office", "2026-11-23 12:00", false, "2026-11-24 08:30"},
		{"office", "2026-11-24 12:30", false, "2026-11-24 14:00"},
		{"office", "2026-11-24 17:00", false, "2026-11-26 08:30"}, // the 25th is closed
		{"office", "2026-11-27 13:00", false, "2026-11-30 08:30"}, // over the weekend
		{"night", "2026-11-24 21:59", false, "2026-11-24 22:00"},
		{"night", "2026-11-24 23:00", true, "2026-11-24 23:00"},
		{"night", "2026-11-25 05:59", true, "2026-11-25 05:59"}, // began the day before
		{"night", "2026-11-25 06:00", false, "2026-12-01 22:00"},
	} {
		h, when := hours[c.hours], at(t, nairobi, c.at)
		if got := expression.IsOpen(h, when); got != c.open {
			t.Errorf("%s at %s: open %v, want %v", c.hours, c.at, got, c.open)
		}
		next, ok := expression.NextOpening(h, when)
		got := ""
		if ok {
			got = next.Format("2006-01-02 15:04")
		}
		if got != c.next {
			t.Errorf("%s at %s: opens %q, want %q", c.hours, c.at, got, c.next)
		}
	}
}

// In Berlin the clock goes from 02:00 to 03:00 on 2027-03-28.
func TestOpeningFollowsTheWallClockThroughSummerTime(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no timezones on this machine")
	}
	sunday := &program.Hours{Days: [7][]program.Span{0: {span(510, 720)}}}
	next, ok := expression.NextOpening(sunday, at(t, berlin, "2027-03-27 20:00"))
	if got := next.Format("2006-01-02 15:04"); !ok || got != "2027-03-28 08:30" {
		t.Errorf("opens %q, want 08:30 by the wall clock", got)
	}
}

func TestOpensInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, at, want string }{
		{"en", "2026-11-24 07:00", "today at 08:30"}, {"en", "2026-11-24 17:00", "Thursday at 08:30"}, {"en", "2026-11-26 13:00", "tomorrow at 08:30"},
		{"es", "2026-11-24 17:00", "el jueves a las 08:30"}, {"es-EC", "2026-11-26 13:00", "mañana a las 08:30"},
		{"fr", "2026-11-27 13:00", "lundi à 08:30"}, {"ar", "2026-11-24 07:00", "اليوم الساعة ٠٨:٣٠"}, {"fa", "2026-11-24 07:00", "امروز ساعت ۰۸:۳۰"},
		{"sw", "2026-11-26 13:00", "kesho, 08:30"}, {"so", "2026-11-24 07:00", "maanta saacadda 08:30"}, {"pt", "2026-11-24 07:00", "hoje às 08:30"},
		{"uk", "2026-11-24 07:00", "2026-11-24 08:30"}, {"en", "2026-11-24 09:00", "now"},
	} {
		env := world()
		env.Program, env.At = packIn(c.lang), at(t, nairobi, c.at)
		if got, err := eval(t, `opens(protection)`, env); got != c.want || err != nil {
			t.Errorf("%s at %s: got %q, %v; want %q", c.lang, c.at, got, err, c.want)
		}
	}
}

func TestADistantOpeningHasADate(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"en": "1 December at 22:00", "es": "el 1 de diciembre a las 22:00", "fr": "le 1er décembre à 22:00"} {
		env := world()
		env.Program, env.At = packIn(lang), at(t, nairobi, "2026-11-18 07:00")
		env.Program.Hours[2].Closed = []string{"2026-11-24"}
		if got, err := eval(t, `opens(night)`, env); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", lang, got, err, want)
		}
	}
}

func TestATimezoneIsLoadedOnce(t *testing.T) {
	t.Parallel()
	env := world()
	env.Zone = nil
	if got, err := eval(t, `now()`, env); err != nil || got != "10:15" {
		if env.Zone == time.UTC {
			t.Skip("no timezones on this machine")
		}
		t.Errorf("got %v, %v; want 10:15", got, err)
	}
	env.Program, env.Zone = packIn("en"), nil
	env.Program.Timezone = "Nowhere/City"
	if got, err := eval(t, `now()`, env); err != nil || got != "07:15" {
		t.Errorf("an unknown timezone gives %v, %v; want UTC", got, err)
	}
}
