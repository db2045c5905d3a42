package bench

import (
	"math/rand/v2"
	"slices"
	"time"

	"baraza/channels"
	"baraza/channels/whatsapp"
	"baraza/engine"
	"baraza/engine/program"
)

// said is one message of a person, with what the pack answers to it.
type said struct {
	text, token string
	list        bool // the tap was on a list, else on a button
	place       *engine.LatLon
	parts       int // that are sent in answer
}

// script is what one person says, one message after the other: answers drawn by seed from what was offered, through as
// many conversations as the length allows.
type script []said

// scripts are n different ones. A conversation that would be handed to a team, where nobody answers here, ask another
// system, wait on purpose or delete the person is turned elsewhere, for these measure something else.
func scripts(p *program.Program, n, length int, seed uint64, now time.Time) []script {
	render := whatsapp.New(whatsapp.Settings{})
	all := make([]script, n)
	for i := range all {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		all[i] = person{p: p, random: random, now: now, render: render, again: again(p)}.talk(length)
	}
	return all
}

// again is a word that begins anew wherever the conversation stands: a safety word called menu, where the pack has one.
func again(p *program.Program) string {
	for _, w := range p.Words {
		if w.Name == "menu" && len(w.Lists) > 0 && len(w.Lists[0].Words) > 0 {
			return w.Lists[0].Words[0]
		}
	}
	return "hello"
}

type person struct {
	p      *program.Program
	random *rand.Rand
	now    time.Time
	render channels.Channel
	again  string
}

func (who person) talk(length int) script {
	const tries = 8
	var lines script
	session := engine.New()
	session.Seed = who.random.Uint64()
	var offered *engine.Outgoing
	for len(lines) < length {
		for try := 0; ; try++ {
			line := who.answer(session, offered)
			if try == tries {
				line = said{text: who.again}
			}
			ev := engine.Event{Kind: engine.Message, At: who.now, Channel: whatsapp.Name, Text: line.text, Token: line.token, Location: line.place}
			next, effects := engine.Step(who.p, session, ev)
			if try < tries && slices.ContainsFunc(effects, elsewhere) {
				continue
			}
			session, offered = next, nil
			for _, e := range effects {
				if e.Kind != engine.Send {
					continue
				}
				if parts, err := who.render.Parts(*e.Send); err == nil {
					line.parts += len(parts)
				}
				if len(e.Send.Options) > 0 {
					offered = e.Send
				}
			}
			lines = append(lines, line)
			break
		}
	}
	return lines
}

func elsewhere(e engine.Effect) bool {
	switch e.Kind {
	case engine.OpenCase, engine.Fetch, engine.Pause, engine.Erase, engine.Export, engine.OptOut:
		return true
	}
	return false
}

// answer is what a person says next.
func (who person) answer(session engine.Session, offered *engine.Outgoing) said {
	where := session.Where(who.p)
	if where.Step == "" {
		return said{text: who.again}
	}
	if offered != nil {
		o := offered.Options[who.random.IntN(len(offered.Options))]
		line := said{text: o.Label, token: o.Token, list: offered.Style == engine.List}
		if offered.Style == engine.Numbers || who.random.IntN(4) == 0 { // some write instead of tapping
			line.token = ""
		}
		return line
	}
	return who.value(where)
}

// value answers a question without options.
func (who person) value(where engine.Where) said {
	for i := range who.p.States {
		s := &who.p.States[i]
		if s.Identity != where.Identity || s.Ask == nil {
			continue
		}
		switch s.Ask.Type {
		case program.NumberKind:
			return said{text: "3"}
		case program.DateKind:
			return said{text: who.now.AddDate(0, 1, 0).Format("02/01/2006")}
		case program.TimeKind:
			return said{text: "10:30"}
		case program.PhoneKind:
			return said{text: "099 000 0000"}
		case program.EmailKind:
			return said{text: "someone@example.org"}
		case program.LocationKind:
			return said{place: &engine.LatLon{Lat: -0.18, Lon: -78.47}}
		}
	}
	return said{text: "Quito"}
}
