package rounds_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/simulator/rounds"
	"baraza/simulator/script"
)

var update = flag.Bool("update", false, "rewrite golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got)\n%s", name, diff)
	}
}

const asks = `flow contact: Contact
on message "contact"

step start
  ask call as phone: Which number may we call?
    when not understood 3 times -> end
  ask mail as email: Which address may we write to?
    when not understood 3 times -> end
  ask born as date: When were you born?
    when not understood 3 times -> end
  ask cost as number from 1 to 9000000: What does it cost?
    when not understood 3 times -> end
  ask note as text up to 40: What else?
    when not understood 3 times -> end
  say: We call {call}, write to {mail}, and note {format_date(born)}, {cost} and {note}.
  end
`

func madeUp(t *testing.T, more map[string]string) *dsl.Result {
	t.Helper()
	r := dsl.Open(diag.Example{Files: more}.FS(), diag.ExampleDir).Check()
	if r.Program() == nil {
		t.Fatal(r.Problems)
	}
	return r
}

// What a flow asks for is answered by what a tester writes, and something else of the same kind is kept.
func TestWhatWasMaskedStillAnswersTheQuestion(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	r := madeUp(t, map[string]string{"contact.flow": asks})
	talk := unrecorded(t, f, r.Program(), rounds.Persona{Language: r.Program().Languages[0]})
	for _, text := range []string{
		"contact", "0712 345 678", "mina.okafor@example.com", "23/11/1984", "1234567", "ask mina.okafor@example.com, 0712345678",
	} {
		turns, err := talk.Write(text)
		if err != nil {
			t.Fatal(err)
		}
		if turns[0].Missed {
			t.Errorf("%q was not understood: %q", text, turns[1].Text)
		}
	}
	s := whole(t, talk)
	var said []string
	for _, turn := range s.Turns {
		switch {
		case turn.Who == rounds.Person:
			said = append(said, turn.Text+" = "+turn.Given())
		case strings.HasPrefix(turn.Text, "We call"):
			said = append(said, turn.Text)
		}
	}
	want := []string{
		"contact = contact",
		"•••••• = 0700 000 000",
		"•••@••• = person@example.org",
		"•••••• = 2000-01-01",
		"•••••• = 1000000",
		"ask •••@•••, •••••• = ask •••@•••, ••••••",
		"We call +254700000000, write to person@example.org, and note 1 January 2000, 1,000,000 and ask •••@•••, ••••••.",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := rounds.TestBlock(&s, r, nil); err != nil {
		t.Error(err)
	}
}

const desk = `flow desk: Desk
on message "desk"

step start
  ask: What do you need?
    - [papers] Papers -> papers
    - [food] Food -> food
    when not understood 2 times -> end
  end

step papers
  say: Bring your papers on Monday.
  end

step food
  say: Food is given out on Friday.
  end
`

// tested is a round of six people at the desk, with their remarks.
func tested(t *testing.T, r *dsl.Result) (*rounds.File, *clock, rounds.Round) {
	t.Helper()
	f, c := opened(t)
	round, token := invited(t, f, func(r *rounds.Round) {
		r.Pack, r.Title, r.Uses = "example", "The desk, first round", 9
		r.Persona.Language = "en"
		r.Tasks = []rounds.Task{
			{ID: "papers", Text: map[string]string{"en": "Find out when to bring your papers."}, Reach: "desk.papers"},
			{ID: "say", Text: map[string]string{"en": "Tell us what you think."}},
		}
	})
	for i := range 6 {
		s, _, err := f.Begin(token, "", true, r.Program().Hash, monday)
		if err != nil {
			t.Fatal(err)
		}
		talk, err := f.Talk(s, r.Program())
		if err != nil {
			t.Fatal(err)
		}
		must := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(nil, f.BeginTask(s.ID, "papers"))
		must(talk.Write("desk"))
		if i%2 == 0 {
			must(talk.Write("my documents, call 0712345678"))
		}
		c.now = c.now.Add(time.Duration(20+10*i) * time.Second)
		switch i {
		case 5:
			must(f.EndTask(s.ID, rounds.GaveUp))
		case 4:
			must(talk.Tap("Food", ""))
			must(f.EndTask(s.ID, rounds.Done))
		default:
			must(talk.Tap("Papers", ""))
			must(f.EndTask(s.ID, rounds.Done))
			must(f.AddRemark(s.ID, rounds.Remark{Turn: talk.Session().Count - 1, Kind: []string{rounds.Unclear, rounds.Better, rounds.Wrong, rounds.Harmful}[i],
				Text: []string{"Which papers?", "=Bring the *card*, or write to mina.okafor@example.com", "", "They watch who comes on Monday"}[i]}))
		}
		if i < 2 {
			must(nil, f.BeginTask(s.ID, "say"))
			must(f.AddRemark(s.ID, rounds.Remark{Kind: rounds.Unclear, Text: "Too fast"}))
			must(f.EndTask(s.ID, rounds.Done))
		}
		must(nil, f.Rate(s.ID, 1+i%3))
		must(f.Finish(s.ID))
	}
	if _, _, err := f.Begin(token, "", false, "v", monday); err != nil {
		t.Fatal(err)
	}
	return f, c, round
}

func TestAReportTellsWhatARoundFound(t *testing.T) {
	t.Parallel()
	r := madeUp(t, map[string]string{"desk.flow": desk})
	f, _, round := tested(t, r)
	edited := madeUp(t, map[string]string{"desk.flow": strings.Replace(desk, "Bring your papers on", "Bring your card or a photo of it on", 1)})
	report, err := f.Report(round.ID, edited.Program())
	if err != nil {
		t.Fatal(err)
	}
	for i := range report.Coverage { // the rest of the default pack is nobody's
		var own []string
		for _, name := range report.Coverage[i].Unseen {
			if strings.HasPrefix(name, "desk.flow") {
				own = append(own, name)
			}
		}
		report.Coverage[i].Total -= len(report.Coverage[i].Unseen) - len(own)
		report.Coverage[i].Unseen = own
	}
	golden(t, "report.md", hashless(report.Markdown(), r, edited))
	golden(t, "report.csv", hashless(string(report.CSV()), r, edited))
	sessions, err := f.Sessions(round.ID)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Session(sessions[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "transcript.md", hashless(s.Markdown(), r, edited))
	text, err := s.JSON()
	var read rounds.Session
	if err != nil || json.Unmarshal(text, &read) != nil || len(read.Turns) != len(s.Turns) || bytes.Contains(text, []byte("Token")) {
		t.Errorf("the transcript as JSON (%v): %s", err, text)
	}
}

// hashless puts words in the place of the two versions, which change with the language's own compiler.
func hashless(s string, first, second *dsl.Result) []byte {
	return []byte(strings.NewReplacer(first.Program().Hash, "FIRST", second.Program().Hash, "SECOND").Replace(s))
}

func TestAShareIsToldOnlyWhereItSaysSomething(t *testing.T) {
	t.Parallel()
	for want, of := range map[string][2]int{
		"0 of 0": {0, 0}, "3 of 4": {3, 4}, "4 of 5 (80 %; likely between 38 and 96 %)": {4, 5}, "20 of 20 (100 %; likely between 84 and 100 %)": {20, 20},
	} {
		if got := rounds.Share(of[0], of[1]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAReplayShowsTheFirstDifferenceAndABlessedSessionIsATestOfThePack(t *testing.T) {
	t.Parallel()
	r := madeUp(t, map[string]string{"desk.flow": desk})
	f, _, round := tested(t, r)
	sessions, err := f.Sessions(round.ID)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Session(sessions[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := rounds.Replay(&s, r.Program()); d != nil || err != nil {
		t.Errorf("on the same version: %+v (%v)", d, err)
	}
	edited := map[string]string{"desk.flow": strings.Replace(desk, "Bring your papers on", "Bring your card on", 1)}
	e := madeUp(t, edited)
	d, err := rounds.Replay(&s, e.Program())
	if err != nil || d == nil {
		t.Fatal("no difference", err)
	}
	var b strings.Builder
	d.Write(&b)
	golden(t, "difference.txt", []byte(b.String()))
	if _, err := rounds.TestBlock(&s, e, nil); err == nil {
		t.Error("the session passes as it was")
	}
	block, err := f.Bless(s.ID, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := block.Save(dir); err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile(filepath.Join(dir, block.Name))
	if err != nil {
		t.Fatal(err)
	}
	edited[block.Name] = string(saved)
	e = madeUp(t, edited)
	found := false
	for _, test := range e.Pack.Tests {
		if test.File.Name != block.Name {
			continue
		}
		found = true
		if result := script.Run(e.Pack, e.Program(), nil, test, nil); !result.Passed {
			t.Errorf("%s: %+v", result.Problem, result.Rows)
		}
	}
	if !found {
		t.Error("the pack has no such test")
	}
	if s, err := f.Session(s.ID); err != nil || !s.Blessed {
		t.Errorf("it is not marked as blessed (%v)", err)
	}
}

// A file of rounds that was closed and opened goes on where the page left off.
func TestASessionGoesOnAfterTheServerWasStartedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := madeUp(t, map[string]string{"contact.flow": asks})
	f, err := rounds.Open(dir, rounds.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, token := invited(t, f, func(r *rounds.Round) { r.Persona.Language = "en" })
	s, secret := begun(t, f, token)
	talk, err := f.Talk(s, r.Program())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"contact", "0712345678"} {
		if _, err := talk.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = rounds.Open(dir, rounds.Options{}); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s, err = f.Resume(secret); err != nil {
		t.Fatal(err)
	}
	if talk, err = f.Talk(s, r.Program()); err != nil {
		t.Fatal(err)
	}
	turns, err := talk.Write("person@example.org")
	if err != nil || len(turns) != 2 || turns[0].N != 5 || turns[1].String != "contact.start.ask.3" {
		t.Errorf("it goes on with %+v (%v)", turns, err)
	}
	if all, err := f.Since(s.ID, 0); err != nil || len(all) != 6 {
		t.Errorf("kept are %+v (%v)", all, err)
	}
}

// Ten kilometres say where somebody is well enough, unless the flow tells offices apart that are nearer.
func TestAPlaceIsKeptAsCoarselyAsTheFlowAllows(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	r := madeUp(t, map[string]string{
		"tables/offices.csv": "id,name,lat,lon\nnorth,North,-1.20,36.82\nsouth,South,-1.24,36.82\n",
		"near.flow": `table offices from tables/offices.csv
  id: text
  name: text
  lat: number
  lon: number

flow near: Near
on message "near"

step start
  ask here as location: Where are you?
    when not understood 2 times -> end
  set office = nearest(offices, here)
  if office.id == "north"
    say: Go north.
  else
    say: Go south.
  end
`,
	})
	for _, place := range []struct {
		lat, want float64
		says      string
	}{{-1.2931, -1.3, "Go south."}, {-1.1871, -1.2, "Go north."}, {-1.2271, -1.23, "Go south."}} {
		talk := unrecorded(t, f, r.Program(), rounds.Persona{Language: "en"})
		if _, err := talk.Write("near"); err != nil {
			t.Fatal(err)
		}
		turns, err := talk.SendPlace(place.lat, 36.8219)
		if err != nil || len(turns) < 2 || turns[0].Place == nil {
			t.Fatal(turns, err)
		}
		if got, says := turns[0].Place.Lat, turns[1].Text; got != place.want || says != place.says {
			t.Errorf("%v was kept as %v, want %v, and the flow says %q, want %q", place.lat, got, place.want, says, place.says)
		}
	}
}
