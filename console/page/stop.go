package page

import (
	"net/http"
	"slices"
	"strings"

	"baraza/console/role"
	"baraza/server/desk"
	"baraza/server/freeze"
)

// stopLine says on every page that a country is stopped.
type stopLine struct {
	Country, Says string
	Path          string // of the page of the stop; "" for who may not end it
}

// stops are those of the countries that the caller sees.
func (p *pages) stops(c role.Caller) (all []stopLine) {
	for _, country := range p.mine(c) {
		s := p.Desk.Freezes.Of(country)
		line := stopLine{Country: country}
		switch s.Stage {
		case freeze.Frozen:
			line.Says = say("is-frozen", country, p.moment(p.first(country), s.Since).Text, s.By)
		case freeze.Resuming:
			line.Says = say("is-resuming", country)
		default:
			continue
		}
		if (&visit{caller: c, Country: country}).may("/incident/unfreeze") {
			line.Path = "/console/" + country + "/emergency-stop"
		}
		all = append(all, line)
	}
	return all
}

// first is the pack by whose zone times of a country are said.
func (p *pages) first(country string) string {
	if all := p.Desk.Countries[country].Packs; len(all) > 0 {
		return all[0]
	}
	return ""
}

// stopPage is the emergency stop of a country.
type stopPage struct {
	desk.Incident
	At        moment
	Languages []notice
	Problems  []string // of the notice
	Done      string
	Form      form
	Ending    form
	Frozen    bool
}

// notice is what people of a language are told.
type notice struct{ Language, Text string }

func (p *pages) stop(v *visit) error { return p.stopForm(v, http.StatusOK, stopPage{}) }

func (p *pages) stopForm(v *visit, status int, page stopPage) error {
	list, err := v.desk.Incidents(v.ctx(), desk.IncidentQuery{Country: v.Country})
	if err != nil {
		return err
	}
	page.Incident = list.Countries[0]
	page.Frozen = page.Stage == freeze.Frozen
	if page.Since != nil {
		page.At = p.moment(p.first(v.Country), *page.Since)
	}
	if v.isLive() {
		return p.live(v, "stop-live", page)
	}
	told, filled := page.Notice, page.Form.Values != nil
	if ready := page.Prepared; ready != nil && !filled {
		told, page.Problems = ready.Notice, ready.Problems
		page.Form.Values = map[string]string{"instead": map[bool]string{true: "yes"}[len(ready.Instead) > 0]}
	}
	for _, lang := range p.languages(v.Country) {
		text := told[lang]
		if filled {
			text = page.Form.Values["notice-"+lang]
		}
		page.Languages = append(page.Languages, notice{lang, text})
	}
	switch v.r.URL.Query().Get("done") {
	case "frozen":
		page.Done = say("done-frozen", v.Country)
	case "served":
		page.Done = say("done-served", v.Country)
	}
	return p.show(v, status, say("title-stop", v.Country), "stop", page)
}

// languages are those of the country's packs, a pack's first one first.
func (p *pages) languages(country string) (all []string) {
	for _, pack := range p.Desk.Countries[country].Packs {
		if of := p.Desk.Program(pack); of != nil {
			for _, lang := range of.Languages {
				if !slices.Contains(all, lang) {
					all = append(all, lang)
				}
			}
		}
	}
	return all
}

// stopped freezes a country, or replaces what people are told there.
func (p *pages) stopped(v *visit) error {
	f := form{Values: map[string]string{"why": strings.TrimSpace(v.r.PostFormValue("why")), "word": strings.TrimSpace(v.r.PostFormValue("word")), "instead": v.r.PostFormValue("instead")}}
	in := desk.Freeze{Country: v.Country, Why: f.why(), Notice: map[string]string{}, Instead: map[string]string{}}
	if !strings.EqualFold(f.Values["word"], v.Country) {
		f.wrong("word", say("stop-word-wrong", v.Country))
	}
	written := "" // the first language with a text
	for _, lang := range p.languages(v.Country) {
		text := strings.TrimSpace(v.r.PostFormValue("notice-" + lang))
		f.Values["notice-"+lang] = text
		if text == "" {
			continue
		}
		if in.Notice[lang] = text; written == "" {
			written = lang
		}
	}
	for _, lang := range p.languages(v.Country) {
		if in.Notice[lang] == "" && written != "" && f.Values["instead"] != "" {
			in.Instead[lang] = written
		}
	}
	checked, err := v.desk.CheckNotice(v.ctx(), in)
	if err != nil {
		return err
	}
	if len(checked.Problems) > 0 {
		f.wrong("notices", say("notice-wrong"))
	}
	if f.Wrong != nil {
		return p.stopForm(v, http.StatusUnprocessableEntity, stopPage{Form: f, Problems: checked.Problems})
	}
	if _, err := v.desk.Freeze(v.ctx(), in); err != nil {
		return err
	}
	return v.goTo("/console/" + v.Country + "/emergency-stop?done=frozen")
}

// unfrozen serves a country again.
func (p *pages) unfrozen(v *visit) error {
	const box = "why-end"
	f := form{Values: map[string]string{box: strings.TrimSpace(v.r.PostFormValue("why")), "replies": v.r.PostFormValue("replies")}}
	in := desk.Unfreeze{Country: v.Country, Why: f.reason(box), Replies: f.Values["replies"]}
	if f.Wrong != nil {
		return p.stopForm(v, http.StatusUnprocessableEntity, stopPage{Ending: f})
	}
	if _, err := v.desk.Unfreeze(v.ctx(), in); err != nil {
		return err
	}
	return v.goTo("/console/" + v.Country + "/emergency-stop?done=served")
}
