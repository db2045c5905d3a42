package terminal

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"

	"baraza/channels/markup"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
)

// painter prints lines, with colours or plain.
type painter struct {
	color bool
	width int
}

// SGR codes of ECMA-48.
const (
	bold, faint, italic, strike  = "1", "2", "3", "9"
	green, yellow, magenta, cyan = "32", "33", "35", "36"
	reset                        = "\x1b[0m"
)

func (p painter) sgr(s string, codes ...string) string {
	if !p.color || s == "" {
		return s
	}
	return "\x1b[" + strings.Join(codes, ";") + "m" + s + reset
}

func (p painter) dim(s string) string { return p.sgr(s, faint) }

func (p painter) prompt() string {
	if p.color {
		return p.sgr("you ", bold, green)
	}
	return "> "
}

// line prints one line of the transcript. What the person wrote stands there already.
func (p painter) line(w io.Writer, prog *program.Program, l simulator.Line, trace bool) {
	switch l.Who {
	case simulator.Bot:
		p.bubble(w, "< ", cyan, l.Send)
	case simulator.Staff:
		p.bubble(w, "staff: ", magenta, l.Send)
	case simulator.Clock:
		fmt.Fprintln(w, p.sgr(visible(l.Text), faint))
	case simulator.Outside:
		if text := simulator.EffectText(prog, l.Effect); text != "" {
			fmt.Fprintln(w, p.sgr(visible(text), yellow))
		} else if trace {
			fmt.Fprintln(w, p.dim("  | "+visible(simulator.TraceText(prog, l.Effect))))
		}
	}
}

// bubble is one message: its text with marks, then its options by number.
func (p painter) bubble(w io.Writer, sign, color string, m *engine.Outgoing) {
	var lines []string
	add := func(s string) {
		if s != "" {
			lines = append(lines, strings.Split(s, "\n")...)
		}
	}
	for part := range strings.SplitSeq(attachments(m), "\n") {
		add(p.sgr(visible(part), yellow))
	}
	if m.Header != "" {
		add(p.sgr(visible(markup.Plain(m.Header)), bold))
	}
	add(p.text(m.Text))
	if m.Footer != "" {
		add(p.dim(visible(markup.Plain(m.Footer))))
	}
	for _, o := range m.Options {
		add(p.option(o))
	}
	for i, line := range lines {
		lead := strings.Repeat(" ", len(sign))
		if i == 0 {
			lead = p.sgr(sign, color)
		}
		for j, part := range p.wrap(line) {
			if j > 0 {
				lead = strings.Repeat(" ", len(sign))
			}
			fmt.Fprintln(w, strings.TrimRight(lead+part, " "))
		}
	}
}

// attachments are what a message carries beside its words.
func attachments(m *engine.Outgoing) string {
	only := engine.Outgoing{Media: m.Media, Place: m.Place, Contact: m.Contact, Template: m.Template, Args: m.Args}
	return simulator.SentText(&only)
}

func (p painter) option(o engine.Choice) string {
	number := p.sgr("  - ", cyan)
	if o.Number >= 0 { // where a number is asked for, options have none
		number = p.sgr(fmt.Sprintf("%3s. ", strconv.Itoa(o.Number)), cyan)
	}
	about := ""
	if o.About != "" {
		about = p.dim(" – " + visible(markup.Plain(o.About)))
	}
	return number + visible(markup.Plain(o.Label)) + about
}

// text shows markup on a terminal; in plain output the words alone.
func (p painter) text(s string) string {
	if !p.color {
		return visible(markup.Plain(s))
	}
	var b strings.Builder
	for _, span := range markup.Spans(s) {
		var codes []string
		for _, c := range []struct {
			on   bool
			code string
		}{{span.Bold, bold}, {span.Italic, italic}, {span.Strike, strike}} {
			if c.on {
				codes = append(codes, c.code)
			}
		}
		if len(codes) == 0 {
			b.WriteString(visible(span.Text))
			continue
		}
		b.WriteString(p.sgr(visible(span.Text), codes...))
	}
	return b.String()
}

// visible keeps control characters from playing with the terminal; the person's words may hold any.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || (r >= 0x7f && r < 0xa0):
			return '\ufffd'
		}
		return r
	}, s)
}

// wrap breaks a line at words. Plain output keeps lines whole, so that a script can compare them.
func (p painter) wrap(line string) []string {
	if !p.color || uniseg.StringWidth(line) <= p.width {
		return []string{line}
	}
	var out []string
	used, row := 0, ""
	for _, word := range strings.SplitAfter(line, " ") {
		wide := uniseg.StringWidth(unpainted(word))
		if used+wide > p.width && row != "" {
			out, row, used = append(out, strings.TrimRight(row, " ")), "", 0
		}
		row, used = row+word, used+wide
	}
	return append(out, row)
}

// unpainted drops colour codes, which take no room.
func unpainted(s string) string {
	for {
		from := strings.Index(s, "\x1b[")
		if from < 0 {
			return s
		}
		to := strings.IndexByte(s[from:], 'm')
		if to < 0 {
			return s
		}
		s = s[:from] + s[from+to+1:]
	}
}
