package main

import (
	"context"
	"fmt"
	"io"

	"baraza/server/desk"
)

// clockCommand is about the time of the machine: what is deleted by a wrong clock does not come back, so a clock that
// jumped far ahead is doubted first.
type clockCommand struct {
	Show    clockShow    `cmd:"" help:"Show what time the process that serves has, and whether it is doubted."`
	Confirm clockConfirm `cmd:"" help:"Say that the clock is right; what was held back goes on."`
}

type clockShow struct{ asking }

func (c *clockShow) Run(s streams) error {
	return c.ask(s, func(ctx context.Context, d *desk.Client) error {
		clock, err := d.ClockState(ctx)
		if err != nil {
			return err
		}
		return printed(s, c.JSON, clock, func(w io.Writer) { printClock(w, clock) })
	})
}

type clockConfirm struct{ asking }

func (c *clockConfirm) Run(s streams) error {
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

func printClock(w io.Writer, c desk.Clock) {
	fmt.Fprintf(w, "It is %s here.\n", c.Now.Format("2006-01-02 15:04 UTC"))
	switch {
	case c.LastSweep == nil:
		fmt.Fprintln(w, "Nothing was deleted at its date so far.")
	default:
		fmt.Fprintf(w, "What is past its date was last deleted at %s.\n", c.LastSweep.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if c.Held {
		fmt.Fprintln(w, "That is so long ago that nothing is deleted until somebody confirms the clock. If it\nis right, run: baraza clock confirm")
	}
}
