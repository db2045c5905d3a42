package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"baraza/server/freeze"
)

// Freeze asks for an emergency stop of a country: what its flows say by themselves is held, and people are told the
// notice. Safety words, staff and their cases go on. On a country that is frozen it replaces the notice.
type Freeze struct {
	Country string `json:"country"`
	By      string `json:"by,omitempty"`
	Why     string `json:"why,omitempty"`
	// Notice is the text by language, one for each language of the country's packs.
	Notice map[string]string `json:"notice"`
	// Instead says plainly for which languages another one's text stands: {"qu": "es"}.
	Instead map[string]string `json:"instead,omitempty"`
}

// Unfreeze ends it.
type Unfreeze struct {
	Country string `json:"country"`
	By      string `json:"by,omitempty"`
	Why     string `json:"why,omitempty"`
	// Replies says what becomes of replies that flows had written before and during the freeze: "drop" deletes them, for
	// they may say what it was about; "send" sends them. "" is drop.
	Replies string `json:"replies,omitempty"`
}

// IncidentQuery chooses a country; "" for all.
type IncidentQuery struct {
	Country string `json:"country,omitempty"`
}

// Incident is how a country stands.
type Incident struct {
	Country string            `json:"country"`
	Stage   string            `json:"stage"`           // served, frozen, resuming
	Since   *time.Time        `json:"since,omitempty"` // of the freeze
	By      string            `json:"by,omitempty"`
	Why     string            `json:"why,omitempty"`
	Notice  map[string]string `json:"notice,omitempty"`
	Instead map[string]string `json:"instead,omitempty"`
	// HeldMessages are those of people that wait to be answered, HeldReplies those of flows that wait to be sent or
	// deleted.
	HeldMessages int `json:"held_messages"`
	HeldReplies  int `json:"held_replies"`
	// Replies, of resuming: "drop" or "send".
	Replies string `json:"replies,omitempty"`
	// Prepared is the notice that lies ready for an emergency; nil where there is none, or while one is told.
	Prepared *PreparedNotice `json:"prepared,omitempty"`
	// Problem says why nobody knows more than that it is frozen.
	Problem string `json:"problem,omitempty"`
	Zone    string `json:"zone"`
}

// PreparedNotice is read anew each time, so that a file that was mended is the one that counts.
type PreparedNotice struct {
	Notice   map[string]string `json:"notice,omitempty"`
	Instead  map[string]string `json:"instead,omitempty"`
	Problems []string          `json:"problems,omitempty"` // why it cannot be told as it is
}

// IncidentList is in the order of names.
type IncidentList struct {
	Countries []Incident `json:"countries"`
}

// NoticeCheck is what a notice would be, or what is wrong with it.
type NoticeCheck struct {
	Country  string   `json:"country"`
	Problems []string `json:"problems"`
}

// Freeze freezes a country from this moment on.
func (d *Desk) Freeze(ctx context.Context, in Freeze) (Incident, error) {
	action := doingOf(ctx)
	action.Who, action.Why = in.By, in.Why
	if err := d.knowsCountry(in.Country); err != nil {
		return Incident{}, err
	}
	action.Country = in.Country
	notice, problems := d.notice(in)
	if len(problems) > 0 {
		return Incident{}, wrong("nothing was changed: %s", strings.Join(problems, "; "))
	}
	action.Before = d.Freezes.Of(in.Country).Stage
	_, err := d.Freezes.Freeze(in.Country, cmp.Or(strings.TrimSpace(in.By), action.Account), in.Why, notice, d.now())
	if err != nil && !errors.Is(err, freeze.ErrNotKept) {
		return Incident{}, err
	}
	action.After = freeze.Frozen
	d.log.Warn("a country is frozen", "country", in.Country)
	d.frozen(in.Country)
	if err != nil {
		d.log.Error("a freeze could not be written down", "country", in.Country, "error", err)
		return Incident{}, &Problem{http.StatusInsufficientStorage, in.Country + " is frozen, but only until this process ends, for " +
			"the disk did not take it; make room and freeze it again: " + err.Error()}
	}
	return d.done(ctx, in.Country), nil
}

// Unfreeze serves a country again.
func (d *Desk) Unfreeze(ctx context.Context, in Unfreeze) (Incident, error) {
	action := doingOf(ctx)
	action.Who, action.Why = in.By, in.Why
	if err := d.knowsCountry(in.Country); err != nil {
		return Incident{}, err
	}
	action.Country = in.Country
	if in.Replies != "" && in.Replies != "drop" && in.Replies != "send" {
		return Incident{}, wrong("replies that were held are for \"drop\" or \"send\", not %q", in.Replies)
	}
	action.Before, action.About = d.Freezes.Of(in.Country).Stage, cmp.Or(in.Replies, "drop")+" held replies"
	_, err := d.Freezes.Unfreeze(in.Country, cmp.Or(strings.TrimSpace(in.By), action.Account), in.Replies == "send", d.now())
	if errors.Is(err, freeze.ErrNotFrozen) {
		return Incident{}, conflict("%s is not frozen", in.Country)
	}
	if err != nil {
		return Incident{}, err
	}
	action.After = freeze.Resuming
	d.log.Warn("a country is served again", "country", in.Country)
	d.frozen(in.Country)
	return d.done(ctx, in.Country), nil
}

