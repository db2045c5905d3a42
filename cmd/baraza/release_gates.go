package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"baraza/dsl"
	"baraza/engine/program"
	"baraza/server/desk"
	"baraza/simulator/rounds"
	"baraza/simulator/script"
)

// inspector finds out about releases for the server, which knows neither the language nor the simulator. What the tests of
// a release say is found out once: a release never changes.
type inspector struct {
	mu     sync.Mutex // one release at a time: tests take all of a processor
	tested map[string]*tested
	most   time.Duration // for the tests of one release
}

// tested is what the tests of a release say.
type tested struct {
	broken string // why they cannot be run; "" where they can
	passed int
	failed []string // titles
	parts  []script.Part
}

// Bounds of the tests of a release, and of how many releases are remembered.
const (
	testsMost  = time.Minute
	testedMost = 100
)

func newInspector() *inspector { return &inspector{tested: map[string]*tested{}, most: testsMost} }

// inspect answers for each gate that is asked about.
func (i *inspector) inspect(ctx context.Context, in desk.Inspection) ([]desk.Finding, error) {
	out := make([]desk.Finding, len(in.Needs))
	for at, n := range in.Needs {
		switch n.Gate {
		case program.TestsPass, program.CoverageOf:
			t, err := i.tests(ctx, in)
			if err != nil {
				return nil, err
			}
			out[at] = t.finds(n)
		case program.PeopleTested:
			var err error
			if out[at], err = peopleTested(ctx, in); err != nil {
				return nil, err
			}
		default:
			out[at].Says = "this baraza cannot check it; update it"
		}
	}
	return out, nil
}

// tests runs those of a release, each on what was compiled with it. Each is bounded by the engine; all of them together by
// time, for a release may have very many.
func (i *inspector) tests(ctx context.Context, in desk.Inspection) (*tested, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if t := i.tested[in.Hash]; t != nil {
		return t, nil
	}
	own, err := fs.Sub(in.Sources, in.Manifest.Folder)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, i.most)
	defer cancel()
	t := &tested{}
	checked := dsl.Open(in.Sources, in.Manifest.Folder).Check()
	if checked.Program() == nil {
		t.broken = "its sources do not compile with the baraza that serves; build the release anew with this version"
	} else {
		cover := script.NewCoverage(in.Program)
		for _, test := range checked.Pack.Tests {
			if limited.Err() != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return &tested{broken: fmt.Sprintf("its tests take longer than %s on this machine; take out those that test the same", i.most)}, nil
			}
			if script.Run(checked.Pack, in.Program, own, test, cover).Passed {
				t.passed++
			} else {
				t.failed = append(t.failed, test.Title)
			}
		}
		t.parts = cover.Parts()
	}
	if len(i.tested) >= testedMost {
		clear(i.tested)
	}
	i.tested[in.Hash] = t
	return t, nil
}

// finds says whether a gate about tests is met.
func (t *tested) finds(n program.Need) desk.Finding {
	switch {
	case t.broken != "":
		return desk.Finding{Says: t.broken}
	case t.passed+len(t.failed) == 0:
		return desk.Finding{Says: "the pack has no test; write some, see: docs/guide/checking-and-testing.md"}
	case n.Gate == program.TestsPass && len(t.failed) > 0:
		return desk.Finding{Says: fmt.Sprintf("%s did not pass: %s; baraza test shows where", counted(len(t.failed), "test", "tests"), few(t.failed))}
	case n.Gate == program.TestsPass:
		return desk.Finding{Met: true, Says: counted(t.passed, "test passes", "tests pass")}
	}
	met, words := true, make([]string, len(t.parts))
	for i, p := range t.parts {
		seen := p.Total - len(p.Unseen)
		met = met && 100*seen >= n.AtLeast*p.Total
		words[i] = fmt.Sprintf("%d of %d %s", seen, p.Total, p.Name)
	}
	says := "the tests visit " + strings.Join(words, ", ")
	if !met {
		says += fmt.Sprintf(", and %d in a hundred of each are needed; baraza test --coverage names the others", n.AtLeast)
	}
	return desk.Finding{Met: met, Says: says}
}

// few names the first of many.
func few(all []string) string {
	const most = 5
	short := make([]string, 0, most)
	for _, text := range all[:min(len(all), most)] {
		short = append(short, oneLine(text))
	}
	if len(all) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(short, ", "), len(all)-most)
	}
	return strings.Join(short, ", ")
}

// peopleTested looks at the rounds of testing of a pack.
func peopleTested(ctx context.Context, in desk.Inspection) (found desk.Finding, err error) {
	no := func(format string, args ...any) (desk.Finding, error) {
		return desk.Finding{Says: fmt.Sprintf(format, args...)}, nil
	}
	// The file was copied there by hand. bbolt trusts what it reads, and one that was cut short is a fault of memory, which
	// would end the process for everybody it serves.
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if reason := recover(); reason != nil {
			found, err = no("the rounds of testing cannot be read: their file is damaged (%v); copy the folder of the demo once more, when the demo has ended", reason)
		}
	}()
	if in.Rounds == "" {
		return no("nobody can tell: the configuration does not say where the rounds of testing lie; write it under countries, releases, rounds")
	}
	if _, err := os.Stat(filepath.Join(in.Rounds, rounds.DataFile)); errors.Is(err, fs.ErrNotExist) {
		return no("no rounds of testing lie in %s; copy there what baraza demo keeps in the folder of --data", in.Rounds)
	}
	f, err := rounds.Open(in.Rounds, rounds.Options{})
	if err != nil {
		return no("the rounds of testing cannot be read: %v; end the process that has them open, or copy its folder when it has ended", err)
	}
	defer func() { _ = f.Close() }()
	e, err := f.Evidence(ctx, in.Program, in.Manifest.Folder, in.Manifest.Pack)
	if ctx.Err() != nil {
		return desk.Finding{}, ctx.Err()
	}
	switch {
	case err != nil:
		return no("the rounds of testing cannot be read: %v", err)
	case e.Sessions == 0:
		return no("nobody has tried the pack in a session that was recorded; begin a round with: baraza round create")
	case len(e.Untried) > 0:
		return no("of %s nobody went through %s as now written; let people try what changed: baraza round create",
			counted(e.Sensitive, "sensitive step", "sensitive steps"), few(e.Untried))
	case len(e.Harmful) > 0:
		return no("%s that a message could hurt someone: %s; change the message, or say why it stays as it is: baraza round settle SESSION REMARK",
			counted(len(e.Harmful), "remark is open", "remarks are open"), harmful(e.Harmful))
	}
	return desk.Finding{Met: true, Says: fmt.Sprintf("%s, the last on %s; each of %s was gone through as it is now, and no remark is open that a message could hurt someone",
		counted(e.Sessions, "recorded session", "recorded sessions"), e.Last.UTC().Format(time.DateOnly), counted(e.Sensitive, "sensitive step", "sensitive steps"))}, nil
}

