package graph

import (
	"fmt"
	"io"
	"strings"

	"baraza/engine/program"
)

// labels of arrows are shortened so that a picture keeps its proportions.
const labelLength = 28

// edge is an arrow between two boxes; To None is the end of the conversation.
type edge struct {
	from, to int
	label    string
	kind     kind
}

func (s step) edges() []edge {
	var out []edge
	for _, r := range s.rows {
		if r.to != program.None || r.ends {
			out = append(out, edge{s.id, r.to, shorten(r.text, labelLength), r.kind})
		}
	}
	return out
}

// body is what stands inside a step's box below its name.
func (s step) body() []string {
	var out []string
	for _, r := range s.rows {
		switch r.kind {
		case said, people, outside:
			out = append(out, shorten(r.text, 40))
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

func (d *drawing) known() map[int]bool {
	out := map[int]bool{}
	for _, f := range d.flows {
		for _, s := range f.steps {
			out[s.id] = true
		}
	}
	return out
}

// mermaid writes a flowchart. Its labels are quoted, so only quotes and the characters of its entities need care.
func (d *drawing) mermaid(w io.Writer) error {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	ends := false
	for _, f := range d.flows {
		fmt.Fprintf(&b, "  subgraph %s[\"%s\"]\n", mermaidID(f.name), mermaidText(titleOf(f)))
		for _, s := range f.steps {
			open, shut := "[", "]"
			if s.hands() {
				open, shut = "([", "])"
			}
			text := append([]string{s.name}, s.body()...)
			for i := range text {
				text[i] = mermaidText(text[i])
			}
			fmt.Fprintf(&b, "    s%d%s\"%s\"%s\n", s.id, open, strings.Join(text, "<br>"), shut)
		}
		b.WriteString("  end\n")
	}
	known := d.known()
	for _, f := range d.flows {
		for _, s := range f.steps {
			for _, e := range s.edges() {
				to := fmt.Sprintf("s%d", e.to)
				switch {
				case e.to == program.None:
					to, ends = "finish", true
				case !known[e.to]:
					continue
				}
				arrow := "-->"
				if e.kind == silence || e.kind == other {
					arrow = "-.->"
				}
				if e.label != "" {
					arrow += "|\"" + mermaidText(e.label) + "\"|"
				}
				fmt.Fprintf(&b, "  s%d %s %s\n", e.from, arrow, to)
			}
		}
	}
	if ends {
		b.WriteString("  finish((end))\n")
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

func mermaidID(name string) string { return "flow_" + strings.ReplaceAll(name, ".", "_") }

func mermaidText(s string) string {
	return strings.NewReplacer(`"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;").Replace(s)
}

// dot writes a Graphviz digraph with a cluster a flow.
func (d *drawing) dot(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph pack {\n  label=%s; labelloc=t; rankdir=TB; fontname=\"sans-serif\";\n", dotText(d.title))
	b.WriteString("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];\n")
	b.WriteString("  edge [fontname=\"sans-serif\", fontsize=10];\n")
	ends := false
	for i, f := range d.flows {
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%s; color=\"#8aa\";\n", i, dotText(titleOf(f)))
		for _, s := range f.steps {
			fill := ""
			if s.hands() {
				fill = ", fillcolor=\"#ffe3c2\""
			}
			fmt.Fprintf(&b, "    s%d [label=%s%s];\n", s.id, dotText(strings.Join(append([]string{s.name}, s.body()...), "\n")), fill)
		}
		b.WriteString("  }\n")
	}
	known := d.known()
	for _, f := range d.flows {
		for _, s := range f.steps {
			for _, e := range s.edges() {
				to := fmt.Sprintf("s%d", e.to)
				switch {
				case e.to == program.None:
					to, ends = "finish", true
				case !known[e.to]:
					continue
				}
				style := ""
				if e.kind == silence || e.kind == other {
					style = ", style=dashed"
				}
				fmt.Fprintf(&b, "  s%d -> %s [label=%s%s];\n", e.from, to, dotText(e.label), style)
			}
		}
	}
	if ends {
		b.WriteString("  finish [label=\"end\", shape=circle];\n")
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
