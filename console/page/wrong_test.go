package page_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"baraza/console/page"
)

// A box takes 1,000 characters and a record 1,000 bytes, which are fewer characters in most scripts.
func TestAReasonThatIsTooLongStaysInItsOwnBoxAndThatIsSaidBesideIt(t *testing.T) {
	t.Parallel()
	long := strings.TrimSpace(strings.Repeat("سبب ", 200))
	kept := long + "</textarea>"
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	next := r.build("help", wording{say: "I read {word}.", gate: "not an example"})
	ana, ben := r.enters("ana"), r.enters("ben")
	ana.post(ana.sends("/console/ke/help/plan", next).path+"/keep").says(t, http.StatusOK)
	path := "/console/ke/help/release/" + next.hash
	for _, who := range []*person{ana, ben} {
		who.post(path+"/override", "gate", "not an example", "why", long).says(t, http.StatusUnprocessableEntity,
			`href="#why-not-an-example"`, `for="why-not-an-example"`, `id="why-not-an-example-wrong"`, `aria-describedby="override-hint why-not-an-example-wrong"`, kept)
	}
	ben.post(path+"/approve", "why", long).says(t, http.StatusUnprocessableEntity, `href="#why-approve"`, `for="why-approve"`, `id="why-approve-wrong"`, kept)

	ana.post("/console/ke/emergency-stop", "notice-en", "We pause.", "instead", "yes", "why", "a drill", "word", "ke").says(t, http.StatusOK, "is stopped")
	ended := ana.post("/console/ke/emergency-stop/end", "replies", "send", "why", long)
	ended.says(t, http.StatusUnprocessableEntity, `href="#why-end"`, `id="why-end-wrong"`, kept, `value="send" checked`)
	hasNot(t, ended.body, `href="#why"`, `value="drop" checked`)
}

// What is being answered may be what has to stop, and where it cannot all be answered that goes on for hours.
func TestACountryCanBeStoppedAgainWhileWhatWasHeldIsBeingAnswered(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	ana := r.enters("ana")
	const stop = "/console/ke/emergency-stop"
	ana.post(stop, "notice-en", "We pause.", "instead", "yes", "why", "a drill", "word", "ke").says(t, http.StatusOK, "is stopped")
	if _, err := r.server.Desk().Freezes.Unfreeze("ke", "ben", true, time.Now()); err != nil { // and nobody is told to go on with it
		t.Fatal(err)
	}
	ana.get(stop).says(t, http.StatusOK, "is being answered", "Stop automated replies")
	ana.post(stop, "notice-en", "We pause again.", "instead", "yes", "why", "it goes on", "word", "kenya").says(t, http.StatusUnprocessableEntity,
		`id="word-wrong"`, "We pause again.</textarea>", "it goes on</textarea>")
	ana.post(stop, "notice-en", "We pause again.", "instead", "yes", "why", "it goes on", "word", "ke").says(t, http.StatusOK, "is stopped", "We pause again.")
}

// Who hears a page, or sees a small part of it, begins with what is wrong, also where scripts are blocked.
func TestAPageBeginsWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	ana := r.enters("ana")
	for title, is := range map[string]answer{
		"Problem: Emergency stop of ke": ana.post("/console/ke/emergency-stop", "word", "ug"),
		"This could not be done":        ana.get("/console/ke/help/promote"),
	} {
		if strings.Count(is.body, " autofocus") != 1 {
			t.Errorf("%s begins elsewhere:\n%s", is.path, is.body)
		}
		has(t, is.body, `role="alert" tabindex="-1" autofocus`, "<title>"+title)
	}
	hasNot(t, ana.get("/console/ke/emergency-stop").body, "autofocus", "<title>Problem")
}

// Tests that do not pass were not compared: what they say may well differ.
func TestAPlanSaysNothingOfHowTestsDifferThatDoNotPass(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.serves("ke", r.build("help", wording{}))
	r.behaviour = func(context.Context, io.ReadSeeker, string) (page.Outcome, error) {
		return page.Outcome{Passed: 1, Failed: []string{"Somebody says a word"}}, nil
	}
	plan := r.enters("ana").sends("/console/ke/help/plan", r.build("help", wording{say: "I read {word}."}))
	plan.says(t, http.StatusOK, "Somebody says a word", "In none of those that passed does the release that serves say anything else.")
}
