package web

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"baraza/channels/asset"
	"baraza/channels/socket"
	"baraza/dsl/graph"
	"baraza/simulator/rounds"
)

// Designers come in with the key that was printed when the simulator began. It stands in the fragment of the link,
// which no server and no log sees, and is exchanged for a cookie that is good for twelve hours.
const (
	cookieName  = "baraza-designer"
	cookieGood  = 12 * time.Hour
	cookiesMost = 100
)

// enterWatch exchanges the key for a cookie. The page asks with a header that no form can set and from our origin,
// so that no foreign page signs anybody in.
func (s *Server) enterWatch(w http.ResponseWriter, r *http.Request) {
	if !s.guarded(w, r) {
		return
	}
	var given struct{ Key string }
	err := json.NewDecoder(io.LimitReader(r.Body, 4<<10)).Decode(&given)
	mine, theirs := sha256.Sum256([]byte(s.settings.Key)), sha256.Sum256([]byte(given.Key))
	if err != nil || r.Header.Get("X-Baraza") != "watch" || s.settings.Key == "" || subtle.ConstantTimeCompare(mine[:], theirs[:]) != 1 {
		s.failures.Add(s.settings.Address(r), s.settings.Now())
		socket.Refuse(w, http.StatusForbidden)
		return
	}
	secret, now := s.random(), s.settings.Now()
	s.mu.Lock()
	for old, until := range s.cookies {
		if now.After(until) || len(s.cookies) >= cookiesMost {
			delete(s.cookies, old)
		}
	}
	s.cookies[secret] = now.Add(cookieGood)
	s.mu.Unlock()
	for _, path := range []string{"/watch/", "/edit/"} { // the pages of testers do not get it
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: secret, Path: path, MaxAge: int(cookieGood / time.Second),
			HttpOnly: true, Secure: s.settings.Own != "", SameSite: http.SameSiteStrictMode})
	}
	asset.Harden(w.Header())
	w.WriteHeader(http.StatusNoContent)
}

// designs tells whether a request comes from a designer: where there is no key, anybody on this machine.
func (s *Server) designs(r *http.Request) bool {
	if s.settings.Key == "" {
		return s.settings.Own == "" && socket.IsLoopback(r.RemoteAddr)
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.cookies[c.Value]
	return ok && s.settings.Now().Before(until)
}

// watcher is a designer's open page.
type watcher struct {
	server *Server
	conn   *socket.Conn

	mu     sync.Mutex
	follow *session // nil: the list alone
}

// watchLimits: a designer clicks more than a tester writes, and sees more at once.
func (s *Server) watchLimits() socket.Limits {
	l := s.limits.Limits
	l.Queue, l.Burst, l.Rate = 256, max(l.Burst, 60), max(l.Rate, 10)
	return l
}

func (s *Server) watchSocket(w http.ResponseWriter, r *http.Request) {
	if !s.designs(r) {
		s.failures.Add(s.settings.Address(r), s.settings.Now())
		socket.Refuse(w, http.StatusUnauthorized)
		return
	}
	c, ok := s.enter(w, r, s.watchLimits())
	if !ok {
		return
	}
	if err := c.Open(w, r); err != nil {
		s.failures.Add(s.settings.Address(r), s.settings.Now())
		s.leave(c)
		return
	}
	go func() {
		defer s.leave(c)
		defer c.Finish()
		n := &watcher{server: s, conn: c}
		s.mu.Lock()
		s.watchers[n] = struct{}{}
		s.mu.Unlock()
		defer n.leave()
		n.listen()
	}()
}

func (n *watcher) leave() {
	n.server.mu.Lock()
	delete(n.server.watchers, n)
	n.server.mu.Unlock()
	n.following(nil)
}

// listen takes what the designer's page says until the connection ends.
func (n *watcher) listen() {
	n.server.drafts()
	n.tellList()
	for {
		b, err := n.conn.Next()
		if err != nil {
			return
		}
		var c command
		act, ok := commands[""], false
		if json.Unmarshal(b, &c) == nil {
			act, ok = commands[c.Type]
		}
		if !ok || !n.conn.Take() {
			refuse(n.conn, "unreadable")
			return
		}
		if says := act(n, &c); says != "" {
			n.conn.Tell(map[string]string{"type": "problem", "of": c.Type, "text": says})
		}
	}
}

// following makes a session the one that is followed, nil for none.
func (n *watcher) following(one *session) {
	n.mu.Lock()
	before := n.follow
	n.follow = one
	n.mu.Unlock()
	if before != nil {
		before.mu.Lock()
		delete(before.watchers, n)
		before.mu.Unlock()
	}
	if one != nil {
		one.mu.Lock()
		one.watchers[n] = true
		turns, err := one.talk.Since(0)
		if err != nil {
			turns = nil // deleted in this moment
		}
		n.conn.Tell(one.state(turns))
		one.mu.Unlock()
	}
}

// of is the session that is followed.
func (n *watcher) of() *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.follow
}

