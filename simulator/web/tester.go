package web

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"regexp"

	"baraza/channels/capability"
	"baraza/channels/socket"
	"baraza/simulator/rounds"
)

// The protocol of the tester's page. Messages are JSON objects in text frames, each with a "type"; unknown fields are
// ignored, an unknown type ends the connection. The page speaks first:
//
//	{"type":"hello", "v":1, "lang":"es", "token":"…", "pass":"…"}      an invitation
//	{"type":"hello", "v":1, "lang":"es", "secret":"…", "seen":12}      a session, of which it has shown 12 entries
//
// The server answers an invitation with what it is for, and only the page's next word begins a session and counts:
//
//	{"type":"invited", "title":…, "languages":[…], "tasks":[…], …}
//	{"type":"begin", "record":true}
//	{"type":"begun", "secret":"…"}
//
// and a session with {"type":"resumed", …} and, in {"type":"again","entries":[…]}, what the page has not seen. From
// then on entries come one by one, numbered from 1 ("seq"), and the page numbers what it sends ("n", from 1 as well):
//
//	{"type":"say", "n":3, "text":"hola"}
//	{"type":"tap", "n":4, "token":"…", "text":"Sí", "template":"…"}
//	{"type":"place", "n":5, "place":{"lat":…,"lon":…}}
//	{"type":"media", "n":6, "kind":"audio", "media":"…"}           after it was posted to "media"
//	{"type":"remark", "n":7, "about":11, "kind":"unclear", "text":"…", "media":"…"}
//	{"type":"task", "n":8, "task":"…", "text":"begin"}             or done, gave up, needed help
//	{"type":"face", "n":9, "face":3}, {"type":"finish", "n":10}, {"type":"delete", "n":11}
//
// Each is answered with {"type":"got","n":…} when it has taken effect; what comes again has no effect again. So that
// they stay in order, the page sends the next one only after the last was answered. {"type":"ping"} is answered with
// {"type":"pong"}, and {"type":"connection", "kind":"gprs"} slows down what comes to the page, the answers among it; it
// has no number, so that a page can leave "offline" again. {"type":"refused","code":…} says why the server cannot do it.
type spoken struct {
	Type     string `json:"type"`
	Version  int    `json:"v"`
	Lang     string `json:"lang"`
	Token    string `json:"token"`
	Pass     string `json:"pass"`
	Secret   string `json:"secret"`
	Seen     int    `json:"seen"`
	Record   bool   `json:"record"`
	N        int    `json:"n"`
	Text     string `json:"text"`
	Template string `json:"template"`
	Place    *place `json:"place"`
	Kind     string `json:"kind"`
	Media    string `json:"media"`
	About    int    `json:"about"`
	Task     string `json:"task"`
	Face     int    `json:"face"`
}

// told is what the server says besides entries.
type told struct {
	Type   string `json:"type"`
	N      int    `json:"n,omitempty"`
	Code   string `json:"code,omitempty"`
	Secret string `json:"secret,omitempty"`
}

const (
	version   = 1
	textUnits = 4000 // of a message or a remark, in UTF-16 units
)

