package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"baraza/channels/whatsapp/fake"
)

// whatsappFake runs a fake WhatsApp Cloud API, with a page on which one chats as a phone.
type whatsappFake struct {
	Addr        string             `default:"127.0.0.1:8090" help:"Address to listen at, ${default} unless given."`
	Callback    string             `default:"http://127.0.0.1:8080/whatsapp" help:"Address that webhooks are posted to, ${default} unless given."`
	Secret      string             `default:"fake-app-secret" env:"BARAZA_FAKE_SECRET" help:"App secret that webhooks are signed with."`
	Token       string             `default:"fake-token" env:"BARAZA_FAKE_TOKEN" help:"Bearer token that requests must carry."`
	VerifyToken string             `placeholder:"TOKEN" help:"Verify the callback at start, with this word."`
	Number      []string           `placeholder:"ID=+NUMBER" help:"A phone_number_id of the business and its number; ID=+NUMBER=LABEL also names it on the page. May be given several times."`
	Seed        uint64             `help:"Seed of the faults."`
	Faults      map[string]float64 `placeholder:"NAME=P;…" help:"Faults and their probability, such as duplicate=0.1;lost-200=0.05. --list-faults prints the names."`
	ListFaults  bool               `help:"Print the names of the faults."`
	Unpaced     bool               `help:"Leave the limits of messages a second out."`
}

// Run serves until it is interrupted.
func (c *whatsappFake) Run(s streams) error {
	if c.ListFaults {
		fmt.Fprintln(s.out, strings.Join(append(fake.FaultNames(), "refuse-CODE", "fail-CODE"), "\n"))
		return nil
	}
	config, err := c.config()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen at %s: %w", c.Addr, err)
	}
	base := "http://" + listener.Addr().String()
	config.BaseURL = base
	var printing sync.Mutex
	config.Log = func(r fake.Request) {
		printing.Lock()
		defer printing.Unlock()
		fmt.Fprintln(s.out, requestLine(r))
	}
	cloud := fake.New(config)
	defer cloud.Close()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Fprintf(s.out, "A fake WhatsApp Cloud API is at %s, its phone at %s/phone\n", base, base)
	fmt.Fprintf(s.out, "Webhooks go to %s\n", c.Callback)
	if c.VerifyToken != "" {
		if err := cloud.Verify(ctx); err != nil {
			fmt.Fprintf(s.err, "baraza: the callback is not verified: %s\n", err)
		} else {
			fmt.Fprintln(s.out, "The callback is verified")
		}
	}
	return serveUntil(ctx, listener, cloud)
}

func (c *whatsappFake) config() (fake.Config, error) {
	config := fake.Config{
		Callback: c.Callback, Secret: c.Secret, Token: c.Token, VerifyToken: c.VerifyToken,
		Faults: fake.Faults{Seed: c.Seed},
	}
	if c.Secret == "" || c.Token == "" {
		return config, errors.New("--secret and --token may not be empty: webhooks are signed with the one, and requests must carry the other")
	}
	if to, err := url.Parse(c.Callback); err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Host == "" {
		return config, fmt.Errorf("--callback %q is not an address such as http://127.0.0.1:8080/whatsapp", c.Callback)
	}
	if c.Unpaced {
		config.Pacing = fake.Unpaced
	}
	for name, p := range c.Faults {
		if err := config.Faults.Set(name, p); err != nil {
			return config, err
		}
	}
	for _, one := range c.Number {
		id, number, ok := strings.Cut(one, "=")
		number, label, _ := strings.Cut(number, "=")
		if !ok || id == "" || !strings.HasPrefix(number, "+") {
			return config, fmt.Errorf("--number %q is not ID=+NUMBER, such as 1001=+15550001001", one)
		}
		config.Numbers = append(config.Numbers, fake.Number{ID: id, Display: number, Account: "102290129340398", Label: label})
	}
	return config, nil
}

// requestLine is one request as the terminal shows it; what people wrote is on the page alone.
func requestLine(r fake.Request) string {
	line := fmt.Sprintf("%s %s %s %d", r.At.Format(time.TimeOnly), r.Method, r.Path, r.Status)
	switch {
	case r.Status == 0:
		line = strings.TrimSuffix(line, "0") + "cut off"
	case r.Code != 0:
		line += fmt.Sprintf(" error %d: %s", r.Code, r.Details)
	}
	return line
}

// serveUntil serves until ctx ends. Pages keep a stream of events open, which a graceful end would wait for.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve the fake: %w", err)
	case <-ctx.Done():
	}
	err := server.Close()
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
