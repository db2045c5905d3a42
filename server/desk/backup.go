package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"regexp"
	"slices"
	"time"

	"baraza/engine/store"
)

// A backup is a folder: a copy of the data, a sealed copy of each country's keys, every erasure, the releases and what of
// them serves, the log of who did what, which countries are frozen, and a manifest. What lies in it of people says nothing to
// who does not have both the country's key and the key of the backup's week, and of neither it holds a copy. One of format 1
// has no releases and no log, one before format 3 does not say which countries were frozen.
const (
	backupFormat = 3
	manifestName = "manifest.json"
	dataName     = "store.db"
	erasedName   = "erased.json"
	keysEnding   = ".keys"
	frozenEnding = ".frozen.json" // of a country that is frozen, or was
)

// Manifest says what is in a backup.
type Manifest struct {
	Format int       `json:"format"`
	At     time.Time `json:"at"`
	Files  []File    `json:"files"`
	// Lacks are sentences about what could not be read and is not in it.
	Lacks []string `json:"lacks,omitempty"`
}

// File is one of a backup.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// erasedFile is the form of erased.json. A contact's key and the hashes say nothing to who has not the country's key.
type erasedFile struct {
	Erased []erasedLine `json:"erased"`
}

type erasedLine struct {
	Contact  string    `json:"contact"`
	At       time.Time `json:"at"`
	Suppress []string  `json:"suppress,omitempty"`
}

func erasedLines(all []store.Erasure) erasedFile {
	f := erasedFile{Erased: []erasedLine{}}
	for _, e := range all {
		line := erasedLine{Contact: e.Key.String(), At: e.At.UTC()}
		for _, h := range e.Suppress {
			line.Suppress = append(line.Suppress, h.String())
		}
		f.Erased = append(f.Erased, line)
	}
	return f
}

func readErased(r io.Reader) (all []store.Erasure, err error) {
	var f erasedFile
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if f.Erased == nil { // another file, and nobody of it would be erased
		return nil, errors.New("it names none, not even that there are none")
	}
	for _, line := range f.Erased {
		key, ok := ParseKey(line.Contact)
		if !ok {
			return nil, fmt.Errorf("%q is no contact", line.Contact)
		}
		e := store.Erasure{Key: key, At: line.At}
		for _, text := range line.Suppress {
			h, ok := ParseKey(text)
			if !ok {
				return nil, fmt.Errorf("%q is no hash", text)
			}
			e.Suppress = append(e.Suppress, store.Hash(h))
		}
		all = append(all, e)
	}
	return all, nil
}

// erased are the erasures that data and keys know of. One of them may be behind by a moment.
func (d *Desk) erased(ctx context.Context) ([]store.Erasure, error) {
	all, err := d.Store.Tombstones(ctx, time.Time{})
	if errors.Is(err, store.ErrDamaged) { // the keys know of it too, and a backup is worth more than the damage
		d.log.Error("an erasure cannot be read", "error", err)
	} else if err != nil {
		return nil, err
	}
	for _, name := range d.countryNames() {
		all = append(all, d.Countries[name].Ring.Erased()...)
	}
	return unique(all), nil
}

// unique leaves one of each erasure, the one with the most suppressed identities.
func unique(all []store.Erasure) []store.Erasure {
	type moment struct {
		key store.Key
		ms  int64
	}
	at := map[moment]int{}
	var out []store.Erasure
	for _, e := range all {
		m := moment{e.Key, e.At.UnixMilli()}
		i, ok := at[m]
		if !ok {
			i, at[m] = len(out), len(out)
			out = append(out, store.Erasure{Key: e.Key, At: e.At})
		}
		for _, h := range e.Suppress {
			if !slices.Contains(out[i].Suppress, h) {
				out[i].Suppress = append(out[i].Suppress, h)
			}
		}
	}
	return out
}

