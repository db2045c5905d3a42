package fake

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	batchMax = 1000                 // updates in one webhook
	bytesMax = 3 * 1000 * 1000      // of one webhook
	retryFor = 7 * 24 * time.Hour   // then a webhook is dropped
	gather   = time.Second / 4      // how long the fault Batch waits for others
	page     = "account"            // the class of updates of an account
	messages = "messages"           // the class of messages of people
	systems  = "messages of system" // the same without contacts
	statuses = "statuses"           // the class of statuses
)

// retries are the waits between tries, the last of them again and again: "at once, then less and less often".
var retries = []time.Duration{0, time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute,
	30 * time.Minute, time.Hour}

// update is one thing that a webhook tells.
type update struct {
	name    string // what the log calls it
	class   string
	account string
	number  *Number // of messages and statuses
	who     *person
	field   string
	content any   // of messages and statuses one element, of an account the whole value
	errors  any   // value.errors, beside the messages
	about   *sent // of statuses
	status  string
}

// A Delivery is one try to post a webhook.
type Delivery struct {
	At      time.Time
	Try     int // 1 is the first
	Updates []string
	Body    []byte
	Forged  bool // the copy with a turned bit, see Faults.BadSignature
	Status  int  // of HTTP; 0 when there was no answer
	Err     string
	Lost    bool // the answer was 200, and got lost
}

// Deliveries are all tries so far, the oldest first.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

// Pending is how many updates the callback has neither taken nor lost for good, those of Hold included.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending
}

// Hold keeps updates back until Release.
func (s *Server) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = true
}

// Release delivers what was held, in webhooks of up to 1,000 updates over all numbers.
func (s *Server) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = false
	all := s.held
	s.held = nil
	for batch := range slices.Chunk(all, batchMax) {
		s.clock.AfterFunc(0, func() { s.dispatch(batch) })
	}
}

// status is the update that tells one of a message.
func (s *Server) status(m *sent, status string, code int) *update {
	who := m.thread.who
	content := fields{"id": m.ID, "status": status, "timestamp": s.timestamp()}
	if who.Phone != "" {
		content["recipient_id"] = who.WaID
	}
	if who.UserID != "" {
		content["recipient_user_id"] = who.UserID
	}
	if m.Echo != "" {
		content["biz_opaque_callback_data"] = m.Echo
	}
	if code != 0 {
		content["errors"] = []fields{webhookError(code, "The message was accepted, and could not be delivered.")}
	} else if status != "read" {
		content["pricing"] = fields{"billable": true, "pricing_model": "PMP", "type": "regular", "category": s.category(m)}
	}
	return &update{
		name: status + " " + m.ID, class: statuses, account: m.thread.number.Account, number: m.thread.number,
		who: who, field: "messages", content: content, about: m, status: status,
	}
}

func (s *Server) category(m *sent) string {
	switch {
	case m.Kind != "template":
		return "service"
	case s.isMarketing(m):
		return "marketing"
	}
	return "utility"
}

func (s *Server) timestamp() string { return strconv.FormatInt(s.clock.Now().Unix(), 10) }

func (s *Server) tell(m *sent, status string, code int) { s.emit(s.status(m, status, code)) }

// emit sends an update on its way, which faults can make long. The caller locks.
func (s *Server) emit(u *update) {
	now := s.clock.Now()
	s.pending++
	s.change()
	if s.chance.strikes(now, "duplicate", u.name) {
		s.pending++
		s.later(s.chance.between(0, 30*time.Second, "duplicate time", u.name), u)
	}
	var delay time.Duration
	if s.chance.strikes(now, "reorder", u.name) {
		delay += s.chance.between(time.Second, 10*time.Second, "reorder time", u.name)
	}
	if s.chance.strikes(now, "delay", u.name) {
		delay += s.chance.between(time.Minute, time.Hour, "delay time", u.name)
	}
	if delay == 0 && s.chance.strikes(now, "batch", u.name) {
		if s.gathered = append(s.gathered, u); len(s.gathered) == 1 {
			s.clock.AfterFunc(gather, s.flush)
		}
		return
	}
	s.later(delay, u)
}

