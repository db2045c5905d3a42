package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"baraza/channels/whatsapp/fake"
	"baraza/server"
	"baraza/server/config"
)

// devPack is a pack that is tried, with the number people write to.
type devPack struct{ Name, Folder, Number, Display string }

// develop serves the packs of a folder, each on a number of a fake WhatsApp in the same process. Webhooks and requests
// go over real HTTP, so that what one sees is what would happen.
func (c *serve) develop(ctx context.Context, s streams) error {
	d, err := c.openDev(s)
	if err != nil {
		return err
	}
	defer d.close()
	fmt.Fprintf(s.out, "Baraza serves %s, with a fake WhatsApp beside it. Open %s and write:\n", counted(len(d.packs), "pack", "packs"), d.base)
	for _, p := range d.packs {
		fmt.Fprintf(s.out, "  %-4s %s/fake/phone?number=%s\n", p.Name, d.base, p.Number)
	}
	if d.watch != nil {
		fmt.Fprintf(s.out, "What is saved in %s is served at once.\n", c.Watch)
	}
	fmt.Fprintf(s.out, "Figures are at %s/metrics. Ctrl-C ends it.\n", d.base)
	return d.watch.serve(ctx, d.process)
}

// developed is what develop runs.
type developed struct {
	packs   []devPack
	base    string // address of the page
	cloud   *fake.Server
	watch   *watch // nil: none
	process *server.Server
	ends    []func()
}

// close ends what was opened, the last first; the process is for whoever runs it.
func (d *developed) close() {
	for _, end := range slices.Backward(d.ends) {
		end()
	}
}

func (c *serve) openDev(s streams) (d *developed, err error) {
	d = &developed{}
	defer func(opened *developed) {
		if err != nil {
			opened.close()
		}
	}(d)
	if c.Watch != "" {
		if c.Packs != "flows" && c.Packs != c.Watch {
			return nil, errors.New("with --dev, --watch says where the packs are; leave out --packs")
		}
		c.Packs = c.Watch
	}
	if d.packs, err = c.devPacks(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another process has the address %s; name another with --addr, such as 127.0.0.1:8081", c.Addr)
	}
	if err != nil {
		return nil, err
	}
	d.ends = append(d.ends, func() { listener.Close() })
	d.base = "http://" + reachable(listener.Addr())
	data, remove, err := c.devData()
	if err != nil {
		return nil, err
	}
	d.ends = append(d.ends, remove)
	configuration, err := devConfig(d.packs, d.base, data)
	if err != nil {
		return nil, err
	}
	if d.watch, err = c.watching(configuration, forPeople(s.err, slog.LevelInfo)); err != nil {
		return nil, err
	}
	if d.cloud, err = c.devCloud(d.packs, d.base, configuration, s); err != nil {
		return nil, err
	}
	d.ends = append(d.ends, func() { d.cloud.Close() })
	d.process, err = server.Open(server.Options{
		Config: configuration, Compile: d.watch.compile, Log: quiet(s.err), Listener: listener,
		Pages: map[string]http.Handler{"/fake/": http.StripPrefix("/fake", d.cloud), "GET /{$}": startPage(d.packs, d.watch)},
	})
	return d, err
}

// newDevPack is the nth pack, on a number of its own.
func newDevPack(folder string, n int) devPack {
	return devPack{Name: filepath.Base(folder), Folder: folder, Number: fmt.Sprintf("1%03d", n), Display: fmt.Sprintf("+1 555 000 1%03d", n)}
}

// devPacks are the folders of packs, sorted.
func (c *serve) devPacks() ([]devPack, error) {
	if _, err := os.Stat(filepath.Join(c.Packs, "pack.flow")); err == nil { // a pack, not a folder of them
		return []devPack{newDevPack(filepath.Clean(c.Packs), 1)}, nil
	}
	entries, err := os.ReadDir(c.Packs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %q; say where the packs are with --packs", c.Packs)
	}
	if err != nil {
		return nil, err
	}
	var packs []devPack
	for _, e := range entries {
		folder := filepath.Join(c.Packs, e.Name())
		if _, err := os.Stat(filepath.Join(folder, "pack.flow")); err != nil {
			continue
		}
		packs = append(packs, newDevPack(folder, len(packs)+1))
	}
	if len(packs) == 0 {
		return nil, fmt.Errorf("no folder in %q has a pack.flow", c.Packs)
	}
	return packs, nil
}

