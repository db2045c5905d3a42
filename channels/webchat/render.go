package webchat

import (
	"encoding/json"
	"path"
	"strings"
	"unicode"

	"baraza/channels"
	"baraza/channels/capability"
	"baraza/channels/markup"
	"baraza/engine"
)

// message is what the page shows. A part holds it without its id and the address of its file.
type message struct {
	Type    string   `json:"type"`
	ID      string   `json:"id,omitempty"`
	Lang    string   `json:"lang,omitempty"`
	Dir     string   `json:"dir"`
	Header  string   `json:"header,omitempty"`
	Spans   []span   `json:"spans,omitempty"`
	Footer  string   `json:"footer,omitempty"`
	Options []option `json:"options,omitempty"`
	Media   *file    `json:"media,omitempty"`
	Place   *place   `json:"place,omitempty"`
	Contact string   `json:"contact,omitempty"`
	Link    *link    `json:"link,omitempty"`
	Asks    string   `json:"asks,omitempty"`
}

type span struct {
	Text   string `json:"t"`
	Bold   bool   `json:"b,omitempty"`
	Italic bool   `json:"i,omitempty"`
	Strike bool   `json:"s,omitempty"`
}

type option struct {
	Label string `json:"label"`
	About string `json:"about,omitempty"`
	Token string `json:"token"`
}

type file struct {
	Kind string `json:"kind"`
	URL  string `json:"url,omitempty"`
	Name string `json:"name"`
}

type link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

type place struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Parts renders a message: one part, and more only where its text is longer than a message may be.
func (c *Channel) Parts(o engine.Outgoing) ([]channels.Part, error) {
	r := renderer{record: c.Capability()}
	r.render(&o)
	return r.Done()
}

type renderer struct {
	channels.Rendering
	record capability.Channel
}

func (r *renderer) render(o *engine.Outgoing) {
	m := message{Type: "message", Lang: o.Language, Dir: channels.Direction(o.Language), Asks: o.Asks,
		Header: line(o.Header), Footer: line(o.Footer), Contact: o.Contact}
	text := o.Text
	switch {
	case len(o.Options) > 0 && (o.Style == engine.Numbers || o.Template != ""): // a template's buttons have no ids
		text, m.Header, m.Footer = channels.Numbered(*o), "", ""
	case len(o.Options) > 0:
		r.options(&m, o)
		if blank(text) && m.Header == "" && o.Media.Kind == "" {
			r.Refuse("empty-text", "the text above the options is empty")
		}
	}
	if o.Place != nil {
		m.Place = &place{o.Place.Lat, o.Place.Lon}
	}
	if o.Link != "" {
		m.Link = &link{line(o.LinkLabel), o.Link}
		if blank(m.Link.Label) {
			r.Refuse("empty-label", "the button of the link has no label")
		}
	}
	if o.Media.Kind != "" {
		r.media(&m, o)
	}
	r.add(m, text, o.Media)
}

// add makes the parts: header and media stand in the first, footer, options and the question for a place in the last.
func (r *renderer) add(m message, text string, media engine.Media) {
	var texts [][]span
	for _, spans := range channels.SplitSpans(markup.Spans(strings.ToValidUTF8(text, "\ufffd")), r.record.Body) {
		if shown := looks(spans); shown != nil {
			texts = append(texts, shown)
		}
	}
	if len(texts) == 0 {
		if m.Header == "" && m.Footer == "" && m.Media == nil && m.Place == nil && m.Contact == "" && m.Link == nil {
			return
		}
		texts = [][]span{nil}
	}
	for i, spans := range texts {
		part, last := m, i == len(texts)-1
		part.Spans = spans
		if i > 0 {
			part.Header, part.Media, media = "", nil, engine.Media{}
		}
		if !last {
			part.Footer, part.Options, part.Place, part.Contact, part.Link, part.Asks = "", nil, nil, "", nil, ""
		}
		b, err := json.Marshal(part)
		if err != nil { // a place that is not a number
			r.Refuse("not-json", "%s", err)
			return
		}
		kind := "text"
		switch {
		case part.Options != nil:
			kind = "options"
		case part.Media != nil:
			kind = "media"
		case part.Link != nil:
			kind = "link"
		}
		r.Add(channels.Part{Kind: kind, Body: b, Media: media, Anytime: true})
	}
}

// looks are the spans of a part; nil where there is nothing to read.
func looks(spans []markup.Span) (all []span) {
	var text strings.Builder
	for _, s := range spans {
		text.WriteString(s.Text)
		all = append(all, span{s.Text, s.Bold, s.Italic, s.Strike})
	}
	if blank(text.String()) {
		return nil
	}
	return all
}

func (r *renderer) options(m *message, o *engine.Outgoing) {
	if len(o.Options) > r.record.Buttons {
		r.Refuse("too-many-options", "%d options of %d buttons", len(o.Options), r.record.Buttons)
	}
	for i := range o.Options {
		label, token := line(o.Options[i].Label), o.Options[i].Token
		switch {
		case blank(label):
			r.Refuse("empty-label", "an option has no label")
		case token == "":
			r.Refuse("no-token", "an option has no id")
		case len(token) > r.record.TokenBytes:
			r.Refuse("token-too-long", "an option's id has %d bytes of %d", len(token), r.record.TokenBytes)
		}
		m.Options = append(m.Options, option{label, line(o.Options[i].About), token})
	}
}

func (r *renderer) media(m *message, o *engine.Outgoing) {
	limits, ok := r.record.MediaOf(capability.Kind(o.Media.Kind))
	if extension := extensionOf(o.Media.ID); !ok || !limits.Takes(extension) {
		r.Refuse("media-type", "there is no %s of the type %q", o.Media.Kind, extension)
		return
	}
	m.Media = &file{Kind: o.Media.Kind, Name: path.Base(o.Media.ID)}
}

func extensionOf(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

func line(canonical string) string { return strings.TrimSpace(markup.Plain(canonical)) }

func blank(s string) bool {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }) == ""
}
