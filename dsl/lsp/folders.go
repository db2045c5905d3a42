package lsp

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"baraza/dsl"
	"baraza/dsl/pack"
)

const packFile = "pack.flow"

// What is looked at to find the packs of a folder that is opened. A designer may open a home folder.
const (
	maxFolders = 200    // packs
	maxLooked  = 20_000 // files and folders
	maxBelow   = 6      // folders within folders
)

// folder is one pack that the session knows: one of a folder that is open, or of a file that is.
type folder struct {
	dir     string // its path
	base    string // the folder above it, that libraries are read from
	name    string // the pack's folder, seen from there
	below   fs.FS  // the folder above on the disk
	checker *dsl.Checker
	stale   bool
	result  *dsl.Result
	files   map[string]string // names in the pack by path
	texts   map[string]*text  // by name, as they were asked for
	names   *names            // once they were asked for
	views   map[string]*fileView
}

// has tells whether the pack, with its libraries, was read with a file.
func (f *folder) has(key string) bool {
	_, ok := f.files[key]
	return ok
}

// path is where a file of the pack lies.
func (f *folder) path(name string) string {
	if name == "" {
		name = packFile
	}
	return path.Join(f.dir, name)
}

// text is a file of the pack as it was checked; nil where there is none.
func (f *folder) text(name string) *text {
	if t, ok := f.texts[name]; ok {
		return t
	}
	var t *text
	if src, ok := f.result.Sources.Source(name); ok {
		t = newText(src)
	}
	f.texts[name] = t
	return t
}

// openFolder looks for the packs in and below a folder.
func (s *server) openFolder(uri string) {
	name, ok := pathOf(uri)
	if !ok || slices.Contains(s.folders, name) {
		return
	}
	s.folders = append(s.folders, name)
	s.look(name)
	if up := s.packAbove(name); up != "" { // a folder inside a pack was opened
		s.add(up)
	}
}

// look adds the packs in and below a folder.
func (s *server) look(dir string) {
	fsys, err := s.options.Open(dir)
	if err != nil {
		return
	}
	looked := 0
	_ = fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		looked++
		switch {
		case looked > maxLooked || len(s.packs) >= maxFolders:
			return fs.SkipAll
		case err != nil:
			return fs.SkipDir
		case e.IsDir() && name != "." && (strings.HasPrefix(e.Name(), ".") || e.Name() == "node_modules" || strings.Count(name, "/") >= maxBelow):
			return fs.SkipDir
		case !e.IsDir() && e.Name() == packFile:
			s.add(path.Join(dir, path.Dir(name)))
		}
		return nil
	})
}

// find looks again for packs, after a pack.flow came or went.
func (s *server) find() {
	for _, f := range slices.Clone(s.packs) {
		if !s.isPack(f.dir) || !s.wanted(f) {
			s.drop(f)
		}
	}
	for _, dir := range s.folders {
		s.look(dir)
	}
	for _, d := range s.docs {
		s.join(d)
	}
}

// wanted tells whether something that is open is in the pack, or the pack in something that is open.
func (s *server) wanted(f *folder) bool {
	for _, dir := range s.folders {
		if dir == f.dir || inside(f.dir, dir) || inside(dir, f.dir) {
			return true
		}
	}
	for key := range s.docs {
		if inside(key, f.dir) {
			return true
		}
	}
	return false
}

// add makes a pack known.
func (s *server) add(dir string) {
	if s.known[dir] != nil {
		s.known[dir].stale = true
		return
	}
	if len(s.packs) >= maxFolders {
		return
	}
	f := &folder{dir: dir, base: path.Dir(dir), stale: true, files: map[string]string{}}
	below, err := s.options.Open(f.base)
	name := path.Base(dir)
	if err != nil { // nothing above the pack may be read: it has no libraries beside it
		if below, err = s.options.Open(dir); err != nil {
			return
		}
		f.base, name = dir, "."
	}
	f.name, f.below = name, below
	f.checker = dsl.Open(&overlay{below, f.base, s.docs}, name)
	s.known[dir] = f
	s.packs = append(s.packs, f)
}

