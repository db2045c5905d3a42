package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"baraza/dsl"
	"baraza/simulator/rounds"
)

// roundCommand is about rounds of testing with people.
type roundCommand struct {
	List       roundList       `cmd:"" help:"List the rounds of testing that are kept."`
	Create     roundCreate     `cmd:"" help:"Invite people to try a pack."`
	Revoke     roundRevoke     `cmd:"" help:"Take an invitation back: nobody begins any more."`
	Sessions   roundSessions   `cmd:"" help:"List the sessions of a round."`
	Transcript roundTranscript `cmd:"" help:"Print who said what in a session."`
	Report     roundReport     `cmd:"" help:"Tell what a round found."`
	Settle     roundSettle     `cmd:"" help:"Say of a remark why nothing more is to be done about it."`
	Bless      roundBless      `cmd:"" help:"Write a session into its pack as a test."`
}

// roundsKept says where rounds lie.
type roundsKept struct {
	Data string `required:"" help:"Folder where rounds and sessions are kept." placeholder:"DIR"`
}

// with opens the rounds for as long as something is done with them.
func (k roundsKept) with(do func(*rounds.File) error) error {
	f, err := rounds.Open(k.Data, rounds.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(f), f.Close())
}

type roundList struct {
	roundsKept
	JSON bool `help:"Print JSON."`
}

func (c *roundList) Run(s streams) error {
	return c.with(func(f *rounds.File) error {
		all, err := f.Rounds()
		if err != nil {
			return err
		}
		return printed(s, c.JSON, all, func(w io.Writer) { printRounds(w, all) })
	})
}

func printRounds(w io.Writer, all []rounds.Round) {
	if len(all) == 0 {
		fmt.Fprintln(w, "There is no round of testing.")
		return
	}
	rows := [][]string{{"ROUND", "PACK", "BEGAN", "ENDS", "DELETED", "TITLE"}}
	for _, r := range all {
		ends := r.Expires.UTC().Format(time.DateOnly)
		if r.Revoked {
			ends = "taken back"
		}
		rows = append(rows, []string{r.ID, r.Pack, fmt.Sprintf("%d of %d", r.Used, r.Uses), ends, r.Keep.UTC().Format(time.DateOnly), r.Title})
	}
	table(w, rows)
}

type roundCreate struct {
	Pack string `arg:"" help:"Folder of the pack, such as flows/ec."`
	roundsKept
	Title      string            `required:"" help:"What the round is called."`
	Uses       int               `default:"10" help:"How many people may begin." placeholder:"N"`
	Days       int               `default:"14" help:"For how many days people may begin." placeholder:"N"`
	Language   string            `help:"The testers' language; else the flow asks." placeholder:"CODE"`
	Consent    []string          `help:"A consent given before; may stand several times." placeholder:"NAME"`
	Field      map[string]string `help:"A stored field; may stand several times." placeholder:"NAME=VALUE"`
	Task       []string          `help:"What testers are asked to do; may stand several times." placeholder:"TEXT"`
	Reach      []string          `help:"The step that counts for the first, second … task." placeholder:"FLOW.STEP"`
	Passphrase string            `help:"A word that testers are told beside the link."`
}

func (c *roundCreate) Run(s streams) error {
	o, err := ready(c.Pack, s)
	if err != nil {
		return err
	}
	full, err := filepath.Abs(c.Pack)
	if err != nil {
		return err
	}
	r := rounds.Round{
		Pack: filepath.Base(full), Title: c.Title, Uses: c.Uses, Expires: time.Now().Add(time.Duration(c.Days) * 24 * time.Hour),
		Persona: rounds.Persona{Language: c.Language, Consents: c.Consent, Fields: c.Field},
	}
	if r.Tasks, err = c.tasks(o); err != nil {
		return err
	}
	if err := r.Persona.Fits(o.program); err != nil {
		return err
	}
	return c.with(func(f *rounds.File) error {
		made, token, err := f.CreateRound(r, c.Passphrase)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "Round %s is open for %d people until %s.\n", made.ID, made.Uses, made.Expires.UTC().Format(time.DateOnly))
		fmt.Fprintf(s.out, "The end of its link, shown only now: /try/#%s\n", token)
		return nil
	})
}

// tasks reads the tasks, in the testers' language or the pack's first.
func (c *roundCreate) tasks(o *opened) ([]rounds.Task, error) {
	if len(c.Reach) > len(c.Task) {
		return nil, errors.New("each --reach is about a --task; give as many tasks")
	}
	language := c.Language
	if language == "" {
		language = o.program.Languages[0]
	}
	var all []rounds.Task
	for i, text := range c.Task {
		t := rounds.Task{ID: "task" + strconv.Itoa(i+1), Text: map[string]string{language: text}}
		if i < len(c.Reach) && c.Reach[i] != "" {
			t.Reach = c.Reach[i]
			if !hasStep(o, t.Reach) {
				return nil, fmt.Errorf("the pack has no step %q; write it as flow.step", t.Reach)
			}
		}
		all = append(all, t)
	}
	return all, nil
}

