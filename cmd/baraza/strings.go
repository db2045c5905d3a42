package main

import (
	"fmt"
	"slices"
	"strings"

	"baraza/dsl"
)

// catalog prints the texts of a pack for translators.
type catalog struct {
	Pack string `arg:"" help:"Folder of the pack, such as flows/ec."`
	Lang string `help:"With the translations there are into this language, so that the output can become locale/TAG.po." placeholder:"TAG"`
}

func (c *catalog) Run(s streams) error {
	o, err := translatable(c.Pack, s)
	if err != nil {
		return err
	}
	if others := o.pack.Languages[1:]; c.Lang != "" && !slices.Contains(others, c.Lang) {
		if len(others) == 0 {
			return fmt.Errorf("the pack has only one language, %q", o.pack.Languages[0])
		}
		return fmt.Errorf("the pack is not translated into %q, but into %s", c.Lang, strings.Join(others, ", "))
	}
	_, err = s.out.Write(o.pack.Catalogue(c.Lang).Append(nil))
	return err
}

// translatable is a pack whose texts can be printed: every line of it can be read. What else is wrong, above all in
// its translations, does not hinder.
func translatable(path string, s streams) (*opened, error) {
	o, err := open(path, func(*dsl.Checker) {})
	if err != nil || o.pack != nil && o.pack.Line != nil && !o.pack.Broken {
		return o, err
	}
	return ready(path, s)
}
