package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"baraza/engine/keys"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// inPlace are the files that a restore replaces, open so that no process serves them meanwhile.
type inPlace struct {
	replaces []string // that are there
	unread   []string // those of them that could not be opened
	closes   []io.Closer
}

func (h *inPlace) close() error {
	var all error
	for _, c := range h.closes {
		all = errors.Join(all, c.Close())
	}
	h.closes = nil
	return all
}

// hold opens the files in place, and adds the erasures that they know of.
func (r *Restoring) hold(ctx context.Context) (h *inPlace, err error) {
	h = &inPlace{}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if there(r.place.Store) {
		h.replaces = append(h.replaces, r.place.Store)
		s, err := boltstore.Open(r.place.Store, boltstore.Options{})
		switch {
		case errors.Is(err, store.ErrLocked):
			return h, inUse(r.place.Store)
		case errors.Is(err, fs.ErrPermission):
			return h, notOurs(r.place.Store, err)
		}
		var some []store.Erasure
		if err == nil {
			h.closes = append(h.closes, s)
			some, err = s.Tombstones(ctx, time.Time{})
		}
		if err != nil {
			h.unread = append(h.unread, r.place.Store)
		}
		r.erased = append(r.erased, some...)
	}
	for _, name := range r.countries() {
		p := r.place.Countries[name]
		if !there(p.Keys) {
			continue
		}
		h.replaces = append(h.replaces, p.Keys)
		ring, err := keys.Open(p.Keys, name, p.Wraps, keys.Options{})
		switch {
		case errors.Is(err, keys.ErrLocked):
			return h, inUse(p.Keys)
		case errors.Is(err, fs.ErrPermission):
			return h, notOurs(p.Keys, err)
		}
		if err != nil {
			h.unread = append(h.unread, p.Keys)
			continue
		}
		h.closes = append(h.closes, ring)
		r.erased = append(r.erased, ring.Erased()...)
	}
	r.erased = unique(r.erased)
	r.Erased = len(r.erased)
	return h, nil
}

// staged ends the names of files that are ready to take their place.
const staged = ".restored"

// Restore puts the backup in place. All that takes long is done beside the real files, which are whole until then. Then
// the data comes first, then the keys, then releases and the log of who did what; while that is under way, a note keeps
// everybody from serving (CutOff), and should it be cut off, restore again: the erasures of files that were replaced are in
// those that replaced them. What is replaced is not kept. Messages that waited are dead letters, for they may have gone out
// since.
func (r *Restoring) Restore(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(r.place.Store), 0o700); err != nil {
		return err
	}
	here, err := r.hold(ctx)
	if err == nil {
		err = r.stage(ctx)
	}
	if err == nil {
		err = r.begin(here)
	}
	if err != nil {
		ClearStaged(r.place.Store, r.keyFiles())
		return fmt.Errorf("nothing was replaced: %w", errors.Join(err, here.close()))
	}
	err = errors.Join(r.replace(), here.close())
	for _, step := range []func() error{r.restoreReleases, r.restoreAudit, func() error { return removed(cutOffPath(r.place.Store)) }} {
		if err == nil {
			r.comes("replaced")
			err = step()
		}
	}
	r.comes("done")
	if err != nil {
		return fmt.Errorf("the restore stopped in the middle, and nobody can serve until it is done: mend this, and run the same command again: %w", err)
	}
	return nil
}

// comes tells a test which step comes next.
func (r *Restoring) comes(step string) {
	if r.before != nil {
		r.before(step)
	}
}

