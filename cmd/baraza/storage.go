package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"baraza/engine/keys"
	"baraza/server/config"
	"baraza/server/desk"
)

// storeCommand is about the file that everything is kept in.
type storeCommand struct {
	Check   storeCheck   `cmd:"" help:"Read everything that is kept and name each problem."`
	Stats   storeStats   `cmd:"" help:"Count what is kept."`
	Backup  storeBackup  `cmd:"" help:"Write a backup of data and keys into a new folder, also while somebody serves."`
	Restore storeRestore `cmd:"" help:"Put a backup in place of what is there. Nobody may serve."`
	Compact storeCompact `cmd:"" help:"Give deleted space back to the disk."`

	ConfirmClock storeClock `cmd:"" help:"Say that the clock of this machine is right, after it leapt; what was held back goes on."`
}

type storeCheck struct{ asking }

func (c *storeCheck) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		found, err := d.Check(ctx)
		if err != nil {
			return err
		}
		err = printed(s, c.JSON, found, func(w io.Writer) {
			for _, problem := range found.Problems {
				fmt.Fprintln(w, problem)
			}
			if found.More > 0 {
				fmt.Fprintf(w, "and %d more\n", found.More)
			}
			if len(found.Problems) == 0 {
				fmt.Fprintln(w, "The store is sound.")
			}
		})
		if err == nil && len(found.Problems) > 0 {
			err = errFound
		}
		return err
	})
}

type storeStats struct{ asking }

func (c *storeStats) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		stats, err := d.Stats(ctx)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, stats, func(w io.Writer) { printStats(w, stats) })
	})
}

func printStats(w io.Writer, f desk.Stats) {
	var rows [][]string
	for _, x := range []struct {
		n    int
		says string
	}{{f.Contacts, "contacts"}, {f.Identities, "names on channels, the suppressed among them"}, {f.Waiting, "messages that wait to be sent"},
		{f.Dead, "dead letters; see: baraza outbox list"}, {f.Timers, "timers"}, {f.Cases, "cases that are not done"},
		{f.Items, "cases, records and consents in all"}, {f.Log, "lines of the log: messages and journal"},
		{f.Dedupe, "events remembered, so that each counts once"}, {f.Tombstones, "tombstones of erased people"}} {
		rows = append(rows, []string{fmt.Sprintf("%9d", x.n), x.says})
	}
	table(w, rows)
	fmt.Fprintf(w, "\nThe file has %s, of which %s are free.\n", size(f.FileBytes), size(f.FreeBytes))
	printKeys(w, f.Countries)
	if f.Clock.LastSweep != nil {
		fmt.Fprintf(w, "What is past its date was last deleted at %s.\n", f.Clock.LastSweep.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if f.Clock.Held {
		fmt.Fprintf(w, "That is so long ago that nothing is deleted until somebody says that the clock is right:\nit is %s here. If so, run: baraza store confirm-clock\n",
			f.Clock.Now.Format("2006-01-02 15:04 UTC"))
	}
	if f.Serving {
		fmt.Fprintln(w, "A process serves.")
	} else {
		fmt.Fprintln(w, "Nobody serves.")
	}
}

func printKeys(w io.Writer, countries []desk.CountryKeys) {
	rows := [][]string{{"COUNTRY", "CONTACTS WITH A KEY", "ERASED", "PACKS"}}
	for _, c := range countries {
		rows = append(rows, []string{c.Country, strconv.Itoa(c.Contacts), strconv.Itoa(c.Erased), strings.Join(c.Packs, ", ")})
	}
	table(w, rows)
}

type storeCompact struct{ asking }

func (c *storeCompact) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		done, err := d.Compact(ctx)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, done, func(w io.Writer) {
			fmt.Fprintf(w, "The file had %s and has %s.\n", size(done.Before), size(done.After))
		})
	})
}

type storeClock struct{ asking }

func (c *storeClock) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		clock, err := d.ConfirmClock(ctx)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, clock, func(w io.Writer) {
			fmt.Fprintf(w, "The clock is taken to be right: it is %s. What was held back goes on.\n", clock.Now.Format("2006-01-02 15:04 UTC"))
		})
	})
}

