// Package telegram is the channel of the Telegram Bot API. It asks for what people wrote by long polling, so that it
// works behind any connection without an address of its own, and tells nothing about delivery: a message is accepted
// or it is not. There is no window and there are no templates; a person begins, and one who blocks the bot has left.
package telegram

import (
	"context"
	"net/http"
	"strings"
	"time"

	"baraza/channels"
	"baraza/channels/capability"
)

// Name is the channel's word in a pack.
const Name = "telegram"

// Settings of the channel. Zero values of all but the token are sound.
type Settings struct {
	BaseURL string // "https://api.telegram.org" when empty
	Token   string // of the bot: its id, a colon and a secret
	// Timeout is that of a request, 20 s when 0; Poll how long the provider waits for news, 50 s when 0.
	Timeout, Poll   time.Duration
	DownloadTimeout time.Duration // of a file that a person sent; 2 min when 0
	Transport       http.RoundTripper
	Now             func() time.Time // time.Now when nil
	// Pause waits before asking again after a failure; by a timer when nil. Its error ends Run.
	Pause func(context.Context, time.Duration) error
}

// Channel is a channels.Channel, and Typist and MediaFetcher besides.
type Channel struct {
	settings Settings
	account  string
	http     *http.Client
}

var (
	_ channels.Channel      = (*Channel)(nil)
	_ channels.Typist       = (*Channel)(nil)
	_ channels.MediaFetcher = (*Channel)(nil)
)

// New makes the channel of one bot.
func New(s Settings) *Channel {
	if s.BaseURL == "" {
		s.BaseURL = "https://api.telegram.org"
	}
	if s.Timeout == 0 {
		s.Timeout = 20 * time.Second
	}
	if s.Poll == 0 {
		s.Poll = 50 * time.Second
	}
	if s.DownloadTimeout == 0 {
		s.DownloadTimeout = 2 * time.Minute
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Pause == nil {
		s.Pause = pause
	}
	account, _, _ := strings.Cut(s.Token, ":")
	return &Channel{settings: s, account: account, http: &http.Client{
		Transport:     s.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Account is the bot's id, which is no secret.
func (c *Channel) Account() string { return c.account }

func (c *Channel) Name() string { return Name }

func (c *Channel) Capability() capability.Channel {
	record, _ := capability.Named(Name)
	return record
}

// Handler is nil: nobody calls.
func (c *Channel) Handler(channels.Inbox) http.Handler { return nil }
