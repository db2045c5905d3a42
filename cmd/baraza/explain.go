package main

import (
	"fmt"

	"baraza/dsl/diag"
)

// explain prints the catalog page of a code.
type explain struct {
	Code string `arg:"" optional:"" help:"The code at the end of a problem, such as unknown-step; without one, all codes."`
}

func (c *explain) Run(s streams) error {
	if c.Code == "" {
		for _, p := range diag.Pages() {
			fmt.Fprintf(s.out, "%-26s %s\n", p.Code, p.Message)
		}
		return nil
	}
	known, err := diag.Explain(s.out, c.Code, color(s.out))
	if err == nil && !known {
		return errFound
	}
	return err
}