type storeBackup struct {
	asking
	Dir string `arg:"" help:"Folder to make; it must not be there." placeholder:"DIR"`
}

func (c *storeBackup) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		m, err := d.Backup(ctx, c.Dir)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, m, func(w io.Writer) {
			var rows [][]string
			for _, f := range m.Files {
				rows = append(rows, []string{"  " + f.Name, size(f.Bytes)})
			}
			fmt.Fprintf(w, "The backup of %s is in %s:\n", m.At.UTC().Format("2006-01-02 15:04 UTC"), c.Dir)
			table(w, rows)
			fmt.Fprint(w, `
Its keys are sealed with the key of this week, which is not in it. That key is in
the .weeks files beside the keys. Keep one copy of them, elsewhere than the
backups; overwrite it after each backup and keep no older one: the copy decides
how long a backup can be opened.
`)
		})
	})
}

type storeRestore struct {
	configured
	Dir    string   `arg:"" help:"Folder of the backup." placeholder:"DIR"`
	Erased []string `help:"File erased.json of a newer backup, whose erasures are carried out too; may be given again." placeholder:"FILE"`
	Yes    bool     `help:"Do not ask."`
}

func (c *storeRestore) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	configuration, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	if _, err := desk.Dial(configuration.Socket()); err == nil {
		return errors.New("a process serves; end it first, then restore")
	} else if !errors.Is(err, desk.ErrNobody) {
		return err
	}
	if err := mine(configuration.Data); err != nil {
		return err
	}
	place, err := placeOf(configuration)
	if err != nil {
		return err
	}
	r, err := desk.ReadBackup(ctx, c.Dir, place, c.Erased)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "The backup of %s is whole and can be opened.\n", r.Manifest.At.UTC().Format("2006-01-02 15:04 UTC"))
	for _, path := range r.Replaces {
		fmt.Fprintf(s.out, "It replaces %s.\n", path)
	}
	if len(r.Replaces) > 0 {
		fmt.Fprintln(s.out, "What it replaces is not kept: a person who is erased later would still be in it.\nWhoever may need it makes a backup of it first.")
	}
	for _, path := range r.Unread {
		fmt.Fprintf(s.out, "%s cannot be read. Who was erased since the backup is known only from the rest.\n", path)
	}
	for _, pack := range r.Left {
		fmt.Fprintf(s.out, "The releases of %s stay in the backup: the configuration has no such pack under releases.\n", pack)
	}
	if err := agreed(s, c.Yes, "Everything since the backup will be lost."); err != nil {
		return err
	}
	if err := r.Restore(ctx); err != nil {
		return err
	}
	for _, pack := range r.Serves {
		fmt.Fprintf(s.out, "Of %s that release serves again which did when the backup was made.\n", pack)
	}
	if err := recordRestore(configuration, r); err != nil {
		return fmt.Errorf("it was restored, and the log of who did what could not be written: %w", err)
	}
	fmt.Fprintf(s.out, "Restored, with %s carried out anew. Messages that waited are dead letters now, for\nthey may have gone out since: look at them with baraza outbox list.\n",
		counted(r.Erased, "erasure", "erasures"))
	return nil
}

func placeOf(c *config.Config) (desk.Place, error) {
	place := desk.Place{Store: c.Store(), Countries: map[string]desk.PlaceOfKeys{}, Released: map[string]string{}, Audit: c.Audit()}
	for _, name := range c.CountryNames() {
		country := c.Countries[name]
		if country.Releases != nil {
			for _, pack := range country.Releases.Packs {
				place.Released[pack] = c.Released(pack)
			}
		}
		p := desk.PlaceOfKeys{Keys: c.Keys(name), Weeks: c.Weeks(name)}
		for _, secret := range append([]config.Secret{country.Key}, country.OldKeys...) {
			key, err := secret.Key()
			if err != nil {
				return place, fmt.Errorf("the key of country %s: %w", name, err)
			}
			p.Wraps = append(p.Wraps, keys.CountryKey(key))
		}
		place.Countries[name] = p
	}
	return place, nil
}
