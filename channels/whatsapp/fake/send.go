package fake

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// requestMax is more than any message may have.
const requestMax = 1 << 20

// window is how long after a person's message any answer may go: WhatsApp Cloud API, customer service windows.
const window = 24 * time.Hour

// old is the age from which a message cannot be marked as read or be reacted to.
const old = 30 * 24 * time.Hour

// sent is one message that was accepted from the business.
type sent struct {
	Sent
	thread *thread
	body   fields
}

// Sent is a message that the server has accepted, and what became of it.
type Sent struct {
	ID     string
	At     time.Time
	Number string // phone_number_id it was sent from
	To     string // the recipient as the request named it
	Kind   string
	Echo   string          // biz_opaque_callback_data
	Body   json.RawMessage // of the request

	Told []string // statuses that the callback has taken, in that order
	Lost string   // why no status will come, when none will: "vanish", "retries ended", "no callback"
}

// Accepted are all messages accepted so far, the oldest first.
func (s *Server) Accepted() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Sent, 0, len(s.order))
	for _, m := range s.order {
		one := m.Sent
		one.Told = slices.Clone(one.Told)
		all = append(all, one)
	}
	return all
}

// postMessage takes a message to a person, or a mark that one was read.
func (s *Server) postMessage(r *http.Request) answer {
	raw, body, problem := readBody(r)
	a := answer{refusal: problem}
	switch {
	case problem != nil:
	case body["status"] != nil:
		a = s.mark(r.PathValue("number"), body)
	default:
		if problem := checkMessage(body); problem != nil {
			a.refusal = problem
			break
		}
		a = s.accept(r.PathValue("number"), raw, body)
	}
	a.request.Body = raw
	return a
}

func readBody(r *http.Request) (json.RawMessage, fields, *refusal) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return nil, nil, refuse(100, "The Content-Type is %q, not application/json.", r.Header.Get("Content-Type"))
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, requestMax+1))
	if err != nil || len(raw) > requestMax {
		return nil, nil, refuse(100, "The body could not be read, or has more than %d bytes.", requestMax)
	}
	if !utf8.Valid(raw) {
		return nil, nil, refuse(100, "The body is not UTF-8.")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var body fields
	if err := decoder.Decode(&body); err != nil || body == nil {
		return nil, nil, refuse(100, "The body is not a JSON object.")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, refuse(100, "Something follows the JSON object of the body.")
	}
	return raw, body, nil
}

// accept takes a message of good shape, when the state of things lets it.
func (s *Server) accept(id string, raw json.RawMessage, body fields) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := s.number(id)
	if number == nil {
		return s.unknown(id, http.MethodPost)
	}
	who, input := s.recipient(body)
	t := s.thread(number, who)
	now := s.clock.Now()
	if trouble := s.trouble(now, t.scope); trouble != nil {
		return *trouble
	}
	if problem := s.allowed(now, t, body); problem != nil {
		return refused(problem)
	}
	fail := s.chance.code(now, "fail", s.chance.faults.Fail, t.scope)
	if body["type"] != "template" {
		switch late := s.chance.strikes(now, "window-131047", t.scope); {
		case late && s.chance.fraction("window at once", t.scope, len(s.order)) < 0.5:
			return refused(refuse(131047, windowDetails))
		case late:
			fail = 131047
		}
	}
	m := s.take(now, t, raw, body, input)
	a := answer{body: accepted(m, who, input), request: Request{ID: m.ID}}
	if s.chance.strikes(now, "timeout-after-accept", t.scope) {
		a.cut = true
	}
	s.fate(now, m, fail, &a)
	return a
}

// take counts and keeps the message.
func (s *Server) take(now time.Time, t *thread, raw json.RawMessage, body fields, input string) *sent {
	s.paces[t.number.ID].count(now)
	t.pair.take(now, s.config.Pacing)
	t.typing = time.Time{}
	echo, _ := body["biz_opaque_callback_data"].(string)
	m := &sent{thread: t, body: body, Sent: Sent{
		ID: s.wamid(t, "out"), At: now, Number: t.number.ID, To: input, Kind: body["type"].(string), Echo: echo, Body: raw,
	}}
	s.sent[m.ID] = m
	s.order = keep(s.order, m)
	return m
}

