// Package freeze keeps which countries are frozen: an emergency stop that holds what flows say by themselves until
// somebody lets it go again. Each country has a file of its own; none means that the country is served. Whoever reads
// it after the process was killed finds the state before a change or the one after it. A file that cannot be read
// stands for a freeze, since somebody wanted one: nothing is said that ought not to be, and operators are told.
// Another file beside it says when a freeze last ended, so that no backup from before brings it back.
package freeze

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Stages of a country.
const (
	Served   = "served"
	Frozen   = "frozen"
	Resuming = "resuming" // what was held is being answered
)

// State is what stands for one country. It is a value and is never changed.
type State struct {
	Country string    `json:"country"`
	Stage   string    `json:"stage"` // Frozen or Resuming; in memory also Served
	Since   time.Time `json:"since"` // of the freeze
	By      string    `json:"by"`
	Why     string    `json:"why,omitempty"`
	Notice  Notice    `json:"notice"`
	// Noticed is when the notice became what it is: whoever was told another one hears this one too.
	Noticed time.Time `json:"noticed"`

	// Of Resuming, and of Served after a freeze: when it was ended, and by whom.
	Resumed   time.Time `json:"resumed,omitzero"`
	ResumedBy string    `json:"resumed_by,omitempty"`
	// Of Resuming: whether the replies that were held are sent after all.
	Sends bool `json:"sends,omitempty"`
	// Released: all that is held lies apart, so that what is written from now on goes.
	Released bool `json:"released,omitempty"`

	// Problem says why the file could not be read; then all else but Country and Stage is empty.
	Problem string `json:"-"`
}

// Notice is what people are told meanwhile.
type Notice struct {
	Texts map[string]string `json:"texts"` // by language
	// Instead names the language in which another one is told, where nobody could translate it in time.
	Instead map[string]string `json:"instead,omitempty"`
}

// Book holds the states of all countries. It is safe for concurrent use in one process; that no other has the folder is
// for the store's lock to see to.
type Book struct {
	dir    string
	states map[string]*atomic.Pointer[State] // by country, fixed
	mu     sync.Mutex                        // one change at a time
}

// mostState is the most that is read of a file.
const mostState = 1 << 20

// Open reads the states of the countries in a folder, which need not be there.
func Open(dir string, countries []string) *Book {
	b := &Book{dir: dir, states: map[string]*atomic.Pointer[State]{}}
	for _, country := range countries {
		s, err := b.read(country)
		if err != nil {
			s = State{Country: country, Stage: Frozen, Problem: err.Error()}
		}
		b.states[country] = &atomic.Pointer[State]{}
		b.states[country].Store(&s)
	}
	return b
}

// Of is how a country stands; Served for one that nobody knows.
func (b *Book) Of(country string) State {
	if p := b.states[country]; p != nil {
		return *p.Load()
	}
	return State{Country: country, Stage: Served}
}

// ErrNotKept: the country is frozen, but the disk did not take it, so it is over when the process ends.
var ErrNotKept = errors.New("it could not be written down")

// Freeze freezes the country, or replaces what people of a frozen one are told. It is on the disk when this returns nil;
// with ErrNotKept it holds all the same, for whoever stops a country cannot wait for room on a disk.
func (b *Book) Freeze(country, by, why string, n Notice, now time.Time) (State, error) {
	return b.change(country, func(is State) (State, error) {
		next := State{Country: country, Stage: Frozen, Since: now, By: by, Why: why, Notice: n, Noticed: now}
		if is.Stage == Frozen && is.Problem == "" {
			next.Since = is.Since
		}
		return next, nil
	})
}

// ErrNotFrozen: there is nothing to end.
var ErrNotFrozen = errors.New("the country is not frozen")

// Unfreeze begins to answer what was held.
func (b *Book) Unfreeze(country, by string, sends bool, now time.Time) (State, error) {
	return b.change(country, func(is State) (State, error) {
		if is.Stage != Frozen {
			return is, ErrNotFrozen
		}
		is.Stage, is.Resumed, is.ResumedBy, is.Sends, is.Problem = Resuming, now, by, sends, ""
		return is, nil
	})
}

