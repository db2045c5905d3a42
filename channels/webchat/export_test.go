package webchat

import (
	"encoding/json"
	"time"

	"baraza/channels"
)

// IdentityOf is the identity of who holds a secret.
func IdentityOf(account, secret string) string { return identity(account, secret) }

// Open is how many connections there are.
func Open(c *Channel) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// Read reads a message of a page; false where it is not even JSON.
func Read(b []byte) (channels.Inbound, string, bool) {
	var s spoken
	if json.Unmarshal(b, &s) != nil {
		return channels.Inbound{}, "", false
	}
	n := &conn{identity: identity("a", "b"), channel: &Channel{settings: Settings{Account: "a", Now: time.Now}}}
	in, code := n.message(&s)
	return in, code, true
}

// Publish gives the file of a delivery an address.
func Publish(c *Channel, d channels.Delivery) (string, channels.Result) { return c.publish(d) }
