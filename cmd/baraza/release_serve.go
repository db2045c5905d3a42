package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"baraza/engine/release"
	"baraza/server/desk"
)

type releasePlan struct {
	asking
	Country   string `arg:"" help:"The country, as the configuration names it." placeholder:"COUNTRY"`
	Bundle    string `arg:"" help:"The bundle." placeholder:"FILE"`
	Signature string `help:"File with the signature; the bundle's name with .sig when left out." placeholder:"FILE"`
	Markdown  bool   `help:"Print Markdown, for a pull request."`
}

func (c *releasePlan) Run(s streams) error {
	signature, err := signatureOf(c.Bundle, c.Signature)
	if err != nil {
		return err
	}
	var plan desk.Plan
	err = c.withBundle(s, c.Bundle, func(ctx context.Context, d *desk.Client, bundle io.Reader) error {
		plan, err = d.Plan(ctx, c.Country, bundle, signature)
		return err
	})
	if err != nil {
		return err
	}
	configuration, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	tests, err := behaviourOf(configuration, c.Bundle, plan.Serves)
	if err != nil {
		return err
	}
	all := struct {
		desk.Plan
		Tests behaviour `json:"tests"`
	}{plan, tests}
	err = printed(s, c.JSON, all, func(w io.Writer) {
		if c.Markdown {
			planMarkdown(w, plan, &tests)
		} else {
			planWords(w, plan, c.Bundle, &tests)
		}
	})
	if closed, _ := closedGates(plan.Gates); err == nil && (len(plan.Refused) > 0 || len(tests.Failed) > 0 || len(closed) > 0) {
		return errFound
	}
	return err
}

