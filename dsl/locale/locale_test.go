package locale

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite golden files")

// Each archive has a catalogue "in.po", what is wrong with it in "problems", and "out.po", its canonical form.
func TestCataloguesAreReadAndWrittenAsInTheirFiles(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txtar")
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
			got := map[string]string{}
			for _, f := range archive.Files {
				if f.Name == "in.po" {
					src := unsigned(f.Data)
					file, problems := Read("locale/sw.po", src)
					got["problems"], got["out.po"] = show(problems, src), string(file.Append(nil))
				}
			}
			if *update {
				files := archive.Files[:1]
				for _, part := range []string{"problems", "out.po"} {
					files = append(files, txtar.File{Name: part, Data: []byte(got[part])})
				}
				archive.Files = files
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, f := range archive.Files[1:] {
				if diff := cmp.Diff(string(f.Data), got[f.Name]); diff != "" {
					t.Errorf("%s (-want +got)\n%s", f.Name, diff)
				}
			}
		})
	}
}

// unsigned puts the characters that a test file cannot hold well in the place of their signs.
func unsigned(src []byte) []byte {
	return []byte(strings.NewReplacer("⟨BOM⟩", "\ufeff", "⟨CR⟩", "\r", "⟨FF⟩", "\xff").Replace(string(src)))
}

func show(problems []Problem, src []byte) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%d: %s\n   %q\n   %s\n", p.Line, p.Message, src[p.Span.Start:p.Span.End], p.Help)
	}
	return b.String()
}

func TestWhatIsWrittenIsReadBackEqual(t *testing.T) {
	t.Parallel()
	want := &File{
		Name: "locale/sw.po", Header: "Language: sw\nContent-Type: text/plain; charset=UTF-8\n",
		HeaderComments: []string{"Translations of the sample pack"},
		Entries: []*Entry{
			{ID: "offices.town.ask", Source: "In which city are you?", Text: "Uko mji gani?", References: []string{"offices.flow:9"}},
			{ID: "offices.show.say", Source: "*{office.name}*\n{office.address}", Text: "*{office.name}*\n\n{office.address}\n",
				Comments: []string{"", "with a blank line"}, Notes: []string{"a block"}, Fuzzy: true, Flags: []string{"no-wrap"},
				Previous: []string{`msgid "old"`}},
			{ID: "a.b.say", Source: `quote " backslash \ tab` + "\t" + ` end\n`, Text: ""},
			{ID: "gone", Source: "x", Text: "y", Obsolete: true},
		},
	}
	src := want.Append(nil)
	got, problems := Read(want.Name, src)
	if len(problems) > 0 {
		t.Fatalf("problems in\n%s\n%v", src, problems)
	}
	if diff := cmp.Diff(want, got, withoutPlaces); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, src)
	}
}

var withoutPlaces = cmp.Options{
	cmpopts.IgnoreUnexported(Entry{}), cmpopts.IgnoreFields(Entry{}, "Line", "IDSpan", "SourceSpan", "TextSpan"),
	cmpopts.EquateEmpty(),
}

var withoutComments = cmp.Options{
	cmpopts.IgnoreFields(File{}, "HeaderComments"),
	cmpopts.IgnoreFields(Entry{}, "Comments", "Notes", "References", "Flags", "Previous"),
}

func TestOffsetsPointAtTheLettersOfATranslation(t *testing.T) {
	t.Parallel()
	src := []byte("msgctxt \"a\"\nmsgid \"b\"\nmsgstr \"\"\n\"one \\\"two\\\"\\n\"\n\"{three}\"\n")
	file, problems := Read("locale/sw.po", src)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e := file.Entries[0]
	offsets := e.Offsets(src)
	for i, c := range []byte(e.Text) {
		at := src[offsets[i]]
		if at == '\\' {
			continue
		}
		if at != c {
			t.Errorf("byte %d is %q, its place has %q", i, c, at)
		}
	}
	if got, want := string(src[offsets[strings.Index(e.Text, "{")]:offsets[len(e.Text)]]), "{three}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestALargeCatalogueIsRefusedEarly(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range MaxEntries + 10 {
		fmt.Fprintf(&b, "msgctxt \"%d\"\nmsgid \"a\"\nmsgstr \"b\"\n\n", i)
	}
	file, problems := Read("locale/sw.po", []byte(b.String()))
	if len(file.Entries) != MaxEntries || len(problems) != 1 {
		t.Errorf("got %d entries and %d problems, want %d and 1", len(file.Entries), len(problems), MaxEntries)
	}
}

func FuzzPO(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(unsigned(archive.Files[0].Data))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, problems := Read("locale/sw.po", src)
		for _, p := range problems {
			if p.Span.Start < 0 || p.Span.End < p.Span.Start || p.Span.End > len(src) || p.Message == "" || p.Line < 1 {
				t.Fatalf("problem %+v of %d bytes", p, len(src))
			}
		}
		for _, e := range file.Entries {
			if n := len(e.Offsets(src)); n != len(e.Text)+1 {
				t.Fatalf("%d places for %d bytes", n, len(e.Text))
			}
		}
		out := file.Append(nil)
		again, problems := Read("locale/sw.po", out)
		if len(problems) > 0 {
			t.Fatalf("what was written cannot be read: %v\n%s", problems, out)
		}
		// A comment may lose characters that end lines elsewhere; nothing else may change.
		if diff := cmp.Diff(file, again, withoutPlaces, withoutComments); diff != "" {
			t.Fatalf("(-read +read again)\n%s\n%s", diff, out)
		}
		if diff := cmp.Diff(string(out), string(again.Append(nil))); diff != "" {
			t.Fatalf("(-written +written again)\n%s", diff)
		}
	})
}
