package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"baraza/channels/socket"
	"baraza/channels/whatsapp/fake"
	"baraza/engine/release"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

// drill is a country on this machine for operators to learn on: a copy of a pack that comes as releases, a key to sign
// them with, a fake WhatsApp, and a configuration by which the commands of operators find it.
type drill struct {
	dir  string   // absolute
	pack string   // and the country's name
	says []string // the pack's languages
	base string   // address of the pages
}

// The files of a drill, in its folder.
const (
	drillConfig = "baraza.yaml"
	drillKey    = "release.key"
	drillSecret = "fake.secret" // between the process and the fake WhatsApp
	drillFirst  = "first.bundle"
	drillNotice = "notice" // of an emergency stop
)

// drillNumber is the number people write to.
const drillNumber = "1001"

// runDrill serves the drill until ctx ends. A folder in which one was begun goes on.
func (c *demo) runDrill(ctx context.Context, s streams) error {
	if c.Edit || c.TLSCert != "" || c.TLSKey != "" || c.BehindProxy != "" || !socket.IsLoopback(c.Addr) {
		return errors.New("--drill is for this machine alone: leave out --edit, --tls-cert, --tls-key and --behind-proxy, and give an address such as 127.0.0.1:8080")
	}
	listener, err := net.Listen("tcp", c.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another process has the address %s; name another with --addr, such as 127.0.0.1:8081", c.Addr)
	}
	if err != nil {
		return err
	}
	defer listener.Close()
	folder, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer remove()
	if folder, err = realPath(folder); errors.Is(err, fs.ErrNotExist) {
		folder, err = filepath.Abs(c.Data)
	}
	if err != nil {
		return err
	}
	compiled, _, err := compileFolder(c.Drill)
	if err != nil {
		return err
	}
	d := &drill{dir: folder, pack: compiled.Pack, says: compiled.Languages, base: "http://" + reachable(listener.Addr())}
	if err := d.lay(c.Drill); err != nil {
		return err
	}
	return d.serve(ctx, listener, s)
}

func (d *drill) path(name string) string { return filepath.Join(d.dir, name) }

// lay makes what is not there yet.
func (d *drill) lay(pack string) error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(d.path(d.pack)); errors.Is(err, fs.ErrNotExist) {
		if err := os.CopyFS(d.path(d.pack), os.DirFS(pack)); err != nil {
			return err
		}
	}
	public, err := d.releaseKey()
	if err != nil {
		return err
	}
	for _, key := range []string{"country.key", "console.key"} {
		if _, err := devKey(d.path(key)); err != nil {
			return err
		}
	}
	if _, err := d.secret(); err != nil {
		return err
	}
	if err := d.notice(); err != nil {
		return err
	}
	// It is written anew at each start: the address of the fake WhatsApp may be another one.
	return os.WriteFile(d.path(drillConfig), fmt.Appendf(nil, `# A drill: nobody but this machine can reach it.
data: data
public: %[4]s
console:
  key: file:console.key
countries:
  %[1]s:
    key: file:country.key
    notice: notice
    release_keys: [%[2]q]
    releases:
      packs: [%[1]s]
whatsapp:
  - app_secret: file:%[3]s
    verify_token: file:%[3]s
    token: file:%[3]s
    graph: %[4]s/fake
    numbers:
      "%[5]s": %[1]s
`, d.pack, public, drillSecret, d.base, drillNumber), 0o600)
}

