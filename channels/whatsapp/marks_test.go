package whatsapp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"baraza/channels/capability"
	"baraza/channels/markup"
)

func TestMarksAreWhatsAppsOwn(t *testing.T) {
	t.Parallel()
	const h = hairSpace
	for text, want := range map[string]string{
		`plain`:                           `plain`,
		`*bold* _italic_ ~struck~`:        `*bold* _italic_ ~struck~`,
		`*bold _both_*`:                   `*bold _both_*`,
		`*المكتب* مفتوح`:                  `*المكتب* مفتوح`,
		`Ihr Name: \*Ana\*`:               `Ihr Name: *` + h + `Ana` + h + `*`,
		`\_x\_ and \~y\~`:                 `_` + h + `x` + h + `_ and ~` + h + `y` + h + `~`,
		"`code`":                          "`" + h + "code" + h + "`",
		`dial \*131#`:                     `dial *131#`,
		`dial \*131\*5#`:                  `dial *131*5#`,
		`snake\_case\_name`:               `snake_case_name`,
		`2 \* 3 \* 4`:                     `2 * 3 * 4`,
		`a\_b@example.org c\_d`:           `a_b@example.org c_d`,
		`https://example.org/\_a\_ here`:  `https://example.org/_a_ here`,
		`\*one` + "\n" + `two\*`:          "*one\ntwo*",
		`\*value before *bold*`:           `*` + h + `value before *bold*`,
		"*\u2066+593 99\u2069* now":       "*\u2066+593 99\u2069* now",
		`*bold*` + "\n\n" + `\*literal\*`: "*bold*\n\n*" + h + "literal" + h + "*",
		`*bold \*star\**`:                 `bold *` + h + `star` + h + `*`,
		`\\ backslash`:                    `\ backslash`,
	} {
		if diff := cmp.Diff([]string{want}, bodies(text, 4096)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestMarksAreClosedAndOpenedAgainWhereATextIsSplit(t *testing.T) {
	t.Parallel()
	want := []string{"a *b b* ", "*c* ", "*c* d"}
	if diff := cmp.Diff(want, bodies("a *b b c c* d", 8)); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

func TestNoWordOfALongTextIsLost(t *testing.T) {
	t.Parallel()
	words := rapid.SampledFrom([]string{"a", "مرحبا", "سلام", "ሰላም", " ", "\n", "\n\n", ". ", "👩‍👩‍👧", "*", "_", "~", `\*`, `\_`, "`", `\\`})
	bare := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(marks+hairSpace+" \n", r) {
				return -1
			}
			return r
		}, s)
	}
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOf(words).Draw(r, "words"), "")
		limit := rapid.IntRange(8, 60).Draw(r, "limit")
		parts := bodies(text, limit)
		if got, want := bare(strings.Join(parts, "")), bare(markup.Plain(text)); got != want {
			r.Fatalf("%q became %q", text, parts)
		}
		for _, p := range parts {
			if n := capability.UTF16.Len(p); n > limit || blank(p) {
				r.Fatalf("%q has a part of %d units of %d: %q", text, n, limit, p)
			}
		}
	})
}
