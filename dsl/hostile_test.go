package dsl_test

import (
	"fmt"
	"io"
	"io/fs"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"baraza/dsl"
	"baraza/dsl/diag"
)

// A hostile pack is what somebody sends to bring the program down. It must be refused with a plain message, by
// its size or its shape, before a parser that could not survive it sees it.
type hostile struct {
	name  string
	files func() fs.FS
	codes []string // one of them is reported
	// mostRead are the bytes that may be read of its files; 0 stands for those of the files themselves.
	mostRead int64
}

const hostilePack = "pack sample: Sample\n  country KE\n  timezone Africa/Nairobi\n  languages en, sw\n  start welcome\n"

const greeting = "flow welcome: Welcome\n\nstep hello\n  say: Hello.\n"

// with puts one file beside a pack that is small and whole.
func with(name string, text func() string) func() fs.FS {
	return func() fs.FS {
		return fstest.MapFS{
			"p/pack.flow":    {Data: []byte(hostilePack)},
			"p/welcome.flow": {Data: []byte(greeting)},
			"p/" + name:      {Data: []byte(text())},
		}
	}
}

func hostilePacks() []hostile {
	million := func(before, unit, after string) func() string {
		return func() string { return before + strings.Repeat(unit, 1_000_000/len(unit)) + after }
	}
	const step = "flow evil: Evil\n\nstep one\n"
	const table = "table t from tables/t.csv\n  id: text\n  name: text\n"
	return []hostile{
		{name: "a file of 100 MB", files: func() fs.FS {
			return bigFS{fstest.MapFS{
				"p/pack.flow":    {Data: []byte(hostilePack)},
				"p/welcome.flow": {Data: []byte(greeting)},
			}, "p/big.flow", 100 << 20}
		}, codes: []string{"too-large"}, mostRead: 4096},
		{name: "a million brackets in a value", files: with("evil.flow", million(step+"  say: {", "(", "}\n")), codes: []string{"expression-too-long", "too-deep", "too-large"}},
		{name: "a million open braces", files: with("evil.flow", million(step+"  say: ", "{", "\n")), codes: []string{"open-brace", "too-deep", "too-large"}},
		{name: "a million brackets in a condition", files: with("evil.flow", million(step+"  if ", "(", "\n    say: x\n")), codes: []string{"expression-too-long", "too-deep", "too-large", "unfinished-line"}},
		{name: "a million minus signs", files: with("evil.flow", million(step+"  set a = ", "-", "1\n")), codes: []string{"expression-too-long", "too-deep", "too-large"}},
		{name: "a million brackets before a label", files: with("evil.flow", million(step+"  ask: x\n    - ", "[", "\n")), codes: []string{"too-large", "too-deep", "unfinished-line", "name-shape", "unexpected-words"}},
		{name: "a line of a million spaces", files: with("evil.flow", million(step, " ", "say: x\n")), codes: []string{"wrong-indentation", "too-deep", "too-large"}},
		{name: "fourteen hundred levels", files: with("evil.flow", func() string {
			var b strings.Builder
			b.WriteString(step)
			for i := 1; i < 1400; i++ {
				b.WriteString(strings.Repeat(" ", i) + "if yes\n")
			}
			return b.String()
		}), codes: []string{"too-deep", "too-large"}},
		{name: "plurals in plurals", files: with("evil.flow", million(step+"  say: ", "{n, plural, one {", "\n")), codes: []string{"too-deep", "expression-too-deep", "open-brace", "too-large"}},
		{name: "a million lines", files: with("evil.flow", million(step, "x\n", "")), codes: []string{"too-large", "unknown-line"}},
		{name: "ten thousand files", files: func() fs.FS {
			m := fstest.MapFS{"p/pack.flow": {Data: []byte(hostilePack)}}
			for i := range 10_000 {
				m[fmt.Sprintf("p/f%05d.flow", i)] = &fstest.MapFile{Data: []byte(greeting)}
			}
			return m
		}, codes: []string{"too-many-files"}, mostRead: 1},
		{name: "libraries in a circle", files: func() fs.FS {
			return fstest.MapFS{
				"p/pack.flow": {Data: []byte("use ../q as q\n\n" + hostilePack)},
				"q/pack.flow": {Data: []byte("use ../p as p\n\npack q: Q\n")},
			}
		}, codes: []string{"use-cycle"}},
		{name: "a library that is the pack", files: func() fs.FS {
			return fstest.MapFS{"p/pack.flow": {Data: []byte("use . as p\n\n" + hostilePack)}}
		}, codes: []string{"use-cycle"}},
		{name: "a table of one endless cell", files: tables(table, million("id,name\na,", "x", "\n")), codes: []string{"table-row", "too-large"}},
		{name: "a table of an open quote", files: tables(table, million("id,name\na,\"", "x,\n", "")), codes: []string{"table-row", "too-large"}},
		{name: "a table of a million columns", files: tables(table, million("id,name", ",a", "\n")), codes: []string{"table-row", "too-large", "unknown-column"}},
		{name: "a table of half a million rows", files: tables(table, million("id,name\n", "a\n", "")), codes: []string{"table-row", "too-large"}},
		{name: "a table of quotes", files: tables(table, million("id,name\n", "\"\"", "\n")), codes: []string{"table-row", "too-large"}},
		{name: "translations of one endless string", files: with("locale/sw.po", million("msgctxt \"welcome.hello.say\"\nmsgid \"Hello.\"\nmsgstr \"", "x", "\"\n")), codes: []string{"locale-broken", "too-large"}},
		{name: "translations of braces", files: with("locale/sw.po", million("msgctxt \"welcome.hello.say\"\nmsgid \"Hello.\"\nmsgstr \"", "{", "\"\n")), codes: []string{"locale-broken", "open-brace", "too-deep", "expression-too-long", "too-large"}},
		{name: "translations that never end", files: with("locale/sw.po", million("", "\"\n", "")), codes: []string{"locale-broken", "too-large"}},
		{name: "bytes that are no text", files: with("evil.flow", million(step+"  say: ", "\xff\xfe", "\n")), codes: []string{"not-utf8", "word-document"}},
		{name: "signs that hide", files: with("evil.flow", million(step+"  say: ", "\u202e\u200b", "\n")), codes: []string{"hidden-character", "too-large"}},
		{name: "marks on one letter", files: with("evil.flow", million("flow e", "\u0301", ": Evil\n")), codes: []string{"too-large", "name-shape", "unfinished-line", "unknown-line", "missing-colon", "hidden-character", "unexpected-words"}},
		{name: "a pattern that explodes", files: with("evil.flow", func() string {
			return step + "  set a = \"x\" matches \"" + strings.Repeat("(", 120) + "a" + strings.Repeat("{1,9}){1,9}", 12) + "\"\n"
		}), codes: []string{"expression-not-allowed", "expression-too-long", "too-deep"}},
		{name: "a text that doubles", files: with("evil.flow", func() string {
			return step + "  set a = \"xx\"\n  set b = a + a + a + a\n  say: {b}\n"
		}), codes: []string{"type-mismatch", "expression-not-allowed"}},
		{name: "predicates in predicates", files: with("evil.flow", func() string {
			return table + "\n" + step + "  set a = count(t, count(t, id == \"x\") > 0)\n  say: {a}\n"
		}), codes: []string{"expression-not-allowed", "wrong-arguments"}},
	}
}