// stage makes data and keys ready beside the real ones, and finds out what of the data is held.
func (r *Restoring) stage(ctx context.Context) error {
	ClearStaged(r.place.Store, r.keyFiles())
	r.comes("data")
	f, err := os.Open(filepath.Join(r.folder, dataName))
	if err != nil {
		return err
	}
	err = boltstore.Restore(ctx, r.place.Store+staged, f, r.erased, boltstore.Options{})
	_ = f.Close()
	if err == nil {
		err = r.countHeld(ctx, r.place.Store+staged)
	}
	if err != nil {
		return err
	}
	r.foretell()
	r.comes("keys")
	return r.eachKeys(func(name string, p PlaceOfKeys, backup io.Reader, weeks *keys.Weeks) error {
		return keys.Restore(p.Keys+staged, backup, weeks, r.erased, name, p.Wraps, keys.Options{})
	})
}

// begin makes sure that nobody has the place, and writes down that it is being replaced and how countries stand: one that is
// to be frozen is before its data is there.
func (r *Restoring) begin(here *inPlace) error {
	if len(here.replaces) == 0 || here.replaces[0] != r.place.Store { // there was no data
		if there(r.place.Store) {
			return fmt.Errorf("somebody has begun to serve here meanwhile: %w", inUse(r.place.Store))
		}
	}
	r.comes("note")
	path := cutOffPath(r.place.Store)
	again := there(path) // an earlier one was cut off: its note stands until this one is done
	if err := r.note(path); err != nil {
		return err
	}
	r.comes("freezes")
	err := r.restoreFrozen()
	if err != nil && !again {
		err = errors.Join(err, removed(path))
	}
	return err
}

// note writes the note of this restore in the place of an earlier one.
func (r *Restoring) note(path string) error {
	folder, err := filepath.Abs(r.folder)
	if err != nil {
		return err
	}
	text, err := json.Marshal(cutOffNote{Backup: folder, At: time.Now().UTC()})
	if err != nil {
		return err
	}
	if err := removed(path + ".new"); err != nil { // of one that was killed
		return err
	}
	if _, err := writeFile(path+".new", bytes.NewReader(text)); err != nil {
		return errors.Join(err, os.Remove(path+".new"))
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// replace gives the files their places.
func (r *Restoring) replace() error {
	for _, path := range append([]string{r.place.Store}, r.keyFiles()...) {
		r.comes("replace " + filepath.Base(path))
		if err := os.Rename(path+staged, path); err != nil {
			return err
		}
		if err := syncDir(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return nil
}

func (r *Restoring) keyFiles() (all []string) {
	for _, name := range r.countries() {
		all = append(all, r.place.Countries[name].Keys)
	}
	return all
}

// cutOffNote is the form of the note that a restore is under way.
type cutOffNote struct {
	Backup string    `json:"backup"`
	At     time.Time `json:"at"`
}

func cutOffPath(store string) string { return filepath.Join(filepath.Dir(store), "restoring.json") }

// CutOff is the error where a restore was cut off between the data at a path and its keys; nil where none was. Whoever asks
// has the data open, or a restore may be under way.
func CutOff(store string) error {
	text, err := os.ReadFile(cutOffPath(store))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	folder := "DIR"
	var note cutOffNote
	if err == nil && json.Unmarshal(text, &note) == nil && note.Backup != "" {
		folder = note.Backup
	}
	return fmt.Errorf("a restore into %s was cut off in the middle, or is under way. Data and keys may not belong together, and nobody can serve until it is done: "+
		"baraza store restore %s, or with another backup", filepath.Dir(store), folder)
}

// ClearStaged removes what a restore or a change of keys that was killed left beside data and keys: a person who is erased
// later would still be in it. Nobody else may have the data open.
func ClearStaged(store string, keyFiles []string) {
	left := []string{store + staged, store + ".restore", store + staged + ".restore", store + staged + ".restore.compact"}
	for _, path := range keyFiles {
		left = append(left, path+staged, path+".restore", path+staged+".restore", path+".new")
		rehearsals, _ := filepath.Glob(filepath.Join(filepath.Dir(path), rehearsal+"*"))
		left = append(left, rehearsals...)
	}
	for _, path := range left {
		_ = os.RemoveAll(path)
	}
}

// removed removes a file for good.
func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}
