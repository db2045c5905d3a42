package release

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"baraza/engine"
	"baraza/engine/program"
)

// Shelf is the releases of one pack: those that are kept, and which of them serve. It is safe for concurrent use.
type Shelf struct {
	pack     string
	stay     time.Duration
	folder   *Folder
	standing *Standing
	serving  atomic.Pointer[Serving]

	mu   sync.Mutex
	kept map[string]*Kept // that were read, by hash
}

// Stay is how long conversations may stay on a release that serves no longer, unless a Shelf says otherwise.
const Stay = 14 * 24 * time.Hour

// OpenShelf opens the releases of a pack in a folder of their own, or makes it. Zero for stay stands for Stay. What serves
// must be whole; what served before and is not is left out.
func OpenShelf(dir, pack string, stay time.Duration) (*Shelf, error) {
	folder, err := OpenFolder(filepath.Join(dir, "kept"))
	if err != nil {
		return nil, err
	}
	s := &Shelf{pack: pack, stay: stay, folder: folder, kept: map[string]*Kept{}}
	if s.stay == 0 {
		s.stay = Stay
	}
	if s.standing, err = OpenStanding(filepath.Join(dir, "serving.json")); err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	if err := s.serve(s.standing.State()); err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return s, nil
}

// Close ends the use of the shelf.
func (s *Shelf) Close() error { return s.folder.Close() }

// Pack is whose releases they are.
func (s *Shelf) Pack() string { return s.pack }

// Serving is what serves now; nil where nothing was activated yet.
func (s *Shelf) Serving() *Serving { return s.serving.Load() }

// State is which releases serve and served.
func (s *Shelf) State() State { return s.standing.State() }

// Hashes are those of all releases that are kept.
func (s *Shelf) Hashes() ([]string, error) { return s.folder.List() }

// Keep keeps the release of a bundle; nothing else changes.
func (s *Shelf) Keep(bundle io.ReadSeeker) (*Kept, error) {
	k, err := s.folder.Install(bundle)
	if err != nil {
		return nil, err
	}
	return k, s.mine(k)
}

// Release gives one that is kept, by its hash.
func (s *Shelf) Release(hash string) (*Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.kept[hash]; k != nil {
		return k, nil
	}
	k, err := s.folder.Load(hash)
	if err != nil {
		return nil, err
	}
	engine.Prepare(k.Program)
	s.kept[hash] = k
	return k, s.mine(k)
}

// Find gives the one release that is kept whose hash begins so.
func (s *Shelf) Find(begin string) (*Kept, error) {
	hash, err := s.Whole(begin)
	if err != nil {
		return nil, err
	}
	return s.Release(hash)
}

func (s *Shelf) mine(k *Kept) error {
	if k.Manifest.Pack != s.pack {
		return fmt.Errorf("this is a release of the pack %q, not of %q", k.Manifest.Pack, s.pack)
	}
	return nil
}

// Change changes which releases serve, as the methods of State do. From the next message on, conversations find the new
// state; an error leaves all as it was.
func (s *Shelf) Change(change func(State) (State, error)) error {
	return s.standing.Change(func(now State) (State, error) {
		next, err := change(now)
		if err != nil {
			return now, err
		}
		_, err = s.made(next) // what cannot serve is not written down
		return next, err
	}, func(next State) { _ = s.serve(next) })
}

// serve has a state serve.
func (s *Shelf) serve(state State) error {
	made, err := s.made(state)
	if err == nil {
		s.serving.Store(made)
	}
	return err
}

// made is what serves by a state; nil for nothing.
func (s *Shelf) made(state State) (*Serving, error) {
	if state.Current == nil {
		return nil, nil
	}
	current, err := s.Release(state.Current.Release)
	if err != nil {
		return nil, err
	}
	out := &Serving{Current: current.Program, Earlier: s.earlier(state)}
	if c := state.Candidate; c != nil {
		tried, err := s.Release(c.Release)
		if err != nil {
			return nil, err
		}
		out.Candidate, out.Percent = tried.Program, c.Percent
		out.Testers = testers(c.Testers)
	}
	return out, nil
}

// earlier finds releases that served before by their programs.
func (s *Shelf) earlier(state State) func(hash string) (*program.Program, time.Time) {
	return func(hash string) (*program.Program, time.Time) {
		i := slices.IndexFunc(state.Earlier, func(e Served) bool { return e.Program == hash })
		if i < 0 {
			return nil, time.Time{}
		}
		k, err := s.Release(state.Earlier[i].Release)
		if err != nil {
			return nil, time.Time{}
		}
		return k.Program, state.Earlier[i].Left.Add(s.stay)
	}
}

// Open opens a file of the pack's folder, such as a medium: of what serves, else of what served before, since a message
// may have been written by an earlier release.
func (s *Shelf) Open(name string) (fs.File, error) {
	state := s.State()
	var all []string
	for _, one := range []*Served{state.Current, state.tried()} {
		if one != nil {
			all = append(all, one.Release)
		}
	}
	for _, e := range state.Earlier {
		all = append(all, e.Release)
	}
	for _, hash := range all {
		k, err := s.Release(hash)
		if err != nil {
			continue
		}
		files, err := fs.Sub(k.Sources, k.Manifest.Folder)
		if err != nil {
			continue
		}
		if f, err := files.Open(name); err == nil {
			return f, nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
