package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"baraza/channels"
	"baraza/channels/whatsapp"
	"baraza/dsl/diag"
	"baraza/engine"
	"baraza/engine/program"
)

// whatsappCommand shows what WhatsApp says and hears.
type whatsappCommand struct {
	Parse  whatsappParse  `cmd:"" help:"Print what a webhook body tells, one JSON object a line."`
	Render whatsappRender `cmd:"" help:"Print the request bodies that a step sends, in each language."`
	Fake   whatsappFake   `cmd:"" help:"Run a fake WhatsApp Cloud API, with a page to chat as a phone."`
}

// whatsappParse reads a webhook.
type whatsappParse struct {
	File string `arg:"" help:"File with the body of a webhook; - reads standard input."`
}

func (c *whatsappParse) Run(s streams) error {
	body, err := readBody(c.File, s.in)
	if err != nil {
		return err
	}
	return printLines(s.out, whatsapp.Parse(body))
}

// mostBody is more than the platform sends.
const mostBody = 8 << 20

func readBody(path string, in io.Reader) ([]byte, error) {
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	body, err := io.ReadAll(io.LimitReader(in, mostBody+1))
	if err == nil && len(body) > mostBody {
		err = fmt.Errorf("%s is longer than any webhook (3 MB)", path)
	}
	return body, err
}

func printLines[T any](w io.Writer, all []T) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, x := range all {
		if err := e.Encode(x); err != nil {
			return err
		}
	}
	return nil
}

// whatsappRender runs the engine from a step on to where the conversation waits, once for each language, and renders
// what is sent. It is the conversation itself that is rendered, so what an author sees here is what people get.
type whatsappRender struct {
	Pack string `arg:"" help:"Folder of the pack, such as flows/ec."`
	Step string `arg:"" help:"The step, such as welcome.start." placeholder:"FLOW.STEP"`
	At   string `help:"The time it happens at, as in baraza chat." default:"2026-11-23 10:00" placeholder:"TIME"`
}

// sentLine is one request. Body holds +PHONE for the person and the path of a file for the id of its upload.
type sentLine struct {
	Language string          `json:"language"`
	String   string          `json:"string,omitempty"`
	Body     json.RawMessage `json:"body,omitempty"`
	Refused  string          `json:"refused,omitempty"`
}

func (c *whatsappRender) Run(s streams) error {
	o, err := ready(c.Pack, s)
	if err != nil {
		return err
	}
	p := o.program
	if !slices.ContainsFunc(p.Channels, func(ch program.Channel) bool { return ch.Name == whatsapp.Name }) {
		return errors.New("the pack does not run on whatsapp")
	}
	at, err := (&chat{At: c.At}).now(p)
	if err != nil {
		return err
	}
	step, err := stepNamed(p, c.Step)
	if err != nil {
		return err
	}
	beginAt(p, step)
	var all []sentLine
	refused := false
	for _, lang := range p.Languages {
		for _, o := range sentFrom(p, lang, at) {
			lines := requests(o, lang)
			refused = refused || slices.ContainsFunc(lines, func(l sentLine) bool { return l.Refused != "" })
			all = append(all, lines...)
		}
	}
	if err := printLines(s.out, all); err != nil {
		return err
	}
	if refused {
		return errFound
	}
	return nil
}

func stepNamed(p *program.Program, name string) (int, error) {
	var names []string
	for i := range p.Steps {
		full := p.Flows[p.Steps[i].Flow].Name + "." + p.Steps[i].Name
		if full == name {
			return i, nil
		}
		names = append(names, full)
	}
	if !strings.Contains(name, ".") {
		return 0, fmt.Errorf("write the step as FLOW.STEP, such as %s, not %q", names[0], name)
	}
	text := fmt.Sprintf("the pack has no step %q", name)
	if near := diag.Nearest(name, names); len(near) > 0 {
		text += fmt.Sprintf("; a step with a similar name is %q", near[0])
	}
	return 0, errors.New(text)
}

// beginAt makes every first message of a program, which nobody else runs, begin at a step.
func beginAt(p *program.Program, step int) {
	p.Start = p.Steps[step].PC
	p.Notice, p.Language, p.Fallback = program.None, program.None, program.None
	p.Triggers = nil
}

