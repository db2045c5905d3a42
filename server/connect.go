package server

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"baraza/channels"
	"baraza/channels/telegram"
	"baraza/channels/webchat"
	"baraza/channels/whatsapp"
	"baraza/engine/program"
	"baraza/server/config"
)

// connection is what one entry of the configuration brings: an app of WhatsApp, a bot, a chat.
type connection struct {
	channel channels.Channel
	intake  *intake
	path    string // of its handler; "" for none
	close   func() error
}

// openLines makes the channels of the configuration.
func (s *Server) openLines() error {
	var problems []error
	for i, w := range s.config.WhatsApp {
		if err := s.openWhatsApp(w); err != nil {
			problems = append(problems, fmt.Errorf("whatsapp[%d]: %w", i, err))
		}
	}
	for i, t := range s.config.Telegram {
		if err := s.openTelegram(t); err != nil {
			problems = append(problems, fmt.Errorf("telegram[%d]: %w", i, err))
		}
	}
	for i, w := range s.config.Webchat {
		if err := s.openWebchat(w); err != nil {
			problems = append(problems, fmt.Errorf("webchat[%d]: %w", i, err))
		}
	}
	return errors.Join(problems...)
}

// read gives secrets; an idle process sends nothing and needs none.
func (s *Server) read(secret config.Secret) (string, error) {
	if s.options.Idle || !secret.Given() {
		return "", nil
	}
	return secret.Read()
}

func (s *Server) openWhatsApp(w *config.WhatsApp) error {
	values := make([]string, 4)
	for i, secret := range []config.Secret{w.AppSecret, w.OldAppSecret, w.VerifyToken, w.Token} {
		var err error
		if values[i], err = s.read(secret); err != nil {
			return err
		}
	}
	token := values[3]
	settings := whatsapp.Settings{
		BaseURL: w.Graph, Version: w.Version, AppSecrets: []string{values[0], values[1]}, VerifyToken: values[2],
		// The token is read anew for each request, so that an operator can replace it while the process runs.
		Token: func(string) string {
			if t, err := w.Token.Read(); err == nil {
				return t
			}
			return token
		},
		Transport: s.options.Transport, Now: s.clock.Now, TemplateLanguages: s.config.TemplateLanguages,
		Refused: func(why string) { s.figures.refusal(whatsapp.Name, why) },
	}
	channel := whatsapp.New(settings)
	pace := whatsapp.NewPace()
	if w.PerSecond > 0 {
		pace.Sender = channels.Limit{Every: time.Second / time.Duration(w.PerSecond), Burst: max(w.PerSecond/2, 1)}
	}
	var lines []*line
	for account, pack := range w.Numbers {
		lines = append(lines, &line{account: account, pack: pack, channel: channel, pace: pace, real: remote(settings.BaseURL)})
	}
	return s.connect(channel, w.Path, lines, w.Ignored)
}

func (s *Server) openTelegram(t *config.Telegram) error {
	token, err := s.read(t.Token)
	if err != nil {
		return err
	}
	channel := telegram.New(telegram.Settings{BaseURL: t.API, Token: token, Transport: s.options.Transport, Now: s.clock.Now})
	one := &line{account: channel.Account(), pack: t.Pack, channel: channel, real: remote(t.API),
		pace: telegram.NewPace()}
	return s.connect(channel, "", []*line{one}, nil)
}

func (s *Server) openWebchat(w *config.Webchat) error {
	channel, err := webchat.New(webchat.Settings{Account: w.Name, Own: strings.TrimSuffix(s.config.Public, "/"), Origins: w.Origins,
		Title: w.Title, Exit: w.Exit, Now: s.clock.Now})
	if err != nil {
		return err
	}
	one := &line{account: channel.Account(), pack: w.Pack, channel: channel, real: public(s.config)}
	if err := s.connect(channel, "/chat/"+w.Name+"/", []*line{one}, nil); err != nil {
		return err
	}
	s.intakes[len(s.intakes)-1].close = channel.Close
	return nil
}

// connect adds a channel with its lines.
func (s *Server) connect(channel channels.Channel, path string, lines []*line, ignored []string) error {
	name := channel.Name()
	o := s.outlets[name]
	if o == nil {
		o = &outlet{lines: map[string]*line{}, any: channel, media: s.files}
		s.outlets[name] = o
	}
	in := &intake{server: s, channel: name, lines: map[string]*line{}, ignored: ignored}
	for _, l := range lines {
		if s.options.Unpaced {
			l.pace = nil
		}
		p := s.packs[l.pack]
		if p == nil {
			return fmt.Errorf("there is no pack %q", l.pack)
		}
		if o.lines[l.account] != nil {
			return fmt.Errorf("%s has the account %s twice", name, l.account)
		}
		if program := p.serves(); program != nil {
			if err := l.answers(name, program); err != nil {
				return err
			}
			if l.real && p.folder != nil { // what was released serves, whatever stands in it
				if err := placeholders(program); err != nil {
					return err
				}
			}
		}
		o.lines[l.account], in.lines[l.account] = l, l
		if !slices.Contains(in.packs, l.pack) {
			in.packs = append(in.packs, l.pack)
		}
	}
	slices.Sort(in.packs)
	s.intakes = append(s.intakes, &connection{channel: channel, intake: in, path: path})
	return nil
}

// answers tells whether people of a line may meet a program.
func (l *line) answers(channel string, p *program.Program) error {
	if l.real && p.Example {
		return fmt.Errorf("the pack %s is marked as an example, with contacts that are made up: people must not meet it. "+
			"Put in the real ones and take out its line: example", l.pack)
	}
	if !slices.ContainsFunc(p.Channels, channelNamed(channel)) {
		return fmt.Errorf("the pack %s is not checked for %s; name it in the pack's line: channels", l.pack, channel)
	}
	return nil
}

// remote tells whether a provider's address is on another machine; "" stands for the provider's own.
func remote(address string) bool {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return true
	}
	host := u.Hostname()
	return host != "localhost" && !net.ParseIP(host).IsLoopback()
}
