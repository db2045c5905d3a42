package compile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl/pack"
	"baraza/engine/program"
)

func TestWhereAFieldFlowsIsWrittenDown(t *testing.T) {
	t.Parallel()
	p := compiled(t, map[string]string{"case.flow": `
field number: phone, personal, kept 30 days
  why: To call you.
field city: text, kept 1 year
  why: To show the offices near you.
field unused: text, kept 1 year
  why: For nothing yet.

consent calls, version 1
  covers number
  ask: May we call?
  yes: Yes
  no: No
  seen by: Us
  full text: https://example.org

record call, kept 30 days
  why: To call back.
  read by staff
  who: phone

service cases
  get https://example.org/{number}
  send
    number: text
  returns
    status: text

template reminder, utility
  body: Hello from {place}
  sample place: Kakuma

flow top: Where values go

on message test

step one
  need consent calls
  ask number as phone: Which number?
  ask city as text up to 30: Which city?
  set place = city
  set copy = number
  save call as kept
    who = copy
  say: You live in {place}.
  call tell with word = place as told
  fetch answer from cases with number = copy
    when failed: We cannot see it.
  say template reminder with place
  hand over to staff: A person of {told} asks
    share number
    when silent for 1 hour -> end
    when waiting: We call {copy}.

flow tell: Says it back
takes word: text

step one
  set place = "here"
  say: {place}
  return word
`})
	got := map[string][]string{}
	for _, f := range p.Fields {
		got[f.Name] = f.FlowsTo
	}
	want := map[string][]string{
		"number": {"record call", "service cases", "team staff", "text top.one"},
		"city":   {"team staff", "template reminder", "text top.one"},
		"unused": nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, f := range p.Fields {
		if want := map[string]string{"number": "calls"}[f.Name]; strings.Join(f.Purposes, " ") != want {
			t.Errorf("%s is covered by %v, want %q", f.Name, f.Purposes, want)
		}
	}
	if diff := cmp.Diff([]string{"team staff"}, p.Records[0].FlowsTo); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Every name that may stand below texts reaches the program, each in a place of its own.
func TestEveryTextOfTheEngineCanBeWorded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("texts\n")
	for _, name := range pack.TextNames {
		b.WriteString("  " + name + ": Words of " + name + "\n")
	}
	b.WriteString("\nflow top: Top\n\non message test\n\nstep one\n  say: Hello.\n")
	p := compiled(t, map[string]string{"case.flow": b.String()})
	x := p.Texts
	got := map[int]bool{}
	for _, i := range []int{x.More, x.NotUnderstood, x.MovedOn, x.DidYouMean, x.OldButton, x.Continue, x.Menu, x.Done,
		x.Restart, x.WhyNone, x.TooLong, x.Unsupported} {
		got[i] = true
	}
	if got[program.None] || len(got) != len(pack.TextNames) {
		t.Errorf("%d texts of %d reach the program: %+v", len(got), len(pack.TextNames), x)
	}
}

// A label that is too long for a button on one channel makes the options a list there, and only there.
func TestALabelTooLongForAButtonIsKnownPerChannel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		label string
		want  []bool
	}{
		{"A label of 20 signs!", []bool{false, false}},
		{"A label of 21 signs!!", []bool{true, false}},
		{`\*\*\*\*\*\* \*\*\*\*\*\*`, []bool{false, false}},
	} {
		p := compiled(t, map[string]string{
			"pack.flow": "pack sample: Sample pack\n  country KE\n  timezone Africa/Nairobi\n  languages en\n  channels whatsapp, sms\n  start welcome\n  fallback person_word\n  silent for 24 hours -> end\n",
			"case.flow": "flow top: Top\n\non message test\n\nstep one\n  ask: Which?\n    - [a] " + c.label + "\n    - [b] B\n",
		})
		for _, s := range p.States {
			if s.Ask == nil {
				continue
			}
			if diff := cmp.Diff(c.want, s.Ask.Wide); diff != "" {
				t.Errorf("%s (-want +got)\n%s", c.label, diff)
			}
		}
	}
}
