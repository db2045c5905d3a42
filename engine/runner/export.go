package runner

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/store"
)

// Copy is everything kept of a contact, for the person and for the operators who answer for it. It is the same for
// `baraza contact export` and for what a flow asks by export contact. Names that a provider gave to messages and files
// are not in it, for they say nothing and hold numbers; whoever reads it reads the person's words.
type Copy struct {
	Contact  string    `json:"contact"`
	Pack     string    `json:"pack"`
	Since    time.Time `json:"since"`
	CopiedAt time.Time `json:"copied_at"`

	Identities []CopiedIdentity `json:"identities"`
	Language   string           `json:"language,omitempty"`
	OptedOut   bool             `json:"opted_out"`
	Talk       *CopiedTalk      `json:"conversation,omitempty"` // nil where none is open
	Fields     []CopiedField    `json:"fields"`
	Answers    []CopiedField    `json:"answers"` // in conversations, those under way and those that may go on
	Consents   []CopiedItem     `json:"consents"`
	Records    []CopiedItem     `json:"records"`
	Cases      []CopiedItem     `json:"cases"`
	Held       []CopiedItem     `json:"held,omitempty"` // what the person wrote while the country is frozen
	Journal    []CopiedEntry    `json:"journal"`        // oldest first
	Messages   []CopiedMessage  `json:"messages"`
	Timers     []CopiedTimer    `json:"timers"`

	// Unreadable counts what is kept and nobody can read any more, such as what is damaged.
	Unreadable int `json:"unreadable"`
}

// CopiedIdentity is a name by which a channel knows the person.
type CopiedIdentity struct {
	Channel string `json:"channel"`
	Kind    string `json:"kind"`
	Value   string `json:"value"`
}

// CopiedTalk is the conversation as it stands.
type CopiedTalk struct {
	Flow        string    `json:"flow,omitempty"`
	Step        string    `json:"step,omitempty"`
	LastMessage time.Time `json:"last_message"`
}

// CopiedField is a field with the date at which it is deleted.
type CopiedField struct {
	Name  string     `json:"name"`
	Value any        `json:"value"`
	Kept  *time.Time `json:"kept_until,omitempty"`
}

// CopiedItem is a consent, a record or a case.
type CopiedItem struct {
	Name   string         `json:"name"` // of the consent, the record, the team
	Number uint32         `json:"number,omitempty"`
	State  string         `json:"state,omitempty"`
	Urgent bool           `json:"urgent,omitempty"`
	At     time.Time      `json:"at"`
	Kept   *time.Time     `json:"kept_until,omitempty"`
	Holds  map[string]any `json:"holds"`
}

// CopiedEntry is a line of the journal.
type CopiedEntry struct {
	At   time.Time      `json:"at"`
	What string         `json:"what"`
	Case uint32         `json:"case,omitempty"`
	Says map[string]any `json:"says,omitempty"`
	Kept *time.Time     `json:"kept_until,omitempty"`
}

// CopiedMessage is something that leaves or has left.
type CopiedMessage struct {
	At    time.Time  `json:"at"`
	State string     `json:"state"`
	Kind  string     `json:"kind,omitempty"`
	Body  any        `json:"body,omitempty"`
	Kept  *time.Time `json:"kept_until,omitempty"`
}

// CopiedTimer is something planned.
type CopiedTimer struct {
	Due  time.Time `json:"due"`
	What string    `json:"what"`
}

var (
	entryNames = map[uint8]string{MessageIn: "the person wrote", MessageOut: "written to the person", StaffWord: "staff wrote",
		CaseText: "the person wrote in a case", Edit: "the person changed a message", Reacted: "the person reacted to a message",
		Withdrawn: "the person deleted a message", AlertEntry: "a team was alerted", ReportEntry: "a note for operators",
		SetAside: "a message that could not be answered", Strange: "something of the channel that is not known",
		Account: "news of the account", OptedOut: "the person opted out", OptedIn: "the person opted in", ExportEntry: "a copy was asked for"}
	stateNames = [...]string{"waiting", "accepted", "sent", "delivered", "read", "failed", "not sent", "gone"}
	caseStates = map[store.ItemState]string{store.CaseOpen: "open", store.CaseAnswered: "answered", store.CaseDone: "done"}
	timerNames = map[uint8]string{SilenceTimer: "an answer to silence", ReminderTimer: "a reminder", FetchTimer: "a question to another system",
		NoticeTimer: "a word to a team"}
	// providersOwn are names that a provider gave.
	providersOwn = []string{"about", "media_id", "raw"}
)