// reachable is the address by which this machine reaches a listener.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// devData is where conversations are kept, and what removes it at the end.
func (c *serve) devData() (folder string, remove func(), err error) {
	if c.Data != "" {
		return c.Data, func() {}, os.MkdirAll(c.Data, 0o700)
	}
	folder, err = os.MkdirTemp("", "baraza-dev-")
	return folder, func() { _ = os.RemoveAll(folder) }, err
}

// devConfig has secrets that were made just now; the keys stay with the data they open.
func devConfig(packs []devPack, base, data string) (*config.Config, error) {
	key, err := devKey(filepath.Join(data, "dev.key"))
	if err != nil {
		return nil, err
	}
	w := &config.WhatsApp{Path: "/whatsapp", AppSecret: config.Plain("dev-secret"), VerifyToken: config.Plain("dev-verify"),
		Token: config.Plain("dev-token"), Graph: base + "/fake", Numbers: map[string]string{}}
	c := &config.Config{Data: data, Countries: map[string]*config.Country{}, WhatsApp: []*config.WhatsApp{w}}
	for _, p := range packs {
		w.Numbers[p.Number] = p.Name
		folder, err := filepath.Abs(p.Folder)
		if err != nil {
			return nil, err
		}
		c.Countries[p.Name] = &config.Country{Packs: []string{folder}, Key: config.Plain(key)}
	}
	return c, nil
}

// devKey reads the key of a folder of conversations, or makes it.
func devKey(path string) (string, error) {
	if kept, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(kept)), nil
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	key := hex.EncodeToString(raw)
	return key, os.WriteFile(path, []byte(key+"\n"), 0o600)
}

// devCloud is the fake WhatsApp, with a number for each pack.
func (c *serve) devCloud(packs []devPack, base string, configuration *config.Config, s streams) (*fake.Server, error) {
	settings := fake.Config{Callback: base + "/whatsapp", Secret: "dev-secret", Token: "dev-token", VerifyToken: "dev-verify",
		BaseURL: base + "/fake", Faults: fake.Faults{Seed: c.Seed}, Pacing: fake.Unpaced} // who tries things writes faster than people do
	for name, p := range c.Faults {
		if err := settings.Faults.Set(name, p); err != nil {
			return nil, err
		}
	}
	for _, p := range packs {
		settings.Numbers = append(settings.Numbers, fake.Number{ID: p.Number, Display: strings.ReplaceAll(p.Display, " ", ""), Account: "102290129340398", Label: p.Name})
	}
	var printing sync.Mutex
	settings.Log = func(r fake.Request) {
		if r.Code == 0 && r.Status != 0 {
			return
		}
		printing.Lock()
		defer printing.Unlock()
		fmt.Fprintln(s.out, requestLine(r))
	}
	return fake.New(settings), nil
}

var startTemplate = template.Must(template.New("start").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Baraza: try the packs</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
a{display:inline-block;min-height:44px;line-height:44px}code{background:#eee;padding:0 .2em}</style></head>
<body><main><h1>Try the packs</h1>
<p>A fake WhatsApp runs beside Baraza. Choose whom to write to; what you write stays on this machine.</p>
<ul>{{range .Packs}}<li><a href="/fake/phone?number={{.Number}}">Write to {{.Name}}</a> ({{.Display}})
{{- if .Problems}}<p role="alert">What was saved last cannot run; what was served before serves on:</p><ul>{{range .Problems}}<li><code>{{.}}</code></li>{{end}}</ul>
{{- else if .Serves}} <small>as saved last: <code>{{.Serves}}</code></small>{{end}}</li>{{end}}</ul>
<p>{{if .Watched}}Whatever you save in a flow is served at once; load this page again to see how it went.
{{- else}}Whatever you change in a flow is served after a restart, or at once with <code>--watch FOLDER</code>.{{end}} Figures: <a href="/metrics">/metrics</a>.</p>
</main></body></html>
`))

func startPage(packs []devPack, w *watch) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "text/html; charset=utf-8")
		out.Header().Set("Cache-Control", "no-store")
		out.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
		type row struct {
			devPack
			standing
		}
		page := struct {
			Packs   []row
			Watched bool
		}{Watched: w != nil}
		for _, p := range packs {
			page.Packs = append(page.Packs, row{p, w.standing(p.Name)})
		}
		_ = startTemplate.Execute(out, page)
	})
}
