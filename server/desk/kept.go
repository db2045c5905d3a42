package desk

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"baraza/engine"
	"baraza/engine/release"
	"baraza/engine/store"
	"baraza/server/audit"
)

// signatureText is the signature that came with a bundle, as its file has it.
func signatureText(r *http.Request) string {
	text, _ := base64.StdEncoding.DecodeString(r.Header.Get(SignatureHeader)) // signer has read it
	return string(text)
}

// Standings of a release.
const (
	IsServing    = "serves"
	IsTried      = "is tried"
	ServedBefore = "served before"
	NeverServed  = "never served"
)

// ReleaseLine is one release that is kept.
type ReleaseLine struct {
	Release  string    `json:"release"`
	Kept     time.Time `json:"kept"`
	SignedBy string    `json:"signed_by,omitempty"` // "" where it was not written down
	Standing string    `json:"standing"`            // serves, is tried, served before, never served
	Percent  int       `json:"percent,omitempty"`   // of what is tried
	Since    time.Time `json:"since,omitzero"`
	Left     time.Time `json:"left,omitzero"`
	By       string    `json:"by,omitempty"` // who had it serve
	// Conversations that are open on it. Two releases of one content share them.
	Conversations int    `json:"conversations"`
	Damaged       string `json:"damaged,omitempty"`

	program string
}

// ReleaseList are all releases of a pack that are kept: what serves, what is tried, what served before, and the others, the
// latest first.
type ReleaseList struct {
	Country  string        `json:"country"`
	Pack     string        `json:"pack"`
	Releases []ReleaseLine `json:"releases"`
	// NotKept are conversations on a release that is not kept any more.
	NotKept    int `json:"not_kept,omitempty"`
	Unreadable int `json:"unreadable,omitempty"`
}

// ReleaseList lists the releases of a pack that are kept.
func (d *Desk) ReleaseList(ctx context.Context, in OneRelease) (ReleaseList, error) {
	p, err := d.released(in.Country, in.Pack)
	if err != nil {
		return ReleaseList{}, err
	}
	out := ReleaseList{Country: in.Country, Pack: p.Shelf.Pack(), Releases: []ReleaseLine{}}
	hashes, err := p.Shelf.Hashes()
	if err != nil {
		return out, err
	}
	state, count := p.Shelf.State(), map[string]int{}
	out.Unreadable, err = d.Runner.Talks(ctx, out.Pack, func(_ store.Key, s engine.Session) {
		if s.IsOpen() {
			count[s.Release()]++
		}
	})
	if err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, hash := range hashes {
		line := d.releaseLine(p.Shelf, state, hash)
		line.Conversations = count[line.program]
		seen[line.program] = true
		out.Releases = append(out.Releases, line)
	}
	for program, n := range count {
		if !seen[program] {
			out.NotKept += n
		}
	}
	order := []string{IsServing, IsTried, ServedBefore, NeverServed}
	slices.SortFunc(out.Releases, func(a, b ReleaseLine) int {
		return cmp.Or(slices.Index(order, a.Standing)-slices.Index(order, b.Standing), b.Left.Compare(a.Left), b.Kept.Compare(a.Kept), cmp.Compare(a.Release, b.Release))
	})
	return out, nil
}

// releaseLine is what a release is by what was noted and by what serves.
func (d *Desk) releaseLine(shelf *release.Shelf, state release.State, hash string) ReleaseLine {
	line := ReleaseLine{Release: hash, Standing: NeverServed}
	note, err := shelf.Note(hash)
	if err != nil {
		line.Damaged = err.Error()
	}
	line.Kept, line.SignedBy = note.At, note.SignedBy
	if m, err := shelf.Manifest(hash); err != nil {
		line.Damaged = err.Error()
	} else {
		line.program = m.Program
	}
	stands := func(s release.Served, how string) {
		line.Standing, line.Since, line.Left, line.By, line.program = how, s.Since, s.Left, s.By, s.Program
	}
	for _, e := range state.Earlier {
		if e.Release == hash {
			stands(e, ServedBefore)
		}
	}
	if c := state.Candidate; c != nil && c.Release == hash {
		stands(c.Served, IsTried)
		line.Percent = c.Percent
	}
	if c := state.Current; c != nil && c.Release == hash {
		stands(*c, IsServing)
	}
	return line
}

