package pack

import (
	"path"
	"slices"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/diag"
	"baraza/dsl/locale"
	"baraza/dsl/syntax"
	"baraza/engine/program/expression"
)

// catalogueFile is a catalogue that was read, with the texts that were needed of it.
type catalogueFile struct {
	file     *locale.File
	problems diag.List
	texts    map[*locale.Entry]*parsedText
}

// parsedText is a translation read like a text of a flow. Its places are those of the catalogue's file.
type parsedText struct {
	text     *ast.Text
	problems diag.List
}

// catalogueEntries is one file's content for tools that bring it up to date.
type catalogueEntries struct {
	prefix   string // of ids: "" or "safety."
	header   string
	comments []string
	entries  []*locale.Entry
}

// translate reads the catalogues of the pack and of its libraries. What the pack itself says about a library's
// string counts before what the library says.
func (b *builder) translate() {
	kept := map[fileKey]*catalogueFile{}
	b.p.catalogues = map[string][]catalogueEntries{}
	var byID map[string]*String
	for _, u := range b.units {
		for _, name := range u.source.locale {
			src, ok := b.src.files[name]
			if !ok {
				continue
			}
			lang := strings.TrimSuffix(path.Base(name), path.Ext(name))
			if !b.translates(u, name, lang) {
				continue
			}
			if byID == nil {
				byID = make(map[string]*String, len(b.p.Strings))
				for _, s := range b.p.Strings {
					byID[s.ID] = s
				}
			}
			key := fileKey{name, b.src.sums[name]}
			c := b.cache.locales[key]
			if c == nil {
				c = readCatalogue(name, src)
			}
			kept[key] = c
			b.problems = append(b.problems, c.problems...)
			b.catalogue(u, lang, name, c, byID)
		}
	}
	b.cache.locales = kept
}

// translates says whether a catalogue is for a language that the flows are not written in.
func (b *builder) translates(u *unit, name, lang string) bool {
	i := slices.Index(b.p.Languages, lang)
	if i < 0 && u.index == 0 {
		b.report(diag.New(diag.Error, "unknown-language", diag.Span{File: name}, "%q is not a language of this pack", lang).
			WithHelp("Add it to the line languages in %s, or take this file away.", packFile))
	}
	return i > 0
}

func readCatalogue(name string, src []byte) *catalogueFile {
	file, problems := locale.Read(name, src)
	c := &catalogueFile{file: file, texts: map[*locale.Entry]*parsedText{}}
	for _, p := range problems {
		c.problems = append(c.problems, diag.New(diag.Error, "locale-broken", diag.Span{File: name, Start: p.Span.Start, End: p.Span.End}, "%s", p.Message).
			WithHelps(p.Help))
	}
	return c
}

// catalogue takes the entries that count: those of a string whose source is still the one that was translated.
func (b *builder) catalogue(u *unit, lang, name string, c *catalogueFile, byID map[string]*String) {
	out := b.p.Translations[lang]
	if out == nil {
		out = &Catalogue{Lang: lang, File: name, Entries: make(map[string]*Translation, len(c.file.Entries))}
		b.p.Translations[lang] = out
	}
	prefix := ""
	if u.alias != "" {
		prefix = u.alias + "."
	}
	b.p.catalogues[lang] = append(b.p.catalogues[lang], catalogueEntries{prefix, c.file.Header, c.file.HeaderComments, c.file.Entries})
	for _, e := range c.file.Entries {
		id := prefix + e.ID
		if e.Obsolete || e.Text == "" || out.Entries[id] != nil {
			continue
		}
		at := func(s locale.Span) diag.Span { return diag.Span{File: name, Start: s.Start, End: s.End} }
		s := byID[id]
		switch {
		case s == nil:
			if !b.p.Broken && !b.hidden() {
				b.report(diag.New(diag.Warning, "stale-translation", at(e.IDSpan), "no text of this pack is called %q", e.ID).
					WithHelp("Its text was taken out or renamed, so nobody sees this translation. Take the entry out."))
			}
			continue
		case e.Source != s.Written():
			b.report(diag.New(diag.Warning, "stale-translation", at(e.SourceSpan), "the text of %q changed after it was translated", e.ID).
				WithNote(span(s.Text.Span), "now it says this").
				WithHelp("People see the text in the pack's first language until it is translated again."))
			continue
		case e.Fuzzy:
			b.report(diag.New(diag.Warning, "stale-translation", at(e.TextSpan), "the translation of %q is marked fuzzy, so nobody sees it", e.ID).
				WithHelp("Look at it again, and take the mark away when it is right."))
			continue
		}
		parsed := c.texts[e]
		if parsed == nil {
			parsed = parseEntry(name, b.src.files[name], e)
			c.texts[e] = parsed
		}
		b.problems = append(b.problems, parsed.problems...)
		if parsed.text == nil || len(parsed.problems) > 0 {
			continue
		}
		b.typeTranslation(s, parsed.text)
		out.Entries[id] = &Translation{ID: id, Source: e.Source, Text: parsed.text, Span: ast.Span(at(e.TextSpan))}
	}
}

