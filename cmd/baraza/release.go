package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"baraza/dsl"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/engine/release"
	"baraza/server/config"
)

// releaseCommand is about bundles: packs as they are released.
type releaseCommand struct {
	Build  releaseBuild  `cmd:"" help:"Make the bundle of a pack; the same pack gives the same bytes."`
	Show   releaseShow   `cmd:"" help:"Check a bundle and say what is in it; or show a release that a country keeps, and when it served."`
	Keygen releaseKeygen `cmd:"" help:"Make a key to sign releases with."`
	Sign   releaseSign   `cmd:"" help:"Sign a bundle, into a file beside it."`
	Verify releaseVerify `cmd:"" help:"Say by whom a bundle is signed."`

	Plan     releasePlan     `cmd:"" help:"Say what a bundle would change in a country, and for whom, before anything changes."`
	Gates    releaseGates    `cmd:"" help:"Say what a release needs before it serves people, and what of it is met."`
	Approve  releaseApprove  `cmd:"" help:"Approve a release, so that another person can activate it."`
	Override releaseOverride `cmd:"" help:"Let a release serve without one of its gates; it takes two people and a reason."`
	Activate releaseActivate `cmd:"" help:"Have a release serve a country, or a part of those who begin."`
	Promote  releasePromote  `cmd:"" help:"Have the release that is tried serve everybody."`
	Rollback releaseRollback `cmd:"" help:"Take back what is tried, or have an earlier release serve."`
	Status   releaseStatus   `cmd:"" help:"Say which releases serve a country, and how many are on each."`
	List     releaseList     `cmd:"" help:"List the releases that a country keeps: when they came, signed by whom, and which serve."`
	Forget   releaseForget   `cmd:"" help:"Remove a release that a country keeps and that nobody needs any more."`
}

type releaseBuild struct {
	Pack string `arg:"" help:"Folder of the pack, such as flows/ec."`
	Out  string `short:"o" required:"" help:"File to write; one that is there is replaced." placeholder:"FILE"`
}

