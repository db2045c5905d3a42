package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"baraza/channels/socket"
	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/simulator/rounds"
	"baraza/simulator/web"
)

// demo lets people try packs in a browser.
type demo struct {
	Addr        string `default:"127.0.0.1:8080" help:"Where to listen." placeholder:"HOST:PORT"`
	Packs       string `default:"flows" help:"Folder whose folders are packs." placeholder:"DIR"`
	Data        string `help:"Where rounds and sessions are kept; a folder that is removed at the end when left out." placeholder:"DIR"`
	TLSCert     string `name:"tls-cert" help:"Certificate, for phones that are not this machine." placeholder:"FILE"`
	TLSKey      string `name:"tls-key" help:"The certificate's key." placeholder:"FILE"`
	Edit        bool   `help:"Let the editor's page save into the packs' folders, and blessed sessions become tests there, on this machine alone."`
	Drill       string `help:"For operators: serve a copy of this pack as releases, with a fake WhatsApp, to learn releasing on." placeholder:"PACK"`
	BehindProxy string `name:"behind-proxy" help:"Origin under which a proxy with TLS shows it, such as https://try.example.org." placeholder:"ORIGIN"`
}

func (c *demo) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return c.serve(ctx, s)
}

func (c *demo) serve(ctx context.Context, s streams) error {
	if c.Drill != "" {
		return c.runDrill(ctx, s)
	}
	if err := c.mayEdit(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen at %s: %w", c.Addr, err)
	}
	defer listener.Close()
	own, err := c.own(listener.Addr().String())
	if err != nil {
		return err
	}
	data, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer remove()
	kept, err := rounds.Open(data, rounds.Options{})
	if err != nil {
		return err
	}
	defer kept.Close()
	settings := web.Settings{Rounds: kept, Own: own, Edit: c.Edit}
	if settings.Packs, settings.Broken, err = demoPacks(c.Packs, s); err != nil {
		return err
	}
	if own != "" {
		if settings.Key, err = designersKey(); err != nil {
			return err
		}
	}
	if c.BehindProxy != "" {
		settings.Address = forwarded
	}
	simulator, err := web.New(settings)
	if err != nil {
		return err
	}
	if err := openRounds(kept, simulator, settings.Packs); err != nil {
		return errors.Join(err, simulator.Close())
	}
	server := &http.Server{Handler: simulator, ErrorLog: log.New(io.Discard, "", 0), // it would name addresses of testers
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 75 * time.Second, MaxHeaderBytes: 16 << 10,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}} // sockets are of HTTP/1.1
	c.greet(s, own, reachable(listener.Addr()), settings.Key)
	ended := make(chan error, 1)
	go func() {
		if c.TLSCert != "" {
			ended <- server.ServeTLS(listener, c.TLSCert, c.TLSKey)
			return
		}
		ended <- server.Serve(listener)
	}()
	select {
	case err := <-ended:
		return errors.Join(err, simulator.Close())
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	closed := simulator.Close()
	err = server.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) { // browsers keep connections on which they have asked for nothing
		err = server.Close()
	}
	return errors.Join(closed, err)
}

// own is the origin under which people come; "" on this machine alone. Anything else is served over TLS: phones give
// their voice and place to no other page, and nobody between should read along.
func (c *demo) own(addr string) (string, error) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return "", errors.New("--tls-cert and --tls-key belong together; give both")
	}
	switch {
	case c.BehindProxy != "":
		if u, err := url.Parse(c.BehindProxy); err != nil || u.Scheme != "https" || !socket.IsOrigin(c.BehindProxy) {
			return "", fmt.Errorf("%q is not an origin with TLS: write scheme and host alone, such as https://try.example.org", c.BehindProxy)
		}
		return c.BehindProxy, nil
	case c.TLSCert != "":
		host, port, err := net.SplitHostPort(c.Addr)
		if err != nil || host == "" || net.ParseIP(host) != nil && net.ParseIP(host).IsUnspecified() {
			return "", errors.New("say in --addr under which name or address phones reach this machine, such as try.example.org:8443")
		}
		if port == "0" {
			_, port, _ = net.SplitHostPort(addr)
		}
		if port == "443" {
			return "https://" + host, nil
		}
		return "https://" + net.JoinHostPort(host, port), nil
	case !socket.IsLoopback(c.Addr):
		return "", fmt.Errorf("%s can be reached from other machines, so it needs TLS: give --tls-cert and --tls-key, or --behind-proxy with the origin of a proxy that has it", c.Addr)
	}
	return "", nil
}

