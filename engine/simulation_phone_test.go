package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"baraza/engine"
	"baraza/engine/runner"
	"baraza/engine/store"
)

const (
	nudge    = "Are you still there?"
	template = "template callback_reminder"
)

// provider is who takes messages to phones, whatever process sends them.
type provider struct {
	s *sim

	mu     sync.Mutex
	shows  map[string]*handset // by the person's number
	twice  int64
	ranked []news // statuses that were acknowledged
}

// handset is what one person's phone shows.
type handset struct {
	ids   []string // of parts, as they came for the first time
	texts []string
}

type news struct {
	id    string
	state store.State
}

// sending is the provider as one process sees it.
type sending struct {
	s *sim
	l *life
}

func (c sending) Parts(o engine.Outgoing) ([]runner.Part, error) {
	if strings.Contains(o.Text, "Heard poison") {
		if c.s.nth(o.Text) == 1 {
			c.s.fault("poison", "")
		}
		panic("zanzibar")
	}
	if o.Template != "" {
		return []runner.Part{{Kind: "template", Body: []byte(template), Anytime: true}}, nil
	}
	if o.Text == nudge {
		return []runner.Part{{Kind: "text", Body: []byte(nudge)}}, nil
	}
	half := len(o.Text) / 2 // two parts a message, so that their order counts
	return []runner.Part{{Kind: "text", Body: []byte(o.Text[:half])}, {Kind: "text", Body: []byte(o.Text[half:])}}, nil
}

func (c sending) WindowCloses(last time.Time) time.Time { return last.Add(24 * time.Hour) }

func (c sending) Send(_ context.Context, d runner.Delivery) runner.Result {
	s, try := c.s, c.s.nth("send"+d.ID)
	if c.l.dead.Load() {
		return runner.Result{Class: runner.UnknownOutcome}
	}
	c.mayReach(d)
	fate := 99
	if s.has("network") && (d.Pack == "ke" || !s.oneCountry()) {
		fate = s.draw("send", d.ID, try)
		if s.has("storm") && s.draw("storm", d.Pack, int(time.Since(s.begun)/(5*time.Minute))) < 20 {
			fate = min(fate, 7+fate%5) // minutes in which nearly everything is refused
		}
	}
	slow := time.Duration(s.draw("slow", d.ID, try)) * 20 * time.Millisecond
	before := fate < 60 && s.draw("told before", d.ID, try) < 20
	if !before {
		s.sleeps(slow, "slow", d.ID, try)
	}
	about := d.Pack + " " + d.ID
	switch {
	case fate < 7:
		s.fault("answer 500", about)
		return runner.Result{Class: runner.Retry, Code: 500}
	case fate < 10:
		s.fault("pair throttled", about)
		return runner.Result{Class: runner.PairThrottled, Code: 131056, RetryAfter: 6 * time.Second}
	case fate < 12:
		s.fault("sender throttled", about)
		return runner.Result{Class: runner.SenderThrottled, Code: 130429, RetryAfter: time.Second}
	case fate < 14:
		s.fault("outside the window", about)
		return runner.Result{Class: runner.OutsideWindow, Code: 131047}
	case fate < 16:
		return runner.Result{Class: runner.UnknownOutcome}
	}
	s.phone.takes(d)
	id := "wamid.out." + d.ID + "." + strconv.Itoa(try)
	if before {
		s.fault("status before the answer", about)
		go s.phone.tells(d, id, try)
		s.sleeps(slow, "slow", d.ID, try)
	} else if s.draw("status", d.ID, try) < 70 {
		go s.phone.tells(d, id, try)
	} else {
		s.fault("status lost", about)
	}
	if s.has("process") && s.draw("crash after yes", d.ID, try) < 2 {
		c.l.dies("crash after the provider's yes", about)
		return runner.Result{Class: runner.UnknownOutcome}
	}
	if fate >= 16 && fate < 23 {
		s.fault("answer lost", about)
		return runner.Result{Class: runner.UnknownOutcome}
	}
	return runner.Result{Class: runner.Accepted, ProviderID: id}
}

// takes a part to the phone.
func (p *provider) takes(d runner.Delivery) {
	who, text := d.To[0].Value, string(d.Part.Body)
	p.s.tell("phone "+who, d.ID+" "+text)
	p.mu.Lock()
	h := p.shows[who]
	if h == nil {
		h = &handset{}
		p.shows[who] = h
	}
	again := slices.Contains(h.ids, d.ID)
	if again {
		p.twice++
	} else {
		h.ids, h.texts = append(h.ids, d.ID), append(h.texts, text)
	}
	p.mu.Unlock()
	if again {
		p.s.fault("twice on a phone", d.ID)
	}
	if text == nudge || text == template {
		p.s.unasked(d)
	}
}

// unasked: who wants no more messages gets none that nobody asked for.
func (s *sim) unasked(d runner.Delivery) {
	_, piece, _ := strings.Cut(d.ID, "-")
	s.mu.Lock()
	var since time.Time
	for key, at := range s.history.silent {
		if key.String()[:8] == piece {
			since = at
		}
	}
	s.mu.Unlock()
	if !since.IsZero() && time.Since(since) > time.Minute { // one may have been on its way
		s.fail("opt-out", "%q reached who wants no more, %v after", d.Part.Body, time.Since(since))
	}
}

// inOrder holds I3: the parts of a person came in the order in which they were written down.
func (p *provider) inOrder() {
	p.mu.Lock()
	var wrong []string
	for _, who := range sortedKeys(p.shows) {
		last := map[string]uint64{} // by contact
		for _, id := range p.shows[who].ids {
			number, contact, _ := strings.Cut(id, "-")
			n, _ := strconv.ParseUint(number, 36, 64)
			if p.s.held(n) { // in their order, and it may be behind what a freeze lets go
				contact = "held " + contact
			}
			if n <= last[contact] {
				wrong = append(wrong, fmt.Sprintf("%s got part %d after %d", who, n, last[contact]))
			}
			last[contact] = n
		}
	}
	p.mu.Unlock()
	for _, w := range wrong {
		p.s.fail("I3", "%s", w)
	}
}

// tells what became of a part, some of it late and in the wrong order.
func (p *provider) tells(d runner.Delivery, id string, try int) {
	s := p.s
	states := []store.State{store.Sent, store.Delivered, store.Read}
	if s.draw("order", d.ID, try) < 30 {
		slices.Reverse(states)
		s.fault("statuses in another order", d.ID)
	}
	for i, state := range states {
		s.sleeps(time.Duration(s.draw("told", d.ID, try, i))*time.Second/3, "told", d.ID, try, i)
		s.delivers(nil, []runner.Inbound{{Kind: runner.StatusReceived, ID: d.ID + strconv.Itoa(i), Pack: d.Pack, Channel: "whatsapp", Account: "100",
			From: d.To, At: time.Now(), Status: runner.Status{OurID: d.ID, ProviderID: id, State: state}}})
		p.mu.Lock()
		p.ranked = append(p.ranked, news{d.ID, state})
		p.mu.Unlock()
	}
}
