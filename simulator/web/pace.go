package web

import (
	"io"
	"time"
)

// A speed is what a tester's connection is slowed down to on the way to the page.
type speed struct {
	Name    string
	Bytes   int           // a second; 0: as fast as it goes
	Latency time.Duration // before each message
	Off     bool          // nothing gets through
}

// speeds are those of old phones in bad places, as people who test pages use them: 50, 250 and 750 kbit a second.
var speeds = []speed{
	{Name: "full"},
	{Name: "3g", Bytes: 750_000 / 8, Latency: 100 * time.Millisecond},
	{Name: "2g", Bytes: 250_000 / 8, Latency: 300 * time.Millisecond},
	{Name: "gprs", Bytes: 50_000 / 8, Latency: 500 * time.Millisecond},
	{Name: "offline", Off: true},
}

func speedOf(name string) (speed, bool) {
	for _, s := range speeds {
		if s.Name == name {
			return s, true
		}
	}
	return speeds[0], false
}

// takes is how long so many bytes are under way.
func (s speed) takes(bytes int) time.Duration {
	if s.Bytes == 0 {
		return s.Latency
	}
	return s.Latency + time.Duration(bytes)*time.Second/time.Duration(s.Bytes)
}

// slowly copies a file at a speed.
func (s speed) slowly(to io.Writer, from io.Reader, wait func(time.Duration)) error {
	if s.Bytes == 0 {
		_, err := io.Copy(to, from)
		return err
	}
	wait(s.Latency)
	s.Latency = 0
	for {
		n, err := io.CopyN(to, from, 1<<10)
		wait(s.takes(int(n)))
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