// typeTranslation types the expressions of a translation where its source stands.
func (b *builder) typeTranslation(s *String, text *ast.Text) {
	if !hasHoles(text) {
		return
	}
	var t *typedFlow
	if s.Step != nil {
		t = b.typed[s.Step.Flow]
		if done := t.translated[text]; done != nil {
			b.keepTyped(done)
			return
		}
	}
	done := &typedText{}
	for e, wants := range holesOf(text) {
		u := &use{expr: e, wants: wants}
		var names expression.Scope
		if t != nil {
			t.b = b
			names = t.scopeOf(s.Text, u)
		} else {
			names = b.declaredScope(s)
		}
		typ, problems := typed(u, names)
		for _, p := range problems {
			if t != nil && t.wrong[s.Text] {
				break
			}
			if p.Code == "unknown-name" {
				p.Help = []string{holesHelp(s.Text)}
			}
			done.problems = append(done.problems, exprProblem(p, spanOf(e)))
		}
		done.exprs = append(done.exprs, typedExpr{e, typ})
	}
	if t != nil {
		t.b = nil
		t.translated[text] = done
	}
	b.keepTyped(done)
}

func (b *builder) keepTyped(t *typedText) {
	b.problems = append(b.problems, t.problems...)
	for _, e := range t.exprs {
		b.p.Exprs[e.expr] = e.typ
	}
}

// holesHelp tells a translator, who does not see the flow, what may stand between braces.
func holesHelp(source *ast.Text) string {
	var holes []string
	for e := range holesOf(source) {
		if hole := "{" + strings.TrimSpace(e.Source) + "}"; !slices.Contains(holes, hole) {
			holes = append(holes, hole)
		}
	}
	if len(holes) == 0 {
		return "The text that is translated has nothing in braces."
	}
	return "What stands in braces is not translated. The text has: " + strings.Join(holes, ", ")
}

func hasHoles(t *ast.Text) bool {
	for range holesOf(t) {
		return true
	}
	return false
}

// scopeOf is what names mean where a text of the flow is sent.
func (t *typedFlow) scopeOf(source *ast.Text, u *use) expression.Scope {
	place := t.texts[source]
	u.rows, u.st, u.step = place.rows, place.st, place.step
	s := scope{t: t, rows: place.rows}
	if in := t.entries[place.step]; in != nil && !place.st.dead {
		set := place.st.after(*in)
		s.set = &set
	}
	return s
}

// parseEntry reads a translation like a text of a flow and puts its places where they are in the file.
func parseEntry(name string, src []byte, e *locale.Entry) *parsedText {
	text, problems := syntax.ParseText(name, []byte(e.Text), 0, len(e.Text))
	out := &parsedText{text: text}
	at := relocation{e.Offsets(src)}
	for _, d := range problems {
		d.Span.Start, d.Span.End = at.of(d.Span.Start), at.of(d.Span.End)
		for i := range d.Notes {
			d.Notes[i].Span.Start, d.Notes[i].Span.End = at.of(d.Notes[i].Span.Start), at.of(d.Notes[i].Span.End)
		}
		d.Fix = nil // what it would put in is not escaped for this file
		out.problems = append(out.problems, d)
	}
	if text != nil {
		at.span(&text.Span)
		for i := range text.Lines {
			at.span(&text.Lines[i])
		}
		at.parts(text.Parts)
	}
	return out
}

// relocation turns places in a text into places in the file that it is written in.
type relocation struct{ offsets []int }

func (r relocation) of(n int) int { return r.offsets[max(0, min(n, len(r.offsets)-1))] }

func (r relocation) span(s *ast.Span) { s.Start, s.End = r.of(s.Start), r.of(s.End) }

func (r relocation) expr(e *ast.Expr) {
	e.Pos.Offset, e.EndPos.Offset = r.of(e.Pos.Offset), r.of(e.EndPos.Offset)
}

func (r relocation) parts(parts []ast.Part) {
	for i := range parts {
		p := &parts[i]
		r.span(&p.Span)
		if p.Hole != nil {
			r.expr(p.Hole)
		}
		for _, c := range []*ast.Cases{p.Plural, p.Select} {
			if c == nil {
				continue
			}
			r.expr(&c.Value)
			for _, k := range c.Cases {
				r.parts(k.Text)
			}
		}
	}
}
