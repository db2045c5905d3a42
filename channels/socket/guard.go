package socket

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Bucket lets so many through at once, and so many a second in the long run.
type Bucket struct {
	room, left, rate float64
	at               time.Time
}

// NewBucket is a full one.
func NewBucket(burst int, rate float64, now time.Time) Bucket {
	return Bucket{room: float64(burst), left: float64(burst), rate: rate, at: now}
}

// Take takes one out; false where there is none.
func (b *Bucket) Take(now time.Time) bool {
	b.left = min(b.room, b.left+b.rate*max(now.Sub(b.at).Seconds(), 0))
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// Failures counts failed handshakes by address, a minute long. When too many addresses fail, all begin anew.
type Failures struct {
	mu    sync.Mutex
	since time.Time
	count map[string]int
}

// addresses is how many are counted at a time.
const addresses = 10_000

// Many tells whether an address has failed so often within a minute.
func (f *Failures) Many(address string, now time.Time, most int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renew(now)
	return f.count[counted(address)] >= most
}

// Add counts a failure.
func (f *Failures) Add(address string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renew(now)
	if a := counted(address); a != "" {
		f.count[a]++
	}
}

func (f *Failures) renew(now time.Time) {
	if age := now.Sub(f.since); f.count == nil || age >= time.Minute || age < 0 || len(f.count) >= addresses {
		f.since, f.count = now, map[string]int{}
	}
}

// counted is what an address is counted as: itself, or the network of 64 bits that one line has under IPv6; "" for
// this machine, where a proxy may stand for everybody.
func counted(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	ip, err := netip.ParseAddr(address)
	switch {
	case err != nil:
		return address
	case ip.IsLoopback():
		return ""
	case ip.Is6() && !ip.Is4In6():
		network, _ := ip.WithZone("").Prefix(64)
		return network.String()
	}
	return ip.Unmap().String()
}

// IsOrigin tells whether a text is an origin as a browser writes it, so that comparing is enough.
func IsOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Scheme+"://"+strings.ToLower(u.Host) == s &&
		!strings.ContainsAny(u.Host, "*;, '\"")
}

// IsLoopback tells whether a host, with a port or without, is this machine by name. Another name that leads here
// is refused, so that no foreign page can reach what is being tried out.
func IsLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
