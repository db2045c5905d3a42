package web

import (
	"cmp"
	"path"
	"strings"

	"baraza/channels"
	"baraza/channels/markup"
	"baraza/engine"
)

// shown is one entry of a conversation as a page shows it. Entries are numbered from 1 without a gap.
type shown struct {
	Seq  int    `json:"seq"`
	Type string `json:"type"` // "message", "mine", "note" or "typing"
	// At is the conversation's own time, in the pack's zone, as 2026-11-28 10:00.
	At   string `json:"at"`
	Lang string `json:"lang,omitempty"`
	Dir  string `json:"dir,omitempty"`

	// Of a message.
	Staff    bool     `json:"staff,omitempty"`
	Header   string   `json:"header,omitempty"`
	Spans    []span   `json:"spans,omitempty"`
	Footer   string   `json:"footer,omitempty"`
	Options  []option `json:"options,omitempty"`
	List     string   `json:"list,omitempty"` // the button that opens the options; "" where they are buttons
	Media    *file    `json:"media,omitempty"`
	Place    *place   `json:"place,omitempty"`
	Contact  string   `json:"contact,omitempty"`
	Link     *link    `json:"link,omitempty"`
	Template string   `json:"template,omitempty"`
	Asks     string   `json:"asks,omitempty"`

	Text    string `json:"text,omitempty"`    // of mine and note
	Kind    string `json:"kind,omitempty"`    // of mine: of media, or location
	Covered bool   `json:"covered,omitempty"` // of mine: Text is masked
	N       int    `json:"n,omitempty"`       // of mine: the page's number
	Code    string `json:"code,omitempty"`    // of note: what the page has words for
	Seconds int    `json:"seconds,omitempty"` // of typing
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

// message is what a page shows of an outgoing message; address gives its file an address.
func message(o *engine.Outgoing, address func(engine.Media) string) shown {
	m := shown{Type: "message", Lang: o.Language, Dir: channels.Direction(o.Language), Staff: o.Staff, Asks: o.Asks,
		Header: line(o.Header), Footer: line(o.Footer), Contact: o.Contact, Template: o.Template}
	text := o.Text
	switch {
	case len(o.Options) == 0:
	case o.Style == engine.Numbers:
		text, m.Header, m.Footer = channels.Numbered(*o), "", ""
	default:
		for _, c := range o.Options {
			m.Options = append(m.Options, option{line(c.Label), line(c.About), c.Token})
		}
		if o.Style == engine.List {
			m.List = cmp.Or(line(o.ListButton), channels.ListButton(o.Language))
		}
	}
	if text == "" && o.Template != "" {
		text = strings.Join(o.Params, "\n")
	}
	for _, s := range markup.Spans(strings.ToValidUTF8(text, "\ufffd")) {
		m.Spans = append(m.Spans, span{s.Text, s.Bold, s.Italic, s.Strike})
	}
	if o.Place != nil {
		m.Place = &place{o.Place.Lat, o.Place.Lon}
	}
	if o.Link != "" && (len(o.Options) == 0 || o.Style != engine.Numbers) { // numbered text has it written out
		m.Link = &link{cmp.Or(line(o.LinkLabel), o.Link), o.Link}
	}
	if o.Media.Kind != "" {
		m.Media = &file{Kind: o.Media.Kind, URL: address(o.Media), Name: path.Base(o.Media.ID)}
	}
	return m
}

func line(canonical string) string { return strings.TrimSpace(markup.Plain(canonical)) }