// tellAll brings the lists of all designers up to date.
func (s *Server) tellAll() {
	s.mu.Lock()
	var all []*watcher
	for n := range s.watchers {
		all = append(all, n)
	}
	s.mu.Unlock()
	for _, n := range all {
		n.tellList()
	}
}

// listed is a session in the list. It holds nothing that was written.
type listed struct {
	ID       string `json:"id"`
	Pack     string `json:"pack"`
	Round    string `json:"round"`
	Tester   int    `json:"tester,omitempty"`
	Recorded bool   `json:"recorded"`
	Here     bool   `json:"here"` // its page is connected
	Ended    bool   `json:"ended,omitempty"`
	Step     string `json:"step,omitempty"`
	Turns    int    `json:"turns"`
	Begun    string `json:"begun"`
}

// listedAtMost are those of a list; a round is for fewer.
const listedAtMost = 200

func (n *watcher) tellList() {
	s := n.server
	list := []listed{}
	for _, one := range s.live() {
		if len(list) == listedAtMost {
			break
		}
		list = append(list, one.listed())
	}
	type packed struct {
		Name      string   `json:"name"`
		Title     string   `json:"title"`
		Version   string   `json:"version"`
		Says      string   `json:"says,omitempty"`
		Languages []string `json:"languages"`
		Channels  []string `json:"channels"`
		Steps     []string `json:"steps"`
	}
	var packs []packed
	for _, p := range s.packs {
		p.mu.Lock()
		program := p.newest.Program
		one := packed{Name: p.Name, Title: program.Title, Version: program.Hash, Says: p.says, Languages: program.Languages}
		p.mu.Unlock()
		for _, c := range program.Channels {
			one.Channels = append(one.Channels, c.Name)
		}
		for _, st := range program.Steps {
			one.Steps = append(one.Steps, program.Flows[st.Flow].Name+"."+st.Name)
		}
		packs = append(packs, one)
	}
	n.conn.Tell(map[string]any{"type": "list", "sessions": list, "packs": packs, "rounds": s.roundList()})
}

// tellWatchers shows those who follow a session what is new. The session is held.
func (n *session) tellWatchers(turns []rounds.Turn) {
	if len(n.watchers) > 0 {
		state := n.state(turns)
		for w := range n.watchers {
			w.conn.Tell(state)
		}
	}
	n.changed()
}

// watchMap draws one flow of a session's version. The looks are in the page's own style.
func (s *Server) watchMap(w http.ResponseWriter, r *http.Request) {
	if !s.designs(r) {
		socket.Refuse(w, http.StatusUnauthorized)
		return
	}
	p := s.packOf(r.URL.Query().Get("pack"))
	if p == nil {
		http.NotFound(w, r)
		return
	}
	v := p.version(r.URL.Query().Get("version"))
	if v == nil {
		http.NotFound(w, r)
		return
	}
	var b bytes.Buffer
	if err := graph.Write(&b, v.Program, "svg", []string{r.URL.Query().Get("flow")}); err != nil {
		http.NotFound(w, r)
		return
	}
	svg := b.Bytes()
	if i, j := bytes.Index(svg, []byte("<style>")), bytes.Index(svg, []byte("</style>")); i >= 0 && j > i {
		svg = slices.Concat(svg[:i], svg[j+len("</style>"):])
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	asset.Harden(h)
	_, _ = w.Write(svg)
}