// eachPart writes the parts of a backup, one after the other: the data, then the keys, so that the keys of all that is in
// the data are there, the releases for the same reason, then the erasures, so that none is missing that keys or data had met by
// then, and as the last how countries stand, so that one that was frozen meanwhile is.
func (d *Desk) eachPart(ctx context.Context, m *Manifest, part func(name string) (io.Writer, error)) error {
	w, err := part(dataName)
	if err != nil {
		return err
	}
	d.copying.RLock() // waits for a compaction that is under way
	defer d.copying.RUnlock()
	if _, err := d.Store.Backup(ctx, w); err != nil {
		return err
	}
	for _, name := range d.countryNames() {
		if w, err = part(name + keysEnding); err != nil {
			return err
		}
		c := d.Countries[name]
		if err := c.Ring.Backup(ctx, w, c.Weeks, m.At); err != nil {
			return err
		}
	}
	if err := d.releasedParts(m, part); err != nil {
		return err
	}
	if err := d.auditPart(m, part); err != nil {
		return err
	}
	all, err := d.erased(ctx)
	if err != nil {
		return err
	}
	if w, err = part(erasedName); err != nil {
		return err
	}
	if err := json.NewEncoder(w).Encode(erasedLines(all)); err != nil {
		return err
	}
	return d.frozenParts(part)
}

// counted is a writer that measures.
type counted struct {
	to   io.Writer
	n    int64
	hash hash.Hash
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	c.hash.Write(b[:n])
	return n, err
}

func (c *counted) file(name string) File { return File{name, c.n, hex.EncodeToString(c.hash.Sum(nil))} }

// stalled is how long the one who asked for a backup may take none of it. A copy that is being read keeps the store from
// using its free pages again.
const stalled = time.Minute

// patient is a writer that gives up on a reader who takes nothing.
type patient struct {
	to   io.Writer
	line *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	// Within a process there is no line, and so no deadline.
	_ = p.line.SetWriteDeadline(time.Now().Add(stalled))
	return p.to.Write(b)
}

// serveBackup streams the parts with the manifest as the last: an answer without one is cut off. It is streamed, not
// written here, since the one who serves may be kept from the folder where backups lie.
func (d *Desk) serveBackup(w http.ResponseWriter, r *http.Request) error {
	var in None
	if err := readBody(r, &in); err != nil {
		return err
	}
	if err := d.wholeMachine(); err != nil {
		return err
	}
	doingOf(r.Context()).asked = true
	if err := doingOf(r.Context()).leaves(); err != nil {
		return err
	}
	parts := multipart.NewWriter(&patient{w, http.NewResponseController(w)})
	w.Header().Set("Content-Type", parts.FormDataContentType())
	manifest := Manifest{Format: backupFormat, At: d.now().UTC()}
	var now *counted
	var name string
	finish := func() {
		if now != nil {
			manifest.Files = append(manifest.Files, now.file(name))
		}
	}
	open := func(next string) (io.Writer, error) {
		return parts.CreatePart(textproto.MIMEHeader{"Content-Disposition": {mime.FormatMediaType("form-data", map[string]string{"name": next})}})
	}
	err := d.eachPart(r.Context(), &manifest, func(next string) (io.Writer, error) {
		finish()
		to, err := open(next)
		now, name = &counted{to: to, hash: sha256.New()}, next
		return now, err
	})
	if err == nil {
		finish()
		var to io.Writer
		if to, err = open(manifestName); err == nil {
			err = json.NewEncoder(to).Encode(manifest)
		}
	}
	if err == nil {
		err = parts.Close()
	}
	if err != nil {
		d.log.Error("a backup was cut off", "error", err)
		panic(http.ErrAbortHandler) // the status has gone out: only a broken line can say it
	}
	d.log.Info("a backup was made", "files", len(manifest.Files))
	return nil
}

var partName = regexp.MustCompile(`^(store\.db|erased\.json|manifest\.json|audit\.log|[a-z][a-z0-9_-]{0,31}\.(?:keys|frozen\.json)|[a-z][a-z0-9_-]{0,63}\.serving\.json|[0-9a-f]{64}\.bundle)$`)

func readManifest(body []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return m, errors.New("its manifest cannot be read")
	}
	if m.Format < 1 || m.Format > backupFormat {
		return m, fmt.Errorf("it has format %d, this program knows those up to %d: a newer version made it", m.Format, backupFormat)
	}
	for _, f := range m.Files {
		if !partName.MatchString(f.Name) || f.Name == manifestName {
			return m, fmt.Errorf("its manifest names a file %q, which is none of a backup", f.Name)
		}
	}
	for _, needed := range []string{dataName, erasedName} {
		if !slices.ContainsFunc(m.Files, func(f File) bool { return f.Name == needed }) {
			return m, fmt.Errorf("it has no %s", needed)
		}
	}
	return m, nil
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