func accepted(m *sent, who *person, input string) fields {
	contact := fields{"input": input}
	if who.Phone != "" && input != who.UserID {
		contact["wa_id"] = who.WaID
	}
	if who.UserID != "" {
		contact["user_id"] = who.UserID
	}
	message := fields{"id": m.ID}
	if m.Kind == "template" {
		message["message_status"] = "accepted"
	}
	return fields{"messaging_product": "whatsapp", "contacts": []fields{contact}, "messages": []fields{message}}
}

// recipient is the person a message is for, and how the request named them. `to` goes before `recipient`.
func (s *Server) recipient(body fields) (*person, string) {
	if to, ok := body["to"].(string); ok {
		return s.meet(Person{Phone: to}), to
	}
	id := body["recipient"].(string)
	who, known := s.byUser[id]
	if !known {
		who = s.meet(Person{UserID: id, NotOnWhatsApp: true})
	}
	return who, id
}

// trouble draws what can befall any request, whatever it asks for.
func (s *Server) trouble(now time.Time, scope string) *answer {
	strikes := func(name string) bool { return s.chance.strikes(now, name, scope) }
	number, _, _ := strings.Cut(scope, " ")
	switch {
	case strikes("cut-before"):
		return &answer{cut: true}
	case strikes("html-body"):
		return &answer{html: true, refusal: &refusal{status: http.StatusBadGateway}}
	case strikes("status-5xx"):
		codes := []int{131000, 131016, 2}
		code := codes[s.chance.bits("code of 5xx", scope, s.chance.occasions["status-5xx "+scope])%3]
		return &answer{refusal: refuse(code, "Something went wrong on our side.")}
	case s.chance.strikes(now, "throttle-429", number):
		return &answer{refusal: refuse(130429, throttleDetails)}
	case strikes("pair-131056"):
		return &answer{refusal: refuse(131056, pairDetails)}
	}
	if code := s.chance.code(now, "refuse", s.chance.faults.Refuse, scope); code != 0 {
		return &answer{refusal: refuse(code, "The test asked for this answer.")}
	}
	return nil
}

const (
	windowDetails   = "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
	throttleDetails = "Message failed to send because there were too many messages sent from this phone number in a short period of time."
	pairDetails     = "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time."
)

// allowed holds a message against pacing, the window and what it refers to.
func (s *Server) allowed(now time.Time, t *thread, body fields) *refusal {
	if s.config.Pacing.PerSecond > 0 && s.paces[t.number.ID].within(now) >= s.config.Pacing.PerSecond {
		return refuse(130429, throttleDetails)
	}
	if !t.pair.allows(now, s.config.Pacing) {
		return refuse(131056, pairDetails)
	}
	if t.who.Phone == t.number.Display {
		return refuse(131021, "The sender and the recipient are the same number.")
	}
	if hash, given := body["recipient_identity_key_hash"]; given && hash != t.who.IdentityHash {
		return refuse(137000, "The recipient's identity key is not the one given.")
	}
	kind := body["type"].(string)
	if kind == "template" {
		return s.allowedTemplate(body)
	}
	if t.opened.IsZero() || !now.Before(t.opened.Add(window)) {
		return refuse(131047, windowDetails)
	}
	if problem := s.allowedMedia(now, t.scope, kind, body); problem != nil {
		return problem
	}
	if kind == "reaction" {
		target := t.find(body["reaction"].(fields)["message_id"].(string))
		if target == nil || target.At.Before(now.Add(-old)) {
			return refuse(131009, "The message to react to does not exist or is older than 30 days.")
		}
	}
	return nil
}

func (s *Server) allowedTemplate(body fields) *refusal {
	block := body["template"].(fields)
	t, problem := s.findTemplate(block)
	if problem != nil {
		return problem
	}
	if t.Category == "AUTHENTICATION" && body["to"] == nil {
		return refuse(131062, "Authentication templates cannot be sent to a business-scoped user id.")
	}
	return checkTemplate(t, block)
}

// allowedMedia looks for media ids wherever the body has media.
func (s *Server) allowedMedia(now time.Time, scope, kind string, body fields) *refusal {
	block := body[kind]
	if kind == "interactive" {
		header, ok := block.(fields)["header"].(fields)
		if !ok || header["type"] == "text" {
			return nil
		}
		kind = header["type"].(string)
		block = header[kind]
	}
	if _, isMedia := mimes[kind]; !isMedia {
		return nil
	}
	id, byID := block.(fields)["id"].(string)
	if !byID {
		return nil
	}
	m := s.media[id]
	if m == nil || !now.Before(m.expires) || s.chance.strikes(now, "media-expired", scope) {
		return plainly(refuse(100, "Param %s['id'] is not a valid whatsapp business account media attachment ID", kind))
	}
	if !slices.Contains(mimes[kind].types, m.kind) {
		return refuse(131053, "The media is of type %s, which a message of type %s cannot have.", m.kind, kind)
	}
	return nil
}

