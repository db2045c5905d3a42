package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"baraza/engine/keys"
	"baraza/engine/runner"
	"baraza/engine/store"
)

// quiet: nothing waits any more, all that was said was sent.
func (s *sim) quiet() {
	ctx := s.t.Context()
	l := s.running()
	if l == nil {
		s.fail("end", "no process is there")
		return
	}
	far := time.Now().AddDate(1, 0, 0)
	heads, err := l.store.Outbox(ctx, store.OutboxQuery{Of: store.All, State: store.Waiting, Until: far, Limit: 100})
	for _, m := range heads {
		s.fail("end", "message %d of %s still waits: tries %d, code %d, ready %s", m.ID, m.Key.String()[:6], m.Tries, m.Code, m.Ready)
	}
	dead, err2 := l.store.Outbox(ctx, store.OutboxQuery{Of: store.All, State: store.Dead, Limit: 100})
	held, err4 := l.store.Items(ctx, store.ItemQuery{Kind: store.Held, Of: store.All, Limit: 100})
	if len(held) > 0 {
		s.fail("end", "%d things are held still", len(held))
	}
	due, err3 := l.store.Due(ctx, store.All, store.Timer{}, time.Now().Add(-time.Minute), 100)
	for _, e := range []error{err, err2, err3, err4} {
		if e != nil && !s.knowsDamage(l, e.Error()) {
			s.fail("end", "%v", e)
		}
	}
	if len(dead)+len(due) > 0 {
		s.fail("end", "%d dead letters, %d timers were not carried out", len(dead), len(due))
	}
}

// judge holds everything once more, and what only the end shows.
func (s *sim) judge() {
	s.check()
	s.files()
	l := s.opens(-2)
	defer l.close()
	l.check(s)
	s.phone.ranks(l)
	if s.phone.twice > s.unknown {
		s.fail("I2", "%d parts reached a phone twice, outbox.unknown counted %d", s.phone.twice, s.unknown)
	}
	for key, sessions := range s.history.erased {
		for _, pack := range []string{"ke", "ec"} {
			for _, sealed := range sessions {
				if _, err := l.rings.Open(pack, key, keys.Session, sealed); err == nil {
					s.fail("erasure", "a session of %s can still be read", key.String()[:6])
				}
			}
		}
	}
	for _, p := range s.people {
		s.judgePerson(l, p)
	}
}

func (s *sim) judgePerson(l *life, p *person) {
	list, err := l.store.Journal(context.Background(), store.JournalQuery{Key: keyOf(l.rings, p), Limit: 10000})
	if err != nil && !s.knowsDamage(l, err.Error()) {
		s.fail("end", "journal: %v", err)
	}
	var heard, said, aside []string
	for _, e := range slices.Backward(list) {
		var entry runner.Entry
		if err := runner.OpenEntry(l.rings, p.pack, e, &entry); err != nil {
			if e.Class != runner.AlertEntry {
				s.fail("end", "an entry of class %d of %v: %v", e.Class, p, err)
			}
			continue
		}
		switch e.Class {
		case runner.MessageIn:
			heard = append(heard, entry.Text)
		case runner.MessageOut:
			said = append(said, entry.Text)
		case runner.SetAside:
			aside = append(aside, entry.Text)
		}
	}
	s.mu.Lock()
	damaged := s.faults["bits flipped"] > 0
	s.mu.Unlock()
	if p.role == mixed || p.role == hurt && damaged {
		return
	}
	for _, word := range aside {
		if !strings.HasPrefix(word, "poison") {
			s.fail("end", "%v: %q was set aside", p, word)
		}
	}
	once := map[string]int{}
	for _, word := range slices.Concat(heard, aside) {
		once[word]++
	}
	for n := range wordsEach {
		for _, word := range slices.Concat(p.batches...) {
			if once[word] != 1 && strings.HasSuffix(word, fmt.Sprintf(" %d", n)) {
				s.fail("I1", "%v said %q, heard %d times", p, word, once[word])
			}
		}
	}
	s.inOrder(p, heard)
	if s.seed%2 == 0 && p.pack == "ke" {
		s.answersFrozen(l, p, heard, said)
		return
	}
	s.answers(p, heard, said)
	shown := ""
	if h := s.phone.shows[p.id.Value]; h != nil {
		shown = strings.Join(slices.DeleteFunc(slices.Clone(h.texts), func(text string) bool { return text == nudge }), "")
	}
	want := strings.Join(slices.DeleteFunc(said, func(text string) bool { return text == nudge }), "")
	if shown != want {
		s.fail("end", "%v got\n%q\nwant\n%q", p, shown, want)
	}
}

// inOrder: the words of one delivery were heard in their order. Deliveries may overtake each other.
func (s *sim) inOrder(p *person, heard []string) {
	at := map[string]int{}
	for i, word := range heard {
		at[word] = i
	}
	for _, words := range p.batches {
		for i := 1; i < len(words); i++ {
			a, heardA := at[words[i-1]]
			b, heardB := at[words[i]]
			if heardA && heardB && a > b {
				s.fail("end", "%q was heard after %q", words[i-1], words[i])
			}
		}
	}
}

// answers: the first word of a conversation begins it, each further one is answered, in the order they were heard.
func (s *sim) answers(p *person, heard, said []string) {
	var want []string
	for i, word := range heard {
		if i > 0 {
			want = append(want, "Heard "+word+".")
		}
		want = append(want, "Write a word.")
	}
	got := slices.DeleteFunc(slices.Clone(said), func(text string) bool { return text == nudge })
	if !slices.Equal(want, got) {
		s.fail("end", "%v: heard %q\nsaid %q\nwant %q", p, heard, got, want)
	}
}

// ranks: what was told last of a part stays, whatever came in which order.
func (p *provider) ranks(l *life) {
	highest := map[string]store.State{}
	for _, n := range p.ranked {
		highest[n.id] = max(highest[n.id], n.state)
	}
	for _, id := range sortedKeys(highest) {
		number, piece, _ := strings.Cut(id, "-")
		n, _ := strconv.ParseUint(number, 36, 64)
		m, err := l.store.Message(context.Background(), n)
		if errors.Is(err, store.ErrNotFound) || err == nil && m.Key.String()[:8] != piece {
			continue // erased meanwhile
		}
		if err != nil || m.State < highest[id] {
			p.s.fail("end", "part %s is %d, was told to be %d (%v)", id, m.State, highest[id], err)
		}
	}
}
