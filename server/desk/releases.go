package desk

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/engine/store"
)

// ReleasedPack is a pack that comes as releases.
type ReleasedPack struct {
	Shelf *release.Shelf
	Keys  []ed25519.PublicKey // of who may release for the country
	// Accept says why people of the pack's lines must not meet a program; nil for a good one. AcceptNew also looks at what is
	// no reason to keep a release from coming back that served already.
	Accept, AcceptNew func(*program.Program) error
	// Inspect finds out whether gates are met that depend on the sources of a release or on rounds of testing. It answers in
	// the order of the needs, and for all of them. Where it is nil none of these is met.
	Inspect func(context.Context, Inspection) ([]Finding, error)
}

// Headers of what is sent with a bundle.
const (
	SignatureHeader = "X-Baraza-Signature" // of the bundle, in base64; empty for none
	CountryHeader   = "X-Baraza-Country"
)

// octets is the type of a bundle's bytes, and of a file whose own type nobody looked at.
const octets = "application/octet-stream"

func (d *Desk) released(country, pack string) (ReleasedPack, error) {
	c, ok := d.Countries[country]
	switch {
	case !ok:
		return ReleasedPack{}, wrong("there is no country %q; the countries are %s", country, strings.Join(d.countryNames(), ", "))
	case pack == "" && len(c.Released) == 1:
		for _, only := range c.Released {
			return only, nil
		}
	case pack == "":
		return ReleasedPack{}, wrong("the country %s has %d packs that come as releases; name one with --pack", country, len(c.Released))
	}
	p, ok := c.Released[pack]
	if !ok {
		return ReleasedPack{}, wrong("the pack %q of %s does not come as releases; name it in the configuration under countries.%s.releases.packs", pack, country, country)
	}
	return p, nil
}

// incoming keeps a bundle that is being sent in a file of its own; gone removes it.
func (d *Desk) incoming(r *http.Request) (f *os.File, gone func(), err error) {
	if f, err = os.CreateTemp(d.Folder, ".bundle-"); err != nil {
		return nil, nil, err
	}
	_ = os.Remove(f.Name()) // so that nothing stays of it if the process is killed; where open files cannot go, later
	gone = func() { f.Close(); os.Remove(f.Name()) }
	if _, err = io.Copy(f, r.Body); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		gone()
		return nil, nil, err
	}
	return f, gone, nil
}

// signer tells who signed a release; "" for nobody who counts here, and why.
func signer(r *http.Request, hash string, trusted []ed25519.PublicKey) (by, why string) {
	text := r.Header.Get(SignatureHeader)
	if text == "" {
		return "", "it is not signed; sign it with: baraza release sign"
	}
	signature, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", "its signature is damaged"
	}
	key, err := release.Verify(hash, signature, trusted)
	if err != nil {
		return "", err.Error()
	}
	return release.PublicText(key), ""
}

