package main

import (
	"fmt"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/simulator/script"
)

// tests runs the test blocks of packs.
type tests struct {
	Pack     []string `arg:"" help:"Folder of the pack, such as flows/ec."`
	Coverage bool     `help:"Tell which steps, choices and when branches no test visits."`
	Only     string   `help:"Run only the tests with this in their title." placeholder:"WORDS"`
	Verbose  bool     `short:"v" help:"Name each test."`
}

func (c *tests) Run(s streams) error {
	bad := false
	for _, path := range c.Pack {
		o, err := ready(path, s)
		if err != nil {
			return err
		}
		bad = c.pack(s, path, o) || bad
	}
	if bad {
		return errFound
	}
	return nil
}

// pack runs one pack's tests and reports whether one did not pass, or none has the title that was asked for.
func (c *tests) pack(s streams, path string, o *opened) (bad bool) {
	cover := script.NewCoverage(o.program)
	passed, failed := 0, 0
	for _, test := range o.pack.Tests {
		if !strings.Contains(strings.ToLower(test.Title), strings.ToLower(c.Only)) {
			continue
		}
		r := script.Run(o.pack, o.program, o.files, test, cover)
		if r.Passed {
			passed++
			if c.Verbose {
				fmt.Fprintf(s.out, "passed  %s\n", test.Title)
			}
			continue
		}
		failed++
		r.Write(s.out, func(at ast.Span) int { return lineNumber(o.sources, at) })
	}
	word := "tests"
	if passed == 1 {
		word = "test"
	}
	fmt.Fprintf(s.out, "%s: %d %s passed, %d did not\n", path, passed, word, failed)
	if passed+failed == 0 {
		fmt.Fprintf(s.out, "The pack has no test block%s.\n", map[bool]string{true: " with that title"}[c.Only != ""])
	}
	if c.Coverage {
		cover.Write(s.out)
	}
	return failed > 0 || c.Only != "" && passed == 0
}

func lineNumber(src diag.Sources, at ast.Span) int {
	text, ok := src.Source(at.File)
	if !ok {
		return 0
	}
	return diag.NewLines(text).LineAt(at.Start)
}
