package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"baraza/channels/markup"
	"baraza/channels/whatsapp/fake"
)

// What both sides show is written in the same lines, and those are compared. They hold all that a person sees or can
// tap: kinds, words with their look, options with what comes back of them, files by their content.

// bubble is a message as a page or a phone shows it.
type bubble struct {
	Header, Footer string
	Text           []markup.Span
	Options        []fake.Option
	List           string // the button that opens the options
	File           string // kind, name and content
	Place, Contact string
	Label, Link    string
	Template       string
	Asks           string
}

// write writes a message as lines. WhatsApp has one place above options for a header or a file: a file that does not
// get it, as above a list, goes ahead as a message of its own.
func (m *bubble) write(to *strings.Builder) {
	if m.File != "" && (m.List != "" || m.Asks != "" || m.Header != "" || m.Link != "") {
		(&bubble{File: m.File}).write(to)
		m.File = ""
	}
	line := func(head, text string) {
		if text != "" {
			fmt.Fprintf(to, "  %s %s\n", head, strings.ReplaceAll(text, "\n", "\n    "))
		}
	}
	to.WriteString("bot\n")
	line("template", m.Template)
	line("file", m.File)
	line("place", m.Place)
	line("contact", m.Contact)
	line("header", m.Header)
	line("says", looks(m.Text))
	line("footer", m.Footer)
	line("link", strings.TrimSpace(m.Label+" "+m.Link))
	line("asks for", m.Asks)
	line("list", m.List)
	for _, o := range m.Options {
		line("option", strings.TrimSpace(o.Title+" | "+o.About+" | "+o.ID))
	}
}

// looks writes spans, each change of look in angle brackets.
func looks(all []markup.Span) string {
	var b strings.Builder
	before := ""
	for _, s := range append(all, markup.Span{}) {
		look := ""
		for _, l := range []struct {
			on   bool
			name string
		}{{s.Bold, "b"}, {s.Italic, "i"}, {s.Strike, "s"}} {
			if l.on {
				look += l.name
			}
		}
		if look != before {
			b.WriteString("<" + look + ">")
			before = look
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

// hairSpace keeps a character of WhatsApp's markup from being one; nobody sees it.
const hairSpace = "\u200a"

// onPhone is what the fake phone shows. file is the content behind a media id.
func onPhone(m *fake.Message, file func(id string) []byte) *bubble {
	kind, which, _ := strings.Cut(m.Kind, "/")
	b := &bubble{Header: m.Header, Footer: m.Footer, Options: m.Options}
	// WhatsApp has no escapes, and reads marks at the edges of words as we do.
	for _, s := range markup.Spans(strings.ReplaceAll(m.Text, `\`, `\\`)) {
		s.Text = strings.ReplaceAll(s.Text, hairSpace, "")
		b.Text = append(b.Text, s)
	}
	switch which {
	case "list":
		b.List = m.ListButton
	case "cta_url":
		b.Label, b.Link = m.ListButton, m.Link
	case "location_request_message":
		b.Asks = "location"
	}
	switch kind {
	case "template":
		b.Template = which
		for i := range b.Options {
			b.Options[i].ID = "" // comes back with the template's name alone
		}
	case "location":
		b.Place, b.Text = m.Text+" "+strings.TrimPrefix(m.Link, "geo:"), nil
	case "contacts":
		b.Contact, b.Text = m.Text, nil
	}
	if m.Media != "" {
		if head := headerKind.FindSubmatch(m.Raw); head != nil {
			kind = string(head[1])
		}
		b.File = filed(kind, file(m.Media))
	}
	return b
}

// headerKind is the kind of the file above buttons, in a request.
var headerKind = regexp.MustCompile(`"header":\{"type":"([a-z]+)"`)

func filed(kind string, content []byte) string {
	sum := sha256.Sum256(content)
	return kind + " " + hex.EncodeToString(sum[:6])
}

// entry is one thing that the tester's page shows, as it comes over the socket.
type entry struct {
	Type  string
	At    string
	Staff bool
	Text  string
	Code  string

	Header, Footer string
	Spans          []struct {
		T       string
		B, I, S bool
	}
	Options []struct{ Label, About, Token string }
	List    string
	Media   *struct{ Kind, URL string }
	Place   *struct{ Lat, Lon float64 }
	Contact string
	Link    *struct{ Label, URL string }

	Template, Asks string
}

// onPage is what the tester's page shows. file is the content at an address.
func (e *entry) onPage(file func(url string) []byte) *bubble {
	b := &bubble{Header: e.Header, Footer: e.Footer, List: e.List, Template: e.Template}
	var words strings.Builder
	for _, s := range e.Spans {
		b.Text = append(b.Text, markup.Span{Text: s.T, Bold: s.B, Italic: s.I, Strike: s.S})
		words.WriteString(s.T)
	}
	for _, o := range e.Options {
		b.Options = append(b.Options, fake.Option{ID: o.Token, Title: o.Label, About: o.About})
	}
	if e.Asks == "location" && len(e.Options) == 0 {
		b.Asks = e.Asks
	}
	if e.Link != nil {
		b.Label, b.Link = e.Link.Label, e.Link.URL
	}
	if e.Media != nil {
		b.File = filed(e.Media.Kind, file(e.Media.URL))
	}
	if e.Place != nil {
		b.Place, b.Text = words.String()+" "+degrees(e.Place.Lat)+","+degrees(e.Place.Lon), nil
	}
	if e.Contact != "" {
		b.Contact, b.Text = words.String()+" "+e.Contact, nil
	}
	if len(b.Options) == 0 && b.Link == "" && b.Template == "" && b.Place == "" && b.Contact == "" {
		b.frame()
	}
	return b
}

// frame puts header and footer into the text: without buttons WhatsApp has no place of their own for them.
func (m *bubble) frame() {
	plain := func(s string) []markup.Span { return []markup.Span{{Text: s}} }
	if m.Header != "" {
		m.Text = append(plain(m.Header+"\n\n"), m.Text...)
	}
	if m.Footer != "" {
		m.Text = append(m.Text, plain("\n\n"+m.Footer)...)
	}
	m.Header, m.Footer = "", ""
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
