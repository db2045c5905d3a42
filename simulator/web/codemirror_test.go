package web_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What goes into the editor's file and what comes out stay together: who changes one of them makes all of them anew.
func TestTheEditorsFileIsTheOneThatWasBuilt(t *testing.T) {
	t.Parallel()
	sums, err := os.ReadFile("codemirror/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(sums)), "\n")
	if len(lines) != 5 {
		t.Errorf("%d files have a hash", len(lines))
	}
	for _, line := range lines {
		want, name, _ := strings.Cut(line, "  ")
		b, err := os.ReadFile(filepath.Join("codemirror", name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not what codemirror/SHA256SUMS says; codemirror/README.md tells how it is made", name)
		}
	}
}

func TestWhatTheEditorsFileIsMadeOfIsNamedWithItsHash(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("codemirror/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct {
			Integrity, License string
		}
	}
	if err := json.Unmarshal(b, &lock); err != nil {
		t.Fatal(err)
	}
	for name, p := range lock.Packages {
		if name != "" && (!strings.HasPrefix(p.Integrity, "sha512-") || p.License != "MIT") {
			t.Errorf("%s: integrity %q, licence %q", name, p.Integrity, p.License)
		}
	}
	for _, no := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "new Function", "eval(", "document.write"} {
		if js, err := os.ReadFile("page/codemirror.js"); err != nil || bytes.Contains(js, []byte(no)) {
			t.Errorf("the file has %s, which the page's policy refuses; %v", no, err)
		}
	}
}

// Making it fetches from npm, so it is done only where that is asked for.
func TestTheEditorsFileIsMadeAnewToTheByte(t *testing.T) {
	t.Parallel()
	if os.Getenv("BARAZA_NPM") == "" {
		t.Skip("the editor's file is made anew only where BARAZA_NPM=1 says that npm may be asked")
	}
	work := t.TempDir()
	if err := os.Mkdir(filepath.Join(work, "page"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"build.mjs", "parts.js", "package.json", "package-lock.json"} {
		b, err := os.ReadFile(filepath.Join("codemirror", name))
		if err == nil {
			err = os.MkdirAll(filepath.Join(work, "codemirror"), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(work, "codemirror", name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, words := range [][]string{{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"}, {"npm", "run", "build"}} {
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = filepath.Join(work, "codemirror")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", words, err, out)
		}
	}
	for _, name := range []string{"page/codemirror.js", "page/codemirror.txt", "codemirror/SHA256SUMS"} {
		want, err1 := os.ReadFile(name)
		got, err2 := os.ReadFile(filepath.Join(work, name))
		if err1 != nil || err2 != nil || !bytes.Equal(want, got) {
			t.Errorf("%s is made otherwise: %v, %v", name, err1, err2)
		}
	}
}
