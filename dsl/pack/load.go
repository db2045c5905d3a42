package pack

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"baraza/dsl/diag"

	"golang.org/x/sync/errgroup"
)

// What a pack may be at most. The caps hold before a file is read: what is over one is refused by its size.
const (
	// MaxFiles are the flow files of a pack with its libraries.
	MaxFiles = 2000
	// MaxFlow, MaxTable and MaxLocale are the bytes of one file.
	MaxFlow   = 1 << 20
	MaxTable  = 1 << 20
	MaxLocale = 8 << 20
	// MaxBytes are those of all files together; media do not count, since they are not read.
	MaxBytes = 64 << 20
	// MaxDepth is how many folders deep a file may lie below the pack.
	MaxDepth = 4
	// MaxEntries are the files and folders that are looked at, of every kind.
	MaxEntries = 20_000
	// MaxLibraries are the libraries of a pack with those that they use.
	MaxLibraries = 16
)

const packFile = "pack.flow"

// Load reads the pack in folder dir of fsys and the libraries it uses, each file at most once and none beyond
// its cap. fsys is rooted above the pack where libraries lie beside it. The problems are those of folders and
// sizes; a file with one is not among the sources, the others are.
func Load(fsys fs.FS, dir string) (*Sources, diag.List) {
	l := &loader{fsys: fsys, out: &Sources{
		files: map[string][]byte{}, sums: map[string][sha256.Size]byte{}, media: map[string]int64{},
	}}
	l.unit(path.Clean(dir), "", diag.Span{}, nil)
	if l.out.refused {
		l.out.units = nil
	}
	l.out.Read = l.read.Load()
	l.out.hash = l.out.sum()
	l.problems.Sort()
	return l.out, l.problems
}

type loader struct {
	fsys     fs.FS
	out      *Sources
	problems diag.List
	entries  int
	flows    int
	bytes    atomic.Int64 // of all files, by their sizes
	read     atomic.Int64
}

func (l *loader) report(d diag.Diagnostic) { l.problems = append(l.problems, d) }

// refuse gives up on the pack as a whole.
func (l *loader) refuse(d diag.Diagnostic) {
	if !l.out.refused {
		l.report(d)
	}
	l.out.refused = true
}

// unit reads one folder and what it uses, and returns its index, -1 where it cannot be read. above are the
// folders on the way here.
func (l *loader) unit(dir, prefix string, from diag.Span, above []string) int {
	if !l.isPack(dir, from) {
		return -1
	}
	u := &source{dir: dir, prefix: prefix}
	l.out.units = append(l.out.units, u)
	index := len(l.out.units) - 1
	var wanted []wanted
	l.walk(u, ".", 0, &wanted)
	if l.out.refused {
		return index
	}
	l.readAll(wanted)
	if l.out.refused {
		return index
	}
	order(u)
	for _, name := range u.flows {
		if src, ok := l.out.files[name]; ok {
			u.uses = append(u.uses, usesIn(name, src)...)
		}
	}
	above = append(above, dir)
	for i := range u.uses {
		if !l.out.refused {
			l.library(u, &u.uses[i], above)
		}
	}
	return index
}

// isPack reports a folder that has no pack.flow.
func (l *loader) isPack(dir string, from diag.Span) bool {
	library := from.File != ""
	info, err := fs.Stat(l.fsys, dir)
	switch {
	case !fs.ValidPath(dir) || err != nil || !info.IsDir():
		if library {
			l.report(diag.New(diag.Error, "library-missing", from, "there is no folder here for this library").
				WithHelp("Write the path from the folder of this pack, such as ../shared."))
			return false
		}
		d := diag.New(diag.Error, "no-pack-file", diag.Span{}, "there is no folder %q", dir)
		if err == nil {
			d = diag.New(diag.Error, "no-pack-file", diag.Span{}, "%q is a file, not the folder of a pack", dir)
			d = d.WithHelp("Name the folder that holds the file pack.flow.")
		}
		l.report(d)
		return false
	}
	if _, err := fs.Stat(l.fsys, path.Join(dir, packFile)); err == nil {
		return true
	}
	if library {
		l.report(diag.New(diag.Error, "library-missing", from, "there is no %s in the folder of this library", packFile).
			WithHelp("A library is a pack: write a %s with a line such as:  pack shared: Shared flows", packFile))
		return false
	}
	d := diag.New(diag.Error, "no-pack-file", diag.Span{}, "there is no %s in %q", packFile, dir)
	if other := l.likePackFile(dir); other != "" {
		l.report(d.WithHelp("Give the file %q the name %s: small letters, and nothing behind .flow.", other, packFile))
		return false
	}
	l.report(d.
		WithHelp("Write a file %s that begins with a line such as:  pack ke: Example Help Desk", packFile))
	return false
}

