package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// LetterQuery chooses messages that did not go out; Sender is pack/channel/account, "" for all.
type LetterQuery struct {
	Sender string `json:"sender,omitempty"`
}

// Letter is a message that did not go out. What it says is not told: the case and the contact tell it.
type Letter struct {
	ID      uint64     `json:"id"`
	Contact string     `json:"contact"`
	Sender  string     `json:"sender"`
	Kind    string     `json:"kind"`  // reply, staff, nudge, template, urgent
	State   string     `json:"state"` // dead, failed, waiting, held
	Code    int        `json:"code"`
	Why     string     `json:"why"`
	Tries   int        `json:"tries"`
	At      *time.Time `json:"at"`
	Next    *time.Time `json:"next,omitempty"` // of waiting ones: when it is tried again
	Zone    string     `json:"zone"`
}

// LetterList is in the order in which they were written.
type LetterList struct {
	Letters []Letter `json:"letters"`
	More    bool     `json:"more,omitempty"` // there are more than mostLetters
}

// mostLetters bounds a list; retry and drop take all.
const mostLetters = 1000

var letterKinds = map[uint8]string{runner.Reply: "reply", runner.Nudge: "nudge", runner.Template: "template", runner.Staff: "staff",
	runner.Urgent: "urgent"}

// Letters lists dead letters, what providers gave up, and what waits to be tried again.
func (d *Desk) Letters(ctx context.Context, q LetterQuery) (LetterList, error) {
	out := LetterList{Letters: []Letter{}}
	if err := d.knowsSender(q.Sender); err != nil {
		return out, err
	}
	for _, state := range []store.State{store.Dead, store.Failed, store.Waiting} {
		err := d.eachLetter(ctx, q, state, func(m store.Message) bool {
			if state == store.Waiting && m.Tries == 0 && m.Code == 0 {
				return true // on its way
			}
			if len(out.Letters) == mostLetters {
				out.More = true
				return false
			}
			out.Letters = append(out.Letters, d.letter(m))
			return true
		})
		if err != nil {
			return out, err
		}
	}
	slices.SortFunc(out.Letters, func(a, b Letter) int { return cmp.Or(strings.Compare(a.State, b.State), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// eachLetter visits the messages of a state until do returns false.
func (d *Desk) eachLetter(ctx context.Context, of LetterQuery, state store.State, do func(store.Message) bool) error {
	q := store.OutboxQuery{Of: store.All, State: state, Limit: page, Until: d.now().AddDate(10, 0, 0)}
	for {
		some, err := d.Store.Outbox(ctx, q)
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			return err
		}
		for _, m := range some {
			if (of.Sender == "" || of.Sender == m.Channel) && d.hasLetter(m) && !do(m) {
				return nil
			}
		}
		if len(some) < page {
			return nil
		}
		q.After = some[len(some)-1]
	}
}

// hasLetter tells whether a message is in sight: it belongs to the pack that sends it.
func (d *Desk) hasLetter(m store.Message) bool {
	from, _ := runner.ParseSender(m.Channel)
	return d.has(from.Pack, m.Key)
}

func (d *Desk) letter(m store.Message) Letter {
	from, _ := runner.ParseSender(m.Channel)
	l := Letter{ID: m.ID, Contact: m.Key.String(), Sender: m.Channel, Kind: letterKinds[m.Class], Code: m.Code, Tries: m.Tries,
		At: d.local(from.Pack, m.At), Zone: d.zone(from.Pack).String()}
	switch {
	case m.State == store.Dead && m.Code == boltstore.Restored:
		l.State, l.Why = "dead", "it waited when the restored backup was made; it may have gone out since"
	case m.State == store.Dead && runner.CodeHeld(m.Code):
		l.State, l.Why = "held", "a freeze of the country holds it; baraza incident unfreeze deletes or sends it"
	case m.State == store.Dead:
		l.State, l.Why = "dead", "nobody tries any more"
	case m.State == store.Failed:
		l.State, l.Why = "failed", "the provider took it and then gave up"
	case m.Code == runner.CodeParked:
		l.State, l.Why = "waiting", "for the person's next message: the channel's window is closed"
	case m.Code == runner.CodeSending:
		l.State, l.Why = "waiting", "to learn whether the provider took it"
	default:
		l.State, l.Why = "waiting", "to be tried again"
	}
	if m.State == store.Waiting {
		l.Next = d.local(from.Pack, m.Ready)
	}
	return l
}

// LetterIDs chooses dead letters: by their numbers, or with All those of a sender, or of all.
type LetterIDs struct {
	IDs    []uint64 `json:"ids,omitempty"`
	All    bool     `json:"all,omitempty"`
	Sender string   `json:"sender,omitempty"`
}

// LettersDone says how many; Gone are numbers of which there is no dead letter, or no longer.
type LettersDone struct {
	Done int      `json:"done"`
	Gone []uint64 `json:"gone,omitempty"`
}

// Retry sends dead letters once more.
func (d *Desk) Retry(ctx context.Context, in LetterIDs) (LettersDone, error) {
	return d.settle(ctx, in, d.Runner.Retry)
}

// Drop deletes dead letters.
func (d *Desk) Drop(ctx context.Context, in LetterIDs) (LettersDone, error) {
	return d.settle(ctx, in, d.Runner.Drop)
}

func (d *Desk) settle(ctx context.Context, in LetterIDs, one func(context.Context, uint64) error) (out LettersDone, err error) {
	switch {
	case in.All == (len(in.IDs) > 0):
		return out, wrong("name the numbers of dead letters, or all")
	case in.Sender != "" && !in.All:
		return out, wrong("a sender goes with all, not with numbers")
	}
	if err := d.knowsSender(in.Sender); err != nil {
		return out, err
	}
	ids := in.IDs
	action := doingOf(ctx)
	action.About = lettersText(in)
	if from, ok := runner.ParseSender(in.Sender); ok {
		action.in(d, from.Pack)
	}
	if in.All {
		for _, state := range []store.State{store.Dead, store.Failed} {
			err := d.eachLetter(ctx, LetterQuery{in.Sender}, state, func(m store.Message) bool {
				if !runner.CodeHeld(m.Code) { // those are for whoever ends the freeze
					ids = append(ids, m.ID)
				}
				return true
			})
			if err != nil {
				return out, err
			}
		}
	}
	for _, id := range ids {
		err := d.seesLetter(ctx, id)
		if err == nil {
			err = one(ctx, id)
		}
		switch {
		case errors.Is(err, store.ErrNotFound):
			out.Gone = append(out.Gone, id)
		case err != nil:
			return out, err
		default:
			out.Done++
		}
	}
	return out, nil
}

// seesLetter is store.ErrNotFound for a message that is not in sight.
func (d *Desk) seesLetter(ctx context.Context, id uint64) error {
	if !d.one {
		return nil
	}
	m, err := d.Store.Message(ctx, id)
	if err == nil && !d.hasLetter(m) {
		return store.ErrNotFound
	}
	return err
}

// lettersText says which letters are meant.
func lettersText(in LetterIDs) string {
	switch {
	case in.All && in.Sender != "":
		return "all dead letters of " + in.Sender
	case in.All:
		return "all dead letters"
	}
	return "dead letters " + strings.Trim(fmt.Sprint(in.IDs), "[]")
}

// SenderLine is a number or account by which messages go out.
type SenderLine struct {
	Sender string     `json:"sender"` // pack/channel/account
	Until  *time.Time `json:"until,omitempty"`
	Zone   string     `json:"zone"`
}

// SenderList are those that the configuration names; Until is set where one holds back.
type SenderList struct {
	Senders []SenderLine `json:"senders"`
	Serving bool         `json:"serving"` // only who serves knows which hold back
}

// SenderLines lists them.
func (d *Desk) SenderLines(context.Context, None) (SenderList, error) {
	out := SenderList{Senders: []SenderLine{}, Serving: d.Serving}
	held := d.Runner.Stopped()
	names := slices.Clone(d.Senders)
	for name := range held {
		if from, _ := runner.ParseSender(name); !slices.Contains(names, name) && d.hasPack(from.Pack) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		from, _ := runner.ParseSender(name)
		line := SenderLine{Sender: name, Zone: d.zone(from.Pack).String()}
		if until, is := held[name]; is {
			line.Until = d.local(from.Pack, until)
		}
		out.Senders = append(out.Senders, line)
	}
	return out, nil
}

// OneSender names one.
type OneSender struct {
	Sender string `json:"sender"`
}

// Resume lets a sender send again that holds back because of its token, its account or a restriction.
func (d *Desk) Resume(ctx context.Context, in OneSender) (SenderLine, error) {
	if !d.Serving {
		return SenderLine{}, conflict("nobody serves, so nothing holds back; the next start tries every sender")
	}
	if in.Sender == "" {
		return SenderLine{}, wrong("name the sender: %s", listed(d.Senders))
	}
	if err := d.knowsSender(in.Sender); err != nil {
		return SenderLine{}, err
	}
	from, _ := runner.ParseSender(in.Sender)
	action := doingOf(ctx)
	action.About = in.Sender
	action.in(d, from.Pack)
	d.Runner.Resume(from)
	return SenderLine{Sender: in.Sender, Zone: d.zone(from.Pack).String()}, nil
}

// knowsSender refuses what cannot be one: a letter may be of a sender that the configuration has no longer, so only
// its form and its pack count.
func (d *Desk) knowsSender(name string) error {
	if name == "" || slices.Contains(d.Senders, name) {
		return nil
	}
	if from, ok := runner.ParseSender(name); ok && slices.Contains(d.packs(), from.Pack) {
		return nil
	}
	return missing("there is no sender %q; the senders are %s", name, listed(d.Senders))
}
