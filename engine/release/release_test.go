package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"baraza/engine/program"
)

func TestTheSamePackGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	first := packOf(t, packFiles())
	other := packFiles()
	for _, f := range other {
		f.ModTime, f.Mode = time.Unix(1e9, 0), 0o755
	}
	second := packOf(t, other)
	slices.Sort(first.Names)
	slices.Reverse(second.Names)
	slices.Sort(second.Names[:3])
	if a, b := built(t, first), built(t, second); !bytes.Equal(a, b) {
		t.Errorf("%d and %d bytes differ", len(a), len(b))
	}
	changed := packFiles()
	changed["help/media/añ¡.png"].Data[0]++
	a, err := Read(bytes.NewReader(built(t, first)))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Read(bytes.NewReader(built(t, packOf(t, changed)))); err != nil || a.Hash == b.Hash {
		t.Errorf("another picture has the same hash: %v", err)
	}
}

// sameProgram leaves out what an engine makes of a program.
var sameProgram = cmpopts.IgnoreUnexported(program.Program{})

func TestWhatIsReadIsWhatWasBuilt(t *testing.T) {
	t.Parallel()
	p := packOf(t, packFiles())
	bundle := built(t, p)
	b, err := Read(bytes.NewReader(bundle))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Program, b.Program, sameProgram); diff != "" {
		t.Errorf("the program (-built +read):\n%s", diff)
	}
	got := map[string]string{}
	for name, content := range forged(t, bundle).content {
		if below, ok := strings.CutPrefix(name, sourcesDir+"/"); ok {
			got[below] = string(content)
		}
	}
	if diff := cmp.Diff(files(t, packFiles()), got); diff != "" {
		t.Errorf("the sources (-built +read):\n%s", diff)
	}
}

// Every sample pack's program survives being written, with every kind of value there is.
func TestProgramsOfTheSamplesSurvive(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ec", "jo", "tutorial/4-table", "tutorial/6-time"} {
		p := compiledSample(t, name)
		b, err := encodeProgram(p)
		if err != nil {
			t.Fatal(err)
		}
		m := &Manifest{Pack: p.Pack, Title: p.Title, Country: p.Country, Languages: p.Languages, Example: p.Example, Program: p.Hash}
		got, err := decodeProgram(b, m)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, got, sameProgram); diff != "" {
			t.Errorf("%s (-compiled +read):\n%s", name, diff)
		}
	}
}

func TestAPackThatCannotBeABundleIsNotBuilt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Pack){
		"a name that leads out":       func(p *Pack) { p.Names = append(p.Names, "../../etc/passwd") },
		"a name that is absolute":     func(p *Pack) { p.Names = append(p.Names, "../../../etc/passwd") },
		"a name twice":                func(p *Pack) { p.Names = append(p.Names, "pack.flow") },
		"a file that is not there":    func(p *Pack) { p.Names = append(p.Names, "none.flow") },
		"a folder":                    func(p *Pack) { p.Names = append(p.Names, "media") },
		"no pack.flow":                func(p *Pack) { p.Names = []string{"offices.csv"} },
		"a folder that is none":       func(p *Pack) { p.Folder = "../help" },
		"a value that cannot be kept": func(p *Pack) { p.Program.Tables[0].Rows[0].Cells[0] = func() {} },
	} {
		p := packOf(t, packFiles())
		change(&p)
		if _, err := Build(io.Discard, p); err == nil {
			t.Errorf("%s: it was built", name)
		}
	}
}

// A file that is written while the bundle is made makes no bundle with half of it.
func TestAFileThatChangesMeanwhileIsNoticed(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3, 9, 4000} { // shorter, other, longer
		files := packFiles()
		p := packOf(t, files)
		_, err := Build(after(func() { files["help/media/añ¡.png"] = &fstest.MapFile{Data: bytes.Repeat([]byte("x"), size)} }), p)
		if !errors.Is(err, errChanged) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// after is a writer that does something when it is first written to.
type after func()

func (f after) Write(b []byte) (int, error) { f(); return len(b), nil }

// The bundle and the session in testdata were made by the first build that made bundles, and are not made again: every
// later build reads and runs them, and writes the same bytes from the same program and files.
func TestABundleOfTheFirstFormatStillRuns(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "format-1.bundle")
	if *update {
		writeGolden(t, golden)
	}
	bundle, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Read(bytes.NewReader(bundle))
	if err != nil {
		t.Fatal(err)
	}
	f := forged(t, bundle)
	again := fstest.MapFS{}
	p := Pack{Program: b.Program, Files: again, Folder: b.Manifest.Folder}
	for name, content := range f.content {
		if below, ok := strings.CutPrefix(name, sourcesDir+"/"); ok {
			again[below] = &fstest.MapFile{Data: content}
			p.Names = append(p.Names, "../"+below)
		}
	}
	if !bytes.Equal(built(t, p), bundle) {
		t.Error("the same program and files give other bytes now")
	}
	session, err := os.ReadFile(filepath.Join("testdata", "format-1.session"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := goesOn(t, b.Program, session), "You wrote *word*."; got != want {
		t.Errorf("the conversation goes on with %q, want %q", got, want)
	}
}

func TestABundleOfALaterFormatIsSaidToBeOne(t *testing.T) {
	t.Parallel()
	f := forged(t, built(t, packOf(t, packFiles())))
	later := *f.manifest
	later.Format++
	text := strings.Replace(string(later.bytes()), "{", `{"new": [1],`, 1)
	f.before = []byte(text)
	if _, err := Read(bytes.NewReader(f.bundle(t))); !errors.Is(err, ErrNewer) {
		t.Errorf("a later bundle: %v", err)
	}
	g := forged(t, built(t, packOf(t, packFiles())))
	var p map[string]any
	if err := json.Unmarshal(g.content[programName], &p); err != nil {
		t.Fatal(err)
	}
	p["Format"] = program.Format + 1
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	g.manifest.Files = g.manifest.Files[1:]
	rest := g.manifest.Files
	g.manifest.Files = nil
	g.add(programName, string(b))
	g.manifest.Files = append(g.manifest.Files, rest...)
	if _, err := Read(bytes.NewReader(g.bundle(t))); !errors.Is(err, ErrNewer) {
		t.Errorf("a later program: %v", err)
	}
}