// likePackFile is a file of the folder that was probably meant as its pack.flow; "" for none.
func (l *loader) likePackFile(dir string) string {
	for _, e := range l.list(dir) {
		if name, _, _ := strings.Cut(e.Name(), "."); strings.EqualFold(name, "pack") && !e.IsDir() {
			return e.Name()
		}
	}
	return ""
}

// library reads what a use line names.
func (l *loader) library(u *source, use *useLine, above []string) {
	use.unit = -1
	dir := path.Join(u.dir, use.path)
	if i := slices.Index(above, dir); i >= 0 {
		d := diag.New(diag.Error, "use-cycle", use.span, "this library uses itself")
		if i < len(above)-1 {
			d = diag.New(diag.Error, "use-cycle", use.span, "%q already uses this library, by way of others", above[i])
		}
		l.report(d.WithHelp("Take this line out, or move what both need into a library of its own."))
		return
	}
	if i := slices.IndexFunc(l.out.units, func(o *source) bool { return o.dir == dir }); i >= 0 {
		use.unit = i
		return
	}
	if len(l.out.units) > MaxLibraries {
		l.report(diag.New(diag.Error, "too-many-files", use.span, "a pack can use at most %d libraries", MaxLibraries))
		return
	}
	use.unit = l.unit(dir, l.prefix(dir), use.span, above)
}

// prefix is the path from the pack's folder to another one.
func (l *loader) prefix(dir string) string {
	from := strings.Split(l.out.units[0].dir, "/")
	to := strings.Split(dir, "/")
	same := 0
	for same < len(from) && same < len(to) && from[same] == to[same] {
		same++
	}
	return strings.Repeat("../", len(from)-same) + strings.Join(to[same:], "/") + "/"
}

// wanted is a file to be read.
type wanted struct {
	name, path string
	cap        int64
	link       bool
}

// extensions of the files that are read, with the cap of each.
var extensions = map[string]int64{".flow": MaxFlow, ".csv": MaxTable, ".po": MaxLocale}

// walk collects the files below one folder of a unit. It reads no file.
func (l *loader) walk(u *source, below string, depth int, found *[]wanted) {
	entries := l.list(path.Join(u.dir, below))
	for _, e := range entries {
		if l.out.refused {
			return
		}
		name := path.Join(below, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "~$"):
			continue // what editors and tools keep beside files
		case e.IsDir() && depth == MaxDepth:
			l.report(diag.New(diag.Error, "too-deep", diag.Span{File: u.prefix + name}, "the folder %q lies too deep to be read", u.prefix+name).
				WithHelp("Move its files up: a pack's files lie at most %d folders deep.", MaxDepth))
			continue
		case e.IsDir():
			l.walk(u, name, depth+1, found)
			continue
		case strings.HasPrefix(name, "media/"):
			if info, err := e.Info(); err == nil && (info.Mode().IsRegular() || info.Mode()&fs.ModeSymlink != 0) {
				l.out.media[u.prefix+name] = info.Size()
			}
			continue
		}
		limit, ours := extensions[strings.ToLower(path.Ext(name))]
		if !ours || e.Type()&^fs.ModeSymlink != 0 {
			continue
		}
		switch strings.ToLower(path.Ext(name)) {
		case ".flow":
			u.flows = append(u.flows, u.prefix+name)
			l.flows++
		case ".csv":
			u.tables = append(u.tables, u.prefix+name)
		case ".po":
			if path.Dir(name) != "locale" {
				continue
			}
			u.locale = append(u.locale, u.prefix+name)
		}
		if l.flows > MaxFiles {
			l.refuse(diag.New(diag.Error, "too-many-files", diag.Span{}, "this pack has more than %d flow files", MaxFiles).
				WithHelp("Put several flows into one file, or check that the folder is the right one."))
			return
		}
		*found = append(*found, wanted{u.prefix + name, path.Join(u.dir, name), limit, e.Type() != 0})
	}
}

