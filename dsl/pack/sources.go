package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"baraza/dsl/diag"
)

// Sources is every file of a pack and its libraries as it was read. A file's name is its path from the pack's
// folder; a library's files are named from there too: "../shared/person.flow". It is immutable and safe for
// concurrent use.
type Sources struct {
	// Read counts the bytes that were read from files.
	Read int64

	files map[string][]byte
	sums  map[string][sha256.Size]byte
	media map[string]int64
	units []*source // the pack, then its libraries in the order they are used
	hash  string
	// refused says that the pack as a whole was not read.
	refused bool
}

// source is one folder: the pack or a library.
type source struct {
	dir    string // in the file system
	prefix string // of its files' names: "" or "../shared/"
	flows  []string
	tables []string
	locale []string
	uses   []useLine
}

// useLine is a line `use PATH as NAME`.
type useLine struct {
	alias string
	span  diag.Span // of the path
	path  string    // as written
	unit  int       // index in Sources.units; -1 where it was reported
}

// Source gives a file's bytes; ok is false for one that was refused or is not there.
func (s *Sources) Source(file string) (src []byte, ok bool) {
	src, ok = s.files[file]
	return src, ok
}

// Files are the names of all files that were read, sorted.
func (s *Sources) Files() []string {
	names := make([]string, 0, len(s.files))
	for name := range s.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Folders are those of the pack and of the libraries it uses, in the file system.
func (s *Sources) Folders() []string {
	all := make([]string, 0, len(s.units))
	for _, u := range s.units {
		all = append(all, u.dir)
	}
	return all
}

// sum is the release's identity: every file by its path, media by their sizes.
func (s *Sources) sum() string {
	h := sha256.New()
	for _, name := range s.Files() {
		sum := s.sums[name]
		fmt.Fprintf(h, "%s\x00%x\x00", name, sum[:])
	}
	media := make([]string, 0, len(s.media))
	for name := range s.media {
		media = append(media, name)
	}
	slices.Sort(media)
	for _, name := range media {
		fmt.Fprintf(h, "%s\x00%d\x00", name, s.media[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
