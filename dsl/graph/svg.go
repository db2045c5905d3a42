package graph

import (
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"baraza/engine/program"
)

// The SVG's layout: a card for each flow, its steps one below the other as in the source, a line in the step's
// box for each thing that leaves it. Arrows inside a flow run down the right side of the card; a move to another
// flow names it, since a line across the whole picture tells nobody anything. Cards fill columns from the left,
// the lowest column first.
const (
	cardWidth = 340
	boxLeft   = 14
	boxWidth  = 262 // the rest of the card is for arrows
	lineTall  = 17
	gap       = 18
	glyph     = 6.7 // width of a character of the 12 px sans-serif, on average
	stepGlyph = 8   // of the bold 12 px of steps
	bold      = 8.4 // of the bold 14 px of titles
)

type card struct {
	flow   flow
	height int
	x, y   int
	// top of each step's box, by step id, and its middle for arrows.
	tops map[int]int
}

func (d *drawing) svg(w io.Writer) error {
	cards := make([]*card, len(d.flows))
	total := 0
	for i, f := range d.flows {
		cards[i] = measure(f)
		total += cards[i].height + gap
	}
	columns := columnsFor(total, len(cards))
	width, height := place(cards, columns)

	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"title\">\n", width, height, width, height)
	fmt.Fprintf(&b, "<title id=\"title\">%s: flows, steps, choices, timeouts and hand-overs</title>\n", html.EscapeString(allowed(d.title)))
	b.WriteString(style)
	fmt.Fprintf(&b, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", width, height)
	text(&b, gap, 26, "name", fit(d.title, width-2*gap, bold))
	for _, c := range cards {
		c.draw(&b, d)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// Style are the looks of the SVG's classes, for a page that does not take them from inside a picture.
const Style = `text{font:12px system-ui,"Noto Sans","Noto Sans Arabic",sans-serif;fill:#1d2b33;unicode-bidi:plaintext}
.name{font-weight:600;font-size:14px}.step{font-weight:600}.mark{fill:#5a6b75;font-size:11px}
.paper{fill:#f3f6f7}.card{fill:#fff;stroke:#b7c6cc}.box{fill:#f8fbfc;stroke:#8fa5ae}
text.people{fill:#8a3c00}text.silence{fill:#6b4a9e}text.other{fill:#5a6b75}text.choice{fill:#0a5c7a}text.outside{fill:#2c6b3f}
path{fill:none;stroke:#0a5c7a;stroke-width:1.3}path.silence,path.other{stroke-dasharray:4 3;stroke:#6b4a9e}
#tip path{fill:#0a5c7a;stroke:none}
`

const style = "<style>\n" + Style + `</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
`

// columnsFor keeps the picture near the shape of a page held sideways.
func columnsFor(total, cards int) int {
	n := 1
	for n < cards && total/n > (cardWidth+gap)*n {
		n++
	}
	return n
}

// place puts each card below the shortest column and returns the picture's size.
func place(cards []*card, columns int) (width, height int) {
	tops := make([]int, columns)
	for i := range tops {
		tops[i] = 44
	}
	for _, c := range cards {
		low := 0
		for i, t := range tops {
			if t < tops[low] {
				low = i
			}
		}
		c.x, c.y = gap+low*(cardWidth+gap), tops[low]
		tops[low] += c.height + gap
		height = max(height, tops[low])
	}
	return gap + columns*(cardWidth+gap), height
}

func measure(f flow) *card {
	c := &card{flow: f, tops: map[int]int{}}
	y := 34
	if len(f.triggers) > 0 {
		y += lineTall
	}
	for _, s := range f.steps {
		c.tops[s.id] = y
		y += (len(s.rows)+1)*lineTall + 10 + 12
	}
	c.height = y
	return c
}

func (c *card) draw(b *strings.Builder, d *drawing) {
	fmt.Fprintf(b, "<g transform=\"translate(%d %d)\">\n<rect class=\"card\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", c.x, c.y, cardWidth, c.height)
	text(b, boxLeft, 22, "name", fit(titleOf(c.flow), cardWidth-2*boxLeft, bold))
	if len(c.flow.triggers) > 0 {
		text(b, boxLeft, 22+lineTall, "mark", fit("on "+strings.Join(c.flow.triggers, ", "), cardWidth-2*boxLeft, glyph))
	}
	lane := 0
	for _, s := range c.flow.steps {
		top := c.tops[s.id]
		fmt.Fprintf(b, "<rect class=\"box\" id=\"step-%d\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\"/>\n", s.id, boxLeft, top, boxWidth, (len(s.rows)+1)*lineTall+10)
		name := fit(s.name, boxWidth-16, stepGlyph)
		text(b, boxLeft+8, top+17, "step", name)
		if left := boxLeft + 16 + int(float64(uniseg.StringWidth(name))*stepGlyph); len(s.marks) > 0 {
			text(b, left, top+17, "mark", fit(strings.Join(s.marks, ", "), boxLeft+boxWidth-8-left, glyph))
		}
		for i, r := range s.rows {
			y := top + 17 + (i+1)*lineTall
			text(b, boxLeft+8, y, r.kind.class(), fit(c.rowText(r, d), boxWidth-16, glyph))
			if to, ok := c.tops[r.to]; ok {
				arrow(b, y-4, to+14, 10+lane%5*10, r.kind)
				lane++
			}
		}
	}
	b.WriteString("</g>\n")
}

// rowText is a row with the place it leads to, where no arrow shows it.
func (c *card) rowText(r row, d *drawing) string {
	sign := map[kind]string{choice: "• ", silence: "◔ ", people: "☎ ", outside: "⇄ ", other: "◦ "}[r.kind]
	text := sign + r.text
	if r.kind == said {
		return text
	}
	_, here := c.tops[r.to]
	switch {
	case r.ends:
		text += " → end"
	case r.to != program.None && !here:
		text += " → " + d.names[r.to]
	case r.to != program.None && r.text == "":
		text += "→"
	}
	return strings.TrimSpace(text)
}

func (k kind) class() string {
	return [...]string{said: "said", choice: "choice", move: "choice", silence: "silence", other: "other", people: "people", outside: "outside"}[k]
}

// arrow runs from a row along the right side to the top of a box.
func arrow(b *strings.Builder, from, to, out int, k kind) {
	right := boxLeft + boxWidth
	fmt.Fprintf(b, "<path class=\"%s\" d=\"M%d %dh%dV%dh-%d\" marker-end=\"url(#tip)\"/>\n", k.class(), right, from, out, to, out)
}

func text(b *strings.Builder, x, y int, class, s string) {
	if s = allowed(s); s != "" {
		fmt.Fprintf(b, "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", class, x, y, html.EscapeString(s))
	}
}

// allowed leaves out the characters that XML does not take.
func allowed(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '\ufffe' || r == '\uffff' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// fit shortens a text to a width in pixels, by display columns so that wide scripts fit too.
func fit(s string, width int, per float64) string {
	columns := max(0, int(float64(width)/per))
	if uniseg.StringWidth(s) <= columns {
		return s
	}
	var b strings.Builder
	used := 0
	g := uniseg.NewGraphemes(s)
	for g.Next() {
		if used += g.Width(); used > columns-1 {
			break
		}
		b.WriteString(g.Str())
	}
	if columns == 0 {
		return ""
	}
	return strings.TrimRight(b.String(), " ") + "…"
}