// list reads a folder in pieces, so that one with a million files costs no more than the cap.
func (l *loader) list(dir string) []fs.DirEntry {
	f, err := l.fsys.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	folder, ok := f.(fs.ReadDirFile)
	if !ok {
		return nil
	}
	var all []fs.DirEntry
	for {
		some, err := folder.ReadDir(256)
		all = append(all, some...)
		l.entries += len(some)
		if l.entries > MaxEntries {
			l.refuse(diag.New(diag.Error, "too-many-files", diag.Span{}, "this folder has more than %d files", MaxEntries).
				WithHelp("Check that the folder is the pack's own, and move what does not belong to it."))
			return nil
		}
		if err != nil || len(some) == 0 {
			break
		}
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

// readAll reads files side by side. What is over a cap is reported in the order of names.
func (l *loader) readAll(files []wanted) {
	type result struct {
		src []byte
		sum [sha256.Size]byte
		err error
	}
	results := make([]result, len(files))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	const batch = 16
	for at := 0; at < len(files); at += batch {
		g.Go(func() error {
			for i := at; i < min(at+batch, len(files)); i++ {
				r := &results[i]
				if r.src, r.err = l.readOne(files[i]); r.err == nil {
					r.sum = sha256.Sum256(r.src)
				}
			}
			return nil
		})
	}
	_ = g.Wait() // each file keeps its own error
	for i, r := range results {
		switch {
		case r.err == nil:
			l.out.files[files[i].name] = r.src
			l.out.sums[files[i].name] = r.sum
		case errors.Is(r.err, errPackTooLarge):
			l.refuse(diag.New(diag.Error, "too-large", diag.Span{}, "the files of this pack are more than %d MB together", MaxBytes>>20).
				WithHelp("Check that the folder is the right one. Pictures and sounds belong into the folder media."))
			return
		case errors.Is(r.err, errTooLarge):
			l.report(diag.New(diag.Error, "too-large", diag.Span{File: files[i].name}, "this file is larger than %d MB", files[i].cap>>20).
				WithHelp("Split it into smaller files."))
		default:
			l.report(diag.New(diag.Error, "missing-file", diag.Span{File: files[i].name}, "this file cannot be read").
				WithHelp("The computer says: %s.", cause(r.err)))
		}
	}
}

var (
	errTooLarge     = errors.New("larger than its cap")
	errPackTooLarge = errors.New("pack larger than its cap")
)

// readOne reads one file if it is a plain one and within its cap; it never reads more than one byte above it.
func (l *loader) readOne(w wanted) ([]byte, error) {
	if w.link { // opening a link to a pipe would wait for ever
		info, err := fs.Stat(l.fsys, w.path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, errors.New("it is not a file")
		}
	}
	f, err := l.fsys.Open(w.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > w.cap {
		return nil, errTooLarge
	}
	if l.bytes.Add(info.Size()) > MaxBytes {
		return nil, errPackTooLarge
	}
	src := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(src[len(src):min(cap(src), int(w.cap)+1)])
		src = src[:len(src)+n]
		l.read.Add(int64(n))
		switch {
		case int64(len(src)) > w.cap:
			return nil, errTooLarge // it grew since it was measured
		case err == io.EOF:
			return src, nil
		case err != nil:
			return nil, err
		case len(src) == cap(src):
			if l.bytes.Add(int64(len(src))) > MaxBytes {
				return nil, errPackTooLarge
			}
			src = slices.Grow(src, len(src))
		}
	}
}

// cause is the last part of an error of the file system, without the path that the place names already.
func cause(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

// order puts pack.flow first and the others by path; tests stand where their path says.
func order(u *source) {
	slices.SortFunc(u.flows, func(a, b string) int {
		if first := u.prefix + packFile; a == first || b == first {
			if a == b {
				return 0
			}
			if a == first {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	slices.Sort(u.tables)
	slices.Sort(u.locale)
}

// usesIn finds the use lines of a file before it is parsed, since the libraries must be read first. A line at
// the margin is never inside a text.
func usesIn(name string, src []byte) []useLine {
	var uses []useLine
	if !bytes.HasPrefix(src, []byte("use ")) && !bytes.Contains(src, []byte("\nuse ")) {
		return nil
	}
	at := 0
	for line := range strings.Lines(string(src)) {
		start := at
		at += len(line)
		if !strings.HasPrefix(line, "use ") {
			continue
		}
		words := strings.Fields(line)
		if len(words) != 4 || words[2] != "as" {
			continue // syntax reports the line
		}
		offset := start + strings.Index(line[4:], words[1]) + 4
		uses = append(uses, useLine{alias: words[3], path: words[1], unit: -1, span: diag.Span{File: name, Start: offset, End: offset + len(words[1])}})
	}
	return uses
}
