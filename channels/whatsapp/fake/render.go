package fake

import (
	"fmt"
	"strings"
)

// render turns a request that was accepted into what the phone shows.
func render(body fields, templates []Template) Message {
	kind := body["type"].(string)
	m := Message{Kind: kind}
	if context, ok := body["context"].(fields); ok {
		m.Context = word(context, "message_id")
	}
	block, _ := body[kind].(fields)
	switch kind {
	case "text":
		m.Text = word(block, "body")
	case "interactive":
		renderInteractive(&m, block)
	case "template":
		renderTemplate(&m, block, templates)
	case "location":
		m.Text = strings.TrimSpace(fmt.Sprintf("%s %s", word(block, "name"), word(block, "address")))
		m.Link = fmt.Sprintf("geo:%s,%s", block["latitude"], block["longitude"])
	case "contacts":
		for _, one := range body[kind].([]any) {
			card := one.(fields)
			m.Text += word(card["name"].(fields), "formatted_name")
			phones, _ := card["phones"].([]any)
			for _, p := range phones {
				m.Text += " " + word(p.(fields), "phone")
			}
			m.Text += "\n"
		}
		m.Text = strings.TrimSpace(m.Text)
	default: // media
		m.Text, m.Media, m.Link = word(block, "caption"), word(block, "id"), word(block, "link")
		if m.Text == "" {
			m.Text = word(block, "filename")
		}
	}
	return m
}

func renderInteractive(m *Message, block fields) {
	kind := word(block, "type")
	m.Kind += "/" + kind
	if header, ok := block["header"].(fields); ok {
		m.Header = word(header, "text")
		if inner, ok := header[word(header, "type")].(fields); ok {
			m.Media, m.Link = word(inner, "id"), word(inner, "link")
		}
	}
	m.Text = word(block["body"].(fields), "text")
	if footer, ok := block["footer"].(fields); ok {
		m.Footer = word(footer, "text")
	}
	action := block["action"].(fields)
	buttons, _ := action["buttons"].([]any)
	for _, one := range buttons {
		reply := one.(fields)["reply"].(fields)
		m.Options = append(m.Options, Option{ID: word(reply, "id"), Title: word(reply, "title")})
	}
	m.ListButton = word(action, "button")
	sections, _ := action["sections"].([]any)
	for _, one := range sections {
		section := one.(fields)
		for _, r := range section["rows"].([]any) {
			row := r.(fields)
			m.Options = append(m.Options, Option{ID: word(row, "id"), Title: word(row, "title"),
				About: word(row, "description"), Section: word(section, "title")})
		}
	}
	if parameters, ok := action["parameters"].(fields); ok {
		m.ListButton = word(parameters, "display_text") + word(parameters, "flow_cta")
		m.Link = word(parameters, "url")
	}
}

func renderTemplate(m *Message, block fields, templates []Template) {
	var t Template
	for _, one := range templates {
		if one.Name == block["name"] && one.Language == word(block["language"].(fields), "code") {
			t = one
		}
	}
	m.Kind += "/" + t.Name
	m.Header, m.Text, m.Footer = t.Header, t.Body, t.Footer
	payloads := map[string]string{}
	components, _ := block["components"].([]any)
	for _, one := range components {
		component := one.(fields)
		var values []string
		for _, p := range component["parameters"].([]any) {
			parameter := p.(fields)
			values = append(values, word(parameter, "text")+word(parameter, "payload")+word(parameter, "coupon_code"))
		}
		switch component["type"] {
		case "header":
			m.Header = fill(t.Header, values)
		case "body":
			m.Text = fill(t.Body, values)
		case "button":
			payloads[word(component, "index")] = values[0]
		}
	}
	for i, b := range t.Buttons {
		switch b.Kind {
		case "quick_reply":
			payload, given := payloads[decimal(i)]
			if !given {
				payload = b.Text
			}
			m.Options = append(m.Options, Option{ID: payload, Title: b.Text})
		case "url":
			m.Link = fill(b.URL, []string{payloads[decimal(i)]})
		}
	}
}

// word is the string at a key, "" when there is none.
func word(f fields, key string) string {
	s, _ := f[key].(string)
	return s
}