// drop forgets a pack and takes back what was said about it.
func (s *server) drop(f *folder) {
	delete(s.known, f.dir)
	s.packs = slices.DeleteFunc(s.packs, func(o *folder) bool { return o == f })
	s.publish(f, f.problemFiles())
}

// join finds the pack of a document, and makes it known.
func (s *server) join(d *document) {
	if !d.isFile {
		d.alone = true
		return
	}
	dir := s.packAbove(path.Dir(d.key))
	if alone := dir == ""; alone != d.alone {
		d.alone, d.stale = alone, true
		if !alone {
			s.show(d.key, d.uri, nil) // what was said of it alone
		}
	}
	if dir != "" {
		s.add(dir)
	}
}

// packAbove is the nearest folder, the given one or above it, that has a pack.flow; "" where none is near enough to
// hold files of it.
func (s *server) packAbove(dir string) string {
	for range pack.MaxDepth + 1 {
		if s.isPack(dir) {
			return dir
		}
		if dir == path.Dir(dir) {
			break
		}
		dir = path.Dir(dir)
	}
	return ""
}

func (s *server) isPack(dir string) bool {
	if s.docs[path.Join(dir, packFile)] != nil {
		return true
	}
	fsys, err := s.options.Open(dir)
	if err != nil {
		return false
	}
	info, err := fs.Stat(fsys, packFile)
	return err == nil && !info.IsDir()
}

// checkOne checks one pack or file that changed, those on the screen first, and tells what is wrong with it. It is
// false where nothing was to do.
func (s *server) checkOne() bool {
	var next *folder
	for _, f := range s.packs {
		if f.stale && (next == nil || !s.onScreen(next) && s.onScreen(f)) {
			next = f
		}
	}
	if next != nil {
		s.check(next)
		return true
	}
	for _, d := range s.docs {
		if d.alone && d.stale {
			s.checkAlone(d)
			return true
		}
	}
	return false
}

// fresh checks everything that changed.
func (s *server) fresh() {
	for s.checkOne() {
	}
}

func (s *server) onScreen(f *folder) bool {
	for key := range s.docs {
		if f.has(key) || inside(key, f.dir) {
			return true
		}
	}
	return false
}

// check checks a pack and publishes what changed.
func (s *server) check(f *folder) {
	before := f.problemFiles()
	if s.options.Today != nil {
		f.checker.Today = s.options.Today()
	}
	f.result = f.checker.Check()
	f.stale, f.names = false, nil
	f.texts, f.views, f.files = map[string]*text{}, map[string]*fileView{}, map[string]string{}
	for _, name := range f.result.Sources.Files() {
		f.files[f.path(name)] = name
	}
	s.publish(f, append(before, f.problemFiles()...))
	if s.options.Checked != nil {
		s.options.Checked(f.dir, f.result)
	}
}

// problemFiles are the paths of the files with problems at the last check.
func (f *folder) problemFiles() []string {
	if f.result == nil {
		return nil
	}
	var all []string
	for _, p := range f.result.Problems {
		all = append(all, f.path(p.Span.File))
	}
	return all
}

// packOf is the pack in whose sight a file is read: one that uses it as a library, since only there all its names
// are known, else its own; name is what that pack calls it. It is nil for a file of no pack.
func (s *server) packOf(key string) (f *folder, name string) {
	s.freshen(key)
	for _, p := range s.packs {
		n, ok := p.files[key]
		if !ok {
			continue
		}
		if f == nil || strings.HasPrefix(n, "../") && !strings.HasPrefix(name, "../") {
			f, name = p, n
		}
	}
	return f, name
}

// freshen checks what changed of the packs with a file.
func (s *server) freshen(key string) {
	for _, p := range s.packs {
		if p.stale && (p.has(key) || inside(key, p.dir)) {
			s.check(p)
		}
	}
}
