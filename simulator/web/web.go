// Package web is the simulator in a browser: a page where people of a community try a flow on their own phones, one
// where its designers watch, move time and answer as the team, and one where they edit it. Conversations run on the engine of production.
// Nothing here can reach a channel or a team: what a flow asks of the world becomes a line that a designer sees.
package web

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"baraza/channels/socket"
	"baraza/dsl"
	"baraza/engine/program"
	"baraza/simulator/editor"
	"baraza/simulator/rounds"
)

// Version is a pack as it was at a time, ready to run.
type Version struct {
	Program *program.Program
	// Source gives a file as it was compiled. The folder may have gone on since.
	Source func(file string) (text []byte, ok bool)
	Files  fs.FS // the pack's own, for media
	// Checked is what the version was made of. It is kept of the newest one alone, to write and run tests.
	Checked *dsl.Result
}

// Pack is one that can be tried.
type Pack struct {
	Name string
	// Newest reads the pack as it is now. Where it has errors, the version is nil and says is the first of them.
	// It is called by one goroutine at a time, every other second while somebody watches and for each page of a round.
	Newest func() (v *Version, says string)
	// Folder is where its files lie; without one the editor's page does not have it, and no test is written into it.
	Folder Folder
}

// Settings of a simulator. Zero values of all but Packs and Rounds are sound.
type Settings struct {
	Packs  []Pack
	Broken []Pack // that cannot run as they are: in the editor's page alone
	Rounds *rounds.File
	// Own is the origin under which people reach it, such as "https://try.example.org". Empty: only pages of this
	// machine, for trying it out.
	Own string
	// Key lets designers in: who has it may watch. Required with Own; without, everybody on this machine may.
	Key      string
	Language string // of the pages where the browser asks for none that they have; English when empty
	Exit     string // where the quick-exit button leads: "about:blank" when empty
	Edit     bool   // the editor's page may save into the packs' folders; not together with Own
	Limits   Limits
	Now      func() time.Time
	Random   io.Reader
	// Address is whom failed handshakes and tokens are counted for; that of the connection when nil.
	Address func(*http.Request) string
	// Wait lets time pass on a slow connection; time.Sleep when nil.
	Wait func(time.Duration)
	// Tick is how often timers and drafts are looked at; every two seconds when zero.
	Tick time.Duration
}

// Limits of connections and sessions. Zero values are replaced by those of the comments.
type Limits struct {
	socket.Limits
	Connections int           // at a time: 6,000
	Sessions    int           // in memory: 6,000
	Failures    int           // failed handshakes and tokens of one address a minute: 120
	Resume      time.Duration // that a session waits for its page: 2 h
	Upload      time.Duration // for a voice note or a photo to arrive: 60 s
}

func (l Limits) whole() Limits {
	return Limits{Limits: l.Limits.Whole(), Connections: cmp.Or(l.Connections, 6000), Sessions: cmp.Or(l.Sessions, 6000),
		Failures: cmp.Or(l.Failures, 120), Resume: cmp.Or(l.Resume, 2*time.Hour), Upload: cmp.Or(l.Upload, time.Minute)}
}

// Server is the simulator.
type Server struct {
	settings Settings
	limits   Limits
	rounds   *rounds.File
	pages    pages
	failures socket.Failures
	media    media
	mux      *http.ServeMux
	packs    []*pack
	broken   []*pack

	draw   sync.Mutex // of Random
	waking sync.Mutex // of sessions that were kept

	listing atomic.Bool // designers are to hear of changes soon

	mu       sync.Mutex
	closed   bool
	all      map[*socket.Conn]struct{}
	sessions map[string]*session // by secret
	byID     map[string]*session
	watchers map[*watcher]struct{}
	cookies  map[string]time.Time // of designers, until when
	open     []opening            // rounds that anybody may try
	ending   sync.WaitGroup
	stop     chan struct{}
}

// pack is a pack with the versions that were seen.
type pack struct {
	Pack
	mu       sync.Mutex
	newest   *Version
	checked  *dsl.Result // of newest, with the tests that the folder has by now
	says     string      // what is wrong with the files as they are
	versions map[string]*Version
	files    *editor.Files // nil where it cannot be edited
}

// opening is a round that the tester's page offers by itself.
type opening struct{ pack, token string }

