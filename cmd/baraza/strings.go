package main

import (
	"fmt"
	"slices"
	"strings"
)

// catalog prints the texts of a pack for translators.
type catalog struct {
	Pack string `arg:"" help:"Folder of the pack, such as flows/ec."`
	Lang string `help:"With the translations there are into this language, so that the output can become locale/TAG.po." placeholder:"TAG"`
}

func (c *catalog) Run(s streams) error {
	o, err := ready(c.Pack, s)
	if err != nil {
		return err
	}
	if others := o.program.Languages[1:]; c.Lang != "" && !slices.Contains(others, c.Lang) {
		if len(others) == 0 {
			return fmt.Errorf("the pack has only one language, %q", o.program.Languages[0])
		}
		return fmt.Errorf("the pack is not translated into %q, but into %s", c.Lang, strings.Join(others, ", "))
	}
	_, err = s.out.Write(o.pack.Catalogue(c.Lang).Append(nil))
	return err
}
