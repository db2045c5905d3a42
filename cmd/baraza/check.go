package main

import (
	"fmt"
	"time"

	"baraza/dsl"
	"baraza/dsl/diag"
)

// check says everything that is wrong with packs.
type check struct {
	Pack    []string `arg:"" help:"Folder of the pack, such as flows/ec."`
	Strict  bool     `help:"Warnings count as errors."`
	All     bool     `help:"Print every problem, not the first 20."`
	JSON    bool     `name:"json" help:"Print every problem as JSON, for programs."`
	Release bool     `help:"Check also what only matters before a release: placeholder contacts, the example mark."`
	Today   string   `help:"The day to compare review dates with, as YYYY-MM-DD; today when left out." placeholder:"DATE"`
}

func (c *check) Run(s streams) error {
	today := time.Now().Format(time.DateOnly)
	if c.Today != "" {
		if _, err := time.Parse(time.DateOnly, c.Today); err != nil {
			return fmt.Errorf("write --today as YYYY-MM-DD, not %q", c.Today)
		}
		today = c.Today
	}
	set := func(k *dsl.Checker) { k.Today, k.Release = today, c.Release }
	bad := false
	for _, path := range c.Pack {
		o, err := open(path, set)
		if err != nil {
			return err
		}
		if err := c.print(s, path, o); err != nil {
			return err
		}
		bad = bad || o.problems.Any(diag.Error) || (c.Strict && len(o.problems) > 0)
	}
	if bad {
		return errFound
	}
	return nil
}

func (c *check) print(s streams, path string, o *opened) error {
	if c.JSON {
		return diag.JSON(s.out, o.problems, o.sources)
	}
	if len(o.problems) == 0 {
		_, err := fmt.Fprintf(s.out, "%s: nothing to say, %d flows and %d steps are fine\n", path, len(o.program.Flows), len(o.program.Steps))
		return err
	}
	limit := diag.DefaultMax
	if c.All {
		limit = 0
	}
	return diag.Render(s.out, o.problems, o.sources, diag.Options{Color: color(s.out), Max: limit, WarningsAsErrors: c.Strict})
}
