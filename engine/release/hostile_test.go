package release

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"baraza/engine/program"
)

// F29, F30: each row is a bundle that nobody should have made. It is refused as a whole, before any write.
func TestHostileBundlesAreRefusedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	sound := built(t, packOf(t, packFiles()))
	add := func(name string) func(*forger) { return func(f *forger) { f.add(name, "x") } }
	of := func(typeflag byte, link string) func(*forger) {
		return func(f *forger) {
			f.headers = append(whole(f), tar.Header{Typeflag: typeflag, Name: "sources/help/zz", Linkname: link, Mode: 0o644})
		}
	}
	for name, c := range map[string]struct {
		change func(*forger)
		says   string
	}{
		"a name that climbs":              {add("sources/../../etc/cron.d/x"), "no name"},
		"an absolute name":                {add("/etc/passwd"), "belongs to no pack"},
		"a name from a root of its own":   {add("sources//etc/passwd"), "no name"},
		"a name with a stroke of Windows": {add(`sources/help/..\..\x`), "not every computer"},
		"a drive":                         {add("sources/C:/x"), "not every computer"},
		"a device":                        {add("sources/help/nul.txt"), "a device"},
		"a name with a line break":        {add("sources/help/a\nb"), "cannot be seen"},
		"a name that runs backwards":      {add("sources/help/a\u202egnp.exe"), "cannot be seen"},
		"a name with a zero":              {func(f *forger) { f.headers = whole(f); f.add("sources/help/a\x00b", "x") }, "cannot be seen"},
		"a name that ends with a stop":    {add("sources/help/a."), "full stop"},
		"a name too long":                 {add("sources/" + strings.Repeat("a", 300)), "too long"},
		"a file too deep":                 {add("sources/" + strings.Repeat("a/", 20) + "b"), "too deep"},
		"capitals alone differ":           {add("sources/help/PACK.flow"), "capitals"},
		"a folder in capitals alone":      {add("sources/help/Media/x/y"), "capitals"},
		"accents written in two ways":     {func(f *forger) { f.add("sources/help/é", "x"); f.add("sources/help/e\u0301", "y") }, "capitals"},
		"a file that is a folder":         {add("sources/help/pack.flow/x"), "below a file"},
		"a folder that is a file":         {add("sources/help/media"), ""},
		"a file of nobody":                {add("bin/sh"), "belongs to no pack"},
		"a name twice in the manifest": {func(f *forger) {
			f.manifest.Files = append(f.manifest.Files, f.manifest.Files[len(f.manifest.Files)-1])
		}, "twice"},
		"a manifest in disorder":      {func(f *forger) { slices.Reverse(f.manifest.Files[1:]) }, "wrong place"},
		"a file twice in the archive": {func(f *forger) { h := whole(f); f.headers = append(h, h[len(h)-1]) }, "more than its manifest"},
		"a file that the manifest has not": {func(f *forger) {
			f.headers = append(whole(f), tar.Header{Typeflag: tar.TypeReg, Name: "sources/help/zz"})
		}, "more than its manifest"},
		"a file less than the manifest":   {func(f *forger) { h := whole(f); f.headers = h[:len(h)-1] }, "cut off"},
		"a symbolic link":                 {of(tar.TypeSymlink, "/etc/passwd"), "more than its manifest"},
		"a link in the place of a file":   {instead(tar.TypeSymlink, "/etc/passwd"), "something else"},
		"a hard link":                     {instead(tar.TypeLink, "release.json"), "something else"},
		"a device file":                   {instead(tar.TypeChar, ""), "something else"},
		"a pipe":                          {instead(tar.TypeFifo, ""), "something else"},
		"a folder in the place of a file": {instead(tar.TypeDir, ""), "something else"},
		"content that is another":         {func(f *forger) { f.content["sources/help/pack.flow"][0] ^= 1 }, "checksum"},
		"a program that is another":       {func(f *forger) { f.content[programName][10] ^= 1 }, "checksum"},
		"a size that lies":                {func(f *forger) { f.manifest.Files[1].Size++ }, "another size"},
		"a size below zero":               {func(f *forger) { f.manifest.Files[1].Size = -1 }, "larger"},
		"a file that is too large":        {func(f *forger) { f.manifest.Files[1].Size = MaxFile + 1 }, "larger"},
		"a program that is too large":     {func(f *forger) { f.manifest.Files[0].Size = MaxProgram + 1 }, "larger"},
		"files too large together": {func(f *forger) {
			for i := range 11 {
				f.add("sources/help/media/"+strconv.Itoa(i), "")
				f.manifest.Files[len(f.manifest.Files)-1].Size = 0
			}
			for i := range f.manifest.Files[1:] {
				f.manifest.Files[1+i].Size = MaxFile
			}
		}, "larger"},
		"too many files": {func(f *forger) {
			one := f.manifest.Files[1]
			for range MaxFiles {
				f.manifest.Files = append(f.manifest.Files, one)
			}
		}, "more than"},
		"a manifest without end":       {func(f *forger) { f.before = bytes.Repeat([]byte(" "), MaxManifest+1) }, "another size"},
		"a manifest that is deep":      {func(f *forger) { f.before = bytes.Repeat([]byte("["), 1<<20) }, "manifest"},
		"a manifest written otherwise": {func(f *forger) { f.before = append(f.manifest.bytes(), '\n') }, "manifest"},
		"a manifest with more in it":   {func(f *forger) { f.before = bytes.Replace(f.manifest.bytes(), []byte("{"), []byte(`{"x":1,`), 1) }, "manifest"},
		"another pack's name":          {func(f *forger) { f.manifest.Pack = "other" }, "another one than its manifest"},
		"no longer an example":         {func(f *forger) { f.manifest.Example = false }, "another one than its manifest"},
		"a title that paints":          {func(f *forger) { f.manifest.Title = "\x1b[31mred" }, "no word"},
		"a folder elsewhere":           {func(f *forger) { f.manifest.Folder = ".." }, "no folder"},
		"no program":                   {func(f *forger) { f.manifest.Files = f.manifest.Files[1:] }, "no program"},
		"a checksum that is none":      {func(f *forger) { f.manifest.Files[1].SHA256 = "x" }, "no checksum"},
		"words behind the end":         {func(f *forger) { f.behind = []byte("#!/bin/sh") }, "behind its end"},
		"an archive behind the end":    {func(f *forger) { f.behind = bytes.Clone(sound) }, "behind its end"},
		"an owner":                     {func(f *forger) { f.headers = whole(f); f.headers[0].Uname = "root" }, "not written as bundles are"},
		"a mode that runs":             {func(f *forger) { f.headers = whole(f); f.headers[0].Mode = 0o4755 }, "not written as bundles are"},
		"a record that says more": {func(f *forger) {
			f.headers = whole(f)
			f.headers[1].PAXRecords = map[string]string{"BARAZA.x": "y"}
		}, "something else"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := forged(t, sound)
			c.change(f)
			dir := t.TempDir()
			kept, err := OpenFolder(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer kept.Close()
			var written int
			kept.before = func(string) error { written++; return nil }
			_, err = kept.Install(bytes.NewReader(f.bundle(t)))
			if err == nil || !strings.Contains(err.Error(), c.says) || !errors.Is(err, ErrRefused) && !errors.Is(err, ErrCut) {
				t.Errorf("error %v, want %q", err, c.says)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 || written > 0 {
				t.Errorf("%v and %d steps, %v", entries, written, err)
			}
		})
	}
}

