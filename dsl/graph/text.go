package graph

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"baraza/engine/program"
)

// labels of arrows are shortened so that a picture keeps its proportions.
const labelLength = 28

// edge is an arrow between two boxes.
type edge struct {
	from   int
	to     string // id of the box
	label  string
	dashed bool
}

// finish is the id of the box that stands for the end.
const finish = "finish"

// edges are all arrows, and the steps outside the picture that some lead to, in the order they are met.
func (d *drawing) edges() (edges []edge, outside []int, ends bool) {
	for _, f := range d.flows {
		for _, s := range f.steps {
			for _, r := range s.rows {
				e := edge{s.id, boxID(r.to), shorten(r.text, labelLength), r.kind == silence || r.kind == other}
				switch {
				case r.ends:
					e.to, ends = finish, true
				case r.to == program.None:
					continue
				case !d.drawn[r.to] && !slices.Contains(outside, r.to):
					outside = append(outside, r.to)
				}
				edges = append(edges, e)
			}
		}
	}
	return edges, outside, ends
}

func boxID(step int) string { return fmt.Sprintf("s%d", step) }

// body is what stands inside a step's box below its name: all that no arrow shows.
func (s step) body() []string {
	var out []string
	for _, r := range s.rows {
		switch {
		case r.kind == said, r.kind == people, r.kind == outside:
			out = append(out, shorten(r.text, 40))
		case r.to == program.None && !r.ends:
			out = append(out, "• "+shorten(r.text, 38))
		}
	}
	return out
}

func (s step) hands() bool {
	for _, r := range s.rows {
		if r.kind == people {
			return true
		}
	}
	return false
}

// mermaid writes a flowchart. Its labels are quoted, so only quotes, tags and the sign of its entities need care.
func (d *drawing) mermaid(w io.Writer) error {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	for i, f := range d.flows {
		fmt.Fprintf(&b, "  subgraph flow%d[\"%s\"]\n", i, mermaidText(titleOf(f)))
		for _, s := range f.steps {
			open, shut := "[", "]"
			if s.hands() {
				open, shut = "([", "])"
			}
			text := append([]string{s.name}, s.body()...)
			for i := range text {
				text[i] = mermaidText(text[i])
			}
			fmt.Fprintf(&b, "    %s%s\"%s\"%s\n", boxID(s.id), open, strings.Join(text, "<br>"), shut)
		}
		b.WriteString("  end\n")
	}
	edges, outside, ends := d.edges()
	for _, i := range outside {
		fmt.Fprintf(&b, "  %s[/\"%s\"/]\n", boxID(i), mermaidText(d.names[i]))
	}
	if ends {
		b.WriteString("  " + finish + "((end))\n")
	}
	for _, e := range edges {
		arrow := "-->"
		if e.dashed {
			arrow = "-.->"
		}
		if e.label != "" {
			arrow += "|\"" + mermaidText(e.label) + "\"|"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", boxID(e.from), arrow, e.to)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func titleOf(f flow) string {
	if f.title == "" {
		return f.name
	}
	return f.name + ": " + f.title
}

var mermaidEntities = strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;")

func mermaidText(s string) string { return mermaidEntities.Replace(s) }

// dot writes a Graphviz digraph with a cluster a flow.
func (d *drawing) dot(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph pack {\n  label=%s; labelloc=t; rankdir=TB; fontname=\"sans-serif\";\n", dotText(d.title))
	b.WriteString("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];\n")
	b.WriteString("  edge [fontname=\"sans-serif\", fontsize=10];\n")
	for i, f := range d.flows {
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%s; color=\"#8aa\";\n", i, dotText(titleOf(f)))
		for _, s := range f.steps {
			fill := ""
			if s.hands() {
				fill = ", fillcolor=\"#ffe3c2\""
			}
			fmt.Fprintf(&b, "    %s [label=%s%s];\n", boxID(s.id), dotText(strings.Join(append([]string{s.name}, s.body()...), "\n")), fill)
		}
		b.WriteString("  }\n")
	}
	edges, outside, ends := d.edges()
	for _, i := range outside {
		fmt.Fprintf(&b, "  %s [label=%s, style=dashed];\n", boxID(i), dotText(d.names[i]))
	}
	if ends {
		b.WriteString("  " + finish + " [label=\"end\", shape=circle];\n")
	}
	for _, e := range edges {
		style := ""
		if e.dashed {
			style = ", style=dashed"
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s];\n", boxID(e.from), e.to, dotText(e.label), style)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
