package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"baraza/server/desk"
)

// contactCommand is about one person.
type contactCommand struct {
	Find   contactFind   `cmd:"" help:"Find a person by a name on a channel, such as a phone number, and print their hashed key."`
	Show   contactShow   `cmd:"" help:"Show in short what is kept of a person."`
	Export contactExport `cmd:"" help:"Write everything that is kept of a person into a file."`
	Erase  contactErase  `cmd:"" help:"Delete everything that is kept of a person, and their keys."`
}

// onePerson names a contact.
type onePerson struct {
	Key      string `arg:"" optional:"" help:"Key of the contact: 32 hexadecimal digits, as logs and cases show it." placeholder:"KEY"`
	Channel  string `help:"In place of KEY: the channel, such as whatsapp." placeholder:"CHANNEL"`
	Identity string `help:"With --channel: the phone number with its country code, or another name there." placeholder:"NAME"`
	Pack     string `help:"With --channel: a pack of the country, where there are several." placeholder:"PACK"`
}

func (p *onePerson) person() desk.Person {
	return desk.Person{Key: p.Key, Channel: p.Channel, Identity: p.Identity, Pack: p.Pack}
}

type contactFind struct {
	asking
	Channel  string `arg:"" help:"The channel, such as whatsapp." placeholder:"CHANNEL"`
	Identity string `arg:"" help:"The phone number with its country code, or another name there." placeholder:"NAME"`
	Pack     string `help:"A pack of the country, where there are several." placeholder:"PACK"`
}

func (c *contactFind) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		found, err := d.Find(ctx, desk.Person{Channel: c.Channel, Identity: c.Identity, Pack: c.Pack})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, found, func(w io.Writer) {
			if found.Known {
				fmt.Fprintln(w, found.Key)
			} else {
				fmt.Fprintln(w, "Nobody is known by this name. Somebody was, and was erased: nothing is sent there first.")
			}
		})
	})
}

type contactShow struct {
	asking
	onePerson
}

func (c *contactShow) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		one, err := d.Contact(ctx, c.person())
		if err != nil {
			return err
		}
		return printed(s, c.JSON, one, func(w io.Writer) { printContact(w, one) })
	})
}

func printContact(w io.Writer, c desk.ContactDetail) {
	rows := [][]string{{"Contact", c.Key}, {"Pack", c.Pack}, {"Since", inZone(c.Since, c.Zone)}}
	for _, id := range c.Identities {
		rows = append(rows, []string{"Known as", shown(id.Channel + " " + id.Kind + " " + id.Value)})
	}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	add("Language", c.Language)
	add("Stands at", c.Talk)
	if c.LastWord != nil {
		add("Last wrote", inZone(c.LastWord, c.Zone))
	}
	if c.OptedOut {
		add("Opted out", "yes: only replies go out")
	}
	add("Consents", strings.Join(c.Consents, ", "))
	add("Cases", strings.Join(c.Cases, ", "))
	for _, f := range c.Fields {
		until := ""
		if f.Kept != nil {
			until = " (until " + moment(f.Kept, c.Zone) + ")"
		}
		add("Field", shown(f.Name+": "+valueText(f.Value))+until)
	}
	table(w, rows)
	fmt.Fprintf(w, "\n%s, %s of the journal, %s, %s.\n", counted(c.Records, "record", "records"), counted(c.Journal, "line", "lines"),
		counted(c.Messages, "message", "messages"), counted(c.Timers, "timer", "timers"))
	if c.Unreadable > 0 {
		fmt.Fprintf(w, "%s cannot be read any more.\n", counted(c.Unreadable, "thing", "things"))
	}
}

type contactExport struct {
	configured
	onePerson
	Out string `short:"o" help:"File to write; - for standard output." placeholder:"FILE" required:""`
}

func (c *contactExport) Run(s streams) error {
	if c.Out != "-" {
		if _, err := os.Lstat(c.Out); err == nil {
			return fmt.Errorf("%s is there already; name a new file", c.Out)
		}
	}
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		copied, err := d.Export(ctx, c.person())
		if err != nil {
			return err
		}
		var body bytes.Buffer
		if err := json.Indent(&body, copied.Copy, "", "  "); err != nil {
			return err
		}
		body.WriteByte('\n')
		if c.Out == "-" {
			_, err := s.out.Write(body.Bytes())
			return err
		}
		f, err := newFile(c.Out)
		if err != nil {
			return err
		}
		_, err = f.Write(body.Bytes())
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "Everything kept of %s is in %s. Only you can read the file; delete it when the person has it.\n", copied.Key, c.Out)
		return nil
	})
}

// newFile makes a file that only its owner can read, and never writes over one.
func newFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s is there already; name a new file", path)
	}
	return f, err
}

type contactErase struct {
	asking
	onePerson
	Yes bool `help:"Do not ask."`
}

func (c *contactErase) Run(s streams) error {
	who := c.person()
	if who.Key == "" && (who.Channel == "" || who.Identity == "") {
		return errors.New("say who: by KEY, or by --channel and --identity")
	}
	if err := agreed(s, c.Yes, "Everything kept of this person will be deleted, for good."); err != nil {
		return err
	}
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		gone, err := d.Erase(ctx, who)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, gone, func(w io.Writer) { printErased(w, gone) })
	})
}

func printErased(w io.Writer, e desk.Erased) {
	name := e.Key
	if name == "" {
		name = "This person"
	}
	if !e.Known {
		fmt.Fprintf(w, "%s was erased before; nothing was left to delete.\n", name)
		return
	}
	fmt.Fprintf(w, "%s is erased:\n", name)
	var rows [][]string
	for _, x := range []struct {
		n         int
		one, many string
	}{{e.Identities, "name on a channel", "names on channels"}, {e.Fields, "field", "fields"}, {e.Consents, "consent", "consents"},
		{e.Cases, "case", "cases"}, {e.Records, "record", "records"}, {e.Journal, "line of the journal", "lines of the journal"},
		{e.Messages, "message", "messages"}, {e.Timers, "timer", "timers"}} {
		if x.n > 0 {
			word := x.many
			if x.n == 1 {
				word = x.one
			}
			rows = append(rows, []string{fmt.Sprintf("%6d", x.n), word})
		}
	}
	table(w, rows)
	fmt.Fprint(w, `
The keys of this person are destroyed: no copy of what was deleted can be read.
Backups of keys can bring it back only until the key of their week is destroyed,
35 days after that week began, and a restore erases this person again.

What stays: a tombstone, which is a hash and a time, so that a restored backup
`)
	fmt.Fprintf(w, "erases again; %s, so that nothing is sent to this person first;\n", counted(e.Suppressed, "hash of a name", "hashes of names"))
	fmt.Fprintln(w, "anonymous records, which nothing links to anyone.")
}
