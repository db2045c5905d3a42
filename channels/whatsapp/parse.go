package whatsapp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"baraza/channels"
	"baraza/engine"
)

// Parse turns the body of a webhook into what it tells, messages of people first, so that nothing else in a batch
// delays them. It never fails: what is not read stands in the result as Unknown, or as a message that is Unreadable,
// with what came. The same body gives the same result.
func Parse(body []byte) []channels.Inbound {
	p := &parser{}
	p.envelope(body)
	return append(p.people, p.rest...)
}

type parser struct {
	people, rest []channels.Inbound

	business, account string // of the element that is being read
	entryTime         loose
}

// envelope reads a body that has the shape it should have at one go; any other element by element, so that what is
// sound of it is read all the same.
func (p *parser) envelope(body []byte) {
	var sound soundEnvelope
	if json.Unmarshal(body, &sound) == nil {
		for i := range sound.Entry {
			e := &sound.Entry[i]
			p.business, p.entryTime = string(e.ID), e.Time
			for _, c := range e.Changes {
				p.change(c)
			}
		}
		return
	}
	var e envelope
	if json.Unmarshal(body, &e) != nil {
		p.unknown("malformed", body)
		return
	}
	for _, raw := range e.Entry {
		p.entry(raw)
	}
}

func (p *parser) entry(raw []byte) {
	p.business, p.account, p.entryTime = "", "", ""
	var e entry
	if json.Unmarshal(raw, &e) != nil {
		p.unknown("malformed", raw)
		return
	}
	p.business, p.entryTime = string(e.ID), e.Time
	for _, raw := range e.Changes {
		p.change(raw)
	}
}

func (p *parser) change(raw []byte) {
	p.account = ""
	var c change
	switch {
	case json.Unmarshal(raw, &c) != nil:
		p.unknown("malformed", raw)
	case c.Field == "messages":
		p.messages(c.Value, raw)
	default:
		p.field(c, raw)
	}
}

func (p *parser) messages(value, whole []byte) {
	var v messagesValue
	if json.Unmarshal(value, &v) != nil {
		p.unknown("malformed", whole)
		return
	}
	p.account = string(v.Metadata.PhoneNumberID)
	if len(v.Messages)+len(v.Statuses)+len(v.Errors) == 0 {
		p.unknown("kind", whole)
		return
	}
	var people []person
	for _, raw := range v.Contacts {
		var who person
		if json.Unmarshal(raw, &who) == nil {
			people = append(people, who)
		}
	}
	for _, raw := range v.Messages {
		p.message(raw, people)
	}
	for _, raw := range v.Statuses {
		p.status(raw)
	}
	for _, raw := range v.Errors {
		p.error(raw, len(v.Messages) > 0)
	}
}

// unknown keeps what was not read.
func (p *parser) unknown(reason string, raw []byte) {
	in := p.inbound(channels.Unknown, p.hashed("raw", raw))
	in.Reason, in.Raw = reason, append([]byte(nil), raw...)
	p.rest = append(p.rest, in)
}

// hashed is the id of what has none: of its words and the time the provider gives the whole.
func (p *parser) hashed(what string, raw []byte) string {
	h := sha256.New()
	for _, s := range []string{p.business, p.account, string(p.entryTime)} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	h.Write(raw)
	return what + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}

func (p *parser) inbound(kind channels.InboundKind, id string) channels.Inbound {
	return channels.Inbound{Kind: kind, ID: id, Channel: Name, Account: p.account, Business: p.business}
}

// identities lists those that are there, the business-scoped id first: it stays when the number is hidden.
func identities(user, phone, parent loose) []channels.Identity {
	var ids []channels.Identity
	ids = appendIdentity(ids, channels.ScopedID, string(user))
	ids = appendIdentity(ids, channels.Phone, strings.TrimPrefix(string(phone), "+"))
	return appendIdentity(ids, channels.ParentID, string(parent))
}

