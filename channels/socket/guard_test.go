package socket_test

import (
	"fmt"
	"testing"
	"time"

	"baraza/channels/socket"
)

func TestAnOriginIsWrittenAsABrowserDoes(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"https://try.example.org":       true,
		"https://try.example.org:8443":  true,
		"http://localhost:8080":         true,
		"http://[::1]:8080":             true,
		"https://try.example.org/":      false,
		"https://try.example.org/x":     false,
		"https://try.example.org?x":     false,
		"https://try.example.org#x":     false,
		"https://TRY.example.org":       false,
		"https://somebody@example.org":  false,
		"https://*.example.org":         false,
		"https://a.example, b.example":  false,
		"https://a.example;script-src":  false,
		"https://a.example'unsafe-eval": false,
		"wss://try.example.org":         false,
		"try.example.org":               false,
		"null":                          false,
		"":                              false,
		"*":                             false,
	} {
		if got := socket.IsOrigin(s); got != want {
			t.Errorf("%q: got %t", s, got)
		}
	}
}

func TestThisMachineIsKnownByName(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "localhost:80": true, "127.0.0.1:8080": true, "127.9.9.9": true, "[::1]:80": true, "[::1]": true, "::1": true,
		"": false, ":80": false, "0.0.0.0:80": false, "192.0.2.1": false, "localhost.example.org": false, "127.0.0.1.example.org:80": false,
		"try.localhost": false, "[::]:80": false,
	} {
		if got := socket.IsLoopback(host); got != want {
			t.Errorf("%q: got %t", host, got)
		}
	}
}

func TestFailuresAreCountedByAddressForAMinute(t *testing.T) {
	t.Parallel()
	var f socket.Failures
	now := time.Unix(1000, 0)
	for range 3 {
		f.Add("192.0.2.7:1234", now)
	}
	for address, want := range map[string]bool{"192.0.2.7:99": true, "192.0.2.7": true, "::ffff:192.0.2.7": true, "192.0.2.8:1234": false} {
		if got := f.Many(address, now, 3); got != want {
			t.Errorf("%s: got %t", address, got)
		}
	}
	if f.Many("192.0.2.7", now, 4) {
		t.Error("three are many of four")
	}
	if !f.Many("192.0.2.7", now.Add(59*time.Second), 3) || f.Many("192.0.2.7", now.Add(time.Minute), 3) {
		t.Error("it is not a minute long")
	}
}

func TestALineUnderIPv6IsOneAddressAndThisMachineIsNone(t *testing.T) {
	t.Parallel()
	var f socket.Failures
	now := time.Unix(1000, 0)
	for i := range 3 {
		f.Add(fmt.Sprintf("[2001:db8:1:2::%d]:443", i), now)
		f.Add("127.0.0.1:1", now)
		f.Add("[::1]:1", now)
	}
	for address, want := range map[string]bool{"[2001:db8:1:2:ffff::1]:1": true, "[2001:db8:1:3::1]:1": false, "127.0.0.1:1": false, "[::1]:2": false} {
		if got := f.Many(address, now, 3); got != want {
			t.Errorf("%s: got %t", address, got)
		}
	}
}

// Who fails from ever new addresses makes all begin anew, and fills no memory.
func TestSoManyAddressesAreCountedAndNoMore(t *testing.T) {
	t.Parallel()
	var f socket.Failures
	now := time.Unix(1000, 0)
	f.Add("first", now)
	for i := range 9_998 {
		f.Add(fmt.Sprint("a", i), now)
	}
	if !f.Many("first", now, 1) {
		t.Error("the first is forgotten too early")
	}
	f.Add("last", now)
	if f.Many("first", now, 1) {
		t.Error("all are still counted")
	}
}
