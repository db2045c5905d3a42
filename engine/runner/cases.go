package runner

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
)

// CaseBody is what a case holds, as JSON.
type CaseBody struct {
	Summary string         `json:"summary"`
	Text    string         `json:"text,omitempty"`
	Shared  map[string]any `json:"shared,omitempty"`
}

// OpenCaseBody reads what a case says.
func OpenCaseBody(k Keys, it store.Item) (CaseBody, error) {
	var body CaseBody
	plain, err := k.Open(it.Pack, it.Key, keys.Case, it.Sealed)
	if err == nil {
		err = json.Unmarshal(plain, &body)
	}
	return body, err
}

func (d *draft) caseEffect(e *engine.Effect) error {
	switch e.Kind {
	case engine.OpenCase:
		return d.openCase(e)
	case engine.CaseMessage:
		if err := d.keep(CaseText, e.Case, &Entry{Text: e.Text, Media: e.Media.Kind, MediaID: e.Media.ID}); err != nil {
			return err
		}
		it, err := d.caseItem(e.Case)
		if err != nil {
			return err
		}
		if it == nil && len(d.t.flying) > 0 { // its opening is under way
			return errHold
		}
		team := ""
		if it != nil {
			team = it.Class
		}
		for _, n := range d.person.notices { // one word about several messages is enough
			if n.notice.Kind == CaseWord && n.notice.Case == e.Case {
				return nil
			}
		}
		d.timer(d.person.notify(Notice{Kind: CaseWord, Team: team, To: team, Case: e.Case, At: d.now}), d.now, NoticeTimer)
	case engine.CloseCase:
		return d.settleCase(e.Case, store.CaseDone, true)
	}
	return nil
}

// openCase puts the case down and plans what its team is told: at once, when nobody answers in time, and on each
// escalation.
func (d *draft) openCase(e *engine.Effect) error {
	body := CaseBody{Summary: e.Text, Text: e.More}
	for _, a := range e.Args {
		if body.Shared == nil {
			body.Shared = map[string]any{}
		}
		body.Shared[a.Name] = plainValue(a.Value)
	}
	sealed, err := d.sealed(keys.Case, body)
	if err != nil {
		return err
	}
	d.putItem(store.Item{Kind: store.Case, ID: d.caseID(e.Case), Pack: d.pack, Class: e.Name, Number: e.Case,
		State: store.CaseOpen, Urgent: e.Flag, At: d.now, Sealed: sealed})
	plan := func(kind NoticeKind, to string, after int) {
		n := Notice{Kind: kind, Team: e.Name, To: to, Case: e.Case, Urgent: e.Flag, At: d.now}
		d.timer(d.person.notify(n), d.now.Add(time.Duration(after)*time.Second), NoticeTimer)
	}
	plan(CaseOpened, e.Name, 0)
	team := teamOf(d.p, e.Name)
	if team == nil {
		return nil
	}
	if team.AnswerIn > 0 {
		plan(CaseWaits, e.Name, team.AnswerIn)
	}
	for _, x := range team.Escalations {
		if x.To >= 0 && x.To < len(d.p.Teams) {
			plan(CaseEscalated, d.p.Teams[x.To].Name, x.Seconds)
		}
	}
	return nil
}

func teamOf(p *program.Program, name string) *program.Team {
	for i := range p.Teams {
		if p.Teams[i].Name == name {
			return &p.Teams[i]
		}
	}
	return nil
}

// caseItem is the case as it stands in this turn; nil where there is none.
func (d *draft) caseItem(number uint32) (*store.Item, error) {
	id := d.caseID(number)
	for i := range d.turn.Items {
		if it := &d.turn.Items[i]; it.Kind == store.Case && it.ID == id {
			return it, nil
		}
	}
	found, err := d.items(store.ItemQuery{Kind: store.Case, Of: store.All, Key: d.t.key, ID: id, Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// settleCase moves a case on and takes back what was to be said because nobody had.
func (d *draft) settleCase(number uint32, state store.ItemState, left bool) error {
	if len(d.t.flying) > 0 {
		return errHold
	}
	it, err := d.caseItem(number)
	if err != nil {
		return err
	}
	for _, timer := range d.person.dropNotices(func(n Notice) bool {
		return n.Case == number && (n.Kind == CaseWaits || n.Kind == CaseEscalated || state == store.CaseDone && n.Kind == CaseWord)
	}) {
		d.cancel(timer)
	}
	if it == nil || it.State == store.CaseDone {
		return nil
	}
	changed := *it
	changed.State = state
	if state == store.CaseDone {
		changed.Kept = d.now.Add(d.r.timing.CaseKept)
		if left {
			d.timer(d.person.notify(Notice{Kind: CaseClosed, Team: it.Class, To: it.Class, Case: number, At: d.now}), d.now, NoticeTimer)
		}
	}
	d.putItem(changed)
	return nil
}

// Reply sends a word of staff to the person of a case. id is the caller's and recognises what is asked twice in the case;
// "" for none. It returns nil after the commit. ErrLeft: the person left the case before.
func (r *Runner) Reply(ctx context.Context, contact store.Key, number uint32, text string, media engine.Media, id string) error {
	return r.staff(ctx, contact, engine.Event{Kind: engine.StaffReply, Case: number, Text: text, Media: media}, id)
}

// Done closes a case: the flow takes the conversation back.
func (r *Runner) Done(ctx context.Context, contact store.Key, number uint32, id string) error {
	return r.staff(ctx, contact, engine.Event{Kind: engine.StaffDone, Case: number}, id)
}

// WroteTo is where a contact wrote last, and where answers to them go out.
func (r *Runner) WroteTo(ctx context.Context, contact store.Key) (Sender, error) {
	c, err := r.loadContact(ctx, contact)
	if err != nil {
		return Sender{}, err
	}
	if c.Session == nil {
		return Sender{}, ErrNoContact
	}
	p, err := r.openPerson(c)
	return Sender{c.Pack, p.channel, p.account}, err
}

func (r *Runner) staff(ctx context.Context, contact store.Key, ev engine.Event, id string) error {
	c, err := r.loadContact(ctx, contact)
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	j := &job{key: contact, origin: fromStaff, event: ev, must: true}
	if id != "" {
		j.notes = []store.Hash{r.config.Keys.Hash(c.Pack, keys.ForEvent, "staff", contact.String(),
			strconv.FormatUint(uint64(ev.Case), 10), strconv.Itoa(int(ev.Kind)), id)}
	}
	return r.do(ctx, j)
}

// askForPerson has a team told that somebody has to look after the contact.
func (d *draft) askForPerson() {
	if d.p == nil || len(d.p.Teams) == 0 || d.t.fresh && d.t.replaces {
		return
	}
	if d.t.fresh {
		d.begin()
	}
	d.stepped = true
	team := d.p.Teams[firstTeam(d.p)].Name
	d.timer(d.person.notify(Notice{Kind: EventSetAside, Team: team, To: team, At: d.now}), d.now, NoticeTimer)
}

// firstTeam is the team that the flow person hands over to, else the first of the pack.
func firstTeam(p *program.Program) int {
	for i := range p.States {
		s := &p.States[i]
		if s.HandOver != nil && s.Flow >= 0 && s.Flow < len(p.Flows) && p.Flows[s.Flow].Name == "person" &&
			s.HandOver.Team >= 0 && s.HandOver.Team < len(p.Teams) {
			return s.HandOver.Team
		}
	}
	return 0
}
