package webchat

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"baraza/channels"
	"baraza/channels/capability"
	"baraza/channels/socket"
)

// Name is the channel's word in a pack.
const Name = "webchat"

// Settings of the channel. Zero values of all but Account, Own and Origins are sound.
type Settings struct {
	Account string // the name of this chat line, such as "help-desk"
	// Own is the origin under which people reach the handler, such as "https://chat.example.org". Empty: only
	// pages of this machine can chat, to try it out.
	Own string
	// Origins are the sites that may embed the chat, such as "https://www.example.org": scheme, host and port
	// exactly. Required with Own; Own itself may be among them.
	Origins  []string
	Title    string // above the chat; "Chat" in the page's language when empty
	Language string // of the page where the browser asks for none that it has; English when empty
	Exit     string // where the quick-exit button leads: a neutral page, "about:blank" when empty
	Limits   Limits
	Now      func() time.Time // time.Now when nil
	Random   io.Reader        // of secrets and addresses; crypto/rand when nil
	// Address is whom failed handshakes are counted for; that of the connection when nil. Behind a proxy it is the
	// one the proxy tells. Those of this machine are not counted.
	Address func(*http.Request) string
}

// Limits of connections. Zero values are replaced by those of the comments.
type Limits struct {
	Connections int           // at a time: 5,000
	Tabs        int           // connections of one person, the oldest ends: 4
	Queue       int           // messages waiting to be written to one connection: 32
	Burst       int           // messages of a connection at once: 30
	Rate        float64       // messages of a connection a second, in the long run: 2
	Failures    int           // failed handshakes of one address a minute: 120
	Hello       time.Duration // until the first message is whole: 10 s
	Message     time.Duration // until a message that has begun is whole: 10 s
	Write       time.Duration // for one message to be written: 10 s
	Idle        time.Duration // without a sign of life: 75 s; pings go three times as often
	Ack         time.Duration // that Send waits for the page: 5 s
	Media       time.Duration // that the address of a file is good: 1 h
}

func (l Limits) whole() Limits {
	each := l.each().Whole()
	return Limits{
		Connections: cmp.Or(l.Connections, 5000), Tabs: cmp.Or(l.Tabs, 4), Queue: each.Queue, Burst: each.Burst, Rate: each.Rate,
		Failures: cmp.Or(l.Failures, 120), Hello: each.Hello, Message: each.Message, Write: each.Write, Idle: each.Idle,
		Ack: cmp.Or(l.Ack, 5*time.Second), Media: cmp.Or(l.Media, time.Hour),
	}
}

// each are the limits of one connection.
func (l Limits) each() socket.Limits {
	return socket.Limits{Queue: l.Queue, Burst: l.Burst, Rate: l.Rate, Hello: l.Hello, Message: l.Message, Write: l.Write, Idle: l.Idle}
}

// Channel is a channels.Channel, and Typist besides.
type Channel struct {
	settings Settings
	limits   Limits
	pages    pages
	files    files
	failures socket.Failures

	draw sync.Mutex // of Random, which may not be safe for concurrent use

	mu       sync.Mutex
	closed   bool
	open     int                // connections, also those that have not said hello
	all      map[*conn]struct{} // to close them
	sessions map[string][]*conn // by identity, the oldest first
	ending   sync.WaitGroup
}

var (
	_ channels.Channel = (*Channel)(nil)
	_ channels.Typist  = (*Channel)(nil)
)

// New makes the channel of one chat line. Its error says which setting is wrong.
func New(s Settings) (*Channel, error) {
	if s.Account == "" {
		return nil, errors.New("the chat line has no name: set its account")
	}
	for _, origin := range append([]string{s.Own}, s.Origins...) {
		if origin != "" && !socket.IsOrigin(origin) {
			return nil, fmt.Errorf("%q is not an origin: write scheme and host alone, such as https://www.example.org", origin)
		}
	}
	if own, _ := url.Parse(s.Own); strings.HasPrefix(s.Own, "http:") && !socket.IsLoopback(own.Host) {
		return nil, errors.New("a chat goes over an encrypted connection alone: let its own address begin with https://")
	}
	if s.Own != "" && len(s.Origins) == 0 {
		return nil, errors.New("no site may show the chat: name their origins, such as https://www.example.org")
	}
	s.Exit = cmp.Or(s.Exit, "about:blank")
	if s.Exit != "about:blank" && !strings.HasPrefix(s.Exit, "https://") && !strings.HasPrefix(s.Exit, "http://") {
		return nil, fmt.Errorf("the quick exit cannot lead to %q: write an address that begins with https://", s.Exit)
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Random == nil {
		s.Random = rand.Reader
	}
	if s.Address == nil {
		s.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	c := &Channel{settings: s, limits: s.Limits.whole(), all: map[*conn]struct{}{}, sessions: map[string][]*conn{}}
	var err error
	c.pages, err = newPages(s)
	return c, err
}

// Name is "webchat".
func (c *Channel) Name() string { return Name }

// Account is the chat line's name.
func (c *Channel) Account() string { return c.settings.Account }

// Capability is what the page shows.
func (c *Channel) Capability() capability.Channel {
	record, _ := capability.Named(Name)
	return record
}

// Run returns at once: pages call.
func (c *Channel) Run(context.Context, channels.Inbox) error { return nil }

// Handler serves the page, its files and the socket, all below the path it stands at, which ends with a slash.
// Where a prefix leads to it, strip the prefix. http.Server.Shutdown does not end sockets: call Close.
func (c *Channel) Handler(inbox channels.Inbox) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /chat.js", c.pages.loader)
	mux.Handle("GET /frame.js", c.pages.script)
	mux.Handle("GET /frame.css", c.pages.style)
	mux.HandleFunc("GET /frame", c.frame)
	mux.HandleFunc("GET /media/{address}", c.media)
	mux.HandleFunc("GET /socket", func(w http.ResponseWriter, r *http.Request) { c.socket(w, r, inbox) })
	return mux
}

// Close ends all connections with "going away", and waits until nothing more comes to the inbox. Pages come back
// by themselves.
func (c *Channel) Close() error {
	c.mu.Lock()
	c.closed = true
	for conn := range c.all {
		conn.End(socket.GoingAway)
	}
	c.mu.Unlock()
	c.ending.Wait()
	return nil
}

// welcomes tells whether a page of this origin may open a socket here.
func (c *Channel) welcomes(r *http.Request) bool {
	got := r.Header["Origin"]
	if len(got) != 1 || got[0] == "" {
		return false
	}
	if c.settings.Own == "" {
		return socket.IsLoopback(r.Host) && (got[0] == "http://"+r.Host || got[0] == "https://"+r.Host)
	}
	return got[0] == c.settings.Own
}