// notice is one text for all languages of the pack, for a drill in which nobody is told anything.
func (d *drill) notice() error {
	if _, err := os.Stat(d.path(drillNotice)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text := fmt.Sprintf("A notice for a drill.\n\n[%s]\nThis is a drill: the service is paused. Nothing that you write is lost.\n", d.says[0])
	for _, language := range d.says[1:] {
		text += fmt.Sprintf("\n[%s = %s]\n", language, d.says[0])
	}
	return os.WriteFile(d.path(drillNotice), []byte(text), 0o600)
}

// releaseKey gives the public side of the key that signs the drill's releases, and makes it at first.
func (d *drill) releaseKey() (string, error) {
	secret, err := limited(d.path(drillKey))
	if errors.Is(err, fs.ErrNotExist) {
		if secret, _, err = release.NewKey(rand.Reader); err == nil {
			err = os.WriteFile(d.path(drillKey), secret, 0o600)
		}
	}
	if err != nil {
		return "", err
	}
	key, err := release.ReadKey(secret)
	if err != nil {
		return "", fmt.Errorf("%s: %w", d.path(drillKey), err)
	}
	return release.PublicText(key.Public().(ed25519.PublicKey)), nil
}

func (d *drill) secret() (string, error) {
	kept, err := limited(d.path(drillSecret))
	if errors.Is(err, fs.ErrNotExist) {
		var b [16]byte
		if _, err := rand.Read(b[:]); err != nil {
			return "", err
		}
		kept = []byte(hex.EncodeToString(b[:]))
		err = os.WriteFile(d.path(drillSecret), kept, 0o600)
	}
	return strings.TrimSpace(string(kept)), err
}

func (d *drill) serve(ctx context.Context, listener net.Listener, s streams) error {
	configuration, err := config.Read(d.path(drillConfig))
	if err != nil {
		return err
	}
	secret, err := d.secret()
	if err != nil {
		return err
	}
	cloud := fake.New(fake.Config{Callback: d.base + "/whatsapp", Secret: secret, Token: secret, VerifyToken: secret, BaseURL: d.base + "/fake",
		Pacing: fake.Unpaced, Numbers: []fake.Number{{ID: drillNumber, Display: "+15550001001", Account: "102290129340398", Label: d.pack}}})
	defer cloud.Close()
	process, err := server.Open(server.Options{Config: configuration, Compile: compileFolder, Inspect: newInspector().inspect, Log: quiet(s.err), Listener: listener,
		Pages: map[string]http.Handler{"/fake/": http.StripPrefix("/fake", cloud)}})
	if err != nil {
		return err
	}
	closeConsole, err := withConsole(process, configuration, quiet(s.err))
	if err != nil {
		return errors.Join(err, process.Close())
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- process.Run(running) }()
	if err = d.first(running, process); err == nil {
		err = d.greet(s.out)
	}
	if err != nil {
		stop()
	}
	return errors.Join(err, <-ended, process.Close(), closeConsole())
}

// first has the pack serve as it is, where nothing serves yet.
func (d *drill) first(ctx context.Context, process *server.Server) error {
	client := desk.Within(process.Desk().Handler())
	now, err := client.Releases(ctx, desk.Change{Country: d.pack})
	if err != nil || now.State.Current != nil {
		return err
	}
	var said strings.Builder
	out := streams{strings.NewReader(""), io.Discard, &said}
	bundle := d.path(drillFirst)
	if err := (&releaseBuild{Pack: d.path(d.pack), Out: bundle}).Run(out); err != nil {
		return fmt.Errorf("%w\n%s", err, said.String())
	}
	if err := (&releaseSign{Bundle: bundle, Key: d.path(drillKey)}).Run(out); err != nil {
		return err
	}
	signature, err := signatureOf(bundle, "")
	if err != nil {
		return err
	}
	f, err := os.Open(bundle)
	if err != nil {
		return err
	}
	defer f.Close()
	kept, err := client.Keep(ctx, d.pack, f, signature)
	if err != nil {
		return err
	}
	_, err = client.Activate(ctx, desk.Change{Country: d.pack, Pack: kept.Pack, Release: kept.Release, Percent: 100,
		By: desk.Account(), Why: "the drill begins"})
	return err
}

func (d *drill) greet(w io.Writer) error {
	_, err := fmt.Fprintf(w, `The country %[1]q is served here, from releases, with a fake WhatsApp beside it.

  be a person:   %[2]s/fake/phone?number=%[3]s
  the pack:      %[4]s
  the console:   %[2]s/console/

Commands of operators reach it from another terminal, once they know where it is:

  export BARAZA_CONFIG=%[5]s

The drill, step by step:

  1. Write on the phone until you are asked something, and leave it unanswered.
  2. baraza release status %[1]s
  3. Change how that question is worded, in the pack and where its tests say it, and save. Then:
     baraza release build %[4]s -o %[6]s
     baraza release sign %[6]s --key %[7]s
     baraza release plan %[1]s %[6]s
  4. The plan ends with the command that activates it. Run it, with --percent 10 at first if you like.
  5. Answer on the phone: nobody lost their place. Go round to the question once more: it has the new words.
  6. baraza release rollback %[1]s --why "a drill"
  7. Stop the country, write on the phone meanwhile, and serve it again. The notice is in %[8]s.
     baraza incident freeze %[1]s --why "a drill"
     baraza incident unfreeze %[1]s --why "a drill"
  8. baraza audit list

The same in the console needs an account: this prints the link that opens it.

  baraza account invite ana --role releaser --role approver --role auditor --country %[1]s

Ctrl-C ends it.
`, d.pack, d.base, drillNumber, d.path(d.pack), d.path(drillConfig), d.path("next.bundle"), d.path(drillKey), d.path(drillNotice))
	return err
}