// New makes a simulator. Its error says which setting is wrong.
func New(s Settings) (*Server, error) {
	switch own, _ := url.Parse(s.Own); {
	case len(s.Packs) == 0:
		return nil, errors.New("there is no pack to try")
	case s.Own == "":
	case !socket.IsOrigin(s.Own):
		return nil, fmt.Errorf("%q is not an origin: write scheme and host alone, such as https://try.example.org", s.Own)
	case own.Scheme == "http" && !socket.IsLoopback(own.Host):
		return nil, errors.New("people try a flow over an encrypted connection alone, and phones give voice and place to no other: let its address begin with https://")
	case len(s.Key) < 22:
		return nil, errors.New("designers need a key of at least 22 letters where others than this machine can come")
	}
	s.Exit = cmp.Or(s.Exit, "about:blank")
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Random == nil {
		s.Random = rand.Reader
	}
	if s.Address == nil {
		s.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	if s.Wait == nil {
		s.Wait = time.Sleep
	}
	n := &Server{settings: s, limits: s.Limits.whole(), rounds: s.Rounds, all: map[*socket.Conn]struct{}{}, sessions: map[string]*session{},
		byID: map[string]*session{}, watchers: map[*watcher]struct{}{}, cookies: map[string]time.Time{}, stop: make(chan struct{})}
	for _, p := range s.Packs {
		one := &pack{Pack: p, versions: map[string]*Version{}}
		if one.look(); one.newest == nil {
			return nil, fmt.Errorf("the pack %s cannot run: %s", p.Name, one.says)
		}
		n.packs = append(n.packs, one)
	}
	for _, p := range s.Broken {
		n.broken = append(n.broken, &pack{Pack: p, versions: map[string]*Version{}})
	}
	var err error
	if n.pages, err = newPages(s); err != nil {
		return nil, err
	}
	if err := n.editing(); err != nil {
		return nil, errors.Join(err, n.letGo())
	}
	n.routes()
	n.ending.Go(n.tick)
	return n, nil
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /{$}", s.startPage)
	s.mux.Handle("GET /start.css", s.pages.files["start.css"])
	s.mux.HandleFunc("GET /try/{$}", s.tryPage)
	s.mux.Handle("GET /try/try.js", s.pages.files["try.js"])
	s.mux.Handle("GET /try/try.css", s.pages.files["try.css"])
	s.mux.HandleFunc("GET /try/socket", s.trySocket)
	s.mux.HandleFunc("POST /try/media", s.upload)
	s.mux.HandleFunc("GET /try/media/{address}", s.serveMedia)
	s.mux.HandleFunc("GET /watch/{$}", s.watchPage)
	s.mux.Handle("GET /watch/watch.js", s.pages.files["watch.js"])
	s.mux.Handle("GET /watch/watch.css", s.pages.files["watch.css"])
	s.mux.HandleFunc("POST /watch/enter", s.enterWatch)
	s.mux.HandleFunc("GET /watch/socket", s.watchSocket)
	s.mux.HandleFunc("GET /watch/map", s.watchMap)
	s.mux.HandleFunc("GET /watch/report", s.watchReport)
	s.editRoutes()
	s.evidenceRoutes()
}

// ServeHTTP serves the pages and their sockets. Under a name that is not the simulator's own nothing is served.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.settings.Own == "" && !socket.IsLoopback(r.Host) {
		socket.Refuse(w, http.StatusMisdirectedRequest)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Close ends all connections and waits for what is under way. Pages come back by themselves.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
	}
	for c := range s.all {
		c.End(socket.GoingAway)
	}
	s.mu.Unlock()
	s.ending.Wait()
	return s.letGo()
}

// OpenRound offers a round on the tester's page to everybody who comes there.
func (s *Server) OpenRound(pack, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, opening{pack, token})
}

// welcomes tells whether a page of this origin may speak to us.
func (s *Server) welcomes(r *http.Request) bool {
	got := r.Header["Origin"]
	if len(got) != 1 || got[0] == "" {
		return false
	}
	if s.settings.Own == "" {
		return socket.IsLoopback(r.Host) && (got[0] == "http://"+r.Host || got[0] == "https://"+r.Host)
	}
	return got[0] == s.settings.Own
}

