package rounds_test

import (
	"strings"
	"testing"

	"baraza/dsl/diag"
	"baraza/simulator/rounds"
)

const known = `field town: text, kept 30 days
  why: To show the nearest office.
field persons: number, kept 30 days
  why: To count meals.
field alone: yes or no, kept 30 days
  why: To ask for company.
field arrived: date, kept 30 days
  why: To count days.
field wakes: time, kept 30 days
  why: To call later.
field call_at: phone, personal, kept 30 days
  why: To call.
field mail_at: email, personal, kept 30 days
  why: To write.
field speaks: language, kept 30 days
  why: To write so.
field need: food, shelter, kept 30 days
  why: To help.
field lies: location, kept 30 days
  why: To find.

consent calls, version 2
  covers call_at
  ask: May we call you?
  yes: Yes
  no: No
  seen by: Example Desk
  full text: https://example.org/privacy

flow kept: Kept
on message "known"

step start
  ask: What do you want to know?
    - [town] My town -> town
    - [need] My need -> need
    when not understood 3 times -> end
  end

step town
  if known(town)
    say: You live in {town}.
  else
    say: We do not know your town.
  -> start

step need
  need consent calls
    when refused -> end
  say: You need something else.
  -> start
`

func TestADesignerSetsWhatIsStoredWhileAConversationGoesOn(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	files := map[string]string{"known.flow": known}
	r := madeUp(t, files)
	_, token := invited(t, f, func(r *rounds.Round) { r.Persona.Language = "en" })
	s, _, err := f.Begin(token, "", true, r.Program().Hash, monday)
	if err != nil {
		t.Fatal(err)
	}
	talk, err := f.Talk(s, r.Program())
	if err != nil {
		t.Fatal(err)
	}
	must := func(turns []rounds.Turn, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, one := range turns {
			all = append(all, one.Text)
		}
		return strings.Join(all, "|")
	}
	must(talk.Write("known"))
	if got := must(talk.Tap("My town", "")); !strings.Contains(got, "We do not know your town.") {
		t.Errorf("before: %s", got)
	}
	for name, value := range map[string]string{"town": `Al "Hirak", a\b`, "persons": "-1.5", "alone": "no", "arrived": "2026-02-28", "wakes": "06:30",
		"call_at": "+254700000000", "mail_at": "person@example.org", "speaks": "en", "need": "food"} {
		if got, want := must(talk.SetField(name, value)), "["+name+" is now "+value+"]"; got != want {
			t.Errorf("the transcript says %q, want %q", got, want)
		}
	}
	if got := must(talk.Tap("My town", "")); !strings.Contains(got, `You live in Al "Hirak", a\b.`) {
		t.Errorf("after: %s", got)
	}
	must(talk.GiveConsent("calls"))
	if got := must(talk.Tap("My need", "")); !strings.Contains(got, "You need something else.") {
		t.Errorf("with the consent: %s", got)
	}

	t.Log("what no field takes")
	count := talk.Session().Count
	for _, c := range [][3]string{
		{"city", "x", `the pack has no field "city"; it has `}, {"persons", "many", `the field "persons" takes a number such as 12 or 1.5, not "many"`},
		{"persons", "NaN", "takes a number"}, {"persons", "0x10", "takes a number"}, {"alone", "maybe", "takes yes or no"}, {"arrived", "28/02/2026", "takes a date such as"},
		{"arrived", "2026-02-30", "takes a date"}, {"wakes", "25:00", "takes a time"}, {"call_at", "0700", "takes a made-up phone number"}, {"mail_at", "person", "takes an address"},
		{"speaks", "xx", "takes en"}, {"need", "money", `takes food or shelter, not "money"`}, {"lies", "1, 2", "takes only what the conversation itself puts there"},
		{"town", "a\nb", "is one line of at most"}, {"town", strings.Repeat("a", 5000), "is one line of at most"},
	} {
		if _, err := talk.SetField(c[0], c[1]); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s = %.20q: got %v, want %q", c[0], c[1], err, c[2])
		}
	}
	if _, err := talk.GiveConsent("letters"); err == nil || !strings.Contains(err.Error(), `the pack has no consent "letters"; it has calls`) {
		t.Errorf("got %v", err)
	}
	if got := talk.Session().Count; got != count {
		t.Errorf("%d turns of what was refused", got-count)
	}

	t.Log("it is played again, also after the server was started anew, and is a test")
	again, err := f.Talk(s, r.Program())
	if err != nil {
		t.Fatal(err)
	}
	if got := must(again.Tap("My town", "")); !strings.Contains(got, "You live in Al") {
		t.Errorf("played again: %s", got)
	}
	kept, err := f.Session(s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := rounds.Replay(&kept, r.Program()); d != nil || err != nil {
		t.Errorf("it is played otherwise: %+v, %v", d, err)
	}
	block, err := rounds.TestBlock(&kept, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(block.Text, "\n  given persons = -1.5\n") || !strings.Contains(block.Text, "\n  given consent calls\n") {
		t.Errorf("the test:\n%s", block.Text)
	}
	files[block.Name] = block.Text
	if checked := madeUp(t, files); checked.Problems.Any(diag.Error) {
		t.Errorf("baraza check says %v of\n%s", checked.Problems, block.Text)
	}
	if text := kept.Markdown(); !strings.Contains(text, "_\\[persons is now -1.5\\]_") {
		t.Errorf("the transcript:\n%s", text)
	}

	t.Log("a draft without the field says where it stops")
	other := madeUp(t, map[string]string{"known.flow": strings.Replace(known, "field persons: number", "field people: number", 1)})
	d, err := rounds.Replay(&kept, other.Program())
	if err != nil || d == nil || d.Act.Name != "persons" || len(d.Now) != 1 || !strings.Contains(d.Now[0].Text, `the pack has no field "persons"`) {
		t.Errorf("without the field: %+v, %v", d, err)
	}
	if _, err := f.Report(s.Round, other.Program()); err != nil {
		t.Errorf("no report: %v", err)
	}

	t.Log("what was taken away is no test")
	must(again.SetField("town", ""))
	if kept, err = f.Session(s.ID); err != nil {
		t.Fatal(err)
	}
	block, err = rounds.TestBlock(&kept, r, nil)
	if err != nil || len(block.Left) != 1 || !strings.Contains(block.Left[0], "took away what was known as town") {
		t.Errorf("left out: %+v, %v", block, err)
	}
}