// ReleaseDetail is everything about one release that is kept.
type ReleaseDetail struct {
	Country string `json:"country"`
	ReleaseLine
	Manifest *release.Manifest `json:"manifest"`
	Bytes    int64             `json:"bytes"`
	Flows    []string          `json:"flows"`
	Steps    int               `json:"steps"`
	Tables   []TableSize       `json:"tables"`
	History  []ReleaseEvent    `json:"history"`
}

// TableSize is how many rows a table has.
type TableSize struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
}

// ReleaseEvent is something that was done with a release, by the log of who did what.
type ReleaseEvent struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Who  string    `json:"who"`
	Why  string    `json:"why,omitempty"`
	// Served tells what it did after that: serves, is tried; "" where neither.
	Served string `json:"served,omitempty"`
}

// ReleaseShow shows one release that is kept.
func (d *Desk) ReleaseShow(ctx context.Context, in OneRelease) (ReleaseDetail, error) {
	all, err := d.ReleaseList(ctx, in)
	if err != nil {
		return ReleaseDetail{}, err
	}
	p, err := d.released(in.Country, in.Pack)
	if err != nil {
		return ReleaseDetail{}, err
	}
	k, err := keptIn(p, in.Release)
	if err != nil {
		return ReleaseDetail{}, err
	}
	out := ReleaseDetail{Country: in.Country, Manifest: k.Manifest, Flows: []string{}, Steps: len(k.Program.Steps), Tables: []TableSize{}, History: []ReleaseEvent{}}
	for _, line := range all.Releases {
		if line.Release == k.Hash {
			out.ReleaseLine = line
		}
	}
	for _, f := range k.Manifest.Files {
		out.Bytes += f.Size
	}
	for _, f := range k.Program.Flows {
		out.Flows = append(out.Flows, f.Name)
	}
	for _, t := range k.Program.Tables {
		out.Tables = append(out.Tables, TableSize{t.Name, len(t.Rows)})
	}
	if d.Audit == nil {
		return out, nil
	}
	return out, d.Audit.Each(func(r audit.Record) {
		if r.Pack != all.Pack || r.Outcome != audit.Done {
			return
		}
		if was, is := servedBy(r.Before, k.Hash), servedBy(r.After, k.Hash); was != is || r.About == k.Hash {
			out.History = append(out.History, ReleaseEvent{r.At, r.What, r.Who, r.Why, is})
		}
	})
}

// servedBy reads what standing wrote, for one release.
func servedBy(text, hash string) string {
	current, tried, _ := strings.Cut(text, " trying ")
	switch {
	case current == hash:
		return IsServing
	case strings.HasPrefix(tried, hash):
		return IsTried
	}
	return ""
}

// Forget removes a release that is kept and that nobody needs any more.
func (d *Desk) Forget(ctx context.Context, in Change) (ReleaseList, error) {
	if strings.TrimSpace(in.By) == "" {
		return ReleaseList{}, wrong("say who changes this")
	}
	action := doingOf(ctx)
	action.Who, action.Why = in.By, in.Why
	p, err := d.released(in.Country, in.Pack)
	if err != nil {
		return ReleaseList{}, err
	}
	action.Country, action.Pack = in.Country, p.Shelf.Pack()
	hash, err := p.Shelf.Whole(in.Release)
	if err != nil {
		return ReleaseList{}, wrong("%v", err)
	}
	action.About = hash
	if !d.copying.TryLock() {
		return ReleaseList{}, conflict("a backup is being made, and somebody in it may be on the release; forget it afterwards")
	}
	defer d.copying.Unlock()
	err = p.Shelf.Forget(hash, d.Runner.Now(), func(program string) error {
		open := 0
		_, err := d.Runner.Talks(ctx, p.Shelf.Pack(), func(_ store.Key, s engine.Session) {
			if program != "" && s.IsOpen() && s.Release() == program {
				open++
			}
		})
		if err == nil && open > 0 {
			err = conflict("release %s has %s on it; people go over with their next message", hash[:12], conversations(open))
		}
		action.refused = err != nil
		return err
	})
	var needed *release.Needed
	if errors.As(err, &needed) {
		return ReleaseList{}, conflict("%v", needed)
	}
	if err != nil {
		return ReleaseList{}, err
	}
	d.log.Info("a release is not kept any more", "country", in.Country, "release", hash, "by", in.By)
	return d.ReleaseList(ctx, OneRelease{Country: in.Country, Pack: in.Pack})
}