// Export reads everything kept of a contact. It needs no running Runner. ErrNoContact: there is nothing.
func Export(ctx context.Context, s store.Store, k Keys, programs func(pack string) *program.Program, contact store.Key, now time.Time) (Copy, error) {
	e := exporter{ctx: ctx, s: s, k: k}
	c, err := s.Load(ctx, contact)
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return Copy{}, err
	}
	if err != nil {
		e.out.Unreadable++
	}
	e.pack = c.Pack
	e.out.Contact, e.out.Pack, e.out.Since, e.out.CopiedAt = contact.String(), c.Pack, c.Since, now.UTC()
	e.contact(c, programs)
	for _, kind := range []struct {
		what store.ItemKind
		seal keys.Kind
		into *[]CopiedItem
	}{{store.Consent, keys.Consent, &e.out.Consents}, {store.Record, keys.Record, &e.out.Records}, {store.Case, keys.Case, &e.out.Cases},
		{store.Held, heldKind, &e.out.Held}} {
		if *kind.into, err = e.items(contact, kind.what, kind.seal); err != nil {
			return Copy{}, err
		}
	}
	if err := e.journal(contact); err != nil {
		return Copy{}, err
	}
	if err := e.messages(contact); err != nil {
		return Copy{}, err
	}
	if e.nothing() {
		return Copy{}, ErrNoContact
	}
	return e.out, nil
}

// Export is Export of the runner's store, as it stands now.
func (r *Runner) Export(ctx context.Context, contact store.Key) (Copy, error) {
	return Export(ctx, r.config.Store, r.config.Keys, r.config.Program, contact, r.now())
}

type exporter struct {
	ctx  context.Context
	s    store.Store
	k    Keys
	pack string
	out  Copy
}

func (e *exporter) nothing() bool {
	o := &e.out
	return o.Pack == "" && o.Unreadable == 0 && len(o.Identities)+len(o.Fields)+len(o.Consents)+len(o.Records)+len(o.Cases)+len(o.Held)+
		len(o.Journal)+len(o.Messages)+len(o.Timers) == 0
}

// open counts what cannot be read.
func (e *exporter) open(pack string, contact store.Key, kind keys.Kind, sealed []byte) ([]byte, bool) {
	plain, err := e.k.Open(pack, contact, kind, sealed)
	if err != nil {
		e.out.Unreadable++
	}
	return plain, err == nil
}

