// Package whatsapp is the channel of the WhatsApp Cloud API. What the platform posts to the webhook becomes
// channels.Inbound (parse.go), a message of a flow becomes request bodies (render.go), and each answer of the API a
// channels.Result (errors.go). It keeps nothing but the ids of uploaded media.
//
// The platform promises little: webhooks come several times, late, in any order and in batches; an accepted message
// may never arrive; after a timeout nobody knows. So nothing here retries, and everything carries an id by which
// whoever does can tell what has happened.
package whatsapp

import (
	"context"
	"net/http"
	"time"

	"baraza/channels"
	"baraza/channels/capability"
)

// Name is the channel's word in a pack.
const Name = "whatsapp"

// Settings of the channel. Zero values of all but the secrets are sound.
type Settings struct {
	BaseURL string // "https://graph.facebook.com" when empty
	Version string // of the Graph API; "v25.0" when empty

	// Token is the access token for a phone number id, asked for at each request so that it can be replaced.
	Token func(account string) string
	// AppSecrets sign webhooks; several while one is being replaced. Without any, every webhook is refused.
	AppSecrets []string
	// VerifyToken is what the platform must know to register the webhook; empty refuses all.
	VerifyToken string

	Timeout       time.Duration // of a request; 20 s when 0
	UploadTimeout time.Duration // of an upload or a download; 2 min when 0
	Transport     http.RoundTripper
	Now           func() time.Time // time.Now when nil

	MediaIDs MediaIDs // in memory when nil
	// TemplateLanguages are WhatsApp's codes by language of the pack where they are not the tag itself, such as
	// "prs": "fa".
	TemplateLanguages map[string]string
	// Refused is told of each webhook that was turned away, in one of the Refused words; for figures.
	Refused func(why string)
}

// Channel is a channels.Channel, and Windowed, Typist and MediaFetcher besides.
type Channel struct {
	settings Settings
	http     *http.Client
	uploads  uploads
}

var (
	_ channels.Channel      = (*Channel)(nil)
	_ channels.Windowed     = (*Channel)(nil)
	_ channels.Typist       = (*Channel)(nil)
	_ channels.MediaFetcher = (*Channel)(nil)
)

// New makes a channel.
func New(s Settings) *Channel {
	if s.BaseURL == "" {
		s.BaseURL = "https://graph.facebook.com"
	}
	if s.Version == "" {
		s.Version = "v25.0"
	}
	if s.Timeout == 0 {
		s.Timeout = 20 * time.Second
	}
	if s.UploadTimeout == 0 {
		s.UploadTimeout = 2 * time.Minute
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Token == nil {
		s.Token = func(string) string { return "" }
	}
	if s.MediaIDs == nil {
		s.MediaIDs = NewMediaIDs()
	}
	if s.Refused == nil {
		s.Refused = func(string) {}
	}
	if t, ok := http.DefaultTransport.(*http.Transport); ok && s.Transport == nil {
		// Many parts are under way at once, and a connection that is not kept costs each its handshake.
		t = t.Clone()
		t.MaxIdleConnsPerHost = 256
		s.Transport = t
	}
	return &Channel{settings: s, http: &http.Client{
		Transport: s.Transport,
		// A redirect of a POST would be sent again as something else, and with the token to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (c *Channel) Name() string { return Name }

func (c *Channel) Capability() capability.Channel {
	record, _ := capability.Named(Name)
	return record
}

// Run has nothing to fetch: the platform calls.
func (c *Channel) Run(context.Context, channels.Inbox) error { return nil }
