package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/runner"
	"baraza/engine/store"
)

// Person names a contact: by the key that logs and cases show, or by a name on a channel as people write it, such as
// a phone number with its country code. Pack says where to look; "" looks in every country.
type Person struct {
	Key      string `json:"key,omitempty"`
	Pack     string `json:"pack,omitempty"`
	Channel  string `json:"channel,omitempty"`
	Identity string `json:"identity,omitempty"`
}

// Found is a contact by its key, or that of nobody.
type Found struct {
	Key   string `json:"key,omitempty"`
	Pack  string `json:"pack,omitempty"`
	Known bool   `json:"known"`
	// Suppressed: somebody of this identity was erased, and nothing is sent to them first.
	Suppressed bool `json:"suppressed"`
}

// Find looks a person up by a name on a channel.
func (d *Desk) Find(ctx context.Context, in Person) (Found, error) {
	if in.Key != "" {
		return Found{}, wrong("a key is what find tells; name a channel and an identity")
	}
	_, found, err := d.person(ctx, in)
	var p *Problem
	if errors.As(err, &p) && p.Status == 404 && found.Suppressed {
		return found, nil
	}
	return found, err
}

// person is who is meant.
func (d *Desk) person(ctx context.Context, in Person) (store.Key, Found, error) {
	switch {
	case in.Key != "" && (in.Identity != "" || in.Channel != ""):
		return store.Key{}, Found{}, wrong("name a contact by its key or by a channel and an identity, not by both")
	case in.Key != "":
		key, ok := ParseKey(in.Key)
		if !ok || key == (store.Key{}) {
			return store.Key{}, Found{}, wrong("%q is no key of a contact: a key has 32 hexadecimal digits", in.Key)
		}
		if mine, err := d.hasContact(ctx, key); err != nil || !mine {
			return key, Found{}, cmp.Or(err, runner.ErrNoContact)
		}
		return key, Found{Key: key.String()}, nil
	case in.Identity == "" || in.Channel == "":
		return store.Key{}, Found{}, wrong("name a contact by its key, or by a channel and an identity")
	case len(in.Identity) > 256:
		return store.Key{}, Found{}, wrong("the identity is longer than 256 bytes")
	}
	kinds := d.kinds(in.Channel)
	if kinds == nil {
		return store.Key{}, Found{}, wrong("there is no channel %q; the channels are %s", in.Channel, listed(d.channelNames()))
	}
	packs := d.onePackACountry()
	if in.Pack != "" {
		if !slices.Contains(d.packs(), in.Pack) {
			return store.Key{}, Found{}, wrong("there is no pack %q; the packs are %s", in.Pack, listed(d.packs()))
		}
		packs = []string{in.Pack}
	}
	// A person may write to two countries; then somebody has to say which.
	var out []Found
	suppressed := false
	for _, pack := range packs {
		key, gone, err := d.Runner.FindContact(ctx, pack, in.Channel, kinds, in.Identity)
		suppressed = suppressed || gone
		if errors.Is(err, runner.ErrNoContact) {
			continue
		}
		if err != nil {
			return store.Key{}, Found{}, err
		}
		out = append(out, Found{Key: key.String(), Pack: pack, Known: true, Suppressed: gone})
	}
	switch len(out) {
	case 0:
		return store.Key{}, Found{Suppressed: suppressed}, missing("nobody with this identity is known on %s", in.Channel)
	case 1:
		key, _ := ParseKey(out[0].Key)
		return key, out[0], nil
	}
	var names []string
	for _, f := range out {
		names = append(names, f.Pack)
	}
	return store.Key{}, Found{}, conflict("this person is known in several countries; name a pack of one of them: %s", listed(names))
}

// onePackACountry: packs of a country share their contacts.
func (d *Desk) onePackACountry() (packs []string) {
	for _, name := range d.countryNames() {
		if c := d.Countries[name]; len(c.Packs) > 0 {
			packs = append(packs, c.Packs[0])
		}
	}
	return packs
}

// kinds are what identities on a channel may be, the surest first.
func (d *Desk) kinds(channel string) []string { return d.Channels[channel] }

