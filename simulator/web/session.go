package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"baraza/channels/socket"
	"baraza/engine"
	"baraza/engine/program"
	"baraza/simulator/rounds"
)

// session is one tester's conversation: an own contact with an own clock. It outlives connections.
type session struct {
	server *Server
	id     string // of its evidence
	secret string // who holds it may go on
	pack   *pack
	round  rounds.Round
	draft  bool // it goes on with each newer draft
	begun  time.Time
	zone   *time.Location

	mu      sync.Mutex
	version *Version
	talk    *rounds.Talk
	wall    time.Time // when the conversation's clock was last moved by the real one
	wrote   time.Time // when the person last did something, by the conversation's clock
	active  time.Time // when the page was last there
	ended   bool
	gone    bool // deleted

	entries []entry // what the page shows, by number from 1
	heard   int     // the page's last number; unknown after the simulator was started again
	trace   []engine.TraceEvent
	uploads int

	page    *socket.Conn
	speed   speed
	waiting [][]byte // what a slow connection still has to carry
	moving  bool

	watchers map[*watcher]bool
}

// unknown is the page's last number where the simulator was started again since: the next one counts, whatever it is.
const unknown = -1

// entry is what the page shows, with the number of the turn that it shows.
type entry struct {
	body []byte
	turn int
}

// newSession is a conversation that goes on from what was kept of it.
func (s *Server) newSession(kept rounds.Session, secret string, r rounds.Round, p *pack, v *Version) (*session, error) {
	now := s.settings.Now()
	zone, err := time.LoadLocation(v.Program.Timezone)
	if err != nil {
		zone = time.UTC
	}
	n := &session{server: s, id: kept.ID, secret: secret, pack: p, version: v, round: r, draft: r.Version == rounds.Draft, zone: zone,
		begun: kept.Begun, wall: now, active: now, ended: !kept.Ended.IsZero(), watchers: map[*watcher]bool{}}
	n.speed, _ = speedOf(r.Persona.Connection)
	n.talk, err = s.rounds.Talk(kept, v.Program)
	if err != nil {
		return nil, err
	}
	before, err := n.talk.Since(0)
	if err != nil {
		return nil, err
	}
	n.publish(before, 0)
	n.trace = nil
	n.talk.Trace = func(e engine.TraceEvent) { n.trace = append(n.trace, e) }
	return n, nil
}

func (n *session) recorded() bool { return n.talk.Session().Recorded }

// do changes the conversation, and shows what came of it to the page and to those who watch.
func (n *session) do(change func() ([]rounds.Turn, error)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.turn(0, change)
}

// turn is do with the session held; number is the page's own of what the person did.
func (n *session) turn(number int, change func() ([]rounds.Turn, error)) error {
	if n.ended || n.gone {
		return rounds.ErrEnded
	}
	n.trace = n.trace[:0]
	turns, err := change()
	n.publish(turns, number)
	n.tellWatchers(turns)
	return err
}

// hear takes what the person did, the page's nth. What the conversation gives no occasion for does nothing.
func (n *session) hear(number int, change func() ([]rounds.Turn, error)) {
	n.follow()
	n.wrote = n.talk.Conversation().Now
	if err := n.turn(number, change); !errors.Is(err, rounds.ErrNotThere) && !errors.Is(err, rounds.ErrEnded) {
		n.trouble(err)
	}
}

// follow moves the conversation's clock with the real one: where something falls due, and after each hour.
func (n *session) follow() {
	now := n.server.settings.Now()
	passed := now.Sub(n.wall).Truncate(time.Minute)
	next, _, _ := n.talk.Conversation().Due()
	due := !next.IsZero() && !next.After(n.talk.Conversation().Now.Add(passed))
	if passed < time.Minute || !due && passed < time.Hour {
		return
	}
	n.wall = now
	_ = n.turn(0, func() ([]rounds.Turn, error) { return n.talk.Advance(passed) }) // what ended takes no time
}

// pass lets what is due by the real clock happen, though nobody writes.
func (n *session) pass() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.page != nil && !n.gone {
		n.follow()
	}
}

// publish makes entries of turns. number is the page's own of what the person did.
func (n *session) publish(turns []rounds.Turn, number int) {
	for i := range turns {
		t := &turns[i]
		m, ok := n.look(t)
		if !ok {
			continue
		}
		m.Seq, m.At = len(n.entries)+1, n.at(t.At)
		if m.Type == "mine" {
			m.N = number
		}
		body, err := json.Marshal(m)
		if err != nil { // a place that is not a number
			continue
		}
		n.entries = append(n.entries, entry{body, t.N})
		n.tell(body)
	}
}

// look is what the tester sees of a turn. Effects are for designers, except that people take over.
func (n *session) look(t *rounds.Turn) (shown, bool) {
	switch {
	case t.Send != nil:
		return message(t.Send, n.address), true
	case t.Who == rounds.Person:
		return shown{Type: "mine", Text: t.Text, Kind: t.Kind, Covered: t.Masked}, true
	case t.Who == rounds.Clock:
		return shown{Type: "note", Code: "later", Text: n.at(t.At)}, true
	case t.Does == rounds.NewDraft:
		return shown{Type: "note", Code: "changed"}, true
	case t.Effect == "typing":
		return shown{Type: "typing", Seconds: 2}, true
	}
	code, ok := map[string]string{"handed to": "people", "case closed": "peopleDone", "ended": "ended"}[t.Effect]
	return shown{Type: "note", Code: code}, ok
}