// serveKeep keeps the bundle in the request, so that it can be activated.
func (d *Desk) serveKeep(w http.ResponseWriter, r *http.Request) error {
	f, gone, err := d.incoming(r)
	if err != nil {
		return err
	}
	defer gone()
	action := doingOf(r.Context())
	action.asked = true
	b, err := release.Read(f)
	if err != nil {
		return wrong("%v", err)
	}
	action.About = b.Hash
	country := d.countryIn(r)
	p, err := d.released(country, b.Manifest.Pack)
	if err != nil {
		return err
	}
	action.Country, action.Pack = country, b.Manifest.Pack
	by, why := signer(r, b.Hash, p.Keys)
	if why != "" {
		return wrong("release %s is refused: %s", b.Hash[:12], why)
	}
	if err := errors.Join(p.AcceptNew(b.Program), unknownGates(b.Program)); err != nil {
		return wrong("release %s is refused: %v", b.Hash[:12], err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	note := release.Note{At: d.Runner.Now(), SignedBy: by, Signature: signatureText(r)}
	if _, err := p.Shelf.KeepSigned(f, note); err != nil {
		return wrong("%v", err)
	}
	return writeJSON(w, http.StatusOK, KeptRelease{Pack: b.Manifest.Pack, Release: b.Hash, SignedBy: by})
}

// KeptRelease is a release that can be activated.
type KeptRelease struct {
	Pack     string `json:"pack"`
	Release  string `json:"release"`
	SignedBy string `json:"signed_by,omitempty"`
}

// Change changes what serves a pack.
type Change struct {
	Country string `json:"country"`
	Pack    string `json:"pack,omitempty"` // may be left out where the country has one
	// Planned is the hash that served when the change was planned; of promote, that of the candidate.
	Planned string `json:"planned"`
	Release string `json:"release,omitempty"` // or the beginning of its hash
	Percent int    `json:"percent,omitempty"`
	// Testers are keys of contacts that have it in any case.
	Testers []string `json:"testers,omitempty"`
	By      string   `json:"by"`
	Why     string   `json:"why,omitempty"`
}

// Serves is what serves a pack now.
type Serves struct {
	Country string        `json:"country"`
	Pack    string        `json:"pack"`
	State   release.State `json:"state"`
	// Conversations that are open, by the hash of the release; "" for those on one that is not kept.
	Conversations map[string]int `json:"conversations"`
	Unreadable    int            `json:"unreadable,omitempty"`
	Kept          []string       `json:"kept"` // hashes
}

// Activate has a release serve.
func (d *Desk) Activate(ctx context.Context, in Change) (Serves, error) {
	seen, err := d.inspected(ctx, in)
	if err != nil {
		return Serves{}, err
	}
	return d.change(ctx, in, func(p ReleasedPack, now release.State) (release.State, error) {
		next, err := d.named(p, in, p.AcceptNew)
		if err != nil {
			return now, err
		}
		if in.Planned == now.Serves() { // else that is said first
			k, err := p.Shelf.Release(next.Release)
			if err != nil {
				return now, err
			}
			f, err := d.fates(ctx, k.Manifest.Pack, p.Shelf, k.Program)
			if err != nil {
				return now, err
			}
			if f.Stranded > 0 {
				return now, conflict("%s", strandedText(f.Stranded))
			}
			if err := seen.lets(next.Release, now, in.By); err != nil {
				return now, err
			}
		}
		return worded(now.Activate(in.Planned, next, in.Percent, in.Testers))
	})
}

// Promote has the candidate serve all.
func (d *Desk) Promote(ctx context.Context, in Change) (Serves, error) {
	tried := in
	tried.Release = in.Planned
	seen, err := d.inspected(ctx, tried)
	if err != nil {
		return Serves{}, err
	}
	return d.change(ctx, in, func(p ReleasedPack, now release.State) (release.State, error) {
		if now.Candidate != nil && in.Planned == now.Candidate.Release { // the lines may have changed since it is tried
			if _, err := d.named(p, tried, p.AcceptNew); err != nil {
				return now, err
			}
			if err := seen.lets(in.Planned, now, in.By); err != nil {
				return now, err
			}
		}
		return worded(now.Promote(in.Planned, d.Runner.Now(), in.By, in.Why))
	})
}

// Rollback takes the candidate back, else has the release serve that served before, or the one that is named. What served
// before needs no gate: it passed them, and an emergency is no time to ask again.
func (d *Desk) Rollback(ctx context.Context, in Change) (Serves, error) {
	seen, err := d.unserved(ctx, in)
	if err != nil {
		return Serves{}, err
	}
	return d.change(ctx, in, func(p ReleasedPack, now release.State) (release.State, error) {
		if in.Release == "" && now.Candidate == nil {
			before, ok := now.Before()
			if !ok && in.Planned == now.Serves() { // else that is said first
				return now, wrong("no release is left that served everybody before this one; name the one that is meant: baraza release list, rollback --to")
			}
			in.Release = before.Release
		}
		to := release.Served{Since: d.Runner.Now(), By: in.By, Why: in.Why}
		if in.Release != "" {
			var err error
			if to, err = d.named(p, in, p.Accept); err != nil {
				return now, err
			}
			if !servedOnce(now, to.Release) { // it is new to people, whatever the command is called
				if _, err := d.named(p, in, p.AcceptNew); err != nil {
					return now, err
				}
				if err := seen.lets(to.Release, now, in.By); err != nil {
					return now, err
				}
			}
		}
		return worded(now.Rollback(in.Planned, to))
	})
}

// named finds the release of a change, and asks once more whether people may meet it.
func (d *Desk) named(p ReleasedPack, in Change, accept func(*program.Program) error) (release.Served, error) {
	k, err := p.Shelf.Find(in.Release)
	if err != nil {
		return release.Served{}, wrong("%v", err)
	}
	if err := accept(k.Program); err != nil {
		return release.Served{}, wrong("release %s is refused: %v", k.Hash[:12], err)
	}
	return release.Served{Release: k.Hash, Program: k.Program.Hash, Since: d.Runner.Now(), By: in.By, Why: in.Why}, nil
}

func (d *Desk) change(ctx context.Context, in Change, how func(ReleasedPack, release.State) (release.State, error)) (Serves, error) {
	if strings.TrimSpace(in.By) == "" {
		return Serves{}, wrong("say who changes this")
	}
	action := doingOf(ctx)
	action.Who, action.Why = in.By, in.Why
	p, err := d.released(in.Country, in.Pack)
	if err != nil {
		return Serves{}, err
	}
	action.Country, action.Pack = in.Country, p.Shelf.Pack()
	if strings.Trim(in.Release, "0123456789abcdef") == "" {
		action.About = in.Release
	}
	err = p.Shelf.Change(func(now release.State) (release.State, error) {
		next, err := how(p, now)
		action.Before, action.After, action.refused = Standing(now), Standing(next), err != nil
		return next, err
	})
	if err != nil {
		return Serves{}, err
	}
	d.log.Info("another release serves", "country", in.Country, "release", p.Shelf.State().Serves(), "by", in.By)
	return d.Releases(ctx, Change{Country: in.Country, Pack: in.Pack})
}

// worded has a change of State refused in the words of its error, as what the operator has to put right.
func worded(next release.State, err error) (release.State, error) {
	var moved *release.Moved
	switch {
	case errors.As(err, &moved), errors.Is(err, release.ErrNothingTried):
		err = conflict("%v", err)
	case err != nil:
		err = wrong("%v", err)
	}
	return next, err
}

// Releases tells what serves a pack, and who is on which release.
func (d *Desk) Releases(ctx context.Context, in Change) (Serves, error) {
	p, err := d.released(in.Country, in.Pack)
	if err != nil {
		return Serves{}, err
	}
	out := Serves{Country: in.Country, Pack: p.Shelf.Pack(), State: p.Shelf.State(), Conversations: map[string]int{}}
	if out.Kept, err = p.Shelf.Hashes(); err != nil {
		return out, err
	}
	byProgram := map[string]string{}
	for _, s := range slices.Concat(out.State.Earlier, served(out.State)) {
		byProgram[s.Program] = s.Release
	}
	out.Unreadable, err = d.Runner.Talks(ctx, out.Pack, func(_ store.Key, s engine.Session) {
		if s.IsOpen() {
			out.Conversations[byProgram[s.Release()]]++
		}
	})
	return out, err
}

func served(s release.State) (all []release.Served) {
	if s.Current != nil {
		all = append(all, *s.Current)
	}
	if s.Candidate != nil {
		all = append(all, s.Candidate.Served)
	}
	return all
}

// OnePack names a pack whose releases are asked for; "" where the country has one.
type OnePack struct {
	Country string `json:"country"`
	Pack    string `json:"pack,omitempty"`
}