// mayEdit refuses editing wherever somebody else than who sits here could reach the page.
func (c *demo) mayEdit() error {
	if c.Edit && (c.TLSCert != "" || c.TLSKey != "" || c.BehindProxy != "" || !socket.IsLoopback(c.Addr)) {
		return errors.New("--edit lets whoever opens the page write files of this machine, so it works only where nobody else can come: " +
			"at an address such as 127.0.0.1:8080, without --tls-cert, --tls-key and --behind-proxy")
	}
	return nil
}

func (c *demo) folder() (path string, remove func(), err error) {
	if c.Data != "" {
		return c.Data, func() {}, nil
	}
	path, err = os.MkdirTemp("", "baraza-demo-")
	return path, func() { _ = os.RemoveAll(path) }, err
}

// designersKey lets those in who may watch. It is new at every start.
func designersKey() (string, error) {
	var b [16]byte
	_, err := rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:]), err
}

// forwarded is the address that our proxy tells last; those before it anybody can make up.
func forwarded(r *http.Request) string {
	all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if last := strings.TrimSpace(all[len(all)-1]); last != "" {
		return last
	}
	return r.RemoteAddr
}

// demoPacks are the packs below a folder, also one folder deeper: those that can run, and those that can only be
// edited, which are named.
func demoPacks(folder string, s streams) (all, broken []web.Pack, err error) {
	for _, pattern := range []string{"pack.flow", "*/pack.flow", "*/*/pack.flow"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, nil, err
		}
		for _, f := range found {
			dir := filepath.Dir(f)
			name, err := filepath.Rel(folder, dir)
			if err != nil {
				return nil, nil, err
			}
			if name == "." {
				name = filepath.Base(dir)
			}
			one, err := demoPack(filepath.ToSlash(name), dir)
			if err != nil {
				return nil, nil, err
			}
			if v, says := one.Newest(); v == nil {
				fmt.Fprintf(s.err, "The pack %s is for the editor alone, since it cannot run: %s\n", name, says)
				broken = append(broken, one)
				continue
			}
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("no folder in %q has a pack that can run; say where the packs are with --packs", folder)
	}
	return all, broken, nil
}

func demoPack(name, dir string) (web.Pack, error) {
	fsys, base, err := packFolder(dir)
	if err != nil {
		return web.Pack{}, err
	}
	files, err := fs.Sub(fsys, base)
	if err != nil {
		return web.Pack{}, err
	}
	checker := dsl.Open(fsys, base)
	return web.Pack{Name: name, Folder: web.Folder{Path: dir, Above: fsys, Name: base}, Newest: func() (*web.Version, string) {
		r := checker.Check()
		p := r.Program()
		if p == nil {
			return nil, firstProblem(r.Problems, r.Sources)
		}
		return &web.Version{Program: p, Source: r.Sources.Source, Files: files, Checked: r}, ""
	}}, nil
}

// firstProblem is the first error in one line, with its place.
func firstProblem(all diag.List, sources diag.Sources) string {
	for _, d := range all {
		if d.Severity == diag.Error {
			return whereOf(d, sources, "") + ": " + d.Message
		}
	}
	return "it has errors"
}

// openUses is how many may try a pack that nobody invited them to. A designer's page does not offer so many, which
// tells these rounds from others.
const openUses = rounds.MaxUses

// openRounds makes a round of each pack that anybody may try who opens the page. Those of an earlier start, whose
// links nobody knows any more, are taken back, and deleted where nobody used them.
func openRounds(kept *rounds.File, simulator *web.Server, packs []web.Pack) error {
	before, err := kept.Rounds()
	if err != nil {
		return err
	}
	for _, r := range before {
		switch {
		case r.Uses != openUses || r.Revoked:
		case r.Used == 0:
			err = errors.Join(err, kept.DeleteRound(r.ID))
		default:
			err = errors.Join(err, kept.Revoke(r.ID))
		}
	}
	if err != nil {
		return err
	}
	for _, p := range packs {
		v, _ := p.Newest()
		if v == nil {
			continue
		}
		_, token, err := kept.CreateRound(rounds.Round{Pack: p.Name, Title: v.Program.Title, Uses: openUses}, "")
		if err != nil {
			return err
		}
		simulator.OpenRound(p.Name, token)
	}
	return nil
}

func (c *demo) greet(s streams, own, address, key string) {
	base := own
	if base == "" {
		base = "http://" + address
	}
	if key != "" {
		key = "#" + key
	}
	edit := "  (to look at; --edit lets it save)"
	if c.Edit {
		edit = ""
	} else if own != "" {
		edit = "  (to look at)"
	}
	fmt.Fprintf(s.out, "The simulator is at %s/\n  try it as a tester:     %s/try/\n  watch it as a designer: %s/watch/%s\n  edit it:                %s/edit/%s%s\nCtrl-C ends it.\n", base, base, base, key, base, key, edit)
}
