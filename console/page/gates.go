package page

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"baraza/engine/release"
	"baraza/server/desk"
)

// closed counts the gates that hold a release back.
func closed(all []desk.Gate) (n int) {
	for i := range all {
		if all[i].Closed() {
			n++
		}
	}
	return n
}

// keep keeps the release of a plan on the server, so that others can look at it and approve it.
func (p *pages) keep(v *visit) error {
	return p.withBundle(v, func(b *bundle) error {
		kept, err := v.desk.Keep(v.ctx(), v.Country, b.reader(), b.signature)
		if err != nil {
			return err
		}
		return v.goTo(v.At("/release/" + kept.Release + "?done=kept"))
	})
}

// keptPage is a release that the server keeps.
type keptPage struct {
	desk.Gated
	Serves string // what serves now
	Now    bool   // it serves or is tried
	Groups []group
	Closed int
	Done   string
	// May activate it, Approve it, and ask to Override a gate.
	May, Approve, Override bool
	Form                   form
}

func (p *pages) kept(v *visit) error { return p.keptForm(v, http.StatusOK, form{}) }

func (p *pages) keptForm(v *visit, status int, f form) error {
	gated, err := v.desk.Gates(v.ctx(), desk.OneRelease{Country: v.Country, Pack: v.Pack, Release: v.r.PathValue("release")})
	if err != nil {
		return err
	}
	state := p.state(v.Country, v.Pack)
	page := keptPage{Gated: gated, Serves: state.Serves(), Closed: closed(gated.Gates), Form: f,
		May: v.may("/release/activate"), Approve: v.may("/release/approve"), Override: v.may("/release/override")}
	page.Now = gated.Release == page.Serves || state.Candidate != nil && state.Candidate.Release == gated.Release
	if page.Groups, err = p.changes(v, gated.Release); err != nil {
		return err
	}
	switch done := v.r.URL.Query().Get("done"); done {
	case "kept":
		page.Done = say("done-kept", short(gated.Release))
	case "approved", "override":
		page.Done = say("done-" + done)
	}
	return p.show(v, status, say("title-kept", short(gated.Release), v.Pack, v.Country), "kept", page)
}

// changes are what a release that is kept would change.
func (p *pages) changes(v *visit, hash string) ([]group, error) {
	shelf := p.Desk.Countries[v.Country].Released[v.Pack].Shelf
	k, err := shelf.Release(hash)
	if err != nil {
		return nil, err
	}
	return grouped(desk.Changes(shelf, k.Manifest, k.Program)), nil
}

// confirmKept says in a sentence what activating a release that is kept would do.
func (p *pages) confirmKept(v *visit) error {
	change, f := activation(v)
	if f.Wrong != nil {
		return p.keptForm(v, http.StatusUnprocessableEntity, f)
	}
	is, _, err := p.serves(v.ctx(), v.Country, v.Pack)
	if err != nil {
		return err
	}
	if serves := is.State.Serves(); serves != change.Planned {
		return &desk.Problem{Status: http.StatusConflict, Text: (&release.Moved{Planned: change.Planned, Serves: serves}).Error()}
	}
	open := 0
	for _, n := range is.Conversations {
		open += n
	}
	hash := v.r.PathValue("release")
	q := question{Action: v.At("/release/" + hash + "/activate"), Do: say("do-activate"), Back: v.At("/release/" + hash), Hidden: f.Values,
		Says: will(v, hash, change.Planned, open, change)}
	return p.show(v, http.StatusOK, say("title-confirm", short(hash)), "question", q)
}

func (p *pages) activateKept(v *visit) error {
	change, f := activation(v)
	if f.Wrong != nil {
		return p.keptForm(v, http.StatusUnprocessableEntity, f)
	}
	change.Release = v.r.PathValue("release")
	if _, err := v.desk.Activate(v.ctx(), change); err != nil {
		return err
	}
	return v.goTo(v.At("?done=activated"))
}

// approve is the word of a second person for a release.
func (p *pages) approve(v *visit) error {
	const box = "why-approve"
	f := form{Values: map[string]string{box: strings.TrimSpace(v.r.PostFormValue("why"))}}
	why := f.reason(box)
	if f.Wrong != nil {
		return p.keptForm(v, http.StatusUnprocessableEntity, f)
	}
	hash := v.r.PathValue("release")
	if _, err := v.desk.Approve(v.ctx(), desk.Approval{Country: v.Country, Pack: v.Pack, Release: hash, Why: why}); err != nil {
		return err
	}
	return v.goTo(v.At("/release/" + hash + "?done=approved"))
}

// whyOf is the name of the box for why a gate may be overridden; a name in a page has no spaces.
func whyOf(gate string) string { return "why-" + strings.ReplaceAll(gate, " ", "-") }

// override asks to override a gate, or confirms that as the second person.
func (p *pages) override(v *visit) error {
	gate, why := cmp.Or(v.r.PostFormValue("gate"), "?"), v.r.PostFormValue("why")
	hash := v.r.PathValue("release")
	_, err := v.desk.Override(v.ctx(), desk.Override{Country: v.Country, Pack: v.Pack, Release: hash, Gate: gate, Why: why})
	var known *desk.Problem
	if errors.As(err, &known) && known.Status == http.StatusUnprocessableEntity {
		f := form{Values: map[string]string{whyOf(gate): why}}
		f.wrong(whyOf(gate), sentence(known.Text))
		return p.keptForm(v, known.Status, f)
	}
	if err != nil {
		return err
	}
	return v.goTo(v.At("/release/" + hash + "?done=override"))
}