func (d *Desk) channelNames() (names []string) {
	for name := range d.Channels {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ContactDetail is what is kept of a person, in short. Nothing in it was written by them but fields and identities.
type ContactDetail struct {
	Key        string                  `json:"key"`
	Pack       string                  `json:"pack"`
	Zone       string                  `json:"zone"`
	Since      *time.Time              `json:"since"`
	Identities []runner.CopiedIdentity `json:"identities"`
	Language   string                  `json:"language,omitempty"`
	OptedOut   bool                    `json:"opted_out"`
	Talk       string                  `json:"talk,omitempty"` // FLOW.STEP where the conversation stands
	LastWord   *time.Time              `json:"last_word,omitempty"`
	Fields     []runner.CopiedField    `json:"fields"`
	Consents   []string                `json:"consents"`
	Cases      []string                `json:"cases"` // by their words
	Records    int                     `json:"records"`
	Journal    int                     `json:"journal"`
	Messages   int                     `json:"messages"`
	Timers     int                     `json:"timers"`
	Unreadable int                     `json:"unreadable,omitempty"`
}

// Contact shows what is kept of a person.
func (d *Desk) Contact(ctx context.Context, in Person) (ContactDetail, error) {
	key, _, err := d.person(ctx, in)
	if err != nil {
		return ContactDetail{}, err
	}
	c, err := d.Runner.Export(ctx, key)
	if err != nil {
		return ContactDetail{}, err
	}
	d.log.Info("a contact was read", "contact", key)
	out := ContactDetail{Key: c.Contact, Pack: c.Pack, Zone: d.zone(c.Pack).String(), Since: d.local(c.Pack, c.Since),
		Identities: c.Identities, Language: c.Language, OptedOut: c.OptedOut, Fields: c.Fields, Records: len(c.Records),
		Journal: len(c.Journal), Messages: len(c.Messages), Timers: len(c.Timers), Unreadable: c.Unreadable, Consents: []string{}, Cases: []string{}}
	if c.Talk != nil {
		out.Talk, out.LastWord = stands(engine.Where{Flow: c.Talk.Flow, Step: c.Talk.Step, Identity: "at no step"}), d.local(c.Pack, c.Talk.LastMessage)
	}
	for _, x := range c.Consents {
		out.Consents = append(out.Consents, x.Name)
	}
	for _, x := range c.Cases {
		out.Cases = append(out.Cases, Word(key, x.Number)+" "+x.State)
	}
	return out, nil
}

// Copied is everything kept of a person, as JSON that a person can be given.
type Copied struct {
	Key  string          `json:"key"`
	Copy json.RawMessage `json:"copy"`
}

// Export copies it.
func (d *Desk) Export(ctx context.Context, in Person) (Copied, error) {
	key, _, err := d.person(ctx, in)
	if err != nil {
		return Copied{}, err
	}
	c, err := d.Runner.Export(ctx, key)
	if err != nil {
		return Copied{}, err
	}
	d.log.Info("a contact was copied", "contact", key)
	action := doingOf(ctx)
	action.About = key.String()
	action.in(d, c.Pack)
	body, err := json.Marshal(c)
	return Copied{key.String(), body}, err
}

// Erased says what an erasure deleted.
type Erased struct {
	Key string `json:"key"`
	// Known: there was something to delete. Before: the contact had been erased already.
	Known  bool `json:"known"`
	Before bool `json:"before"`
	// What was deleted, by kind.
	Identities int `json:"identities"`
	Fields     int `json:"fields"`
	Consents   int `json:"consents"`
	Cases      int `json:"cases"`
	Records    int `json:"records"`
	Journal    int `json:"journal"`
	Messages   int `json:"messages"`
	Timers     int `json:"timers"`
	// Suppressed are the identities to which nothing is sent first any more.
	Suppressed int `json:"suppressed"`
}

// Erase deletes everything kept of a person and destroys their keys; it is on the disk when it returns. What free pages
// still hold nobody can read, and Compact takes it away.
func (d *Desk) Erase(ctx context.Context, in Person) (Erased, error) {
	key, found, err := d.person(ctx, in)
	var p *Problem
	if errors.As(err, &p) && p.Status == 404 && found.Suppressed {
		return Erased{Before: true}, nil
	}
	if errors.Is(err, runner.ErrNoContact) {
		doingOf(ctx).About = key.String()
		return Erased{}, missing("there is no contact %s", key)
	}
	if err != nil {
		return Erased{}, err
	}
	out := Erased{Key: key.String()}
	action := doingOf(ctx)
	action.About = out.Key
	action.in(d, found.Pack)
	c, err := d.Runner.Export(ctx, key)
	switch {
	case errors.Is(err, runner.ErrNoContact):
	case err != nil:
		return Erased{}, err
	default:
		out.Known = true
		action.in(d, c.Pack)
		out.Identities, out.Fields, out.Consents, out.Cases = len(c.Identities), len(c.Fields), len(c.Consents), len(c.Cases)
		out.Records, out.Journal, out.Messages, out.Timers = len(c.Records), len(c.Journal), len(c.Messages), len(c.Timers)
	}
	if out.Known {
		// Half an erasure is none: it goes on when the one who asked goes away.
		if err := d.Runner.Erase(context.WithoutCancel(ctx), key, time.Time{}, d.names(ctx, key, in, found.Pack)...); err != nil {
			return Erased{}, err
		}
		d.log.Info("a contact was erased", "contact", key)
	}
	all, err := d.Store.Tombstones(ctx, time.Time{})
	if err != nil && !errors.Is(err, store.ErrDamaged) { // that of somebody else cannot be read
		return Erased{}, err
	}
	n := 0
	for _, e := range all {
		if e.Key == key {
			n++
			out.Suppressed = max(out.Suppressed, len(e.Suppress))
		}
	}
	out.Before = n > 1 || n == 1 && !out.Known
	if !out.Known && !out.Before {
		return Erased{}, missing("there is no contact %s", key)
	}
	return out, nil
}

// names are the hashes by which the person was looked up: where a contact cannot be read, it does not tell them.
func (d *Desk) names(ctx context.Context, key store.Key, in Person, pack string) (hashes []store.Hash) {
	digits := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, in.Identity)
	for _, kind := range d.kinds(in.Channel) {
		for _, value := range []string{strings.TrimSpace(in.Identity), digits} {
			h := d.Keys.Hash(pack, keys.ForIdentity, in.Channel, kind, value)
			if owner, err := d.Store.Find(ctx, h); err == nil && owner.Found && owner.Key == key && !slices.Contains(hashes, h) {
				hashes = append(hashes, h)
			}
		}
	}
	return hashes
}
