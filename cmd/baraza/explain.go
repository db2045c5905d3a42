package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"baraza/dsl/diag"
)

// explain prints the catalog page of a code.
type explain struct {
	Code []string `arg:"" optional:"" help:"The code at the end of a problem, such as unknown-step; without one, all codes."`
}

func (c *explain) Run(s streams) error {
	if len(c.Code) == 0 {
		for _, p := range diag.Pages() {
			fmt.Fprintf(s.out, "%-26s %s\n", p.Code, p.Message)
		}
		return nil
	}
	known, err := diag.Explain(s.out, codeOf(c.Code), color(s.out))
	if err == nil && !known {
		return errFound
	}
	return err
}

// codeOf is the code that is meant by "wrong arrow", "Wrong-Arrow" or the name of its page.
func codeOf(words []string) string {
	written := strings.Join(words, "-")
	code := strings.TrimSuffix(path.Base(strings.ToLower(strings.Trim(written, "[]()\"'.,:"))), ".md")
	if slices.ContainsFunc(diag.Pages(), func(p diag.Page) bool { return p.Code == code }) {
		return code
	}
	return written
}
