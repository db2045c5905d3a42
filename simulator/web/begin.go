package web

import (
	"errors"
	"time"

	"baraza/simulator/rounds"
)

// versionOf is the pack of a round and the version that it tries now; nil where that is not here any more.
func (s *Server) versionOf(r *rounds.Round) (*pack, *Version) {
	p := s.packOf(r.Pack)
	if p == nil {
		return nil, nil
	}
	return p, p.version(r.Version)
}

// invited is what a tester reads before the question whether they may be recorded.
func (s *Server) invited(r *rounds.Round, v *Version) map[string]any {
	return map[string]any{"type": "invited", "title": r.Title, "language": beginsIn(r, v), "keep": r.Keep.Format("2006-01-02"),
		"device": r.Persona.Device, "connection": r.Persona.Connection}
}

// beginsIn is the language that a round begins in.
func beginsIn(r *rounds.Round, v *Version) string {
	if r.Persona.Language != "" {
		return r.Persona.Language
	}
	return v.Program.Languages[0]
}

// begin begins a session. This, and nothing before it, uses up a place of the round.
func (s *Server) begin(hello *spoken, record bool, r rounds.Round, p *pack, v *Version) (*session, error) {
	if !s.makeRoom() {
		return nil, rounds.ErrFull
	}
	zone, err := time.LoadLocation(v.Program.Timezone)
	if err != nil {
		zone = time.UTC
	}
	kept, secret, err := s.rounds.Begin(hello.Token, hello.Pass, record, v.Program.Hash, s.settings.Now().In(zone))
	if err != nil {
		return nil, err
	}
	if secret == "" { // of one that is not recorded
		secret = s.random()
	}
	n, err := s.newSession(kept, secret, r, p, v)
	if err != nil {
		return nil, err
	}
	s.remember(n)
	return n, nil
}

func (s *Server) remember(n *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[n.secret], s.byID[n.id] = n, n
}

// sessionOf is the session that a page's secret belongs to, nil where there is none. One that was kept before the
// simulator was started again goes on.
func (s *Server) sessionOf(secret string) *session {
	s.mu.Lock()
	n := s.sessions[secret]
	s.mu.Unlock()
	if n != nil {
		return n
	}
	s.waking.Lock() // two connections of a page make one session
	defer s.waking.Unlock()
	s.mu.Lock()
	n = s.sessions[secret]
	s.mu.Unlock()
	if n != nil {
		return n
	}
	kept, err := s.rounds.Resume(secret)
	if err != nil || !s.makeRoom() {
		return nil
	}
	r, err := s.rounds.Round(kept.Round)
	if err != nil {
		return nil
	}
	p := s.packOf(kept.Pack)
	if p == nil {
		return nil
	}
	v := p.version(kept.Version)
	if v == nil {
		v = p.version(r.Version)
	}
	if v == nil {
		return nil
	}
	if n, err = s.newSession(kept, secret, r, p, v); err != nil {
		return nil
	}
	n.heard = unknown
	s.remember(n)
	return n
}

// makeRoom forgets the session that nobody has come back to for the longest time, where there are too many; false
// where all are in use.
func (s *Server) makeRoom() bool {
	s.mu.Lock()
	full := len(s.sessions) >= s.limits.Sessions
	s.mu.Unlock()
	if !full {
		return true
	}
	var oldest *session
	for _, n := range s.live() {
		n.mu.Lock()
		if n.page == nil && (oldest == nil || n.active.Before(oldest.active)) {
			oldest = n
		}
		n.mu.Unlock()
	}
	if oldest == nil {
		return false
	}
	s.forget(oldest)
	return true
}

// welcome is what a page hears that begins or resumes a session. The session is held.
func (n *session) welcome(kind string) map[string]any {
	m := map[string]any{"type": kind, "language": beginsIn(&n.round, n.version), "recorded": n.recorded(), "keep": n.round.Keep.Format("2006-01-02"),
		"heard": n.heard, "tasks": n.tasks(), "ended": n.ended, "speed": n.speed.Name, "device": n.round.Persona.Device}
	if l := n.talk.Conversation().Session.Contact.Language; l != "" {
		m["language"] = l
	}
	if kind == "begun" {
		m["secret"] = n.secret
	}
	return m
}

// tasks are those of the round as a tester reads them: without the step that counts.
func (n *session) tasks() (all []map[string]any) {
	for _, t := range n.round.Tasks {
		all = append(all, map[string]any{"id": t.ID, "text": t.Text})
	}
	return all
}

// remark keeps what the tester says about a message.
func (n *session) remark(m *spoken) {
	if !n.recorded() || m.About < 1 || m.About > len(n.entries) {
		return
	}
	_, err := n.server.rounds.AddRemark(n.id, rounds.Remark{Turn: n.entries[m.About-1].turn, Kind: m.Kind, Text: m.Text, Voice: m.Media})
	n.trouble(err)
	n.changed()
}

func (n *session) task(m *spoken) {
	if !n.recorded() {
		return
	}
	if m.Text == "begin" {
		n.trouble(n.server.rounds.BeginTask(n.id, m.Task))
		return
	}
	_, err := n.server.rounds.EndTask(n.id, m.Text)
	n.trouble(err)
}

func (n *session) rate(m *spoken) {
	if n.recorded() {
		n.trouble(n.server.rounds.Rate(n.id, m.Face))
	}
}

func (n *session) finish() {
	if n.recorded() && !n.ended {
		_, err := n.server.rounds.Finish(n.id)
		n.trouble(err)
	}
	n.ended = true
	n.changed()
}

// delete deletes what was kept, and ends the session.
func (n *session) delete() {
	if n.recorded() {
		if err := n.server.rounds.Delete(n.id); err != nil && !errors.Is(err, rounds.ErrNoSession) {
			n.trouble(err)
			return
		}
	}
	n.gone, n.ended = true, true
	n.entries = nil
	go n.server.forget(n)
}

// trouble tells the page that something could not be kept, where that is so.
func (n *session) trouble(err error) {
	if err != nil {
		n.tellPage(told{Type: "trouble", Code: codeOf(err)})
	}
}
