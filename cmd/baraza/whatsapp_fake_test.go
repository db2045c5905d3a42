package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"baraza/channels/whatsapp/fake"
)

func TestWhatsappFakeReadsItsFlags(t *testing.T) {
	t.Parallel()
	parse := func(args ...string) (fake.Config, error) {
		var c whatsappFake
		parser, err := kong.New(&c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(args); err != nil {
			t.Fatal(err)
		}
		return c.config()
	}
	got, err := parse("--callback=http://x.test", "--secret=s", "--token=t", "--seed=7", "--unpaced",
		"--faults=duplicate=0.1;refuse-131031=1", "--number=1=+15550000001", "--number=2=+15550000002=Ecuador y Perú")
	if err != nil {
		t.Fatal(err)
	}
	want := fake.Config{
		Callback: "http://x.test", Secret: "s", Token: "t", Pacing: fake.Unpaced,
		Numbers: []fake.Number{{ID: "1", Display: "+15550000001", Account: "102290129340398"}, {ID: "2", Display: "+15550000002", Account: "102290129340398", Label: "Ecuador y Perú"}},
		Faults:  fake.Faults{Seed: 7, Duplicate: fake.Chance(.1), Refuse: map[int]fake.Fault{131031: fake.Always()}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	for _, flag := range []string{"--faults=typhoon=1", "--number=15550000001", "--secret=", "--token=", "--callback=nonsense", "--callback=ftp://x.test"} {
		if _, err := parse(flag); err == nil {
			t.Errorf("%s was taken", flag)
		}
	}
}

func TestWhatsappFakeListsFaults(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := (&whatsappFake{ListFaults: true}).Run(streams{strings.NewReader(""), &out, &out}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"duplicate\n", "status-before-response\n", "refuse-CODE\n"} {
		if !strings.Contains(out.String(), name) {
			t.Errorf("no %q in:\n%s", name, out.String())
		}
	}
}

func TestWhatsappFakeShowsRequests(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 10, 5, 8, 0, 0, 0, time.UTC)
	for want, r := range map[string]fake.Request{
		"08:00:00 POST /v25.0/1/messages 200":                         {At: at, Method: "POST", Path: "/v25.0/1/messages", Status: 200},
		"08:00:00 POST /v25.0/1/messages cut off":                     {At: at, Method: "POST", Path: "/v25.0/1/messages"},
		"08:00:00 POST /v25.0/1/messages 400 error 131047: too late.": {At: at, Method: "POST", Path: "/v25.0/1/messages", Status: 400, Code: 131047, Details: "too late."},
	} {
		if got := requestLine(r); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
