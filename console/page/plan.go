package page

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"baraza/engine/release"
	"baraza/server/desk"
)

// uploadTime is how long a bundle may take to arrive: longer than other requests, for it may be large and the line slow.
const uploadTime = 15 * time.Minute

// form is a form with what is wrong with its fields.
type form struct {
	Wrong  map[string]string // by field
	Values map[string]string
}

func (f *form) wrong(field, text string) {
	if f.Wrong == nil {
		f.Wrong = map[string]string{}
	}
	f.Wrong[field] = text
}

func (p *pages) upload(v *visit) error { return p.uploadForm(v, http.StatusOK, form{}) }

func (p *pages) uploadForm(v *visit, status int, f form) error {
	title := say("title-upload", v.Pack, v.Country)
	return p.show(v, status, title, "upload", f)
}

// uploaded takes a bundle, and leads to its plan.
func (p *pages) uploaded(v *visit) error {
	_ = http.NewResponseController(v.w).SetReadDeadline(time.Now().Add(uploadTime)) // where it cannot be set, the port's own holds
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, release.MaxBytes+release.MaxManifest+1<<20)
	b, err := p.planned.receive(v.r)
	var wrong *refusal
	if err == nil {
		// Read once before it is kept, so that what is no bundle is said beside the field.
		var read *release.Bundle
		switch read, err = release.Read(b.reader()); {
		case err != nil:
			err = &refusal{"bundle", sentence(err.Error())}
		case read.Manifest.Pack != v.Pack:
			err = &refusal{"bundle", say("other-pack", clip(read.Manifest.Pack), v.Pack)}
		}
		if err != nil {
			p.planned.close(b)
		}
	}
	if errors.As(err, &wrong) {
		var f form
		f.wrong(wrong.field, wrong.text)
		return p.uploadForm(v, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	p.planned.keep(b, v.caller.Name(), v.Country, v.Pack)
	return v.goTo(v.At("/plan/" + b.id))
}

// planPage is a plan in words.
type planPage struct {
	desk.Plan
	ID     string
	Groups []group
	Tests  *Outcome // nil where they were not run
	Says   string   // why not
	Open   []desk.FateLine
	May    bool // activate it
	Form   form
	More   int // conversations that differ and are not shown
	// Gates says what the pack needs; Closed how many of them hold it back.
	Closed int
	Keep   bool // so that others can approve it
}

// group is a part of what changes, with a heading.
type group struct {
	Title   string
	Changes []release.Change
	Texts   bool // words that people read
}

// grouped are changes in the order of the desk, under headings.
func grouped(all []release.Change) (groups []group) {
	at := map[string]int{}
	for _, c := range all {
		title, texts := say("changes-else"), false
		switch c.What {
		case "consent", "field", "record":
			title = say("changes-data")
		case "step", "question", "trigger":
			title = say("changes-flow")
		case "text":
			title, texts = say("changes-text", c.Language), true
		}
		i, ok := at[title]
		if !ok {
			i = len(groups)
			at[title] = i
			groups = append(groups, group{Title: title, Texts: texts})
		}
		groups[i].Changes = append(groups[i].Changes, c)
	}
	return groups
}

// differsMost is how many conversations a page shows.
const differsMost = 10

func (p *pages) plan(v *visit) error { return p.planForm(v, http.StatusOK, form{}) }

// withBundle does something with the bundle of the address. Few are looked at at once: it takes memory, and tests run.
func (p *pages) withBundle(v *visit, do func(*bundle) error) error {
	select {
	case p.looking <- struct{}{}:
		defer func() { <-p.looking }()
	case <-v.r.Context().Done():
		return v.r.Context().Err()
	}
	return p.planned.use(v.r.PathValue("bundle"), v.caller.Name(), v.Country, v.Pack, do)
}

func (p *pages) planForm(v *visit, status int, f form) error {
	return p.withBundle(v, func(b *bundle) error {
		plan, err := v.desk.Plan(v.ctx(), v.Country, b.reader(), b.signature)
		if err != nil {
			return err
		}
		page := planPage{Plan: plan, ID: b.id, Groups: grouped(plan.Changes), May: v.may("/release/activate"), Form: f}
		page.Closed = closed(plan.Gates)
		page.Keep = len(plan.Gates) > 0 && v.may("/release/keep")
		page.test(v, p, b)
		return p.show(v, status, say("title-plan", short(plan.Release), plan.Pack, plan.Country), "plan", page)
	})
}

// test runs the tests of the bundle, and says why not. What nobody signed who may release here is read, not run.
func (page *planPage) test(v *visit, p *pages, b *bundle) {
	switch {
	case p.Behaviour == nil:
		return
	case page.SignedBy == "":
		page.Says = say("tests-unsigned")
		return
	}
	ctx, stop := context.WithTimeout(v.r.Context(), testsMost)
	defer stop()
	tests, err := p.tried(ctx, b, page.Serves)
	if err != nil {
		page.Says = say("tests-unknown", err)
		return
	}
	page.Tests, page.More = tests, len(tests.Differ)-differsMost
}

// testsMost is how long the tests of a bundle may take.
const testsMost = time.Minute

// tried runs the tests of a bundle, once for each release that serves meanwhile.
func (p *pages) tried(ctx context.Context, b *bundle, serves string) (*Outcome, error) {
	b.trying.Lock()
	defer b.trying.Unlock()
	if out, ok := b.outcomes[serves]; ok {
		return &out, nil
	}
	out, err := p.Behaviour(ctx, b.reader(), serves)
	if err != nil {
		return nil, err
	}
	b.outcomes[serves] = out
	return &out, nil
}

// question is a page that says what will happen and asks whether it should.
type question struct {
	Says    []string // sentences
	Action  string   // where yes leads
	Do      string   // what the button says
	Back    string
	Bad     bool // the button takes something away
	Form    form
	Percent bool // is asked for
	Hidden  map[string]string
}

// activation reads what was filled in below a plan.
func activation(v *visit) (change desk.Change, f form) {
	f.Values = map[string]string{}
	for _, name := range []string{"planned", "percent", "testers", "why"} {
		f.Values[name] = strings.TrimSpace(v.r.PostFormValue(name))
	}
	change = desk.Change{Country: v.Country, Pack: v.Pack, Planned: f.Values["planned"], Why: f.why(), Percent: f.percent(100)}
	change.Testers = strings.FieldsFunc(f.Values["testers"], func(r rune) bool { return strings.ContainsRune(" ,;\r\n\t", r) })
	for _, key := range change.Testers {
		if len(key) != 32 || strings.Trim(key, "0123456789abcdef") != "" {
			f.wrong("testers", say("testers-wrong", clip(key)))
			break
		}
	}
	return change, f
}

// confirm says in a sentence what activating would do, and to how many.
func (p *pages) confirm(v *visit) error {
	change, f := activation(v)
	if f.Wrong != nil {
		return p.planForm(v, http.StatusUnprocessableEntity, f)
	}
	return p.withBundle(v, func(b *bundle) error {
		plan, err := v.desk.Plan(v.ctx(), v.Country, b.reader(), b.signature)
		if err != nil {
			return err
		}
		if plan.Serves != change.Planned {
			return &desk.Problem{Status: http.StatusConflict, Text: (&release.Moved{Planned: change.Planned, Serves: plan.Serves}).Error()}
		}
		q := question{Action: v.At("/plan/" + b.id + "/activate"), Do: say("do-activate"), Back: v.At("/plan/" + b.id), Hidden: f.Values,
			Says: append(will(v, plan.Release, plan.Serves, plan.Open, change), fates(plan, change)...)}
		return p.show(v, http.StatusOK, say("title-confirm", short(plan.Release)), "question", q)
	})
}

// will says what activating a release does in place of what serves, and how many people are amid a conversation.
func will(v *visit, hash, serves string, open int, in desk.Change) (says []string) {
	if !part(serves, in) {
		return []string{say("will-all", short(hash), v.Country, v.Pack), say("will-open", count(open, "people-are"))}
	}
	says = append(says, say("will-part", short(hash), v.Country, v.Pack, in.Percent))
	if n := len(in.Testers); n > 0 {
		says = append(says, count(n, "will-testers"))
	}
	return append(says, say("will-open-part", count(open, "people-are")), say("will-back"))
}

// part tells whether others keep what serves.
func part(serves string, in desk.Change) bool { return serves != "" && in.Percent < 100 }

// fates says what becomes of those who are amid a conversation, where something does.
func fates(plan desk.Plan, in desk.Change) []string {
	if part(plan.Serves, in) || plan.Open == 0 {
		return nil
	}
	return []string{say("will-fates", plan.Continue+plan.Led, plan.Stay, plan.Restart), say("will-back")}
}

// activate keeps the release, and has it serve.
func (p *pages) activate(v *visit) error {
	change, f := activation(v)
	if f.Wrong != nil {
		return p.planForm(v, http.StatusUnprocessableEntity, f)
	}
	err := p.withBundle(v, func(b *bundle) error {
		kept, err := v.desk.Keep(v.ctx(), v.Country, b.reader(), b.signature)
		if err != nil {
			return err
		}
		change.Release = kept.Release
		if _, err = v.desk.Activate(v.ctx(), change); err == nil {
			p.planned.drop(b)
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.goTo(v.At("?done=activated"))
}
