package format_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl"
	"baraza/dsl/diag"
	"baraza/dsl/format"
	"baraza/engine/program"
)

func TestAPackCompilesToTheSameProgramBeforeAndAfter(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"ec", "tutorial/2-choices", "tutorial/4-table", "tutorial/5-consent", "tutorial/6-time"} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			before, after := fstest.MapFS{}, fstest.MapFS{}
			changed := false
			err := fs.WalkDir(os.DirFS("../../flows/"+dir), ".", func(path string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				text, err := os.ReadFile(filepath.Join("../../flows", dir, path))
				if err != nil {
					return err
				}
				formatted := text
				if filepath.Ext(path) == ".flow" {
					text = spread(text)
					formatted, _ = format.Source(path, text)
					changed = changed || !bytes.Equal(text, formatted)
				}
				before["pack/"+path], after["pack/"+path] = &fstest.MapFile{Data: text}, &fstest.MapFile{Data: formatted}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !changed {
				t.Fatal("formatting changed nothing, so there is nothing to compare")
			}
			if diff := cmp.Diff(listing(t, before), listing(t, after)); diff != "" {
				t.Errorf("(-before +after)\n%s", diff)
			}
		})
	}
}

// spread indents a file twice as deep, with Windows line ends and more blank lines.
func spread(text []byte) []byte {
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		words := strings.TrimLeft(line, " ")
		indent := len(line) - len(words)
		if indent == 0 {
			b.WriteString("\r\n\r\n")
		}
		b.WriteString(strings.Repeat(" ", 2*indent) + strings.TrimSuffix(words, "\n") + "  \r\n")
	}
	return []byte(b.String())
}

// listing is the code of the pack's program and the texts that it shows.
func listing(t *testing.T, files fstest.MapFS) string {
	t.Helper()
	p, problems := dsl.Compile(files, "pack")
	if problems.Any(diag.Error) {
		t.Fatalf("the pack has problems: %v", problems)
	}
	var b strings.Builder
	if err := program.List(&b, p); err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Strings {
		b.WriteString(s.ID)
		for _, text := range s.Texts {
			for _, segment := range text {
				b.WriteString(" " + segment.Literal)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
