package channels_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/channels"
	"baraza/channels/capability"
)

func TestTextIsSplitAtItsBestBorder(t *testing.T) {
	t.Parallel()
	family := "👩‍👩‍👧"
	for name, c := range map[string]struct {
		text  string
		limit int
		want  []string
	}{
		"short":                     {"salaam", 10, []string{"salaam"}},
		"empty":                     {"", 10, []string{""}},
		"exactly the limit":         {"salaam", 6, []string{"salaam"}},
		"behind a paragraph":        {"one two.\n\nthree. four", 16, []string{"one two.\n\n", "three. four"}},
		"behind a line":             {"one two\nthree four", 12, []string{"one two\n", "three four"}},
		"behind a sentence":         {"One two. Three four", 15, []string{"One two. ", "Three four"}},
		"behind a word":             {"one two three", 9, []string{"one two ", "three"}},
		"a border too early":        {"a. bcdefghijklmnopqr", 12, []string{"a. bcdefghij", "klmnopqr"}},
		"Arabic sentence":           {"المكتب مفتوح. تعال غدا", 16, []string{"المكتب مفتوح. ", "تعال غدا"}},
		"Farsi words":               {"دفتر امروز باز است", 12, []string{"دفتر امروز ", "باز است"}},
		"Amharic words":             {"ቢሮው ዛሬ ክፍት ነው", 11, []string{"ቢሮው ዛሬ ክፍት ", "ነው"}},
		"no joined emoji is broken": {family + family, 8, []string{family, family}},
		"one short of an emoji":     {"a" + family, 8, []string{"a", family}},
		"no spaces":                 {"กขคงจฉชซ", 3, []string{"กขค", "งจฉ", "ชซ"}},
		"an emoji over the limit":   {family, 5, []string{"👩\u200d👩", "\u200d👧"}},
		"not UTF-8":                 {"\xff\xfe\xfd", 2, []string{"\xff\xfe", "\xfd"}},
	} {
		if diff := cmp.Diff(c.want, channels.Split(c.text, c.limit)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPartsOfATextAreTheText(t *testing.T) {
	t.Parallel()
	words := rapid.SampledFrom([]string{"a", "مرحبا", "سلام", "ሰላም", " ", "\n", "\n\n", ". ", "؟ ", "።", "👩‍👩‍👧", "é", "🇪🇨", "\u200c", "漢字", "\r\n"})
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOf(words).Draw(r, "words"), "")
		limit := rapid.IntRange(2, 60).Draw(r, "limit")
		whole(r, text, limit)
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("one two.\n\nthree", 4)
	f.Add("مرحبا بكم في المكتب", 7)
	f.Add("👩‍👩‍👧👩‍👩‍👧", 9)
	f.Add("a"+strings.Repeat("\u0301", 50), 10)
	f.Add("\xff\xf0\x9f", 2)
	f.Fuzz(func(t *testing.T, text string, limit int) { whole(t, text, max(limit, 2)) })
}

func whole(t interface{ Fatalf(string, ...any) }, text string, limit int) {
	parts := channels.Split(text, limit)
	if got := strings.Join(parts, ""); got != text {
		t.Fatalf("parts of %q in %d are not the text: %q", text, limit, parts)
	}
	for _, p := range parts {
		if n := capability.UTF16.Len(p); n > limit {
			t.Fatalf("a part of %q has %d units of %d: %q", text, n, limit, p)
		}
		if p == "" && text != "" {
			t.Fatalf("an empty part of %q", text)
		}
		if utf8.ValidString(text) && !utf8.ValidString(p) {
			t.Fatalf("a part of %q is cut within a code point: %q", text, p)
		}
	}
}