// guarded answers a request that comes from a foreign page or from an address that failed too often; false then.
func (s *Server) guarded(w http.ResponseWriter, r *http.Request) bool {
	address, now := s.settings.Address(r), s.settings.Now()
	if s.failures.Many(address, now, s.limits.Failures) {
		w.Header().Set("Retry-After", "60")
		socket.Refuse(w, http.StatusTooManyRequests)
		return false
	}
	if !s.welcomes(r) {
		s.failures.Add(address, now)
		socket.Refuse(w, http.StatusForbidden)
		return false
	}
	return true
}

// enter counts a new connection in, or answers why not.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, l socket.Limits) (*socket.Conn, bool) {
	if !s.guarded(w, r) {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.all) >= s.limits.Connections {
		w.Header().Set("Retry-After", "30")
		socket.Refuse(w, http.StatusServiceUnavailable)
		return nil, false
	}
	c := socket.New(l, s.settings.Now)
	s.all[c] = struct{}{}
	s.ending.Add(1)
	return c, true
}

func (s *Server) leave(c *socket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c)
	s.ending.Done()
}

// random is 128 bits in 22 characters that need no quoting anywhere.
func (s *Server) random() string {
	var b [16]byte
	s.read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Server) read(b []byte) {
	s.draw.Lock()
	defer s.draw.Unlock()
	if _, err := io.ReadFull(s.settings.Random, b); err != nil {
		panic(err) // nothing can be kept apart any more
	}
}

// look reads the pack as it is now, and tells whether another version can run, and whether something else is wrong.
func (p *pack) look() (changed, other bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, says := p.Newest()
	other = says != p.says
	p.says = says
	if v != nil { // the pack may give the same one to others: what is kept is a copy
		p.checked = v.Checked
		kept := *v
		kept.Checked = nil
		v = &kept
	}
	if v == nil || p.newest != nil && v.Program.Hash == p.newest.Program.Hash {
		return false, other
	}
	p.newest = v
	p.versions[v.Program.Hash] = v
	return true, other
}

// version is that of a round: the newest for a draft; nil where it is not here.
func (p *pack) version(of string) *Version {
	p.mu.Lock()
	defer p.mu.Unlock()
	if of == rounds.Draft {
		return p.newest
	}
	return p.versions[of]
}

func (s *Server) packOf(name string) *pack {
	i := slices.IndexFunc(s.packs, func(p *pack) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return s.packs[i]
}

// tick lets time pass: timers that are due, drafts that have changed, sessions that nobody comes back to.
func (s *Server) tick() {
	every := time.NewTicker(cmp.Or(s.settings.Tick, 2*time.Second))
	defer every.Stop()
	for n := 0; ; n++ {
		select {
		case <-s.stop:
			return
		case <-every.C:
		}
		now := s.settings.Now()
		s.drafts()
		for _, one := range s.live() {
			if one.pass(); one.left(now, s.limits.Resume) {
				s.forget(one)
			}
		}
		if n%1800 == 0 {
			_, _ = s.rounds.Sweep(now) // what cannot be deleted now is tried again
		}
	}
}

// drafts looks whether a pack has changed, while a designer is there to change it.
func (s *Server) drafts() {
	if !s.watched() {
		return
	}
	for _, p := range s.packs {
		s.redraw(p)
	}
}

// redraw looks whether one pack has changed, and brings those who try its draft on.
func (s *Server) redraw(p *pack) {
	changed, other := p.look()
	if changed {
		for _, one := range s.live() {
			if one.pack == p && one.draft {
				_ = one.take(p.version(rounds.Draft)) // what has ended stays as it was
			}
		}
	}
	if changed || other {
		s.tellAll()
	}
}

// watched tells whether a designer is there.
func (s *Server) watched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.watchers) > 0
}

// live are the sessions in memory, the newest first.
func (s *Server) live() []*session {
	s.mu.Lock()
	all := make([]*session, 0, len(s.sessions))
	for _, one := range s.sessions {
		all = append(all, one)
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b *session) int { return cmp.Or(b.begun.Compare(a.begun), strings.Compare(a.id, b.id)) })
	return all
}

// forget takes a session out of memory. What was recorded of it stays.
func (s *Server) forget(one *session) {
	s.mu.Lock()
	delete(s.sessions, one.secret)
	delete(s.byID, one.id)
	s.mu.Unlock()
	s.media.drop(one)
	s.tellAll()
}
