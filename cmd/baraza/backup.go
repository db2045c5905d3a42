package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"baraza/engine/keys"
	"baraza/server/config"
	"baraza/server/desk"
	"baraza/server/freeze"
)

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
			fmt.Fprintf(w, "The backup of %s UTC is in %s:\n", minute(m.At), c.Dir)
			table(w, rows)
			fmt.Fprint(w, `
Its keys are sealed with the key of this week, which is not in it. That key is in
the .weeks files beside the keys. Keep one copy of them, elsewhere than the
backups; overwrite it after each backup and keep no older one: the copy decides
how long a backup can be opened.
`)
			for _, what := range m.Lacks {
				fmt.Fprintf(w, "It lacks %s.\n", what)
			}
			c.aside(w)
		})
	})
}

// aside says what is not as it should be about where the backup lies.
func (c *storeBackup) aside(w io.Writer) {
	configuration, err := readConfig(c.Config)
	if err == nil && within(c.Dir, configuration.Data) {
		fmt.Fprintf(w, "It lies in the data folder, and is lost with it: copy it to another machine.\n")
	}
	for _, folder := range desk.Unfinished(c.Dir) {
		fmt.Fprintf(w, "%s is an unfinished backup. If none is being made now, one was killed: delete the folder.\n", folder)
	}
}

// within tells whether a path leads into a folder.
func within(path, folder string) bool {
	at, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	if real, err := filepath.EvalSymlinks(at); err == nil {
		at = real
	}
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	inside, err := filepath.Rel(folder, at)
	return err == nil && filepath.IsLocal(inside)
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
	fmt.Fprintf(s.out, "The backup of %s UTC is whole and can be opened.\n", minute(r.Manifest.At))
	for _, path := range r.Replaces {
		fmt.Fprintf(s.out, "It replaces %s.\n", path)
	}
	if len(r.Replaces) > 0 {
		fmt.Fprintln(s.out, "What it replaces is not kept: a person who is erased later would still be in it.\nWhoever may need it makes a backup of it first.")
	}
	for _, path := range r.Unread {
		fmt.Fprintf(s.out, "%s cannot be read. Who was erased since the backup is known only from the rest;\nname the erased.json of each newer backup too, with --erased.\n", path)
	}
	for _, pack := range r.Left {
		fmt.Fprintf(s.out, "The releases of %s stay in the backup: the configuration has no such pack under releases.\n", pack)
	}
	if r.Manifest.Format < 3 {
		fmt.Fprintln(s.out, "It was made by an earlier version, and does not say which countries were frozen.")
	}
	for _, one := range r.Freezes {
		foretellFreeze(s.out, one)
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
	fmt.Fprintf(s.out, "Restored, with %s carried out anew. Messages that waited are dead letters now, for\nthey may have gone out since: look at them with baraza outbox list.\n",
		counted(r.Erased, "erasure", "erasures"))
	for _, one := range r.Freezes {
		tellFreeze(s.out, one)
	}
	if os.Geteuid() == 0 {
		fmt.Fprintf(s.out, "What was written belongs to root. If another user serves: chown -R USER %s\n", configuration.Data)
	}
	if err := recordRestore(configuration, r); err != nil {
		return fmt.Errorf("it was restored and can be served, but the log of who did what could not be written. Note it down yourself: %w", err)
	}
	return nil
}

// foretellFreeze says what will become of a country's freeze, as far as it is known before the data is opened.
func foretellFreeze(w io.Writer, one desk.RestoredFreeze) {
	switch one.Fate {
	case freeze.Stays:
		fmt.Fprintf(w, "%s is frozen here and stays so.\n", one.Country)
	case freeze.Returns:
		fmt.Fprintf(w, "%s was frozen when the backup was made%s, and nothing here ended that: it will be frozen.\n", one.Country, since(one.There))
	case freeze.Ended:
		fmt.Fprintf(w, "%s was frozen when the backup was made%s. That was ended here%s, and stays ended.\n", one.Country, since(one.There), ended(one.Here))
	}
}

// tellFreeze says what became of it.
func tellFreeze(w io.Writer, one desk.RestoredFreeze) {
	switch one.Fate {
	case freeze.Stays, freeze.Returns, freeze.Doubted:
		fmt.Fprintf(w, "%s is FROZEN%s.\n", one.Country, since(one.Next))
		switch {
		case one.Next.Problem != "":
			fmt.Fprintf(w, "  Nobody can read how it stands here: %s. So it counts as frozen.\n", one.Next.Problem)
		case one.Next.Why != "":
			fmt.Fprintf(w, "  why: %s\n", shown(one.Next.Why))
		}
		if len(one.Next.Notice.Texts) == 0 {
			fmt.Fprintf(w, "  People are told nothing. To tell them a notice: baraza incident freeze %s --notice FILE\n", one.Country)
		}
		fmt.Fprintf(w, "  To end it, once somebody serves or before: baraza incident unfreeze %s\n", one.Country)
	case freeze.Ended, freeze.Settles:
		if one.Messages+one.Replies == 0 {
			return
		}
		fmt.Fprintf(w, "%s is not frozen, and the backup holds %s of people and %s of flows from a freeze.\n"+
			"  At the next start each of these people is answered as at the end of a freeze. The replies\n  are deleted, for they may have gone out since.\n",
			one.Country, counted(one.Messages, "message", "messages"), counted(one.Replies, "reply", "replies"))
	}
}

func since(s freeze.State) string {
	text := ""
	if !s.Since.IsZero() {
		text = " since " + minute(s.Since) + " UTC"
	}
	if s.By != "" {
		text += " by " + shown(s.By)
	}
	return text
}

func ended(s freeze.State) string {
	text := " at " + minute(s.Resumed) + " UTC"
	if s.ResumedBy != "" {
		text += " by " + shown(s.ResumedBy)
	}
	return text
}

func placeOf(c *config.Config) (desk.Place, error) {
	place := desk.Place{Store: c.Store(), Countries: map[string]desk.PlaceOfKeys{}, Released: map[string]string{}, Audit: c.Audit(), Frozen: c.Freezes()}
	for _, name := range c.CountryNames() {
		country := c.Countries[name]
		if country.Releases != nil {
			for _, pack := range country.Releases.Packs {
				place.Released[pack] = c.Released(pack)
			}
		}
		p := desk.PlaceOfKeys{Keys: c.Keys(name), Weeks: c.Weeks(name), Packs: packNames(country)}
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

// packNames are the names of a country's packs, those that come as folders and those that come as releases.
func packNames(c *config.Country) (names []string) {
	for _, folder := range c.Packs {
		names = append(names, filepath.Base(folder))
	}
	if c.Releases != nil {
		names = append(names, c.Releases.Packs...)
	}
	return names
}
