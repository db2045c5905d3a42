package runner

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/quote"
	"baraza/engine/store"
)

// Classes of journal entries. Entry gives what is in them.
const (
	MessageIn   uint8 = iota + 1 // the person wrote
	MessageOut                   // the flow or staff wrote
	StaffWord                    // staff wrote, in the case Ref
	CaseText                     // the person wrote, in the case Ref
	Edit                         // the person changed a message
	Reacted                      // an emoji
	Withdrawn                    // the person deleted a message
	AlertEntry                   // a flow alerts a team
	ReportEntry                  // something an operator should see
	SetAside                     // an event that could not be stepped
	Strange                      // something the provider sent that is not known
	Account                      // news of the account
	OptedOut
	OptedIn
	ExportEntry
)

// Entry is what a journal entry holds, as JSON.
type Entry struct {
	Text     string   `json:"text,omitempty"`
	Options  []string `json:"options,omitempty"`
	Token    string   `json:"token,omitempty"`
	Media    string   `json:"media,omitempty"`
	MediaID  string   `json:"media_id,omitempty"`
	Lat, Lon *float64 `json:",omitempty"`
	Template string   `json:"template,omitempty"`
	Code     string   `json:"code,omitempty"`
	Subject  string   `json:"subject,omitempty"` // of news of an account
	About    string   `json:"about,omitempty"`   // provider's id of the message it is about
	Raw      []byte   `json:"raw,omitempty"`
	Kind     string   `json:"kind,omitempty"` // of a set-aside event
}

// appendJSON appends what json.Marshal gives. What few entries have is left to it.
func (e *Entry) appendJSON(b []byte) ([]byte, error) {
	if e.Lat != nil || e.Lon != nil || len(e.Raw) > 0 {
		all, err := json.Marshal(e)
		return append(b, all...), err
	}
	b = append(b, '{')
	empty := len(b)
	name := func(name string) {
		if len(b) > empty {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), '"', ':')
	}
	text := func(called, s string) {
		if s != "" {
			name(called)
			b = quote.Append(b, s)
		}
	}
	text("text", e.Text)
	if len(e.Options) > 0 {
		name("options")
		for i, o := range e.Options {
			b = quote.Append(append(b, "[,"[min(i, 1)]), o)
		}
		b = append(b, ']')
	}
	text("token", e.Token)
	text("media", e.Media)
	text("media_id", e.MediaID)
	text("template", e.Template)
	text("code", e.Code)
	text("subject", e.Subject)
	text("about", e.About)
	text("kind", e.Kind)
	return append(b, '}'), nil
}

