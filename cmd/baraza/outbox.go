package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"baraza/server/desk"
)

// outboxCommand is about messages that did not go out.
type outboxCommand struct {
	List  outboxList  `cmd:"" help:"List dead letters, and what waits to be tried again."`
	Retry outboxRetry `cmd:"" help:"Send dead letters once more."`
	Drop  outboxDrop  `cmd:"" help:"Delete dead letters."`
}

type outboxList struct {
	asking
	Sender string `help:"Only those of this sender, as pack/channel/account." placeholder:"SENDER"`
}

func (c *outboxList) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		list, err := d.Letters(ctx, desk.LetterQuery{Sender: c.Sender})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, list, func(w io.Writer) { printLetters(w, list) })
	})
}

func printLetters(w io.Writer, list desk.LetterList) {
	if len(list.Letters) == 0 {
		fmt.Fprintln(w, "Every message went out, or is on its way.")
		return
	}
	rows := [][]string{{"NUMBER", "STATE", "CODE", "TRIES", "WRITTEN", "SENDER"}}
	var each, why []string
	for _, l := range list.Letters {
		rows = append(rows, []string{strconv.FormatUint(l.ID, 10), l.State, strconv.Itoa(l.Code), strconv.Itoa(l.Tries), moment(l.At, l.Zone), l.Sender})
		each = append(each, l.Zone)
		if line := fmt.Sprintf("  %s %d: %s", l.State, l.Code, l.Why); !strings.Contains(strings.Join(why, "\n"), line) {
			why = append(why, line)
		}
	}
	table(w, rows)
	fmt.Fprintf(w, "\n%s\n", strings.Join(why, "\n"))
	if list.More {
		fmt.Fprint(w, "There are more. ")
	}
	zones(w, each)
}

type whichLetters struct {
	asking
	Number []uint64 `arg:"" optional:"" help:"Numbers of dead letters." placeholder:"NUMBER"`
	All    bool     `help:"All of them."`
	Sender string   `help:"With --all: those of this sender, as pack/channel/account." placeholder:"SENDER"`
}

func (c *whichLetters) do(s streams, says string, act func(context.Context, *desk.Client, desk.LetterIDs) (desk.LettersDone, error)) error {
	if len(c.Number) == 0 && !c.All {
		return errors.New("name the numbers of dead letters, which baraza outbox list prints, or say --all")
	}
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		done, err := act(ctx, d, desk.LetterIDs{IDs: c.Number, All: c.All, Sender: c.Sender})
		if err != nil {
			return err
		}
		err = printed(s, c.JSON, done, func(w io.Writer) {
			fmt.Fprintf(w, "%s %s.\n", counted(done.Done, "dead letter", "dead letters"), says)
			for _, id := range done.Gone {
				fmt.Fprintf(w, "There is no dead letter %d, or no longer.\n", id)
			}
		})
		if err == nil && len(done.Gone) > 0 {
			err = errFound
		}
		return err
	})
}

type outboxRetry struct{ whichLetters }

func (c *outboxRetry) Run(s streams) error {
	return c.do(s, "will be sent once more", func(ctx context.Context, d *desk.Client, in desk.LetterIDs) (desk.LettersDone, error) {
		return d.Retry(ctx, in)
	})
}

type outboxDrop struct{ whichLetters }

func (c *outboxDrop) Run(s streams) error {
	return c.do(s, "deleted", func(ctx context.Context, d *desk.Client, in desk.LetterIDs) (desk.LettersDone, error) {
		return d.Drop(ctx, in)
	})
}

// senderCommand is about the numbers and accounts by which messages go out.
type senderCommand struct {
	List   senderList   `cmd:"" help:"List senders, and which of them hold back."`
	Resume senderResume `cmd:"" help:"Let a sender send again, once its token or account is in order."`
}

type senderList struct{ asking }

func (c *senderList) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		list, err := d.SenderLines(ctx)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, list, func(w io.Writer) {
			var rows [][]string
			for _, l := range list.Senders {
				state := "sends"
				switch {
				case !list.Serving:
					state = "nobody serves"
				case l.Until != nil:
					state = "holds back until " + inZone(l.Until, l.Zone)
				}
				rows = append(rows, []string{l.Sender, state})
			}
			table(w, rows)
			if len(rows) == 0 {
				fmt.Fprintln(w, "The configuration names no sender.")
			}
		})
	})
}

type senderResume struct {
	asking
	Sender string `arg:"" help:"The sender, as pack/channel/account." placeholder:"SENDER"`
}

func (c *senderResume) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		line, err := d.Resume(ctx, desk.OneSender{Sender: c.Sender})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, line, func(w io.Writer) {
			fmt.Fprintf(w, "%s sends again. Where nothing has changed at the provider, it stops at the next message.\n", line.Sender)
		})
	})
}

// reportCommand is what operators should see.
type reportCommand struct {
	List reportList `cmd:"" help:"List what operators should see: messages set aside, news of accounts, alerts. Nobody's words are in it."`
}

type reportList struct {
	asking
	Days int    `default:"7" help:"Of how many days, ${default} unless given." placeholder:"N"`
	Code string `help:"Only those with this code." placeholder:"CODE"`
}

func (c *reportList) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		list, err := d.Reports(ctx, desk.ReportQuery{Days: c.Days, Code: c.Code})
		if err != nil {
			return err
		}
		return printed(s, c.JSON, list, func(w io.Writer) {
			if len(list.Reports) == 0 {
				fmt.Fprintf(w, "Nothing in %s.\n", counted(c.Days, "day", "days"))
				return
			}
			rows := [][]string{{"AT", "KIND", "CODE", "CONTACT"}}
			var each []string
			for _, r := range list.Reports {
				code := r.Code
				if r.Says != "" {
					code += " (" + r.Says + ")"
				}
				rows = append(rows, []string{moment(r.At, r.Zone), r.Kind, shown(code), r.Contact[:8]})
				each = append(each, r.Zone)
			}
			table(w, rows)
			fmt.Fprintln(w)
			if list.More {
				fmt.Fprint(w, "There is more that is older. ")
			}
			zones(w, each)
		})
	})
}