// harmful names remarks by what round settle takes; what they say is for: baraza round transcript.
func harmful(all []rounds.FindingRemark) string {
	var names []string
	for _, r := range all {
		names = append(names, fmt.Sprintf("session %s remark %s in %s", r.Session, r.ID, rounds.Place(r.Flow, r.Step)))
	}
	return few(names)
}

// needsWords lists gates for people.
func needsWords(w io.Writer, gates []desk.Gate) {
	for i := range gates {
		g := &gates[i]
		mark := "not met"
		switch {
		case g.Met:
			mark = "met"
		case len(g.OverriddenBy) > 0:
			mark = "overridden"
		}
		fmt.Fprintf(w, "  %s: %s\n", shown(g.Line), mark)
		indented(w, "    ", g.Says)
		if len(g.OverriddenBy) > 0 {
			indented(w, "    ", fmt.Sprintf("overridden by %s (%s)", strings.Join(g.OverriddenBy, " and "), strings.Join(g.Why, "; ")))
		}
		if g.AskedBy != "" {
			indented(w, "    ", fmt.Sprintf("%s asks to override it (%s); a second person confirms it with the same command", g.AskedBy, strings.Join(g.Why, "; ")))
		}
	}
}

// closedGates are those that hold a release back, but for an approval that is still to be given where it is not asked for.
func closedGates(gates []desk.Gate) (names []string, approval bool) {
	for i := range gates {
		switch {
		case !gates[i].Closed():
		case gates[i].Gate == program.ApprovalGiven:
			approval = true
		default:
			names = append(names, gates[i].Line)
		}
	}
	return names, approval
}

type releaseGates struct {
	asking
	Country string `arg:"" help:"The country, as the configuration names it." placeholder:"COUNTRY"`
	Release string `arg:"" optional:"" help:"The hash of a release that is kept, or its beginning; what is tried, or else what serves, when left out." placeholder:"HASH"`
	Pack    string `help:"The pack, where several of the country come as releases." placeholder:"PACK"`
}

func (c *releaseGates) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		g, err := d.Gates(ctx, desk.OneRelease{Country: c.Country, Pack: c.Pack, Release: c.Release})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, g, func(w io.Writer) { gatedWords(w, g) })
	})
}

func gatedWords(w io.Writer, g desk.Gated) {
	if len(g.Gates) == 0 {
		fmt.Fprintf(w, "Release %s of %s: its pack does not say that a release needs anything.\n", shortHash(g.Release), g.Pack)
		return
	}
	fmt.Fprintf(w, "Release %s of %s needs\n", shortHash(g.Release), g.Pack)
	needsWords(w, g.Gates)
}

// saying is a word of an operator about one release.
type saying struct {
	changing
	Release   string `arg:"" help:"The bundle, or the hash of a release that is kept, or its beginning." placeholder:"FILE|HASH"`
	Signature string `help:"File with the signature; the bundle's name with .sig when left out." placeholder:"FILE"`
}

// say keeps the bundle first where one is named, so that it can be spoken of.
func (c *saying) say(s streams, do func(context.Context, *desk.Client, desk.Change) (desk.Gated, error)) error {
	change := c.change("")
	change.Release = c.Release
	answer := func(ctx context.Context, d *desk.Client) error {
		g, err := do(ctx, d, change)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, g, func(w io.Writer) { gatedWords(w, g) })
	}
	return c.withRelease(s, c.Release, c.Signature, &change, answer)
}

// isBundle tells a file from the hash of a release.
func isBundle(name string) (bool, error) {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return true, nil
	}
	if strings.Trim(name, "0123456789abcdef") != "" {
		return false, fmt.Errorf("there is no file %q, and it is no hash of a release", name)
	}
	return false, nil
}

type releaseApprove struct{ saying }

func (c *releaseApprove) Run(s streams) error {
	return c.say(s, func(ctx context.Context, d *desk.Client, in desk.Change) (desk.Gated, error) {
		return d.Approve(ctx, desk.Approval{Country: in.Country, Pack: in.Pack, Release: in.Release, By: in.By, Why: in.Why})
	})
}

type releaseOverride struct {
	saying
	Gate string `required:"" help:"The gate, as the pack names it, such as \"people tested\"." placeholder:"GATE"`
}

func (c *releaseOverride) Run(s streams) error {
	return c.say(s, func(ctx context.Context, d *desk.Client, in desk.Change) (desk.Gated, error) {
		return d.Override(ctx, desk.Override{Country: in.Country, Pack: in.Pack, Release: in.Release, Gate: c.Gate, By: in.By, Why: in.Why})
	})
}
