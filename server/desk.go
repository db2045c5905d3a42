package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"baraza/channels"
	"baraza/channels/telegram"
	"baraza/channels/webchat"
	"baraza/channels/whatsapp"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/engine/runner"
	"baraza/server/audit"
	"baraza/server/desk"
)

// kindsOf are the names that channels have for people, the surest first.
var kindsOf = map[string][]string{
	whatsapp.Name: {channels.Phone, channels.ScopedID, channels.ParentID},
	telegram.Name: {channels.TelegramUser},
	webchat.Name:  {channels.WebSession},
}

// Desk is what operators do with this process, one for all who ask. Run has to run.
func (s *Server) Desk() *desk.Desk { return s.desk() }

func (s *Server) newDesk() *desk.Desk {
	rings := runner.Rings{Packs: map[string]*keys.Ring{}, Clock: s.clock}
	p := desk.Parts{Runner: s.runner, Store: s.store, Keys: rings, Countries: map[string]desk.Country{}, Program: s.program,
		Clock: s.clock, Channels: kindsOf, Serving: !s.options.Idle, Media: s.media, Folder: s.config.Data, Audit: s.audit,
		Freezes: s.freezes, Frozen: s.thaw, Log: s.log}
	for name, ring := range s.rings {
		p.Countries[name] = desk.Country{Ring: ring, Weeks: s.weeks[name], Notice: s.config.Countries[name].Notice}
	}
	for name, one := range s.packs {
		c := p.Countries[one.country]
		if one.shelf != nil {
			if c.Released == nil {
				c.Released = map[string]desk.ReleasedPack{}
			}
			c.Released[name] = desk.ReleasedPack{Shelf: one.shelf, Keys: s.releaseKeys(one.country), Accept: s.accepts(name), AcceptNew: s.acceptsNew(name),
				Inspect: s.inspects(one.country)}
		}
		c.Packs = append(c.Packs, name)
		slices.Sort(c.Packs)
		rings.Packs[name] = c.Ring
		p.Countries[one.country] = c
	}
	for channel, o := range s.outlets {
		for account, l := range o.lines {
			p.Senders = append(p.Senders, runner.Sender{Pack: l.pack, Channel: channel, Account: account}.String())
		}
	}
	slices.Sort(p.Senders)
	return desk.New(p)
}

// releaseKeys are those that sign releases for a country; config has looked that they can be read.
func (s *Server) releaseKeys(country string) (all []ed25519.PublicKey) {
	for _, text := range s.config.Countries[country].ReleaseKeys {
		if key, err := release.ReadPublic(text); err == nil {
			all = append(all, key)
		}
	}
	return all
}

// accepts tells why the people of a pack's lines must not meet a program.
func (s *Server) accepts(pack string) func(*program.Program) error {
	return func(p *program.Program) error {
		var problems []error
		for channel, o := range s.outlets {
			for _, l := range o.lines {
				if l.pack == pack {
					problems = append(problems, l.answers(channel, p))
				}
			}
		}
		return errors.Join(problems...)
	}
}

// inspects finds out about the gates of a country's releases.
func (s *Server) inspects(country string) func(context.Context, desk.Inspection) ([]desk.Finding, error) {
	if s.options.Inspect == nil {
		return nil
	}
	return func(ctx context.Context, in desk.Inspection) ([]desk.Finding, error) {
		if r := s.config.Countries[country].Releases; r != nil {
			in.Rounds = r.Rounds
		}
		return s.options.Inspect(ctx, in)
	}
}

// media fetches what a person sent.
func (s *Server) media(ctx context.Context, from runner.Sender, id string) (io.ReadCloser, error) {
	o := s.outlets[from.Channel]
	if o == nil || o.lines[from.Account] == nil {
		return nil, fmt.Errorf("the line %s is not in the configuration", from)
	}
	fetches, ok := o.lines[from.Account].channel.(channels.MediaFetcher)
	if !ok {
		return nil, fmt.Errorf("on %s files cannot be fetched", from.Channel)
	}
	return fetches.FetchMedia(ctx, from.Account, channels.Attachment{ID: id})
}

// openAudit opens the log of who did what. That somebody changed it, or that the disk has no room for it, keeps nobody from
// being served: it is said in the log of the process and by an alert.
func (s *Server) openAudit() {
	var err error
	s.audit, err = audit.Open(s.config.Audit(), s.clock.Now, func(r audit.Report) {
		for _, p := range r.Problems {
			s.log.Error("the log of who did what is not as it was written; see: baraza audit verify", "record", p.Number, "says", p.Says)
		}
		s.sayAudit("audit-changed")
	})
	if err != nil {
		s.log.Error("operators can change nothing, for there can be no record of it", "error", err)
		s.sayAudit("audit-not-written")
	}
}

// watchAudit tells operators what is wrong with the log.
func (s *Server) watchAudit(ctx context.Context) error {
	for {
		select {
		case code := <-s.audited:
			s.alert(ctx, runner.Alert{Code: code, Severity: runner.Warning, At: s.clock.Now()})
		case <-ctx.Done():
			return nil
		}
	}
}

// Controls are what the control socket answers. Run has to run.
func (s *Server) Controls() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.Desk().Handler())
	for pattern, answer := range s.controls {
		mux.Handle(pattern, answer)
	}
	return mux
}

// control answers operators' commands on the socket until ctx ends.
func (s *Server) control(ctx context.Context) error {
	l, err := desk.Listen(s.config.Socket())
	if err != nil {
		return err
	}
	return desk.Serve(ctx, l, s.Controls())
}