// sentFrom is what a known person is sent who comes to the step that the program begins at.
func sentFrom(p *program.Program, lang string, at time.Time) []*engine.Outgoing {
	var session engine.Session
	session.Seed = 1
	session.Contact.Language = lang
	for i := range p.Consents {
		session.GiveConsent(p, p.Consents[i].Name)
	}
	for _, v := range samples(p) {
		session.SetField(v.Name, v.Value)
	}
	_, effects := engine.Step(p, session, engine.Event{Kind: engine.Message, At: at, Channel: whatsapp.Name, Text: "."})
	var sent []*engine.Outgoing
	for i := range effects {
		if effects[i].Kind == engine.Send {
			sent = append(sent, effects[i].Send)
		}
	}
	return sent
}

// samples are values for all that a step may read: each name is asked, fetched or declared somewhere.
func samples(p *program.Program) []engine.Value {
	var all []engine.Value
	for i := range p.Fields {
		all = append(all, engine.Value{Name: p.Fields[i].Name, Value: sample(p.Fields[i].Type, p)})
	}
	for i := range p.Flows {
		for _, param := range p.Flows[i].Takes {
			all = append(all, engine.Value{Name: param.Name, Value: sample(param.Type, p)})
		}
	}
	for i := range p.States {
		st := &p.States[i]
		switch {
		case st.Fetch != nil:
			all = append(all, engine.Value{Name: st.Fetch.Name, Value: sampleRow(p.Services[st.Fetch.Service].Returns, p)})
		case st.Ask != nil && st.Ask.Name != "":
			all = append(all, engine.Value{Name: st.Ask.Name, Value: sampleAnswer(st.Ask, p)})
		}
	}
	for i := range p.Records {
		all = append(all, engine.Value{Name: p.Records[i].Name, Value: &program.Row{ID: "1", Columns: []string{"reference"}, Cells: []any{"AB-1234"}}})
	}
	return slices.DeleteFunc(all, func(v engine.Value) bool { return v.Value == nil })
}

func sampleAnswer(ask *program.Ask, p *program.Program) any {
	switch {
	case ask.Rows != nil && ask.Rows.Expr >= 0:
		for i := range p.Tables {
			t := &p.Tables[i]
			if len(t.Rows) > 0 && strings.Contains(p.Exprs[ask.Rows.Expr].Source, t.Name) {
				return &t.Rows[0]
			}
		}
		return nil
	case len(ask.Options) > 0 && ask.Several:
		return []any{ask.Options[0].ID}
	case len(ask.Options) > 0:
		return ask.Options[0].ID
	case ask.Type == program.NumberKind && ask.From != nil:
		return *ask.From
	}
	return sample(ask.Type, p)
}

func sampleRow(shapes []program.Shape, p *program.Program) *program.Row {
	row := &program.Row{ID: "1"}
	for _, shape := range shapes {
		value := sample(shape.Type, p)
		if shape.Columns != nil {
			value = []any{sampleRow(shape.Columns, p)}
		}
		row.Columns, row.Cells = append(row.Columns, shape.Name), append(row.Cells, value)
	}
	return row
}

func sample(kind program.Kind, p *program.Program) any {
	switch kind {
	case program.NumberKind:
		return 3.0
	case program.YesNo:
		return true
	case program.DateKind:
		return "2026-12-31"
	case program.TimeKind:
		return "10:30"
	case program.PhoneKind:
		return "+15550000001"
	case program.EmailKind:
		return "name@example.org"
	case program.LocationKind:
		return program.Location{}
	case program.LanguageKind:
		return p.Languages[0]
	case program.ListKind, program.RowKind, program.HoursKind, program.MediaKind:
		return nil
	}
	return "Ana"
}

// requests are the bodies of one message, or why there are none.
func requests(o *engine.Outgoing, lang string) []sentLine {
	parts, err := whatsapp.New(whatsapp.Settings{}).Parts(*o)
	if err != nil {
		return []sentLine{{Language: lang, String: o.String, Refused: err.Error()}}
	}
	var all []sentLine
	for _, part := range parts {
		body, err := whatsapp.Request(channels.Delivery{Part: part,
			To: []channels.Identity{{Channel: whatsapp.Name, Kind: channels.Phone, Value: "PHONE"}}}, part.Media.ID)
		line := sentLine{Language: lang, String: o.String, Body: body}
		if err != nil {
			line.Refused = err.Error()
		}
		all = append(all, line)
	}
	return all
}
