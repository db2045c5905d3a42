package lsp

import (
	"path"
	"slices"
	"strings"
)

// document is a file that is open in the editor.
type document struct {
	key     string // its path, or its address where it is no file
	uri     string // as the editor writes it
	version int
	text    *text
	isFile  bool
	// alone says that it belongs to no pack, so that its lines are checked by themselves; stale, that they were not
	// since it changed.
	alone, stale bool
}

// keyOf is the path of an address, or the address itself where it is no file.
func keyOf(uri string) (key string, isFile bool) {
	if name, ok := pathOf(uri); ok {
		return name, true
	}
	return uri, false
}

func (s *server) opened(p openParams) {
	key, isFile := keyOf(p.TextDocument.URI)
	d := &document{key: key, uri: p.TextDocument.URI, version: p.TextDocument.Version, text: newText([]byte(p.TextDocument.Text)), isFile: isFile}
	s.docs[key] = d
	s.join(d)
	s.touch(key)
}

func (s *server) changed(p changeParams) {
	key, _ := keyOf(p.TextDocument.URI)
	d := s.docs[key]
	if d == nil {
		return
	}
	for _, c := range p.ContentChanges {
		d.text = edited(d.text, c, s.encoding)
	}
	d.version = p.TextDocument.Version
	s.touch(key)
}

// edited is a text after a change. A range that ends before it starts is taken the other way round.
func edited(t *text, c contentChange, e encoding) *text {
	if c.Range == nil {
		return newText([]byte(c.Text))
	}
	from, to := t.offset(c.Range.Start, e), t.offset(c.Range.End, e)
	from, to = min(from, to), max(from, to)
	src := make([]byte, 0, len(t.src)-(to-from)+len(c.Text))
	src = append(append(append(src, t.src[:from]...), c.Text...), t.src[to:]...)
	return newText(src)
}

func (s *server) closed(p closeParams) {
	key, _ := keyOf(p.TextDocument.URI)
	d := s.docs[key]
	if d == nil {
		return
	}
	delete(s.docs, key)
	if d.alone {
		s.show(key, d.uri, nil)
	}
	if path.Base(key) == packFile {
		s.find()
	}
	s.touch(key)
}

// watched hears that files changed on the disk. What is open in the editor counts more than they do.
func (s *server) watched(p watchedParams) {
	again := false
	for _, c := range p.Changes {
		if name, ok := pathOf(c.URI); ok {
			again = again || path.Base(name) == packFile
			s.touch(name)
		}
	}
	if again {
		s.find()
	}
}

func (s *server) foldersChanged(p foldersParams) {
	for _, f := range p.Event.Removed {
		if name, ok := pathOf(f.URI); ok {
			s.folders = slices.DeleteFunc(s.folders, func(open string) bool { return open == name })
		}
	}
	for _, f := range p.Event.Added {
		s.openFolder(f.URI)
	}
	s.find()
}

// touch notes that a file may have changed: the packs that have it are checked again, when nothing else is to do.
func (s *server) touch(key string) {
	for _, f := range s.packs {
		if f.has(key) || inside(key, f.dir) {
			f.stale = true
		}
	}
	if d := s.docs[key]; d != nil {
		d.stale = true
	}
}

// inside tells whether a path lies below a folder.
func inside(name, folder string) bool {
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(folder, "/"))
	return ok && strings.HasPrefix(rest, "/")
}
