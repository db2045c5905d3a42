package release

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"baraza/engine/program"
)

// Folder keeps releases, each unpacked in a folder of its hash. What is there is complete: a release is written beside
// it, brought to the disk, and renamed. Processes may share a Folder.
type Folder struct {
	root *os.Root
	// before, where set, is told of each step to the disk, and may end the work there as if the process had died.
	before func(step string) error
}

// Kept is a release of a Folder.
type Kept struct {
	Bundle
	// Sources hold the pack's folder, which Manifest names, and its libraries beside it.
	Sources fs.FS
}

// staging begins the name of what is not complete.
const staging = ".staging-"

// abandoned is how old a piece of work has to be that its process did not end.
const abandoned = time.Hour

var hashes = regexp.MustCompile(`^[0-9a-f]{64}$`)

// OpenFolder opens a folder of releases, or makes it, and removes what processes that died had begun.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{root: root}
	names, err := f.names()
	for _, name := range names {
		if info, gone := root.Lstat(name); strings.HasPrefix(name, staging) && gone == nil && time.Since(info.ModTime()) > abandoned {
			err = errors.Join(err, root.RemoveAll(name))
		}
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

// Close ends the use of the folder; the Sources of its releases cannot be read any more.
func (f *Folder) Close() error { return f.root.Close() }

func (f *Folder) names() ([]string, error) {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// List gives the hashes of all releases that are kept, sorted.
func (f *Folder) List() ([]string, error) {
	names, err := f.names()
	return slices.DeleteFunc(names, func(name string) bool { return !hashes.MatchString(name) }), err
}

// Install keeps the release of a bundle. The whole bundle is checked before anything is written. A release that is kept
// already stays as it is.
func (f *Folder) Install(bundle io.ReadSeeker) (*Kept, error) {
	b, err := Read(bundle)
	if err != nil {
		return nil, err
	}
	if kept, err := f.Load(b.Hash); !errors.Is(err, ErrNotKept) {
		return kept, err
	}
	if _, err := bundle.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	stage := staging + rand.Text()
	if err := f.stage(stage, bundle, b); err != nil {
		if !errors.Is(err, errDied) {
			_ = f.root.RemoveAll(stage) // what stays is removed by and by
		}
		return nil, err
	}
	return f.Load(b.Hash)
}

// errDied stands for the death of the process, in tests.
var errDied = errors.New("the process died here")

func (f *Folder) step(name string) error {
	if f.before == nil {
		return nil
	}
	return f.before(name)
}

// stage writes a release into a folder of its own, and puts that in its place.
func (f *Folder) stage(stage string, bundle io.Reader, b *Bundle) error {
	if err := f.step("make " + stage); err != nil {
		return err
	}
	if err := f.root.Mkdir(stage, 0o700); err != nil {
		return err
	}
	folders := map[string]bool{stage: true}
	again, err := read(bundle, func(name string, content io.Reader) error {
		name = path.Join(stage, name)
		for dir := path.Dir(name); !folders[dir]; dir = path.Dir(dir) {
			folders[dir] = true
		}
		if err := f.root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return err
		}
		return f.write(name, content)
	})
	if err != nil {
		return err
	}
	if again.Hash != b.Hash {
		return errors.New("the bundle changed while it was read; do it again")
	}
	for _, dir := range slices.Backward(slices.Sorted(maps.Keys(folders))) { // what lies in a folder before the folder
		if err := f.sync(dir); err != nil {
			return err
		}
	}
	if err := f.step("rename"); err != nil {
		return err
	}
	if err := f.root.Rename(stage, b.Hash); err != nil {
		if _, there := f.root.Stat(b.Hash); there != nil {
			return err
		}
		if err := f.root.RemoveAll(stage); err != nil { // another process was faster
			return err
		}
	}
	return f.sync(".")
}

// write brings one new file to the disk.
func (f *Folder) write(name string, content io.Reader) error {
	if err := f.step("write " + name); err != nil {
		return err
	}
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Sync(), file.Close())
}

// sync brings the names in a folder to the disk.
func (f *Folder) sync(dir string) error {
	if err := f.step("sync " + dir); err != nil {
		return err
	}
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Load reads a release that is kept. Its manifest and its program are checked; Check looks at all of it.
func (f *Folder) Load(hash string) (*Kept, error) {
	m, err := f.manifest(hash)
	if err != nil {
		return nil, err
	}
	compiled, err := f.read(path.Join(hash, programName), MaxProgram)
	if err != nil {
		return nil, damaged(hash, err)
	}
	var p *program.Program
	if sum := sha256.Sum256(compiled); hex.EncodeToString(sum[:]) != m.Files[0].SHA256 {
		err = refused("%q is not what its checksum says", programName)
	} else {
		p, err = decodeProgram(compiled, m)
	}
	if err != nil {
		return nil, damaged(hash, err)
	}
	sources, err := fs.Sub(f.root.FS(), path.Join(hash, sourcesDir))
	return &Kept{Bundle{hash, m, p}, sources}, err
}

// Check reads everything of a release that is kept, and says what of it was damaged.
func (f *Folder) Check(hash string) error {
	m, err := f.manifest(hash)
	if err != nil {
		return err
	}
	for i := range m.Files {
		file, sum := &m.Files[i], sha256.New()
		in, err := f.root.Open(path.Join(hash, file.Name))
		if err != nil {
			return damaged(hash, err)
		}
		_, err = io.Copy(sum, io.LimitReader(in, MaxFile+1))
		if err = errors.Join(err, in.Close()); err == nil && hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
			err = refused("%q is not what its checksum says", clip(file.Name))
		}
		if err != nil {
			return damaged(hash, err)
		}
	}
	return nil
}

func (f *Folder) manifest(hash string) (*Manifest, error) {
	if !hashes.MatchString(hash) {
		return nil, ErrNotKept
	}
	b, err := f.read(path.Join(hash, manifestName), MaxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := f.root.Stat(hash); errors.Is(there, fs.ErrNotExist) {
			return nil, ErrNotKept
		}
	}
	if err != nil {
		return nil, damaged(hash, err)
	}
	m, err := readManifest(b)
	if err == nil && m.Hash() != hash {
		err = refused("its manifest is another one's")
	}
	if err != nil {
		return nil, damaged(hash, err)
	}
	return m, nil
}

func (f *Folder) read(name string, most int64) ([]byte, error) {
	in, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(b)) > most {
		err = refused("%q is too large", name)
	}
	return b, err
}

func damaged(hash string, err error) error {
	return fmt.Errorf("the kept release %s is damaged; remove its folder and install it again: %w", hash[:12], err)
}
