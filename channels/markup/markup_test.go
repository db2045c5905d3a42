package markup

import (
	"fmt"
	"strings"
	"testing"
)

func TestMarkupStandsAtWordEdges(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`plain`:                     `plain`,
		`*bold* and _italic_`:       `<b>bold</> and <i>italic</>`,
		`~struck~, *bold*.`:         `<s>struck</>, <b>bold</>.`,
		`*bold _both_*`:             `<b>bold </><bi>both</>`,
		`snake_case_name`:           `snake_case_name`,
		`2 * 3 * 4`:                 `2 * 3 * 4`,
		`a * b*`:                    `a * b*`,
		`*never closed`:             `*never closed`,
		"*not over\nlines*":         "*not over\nlines*",
		`\*not bold\* \_x\_ \\`:     `*not bold* _x_ \`,
		`*\*inside\**`:              `<b>*inside*</>`,
		`*المكتب* مفتوح`:            `<b>المكتب</> مفتوح`,
		"*\u2066+593 00\u2069* now": "<b>\u2066+593 00\u2069</> now",
		`trailing \`:                `trailing \`,
		`**`:                        `**`,
	} {
		if got := show(Spans(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func show(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		look := ""
		if s.Bold {
			look += "b"
		}
		if s.Italic {
			look += "i"
		}
		if s.Strike {
			look += "s"
		}
		if look == "" {
			b.WriteString(s.Text)
			continue
		}
		fmt.Fprintf(&b, "<%s>%s</>", look, s.Text)
	}
	return b.String()
}

func FuzzPlainLosesNoWords(f *testing.F) {
	for _, s := range []string{"*a* b", `\*`, "_~*x*~_", "*\xff*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		strip := func(s string) string { return strings.NewReplacer("*", "", "_", "", "~", "", `\`, "").Replace(s) }
		if got, want := strip(Plain(text)), strip(text); got != want {
			t.Errorf("%q lost something: %q", text, got)
		}
	})
}
