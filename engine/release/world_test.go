package release

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"baraza/dsl"
)

const packText = `pack help: Example Desk
  country KE
  timezone Africa/Nairobi
  languages en
  channels whatsapp
  start talk
  fallback talk.listen
  silent for 24 hours -> end
  example

use ../shared as shared

hours always

team desk: Help desk
  hours always

table offices from offices.csv
  id: text
  lat: number
  open: yes or no

words person, safety
  en: person
words stop, safety
  en: stop

flow talk: Talk

step listen
  public
  ask word as text up to 200: What is the word?
  say image media/añ¡.png: You wrote *{word}*.
  -> listen

flow person: A person

on words person
  anywhere

step give
  hand over to desk: Somebody asks
  end

flow stop: Stop

on words stop
  anywhere

step stop
  public
  say: You get nothing more from us.
  end
`

// packFiles is a pack with a library, a table and a picture.
func packFiles() fstest.MapFS {
	return fstest.MapFS{
		"help/pack.flow":      {Data: []byte(packText)},
		"help/offices.csv":    {Data: []byte("id,lat,open\na,-1.25,yes\nb,,no\n")},
		"help/media/añ¡.png":  {Data: []byte("a picture")},
		"shared/pack.flow":    {Data: []byte("pack shared: Shared\n")},
		"shared/greet.flow":   {Data: []byte("flow greet: Greet\n\nstep hello\n  say: Hello.\n")},
		"help/tests/all.json": {Data: []byte("{}")},
	}
}

// packOf is what a release is made of, from files in the folder help.
func packOf(t testing.TB, files fstest.MapFS) Pack {
	t.Helper()
	r := dsl.Open(files, "help").Check()
	p := r.Program()
	if p == nil {
		for _, d := range r.Problems {
			t.Errorf("%v: %s", d.Span, d.Message)
		}
		t.FailNow()
	}
	var names []string
	for name := range files {
		if below, ok := strings.CutPrefix(name, "help/"); ok {
			names = append(names, below)
		} else {
			names = append(names, "../"+name)
		}
	}
	return Pack{Program: p, Files: files, Folder: "help", Names: names}
}

func built(t testing.TB, p Pack) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := Build(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A forger writes archives as nobody should.
type forger struct {
	manifest *Manifest
	content  map[string][]byte
	headers  []tar.Header // after the manifest's; names and sizes of the manifest where there are none
	before   []byte       // instead of the manifest
	behind   []byte       // after the end
}

// forged takes a sound bundle apart.
func forged(t testing.TB, bundle []byte) *forger {
	t.Helper()
	f := &forger{content: map[string][]byte{}}
	b, err := read(bytes.NewReader(bundle), func(name string, content io.Reader) error {
		var all bytes.Buffer
		_, err := all.ReadFrom(content)
		f.content[name] = all.Bytes()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f.manifest = b.Manifest
	return f
}

// add puts a file into the manifest, where its name belongs.
func (f *forger) add(name, content string) {
	sum := sha256.Sum256([]byte(content))
	f.manifest.Files = append(f.manifest.Files, File{name, int64(len(content)), hex.EncodeToString(sum[:])})
	slices.SortStableFunc(f.manifest.Files[1:], func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	f.content[name] = []byte(content)
}

// bundle writes it.
func (f *forger) bundle(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	manifest := f.before
	if manifest == nil {
		manifest = f.manifest.bytes()
	}
	headers := []tar.Header{{Typeflag: tar.TypeReg, Name: manifestName, Size: int64(len(manifest)), Mode: 0o644}}
	if f.headers != nil {
		headers = append(headers, f.headers...)
	} else {
		for _, one := range f.manifest.Files {
			headers = append(headers, tar.Header{Typeflag: tar.TypeReg, Name: one.Name, Size: int64(len(f.content[one.Name])), Mode: 0o644})
		}
	}
	for i, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		content := f.content[h.Name]
		if i == 0 {
			content = manifest
		}
		if h.Size > 0 {
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), f.behind...)
}

// files are the names and contents in a file system.
func files(t testing.TB, fsys fs.FS) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		all[path.Clean(name)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sound writes what the manifest says as Build does.
func (f *forger) sound(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range append([]File{{Name: manifestName}}, f.manifest.Files...) {
		if err := entry(w, name.Name, int64(len(f.content[name.Name]))); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.content[name.Name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
