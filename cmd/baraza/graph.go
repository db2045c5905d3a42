package main

import "baraza/dsl/graph"

// draw prints the picture of a pack.
type draw struct {
	Pack   string   `arg:"" help:"Folder of the pack, such as flows/ec."`
	Format string   `enum:"mermaid,dot,svg" default:"mermaid" help:"mermaid, dot or svg."`
	Flow   []string `help:"Draw only this flow; may be given several times." placeholder:"NAME"`
}

func (c *draw) Run(s streams) error {
	o, err := ready(c.Pack, s)
	if err != nil {
		return err
	}
	return graph.Write(s.out, o.program, c.Format, c.Flow)
}
