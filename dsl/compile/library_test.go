package compile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/engine"
)

// The library says "people" and "desk"; the pack has put its own team and hours in their place.
func TestALibraryRunsWithTheNamesThatThePackGivesIt(t *testing.T) {
	t.Parallel()
	p := compiled(t, map[string]string{
		"../shared/pack.flow": "pack shared: Shared\nteam people: People of the library\nhours desk\n  sun 10:00-11:00\nfield remark: text, kept 1 year\n  why: To answer.\n",
		"../shared/help.flow": `flow help: Help

step start
  if is_open(people) or is_open(desk)
    say: People are here. We say "desk" and "people".
  else
    say: People are away until {opens(people)}.
  set remark = "desk"
  hand over to people: A person asks
    share remark
    when silent for 1 hour -> end
`,
		"case.flow": `use ../shared as safety
safety.team people is staff
safety.hours desk is office
safety.field remark is note

field note: text, kept 1 year
  why: To answer.

flow top: Top

on message test

step one
  -> safety.help
`})
	monday := time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("Nairobi", 3*3600))
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{monday, `People are here. We say "desk" and "people".`},
		{monday.Add(9 * time.Hour), "People are away until tomorrow at 08:30."},
	} {
		_, effects := engine.Step(p, engine.New(), engine.Event{Kind: engine.Message, Text: "test", At: c.at, Channel: "whatsapp"})
		var said, team string
		var shared []engine.Value
		for _, e := range effects {
			switch {
			case e.Kind == engine.Send && said == "":
				said = e.Send.Text
			case e.Kind == engine.OpenCase:
				team, shared = e.Name, e.Args
			}
		}
		if said != c.want || team != "staff" {
			t.Errorf("at %s it says %q and hands over to %q, want %q and staff", c.at.Format("15:04"), said, team, c.want)
		}
		if diff := cmp.Diff([]engine.Value{{Name: "note", Value: "desk"}}, shared); diff != "" {
			t.Errorf("shared (-want +got)\n%s", diff)
		}
	}
}
