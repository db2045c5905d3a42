package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"baraza/dsl"
	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/runner"
	"baraza/engine/store"
)

// secrets are in what people say and are called: no log and no file may show them.
var secrets = []string{"zanzibar", "7000000", "Heard", "wamid"}

// role is what a person does.
type role int

const (
	plain  role = iota // says words, and everything that comes back is known beforehand
	poison             // the same, and some of the words bring the turn down
	hurt               // the same, and bits are flipped in what is kept
	mixed              // stops, asks for a person, for a case's state, for the deletion of all
)

type person struct {
	n       int
	role    role
	pack    string
	id      runner.Identity
	batches [][]string // words that were delivered together
}

func (p *person) String() string { return fmt.Sprintf("%s person %d", p.pack, p.n) }

func (s *sim) everyone() []*person {
	var all []*person
	for n, role := range []role{plain, poison, hurt, mixed, mixed, plain, plain} {
		pack := "ke"
		if n > 4 {
			pack = "ec"
		}
		all = append(all, &person{n: n, role: role, pack: pack, id: runner.Identity{Channel: "whatsapp", Kind: "wa_phone", Value: fmt.Sprintf("7000000%02d", n)}})
	}
	return all
}

const wordsEach = 14

// says is the n-th word of a person.
func (s *sim) says(p *person, n int) string {
	word := fmt.Sprintf("zanzibar %d %d", p.n, n)
	switch {
	case p.role == poison && s.has("poison") && s.draw("poison", n) < 15:
		return "poison " + word
	case p.role == mixed:
		switch d := s.draw("says", p.n, n); {
		case d < 60:
			return []string{"person", "stop", "resume", "delete", "status", "note", "later", "resume", "status", "person", "delete", "note"}[d/5]
		}
	}
	return word
}

// writes is a person: words at odd times, some delivered twice, some late and so out of order.
func (s *sim) writes(p *person) {
	var deliveries sync.WaitGroup
	s.sleeps(0, "begins", p.n)
	for n := 0; n < wordsEach; {
		name := fmt.Sprint(p.n, " ", n)
		var batch []runner.Inbound
		var words []string
		for range min(1+s.draw("burst", name)%4, wordsEach-n) {
			in := s.message(p, n)
			batch, words = append(batch, in), append(words, in.Event.Text)
			n++
		}
		p.batches = append(p.batches, words)
		late := time.Duration(0)
		if s.has("network") && s.draw("late", name) < 20 {
			late = time.Duration(s.draw("how late", name)) * time.Second
			s.fault("delivered late", p.String())
		}
		deliveries.Go(func() { s.sleeps(late, "late", name); s.delivers(p, batch) })
		if s.has("network") && s.draw("twice", name) < 30 {
			s.fault("delivered twice", p.String())
			deliveries.Go(func() {
				s.sleeps(time.Duration(s.draw("again", name))*time.Second/2, "again", name)
				s.delivers(p, append(slices.Clone(batch), batch...))
			})
		}
		if s.draw("at once", name) < 70 {
			s.sleeps(time.Duration(s.draw("pause", name)*s.draw("pauses", name))*time.Second/10, "pause", name)
		}
	}
	deliveries.Wait()
}

func (s *sim) message(p *person, n int) runner.Inbound {
	in := runner.Inbound{Kind: runner.MessageReceived, ID: "wamid." + p.id.Value + "." + strconv.Itoa(n), Pack: p.pack, Channel: "whatsapp", Account: "100",
		From: []runner.Identity{p.id}, At: time.Now().Add(time.Duration(n) * time.Millisecond), Event: engine.Event{Kind: engine.Message, Text: s.says(p, n)}}
	s.tell("says", p.String()+" "+strconv.Itoa(n)+": "+in.Event.Text)
	return in
}

// delivers is the provider's webhook: again until it is acknowledged.
func (s *sim) delivers(p *person, batch []runner.Inbound) {
	begun := time.Now()
	for try := 0; ; try++ {
		l := s.running()
		if l != nil && l.runner.Receive(s.t.Context(), batch) == nil && !l.dead.Load() {
			s.acknowledged(l, batch)
			break
		}
		s.sleeps(time.Duration(1+min(try, 20))*time.Second, "delivers", batch[0].ID, try)
	}
	if took := time.Since(begun); p != nil && p.pack == "ec" && s.oneCountry() && took > 5*time.Second {
		s.fail("I7", "%v waited %v for an acknowledgement while only the other country had faults", p, took)
	}
}

func (s *sim) acknowledged(l *life, batch []runner.Inbound) {
	for i := range batch {
		if batch[i].Kind == runner.MessageReceived {
			s.keptEvent(l.eventHash(&batch[i]), batch[i].From[0].Value+" "+batch[i].Event.Text)
		}
	}
}

