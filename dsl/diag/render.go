package diag

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Options says how a list is shown to people.
type Options struct {
	// Color marks the place in the line itself too, where carets cannot be trusted under right-to-left text.
	Color bool
	// Max is how many problems are shown before "and 31 more"; 0 shows every one. Commands use DefaultMax.
	Max int
	// WarningsAsErrors adds to the last line that warnings count (check --strict).
	WarningsAsErrors bool
}

// DefaultMax is how many problems a person is shown at once.
const DefaultMax = 20

// widest is the number of columns of a line that is shown whole.
const widest = 160

// Render writes the list for people, in the order of the source, and a last line with its counts. An empty
// list writes nothing. The form:
//
//	clinic.flow:12: there is no step called "welcom"
//	  12 |     otherwise -> welcom
//	     |                  ^^^^^^
//	     = A step with a similar name exists: welcome (line 4).
//	     = More about this: baraza explain unknown-step
//
// The first line of each problem stands alone, since it is all that a log shows. An error says nothing of its
// severity; a warning starts with "warning:".
func Render(w io.Writer, l List, src Sources, opt Options) error {
	if len(l) == 0 {
		return nil
	}
	sorted := slices.Clone(l)
	sorted.Sort()
	p := printer{files: newFiles(src), color: opt.Color}
	for i, d := range sorted {
		if opt.Max > 0 && i == opt.Max {
			fmt.Fprintf(&p.out, "and %d more (baraza check --all shows every one)\n\n", len(l)-i)
			break
		}
		p.problem(d)
		p.out.WriteByte('\n')
	}
	p.out.WriteString(summary(l, opt.WarningsAsErrors))
	_, err := w.Write(p.out.Bytes())
	return err
}

