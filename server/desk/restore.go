package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"baraza/engine/keys"
	"baraza/engine/store"
	"baraza/engine/store/boltstore"
)

// Place is where a restored backup goes.
type Place struct {
	Store     string // path of the data
	Countries map[string]PlaceOfKeys
	Released  map[string]string // folders of packs that come as releases, by their names
	Audit     string            // the log of who did what; "" for none
}

// PlaceOfKeys are the files of a country's keys, and the keys that wrap what is in them.
type PlaceOfKeys struct {
	Keys, Weeks string
	Wraps       []keys.CountryKey // newest first
}

// Restoring is a backup that was read and can be put in place.
type Restoring struct {
	Manifest Manifest
	// Replaces are the files there that will be replaced.
	Replaces []string
	// Erased is how many erasures are carried out anew, those of the files that are replaced among them.
	Erased int
	// Unread says which of the files that are replaced could not tell its erasures.
	Unread []string
	// Left are packs whose releases stay in the backup, since the configuration has none of them.
	Left []string
	// Serves are packs of which the backup says what serves, for nothing there did. Restore fills it in.
	Serves []string

	released map[string]*releasedBackup
	folder   string
	place    Place
	erased   []store.Erasure
}

// ReadBackup looks at a backup before anything is changed: whether it is whole, can be opened with the keys at hand,
// and what it would replace. newer are files erased.json of later backups: after the loss of a disk they know of
// erasures that nothing else remembers. Nobody may serve.
func ReadBackup(ctx context.Context, folder string, place Place, newer []string) (*Restoring, error) {
	r := &Restoring{folder: folder, place: place}
	body, err := os.ReadFile(filepath.Join(folder, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no backup: it has no %s", folder, manifestName)
	}
	if err != nil {
		return nil, err
	}
	if r.Manifest, err = readManifest(body); err != nil {
		return nil, fmt.Errorf("%s is no backup that can be restored: %w", folder, err)
	}
	if err := r.verify(); err != nil {
		return nil, err
	}
	if err := r.readReleases(); err != nil {
		return nil, err
	}
	if err := r.gather(ctx, newer); err != nil {
		return nil, err
	}
	return r, r.rehearse()
}

// verify compares every file with the manifest, and the countries with those of the place.
func (r *Restoring) verify() error {
	have := map[string]bool{}
	for _, f := range r.Manifest.Files {
		if err := sameFile(filepath.Join(r.folder, f.Name), f); err != nil {
			return err
		}
		if country, ok := strings.CutSuffix(f.Name, keysEnding); ok {
			have[country] = true
			if _, known := r.place.Countries[country]; !known {
				return fmt.Errorf("the backup has keys of the country %s, which the configuration does not have", country)
			}
		}
	}
	for name := range r.place.Countries {
		if !have[name] {
			return fmt.Errorf("the backup has no keys of the country %s, which is in the configuration; without them nothing of it could be read", name)
		}
	}
	return nil
}

func sameFile(path string, want File) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	if n != want.Bytes || hex.EncodeToString(h.Sum(nil)) != want.SHA256 {
		return fmt.Errorf("%s is not as it was written: it has %d bytes, or others than the manifest says", path, n)
	}
	return nil
}

// gather collects the erasures of the backup, of the files in place and of newer backups.
func (r *Restoring) gather(ctx context.Context, newer []string) error {
	for _, path := range append([]string{filepath.Join(r.folder, erasedName)}, newer...) {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		some, err := readErased(f)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("%s is no list of erasures: %w", path, err)
		}
		r.erased = append(r.erased, some...)
	}
	if there(r.place.Store) {
		r.Replaces = append(r.Replaces, r.place.Store)
		some, err := erasedInStore(ctx, r.place.Store)
		if errors.Is(err, store.ErrLocked) {
			return inUse(r.place.Store)
		}
		if err != nil {
			r.Unread = append(r.Unread, r.place.Store)
		}
		r.erased = append(r.erased, some...)
	}
	for _, name := range r.countries() {
		p := r.place.Countries[name]
		if !there(p.Keys) {
			continue
		}
		r.Replaces = append(r.Replaces, p.Keys)
		ring, err := keys.Open(p.Keys, name, p.Wraps, keys.Options{})
		if errors.Is(err, keys.ErrLocked) {
			return inUse(p.Keys)
		}
		if err != nil {
			r.Unread = append(r.Unread, p.Keys)
			continue
		}
		r.erased = append(r.erased, ring.Erased()...)
		if err := ring.Close(); err != nil {
			return err
		}
	}
	r.erased = unique(r.erased)
	r.Erased = len(r.erased)
	return nil
}

