// Package release keeps compiled packs as they were released. A bundle is one file with everything of a release: what
// the pack was written as, its media, and the compiled program. It is made so that the same pack gives the same bytes,
// and its hash names it. A bundle from elsewhere is refused as a whole before any of it is written; what is kept in a
// Folder is complete or not there. Who may release is said by signatures (Sign, Verify) that lie beside the bundle.
//
// A bundle is a tar archive without compression, so that nothing in it can grow, and with one way to write it:
//
//	release.json       the manifest: what it is a release of, and each other file with its size and SHA-256
//	program.json       the program, in the format that its first field names
//	sources/ec/…       the pack's files by name, libraries beside it; the folder of the pack stands in the manifest
//
// The hash of a release is the SHA-256 of its manifest, and so of everything.
package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"baraza/engine/program"
)

// Format of bundles. A reader refuses a later one.
const Format = 1

// What a bundle may be at most. Everything is counted while it is read.
const (
	MaxFiles    = 20_000
	MaxFile     = 100 << 20 // bytes of one file
	MaxBytes    = 1 << 30   // of all files together
	MaxManifest = 8 << 20
	MaxProgram  = 64 << 20
	maxName     = 255  // bytes of a whole name
	maxText     = 1000 // bytes of a title and the like
)

// Names within a bundle.
const (
	manifestName = "release.json"
	programName  = "program.json"
	sourcesDir   = "sources"
)

var (
	// ErrRefused is the error of what is no bundle that this package would write.
	ErrRefused = errors.New("this is no sound bundle")
	// ErrCut: the end is missing.
	ErrCut = errors.New("the bundle is cut off; copy it again")
	// ErrNewer: a later build made it.
	ErrNewer = errors.New("a newer baraza made this bundle; update this one")
	// ErrNotKept: there is no release of this hash.
	ErrNotKept = errors.New("no such release is kept")
)

// refused is ErrRefused with the reason.
func refused(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRefused}, args...)...)
}

// Manifest says what a release is of and what belongs to it.
type Manifest struct {
	Format    int      `json:"format"`
	Pack      string   `json:"pack"`
	Title     string   `json:"title"`
	Country   string   `json:"country"`
	Languages []string `json:"languages"`
	Example   bool     `json:"example"` // made-up contacts: not for people
	Program   string   `json:"program"` // the program's own hash, which sessions carry
	Folder    string   `json:"folder"`  // of the pack, below sources
	Files     []File   `json:"files"`   // the program first, then the sources by name
}

// File is one file of a release.
type File struct {
	Name   string `json:"name"` // within the bundle
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Hash names the release: 64 hex characters.
func (m *Manifest) Hash() string {
	sum := sha256.Sum256(m.bytes())
	return hex.EncodeToString(sum[:])
}

// bytes are the one way in which a manifest is written.
func (m *Manifest) bytes() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(m); err != nil {
		panic(err) // unreachable: texts and numbers alone
	}
	return b.Bytes()
}

// readManifest takes what bytes would write, and nothing else.
func readManifest(b []byte) (*Manifest, error) {
	var newer struct{ Format int }
	if json.Unmarshal(b, &newer) == nil && newer.Format > Format {
		return nil, ErrNewer
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var m Manifest
	if err := d.Decode(&m); err != nil || m.Format != Format || !bytes.Equal(m.bytes(), b) {
		return nil, refused("its manifest cannot be read")
	}
	return &m, m.check()
}

// check looks at everything that a manifest says before anything of it is believed.
func (m *Manifest) check() error {
	if len(m.Files) == 0 || m.Files[0].Name != programName {
		return refused("it has no program")
	}
	if m.Files[0].Size > MaxProgram {
		return refused("its program is larger than %d MB", MaxProgram>>20)
	}
	if len(m.Files) > MaxFiles {
		return refused("it has more than %d files", MaxFiles)
	}
	for _, text := range append([]string{m.Pack, m.Title, m.Country, m.Program}, m.Languages...) {
		if text == "" || len(text) > maxText || strings.ContainsFunc(text, isUnseen) {
			return refused("%q is no word that people can be shown", clip(text))
		}
	}
	if !fs.ValidPath(m.Folder) || m.Folder == "." || strings.Contains(m.Folder, "/") {
		return refused("its pack has no folder")
	}
	var names nameSet
	var total int64
	for i := range m.Files {
		f := &m.Files[i]
		if i > 0 && !strings.HasPrefix(f.Name, sourcesDir+"/") {
			return refused("%q belongs to no pack", clip(f.Name))
		}
		if i > 1 && m.Files[i-1].Name >= f.Name {
			return refused("%q stands in the wrong place, or twice", clip(f.Name))
		}
		if err := names.add(f.Name); err != nil {
			return err
		}
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != sha256.Size || strings.ToLower(f.SHA256) != f.SHA256 {
			return refused("%q has no checksum", clip(f.Name))
		}
		if f.Size < 0 || f.Size > MaxFile {
			return refused("%q is larger than %d MB", clip(f.Name), MaxFile>>20)
		}
		if total += f.Size; total > MaxBytes {
			return refused("it is larger than %d MB", MaxBytes>>20)
		}
	}
	if !slices.ContainsFunc(m.Files, func(f File) bool { return f.Name == sourcesDir+"/"+m.Folder+"/pack.flow" }) {
		return refused("its pack has no pack.flow")
	}
	return nil
}

// encodeProgram writes a program as it is kept.
func encodeProgram(p *program.Program) ([]byte, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("the program cannot be kept: %w", err)
	}
	if len(b) > MaxProgram {
		return nil, fmt.Errorf("the program is larger than %d MB", MaxProgram>>20)
	}
	return b, nil
}

// decodeProgram reads a program that this build can run.
func decodeProgram(b []byte, m *Manifest) (*program.Program, error) {
	var newer struct{ Format int }
	if json.Unmarshal(b, &newer) == nil && newer.Format > program.Format {
		return nil, ErrNewer
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var p program.Program
	if err := d.Decode(&p); err != nil || p.Format != program.Format || d.More() {
		return nil, refused("its program cannot be read")
	}
	if p.Hash != m.Program || p.Pack != m.Pack || p.Title != m.Title || p.Country != m.Country || p.Example != m.Example || !slices.Equal(p.Languages, m.Languages) {
		return nil, refused("its program is another one than its manifest says")
	}
	if err := p.Check(); err != nil { // a signature says who made it, not that it leads anywhere
		return nil, refused("%v", err)
	}
	return &p, nil
}

// clip keeps a name in an error short.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