// done is how a country stands after a change. That what is held could not be counted makes the change no failure.
func (d *Desk) done(ctx context.Context, country string) Incident {
	is, err := d.incident(ctx, country)
	if err != nil {
		d.log.Error("what is held could not be counted", "country", country, "error", err)
	}
	return is
}

// frozen tells whoever serves that a country stands otherwise.
func (d *Desk) frozen(country string) {
	if d.Frozen != nil {
		d.Frozen(country)
	}
}

// Incidents tells how countries stand.
func (d *Desk) Incidents(ctx context.Context, in IncidentQuery) (IncidentList, error) {
	out := IncidentList{Countries: []Incident{}}
	names := d.countryNames()
	if in.Country != "" {
		if err := d.knowsCountry(in.Country); err != nil {
			return out, err
		}
		names = []string{in.Country}
	}
	for _, name := range names {
		one, err := d.incident(ctx, name)
		if err != nil {
			return out, err
		}
		out.Countries = append(out.Countries, one)
	}
	return out, nil
}

// CheckNotice says what is wrong with a notice, and changes nothing.
func (d *Desk) CheckNotice(_ context.Context, in Freeze) (NoticeCheck, error) {
	if err := d.knowsCountry(in.Country); err != nil {
		return NoticeCheck{}, err
	}
	_, problems := d.notice(in)
	return NoticeCheck{Country: in.Country, Problems: append([]string{}, problems...)}, nil
}

func (d *Desk) knowsCountry(name string) error {
	if _, ok := d.Countries[name]; !ok {
		return missing("there is no country %q; the countries are %s", name, strings.Join(d.countryNames(), ", "))
	}
	return nil
}

func (d *Desk) incident(ctx context.Context, country string) (Incident, error) {
	s := d.Freezes.Of(country)
	c := d.Countries[country]
	out := Incident{Country: country, Stage: s.Stage, By: s.By, Why: s.Why, Notice: s.Notice.Texts, Instead: s.Notice.Instead, Zone: "UTC"}
	if s.Problem != "" {
		out.Problem = fmt.Sprintf("it is taken for frozen, for nobody can read whether it is: %s. Freeze it with a notice, or unfreeze it", s.Problem)
	}
	if len(c.Packs) > 0 {
		out.Zone = d.zone(c.Packs[0]).String()
		out.Since = d.local(c.Packs[0], s.Since)
	}
	if s.Stage == freeze.Served && c.Notice != "" {
		out.Prepared = d.prepared(country, c.Notice)
	}
	if s.Stage == freeze.Resuming {
		if out.Replies = "drop"; s.Sends {
			out.Replies = "send"
		}
	}
	var err error
	out.HeldMessages, out.HeldReplies, err = d.Runner.Held(ctx, c.Packs)
	return out, err
}

func (d *Desk) prepared(country, file string) *PreparedNotice {
	n, err := freeze.ReadFile(file)
	if err != nil {
		return &PreparedNotice{Problems: []string{err.Error()}}
	}
	return &PreparedNotice{n.Texts, n.Instead, freeze.Check(n, d.languages(country), d.channels(country))}
}

// languages are those of the country's packs, each once, a pack's first one first.
func (d *Desk) languages(country string) (all []string) {
	for _, pack := range d.Countries[country].Packs {
		p := d.Program(pack)
		if p == nil {
			continue
		}
		for _, lang := range p.Languages {
			if !slices.Contains(all, lang) {
				all = append(all, lang)
			}
		}
	}
	return all
}

// notice reads the notice of a request, and says everything that is wrong with it.
func (d *Desk) notice(in Freeze) (freeze.Notice, []string) {
	n := freeze.Notice{Texts: map[string]string{}, Instead: in.Instead}
	for lang, text := range in.Notice {
		n.Texts[lang] = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	}
	return n, freeze.Check(n, d.languages(in.Country), d.channels(in.Country))
}

// channels are those on which the country's people write.
func (d *Desk) channels(country string) (all []string) {
	for _, pack := range d.Countries[country].Packs {
		if p := d.Program(pack); p != nil {
			for _, c := range p.Channels {
				all = append(all, c.Name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
