package webchat

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"regexp"

	"baraza/channels"
	"baraza/channels/capability"
	"baraza/channels/socket"
	"baraza/engine"
)

const (
	version     = 1
	textUnits   = 4000 // of a message from a page
	seenAtMost  = 64   // ids in a hello
	shownAtMost = 256  // ids remembered for a connection

	deliveryBytes = 64 // of a Delivery.ID at most
)

var (
	ids     = regexp.MustCompile(`^[A-Za-z0-9_-]{8,32}$`)
	tokens  = regexp.MustCompile(`^[!-~]{1,64}$`)
	secrets = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)
	tags    = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$`)
)

// spoken is anything a page says.
type spoken struct {
	Type     string   `json:"type"`
	Version  int      `json:"v"`
	Lang     string   `json:"lang"`
	Secret   string   `json:"secret"`
	Seen     []string `json:"seen"`
	ID       string   `json:"id"`
	Text     string   `json:"text"`
	Token    string   `json:"token"`
	About    string   `json:"about"`
	Location *place   `json:"location"`
}

// told is anything the server says but a message.
type told struct {
	Type   string `json:"type"`
	ID     string `json:"id,omitempty"`
	Code   string `json:"code,omitempty"`
	Secret string `json:"secret,omitempty"`
}

// greet reads the hello, gives a new person a secret, and lets messages for the person find the connection.
func (c *Channel) greet(n *conn) error {
	b, err := n.Hello()
	var s spoken
	switch {
	case err != nil:
		return err
	case json.Unmarshal(b, &s) != nil || s.Type != "hello" || s.Secret != "" && !secrets.MatchString(s.Secret):
		n.refuse("unreadable")
		return socket.ErrViolation
	case s.Version != version:
		n.refuse("version")
		return socket.ErrViolation
	}
	if tags.MatchString(s.Lang) {
		n.language = s.Lang
	}
	for _, id := range s.Seen[:min(len(s.Seen), seenAtMost)] {
		if len(id) <= deliveryBytes {
			n.shown[id] = true
		}
	}
	welcome := told{Type: "welcome"}
	if s.Secret == "" {
		secret := c.random()
		s.Secret, welcome.Secret = secret, secret
	}
	n.Tell(welcome)
	c.join(n, identity(c.settings.Account, s.Secret))
	n.back = welcome.Secret == ""
	return nil
}

// random is 128 bits in 22 characters that need no quoting anywhere.
func (c *Channel) random() string {
	c.draw.Lock()
	defer c.draw.Unlock()
	var b [16]byte
	if _, err := io.ReadFull(c.settings.Random, b[:]); err != nil {
		panic(err) // nothing can be kept apart any more
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// identity of who holds a secret. Nothing but guessing 128 bits leads back.
func identity(account, secret string) string {
	h := sha256.Sum256([]byte("baraza web chat\x00" + account + "\x00" + secret))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// join makes a connection one of a person's. The oldest makes room.
func (c *Channel) join(n *conn, identity string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n.identity = identity
	all := append(c.sessions[identity], n)
	if len(all) > c.limits.Tabs {
		all[0].End(socket.Replaced)
		all = without(all, all[0])
	}
	c.sessions[identity] = all
}

// read takes what the page says until the connection ends.
func (n *conn) read(ctx context.Context, inbox channels.Inbox) {
	waiting := make(chan channels.Inbound, 8)
	defer close(waiting)
	// What has begun to be kept is kept to its end, also when the page goes.
	n.channel.ending.Go(func() { n.keep(context.WithoutCancel(ctx), inbox, waiting) })
	if n.back {
		in := n.inbound(channels.Returned)
		in.ID = n.identity + ":" + n.channel.random()
		waiting <- in
	}
	for {
		b, err := n.Next()
		if err != nil {
			return
		}
		var s spoken
		if json.Unmarshal(b, &s) != nil {
			n.refuse("unreadable")
			return
		}
		if s.Type == "ack" && n.acknowledged(s.ID) {
			continue
		}
		if !n.Take() {
			n.refuse("too-fast")
			return
		}
		switch s.Type {
		case "ack": // of what nobody waits for any more
		case "ping":
			n.Tell(told{Type: "pong"})
		case "message":
			in, code := n.message(&s)
			if code != "" {
				n.Tell(told{Type: "error", ID: in.Message, Code: code})
				continue
			}
			select {
			case waiting <- in:
			default:
				n.refuse("too-fast") // a page waits for one to be received before it sends the next
				return
			}
		default:
			n.refuse("unreadable")
			return
		}
	}
}

func (n *conn) refuse(code string) {
	n.Tell(told{Type: "error", Code: code})
	n.End(socket.Violation)
}

// keep gives messages to the inbox one by one. Only what is durable is called received.
func (n *conn) keep(ctx context.Context, inbox channels.Inbox, waiting <-chan channels.Inbound) {
	for in := range waiting {
		err := inbox.Receive(ctx, []channels.Inbound{in})
		switch {
		case in.Kind == channels.Returned && err != nil:
			n.End(socket.TryLater) // the page comes back, and with it what waits for the person
		case in.Kind == channels.Returned:
		case err != nil:
			n.Tell(told{Type: "error", ID: in.Message[len(n.identity)+1:], Code: "not-kept"})
		default:
			n.Tell(told{Type: "received", ID: in.Message[len(n.identity)+1:]})
		}
	}
}

func (n *conn) inbound(kind channels.InboundKind) channels.Inbound {
	return channels.Inbound{Kind: kind, Channel: Name, Account: n.channel.settings.Account,
		From: []channels.Identity{{Channel: Name, Kind: channels.WebSession, Value: n.identity}},
		At:   n.channel.settings.Now().UTC()}
}

// message reads what a person wrote, tapped or shared; code says why it cannot be taken, and Message then holds the
// page's own id, where it is one.
func (n *conn) message(s *spoken) (in channels.Inbound, code string) {
	if !ids.MatchString(s.ID) {
		return in, "unreadable"
	}
	in.Message = s.ID
	switch {
	case capability.UTF16.Len(s.Text) > textUnits:
		return in, "too-long"
	case s.Token != "" && !tokens.MatchString(s.Token), len(s.About) > deliveryBytes,
		s.Text == "" && s.Token == "" && s.Location == nil,
		s.Location != nil && (s.Location.Lat < -90 || s.Location.Lat > 90 || s.Location.Lon < -180 || s.Location.Lon > 180):
		return in, "unreadable"
	}
	in = n.inbound(channels.MessageReceived)
	in.ID = n.identity + ":" + s.ID // another person's page may draw the same id
	in.Message, in.About = in.ID, s.About
	in.Event = engine.Event{Kind: engine.Message, At: in.At, Channel: Name, Language: n.language, Text: s.Text, Token: s.Token}
	if s.Location != nil {
		in.Event.Location = &engine.LatLon{Lat: s.Location.Lat, Lon: s.Location.Lon}
	}
	return in, ""
}