// summary returns the last line: "3 errors, 1 warning".
func summary(l List, strict bool) string {
	var parts []string
	if n := l.Errors(); n > 0 {
		parts = append(parts, counted(n, "error"))
	}
	n := l.Warnings()
	if n > 0 {
		parts = append(parts, counted(n, "warning"))
	}
	s := strings.Join(parts, ", ")
	if strict && n > 0 {
		s += " (with --strict a warning counts as an error)"
	}
	return s + "\n"
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// The colours: the place, what surrounds it, and the words of the first line.
const (
	bold      = "\x1b[1m"
	dim       = "\x1b[2m"
	redPlace  = "\x1b[1;4;31m"
	goldPlace = "\x1b[1;4;33m"
	gold      = "\x1b[1;33m"
	plain     = "\x1b[0m"
)

type printer struct {
	out    bytes.Buffer
	files  *files
	color  bool
	gutter int // columns of the largest line number of the problem at hand
}

func (p *printer) paint(code, s string) string {
	if !p.color {
		return s
	}
	return code + s + plain
}

func (p *printer) problem(d Diagnostic) {
	p.gutter = len(fmt.Sprint(p.line(d.Span)))
	for _, n := range d.Notes {
		p.gutter = max(p.gutter, len(fmt.Sprint(p.line(n.Span))))
	}
	word, place := "", redPlace
	if d.Severity == Warning {
		word, place = p.paint(gold, "warning:")+" ", goldPlace
	}
	fmt.Fprintf(&p.out, "%s %s%s\n", p.paint(bold, p.place(d.Span)), word, p.paint(bold, shown(d.Message)))
	p.snippet(d.Span, place)
	for _, n := range d.Notes {
		at := ""
		if n.Span.File != "" {
			at = p.place(n.Span) + " "
		}
		fmt.Fprintf(&p.out, "%s%s%s\n", p.margin(), at, shown(n.Message))
		p.snippet(n.Span, bold)
	}
	for _, h := range d.Help {
		p.help(shown(h))
	}
	if changed, ok := p.changed(d); ok {
		p.help("Change the line to:  " + changed)
	}
	if d.Code != "" {
		p.help("More about this: baraza explain " + d.Code)
	}
}

func (p *printer) help(s string) {
	fmt.Fprintf(&p.out, "%s%s %s\n", p.margin(), p.paint(dim, "="), s)
}

// margin is as wide as what stands before a line's text, but for the bar and its space.
func (p *printer) margin() string { return strings.Repeat(" ", 2+p.gutter+1) }

// line returns 0 where the file's text is not there or there is no line to show.
func (p *printer) line(s Span) int {
	lines := p.files.lines(s.File)
	if lines == nil || !readable(lines.src) {
		return 0
	}
	return lines.LineAt(s.Start)
}

// readable tells text from a file that only has a flow's name; no line of a Word document says anything.
func readable(src []byte) bool {
	return bytes.IndexByte(src[:min(len(src), 512)], 0) < 0
}

func (p *printer) place(s Span) string {
	switch line := p.line(s); {
	case s.File == "":
		return "pack:"
	case line == 0:
		return shown(s.File) + ":"
	default:
		return fmt.Sprintf("%s:%d:", shown(s.File), line)
	}
}

// snippet shows the line of a span and marks the span in it.
func (p *printer) snippet(s Span, mark string) {
	number := p.line(s)
	if number == 0 {
		return
	}
	lines := p.files.lines(s.File)
	start, end := lines.Bounds(number)
	if len(bytes.TrimSpace(lines.src[start:end])) == 0 && s.End <= s.Start {
		return
	}
	row, before, marked := window(lines, number, s)
	fmt.Fprintf(&p.out, "  %*d %s ", p.gutter, number, p.paint(dim, "|"))
	for i, c := range row {
		if p.color && marked > 0 && i == before {
			p.out.WriteString(mark)
		}
		p.out.WriteString(c.text)
		if p.color && marked > 0 && i == before+marked-1 {
			p.out.WriteString(plain)
		}
	}
	p.out.WriteByte('\n')
	carets := max(1, width(row[before:before+marked]))
	fmt.Fprintf(&p.out, "%s%s %s%s\n", p.margin(), p.paint(dim, "|"),
		strings.Repeat(" ", width(row[:before])), p.paint(mark, strings.Repeat("^", carets)))
}

// window returns what is shown of a line, how many cells come before the span, and how many are in it. A line
// wider than `widest` is cut on both sides of the place, with "…" where something is missing.
func window(lines *Lines, number int, s Span) (row []cell, before, marked int) {
	const reach = 8 * widest // bytes on each side; more than fit, unless they are hardly visible
	start, end := lines.Bounds(number)
	from := max(start, min(s.Start, end))
	to := max(from, min(s.End, end))
	lo, hi := start, end
	if from-start > reach {
		lo = lines.before(number, from-reach).offset
	}
	if hi-from > reach {
		hi = from + reach
		for hi > from && !utf8.RuneStart(lines.src[hi]) {
			hi--
		}
	}
	row = cells(lines.src[lo:hi])
	for before < len(row) && lo+row[before].end <= from {
		before++
	}
	for before+marked < len(row) && lo+row[before+marked].start < to {
		marked++
	}
	if lo == start && hi == end && width(row) <= widest {
		return row, before, marked
	}
	return cut(row, before, marked, lo > start, hi < end)
}

// cut narrows a row to `widest` columns around its marked cells, of which the first always stay. A quarter of
// the width goes to what comes before.
func cut(row []cell, before, marked int, missingLeft, missingRight bool) ([]cell, int, int) {
	left := before
	for room := widest / 4; left > 0 && row[left-1].width <= room; left-- {
		room -= row[left-1].width
	}
	room := widest - 2 - width(row[left:before])
	right := before
	for ; right < len(row) && row[right].width <= room; right++ {
		room -= row[right].width
	}
	dots := cell{text: "…", width: 1}
	shownRow := slices.Clone(row[left:right])
	marked = min(marked, right-before)
	before -= left
	if missingLeft || left > 0 {
		shownRow = slices.Insert(shownRow, 0, dots)
		before++
	}
	if missingRight || right < len(row) {
		shownRow = append(shownRow, dots)
	}
	return shownRow, before, marked
}

func width(row []cell) int {
	n := 0
	for _, c := range row {
		n += c.width
	}
	return n
}

// changed returns the line as the fix leaves it, unless a help sentence says it already, it is no longer a
// line of its own, or it is too wide to be copied.
func (p *printer) changed(d Diagnostic) (string, bool) {
	if d.Fix == nil || strings.ContainsAny(d.Fix.Text, "\r\n") || p.line(d.Fix.Span) == 0 {
		return "", false
	}
	at := d.Fix.Span
	lines := p.files.lines(at.File)
	start, end := lines.Bounds(lines.LineAt(at.Start))
	if at.Start < start || at.End > end || at.End < at.Start || end-start > 4*widest {
		return "", false
	}
	text := string(lines.src[start:at.Start]) + d.Fix.Text + string(lines.src[at.End:end])
	text = shown(strings.TrimSpace(text))
	for _, h := range d.Help {
		if strings.Contains(h, text) {
			return "", false
		}
	}
	return text, text != "" && width(cells([]byte(text))) <= widest
}
