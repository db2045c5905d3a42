package telegram

import (
	"encoding/json"
	"html"
	"path"
	"strings"
	"unicode"

	"baraza/channels"
	"baraza/channels/capability"
	"baraza/channels/markup"
	"baraza/engine"
)

// request is what a part holds: a method of the Bot API and its fields, without the chat. File is the field that a
// file goes into.
type request struct {
	Method string         `json:"method"`
	File   string         `json:"file,omitempty"`
	Fields map[string]any `json:"fields"`
}

// Parts renders a message. Looks become HTML, in which nothing of a value can be a mark; options become an inline
// keyboard, one a line, whose buttons carry the option's id.
func (c *Channel) Parts(o engine.Outgoing) ([]channels.Part, error) {
	r := renderer{record: c.Capability()}
	r.render(&o)
	return r.Done()
}

type renderer struct {
	channels.Rendering
	record capability.Channel
}

func (r *renderer) add(q request, file engine.Media) {
	b, err := json.Marshal(q)
	if err != nil {
		r.Refuse("not-json", "%s", err)
		return
	}
	r.Add(channels.Part{Kind: q.Method, Body: b, Media: file, Anytime: true})
}

func (r *renderer) render(o *engine.Outgoing) {
	text := channels.Framed(o.Header, o.Text, o.Footer)
	var keyboard any
	switch {
	case o.Place != nil:
		r.texts(o.Text, nil)
		r.add(request{Method: "sendLocation", Fields: map[string]any{"latitude": o.Place.Lat, "longitude": o.Place.Lon}}, engine.Media{})
		return
	case o.Contact != "":
		name := strings.TrimSpace(markup.Plain(o.Text))
		if name == "" {
			name = o.Contact
		}
		r.add(request{Method: "sendContact", Fields: map[string]any{"phone_number": o.Contact, "first_name": name}}, engine.Media{})
		return
	case o.Link != "":
		label := strings.TrimSpace(markup.Plain(o.LinkLabel))
		switch {
		case label == "":
			r.Refuse("empty-label", "the button of the link has no label")
		case blank(text):
			r.Refuse("empty-text", "the text above the link is empty")
		}
		keyboard = map[string]any{"inline_keyboard": [][]map[string]string{{{"text": label, "url": o.Link}}}}
	case len(o.Options) > 0 && (o.Style == engine.Numbers || o.Template != ""):
		text = channels.Numbered(*o)
	case len(o.Options) > 0:
		text, keyboard = channels.Framed(o.Header, o.Text, abouts(o), o.Footer), r.keyboard(o)
		if blank(text) {
			r.Refuse("empty-text", "the text above the options is empty")
		}
	case o.Asks == "location":
		keyboard = map[string]any{"keyboard": [][]any{{map[string]any{"text": "📍", "request_location": true}}},
			"one_time_keyboard": true, "resize_keyboard": true}
	}
	if o.Media.Kind != "" && !r.media(o, text, keyboard) {
		return
	}
	r.texts(text, keyboard)
}

// abouts are the second lines of options, which a keyboard has no room for.
func abouts(o *engine.Outgoing) string {
	var lines []string
	for i := range o.Options {
		if o.Options[i].About != "" {
			lines = append(lines, o.Options[i].Label+": "+o.Options[i].About)
		}
	}
	return strings.Join(lines, "\n")
}

func (r *renderer) keyboard(o *engine.Outgoing) any {
	if len(o.Options) > r.record.Buttons {
		r.Refuse("too-many-options", "%d options of %d buttons", len(o.Options), r.record.Buttons)
	}
	rows := make([][]map[string]string, len(o.Options))
	for i := range o.Options {
		label, token := strings.TrimSpace(markup.Plain(o.Options[i].Label)), o.Options[i].Token
		switch {
		case label == "":
			r.Refuse("empty-label", "an option has no label")
		case token == "":
			r.Refuse("no-token", "an option has no id")
		case len(token) > r.record.TokenBytes:
			r.Refuse("token-too-long", "an option's id has %d bytes of %d", len(token), r.record.TokenBytes)
		}
		rows[i] = []map[string]string{{"text": label, "callback_data": token}}
	}
	return map[string]any{"inline_keyboard": rows}
}

// media sends the file with the text as its caption, and tells whether the text is still to be sent.
func (r *renderer) media(o *engine.Outgoing, text string, keyboard any) (more bool) {
	limits, ok := r.record.MediaOf(capability.Kind(o.Media.Kind))
	extension := strings.ToLower(strings.TrimPrefix(path.Ext(o.Media.ID), "."))
	if !ok || !limits.Takes(extension) {
		r.Refuse("media-type", "there is no %s of the type %q", o.Media.Kind, extension)
		return false
	}
	q := request{File: o.Media.Kind, Fields: map[string]any{}}
	switch o.Media.Kind {
	case "image":
		q.File = "photo"
	case "audio":
		if extension == "ogg" {
			q.File = "voice"
		}
	}
	q.Method = "send" + strings.ToUpper(q.File[:1]) + q.File[1:]
	spans := markup.Spans(text)
	if more = !blank(text); more && limits.Caption && r.record.Unit.Len(markup.Plain(text)) <= r.record.Caption {
		q.Fields["caption"], q.Fields["parse_mode"] = written(spans), "HTML"
		if keyboard != nil {
			q.Fields["reply_markup"] = keyboard
		}
		more = false
	}
	r.add(q, o.Media)
	return more
}

// texts sends a text in as many messages as it takes, the keyboard below the last.
func (r *renderer) texts(text string, keyboard any) {
	var all []request
	for _, spans := range channels.SplitSpans(markup.Spans(text), r.record.Body) {
		if body := written(spans); !blank(body) {
			all = append(all, request{Method: "sendMessage", Fields: map[string]any{"text": body, "parse_mode": "HTML",
				"link_preview_options": map[string]any{"is_disabled": true}}})
		}
	}
	for i, q := range all {
		if keyboard != nil && i == len(all)-1 {
			q.Fields["reply_markup"] = keyboard
		}
		r.add(q, engine.Media{})
	}
}

// written is the HTML of spans.
func written(spans []markup.Span) string {
	var b strings.Builder
	for _, s := range spans {
		text := html.EscapeString(s.Text)
		for _, l := range []struct {
			on  bool
			tag string
		}{{s.Strike, "s"}, {s.Italic, "i"}, {s.Bold, "b"}} {
			if l.on {
				text = "<" + l.tag + ">" + text + "</" + l.tag + ">"
			}
		}
		b.WriteString(text)
	}
	return b.String()
}

func blank(s string) bool {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }) == ""
}
