package freeze_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"baraza/server/freeze"
)

var (
	noon   = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	notice = freeze.Notice{Texts: map[string]string{"es": "Este servicio está en pausa.", "en": "This service is paused."}, Instead: map[string]string{"qu": "es"}}
)

func TestACountryStaysFrozenUntilWhatWasHeldIsAnswered(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "frozen")
	open := func() *freeze.Book { return freeze.Open(dir, []string{"ec", "jo"}) }
	stages := func(b *freeze.Book) string { return b.Of("ec").Stage + " " + b.Of("jo").Stage }
	b := open()
	if got := stages(b); got != "served served" {
		t.Errorf("at first: %s", got)
	}
	is, err := b.Freeze("ec", "ana", "a wrong address", notice, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []*freeze.Book{b, open()} {
		if diff := cmp.Diff(is, b.Of("ec")); diff != "" || stages(b) != "frozen served" {
			t.Errorf("frozen: %s (-want +got):\n%s", stages(b), diff)
		}
	}
	if is, err = b.Freeze("ec", "ben", "the same", notice, noon.Add(time.Hour)); err != nil || !is.Since.Equal(noon) || !is.Noticed.Equal(noon.Add(time.Hour)) {
		t.Errorf("another notice: %+v %v", is, err)
	}
	if _, err := b.Unfreeze("jo", "ana", false, noon); err != freeze.ErrNotFrozen {
		t.Errorf("jo: %v", err)
	}
	is, err = b.Unfreeze("ec", "ana", true, noon.Add(2*time.Hour))
	if got := stages(open()); err != nil || got != "resuming served" || !open().Of("ec").Sends {
		t.Errorf("resuming: %s %v", got, err)
	}
	if err := b.Done("ec", noon); err != nil || stages(b) != "resuming served" {
		t.Errorf("of another time: %s %v", stages(b), err)
	}
	if err := b.Done("ec", is.Resumed); err != nil || stages(b) != "served served" || stages(open()) != "served served" {
		t.Errorf("done: %s %v", stages(b), err)
	}
}

// A process may be killed at any byte: while the new file is written, before it has its name, and after. A file that
// something else cut off or changed stands for a freeze.
func TestWhereverAProcessIsKilledTheCountryIsFrozenOrNot(t *testing.T) {
	t.Parallel()
	whole := filepath.Join(t.TempDir(), "frozen")
	if _, err := freeze.Open(whole, []string{"ec"}).Freeze("ec", "ana", "", notice, noon); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(whole, "ec.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "ec.json")
	check := func(what, file string, content []byte, want string, problem bool) *freeze.Book {
		t.Helper()
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		b := freeze.Open(dir, []string{"ec"})
		if is := b.Of("ec"); is.Stage != want || (is.Problem != "") != problem {
			t.Fatalf("%s: %s, problem %q", what, is.Stage, is.Problem)
		}
		return b
	}
	for n := range len(text) {
		check(fmt.Sprintf("the new file has %d bytes", n), name+".new", text[:n], freeze.Served, false)
	}
	check("the new file has its name", name, text, freeze.Frozen, false)
	for n := range len(text) - 1 { // the last byte ends the line
		check(fmt.Sprintf("%d bytes are left", n), name, text[:n], freeze.Frozen, true)
		changed := append([]byte{}, text...)
		changed[n] ^= 1
		check(fmt.Sprintf("byte %d is changed", n), name, changed, freeze.Frozen, true)
	}
	// Somebody who freezes it again, or ends it, goes on from there.
	b := check("damaged", name, text[:50], freeze.Frozen, true)
	if is, err := b.Unfreeze("ec", "ana", false, noon); err != nil || is.Stage != freeze.Resuming || is.Problem != "" {
		t.Errorf("unfrozen: %+v %v", is, err)
	}
	b = check("damaged", name, text[:50], freeze.Frozen, true)
	if is, err := b.Freeze("ec", "ana", "", notice, noon); err != nil || is.Problem != "" {
		t.Errorf("frozen anew: %+v %v", is, err)
	}
}

func TestAFreezeHoldsWithoutADiskAndItsEndDoesNot(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "frozen")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the folder has to be
		t.Fatal(err)
	}
	b := freeze.Open(dir, nil)
	if _, err := b.Freeze("ec", "ana", "", notice, noon); err == nil {
		t.Error("a country nobody has was frozen")
	}
	ok := filepath.Join(t.TempDir(), "frozen")
	b = freeze.Open(ok, []string{"ec"})
	if err := os.WriteFile(ok, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Freeze("ec", "ana", "", notice, noon); !errors.Is(err, freeze.ErrNotKept) || b.Of("ec").Stage != freeze.Frozen {
		t.Errorf("it says %v and is %s", err, b.Of("ec").Stage)
	}
	if _, err := b.Unfreeze("ec", "ana", false, noon); err == nil || b.Of("ec").Stage != freeze.Frozen {
		t.Errorf("the end says %v, and it is %s", err, b.Of("ec").Stage)
	}
	if err := os.Remove(ok); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Freeze("ec", "ana", "", notice, noon); err != nil || freeze.Open(ok, []string{"ec"}).Of("ec").Stage != freeze.Frozen {
		t.Errorf("frozen again it says %v, and is not on the disk", err)
	}
}

func TestANoticeIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	const file = "\uFEFFFor a wrong address. Reviewed by the team.\r\n\r\n[es]\r\nEste servicio está en pausa.\r\n\r\n  Escriba *peligro*.  \r\n[ en ]\nPaused.\n\n[qu = es]\n\n"
	got, err := freeze.Read(strings.NewReader(file))
	want := freeze.Notice{Texts: map[string]string{"es": "Este servicio está en pausa.\n\n  Escriba *peligro*.", "en": "Paused."}, Instead: map[string]string{"qu": "es"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for text, want := range map[string]string{
		"":                          "the notice has no text",
		"Paused.":                   "the notice has no text",
		"[Spanish]\nx":              "line 1: [Spanish] is no language",
		"[es]\nx\n[es]\ny":          `line 3: "es" stands there twice`,
		"[en]\nx\n[qu = en]\nallin": "line 4: below",
		"[en]\n\xff":                "no text in UTF-8",
		"[en]\n" + strings.Repeat("x", freeze.MostNotice): "longer than 65536 bytes",
		"[]\nx": "line 1: [] is no language",
	} {
		if _, err := freeze.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v", text, err)
		}
	}
}

func FuzzReadANotice(f *testing.F) {
	f.Add("[es]\nPausa.\n[qu = es]\n")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := freeze.Read(strings.NewReader(text))
		if err == nil && len(n.Texts) == 0 {
			t.Error("a notice without a text")
		}
		freeze.Check(n, []string{"es", "qu"}, []string{"whatsapp"})
	})
}

func TestEverythingThatIsWrongWithANoticeIsSaid(t *testing.T) {
	t.Parallel()
	languages, channels := []string{"es", "en", "qu"}, []string{"whatsapp"}
	ok := func() freeze.Notice {
		return freeze.Notice{Texts: map[string]string{"es": "Pausa.", "en": "Paused."}, Instead: map[string]string{"qu": "es"}}
	}
	for name, c := range map[string]struct {
		change func(*freeze.Notice)
		want   []string
	}{
		"nothing":          {func(*freeze.Notice) {}, nil},
		"a language":       {func(n *freeze.Notice) { n.Instead = nil }, []string{`no text in "qu"`}},
		"another language": {func(n *freeze.Notice) { n.Texts["fr"] = "Pause." }, []string{`a text in "fr", which is no language`}},
		"both":             {func(n *freeze.Notice) { n.Texts["qu"] = "Samay." }, []string{`a text in "qu" and says that the one in "es" stands for it`}},
		"stands for none":  {func(n *freeze.Notice) { n.Instead["qu"] = "ay" }, []string{`the text in "ay" is to stand for "qu", and there is none`}},
		"for no language":  {func(n *freeze.Notice) { n.Instead["ay"] = "es" }, []string{`the text in "es" stands for "ay", which is no language`}},
		"a hole":           {func(n *freeze.Notice) { n.Texts["en"] = "Call {number}." }, []string{`the text in "en" has a hole in braces`}},
		"empty":            {func(n *freeze.Notice) { n.Texts["en"] = " " }, []string{`the text in "en" is empty`}},
		"turned around":    {func(n *freeze.Notice) { n.Texts["en"] = "a\u202eb" }, []string{"U+202E"}},
		"a control":        {func(n *freeze.Notice) { n.Texts["en"] = "a\x07b" }, []string{"U+0007"}},
		"too long":         {func(n *freeze.Notice) { n.Texts["en"] = strings.Repeat("x", 4090) }, []string{"all texts together are 4098 characters long and WhatsApp takes 4096"}},
		"two things":       {func(n *freeze.Notice) { n.Texts["en"], n.Instead = "{}", nil }, []string{"a hole", `no text in "qu"`}},
	} {
		n := ok()
		c.change(&n)
		got := freeze.Check(n, languages, channels)
		if len(got) != len(c.want) {
			t.Errorf("%s: %q", name, got)
			continue
		}
		for i := range got {
			if !strings.Contains(got[i], c.want[i]) {
				t.Errorf("%s: %q, want %q", name, got[i], c.want[i])
			}
		}
	}
}

func TestEachHearsTheNoticeInTheirLanguage(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"es": "Este servicio está en pausa.", "es-EC": "Este servicio está en pausa.", "en_US": "This service is paused.",
		"qu": "Este servicio está en pausa.", "fr": "", "": ""} {
		if got, _, ok := notice.In(lang); got != want || ok != (want != "") {
			t.Errorf("%q: %q", lang, got)
		}
	}
	if got, want := notice.All([]string{"en", "es", "qu"}), "This service is paused.\n\nEste servicio está en pausa."; got != want {
		t.Errorf("all: %q", got)
	}
}
