package pack

import (
	"fmt"
	"strings"

	"baraza/dsl/ast"
)

// Written is a text as its writer wrote it, the lines of a block joined by line ends; without a source, from
// its parts. Translators see it, and it is the msgid of a catalogue.
func Written(t *ast.Text) string {
	if t == nil {
		return ""
	}
	var b strings.Builder
	writeParts(&b, t.Parts)
	return b.String()
}

func writeParts(b *strings.Builder, parts []ast.Part) {
	for _, p := range parts {
		switch {
		case p.Hole != nil:
			fmt.Fprintf(b, "{%s}", p.Hole.Source)
		case p.Plural != nil:
			writeCases(b, "plural", p.Plural)
		case p.Select != nil:
			writeCases(b, "select", p.Select)
		default:
			b.WriteString(p.Literal)
		}
	}
}

func writeCases(b *strings.Builder, kind string, c *ast.Cases) {
	fmt.Fprintf(b, "{%s, %s,", c.Value.Source, kind)
	for _, k := range c.Cases {
		fmt.Fprintf(b, " %s {", k.Key)
		writeParts(b, k.Text)
		b.WriteByte('}')
	}
	b.WriteByte('}')
}

// Written is the source of a string as a translator sees it: as written, lines without their indentation.
func (s *String) Written() string {
	at := s.Text.Span
	if s.File == nil || at.End > len(s.File.Source) || at.Start > at.End {
		return Written(s.Text)
	}
	lines := strings.Split(string(s.File.Source[at.Start:at.End]), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \r")
		if i > 0 {
			lines[i] = strings.TrimLeft(lines[i], " ")
		}
	}
	return strings.Join(lines, "\n")
}

// numbered gives ids to strings: the second of one id is id.2.
type numbered map[string]int

func (n numbered) id(base string) string {
	n[base]++
	if n[base] == 1 {
		return base
	}
	id := fmt.Sprintf("%s.%d", base, n[base])
	if n[id] > 0 { // an option called "2" has it
		return n.id(base)
	}
	n[id]++
	return id
}

// roles of texts by what they are said with.
var sayRoles = map[string]string{
	"": "say", "image": "caption", "audio": "caption", "video": "caption", "document": "caption",
	"sticker": "caption", "location": "place", "contact": "contact", "link": "link",
}

// stringsOf collects the strings of a flow in source order.
func stringsOf(t *typedFlow) {
	ids := numbered{}
	for _, s := range t.flow.Steps {
		c := collector{t: t, step: s, base: s.Full(), ids: ids}
		for _, line := range s.Body {
			c.line(line, line)
		}
	}
}

type collector struct {
	t    *typedFlow
	step *Step
	base string
	ids  numbered
}

func (c *collector) add(role string, text *ast.Text, line *ast.Line) string {
	return c.named(role, c.base+"."+role, text, line)
}

func (c *collector) named(role, id string, text *ast.Text, line *ast.Line) string {
	if text == nil {
		return id
	}
	id = c.ids.id(id)
	c.t.strings = append(c.t.strings, &String{
		ID: id, Role: role, Text: text, File: c.t.flow.File, Line: line, Step: c.step,
	})
	return id
}

// line collects the strings of a line and of those below it. above is the line that it belongs to.
func (c *collector) line(line, above *ast.Line) {
	switch h := line.Head.(type) {
	case *ast.Say:
		c.add(sayRole(h.Kind), line.Text, line)
	case *ast.Wording:
		c.add("wording", line.Text, line)
	case *ast.Ask:
		c.add("ask", line.Text, line)
		c.question(line)
		return
	case *ast.HandOver:
		c.add("summary", line.Text, line)
	case *ast.Prop:
		c.add(strings.ReplaceAll(h.Name, " ", "_"), line.Text, line)
	case *ast.When:
		c.add("when", line.Text, line)
	case *ast.Alert:
		c.add("alert", line.Text, line)
	case *ast.Hide:
		c.add("hide", line.Text, line)
	}
	for _, child := range line.Children {
		c.line(child, line)
	}
}

func sayRole(kind string) string {
	if role, ok := sayRoles[kind]; ok {
		return role
	}
	return "say"
}

