package pack_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"baraza/dsl/diag"
	"baraza/dsl/pack"

	"github.com/google/go-cmp/cmp"
)

func messages(l diag.List) []string {
	var out []string
	for _, d := range l {
		out = append(out, fmt.Sprintf("%s %s: %s", d.Code, d.Span.File, d.Message))
	}
	return out
}

func files(texts map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range texts {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestAPackIsReadWithItsLibrariesAndWhatIsNotItsOwnIsLeftAlone(t *testing.T) {
	t.Parallel()
	src, problems := pack.Load(files(map[string]string{
		"ec/pack.flow":           "pack ec: Ecuador\nuse ../shared as safety\n",
		"ec/b.flow":              "flow b: B\n",
		"ec/a.flow":              "flow a: A\n",
		"ec/tables/offices.csv":  "id\n",
		"ec/locale/en.po":        "",
		"ec/locale/old/en.po":    "not a catalogue of this pack",
		"ec/media/map.png":       "12345",
		"ec/media/en/map.png":    "123",
		"ec/.git/config.flow":    "hidden",
		"ec/~$word.flow":         "hidden",
		"ec/notes.docx":          "PK",
		"shared/pack.flow":       "pack shared: Shared\nuse words as words\n",
		"shared/person.flow":     "flow person: P\n",
		"shared/words/pack.flow": "pack words: Words\n",
		"elsewhere/pack.flow":    "pack other: Not used\n",
	}), "ec")
	if len(problems) > 0 {
		t.Errorf("problems: %v", messages(problems))
	}
	want := []string{
		"../shared/pack.flow", "../shared/person.flow", "../shared/words/pack.flow", "a.flow", "b.flow",
		"locale/en.po", "pack.flow", "tables/offices.csv",
	}
	if diff := cmp.Diff(want, src.Files()); diff != "" {
		t.Errorf("files (-want +got)\n%s", diff)
	}
	p, _ := pack.Build(src, nil)
	if diff := cmp.Diff(map[string]int64{"media/map.png": 5, "media/en/map.png": 3}, p.Media); diff != "" {
		t.Errorf("media (-want +got)\n%s", diff)
	}
	if name, ok := p.MediaFile(nil, "map.png", "en"); name != "media/en/map.png" || !ok {
		t.Errorf("got %q, %v; want the language's own file", name, ok)
	}
	if name, ok := p.MediaFile(nil, "media/map.png", "es"); name != "media/map.png" || !ok {
		t.Errorf("got %q, %v; want the file of every language", name, ok)
	}
}

func TestFoldersThatAreNoPackAreSaidPlainly(t *testing.T) {
	t.Parallel()
	use := func(path string) map[string]string {
		return map[string]string{"ec/pack.flow": "pack ec: E\nuse " + path + " as lib\n", "shared/a.flow": "flow a: A\n"}
	}
	cycle := map[string]string{
		"ec/pack.flow": "pack ec: E\nuse ../one as one\n", "one/pack.flow": "pack one: 1\nuse ../two as two\n",
		"two/pack.flow": "pack two: 2\nuse ../one as one\n",
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"no folder":       {map[string]string{"x/y": ""}, []string{`no-pack-file : there is no folder "ec"`}},
		"a file":          {map[string]string{"ec": ""}, []string{`no-pack-file : "ec" is a file, not the folder of a pack`}},
		"no pack.flow":    {map[string]string{"ec/a.flow": "flow a: A\n"}, []string{`no-pack-file : there is no pack.flow in "ec"`}},
		"no library":      {use("../nothing"), []string{`library-missing pack.flow: there is no folder here for this library`}},
		"above the root":  {use("../../nothing"), []string{`library-missing pack.flow: there is no folder here for this library`}},
		"a plain folder":  {use("../shared"), []string{`library-missing pack.flow: there is no pack.flow in the folder of this library`}},
		"itself":          {use("../ec"), []string{`use-cycle pack.flow: this library uses itself`}},
		"a cycle":         {cycle, []string{`use-cycle ../two/pack.flow: "one" already uses this library, by way of others`}},
		"too deep":        {map[string]string{"ec/pack.flow": "", "ec/1/2/3/4/a.flow": "", "ec/1/2/3/4/5/a.flow": ""}, []string{`too-deep 1/2/3/4/5: the folder "1/2/3/4/5" lies too deep to be read`}},
		"many libraries":  {manyLibraries(), []string{`too-many-files pack.flow: a pack can use at most 16 libraries`}},
		"deep is allowed": {map[string]string{"ec/pack.flow": "", "ec/1/2/3/4/a.flow": ""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, problems := pack.Load(files(c.files), "ec")
			if diff := cmp.Diff(c.want, messages(problems)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if p, _ := pack.Build(src, nil); p == nil || len(p.Languages) == 0 {
				t.Error("got no pack, want one that can be looked at")
			}
		})
	}
}

func manyLibraries() map[string]string {
	out := map[string]string{}
	var uses strings.Builder
	uses.WriteString("pack ec: E\n")
	for i := range pack.MaxLibraries + 1 {
		fmt.Fprintf(&uses, "use ../lib%d as lib%d\n", i, i)
		out[fmt.Sprintf("lib%d/pack.flow", i)] = "pack lib: L\n"
	}
	out["ec/pack.flow"] = uses.String()
	return out
}

// endless is a file system with one pack of files that are as large as they say, made as they are read.
type endless struct {
	fstest.MapFS
	size map[string]int64 // what the file says
	real map[string]int64 // what it has
	read *int64
}

func (e endless) Open(name string) (fs.File, error) {
	f, err := e.MapFS.Open(name)
	if size, ok := e.size[name]; ok && err == nil {
		return &endlessFile{File: f, size: size, left: e.real[name], read: e.read}, nil
	}
	return f, err
}

type endlessFile struct {
	fs.File
	size, left int64
	read       *int64
}

type sized struct {
	fs.FileInfo
	size int64
}

func (s sized) Size() int64 { return s.size }

func (f *endlessFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return sized{info, f.size}, err
}

func (f *endlessFile) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	n := int(min(f.left, int64(len(p))))
	for i := range n {
		p[i] = '#'
	}
	f.left -= int64(n)
	*f.read += int64(n)
	return n, nil
}

func TestAFileOverItsCapIsNotRead(t *testing.T) {
	t.Parallel()
	const huge = 100 << 20
	for name, c := range map[string]struct{ says, has, atMost int64 }{
		"a file of 100 MB":               {huge, huge, 0},
		"a file that grew to 100 MB":     {10, huge, pack.MaxFlow + 1},
		"a file that says nothing of it": {0, huge, pack.MaxFlow + 1},
		"a file one byte over the cap":   {pack.MaxFlow + 1, pack.MaxFlow + 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var read int64
			fsys := endless{
				MapFS: files(map[string]string{"ec/pack.flow": "pack ec: E\n", "ec/big.flow": "x"}),
				size:  map[string]int64{"ec/big.flow": c.says}, real: map[string]int64{"ec/big.flow": c.has}, read: &read,
			}
			src, problems := pack.Load(fsys, "ec")
			if diff := cmp.Diff([]string{"too-large big.flow: this file is larger than 1 MB"}, messages(problems)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if read > c.atMost || src.Read != read+int64(len("pack ec: E\n")) {
				t.Errorf("read %d bytes and counted %d, want at most %d", read, src.Read, c.atMost)
			}
			if _, ok := src.Source("big.flow"); ok {
				t.Error("the file is among the sources, want it left out")
			}
		})
	}
}

func TestAPackOfTooManyFilesOrBytesIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	many := files(map[string]string{"ec/pack.flow": "pack ec: E\n"})
	for i := range 10_000 {
		many[fmt.Sprintf("ec/f%d.flow", i)] = &fstest.MapFile{Data: []byte("flow a: A\n")}
	}
	crowd := files(map[string]string{"ec/pack.flow": "pack ec: E\n"})
	for i := range pack.MaxEntries + 1 {
		crowd[fmt.Sprintf("ec/media/f%d.png", i)] = &fstest.MapFile{}
	}
	large := files(map[string]string{"ec/pack.flow": "pack ec: E\n"})
	for i := range 80 {
		large[fmt.Sprintf("ec/f%d.flow", i)] = &fstest.MapFile{Data: make([]byte, pack.MaxFlow)}
	}
	for name, c := range map[string]struct {
		files  fstest.MapFS
		want   string
		atMost int64
	}{
		"10,000 flows": {many, "too-many-files : this pack has more than 2000 flow files", 0},
		"20,001 media": {crowd, "too-many-files : this folder has more than 20000 files", 0},
		"80 MB":        {large, "too-large : the files of this pack are more than 64 MB together", pack.MaxBytes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, problems := pack.Load(c.files, "ec")
			if diff := cmp.Diff([]string{c.want}, messages(problems)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if src.Read > c.atMost {
				t.Errorf("read %d bytes, want at most %d", src.Read, c.atMost)
			}
			p, more := pack.Build(src, nil)
			if len(more) > 0 || len(p.Flows) > 0 {
				t.Errorf("got %d flows and %v of a refused pack", len(p.Flows), messages(more))
			}
		})
	}
}

// unreadable has one file that cannot be opened.
type unreadable struct{ fstest.MapFS }

func (u unreadable) Open(name string) (fs.File, error) {
	if name == "ec/a.flow" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("permission denied")}
	}
	return u.MapFS.Open(name)
}

func TestAFileThatCannotBeOpenedIsSaidAndTheOthersAreRead(t *testing.T) {
	t.Parallel()
	src, problems := pack.Load(unreadable{files(map[string]string{"ec/pack.flow": "pack ec: E\n", "ec/a.flow": "", "ec/b.flow": ""})}, "ec")
	if diff := cmp.Diff([]string{"missing-file a.flow: this file cannot be read"}, messages(problems)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b.flow", "pack.flow"}, src.Files()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