func hasStep(o *opened, name string) bool {
	for _, step := range o.program.Steps {
		if o.program.Flows[step.Flow].Name+"."+step.Name == name {
			return true
		}
	}
	return false
}

type roundRevoke struct {
	Round string `arg:"" help:"The round, as list shows it."`
	roundsKept
}

func (c *roundRevoke) Run(s streams) error {
	return c.with(func(f *rounds.File) error {
		if err := f.Revoke(c.Round); err != nil {
			return err
		}
		fmt.Fprintln(s.out, "Nobody begins any more. Who has begun goes on.")
		return nil
	})
}

type roundSessions struct {
	Round string `arg:"" help:"The round, as list shows it."`
	roundsKept
}

func (c *roundSessions) Run(s streams) error {
	return c.with(func(f *rounds.File) error {
		if _, err := f.Round(c.Round); err != nil {
			return err
		}
		all, err := f.Sessions(c.Round)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintln(s.out, "Nobody who is recorded has begun.")
			return nil
		}
		rows := [][]string{{"SESSION", "PARTICIPANT", "BEGUN", "TURNS", "STATE"}}
		for _, one := range all {
			state := "goes on"
			switch {
			case one.Blessed:
				state = "blessed"
			case !one.Ended.IsZero():
				state = "finished"
			}
			rows = append(rows, []string{one.ID, strconv.Itoa(one.Tester), one.Begun.UTC().Format("2006-01-02 15:04"), strconv.Itoa(one.Count), state})
		}
		table(s.out, rows)
		return nil
	})
}

type roundTranscript struct {
	Session string `arg:"" help:"The session, as sessions shows it."`
	roundsKept
	JSON bool `help:"Print JSON."`
}

func (c *roundTranscript) Run(s streams) error {
	return c.with(func(f *rounds.File) error {
		session, err := f.Session(c.Session)
		if err != nil {
			return err
		}
		text := []byte(session.Markdown())
		if c.JSON {
			if text, err = session.JSON(); err != nil {
				return err
			}
			text = append(text, '\n')
		}
		_, err = s.out.Write(text)
		return err
	})
}

type roundReport struct {
	Round string `arg:"" help:"The round, as list shows it."`
	roundsKept
	Pack string `help:"Folder of the pack as it is now: for older wordings and what nobody tried." placeholder:"DIR"`
	CSV  bool   `name:"csv" help:"Print what people said as a table for a spreadsheet."`
	JSON bool   `help:"Print JSON."`
}

func (c *roundReport) Run(s streams) error {
	o := &opened{}
	if c.Pack != "" {
		var err error
		if o, err = ready(c.Pack, s); err != nil {
			return err
		}
	}
	return c.with(func(f *rounds.File) error {
		r, err := f.Report(c.Round, o.program)
		if err != nil {
			return err
		}
		if c.CSV {
			_, err = s.out.Write(r.CSV())
			return err
		}
		return printed(s, c.JSON, r, func(w io.Writer) { _, _ = io.WriteString(w, r.Markdown()) })
	})
}

type roundSettle struct {
	Session string `arg:"" help:"The session, as sessions shows it."`
	Remark  string `arg:"" help:"The remark, as the gates of a release name it, or: baraza round report --json"`
	roundsKept
	By  string `required:"" help:"Who says it." placeholder:"NAME"`
	Why string `required:"" help:"Why nothing more is to be done." placeholder:"REASON"`
}

func (c *roundSettle) Run(s streams) error {
	return c.with(func(f *rounds.File) error {
		r, err := f.Settle(c.Session, c.Remark, c.By, c.Why)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "The remark about %s is settled; it stays in the report.\n", rounds.Place(r.Flow, r.Step))
		return nil
	})
}

type roundBless struct {
	Session string `arg:"" help:"The session, as sessions shows it."`
	Pack    string `arg:"" help:"Folder of the pack, such as flows/ec."`
	roundsKept
}

func (c *roundBless) Run(s streams) error {
	fsys, dir, err := packFolder(c.Pack)
	if err != nil {
		return err
	}
	files, err := fs.Sub(fsys, dir)
	if err != nil {
		return err
	}
	r := dsl.Open(fsys, dir).Check()
	return c.with(func(f *rounds.File) error {
		b, err := f.Bless(c.Session, r, files)
		if err != nil {
			return err
		}
		if err := b.Save(c.Pack); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s is written; baraza test runs it.\n", filepath.ToSlash(filepath.Join(c.Pack, b.Name)))
		for _, left := range b.Left {
			fmt.Fprintln(s.out, left+" The test ends before that.")
		}
		return nil
	})
}
