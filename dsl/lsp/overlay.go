package lsp

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// overlay is a folder in which the files that are open in the editor have the text that is on the screen, also
// those that were never saved.
type overlay struct {
	below fs.FS
	base  string // the folder's path
	docs  map[string]*document
}

func (o *overlay) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	full := path.Join(o.base, name)
	if d := o.docs[full]; d != nil {
		return &openFile{openInfo{path.Base(name), int64(len(d.text.src)), 0o444}, bytes.NewReader(d.text.src)}, nil
	}
	f, err := o.below.Open(name)
	added := o.entries(full)
	if len(added) == 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	folder := &openFolder{info: openInfo{path.Base(name), 0, fs.ModeDir | 0o555}, entries: added, mine: map[string]bool{}}
	for _, e := range added {
		folder.mine[e.Name()] = true
	}
	if err == nil {
		disk, ok := f.(fs.ReadDirFile)
		if !ok {
			return f, nil // a file of the disk whose name is a folder's in the editor
		}
		folder.disk = disk
	}
	return folder, nil
}

// entries are the files and folders directly below a path that the editor's files make.
func (o *overlay) entries(full string) []fs.DirEntry {
	var all []fs.DirEntry
	seen := map[string]bool{}
	for key, d := range o.docs {
		if !d.isFile || !inside(key, full) {
			continue
		}
		first, _, deeper := strings.Cut(strings.TrimPrefix(key[len(strings.TrimSuffix(full, "/")):], "/"), "/")
		if seen[first] {
			continue
		}
		seen[first] = true
		info := openInfo{first, int64(len(d.text.src)), 0o444}
		if deeper {
			info = openInfo{first, 0, fs.ModeDir | 0o555}
		}
		all = append(all, info)
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

// openFile is the text of a document as a file.
type openFile struct {
	info openInfo
	*bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

// openFolder is a folder of the disk, if there is one, with what only the editor has.
type openFolder struct {
	disk    fs.ReadDirFile
	info    openInfo
	entries []fs.DirEntry   // of the editor, not given yet
	mine    map[string]bool // all of their names
}

func (f *openFolder) Stat() (fs.FileInfo, error) {
	if f.disk != nil {
		return f.disk.Stat()
	}
	return f.info, nil
}

func (f *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: fs.ErrInvalid}
}

func (f *openFolder) Close() error {
	if f.disk != nil {
		return f.disk.Close()
	}
	return nil
}

// ReadDir gives the disk's entries first, without those that the editor has. As with any folder, nothing and no
// error is never the answer while something is left.
func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	for f.disk != nil && len(all) == 0 {
		some, err := f.disk.ReadDir(n)
		all = slices.DeleteFunc(some, func(e fs.DirEntry) bool { return f.mine[e.Name()] })
		if n > 0 && err == nil {
			continue
		}
		f.disk.Close()
		f.disk = nil
		if err != nil && err != io.EOF {
			return all, err
		}
	}
	switch {
	case n <= 0:
		all = append(all, f.entries...)
		f.entries = nil
	case len(all) == 0:
		all = f.entries[:min(n, len(f.entries))]
		f.entries = f.entries[len(all):]
		if len(all) == 0 {
			return nil, io.EOF
		}
	}
	return all, nil
}

// openInfo describes a file or folder of the editor; it is its own directory entry.
type openInfo struct {
	name string
	size int64
	mode fs.FileMode
}

func (i openInfo) Name() string               { return i.name }
func (i openInfo) Size() int64                { return i.size }
func (i openInfo) Mode() fs.FileMode          { return i.mode }
func (i openInfo) Type() fs.FileMode          { return i.mode.Type() }
func (i openInfo) ModTime() time.Time         { return time.Time{} }
func (i openInfo) IsDir() bool                { return i.mode.IsDir() }
func (i openInfo) Sys() any                   { return nil }
func (i openInfo) Info() (fs.FileInfo, error) { return i, nil }
