// Package server is the process that serves: it joins the packs, the keys, the store, the runner and the channels,
// answers on the one port, and lets operators act by a socket beside it. Everything it decides is in a Config; it
// holds no rule of the conversation and none of a channel.
//
//	webhooks, pages ─► port ─► channel ─► intake ─► runner ─► store
//	providers       ◄───────── channel ◄─ outlet ◄─ runner
//	operators' commands ─► control socket ─► desk ─► runner, store, keys
package server

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"baraza/engine"
	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
	"baraza/server/audit"
	"baraza/server/config"
	"baraza/server/desk"
	"baraza/server/freeze"
)

// Options are what a server is made of. Config and Compile are needed.
type Options struct {
	Config *config.Config
	// Compile reads the pack in a folder: what it compiles to, and its files, for media. Its error says everything
	// that is wrong, in words.
	Compile func(folder string) (*program.Program, fs.FS, error)

	// Inspect finds out whether gates are met that need the language or rounds of testing; see desk.ReleasedPack. Where it is
	// nil, a release of a pack that declares such a gate cannot serve.
	Inspect func(context.Context, desk.Inspection) ([]desk.Finding, error)

	Clock runner.Clock // nil: the machine's
	Log   *slog.Logger // nil: none

	// Idle is for the commands of operators while nobody serves: nothing is heard, sent or woken.
	Idle bool
	// Listener is used in place of one at Config.Listen.
	Listener net.Listener
	// Pages are further pages of the port, by pattern.
	Pages map[string]http.Handler
	// Transport is how channels reach their providers; nil: the network.
	Transport http.RoundTripper
	// Timing for tests; terms of the configuration come on top.
	Timing runner.Timing
	// Shards and Group are the runner's.
	Shards, Group int

	// For those who measure: Mute takes and keeps everything and sends nothing; Unpaced sends without regard to what
	// a provider allows.
	Mute, Unpaced bool
}

// Server is an open process. Open makes one, Run serves, Close ends it.
type Server struct {
	options Options
	config  *config.Config
	log     *slog.Logger
	clock   runner.Clock

	packs   map[string]*pack
	rings   map[string]*keys.Ring  // by country
	weeks   map[string]*keys.Weeks // by country
	store   *boltstore.Store
	runner  *runner.Runner
	audit   *audit.Log
	audited chan string // codes of alerts about the log of who did what
	freezes *freeze.Book
	thaws   map[string]chan struct{} // by country: its freeze begins or ends
	news    chan runner.Alert
	figures *figures
	desk    func() *desk.Desk // the one

	pages    map[string]http.Handler // of the port, by pattern
	controls map[string]http.Handler // of the control socket

	alerts  *webhook           // of operators; nil: none
	outlets map[string]*outlet // by channel
	intakes []*connection

	ready atomic.Bool
	taken atomic.Int64 // bytes of webhooks under way
}

// pack is a pack that is served: from its folder, or by releases.
type pack struct {
	country string
	folder  *source        // nil for releases
	shelf   *release.Shelf // nil for a folder
}

// serving is what serves now; nil while nothing was released yet.
func (p *pack) serving() *release.Serving {
	if p.shelf != nil {
		return p.shelf.Serving()
	}
	return p.folder.now.Load().serving
}

// serves is the program that conversations begin with; nil while nothing was released yet.
func (p *pack) serves() *program.Program {
	if s := p.serving(); s != nil {
		return s.Current
	}
	return nil
}

// system is the machine's clock; begun tells how much time has passed whatever is done to the time of day.
type system struct{ begun time.Time }

func (system) Now() time.Time                         { return time.Now() }
func (system) After(d time.Duration) <-chan time.Time { return time.After(d) }
func (s system) Elapsed() time.Duration               { return time.Since(s.begun) }