// withBundle asks with a file at hand.
func (c *configured) withBundle(s streams, name string, do func(context.Context, *desk.Client, io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.ask(s, func(ctx context.Context, d *desk.Client) error { return do(ctx, d, f) })
}

// signatureOf reads the signature of a bundle; none where no file was named and none lies beside it.
func signatureOf(bundle, name string) ([]byte, error) {
	if name != "" {
		return limited(name)
	}
	b, err := limited(bundle + ".sig")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

func planWords(w io.Writer, p desk.Plan, bundle string, tests *behaviour) {
	fmt.Fprintf(w, "Release %s of %s in %s, planned against %s.\n", shortHash(p.Release), p.Pack, p.Country, shortHash(p.Serves))
	if p.SignedBy != "" {
		fmt.Fprintf(w, "Signed by %s.\n", p.SignedBy)
	}
	fmt.Fprintf(w, "\nWhat changes\n")
	if len(p.Changes) == 0 {
		fmt.Fprintln(w, "  nothing that people meet, or it is the first release")
	}
	for _, c := range p.Changes {
		fmt.Fprintf(w, "  %s\n", changeTitle(c))
		if c.Old != "" && c.Old != c.New {
			indented(w, "    was: ", oneLine(c.Old))
		}
		if c.New != "" && c.New != c.Where {
			indented(w, "    now: ", oneLine(c.New))
		}
	}
	tests.words(w)
	fmt.Fprintf(w, "\nWho is in the middle of a conversation\n")
	if p.Open == 0 {
		fmt.Fprintln(w, "  nobody")
	} else {
		rows := [][]string{{"  FATE", "CONVERSATIONS", "STEP", "LANGUAGE"}}
		for _, l := range p.Lines {
			rows = append(rows, []string{"  " + l.Fate, fmt.Sprint(l.Count), l.Step, cmp.Or(l.Language, "–")})
		}
		table(w, rows)
		fmt.Fprintf(w, "  %s: %d continue, %d move, %d stay on their release for now, %d restart, %d stranded.\n",
			counted(p.Open, "conversation", "conversations"), p.Continue, p.Led, p.Stay, p.Restart, p.Stranded)
	}
	if p.Unreadable > 0 {
		fmt.Fprintf(w, "  %d cannot be read; see: baraza store check\n", p.Unreadable)
	}
	if len(p.Gates) > 0 {
		fmt.Fprintf(w, "\nWhat it needs\n")
		needsWords(w, p.Gates)
	}
	if len(p.Refused) > 0 {
		fmt.Fprintf(w, "\nIt cannot be activated\n")
		for _, why := range p.Refused {
			indented(w, "  ", why)
		}
		return
	}
	if len(tests.Failed) > 0 {
		fmt.Fprintf(w, "\nMend its tests before you activate it, or the pack: one of them is wrong.\n")
		return
	}
	switch closed, approval := closedGates(p.Gates); {
	case len(closed) > 0:
		fmt.Fprintf(w, "\nIt cannot be activated before it has what it needs: %s.\n", strings.Join(closed, ", "))
		return
	case approval:
		fmt.Fprintf(w, "\nTo have it approved, by another person than the one who activates it:\n  baraza release approve %s %s --by NAME\n", p.Country, bundle)
	}
	fmt.Fprintf(w, "\nTo activate it:\n  baraza release activate %s %s --planned %s\n", p.Country, bundle, plannedWord(p.Serves))
}

func planMarkdown(w io.Writer, p desk.Plan, tests *behaviour) {
	fmt.Fprintf(w, "## Release `%s` of %s in %s\n\nPlanned against `%s`.\n", shortHash(p.Release), p.Pack, p.Country, shortHash(p.Serves))
	if len(p.Refused) > 0 {
		fmt.Fprintf(w, "\n**It cannot be activated:**\n\n")
		for _, why := range p.Refused {
			fmt.Fprintf(w, "- %s\n", escaped(why))
		}
	}
	if len(p.Gates) > 0 {
		fmt.Fprintf(w, "\n### What it needs\n\n| | Met | |\n|---|---|---|\n")
		for i := range p.Gates {
			g := &p.Gates[i]
			fmt.Fprintf(w, "| %s | %s | %s |\n", escaped(g.Line), map[bool]string{true: "no", false: "yes"}[g.Closed()], escaped(oneLine(g.Says)))
		}
	}
	fmt.Fprintf(w, "\n### What changes\n\n")
	if len(p.Changes) == 0 {
		fmt.Fprintln(w, "Nothing that people meet, or it is the first release.")
	} else {
		fmt.Fprintf(w, "| | Was | Now |\n|---|---|---|\n")
		for _, c := range p.Changes {
			fmt.Fprintf(w, "| %s | %s | %s |\n", escaped(changeTitle(c)), escaped(oneLine(c.Old)), escaped(oneLine(c.New)))
		}
	}
	fmt.Fprintf(w, "\n### Its tests\n\n```text")
	tests.words(w)
	fmt.Fprintf(w, "```\n\n### Who is in the middle of a conversation\n\n")
	if p.Open == 0 {
		fmt.Fprintln(w, "Nobody.")
		return
	}
	fmt.Fprintf(w, "| Fate | Conversations | Step | Language |\n|---|---|---|---|\n")
	for _, l := range p.Lines {
		fmt.Fprintf(w, "| %s | %d | %s | %s |\n", l.Fate, l.Count, escaped(l.Step), cmp.Or(l.Language, "–"))
	}
}

// escaped is a text within a table of Markdown.
func escaped(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "`", "\\`", "*", `\*`, "_", `\_`).Replace(shown(text))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func changeTitle(c release.Change) string {
	out := c.What + " " + c.Where
	if c.Language != "" {
		out += " (" + c.Language + ")"
	}
	if c.Note != "" {
		out += ": " + c.Note
	}
	return out
}

func shortHash(hash string) string {
	if hash == "" {
		return "none"
	}
	return hash[:min(12, len(hash))]
}

// plannedWord is a hash as --planned takes it.
func plannedWord(hash string) string {
	if hash == "" {
		return "none"
	}
	return hash
}

// changing is what changes what serves.
type changing struct {
	asking
	Country string `arg:"" help:"The country, as the configuration names it." placeholder:"COUNTRY"`
	Pack    string `help:"The pack, where several of the country come as releases." placeholder:"PACK"`
	Why     string `help:"Why it is done; it is kept with the change." placeholder:"REASON"`
	By      string `help:"Who does it; the account of this machine unless given, the one before sudo first." placeholder:"NAME"`
}

func (c *changing) change(planned string) desk.Change {
	if planned == "none" {
		planned = ""
	}
	return desk.Change{Country: c.Country, Pack: c.Pack, Planned: planned, By: cmp.Or(c.By, desk.Account()), Why: c.Why}
}

type releaseActivate struct {
	changing
	Release   string   `arg:"" help:"The bundle, or the hash of a release that is kept, or its beginning." placeholder:"FILE|HASH"`
	Planned   string   `required:"" help:"What serves, as the plan named it: a whole hash, or none." placeholder:"HASH"`
	Percent   *int     `help:"Of the conversations that begin, how many in a hundred have it; 100 unless given, and 0 with --testers." placeholder:"N"`
	Testers   []string `help:"Keys of contacts who have it in any case; see: baraza contact find." placeholder:"KEY"`
	Signature string   `help:"File with the signature; the bundle's name with .sig when left out." placeholder:"FILE"`
}

func (c *releaseActivate) Run(s streams) error {
	change := c.change(c.Planned)
	change.Release, change.Percent, change.Testers = c.Release, 100, c.Testers
	switch {
	case c.Percent != nil:
		change.Percent = *c.Percent
	case len(c.Testers) > 0:
		change.Percent = 0
	}
	return c.withRelease(s, c.Release, c.Signature, &change, func(ctx context.Context, d *desk.Client) error {
		return c.changed(s, func() (desk.Serves, error) { return d.Activate(ctx, change) })
	})
}

// withRelease asks about a release. Where it is named by its bundle, that is kept first, and the change says which it is.
func (c *changing) withRelease(s streams, name, signed string, change *desk.Change, do func(context.Context, *desk.Client) error) error {
	bundle, err := isBundle(name)
	if err != nil {
		return err
	}
	if !bundle {
		return c.ask(s, do)
	}
	signature, err := signatureOf(name, signed)
	if err != nil {
		return err
	}
	return c.withBundle(s, name, func(ctx context.Context, d *desk.Client, file io.Reader) error {
		kept, err := d.Keep(ctx, c.Country, file, signature)
		if err != nil {
			return err
		}
		change.Release, change.Pack = kept.Release, kept.Pack
		return do(ctx, d)
	})
}

// changed does it and says what serves then.
func (c *changing) changed(s streams, do func() (desk.Serves, error)) error {
	serves, err := do()
	if err != nil {
		return err
	}
	return printed(s, c.JSON, serves, func(w io.Writer) { servesWords(w, serves) })
}

type releasePromote struct {
	changing
	Planned string `required:"" help:"The release that is tried: its whole hash, as status names it." placeholder:"HASH"`
}

func (c *releasePromote) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		return c.changed(s, func() (desk.Serves, error) { return d.Promote(ctx, c.change(c.Planned)) })
	})
}

