package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"baraza/dsl"
	"baraza/engine/program"
	"baraza/engine/release"
	"baraza/server/desk"
	"baraza/simulator/rounds"
)

// inspection is what the desk asks about a release of a tutorial's pack.
func inspection(t *testing.T, pack string, needs ...program.Need) desk.Inspection {
	t.Helper()
	files := os.DirFS("../../flows/tutorial")
	r := dsl.Open(files, pack).Check()
	var bundle bytes.Buffer
	if _, err := release.Build(&bundle, release.Pack{Program: r.Program(), Files: files, Folder: pack, Names: releasedFiles(r, files, pack)}); err != nil {
		t.Fatal(err)
	}
	folder, err := release.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	kept, err := folder.Install(bytes.NewReader(bundle.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return desk.Inspection{Kept: kept, Needs: needs}
}

func finds(t *testing.T, i *inspector, in desk.Inspection) []desk.Finding {
	t.Helper()
	found, err := i.inspect(t.Context(), in)
	if err != nil || len(found) != len(in.Needs) {
		t.Fatalf("%v %v", found, err)
	}
	return found
}

func TestTheTestsOfAReleaseRunOnceAndForABoundedTime(t *testing.T) {
	t.Parallel()
	in := inspection(t, "2-choices", program.Need{Gate: program.TestsPass}, program.Need{Gate: program.CoverageOf, AtLeast: 100})
	i := newInspector()
	i.most = 0
	for _, f := range finds(t, i, in) {
		if f.Met || !strings.Contains(f.Says, "its tests take longer than 0s on this machine") {
			t.Errorf("without time: %+v", f)
		}
	}
	i.most = testsMost
	found := finds(t, i, in)
	if !found[0].Met || !strings.Contains(found[0].Says, "pass") || !strings.HasPrefix(found[1].Says, "the tests visit ") {
		t.Errorf("with time: %+v", found)
	}
	i.most = 0 // what is known is not looked at again
	if again := finds(t, i, in); again[0] != found[0] || again[1] != found[1] {
		t.Errorf("the second time: %+v", again)
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	if _, err := newInspector().inspect(over, in); !errors.Is(err, context.Canceled) {
		t.Errorf("who asks does not wait any more: %v", err)
	}
}

func TestCoverageIsCountedOfEachPartAndNotOfAllTogether(t *testing.T) {
	t.Parallel()
	i := newInspector()
	in := inspection(t, "2-choices", program.Need{Gate: program.CoverageOf, AtLeast: 1})
	t1 := &tested{passed: 1}
	if _, err := i.inspect(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	t1.parts = i.tested[in.Hash].parts
	t1.parts[0].Total, t1.parts[0].Unseen = 10, make([]string, 1)
	t1.parts[1].Total, t1.parts[1].Unseen = 10, make([]string, 2)
	t1.parts[2].Total, t1.parts[2].Unseen = 0, nil
	for percent, met := range map[int]bool{80: true, 81: false, 90: false} {
		if f := t1.finds(program.Need{Gate: program.CoverageOf, AtLeast: percent}); f.Met != met {
			t.Errorf("at least %d: %+v", percent, f)
		}
	}
}

func TestWhatIsKeptOfRoundsIsReadOnlyWhereItLies(t *testing.T) {
	t.Parallel()
	in := inspection(t, "2-choices", program.Need{Gate: program.PeopleTested})
	i := newInspector()
	if f := finds(t, i, in)[0]; f.Met || !strings.Contains(f.Says, "the configuration does not say where") {
		t.Errorf("without a folder: %+v", f)
	}
	in.Rounds = t.TempDir()
	if f := finds(t, i, in)[0]; f.Met || !strings.Contains(f.Says, "no rounds of testing lie in") {
		t.Errorf("in an empty folder: %+v", f)
	}
	if left, err := filepath.Glob(filepath.Join(in.Rounds, "*")); err != nil || len(left) > 0 {
		t.Errorf("looking leaves %v", left)
	}
	f, err := rounds.Open(in.Rounds, rounds.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if found := finds(t, i, in)[0]; found.Met || !strings.Contains(found.Says, "another process has them open") {
		t.Errorf("while a demo has them open: %+v", found)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if found := finds(t, i, in)[0]; found.Met || !strings.Contains(found.Says, "nobody has tried the pack") {
		t.Errorf("before anybody tried: %+v", found)
	}
}

// A copy ends early where the disk is full or the line breaks. The process that looks at it serves people.
func TestACopyOfRoundsThatIsCutShortOrDamagedMeetsNoGateAndHarmsNobody(t *testing.T) {
	t.Parallel()
	in := inspection(t, "2-choices", program.Need{Gate: program.PeopleTested})
	in.Rounds = t.TempDir()
	f, err := rounds.Open(in.Rounds, rounds.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(in.Rounds, rounds.DataFile)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	damaged := bytes.Clone(whole)
	copy(damaged[2*page:], bytes.Repeat([]byte{0xab}, len(whole)-2*page))
	for what, content := range map[string][]byte{"cut short": whole[:2*page], "damaged": damaged} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if found := finds(t, newInspector(), in)[0]; found.Met || !strings.Contains(found.Says, "their file is damaged") {
			t.Errorf("%s: %+v", what, found)
		}
	}
}