// sender gathers who wrote a message from the message and from the contact that belongs to it.
func sender(m *received, people []person) (ids []channels.Identity, key string) {
	user, phone, parent := m.UserID, m.From, m.ParentUserID
	for i := range people {
		who := &people[i]
		same := user != "" && user == who.UserID || phone != "" && phone == who.WaID ||
			user == "" && phone == "" && len(people) == 1
		if !same {
			continue
		}
		user, phone, parent = orElse(user, who.UserID), orElse(phone, who.WaID), orElse(parent, who.ParentUserID)
		key = string(who.KeyHash)
		break
	}
	return identities(user, phone, parent), key
}

func orElse(a, b loose) loose {
	if a != "" {
		return a
	}
	return b
}

func (p *parser) message(raw []byte, people []person) {
	var m received
	if json.Unmarshal(raw, &m) != nil || m.ID == "" || m.Type == "" {
		p.unknown("malformed", raw)
		return
	}
	if m.GroupID != "" {
		p.unknown("group", raw)
		return
	}
	in := p.inbound(channels.MessageReceived, string(m.ID))
	in.From, in.Key = sender(&m, people)
	in.At, in.Message, in.About = m.Timestamp.time(), string(m.ID), string(m.Context.ID)
	if len(in.From) == 0 || p.account == "" { // nobody to answer, or nothing to answer from
		p.unknown("malformed", raw)
		return
	}
	switch m.Type {
	case "reaction":
		in.Kind, in.Message = channels.Reaction, string(m.Reaction.MessageID)
		in.Event.Text = m.Reaction.Emoji
	case "revoke":
		in.Kind, in.Message = channels.Revoked, string(m.Revoke.Original)
	case "edit":
		in.Kind, in.Message = channels.Edited, string(m.Edit.Original)
		var now received
		if json.Unmarshal(m.Edit.Message, &now) != nil {
			p.unknown("malformed", raw)
			return
		}
		content(&in, &now, raw)
	case "system":
		if !system(&in, &m) {
			p.unknown("kind", raw)
			return
		}
	default:
		content(&in, &m, raw)
	}
	if in.Message == "" {
		p.unknown("malformed", raw)
		return
	}
	p.people = append(p.people, in)
}

// system reads a change of the person: of their number, their id, or their device. False for a change not known.
func system(in *channels.Inbound, m *received) bool {
	switch m.System.Type {
	case "user_changed_number", "customer_changed_number", "user_changed_user_id", "user_identity_changed":
		in.Kind = channels.IdentityChanged
		news := identities(m.System.UserID, orElse(m.System.WaID, m.System.NewWaID), m.System.ParentUserID)
		in.From, in.Was = replaced(in.From, news)
		return len(news) > 0
	case "customer_identity_changed":
		in.Kind, in.Key = channels.KeyChanged, string(m.Identity.Hash)
		return true
	}
	return false
}

// replaced puts new identities in the place of those of their kind; the others stay.
func replaced(old, news []channels.Identity) (now, was []channels.Identity) {
	now = append(now, news...)
	for _, id := range old {
		switch i := slices.IndexFunc(news, func(n channels.Identity) bool { return n.Kind == id.Kind }); {
		case i < 0:
			now = append(now, id)
		case news[i] != id:
			was = append(was, id)
		}
	}
	return now, was
}

// content reads what a person sent into the event.
func content(in *channels.Inbound, m *received, raw []byte) {
	ev := &in.Event
	*ev = engine.Event{Kind: engine.Message, At: in.At, Channel: Name}
	switch m.Type {
	case "text":
		ev.Text = m.Text.Body
	case "interactive":
		switch m.Interactive.Type {
		case "button_reply":
			ev.Token, ev.Text = m.Interactive.ButtonReply.ID, m.Interactive.ButtonReply.Title
		case "list_reply":
			ev.Token, ev.Text = m.Interactive.ListReply.ID, m.Interactive.ListReply.Title
		}
		if ev.Token == "" {
			unreadable(in, "kind", raw)
		}
	case "button":
		ev.Text = m.Button.Text
		if name, ok := strings.CutPrefix(m.Button.Payload, templatePayload); ok {
			ev.Template = name
		}
	case "image":
		attach(in, m.Type, &m.Image)
	case "video":
		attach(in, m.Type, &m.Video)
	case "audio":
		attach(in, m.Type, &m.Audio)
	case "document":
		attach(in, m.Type, &m.Document)
	case "sticker":
		attach(in, m.Type, &m.Sticker)
	case "location":
		if m.Location == nil {
			unreadable(in, "malformed", raw)
			return
		}
		ev.Location = &engine.LatLon{Lat: m.Location.Latitude, Lon: m.Location.Longitude}
		ev.Text = channels.Framed(m.Location.Name, m.Location.Address)
	case "contacts":
		ev.Media = engine.Media{Kind: "contact"}
		cards(in, m.Contacts)
	case "unsupported":
		unreadable(in, "unsupported", nil)
	default: // orders, forms, and what has not been thought of yet
		unreadable(in, "kind", raw)
	}
}

