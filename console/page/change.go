package page

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"baraza/server/desk"
)

// whyLong is how many bytes of a reason a record keeps.
const whyLong = 1000

// why reads why something is done.
func (f *form) why() string { return f.reason("why") }

// reason reads why something is done from a box of its own, on a page that has several of them.
func (f *form) reason(box string) string {
	switch why := f.Values[box]; {
	case why == "":
		f.wrong(box, say("why-needed"))
	case len(why) > whyLong:
		f.wrong(box, say("why-long"))
	}
	return f.Values[box]
}

// percent reads a number from 0 to most.
func (f *form) percent(most int) int {
	n, err := strconv.Atoi(f.Values["percent"])
	if err != nil || n < 0 || n > most {
		key := "percent-wrong"
		if most < 100 {
			key = "percent-part"
		}
		f.wrong("percent", say(key))
	}
	return n
}

// asked reads the form of a question.
func asked(v *visit) (change desk.Change, f form) {
	f.Values = map[string]string{}
	for _, name := range []string{"planned", "release", "percent", "why"} {
		f.Values[name] = strings.TrimSpace(v.r.PostFormValue(name))
	}
	return desk.Change{Country: v.Country, Pack: v.Pack, Planned: f.Values["planned"], Release: f.Values["release"], Why: f.why()}, f
}

// promote asks whether all should get what is tried.
func (p *pages) promote(v *visit) error { return p.promoteForm(v, http.StatusOK, form{}) }

func (p *pages) promoteForm(v *visit, status int, f form) error {
	is, _, err := p.serves(v.ctx(), v.Country, v.Pack)
	if err != nil {
		return err
	}
	c := is.State.Candidate
	if c == nil {
		return &desk.Problem{Status: http.StatusConflict, Text: say("nothing-tried")}
	}
	q := question{Action: v.At("/promote"), Do: say("do-promote"), Back: v.At(""), Form: f, Hidden: map[string]string{"planned": c.Release},
		Says: []string{say("will-promote", short(c.Release), c.Percent, v.Country, count(is.Conversations[is.State.Serves()], "conversations-are"))}}
	return p.show(v, status, say("title-promote", short(c.Release)), "question", q)
}

func (p *pages) promoted(v *visit) error {
	change, f := asked(v)
	if f.Wrong != nil {
		return p.promoteForm(v, http.StatusUnprocessableEntity, f)
	}
	if _, err := v.desk.Promote(v.ctx(), change); err != nil {
		return err
	}
	return v.goTo(v.At("?done=promoted"))
}

// percent asks how many should get what is tried.
func (p *pages) percent(v *visit) error { return p.percentForm(v, http.StatusOK, form{}) }

func (p *pages) percentForm(v *visit, status int, f form) error {
	is, _, err := p.serves(v.ctx(), v.Country, v.Pack)
	if err != nil {
		return err
	}
	c := is.State.Candidate
	if c == nil {
		return &desk.Problem{Status: http.StatusConflict, Text: say("nothing-tried")}
	}
	if f.Values == nil {
		f.Values = map[string]string{"percent": strconv.Itoa(c.Percent)}
	}
	q := question{Action: v.At("/percent"), Do: say("do-percent"), Back: v.At(""), Form: f, Percent: true,
		Hidden: map[string]string{"planned": is.State.Serves(), "release": c.Release},
		Says:   []string{say("will-percent", short(c.Release), c.Percent, count(is.Conversations[c.Release], "conversations-are"))}}
	return p.show(v, status, say("title-percent", short(c.Release)), "question", q)
}

func (p *pages) percentChanged(v *visit) error {
	change, f := asked(v)
	change.Percent = f.percent(99)
	if f.Wrong != nil {
		return p.percentForm(v, http.StatusUnprocessableEntity, f)
	}
	c := p.state(v.Country, v.Pack).Candidate
	if c == nil || c.Release != change.Release { // it was promoted or taken back meanwhile: the number was meant for another
		return &desk.Problem{Status: http.StatusConflict, Text: say("tried-no-more", short(change.Release))}
	}
	change.Testers = c.Testers
	if _, err := v.desk.Activate(v.ctx(), change); err != nil {
		return err
	}
	return v.goTo(v.At("?done=percent"))
}

// rollback asks whether to go back.
func (p *pages) rollback(v *visit) error {
	return p.rollbackForm(v, http.StatusOK, v.r.URL.Query().Get("to"), form{})
}

func (p *pages) rollbackForm(v *visit, status int, to string, f form) error {
	is, _, err := p.serves(v.ctx(), v.Country, v.Pack)
	if err != nil {
		return err
	}
	now := is.State.Serves()
	q := question{Action: v.At("/rollback"), Do: say("do-rollback"), Back: v.At(""), Form: f, Bad: true, Hidden: map[string]string{"planned": now}}
	if c := is.State.Candidate; c != nil && to == "" {
		q.Says = []string{say("will-take-back", short(c.Release), short(now), count(is.Conversations[c.Release], "conversations-are"))}
		q.Do, q.Hidden["planned"] = say("do-take-back"), c.Release // once somebody else took it back, there is nothing to take back
		return p.show(v, status, say("title-take-back", short(c.Release)), "question", q)
	}
	if before, ok := is.State.Before(); ok && to == "" {
		to = before.Release
	}
	if to != "" && !slices.Contains(is.Kept, to) {
		return &desk.Problem{Status: http.StatusNotFound, Text: say("not-kept", clip(to))}
	}
	if to == "" || now == "" {
		return &desk.Problem{Status: http.StatusUnprocessableEntity, Text: say("nothing-back")}
	}
	q.Hidden["release"] = to
	q.Says = []string{say("will-rollback", short(to), short(now), v.Country, count(is.Conversations[now], "conversations-are"))}
	return p.show(v, status, say("title-rollback", short(to)), "question", q)
}

func (p *pages) rolledBack(v *visit) error {
	change, f := asked(v)
	if f.Wrong != nil {
		return p.rollbackForm(v, http.StatusUnprocessableEntity, change.Release, f)
	}
	if _, err := v.desk.Rollback(v.ctx(), change); err != nil {
		return err
	}
	return v.goTo(v.At("?done=rolled-back"))
}