type releaseRollback struct {
	changing
	To      string `help:"Hash of the release that is to serve, or its beginning; the one before when left out." placeholder:"HASH"`
	Planned string `help:"What serves, where somebody else may be changing it: a whole hash." placeholder:"HASH"`
}

// Run takes what serves for what is meant where nobody says it: in an emergency one command has to be enough.
func (c *releaseRollback) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		change := c.change(c.Planned)
		change.Release = c.To
		if c.Planned == "" {
			now, err := d.Releases(ctx, desk.Change{Country: c.Country, Pack: c.Pack})
			if err != nil {
				return err
			}
			change.Planned = now.State.Serves()
			if tried := now.State.Candidate; tried != nil && c.To == "" {
				change.Planned = tried.Release
			}
		}
		return c.changed(s, func() (desk.Serves, error) { return d.Rollback(ctx, change) })
	})
}

type releaseStatus struct {
	asking
	Country string `arg:"" help:"The country, as the configuration names it." placeholder:"COUNTRY"`
	Pack    string `help:"The pack, where several of the country come as releases." placeholder:"PACK"`
}

func (c *releaseStatus) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		serves, err := d.Releases(ctx, desk.Change{Country: c.Country, Pack: c.Pack})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, serves, func(w io.Writer) { servesWords(w, serves) })
	})
}

func servesWords(w io.Writer, s desk.Serves) {
	if s.State.Current == nil {
		fmt.Fprintf(w, "Nothing serves %s yet: nobody is answered before a release is activated.\n", s.Pack)
		return
	}
	rows := [][]string{{"RELEASE", "SERVES", "SINCE", "BY", "CONVERSATIONS"}}
	seen := map[string]bool{}
	add := func(r release.Served, how string) {
		seen[r.Release] = true
		rows = append(rows, []string{shortHash(r.Release), how, r.Since.UTC().Format("2006-01-02 15:04"), shown(r.By), fmt.Sprint(s.Conversations[r.Release])})
	}
	add(*s.State.Current, "everybody")
	if c := s.State.Candidate; c != nil {
		rows[1][1] = "the others"
		how := fmt.Sprintf("%d %% of those who begin", c.Percent)
		if len(c.Testers) > 0 {
			how += " and " + counted(len(c.Testers), "tester", "testers")
		}
		add(c.Served, how)
	}
	for _, e := range s.State.Earlier {
		if !seen[e.Release] {
			add(e, "served before")
		}
	}
	table(w, rows)
	fmt.Fprintf(w, "\nTimes are those of UTC. What serves %s: %s\n", s.Pack, s.State.Serves())
	if c := s.State.Candidate; c != nil {
		fmt.Fprintf(w, "What is tried: %s\n", c.Release)
	}
	if n := s.Conversations[""]; n > 0 {
		fmt.Fprintf(w, "%s on a release that is not kept any more.\n", counted(n, "conversation is", "conversations are"))
	}
	others := slices.DeleteFunc(slices.Clone(s.Kept), func(h string) bool { return seen[h] })
	if len(others) > 0 {
		for i := range others {
			others[i] = shortHash(others[i])
		}
		fmt.Fprintf(w, "Kept besides, never activated: %s\n", strings.Join(others, ", "))
	}
}
