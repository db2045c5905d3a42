package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/engine/program"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/freeze"
)

// serve runs packs for real people.
type serve struct {
	Config string `default:"baraza.yaml" env:"BARAZA_CONFIG" help:"Configuration, ${default} unless given." placeholder:"FILE"`
	Check  bool   `help:"Read the configuration, the secrets and the packs, say what is wrong, and end."`

	Watch string `help:"Take up packs of this folder whenever they are saved, where no line reaches people; with --dev these are the packs." placeholder:"FOLDER"`

	Dev   bool   `help:"Try it: the packs of a folder with a fake WhatsApp beside them, and nothing to configure."`
	Packs string `default:"flows" help:"With --dev: the folder of the packs, or one pack; ${default} unless given." placeholder:"FOLDER"`
	Addr  string `default:"127.0.0.1:8080" help:"With --dev: address to listen at, ${default} unless given."`
	Data  string `help:"With --dev: keep conversations here; in a folder that is deleted at the end unless given." placeholder:"FOLDER"`
	Seed  uint64 `help:"With --dev: seed of the faults."`
	// Faults are those of the fake.
	Faults map[string]float64 `help:"With --dev: how the fake WhatsApp misbehaves, as in: baraza whatsapp fake." placeholder:"NAME=P;…"`
}

// Run serves until it is interrupted.
func (c *serve) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if c.Dev {
		return c.develop(ctx, s)
	}
	configuration, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(s.err, &slog.HandlerOptions{}))
	if c.Check {
		return c.check(configuration, s)
	}
	w, err := c.watching(configuration, log)
	if err != nil {
		return err
	}
	process, err := server.Open(server.Options{Config: configuration, Compile: w.compile, Inspect: newInspector().inspect, Log: log})
	if err != nil {
		return err
	}
	end, err := withConsole(process, configuration, log)
	if err != nil {
		return errors.Join(err, process.Close())
	}
	return errors.Join(w.serve(ctx, process), end())
}

// watching is the watch over the packs of a configuration; nil where none was asked for.
func (c *serve) watching(configuration *config.Config, log *slog.Logger) (*watch, error) {
	if c.Watch == "" {
		return nil, nil
	}
	if err := mayWatch(configuration); err != nil {
		return nil, err
	}
	var folders []string
	for _, name := range configuration.CountryNames() {
		folders = append(folders, configuration.Countries[name].Packs...)
	}
	return newWatch(c.Watch, folders, log)
}

// readConfig reads the configuration, and says where a first one is.
func readConfig(path string) (*config.Config, error) {
	configuration, err := config.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %q; docs/baraza.example.yaml is one to begin with, "+
			"and \"baraza serve --dev\" needs none", path)
	}
	return configuration, err
}

// check says what would keep the process from starting.
func (c *serve) check(configuration *config.Config, s streams) error {
	problems := configuration.Unreadable()
	for _, name := range configuration.CountryNames() {
		if notice := configuration.Countries[name].Notice; notice != "" {
			if _, err := freeze.ReadFile(notice); err != nil {
				problems = append(problems, fmt.Sprintf("countries.%s.notice: %v", name, err))
			}
		}
	}
	if err := server.Check(configuration, compileFolder); err != nil {
		problems = append(problems, strings.TrimRight(err.Error(), "\n"))
	}
	if len(problems) == 0 {
		count := "1 country"
		if n := len(configuration.Countries); n > 1 {
			count = fmt.Sprintf("%d countries", n)
		}
		fmt.Fprintf(s.out, "%s is fine: %s\n", c.Config, count)
		return nil
	}
	fmt.Fprintln(s.out, strings.Join(problems, "\n"))
	return errFound
}

// compileFolder compiles a pack; its error is what a designer would read.
func compileFolder(folder string) (*program.Program, fs.FS, error) {
	o, err := open(folder, func(*dsl.Checker) {})
	if err != nil {
		return nil, nil, err
	}
	if o.program == nil {
		return nil, nil, problemsOf(folder, o.problems, o.sources)
	}
	return o.program, o.files, nil
}

// problemsOf is the error of a pack that cannot run.
func problemsOf(folder string, problems diag.List, sources diag.Sources) error {
	var words strings.Builder
	if err := diag.Render(&words, problems, sources, diag.Options{Max: diag.DefaultMax}); err != nil {
		return err
	}
	return fmt.Errorf("the pack %s has problems:\n%s", folder, words.String())
}

// quiet is a log for people of warnings and errors alone.
func quiet(w io.Writer) *slog.Logger { return forPeople(w, slog.LevelWarn) }

// forPeople is a log for people: one line a thing.
func forPeople(w io.Writer, least slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: least, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			return slog.String(slog.TimeKey, a.Value.Time().Format("15:04:05"))
		}
		return a
	}}))
}
