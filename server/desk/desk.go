// Package desk is what operators do: cases, contacts, dead letters, keys and the store. A Desk does it; Handler
// answers for one over HTTP with JSON; Client asks, over the Unix socket of the process that serves or over Within,
// without any socket, in a process that opened the store itself. So a command works the same whether somebody serves
// or not, and a console asks the same questions.
//
// Who can reach the handler may do everything: whoever lets it out of the machine has to ask who is there first, say so
// (WithOperator), and hand out the desk of a country where they are of that country (Of).
// What a person wrote leaves it only in the answers about one case or one contact. Logs hold no more than keys and
// codes.
package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"baraza/engine/keys"
	"baraza/engine/program"
	"baraza/engine/runner"
	"baraza/engine/store"
	"baraza/server/audit"
	"baraza/server/freeze"
)

// Parts are what a Desk is made of. All but Audit, Frozen and Log are needed.
type Parts struct {
	Runner    *runner.Runner // it runs, or no turn is ever kept
	Store     store.File
	Keys      runner.Keys
	Countries map[string]Country
	// Program gives what serves a pack; nil for a pack nobody serves.
	Program func(pack string) *program.Program
	Clock   runner.Clock
	// Channels are the kinds of names that each channel has for people, the surest first.
	Channels map[string][]string
	// Senders are those of the configuration: pack/channel/account.
	Senders []string
	// Serving tells whether messages go in and out, or only commands are answered.
	Serving bool
	// Media fetches what people sent; nil where nothing can be fetched.
	Media Media
	Audit *audit.Log // of who did what; nil: none
	// Freezes are the emergency stops; Frozen is told of a country after each change, nil where nobody serves.
	Freezes *freeze.Book
	Frozen  func(country string)
	// Folder is where bundles lie while they are looked at; "": the system's for such files.
	Folder string
	Log    *slog.Logger // nil: none
}

// Country is what belongs to one country.
type Country struct {
	Packs    []string                // by name
	Released map[string]ReleasedPack // those of them that come as releases
	Notice   string                  // file of what people are told in an emergency stop; "" for none
	Ring     *keys.Ring
	Weeks    *keys.Weeks
}

// Desk is safe for concurrent use.
type Desk struct {
	Parts
	log     *slog.Logger
	one     bool        // it sees one country alone: see Of
	country string      // that one
	reading *sync.Mutex // one reads the log of who did what at a time
	// copying is held by whoever makes a backup. For writing it is held by who puts a compacted file in the place of the data,
	// for that would wait for the copy, and everybody else behind it; and by who forgets a release, which somebody in the copy
	// may be on.
	copying *sync.RWMutex
}

// New returns a desk over parts that are open and stay so.
func New(p Parts) *Desk {
	d := &Desk{Parts: p, log: p.Log, reading: &sync.Mutex{}, copying: &sync.RWMutex{}}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d
}

// Problem is an error that the one who asked can do something about. Its text is for people.
type Problem struct {
	Status int // of HTTP
	Text   string
}

func (p *Problem) Error() string { return p.Text }

func missing(format string, args ...any) error {
	return &Problem{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

func wrong(format string, args ...any) error {
	return &Problem{http.StatusUnprocessableEntity, fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &Problem{http.StatusConflict, fmt.Sprintf(format, args...)}
}

// statusOf gives what is answered for an error, and its words. What nobody foresaw is told in the words of the error:
// these are operators, and errors hold no content.
func statusOf(err error) (int, string) {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p.Status, p.Text
	case errors.Is(err, runner.ErrNoContact):
		return http.StatusNotFound, "there is no such contact; it may have been erased"
	case errors.Is(err, runner.ErrLeft):
		return http.StatusConflict, "the person has just left the case: nothing more can be sent in it"
	case errors.Is(err, runner.ErrNoPack):
		return http.StatusUnprocessableEntity, err.Error()
	case errors.Is(err, runner.ErrUnreadable):
		return http.StatusGone, "it cannot be read any more: its key was destroyed, or the file is damaged"
	case errors.Is(err, runner.ErrStopped), errors.Is(err, store.ErrClosed):
		return http.StatusServiceUnavailable, "the process is ending; ask again"
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "it took too long; ask again, or for less"
	case errors.Is(err, store.ErrUnknown):
		return http.StatusServiceUnavailable, "the disk gave an error, and nobody knows yet whether it was kept; ask again"
	case errors.Is(err, store.ErrCopied):
		return http.StatusConflict, err.Error()
	case errors.Is(err, store.ErrFull):
		return http.StatusInsufficientStorage, "the disk is full; nothing was changed"
	}
	return http.StatusInternalServerError, err.Error()
}

func (d *Desk) now() time.Time { return d.Clock.Now() }

// countryNames in their order.
func (d *Desk) countryNames() []string { return slices.Sorted(maps.Keys(d.Countries)) }

// packs are the names of all packs, in order.
func (d *Desk) packs() (all []string) {
	for _, name := range d.countryNames() {
		all = append(all, d.Countries[name].Packs...)
	}
	slices.Sort(all)
	return all
}

// zone is that of the pack; UTC where nobody serves it.
func (d *Desk) zone(pack string) *time.Location {
	if p := d.Program(pack); p != nil {
		if zone, err := time.LoadLocation(p.Timezone); err == nil {
			return zone
		}
	}
	return time.UTC
}

// local is t in the zone of the pack; nil for no time.
func (d *Desk) local(pack string, t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(d.zone(pack))
	return &t
}