func (s *Server) later(delay time.Duration, u *update) {
	if delay == 0 && s.holding {
		s.held = append(s.held, u)
		return
	}
	s.clock.AfterFunc(delay, func() { s.dispatch([]*update{u}) })
}

func (s *Server) flush() {
	s.mu.Lock()
	all := s.gathered
	s.gathered = nil
	s.mu.Unlock()
	for batch := range slices.Chunk(all, batchMax) {
		s.dispatch(batch)
	}
}

// post is a webhook that is tried until it is taken.
type post struct {
	updates []*update
	body    []byte
	tries   int
	born    time.Time
}

// dispatch posts updates as one webhook, or as two when one would be too large.
func (s *Server) dispatch(updates []*update) {
	s.mu.Lock()
	if s.holding {
		s.held = append(s.held, updates...)
		s.mu.Unlock()
		return
	}
	body := s.webhook(updates)
	now := s.clock.Now()
	s.mu.Unlock()
	if len(body) > bytesMax && len(updates) > 1 {
		s.dispatch(updates[:len(updates)/2])
		s.dispatch(updates[len(updates)/2:])
		return
	}
	s.try(&post{updates: updates, body: body, born: now})
}

// try posts a webhook once, and asks for the next try when it was not taken.
func (s *Server) try(p *post) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.posts.Add(1)
	defer s.posts.Done()
	p.tries++
	scope := p.updates[0].name
	now := s.clock.Now()
	address := s.callback
	forge := p.tries == 1 && s.chance.strikes(now, "bad-signature", scope)
	lose := s.chance.strikes(now, "lost-200", scope)
	turned := int(s.chance.bits("turned bit", scope, 0) % 256)
	s.mu.Unlock()

	if address == "" {
		s.locked(func() { s.settle(p, "no callback") })
		return
	}
	signature := sign(s.config.Secret, p.body)
	if forge {
		wrong := slices.Clone(signature)
		wrong[turned/8] ^= 1 << (turned % 8)
		s.report(p, now, s.deliver(address, p.body, wrong), true, false)
	}
	result := s.deliver(address, p.body, signature)
	s.report(p, now, result, false, lose)

	s.mu.Lock()
	defer s.mu.Unlock()
	switch wait := retries[min(p.tries, len(retries))-1]; {
	case result.status == http.StatusOK && !lose:
		s.settle(p, "")
	case s.clock.Now().Add(wait).Sub(p.born) > retryFor:
		s.settle(p, "retries ended")
	default:
		s.clock.AfterFunc(wait, func() { s.try(p) })
	}
}

// settle ends a webhook: it was taken, or it is lost for a reason. The caller locks.
func (s *Server) settle(p *post, lost string) {
	s.pending -= len(p.updates)
	for _, u := range p.updates {
		switch {
		case u.about == nil:
		case lost == "":
			u.about.Told = append(u.about.Told, u.status)
			u.about.Lost = ""
		case len(u.about.Told) == 0:
			u.about.Lost = lost
		}
	}
	s.change()
}

type result struct {
	status int
	err    error
}

func (s *Server) deliver(address string, body, signature []byte) result {
	request, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return result{err: err}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "facebookexternalua")
	request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(signature))
	response, err := s.config.Client.Do(request)
	if err != nil {
		return result{err: err}
	}
	defer response.Body.Close()
	// Read to the end, so that the connection can be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, requestMax))
	return result{status: response.StatusCode}
}

func (s *Server) report(p *post, now time.Time, r result, forged, lost bool) {
	d := Delivery{At: now, Try: p.tries, Body: p.body, Forged: forged, Status: r.status, Lost: lost && r.status == http.StatusOK}
	for _, u := range p.updates {
		d.Updates = append(d.Updates, u.name)
	}
	if r.err != nil {
		d.Err = r.err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deliveries = keep(s.deliveries, d)
	s.change()
}

func sign(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}

// Account tells something of the business's account: account_update, account_alerts,
// message_template_status_update, phone_number_quality_update, security and their like. value is the whole of it.
func (s *Server) Account(field string, value map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emit(&update{
		name: field + " " + s.nameLocked("account", field, "%015x"), class: page, account: s.numbers[0].Account,
		field: field, content: clone(value),
	})
}