var (
	secrets = regexp.MustCompile(`^[A-Za-z0-9_-]{22,64}$`)
	tokens  = regexp.MustCompile(`^[!-~]{1,64}$`)
	names   = regexp.MustCompile(`^[A-Za-z0-9_. -]{0,128}$`)
	tags    = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$`)
)

// errToken is an invitation or a session that is none; it counts against the address.
var errToken = errors.New("the token is not good")

// trySocket is a tester's connection.
func (s *Server) trySocket(w http.ResponseWriter, r *http.Request) {
	c, ok := s.enter(w, r, s.limits.Limits)
	if !ok {
		return
	}
	if err := c.Open(w, r); err != nil {
		s.failures.Add(s.settings.Address(r), s.settings.Now())
		s.leave(c)
		return
	}
	// The handler returns, so that a waiting connection costs no more than its reader.
	address := s.settings.Address(r)
	go func() {
		defer s.leave(c)
		defer c.Finish()
		s.greet(c, address)
	}()
}

// greet reads the hello and leads to a session.
func (s *Server) greet(c *socket.Conn, address string) {
	b, err := c.Hello()
	if err != nil {
		if late, ok := errors.AsType[net.Error](err); err == socket.ErrViolation || ok && late.Timeout() {
			s.failures.Add(address, s.settings.Now())
		}
		return
	}
	var hello spoken
	if json.Unmarshal(b, &hello) != nil || hello.Type != "hello" || hello.Version != version {
		s.failures.Add(address, s.settings.Now())
		refuse(c, "version")
		return
	}
	if !tags.MatchString(hello.Lang) {
		hello.Lang = ""
	}
	var n *session
	switch {
	case secrets.MatchString(hello.Secret):
		if n = s.sessionOf(hello.Secret); n == nil {
			s.failures.Add(address, s.settings.Now())
			refuse(c, "gone")
			return
		}
		n.attach(c, hello.Seen, "resumed")
	default:
		if n, err = s.invite(c, &hello); err != nil {
			if errors.Is(err, errToken) {
				s.failures.Add(address, s.settings.Now())
			}
			return
		}
	}
	defer n.detach(c)
	n.listen(c)
}

func refuse(c *socket.Conn, code string) {
	c.Tell(told{Type: "refused", Code: code})
	c.End(socket.Violation)
}

// invite shows what an invitation is for, and begins a session when the tester has answered the question whether
// they may be recorded.
func (s *Server) invite(c *socket.Conn, hello *spoken) (*session, error) {
	if !secrets.MatchString(hello.Token) {
		refuse(c, "no-round")
		return nil, errToken
	}
	r, err := s.rounds.Enter(hello.Token, hello.Pass)
	if err != nil {
		refuse(c, codeOf(err))
		return nil, errToken
	}
	p, v := s.versionOf(&r)
	if v == nil {
		refuse(c, "no-version")
		return nil, errors.New("the version is not here")
	}
	c.Tell(s.invited(&r, v))
	for {
		b, err := c.Next()
		if err != nil {
			return nil, err
		}
		var m spoken
		if json.Unmarshal(b, &m) != nil || !c.Take() {
			refuse(c, "unreadable")
			return nil, socket.ErrViolation
		}
		switch m.Type {
		case "ping":
			c.Tell(told{Type: "pong"})
		case "begin":
			n, err := s.begin(hello, m.Record, r, p, v)
			if err != nil {
				refuse(c, codeOf(err))
				return nil, err
			}
			n.attach(c, 0, "begun")
			return n, nil
		default:
			refuse(c, "unreadable")
			return nil, socket.ErrViolation
		}
	}
}

// codeOf is what the page has words for.
func codeOf(err error) string {
	for _, one := range []struct {
		err  error
		code string
	}{{rounds.ErrNoRound, "no-round"}, {rounds.ErrRevoked, "revoked"}, {rounds.ErrExpired, "expired"}, {rounds.ErrUsed, "used"},
		{rounds.ErrPassphrase, "passphrase"}, {rounds.ErrTooMany, "too-many"}, {rounds.ErrFull, "full"}} {
		if errors.Is(err, one.err) {
			return one.code
		}
	}
	return "trouble"
}

// listen takes what the page says until the connection ends.
func (n *session) listen(c *socket.Conn) {
	for {
		b, err := c.Next()
		if err != nil {
			return
		}
		var m spoken
		if json.Unmarshal(b, &m) != nil {
			refuse(c, "unreadable")
			return
		}
		if !c.Take() {
			refuse(c, "too-fast")
			return
		}
		if m.Type == "ping" {
			c.Tell(told{Type: "pong"})
			continue
		}
		if m.Type == "connection" {
			n.mu.Lock()
			n.connection(&m)
			n.mu.Unlock()
			continue
		}
		act, ok := acts[m.Type]
		if !ok || !m.bounded() {
			refuse(c, "unreadable")
			return
		}
		n.mu.Lock()
		n.active = n.server.settings.Now()
		switch {
		case n.page != c || n.gone:
			n.mu.Unlock()
			return
		case m.N < 1 || n.heard != unknown && m.N > n.heard+1:
			n.mu.Unlock()
			refuse(c, "unreadable")
			return
		case n.heard == unknown || m.N == n.heard+1:
			n.heard = m.N
			act(n, &m)
		}
		n.tellPage(told{Type: "got", N: m.N})
		n.mu.Unlock()
	}
}

// bounded says that nothing in a message is longer than it can be.
func (m *spoken) bounded() bool {
	return capability.UTF16.Len(m.Text) <= textUnits && (m.Token == "" || tokens.MatchString(m.Token)) && names.MatchString(m.Template) &&
		names.MatchString(m.Kind) && names.MatchString(m.Media) && len(m.Task) <= 128 &&
		(m.Place == nil || m.Place.Lat >= -90 && m.Place.Lat <= 90 && m.Place.Lon >= -180 && m.Place.Lon <= 180)
}

// acts are what a page can do within a session. The session is held.
var acts = map[string]func(*session, *spoken){
	"say":    (*session).say,
	"tap":    (*session).tap,
	"place":  (*session).place,
	"media":  (*session).media,
	"remark": (*session).remark,
	"task":   (*session).task,
	"face":   (*session).rate,
	"finish": func(n *session, _ *spoken) { n.finish() },
	"delete": func(n *session, _ *spoken) { n.delete() },
}

func (n *session) connection(m *spoken) {
	if s, ok := speedOf(m.Kind); ok {
		n.setSpeed(s)
	}
}

func (n *session) say(m *spoken) {
	n.hear(m.N, func() ([]rounds.Turn, error) { return n.talk.Write(m.Text) })
}

// tap taps an option. One that was shown too long ago is a word like any other.
func (n *session) tap(m *spoken) {
	n.hear(m.N, func() ([]rounds.Turn, error) {
		turns, err := n.talk.Tap(m.Text, m.Token)
		if errors.Is(err, rounds.ErrNotThere) {
			return n.talk.Write(m.Text)
		}
		return turns, err
	})
}

func (n *session) place(m *spoken) {
	if m.Place != nil {
		n.hear(m.N, func() ([]rounds.Turn, error) { return n.talk.SendPlace(m.Place.Lat, m.Place.Lon) })
	}
}

// media sends what was posted before.
func (n *session) media(m *spoken) {
	n.hear(m.N, func() ([]rounds.Turn, error) { return n.talk.Send(m.Kind, m.Media) })
}
