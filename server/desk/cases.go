package desk

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/runner"
	"baraza/engine/store"
)

// page is how much is read of the store at once.
const page = 256

// CaseQuery chooses cases; empty parts choose all. Done cases come only when asked for, by State or All.
type CaseQuery struct {
	Pack  string `json:"pack,omitempty"`
	Team  string `json:"team,omitempty"`
	State string `json:"state,omitempty"` // open, answered, done
	All   bool   `json:"all,omitempty"`
}

// CaseLine is a case in a list: nothing in it says what it is about.
type CaseLine struct {
	Case     string     `json:"case"` // the word for it
	Contact  string     `json:"contact"`
	Number   uint32     `json:"number"`
	Pack     string     `json:"pack"`
	Team     string     `json:"team"`
	Title    string     `json:"title,omitempty"` // of the team
	State    string     `json:"state"`
	Urgent   bool       `json:"urgent,omitempty"`
	Since    *time.Time `json:"since"`
	AnswerBy *time.Time `json:"answer_by,omitempty"` // of open ones, where the team promises it
	Kept     *time.Time `json:"kept_until,omitempty"`
	Zone     string     `json:"zone"`
}

// Late tells whether the promised time has passed.
func (c *CaseLine) Late(now time.Time) bool { return c.AnswerBy != nil && now.After(*c.AnswerBy) }

// CaseList is the answer: the urgent first, then those that have waited longest.
type CaseList struct {
	Cases      []CaseLine `json:"cases"`
	Unreadable int        `json:"unreadable,omitempty"` // items that cannot be read; store check names them
}

var states = map[store.ItemState]string{store.CaseOpen: "open", store.CaseAnswered: "answered", store.CaseDone: "done"}