// tell sends to the page what it is to know, at the speed of its connection.
func (n *session) tell(body []byte) {
	if n.page == nil {
		return // it asks for it when it is back
	}
	if n.speed.Bytes == 0 && n.speed.Latency == 0 && !n.speed.Off && len(n.waiting) == 0 {
		n.page.Write(body)
		return
	}
	n.waiting = append(n.waiting, body)
	n.move()
}

// move carries what waits, slowly.
func (n *session) move() {
	if n.moving || n.speed.Off || len(n.waiting) == 0 || n.page == nil {
		return
	}
	n.moving = true
	go n.carry(n.page)
}

func (n *session) carry(page *socket.Conn) {
	for {
		n.mu.Lock()
		if n.page != page || n.speed.Off || len(n.waiting) == 0 {
			n.moving = false
			n.move()
			n.mu.Unlock()
			return
		}
		body := n.waiting[0]
		n.waiting = n.waiting[1:]
		takes := n.speed.takes(len(body))
		n.mu.Unlock()
		n.server.settings.Wait(takes)
		n.mu.Lock()
		if n.page == page {
			page.Write(body)
		}
		n.mu.Unlock()
	}
}

func (n *session) tellPage(what any) {
	if body, err := json.Marshal(what); err == nil {
		n.tell(body)
	}
}

// batch is the most bytes of entries that go in one message when a page is back.
const batch = 48 << 10

// attach makes a connection the one of the session, and sends what the page has not seen since the entry with the
// number seen. An older connection gives way. kind is that of the welcome: begun or resumed.
func (n *session) attach(page *socket.Conn, seen int, kind string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.page != nil {
		n.page.End(socket.Replaced)
	}
	n.page, n.waiting = page, nil
	n.tellPage(n.welcome(kind))
	if seen < 0 || seen > len(n.entries) {
		seen = 0
	}
	var together []json.RawMessage
	size := 0
	for _, e := range n.entries[seen:] {
		if size+len(e.body) > batch {
			n.tellPage(map[string]any{"type": "again", "entries": together})
			together, size = nil, 0
		}
		together, size = append(together, e.body), size+len(e.body)
	}
	if len(together) > 0 {
		n.tellPage(map[string]any{"type": "again", "entries": together})
	}
	n.changed()
}

// detach forgets a connection that ended.
func (n *session) detach(page *socket.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.page == page {
		n.page, n.waiting = nil, nil
		n.active = n.server.settings.Now()
		n.changed()
	}
}

// setSpeed slows the connection down, or frees it.
func (n *session) setSpeed(s speed) {
	n.speed = s
	if s.Bytes == 0 && !s.Off && n.page != nil {
		for _, body := range n.waiting {
			n.page.Write(body)
		}
		n.waiting = nil
	}
	n.move()
}

// changed brings the lists of designers up to date, by and by: many testers write at once.
func (n *session) changed() {
	if s := n.server; s.watched() && s.listing.CompareAndSwap(false, true) {
		time.AfterFunc(listsEvery, func() {
			s.listing.Store(false)
			s.tellAll()
		})
	}
}

// listsEvery is how often a list is told again at most.
const listsEvery = 300 * time.Millisecond

// left tells whether nobody has come back to a session for so long.
func (n *session) left(now time.Time, most time.Duration) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.page == nil && now.Sub(n.active) > most
}

// take moves the conversation to another version of the pack, and shows what is different there.
func (n *session) take(v *Version) error {
	return n.do(func() ([]rounds.Turn, error) {
		if v == nil || v == n.version {
			return nil, nil
		}
		changes := differences(n.version.Program, v.Program)
		n.version = v
		for w := range n.watchers {
			w.conn.Tell(map[string]any{"type": "changed", "id": n.id, "version": v.Program.Hash, "changes": changes})
		}
		return n.talk.Change(v.Program)
	})
}

// stepOf is the index of a step by its flow and name, -1 where there is none.
func stepOf(p *program.Program, flow, step string) int {
	return slices.IndexFunc(p.Steps, func(s program.Step) bool { return s.Name == step && p.Flows[s.Flow].Name == flow })
}

// differences are what another version says or does otherwise, a line each, at most twenty.
func differences(before, after *program.Program) []string {
	var all []string
	names := func(p *program.Program) map[string]bool {
		m := map[string]bool{}
		for _, s := range p.Steps {
			m[p.Flows[s.Flow].Name+"."+s.Name] = true
		}
		return m
	}
	old, now := names(before), names(after)
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if !old[name] {
			all = append(all, "new step "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if !now[name] {
			all = append(all, "no step "+name+" any more")
		}
	}
	texts := map[string]string{}
	for _, s := range before.Strings {
		texts[s.ID] = wordings(s)
	}
	for _, s := range after.Strings {
		was, had := texts[s.ID]
		if text := wordings(s); had && was != text {
			all = append(all, "other words: "+was+" → "+text)
		} else if !had {
			all = append(all, "new words: "+text)
		}
	}
	if len(all) == 0 {
		all = []string{"other conditions or settings, the same steps and words"}
	}
	if len(all) > 20 {
		all = append(all[:20], fmt.Sprintf("and %d changes more", len(all)-20))
	}
	return all
}

// wordings is a string in the first language that has it, without what is put in.
func wordings(s program.String) string {
	var b strings.Builder
	for _, t := range s.Texts {
		for _, part := range t {
			if part.Kind == program.Literal {
				b.WriteString(part.Literal)
			} else {
				b.WriteString("…")
			}
		}
		if b.Len() > 0 {
			break
		}
	}
	return b.String()
}
