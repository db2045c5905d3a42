package pack_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"baraza/dsl/pack"

	"github.com/google/go-cmp/cmp"
)

var translated = map[string]string{
	"ec/pack.flow":    "pack ec: E\n  languages es, en\n  start a\n  fallback a\nteam staff: Equipo\n",
	"ec/a.flow":       "flow a: A\nstep one\n  say:\n    Hola,\n      *qué tal*?\n  say: Adiós.\n  say: Nuevo.\n",
	"ec/locale/en.po": "# Ours.\nmsgid \"\"\nmsgstr \"Language: en\\n\"\n\n# checked by Ana\n#, no-wrap\nmsgctxt \"a.one.say\"\nmsgid \"\"\n\"Hola,\\n\"\n\"*qué tal*?\"\nmsgstr \"Hello\"\n\nmsgctxt \"a.one.say.2\"\nmsgid \"Chau.\"\nmsgstr \"Bye.\"\n\nmsgctxt \"a.old.say\"\nmsgid \"Viejo\"\nmsgstr \"Old\"\n\nmsgctxt \"a.old.ask\"\nmsgid \"Viejo\"\nmsgstr \"\"\n",
}

func TestACatalogueIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	src, _ := pack.Load(files(translated), "ec")
	p, _ := pack.Build(src, nil)
	want := `# Ours.
msgid ""
msgstr ""
"Language: en\n"

#: pack.flow:5
msgctxt "team.staff.title"
msgid "Equipo"
msgstr ""

# checked by Ana
#: a.flow:4
#, no-wrap
msgctxt "a.one.say"
msgid ""
"Hola,\n"
"*qué tal*?"
msgstr "Hello"

#: a.flow:6
#, fuzzy
#| msgid "Chau."
msgctxt "a.one.say.2"
msgid "Adiós."
msgstr "Bye."

#: a.flow:7
msgctxt "a.one.say.3"
msgid "Nuevo."
msgstr ""

#~ msgctxt "a.old.say"
#~ msgid "Viejo"
#~ msgstr "Old"
`
	got := string(p.Catalogue("en").Append(nil))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	// Brought up to date again, nothing changes.
	again := files(translated)
	again["ec/locale/en.po"] = &fstest.MapFile{Data: []byte(got)}
	src, _ = pack.Load(again, "ec")
	p, problems := pack.Build(src, nil)
	if diff := cmp.Diff(got, string(p.Catalogue("en").Append(nil))); diff != "" {
		t.Errorf("the second time (-first +second)\n%s", diff)
	}
	stale := []string{`stale-translation locale/en.po: the translation of "a.one.say.2" is marked fuzzy, so nobody sees it`}
	if diff := cmp.Diff(stale, messages(problems)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestATemplateForAnyLanguageHasEveryStringAndNoTranslation(t *testing.T) {
	t.Parallel()
	src, _ := pack.Load(files(translated), "ec")
	p, _ := pack.Build(src, nil)
	template := p.Catalogue("")
	var got []string
	for _, e := range template.Entries {
		got = append(got, fmt.Sprint(e.ID, " ", e.References, e.Text))
	}
	want := []string{"team.staff.title [pack.flow:5]", "a.one.say [a.flow:4]", "a.one.say.2 [a.flow:6]", "a.one.say.3 [a.flow:7]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
