package fake

import (
	"fmt"
	"slices"
	"time"
)

// A Phone is one person's, in the conversation with one number of the business. What its owner does goes out as
// webhooks, at once or when the clock moves; its methods return the id of the message that was made.
type Phone struct {
	server *Server
	who    *person
	number *Number
}

// With is the same phone in the conversation with another number of the business. It panics when the business
// has no such number.
func (p *Phone) With(numberID string) *Phone {
	number := p.server.number(numberID)
	if number == nil {
		panic("fake: the business has no number " + numberID)
	}
	return &Phone{server: p.server, who: p.who, number: number}
}

// Messages are those of the conversation that the phone shows, in the order they came.
func (p *Phone) Messages() []Message {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	t := p.server.thread(p.number, p.who)
	all := make([]Message, 0, len(t.seen))
	for _, m := range t.seen {
		one := *m
		one.Options = slices.Clone(m.Options)
		all = append(all, one)
	}
	return all
}

// Received are the messages of the business alone.
func (p *Phone) Received() []Message {
	return slices.DeleteFunc(p.Messages(), func(m Message) bool { return !m.FromBusiness })
}

// Typing reports whether the phone shows that an answer is being written.
func (p *Phone) Typing() bool {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	return p.server.clock.Now().Before(p.server.thread(p.number, p.who).typing)
}

// Off turns the phone off: messages are sent, and wait until On.
func (p *Phone) Off() { p.server.locked(func() { p.who.offline = true }) }

// On turns the phone on: what waited is delivered.
func (p *Phone) On() {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := p.who.waiting
	p.who.offline, p.who.waiting = false, nil
	for _, m := range waiting {
		s.reach(m)
	}
}

// Write sends a text.
func (p *Phone) Write(words string) string {
	return p.say("text", Message{Text: words}, fields{"text": fields{"body": words}})
}

// Reply sends a text that quotes a message.
func (p *Phone) Reply(to, words string) string {
	return p.say("text", Message{Text: words, Context: to}, fields{"text": fields{"body": words}})
}

// Forward sends a text that somebody else wrote, once or many times.
func (p *Phone) Forward(words string, often bool) string {
	how := map[bool]string{false: "forwarded", true: "frequently_forwarded"}[often]
	return p.say("text", Message{Text: words}, fields{"text": fields{"body": words}, "context": fields{how: true}})
}

// Tap chooses an option of the latest message that has it, by its id. The error says which there are.
func (p *Phone) Tap(option string) (string, error) {
	var ids []string
	for _, m := range slices.Backward(p.Received()) {
		for _, o := range m.Options {
			if o.ID == option {
				return p.TapOn(m.ID, option)
			}
			ids = append(ids, o.ID)
		}
	}
	return "", fmt.Errorf("the phone shows no option %q; it shows %q", option, ids)
}

// TapOn chooses an option of a message, which may be months old.
func (p *Phone) TapOn(message, option string) (string, error) {
	for _, m := range p.Messages() {
		if m.ID != message {
			continue
		}
		for _, o := range m.Options {
			if o.ID == option {
				return p.choose(m, o), nil
			}
		}
		return "", fmt.Errorf("the message has no option %q", option)
	}
	return "", fmt.Errorf("the phone shows no message %s", message)
}

func (p *Phone) choose(m Message, o Option) string {
	shown := Message{Text: o.Title, Context: m.ID}
	switch m.Kind {
	case "interactive/button":
		return p.say("interactive", shown, fields{"interactive": fields{"type": "button_reply",
			"button_reply": fields{"id": o.ID, "title": o.Title}}})
	case "interactive/list":
		reply := fields{"id": o.ID, "title": o.Title}
		if o.About != "" {
			reply["description"] = o.About
		}
		return p.say("interactive", shown, fields{"interactive": fields{"type": "list_reply", "list_reply": reply}})
	}
	return p.say("button", shown, fields{"button": fields{"payload": o.ID, "text": o.Title}})
}

// AnswerForm sends a WhatsApp form back, with its answers as a string of JSON.
func (p *Phone) AnswerForm(form, answers string) string {
	return p.say("interactive", Message{Text: "Sent", Context: form}, fields{"interactive": fields{"type": "nfm_reply",
		"nfm_reply": fields{"response_json": answers, "body": "Sent", "name": "flow"}}})
}

// SendImage sends a JPEG.
func (p *Phone) SendImage(data []byte, caption string) string {
	return p.SendMedia("image", "image/jpeg", data, captioned(caption))
}

// SendAudio sends a voice message.
func (p *Phone) SendAudio(data []byte) string {
	return p.SendMedia("audio", "audio/ogg; codecs=opus", data, fields{"voice": true})
}

// SendVideo sends an MP4.
func (p *Phone) SendVideo(data []byte, caption string) string {
	return p.SendMedia("video", "video/mp4", data, captioned(caption))
}

// SendDocument sends a PDF.
func (p *Phone) SendDocument(data []byte, filename, caption string) string {
	more := captioned(caption)
	more["filename"] = filename
	return p.SendMedia("document", "application/pdf", data, more)
}

// SendSticker sends a still WebP.
func (p *Phone) SendSticker(data []byte) string {
	return p.SendMedia("sticker", "image/webp", data, fields{"animated": false})
}

func captioned(caption string) fields {
	if caption == "" {
		return fields{}
	}
	return fields{"caption": caption}
}