// Open reads the packs and opens keys and store. Everything that is wrong with the configuration is said at once.
func Open(o Options) (*Server, error) {
	if o.Clock == nil {
		o.Clock = system{time.Now()}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{options: o, config: o.Config, log: o.Log, clock: o.Clock, packs: map[string]*pack{},
		rings: map[string]*keys.Ring{}, weeks: map[string]*keys.Weeks{}, outlets: map[string]*outlet{}, audited: make(chan string, 4),
		news: make(chan runner.Alert, 16), pages: maps.Clone(o.Pages), controls: map[string]http.Handler{}}
	s.desk = sync.OnceValue(s.newDesk)
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open() error {
	if problems := s.config.Unreadable(); len(problems) > 0 && !s.options.Idle {
		return errors.New(strings.Join(problems, "\n"))
	}
	if err := s.readPacks(); err != nil {
		return err
	}
	for _, dir := range []string{s.config.Data, filepath.Join(s.config.Data, "keys")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if err := s.openStore(); err != nil {
		return err
	}
	// The store's lock guards the log of who did what too, and the releases: one process changes what serves.
	s.openAudit()
	s.openFreezes()
	if err := s.openReleases(); err != nil {
		return err
	}
	s.recordFound()
	if err := s.openKeys(); err != nil {
		return err
	}
	rings := runner.Rings{Packs: map[string]*keys.Ring{}, Clock: s.clock}
	for name, p := range s.packs {
		rings.Packs[name] = s.rings[p.country]
	}
	if err := s.openLines(); err != nil {
		return err
	}
	s.figures = newFigures(s)
	if s.config.Alerts != nil {
		s.alerts = s.hook(s.config.Alerts)
	}
	s.runner = runner.New(s.runnerConfig(rings))
	return nil
}

func (s *Server) runnerConfig(rings runner.Rings) runner.Config {
	timing := s.options.Timing
	set := func(to *time.Duration, d config.Duration) {
		if d > 0 {
			*to = time.Duration(d)
		}
	}
	set(&timing.LateSilence, s.config.Late.Silence)
	set(&timing.LateReminder, s.config.Late.Reminder)
	set(&timing.MessageKept, s.config.Kept.Messages)
	set(&timing.CaseKept, s.config.Kept.Cases)
	for _, w := range s.config.WhatsApp {
		// A send may take a quarter of a second; the runner's own 32 at once would hold back a number that may send more.
		if n := w.PerSecond / 4; n > 32 {
			timing.SendsAtOnce = max(timing.SendsAtOnce, n)
		}
	}
	out := map[string]runner.Channel{}
	for name, o := range s.outlets {
		out[name] = o
	}
	return runner.Config{
		Store: s.store, Keys: rings, Program: s.program, Release: s.release, Freeze: s.freeze, Channels: out,
		Fetcher: s.fetcher(), Notifier: s.teams(), Alert: s.alert,
		Sweep: s.sweepKeys, Clock: s.clock, Random: random, Log: s.log, Timing: timing, Idle: s.options.Idle, Mute: s.options.Mute,
		Shards: s.options.Shards, Group: s.options.Group, IntakeEvents: s.config.Limits.Events, IntakeBytes: s.config.Limits.Bytes,
	}
}

// random is a number nobody can foretell; the system's source does not fail.
func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

func (s *Server) openStore() error {
	var err error
	s.store, err = boltstore.Open(s.config.Store(), boltstore.Options{})
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("only one process can serve %s: %w", s.config.Data, store.ErrLocked)
	}
	if err == nil {
		err = desk.CutOff(s.config.Store())
	}
	if err != nil {
		return err
	}
	var files []string
	for _, name := range s.config.CountryNames() {
		files = append(files, s.config.Keys(name))
	}
	desk.ClearStaged(s.config.Store(), files)
	return nil
}

func (s *Server) openKeys() error {
	for _, name := range s.config.CountryNames() {
		country := s.config.Countries[name]
		var wraps []keys.CountryKey
		for _, secret := range append([]config.Secret{country.Key}, country.OldKeys...) {
			key, err := secret.Key()
			if err != nil {
				return fmt.Errorf("the key of country %s: %w", name, err)
			}
			wraps = append(wraps, key)
		}
		ring, err := keys.Open(s.config.Keys(name), name, wraps, keys.Options{})
		if err == nil {
			s.rings[name] = ring
			s.weeks[name], err = keys.OpenWeeks(s.config.Weeks(name), name, wraps, keys.Options{})
		}
		if errors.Is(err, keys.ErrCountryKey) { // as after a restore from before a rotation
			return fmt.Errorf("%w: put the key that wrapped them under old_keys of %s, and start again; then baraza key rotate %s", err, name, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readPacks compiles all packs, and says of all of them what is wrong.
func (s *Server) readPacks() error {
	var problems []error
	for _, country := range s.config.CountryNames() {
		for _, folder := range s.config.Countries[country].Packs {
			p, files, err := s.options.Compile(folder)
			switch name := filepath.Base(folder); {
			case err != nil:
				problems = append(problems, err)
			case p.Pack != name:
				problems = append(problems, fmt.Errorf("%s: the pack calls itself %q; folder and pack have one name, by which lines name it", folder, p.Pack))
			default:
				s.packs[name] = &pack{country: country, folder: &source{}}
				s.packs[name].folder.serve(p, files, s.clock.Now())
			}
		}
	}
	return errors.Join(problems...)
}

// openReleases opens what was released of packs that come so.
func (s *Server) openReleases() error {
	for _, country := range s.config.CountryNames() {
		r := s.config.Countries[country].Releases
		if r == nil {
			continue
		}
		for _, name := range r.Packs {
			shelf, err := release.OpenShelf(s.config.Released(name), name, time.Duration(r.Stay))
			if err != nil {
				return fmt.Errorf("the releases of %s: %w", name, err)
			}
			s.packs[name] = &pack{country: country, shelf: shelf}
		}
	}
	return nil
}

func (s *Server) program(name string) *program.Program {
	if p := s.packs[name]; p != nil {
		return p.serves()
	}
	return nil
}

// release is the program on which a conversation goes on.
func (s *Server) release(pack string, contact store.Key, now time.Time, session engine.Session, message bool) (*program.Program, bool) {
	p := s.packs[pack]
	if p == nil {
		return nil, false
	}
	serving := p.serving()
	if serving == nil {
		return nil, false
	}
	return serving.Choose(contact, now, session, message)
}

// files are the media of a pack.
func (s *Server) files(name string) fs.FS {
	switch p := s.packs[name]; {
	case p == nil:
		return nil
	case p.shelf != nil:
		return p.shelf
	default:
		return p.folder.now.Load().files
	}
}

// Runner and Store are for those who measure.
func (s *Server) Runner() *runner.Runner  { return s.runner }
func (s *Server) Store() *boltstore.Store { return s.store }

// Audit is the log of who did what.
func (s *Server) Audit() *audit.Log { return s.audit }

// Mount puts a page on the port, by pattern, and Control an answer on the control socket, beside those of the desk. Both
// are called before Run, by who needs the desk first.
func (s *Server) Mount(pattern string, page http.Handler) {
	if s.pages == nil {
		s.pages = map[string]http.Handler{}
	}
	s.pages[pattern] = page
}

// Control: see Mount.
func (s *Server) Control(pattern string, answer http.Handler) { s.controls[pattern] = answer }

// Run serves until ctx ends, then finishes what is under way. It is called once.
func (s *Server) Run(ctx context.Context) error {
	// The runner ends last: what the port has taken by then is committed and acknowledged.
	running, stopRunner := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRunner()
	work, working := errgroup.WithContext(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.runner.Run(running) }()
	work.Go(func() error {
		select {
		case err := <-ended:
			ended <- err
			if err == nil {
				err = errors.New("the runner ended by itself")
			}
			return fmt.Errorf("conversations cannot go on: %w", err)
		case <-working.Done():
			return nil
		}
	})
	work.Go(func() error { return collectLess(working) })
	if !s.options.Idle {
		listener, err := s.listen()
		if err != nil {
			stopRunner()
			return errors.Join(err, <-ended)
		}
		work.Go(func() error { return s.servePort(working, listener) })
		for _, c := range s.intakes {
			work.Go(func() error {
				if err := c.channel.Run(working, c.intake); err != nil && working.Err() == nil {
					return fmt.Errorf("%s stopped: %w", c.intake.channel, err)
				}
				return nil
			})
		}
		work.Go(func() error { return s.control(working) })
		work.Go(func() error { return s.watchAudit(working) })
		work.Go(func() error { return s.watchNews(working) })
		for _, country := range s.config.CountryNames() {
			work.Go(func() error { return s.watchFreeze(working, country) })
		}
		s.ready.Store(true)
		s.log.Info("serving", "address", listener.Addr().String(), "packs", len(s.packs))
	} else {
		work.Go(func() error { <-working.Done(); return nil })
	}
	err := work.Wait()
	s.ready.Store(false)
	stopRunner()
	if ended := <-ended; err == nil {
		err = ended
	}
	return err
}

// sweepKeys destroys the keys of backups that are too old.
func (s *Server) sweepKeys(_ context.Context, now time.Time) error {
	var errs []error
	for country, weeks := range s.weeks {
		if _, err := weeks.Destroy(now); err != nil {
			errs = append(errs, fmt.Errorf("old keys of backups of %s: %w", country, err))
		}
	}
	return errors.Join(errs...)
}

// Close gives files and locks back. It is called after Run has returned, or in place of it.
func (s *Server) Close() error {
	var errs []error
	if s.audit != nil {
		errs = append(errs, s.audit.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	for _, p := range s.packs {
		if p.shelf != nil {
			errs = append(errs, p.shelf.Close())
		}
	}
	for _, r := range s.rings {
		errs = append(errs, r.Close())
	}
	for _, w := range s.weeks {
		if w != nil {
			errs = append(errs, w.Close())
		}
	}
	return errors.Join(errs...)
}