// unreadable lets the flow tell the person, and keeps what came.
func unreadable(in *channels.Inbound, reason string, raw []byte) {
	in.Event.Media = engine.Media{Kind: channels.Unreadable}
	in.Reason, in.Raw = reason, append([]byte(nil), raw...)
}

func attach(in *channels.Inbound, kind string, f *file) {
	in.Event.Media, in.Event.Text = engine.Media{Kind: kind, ID: string(f.ID)}, f.Caption
	a := &channels.Attachment{ID: string(f.ID), Type: f.Type, Name: f.Filename, Voice: f.Voice}
	if sum, err := base64.StdEncoding.DecodeString(f.SHA256); err == nil && len(sum) == sha256.Size {
		a.SHA256 = sum
	}
	in.Attachment = a
}

// cards writes shared contacts as text, for whoever of a team reads them, and learns the person's own number where
// that was asked for.
func cards(in *channels.Inbound, all []card) {
	var lines []string
	for i := range all {
		line := []string{all[i].Name.Formatted}
		for _, p := range all[i].Phones {
			line = append(line, p.Phone)
			if all[i].Origin == "contact_request" {
				in.From = appendIdentity(in.From, channels.Phone, strings.TrimPrefix(string(p.WaID), "+"))
			}
		}
		lines = append(lines, strings.Join(line, " "))
	}
	in.Event.Text = strings.Join(lines, "\n")
}

func (p *parser) status(raw []byte) {
	var s status
	if json.Unmarshal(raw, &s) != nil || s.ID == "" {
		p.unknown("malformed", raw)
		return
	}
	rank, known := ranks[s.Status]
	if !known {
		p.unknown("kind", raw)
		return
	}
	in := p.inbound(channels.StatusReceived, "status:"+string(s.ID)+":"+s.Status+":"+string(s.Participant))
	in.From, in.At = identities(s.UserID, s.WaID, s.ParentUserID), s.Timestamp.time()
	in.Status = channels.Status{OurID: s.Opaque, ProviderID: string(s.ID), Rank: rank}
	if rank == channels.Failed {
		in.Status.Class, in.Status.Code = channels.Retry, "none"
		for _, f := range s.Errors {
			if code, ok := f.Code.number(); ok {
				r := judge(code)
				in.Status.Class, in.Status.Code = r.Class, r.Code
				break
			}
		}
	}
	p.rest = append(p.rest, in)
}

// error is one of the whole value. Beside a message it says why that could not be read; alone it is for the operator.
func (p *parser) error(raw []byte, besideMessage bool) {
	var f failure
	code, ok := 0, false
	if json.Unmarshal(raw, &f) == nil {
		code, ok = f.Code.number()
	}
	if !ok {
		p.unknown("malformed", raw)
		return
	}
	in := p.inbound(channels.AlertRaised, p.hashed("error", raw))
	in.At = p.entryTime.time()
	in.Alert = channels.Alert{Severity: channels.Warning, Code: "error/" + string(f.Code), Text: trimmed(f.Title)}
	if r := judge(code); r.Class.StopsAccount() {
		in.Alert.Severity = channels.Critical
	} else if besideMessage {
		in.Alert.Severity = channels.Info
	}
	p.rest = append(p.rest, in)
}
