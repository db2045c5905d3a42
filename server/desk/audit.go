package desk

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"slices"
	"strings"
	"sync"

	"baraza/engine/release"
	"baraza/engine/store"
	"baraza/server/audit"
)

// OperatorHeader names the account of the machine from which a command comes. Whoever can open the socket is believed: it
// is open to the user who serves alone.
const OperatorHeader = "X-Baraza-Operator"

// Account is who runs this process. Commands are run as the user who serves, so that all of them would be one: who came
// to it by sudo is named first.
var Account = sync.OnceValue(func() string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if before := os.Getenv("SUDO_USER"); before != "" && before != name {
		return before + " as " + name
	}
	return name
})

// doing is an action under way and what its record will say. Its words are those of the configuration, of operators and
// of hashes, never of what a person wrote or is called by: what an error says stays out of it.
type doing struct {
	audit.Record
	asked   bool // the request could be read, so that somebody wanted something
	refused bool // it is known that nothing changed, whatever the error is
	// signedIn is who asks, where that is known from elsewhere than the request; no word in it counts then.
	signedIn string
	// before writes the record of what is streamed, which must be kept before its first byte; written: that was done.
	before  func() error
	written bool
}

// leaves is called before the first byte of what is streamed goes out. With its error none may.
func (a *doing) leaves() error {
	if a.before == nil {
		return nil
	}
	a.written = true
	return a.before()
}

type doingKey struct{}

// doingOf is the action under way; one that nobody reads where there is none.
func doingOf(ctx context.Context) *doing {
	if a, ok := ctx.Value(doingKey{}).(*doing); ok {
		return a
	}
	return &doing{}
}

// in says in which pack, and so in which country.
func (a *doing) in(d *Desk, pack string) {
	for name, c := range d.Countries {
		if slices.Contains(c.Packs, pack) {
			a.Country, a.Pack = name, pack
		}
	}
}

// of says about which case.
func (a *doing) of(d *Desk, it store.Item) {
	a.in(d, it.Pack)
	a.About = fmt.Sprintf("%s-%d", it.Key, it.Number)
}

// Standing is what serves, in hashes, as a record has it.
func Standing(s release.State) string {
	text := cmp.Or(s.Serves(), "none")
	if c := s.Candidate; c != nil {
		text += fmt.Sprintf(" trying %s at %d%%", c.Release, c.Percent)
	}
	return text
}

// recorded carries out what leaves a record, which is on the disk before it is answered. A process that is killed between the
// two has done something of which there is no record, and the one who asked has heard nothing; where it changed what serves,
// the next process writes that down before it serves.
func (d *Desk) recorded(route Route, w http.ResponseWriter, r *http.Request) error {
	if d.Audit == nil {
		return route.serve(d, w, r)
	}
	if err := d.Audit.Ready(); err != nil && !route.Urgent {
		return d.unwritten(route, err)
	}
	a := d.begin(route, r)
	defer func() {
		if p := recover(); p != nil {
			if !a.written {
				_ = d.record(a, errors.New("it failed in the middle"))
			}
			panic(p)
		}
	}()
	answer := &held{header: http.Header{}, status: http.StatusOK}
	var to http.ResponseWriter = answer
	if route.Gives != "" { // it is too long to wait here
		to = w
		a.before = func() error {
			if err := d.record(a, nil); err != nil {
				return d.unwritten(route, err)
			}
			return nil
		}
	}
	err := route.serve(d, to, r.WithContext(context.WithValue(r.Context(), doingKey{}, a)))
	if a.written {
		return err
	}
	switch wrong := d.record(a, err); {
	case err == nil && wrong != nil && route.Changes:
		d.log.Error("a change has no record", "command", route.Path, "who", a.Who, "error", wrong)
		return &Problem{http.StatusInsufficientStorage, "it was done, but the log of who did what could not be written; note it down yourself: " + wrong.Error()}
	case err == nil && wrong != nil:
		return d.unwritten(route, wrong)
	case wrong != nil:
		d.log.Error("what was refused has no record", "command", route.Path, "who", a.Who, "error", wrong)
	}
	if err != nil {
		return err
	}
	if to == answer {
		answer.send(w)
	}
	return nil
}

// begin is an action of which nothing is known but who asks for what.
func (d *Desk) begin(route Route, r *http.Request) *doing {
	a := &doing{Record: audit.Record{What: strings.ReplaceAll(strings.Trim(route.Path, "/"), "/", " "), Country: d.country}}
	if name, ok := operatorOf(r.Context()); ok {
		a.signedIn = name
		if token, ok := r.Context().Value(tokenKey{}).(string); ok {
			a.Account = "token " + token
		}
	} else if name, err := url.QueryUnescape(r.Header.Get(OperatorHeader)); err == nil {
		a.Account = name
	}
	return a
}

// unwritten says that the log cannot be written, and so nothing was done.
func (d *Desk) unwritten(route Route, err error) error {
	d.log.Error("the log of who did what cannot be written", "error", err)
	nothing := "nothing was given out"
	if route.Changes {
		nothing = "nothing was changed"
	}
	return &Problem{http.StatusInsufficientStorage, nothing + ", for the log of who did what cannot be written: " + err.Error()}
}

// record writes what became of an action. What nobody asked for who has a name, or what could not be read, changed
// nothing and has no record.
func (d *Desk) record(a *doing, err error) error {
	a.Who = cmp.Or(a.signedIn, strings.TrimSpace(a.Who), a.Account)
	a.Outcome = audit.Done
	if err != nil {
		a.Status, _ = statusOf(err)
		a.Outcome = audit.Failed
		if a.refused || a.Status < http.StatusInternalServerError {
			a.Outcome, a.After = audit.Refused, ""
			if !a.asked || a.Who == "" {
				return nil
			}
		}
	}
	r, err := d.Audit.Append(a.Record)
	if err == nil {
		d.log.Info("recorded", "record", r.Number, "hash", r.Hash, "what", r.What, "outcome", r.Outcome)
	}
	return err
}

// held is an answer that waits until its record is kept.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header         { return h.header }
func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }

func (h *held) send(w http.ResponseWriter) {
	for name, values := range h.header {
		w.Header()[name] = values
	}
	w.WriteHeader(h.status)
	_, _ = w.Write(h.body.Bytes())
}
