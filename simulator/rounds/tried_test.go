package rounds_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"baraza/dsl"
	"baraza/simulator/rounds"
)

const twoLanguages = `pack sample: Sample pack
  country KE
  timezone Africa/Nairobi
  languages en, sw
  channels whatsapp
  start welcome
  fallback person_word
  silent for 24 hours -> end
`

const harm = `flow harm: Danger
on message harm

step first
  public
  say: You are not alone.

step danger
  public
  sensitive
  review by 2999-01-01
  ask: Are you safe now?
    - [safe] Yes -> later
    - [unsafe] No
      say: Leave the house.
    when silent for 1 hour: Are you there?
  if is_open(staff)
    say: Somebody is at the desk.
  -> later

step later
  say: Write at any time.
  end
`

const harmSwahili = `msgctxt "harm.danger.ask"
msgid "Are you safe now?"
msgstr "Uko salama sasa?"
`

func harmPack(t *testing.T, flow, swahili string) *dsl.Result {
	t.Helper()
	return madeUp(t, map[string]string{"pack.flow": twoLanguages, "harm.flow": flow, "locale/sw.po": swahili})
}

// tries lets somebody write the words to a pack, in a round of its own.
func tries(t *testing.T, f *rounds.File, r *dsl.Result, words ...string) (rounds.Session, *rounds.Talk) {
	t.Helper()
	_, token := invited(t, f, func(r *rounds.Round) { r.Pack = "sample" })
	s, _, err := f.Begin(token, "", true, r.Program().Hash, monday)
	if err != nil {
		t.Fatal(err)
	}
	talk, err := f.Talk(s, r.Program())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range words {
		if _, err := talk.Write(w); err != nil {
			t.Fatal(err)
		}
	}
	return s, talk
}

func evidence(t *testing.T, f *rounds.File, r *dsl.Result) rounds.Evidence {
	t.Helper()
	e, err := f.Evidence(t.Context(), r.Program(), "other", "sample")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestASensitiveStepIsTriedAgainWhenSomethingChangedThatPeopleMeetThere(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	tries(t, f, harmPack(t, harm, harmSwahili), "harm", "Yes")
	for _, c := range []struct {
		what, old, now string
		again          bool
	}{
		{"nothing", "", "", false},
		{"the day of its review", "review by 2999-01-01", "review by 2998-01-01", false},
		{"where its facts come from", "  sensitive\n", "  sensitive\n  source https://example.org/safety\n", false},
		{"another step's words", "You are not alone.", "We listen.", false},
		{"a step more before it", "step danger", "step between\n  public\n  say: Listen.\n\nstep danger", false},
		{"a line more behind it", "say: Write at any time.", "say: Write at any time.\n  say: We answer.", false},
		{"its words", "Are you safe now?", "Are you safe?", true},
		{"its words in another language", "Uko salama sasa?", "Uko salama?", true},
		{"an answer's words", "[safe] Yes", "[safe] Yes, I am", true},
		{"an answer's name", "[unsafe] No", "[not_safe] No", true},
		{"where an answer leads", "Yes -> later", "Yes -> end", true},
		{"where it leads", "desk.\n  -> later", "desk.\n  -> first", true},
		{"what is said after an answer", "Leave the house.", "Stay inside.", true},
		{"when it asks again", "1 hour", "2 hours", true},
		{"a condition", "if is_open(staff)", "if not is_open(staff)", true},
		{"its marks", "  public\n  sensitive\n", "  sensitive\n", true},
	} {
		flow, swahili := strings.Replace(harm, c.old, c.now, 1), strings.Replace(harmSwahili, c.old, c.now, 1)
		e := evidence(t, f, harmPack(t, flow, swahili))
		if want := map[bool]int{true: 1}[c.again]; len(e.Untried) != want || e.Sensitive != 1 || e.Sessions != 1 {
			t.Errorf("%s changed: %+v, want %d to try again", c.what, e, want)
		}
	}
}

func TestOnlyWhoComesToTheStepHasTriedIt(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	r := harmPack(t, harm, harmSwahili)
	if e := evidence(t, f, r); e.Sessions != 0 || !slices.Equal(e.Untried, []string{"harm.danger"}) {
		t.Errorf("before anybody tried it: %+v", e)
	}
	tries(t, f, r, "hello")
	if e := evidence(t, f, r); e.Sessions != 1 || !slices.Equal(e.Untried, []string{"harm.danger"}) {
		t.Errorf("after somebody tried something else: %+v", e)
	}
	s, _ := tries(t, f, r, "harm")
	if e := evidence(t, f, r); e.Sessions != 2 || len(e.Untried) > 0 || !e.Last.Equal(monday) {
		t.Errorf("after somebody tried it: %+v", e)
	}
	if err := f.Delete(s.ID); err != nil {
		t.Fatal(err)
	}
	if e := evidence(t, f, r); len(e.Untried) != 1 {
		t.Errorf("the tester had the session deleted, and it counts: %+v", e)
	}
	if e, err := f.Evidence(t.Context(), r.Program(), "other"); err != nil || e.Sessions != 0 {
		t.Errorf("of another pack: %+v %v", e, err)
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	if _, err := f.Evidence(over, r.Program(), "sample"); !errors.Is(err, context.Canceled) {
		t.Errorf("who asks does not wait any more: %v", err)
	}
}

func TestARemarkThatAMessageHurtsIsOpenUntilItReadsOtherwiseOrSomebodySettlesIt(t *testing.T) {
	t.Parallel()
	f, _ := opened(t)
	r := harmPack(t, harm, harmSwahili)
	s, talk := tries(t, f, r, "harm")
	says := func(turn int, kind string) rounds.Remark {
		made, err := f.AddRemark(s.ID, rounds.Remark{Turn: turn, Kind: kind, Text: "He reads my phone"})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	says(talk.Session().Count, rounds.Unclear)
	about, whole := says(talk.Session().Count, rounds.Harmful), says(0, rounds.Harmful)
	open := func(r *dsl.Result) (ids []string) {
		for _, h := range evidence(t, f, r).Harmful {
			ids = append(ids, h.ID)
		}
		return ids
	}
	if got := open(r); !slices.Equal(got, []string{about.ID, whole.ID}) {
		t.Errorf("open are %v", got)
	}
	other := harmPack(t, strings.Replace(harm, "Are you safe now?", "Can you talk now?", 1), harmSwahili)
	if got := open(other); !slices.Equal(got, []string{whole.ID}) {
		t.Errorf("with other words open are %v, want the remark about the whole", got)
	}

	for _, settle := range [][3]string{{whole.ID, "", "why"}, {whole.ID, "ben", " "}, {"0011", "ben", "why"}} {
		if _, err := f.Settle(s.ID, settle[0], settle[1], settle[2]); err == nil {
			t.Errorf("settled with %q", settle)
		}
	}
	if _, err := f.Settle(s.ID, whole.ID, "ben", "The unit rang +254 712 345 678"); err != nil {
		t.Fatal(err)
	}
	if got := open(other); len(got) > 0 {
		t.Errorf("settled, and open are %v", got)
	}
	report, err := f.Report(s.Round, r.Program())
	if err != nil {
		t.Fatal(err)
	}
	if got := report.Markdown(); !strings.Contains(got, "  - settled by ben on 2026-11-23: The unit rang ") {
		t.Errorf("the report does not say that it was settled:\n%s", got)
	}
	kept, err := f.Session(s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := kept.Remarks[2].Settled; got == nil || got.By != "ben" || strings.Contains(got.Why, "712") || len(kept.Remarks) != 3 {
		t.Errorf("what is kept of it: %+v", got)
	}
}
