package pack

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"baraza/dsl/locale"
)

// Catalogue is the catalogue of all strings of a pack and its libraries, in their order, with the translations
// that there are into lang. lang may be "": then nothing is translated, and the result is a template for any language. An entry whose source
// changed keeps its translation, marked fuzzy; one whose string is gone is kept as obsolete.
func (p *Pack) Catalogue(lang string) *locale.File {
	out := &locale.File{Name: "locale/" + lang + ".po", Header: header(p, lang)}
	if lang == "" {
		out.Name = "locale/template.pot"
	}
	had := map[string]*locale.Entry{}
	for _, f := range p.catalogues[lang] {
		for _, e := range f.entries {
			if had[f.prefix+e.ID] == nil {
				had[f.prefix+e.ID] = e
			}
		}
		if f.prefix == "" {
			out.Header, out.HeaderComments = cmp.Or(f.header, out.Header), f.comments
		}
	}
	lines := map[string]*lineCounter{}
	for _, s := range p.Strings {
		e := &locale.Entry{ID: s.ID, Source: s.Written()}
		if s.File != nil {
			c := lines[s.File.Name]
			if c == nil {
				c = &lineCounter{src: s.File.Source}
				lines[s.File.Name] = c
			}
			e.References = []string{fmt.Sprintf("%s:%d", s.File.Name, c.at(s.Text.Span.Start))}
		}
		if old := had[s.ID]; old != nil {
			delete(had, s.ID)
			e.Text, e.Comments, e.Flags, e.Fuzzy = old.Text, old.Comments, old.Flags, old.Fuzzy
			if old.Fuzzy {
				e.Previous = old.Previous
			}
			if old.Text != "" && old.Source != e.Source {
				e.Fuzzy, e.Previous = true, previous(old.Source)
			}
		}
		out.Entries = append(out.Entries, e)
	}
	for _, f := range p.catalogues[lang] {
		for _, e := range f.entries {
			if had[f.prefix+e.ID] != e || e.Text == "" || f.prefix != "" {
				continue
			}
			gone := *e
			gone.Obsolete, gone.References = true, nil
			out.Entries = append(out.Entries, &gone)
		}
	}
	return out
}

// header is that of a new catalogue: what tools for translators need.
func header(p *Pack, lang string) string {
	h := "Project-Id-Version: " + p.ID + "\n"
	if lang != "" {
		h += "Language: " + lang + "\n"
	}
	return h + "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
}

// previous is an old source in the form of the comments that tools show beside a text that changed.
func previous(source string) []string {
	f := locale.File{Entries: []*locale.Entry{{ID: "x", Source: source}}}
	var out []string
	for line := range strings.Lines(string(f.Append(nil))) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "msgctxt") && !strings.HasPrefix(line, "msgstr") {
			out = append(out, line)
		}
	}
	return out
}

// lineCounter counts lines of a source up to places that mostly come in order.
type lineCounter struct {
	src         []byte
	from, lines int
}

func (c *lineCounter) at(offset int) int {
	offset = min(offset, len(c.src))
	if offset < c.from {
		c.from, c.lines = 0, 0
	}
	c.lines += bytes.Count(c.src[c.from:offset], []byte{'\n'})
	c.from = offset
	return c.lines + 1
}
