package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"baraza/server/desk"
	"baraza/server/freeze"
)

// incidentCommand is the emergency stop.
type incidentCommand struct {
	Freeze   incidentFreeze   `cmd:"" help:"Hold what a country's flows say by themselves, and tell people a notice; safety words and staff go on."`
	Unfreeze incidentUnfreeze `cmd:"" help:"Serve a country again, and answer what was held."`
	Status   incidentStatus   `cmd:"" help:"Say which countries are frozen, and what is held."`
}

// ofCountry is what a change of a country takes.
type ofCountry struct {
	asking
	Country string `arg:"" help:"The country, as the configuration names it." placeholder:"COUNTRY"`
	Why     string `help:"Why it is done; it is kept with the change." placeholder:"TEXT"`
	By      string `help:"Who does it; the name of this account unless given." placeholder:"NAME"`
}

type incidentFreeze struct {
	ofCountry
	Notice string `help:"File with what people are told: [es] and the text below it, and so on for each language; the one of the configuration unless given." placeholder:"FILE"`
	Check  bool   `help:"Say what is wrong with the notice, and freeze nothing."`
}

func (c *incidentFreeze) Run(s streams) error {
	if c.Notice == "" {
		configuration, err := readConfig(c.Config)
		if err != nil {
			return err
		}
		country := configuration.Countries[c.Country]
		if country == nil {
			return fmt.Errorf("there is no country %q; the countries are %s", c.Country, strings.Join(configuration.CountryNames(), ", "))
		}
		if c.Notice = country.Notice; c.Notice == "" {
			return fmt.Errorf("say with --notice what people are told, or prepare it: name the file in the configuration under countries.%s.notice", c.Country)
		}
	}
	notice, err := freeze.ReadFile(c.Notice)
	if err != nil {
		return err
	}
	in := desk.Freeze{Country: c.Country, By: c.By, Why: c.Why, Notice: notice.Texts, Instead: notice.Instead}
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		if c.Check {
			return c.check(ctx, s, d, in)
		}
		is, err := d.Freeze(ctx, in)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, is, func(w io.Writer) {
			printIncident(w, is)
			fmt.Fprintf(w, "What a provider had been given already cannot be called back. To end it: baraza incident unfreeze %s\n", is.Country)
		})
	})
}

func (c *incidentFreeze) check(ctx context.Context, s streams, d *desk.Client, in desk.Freeze) error {
	checked, err := d.CheckNotice(ctx, in)
	if err != nil {
		return err
	}
	err = printed(s, c.JSON, checked, func(w io.Writer) {
		for _, problem := range checked.Problems {
			fmt.Fprintf(w, "%s: %s\n", c.Notice, problem)
		}
		if len(checked.Problems) == 0 {
			fmt.Fprintf(w, "%s can be told to the people of %s. Nothing was frozen.\n", c.Notice, c.Country)
		}
	})
	if err == nil && len(checked.Problems) > 0 {
		err = errFound
	}
	return err
}

type incidentUnfreeze struct {
	ofCountry
	DropReplies bool `help:"Delete replies that flows had written before: they may say what it was about. This is what happens unless --send-replies."`
	SendReplies bool `help:"Send them after all."`
}

func (c *incidentUnfreeze) Run(s streams) error {
	if c.DropReplies && c.SendReplies {
		return errors.New("say --drop-replies or --send-replies, not both")
	}
	in := desk.Unfreeze{Country: c.Country, By: c.By, Why: c.Why, Replies: "drop"}
	if c.SendReplies {
		in.Replies = "send"
	}
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		is, err := d.Unfreeze(ctx, in)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, is, func(w io.Writer) { printIncident(w, is) })
	})
}

type incidentStatus struct {
	asking
	Country string `arg:"" optional:"" help:"The country; all when left out." placeholder:"COUNTRY"`
}

func (c *incidentStatus) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		list, err := d.Incidents(ctx, desk.IncidentQuery{Country: c.Country})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, list, func(w io.Writer) {
			for _, is := range list.Countries {
				printIncident(w, is)
			}
		})
	})
}

func printIncident(w io.Writer, is desk.Incident) {
	switch is.Stage {
	case freeze.Served:
		fmt.Fprintf(w, "%s is served.\n", is.Country)
		if is.HeldMessages+is.HeldReplies == 0 {
			return
		}
	case freeze.Frozen:
		fmt.Fprintf(w, "%s is FROZEN", is.Country)
	default:
		fmt.Fprintf(w, "%s is served again, and what was held is being answered; frozen", is.Country)
	}
	if is.Stage != freeze.Served {
		if is.Since != nil {
			fmt.Fprintf(w, " since %s", inZone(is.Since, is.Zone))
		}
		if is.By != "" {
			fmt.Fprintf(w, " by %s", shown(is.By))
		}
		fmt.Fprintln(w, ".")
	}
	if is.Why != "" {
		fmt.Fprintf(w, "  why: %s\n", shown(is.Why))
	}
	if is.Problem != "" {
		fmt.Fprintf(w, "  %s.\n", is.Problem)
	}
	fmt.Fprintf(w, "  held: %s of people, %s of flows\n", counted(is.HeldMessages, "message", "messages"), counted(is.HeldReplies, "reply", "replies"))
	switch is.Replies {
	case "send":
		fmt.Fprintln(w, "  the replies are sent after all")
	case "drop":
		fmt.Fprintln(w, "  the replies are deleted, and their people are asked the open question again")
	}
	for _, lang := range slices.Sorted(maps.Keys(is.Notice)) {
		fmt.Fprintf(w, "  notice in %s:\n", lang)
		indented(w, "    ", is.Notice[lang])
	}
	for _, lang := range slices.Sorted(maps.Keys(is.Instead)) {
		fmt.Fprintf(w, "  notice in %s: the one in %s\n", lang, is.Instead[lang])
	}
}