func (c *releaseBuild) Run(s streams) error {
	fsys, dir, err := packFolder(c.Pack)
	if err != nil {
		return err
	}
	r := dsl.Open(fsys, dir).Check()
	if r.Program() == nil {
		if err := diag.Render(s.err, r.Problems, r.Sources, diag.Options{Color: color(s.err), Max: diag.DefaultMax}); err != nil {
			return err
		}
		fmt.Fprintln(s.err, "Nothing was built: a pack with errors cannot be released.")
		return errFound
	}
	var m *release.Manifest
	err = wholeFile(c.Out, func(w io.Writer) error {
		m, err = release.Build(w, release.Pack{Program: r.Program(), Files: fsys, Folder: dir, Names: releasedFiles(r, fsys, dir)})
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s\n", m.Hash())
	fmt.Fprintf(s.err, "This is the release of %s (%s), with %s. Its hash stands above.\n", m.Pack, m.Title, counted(len(m.Files), "file", "files"))
	if m.Example {
		fmt.Fprintln(s.err, "The pack is marked as an example: it cannot serve people before its contacts are real ones.")
	} else if found := r.Program().Placeholders(); len(found) > 0 {
		fmt.Fprintf(s.err, "It has %s, such as %s: it cannot serve people. See: baraza check --release\n",
			counted(len(found), "placeholder", "placeholders"), found[0])
	}
	return nil
}

// releasedFiles are the names of everything that belongs to a pack, from its folder: what is compiled, media, and what
// its tests have services answer.
func releasedFiles(r *dsl.Result, fsys fs.FS, dir string) []string {
	all := map[string]bool{}
	for _, name := range r.Sources.Files() {
		all[name] = true
	}
	for name := range r.Pack.Media {
		all[name] = true
	}
	for _, test := range r.Pack.Tests {
		for _, line := range test.Line.Children {
			if given, ok := line.Head.(*ast.FetchGiven); ok && !given.Failed {
				if info, err := fs.Stat(fsys, dir+"/"+given.Path); err == nil && info.Mode().IsRegular() {
					all[given.Path] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// wholeFile writes a file beside the one that is meant, and puts it in its place when it is whole.
func wholeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".baraza-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err = errors.Join(write(f), f.Chmod(0o644), f.Sync()); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// bundleAt reads and checks the bundle in a file.
func bundleAt(name string) (*release.Bundle, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := release.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

type releaseShow struct {
	asking
	Bundle string `arg:"" help:"The bundle; or the country, where a hash is given." placeholder:"FILE|COUNTRY"`
	Hash   string `arg:"" optional:"" help:"Hash of a release that the country keeps, or its beginning." placeholder:"HASH"`
	Pack   string `help:"The pack, where several of the country come as releases." placeholder:"PACK"`
	Files  bool   `help:"List its files."`
}

func (c *releaseShow) Run(s streams) error {
	if c.Hash != "" {
		return c.kept(s)
	}
	b, err := bundleAt(c.Bundle)
	if err != nil {
		return err
	}
	m := b.Manifest
	if c.JSON {
		e := json.NewEncoder(s.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			Hash string `json:"hash"`
			*release.Manifest
		}{b.Hash, m})
	}
	table(s.out, manifestRows(b.Hash, m, len(b.Program.Flows), len(b.Program.Steps)))
	c.files(s.out, m)
	return nil
}

// manifestRows are what a release is of.
func manifestRows(hash string, m *release.Manifest, flows, steps int) [][]string {
	var total int64
	for _, f := range m.Files {
		total += f.Size
	}
	rows := [][]string{{"release", hash}, {"pack", m.Pack + ": " + m.Title}, {"version", m.Program}, {"country", m.Country}}
	for i, l := range m.Languages {
		rows = append(rows, []string{map[bool]string{true: "languages"}[i == 0], l})
	}
	rows = append(rows, []string{"flows", fmt.Sprintf("%d, with %s", flows, counted(steps, "step", "steps"))},
		[]string{"files", fmt.Sprintf("%d, with %s", len(m.Files), size(total))})
	if m.Example {
		rows = append(rows, []string{"example", "its contacts are made up; it cannot serve people"})
	}
	return rows
}

func (c *releaseShow) files(w io.Writer, m *release.Manifest) {
	if !c.Files {
		return
	}
	var rows [][]string
	for _, f := range m.Files {
		rows = append(rows, []string{f.Name, size(f.Size), f.SHA256[:12]})
	}
	fmt.Fprintln(w)
	table(w, rows)
}

type releaseKeygen struct {
	File string `arg:"" help:"New file for the key; only you can read it." placeholder:"FILE"`
}

func (c *releaseKeygen) Run(s streams) error {
	secret, public, err := release.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; name a new file", c.File)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(secret)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	fmt.Fprintln(s.out, release.PublicText(public))
	fmt.Fprintf(s.err, `
The line above is the public side of the key: give it to whoever has to know your
releases. The secret side is in %s. Whoever has that file can
release in your name, so keep it off the machine that serves.
`, c.File)
	return nil
}

type releaseSign struct {
	Bundle string `arg:"" help:"The bundle." placeholder:"FILE"`
	Key    string `required:"" help:"File with the key, as baraza release keygen makes it." placeholder:"FILE"`
	Out    string `short:"o" help:"File for the signature; the bundle's name with .sig when left out." placeholder:"FILE"`
}

func (c *releaseSign) Run(s streams) error {
	secret, err := limited(c.Key)
	if err != nil {
		return err
	}
	key, err := release.ReadKey(secret)
	if err != nil {
		return fmt.Errorf("%s: %w; baraza release keygen makes one", c.Key, err)
	}
	b, err := bundleAt(c.Bundle)
	if err != nil {
		return err
	}
	signature, err := release.Sign(b.Hash, key)
	if err != nil {
		return err
	}
	if c.Out == "" {
		c.Out = c.Bundle + ".sig"
	}
	err = wholeFile(c.Out, func(w io.Writer) error {
		_, err := w.Write(signature)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "The release %s of %s is signed in %s.\n", b.Hash[:12], b.Manifest.Pack, c.Out)
	return nil
}

// limited reads a small file.
func limited(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, release.MaxSignature+1))
}

type releaseVerify struct {
	Bundle    string   `arg:"" help:"The bundle." placeholder:"FILE"`
	Key       []string `xor:"trust" required:"" help:"A public key that is trusted, as baraza release keygen prints it; may be given several times." placeholder:"KEY"`
	Country   string   `xor:"trust" required:"" help:"Trust the keys that the configuration names for this country." placeholder:"COUNTRY"`
	Config    string   `default:"baraza.yaml" env:"BARAZA_CONFIG" help:"Configuration, ${default} unless given." placeholder:"FILE"`
	Signature string   `help:"File with the signature; the bundle's name with .sig when left out." placeholder:"FILE"`
}

func (c *releaseVerify) Run(s streams) error {
	trusted, err := c.trusted()
	if err != nil {
		return err
	}
	if c.Signature == "" {
		c.Signature = c.Bundle + ".sig"
	}
	b, err := bundleAt(c.Bundle)
	if err != nil {
		return err
	}
	signature, err := limited(c.Signature)
	if err != nil {
		return err
	}
	by, err := release.Verify(b.Hash, signature, trusted)
	if err != nil {
		fmt.Fprintf(s.err, "%s: %v.\n", c.Signature, err)
		return errFound
	}
	fmt.Fprintf(s.out, "The release %s of %s is signed by %s.\n", b.Hash, b.Manifest.Pack, release.PublicText(by))
	return nil
}

// trusted are the keys of the command line, or those of a country in the configuration.
func (c *releaseVerify) trusted() (keys []ed25519.PublicKey, err error) {
	texts := c.Key
	if c.Country != "" {
		all, err := config.Read(c.Config)
		if err != nil {
			return nil, err
		}
		country := all.Countries[c.Country]
		if country == nil {
			return nil, fmt.Errorf("%s has no country %q; it has %s", c.Config, c.Country, strings.Join(all.CountryNames(), ", "))
		}
		if texts = country.ReleaseKeys; len(texts) == 0 {
			return nil, fmt.Errorf("%s names no keys for releases of %q; write them under countries.%s.release_keys", c.Config, c.Country, c.Country)
		}
	}
	for _, text := range texts {
		key, err := release.ReadPublic(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %w; it looks like ed25519:…", text, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
