package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"baraza/server/desk"
)

// caseCommand is what staff do with the cases that people were handed over in.
type caseCommand struct {
	List  caseList  `cmd:"" help:"List the cases that wait for a team."`
	Show  caseShow  `cmd:"" help:"Show a case with what was said in it."`
	File  caseFile  `cmd:"" help:"Fetch a photo, a voice note or a file that the person of a case sent."`
	Reply caseReply `cmd:"" help:"Answer the person of a case."`
	Done  caseDone  `cmd:"" help:"Close a case; the flow takes the conversation back."`
}

type caseList struct {
	asking
	Pack  string `help:"Only those of this pack." placeholder:"PACK"`
	Team  string `help:"Only those of this team." placeholder:"TEAM"`
	State string `help:"Only those that are open, answered or done." placeholder:"STATE"`
	All   bool   `help:"Those that are done too."`
}

func (c *caseList) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		list, err := d.Cases(ctx, desk.CaseQuery{Pack: c.Pack, Team: c.Team, State: c.State, All: c.All})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, list, func(w io.Writer) { printCases(w, list, time.Now()) })
	})
}

func printCases(w io.Writer, list desk.CaseList, now time.Time) {
	if len(list.Cases) == 0 {
		fmt.Fprintln(w, "No case waits.")
	} else {
		rows := [][]string{{"CASE", "TEAM", "STATE", "SINCE", "ANSWER BY"}}
		var each []string
		for _, c := range list.Cases {
			state := c.State
			if c.Urgent {
				state += ", urgent"
			}
			by := moment(c.AnswerBy, c.Zone)
			if c.Late(now) {
				by += " late"
			}
			rows = append(rows, []string{c.Case, c.Team, state, moment(c.Since, c.Zone), by})
			each = append(each, c.Zone)
		}
		table(w, rows)
		fmt.Fprintf(w, "\n%s. ", counted(len(list.Cases), "case", "cases"))
		zones(w, each)
	}
	if list.Unreadable > 0 {
		fmt.Fprintf(w, "Something more cannot be read; see: baraza store check\n")
	}
}

type caseShow struct {
	asking
	Case string `arg:"" help:"The case, such as K7F3-2." placeholder:"CASE"`
}

func (c *caseShow) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		one, err := d.Case(ctx, desk.Which{Case: c.Case})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, one, func(w io.Writer) { printCase(w, one, time.Now()) })
	})
}

func printCase(w io.Writer, c desk.CaseDetail, now time.Time) {
	team := c.Team
	if c.Title != "" {
		team += " (" + c.Title + ")"
	}
	state := c.State
	if c.Urgent {
		state += ", urgent"
	}
	rows := [][]string{{"Case", c.Case}, {"Team", team}, {"State", state}, {"Since", inZone(c.Since, c.Zone)}}
	if c.AnswerBy != nil {
		late := ""
		if c.Late(now) {
			late = ", late"
		}
		rows = append(rows, []string{"Answer by", inZone(c.AnswerBy, c.Zone) + late})
	}
	if c.Kept != nil {
		rows = append(rows, []string{"Deleted", inZone(c.Kept, c.Zone)})
	}
	rows = append(rows, []string{"Contact", c.Contact})
	table(w, rows)
	fmt.Fprintln(w)
	indented(w, "", c.Summary)
	if c.Text != "" {
		indented(w, "", c.Text)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Shared)) {
		indented(w, "  ", name+": "+valueText(c.Shared[name]))
	}
	files := 0
	for _, said := range c.Said {
		who := said.Who
		if said.What != "" {
			who += " " + map[string]string{"changed": "changed a message to", "deleted": "deleted a message", "reacted": "reacted"}[said.What]
		}
		fmt.Fprintf(w, "\n%s  %s\n", moment(said.At, c.Zone), who)
		text := said.Text
		if said.Media != "" {
			kind := said.Media
			if said.MediaID != "" && said.Who == "person" {
				files++
				kind += fmt.Sprintf(", file %d", files)
			}
			text = strings.TrimSpace("[" + kind + "] " + text)
		}
		if text != "" {
			indented(w, "  ", text)
		}
		for _, option := range said.Options {
			indented(w, "  - ", option)
		}
	}
	if c.Unreadable > 0 {
		fmt.Fprintf(w, "\n%s cannot be read any more.\n", counted(c.Unreadable, "line", "lines"))
	}
}

// valueText is a value that a flow shared with the team.
func valueText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case bool:
		if x {
			return "yes"
		}
		return "no"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

type caseFile struct {
	asking
	Case string `arg:"" help:"The case, such as K7F3-2." placeholder:"CASE"`
	File int    `arg:"" optional:"" help:"Which file, as case show numbers them." placeholder:"NUMBER"`
	Out  string `short:"o" required:"" help:"New file to write it to; only you can read it." placeholder:"FILE"`
}

func (c *caseFile) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		content, err := d.File(ctx, desk.CaseFile{Case: c.Case, File: c.File})
		if err != nil {
			return err
		}
		defer func() { _ = content.Close() }()
		f, err := newFile(c.Out)
		if err != nil {
			return err
		}
		n, err := io.Copy(f, content)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return errors.Join(fmt.Errorf("the file did not come whole: %w", err), os.Remove(c.Out))
		}
		fmt.Fprintf(s.out, "%s has %s. What strangers send may do harm: open it where it cannot.\n", c.Out, size(n))
		return nil
	})
}

type caseReply struct {
	asking
	Case string   `arg:"" help:"The case, such as K7F3-2." placeholder:"CASE"`
	Text []string `arg:"" optional:"" help:"What to write; - reads standard input." placeholder:"TEXT"`
	ID   string   `name:"id" help:"Name of this request: sent again with the same name, it is done once." placeholder:"NAME"`
}

func (c *caseReply) Run(s streams) error {
	text := strings.Join(c.Text, " ")
	if text == "" {
		return errors.New("say what to write, or - to read it from standard input")
	}
	if text == "-" {
		body, err := readBody("-", s.in)
		if err != nil {
			return err
		}
		text = string(body)
	}
	if c.ID == "" {
		c.ID = requestID()
	}
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		line, err := d.Reply(ctx, desk.CaseReply{Case: c.Case, Text: text, ID: c.ID})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, line, func(w io.Writer) {
			fmt.Fprintf(w, "The reply in %s is kept and goes out in its turn. The case is %s.\n", line.Case, line.State)
		})
	})
}

type caseDone struct {
	asking
	Case string `arg:"" help:"The case, such as K7F3-2." placeholder:"CASE"`
	ID   string `name:"id" help:"Name of this request: sent again with the same name, it is done once." placeholder:"NAME"`
}

func (c *caseDone) Run(s streams) error {
	if c.ID == "" {
		c.ID = requestID()
	}
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		line, err := d.Done(ctx, desk.CaseDone{Case: c.Case, ID: c.ID})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, line, func(w io.Writer) {
			fmt.Fprintf(w, "The case %s is %s; the flow has the conversation again.\n", line.Case, line.State)
		})
	})
}
