package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"baraza/engine/keys"
	"baraza/engine/store"
	"baraza/server"
	"baraza/server/config"
	"baraza/server/desk"
)

// configured is what every command of operators takes.
type configured struct {
	Config string `default:"baraza.yaml" env:"BARAZA_CONFIG" help:"Configuration, ${default} unless given." placeholder:"FILE"`
}

// asking is what those take that print something.
type asking struct {
	configured
	JSON bool `name:"json" help:"Print JSON, for programs."`
}

// ask does something at the desk of the process that serves.
func (c *configured) ask(s streams, do func(context.Context, *desk.Client) error) error {
	within := func(p *server.Server, _ *config.Config) (http.Handler, func() error, error) {
		return p.Desk().Handler(), func() error { return nil }, nil
	}
	return c.reach(s, within, func(ctx context.Context, asking *http.Client) error { return do(ctx, &desk.Client{HTTP: asking}) })
}

// reach asks the process that serves, by its control socket. Where nobody serves, this process opens the store itself, and
// nothing is sent or heard; within gives what then answers, and what ends it.
func (c *configured) reach(s streams, within func(*server.Server, *config.Config) (http.Handler, func() error, error),
	do func(context.Context, *http.Client) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	configuration, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	client, err := desk.Dial(configuration.Socket())
	if err == nil {
		return do(ctx, client.HTTP)
	}
	if !errors.Is(err, desk.ErrNobody) {
		return err
	}
	if _, err := os.Stat(configuration.Store()); errors.Is(err, fs.ErrNotExist) {
		if err := desk.CutOff(configuration.Store()); err != nil {
			return err
		}
		return fmt.Errorf("there is no store at %s: nobody has served with this configuration yet, or its \"data\" is another folder", configuration.Store())
	}
	if err := mine(configuration.Data); err != nil {
		return err
	}
	process, err := server.Open(server.Options{Config: configuration, Compile: compileFolder, Inspect: newInspector().inspect, Log: quiet(s.err), Idle: true})
	if errors.Is(err, store.ErrLocked) || errors.Is(err, keys.ErrLocked) {
		return silent(configuration)
	}
	if err != nil {
		return err
	}
	answers, ended, err := within(process, configuration)
	if err != nil {
		return errors.Join(err, process.Close())
	}
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	ran := make(chan error, 1)
	go func() { ran <- process.Run(running) }()
	err = do(ctx, desk.Within(answers).HTTP)
	end()
	return errors.Join(err, <-ran, ended(), process.Close())
}

// silent is the error where somebody has the store and does not answer.
func silent(c *config.Config) error {
	return fmt.Errorf("another process has %s open, and none answers on %s. It may be starting, ending or another command: wait a moment. "+
		"Otherwise find it and end it; it holds the store as long as it lives", c.Store(), c.Socket())
}

// requestID names a request, so that the same one is carried out once however often it is sent.
func requestID() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// printed is what a command says: v for programs, or words for people.
func printed(s streams, asJSON bool, v any, words func(w io.Writer)) error {
	if asJSON {
		e := json.NewEncoder(s.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	var b strings.Builder
	words(&b)
	_, err := io.WriteString(s.out, b.String())
	return err
}

// table writes rows in columns, without blanks at their ends.
func table(w io.Writer, rows [][]string) {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush()
	for line := range strings.Lines(b.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

// moment is a time to the minute in the zone it came with.
func moment(t *time.Time, zone string) string {
	if t == nil {
		return ""
	}
	at := *t
	if z, err := time.LoadLocation(zone); err == nil {
		at = at.In(z)
	}
	return at.Format("2006-01-02 15:04")
}

// inZone is the same with the name of the zone.
func inZone(t *time.Time, zone string) string { return moment(t, zone) + " " + zone }

// zones says in which zones the times of a list are.
func zones(w io.Writer, each []string) {
	var seen []string
	for _, z := range each {
		known := false
		for _, s := range seen {
			known = known || s == z
		}
		if !known {
			seen = append(seen, z)
		}
	}
	if len(seen) > 0 {
		fmt.Fprintf(w, "Times are those of %s.\n", strings.Join(seen, " and "))
	}
}

// shown is a text as a terminal may show it: what a person wrote may hold signs that move its cursor or turn lines
// around.
func shown(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n':
			return c
		case c == '\t':
			return ' '
		case unicode.IsControl(c), c >= 0x202A && c <= 0x202E, c >= 0x2066 && c <= 0x2069, c == 0x2028, c == 0x2029:
			return '·'
		}
		return c
	}, text)
}

// indented wraps a text at 80 columns, each line behind indent.
func indented(w io.Writer, indent, text string) {
	for line := range strings.Lines(shown(text)) {
		have := 0
		for _, word := range strings.Fields(line) {
			n := utf8.RuneCountInString(word)
			switch {
			case have == 0:
				fmt.Fprint(w, indent, word)
				have = len(indent) + n
			case have+1+n > 80:
				fmt.Fprint(w, "\n", indent, word)
				have = len(indent) + n
			default:
				fmt.Fprint(w, " ", word)
				have += 1 + n
			}
		}
		fmt.Fprintln(w)
	}
}

// counted is "1 case", "2 cases".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 10_000:
		return counted(int(n), "byte", "bytes")
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	case n < 10_000_000_000:
		return fmt.Sprintf("%d MB", n/1_000_000)
	}
	return fmt.Sprintf("%d GB", n/1_000_000_000)
}

// agreed asks a person at a terminal; elsewhere only --yes agrees.
func agreed(s streams, yes bool, what string) error {
	if yes {
		return nil
	}
	if !isTerminal(s.in) {
		return fmt.Errorf("%s Nobody can be asked here; say --yes to do it", what)
	}
	fmt.Fprintf(s.err, "%s\nType yes to do it: ", what)
	var word string
	if _, err := fmt.Fscanln(s.in, &word); err != nil || !strings.EqualFold(word, "yes") {
		return errors.New("nothing was changed")
	}
	return nil
}
