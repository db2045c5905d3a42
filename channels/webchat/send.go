package webchat

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"baraza/channels"
)

// awayAfter is when to try again a person who is not there. They are looked for before when they return.
const awayAfter = 5 * time.Minute

// Send shows one part in the person's open pages and waits until one of them says it is shown. A part that is sent
// again is shown once, so that an acknowledgement which is lost or late costs nothing but another try.
func (c *Channel) Send(ctx context.Context, d channels.Delivery) channels.Result {
	var m message
	if json.Unmarshal(d.Part.Body, &m) != nil || m.Type != "message" || d.ID == "" {
		return channels.Result{Class: channels.RequestBug, Code: "no-part"}
	}
	if !hasAddress(d.To) {
		return channels.Result{Class: channels.RequestBug, Code: "no-address"}
	}
	open := c.of(d.To)
	switch {
	case len(open) == 0:
		return channels.Result{Class: channels.Retry, Code: "not-connected", RetryAfter: awayAfter}
	case slices.ContainsFunc(open, func(n *conn) bool { return n.hasShown(d.ID) }):
		return channels.Result{Class: channels.Accepted, ProviderID: d.ID}
	}
	m.ID = d.ID
	if d.Part.Media.Kind != "" && m.Media != nil {
		address, failure := c.publish(d)
		if failure.Class != channels.NoClass {
			return failure
		}
		m.Media.URL = "media/" + address
	}
	ctx, stop := context.WithTimeout(ctx, c.limits.Ack)
	defer stop()
	acks := make(chan struct{}, len(open))
	left := make(chan struct{}, len(open))
	for _, n := range open {
		n.await(d.ID, acks)
		defer n.forget(d.ID, acks)
		if !n.Tell(m) {
			left <- struct{}{}
			continue
		}
		go func() {
			select {
			case <-n.Gone():
				left <- struct{}{}
			case <-ctx.Done():
			}
		}()
	}
	for away := 0; away < len(open); {
		select {
		case <-acks:
			return channels.Result{Class: channels.Accepted, ProviderID: d.ID}
		case <-left:
			away++
		case <-ctx.Done():
			return channels.Result{Class: channels.Retry, Code: "not-acknowledged"}
		}
	}
	return channels.Result{Class: channels.Retry, Code: "connection"}
}

// ShowTyping shows in the person's open pages that an answer is being written.
func (c *Channel) ShowTyping(_ context.Context, _ string, to []channels.Identity, _ string) channels.Result {
	if !hasAddress(to) {
		return channels.Result{Class: channels.RequestBug, Code: "no-address"}
	}
	result := channels.Result{Class: channels.Retry, Code: "not-connected", RetryAfter: awayAfter}
	for _, n := range c.of(to) {
		if n.Tell(told{Type: "typing"}) {
			result = channels.Result{Class: channels.Accepted}
		}
	}
	return result
}

func hasAddress(to []channels.Identity) bool {
	return slices.ContainsFunc(to, func(id channels.Identity) bool { return id.Kind == channels.WebSession })
}

// of are the open connections of a person.
func (c *Channel) of(to []channels.Identity) (all []*conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range to {
		if id.Kind == channels.WebSession {
			all = append(all, c.sessions[id.Value]...)
		}
	}
	return all
}

func (n *conn) hasShown(id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.shown[id]
}

func (n *conn) await(id string, ack chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.acks[id] = append(n.acks[id], ack)
}

func (n *conn) forget(id string, ack chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.acks[id] = slices.DeleteFunc(n.acks[id], func(one chan struct{}) bool { return one == ack })
	if len(n.acks[id]) == 0 {
		delete(n.acks, id)
	}
}

// acknowledged wakes who waits for an id, and tells whether anybody does.
func (n *conn) acknowledged(id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	waiting := n.acks[id]
	if len(waiting) == 0 {
		return false
	}
	for _, ack := range waiting {
		select {
		case ack <- struct{}{}:
		default:
		}
	}
	if len(n.shown) >= shownAtMost {
		clear(n.shown) // it only saves sending again
	}
	n.shown[id] = true
	return true
}