// OpenEntry reads an entry.
func OpenEntry(k Keys, pack string, e store.Entry, into any) error {
	plain, err := k.Open(pack, e.Key, entryKind(e.Class), e.Sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

// Attention is the classes of entries that are for operators, for store.JournalQuery.Classes.
const Attention uint32 = 1<<AlertEntry | 1<<ReportEntry | 1<<SetAside | 1<<Strange | 1<<Account

// Noted is an entry for operators, with what it says.
type Noted struct {
	store.Entry
	Class string // in words
	Says  Entry  // empty where nobody can read it any more
}

// Notes lists entries for operators across contacts, newest first: of the classes, those of Attention where it is 0,
// behind the entry before (0 for the newest), not older than since, at most limit. It opens what it can: who shows
// them says who may see what a person wrote, which set-aside events hold where messages may be kept.
func Notes(ctx context.Context, s store.Store, k Keys, pack string, classes uint32, before uint64, since time.Time, limit int) ([]Noted, error) {
	if classes == 0 {
		classes = Attention
	}
	list, err := s.Journal(ctx, store.JournalQuery{Of: store.All, Newest: true, Classes: classes, After: before, Since: since, Limit: limit})
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return nil, err
	}
	notes := make([]Noted, 0, len(list))
	for _, e := range list {
		n := Noted{Entry: e, Class: entryNames[e.Class]}
		if err := OpenEntry(k, pack, e, &n.Says); err != nil {
			n.Says = Entry{}
		}
		notes = append(notes, n)
	}
	return notes, nil
}

// keep writes a journal entry.
func (d *draft) keep(class uint8, ref uint32, e *Entry) error {
	plain, err := e.appendJSON(d.plain())
	if err != nil {
		return err
	}
	sealed, err := d.sealPlain(entryKind(class), plain)
	if err != nil {
		return err
	}
	d.keepSealed(class, ref, sealed)
	return nil
}

// keepWords is keep of what is no Entry.
func (d *draft) keepWords(class uint8, words map[string]any) error {
	sealed, err := d.sealed(entryKind(class), words)
	if err != nil {
		return err
	}
	d.keepSealed(class, 0, sealed)
	return nil
}

func (d *draft) keepSealed(class uint8, ref uint32, sealed []byte) {
	d.turn.Journal = append(d.turn.Journal, store.Entry{Class: class, Ref: ref, At: d.now,
		Kept: d.now.Add(d.r.timing.MessageKept), Sealed: sealed})
}

// note is keep for what must go on when it cannot be written.
func (d *draft) note(class uint8, e Entry) {
	if err := d.keep(class, 0, &e); err != nil {
		d.r.log.Error("a journal entry could not be written", "contact", d.t.key, "error", err)
	}
}

// report tells operators; neither code nor text is content.
func (d *draft) report(code, text string) {
	d.r.log.Info("report", "contact", d.t.key, "pack", d.pack, "code", code)
	d.note(ReportEntry, Entry{Code: code, Text: text})
}

// alert tells operators once the turn is kept.
func (d *draft) alert(a Alert) {
	r := d.r
	a.Pack, a.At = d.pack, d.now
	if a.Contact == (store.Key{}) && d.t.key != OperatorKey(r.config.Keys, d.pack) {
		a.Contact = d.t.key
	}
	d.after = append(d.after, func(store.Result) { r.alert(a) })
}

// alert does not wait for who is told.
func (r *Runner) alert(a Alert) {
	r.Figures.Alerts.Add(1)
	if r.config.Alert != nil {
		r.outside.start(func(ctx context.Context) {
			defer func() {
				if recover() != nil {
					r.Figures.Panics.Add(1)
				}
			}()
			r.config.Alert(ctx, a)
		})
	}
}

// heard keeps what the person or staff said, where it may be kept.
func (d *draft) heard(ev engine.Event) error {
	class, ref := MessageIn, uint32(0)
	switch {
	case ev.Kind == engine.StaffReply:
		class, ref = StaffWord, ev.Case
	case ev.Kind != engine.Message || d.private:
		return nil
	}
	e := Entry{Text: ev.Text, Token: ev.Token, Media: ev.Media.Kind, MediaID: ev.Media.ID, Template: ev.Template}
	if ev.Location != nil {
		e.Lat, e.Lon = &ev.Location.Lat, &ev.Location.Lon
	}
	return d.keep(class, ref, &e)
}

// said keeps what was sent, where it may be kept.
func (d *draft) said(o *engine.Outgoing) error {
	if d.private {
		return nil
	}
	e := Entry{Text: o.Text, Media: o.Media.Kind, MediaID: o.Media.ID, Template: o.Template}
	if len(o.Options) > 0 {
		e.Options = make([]string, 0, len(o.Options))
	}
	for i := range o.Options {
		e.Options = append(e.Options, o.Options[i].Label)
	}
	return d.keep(MessageOut, 0, &e)
}

// setAside is an event as an operator finds it; its words only where they may be kept.
func (d *draft) setAside() Entry {
	j := d.j
	e := Entry{Kind: [...]string{"", "message", "staff", "fetched", "timer", "held", "inside"}[j.origin]}
	if d.p != nil && !d.t.fresh && d.noticed(d.t.person.session) && !d.sensitive(d.t.person.session) {
		e.Text, e.Token, e.Media, e.MediaID = j.event.Text, j.event.Token, j.event.Media.Kind, j.event.Media.ID
	}
	return e
}

// frames are the functions of a stack without their arguments, which may point at content.
func frames(stack []byte) []byte {
	var b strings.Builder
	for line := range strings.Lines(string(stack)) {
		if strings.HasPrefix(line, "\t") {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " ")
			b.WriteString(line)
			b.WriteByte('\n')
		}
		if b.Len() > 2000 {
			break
		}
	}
	return []byte(b.String())
}
