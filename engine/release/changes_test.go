package release_test

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"baraza/dsl"
	"baraza/engine/program"
	"baraza/engine/release"
)

func TestChangesAreSaidInWords(t *testing.T) {
	t.Parallel()
	const about = "hours late\n  mon to fri 08:30-17:00\n\nteam extra: Extra\n  hours late\n  answer within 2 hours\n\nfield village: text, personal, kept 30 days\n  why: To know where.\n\n"
	before := compiled(t, about+talk)
	after := compiled(t, strings.NewReplacer("kept 30 days", "kept 60 days", "08:30", "09:00", "Which town?", "In which town?").Replace(about+talk))
	var got []string
	for _, c := range release.Changes(before, after) {
		got = append(got, c.What+" "+c.Where+": "+c.Old+" → "+c.New)
	}
	want := []string{
		"field village: personal, kept 30 days, for nothing, reaches nothing → personal, kept 60 days, for nothing, reaches nothing",
		"team extra: Extra, open mon 08:30-17:00, tue 08:30-17:00, wed 08:30-17:00, thu 08:30-17:00, fri 08:30-17:00, answers within 2h → " +
			"Extra, open mon 09:00-17:00, tue 09:00-17:00, wed 09:00-17:00, thu 09:00-17:00, fri 09:00-17:00, answers within 2h",
		"text towns.town.ask: Which town? → In which town?",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if all := release.Changes(before, before); len(all) > 0 {
		t.Errorf("a release differs from itself: %v", all)
	}
}

// Whatever makes a pack another one is named: a plan that says that nothing changes is believed.
func TestNothingThatPeopleMeetChangesWithoutAWord(t *testing.T) {
	t.Parallel()
	sample := func(file, old, new string) *program.Program {
		t.Helper()
		files := fstest.MapFS{}
		if err := fs.WalkDir(os.DirFS("../../flows"), "ec", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile("../../flows/" + name)
			if name == "ec/"+file {
				if !strings.Contains(string(text), old) {
					t.Fatalf("%s has no %q", file, old)
				}
				text = []byte(strings.Replace(string(text), old, new, 1))
			}
			files[name] = &fstest.MapFile{Data: text}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		checked := dsl.Open(files, "ec").Check()
		if checked.Program() == nil {
			t.Fatal(checked.Problems)
		}
		return checked.Program()
	}
	before := sample("", "", "")
	for _, test := range []struct{ file, old, new, want string }{
		{"tables/offices.csv", "Calle de Ejemplo 1,", "Calle de Ejemplo 99,", "table offices, row quito_main: address: Calle de Ejemplo 1 → address: Calle de Ejemplo 99 ()"},
		{"tables/offices.csv", "Quito office", "Quito main office", "table offices, row quito_main: name.en: Quito office → name.en: Quito main office ()"},
		{"tables/offices.csv", "-0.18,-78.47", "-5.18,-78.47", "table offices, row quito_main: lat: -0.18 → lat: -5.18 ()"},
		{"pack.flow", "start welcome", "start menu", "setting start: welcome.language → menu.services ()"},
		{"pack.flow", "fallback menu.services", "fallback offices.town", "setting fallback: menu.services → offices.town ()"},
		{"pack.flow", "  notice service_notice\n", "", "setting notice: service_notice → none ()"},
		{"pack.flow", "Mesa de Ayuda de Ejemplo – Ecuador", "Otra mesa", "setting title: Mesa de Ayuda de Ejemplo – Ecuador → Otra mesa ()"},
		{"pack.flow", "silent for 24 hours -> end", "silent for 24 hours -> person", "setting silence: 24h, then end → 24h, then person"},
		{"menu.flow", "Trabajo -> work", "Trabajo -> legal", "step menu.services: public; leads to asylum.part, documents.topic"},
		{"offices.flow", "when not understood 2 times -> person", "when not understood 2 times -> menu", "step offices.before: public; leads to offices.show, offices.town, person"},
		{"offices.flow", "  review by 2027-03-31", "  review by 2028-03-31", "review by 2028-03-31; source https://example.org/oficinas; leads to end ()"},
		{"offices.flow", "up to 2", "up to 1", "step offices.show: "},
		{"danger.flow", "anywhere", "anywhere, then back", "anywhere, then back"},
		{"rumour.flow", "    when refused -> no_permission\n", "", "step rumour.permission: "},
		{"rumour.flow", "  sensitive\n", "  public\n", "step rumour.tell: sensitive; leads to"},
		{"rumour.flow", `risk = "medium"`, `risk = "low"`, "step rumour.tell: "},
		{"rumour.flow", "up to 500", "up to 50", "step rumour.tell: "},
		{"documents.flow", "days_left <= 60", "days_left <= 6", "step documents.expiry: "},
	} {
		var got []string
		for _, c := range release.Changes(before, sample(test.file, test.old, test.new)) {
			got = append(got, c.What+" "+c.Where+": "+c.Old+" → "+c.New+" ("+c.Note+")")
		}
		if !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, test.want) }) || len(got) > 4 {
			t.Errorf("%s: %q becomes %q: want %q, got\n\t%s", test.file, test.old, test.new, test.want, strings.Join(got, "\n\t"))
		}
	}
}

func TestAMediumWhoseNameStaysIsNamedWhereItIsAnotherFile(t *testing.T) {
	t.Parallel()
	manifest := func(sums ...string) *release.Manifest {
		m := &release.Manifest{Folder: "ec", Files: []release.File{{Name: "program.json"}}}
		for i, name := range []string{"sources/ec/map.png", "sources/ec/menu.flow", "sources/shared/hello.ogg"} {
			m.Files = append(m.Files, release.File{Name: name, SHA256: strings.Repeat(sums[i], 64)})
		}
		return m
	}
	got := release.OfFiles(manifest("a", "b", "c"), manifest("d", "e", "f"))
	want := []release.Change{
		{What: "medium", Where: "map.png", Old: "SHA-256 aaaaaaaaaaaa", New: "SHA-256 dddddddddddd", Note: "it is another file"},
		{What: "medium", Where: "sources/shared/hello.ogg", Old: "SHA-256 cccccccccccc", New: "SHA-256 ffffffffffff", Note: "it is another file"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
