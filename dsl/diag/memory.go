package diag

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// memory is a folder that exists only here: the text of each file by its path.
type memory map[string]string

// Open opens a file, or a folder, which is there when a file is in it.
func (m memory) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if text, ok := m[name]; ok {
		return &memoryFile{memoryInfo{path.Base(name), int64(len(text)), false}, strings.NewReader(text)}, nil
	}
	below := make(map[string]memoryInfo)
	for file, text := range m {
		if rest, ok := strings.CutPrefix(file, name+"/"); ok || name == "." {
			if name == "." {
				rest = file
			}
			first, _, deeper := strings.Cut(rest, "/")
			if deeper {
				text = ""
			}
			below[first] = memoryInfo{first, int64(len(text)), deeper}
		}
	}
	if len(below) == 0 && name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	folder := &memoryFolder{info: memoryInfo{path.Base(name), 0, true}}
	for _, info := range below {
		folder.entries = append(folder.entries, info)
	}
	slices.SortFunc(folder.entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return folder, nil
}

type memoryFile struct {
	info memoryInfo
	*strings.Reader
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *memoryFile) Close() error               { return nil }

type memoryFolder struct {
	info    memoryInfo
	entries []fs.DirEntry // those not read yet
}

func (f *memoryFolder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *memoryFolder) Close() error               { return nil }

func (f *memoryFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: fs.ErrInvalid}
}

func (f *memoryFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(f.entries)
	} else if len(f.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.entries))
	read := f.entries[:n]
	f.entries = f.entries[n:]
	return read, nil
}

// memoryInfo describes a file or folder; it is its own directory entry.
type memoryInfo struct {
	name   string
	size   int64
	folder bool
}

func (i memoryInfo) Name() string               { return i.name }
func (i memoryInfo) Size() int64                { return i.size }
func (i memoryInfo) IsDir() bool                { return i.folder }
func (i memoryInfo) ModTime() time.Time         { return time.Time{} }
func (i memoryInfo) Sys() any                   { return nil }
func (i memoryInfo) Info() (fs.FileInfo, error) { return i, nil }
func (i memoryInfo) Type() fs.FileMode          { return i.Mode().Type() }

func (i memoryInfo) Mode() fs.FileMode {
	if i.folder {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