// whole are the headers of all files.
func whole(f *forger) (all []tar.Header) {
	for _, one := range f.manifest.Files {
		all = append(all, tar.Header{Typeflag: tar.TypeReg, Name: one.Name, Size: one.Size, Mode: 0o644})
	}
	return all
}

// instead puts something else in the place of the second file.
func instead(typeflag byte, link string) func(*forger) {
	return func(f *forger) {
		f.headers = whole(f)
		f.headers[1] = tar.Header{Typeflag: typeflag, Name: f.headers[1].Name, Linkname: link, Mode: 0o644}
	}
}

// F33: half a bundle is none, wherever it was cut, and neither is one with a byte that is another.
func TestABundleThatWasCutOrDamagedIsRefused(t *testing.T) {
	t.Parallel()
	sound := built(t, packOf(t, packFiles()))
	for n := 0; n < len(sound); n += 1 + n/97 {
		if _, err := Read(bytes.NewReader(sound[:n])); !errors.Is(err, ErrCut) && !errors.Is(err, ErrRefused) {
			t.Errorf("%d of %d bytes: %v", n, len(sound), err)
		}
	}
	for n := 0; n < len(sound); n += 5 {
		other := bytes.Clone(sound)
		other[n] ^= 1 << (n % 8)
		if _, err := Read(bytes.NewReader(other)); !errors.Is(err, ErrCut) && !errors.Is(err, ErrRefused) && !errors.Is(err, ErrNewer) {
			t.Errorf("byte %d is another: %v", n, err)
		}
	}
}

// What is read of a stream without end is bounded.
func TestAStreamWithoutEndIsLeft(t *testing.T) {
	t.Parallel()
	sound := built(t, packOf(t, packFiles()))
	endless := &zeros{}
	if _, err := Read(io.MultiReader(bytes.NewReader(sound), endless)); !errors.Is(err, ErrRefused) {
		t.Errorf("error %v", err)
	}
	if endless.n > maxBundle+1<<20 {
		t.Errorf("%d bytes were read", endless.n)
	}
}

// zeros is a stream of nothing; it counts.
type zeros struct{ n int64 }

func (z *zeros) Read(b []byte) (int, error) {
	clear(b)
	z.n += int64(len(b))
	return len(b), nil
}

// A bundle that is read has one way to be written, whatever bytes it came as.
func FuzzRead(f *testing.F) {
	sound := built(f, packOf(f, packFiles()))
	f.Add(sound)
	f.Add(sound[:len(sound)/2])
	f.Add(append(bytes.Clone(sound), sound...))
	g := forged(f, sound)
	g.headers = whole(g)
	g.headers[1].Typeflag = tar.TypeSymlink
	g.headers[1].Size = 0
	f.Add(g.bundle(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		again := forged(t, b)
		if !bytes.Equal(again.manifest.bytes(), got.Manifest.bytes()) || len(again.content) != len(got.Manifest.Files)+1 {
			t.Error("read twice it is another bundle")
		}
		if !bytes.Equal(again.sound(t), b) {
			t.Error("the same bundle can be written in two ways")
		}
	})
}

// A signature says who made a bundle, not that its program leads anywhere.
func TestABundleWhoseProgramLeadsNowhereIsRefused(t *testing.T) {
	t.Parallel()
	p := packOf(t, packFiles())
	for i := range p.Program.Code {
		if p.Program.Code[i].Code == program.OpSay {
			p.Program.Code[i].Text = len(p.Program.Strings)
		}
	}
	if _, err := Read(bytes.NewReader(built(t, p))); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "the program is damaged") {
		t.Errorf("it says %v", err)
	}
}
