package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Bundle writes the bundle of a release that is kept, with the bytes it came in.
func (f *Folder) Bundle(w io.Writer, hash string) error {
	m, err := f.manifest(hash)
	if err != nil {
		return err
	}
	compiled, err := f.read(path.Join(hash, programName), MaxProgram)
	if err != nil {
		return damaged(hash, err)
	}
	sources, err := fs.Sub(f.root.FS(), path.Join(hash, sourcesDir))
	if err != nil {
		return err
	}
	p := &Pack{Files: sources}
	if err := p.write(w, m, compiled); errors.Is(err, errChanged) || errors.Is(err, fs.ErrNotExist) {
		return damaged(hash, err)
	} else if err != nil {
		return err
	}
	return nil
}

// A Copy is what a backup has of a shelf besides bundles: which releases serve, and what was noted of each.
type Copy struct {
	State State           `json:"state"`
	Notes map[string]Note `json:"notes"`
}

// Copy gives what serves now and the notes of all that is kept. Every release that it names can be read as a bundle until it is
// forgotten.
func (s *Shelf) Copy() (Copy, error) {
	c := Copy{State: s.State(), Notes: map[string]Note{}}
	all, err := s.Hashes()
	for _, hash := range all {
		n, err := s.Note(hash)
		if err != nil && !errors.Is(err, ErrNotKept) {
			return c, err
		}
		if err == nil {
			c.Notes[hash] = n
		}
	}
	return c, err
}

// Bundle writes the bundle of a release that is kept.
func (s *Shelf) Bundle(w io.Writer, hash string) error { return s.folder.Bundle(w, hash) }

// Check reads everything of a release that is kept, and says what of it was damaged.
func (s *Shelf) Check(hash string) error { return s.folder.Check(hash) }

// ReadCopy reads a Copy as JSON.
func ReadCopy(text []byte) (c Copy, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, err
	}
	if c.State.Format != stateFormat {
		return c, fmt.Errorf("it is in format %d, this program knows %d", c.State.Format, stateFormat)
	}
	return c, nil
}

// Restore puts releases back into the folder of a shelf that nobody has open: those of bundles, and what served where nothing
// there says it. What serves there already stays: releases are not taken back because conversations are. It tells whether it
// said what serves.
func Restore(dir string, c Copy, bundles []func() (io.ReadSeekCloser, error)) (said bool, err error) {
	folder, err := OpenFolder(filepath.Join(dir, "kept"))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	for _, open := range bundles {
		if err := folder.restore(open, c.Notes); err != nil {
			return false, err
		}
	}
	standing, err := OpenStanding(filepath.Join(dir, "serving.json"))
	if err == nil && standing.State().Current != nil {
		return false, nil
	}
	if err != nil { // it cannot be read: what stands in the backup is better than nothing
		if err := os.Remove(filepath.Join(dir, "serving.json")); err != nil {
			return false, err
		}
		if standing, err = OpenStanding(filepath.Join(dir, "serving.json")); err != nil {
			return false, err
		}
	}
	return true, standing.Change(func(State) (State, error) { return c.State, nil }, nil)
}

func (f *Folder) restore(open func() (io.ReadSeekCloser, error), notes map[string]Note) error {
	in, err := open()
	if err != nil {
		return err
	}
	defer in.Close()
	k, err := f.Install(in)
	if err != nil {
		return err
	}
	if n, ok := notes[k.Hash]; ok {
		return f.note(k.Hash, n)
	}
	return nil
}
