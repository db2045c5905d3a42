package release

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"baraza/dsl"
)

// BenchmarkMemory holds twenty countries with three releases each, of which two served before and somebody is on each, and tells
// the bytes of heap that stay for one release.
func BenchmarkMemory(b *testing.B) {
	for name, pack := range map[string]func(version int) Pack{"flows-ec": ecVersion, "1000-flows": manyFlows} {
		b.Run(name, func(b *testing.B) {
			if name == "1000-flows" && os.Getenv("CI") == "true" {
				b.Skip("there it is only to be seen that it runs")
			}
			var bundles [3][]byte
			for version := range bundles {
				bundles[version] = built(b, pack(version))
			}
			for range b.N {
				benchmarkMemory(b, bundles)
			}
		})
	}
}

func benchmarkMemory(b *testing.B, bundles [3][]byte) {
	const countries = 20
	dir, name := activatedAll(b, bundles)
	before := heap()
	var all []*Shelf
	for range countries { // each reads what lies there for itself
		s, err := OpenShelf(dir, name, 0)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		all = append(all, s)
	}
	current := heap()
	for _, s := range all {
		for _, e := range s.State().Earlier {
			if p, _ := s.Serving().Earlier(e.Program); p == nil {
				b.Fatal("a release is gone")
			}
		}
	}
	after := heap()
	b.ReportMetric(float64(current-before)/countries/(1<<20), "MB/serving-release")
	b.ReportMetric(float64(after-before)/countries/3/(1<<20), "MB/release")
	b.ReportMetric(float64(after-before)/(1<<20), "MB/all")
	runtime.KeepAlive(all)
}

// activatedAll is the folder of a shelf on which one release after the other served.
func activatedAll(b *testing.B, bundles [3][]byte) (dir, name string) {
	b.Helper()
	dir, name = b.TempDir(), packNameOf(b, bundles[0])
	s, err := OpenShelf(dir, name, 0)
	if err != nil {
		b.Fatal(err)
	}
	for _, bundle := range bundles {
		k, err := s.Keep(bytes.NewReader(bundle))
		if err != nil {
			b.Fatal(err)
		}
		err = s.Change(func(now State) (State, error) {
			return now.Activate(now.Serves(), Served{Release: k.Hash, Program: k.Program.Hash, Since: time.Now(), By: "ana"}, 100, nil)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return dir, name
}

func packNameOf(b *testing.B, bundle []byte) string {
	b.Helper()
	read, err := Read(bytes.NewReader(bundle))
	if err != nil {
		b.Fatal(err)
	}
	return read.Manifest.Pack
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// ecVersion is the sample pack for Ecuador with one text changed.
func ecVersion(version int) Pack {
	files := fstest.MapFS{}
	root := os.DirFS("../../flows")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".go" {
			return err
		}
		text, err := fs.ReadFile(root, name)
		if name == "ec/menu.flow" {
			text = append(text, fmt.Sprintf("\n# version %d\n", version)...)
		}
		files[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		panic(err)
	}
	return checked(files, "ec")
}

func manyFlows(version int) Pack {
	files := packFiles()
	for i := range 1000 {
		files[fmt.Sprintf("help/other%d.flow", i)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"flow other%d: Other %d\n\non message \"other%d\"\n\nstep one\n  public\n  ask word as text up to 200: What is the word of %d?\n    when not understood 2 times -> person\n  say: You wrote {word}, %d.\n  end\n", i, i, i, i, version)}
	}
	return checked(files, "help")
}

func checked(files fstest.MapFS, folder string) Pack {
	r := dsl.Open(files, folder).Check()
	if r.Program() == nil {
		panic(fmt.Sprint(r.Problems))
	}
	p := Pack{Program: r.Program(), Files: files, Folder: folder}
	for name := range files {
		if below, ok := strings.CutPrefix(name, folder+"/"); ok {
			p.Names = append(p.Names, below)
		}
	}
	return p
}
