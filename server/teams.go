package server

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"baraza/engine/program"
	"baraza/engine/runner"
	"baraza/server/config"
)

// SignatureHeader is the header of what is posted to teams and operators: "sha256=" and the hexadecimal
// HMAC-SHA256 of the raw body under the webhook's secret. The body holds the time, so that an old one can be told.
const SignatureHeader = "X-Baraza-Signature-256"

// post is the body of a word to a team or to operators. It holds no content and names nobody: who may, reads the
// case with the command line.
type post struct {
	ID       string `json:"id"` // the same when it is said again
	Kind     string `json:"kind"`
	Country  string `json:"country"`
	Pack     string `json:"pack"`
	Team     string `json:"team,omitempty"` // whose case it is
	To       string `json:"to,omitempty"`   // the team that is told
	Contact  string `json:"contact,omitempty"`
	Case     uint32 `json:"case,omitempty"`
	Urgent   bool   `json:"urgent,omitempty"`
	Severity string `json:"severity,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Channel  string `json:"channel,omitempty"`
	Account  string `json:"account,omitempty"`
	Happened string `json:"happened"` // RFC 3339
	Said     string `json:"said"`
}

// webhook posts signed words to one address.
type webhook struct {
	url    string
	secret string
}

// Bounds of a word to a team. A team's server may stand in the office's own network: its address comes from the
// operator's configuration, never from a flow.
const (
	postTime  = 10 * time.Second
	postBytes = 64 << 10
)

func (h *webhook) post(ctx context.Context, p post) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the webhook has no sound address")
	}
	mac := hmac.New(sha256.New, []byte(h.secret))
	mac.Write(body)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(SignatureHeader, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	response, err := told.Do(request)
	if err != nil {
		return errors.New("the webhook cannot be reached") // its address may hold a secret
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, postBytes)) // so that the connection can be used again
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook answered %d", response.StatusCode)
	}
	return nil
}

// teams is the runner's Notifier.
type teams struct {
	server *Server
	hooks  map[string]map[string]*webhook // by country and team
}

// told is the client of all webhooks: it keeps connections, and follows nobody elsewhere.
var told = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (s *Server) teams() runner.Notifier {
	t := &teams{server: s, hooks: map[string]map[string]*webhook{}}
	for name, country := range s.config.Countries {
		t.hooks[name] = map[string]*webhook{}
		for team, w := range country.Teams {
			t.hooks[name][team] = s.hook(w)
		}
	}
	return t
}

// hook is a webhook; one whose secret nobody can read was reported at the start.
func (s *Server) hook(w *config.Webhook) *webhook {
	secret, _ := s.read(w.Secret)
	return &webhook{url: w.URL, secret: secret}
}

// Notify tells a team. One without a webhook cannot be told: that is counted, and its case is in the store all the same.
func (t *teams) Notify(ctx context.Context, n runner.Notice) error {
	s := t.server
	p := s.packs[n.Pack]
	if p == nil {
		return runner.ErrNoPack
	}
	hook := t.hooks[p.country][n.To]
	if hook == nil {
		s.figures.untold.WithLabelValues(n.Pack, n.To).Inc()
		s.log.Warn("a team has no webhook, so nobody was told", "pack", n.Pack, "team", n.To, "kind", n.Kind.String(), "contact", n.Contact)
		return nil
	}
	return hook.post(ctx, post{ID: n.ID(), Kind: n.Kind.String(), Country: p.country, Pack: n.Pack, Team: n.Team, To: n.To,
		Contact: n.Contact.String(), Case: n.Case, Urgent: n.Urgent, Happened: stamp(n.At), Said: stamp(s.clock.Now())})
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// alert tells operators, once; the journal has it in any case.
func (s *Server) alert(ctx context.Context, a runner.Alert) {
	s.figures.alerts.WithLabelValues(a.Pack, a.Code, a.Severity.String()).Inc()
	s.log.Warn("alert", "pack", a.Pack, "channel", a.Channel, "account", a.Account, "code", a.Code, "subject", a.Subject, "severity", a.Severity.String())
	if s.alerts == nil {
		return
	}
	said := post{ID: fmt.Sprintf("%s-%s-%d", a.Code, a.Pack, a.At.UnixMilli()), Kind: a.Code, Pack: a.Pack, Severity: a.Severity.String(),
		Subject: a.Subject, Channel: a.Channel, Account: a.Account, Happened: stamp(a.At), Said: stamp(s.clock.Now())}
	if p := s.packs[a.Pack]; p != nil {
		said.Country = p.country
	}
	if a.Contact != [16]byte{} {
		said.Contact = a.Contact.String()
	}
	for try := range 3 {
		err := s.alerts.post(ctx, said)
		if err == nil || ctx.Err() != nil {
			return
		}
		if try == 2 {
			s.log.Error("operators could not be told", "code", a.Code, "error", err)
			return
		}
		select {
		case <-s.clock.After(time.Second << (2 * try)):
		case <-ctx.Done():
			return
		}
	}
}

// strangeLine is news for an account that no pack answers: it is refused, and operators have to say whose it is.
func (s *Server) strangeLine(channel, account string) {
	s.figures.refusal(channel, "unknown-account")
	s.log.Error("news for an account that no pack answers; name it under numbers, or under ignored", "channel", channel, "account", account)
}

// fetcher asks the services of each pack with the hosts and secrets of its country.
type fetcher struct {
	byPack map[string]*runner.HTTPFetcher
}

func (s *Server) fetcher() runner.Fetcher {
	f := &fetcher{byPack: map[string]*runner.HTTPFetcher{}}
	for name, p := range s.packs {
		services := s.config.Countries[p.country].Services
		f.byPack[name] = runner.NewHTTPFetcher(services.Hosts, func(secret string) (string, bool) {
			value, err := services.Secrets[secret].Read()
			return value, err == nil
		}, s.clock)
	}
	return f
}

func (f *fetcher) Fetch(ctx context.Context, q runner.Question) (map[string]any, error) {
	one := f.byPack[q.Pack]
	if one == nil {
		return nil, runner.ErrNoPack
	}
	return one.Fetch(ctx, q)
}

func channelNamed(name string) func(program.Channel) bool {
	return func(c program.Channel) bool { return c.Name == name }
}
