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
)

// Place is where a restored backup goes.
type Place struct {
	Store     string // path of the data
	Countries map[string]PlaceOfKeys
	Released  map[string]string // folders of packs that come as releases, by their names
	Audit     string            // the log of who did what; "" for none
	Frozen    string            // the folder of which countries are frozen; "" for none
}

// PlaceOfKeys are the files of a country's keys, the keys that wrap what is in them, and the packs whose people they are of.
type PlaceOfKeys struct {
	Keys, Weeks string
	Wraps       []keys.CountryKey // newest first
	Packs       []string          // by name
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
	// Freezes are in the order of countries. What is held is counted by Restore, which may change what becomes of one.
	Freezes []RestoredFreeze

	before   func(step string) // of tests; nil: nothing
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
	if info, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s; a backup is one", folder)
	}
	body, err := os.ReadFile(filepath.Join(folder, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no backup, or was copied in part: it has no %s. %s", folder, manifestName, another)
	}
	if err != nil {
		return nil, err
	}
	if r.Manifest, err = readManifest(body); err != nil {
		return nil, fmt.Errorf("%s is no backup that can be restored: %w. %s", folder, err, another)
	}
	if err := r.verify(); err != nil {
		return nil, err
	}
	if err := r.readReleases(); err != nil {
		return nil, err
	}
	if err := r.readFrozen(); err != nil {
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
				return fmt.Errorf("the backup has keys of the country %s, which the configuration does not have. Nothing was changed here; put the country into the configuration", country)
			}
		}
	}
	for name := range r.place.Countries {
		if !have[name] {
			return fmt.Errorf("the backup has no keys of the country %s, which is in the configuration; without them nothing of it could be read. Nothing was changed here; "+
				"if the country is newer than the backup, take it out of the configuration for the restore", name)
		}
	}
	return nil
}

func sameFile(path string, want File) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there: the backup was copied in part. %s", path, another)
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	n, err := io.Copy(h, f)
	switch {
	case err != nil:
		return err
	case n != want.Bytes:
		return fmt.Errorf("%s is not as it was written: it has %d bytes and had %d. %s", path, n, want.Bytes, another)
	case hex.EncodeToString(h.Sum(nil)) != want.SHA256:
		return fmt.Errorf("%s is not as it was written: some of its bytes were changed. %s", path, another)
	}
	return nil
}

// another is what to do about a backup that is not whole.
const another = "Nothing was changed here. Copy the backup anew from where it was made, or take another one"

// gather collects the erasures of the backup, of newer backups, and of the files in place.
func (r *Restoring) gather(ctx context.Context, newer []string) error {
	for _, path := range append([]string{filepath.Join(r.folder, erasedName)}, newer...) {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		some, err := readErased(f)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("%s is no list of erasures, as the file %s of a backup is: %w. Nothing was changed here", path, erasedName, err)
		}
		r.erased = append(r.erased, some...)
	}
	here, err := r.hold(ctx)
	if err != nil {
		return err
	}
	r.Replaces, r.Unread = here.replaces, here.unread
	return here.close()
}

func (r *Restoring) countries() []string {
	var names []string
	for name := range r.place.Countries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func inUse(path string) error {
	return fmt.Errorf("%s is in use; end the process that serves, then restore", path)
}

// notOurs is the error where a file belongs to another user: what it knows of erasures must not be passed over.
func notOurs(path string, err error) error {
	return fmt.Errorf("%s cannot be opened by this user, so nothing was changed. Run this as the user who serves, or give them the file: %w", path, err)
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// rehearsal begins the names of folders in which keys are opened once, beside the real ones.
const rehearsal = ".rehearsal-"

// rehearse opens the sealed keys of every country beside the real ones: a backup whose week is gone is refused before
// anything was replaced.
func (r *Restoring) rehearse() error {
	return r.eachKeys(func(name string, p PlaceOfKeys, backup io.Reader, weeks *keys.Weeks) error {
		dir, err := os.MkdirTemp(filepath.Dir(p.Keys), rehearsal)
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		err = keys.Restore(filepath.Join(dir, name), backup, weeks, r.erased, name, p.Wraps, keys.Options{})
		if err != nil {
			err = fmt.Errorf("the keys of %s could not be opened to try them, and nothing was changed here: %w", name, err)
		}
		return err
	})
}

func (r *Restoring) eachKeys(do func(name string, p PlaceOfKeys, backup io.Reader, weeks *keys.Weeks) error) error {
	for _, name := range r.countries() {
		p := r.place.Countries[name]
		if !there(p.Weeks) {
			return fmt.Errorf("%s is not there: without the keys of the weeks no backup of keys can be opened; put the copy there that you keep apart from the backups", p.Weeks)
		}
		if err := os.MkdirAll(filepath.Dir(p.Keys), 0o700); err != nil {
			return err
		}
		weeks, err := keys.OpenWeeks(p.Weeks, name, p.Wraps, keys.Options{})
		switch {
		case errors.Is(err, keys.ErrLocked):
			return inUse(p.Weeks)
		case errors.Is(err, keys.ErrFormat):
			return fmt.Errorf("%w. Put the copy there that you keep apart from the backups", err)
		case errors.Is(err, fs.ErrPermission):
			return notOurs(p.Weeks, err)
		case err != nil:
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
			return fmt.Errorf("the keys of %s cannot be opened: the key of the week of %s was destroyed, as it is after 35 days, or %s is not the newest copy. "+
				"Put the newest copy there, or take a newer backup; nothing was changed here", name, r.Manifest.At.Format(time.DateOnly), p.Weeks)
		case errors.Is(err, keys.ErrCountryKey):
			return fmt.Errorf("the keys of %s cannot be opened: they were wrapped with a country key that is not among key and old_keys of the configuration. Name the key of that time there", name)
		case err != nil:
			return err
		}
	}
	return nil
}
