package whatsapp

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"baraza/channels"
	"baraza/channels/capability"
	"baraza/channels/markup"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/engine/program/expression"
)

// Parts renders a message. A text that is too long becomes several parts, a caption that is too long a text below
// the picture, what stands above a list a message of its own. A label, header or footer that is too long is a
// *channels.Refusal: the checker measured them all, and cutting one would change what a person chooses.
func (c *Channel) Parts(o engine.Outgoing) ([]channels.Part, error) {
	r := renderer{record: c.Capability(), languages: c.settings.TemplateLanguages}
	r.render(&o)
	return r.Done()
}

type renderer struct {
	channels.Rendering
	record    capability.Channel
	languages map[string]string
}

// fits refuses what is longer than its limit.
func (r *renderer) fits(code, what, s string, limit int) string {
	if n := r.record.Unit.Len(s); n > limit {
		r.Refuse(code, "%s has %d characters of %d", what, n, limit)
	}
	return s
}

func (r *renderer) add(m *message, file engine.Media) {
	b, err := m.json()
	if err != nil { // a place that is no number
		r.Refuse("not-json", "%s", err)
		return
	}
	r.Add(channels.Part{Kind: m.Type, Body: b, Media: file, Anytime: m.Template != nil})
}

func (r *renderer) render(o *engine.Outgoing) {
	switch {
	case o.Template != "":
		r.template(o)
	case o.Place != nil:
		m := newMessage("location")
		m.Location = &location{o.Place.Lat, o.Place.Lon, markup.Plain(o.Text)}
		r.add(&m, engine.Media{})
	case o.Contact != "":
		r.contact(o)
	case o.Link != "":
		r.link(o)
	case len(o.Options) > 0 && o.Style == engine.Buttons:
		r.buttons(o)
	case len(o.Options) > 0 && o.Style == engine.List:
		r.list(o)
	case len(o.Options) > 0:
		r.media(o, channels.Numbered(*o))
	case o.Asks == "location":
		r.locationRequest(o)
	default:
		r.media(o, channels.Framed(o.Header, o.Text, o.Footer))
	}
}

func (r *renderer) texts(texts []string) {
	for _, t := range texts {
		m := newMessage("text")
		m.Text = &text{t}
		r.add(&m, engine.Media{})
	}
}

// media sends the file, if there is one, with the text below it or in messages of its own.
func (r *renderer) media(o *engine.Outgoing, below string) {
	if o.Media.Kind == "" {
		r.texts(bodies(below, r.record.Body))
		return
	}
	caption := bodies(below, r.record.Caption)
	limits, known := r.record.MediaOf(capability.Kind(o.Media.Kind))
	if !known {
		r.Refuse("media-kind", "there is no media of the kind %q", o.Media.Kind)
		return
	}
	f := &media{}
	if o.Media.Kind == "document" {
		f.Filename = path.Base(o.Media.ID)
	}
	if len(caption) == 1 && limits.Caption {
		f.Caption, caption = caption[0], nil
	}
	m := newMessage("")
	if !m.setMedia(o.Media.Kind, f) {
		r.Refuse("media-kind", "there is no media of the kind %q", o.Media.Kind)
		return
	}
	r.add(&m, o.Media)
	if len(caption) > 0 {
		r.texts(bodies(below, r.record.Body))
	}
}

// ahead sends what does not fit above options and returns the rest of the question for the message with them.
func (r *renderer) ahead(text string) string {
	parts := bodies(text, r.record.BodyWithOptions)
	switch len(parts) {
	case 0:
		r.Refuse("empty-text", "the text above the options is empty")
		return ""
	case 1:
		return parts[0]
	}
	var whole strings.Builder
	for _, p := range parts[:len(parts)-1] {
		if n := whole.Len(); n > 0 && r.record.Unit.Len(whole.String())+r.record.Unit.Len(p) > r.record.Body {
			r.texts([]string{whole.String()})
			whole.Reset()
		}
		whole.WriteString(p)
	}
	r.texts([]string{whole.String()})
	return parts[len(parts)-1]
}

// frame puts the header and footer around an interactive message. A picture takes the header's place above buttons;
// where it cannot stand it goes ahead.
func (r *renderer) frame(o *engine.Outgoing, kind string) interactive {
	i := interactive{Type: kind}
	file := o.Media.Kind
	inHeader := kind == "button" && strings.TrimSpace(o.Header) == "" && slices.Contains(r.record.ButtonHeaders, capability.Kind(file))
	if file != "" && !inHeader {
		r.media(&engine.Outgoing{Media: o.Media}, "")
	}
	i.Body.Text = r.ahead(o.Text)
	switch {
	case inHeader:
		i.Header = &header{Type: file}
		switch f := (&media{}); file {
		case "image":
			i.Header.Image = f
		case "video":
			i.Header.Video = f
		case "document":
			f.Filename = path.Base(o.Media.ID)
			i.Header.Document = f
		}
	case strings.TrimSpace(o.Header) != "":
		i.Header = &header{Type: "text", Text: r.fits("header-too-long", "the header", markup.Plain(o.Header), r.record.Header)}
	}
	if strings.TrimSpace(o.Footer) != "" {
		i.Footer = &body{r.fits("footer-too-long", "the footer", markup.Plain(o.Footer), r.record.Footer)}
	}
	return i
}

func (r *renderer) addInteractive(o *engine.Outgoing, i interactive) {
	m := newMessage("interactive")
	m.Interactive = &i
	file := engine.Media{}
	if i.Header != nil && i.Header.Type != "text" {
		file = o.Media
	}
	r.add(&m, file)
}