// question collects what stands below an ask: an option's texts have its id.
func (c *collector) question(line *ast.Line) {
	n := 0
	for _, child := range line.Children {
		o, ok := child.Head.(*ast.Option)
		if !ok {
			c.line(child, line)
			continue
		}
		n++
		name := fmt.Sprintf("option_%d", n)
		if o.ID != nil {
			name = o.ID.Text
		}
		id := c.named("option", c.base+"."+name, child.Text, child)
		for _, below := range child.Children {
			if also, ok := below.Head.(*ast.Also); ok {
				c.named("also", id+".also", alsoText(also), below)
				continue
			}
			if p, ok := below.Head.(*ast.Prop); ok && p.Name == "about" {
				c.named("about", id+".about", below.Text, below)
				continue
			}
			c.line(below, child)
		}
	}
}

// alsoText is the further words of an option as one text, so that a translator can give those of another
// language: separated by commas, as in the source.
func alsoText(h *ast.Also) *ast.Text {
	if len(h.Words) == 0 {
		return nil
	}
	span := h.Words[0].Span()
	span.End = h.Words[len(h.Words)-1].Span().End
	words := make([]string, len(h.Words))
	for i, w := range h.Words {
		words[i] = w.Text
	}
	return &ast.Text{Span: span, Parts: []ast.Part{{Span: span, Literal: strings.Join(words, ", ")}}, Lines: []ast.Span{span}}
}

// Words splits the text of a string of role "also" into words, as lists are separated in any script.
func (s *String) Words(t *ast.Text) []string {
	var out []string
	for _, w := range strings.FieldsFunc(Written(t), func(r rune) bool { return strings.ContainsRune(",،，、;", r) }) {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// strings gathers the strings of declarations, then those of the flows.
func (b *builder) strings() {
	p := b.p
	ids := numbered{}
	files := map[string]*ast.File{}
	aliases := map[string]string{}
	for _, u := range b.units {
		for _, o := range u.outlines {
			files[o.file.Name] = o.file
			if u.alias != "" {
				aliases[o.file.Name] = u.alias + "."
			}
		}
	}
	add := func(line *ast.Line, role, id string, t *ast.Text) {
		if t == nil {
			return
		}
		file := line.Span.File
		p.Strings = append(p.Strings, &String{ID: ids.id(aliases[file] + id), Role: role, Text: t, File: files[file], Line: line})
	}
	for _, t := range p.Teams {
		add(t.Line, "title", "team."+t.Name+".title", t.Line.Text)
	}
	for _, f := range p.Fields {
		add(f.Line, "why", "field."+f.Name+".why", f.Why)
	}
	for _, c := range p.Consents {
		base := "consent." + c.Name
		add(c.Line, "ask", base+".ask", c.Ask)
		add(c.Line, "yes", base+".yes", c.Yes)
		add(c.Line, "no", base+".no", c.No)
		add(c.Line, "seen_by", base+".seen_by", c.SeenBy)
		add(c.Line, "full_text", base+".full_text", c.FullText)
	}
	for _, r := range p.Records {
		add(r.Line, "why", "record."+r.Name+".why", r.Why)
	}
	for _, t := range p.Templates {
		base := "template." + t.Name
		add(t.Line, "body", base+".body", t.Body)
		add(t.Line, "header", base+".header", t.Header)
		add(t.Line, "footer", base+".footer", t.Footer)
		for _, button := range t.Buttons {
			add(t.Line, "button", base+".button", button)
		}
	}
	for _, line := range p.Texts {
		name := strings.Join(strings.Fields(line.Head.(*ast.TextRow).Name.Text), "_")
		add(line, "text", "texts."+name, line.Text)
	}
	n := len(p.Strings)
	for _, f := range p.Flows {
		n += len(b.typed[f].strings)
	}
	p.Strings = append(make([]*String, 0, n), p.Strings...)
	for _, f := range p.Flows {
		p.Strings = append(p.Strings, b.typed[f].strings...)
	}
	p.stringOf, p.alsoOf = make(map[*ast.Text]*String, n), map[*ast.Line]*String{}
	for _, s := range p.Strings {
		p.stringOf[s.Text] = s
		if s.Role == "also" {
			p.alsoOf[s.Line] = s
		}
	}
}
