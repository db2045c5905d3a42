package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"

	"baraza/server/desk"
)

// keyCommand is about the keys of countries.
type keyCommand struct {
	New    keyNew    `cmd:"" help:"Make a key for a country and print it."`
	List   keyList   `cmd:"" help:"List countries and how many keys each has."`
	Rotate keyRotate `cmd:"" help:"Wrap all keys of a country with its newest key."`
}

type keyNew struct{}

func (c *keyNew) Run(s streams) error {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(s.out, hex.EncodeToString(key[:])); err != nil {
		return err
	}
	fmt.Fprint(s.err, `
This is a new key. Nobody else has it, and without it nothing of its country can
be read. Put it where the configuration looks for it, such as a file that only
the process can read:

    umask 077; baraza key new > /etc/baraza/ec.key
    countries:
      ec:
        key: file:/etc/baraza/ec.key

Keep a copy in a safe place, apart from the machine and from its backups.
To replace a key: put the new one under key and the old one first under
old_keys, start the process anew, and run baraza key rotate COUNTRY.
`)
	return nil
}

type keyList struct{ asking }

func (c *keyList) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		list, err := d.KeyList(ctx)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, list, func(w io.Writer) { printKeys(w, list.Countries) })
	})
}

type keyRotate struct {
	asking
	Country string `arg:"" help:"The country, as the configuration names it." placeholder:"COUNTRY"`
}

func (c *keyRotate) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		done, err := d.RotateKey(ctx, desk.OneCountry{Country: c.Country})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, done, func(w io.Writer) {
			fmt.Fprintf(w, "All keys of %s are wrapped with its newest key: those of %s.\n", done.Country, counted(done.Contacts, "contact", "contacts"))
			fmt.Fprint(w, `
Now copy the .weeks files anew to where their copy is kept. Leave the old key
under old_keys for 35 days more: backups that were made before need it, and after
a restore of one rotate again. Then take it out of the configuration, start the
process anew, and destroy the old key only when it serves.
`)
		})
	})
}