func (r *Restoring) countries() []string {
	var names []string
	for name := range r.place.Countries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func erasedInStore(ctx context.Context, path string) ([]store.Erasure, error) {
	s, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		return nil, err
	}
	some, err := s.Tombstones(ctx, time.Time{})
	if closed := s.Close(); err == nil {
		err = closed
	}
	return some, err
}

func inUse(path string) error {
	return fmt.Errorf("%s is in use; end the process that serves, then restore", path)
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// rehearse opens the sealed keys of every country beside the real ones: a backup whose week is gone is refused before
// anything was replaced.
func (r *Restoring) rehearse() error {
	return r.eachKeys(func(name string, p PlaceOfKeys, backup io.Reader, weeks *keys.Weeks) error {
		dir, err := os.MkdirTemp(filepath.Dir(p.Keys), ".rehearsal-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		return keys.Restore(filepath.Join(dir, name), backup, weeks, r.erased, name, p.Wraps, keys.Options{})
	})
}

func (r *Restoring) eachKeys(do func(name string, p PlaceOfKeys, backup io.Reader, weeks *keys.Weeks) error) error {
	for _, name := range r.countries() {
		p := r.place.Countries[name]
		if err := os.MkdirAll(filepath.Dir(p.Keys), 0o700); err != nil {
			return err
		}
		if !there(p.Weeks) {
			return fmt.Errorf("%s is not there: without the keys of the weeks no backup of keys can be opened; put the copy there that you keep apart from the backups", p.Weeks)
		}
		weeks, err := keys.OpenWeeks(p.Weeks, name, p.Wraps, keys.Options{})
		if errors.Is(err, keys.ErrLocked) {
			return inUse(p.Weeks)
		}
		if err != nil {
			return err
		}
		f, err := os.Open(filepath.Join(r.folder, name+keysEnding))
		if err == nil {
			err = do(name, p, f, weeks)
			_ = f.Close()
		}
		_ = weeks.Close()
		switch {
		case errors.Is(err, keys.ErrWeek):
			return fmt.Errorf("the keys of %s cannot be opened: the key of the week of %s was destroyed, as it is after 35 days, or %s is not the newest copy",
				name, r.Manifest.At.Format(time.DateOnly), p.Weeks)
		case errors.Is(err, keys.ErrCountryKey):
			return fmt.Errorf("the keys of %s cannot be opened: they were wrapped with a country key that is not among key and old_keys of the configuration", name)
		case err != nil:
			return err
		}
	}
	return nil
}

// Restore puts the backup in place: the data first, then the keys, then releases and the log of who did what. Should it be cut off in between, restore again:
// the erasures of files that were replaced are in those that replaced them. What is replaced is not kept. Messages
// that waited are dead letters, for they may have gone out since.
func (r *Restoring) Restore(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(r.place.Store), 0o700); err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(r.folder, dataName))
	if err != nil {
		return err
	}
	err = boltstore.Restore(ctx, r.place.Store, f, r.erased, boltstore.Options{})
	_ = f.Close()
	if err != nil {
		return err
	}
	err = r.eachKeys(func(name string, p PlaceOfKeys, backup io.Reader, weeks *keys.Weeks) error {
		return keys.Restore(p.Keys, backup, weeks, r.erased, name, p.Wraps, keys.Options{})
	})
	if err != nil {
		return err
	}
	if err := r.restoreReleases(); err != nil {
		return err
	}
	return r.restoreAudit()
}
