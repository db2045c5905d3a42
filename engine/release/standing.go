package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Standing keeps the State of a pack in a file. Whoever reads it after the process was killed finds the state before a
// change or the one after it. It is safe for concurrent use in one process; that no other has the file is for the store's
// lock to see to.
type Standing struct {
	path  string
	mu    sync.Mutex
	state State
}

// mostState is the most that is read of a state.
const mostState = 1 << 20

// OpenStanding reads the state at path; where there is no file, nothing serves yet.
func OpenStanding(path string) (*Standing, error) {
	s := &Standing{path: path, state: State{Format: stateFormat}}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mostState))
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s.state); err != nil {
		return nil, fmt.Errorf("%s does not say which release serves: %w; put the file of a backup in its place", path, err)
	}
	if s.state.Format != stateFormat {
		return nil, fmt.Errorf("%s is in format %d, this program knows %d", path, s.state.Format, stateFormat)
	}
	return s, nil
}

// State is what serves now.
func (s *Standing) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Change replaces the state by what change makes of it, on the disk first; then is called with the new state before
// anybody else can change it. An error leaves everything as it was.
func (s *Standing) Change(change func(State) (State, error), then func(State)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, err := change(s.state)
	if err != nil {
		return err
	}
	if err := s.write(next); err != nil {
		return err
	}
	s.state = next
	if then != nil {
		then(next)
	}
	return nil
}

// write puts the state in the place of the one before.
func (s *Standing) write(next State) (err error) {
	text, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(s.path)
	f, err := os.CreateTemp(dir, filepath.Base(s.path)+".new")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}

// syncDir brings to the disk which files a folder has.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
