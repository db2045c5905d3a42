package simulator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
)

var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("Nairobi", 3*3600))

func compiled(t *testing.T, flow string) *program.Program {
	t.Helper()
	p, problems := dsl.Compile(diag.Example{Files: map[string]string{"flows.flow": flow}}.FS(), diag.ExampleDir)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

// transcript is everything since a line, one entry a line.
func transcript(c *simulator.Conversation, since int) []string {
	var out []string
	for _, l := range c.Lines[since:] {
		if said := l.Said(c.Program); said != "" {
			out = append(out, said)
		}
	}
	return out
}

const clock = `flow welcome: Welcome

step hello
  remind in 1 hour -> later
  ask: First?
    - [a] A
    when silent for 30 minutes
      say: Are you there?
    when not understood 2 times -> person_word
  -> second

step second
  ask: Second?
    - [b] B
    when not understood 2 times -> person_word
  end

step later
  say: You asked to be reminded.
`

// What is due first happens first, at its own time, also when the clock is moved past all of it at once.
func TestTimeLetsEverythingFallDueInOrder(t *testing.T) {
	t.Parallel()
	c := simulator.Start(compiled(t, clock), monday)
	c.Write("hello")
	since := len(c.Lines)
	c.Advance(26 * time.Hour)
	var got []string
	for _, l := range c.Lines[since:] {
		if said := l.Said(c.Program); said != "" {
			got = append(got, l.At.Sub(monday).String()+" "+said)
		}
	}
	if len(got) < 3 || !strings.HasSuffix(got[0], "[26 hours later]") || got[1] != "30m0s Are you there?" {
		t.Errorf("got %q", got)
	}
	for i, l := range c.Lines[since+1:] {
		if before := c.Lines[since+i]; before.Who != simulator.Clock && l.At.Before(before.At) {
			t.Errorf("line %d goes back in time", i)
		}
	}
	if c.Now != monday.Add(26*time.Hour) {
		t.Errorf("the clock stands at %v", c.Now)
	}
}

// An option of an older message is found too, the newest first.
func TestAnOptionOfAnOlderMessageCanBeTapped(t *testing.T) {
	t.Parallel()
	c := simulator.Start(compiled(t, clock), monday)
	if c.Tap("A") {
		t.Error("tapped what nobody offered")
	}
	c.Write("hello")
	for range 2 { // the second time it is of an older message
		if !c.Tap("A") {
			t.Error("an option that was sent cannot be tapped")
		}
	}
	if got := transcript(c, 0); !slices.Contains(got, "(A)") || !slices.Contains(got, "Second?\n  1. B") {
		t.Errorf("got %q", got)
	}
}

func TestStaffCanActOnlyInACase(t *testing.T) {
	t.Parallel()
	c := simulator.Start(compiled(t, "flow welcome: Welcome\n\nstep hello\n  hand over to staff: Help\n    when silent for 1 day -> end\n  say: Back again.\n"), monday)
	if c.StaffReply("Hello") || c.StaffDone() {
		t.Error("staff acted without a case")
	}
	c.Write("hello")
	since := len(c.Lines)
	if !c.StaffReply("Hello *you*") || !c.StaffDone() || c.StaffDone() {
		t.Error("a case is not open, or is open twice")
	}
	want := []string{"Hello *you*", "[the team closes the case]", "Back again.", "[the conversation ended]"}
	got := transcript(c, since)
	if diff := cmp.Diff(want, slices.DeleteFunc(got, func(s string) bool { return s == "" })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Every effect has words: in the transcript where a designer should see it, in a trace always.
func TestEveryEffectHasWords(t *testing.T) {
	t.Parallel()
	p := &program.Program{Timezone: "UTC", Teams: []program.Team{{Name: "staff", Title: "Help desk"}}}
	due := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	row := &program.Row{Columns: []string{"a", "b"}, Cells: []any{"x", 2.5}}
	for kind, c := range map[engine.EffectKind]struct {
		effect engine.Effect
		said   string
		traced string // where it differs
	}{
		engine.Send:          {engine.Effect{Send: &engine.Outgoing{Text: "Hi"}}, "", ""},
		engine.Pause:         {engine.Effect{Seconds: 3}, "[typing for 3 seconds]", ""},
		engine.SetTimer:      {engine.Effect{Timer: 7, Due: due}, "", "set timer 7 for 2026-11-23T10:00:00Z"},
		engine.CancelTimer:   {engine.Effect{Timer: 7}, "", "cancel timer 7"},
		engine.Fetch:         {engine.Effect{Name: "cases", Args: []engine.Value{{Name: "n", Value: 1.0}}}, "[asked cases: n = 1]", ""},
		engine.OpenCase:      {engine.Effect{Name: "staff", Flag: true, Text: "Help", More: "Please", Args: []engine.Value{{Name: "x", Value: row}}}, "[handed to Help desk, urgent: Help]\n[Please]\n[shared: x = {a \"x\", b 2.5}]", "handed to Help desk, urgent: Help; Please; shared: x = {a \"x\", b 2.5}"},
		engine.CaseMessage:   {engine.Effect{Media: engine.Media{Kind: "image"}}, "[passed on to the team: image]", ""},
		engine.CloseCase:     {engine.Effect{}, "[the case is closed]", ""},
		engine.SaveRecord:    {engine.Effect{Name: "rumour", Ref: "R-1", Args: []engine.Value{{Name: "sure", Value: true}, {Name: "seen", Value: nil}, {Name: "who", Value: []any{"a", "b"}}}}, "[saved rumour R-1: sure = yes, seen = unset, who = [\"a\", \"b\"]]", ""},
		engine.SetField:      {engine.Effect{Name: "place", Value: program.Location{Lat: 1.5, Lon: -2}}, "", "set field place = 1.5, -2"},
		engine.RecordConsent: {engine.Effect{Name: "notice", Version: 2}, "[consent notice, version 2: refused]", ""},
		engine.Alert:         {engine.Effect{Name: "nobody", Text: "*Look*"}, "[alert to nobody: Look]", ""},
		engine.OptOut:        {engine.Effect{}, "[opted out]", ""},
		engine.OptIn:         {engine.Effect{}, "[opted in]", ""},
		engine.Erase:         {engine.Effect{}, "[everything about this person is erased]", ""},
		engine.Export:        {engine.Effect{}, "[a copy of what is held is prepared]", ""},
		engine.Unsend:        {engine.Effect{Flag: true}, "", "what waits to be sent is dropped"},
		engine.Ended:         {engine.Effect{}, "[the conversation ended]", ""},
		engine.Report:        {engine.Effect{Code: "old-tap"}, "[reported: old-tap]", ""},
	} {
		c.effect.Kind = kind
		if got := (simulator.Line{Effect: &c.effect}).Said(p); got != c.said {
			t.Errorf("effect %d says %q, want %q", kind, got, c.said)
		}
		want := c.traced
		if want == "" {
			want = strings.TrimSuffix(strings.TrimPrefix(c.said, "["), "]")
		}
		if got := simulator.TraceText(p, &c.effect); got != want {
			t.Errorf("a trace of effect %d says %q, want %q", kind, got, want)
		}
	}
	for kind := engine.Send; kind <= engine.Report; kind++ {
		if got := simulator.TraceText(p, &engine.Effect{Kind: kind, Name: "x"}); got == "" && kind != engine.Send {
			t.Errorf("effect %d has no words", kind)
		}
	}
}

func TestAMessageInPlainWords(t *testing.T) {
	t.Parallel()
	got := simulator.SentText(&engine.Outgoing{
		Header: "*Desk*", Text: "Where \\*are\\* you?", Footer: "_Free_",
		Media: engine.Media{Kind: "image", ID: "media/a.png"}, Place: &engine.LatLon{Lat: -1.5, Lon: 36},
		Contact: "+254700", Link: "https://example.org/a_b", LinkLabel: "*Read* it", Template: "reminder", Args: []engine.Value{{Name: "name", Value: "Ana"}},
		Options: []engine.Choice{{Number: 1, Label: "*Here*", About: "the tent"}, {Number: 0, Label: "More…"}, {Number: -1, Label: "Yes"}},
	})
	want := `[image media/a.png]
[location -1.5, 36]
[contact +254700]
[template reminder: name = "Ana"]
Desk
Where *are* you?
Read it:
https://example.org/a_b
Free
  1. Here (the tent)
  0. More…
  -  Yes`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnAnswerOfAServiceIsAnObjectOfModestLength(t *testing.T) {
	t.Parallel()
	if got, err := simulator.ReadAnswer(strings.NewReader(`{"status": "open"}`)); err != nil || got["status"] != "open" {
		t.Errorf("got %v, %v", got, err)
	}
	const no = `is no JSON object, such as {"status": "open"}`
	for text, want := range map[string]string{
		"":       no + "; it cannot be read from byte 0 on",
		"null":   no,
		"[1]":    no + "; it holds a list",
		"true":   no + "; it holds a yes or no",
		`{"a":b`: no + "; it cannot be read from byte 6 on",
		`{"a": "` + strings.Repeat("x", 4096) + `"}`: "is longer than an answer may be (4096 bytes)",
	} {
		if _, err := simulator.ReadAnswer(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%.20q: got %v, want %s", text, err, want)
		}
	}
}

func TestTimeIsSaidAsPeopleSayIt(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		time.Minute: "1 minute", 90 * time.Minute: "90 minutes", 2 * time.Hour: "2 hours", 25 * time.Hour: "25 hours",
		24 * time.Hour: "1 day", 72 * time.Hour: "3 days", 30 * time.Second: "30s",
	} {
		if got := simulator.Ago(d); got != want {
			t.Errorf("%d is %q, want %q", d, got, want)
		}
	}
}

// What is tried on a copy of a conversation, a tap and a timer that falls due with it, leaves the conversation alone.
func TestAnythingCanBeTriedOnACopyOfAConversation(t *testing.T) {
	t.Parallel()
	c := simulator.Start(compiled(t, clock), monday)
	c.Write("hello")
	lines, now := transcript(c, 0), c.Now
	other := c.Clone()
	if !other.Tap("A") {
		t.Fatal("the copy does not know what was offered")
	}
	other.Advance(2 * time.Hour)
	if diff := cmp.Diff(lines, transcript(c, 0)); diff != "" || !c.Now.Equal(now) {
		t.Errorf("the conversation itself went on to %s (-want +got)\n%s", c.Now, diff)
	}
	c.Advance(30 * time.Minute)
	if got := transcript(c, len(lines)); !slices.Contains(got, "Are you there?") {
		t.Errorf("its timers are gone: %q", got)
	}
}