func tables(declared string, text func() string) func() fs.FS {
	return func() fs.FS {
		return fstest.MapFS{
			"p/pack.flow":    {Data: []byte(hostilePack + "\n" + declared)},
			"p/welcome.flow": {Data: []byte(greeting)},
			"p/tables/t.csv": {Data: []byte(text())},
		}
	}
}

func TestAHostilePackIsRefusedWithAPlainMessage(t *testing.T) {
	t.Parallel()
	for _, h := range hostilePacks() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			r := dsl.Open(h.files(), "p").Check()
			if r.Program() != nil {
				t.Fatal("it was compiled")
			}
			var found *diag.Diagnostic
			for i, d := range r.Problems {
				for _, code := range h.codes {
					if d.Code == code && found == nil {
						found = &r.Problems[i]
					}
				}
				if len(d.Message) > 400 {
					t.Errorf("a message of %d characters", len(d.Message))
				}
			}
			if found == nil {
				t.Errorf("got %v, want one of %v", codesOf(r.Problems), h.codes)
			}
			if len(r.Problems) > 2500 {
				t.Errorf("got %d problems, want few enough to keep", len(r.Problems))
			}
			if h.mostRead > 0 && r.Sources.Read > h.mostRead {
				t.Errorf("%d bytes were read, want %d at most", r.Sources.Read, h.mostRead)
			}
			if r.Sources.Read > 2<<20 {
				t.Errorf("%d bytes were read of two files", r.Sources.Read)
			}
		})
	}
}

