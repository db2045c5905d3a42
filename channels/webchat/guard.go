package webchat

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// bucket lets so many through at once, and so many a second in the long run.
type bucket struct {
	room, left, rate float64
	at               time.Time
}

func newBucket(burst int, rate float64, now time.Time) bucket {
	return bucket{room: float64(burst), left: float64(burst), rate: rate, at: now}
}

func (b *bucket) take(now time.Time) bool {
	b.left = min(b.room, b.left+b.rate*max(now.Sub(b.at).Seconds(), 0))
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// failures counts failed handshakes by address, a minute long. When too many addresses fail, all begin anew.
type failures struct {
	mu    sync.Mutex
	since time.Time
	count map[string]int
}

// addresses is how many are counted at a time.
const addresses = 10_000

func (f *failures) many(address string, now time.Time, most int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renew(now)
	return f.count[counted(address)] >= most
}

func (f *failures) add(address string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.renew(now)
	if a := counted(address); a != "" {
		f.count[a]++
	}
}

func (f *failures) renew(now time.Time) {
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
