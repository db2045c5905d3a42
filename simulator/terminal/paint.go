package terminal

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"baraza/channels"
	"baraza/channels/markup"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator"
)

// painter prints lines. On a live terminal they are wrapped at its width and may have colours; elsewhere they are
// plain and whole, so that a script can compare them.
type painter struct {
	color bool
	live  bool
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

// line prints one line of the transcript. On a live terminal what the person did stands there already.
func (p painter) line(w io.Writer, prog *program.Program, l simulator.Line, trace bool) {
	switch l.Who {
	case simulator.Person:
		if !p.live {
			fmt.Fprintln(w, "> "+p.visible(l.Text))
		}
	case simulator.Bot:
		if trace && l.Send.String != "" {
			fmt.Fprintln(w, p.dim(p.wrapped("  | send "+l.Send.String)))
		}
		p.bubble(w, "< ", cyan, l.Send)
	case simulator.Staff:
		p.bubble(w, "staff: ", magenta, l.Send)
	case simulator.Clock:
		fmt.Fprintln(w, p.dim(p.wrapped(p.visible(l.Text))))
	case simulator.Outside:
		if text := l.Said(prog); text != "" {
			for line := range strings.SplitSeq(p.wrapped(p.visible(text)), "\n") {
				fmt.Fprintln(w, p.sgr(line, yellow))
			}
		} else if trace {
			fmt.Fprintln(w, p.dim(p.wrapped("  | "+p.visible(simulator.TraceText(prog, l.Effect)))))
		}
	}
}

// bubble is one message: its text with marks, then its options by number.
func (p painter) bubble(w io.Writer, sign, color string, m *engine.Outgoing) {
	lead := p.sgr(sign, color)
	write := func(text string, hang int) {
		for line := range strings.SplitSeq(text, "\n") {
			for i, part := range p.wrap(line, p.width-len(sign), hang) {
				if i > 0 {
					part = strings.Repeat(" ", hang) + part
				}
				fmt.Fprintln(w, strings.TrimRight(lead+part, " "))
				lead = strings.Repeat(" ", len(sign))
			}
		}
	}
	add := func(text string) {
		if text != "" {
			write(text, 0)
		}
	}
	add(p.sgr(p.visible(attachments(m)), yellow))
	add(p.sgr(p.visible(markup.Plain(m.Header)), bold))
	add(p.text(m.Text))
	for line := range strings.SplitSeq(markup.Plain(channels.Linked(*m)), "\n") {
		add(p.sgr(p.visible(line), cyan))
	}
	add(p.dim(p.visible(markup.Plain(m.Footer))))
	for _, o := range m.Options {
		write(p.option(o), len("  1. "))
	}
}

// attachments are what a message carries beside its words.
func attachments(m *engine.Outgoing) string {
	only := engine.Outgoing{Media: m.Media, Place: m.Place, Contact: m.Contact, Template: m.Template, Args: m.Args}
	return simulator.SentText(&only)
}

func (p painter) option(o engine.Choice) string {
	number := p.sgr(simulator.OptionSign(o), cyan)
	about := ""
	if o.About != "" {
		about = p.dim(" – " + p.visible(markup.Plain(o.About)))
	}
	return number + p.visible(markup.Plain(o.Label)) + about
}

// text shows markup on a terminal; in plain output the words alone.
func (p painter) text(s string) string {
	if !p.color {
		return p.visible(markup.Plain(s))
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
			b.WriteString(p.visible(span.Text))
			continue
		}
		b.WriteString(p.sgr(p.visible(span.Text), codes...))
	}
	return b.String()
}

// visible keeps control characters from playing with the terminal; the person's words may hold any. The isolates of
// a text that runs from right to left help a live terminal, and only get in a script's way.
func (p painter) visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r >= 0x2066 && r <= 0x2069:
			if p.live {
				return r
			}
			return -1
		case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e:
			return '\ufffd'
		}
		return r
	}, s)
}

// wrapped breaks every line of a text at words.
func (p painter) wrapped(s string) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		out = append(out, p.wrap(line, p.width, 0)...)
	}
	return strings.Join(out, "\n")
}

// wrap breaks a line at words, and within those that are longer than a line. The lines after the first are hang
// columns shorter.
func (p painter) wrap(line string, width, hang int) []string {
	if !p.live || uniseg.StringWidth(unpainted(line)) <= width {
		return []string{line}
	}
	var out []string
	row, used, room := "", 0, width
	end := func() {
		out = append(out, strings.TrimRight(row, " "))
		row, used, room = "", 0, max(1, width-hang)
	}
	for _, word := range strings.SplitAfter(line, " ") {
		if wide := uniseg.StringWidth(strings.TrimRight(unpainted(word), " ")); used > 0 && used+wide > room {
			end()
		}
		for len(word) > 0 {
			part := word[:head(word, room-used)]
			row, used = row+part, used+uniseg.StringWidth(unpainted(part))
			if word = word[len(part):]; word != "" {
				end()
			}
		}
	}
	return append(out, strings.TrimRight(row, " "))
}

// head is how many bytes of a word fit a width, at least one character; colour codes take no room, nor do the
// spaces behind it.
func head(word string, width int) int {
	n, used := 0, 0
	for n < len(word) {
		if code := sgrCode(word[n:]); code > 0 {
			n += code
			continue
		}
		cluster, _, wide, _ := uniseg.FirstGraphemeClusterInString(word[n:], -1)
		if used+wide > width && used > 0 && cluster != " " {
			break
		}
		n, used = n+len(cluster), used+wide
	}
	return n
}

// sgrCode is the length of the colour code that a text begins with, else 0.
func sgrCode(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	return strings.IndexByte(s, 'm') + 1
}

// unpainted drops colour codes, which take no room.
func unpainted(s string) string {
	var b strings.Builder
	for {
		from := strings.Index(s, "\x1b[")
		if from < 0 {
			return b.String() + s
		}
		b.WriteString(s[:from])
		s = s[from+sgrCode(s[from:]):]
	}
}
