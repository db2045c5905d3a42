package release

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"

	"baraza/engine/program"
)

// Pack is what a release is made of.
type Pack struct {
	Program *program.Program
	// Files are rooted above the pack's folder, where libraries lie beside it.
	Files  fs.FS
	Folder string
	// Names are those of all files that belong to it, from the pack's folder: "pack.flow", "../shared/person.flow".
	Names []string
}

// Build writes the bundle of a pack. The same pack gives the same bytes. It reads each file twice, and fails where one
// changed in between.
func Build(w io.Writer, p Pack) (*Manifest, error) {
	compiled, err := encodeProgram(p.Program)
	if err != nil {
		return nil, err
	}
	m := &Manifest{Format: Format, Pack: p.Program.Pack, Title: p.Program.Title, Country: p.Program.Country, Languages: p.Program.Languages,
		Example: p.Program.Example, Program: p.Program.Hash, Folder: p.Folder}
	sum := sha256.Sum256(compiled)
	m.Files = []File{{programName, int64(len(compiled)), hex.EncodeToString(sum[:])}}
	names := make([]string, len(p.Names))
	for i, name := range p.Names {
		names[i] = path.Join(sourcesDir, p.Folder, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f, err := p.measure(name)
		if err != nil {
			return nil, err
		}
		m.Files = append(m.Files, f)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if size := len(m.bytes()); size > MaxManifest {
		return nil, refused("it has too many files")
	}
	return m, p.write(w, m, compiled)
}

// inFiles is a name of the bundle as one of the pack's file system.
func inFiles(name string) string { return name[len(sourcesDir)+1:] }

// measure reads a file once, for its size and checksum.
func (p *Pack) measure(name string) (File, error) {
	if why := badName(name); why != "" {
		return File{}, refused("%q %s", clip(name), why)
	}
	h := sha256.New()
	n, err := p.copy(h, name, MaxFile)
	return File{name, n, hex.EncodeToString(h.Sum(nil))}, err
}

// copy copies at most so many bytes of a file.
func (p *Pack) copy(w io.Writer, name string, most int64) (int64, error) {
	f, err := p.Files.Open(inFiles(name))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%q is not a file", inFiles(name))
	}
	n, err := io.Copy(w, io.LimitReader(f, most+1))
	if err == nil && n > most {
		err = fmt.Errorf("%q is larger than %d MB", inFiles(name), MaxFile>>20)
	}
	return n, err
}

var errChanged = errors.New("a file of the pack changed meanwhile; do it again")

func (p *Pack) write(w io.Writer, m *Manifest, compiled []byte) error {
	out := tar.NewWriter(w)
	manifest := m.bytes()
	if err := entry(out, manifestName, int64(len(manifest))); err != nil {
		return err
	}
	if _, err := out.Write(manifest); err != nil {
		return err
	}
	for i := range m.Files {
		f := &m.Files[i]
		if err := entry(out, f.Name, f.Size); err != nil {
			return err
		}
		if i == 0 {
			if _, err := out.Write(compiled); err != nil {
				return err
			}
			continue
		}
		h := sha256.New()
		n, err := p.copy(io.MultiWriter(out, h), f.Name, f.Size)
		if errors.Is(err, tar.ErrWriteTooLong) || err == nil && (n != f.Size || hex.EncodeToString(h.Sum(nil)) != f.SHA256) {
			return errChanged
		}
		if err != nil {
			return err
		}
	}
	return out.Close()
}

// entry begins a file: its name and size alone, so that neither clocks nor owners get in.
func entry(w *tar.Writer, name string, size int64) error {
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0)})
}