func (s *sim) keptEvent(h store.Hash, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history.acked[h], s.history.what[h] = true, what
}

// eventHash is what the store remembers of an event.
func (l *life) eventHash(in *runner.Inbound) store.Hash {
	return l.rings.Hash(in.Pack, keys.ForEvent, in.Channel, in.Account, strconv.Itoa(int(in.Kind)), in.ID)
}

func keyOf(k runner.Rings, p *person) store.Key {
	return k.Contact(p.pack, k.Hash(p.pack, keys.ForIdentity, p.id.Channel, p.id.Kind, p.id.Value), 0)
}

// team answers the cases that it is told of, and gives them back.
type team struct {
	s *sim
	l *life
}

func (n team) Notify(_ context.Context, notice runner.Notice) error {
	s, name := n.s, fmt.Sprint(notice.Contact, notice.Case, notice.At.UnixMilli())
	if n.l.dead.Load() {
		return runner.ErrStopped
	}
	if s.has("process") && s.draw("crash in notice", name, s.nth("notice"+name)) < 4 {
		n.l.dies("crash in a notice", notice.Kind.String())
		return runner.ErrStopped
	}
	if s.has("network") && s.draw("notice", name, s.nth("notice of"+name)) < 30 {
		s.fault("notice failed", notice.Kind.String())
		return errors.New("the team's address does not answer")
	}
	if notice.Kind == runner.CaseOpened && s.nth("opened "+name) == 1 && s.draw("answers", name) < 70 {
		go s.answersCase(notice, name)
	}
	return nil
}

func (s *sim) answersCase(n runner.Notice, name string) {
	s.sleeps(time.Duration(s.draw("thinks", name))*time.Minute, "thinks", name)
	s.staff(n, engine.StaffReply, name+" reply", func(l *life) error {
		return l.runner.Reply(s.t.Context(), n.Contact, n.Case, "zanzibar staff", engine.Media{}, name+" reply")
	})
	s.sleeps(time.Duration(s.draw("talks", name))*time.Second, "talks", name)
	s.staff(n, engine.StaffDone, name+" done", func(l *life) error { return l.runner.Done(s.t.Context(), n.Contact, n.Case, name+" done") })
}

// staff tries until it is kept, or nobody is there any more.
func (s *sim) staff(n runner.Notice, kind engine.EventKind, id string, act func(*life) error) {
	for try := 0; ; try++ {
		if l := s.running(); l != nil {
			err := act(l)
			if errors.Is(err, runner.ErrNoContact) || errors.Is(err, runner.ErrLeft) {
				return
			}
			if err == nil && !l.dead.Load() {
				s.keptEvent(l.rings.Hash("ke", keys.ForEvent, "staff", n.Contact.String(),
					strconv.FormatUint(uint64(n.Case), 10), strconv.Itoa(int(kind)), id), "staff "+id)
				return
			}
		}
		s.sleeps(time.Duration(1+min(try, 20))*time.Second, id, try)
	}
}

// elsewhere is the other system that fetches ask.
type elsewhere struct {
	s *sim
	l *life
}

func (e elsewhere) Fetch(_ context.Context, q runner.Question) (map[string]any, error) {
	s := e.s
	try := s.nth("fetch" + q.Key)
	s.sleeps(time.Duration(s.draw("fetch takes", q.Key, try))*50*time.Millisecond, q.Key, try)
	if e.l.dead.Load() {
		return nil, runner.ErrStopped
	}
	if s.has("process") && s.draw("crash in fetch", q.Key, try) < 12 {
		e.l.dies("crash in a fetch", "")
		return nil, runner.ErrStopped
	}
	if s.has("network") && s.draw("fetch", q.Key, try) < 30 {
		s.fault("fetch failed", "")
		if try%2 == 0 {
			panic("zanzibar")
		}
		return nil, errors.New("no answer")
	}
	return map[string]any{"status": "zanzibar ready"}, nil
}

// programs are the packs of two countries, the same but for their names.
func programs(t *testing.T) map[string]*program.Program {
	t.Helper()
	out := map[string]*program.Program{}
	for name, country := range map[string]string{"ke": "country KE\n  timezone Africa/Nairobi", "ec": "country EC\n  timezone America/Guayaquil"} {
		text := strings.Replace(simulatedPack, "country", country, 1)
		p, problems := dsl.Compile(fstest.MapFS{
			name + "/pack.flow": {Data: []byte("pack " + name + text)},
			name + "/talk.flow": {Data: []byte(simulatedFlows)},
		}, name)
		if p == nil {
			t.Fatalf("the pack does not compile: %v", problems)
		}
		out[name] = p
	}
	return out
}
