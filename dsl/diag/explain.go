package diag

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rivo/uniseg"
)

// pageWidth is the width of a page on a terminal, in columns.
const pageWidth = 80

// Explain writes the catalog page of a code for a terminal. For a code that has none it says so, names similar
// ones, and reports false.
func Explain(w io.Writer, code string, color bool) (found bool, err error) {
	p := printer{color: color}
	page, found := Lookup(code)
	if found {
		p.page(page)
	} else {
		p.noPage(code)
	}
	_, err = w.Write(p.out.Bytes())
	return found, err
}

func (p *printer) noPage(code string) {
	fmt.Fprintf(&p.out, "there is no problem called %q\n", shown(code))
	var codes []string
	for _, page := range catalog() {
		codes = append(codes, page.Code)
	}
	for _, s := range Suggest("problem", code, codes, nil) {
		p.out.WriteString("  " + s + "\n")
	}
	p.out.WriteString("  The name of a problem stands in the last line of its message.\n")
}

func (p *printer) page(page Page) {
	fmt.Fprintf(&p.out, "%s (%s)\n%s\n\n", p.paint(bold, page.Code), page.Severity, page.Message)
	for paragraph := range strings.SplitSeq(strings.TrimSpace(page.Body), "\n\n") {
		p.paragraph(paragraph)
		p.out.WriteByte('\n')
	}
	for i, e := range page.Examples {
		title := "Good:"
		if e.Bad {
			title = "Not like this:"
		}
		p.out.WriteString(p.paint(bold, title) + "\n\n")
		p.example(e)
		if i < len(page.Examples)-1 {
			p.out.WriteByte('\n')
		}
	}
}

// paragraph wraps running text and keeps lists and code line by line.
func (p *printer) paragraph(text string) {
	if strings.HasPrefix(text, "```") || strings.HasPrefix(text, "|") {
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "```") {
				p.out.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
			}
		}
		return
	}
	if title, ok := strings.CutPrefix(text, "#"); ok {
		p.out.WriteString(p.paint(bold, strings.TrimLeft(title, "# ")) + "\n")
		return
	}
	var item []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "- ") && len(item) > 0 {
			p.wrap(item)
			item = nil
		}
		item = append(item, strings.Fields(line)...)
	}
	p.wrap(item)
}

// wrap writes words in lines of at most pageWidth columns; what follows the first line of a list's item stands
// under its first word.
func (p *printer) wrap(words []string) {
	indent, used := "", 0
	if len(words) > 0 && words[0] == "-" {
		indent = "  "
	}
	for i, word := range words {
		n := uniseg.StringWidth(word)
		switch {
		case i == 0:
		case used+1+n > pageWidth:
			p.out.WriteString("\n" + indent)
			used = len(indent)
		default:
			p.out.WriteByte(' ')
			used++
		}
		p.out.WriteString(word)
		used += n
	}
	p.out.WriteByte('\n')
}

func (p *printer) example(e Example) {
	for i, name := range slices.Sorted(maps.Keys(e.Files)) {
		if i > 0 {
			p.out.WriteByte('\n')
		}
		if len(e.Files) > 1 || name != exampleFile {
			p.out.WriteString("  " + p.paint(dim, name+":") + "\n")
		}
		p.quote([]byte(e.Files[name]))
	}
}

func (p *printer) quote(text []byte) {
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\n")
		if len(line) > 0 {
			p.out.WriteString("    " + shown(string(line)))
		}
		p.out.WriteByte('\n')
	}
}
