package release

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path"
	"testing"
	"time"

	"baraza/dsl"
	"baraza/engine"
	"baraza/engine/program"
)

var update = flag.Bool("update", false, "make the bundle of testdata anew; only where its format is changed before a first release")

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// writeGolden makes a bundle, and the session of a person who is asked for a word on it.
func writeGolden(t *testing.T, name string) {
	t.Helper()
	p := packOf(t, packFiles())
	s, _ := engine.Step(p.Program, engine.New(), engine.Event{Kind: engine.Message, At: noon, Channel: "whatsapp", Text: "hello"})
	for file, content := range map[string][]byte{name: built(t, p), path.Join("testdata", "format-1.session"): s.Append(nil)} {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// goesOn answers the question that a kept session waits at, and gives what is said.
func goesOn(t *testing.T, p *program.Program, session []byte) (said string) {
	t.Helper()
	s, err := engine.Decode(session)
	if err != nil {
		t.Fatal(err)
	}
	_, effects := engine.Step(p, s, engine.Event{Kind: engine.Message, At: noon.Add(time.Hour), Channel: "whatsapp", Text: "word"})
	for _, e := range effects {
		if e.Kind == engine.Send && said == "" {
			said = e.Send.Text
		}
	}
	return said
}

func compiledSample(t *testing.T, name string) *program.Program {
	t.Helper()
	dir, pack := path.Split(path.Join("../../flows", name))
	p, problems := dsl.Compile(os.DirFS(dir), pack)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

// A program of before there were gates is written as it was, so that its hash and that of its bundle stay.
func TestAProgramWithoutGatesIsWrittenAsBeforeThereWereAny(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/format-1.bundle")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	again, err := encodeProgram(b.Program)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(again); hex.EncodeToString(sum[:]) != b.Manifest.Files[0].SHA256 {
		t.Error("the program of a bundle of format 1 is written in another way now")
	}
}
