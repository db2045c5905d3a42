package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"baraza/console"
	"baraza/console/accounts"
	"baraza/server/audit"
	"baraza/server/config"
	"baraza/server/desk"
)

type accountBackup struct {
	configured
	File string `arg:"" help:"File to write; it must not be there." placeholder:"FILE"`
}

func (c *accountBackup) Run(s streams) error {
	return c.atAccounts(s, func(ctx context.Context, a *accounts.Client) error {
		made, err := a.Backup(ctx, c.File)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, `The copy of %s is in %s: %s and %s.
Keep it apart from the console's key, without which it cannot be put back.
`, made.At.Format("2006-01-02 15:04 UTC"), c.File, counted(made.Accounts, "account", "accounts"), counted(made.Tokens, "token", "tokens"))
		return nil
	})
}

type accountRestore struct {
	configured
	File string `arg:"" help:"The copy." placeholder:"FILE"`
	Yes  bool   `help:"Do not ask."`
}

func (c *accountRestore) Run(s streams) error {
	configuration, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	options, err := console.Accounts(configuration)
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
	r, err := accounts.ReadCopy(options, c.File, configuration.Audit())
	if err != nil {
		return err
	}
	printCopy(s.out, r, configuration)
	if err := agreed(s, c.Yes, "The accounts will be as they were in the copy, without what was taken from somebody since, and everybody signs in anew."); err != nil {
		return errors.Join(err, r.Close())
	}
	log, err := audit.Open(configuration.Audit(), time.Now, nil)
	if err != nil {
		return errors.Join(err, log.Close(), r.Close())
	}
	if err := errors.Join(r.Restore(log, desk.Account()), log.Close()); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "Restored.")
	if len(r.Invite) > 0 {
		fmt.Fprintf(s.out, "These have nothing to sign in with until they get a link, by baraza account reset NAME:\n    %s\n", strings.Join(r.Invite, "\n    "))
	}
	return nil
}

// printCopy says what a restore would do, before anybody is asked.
func printCopy(w io.Writer, r *accounts.Restoring, c *config.Config) {
	fmt.Fprintf(w, "The copy of %s is whole, and the console's key opens it. Back come %s and %s.\n", r.At.Format("2006-01-02 15:04 UTC"),
		counted(r.Accounts, "account that is not closed", "accounts that are not closed"), counted(r.Tokens, "token", "tokens"))
	if r.Replaces != "" {
		fmt.Fprintf(w, "It replaces %s, which is not kept.\n", r.Replaces)
	}
	if r.Unread {
		fmt.Fprintln(w, "That file cannot be read. Who is closed in it is known from the log of who did what alone.")
	}
	if r.Changed {
		fmt.Fprintln(w, "The log of who did what is not as it was written; baraza audit verify says where. It may lack something of what follows.")
	}
	switch {
	case r.Known.IsZero():
		fmt.Fprintf(w, `%s does not go beyond the copy. So it is not known here whether somebody was
closed since, or lost roles, a phone or a token: they would be let in again. Put the
newest copy of that log there first, or do to each again what was done to them.
`, c.Audit())
	case len(r.Since) == 0:
		fmt.Fprintf(w, "Since then nothing was done to accounts, by the log of who did what, which goes up to %s.\n", r.Known.UTC().Format("2006-01-02 15:04 UTC"))
	default:
		fmt.Fprintf(w, "Since then, by the log of who did what, which goes up to %s:\n", r.Known.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if len(r.Since) > 0 {
		rows := [][]string{{"WHEN", "WHO", "WHAT", "ABOUT", "WHAT BECOMES OF IT"}}
		for _, one := range r.Since {
			rows = append(rows, []string{one.At.UTC().Format("2006-01-02 15:04"), shown(one.Who), one.What, shown(one.About), one.Becomes})
		}
		table(w, rows)
	}
}
