package pack_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"baraza/dsl/diag"
	"baraza/dsl/pack"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite golden files")

// An archive of testdata/packs holds the folder of a pack, ec, and folders beside it. Behind them stand what is
// known of the pack, each part only where the archive has it:
//
//	problems   what a writer sees
//	strings    every string: its id, and its text
//	variables  of every flow, with their types
//	entries    of the catalogues that count
func TestPacksAreBuiltAsInTheirFiles(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/packs/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no case (%v)", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			src, p, problems := build(archive)
			got := map[string]func() string{
				"problems":  func() string { return rendered(problems, src) },
				"strings":   func() string { return stringsOf(p) },
				"variables": func() string { return variablesOf(p) },
				"entries":   func() string { return entriesOf(p) },
			}
			for i, f := range archive.Files {
				show, ok := got[f.Name]
				if !ok {
					continue
				}
				if *update {
					archive.Files[i].Data = []byte(show())
					continue
				}
				if diff := cmp.Diff(string(f.Data), show()); diff != "" {
					t.Errorf("%s (-want +got)\n%s", f.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// build makes the pack of an archive's folders.
func build(archive *txtar.Archive) (*pack.Sources, *pack.Pack, diag.List) {
	fsys := fstest.MapFS{}
	for _, f := range archive.Files {
		if strings.Contains(f.Name, "/") {
			fsys[f.Name] = &fstest.MapFile{Data: unsigned(f.Data)}
		}
	}
	src, problems := pack.Load(fsys, "ec")
	p, more := pack.Build(src, nil)
	return src, p, append(problems, more...)
}

// unsigned puts what an archive cannot hold well in the place of its sign.
func unsigned(src []byte) []byte {
	return []byte(strings.NewReplacer("⟨BOM⟩", "\ufeff", "⟨CR⟩", "\r", "⟨FF⟩", "\xff").Replace(string(src)))
}

func rendered(problems diag.List, src *pack.Sources) string {
	var out bytes.Buffer
	if err := diag.Render(&out, problems, src, diag.Options{}); err != nil {
		return err.Error()
	}
	var b strings.Builder
	for line := range strings.Lines(out.String()) {
		if !strings.Contains(line, "More about this: baraza explain") {
			b.WriteString(strings.TrimRight(line, " \n") + "\n")
			continue
		}
		b.WriteString(strings.Replace(strings.TrimRight(line, "\n"), "More about this: baraza explain ", "", 1) + "\n")
	}
	return b.String()
}

func stringsOf(p *pack.Pack) string {
	var b strings.Builder
	for _, s := range p.Strings {
		fmt.Fprintf(&b, "%-32s %q\n", s.ID, s.Written())
	}
	return b.String()
}

func variablesOf(p *pack.Pack) string {
	var b strings.Builder
	for _, f := range p.Flows {
		fmt.Fprintf(&b, "%s\n", f.Full())
		for _, name := range slices.Sorted(maps.Keys(f.Vars)) {
			v := f.Vars[name]
			fmt.Fprintf(&b, "  %s: %s", name, shown(v.Type))
			if !v.Used {
				b.WriteString(" (never read)")
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

var kinds = []string{"any", "text", "number", "yes or no", "date", "time", "phone", "email", "location", "media",
	"language", "choice", "list", "row", "hours"}

func shown(t pack.Type) string {
	s := kinds[t.Kind]
	if len(t.Values) > 0 {
		s += " " + strings.Join(t.Values, " ")
	}
	if t.Elem != nil {
		s += " of " + shown(*t.Elem)
	}
	if t.Table != "" {
		s += " of table " + t.Table
	} else if len(t.Columns) > 0 {
		var columns []string
		for _, c := range t.Columns {
			columns = append(columns, c.Name+" "+shown(c.Type))
		}
		s += " (" + strings.Join(columns, ", ") + ")"
	}
	if t.Optional {
		s += "?"
	}
	return s
}

func entriesOf(p *pack.Pack) string {
	var b strings.Builder
	for _, lang := range slices.Sorted(maps.Keys(p.Translations)) {
		c := p.Translations[lang]
		for _, id := range slices.Sorted(maps.Keys(c.Entries)) {
			fmt.Fprintf(&b, "%s %s %q\n", lang, id, c.Entries[id].Source)
		}
	}
	return b.String()
}
