package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"baraza/engine/release"
	"baraza/server/audit"
)

// Parts of a backup besides data and keys. Releases are no secret, and the log of who did what names people by keyed hashes.
const (
	servingEnding = ".serving.json" // of a pack: what serves, and what was noted of each release
	bundleEnding  = ".bundle"       // of a release, by its hash
	auditName     = "audit.log"
)

// eachReleased are the packs that come as releases, by name.
func (d *Desk) eachReleased(visit func(name string, p ReleasedPack) error) error {
	all := map[string]ReleasedPack{}
	for _, c := range d.Countries {
		maps.Copy(all, c.Released)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := visit(name, all[name]); err != nil {
			return err
		}
	}
	return nil
}

// releasedParts come after the data: every release that a conversation in it is on is among them, for one is forgotten only
// when nobody is on it, and none while a backup is made.
func (d *Desk) releasedParts(m *Manifest, part func(name string) (io.Writer, error)) error {
	return d.eachReleased(func(name string, p ReleasedPack) error {
		c, err := p.Shelf.Copy()
		if err != nil {
			return err
		}
		w, err := part(name + servingEnding)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(w).Encode(c); err != nil {
			return err
		}
		for _, hash := range slices.Sorted(maps.Keys(c.Notes)) {
			switch err := p.Shelf.Check(hash); {
			case errors.Is(err, release.ErrNotKept):
				continue // forgotten since
			case err != nil: // the people in the data are worth more than a whole shelf
				d.log.Error("a release is not in the backup", "pack", name, "error", err)
				m.Lacks = append(m.Lacks, fmt.Sprintf("a release of %s: %v", name, err))
				continue
			}
			if w, err = part(hash + bundleEnding); err != nil {
				return err
			}
			if err := p.Shelf.Bundle(w, hash); err != nil {
				return err
			}
		}
		return nil
	})
}

// auditPart is the log of who did what. That it cannot be read keeps nobody from a backup.
func (d *Desk) auditPart(m *Manifest, part func(name string) (io.Writer, error)) error {
	if d.Audit == nil {
		return nil
	}
	if err := d.Audit.Ready(); err != nil {
		d.log.Error("the log of who did what is not in the backup", "error", err)
		m.Lacks = append(m.Lacks, fmt.Sprintf("the log of who did what: %v", err))
		return nil
	}
	w, err := part(auditName)
	if err != nil {
		return err
	}
	return d.Audit.Copy(w)
}

// releasedBackup is what a backup has of one pack.
type releasedBackup struct {
	copy    release.Copy
	bundles []string // paths
}

// readReleases reads all of the releases in a backup, so that what is damaged is refused before anything was changed.
func (r *Restoring) readReleases() error {
	r.released = map[string]*releasedBackup{}
	for _, f := range r.Manifest.Files {
		pack, ok := strings.CutSuffix(f.Name, servingEnding)
		if !ok {
			continue
		}
		if r.place.Released[pack] == "" {
			r.Left = append(r.Left, pack)
			continue
		}
		text, err := os.ReadFile(filepath.Join(r.folder, f.Name))
		if err != nil {
			return err
		}
		c, err := release.ReadCopy(text)
		if err != nil {
			return fmt.Errorf("%s does not say which release serves: %w", f.Name, err)
		}
		r.released[pack] = &releasedBackup{copy: c}
	}
	for _, f := range r.Manifest.Files {
		hash, ok := strings.CutSuffix(f.Name, bundleEnding)
		if !ok {
			continue
		}
		path := filepath.Join(r.folder, f.Name)
		b, err := bundleIn(path)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if b.Hash != hash {
			return fmt.Errorf("%s is another release than its name says", f.Name)
		}
		if one := r.released[b.Manifest.Pack]; one != nil {
			one.bundles = append(one.bundles, path)
		}
	}
	return nil
}

func bundleIn(path string) (*release.Bundle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return release.Read(f)
}

// restoreReleases puts them in place, once data and keys are.
func (r *Restoring) restoreReleases() error {
	for _, pack := range slices.Sorted(maps.Keys(r.released)) {
		one := r.released[pack]
		var bundles []func() (io.ReadSeekCloser, error)
		for _, path := range one.bundles {
			bundles = append(bundles, func() (io.ReadSeekCloser, error) { return os.Open(path) })
		}
		if err := os.MkdirAll(r.place.Released[pack], 0o700); err != nil {
			return err
		}
		said, err := release.Restore(r.place.Released[pack], one.copy, bundles)
		if err != nil {
			return fmt.Errorf("the releases of %s: %w", pack, err)
		}
		if said {
			r.Serves = append(r.Serves, pack)
		}
	}
	return nil
}

// restoreAudit puts the log in place where there is none. One that is there is newer, and never goes back.
func (r *Restoring) restoreAudit() error {
	has := slices.ContainsFunc(r.Manifest.Files, func(f File) bool { return f.Name == auditName })
	if !has || r.place.Audit == "" {
		return nil
	}
	in, err := os.Open(filepath.Join(r.folder, auditName))
	if err != nil {
		return err
	}
	defer in.Close()
	err = audit.Restore(r.place.Audit, in)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
