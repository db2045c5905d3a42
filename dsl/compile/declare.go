package compile

import (
	"hash/fnv"
	"strings"

	"baraza/dsl/ast"
	"baraza/dsl/pack"
	"baraza/engine/program"
)

// declarations compiles what stands outside flows.
func (c *compiler) declarations() {
	p := c.pack
	for _, h := range p.Hours {
		c.out.Hours = append(c.out.Hours, program.Hours{Name: h.Name, Always: h.Always, Days: h.Days, Closed: h.Closed})
	}
	for _, t := range p.Teams {
		c.out.Teams = append(c.out.Teams, c.team(t))
	}
	for _, f := range p.Fields {
		c.fields[f.Name] = true
		c.out.Fields = append(c.out.Fields, program.Field{
			Name: f.Name, Type: f.Type.Kind, Values: f.Type.Values, Class: f.Class, KeptDays: f.KeptDays,
			Why: c.string(f.Why), Purposes: c.purposes(f),
		})
	}
	for _, w := range p.Words {
		c.out.Words = append(c.out.Words, words(w))
	}
	for _, x := range p.Consents {
		c.out.Consents = append(c.out.Consents, c.consent(x))
	}
	for _, t := range p.Tables {
		c.out.Tables = append(c.out.Tables, program.Table{Name: t.Name, Columns: columns(t.Columns), Rows: t.Rows})
	}
	for _, r := range p.Records {
		c.out.Records = append(c.out.Records, c.record(r))
	}
	for _, t := range p.Templates {
		c.out.Template = append(c.out.Template, c.template(t))
	}
	for _, s := range p.Services {
		c.out.Services = append(c.out.Services, c.service(s))
	}
	c.texts()
}

func (c *compiler) team(t *pack.Team) program.Team {
	out := program.Team{Name: t.Name, Title: t.Title, Hours: program.None, AnswerIn: t.AnswerIn}
	if t.Hours != nil {
		out.Hours = c.ref(t.Hours)
	}
	for _, e := range t.Escalations {
		out.Escalations = append(out.Escalations, program.Escalation{Seconds: e.Seconds, To: c.ref(e.To)})
	}
	return out
}

// purposes are the consents that cover a field.
func (c *compiler) purposes(f *pack.Field) []string {
	var out []string
	for _, x := range c.pack.Consents {
		for _, covered := range x.Covers {
			if covered == f {
				out = append(out, x.Name)
			}
		}
	}
	return out
}

func words(w *pack.Words) program.Words {
	out := program.Words{Name: w.Name, Safety: w.Safety, Inside: w.Inside}
	for _, l := range w.Lists {
		also := program.Also{Lang: l.Lang}
		for _, word := range l.Words {
			also.Words = append(also.Words, word.Text)
		}
		out.Lists = append(out.Lists, also)
	}
	return out
}

func (c *compiler) consent(x *pack.Consent) program.Consent {
	out := program.Consent{
		Name: x.Name, Version: x.Version, Ask: c.string(x.Ask), Yes: c.string(x.Yes), No: c.string(x.No),
		SeenBy: c.string(x.SeenBy), FullText: c.string(x.FullText), State: program.None,
	}
	for _, f := range x.Covers {
		out.Covers = append(out.Covers, f.Name)
	}
	h := fnv.New64a()
	for _, t := range []*ast.Text{x.Ask, x.Yes, x.No, x.SeenBy, x.FullText} {
		h.Write([]byte(pack.Written(t)))
		h.Write([]byte{0})
	}
	out.TextHash = h.Sum64()
	return out
}

func columns(cols []pack.Column) []program.Column {
	var out []program.Column
	for _, col := range cols {
		out = append(out, program.Column{
			Name: col.Name, Type: col.Type.Kind, Values: col.Type.Values, Translated: col.Translated, Class: col.Class,
		})
	}
	return out
}

func (c *compiler) record(r *pack.Record) program.Record {
	out := program.Record{
		Name: r.Name, Columns: columns(r.Columns), KeptDays: r.KeptDays, Anonymous: r.Anonymous,
		Class: r.Class, Why: c.string(r.Why),
	}
	for _, t := range r.ReadBy {
		out.ReadBy = append(out.ReadBy, c.ref(t))
		out.FlowsTo = append(out.FlowsTo, "team "+t.Name)
	}
	return out
}

func (c *compiler) template(t *pack.Template) program.Template {
	out := program.Template{
		Name: t.Name, Category: t.Category, Body: c.string(t.Body), Header: c.string(t.Header),
		Footer: c.string(t.Footer), Params: t.Params, Samples: t.Samples,
	}
	for _, b := range t.Buttons {
		out.Buttons = append(out.Buttons, c.string(b))
	}
	return out
}

func (c *compiler) service(s *pack.Service) program.Service {
	out := program.Service{
		Name: s.Name, Method: s.Method, Headers: s.Headers, Seconds: s.Seconds, Send: columns(s.Send),
		Returns: shapes(s.Returns),
	}
	switch {
	case s.URLText != nil:
		out.URL = c.text(s.URLText.Parts)
	default:
		out.URL = program.Text{{Kind: program.Literal, Literal: s.URL, Expr: program.None}}
	}
	for _, f := range s.Receives {
		out.Receives = append(out.Receives, f.Name)
	}
	return out
}

func shapes(cols []pack.ColumnType) []program.Shape {
	var out []program.Shape
	for _, col := range cols {
		s := program.Shape{Name: col.Name, Type: col.Type.Kind}
		if col.Type.Elem != nil {
			s.Columns = shapes(col.Type.Elem.Columns)
		}
		out = append(out, s)
	}
	return out
}

// texts are the engine's own words as the pack writes them below `texts`.
func (c *compiler) texts() {
	slots := textSlots(&c.out.Texts)
	for _, at := range slots {
		*at = program.None
	}
	for _, line := range c.pack.Texts {
		row, ok := line.Head.(*ast.TextRow)
		if !ok {
			continue
		}
		if at := slots[strings.Join(strings.Fields(row.Name.Text), " ")]; at != nil {
			*at = c.string(line.Text)
		}
	}
}

// textSlots are the engine's texts that a pack can word itself, by the names of pack.TextNames.
func textSlots(t *program.Texts) map[string]*int {
	return map[string]*int{
		"more": &t.More, "not understood": &t.NotUnderstood, "moved on": &t.MovedOn, "did you mean": &t.DidYouMean,
		"old button": &t.OldButton, "continue": &t.Continue, "menu": &t.Menu, "done": &t.Done,
		"restart": &t.Restart, "why none": &t.WhyNone, "too long": &t.TooLong, "unsupported": &t.Unsupported,
	}
}
