package release

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"baraza/engine/program"
)

// Bundle is what a bundle holds besides its files.
type Bundle struct {
	Hash     string
	Manifest *Manifest
	Program  *program.Program
}

// Read reads a bundle to its end and checks everything in it. It writes nothing, and holds no more than the manifest
// and the program.
func Read(r io.Reader) (*Bundle, error) { return read(r, nil) }

// read also hands each file, manifest and program among them, to visit where there is one: visit reads it to its end.
// What was visited counts only when read has returned without an error.
func read(r io.Reader, visit func(name string, content io.Reader) error) (*Bundle, error) {
	b := &reading{raw: sha256.New(), written: sha256.New(), visit: visit}
	b.in = io.TeeReader(io.LimitReader(r, maxBundle+1), b.raw)
	b.tar, b.again = tar.NewReader(b.in), tar.NewWriter(b.written)
	bundle, err := b.all()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return nil, ErrCut
	case errors.Is(err, tar.ErrHeader) || errors.Is(err, tar.ErrFieldTooLong) || errors.Is(err, tar.ErrWriteTooLong):
		return nil, refused("it is no archive")
	case err != nil:
		return nil, err
	}
	return bundle, nil
}

// maxBundle is more than a sound bundle has: its files, and for each of them two headers with their padding.
const maxBundle = MaxBytes + MaxManifest + (MaxFiles+2)*4096

// reading is a bundle on its way. What is read is written once more as Build would write it: a bundle is sound only
// where both are the same bytes, so that nothing can hide in headers, in padding or behind the end.
type reading struct {
	in           io.Reader
	tar          *tar.Reader
	again        *tar.Writer
	raw, written hash.Hash
	visit        func(string, io.Reader) error
}

func (b *reading) all() (*Bundle, error) {
	manifest, err := b.whole(File{Name: manifestName, Size: -1}, MaxManifest)
	if err != nil {
		return nil, err
	}
	m, err := readManifest(manifest)
	if err != nil {
		return nil, err
	}
	if b.visit != nil {
		if err := b.visit(manifestName, bytes.NewReader(manifest)); err != nil {
			return nil, err
		}
	}
	out := &Bundle{Hash: m.Hash(), Manifest: m}
	compiled, err := b.whole(m.Files[0], MaxProgram)
	if err != nil {
		return nil, err
	}
	if out.Program, err = decodeProgram(compiled, m); err != nil {
		return nil, err
	}
	if b.visit != nil {
		if err := b.visit(programName, bytes.NewReader(compiled)); err != nil {
			return nil, err
		}
	}
	for _, f := range m.Files[1:] {
		if err := b.file(f); err != nil {
			return nil, err
		}
	}
	return out, b.end()
}

// next goes to the file that has to come now. A size of -1 stands for any.
func (b *reading) next(f File, most int64) (int64, error) {
	h, err := b.tar.Next()
	if err != nil {
		return 0, err
	}
	_, long := h.PAXRecords["path"] // of a name that older archives cannot have; anything else may stand for what is not there
	if h.Typeflag != tar.TypeReg || h.Name != f.Name || len(h.PAXRecords) > 1 || len(h.PAXRecords) == 1 && !long {
		return 0, refused("where %q has to stand is something else", clip(f.Name))
	}
	if f.Size >= 0 && h.Size != f.Size || h.Size > most {
		return 0, refused("%q has another size than it should", clip(f.Name))
	}
	return h.Size, entry(b.again, f.Name, h.Size)
}

// whole reads a file into memory.
func (b *reading) whole(f File, most int64) ([]byte, error) {
	if _, err := b.next(f, most); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.TeeReader(io.LimitReader(b.tar, most+1), b.again))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(content); f.SHA256 != "" && hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, refused("%q is not what its checksum says", clip(f.Name))
	}
	return content, nil
}

// file reads a file by and by.
func (b *reading) file(f File) error {
	if _, err := b.next(f, MaxFile); err != nil {
		return err
	}
	sum := sha256.New()
	content := io.TeeReader(b.tar, io.MultiWriter(sum, b.again))
	if b.visit != nil {
		if err := b.visit(f.Name, content); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return refused("%q is not what its checksum says", clip(f.Name))
	}
	return nil
}

// end compares what was read with what Build would have written.
func (b *reading) end() error {
	if _, err := b.tar.Next(); err == nil {
		return refused("it has more than its manifest says")
	} else if err != io.EOF {
		return err
	}
	if n, err := io.ReadFull(b.in, make([]byte, 1)); n > 0 {
		return refused("something stands behind its end")
	} else if err != io.EOF {
		return err
	}
	if err := b.again.Close(); err != nil {
		return err
	}
	if !bytes.Equal(b.raw.Sum(nil), b.written.Sum(nil)) {
		return refused("it is not written as bundles are")
	}
	return nil
}
