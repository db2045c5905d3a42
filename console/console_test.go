package console_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"baraza/console"
	"baraza/console/accounts"
	"baraza/console/look"
	"baraza/console/role"
	"baraza/dsl"
	"baraza/engine/program"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

const pack = `pack help: Example Desk
  country KE
  timezone Africa/Nairobi
  languages en
  channels whatsapp
  start talk
  fallback talk.listen
  example

hours always

team desk: Help desk
  hours always
  answer within 1 hour

words person, safety
  en: person
words stop, safety
  en: stop
`

const talk = `flow talk: Talk

step listen
  public
  ask word as text up to 200: What is the word?
  say: You wrote {word}.
  -> listen
`

const stop = `flow stop: Stop

on words stop
  anywhere

step stop
  public
  say: You get nothing more from us.
  end
`

const person = `flow person: A person

on words person
  anywhere

step give
  hand over to desk: Somebody asks for a person
    when waiting: A colleague answers here soon.
    when done: The colleague has left.
  -> talk.listen
`

// A console stands on the one port of a process beside what was there before, and its commands on the control socket.
func TestAConsoleStandsOnThePortOfAProcess(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "console") // the path of a socket may not be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for name, text := range map[string]string{"pack.flow": pack, "talk.flow": talk, "stop.flow": stop, "person.flow": person} {
		path := filepath.Join(dir, "help", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Config{Listen: listener.Addr().String(), Public: "http://" + listener.Addr().String(), Data: filepath.Join(dir, "data"),
		Countries: map[string]*config.Country{"ke": {Packs: []string{filepath.Join(dir, "help")}, Key: config.Plain(strings.Repeat("01", 32))}},
		Console:   &config.Console{Key: config.Plain(strings.Repeat("02", 32))}}
	process, err := server.Open(server.Options{Config: c, Listener: listener, Compile: func(folder string) (*program.Program, fs.FS, error) {
		p, problems := dsl.Compile(os.DirFS(filepath.Dir(folder)), filepath.Base(folder))
		if p == nil {
			return nil, nil, errors.New(problems[0].Message)
		}
		return p, os.DirFS(folder), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	open, err := console.Open(console.Options{Config: c, Audit: process.Audit()})
	if err != nil {
		t.Fatal(errors.Join(err, process.Close()))
	}
	for pattern, page := range open.Mounted() {
		process.Mount(pattern, page)
	}
	process.Control(accounts.ControlPath, open.Control())
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- process.Run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := errors.Join(<-ended, open.Close(), process.Close()); err != nil {
			t.Error(err)
		}
	})

	get := func(path string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.Public+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, response.Header.Get("Location") + string(body)
	}
	for _, want := range []struct {
		path   string
		status int
		says   string
	}{
		{"/healthz", 200, "alive"}, {"/console/sign-in", 200, "<h1>Sign in</h1>"}, {look.StylePath, 200, "color-scheme"},
		{"/console/", 303, "/console/sign-in?to=%2Fconsole%2F"}, {"/console/ke/help", 303, "/console/sign-in"}, {"/console/accounts", 303, "/console/sign-in"},
		{"/console/account", 303, "/console/sign-in"}, {"/api/v1/openapi.json", 401, `{"error":"sign in`}, {"/account/list", 404, ""},
	} {
		if status, said := get(want.path); status != want.status || !strings.Contains(said, want.says) {
			t.Errorf("%s: %d %q, want %d %q", want.path, status, said, want.status, want.says)
		}
	}

	// The socket is there once the process runs.
	var client *desk.Client
	deadline := time.After(2 * time.Minute)
	for client == nil {
		if client, err = desk.Dial(c.Socket()); err != nil {
			select {
			case <-deadline:
				t.Fatalf("on the control socket: %v", err)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	commands := accounts.Client{HTTP: client.HTTP}
	link, err := commands.Invite(t.Context(), accounts.Invitation{Name: "rosa", Roles: map[string][]role.Role{"ke": {role.Releaser}}})
	if err != nil || !strings.HasPrefix(link.Address, c.Public) {
		t.Fatalf("the link is %q, %v", link.Address, err)
	}
	if status, at := get(strings.TrimPrefix(link.Address, c.Public)); status != 303 || !strings.HasPrefix(at, "/console/invited") {
		t.Errorf("the link leads to %d %s", status, at)
	}
	if _, err := client.Check(t.Context()); err != nil {
		t.Errorf("the desk is no longer asked: %v", err)
	}
	var p *accounts.Problem
	if _, err := commands.Invite(t.Context(), accounts.Invitation{Name: "rosa"}); !errors.As(err, &p) || p.Status != http.StatusUnprocessableEntity {
		t.Errorf("an invitation without roles: %v", err)
	}
}

func TestAConfigurationWithoutAConsoleHasNone(t *testing.T) {
	t.Parallel()
	if _, err := console.Open(console.Options{Config: &config.Config{}}); err == nil || !strings.Contains(err.Error(), `no section "console"`) {
		t.Errorf("got %v", err)
	}
}