func (r *renderer) buttons(o *engine.Outgoing) {
	if len(o.Options) > r.record.Buttons {
		r.Refuse("too-many-options", "%d options of %d buttons", len(o.Options), r.record.Buttons)
		return
	}
	i := r.frame(o, "button")
	titles := map[string]bool{}
	for n := range o.Options {
		id, title := r.option(&o.Options[n], r.record.ButtonLabel)
		if titles[title] {
			r.Refuse("same-label", "options %d and one before it have the same label", n+1)
		}
		titles[title] = true
		i.Action.Buttons = append(i.Action.Buttons, button{"reply", reply{id, title}})
	}
	r.addInteractive(o, i)
}

func (r *renderer) list(o *engine.Outgoing) {
	if len(o.Options) > r.record.Rows {
		r.Refuse("too-many-options", "%d options of %d rows", len(o.Options), r.record.Rows)
		return
	}
	i := r.frame(o, "list")
	opener := markup.Plain(o.ListButton)
	if strings.TrimSpace(opener) == "" {
		opener = channels.ListButton(o.Language)
	}
	i.Action.Button = r.fits("label-too-long", "the list button", opener, r.record.ListButton)
	rows := make([]row, len(o.Options))
	for n := range o.Options {
		id, title := r.option(&o.Options[n], r.record.RowLabel)
		about := r.fits("label-too-long", "a row's second line", strings.TrimSpace(markup.Plain(o.Options[n].About)), r.record.RowAbout)
		rows[n] = row{id, title, about}
	}
	i.Action.Sections = []section{{rows}}
	r.addInteractive(o, i)
}

// option is what comes back of one, and what it says.
func (r *renderer) option(o *engine.Choice, limit int) (id, label string) {
	label = r.fits("label-too-long", "a label", strings.TrimSpace(markup.Plain(o.Label)), limit)
	switch {
	case label == "":
		r.Refuse("empty-label", "an option has no label")
	case o.Token == "":
		r.Refuse("no-token", "an option has no id")
	case len(o.Token) > r.record.TokenBytes:
		r.Refuse("token-too-long", "an option's id has %d bytes of %d", len(o.Token), r.record.TokenBytes)
	}
	return o.Token, label
}

// locationRequest has a body and a button of WhatsApp's own. What would stand around it goes into the body.
func (r *renderer) locationRequest(o *engine.Outgoing) {
	if o.Media.Kind != "" {
		r.media(&engine.Outgoing{Media: o.Media}, "")
	}
	i := interactive{Type: "location_request_message", Action: action{Name: "send_location"}}
	i.Body.Text = r.ahead(channels.Framed(o.Header, o.Text, o.Footer))
	r.addInteractive(o, i)
}

// link has one button, which opens a page; what is too long for the text above it goes ahead.
func (r *renderer) link(o *engine.Outgoing) {
	label := r.fits("label-too-long", "the button of the link", strings.TrimSpace(markup.Plain(o.LinkLabel)), r.record.LinkLabel)
	if label == "" {
		r.Refuse("empty-label", "the button of the link has no label")
	}
	i := r.frame(o, "cta_url")
	i.Action = action{Name: "cta_url", Parameters: &link{label, o.Link}}
	r.addInteractive(o, i)
}

func (r *renderer) contact(o *engine.Outgoing) {
	m := newMessage("contacts")
	name := strings.TrimSpace(markup.Plain(o.Text))
	if name == "" {
		name = o.Contact
	}
	m.Contacts = []contact{{contactName{name, name}, []contactPhone{{o.Contact, "WORK"}}}}
	r.add(&m, engine.Media{})
}

// templatePayload begins what a template's quick reply brings back; the template's name follows.
const templatePayload = "t."

func (r *renderer) template(o *engine.Outgoing) {
	m := newMessage("template")
	m.Template = &template{Name: o.Template, Language: language{"deterministic", r.templateLanguage(o.Language)}}
	params := o.Params
	if params == nil {
		for _, a := range o.Args {
			params = append(params, expression.Format(a.Value, program.Any, o.Language, nil))
		}
	}
	if len(params) > 0 {
		c := component{Type: "body"}
		for i, p := range params {
			// A parameter may have no line break and no run of spaces.
			p = written(markup.Spans(strings.Join(strings.Fields(p), " ")))
			if blank(p) {
				r.Refuse("empty-parameter", "parameter %d of the template %q is empty", i+1, o.Template)
			}
			c.Parameters = append(c.Parameters, parameter{Type: "text", Text: r.fits("parameter-too-long", "a parameter", p, r.record.BodyWithOptions)})
		}
		m.Template.Components = append(m.Template.Components, c)
	}
	for i := range o.Options {
		payload := templatePayload + o.Template
		if len(payload) > maxPayload {
			r.Refuse("template-name-too-long", "the template's name has %d bytes of %d", len(o.Template), maxPayload-len(templatePayload))
		}
		m.Template.Components = append(m.Template.Components,
			component{Type: "button", SubType: "quick_reply", Index: strconv.Itoa(i), Parameters: []parameter{{Type: "payload", Payload: payload}}})
	}
	r.add(&m, engine.Media{})
}

// maxPayload is the longest payload of a quick reply.
const maxPayload = 128

// templateLanguage is WhatsApp's code of a language: that of the settings, else the tag with an underscore.
func (r *renderer) templateLanguage(tag string) string {
	if code, ok := r.languages[tag]; ok {
		return code
	}
	return strings.ReplaceAll(tag, "-", "_")
}