// Cases lists cases.
func (d *Desk) Cases(ctx context.Context, q CaseQuery) (CaseList, error) {
	out := CaseList{Cases: []CaseLine{}}
	if q.Pack != "" && !slices.Contains(d.packs(), q.Pack) {
		return out, wrong("there is no pack %q; the packs are %s", q.Pack, strings.Join(d.packs(), ", "))
	}
	if q.State != "" && !slices.Contains(slices.Collect(maps.Values(states)), q.State) {
		return out, wrong("a case is open, answered or done, not %q", q.State)
	}
	if err := d.knowsTeam(q.Pack, q.Team); err != nil {
		return out, err
	}
	all, unreadable, err := d.cases(ctx, store.All)
	if err != nil {
		return out, err
	}
	out.Unreadable = unreadable
	named := words(all)
	for _, it := range all {
		if q.Pack != "" && it.Pack != q.Pack || q.Team != "" && it.Class != q.Team ||
			q.State != "" && states[it.State] != q.State || q.State == "" && !q.All && it.State == store.CaseDone {
			continue
		}
		out.Cases = append(out.Cases, d.line(it, named[it.ID]))
	}
	slices.SortStableFunc(out.Cases, func(a, b CaseLine) int {
		rank := func(c CaseLine) int {
			switch {
			case c.State == "done":
				return 3
			case c.State == "answered":
				return 2
			case c.Urgent:
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Since.Compare(*b.Since), cmp.Compare(a.Case, b.Case))
	})
	return out, nil
}

func (d *Desk) knowsTeam(pack, team string) error {
	if team == "" {
		return nil
	}
	var names []string
	for _, name := range d.packs() {
		if p := d.Program(name); p != nil && (pack == "" || pack == name) {
			for i := range p.Teams {
				names = append(names, p.Teams[i].Name)
			}
		}
	}
	if slices.Contains(names, team) {
		return nil
	}
	slices.Sort(names)
	return wrong("there is no team %q; the teams are %s", team, strings.Join(slices.Compact(names), ", "))
}

// cases reads all cases in sight that are in the partitions. What cannot be read is counted in sight of everybody: it could be
// theirs.
func (d *Desk) cases(ctx context.Context, of store.Set) (all []store.Item, unreadable int, err error) {
	q := store.ItemQuery{Kind: store.Case, Of: of, Limit: page}
	for {
		some, err := d.Store.Items(ctx, q)
		if errors.Is(err, store.ErrDamaged) {
			unreadable++
		} else if err != nil {
			return nil, 0, err
		}
		for _, it := range some {
			if d.has(it.Pack, it.Key) {
				all = append(all, it)
			}
		}
		if len(some) < page {
			return all, unreadable, nil
		}
		q.After = some[len(some)-1].ID
	}
}

func (d *Desk) line(it store.Item, word string) CaseLine {
	since := it.At.In(d.zone(it.Pack))
	c := CaseLine{Case: word, Contact: it.Key.String(), Number: it.Number, Pack: it.Pack, Team: it.Class, State: states[it.State],
		Urgent: it.Urgent, Since: &since, Kept: d.local(it.Pack, it.Kept), Zone: d.zone(it.Pack).String()}
	if team := d.team(it); team != nil {
		c.Title = team.Title
		if team.AnswerIn > 0 && it.State == store.CaseOpen {
			c.AnswerBy = d.local(it.Pack, it.At.Add(time.Duration(team.AnswerIn)*time.Second))
		}
	}
	return c
}

func (d *Desk) team(it store.Item) *program.Team {
	p := d.Program(it.Pack)
	if p == nil {
		return nil
	}
	for i := range p.Teams {
		if p.Teams[i].Name == it.Class {
			return &p.Teams[i]
		}
	}
	return nil
}

// find is the one case that somebody means.
func (d *Desk) find(ctx context.Context, text string) (store.Item, string, error) {
	w, ok := readWord(text)
	if !ok {
		return store.Item{}, "", wrong("%q is no case; a case is called by a word such as K7F3-2, see: baraza case list", text)
	}
	all, _, err := d.cases(ctx, w.within())
	if err != nil {
		return store.Item{}, "", err
	}
	named := words(all)
	all = slices.DeleteFunc(all, func(it store.Item) bool { return !w.means(it.Key, it.Number) })
	switch len(all) {
	case 0:
		return store.Item{}, "", missing("there is no case %s; it may have been deleted at its date or with its contact, see: baraza case list --all", text)
	case 1:
		return all[0], named[all[0].ID], nil
	}
	var longer []string
	for _, it := range all {
		longer = append(longer, named[it.ID])
	}
	slices.Sort(longer)
	return store.Item{}, "", conflict("%d cases begin like %s; say which: %s", len(all), text, strings.Join(longer, ", "))
}

// Which names a case.
type Which struct {
	Case string `json:"case"`
}

// CaseDetail is a case with what was said in it.
type CaseDetail struct {
	CaseLine
	Summary string         `json:"summary"`
	Text    string         `json:"text,omitempty"`
	Shared  map[string]any `json:"shared,omitempty"`
	Said    []SaidLine     `json:"said"` // oldest first
	// Unreadable counts lines that nobody can read.
	Unreadable int `json:"unreadable,omitempty"`
}

// SaidLine is one word in a case.
type SaidLine struct {
	At      *time.Time `json:"at"`
	Who     string     `json:"who"`            // person, staff
	What    string     `json:"what,omitempty"` // "" for a message; changed, deleted, reacted
	Text    string     `json:"text,omitempty"`
	Options []string   `json:"options,omitempty"`
	Media   string     `json:"media,omitempty"` // photo, voice …
	MediaID string     `json:"media_id,omitempty"`
}

// Case shows one.
func (d *Desk) Case(ctx context.Context, w Which) (CaseDetail, error) {
	it, word, err := d.find(ctx, w.Case)
	if err != nil {
		return CaseDetail{}, err
	}
	body, err := runner.OpenCaseBody(d.Keys, it)
	if err != nil {
		return CaseDetail{}, err
	}
	d.log.Info("a case was read", "contact", it.Key, "case", it.Number)
	out := CaseDetail{CaseLine: d.line(it, word), Summary: body.Summary, Text: body.Text, Shared: body.Shared, Said: []SaidLine{}}
	return out, d.said(ctx, it, &out)
}

// said reads the words of both sides since the case was opened. What the person changed or took back meanwhile counts
// only while the case goes on: it may be about something else afterwards.
func (d *Desk) said(ctx context.Context, it store.Item, out *CaseDetail) error {
	q := store.JournalQuery{Key: it.Key, Limit: page}
	for {
		entries, err := d.Store.Journal(ctx, q)
		if errors.Is(err, store.ErrDamaged) {
			out.Unreadable++
		} else if err != nil {
			return err
		}
		for _, e := range entries {
			if e.At.Before(it.At) {
				break
			}
			who, what, ok := partIn(it, e)
			if !ok {
				continue
			}
			var words runner.Entry
			if err := runner.OpenEntry(d.Keys, it.Pack, e, &words); err != nil {
				out.Unreadable++
				continue
			}
			out.Said = append(out.Said, SaidLine{At: d.local(it.Pack, e.At), Who: who, What: what, Text: words.Text,
				Options: words.Options, Media: words.Media, MediaID: words.MediaID})
		}
		if len(entries) < page || entries[len(entries)-1].At.Before(it.At) {
			break
		}
		q.After = entries[len(entries)-1].ID
	}
	slices.Reverse(out.Said)
	return nil
}

// partIn tells whose word an entry is in the case.
func partIn(it store.Item, e store.Entry) (who, what string, ok bool) {
	switch e.Class {
	case runner.StaffWord:
		return "staff", "", e.Ref == it.Number
	case runner.CaseText:
		return "person", "", e.Ref == it.Number
	case runner.Edit:
		return "person", "changed", it.State != store.CaseDone
	case runner.Withdrawn:
		return "person", "deleted", it.State != store.CaseDone
	case runner.Reacted:
		return "person", "reacted", it.State != store.CaseDone
	}
	return "", "", false
}

// CaseReply is a word of staff. ID is the asker's own: what is asked again with it is done once. "" for none.
type CaseReply struct {
	Case string `json:"case"`
	Text string `json:"text"`
	ID   string `json:"id,omitempty"`
}

// mostReply is how long a reply may be, in characters: what the narrowest channel takes in a message or two.
const mostReply = 4000

// Reply sends it. It returns after it was kept; it leaves when somebody serves.
func (d *Desk) Reply(ctx context.Context, in CaseReply) (CaseLine, error) {
	text := strings.TrimSpace(in.Text)
	switch {
	case text == "":
		return CaseLine{}, wrong("the reply is empty")
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return CaseLine{}, wrong("the reply is no text in UTF-8")
	case utf8.RuneCountInString(text) > mostReply:
		return CaseLine{}, wrong("the reply has %d characters; the most is %d", utf8.RuneCountInString(text), mostReply)
	case len(in.ID) > 200:
		return CaseLine{}, wrong("the id of the request is longer than 200 bytes")
	}
	it, word, err := d.find(ctx, in.Case)
	if err != nil {
		return CaseLine{}, err
	}
	doingOf(ctx).of(d, it)
	if it.State == store.CaseDone {
		return CaseLine{}, conflict("the case %s is done: nothing more can be sent in it", word)
	}
	if err := d.Runner.Reply(ctx, it.Key, it.Number, text, engine.Media{}, in.ID); err != nil {
		return CaseLine{}, err
	}
	return d.again(ctx, it, word)
}

// CaseDone closes a case; see CaseReply for ID.
type CaseDone struct {
	Case string `json:"case"`
	ID   string `json:"id,omitempty"`
}

// Done closes it. A case that is done stays so, and that is no error.
func (d *Desk) Done(ctx context.Context, in CaseDone) (CaseLine, error) {
	it, word, err := d.find(ctx, in.Case)
	if err != nil {
		return CaseLine{}, err
	}
	doingOf(ctx).of(d, it)
	if it.State != store.CaseDone {
		if err := d.Runner.Done(ctx, it.Key, it.Number, in.ID); err != nil {
			return CaseLine{}, err
		}
	}
	return d.again(ctx, it, word)
}

// again is the case as it stands now; as it was where it is gone.
func (d *Desk) again(ctx context.Context, it store.Item, word string) (CaseLine, error) {
	found, err := d.Store.Items(ctx, store.ItemQuery{Kind: store.Case, Of: store.All, Key: it.Key, ID: it.ID, Limit: 1})
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return CaseLine{}, err
	}
	if len(found) > 0 {
		it = found[0]
	}
	return d.line(it, word), nil
}
