package lsp

import (
	"errors"
	"strings"

	"baraza/dsl"
	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/locale"
	"baraza/dsl/pack"
	"baraza/dsl/syntax"
	"baraza/engine/program/expression"
)

// renamedString is a text of the pack before and after a change of a name.
type renamedString struct {
	id, text string // after it
	changed  bool   // the text
}

// translations changes what the catalogues of translators know of the name: the ids of texts, and the holes in them.
func (r *renaming) translations(f *folder, after *dsl.Result) error {
	before, now := f.result.Pack.Strings, after.Pack.Strings
	if len(before) != len(now) {
		return errors.New("the texts of the pack would change with this name. Change it by hand")
	}
	renamed := map[string]renamedString{}
	for i, s := range before {
		n := renamedString{now[i].ID, now[i].Written(), now[i].Written() != s.Written()}
		if n.changed || n.id != s.ID {
			renamed[s.ID] = n
		}
	}
	if len(renamed) == 0 {
		return nil
	}
	for _, name := range f.result.Sources.Files() {
		if strings.HasSuffix(strings.ToLower(name), ".po") {
			r.catalogue(f, after.Pack, name, renamed)
		}
	}
	return nil
}

// catalogue changes one file of translations.
func (r *renaming) catalogue(f *folder, now *pack.Pack, name string, renamed map[string]renamedString) {
	src, _ := f.result.Sources.Source(name)
	file, _ := locale.Read(name, src)
	alias, aliasNow := f.aliasOf(name), aliasIn(now, f.namesOf(), name)
	for _, e := range file.Entries {
		s, ok := renamed[alias+e.ID]
		if !ok || e.Obsolete || e.ID == "" {
			continue
		}
		put := func(at locale.Span, text string) {
			r.change(f, change{diag.Span{File: name, Start: at.Start, End: at.End}, quoted(text)})
		}
		if id := strings.TrimPrefix(s.id, aliasNow); id != e.ID {
			put(e.IDSpan, id)
		}
		if !s.changed {
			continue
		}
		if source := renameInText(e.Source, r.thing.name, r.to); source != e.Source {
			put(e.SourceSpan, source)
		}
		if text := renameInText(e.Text, r.thing.name, r.to); text != e.Text {
			put(e.TextSpan, text)
		}
	}
}

// aliasOf is what stands before the ids of a catalogue's texts in the pack: "" of its own, "safety." of a library's.
func (f *folder) aliasOf(file string) string { return aliasIn(f.result.Pack, f.namesOf(), file) }

func aliasIn(p *pack.Pack, n *names, file string) string {
	u := n.unitOf(file)
	for _, flow := range p.Flows {
		if n.unitOf(flow.File.Name) == u && flow.Lib != "" {
			return flow.Lib + "."
		}
	}
	return ""
}

// renameInText changes a name where a text reads it, in {…}, and leaves all else as it is.
func renameInText(written, from, to string) string {
	if !strings.Contains(written, from) {
		return written
	}
	t, _ := syntax.ParseText("", []byte(written), 0, len(written))
	var at []int
	var find func([]ast.Part)
	expr := func(e *ast.Expr) {
		pieces := expression.Pieces(e.Source)
		for i, p := range pieces {
			if p.Kind == expression.NamePiece && p.Text == from && (i == 0 || pieces[i-1].Text != ".") && strings.HasPrefix(written[e.Pos.Offset:], e.Source) {
				at = append(at, e.Pos.Offset+p.Start)
			}
		}
	}
	cases := func(c *ast.Cases) {
		expr(&c.Value)
		for _, k := range c.Cases {
			find(k.Text)
		}
	}
	find = func(parts []ast.Part) {
		for i := range parts {
			switch p := &parts[i]; {
			case p.Hole != nil:
				expr(p.Hole)
			case p.Plural != nil:
				cases(p.Plural)
			case p.Select != nil:
				cases(p.Select)
			}
		}
	}
	find(t.Parts)
	var b strings.Builder
	done := 0
	for _, start := range at {
		b.WriteString(written[done:start])
		b.WriteString(to)
		done = start + len(from)
	}
	b.WriteString(written[done:])
	return b.String()
}

// quoted is a text as a catalogue has it behind its word: in quotes, over several lines where it has several.
func quoted(text string) string {
	one := locale.File{Entries: []*locale.Entry{{ID: "x", Source: text, Text: "x"}}}
	src := one.Append(nil)
	file, _ := locale.Read("", src)
	for _, e := range file.Entries {
		if e.ID == "x" {
			return string(src[e.SourceSpan.Start:e.SourceSpan.End])
		}
	}
	return `"` + text + `"`
}