// Release notes of a country's resuming that began at the time that all that is held lies apart.
func (b *Book) Release(country string, resumed time.Time) error {
	_, err := b.change(country, func(is State) (State, error) {
		if is.Stage != Resuming || !is.Resumed.Equal(resumed) {
			return is, ErrNotFrozen
		}
		is.Released = true
		return is, nil
	})
	return err
}

// Done ends a country's resuming that began at the time, and does nothing where it was frozen again since.
func (b *Book) Done(country string, resumed time.Time) error {
	_, err := b.change(country, func(is State) (State, error) {
		if is.Stage != Resuming || !is.Resumed.Equal(resumed) {
			return is, errSame
		}
		return State{Country: country, Stage: Served, Resumed: is.Resumed, ResumedBy: is.ResumedBy}, nil
	})
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}

var errSame = errors.New("nothing changes")

func (b *Book) change(country string, how func(State) (State, error)) (State, error) {
	p := b.states[country]
	if p == nil {
		return State{}, fmt.Errorf("there is no country %q", country)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	is := *p.Load()
	next, err := how(is)
	if err != nil {
		return is, err
	}
	if next.Stage == Served {
		err = b.end(next)
	} else {
		err = b.write(b.path(country), next)
	}
	if err != nil && next.Stage == Frozen {
		p.Store(&next)
		return next, fmt.Errorf("%w: %w", ErrNotKept, err)
	}
	if err != nil {
		return is, err
	}
	p.Store(&next)
	return next, nil
}

func (b *Book) path(country string) string { return filepath.Join(b.dir, country+".json") }

// endPath is where it stands when the last freeze of a country ended.
func (b *Book) endPath(country string) string { return filepath.Join(b.dir, country+".ended.json") }

// kept is a state as it lies in its file: with a sum, so that a changed byte is no other notice.
type kept struct {
	Format int             `json:"format"`
	Sum    string          `json:"sum"` // SHA-256 of State's bytes
	State  json.RawMessage `json:"state"`
}

const format = 1

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func (b *Book) read(country string) (State, error) {
	s, err := readFile(b.path(country), country, Frozen, Resuming)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if s, err = readFile(b.endPath(country), country, Served); err != nil { // nobody knows of an end
		s = State{Country: country, Stage: Served}
	}
	return s, nil
}

func readFile(name, country string, stages ...string) (State, error) {
	f, err := os.Open(name)
	if err != nil {
		return State{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostState))
	if err != nil {
		return State{}, err
	}
	return decode(text, country, stages...)
}

func decode(text []byte, country string, stages ...string) (s State, err error) {
	var k kept
	switch {
	case json.Unmarshal(text, &k) != nil:
		return State{}, errors.New("the file is damaged")
	case k.Format != format:
		return State{}, fmt.Errorf("the file is in format %d, this program knows %d", k.Format, format)
	case sum(k.State) != k.Sum:
		return State{}, errors.New("the file is damaged")
	}
	decoder := json.NewDecoder(bytes.NewReader(k.State))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil || s.Country != country || !slices.Contains(stages, s.Stage) {
		return State{}, errors.New("the file is damaged")
	}
	return s, nil
}

func encode(s State) ([]byte, error) {
	text, err := json.Marshal(s)
	if err == nil {
		text, err = json.Marshal(kept{format, sum(text), text})
	}
	return append(text, '\n'), err
}

// write puts the state in the place of the one before.
func (b *Book) write(name string, next State) (err error) {
	text, err := encode(next)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return errors.Join(syncDir(b.dir), syncDir(filepath.Dir(b.dir)))
}

// end removes the file of a freeze, and notes first that it is over. Without room for that note it ends all the same: only
// the restore of a backup from before asks for it, and freezes the country where there is none.
func (b *Book) end(next State) error {
	if !next.Resumed.IsZero() {
		_ = b.write(b.endPath(next.Country), next)
	}
	if err := os.Remove(b.path(next.Country)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(b.dir)
}

// syncDir brings to the disk which files a folder has.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