// SendMedia sends a file of a kind (image, audio, video, document, sticker) and MIME type, with more keys in its
// block.
func (p *Phone) SendMedia(kind, mimeType string, data []byte, more map[string]any) string {
	s := p.server
	block := clone(more)
	s.locked(func() {
		m := s.putMedium(p.number, mimeType, data, inboundKept)
		block["id"], block["mime_type"], block["sha256"] = m.id, mimeType, hash64(data)
		if s.config.BaseURL != "" {
			block["url"] = s.config.BaseURL + s.ticketFor(m)
		}
	})
	return p.say(kind, Message{Text: word(block, "caption"), Media: word(block, "id")}, fields{kind: block})
}

// SendLocation shares a place; name and address may be "".
func (p *Phone) SendLocation(latitude, longitude float64, name, address string) string {
	block := fields{"latitude": latitude, "longitude": longitude}
	if name != "" {
		block["name"] = name
	}
	if address != "" {
		block["address"] = address
	}
	return p.say("location", Message{Text: fmt.Sprintf("%s %v, %v", name, latitude, longitude)}, fields{"location": block})
}

// SendContact shares the card of somebody.
func (p *Phone) SendContact(name, number string) string {
	return p.sendCard("", name, number, "other")
}

// ShareNumber answers a request for contact information with the owner's own number.
func (p *Phone) ShareNumber(request, number string) string {
	return p.sendCard(request, p.who.Name, number, "contact_request")
}

func (p *Phone) sendCard(context, name, number, origin string) string {
	return p.say("contacts", Message{Text: name + " " + number, Context: context}, fields{"contacts": []fields{{
		"name":   fields{"formatted_name": name, "first_name": name},
		"phones": []fields{{"phone": number, "wa_id": digits(number), "type": "CELL"}},
		"origin": origin,
		"vcard":  "BEGIN:VCARD\nVERSION:3.0\nFN:" + name + "\nTEL:" + number + "\nEND:VCARD",
	}}})
}

// React puts an emoji on a message; "" takes it back.
func (p *Phone) React(message, emoji string) string {
	block := fields{"message_id": message}
	if emoji != "" { // the key is absent when a reaction is taken back
		block["emoji"] = emoji
	}
	return p.unseen("reaction", fields{"reaction": block})
}

// Edit changes the text of a message the person sent.
func (p *Phone) Edit(message, words string) string {
	p.change(message, func(m *Message) { m.Text, m.Edited = words, true })
	return p.unseen("edit", fields{"edit": fields{"original_message_id": message,
		"message": fields{"type": "text", "text": fields{"body": words}}}})
}

// Revoke deletes a message the person sent, for everybody.
func (p *Phone) Revoke(message string) string {
	p.change(message, func(m *Message) { m.Text, m.Media, m.Revoked = "", "", true })
	return p.unseen("revoke", fields{"revoke": fields{"original_message_id": message}})
}

// Unsupported sends something that the platform does not hand on, such as a poll.
func (p *Phone) Unsupported(what string) string {
	return p.say("unsupported", Message{Text: "(" + what + ")"}, fields{
		"errors":      []fields{webhookError(131051, "Message type is currently not supported.")},
		"unsupported": fields{"type": what},
	})
}

// Broken sends an interactive message that the platform could not read: without a body, with an error beside it.
func (p *Phone) Broken() string {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	u := p.incoming("interactive", fields{}, true)
	u.errors = []fields{webhookError(131000, "Something went wrong.")}
	s.emit(u)
	return word(u.content.(fields), "id")
}

// Raw sends a message of any type with any body, as a platform of tomorrow might: body is merged into the
// message.
func (p *Phone) Raw(kind string, body map[string]any) string {
	return p.say(kind, Message{Text: "(" + kind + ")"}, body)
}

// say shows a message on the phone and sends it.
func (p *Phone) say(kind string, shown Message, body fields) string {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if shown.Context != "" {
		body["context"] = fields{"from": digits(p.number.Display), "id": shown.Context}
	}
	u := p.incoming(kind, body, true)
	t := s.thread(p.number, p.who)
	shown.ID, shown.At, shown.Kind = word(u.content.(fields), "id"), s.clock.Now(), kind
	t.seen = keep(t.seen, &shown)
	s.emit(u)
	return shown.ID
}

// unseen sends what has no place of its own on the phone.
func (p *Phone) unseen(kind string, body fields) string {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	u := p.incoming(kind, body, true)
	s.emit(u)
	return word(u.content.(fields), "id")
}

func (p *Phone) change(message string, do func(m *Message)) {
	p.server.locked(func() {
		if m := p.server.thread(p.number, p.who).find(message); m != nil {
			do(m)
		}
	})
}

// incoming makes the update of a message from the person. One that the person sent opens the window.
func (p *Phone) incoming(kind string, body fields, opens bool) *update {
	s := p.server
	t := s.thread(p.number, p.who)
	content := clone(body)
	content["id"], content["type"], content["timestamp"] = s.wamid(t, "in"), kind, s.timestamp()
	for key, value := range map[string]string{
		"from_user_id": p.who.UserID, "from_parent_user_id": p.who.ParentUserID,
	} {
		if value != "" {
			content[key] = value
		}
	}
	if p.who.Phone != "" {
		content["from"] = p.who.WaID
	}
	if opens {
		now := s.clock.Now()
		t.opened = time.Unix(now.Unix(), 0)
		s.paces[p.number.ID].count(now)
	}
	return &update{name: kind + " " + word(content, "id"), class: messages, account: p.number.Account,
		number: p.number, who: p.who, field: "messages", content: content}
}