func codesOf(l diag.List) []string {
	var codes []string
	for _, d := range l[:min(len(l), 12)] {
		codes = append(codes, d.Code)
	}
	return codes
}

// BenchmarkHostile records what each attack costs: time, and the most memory that was in use at once.
func BenchmarkHostile(b *testing.B) {
	for _, h := range hostilePacks() {
		b.Run(h.name, func(b *testing.B) {
			fsys := h.files()
			most := peak(b, func() {
				for b.Loop() {
					dsl.Open(fsys, "p").Check()
				}
			})
			b.ReportMetric(float64(most)/(1<<20), "peak-MB")
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/op")
		})
	}
}

// peak watches how far the heap grows while f runs.
func peak(b *testing.B, f func()) uint64 {
	b.Helper()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	read := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	base := read()
	var most atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(500 * time.Microsecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				most.Store(max(most.Load(), read()))
			}
		}
	}()
	f()
	close(stop)
	<-done
	return max(most.Load(), base) - base
}

// bigFS has one more file, of a size that no test wants in memory.
type bigFS struct {
	fstest.MapFS
	name string
	size int64
}

func (f bigFS) Open(name string) (fs.File, error) {
	if name == f.name {
		return &bigFile{size: f.size, name: name}, nil
	}
	if name == "p" {
		m := fstest.MapFS{f.name: {}}
		for n, file := range f.MapFS {
			m[n] = file
		}
		return m.Open(name)
	}
	return f.MapFS.Open(name)
}

type bigFile struct {
	name string
	size int64
}

func (f *bigFile) Stat() (fs.FileInfo, error) { return bigInfo{f}, nil }
func (f *bigFile) Close() error               { return nil }
func (f *bigFile) Read(p []byte) (int, error) {
	if f.size <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), f.size))
	for i := range p[:n] {
		p[i] = 'x'
	}
	f.size -= int64(n)
	return n, nil
}

type bigInfo struct{ f *bigFile }

func (i bigInfo) Name() string       { return i.f.name }
func (i bigInfo) Size() int64        { return i.f.size }
func (i bigInfo) Mode() fs.FileMode  { return 0o444 }
func (i bigInfo) ModTime() time.Time { return time.Time{} }
func (i bigInfo) IsDir() bool        { return false }
func (i bigInfo) Sys() any           { return nil }

// A file that is over its cap is refused by its size: not a byte of it is read.
func TestATooLargeFileIsNotRead(t *testing.T) {
	t.Parallel()
	fsys := hostilePacks()[0].files()
	r := dsl.Open(fsys, "p").Check()
	want := int64(len(hostilePack) + len(greeting))
	if r.Sources.Read != want {
		t.Errorf("%d bytes were read, want the %d of the other files", r.Sources.Read, want)
	}
	if _, ok := r.Sources.Source("big.flow"); ok {
		t.Error("the file is among the sources")
	}
}