func until(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// contact copies what is kept for every turn.
func (e *exporter) contact(c store.Contact, programs func(string) *program.Program) {
	for _, id := range c.Identities {
		plain, ok := e.open(c.Pack, c.Key, keys.Identity, id.Sealed)
		if !ok {
			continue
		}
		r := reader{b: plain}
		for _, name := range r.identities() {
			e.out.Identities = append(e.out.Identities, CopiedIdentity(name))
		}
	}
	for _, f := range c.Fields {
		plain, ok := e.open(c.Pack, c.Key, fieldKind(f.Name), f.Sealed)
		if !ok {
			continue
		}
		value, _ := engine.Values(plain).Get(f.Name)
		e.out.Fields = append(e.out.Fields, CopiedField{f.Name, plainValue(value), until(f.Kept)})
	}
	for _, t := range c.Timers {
		e.out.Timers = append(e.out.Timers, CopiedTimer{t.Due, timerNames[t.Class]})
	}
	if c.Session == nil {
		return
	}
	plain, ok := e.open(c.Pack, c.Key, keys.Session, c.Session)
	if !ok {
		return
	}
	p, err := readPerson(plain)
	if err != nil {
		e.out.Unreadable++
		return
	}
	e.talk(p, programs(c.Pack))
}

func (e *exporter) talk(p person, prog *program.Program) {
	e.out.Language, e.out.OptedOut = p.session.Contact.Language, p.session.Contact.OptedOut
	for _, f := range p.fetches {
		for _, v := range f.args {
			e.out.Answers = append(e.out.Answers, CopiedField{Name: v.Name, Value: plainValue(v.Value)})
		}
	}
	if prog == nil { // nothing else serves it; its answers are counted as what cannot be read
		e.out.Unreadable++
		return
	}
	for _, v := range p.session.Everything(prog) {
		e.out.Answers = append(e.out.Answers, CopiedField{Name: v.Name, Value: plainValue(v.Value)})
	}
	if p.session.IsOpen() {
		where := p.session.Where(prog)
		e.out.Talk = &CopiedTalk{Flow: where.Flow, Step: where.Step, LastMessage: p.last}
	}
}

func (e *exporter) items(contact store.Key, kind store.ItemKind, seal keys.Kind) ([]CopiedItem, error) {
	const page = 256
	var all []CopiedItem
	q := store.ItemQuery{Kind: kind, Of: store.All, Key: contact, Limit: page}
	for {
		list, err := e.s.Items(e.ctx, q)
		if errors.Is(err, store.ErrDamaged) {
			e.out.Unreadable++
		} else if err != nil {
			return nil, err
		}
		for _, it := range list {
			if kind == store.Held && it.Class != heldMessage {
				continue
			}
			copied := CopiedItem{Name: it.Class, Number: it.Number, Urgent: it.Urgent, At: it.At, Kept: until(it.Kept)}
			if kind == store.Case {
				copied.State = caseStates[it.State]
			}
			if plain, ok := e.open(it.Pack, contact, seal, it.Sealed); ok && json.Unmarshal(plain, &copied.Holds) != nil {
				e.out.Unreadable++
			}
			if kind == store.Held {
				delete(copied.Holds, "media") // a name that a provider gave
			}
			all = append(all, copied)
		}
		if len(list) < page {
			return all, nil
		}
		q.After = list[len(list)-1].ID
	}
}

func (e *exporter) journal(contact store.Key) error {
	const page = 256
	q := store.JournalQuery{Key: contact, Limit: page}
	for {
		list, err := e.s.Journal(e.ctx, q)
		if errors.Is(err, store.ErrDamaged) {
			e.out.Unreadable++
		} else if err != nil {
			return err
		}
		for _, x := range list {
			copied := CopiedEntry{At: x.At, What: entryNames[x.Class], Case: x.Ref, Kept: until(x.Kept)}
			if plain, ok := e.open(e.pack, contact, entryKind(x.Class), x.Sealed); ok {
				if json.Unmarshal(plain, &copied.Says) != nil {
					e.out.Unreadable++
				}
				for _, name := range providersOwn {
					delete(copied.Says, name)
				}
			}
			e.out.Journal = append(e.out.Journal, copied)
		}
		if len(list) < page {
			break
		}
		q.After = list[len(list)-1].ID
	}
	slices.Reverse(e.out.Journal)
	return nil
}

func (e *exporter) messages(contact store.Key) error {
	const page = 256
	q := store.OutboxQuery{Key: contact, Limit: page}
	for {
		list, err := e.s.Outbox(e.ctx, q)
		if errors.Is(err, store.ErrDamaged) {
			e.out.Unreadable++
		} else if err != nil {
			return err
		}
		for _, m := range list {
			copied := CopiedMessage{At: m.At, Kept: until(m.Kept), State: "state " + strconv.Itoa(int(m.State))}
			if int(m.State) < len(stateNames) {
				copied.State = stateNames[m.State]
			}
			e.body(&copied, m)
			e.out.Messages = append(e.out.Messages, copied)
		}
		if len(list) < page {
			break
		}
		q.After = list[len(list)-1]
	}
	slices.Reverse(e.out.Messages)
	return nil
}

// body is what the message says, which is gone once it was delivered.
func (e *exporter) body(into *CopiedMessage, m store.Message) {
	if m.Sealed == nil {
		return
	}
	from, _ := ParseSender(m.Channel)
	plain, ok := e.open(from.Pack, m.Key, keys.Message, m.Sealed)
	if !ok {
		return
	}
	d, err := readDelivery(plain)
	if err != nil {
		e.out.Unreadable++
		return
	}
	into.Kind, into.Body = d.part.Kind, string(d.part.Body)
	if json.Valid(d.part.Body) {
		into.Body = json.RawMessage(d.part.Body)
	}
}
