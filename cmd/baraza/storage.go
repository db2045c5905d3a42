package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

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