// fate schedules what becomes of an accepted message.
func (s *Server) fate(now time.Time, m *sent, fail int, a *answer) {
	l, scope := s.config.Latency, m.ID
	if fail == 0 && m.thread.who.NotOnWhatsApp {
		fail = 131026
	}
	if fail == 0 && m.thread.who.Stopped && s.isMarketing(m) {
		fail = 131050
	}
	switch {
	case s.chance.strikes(now, "vanish", scope):
		m.Lost = "vanish"
		return
	case fail != 0:
		s.clock.AfterFunc(l.Sent, func() { s.locked(func() { s.tell(m, "failed", fail) }) })
		return
	case s.chance.strikes(now, "status-before-response", scope):
		u := s.status(m, "sent", 0)
		s.pending++
		a.first = func() { s.dispatch([]*update{u}) }
	default:
		s.clock.AfterFunc(l.Sent, func() { s.locked(func() { s.tell(m, "sent", 0) }) })
	}
	delay := l.Sent + l.Delivered
	if s.chance.strikes(now, "shuffle", scope) {
		delay += s.chance.between(time.Second, 20*time.Second, "shuffle time", scope)
	}
	s.clock.AfterFunc(delay, func() { s.locked(func() { s.reach(m) }) })
}

func (s *Server) isMarketing(m *sent) bool {
	if m.Kind != "template" {
		return false
	}
	t, problem := s.findTemplate(m.body["template"].(fields))
	return problem == nil && t.Category == "MARKETING"
}

// reach brings the message to the phone, or keeps it until the phone is on again.
func (s *Server) reach(m *sent) {
	t := m.thread
	if t.who.offline {
		t.who.waiting = append(t.who.waiting, m)
		return
	}
	t.show(s.clock.Now(), m, s.config.Templates)
	s.change()
	if m.Kind == "reaction" { // only `sent` comes back for it
		return
	}
	now := s.clock.Now()
	read := !t.who.NoReceipts && !s.chance.strikes(now, "no-read", m.ID)
	if !read || !s.chance.strikes(now, "skip-delivered", m.ID) {
		s.tell(m, "delivered", 0)
	}
	if read {
		s.clock.AfterFunc(s.config.Latency.Read, func() { s.locked(func() { s.tell(m, "read", 0) }) })
	}
}

func (s *Server) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// mark takes a read mark for a person's message and all before it, and shows that an answer is being written.
func (s *Server) mark(id string, body fields) answer {
	if problem := marks.check("", body); problem != nil {
		return refused(problem)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	number := s.number(id)
	if number == nil {
		return s.unknown(id, http.MethodPost)
	}
	now := s.clock.Now()
	target := body["message_id"].(string)
	for _, who := range s.everyone {
		t := who.threads[number.ID]
		if t == nil {
			continue
		}
		read := t.find(target)
		if read == nil || read.FromBusiness {
			continue
		}
		if trouble := s.trouble(now, t.scope); trouble != nil {
			return *trouble
		}
		if read.At.Before(now.Add(-old)) {
			break
		}
		for i := range t.seen {
			if m := t.seen[i]; !m.FromBusiness && !m.At.After(read.At) {
				m.Status = "read"
			}
		}
		if body["typing_indicator"] != nil {
			t.typing = now.Add(25 * time.Second)
		}
		s.change()
		return answer{body: fields{"success": true}}
	}
	return refused(refuse(131009, "The message to mark does not exist or is older than 30 days."))
}

// wamid makes a message id. As the platform's, it holds the person's number, readable to anybody who decodes it.
func (s *Server) wamid(t *thread, direction string) string {
	person := digits(t.who.Phone)
	if person == "" {
		person = t.who.UserID
	}
	inner := fmt.Sprintf("\x1d\x04\x0b%s\x15\x02\x00\x12\x18\x14%s\x00", person, s.nameLocked("wamid "+direction, t.scope, "%020X"))
	return "wamid." + base64.StdEncoding.EncodeToString([]byte(inner))
}

// clone copies one level of an object; of none, it makes an empty one.
func clone(f fields) fields {
	if f == nil {
		return fields{}
	}
	return maps.Clone(f)
}
